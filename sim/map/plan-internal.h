/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of the planner share. */
#pragma once

#include "sim/map/plan-attention.h"
#include "sim/map/plan.h"

/** cs3_plan_conv: how weights slide, as the wafer sees it; @c: (nullable): %NULL: they do not. */
Cs3ConvShape cs3_plan_conv(const Cs3Convolution *c);

/** cs3_plan_shape: the @pass of one copy of linear @node, all groups of a block-diagonal weight,
 * for
 * @rows rows on the wafer. */
Cs3LayerShape cs3_plan_shape(const Cs3Graph *graph, const Cs3Node *node, Cs3Pass pass, gint64 rows);

/** cs3_plan_part_rows: rows of one copy of @node with @micro_batch samples when they are worked
 * through in @parts equal parts: of the largest. */
gint64 cs3_plan_part_rows(const Cs3Node *node, gint64 micro_batch, gint64 parts);

/** cs3_plan_has_pass: whether a step has @pass of linear @node: forward, and, unless it is forward
 * alone, backward as one pass or as dX and dW; of a frozen weight dX alone. */
gboolean cs3_plan_has_pass(const Cs3PlanInput *input, const Cs3Node *node, int pass);

/** cs3_plan_alike: whether a pass over a matrix of linear @x is one over a matrix of linear @y,
 * density aside. */
gboolean cs3_plan_alike(const Cs3Graph *graph, const Cs3Node *x, const Cs3Node *y);

/**
 * cs3_plan_fed_wafer: the wafer that sizes and mappings are chosen for: the machine's, its port no
 * faster than input->feed. What is chosen then runs on the machine's own.
 */
Cs3MapWafer cs3_plan_fed_wafer(const Cs3PlanInput *input);

/** cs3_plan_class: the density that stands for @density where choices are shared. */
double cs3_plan_class(const Cs3PlanInput *input, double density);

/** cs3_plan_groups: (transfer full): equally sparse instances of linear @node, Cs3SparsityGroup. */
GArray *cs3_plan_groups(const Cs3PlanInput *input, guint node);

/**
 * cs3_plan_choose_size: micro-batch and recompute policy by closed forms: the fastest step whose
 * activations fit. Fills micro_batch, micro_batches, tokens, memory.
 */
gboolean cs3_plan_choose_size(const Cs3PlanInput *input, Cs3Plan *plan,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A number of samples and what its stages do. */
typedef struct {
  gint64 micro_batch;
  double cycles; /* of the step: sum of closed forms */
  Cs3PlanMemory memory;
} Cs3PlanRival;

/* Sizes whose steps are so much longer are not shown to the judge. */
#define CS3_PLAN_CLOSE 1.1

/** cs3_plan_judged: whether sizes that are close are told apart by the step. Of very many machines
 * (CS3_PLAN_RANKED) the sums of closed forms must do: 0.04 % of a step on average, a third of the
 * time. */
gboolean cs3_plan_judged(const Cs3PlanInput *input);

/**
 * cs3_plan_judge: which of @rivals is the plan of the shortest step as input->judge sees it, passes
 * by closed forms; without a judge, that of the fewest cycles. Among equals, the first.
 * @rivals: of Cs3PlanRival, not empty; sorted by cycles. Returns: (transfer none): one of them.
 */
Cs3PlanRival *cs3_plan_judge(const Cs3PlanInput *input, GArray *rivals);

/** cs3_plan_take: @size of @rival into @plan, and its memory, which @rival loses. */
void cs3_plan_take(const Cs3PlanInput *input, Cs3PlanRival *rival, Cs3Plan *plan);

/** cs3_plan_add_others: plan->others, of plan->micro_batch samples; @closed: as cs3_plan_other().
 */
void cs3_plan_add_others(const Cs3PlanInput *input, gboolean closed, Cs3Plan *plan);

/** cs3_plan_empty: (transfer full): a plan of nothing yet. */
Cs3Plan *cs3_plan_empty(void);

/** cs3_plan_run_linears: masks, mappings and recurrences of every linear layer into plan->linears.
 */
gboolean cs3_plan_run_linears(const Cs3PlanInput *input, Cs3Plan *plan,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A pass over a matrix that stands for a group of instances. */
typedef struct {
  guint node;
  Cs3SparsityGroup group;
  Cs3Pass pass;
  gint64 rows; /* on the wafer */
} Cs3PlanTrial;

/** cs3_plan_try_pass: the best mapping of @trial under @force, and what it takes, @best->cycles; of
 * very many machines (CS3_PLAN_RANKED) by closed forms.
 * Returns: %FALSE: there is none. */
gboolean cs3_plan_try_pass(const Cs3PlanInput *input, const Cs3PlanTrial *trial,
                           const Cs3MapForce *force, Cs3MapCandidate *best);

/* Cycles of what does not fit the PEs. */
#define CS3_PLAN_NEVER (G_GINT64_CONSTANT(1) << 60)

/** cs3_plan_other: cycles of a node without weights. @ask: samples are read of any node, the rest
 * of attention. */
Cs3PlanOther cs3_plan_other(const Cs3PlanInput *input, guint node, const Cs3PlanAttentionAsk *ask);
