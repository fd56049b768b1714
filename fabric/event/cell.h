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
enum { CS3_LANE_ROUTER = 6, CS3_LANE_PE };

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
} Cs3WaveletChannel;

/* What a router that only passes on datagrams knows of its outputs, see datagram.c. */
typedef struct {
  guint32 last_flight;        /* cycle */
  guint32 flights;            /* then, and in the three cycles before: sets of ports */
  guint32 freed_at;           /* cycle in which something last left the channels behind... */
  guint8 freed;               /* ... these ports */
  guint8 asleep;              /* ports whose wavelets wait for room behind them */
  guint8 wants;               /* ports for which somebody waits who was ready before this cycle */
  guint8 parked[CS3_N_PORTS]; /* wavelets in the channels behind */
} Cs3Datagrams;

/* All of a router but its wavelets: one line of cache. */
typedef struct {
  guint64 nonempty;       /* channels that hold wavelets */
  guint64 positions : 48; /* switch positions, two bits per colour */
  guint64 role : 16;
  guint32 channels : 31; /* offset of the first channel, units of 8 bytes */
  guint32 held : 1;      /* somebody waits here, or was ready before this cycle */
  guint32 x : 11, y : 11;
  guint32 train_out : 5;     /* ports on which a train flows */
  guint32 open : 5;          /* express: ports that need no look at what lies behind */
  guint32 sent[CS3_N_PORTS]; /* wavelets out of each port; RAMP: deliveries */
  union {
    guint32 departed[CS3_N_PORTS]; /* express: last flights, see visit.c */
    Cs3Datagrams datagrams;
  };
} Cs3Cell;
G_STATIC_ASSERT(sizeof(Cs3Cell) == 64);

/* A wavelet on its way to the router of @cell. */
typedef struct {
  guint32 cell, data;
} Cs3Flight;

typedef struct {
  guint16 offset; /* in the cell's channels, bytes */
  guint8 colour, port;
  guint8 capacity, spare;
  guint8 tx; /* colours with one position: where what comes goes */
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
  guint32 filtered;    /* colours with a filter at the ramp */
  guint64 task_queues; /* whose heads start tasks or, if control wavelets, may vanish */
  guint64 main_queues; /* of these, those from which only the main thread takes */
  guint8 stream_queue[CS3_EVENT_STREAMS]; /* that a stream takes from, or CS3_NO_SLOT */
  guint8 stream_out[CS3_EVENT_STREAMS];   /* that it sends into, or CS3_NO_SLOT */
  guint8 queue_streams[CS3_MAX_QUEUES];   /* streams that take from a queue, by its place */
  guint8 senders;                         /* streams that take nothing in */
  guint8 adders;                          /* streams of which a row may be dry */
  guint8 follower[CS3_EVENT_STREAMS];     /* 1 + the stream that follows it; 0: none */
  guint32 followed_twice;                 /* streams that more than one follows */
  gboolean apart; /* no two colours ever want one output: the order of channels means nothing */
  gboolean drops_controls; /* control wavelets that start no task may come to its task queues */
  guint64 twins;           /* channels of colours that come from several sides */
  gboolean express;        /* wavelets fly to channels 0 to 3, from N, E, S and W, see visit.c */
} Cs3RoleInfo;
