/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the memory search share. */
#pragma once

#include "sim/map/keep-rooms.h"
#include "sim/map/plan-memory.h"

/* Parts in which rows behind the last attention are worked through, at most. */
enum { CS3_KEEP_MAX_TILES = 64 };

/* What a segment could do, before it is known for how many samples: kept because nothing else is
 * better in memory and in time. */
typedef struct {
  Cs3Lifetimes *lifetimes;
  Cs3MemoKey key;             /* cs3_lifetimes_key() */
  const Cs3KeepRooms *sample; /* of one sample without rounding, parts as small as can be */
  GArray *masks;              /* of guint64: Cs3Keep.again */
  gboolean thinned;           /* the masks that cannot be best are gone */
  double least;               /* bytes a sample at work in the leanest way, without rounding */
  double kept;                /* and the least it keeps */
} Cs3KeepSegment;

struct Cs3KeepSearch {
  Cs3KeepInput input;
  Cs3KeepSegment *segments;
  Cs3KeepStore *store;    /* input.store, or: */
  Cs3KeepStore *own;      /* the search's own */
  double *elements_bytes; /* by tensor, of one sample, without rounding */
  double sums;            /* Cs3Keep.sums */
  Cs3Narrow narrow;
  double gap; /* cs3_keep_chain(): of the last chain, over what none can beat, less 1 */
};

/* A way for a segment at one number of samples, with what it takes. */
typedef struct {
  Cs3StageOption option;
  double cycles; /* of a stage, forward and backward */
} Cs3KeepWay;

/* Costs of a micro-batch, asked for once. */
typedef struct {
  Cs3KeepSearch *search;
  gint64 samples;
  double *bytes;     /* by tensor, of all samples, on the wafer */
  double *around[2]; /* by node: Cs3Keep.around */
  Cs3KeepCost cost;
  gpointer data;
  GArray **ways;   /* by segment, of Cs3KeepWay */
  double *outside; /* by segment */
  double capacity;
} Cs3KeepJob;

/** cs3_keep_rebuilds: whether blocks of @segment keep nothing and compute their inputs from their
 * outputs. */
gboolean cs3_keep_rebuilds(const Cs3KeepSearch *search, guint segment);

/** cs3_keep_rooms_of: (transfer full): of the masks of @segment, of @samples, rounded to whole
 * PEs; 0: of one sample, without rounding. */
const Cs3KeepRooms *cs3_keep_rooms_of(Cs3KeepSearch *search, guint segment, gint64 samples,
                                      gint64 tiles, const Cs3KeepSizes *sizes);

/** cs3_keep_ways: (transfer full) (element-type Cs3KeepWay): what @segment can do. Nothing that
 * needs more than the wafer has; empty when nothing fits. */
GArray *cs3_keep_ways(Cs3KeepJob *job, guint segment);

/** cs3_keep_chain: the ways that give the shortest step, one for each stage; no segment is without
 * a way. @enough: cycles beyond which the answer does not matter. @chosen: (out): (array): by
 * stage, index in its segment's ways. Returns: cycles, beyond @enough where a longer one is known,
 * or INFINITY: none fits, or none is within @enough. */
double cs3_keep_chain(const Cs3KeepJob *job, double enough, guint *chosen);

/** cs3_keep_full: the same with checkpoints in front of every ceil(sqrt(L))-th block; the ways of
 * blocks are one each. */
double cs3_keep_full(const Cs3KeepJob *job);
