/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The steady-state test that the oracle and the SimGrid run share. */
#include "config.h"

#include "sim/step/step-cut.h"

#include <math.h>
#include <string.h>

/* Layout of a state: s_end, g_end, u_end, P ends of streamed uses, P ends of gradients, updates,
 * wafers. */
enum { STATE_S_END, STATE_G_END, STATE_U_END, STATE_RINGS };

static gsize state_length(const Cs3StepPlan *plan) {
  return STATE_RINGS + 2 * plan->prefetch + plan->n_groups + plan->classes->len;
}

static double *wafers_of(const Cs3StepCut *cut, const Cs3StepPlan *plan) {
  return cut->state + STATE_RINGS + 2 * plan->prefetch + plan->n_groups;
}

Cs3StepCut *cs3_step_cut_new(const Cs3StepPlan *plan) {
  Cs3StepCut *cut = g_new0(Cs3StepCut, 1);
  cut->state = g_new0(double, state_length(plan));
  return cut;
}

Cs3StepCut *cs3_step_cut_copy(const Cs3StepCut *cut, const Cs3StepPlan *plan) {
  Cs3StepCut *copy = g_new(Cs3StepCut, 1);
  copy->totals = cut->totals;
  copy->state = g_memdup2(cut->state, state_length(plan) * sizeof *cut->state);
  return copy;
}

void cs3_step_cut_free(Cs3StepCut *cut) {
  if (cut == NULL)
    return;
  g_free(cut->state);
  g_free(cut);
}

/* Oldest entry first, so that rings at different phases compare. */
static void copy_ring(double *to, const double *ring, gsize length, guint64 n) {
  gsize head = n % length;
  memcpy(to, ring + head, (length - head) * sizeof *to);
  memcpy(to + length - head, ring, head * sizeof *to);
}

void cs3_step_cut_set_wafer(Cs3StepCut *cut, const Cs3StepPlan *plan, guint index,
                            const Cs3StepTotals *totals) {
  if (index == 0)
    cut->totals = *totals;
  wafers_of(cut, plan)[index] = totals->end_s;
}

void cs3_step_cut_set_streams(Cs3StepCut *cut, const Cs3StepPlan *plan, double s_end,
                              const double *freed, guint64 n_streams) {
  cut->state[STATE_S_END] = s_end;
  copy_ring(cut->state + STATE_RINGS, freed, plan->prefetch, n_streams);
}

void cs3_step_cut_set_egress(Cs3StepCut *cut, const Cs3StepPlan *plan, double g_end,
                             const double *sent, guint64 n_gradients) {
  cut->state[STATE_G_END] = g_end;
  copy_ring(cut->state + STATE_RINGS + plan->prefetch, sent, plan->prefetch, n_gradients);
}

void cs3_step_cut_set_updates(Cs3StepCut *cut, const Cs3StepPlan *plan, double u_end,
                              const double *updated) {
  cut->state[STATE_U_END] = u_end;
  if (plan->n_groups > 0)
    memcpy(cut->state + STATE_RINGS + 2 * plan->prefetch, updated,
           plan->n_groups * sizeof *updated);
}

static void relate(double *times, gsize n, double earliest, double origin) {
  for (gsize i = 0; i < n; i++)
    times[i] = MAX(times[i], earliest) - origin;
}

static double earliest_wafer(const double *wafers, guint n) {
  double earliest = wafers[0];
  for (guint i = 1; i < n; i++)
    earliest = MIN(earliest, wafers[i]);
  return earliest;
}

void cs3_step_cut_close(Cs3StepCut *cut, const Cs3StepPlan *plan) {
  double now = cut->totals.end_s, *wafers = wafers_of(cut, plan);
  double earliest = earliest_wafer(wafers, plan->classes->len);
  double streamed = plan->n_streams > 0 ? cut->state[STATE_S_END] : earliest;
  double *rings = cut->state + STATE_RINGS;
  cut->state[STATE_S_END] = streamed - now;
  relate(cut->state + STATE_G_END, 2, earliest, now);
  relate(rings, plan->prefetch, streamed, now);
  relate(rings + plan->prefetch, plan->prefetch, earliest, now);
  relate(rings + 2 * plan->prefetch, plan->n_groups, streamed, now);
  relate(wafers, plan->classes->len, earliest, now);
}

static gboolean same_state(const Cs3StepCut *a, const Cs3StepCut *b, const Cs3StepPlan *plan) {
  double tolerance = MAX(1e-14, 1e-12 * MAX(a->totals.end_s, b->totals.end_s));
  gsize n = state_length(plan);
  for (gsize i = 0; i < n; i++) {
    if (fabs(a->state[i] - b->state[i]) > tolerance)
      return FALSE;
  }
  return TRUE;
}

void cs3_step_history_push(Cs3StepHistory *history, Cs3StepCut *cut) {
  Cs3StepCut **place = &history->cuts[history->n_cuts++ % CS3_STEP_LAGS];
  cs3_step_cut_free(*place);
  *place = cut;
}

const Cs3StepCut *cs3_step_history_back(const Cs3StepHistory *history, guint lag) {
  g_return_val_if_fail(lag >= 1 && lag <= MIN(history->n_cuts, CS3_STEP_LAGS), NULL);
  return history->cuts[(history->n_cuts - lag) % CS3_STEP_LAGS];
}

guint cs3_step_history_lag(Cs3StepHistory *history, const Cs3StepCut *cut,
                           const Cs3StepPlan *plan) {
  guint found = 0;
  for (guint lag = 1; lag <= MIN(history->n_cuts, CS3_STEP_LAGS); lag++) {
    guint *same = &history->same[lag - 1];
    *same = same_state(cut, cs3_step_history_back(history, lag), plan) ? *same + 1 : 0;
    if (found == 0 && *same >= plan->repeats)
      found = lag;
    if (found > 0 && plan->repeats == 1)
      break;
  }
  return found;
}

void cs3_step_history_clear(Cs3StepHistory *history) {
  for (guint i = 0; i < CS3_STEP_LAGS; i++)
    g_clear_pointer(&history->cuts[i], cs3_step_cut_free);
  history->n_cuts = 0;
  memset(history->same, 0, sizeof history->same);
}
