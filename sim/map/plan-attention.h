/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention in a plan: the program of the PEs that computes it, for so many samples. */
#pragma once

#include "fabric/attention/attention.h"
#include "sim/map/plan.h"

/* One direction of an attention. */
typedef struct {
  Cs3AttentionShape shape; /* of one part; documents may be sequences of their own */
  gint64 sequences;        /* of one part, as the network has them */
  Cs3AttentionChoice choice;
  gint64 moves; /* cycles of bringing activations into its layout and back, one part */
} Cs3PlanAttentionPass;

/* All instances are alike. */
typedef struct {
  guint attention; /* index in graph->attentions */
  gint64 parts;    /* the sequences go through it in so many parts, one after the other */
  Cs3PlanAttentionPass pass[2]; /* forward, backward; the latter zero without one */
} Cs3PlanAttention;

/** cs3_plan_attention_simulated: whether attention runs as a program; else at
 * `kernel.attention_efficiency`. */
gboolean cs3_plan_attention_simulated(const Cs3PlanInput *input);

/* What is asked of an attention; by direction: forward, backward. */
typedef struct {
  gint64 samples;         /* on the wafer */
  gint64 parts;           /* that these go through it in, at least */
  double around[2];       /* cs3_attention_around_bytes() at most; 0: as it comes */
  Cs3WaferLayout from[2]; /* where projections leave Q, K, V and where dO comes from; fold 0: as it
                             likes best */
  gboolean closed;        /* by closed forms, whatever input->fidelity */
} Cs3PlanAttentionAsk;

/** cs3_plan_attention_ask: what @plan asks of attention @index: in its layouts, with the memory
 * that it set apart and what is left. */
Cs3PlanAttentionAsk cs3_plan_attention_ask(const Cs3PlanInput *input, guint index,
                                           const Cs3Plan *plan, gboolean closed);

/* Of one instance of an attention, all parts. */
typedef struct {
  gint64 cycles[2];
  double around[2];
} Cs3PlanAttentionCost;

/**
 * cs3_plan_attention_cost: of attention @index, moves into its layout and back included.
 * @cost: (out). Returns: %FALSE: no part of it fits the PEs.
 */
gboolean cs3_plan_attention_cost(const Cs3PlanInput *input, guint index,
                                 const Cs3PlanAttentionAsk *ask, Cs3PlanAttentionCost *cost);

/**
 * cs3_plan_attention_possible: whether every attention can be mapped, with a sequence at a
 * time or all. Errors: as cs3_attention_choose(), of the first that cannot, with all.
 */
gboolean cs3_plan_attention_possible(const Cs3PlanInput *input,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_plan_attentions: plan->attentions, of plan->micro_batch samples, as they were run for
 * plan->others, all of which fit; nothing where attention is not simulated, or only bounded. */
void cs3_plan_attentions(const Cs3PlanInput *input, Cs3Plan *plan);
