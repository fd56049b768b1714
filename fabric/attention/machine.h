/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The algorithms' recurrences. Internal to fabric/attention/. */
#pragma once

#include "fabric/attention/steps.h"

/* Limits are switched on one after the other, in this order, so that each one's share of the time
 * is the difference of two runs. */
typedef enum {
  CS3_ATTENTION_LIMIT_WORK,      /* places wait for each other's tiles, which travel in no time */
  CS3_ATTENTION_LIMIT_MOVEMENT,  /* a link carries a wavelet of K and V at a time */
  CS3_ATTENTION_LIMIT_REDUCTION, /* and those of dK and dV */
  CS3_ATTENTION_LIMIT_ALL,       /* latencies, queues */
} Cs3AttentionLimits;

typedef struct {
  /* Cycles of the pass. */
  gint64 (*run)(const Cs3AttentionCosts *costs, const Cs3AttentionSteps *steps,
                Cs3AttentionLimits limits);
  /* No fewer than this: rows on the busiest link; grid: and sums on their way. */
  gint64 (*links)(const Cs3AttentionCosts *costs);
  /* For estimates: cycles between two tiles, whose chunks take @chunk cycles of work each. */
  double (*pace)(const Cs3AttentionCosts *costs, double chunk);
  /* That the PEs of a rectangle send in a job. */
  gint64 (*wavelets)(const Cs3AttentionCosts *costs);
} Cs3AttentionOps;

#define CS3_ATTENTION_OPS(ID, name, text) extern const Cs3AttentionOps cs3_attention_##name;
CS3_ATTENTION_ALGORITHMS(CS3_ATTENTION_OPS)
#undef CS3_ATTENTION_OPS

/** cs3_attention_ops: (transfer none): the registry's row. */
const Cs3AttentionOps *cs3_attention_ops(Cs3AttentionAlgorithm algorithm);

/** cs3_attention_least: cs3_attention_bound() of known @costs. */
gint64 cs3_attention_least(const Cs3AttentionCosts *costs);

/** cs3_attention_pair_work: cycles of the mean place on its pairs in a job, at least: the same for
 * all algorithms and chunks, and for the orders of tokens no less than in blocks. */
double cs3_attention_pair_work(const Cs3AttentionCosts *costs);

/** cs3_attention_around: cs3_attention_around_bytes() of known @costs. */
double cs3_attention_around(const Cs3Hardware *hw, const Cs3AttentionCosts *costs);

/** cs3_attention_fold_check: whether @fold groups have lines and sequences. */
gboolean cs3_attention_fold_check(const Cs3Hardware *hw, const Cs3AttentionShape *shape, int axis,
                                  gint64 fold, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_costs_check: cs3_attention_check() of a shape and fold that are right, with
 * what was @asked for. */
gboolean cs3_attention_costs_check(const Cs3Hardware *hw, const Cs3AttentionCosts *costs,
                                   const Cs3AttentionMapping *asked,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_run_cycles: of a pass. @cycles: (out). Errors: MISTAKE: below its bound. */
gboolean cs3_attention_run_cycles(const Cs3AttentionCosts *costs, const Cs3AttentionSteps *steps,
                                  gint64 *cycles, GError **error) G_GNUC_WARN_UNUSED_RESULT;
