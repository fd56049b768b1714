/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of the event core, PE side: memory, payloads and trains, threads, PEs. */
#pragma once

#include "fabric/event/event.h"
#include "fabric/event/pe.h"

#define CS3_TRAIN_MIN 16u
#define CS3_TRAIN_MAX 128u
#define CS3_STREAM_TRAIN_MIN 8u

/* Copy-on-write memory of a PE. */
typedef struct {
  guint32 refs : 31;
  guint32 pooled : 1; /* it lies in the pool of what was loaded, and goes with it */
  guint32 w[];
} Cs3PeMemory;

/* Payload of a train; shared by all channels through which it flows. Words beyond the first `known`
 * are not there yet: they are what memory holds and `from` brings, or to be given by the sender. */
typedef struct Cs3Payload Cs3Payload;
struct Cs3Payload {
  guint32 refs, n, known;
  guint32 type;     /* of the additions */
  Cs3Payload *from; /* NULL: nothing is added */
  /* Last write of this payload into an untouched memory: PEs of one role that receive the same
   * words share the block. */
  Cs3PeMemory *shared, *shared_from;
  guint32 shared_role, shared_word;
  guint32 w[];
};

#define CS3_NO_TRAIN G_MAXUINT32
/* A run of wavelets in one channel: wavelet i can leave at ready + i and was sent lat cycles
 * before. If it flows, or is taken, wavelet i leaves at start + i. */
typedef struct {
  Cs3Payload *payload;
  guint32 n; /* sent so far or planned by the sender */
  guint32 ready, start;
  guint32 base; /* wavelets at the front that were taken out: 0, or a remainder of one */
  guint32 cell; /* receiver */
  guint8 slot;
  guint8 lat;
  guint8 out;        /* router receiver: ports to which it flows on, 0: not started */
  guint8 stop;       /* the receiver takes no more from `stop_at` on: sender must send singly */
  guint8 taken;      /* PE receiver: a flow consumes it */
  guint8 from_port;  /* index in the sender's next[] */
  guint8 counts;     /* router receiver: the PE's filter counts its wavelets */
  guint8 drops;      /* and drops them all */
  guint16 flow;      /* of the sender or the receiver, see cs3_flow() */
  guint32 prev;      /* sender's own train, or CS3_NO_TRAIN when the sender is a PE or gone */
  guint32 from_cell; /* sending PE when prev is none; G_MAXUINT32: sender finished */
  guint32 next[CS3_N_PORTS];
} Cs3Train;

/* What a thread or stream does with trains: elements from the one it takes, to the one it sends. */
typedef struct {
  guint32 in, out;  /* trains, or CS3_NO_TRAIN */
  guint32 start;    /* cycle of the first element */
  guint32 n : 31;   /* elements; 0: there is none */
  guint32 stop : 1; /* it must go on singly */
} Cs3Flow;

/* An operation that threads work on: those that do the same share it, see vector-op.c. */
typedef struct {
  Cs3VectorOp op;
  guint32 refs;
  guint32 next; /* 1 + the next with the same hash, or the next free one; 0: none */
} Cs3SharedOp;

/* Small, for a mesh has millions. What it does with trains is in Cs3Fabric.thread_flow. */
typedef enum { CS3_THREAD_IDLE, CS3_THREAD_RUN, CS3_THREAD_DRAIN } Cs3ThreadState;
typedef struct {
  guint32 op : 28; /* shared */
  guint32 state : 2;
  guint32 begun : 1; /* an element was issued */
  guint32 flows : 1; /* trains */
  guint32 position;  /* elements done */
  guint32 cycle;     /* RUN: of the first element at the earliest, then of the last issue; DRAIN: of
                        completion */
} Cs3Thread;
G_STATIC_ASSERT(sizeof(Cs3Thread) == 12);

/* A line of cache. */
typedef struct {
  guint32 n, position; /* of the row; n 0: not begun */
  guint32 start;       /* earliest cycle of the next element */
  guint32 moved;       /* elements in all */
  guint32 address, after;
  guint32 granted, row; /* rows that may move; the row that moves */
  guint32 first;        /* cycle of the row's first element */
  guint32 over;         /* cycle at which the row before is over */
  Cs3Flow flow;
  Cs3Payload *words; /* fused: what memory holds when the flow is over; fed: what is sent */
} Cs3StreamState;
G_STATIC_ASSERT(sizeof(Cs3StreamState) == 64);

/* Flows of a PE: its threads', then its streams'. */
#define CS3_STREAM_FLOW 16u

/* Sets of streams, a bit each. */
typedef struct {
  guint8 armed;   /* a row is granted */
  guint8 begun;   /* ... and begun */
  guint8 dry;     /* it takes nothing in */
  guint8 over;    /* a task is to be told that a row is over */
  guint8 flowing; /* trains */
  guint8 fused;   /* ... in step with the stream that follows or is followed */
  guint8 fed;     /* ... that grow word by word, as the followed stream moves */
} Cs3StreamSets;

/* What visits need: a line of cache. */
typedef struct {
  guint64 active, blocked; /* tasks */
  Cs3PeMemory *memory;
  guint32 streams; /* first of this PE in the pool */
  Cs3StreamSets set;
  guint8 running; /* threads not idle, bit per thread; 9th bit in running8 */
  guint8 running8;
  guint8 retry;      /* task + 1 that waits for room in an output queue */
  guint32 main_free; /* when the main thread can take the next task */
  guint32 wake;      /* timer or continuation, 0: none */
  guint8 wake_task;
  guint8 wake_inline; /* continuation of the main thread rather than activation */
  guint8 own_memory;  /* no other PE shares the block */
  guint8 trains_in;   /* input queues that hold trains, by place behind the router's channels */
  guint32 datapath_free;
  guint32 threads, registers; /* first of this PE in the pools */
} Cs3PeState;
G_STATIC_ASSERT(sizeof(Cs3PeState) == 64);

typedef struct {
  guint32 end;  /* cs3_pe_finish() */
  guint32 busy; /* cycles in which the datapath worked */
} Cs3PeTally;
