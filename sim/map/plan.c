/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan: one micro-batch of a training step on one wafer. */
#include "config.h"

#include "sim/map/plan.h"

#include "sim/map/plan-internal.h"

const char *const cs3_plan_fidelities[] = {
    [CS3_PLAN_RECURRENCE] = "recurrence", [CS3_PLAN_BOUND] = "bound", NULL};

Cs3Plan *cs3_plan_empty(void) {
  Cs3Plan *plan = g_new0(Cs3Plan, 1);
  plan->linears = g_array_new(FALSE, TRUE, sizeof(Cs3PlanLinear));
  plan->others = g_array_new(FALSE, TRUE, sizeof(Cs3PlanOther));
  return plan;
}

void cs3_plan_add_others(const Cs3PlanInput *input, gboolean closed, Cs3Plan *plan) {
  for (guint i = 0; i < input->graph->nodes->len; i++) {
    if (cs3_graph_node(input->graph, i)->kind == CS3_NODE_LINEAR)
      continue;
    Cs3PlanOther other = cs3_plan_other(input, i, plan->micro_batch, plan->linears, closed);
    g_array_append_val(plan->others, other);
  }
}

Cs3Plan *cs3_plan_new(const Cs3PlanInput *input, GError **error) {
  g_autoptr(Cs3Plan) plan = cs3_plan_empty();
  if (!cs3_plan_choose_size(input, plan, error) || !cs3_plan_run_linears(input, plan, error))
    return NULL;
  cs3_plan_add_others(input, FALSE, plan);
  return g_steal_pointer(&plan);
}

Cs3Plan *cs3_plan_ref(Cs3Plan *plan) {
  plan->references++;
  return plan;
}

void cs3_plan_free(Cs3Plan *plan) {
  if (plan == NULL || plan->references-- > 0)
    return;
  g_array_unref(plan->linears);
  g_array_unref(plan->others);
  cs3_plan_memory_clear(&plan->memory);
  g_free(plan);
}
