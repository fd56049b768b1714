/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A schedule with its durations worked out. */
#include "config.h"

#include "sim/step/step-plan.h"

#include <math.h>

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
  to->use.activation_out_bytes = ceil(use->activation_out_bytes);
  to->use.activation_in_bytes = ceil(use->activation_in_bytes);
  to->stream_s = to->use.stream_bytes / rate;
  to->work_s = use->compute_cycles / plan->clock_hz;
  to->gradient_s = to->use.gradient_bytes / rate;
  to->update_s = use->update_params / plan->optimizer_params_per_s;
  to->streamed = use->stream_bytes > 0;
  to->sends = use->gradient_bytes > 0 || use->update_params > 0;
  to->leaves = use->activation_out_bytes > 0;
  to->returns = use->activation_in_bytes > 0;
}

/* --- the cluster ---------------------------------------------------------------------------- */

static void clear_link(gpointer data) {
  g_array_unref(((Cs3PlanLink *)data)->faults);
}

static double system_speed(const GArray *faults, gint64 system) {
  double speed = 1;
  for (guint i = 0; faults != NULL && i < faults->len; i++) {
    const Cs3Fault *fault = &g_array_index(faults, Cs3Fault, i);
    if (fault->kind == CS3_FAULT_STRAGGLER && fault->index == system)
      speed *= fault->share;
  }
  return speed;
}

static void add_to_class(GArray *classes, gint64 system, double speed) {
  for (guint i = 0; i < classes->len; i++) {
    Cs3PlanClass *class = &g_array_index(classes, Cs3PlanClass, i);
    if (class->speed == speed) {
      class->systems++;
      return;
    }
  }
  Cs3PlanClass class = {.first = system, .systems = 1, .speed = speed};
  g_array_append_val(classes, class);
}

static gint faster_first(gconstpointer a, gconstpointer b) {
  const Cs3PlanClass *x = a, *y = b;
  if (x->speed != y->speed)
    return x->speed > y->speed ? -1 : 1;
  return (x->first > y->first) - (x->first < y->first);
}

static void find_classes(Cs3StepPlan *plan, const GArray *faults) {
  plan->classes = g_array_new(FALSE, TRUE, sizeof(Cs3PlanClass));
  for (gint64 system = 0; system < plan->tree.systems; system++) {
    double speed = system_speed(faults, system);
    Cs3PlanClass own = {.first = system, .systems = 1, .speed = speed};
    if (plan->each)
      g_array_append_val(plan->classes, own);
    else
      add_to_class(plan->classes, system, speed);
  }
  g_array_sort(plan->classes, faster_first);
}

static Cs3PlanLink *link_of(Cs3StepPlan *plan, const Cs3Fault *fault) {
  for (guint i = 0; i < plan->links->len; i++) {
    Cs3PlanLink *link = &g_array_index(plan->links, Cs3PlanLink, i);
    if (link->tier == fault->tier && link->index == fault->index)
      return link;
  }
  Cs3PlanLink link = {.tier = fault->tier, .index = fault->index, .share = 1};
  link.faults = g_array_new(FALSE, TRUE, sizeof(Cs3Fault));
  g_array_append_val(plan->links, link);
  return &g_array_index(plan->links, Cs3PlanLink, plan->links->len - 1);
}

static gint by_begin(gconstpointer a, gconstpointer b) {
  const Cs3Fault *x = a, *y = b;
  return (x->from_s > y->from_s) - (x->from_s < y->from_s);
}

static void place_faults(Cs3StepPlan *plan, const GArray *faults) {
  plan->links = g_array_new(FALSE, TRUE, sizeof(Cs3PlanLink));
  g_array_set_clear_func(plan->links, clear_link);
  plan->traffic = g_array_new(FALSE, TRUE, sizeof(Cs3Fault));
  for (guint i = 0; faults != NULL && i < faults->len; i++) {
    const Cs3Fault *fault = &g_array_index(faults, Cs3Fault, i);
    if (fault->kind == CS3_FAULT_TRAFFIC)
      g_array_append_val(plan->traffic, *fault);
    if (fault->kind != CS3_FAULT_LINK && fault->kind != CS3_FAULT_TRAFFIC)
      continue;
    Cs3PlanLink *link = link_of(plan, fault);
    if (fault->kind == CS3_FAULT_LINK && fault->timed)
      g_array_append_val(link->faults, *fault);
    else if (fault->kind == CS3_FAULT_LINK)
      link->share *= fault->share;
    g_array_sort(link->faults, by_begin); /* as profiles list them */
  }
}

static void plan_cluster(Cs3StepPlan *plan, const Cs3Schedule *schedule, const Cs3System *system) {
  plan->tree = (Cs3Tree){MAX(schedule->systems, 1), system->swarmx.fan_out};
  plan->tiers = cs3_tree_tiers(&plan->tree);
  plan->each = schedule->each;
  plan->latency_s = schedule->port_latency_s + plan->tiers * system->swarmx.tier_latency_s;
  plan->activation_latency_s = schedule->port_latency_s + system->activations.latency_s;
  plan->retry_s = system->swarmx.retry_s;
  plan->port_bytes_per_s = schedule->port_bytes_per_s;
  plan->memoryx_bytes_per_s = cs3_system_stream_rate(system);
  plan->servers_bytes_per_s = cs3_system_activation_rate(system);
  double link = system->swarmx.link_bits_per_s / 8;
  for (guint tier = 1; tier <= plan->tiers; tier++)
    plan->tier_bytes_per_s[tier] = tier == 1 ? link : link / system->swarmx.oversubscription;
  find_classes(plan, schedule->faults);
  place_faults(plan, schedule->faults);
}

double cs3_step_path_rate(const Cs3System *system, gint64 systems) {
  Cs3Tree tree = {MAX(systems, 1), system->swarmx.fan_out};
  double link = system->swarmx.link_bits_per_s / 8;
  double top = cs3_tree_tiers(&tree) > 1 ? link / system->swarmx.oversubscription : link;
  return MIN(cs3_system_stream_rate(system), MIN(link, top));
}

/* A tensor moves at the rate of the slowest link. */
static double uncontended_rate(const Cs3StepPlan *plan) {
  double rate = MIN(plan->port_bytes_per_s, plan->memoryx_bytes_per_s);
  for (guint tier = 1; tier <= plan->tiers; tier++)
    rate = MIN(rate, plan->tier_bytes_per_s[tier]);
  for (guint i = 0; i < plan->links->len; i++) {
    const Cs3PlanLink *link = &g_array_index(plan->links, Cs3PlanLink, i);
    rate = MIN(rate, link->share * plan->tier_bytes_per_s[link->tier]);
  }
  return rate;
}

/* --- the schedule --------------------------------------------------------------------------- */

static void append(guint **list, guint *n, gboolean wanted, guint k) {
  if (wanted)
    (*list)[(*n)++] = k;
}

static void list_uses(Cs3StepPlan *plan) {
  plan->streams = g_new(guint, plan->n_uses);
  plan->sums = g_new(guint, plan->n_uses);
  plan->outs = g_new(guint, plan->n_uses);
  plan->ins = g_new(guint, plan->n_uses);
  for (guint k = 0; k < plan->n_uses; k++) {
    const Cs3PlanUse *use = &plan->uses[k];
    append(&plan->streams, &plan->n_streams, use->streamed, k);
    append(&plan->sums, &plan->n_gradients, use->sends, k);
    append(&plan->outs, &plan->n_outs, use->leaves, k);
    append(&plan->ins, &plan->n_ins, use->returns, k);
  }
}

/* What was sent last comes back first: a stack of bytes. */
typedef struct {
  double *bytes;
  guint *outs; /* which of the micro-batch's outs they are of */
  guint height, n_outs;
} Stack;

static void push(Stack *stack, double bytes) {
  stack->bytes[stack->height] = bytes;
  stack->outs[stack->height++] = stack->n_outs++;
}

/* Returns how many outs must have arrived: they do so in order. */
static guint pop(Stack *stack, double bytes, double rounding) {
  guint after = stack->height > 0 ? stack->outs[stack->height - 1] + 1 : stack->n_outs;
  while (bytes > rounding && stack->height > 0) {
    double *top = &stack->bytes[stack->height - 1];
    double taken = MIN(*top, bytes);
    *top -= taken;
    bytes -= taken;
    stack->height -= *top <= rounding;
  }
  return after;
}

static void pair_activations(Cs3StepPlan *plan, const Cs3Schedule *schedule) {
  g_autofree double *bytes = g_new(double, plan->n_outs + 1);
  g_autofree guint *outs = g_new(guint, plan->n_outs + 1);
  Stack stack = {.bytes = bytes, .outs = outs};
  double sent = 0;
  for (guint i = 0; i < plan->n_outs; i++)
    sent += schedule->uses[plan->outs[i]].activation_out_bytes;
  for (guint k = 0; k < plan->n_uses; k++) {
    const Cs3Use *use = &schedule->uses[k];
    if (plan->uses[k].returns)
      plan->uses[k].after = pop(&stack, use->activation_in_bytes, CS3_STEP_ROUNDING * sent);
    if (plan->uses[k].leaves)
      push(&stack, use->activation_out_bytes);
  }
}

static void plan_uses(Cs3StepPlan *plan, const Cs3Schedule *schedule) {
  double rate = plan->bytes_per_s = uncontended_rate(plan);
  plan->n_uses = schedule->n_uses;
  plan->uses = g_new0(Cs3PlanUse, plan->n_uses);
  plan->first_streamed = plan->n_uses;
  g_autoptr(GHashTable) ids = g_hash_table_new(NULL, NULL);
  for (guint k = 0; k < plan->n_uses; k++) {
    Cs3PlanUse *use = &plan->uses[k];
    plan_use(plan, use, &schedule->uses[k], rate);
    use->group = plan_group(ids, schedule->uses[k].weight_group);
    if (use->streamed && plan->first_streamed == plan->n_uses)
      plan->first_streamed = k;
  }
  list_uses(plan);
  pair_activations(plan, schedule);
  plan->n_groups = g_hash_table_size(ids);
  plan->group_gradients = g_new0(guint, plan->n_groups + 1);
  for (guint k = 0; k < plan->n_uses; k++) {
    if (plan->uses[k].sends && plan->uses[k].group >= 0)
      plan->group_gradients[plan->uses[k].group]++;
  }
}

/* A state holds no lane of activations: all have come back when a micro-batch ends. But streams
 * that are ahead of it have shared a port with them, which shows once those streams have been used.
 */
static guint repeats_needed(const Cs3StepPlan *plan) {
  if (plan->n_outs == 0)
    return 1;
  guint ahead = plan->n_streams > 0 ? (guint)(plan->prefetch / plan->n_streams) + 1 : 1;
  return 1 + ahead;
}

Cs3StepPlan *cs3_step_plan_new(const Cs3Schedule *schedule, const Cs3System *system) {
  Cs3StepPlan *plan = g_new0(Cs3StepPlan, 1);
  plan->micro_batches = schedule->micro_batches;
  plan->prefetch = (gsize)system->swarmx.prefetch;
  plan->staged = (gsize)system->activations.staged;
  plan->edge_s = system->step.edge_s;
  plan->clock_hz = schedule->clock_hz;
  plan->optimizer_params_per_s = cs3_system_optimizer_rate(system);
  plan_cluster(plan, schedule, system);
  plan_uses(plan, schedule);
  plan->repeats = repeats_needed(plan);
  return plan;
}

void cs3_step_plan_steady(Cs3StepPlan *plan) {
  for (guint i = 0; i < plan->links->len; i++)
    g_array_set_size(g_array_index(plan->links, Cs3PlanLink, i).faults, 0);
  g_array_set_size(plan->traffic, 0);
}

double cs3_step_plan_piece(const Cs3StepPlan *plan, double now_s, double bytes) {
  double until_s = INFINITY, rate = plan->bytes_per_s;
  for (guint l = 0; l < plan->links->len; l++) {
    const Cs3PlanLink *link = &g_array_index(plan->links, Cs3PlanLink, l);
    for (guint i = 0; i < link->faults->len; i++) {
      const Cs3Fault *fault = &g_array_index(link->faults, Cs3Fault, i);
      double from_s = plan->faults_from_s + fault->from_s, to_s = plan->faults_from_s + fault->to_s;
      if (fault->share == 0 || now_s < from_s || now_s >= to_s)
        continue;
      until_s = MIN(until_s, to_s);
      rate = MIN(rate, fault->share * link->share * plan->tier_bytes_per_s[link->tier]);
    }
  }
  /* Times are rounded: a thousandth of a byte is none. */
  return MIN(bytes, MAX(1, ceil((until_s - now_s) * rate - 1e-3)));
}

void cs3_step_plan_free(Cs3StepPlan *plan) {
  if (plan == NULL)
    return;
  g_free(plan->uses);
  g_free(plan->group_gradients);
  g_free(plan->streams);
  g_free(plan->sums);
  g_free(plan->outs);
  g_free(plan->ins);
  g_array_unref(plan->classes);
  g_array_unref(plan->links);
  g_array_unref(plan->traffic);
  g_free(plan);
}

Cs3UseTimes cs3_plan_use_times(const Cs3PlanUse *use, double speed, const Cs3UseInputs *in) {
  Cs3UseTimes t = {.last_s = in->last_s};
  t.fed_s = use->streamed ? MAX(in->last_s, in->first_s) : in->last_s;
  t.away_s = use->returns ? MAX(t.fed_s, in->back_s) : t.fed_s;
  t.away_s = use->leaves ? MAX(t.away_s, in->away_s) : t.away_s;
  t.begin_s = use->sends ? MAX(t.away_s, in->room_s) : t.away_s;
  t.worked_s = t.begin_s + use->work_s / speed;
  t.end_s = use->streamed ? MAX(t.worked_s, in->arrived_s) : t.worked_s;
  return t;
}

void cs3_step_totals_use(Cs3StepTotals *totals, const Cs3PlanUse *use, const Cs3UseTimes *times,
                         gboolean boundary) {
  double idle = times->begin_s - times->last_s;
  if (boundary) {
    totals->boundary_s += idle;
  } else {
    totals->wait_s += idle;
    totals->activation_wait_s += times->away_s - times->fed_s;
    totals->egress_wait_s += times->begin_s - times->away_s;
  }
  totals->compute_s += times->worked_s - times->begin_s;
  totals->wait_s += times->end_s - times->worked_s;
  totals->end_s = times->end_s;
  totals->bytes_down += use->use.stream_bytes + use->use.activation_in_bytes;
  totals->bytes_up += use->use.gradient_bytes + use->use.activation_out_bytes;
  totals->activation_bytes += use->use.activation_out_bytes;
}

void cs3_step_totals_edge(Cs3StepTotals *totals, const Cs3StepPlan *plan, double closed_s) {
  totals->boundary_s += closed_s - totals->end_s;
  totals->edge_s += plan->edge_s;
  totals->end_s = closed_s + plan->edge_s;
}

void cs3_step_totals_add(Cs3StepTotals *sum, double factor, const Cs3StepTotals *to,
                         const Cs3StepTotals *from) {
  sum->end_s += factor * (to->end_s - from->end_s);
  sum->compute_s += factor * (to->compute_s - from->compute_s);
  sum->wait_s += factor * (to->wait_s - from->wait_s);
  sum->egress_wait_s += factor * (to->egress_wait_s - from->egress_wait_s);
  sum->activation_wait_s += factor * (to->activation_wait_s - from->activation_wait_s);
  sum->boundary_s += factor * (to->boundary_s - from->boundary_s);
  sum->edge_s += factor * (to->edge_s - from->edge_s);
  sum->bytes_down += factor * (to->bytes_down - from->bytes_down);
  sum->bytes_up += factor * (to->bytes_up - from->bytes_up);
  sum->activation_bytes += factor * (to->activation_bytes - from->activation_bytes);
}

void cs3_step_totals_time(const Cs3StepTotals *period, Cs3StepTime *time) {
  *time = (Cs3StepTime){
      .step_s = period->end_s,
      .compute_s = period->compute_s,
      .stream_wait_s = period->wait_s,
      .egress_wait_s = period->egress_wait_s,
      .activation_wait_s = period->activation_wait_s,
      .boundary_s = period->boundary_s,
      .edge_s = period->edge_s,
      .bytes_down = period->bytes_down,
      .bytes_up = period->bytes_up,
      .activation_bytes = period->activation_bytes,
  };
}
