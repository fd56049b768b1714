/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a micro-batch needs of a wafer's memory, and what is kept, run again or sent away so that it
 * fits: the shortest step by closed forms, found exactly over the chain of a graph's stages. */
#pragma once

#include <glib.h>

#include "sim/machine/machine.h"
#include "sim/map/keep-rooms.h"
#include "workloads/graph-memory.h"
#include "workloads/lifetimes.h"

/* What one stage of the graph does with its activations; several stages may do the same. */
typedef struct {
  guint segment;
  Cs3Keep keep;
  double runs;       /* forward runs of what keep.again asks for: 1, full: 2 */
  Cs3Footprint room; /* bytes of a micro-batch, on the fullest PE times the PEs */
  double sent_bytes; /* to the activation servers, if away */
  Cs3Set nodes;      /* of the segment: those that run again, its first is 0 */
  gint64 stages;     /* that do so */
} Cs3StageOption;

typedef struct {
  GArray *options; /* of Cs3StageOption */
  guint *chosen;   /* by stage in graph->order: index of its option */
  Cs3Recompute policy;
  double capacity_bytes; /* SRAM for activations */
  double peak_bytes;     /* most at once, of one micro-batch */
  double resident_bytes; /* of that kept by other stages */
  guint peak_stage;
  gboolean peak_backward;
  double sent_bytes; /* to the activation servers in a micro-batch */
  double *around[2]; /* by node: Cs3Keep.around of all options */
  double *room[2];   /* by node: what it may hold instead while it runs; 0: nothing is around it */
  gint64 attention_parts; /* that the samples go through attentions in, at least */
} Cs3PlanMemory;

/* Cycles and bytes of one micro-batch in one instance of a node, by closed forms. */
typedef struct {
  double forward, backward;       /* cycles */
  double forward_in, backward_in; /* weights' share of the port, cycles; backward: one more
                                     forward is not in it */
  double around[2];               /* bytes that it needs beside its tensors (Cs3Keep.around) */
} Cs3NodeCost;

/* What a stage's step is longer by for each cycle of sending, however well that hides: of two ways
 * as fast, the one that sends less is taken. */
#define CS3_KEEP_SENDING 1e-6

typedef struct Cs3KeepSearch Cs3KeepSearch;

typedef struct {
  const Cs3Graph *graph;
  const Cs3Machine *machine;
  int policy;          /* Cs3Recompute; negative: free */
  int away;            /* 1: what is kept is sent away, 0: nothing is; negative: free */
  gboolean forward;    /* forward alone: nothing is kept */
  Cs3KeepStore *store; /* (nullable): of what other searches have measured */
} Cs3KeepInput;

/** cs3_keep_search_new: the choices that @input leaves; @input->graph and machine are borrowed. */
Cs3KeepSearch *cs3_keep_search_new(const Cs3KeepInput *input);
void cs3_keep_search_free(Cs3KeepSearch *search);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3KeepSearch, cs3_keep_search_free)

/** cs3_keep_least: bytes that a micro-batch of @samples needs in any case. */
double cs3_keep_least(const Cs3KeepSearch *search, gint64 samples);

/** cs3_keep_need: the same with tensors rounded to whole PEs: where it exceeds what the wafer has,
 * so many samples do not fit. */
double cs3_keep_need(const Cs3KeepSearch *search, gint64 samples);

/**
 * cs3_keep_choose: the shortest step of a micro-batch of @samples, each stage in each direction as
 * long as its arithmetic or what its port carries, whichever is longer.
 * @cost: of a node of the graph (by index) when its rows are worked through in @tiles parts.
 * @enough: cycles beyond which the answer does not matter.
 * @fits: (out): whether it fits (%TRUE when that is not known because it is too slow).
 * @memory: (out): what was chosen; free with cs3_plan_memory_clear().
 * Returns: cycles of a micro-batch; INFINITY when it does not fit or takes @enough.
 */
typedef Cs3NodeCost (*Cs3KeepCost)(guint node, gint64 tiles, gpointer data);
double cs3_keep_choose(Cs3KeepSearch *search, gint64 samples, Cs3KeepCost cost, gpointer data,
                       double enough, gboolean *fits, Cs3PlanMemory *memory);

/** cs3_plan_memory_again: further forward runs of @node in the backward of @stage (an index in
 * graph->order). */
double cs3_plan_memory_again(const Cs3PlanMemory *memory, const Cs3Graph *graph, guint stage,
                             guint node);

/** cs3_plan_memory_repeats: the same, of all instances of @node together. */
double cs3_plan_memory_repeats(const Cs3PlanMemory *memory, const Cs3Graph *graph, guint node);

/** cs3_plan_memory_sent: bytes that @stage sends to the activation servers and takes back. */
double cs3_plan_memory_sent(const Cs3PlanMemory *memory, guint stage);

/** cs3_plan_memory_tiles: parts in which the rows of @node are worked through. */
gint64 cs3_plan_memory_tiles(const Cs3PlanMemory *memory, const Cs3Graph *graph, guint node);

/** cs3_recompute_name: "none", "layer", "full", "operation", "reversible". */
const char *cs3_recompute_name(Cs3Recompute policy);

void cs3_plan_memory_clear(Cs3PlanMemory *memory);

/** cs3_keep_narrow: what tensors do without on a machine whose kernels take FP8. */
Cs3Narrow cs3_keep_narrow(const Cs3Hardware *hw);

/** cs3_wafer_capacity: SRAM of a wafer for activations, bytes. */
double cs3_wafer_capacity(const Cs3Hardware *hw);

/** cs3_wafer_bytes: (array): of tensor @elements x @rows in the layout that takes the least of the
 * fullest PE: that, times the PEs. */
double cs3_wafer_bytes(const Cs3Hardware *hw, double elements, double rows);
