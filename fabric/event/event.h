/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The wafer, wavelet by wavelet: mesh, routers, roles, running, statistics.
 * A program describes roles (routes, tasks, memory shared by all PEs that play the role), gives
 * each PE a role, and runs. What happens inside a PE is in pe.h. */
#pragma once

#include <glib.h>

#include "fabric/event/stream.h"
#include "fabric/event/timing.h"

typedef struct Cs3Fabric Cs3Fabric;

/* Router ports; also directions. y grows southwards, PE (0,0) is the north-west corner. */
typedef enum { CS3_N, CS3_E, CS3_S, CS3_W, CS3_RAMP, CS3_N_PORTS } Cs3Port;
#define CS3_PORT_BIT(port) (1u << (port))
#define CS3_TX_NONE 0u

/* Where a wavelet of a colour may come from and goes to, as sets of CS3_PORT_BIT. */
typedef struct {
  guint8 rx, tx;
} Cs3Route;

/* What happens to the head of a control wavelet's command list after a router obeyed it. */
typedef enum {
  CS3_POP_NONE,
  CS3_POP_ALWAYS,
  CS3_POP_ON_ADVANCE,
  CS3_POP_ON_ADVANCE_NOP
} Cs3PopMode;
/* Commands of a control wavelet: eight of two bits each, first in the lowest bits. */
typedef enum { CS3_CMD_NOP, CS3_CMD_ADVANCE, CS3_CMD_RESET } Cs3SwitchCommand;

/* Which wavelets a PE takes from the ramp on a colour; the others vanish before the queue. */
typedef enum {
  CS3_FILTER_NONE,
  CS3_FILTER_RANGE,   /* first <= (index: high 16 bits of the data) + offsets <= last */
  CS3_FILTER_COUNTER, /* the wavelet's count modulo period lies in first..last */
  CS3_FILTER_SPARSE,  /* keep() says so of the wavelet's count: a sparse counter */
} Cs3FilterKind;
typedef gboolean (*Cs3FilterKeep)(Cs3Pe *pe, guint32 count);
typedef struct {
  guint8 kind;
  Cs3FilterKeep keep;
  guint32 run; /* SPARSE: keep() is the same for counts of equal count / run; 0: nothing is known */
  guint32 first, last, period;
  gint32 per_x, per_y; /* first and last grow by these per column and row */
} Cs3Filter;

/* What becomes of a wavelet that reaches the PE. */
typedef enum {
  CS3_BIND_VECTOR, /* taken by vector operations that name the colour */
  CS3_BIND_TASK,   /* starts a data task */
  CS3_BIND_SINK,   /* counted and dropped on arrival (synthetic traffic) */
} Cs3Binding;

/* What a colour shares with others. Programs whose exact closed form must not depend on who meets
 * whom give up the contention, and say so. */
typedef enum {
  CS3_LANE_SHARED, /* ramp and links, a wavelet at a time */
  CS3_LANE_LINKS,  /* links; it enters the PE beside wavelets of other colours */
  CS3_LANE_OWN,    /* nothing: single wavelets that steer the others */
} Cs3Lane;

typedef struct {
  guint8 n_positions;  /* 0: the role does not use the colour */
  gboolean ring;       /* after the last position comes the first */
  guint8 pop;          /* Cs3PopMode */
  gboolean by_address; /* dimension-order routing by cs3_event_address() in the data, no routes */
  Cs3Route route[CS3_EVENT_POSITIONS];
  guint8 binding;             /* Cs3Binding */
  guint8 task;                /* data task, CS3_BIND_TASK */
  gint8 control_task;         /* control task for control wavelets, -1: they are dropped */
  guint8 lane;                /* Cs3Lane */
  guint8 in_queue, out_queue; /* number + 1 of the PE's queue; 0: the next in order */
  guint8 most; /* wavelets that pass any one link or ramp in a run, if they are few: buffers take
                  less memory, and a longer operation is an error; 0: any number */
  Cs3Filter filter;
} Cs3ColourUse;

/* Body of a task or continuation. Returns the cycles for which it keeps the main thread. */
typedef guint (*Cs3TaskFunc)(Cs3Pe *pe, guint32 wavelet);
/* Asks, by cs3_pe_fetch(), for what the PE's next task will look at. Only speed depends on it. */
typedef void (*Cs3FetchFunc)(const Cs3Pe *pe);
/* Initial content of word @word of the memory of PE (x, y). */
typedef guint32 (*Cs3MemoryInit)(gpointer user, guint x, guint y, guint word);

#define CS3_EVENT_STREAMS 7
#define CS3_EVENT_TASKS 64
typedef struct {
  Cs3ColourUse colour[CS3_EVENT_COLOURS];
  Cs3TaskFunc task[CS3_EVENT_TASKS]; /* by id; a lower id goes first */
  guint n_threads;                   /* 1: main only; 1 + m: and microthreads 1..m */
  guint n_streams;                   /* microthreads that run streams */
  Cs3StreamUse stream[CS3_EVENT_STREAMS];
  guint memory_bytes; /* of SRAM that the program uses, multiple of 4 */
  guint registers;    /* 32-bit words of private state, zero at start */
  guint64 blocked;    /* tasks blocked at start */
  gint start_task;    /* activated at cycle 0; -1: none */
  Cs3MemoryInit init; /* NULL: zeros */
  Cs3FetchFunc fetch; /* NULL: nothing that is known */
} Cs3Role;

/**
 * cs3_fabric_new: an empty mesh of @width x @height PEs.
 * Returns: (transfer full) (nullable): %NULL with %CS3_FABRIC_ERROR_INVALID: a side of 0 or above
 * 2047.
 */
Cs3Fabric *cs3_fabric_new(guint width, guint height, const Cs3EventTiming *timing, gpointer user,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_fabric_free(Cs3Fabric *fabric);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Fabric, cs3_fabric_free)

/** cs3_role_clear: an unused role: no colours, one thread, no start task, no control tasks. */
void cs3_role_clear(Cs3Role *role);
/** cs3_role_route: sets position @position (0..3) of @colour; n_positions grows with it. */
void cs3_role_route(Cs3Role *role, guint colour, guint position, guint rx, guint tx);

/**
 * cs3_fabric_add_role: copies @role into the table (equal roles are shared).
 * @id: (out): for cs3_fabric_set_role().
 * Returns: %FALSE with INVALID (bad colour use), INFEASIBLE (more memory than SRAM, more colours
 *   than queues, more threads than microthreads).
 */
gboolean cs3_fabric_add_role(Cs3Fabric *fabric, const Cs3Role *role, guint *id,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_fabric_set_data: what the program keeps of its PEs, @bytes each, for cs3_pe_data(): column
 * by column, a column from north to south. @data: borrowed. */
void cs3_fabric_set_data(Cs3Fabric *fabric, gpointer data, gsize bytes);
/** cs3_fabric_set_role: PE (@x, @y) plays role @id; one without a role does nothing at all. */
void cs3_fabric_set_role(Cs3Fabric *fabric, guint x, guint y, guint id);

/** cs3_fabric_set_trains: take the fast paths (default): runs of wavelets at once, buffers in which
 * nobody waits passed by, no arbitration where colours share nothing; or put every wavelet into
 * every buffer. The result is the same to the cycle. Before the first run. */
void cs3_fabric_set_trains(Cs3Fabric *fabric, gboolean on);

/** cs3_fabric_set_jobs: threads, the calling one included, that may run the mesh, as many stripes
 * of columns of it at most; the result does not depend on them. Where its routers do anything but
 * pass on datagrams, where a hop takes more than three cycles, a link carries less than a wavelet a
 * cycle or the fast paths are off, and while it is traced, one thread runs it all the same. */
void cs3_fabric_set_jobs(Cs3Fabric *fabric, guint jobs);

/** cs3_fabric_load: fills the memory of every PE that has a role now, not when it first writes.
 * Once, before the first run. */
void cs3_fabric_load(Cs3Fabric *fabric);

typedef void (*Cs3TraceFunc)(gpointer data, const char *what, guint x, guint y, guint lane,
                             guint64 begin, guint64 end);
/** cs3_fabric_set_trace: @trace is told of vector operations and tasks as they end. */
void cs3_fabric_set_trace(Cs3Fabric *fabric, Cs3TraceFunc trace, gpointer data);

/**
 * cs3_fabric_run: runs until nothing can happen any more.
 * Checks the routes first: one that leaves the mesh, meets a PE that does not take it, or loops is
 * %CS3_FABRIC_ERROR_PROGRAM, as are two inputs on a colour in a cycle while running. Work left when
 * nothing moves is %CS3_FABRIC_ERROR_DEADLOCK, saying who waits for what.
 */
gboolean cs3_fabric_run(Cs3Fabric *fabric, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct {
  guint64 cycles;       /* latest cs3_pe_finish(), or the last event when none was called */
  guint64 injected;     /* wavelets landing in a router from its PE */
  guint64 link_hops;    /* links crossed */
  guint64 wavelet_hops; /* injected + link_hops */
  guint64 deliveries;   /* wavelets handed to a PE, filtered ones not counted */
  guint64 contention;   /* most wavelets handed to one PE */
  guint64 busiest_link; /* wavelets over the busiest link */
  guint64 links_used;
  guint64 datapath_busy; /* PE cycles in which an element was processed, all PEs */
  gsize state_bytes;     /* memory of the mesh without payloads */
} Cs3FabricStats;
/** cs3_fabric_stats: sums and maxima over the mesh, so far. */
void cs3_fabric_stats(const Cs3Fabric *fabric, Cs3FabricStats *stats);
/** cs3_fabric_link_count: wavelets that left PE (@x, @y) through @port (RAMP: deliveries). */
guint64 cs3_fabric_link_count(const Cs3Fabric *fabric, guint x, guint y, Cs3Port port);
/** cs3_fabric_pe_busy: cycles in which the datapath of PE (@x, @y) worked. */
guint64 cs3_fabric_pe_busy(const Cs3Fabric *fabric, guint x, guint y);
/** cs3_fabric_pe_waited: wavelets times cycles that they stood ready in the router of PE (@x, @y):
 * backpressure and contention. */
guint64 cs3_fabric_pe_waited(const Cs3Fabric *fabric, guint x, guint y);
/** cs3_fabric_word: word @word of the memory of PE (@x, @y), now. */
guint32 cs3_fabric_word(const Cs3Fabric *fabric, guint x, guint y, guint word);

/** cs3_event_address: data of a wavelet for PE (@x, @y) on a colour routed by address;
 * @tag: 10 bits free for the program. */
static inline guint32 cs3_event_address(guint x, guint y, guint tag) {
  return x | y << 11 | tag << 22;
}
