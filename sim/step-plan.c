/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A schedule with its durations worked out. */
#include "config.h"

#include "sim/step-plan.h"

#include <math.h>

/* Tiers of broadcast-reduce nodes between MemoryX and one system. */
#define TIERS_ONE_SYSTEM 1

static gint32 plan_group(GHashTable *ids, gint32 id) {
  if (id < 0)
    return -1;
  gpointer known = NULL;
  if (g_hash_table_lookup_extended(ids, GINT_TO_POINTER(id), NULL, &known))
    return GPOINTER_TO_INT(known);
  gint32 index = (gint32)g_hash_table_size(ids);
  g_hash_table_insert(ids, GINT_TO_POINTER(id), GINT_TO_POINTER(index));
  return index;
}

static void plan_use(Cs3StepPlan *plan, Cs3PlanUse *to, const Cs3Use *use, double rate) {
  to->use = *use;
  /* SimGrid moves whole bytes, and so do links. */
  to->use.stream_bytes = ceil(use->stream_bytes);
  to->use.gradient_bytes = ceil(use->gradient_bytes);
  to->stream_s = to->use.stream_bytes / rate;
  to->work_s = use->compute_cycles / plan->clock_hz;
  to->gradient_s = to->use.gradient_bytes / rate;
  to->update_s = use->update_params / plan->optimizer_params_per_s;
  to->streamed = use->stream_bytes > 0;
  to->sends = use->gradient_bytes > 0 || use->update_params > 0;
  plan->n_streams += to->streamed;
  plan->n_gradients += to->sends;
}

Cs3StepPlan *cs3_step_plan_new(const Cs3Schedule *schedule, const Cs3System *system) {
  Cs3StepPlan *plan = g_new0(Cs3StepPlan, 1);
  plan->n_uses = schedule->n_uses;
  plan->uses = g_new0(Cs3PlanUse, plan->n_uses);
  plan->first_streamed = plan->n_uses;
  plan->micro_batches = schedule->micro_batches;
  plan->prefetch = (gsize)system->swarmx.prefetch;
  plan->latency_s = schedule->port_latency_s + TIERS_ONE_SYSTEM * system->swarmx.tier_latency_s;
  plan->clock_hz = schedule->clock_hz;
  plan->optimizer_params_per_s = system->memoryx.optimizer_params_per_s;
  plan->port_bytes_per_s = schedule->port_bytes_per_s;
  plan->link_bytes_per_s = system->swarmx.link_bits_per_s / 8;
  plan->memoryx_bytes_per_s = system->memoryx.stream_bits_per_s / 8;
  double rate = MIN(plan->port_bytes_per_s, MIN(plan->link_bytes_per_s, plan->memoryx_bytes_per_s));

  g_autoptr(GHashTable) ids = g_hash_table_new(NULL, NULL);
  for (guint k = 0; k < plan->n_uses; k++) {
    Cs3PlanUse *use = &plan->uses[k];
    plan_use(plan, use, &schedule->uses[k], rate);
    use->group = plan_group(ids, schedule->uses[k].weight_group);
    if (use->streamed && plan->first_streamed == plan->n_uses)
      plan->first_streamed = k;
  }
  plan->n_groups = g_hash_table_size(ids);
  plan->group_gradients = g_new0(guint, plan->n_groups + 1);
  for (guint k = 0; k < plan->n_uses; k++) {
    if (plan->uses[k].sends && plan->uses[k].group >= 0)
      plan->group_gradients[plan->uses[k].group]++;
  }
  return plan;
}

void cs3_step_plan_free(Cs3StepPlan *plan) {
  if (plan == NULL)
    return;
  g_free(plan->uses);
  g_free(plan->group_gradients);
  g_free(plan);
}

void cs3_step_totals_add(Cs3StepTotals *sum, double factor, const Cs3StepTotals *to,
                         const Cs3StepTotals *from) {
  sum->end_s += factor * (to->end_s - from->end_s);
  sum->compute_s += factor * (to->compute_s - from->compute_s);
  sum->wait_s += factor * (to->wait_s - from->wait_s);
  sum->egress_wait_s += factor * (to->egress_wait_s - from->egress_wait_s);
  sum->boundary_s += factor * (to->boundary_s - from->boundary_s);
  sum->bytes_down += factor * (to->bytes_down - from->bytes_down);
  sum->bytes_up += factor * (to->bytes_up - from->bytes_up);
}

void cs3_step_totals_time(const Cs3StepTotals *period, Cs3StepTime *time) {
  *time = (Cs3StepTime){
      .step_s = period->end_s,
      .compute_s = period->compute_s,
      .stream_wait_s = period->wait_s,
      .egress_wait_s = period->egress_wait_s,
      .boundary_s = period->boundary_s,
      .bytes_down = period->bytes_down,
      .bytes_up = period->bytes_up,
  };
}
