/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention in a plan: the program of the PEs that computes it, for so many samples. */
#pragma once

#include "fabric/attention/attention.h"
#include "sim/map/plan.h"

/* One direction of an attention. */
typedef struct {
  Cs3AttentionShape shape; /* of one part */
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

/* Where projections leave Q, K, V, and where dO comes from: by direction. */
typedef struct {
  Cs3WaferLayout by[2];
} Cs3PlanAttentionFrom;

/** cs3_plan_attention_from: of attention @index in the layouts of @plan; unknown where it has none.
 */
Cs3PlanAttentionFrom cs3_plan_attention_from(const Cs3PlanInput *input, guint index,
                                             const Cs3Plan *plan);

/**
 * cs3_plan_attention_cycles: of one instance of attention @index with @micro_batch samples, moves
 * into its layout and back included.
 * @from: fold 0: projections that lie as it likes best. @closed: by closed forms,
 * whatever input->fidelity.
 * @cycles: (out): forward, backward. Returns: %FALSE: no part of it fits the PEs.
 */
gboolean cs3_plan_attention_cycles(const Cs3PlanInput *input, guint index, gint64 micro_batch,
                                   const Cs3PlanAttentionFrom *from, gboolean closed,
                                   gint64 cycles[2]);

/** cs3_plan_attentions: plan->attentions, of plan->micro_batch samples, as they were run for
 * plan->others, all of which fit; nothing where attention is not simulated, or only bounded. */
void cs3_plan_attentions(const Cs3PlanInput *input, Cs3Plan *plan);
