/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step as a max-plus recurrence: the equations of step.h, one use at a time. */
#include "config.h"

#include "sim/step/step-cut.h"
#include "sim/step/step-sharing.h"

#include <math.h>
#include <string.h>

typedef struct {
  const Cs3StepPlan *plan;
  double s_end, g_end, u_end;
  double *ends;               /* by class of wafers: end of its last use */
  double *freed, *sent;       /* rings of P: ends of streamed uses, of gradients */
  double *updated, *updating; /* by group: by the last iteration, by this one */
  guint64 n_streams, n_gradients;
  Cs3StepTotals totals;
} Oracle;

static double *times_new(gsize n) {
  double *times = g_new(double, n + 1);
  for (gsize i = 0; i <= n; i++)
    times[i] = -INFINITY;
  return times;
}

/* Returns when the first weights reach the wafer. */
static double stream(Oracle *o, const Cs3PlanUse *use) {
  double start = MAX(o->s_end, o->freed[o->n_streams % o->plan->prefetch]);
  if (use->group >= 0)
    start = MAX(start, o->updated[use->group]);
  o->s_end = start + use->stream_s;
  return start + o->plan->latency_s;
}

/* @c_end: of the last wafer. */
static void send_gradient(Oracle *o, const Cs3PlanUse *use, double c_end,
                          gboolean last_micro_batch) {
  o->g_end = MAX(o->g_end, c_end) + use->gradient_s;
  o->sent[o->n_gradients++ % o->plan->prefetch] = o->g_end;
  if (!last_micro_batch)
    return;
  o->u_end = MAX(o->u_end, o->g_end + o->plan->latency_s) + use->update_s;
  if (use->group >= 0)
    o->updating[use->group] = o->u_end;
}

/* One use on one class of wafers; returns its end. */
static double compute(Oracle *o, guint class, const Cs3PlanUse *use, double first,
                      gboolean boundary) {
  const Cs3StepPlan *plan = o->plan;
  double speed = g_array_index(plan->classes, Cs3PlanClass, class).speed;
  Cs3UseInputs in = {.last_s = o->ends[class],
                     .first_s = first,
                     .arrived_s = o->s_end + plan->latency_s,
                     .room_s = o->sent[o->n_gradients % plan->prefetch]};
  Cs3UseTimes times = cs3_plan_use_times(use, speed, &in);
  if (class == 0)
    cs3_step_totals_use(&o->totals, use, &times, boundary);
  return o->ends[class] = times.end_s;
}

static void run_use(Oracle *o, guint k, gint64 micro_batch) {
  const Cs3StepPlan *plan = o->plan;
  const Cs3PlanUse *use = &plan->uses[k];
  double arrival = use->streamed ? stream(o, use) : -INFINITY, last = -INFINITY;
  gboolean boundary = micro_batch == 0 && k == plan->first_streamed;
  for (guint c = 0; c < plan->classes->len; c++) {
    double end = compute(o, c, use, arrival, boundary);
    last = MAX(last, end);
  }
  if (use->streamed)
    o->freed[o->n_streams++ % plan->prefetch] = last;
  if (use->sends)
    send_gradient(o, use, last, micro_batch == plan->micro_batches - 1);
}

static Cs3StepCut *take_cut(const Oracle *o, const double *updated) {
  Cs3StepCut *cut = cs3_step_cut_new(o->plan);
  for (guint c = 0; c < o->plan->classes->len; c++) {
    Cs3StepTotals totals = o->totals;
    totals.end_s = o->ends[c];
    cs3_step_cut_set_wafer(cut, o->plan, c, &totals);
  }
  cs3_step_cut_set_streams(cut, o->plan, o->s_end, o->freed, o->n_streams);
  cs3_step_cut_set_egress(cut, o->plan, o->g_end, o->sent, o->n_gradients);
  cs3_step_cut_set_updates(cut, o->plan, o->u_end, updated);
  cs3_step_cut_close(cut, o->plan);
  return cut;
}

static void run_micro_batch(Oracle *o, gint64 micro_batch) {
  for (guint k = 0; k < o->plan->n_uses; k++)
    run_use(o, k, micro_batch);
}

/* Nothing of the next iteration begins before this. */
static void pass_edge(Oracle *o) {
  double closed = o->u_end;
  for (guint c = 0; c < o->plan->classes->len; c++)
    closed = MAX(closed, o->ends[c]);
  cs3_step_totals_edge(&o->totals, o->plan, closed);
  for (guint c = 0; c < o->plan->classes->len; c++)
    o->ends[c] = o->totals.end_s;
  o->s_end = MAX(o->s_end, o->totals.end_s);
}

static void end_iteration(Oracle *o) {
  memcpy(o->updated, o->updating, o->plan->n_groups * sizeof *o->updated);
  if (o->plan->edge_s > 0)
    pass_edge(o);
}

/* Iterate until the state after an iteration's first micro-batch repeats. */
static void run(Oracle *o, Cs3StepHistory *history, Cs3StepTotals *period) {
  enum { HALF = CS3_STEP_MAX_ITERATIONS / 2 };
  Cs3StepTotals half = {0};
  for (guint i = 0; i < 2 * HALF; i++) {
    run_micro_batch(o, 0);
    Cs3StepCut *cut = take_cut(o, o->plan->micro_batches == 1 ? o->updating : o->updated);
    guint lag = cs3_step_history_lag(history, cut, o->plan);
    if (lag > 0)
      cs3_step_totals_add(period, 1.0 / lag, &cut->totals,
                          &cs3_step_history_back(history, lag)->totals);
    cs3_step_history_push(history, cut);
    if (lag > 0)
      return;
    if (i == HALF - 1)
      half = cut->totals;
    for (gint64 m = 1; m < o->plan->micro_batches; m++)
      run_micro_batch(o, m);
    end_iteration(o);
  }
  cs3_step_totals_add(period, 1.0 / HALF, &cs3_step_history_back(history, 1)->totals, &half);
}

static void recur(const Cs3StepPlan *plan, Cs3StepTotals *period) {
  g_autofree double *ends = g_new0(double, plan->classes->len);
  g_autofree double *freed = times_new(plan->prefetch);
  g_autofree double *sent = times_new(plan->prefetch);
  g_autofree double *updated = times_new(plan->n_groups);
  g_autofree double *updating = times_new(plan->n_groups);
  Oracle oracle = {
      .plan = plan,
      .ends = ends,
      .freed = freed,
      .sent = sent,
      .updated = updated,
      .updating = updating,
  };
  Cs3StepHistory history = {0};
  *period = (Cs3StepTotals){0};
  run(&oracle, &history, period);
  cs3_step_history_clear(&history);
}

/* The wafer computes one use after the other, and nothing in the edge of the step. */
double cs3_step_least(const Cs3Schedule *schedule, const Cs3System *system) {
  double cycles = 0;
  for (guint k = 0; k < schedule->n_uses; k++)
    cycles += schedule->uses[k].compute_cycles;
  double compute_s = (double)schedule->micro_batches * cycles / schedule->clock_hz;
  return (compute_s + system->step.edge_s) * (1 - 1e-9);
}

void cs3_step_oracle(const Cs3Schedule *schedule, const Cs3System *system, Cs3StepTime *time) {
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  cs3_step_plan_steady(plan);
  Cs3StepTotals period;
  if (plan->n_outs > 0)
    cs3_step_sharing(plan, &period);
  else
    recur(plan, &period);
  cs3_step_totals_time(&period, time);
}
