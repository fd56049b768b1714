/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of the event core, PE side: memory, payloads and trains, threads, PEs. */
#pragma once

#include "fabric/event/event.h"
#include "fabric/event/pe.h"

#define CS3_TRAIN_MIN 16u
#define CS3_TRAIN_MAX 128u

/* Copy-on-write memory of a PE. */
typedef struct {
  guint32 refs, words;
  guint32 w[];
} Cs3Memory;

/* Payload of a train; shared by all channels through which it flows. */
typedef struct {
  guint32 refs, n;
  /* Last write of this payload into an untouched memory: PEs of one role that receive the same
   * words share the block. */
  Cs3Memory *shared, *shared_from;
  guint32 shared_role, shared_word;
  guint32 w[];
} Cs3Payload;

#define CS3_NO_TRAIN G_MAXUINT32
/* A run of wavelets in one channel: wavelet i can leave at ready + i and was sent lat cycles
 * before. */
typedef struct {
  Cs3Payload *payload;
  guint32 n; /* sent so far or planned by the sender */
  guint32 ready;
  guint32 base; /* wavelets at the front that were taken out: 0, or a remainder of one */
  guint32 cell; /* receiver */
  guint8 slot;
  guint8 lat;
  guint8 out;        /* router receiver: ports to which it flows on, 0: not started */
  guint8 stop;       /* the receiver takes no more from `stop_at` on: sender must send singly */
  guint8 taken;      /* PE receiver: a thread consumes it */
  guint8 from_port;  /* index in the sender's next[] */
  guint16 thread;    /* sender or receiver thread */
  guint32 prev;      /* sender's own train, or CS3_NO_TRAIN when the sender is a PE or gone */
  guint32 from_cell; /* sending PE when prev is none; G_MAXUINT32: sender finished */
  guint32 next[CS3_N_PORTS];
} Cs3Train;

typedef enum { CS3_THREAD_IDLE, CS3_THREAD_RUN, CS3_THREAD_DRAIN } Cs3ThreadState;
typedef struct {
  Cs3VectorOp op;
  guint32 start;    /* cycle of the first element at the earliest */
  guint32 position; /* elements done */
  guint32 done_at;  /* DRAIN: completion */
  guint32 last_issue;
  guint32 train_in, train_out, train_start, train_n; /* flowing when train_n > 0 */
  guint8 state;
  guint8 stop;
} Cs3Thread;

typedef struct {
  guint32 granted, row; /* rows that may move; the row that moves */
  guint32 n, position;  /* of the row; n 0: not begun */
  guint32 address, after;
  guint32 first;          /* cycle of the row's first element */
  guint32 start;          /* earliest cycle of the next element */
  guint32 over, over_row; /* cycle at which the task is told that the row is over; 0: none */
  guint32 moved;          /* elements in all */
  gboolean dry;
} Cs3StreamState;

typedef struct {
  guint64 active, blocked; /* tasks */
  Cs3Memory *memory;
  guint32 main_free; /* when the main thread can take the next task */
  guint32 datapath_free;
  guint32 end; /* cs3_pe_finish() */
  guint32 busy;
  guint32 threads, registers, streams; /* first of this PE in the pools */
  guint32 wake;                        /* timer or continuation, 0: none */
  guint8 wake_task;
  guint8 wake_inline; /* continuation of the main thread rather than activation */
  guint8 running;     /* threads not idle, bit per thread; 9th bit in running8 */
  guint8 running8;
  guint32 retry; /* task + 1 that waits for room in an output queue */
} Cs3PeState;
