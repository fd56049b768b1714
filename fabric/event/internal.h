/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layout of the event core; only files of fabric/event/ include it.
 *
 * A cell is a router and its PE. A wavelet waits in a channel: per colour and input port in front
 * of a router (RAMP: the PE's output queue, ramp and router buffer in one), per colour in front of
 * a PE (ramp and input queue in one). A push writes the wavelet with the cycle at which it can
 * leave and enters the receiving cell in the calendar, so a cycle costs what moves in it. */
#pragma once

#include "fabric/event/cell.h"
#include "fabric/event/pe-state.h"

#define CS3_WHEEL 32u
#define CS3_FAR 2048u /* coarse wheel: slots of CS3_WHEEL cycles */
/* Cycles of arrivals that are kept. */
#define CS3_AIR (CS3_EVENT_FLIGHT_CYCLES + 1)
#define CS3_NEAR_BYTES 400000u /* state beyond this leaves the second cache: fetched ahead */
#define CS3_BATCH 512u         /* visits that are listed at once */
#define CS3_AHEAD 16u          /* visits by which memory is fetched ahead */
#define CS3_OP_BLOCK 256u      /* operations */
#define CS3_NEVER G_MAXUINT32

typedef struct {
  guint32 *item;
  guint n, room;
} Cs3Bucket;

/* Wavelets that left their routers through one port in one cycle. */
typedef struct {
  Cs3Flight *flight;
  guint n, room;
} Cs3Flights;

/* What a stripe of columns of a mesh tells the next one, see stripes.c: sets of (cell << 3 | port).
 */
typedef struct {
  Cs3Bucket landed;    /* behind this port of that cell, in this cycle */
  Cs3Bucket freed[2];  /* behind it there is room again; by parity of the step */
  Cs3Flights flown[2]; /* what flies over */
} Cs3Mail;

struct Cs3Fabric {
  Cs3EventTiming timing;
  guint width, height, n_cells;
  guint32 begin, own; /* first and number of the cells of this stripe; of a whole mesh: all */
  guint jobs;         /* threads that may run stripes */
  Cs3Mail *mail;      /* to the stripe in the west, and in the east; NULL: the mesh is whole */
  guint step_parity;  /* of stripes: where mail of this step goes */
  guint32 now, last;  /* this cycle; last cycle in which something happened */
  gint step[CS3_N_PORTS];
  Cs3Cell *cell;
  guint32 *waited; /* by cell: cycles that ready wavelets waited in its router, added up */
  Cs3PeState *pe;
  Cs3PeTally *tally;
  guint8 *channel_pool;
  GArray *pools;        /* of cs3_large_zeroed() */
  gpointer memory_pool; /* of cs3_fabric_load() */
  guint8 *slab;         /* small memories are cut from it, see memory.c */
  gsize slab_left;
  Cs3Thread *thread;
  Cs3Flow *thread_flow;  /* by thread; written, and so in memory, only where trains flow */
  guint32 *traced_start; /* of threads, while there is a trace */
  GPtrArray *op_block;   /* of Cs3SharedOp, CS3_OP_BLOCK each */
  guint32 *op_bucket;    /* by hash: 1 + the first operation; 0: none */
  guint op_buckets;      /* a power of two */
  guint32 ops, free_op;  /* places used; 1 + the first free one */
  Cs3StreamState *stream;
  guint32 *reg;
  GPtrArray *role;     /* Cs3RoleInfo */
  Cs3RoleInfo **roles; /* its elements */
  guint32
      *link_free; /* units of 1/link_den cycle, per cell and port; NULL when a cycle a wavelet */
  guint8 *agenda; /* per cycle of the fine wheel a byte of lanes for every cell, see wheel.c */
  gsize agenda_bytes, agenda_middle, agenda_top; /* of a cycle, and where the summaries begin */
  Cs3Flights air[CS3_AIR][CS3_N_PORTS];          /* by cycle of arrival and port of departure */
  guint64 wheel_used;     /* cycles of the fine wheel in which something happens */
  Cs3Bucket far[CS3_FAR]; /* pairs: cycle, cell << 1 | kind */
  guint64 far_pending;
  Cs3Bucket later; /* pairs beyond the coarse wheel */
  GArray *train;   /* Cs3Train */
  GArray *free_train;
  guint64 injected;
  gboolean trains;
  gboolean datagrams;  /* routers do nothing else, see datagram.c */
  guint datagram_room; /* in a channel between two routers */
  gboolean plain;      /* no fast path: every wavelet into every buffer, every router arbitrates */
  gsize state_bytes;
  gpointer user;
  gpointer data; /* of the PEs, or NULL */
  gsize data_bytes;
  Cs3TraceFunc trace;
  gpointer trace_data;
  GError *error;
};

/** cs3_cell_at: column by column: in most programs the rows do the same at the same time, and what
 * is alike is then visited one after the other. */
static inline guint32 cs3_cell_at(const Cs3Fabric *f, guint x, guint y) {
  return x * f->height + y;
}

/** cs3_shared_op: operation @number; it stays where it is while it is held. */
static inline Cs3SharedOp *cs3_shared_op(const Cs3Fabric *f, guint32 number) {
  return (Cs3SharedOp *)f->op_block->pdata[number / CS3_OP_BLOCK] + number % CS3_OP_BLOCK;
}
/** cs3_op_of: what thread @t, which is not idle, works on. */
static inline const Cs3VectorOp *cs3_op_of(const Cs3Fabric *f, const Cs3Thread *t) {
  return &cs3_shared_op(f, t->op)->op;
}

struct Cs3Pe {
  Cs3Fabric *fabric;
  guint32 id;
  guint32 now;
};

/** cs3_wheel_init: wheel.c. kind: 0 router, 1 PE; cycle > now. */
void cs3_wheel_init(Cs3Fabric *f);
/** cs3_wheel_far: as cs3_schedule(), CS3_WHEEL cycles or more away. */
void cs3_wheel_far(Cs3Fabric *f, guint kind, guint32 cell, guint32 cycle);
/** cs3_wheel_clear: frees what cs3_wheel_init() and entering have made, and flights. */
void cs3_wheel_clear(Cs3Fabric *f);
/** cs3_bucket_grow: room for more items. */
void cs3_bucket_grow(Cs3Bucket *bucket);
/** cs3_start_tasks: enters the tasks with which the PEs of @f begin. */
void cs3_start_tasks(Cs3Fabric *f);
/** cs3_next_cycle: the first cycle from @from on in which something is due; no later than the next
 * block of cycles, which has to be entered first; CS3_NEVER: nothing is. */
guint32 cs3_next_cycle(const Cs3Fabric *f, guint32 from);
/** cs3_enter_cycle: makes @cycle, which cs3_next_cycle() named, the present. Returns: whether
 * something is due in it. */
gboolean cs3_enter_cycle(Cs3Fabric *f, guint32 cycle);
/** cs3_too_long: says that the program still runs after all cycles that the core counts. */
void cs3_too_long(GError **error);

/** cs3_hand_over: stripes.c. Takes what has flown over the edge of stripe @f out of its lists. */
void cs3_hand_over(Cs3Fabric *f);
/** cs3_run_stripes: runs a mesh of datagrams by f->jobs threads. */
void cs3_run_stripes(Cs3Fabric *f);

/* visit.c */
/** cs3_fly_all: lets what flies and arrives now fly on, or land. */
void cs3_fly_all(Cs3Fabric *f);
/** cs3_visit_due: then moves everything else that is due now. */
void cs3_visit_due(Cs3Fabric *f);
/** cs3_flights_reserve: makes room for @n flights more. */
void cs3_flights_reserve(Cs3Flights *flights, guint n);

/* datagram.c */
/** cs3_datagrams_fly_on: lets what left through @left and arrives now go on, or land. */
void cs3_datagrams_fly_on(Cs3Fabric *f, guint left);
/** cs3_datagrams_visit: the routers among the @n visits of @item, as listed by visit.c. */
void cs3_datagrams_visit(Cs3Fabric *f, const guint32 *item, guint n);

/* router.c */
/** cs3_router_tick: everything that may happen in a router in a cycle. */
void cs3_router_tick(Cs3Fabric *f, guint32 id);
/** cs3_router_move: tries to move the head of channel @index; @used: outputs taken in this cycle;
 * returns those taken now. */
guint cs3_router_move(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint index, guint used);
/** cs3_router_pass: the same where channels share no output; @lanes: what is due. */
void cs3_router_pass(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint lanes);
/** cs3_program_error: ends the run with CS3_FABRIC_ERROR_PROGRAM: place, cycle and @format. */
void cs3_program_error(Cs3Fabric *f, guint32 id, const char *format, ...) G_GNUC_PRINTF(3, 4);

/** cs3_pe_tick: pe.c, thread.c */
void cs3_pe_tick(Cs3Fabric *f, guint32 id);
/** cs3_threads_tick: operations of a cycle. Returns: whether any is still running. */
gboolean cs3_threads_tick(Cs3Fabric *f, guint32 id);
/** cs3_thread_finish_trains: books trains that have passed by threads, and ends those that must go
 * on singly. */
void cs3_thread_finish_trains(Cs3Fabric *f, guint32 id);
/** cs3_thread_break: ends the flowing of thread @t after the elements of cycles before now; singles
 * follow. */
void cs3_thread_break(Cs3Fabric *f, guint32 id, guint t);
/** cs3_thread_cut: thread @t sent only @n elements of its train. */
void cs3_thread_cut(Cs3Fabric *f, guint32 id, guint t, guint32 n);
/** cs3_threads_running: set of threads that are not idle. */
guint cs3_threads_running(const Cs3PeState *pe);
/** cs3_call_task: runs the body @body of @task on the main thread. */
void cs3_call_task(Cs3Fabric *f, guint32 id, guint task, guint32 data, guint32 body);

/** cs3_op_share: vector-op.c. Returns: the number of an operation like @op, held until
 * cs3_op_release(). */
guint32 cs3_op_share(Cs3Fabric *f, const Cs3VectorOp *op);
/** cs3_op_release: one thread less that works on it. */
void cs3_op_release(Cs3Fabric *f, guint32 number);

/** cs3_streams_tick: stream.c, stream-train.c */
void cs3_streams_tick(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info);
/** cs3_stream_end_row: makes stream @i, at the end of a row, ready for the next. */
void cs3_stream_end_row(Cs3Fabric *f, guint32 id, guint i);
/** cs3_stream_begin_row: asks the program for the next row of stream @i. Returns: whether there is
 * one. */
gboolean cs3_stream_begin_row(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i);
/** cs3_stream_flow: lets stream @i, which can move now, handle its next elements as a train,
 * together with the one that follows it. FALSE: it moves singly. */
gboolean cs3_stream_flow(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i);
/** cs3_stream_feed: gives the train that stream @i sends its word of this cycle, or ends it: there
 * is none. */
void cs3_stream_feed(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i);
/** cs3_streams_finish_trains: books trains that have passed, and ends those that must go on singly.
 */
void cs3_streams_finish_trains(Cs3Fabric *f, guint32 id);
/** cs3_streams_catch_up: ends trains of streams whose followers come, in this cycle, to what they
 * bring. */
void cs3_streams_catch_up(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info);
/** cs3_stream_break: as cs3_thread_break(), cs3_thread_cut(). */
void cs3_stream_break(Cs3Fabric *f, guint32 id, guint i);
/** cs3_stream_cut: as cs3_thread_cut(), of stream @i. */
void cs3_stream_cut(Cs3Fabric *f, guint32 id, guint i, guint32 n);

/** cs3_channel_trains: train.c */
guint cs3_channel_trains(const Cs3Fabric *f, Cs3WaveletChannel *ch);
/** cs3_train_new: (transfer full): a train of @n in channel @slot of @cell, its first ready at
 * @ready. Returns: its index. */
guint32 cs3_train_new(Cs3Fabric *f, guint32 cell, guint slot, Cs3Payload *payload, guint32 n,
                      guint32 ready, guint lat);
/** cs3_train_can_enter: can a train of @n enter @ch? 0: one that must not wait, since who takes
 * from @ch does not look at it in every cycle. */
gboolean cs3_train_can_enter(const Cs3Fabric *f, Cs3WaveletChannel *ch, guint32 n);
/** cs3_train_end: takes it out of the table. */
void cs3_train_end(Cs3Fabric *f, guint32 index);
/** cs3_train_break_channel: the head of channel @slot cannot leave now: trains in it become single
 * wavelets. */
void cs3_train_break_channel(Cs3Fabric *f, guint32 id, guint slot);
/** cs3_train_cut: the sender sent only @n wavelets. */
void cs3_train_cut(Cs3Fabric *f, guint32 index, guint32 n);
/** cs3_payload_new: (transfer full): @n words, all known, not yet filled. */
Cs3Payload *cs3_payload_new(guint32 n);
void cs3_payload_unref(Cs3Payload *payload);
/** cs3_payload_know: computes the first @n words, which have left their sender. */
void cs3_payload_know(Cs3Payload *payload, guint32 n);
/** cs3_ways_of_trains: outputs through which trains flow; adds to @taken those that they take from
 * single wavelets. */
guint cs3_ways_of_trains(const Cs3Fabric *f, const Cs3Cell *cell, const Cs3RoleInfo *info,
                         guint *taken);
/** cs3_router_train_stop: the train at the head of channel @slot flows no further: singles from now
 * on. */
void cs3_router_train_stop(Cs3Fabric *f, guint32 id, guint slot);

/* memory.c */
/** cs3_memory_take: makes the memory of a PE its own: cs3_memory_write(). */
guint32 *cs3_memory_take(Cs3Fabric *f, guint32 id);
/** cs3_memory_initial: word @word as the role gives it. */
guint32 cs3_memory_initial(const Cs3Fabric *f, guint32 id, guint32 word);
/** cs3_memory_read_run: @n words from @word on into @out. */
void cs3_memory_read_run(const Cs3Fabric *f, guint32 id, guint32 word, guint32 n, guint32 *out);
/** cs3_memory_store_run: writes @n words of @payload from @word on; PEs that do the same share
 * them. */
void cs3_memory_store_run(Cs3Fabric *f, guint32 id, guint32 word, guint32 n, Cs3Payload *payload);
/** cs3_memory_unref: one owner less. */
void cs3_memory_unref(Cs3PeMemory *memory);

/* build.c */
/** cs3_pools_new: (transfer full): for cs3_large_zeroed(). */
GArray *cs3_pools_new(void);
/** cs3_large_zeroed: zeroed memory that goes with the mesh, in large pages where the system has
 * them: a big mesh is walked all over. What is not touched takes none. */
gpointer cs3_large_zeroed(Cs3Fabric *f, gsize bytes);
/** cs3_lay_out_cells: gives every cell its channels, threads and registers, before the first run.
 */
void cs3_lay_out_cells(Cs3Fabric *f);

/** cs3_explain_deadlock: explain.c */
void cs3_explain_deadlock(Cs3Fabric *f, GError **error);
/** cs3_check_routes: whether every route ends in a PE that takes the colour. */
gboolean cs3_check_routes(Cs3Fabric *f, GError **error) G_GNUC_WARN_UNUSED_RESULT;
