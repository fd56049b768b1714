/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sizes that are close by the sums of closed forms are told apart by the step: those sums know how
 * long a stage takes for itself, but not that a stage waits for what others have asked of the
 * links and of the activation servers. */
#include "config.h"

#include <math.h>

#include "sim/map/plan-internal.h"

/* So many at most, the best by closed forms first. */
enum { MAX_JUDGED = 8 };

gboolean cs3_plan_judged(const Cs3PlanInput *input) {
  return input->judge != NULL && input->fidelity != CS3_PLAN_RANKED;
}

void cs3_plan_take(const Cs3PlanInput *input, Cs3PlanRival *rival, Cs3Plan *plan) {
  plan->micro_batch = rival->micro_batch;
  plan->micro_batches = (input->batch + rival->micro_batch - 1) / rival->micro_batch;
  plan->tokens = llround((double)rival->micro_batch * input->graph->tokens);
  plan->memory = rival->memory;
  rival->memory = (Cs3PlanMemory){0};
}

/* What the mapper expects of a pass rather than its bound. */
static void expect(Cs3Plan *plan) {
  for (guint k = 0; k < plan->linears->len; k++)
    for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
      Cs3PlanPass *p = &g_array_index(plan->linears, Cs3PlanLinear, k).passes[pass];
      p->result.cycles = MAX(p->result.cycles, llround(p->choice.best.estimate));
    }
}

/* INFINITY when its passes cannot be mapped, or it is certain to take @enough. */
static double time_of(const Cs3PlanInput *input, const Cs3PlanRival *rival, double enough) {
  Cs3PlanInput closed = *input;
  Cs3PlanRival borrowed = *rival;
  closed.fidelity = CS3_PLAN_BOUND;
  closed.exact = FALSE;
  g_autoptr(Cs3Plan) plan = cs3_plan_empty();
  cs3_plan_take(input, &borrowed, plan);
  double time = INFINITY;
  if (cs3_plan_run_linears(&closed, plan, NULL)) {
    cs3_plan_add_others(input, TRUE, plan);
    if (input->fidelity != CS3_PLAN_BOUND)
      expect(plan);
    time = input->judge(&closed, plan, enough, input->judge_data);
  }
  plan->memory = (Cs3PlanMemory){0};
  return time;
}

static gint by_cycles(gconstpointer a, gconstpointer b) {
  double x = ((const Cs3PlanRival *)a)->cycles, y = ((const Cs3PlanRival *)b)->cycles;
  return (x > y) - (x < y);
}

/* How many of the sorted @rivals are worth a look. */
static guint n_close(const GArray *rivals) {
  double most = g_array_index(rivals, Cs3PlanRival, 0).cycles * CS3_PLAN_CLOSE;
  guint n = 1;
  while (n < MIN(rivals->len, MAX_JUDGED) && g_array_index(rivals, Cs3PlanRival, n).cycles <= most)
    n++;
  return n;
}

Cs3PlanRival *cs3_plan_judge(const Cs3PlanInput *input, GArray *rivals) {
  g_array_sort(rivals, by_cycles); /* equals stay in their order */
  Cs3PlanRival *best = &g_array_index(rivals, Cs3PlanRival, 0);
  guint n = cs3_plan_judged(input) ? n_close(rivals) : 1;
  double least = INFINITY;
  for (guint i = 0; n > 1 && i < n; i++) {
    Cs3PlanRival *rival = &g_array_index(rivals, Cs3PlanRival, i);
    double time = time_of(input, rival, least);
    if (time < least) {
      least = time;
      best = rival;
    }
  }
  return best;
}
