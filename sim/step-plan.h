/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c and its tests: a schedule with its durations worked out. */
#pragma once

#include "sim/step.h"

#define CS3_STEP_MAX_ITERATIONS 64

typedef struct {
  Cs3Use use;
  double stream_s, work_s, gradient_s, update_s; /* durations without contention */
  gint32 group;                                  /* index into the plan's groups, -1: none */
  gboolean streamed;                             /* takes a staging slot for weights */
  gboolean sends; /* takes a staging slot for a gradient (of 0 bytes, if it only updates) */
} Cs3PlanUse;

typedef struct {
  Cs3PlanUse *uses;
  guint n_uses, n_streams, n_gradients, n_groups;
  guint *group_gradients; /* by group: gradients per micro-batch that its update needs */
  guint first_streamed;   /* index of the first streamed use; n_uses: none */
  gint64 micro_batches;
  gsize prefetch;
  double latency_s; /* one way */
  double clock_hz, optimizer_params_per_s;
  double port_bytes_per_s, link_bytes_per_s, memoryx_bytes_per_s;
} Cs3StepPlan;

/** cs3_step_plan_new: (transfer full): @schedule and @system must pass cs3_step_check(). */
Cs3StepPlan *cs3_step_plan_new(const Cs3Schedule *schedule, const Cs3System *system);
void cs3_step_plan_free(Cs3StepPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3StepPlan, cs3_step_plan_free)

/* Running sums at the end of some use, since the beginning of the simulation. */
typedef struct {
  double end_s; /* c_end of that use */
  double compute_s, wait_s, egress_wait_s, boundary_s;
  double bytes_down, bytes_up;
} Cs3StepTotals;

/** cs3_step_totals_add: @sum += @factor x (@to - @from), member by member. */
void cs3_step_totals_add(Cs3StepTotals *sum, double factor, const Cs3StepTotals *to,
                         const Cs3StepTotals *from);

/** cs3_step_totals_time: one period's totals as the public result. */
void cs3_step_totals_time(const Cs3StepTotals *period, Cs3StepTime *time);

/**
 * cs3_step_simulate_plan: cs3_step_simulate() of a checked schedule.
 * @full: simulate every micro-batch, even when they repeat.
 * @uses_simulated: (out) (optional): uses that the wafer computed in the simulation.
 */
gboolean cs3_step_simulate_plan(const Cs3StepPlan *plan, gboolean full, Cs3StepTime *time,
                                guint64 *uses_simulated, GError **error) G_GNUC_WARN_UNUSED_RESULT;
