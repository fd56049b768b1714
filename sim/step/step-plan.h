/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c and its tests: a schedule with its durations worked out, and the cluster
 * that it runs on. */
#pragma once

#include "sim/step/step.h"

#define CS3_STEP_MAX_ITERATIONS 64

/* Sums of bytes that differ by less than this share are equal. */
#define CS3_STEP_ROUNDING 1e-9

typedef struct {
  Cs3Use use;
  double stream_s, work_s, gradient_s, update_s; /* durations without contention */
  gint32 group;                                  /* index into the plan's groups, -1: none */
  gboolean streamed;                             /* takes a staging slot for weights */
  gboolean sends; /* takes a staging slot for a gradient (of 0 bytes, if it only updates) */
  gboolean leaves, returns; /* activations do when it ends, before it begins */
  guint after; /* returns: how many of the micro-batch's outs must have reached the servers */
} Cs3PlanUse;

/* Wafers that behave alike. The first class has no fault, unless all have. */
typedef struct {
  gint64 first;   /* index of its first system */
  gint64 systems; /* how many */
  double speed;   /* share of the clock */
} Cs3PlanClass;

/* A link of the tree that is not as the others of its tier. */
typedef struct {
  guint tier;
  gint64 index;
  double share;   /* of the rate that is left for good */
  GArray *faults; /* (element-type Cs3Fault) with a time */
} Cs3PlanLink;

typedef struct {
  Cs3PlanUse *uses;
  guint n_uses, n_streams, n_gradients, n_groups;
  guint n_outs, n_ins; /* of activations; both 0 or none */
  guint *streams, *sums, *outs,
      *ins;               /* uses that stream, send a gradient, send, fetch activations */
  guint *group_gradients; /* by group: gradients per micro-batch that its update needs */
  guint first_streamed;   /* index of the first streamed use; n_uses: none */
  gint64 micro_batches;
  gsize prefetch, staged;
  guint repeats;               /* states in a row that must come back: see cs3_step_history_lag() */
  double latency_s, retry_s;   /* latency: one way */
  double activation_latency_s; /* wafer to activation servers, one way */
  double edge_s; /* from one iteration to the next, when all is done; 0: they overlap */
  double clock_hz, optimizer_params_per_s;
  double port_bytes_per_s, memoryx_bytes_per_s;
  double servers_bytes_per_s; /* of a wafer's activation servers */
  double bytes_per_s;         /* of a tensor alone on its way, without faults that have a time */
  Cs3Tree tree;
  guint tiers;
  double tier_bytes_per_s[CS3_TREE_MAX_TIERS + 1]; /* by tier, from 1 */
  gboolean each;                                   /* every wafer on its own */
  gboolean every_link;  /* every link on its own: a flow then costs SimGrid their square */
  GArray *classes;      /* of Cs3PlanClass */
  GArray *links;        /* of Cs3PlanLink: with faults */
  GArray *traffic;      /* of Cs3Fault */
  double faults_from_s; /* simulated time that the faults' times count from */
} Cs3StepPlan;

/** cs3_step_plan_new: (transfer full): @schedule and @system must pass cs3_step_check(). Faults
 * with a time are in links and traffic; a steady-state run must not have them. */
Cs3StepPlan *cs3_step_plan_new(const Cs3Schedule *schedule, const Cs3System *system);
void cs3_step_plan_free(Cs3StepPlan *plan);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3StepPlan, cs3_step_plan_free)

/** cs3_step_plan_steady: drop what only happens at some time. */
void cs3_step_plan_steady(Cs3StepPlan *plan);

/**
 * cs3_step_plan_piece: how many of @bytes to send in one go at @now_s. SimGrid bounds a flow by the
 * slowest link at its beginning, for good; a transfer that begins on a link that is slow for a time
 * therefore comes in two pieces, the second from the end of that time on.
 */
double cs3_step_plan_piece(const Cs3StepPlan *plan, double now_s, double bytes);

/**
 * cs3_step_plan_room: when a wafer has room for out number @n, counted over all micro-batches.
 * @left: by out of a micro-batch: when it had gone. Those of earlier micro-batches have.
 */
static inline double cs3_step_plan_room(const Cs3StepPlan *plan, const double *left, guint64 n) {
  guint64 o = n % plan->n_outs;
  return o < plan->staged ? -G_MAXDOUBLE : left[o - plan->staged];
}

/* One use on one wafer: c_end of the use before, weights there, activations back and room for those
 * that leave, room for a gradient, all computed, c_end. */
typedef struct {
  double last_s, fed_s, away_s, begin_s, worked_s, end_s;
} Cs3UseTimes;

/* What a use waits for; only what it needs is read. */
typedef struct {
  double last_s;             /* c_end of the use before */
  double first_s, arrived_s; /* the first and the last of its weights reach the wafer */
  double room_s;             /* there is room for its gradient */
  double back_s;             /* its activations are back */
  double away_s;             /* there is room for those that it sends away */
} Cs3UseInputs;

/** cs3_plan_use_times: the equations of c_start and c_end in step.h. @speed: share of the clock. */
Cs3UseTimes cs3_plan_use_times(const Cs3PlanUse *use, double speed, const Cs3UseInputs *in);

/* Running sums at the end of some use, since the beginning of the simulation. */
typedef struct {
  double end_s; /* c_end of that use */
  double compute_s, wait_s, egress_wait_s, activation_wait_s, boundary_s, edge_s;
  double bytes_down, bytes_up, activation_bytes;
} Cs3StepTotals;

/** cs3_step_totals_use: add a use. @boundary: it is the first streamed one of an iteration. */
void cs3_step_totals_use(Cs3StepTotals *totals, const Cs3PlanUse *use, const Cs3UseTimes *times,
                         gboolean boundary);

/** cs3_step_totals_edge: the wafer passes the edge of an iteration that ended at @closed_s, for all
 * wafers and updates; it is at its c_end of the iteration. */
void cs3_step_totals_edge(Cs3StepTotals *totals, const Cs3StepPlan *plan, double closed_s);

/** cs3_step_totals_add: @sum += @factor x (@to - @from), member by member. */
void cs3_step_totals_add(Cs3StepTotals *sum, double factor, const Cs3StepTotals *to,
                         const Cs3StepTotals *from);

/** cs3_step_totals_time: one period's totals as the public result. */
void cs3_step_totals_time(const Cs3StepTotals *period, Cs3StepTime *time);

/**
 * cs3_step_simulate_plan: cs3_step_simulate() of a checked schedule.
 * @full: simulate every micro-batch, even when they repeat.
 * @uses_simulated: (out) (optional): uses that the first wafer computed in the simulation.
 */
gboolean cs3_step_simulate_plan(const Cs3StepPlan *plan, gboolean full, Cs3StepTime *time,
                                guint64 *uses_simulated, GError **error) G_GNUC_WARN_UNUSED_RESULT;
