/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plan: one micro-batch of a training step on one wafer. */
#include "config.h"

#include "sim/map/plan.h"

#include "fabric/fabric-error.h"
#include "sim/map/plan-attention.h"
#include "sim/map/plan-internal.h"
#include "sim/map/plan-layout.h"
#include "workloads/model.h"

const char *const cs3_plan_fidelities[] = {
    [CS3_PLAN_RECURRENCE] = "recurrence", [CS3_PLAN_BOUND] = "bound", NULL};

Cs3Plan *cs3_plan_empty(void) {
  Cs3Plan *plan = g_new0(Cs3Plan, 1);
  plan->linears = g_array_new(FALSE, TRUE, sizeof(Cs3PlanLinear));
  plan->others = g_array_new(FALSE, TRUE, sizeof(Cs3PlanOther));
  plan->attentions = g_array_new(FALSE, TRUE, sizeof(Cs3PlanAttention));
  plan->layouts = g_array_new(FALSE, TRUE, sizeof(Cs3WaferLayout));
  plan->moves = g_array_new(FALSE, TRUE, sizeof(Cs3PlanOther));
  return plan;
}

void cs3_plan_add_others(const Cs3PlanInput *input, gboolean closed, Cs3Plan *plan) {
  for (guint i = 0; i < input->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(input->graph, i);
    Cs3PlanAttentionAsk ask = {.samples = plan->micro_batch};
    if (node->kind == CS3_NODE_LINEAR)
      continue;
    if (node->attention > 0)
      ask = cs3_plan_attention_ask(input, node->attention - 1, plan, closed);
    Cs3PlanOther other = cs3_plan_other(input, i, &ask);
    g_array_append_val(plan->others, other);
  }
}

/* Closed forms chose the size; an attention that fitted them may yet be refused when it is run. */
static gboolean check_others(const Cs3PlanInput *input, const Cs3Plan *plan, GError **error) {
  for (guint k = 0; k < plan->others->len; k++) {
    const Cs3PlanOther *other = &g_array_index(plan->others, Cs3PlanOther, k);
    if (MAX(other->forward, other->backward) < CS3_PLAN_NEVER)
      continue;
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "%s: attention does not run as a program on %" G_GINT64_FORMAT
                " sequences; use shorter ones, fewer forced --map choices, or a share of the peak "
                "(--set kernel.attention_efficiency=0.35)",
                input->graph->model->name, plan->micro_batch);
    return FALSE;
  }
  return TRUE;
}

Cs3Plan *cs3_plan_new(const Cs3PlanInput *input, GError **error) {
  g_autoptr(Cs3Plan) plan = cs3_plan_empty();
  if (!cs3_plan_choose_size(input, plan, error))
    return NULL;
  cs3_plan_layouts(input, plan);
  if (!cs3_plan_run_linears(input, plan, error))
    return NULL;
  cs3_plan_add_others(input, FALSE, plan);
  if (!check_others(input, plan, error))
    return NULL;
  cs3_plan_attentions(input, plan);
  return g_steal_pointer(&plan);
}

gboolean cs3_plan_complete(const Cs3PlanInput *input, Cs3Plan *plan, GError **error) {
  g_array_set_size(plan->linears, 0);
  return cs3_plan_run_linears(input, plan, error);
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
  g_array_unref(plan->attentions);
  g_array_unref(plan->layouts);
  g_array_unref(plan->moves);
  cs3_plan_memory_clear(&plan->memory);
  g_free(plan);
}
