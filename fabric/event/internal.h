/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layout of the event core; only files of fabric/event/ include it.
 *
 * A cell is a router and its PE. A wavelet waits in a channel: per colour and input port in front
 * of a router (RAMP: the PE's output queue, ramp and router buffer in one), per colour in front of
 * a PE (ramp and input queue in one). A push writes the wavelet with the cycle at which it can
 * leave and queues the receiving cell for that cycle, so a cycle costs what moves in it. */
#pragma once

#include "fabric/event/event.h"
#include "fabric/event/pe.h"

#define CS3_WHEEL 64u
#define CS3_FAR 1024u     /* coarse wheel: slots of CS3_WHEEL cycles */
#define CS3_MAX_SLOTS 64u /* channels of a cell */
#define CS3_NO_SLOT 255u
#define CS3_NEAR_BYTES 400000u /* state beyond this is fetched ahead: it leaves the second cache   \
                                */
#define CS3_TRAIN_MIN 16u
#define CS3_TRAIN_MAX 128u

typedef enum { CS3_WAVELET, CS3_CONTROL, CS3_STEP, CS3_TRAIN } Cs3Kind;

/* data: payload, or index of a train. meta: kind in bits 0-1, cycle of readiness above. */
typedef struct {
  guint32 data, meta;
} Cs3Entry;

enum { CS3_CHANNEL_WAITED = 1, CS3_CHANNEL_STALLED = 2, CS3_CHANNEL_TRAIN = 4 };
typedef struct {
  guint32 last_pop; /* cycle + 1; 0: never */
  guint8 head, count;
  guint8 capacity;
  guint8 flags; /* low four bits; above: log2 of the ring's size */
  Cs3Entry ring[];
} Cs3Channel;

typedef struct {
  guint64 queued[2]; /* slots of the wheel in which the router [0], the PE [1] are queued */
  guint64 nonempty;  /* channels that hold wavelets */
  guint64 positions; /* switch positions, two bits per colour */
  guint32 channels;  /* offset of the first channel, units of 8 bytes */
  guint16 x, y;
  guint32 sent[CS3_N_PORTS]; /* wavelets out of each port; RAMP: deliveries */
  guint16 role;
  guint8 train_out; /* ports on which a train flows */
  guint8 pad;
} Cs3Cell;

typedef struct {
  guint16 offset; /* in the cell's channels, units of 8 bytes */
  guint8 colour, port;
  guint8 capacity, ring_log2;
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
  gboolean addressed;  /* some colour is routed by address */
  guint64 task_queues; /* queues bound to data tasks */
} Cs3RoleInfo;

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
  guint64 active, blocked; /* tasks */
  Cs3Memory *memory;
  guint32 main_free; /* when the main thread can take the next task */
  guint32 datapath_free;
  guint32 end; /* cs3_pe_finish() */
  guint32 busy;
  guint32 threads, registers; /* first of this PE in the pools */
  guint32 wake;               /* timer or continuation, 0: none */
  guint8 wake_task;
  guint8 wake_inline; /* continuation of the main thread rather than activation */
  guint8 running;     /* threads not idle, bit per thread; 9th bit in running8 */
  guint8 running8;
  guint32 retry; /* task + 1 that waits for room in an output queue */
} Cs3PeState;

typedef struct {
  guint32 *item;
  guint n, room;
} Cs3Bucket;

struct Cs3Fabric {
  Cs3EventTiming timing;
  guint width, height, n_cells;
  guint32 now, last; /* this cycle; last cycle in which something happened */
  gint step[CS3_N_PORTS];
  Cs3Cell *cell;
  Cs3PeState *pe;
  guint8 *channel_pool;
  Cs3Thread *thread;
  guint32 *reg;
  GPtrArray *role;     /* Cs3RoleInfo */
  Cs3RoleInfo **roles; /* its elements */
  guint32
      *link_free; /* units of 1/link_den cycle, per cell and port; NULL when a cycle a wavelet */
  Cs3Bucket wheel[CS3_WHEEL];
  guint64 wheel_used;
  Cs3Bucket far[CS3_FAR]; /* pairs: cycle, cell << 1 | kind */
  guint64 far_pending;
  Cs3Bucket later; /* pairs beyond the coarse wheel */
  GArray *train;   /* Cs3Train */
  GArray *free_train;
  guint64 injected, activations;
  gboolean trains;
  gsize state_bytes;
  gpointer user;
  Cs3TraceFunc trace;
  gpointer trace_data;
  GError *error;
};

struct Cs3Pe {
  Cs3Fabric *fabric;
  guint32 id;
  guint32 now;
};

static inline const Cs3RoleInfo *cs3_role_of(const Cs3Fabric *f, const Cs3Cell *cell) {
  return f->roles[cell->role];
}
static inline Cs3Channel *cs3_channel(const Cs3Fabric *f, const Cs3Cell *cell,
                                      const Cs3Slot *slot) {
  return (Cs3Channel *)(void *)(f->channel_pool + ((gsize)cell->channels + slot->offset) * 8);
}
static inline guint cs3_ring_mask(const Cs3Channel *ch) {
  return (1u << (ch->flags >> 4)) - 1;
}
static inline Cs3Entry *cs3_head(Cs3Channel *ch) {
  return &ch->ring[ch->head];
}
static inline guint32 cs3_meta(Cs3Kind kind, guint32 ready) {
  return ready << 2 | (guint32)kind;
}
static inline Cs3Kind cs3_kind(const Cs3Entry *e) {
  return (Cs3Kind)(e->meta & 3);
}
static inline guint32 cs3_ready(const Cs3Entry *e) {
  return e->meta >> 2;
}
static inline Cs3Train *cs3_train(const Cs3Fabric *f, guint32 index) {
  return &g_array_index(f->train, Cs3Train, index);
}

/* Scheduling. kind: 0 router, 1 PE; cycle > now. */
void cs3_wheel_far(Cs3Fabric *f, guint kind, guint32 cell, guint32 cycle);
void cs3_bucket_grow(Cs3Bucket *bucket);

static inline void cs3_bucket_add(Cs3Bucket *bucket, guint32 value) {
  if (G_UNLIKELY(bucket->n == bucket->room))
    cs3_bucket_grow(bucket);
  bucket->item[bucket->n++] = value;
}
static inline void cs3_schedule(Cs3Fabric *f, guint kind, guint32 id, guint32 cycle) {
  if (G_UNLIKELY(cycle - f->now >= CS3_WHEEL)) {
    cs3_wheel_far(f, kind, id, cycle);
    return;
  }
  guint slot = cycle % CS3_WHEEL;
  guint64 bit = G_GUINT64_CONSTANT(1) << slot;
  if (f->cell[id].queued[kind] & bit)
    return;
  f->cell[id].queued[kind] |= bit;
  f->wheel_used |= bit;
  cs3_bucket_add(&f->wheel[slot], id << 1 | kind);
}

/* Occupancy as the sender sees it: a pop of this cycle is not yet visible (credits take a cycle).
 */
guint cs3_channel_trains(const Cs3Fabric *f, Cs3Channel *ch);
static inline gboolean cs3_has_room(const Cs3Fabric *f, Cs3Channel *ch) {
  guint seen = ch->count + (ch->last_pop == f->now + 1);
  if (G_UNLIKELY(ch->flags & CS3_CHANNEL_TRAIN))
    seen = cs3_channel_trains(f, ch) + (ch->last_pop == f->now + 1);
  return seen < ch->capacity;
}
static inline void cs3_push(Cs3Channel *ch, guint32 data, Cs3Kind kind, guint32 ready) {
  Cs3Entry *e = &ch->ring[(ch->head + ch->count) & cs3_ring_mask(ch)];
  *e = (Cs3Entry){.data = data, .meta = cs3_meta(kind, ready)};
  ch->count++;
}
/* Removes the head; returns TRUE when the sender waits and must be queued for the next cycle. */
static inline gboolean cs3_pop(const Cs3Fabric *f, Cs3Cell *cell, Cs3Channel *ch, guint slot) {
  ch->head = (guint8)((ch->head + 1) & cs3_ring_mask(ch));
  ch->last_pop = f->now + 1;
  if (--ch->count == 0)
    cell->nonempty &= ~(G_GUINT64_CONSTANT(1) << slot);
  gboolean waited = ch->flags & CS3_CHANNEL_WAITED;
  ch->flags &= (guint8) ~(CS3_CHANNEL_WAITED | CS3_CHANNEL_STALLED);
  return waited;
}

/* router.c */
/** Brings the next router's channel (@stage 0) or where its wavelet goes (1) into the cache. */
void cs3_router_prefetch(const Cs3Fabric *f, guint32 id, guint stage);
void cs3_router_tick(Cs3Fabric *f, guint32 id);
/** Queues for the next cycle the sender of router channel or queue @slot of cell @id. */
void cs3_wake_sender(Cs3Fabric *f, guint32 id, const Cs3Slot *slot, gboolean is_queue);
void cs3_program_error(Cs3Fabric *f, guint32 id, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* pe.c, thread.c */
void cs3_pe_tick(Cs3Fabric *f, guint32 id);
gboolean cs3_threads_tick(Cs3Fabric *f, guint32 id);
void cs3_thread_finish_trains(Cs3Fabric *f, guint32 id);
/** Ends the flowing of thread @t after the elements of cycles before now; singles follow. */
void cs3_thread_break(Cs3Fabric *f, guint32 id, guint t);
void cs3_thread_cut(Cs3Fabric *f, guint32 id, guint t, guint32 n);
guint cs3_threads_running(const Cs3PeState *pe);
void cs3_call_task(Cs3Fabric *f, guint32 id, guint task, guint32 data, guint32 body);

/* train.c */
guint32 cs3_train_new(Cs3Fabric *f, guint32 cell, guint slot, Cs3Payload *payload, guint32 n,
                      guint32 ready, guint lat);
gboolean cs3_train_can_enter(const Cs3Fabric *f, Cs3Channel *ch);
void cs3_train_end(Cs3Fabric *f, guint32 index);
/** The head of channel @slot cannot leave now: trains in it become single wavelets. */
void cs3_train_break_channel(Cs3Fabric *f, guint32 id, guint slot);
/** The sender sent only @n wavelets. */
void cs3_train_cut(Cs3Fabric *f, guint32 index, guint32 n);
Cs3Payload *cs3_payload_new(guint32 n);
void cs3_payload_unref(Cs3Payload *payload);
void cs3_router_train_stop(Cs3Fabric *f, guint32 id, guint slot);

/* memory.c */
guint32 *cs3_memory_write(Cs3Fabric *f, guint32 id);
guint32 cs3_memory_read(const Cs3Fabric *f, guint32 id, guint32 word);
void cs3_memory_read_run(const Cs3Fabric *f, guint32 id, guint32 word, guint32 n, guint32 *out);
void cs3_memory_store_run(Cs3Fabric *f, guint32 id, guint32 word, guint32 n, Cs3Payload *payload);
void cs3_memory_unref(Cs3Memory *memory);

/* build.c */
void cs3_lay_out_cells(Cs3Fabric *f);

/* explain.c */
void cs3_explain_deadlock(Cs3Fabric *f, GError **error);
gboolean cs3_check_routes(Cs3Fabric *f, GError **error);
