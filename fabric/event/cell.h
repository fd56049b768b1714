/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of the event core, router side: wavelets, channels, cells, what a role means to a router.
 */
#pragma once

#include "fabric/event/event.h"

#define CS3_MAX_SLOTS 64u /* channels of a cell */
#define CS3_NO_SLOT 255u

typedef enum { CS3_WAVELET, CS3_CONTROL, CS3_STEP, CS3_TRAIN } Cs3Kind;

/* data: payload, or index of a train. meta: kind in bits 0-1, cycle of readiness above. */
typedef struct {
  guint32 data, meta;
} Cs3Entry;

/* What is due in a cell in a cycle: one of its first router channels, whose head becomes ready;
 * anything else of its router; its PE. */
enum { CS3_LANE_ROUTER = 6, CS3_LANE_PE, CS3_LANES };

enum {
  CS3_CHANNEL_WAITED = 1,
  CS3_CHANNEL_STALLED = 2,
  CS3_CHANNEL_TRAIN = 4,
  CS3_CHANNEL_SPARE = 8 /* the ring holds one entry more than the channel's capacity */
};
typedef struct {
  guint32 last_pop; /* cycle + 1; 0: never */
  guint8 head, count;
  guint8 capacity;
  guint8 flags;
  Cs3Entry ring[];
} Cs3Channel;

typedef struct {
  guint64 nonempty;  /* channels that hold wavelets */
  guint64 positions; /* switch positions, two bits per colour */
  guint32 channels;  /* offset of the first channel, units of 8 bytes */
  guint16 x, y, role;
} Cs3Cell;

/* All of a cell that a wavelet touches when it meets nobody: as little memory as possible. */
typedef struct {
  guint16 x, y, role;
  guint8 train_out; /* ports on which a train flows */
  guint8 held;      /* somebody waits here, or for room in a channel: look at all heads */
  guint8 alike;     /* ports behind which a PE of the same role lies */
  guint8 landed;    /* express channels that hold wavelets */
  guint8 coming[CS3_LANE_ROUTER]; /* by express channel: wavelets under way to it */
} Cs3Gate;
G_STATIC_ASSERT(sizeof(Cs3Gate) == 16);

typedef struct {
  guint16 offset; /* in the cell's channels, bytes */
  guint8 colour, port;
  guint8 capacity, spare;
} Cs3Slot;

typedef struct {
  Cs3Role role;
  Cs3Slot slot[CS3_MAX_SLOTS];
  guint n_router, n_slots; /* router channels first, then PE queues */
  guint64 router_mask;
  guint8 slot_of[CS3_N_PORTS][CS3_EVENT_COLOURS]; /* router channel by input port, or CS3_NO_SLOT */
  guint8 queue_of[CS3_EVENT_COLOURS];
  guint8 by_address[CS3_EVENT_COLOURS];
  guint channel_units;
  guint32 filtered; /* colours with a filter at the ramp */
  guint8 addressed; /* of the first router channels: those routed by address */
  guint8 express;   /* of these, to which wavelets fly, see visit.c */
  guint8 onward[CS3_LANE_ROUTER][CS3_N_PORTS]; /* of an express channel at a like PE, or NO_SLOT */
  guint8 port[CS3_LANE_ROUTER];                /* of the first router channels */
} Cs3RoleInfo;
