/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the ways of a segment take on a wafer, measured once: segments that are alike, and plans
 * of one graph for other formats, rates or machines with as many PEs, ask for the same. */
#pragma once

#include "base/memo.h"
#include "sim/map/keep-chains.h"
#include "workloads/lifetimes.h"

/* Everything that a footprint depends on, as numbers without padding. */
typedef struct {
  Cs3MemoKey segment; /* cs3_lifetimes_key(), and what is around (Cs3Keep.around) */
  gint64 samples, tiles, pe_x, pe_y;
  gint64 forward; /* forward alone */
  double sums;    /* Cs3Keep.sums */
  Cs3Narrow narrow;
} Cs3KeepRoomsKey;

/* Bytes by tensor and, beside them, by node of a graph. */
typedef struct {
  const double *bytes;
  const double *around[2]; /* Cs3Keep.around */
} Cs3KeepSizes;

/* Of one mask (Cs3Keep.again), kept on the wafer or sent away. */
typedef struct {
  Cs3Footprint room;
  double kept;  /* bytes of what stays from forward to backward */
  Cs3Set nodes; /* that run again: cs3_lifetimes_nodes() */
  gint64 known; /* else the others are nothing */
} Cs3KeepRoom;

/* By mask and `away`. */
typedef struct {
  Cs3KeepRoomsKey key;
  gsize size; /* bytes */
  Cs3KeepRoom room[];
} Cs3KeepRooms;

/** cs3_keep_room: of @mask (Cs3Keep.again), kept on the wafer or sent @away. */
static inline const Cs3KeepRoom *cs3_keep_room(const Cs3KeepRooms *rooms, guint64 mask,
                                               gboolean away) {
  return &rooms->room[2 * mask + (away ? 1 : 0)];
}

typedef struct Cs3KeepStore Cs3KeepStore;

/** cs3_keep_store_new: an empty store, for any number of threads. */
Cs3KeepStore *cs3_keep_store_new(void);
void cs3_keep_store_free(Cs3KeepStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3KeepStore, cs3_keep_store_free)

/** cs3_keep_store_chains: (transfer none): chains of stages that plans with this store have found.
 */
Cs3KeepChains *cs3_keep_store_chains(Cs3KeepStore *store);

/**
 * cs3_keep_rooms: (transfer full): of the segment of @l, with all of @masks known.
 * @masks: (element-type guint64).
 * @sizes: of what @key names.
 */
const Cs3KeepRooms *cs3_keep_rooms(Cs3KeepStore *store, const Cs3KeepRoomsKey *key,
                                   const Cs3Lifetimes *l, const GArray *masks,
                                   const Cs3KeepSizes *sizes);
/** cs3_keep_rooms_return: @rooms are no longer in use. */
void cs3_keep_rooms_return(const Cs3KeepRooms *rooms);
