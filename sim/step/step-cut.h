/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c: the steady-state test that the oracle and the SimGrid run share. */
#pragma once

#include "sim/step/step-plan.h"

/* The state between two micro-batches: all that the future depends on. Times are absolute until
 * cs3_step_cut_close(), then relative to the first wafer's time and raised to the earliest moment
 * at which they could still bind, so that equal states mean equal futures. */
typedef struct {
  Cs3StepTotals totals;
  double *state; /* see the accessors */
} Cs3StepCut;

/** cs3_step_cut_new: (transfer full): of @plan, which is borrowed. */
Cs3StepCut *cs3_step_cut_new(const Cs3StepPlan *plan);
/** cs3_step_cut_copy: (transfer full): the same cut of an equal @plan. */
Cs3StepCut *cs3_step_cut_copy(const Cs3StepCut *cut, const Cs3StepPlan *plan);
void cs3_step_cut_free(Cs3StepCut *cut);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3StepCut, cs3_step_cut_free)

/** cs3_step_cut_set_wafer: where wafer class @index is; the totals are those of the first. */
void cs3_step_cut_set_wafer(Cs3StepCut *cut, const Cs3StepPlan *plan, guint index,
                            const Cs3StepTotals *totals);

/** cs3_step_cut_set_streams: @s_end of the last stream; @freed: ring of the last P ends of streamed
 * uses on all wafers, entry j % P, @n_streams so far. */
void cs3_step_cut_set_streams(Cs3StepCut *cut, const Cs3StepPlan *plan, double s_end,
                              const double *freed, guint64 n_streams);

/** cs3_step_cut_set_egress: @g_end of the last gradient; @sent: ring as above. */
void cs3_step_cut_set_egress(Cs3StepCut *cut, const Cs3StepPlan *plan, double g_end,
                             const double *sent, guint64 n_gradients);

/** cs3_step_cut_set_updates: @u_end of the last update; @updated: by group. */
void cs3_step_cut_set_updates(Cs3StepCut *cut, const Cs3StepPlan *plan, double u_end,
                              const double *updated);

/** cs3_step_cut_close: make the state relative; once, after all setters and classes. */
void cs3_step_cut_close(Cs3StepCut *cut, const Cs3StepPlan *plan);

/* The latest closed cuts of a sequence. With P slots in flight the state may come back only after
 * several cuts, hence more than one is kept. */
#define CS3_STEP_LAGS 16

typedef struct {
  Cs3StepCut *cuts[CS3_STEP_LAGS];
  guint64 n_cuts;            /* ever pushed */
  guint same[CS3_STEP_LAGS]; /* by lag - 1: cuts in a row that were like the one so far back */
} Cs3StepHistory;

/** cs3_step_history_push: @cut (transfer full) becomes the latest one. */
void cs3_step_history_push(Cs3StepHistory *history, Cs3StepCut *cut);

/** cs3_step_history_back: (transfer none): the cut @lag >= 1 places back, 1: the latest. */
const Cs3StepCut *cs3_step_history_back(const Cs3StepHistory *history, guint lag);

/**
 * cs3_step_history_lag: how far back the state of @cut has occurred before, to 1e-12 of the time
 * passed, and plan->repeats - 1 states before it likewise; once for every cut, before it is pushed.
 * Returns: the smallest such lag >= 1, or 0.
 */
guint cs3_step_history_lag(Cs3StepHistory *history, const Cs3StepCut *cut, const Cs3StepPlan *plan);
void cs3_step_history_clear(Cs3StepHistory *history);
