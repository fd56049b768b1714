/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activations that leave the wafer: numbers worked out by hand, SimGrid against its oracle on
 * random schedules, what must not change without them. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "fabric/fabric-error.h"
#include "sim/step/step-plan.h"
#include "sim/step/step-platform.h"
#include "sim/step/step-sharing.h"
#include "sim/step/step-simgrid.h"
#include "sim/step/step-trace.h"
#include "tests/unit/step-fixture.h"

#define MS 1e-3

/* Servers as fast as the port, 1 GB/s. */
static Cs3System system_with_servers(gint64 slots, gint64 staged) {
  Cs3System system = simple_system(slots);
  system.activations.servers = 2;
  system.activations.capacity_bytes = 1e15;
  system.activations.link_bits_per_s = 4e9;
  system.activations.staged = staged;
  return system;
}

static Cs3StepTime simulate(const Cs3StepPlan *plan, gboolean full) {
  Cs3StepTime time;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_simulate_plan(plan, full, &time, NULL, &error), "%s",
                error ? error->message : "?");
  return time;
}

/* The times of assert_time() and what activations add to them. */
static void assert_same(const Cs3StepTime *time, const Cs3StepTime *expected) {
  assert_time(time, expected);
  assert_near("activation_wait_s", time->activation_wait_s, expected->activation_wait_s,
              expected->step_s);
  assert_near("activation_bytes", time->activation_bytes, expected->activation_bytes,
              expected->activation_bytes);
}

static void assert_step(const Cs3Schedule *schedule, const Cs3System *system,
                        const Cs3StepTime *expected) {
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_check(schedule, system, &error), "%s", error ? error->message : "?");
  Cs3StepTime time;
  cs3_step_oracle(schedule, system, &time);
  assert_same(&time, expected);
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  for (int full = 0; full < 2; full++) {
    time = simulate(plan, full);
    assert_same(&time, expected);
  }
}

/* Without latencies. */
static Cs3Schedule immediate(const Cs3Use *uses, guint n_uses, Cs3System *system) {
  Cs3Schedule schedule = simple_schedule(uses, n_uses, 3);
  schedule.port_latency_s = system->swarmx.tier_latency_s = system->activations.latency_s = 0;
  return schedule;
}

/* --- worked out by hand ----------------------------------------------------------------------- */

/* 1 ms out and 1 ms back under 4 ms of arithmetic: nobody waits. */
START_TEST(hidden) {
  Cs3Use uses[] = {
      {.compute_cycles = 4e6, .activation_out_bytes = 1e6, .weight_group = -1},
      {.compute_cycles = 4e6, .weight_group = -1},
      {.compute_cycles = 4e6, .activation_in_bytes = 1e6, .weight_group = -1},
  };
  Cs3System system = system_with_servers(2, 2);
  Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 2);
  assert_step(&schedule, &system,
              &(Cs3StepTime){.step_s = 24 * MS,
                             .compute_s = 24 * MS,
                             .bytes_down = 2e6,
                             .bytes_up = 2e6,
                             .activation_bytes = 2e6});
}
END_TEST

/* Sent at 1 ms, gone at 2, at the servers after 3 + 7 us, back 1 ms and 10 us later. */
START_TEST(exposed) {
  Cs3Use uses[] = {
      {.compute_cycles = 1e6, .activation_out_bytes = 1e6, .weight_group = -1},
      {.compute_cycles = 1e6, .activation_in_bytes = 1e6, .weight_group = -1},
  };
  Cs3System system = system_with_servers(2, 2);
  system.activations.latency_s = 7e-6;
  Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 1);
  double wait = 2 * MS + 2 * 10e-6;
  assert_step(&schedule, &system,
              &(Cs3StepTime){.step_s = 2 * MS + wait,
                             .compute_s = 2 * MS,
                             .stream_wait_s = wait,
                             .activation_wait_s = wait,
                             .bytes_down = 1e6,
                             .bytes_up = 1e6,
                             .activation_bytes = 1e6});
}
END_TEST

/* One staging slot: 6 MB of weights start at 10 ms, when the use before ends; 1 MB of activations
 * go out then and come back from 11 ms on, at half the port each, until 13; the weights' last 4 MB
 * need until 17. Backward's 1 ms of arithmetic waits for activations to 13 and for weights to 17.
 * Servers at a quarter of the port: out until 14; back at 0.25 beside weights at 0.75 GB/s, which
 * are through at 16.7, and still at 0.25 GB/s until 18 ms. */
START_TEST(weights_and_activations) {
  Cs3Use uses[] = {
      {.stream_bytes = 1e6,
       .compute_cycles = 10e6,
       .activation_out_bytes = 1e6,
       .weight_group = -1},
      {.stream_bytes = 6e6, .compute_cycles = 1e6, .activation_in_bytes = 1e6, .weight_group = -1},
  };
  static const struct {
    double link, step_ms, activation_ms, wait_ms;
  } cases[] = {{4e9, 17, 3, 6}, {1e9, 19, 8, 8}};
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Cs3System system = system_with_servers(1, 2);
    system.activations.link_bits_per_s = cases[i].link;
    Cs3Schedule schedule = immediate(uses, G_N_ELEMENTS(uses), &system);
    assert_step(&schedule, &system,
                &(Cs3StepTime){.step_s = 3 * cases[i].step_ms * MS,
                               .compute_s = 33 * MS,
                               .stream_wait_s = 3 * cases[i].wait_ms * MS,
                               .activation_wait_s = 3 * cases[i].activation_ms * MS,
                               .bytes_down = 24e6,
                               .bytes_up = 3e6,
                               .activation_bytes = 3e6});
  }
}
END_TEST

/* 2 MB leave from 1 ms on, a gradient of 2 MB from 2 ms on, both at half: activations have left at
 * 4, are back at 6 ms, and the last use ends at 7. */
START_TEST(gradients_and_activations) {
  Cs3Use uses[] = {
      {.compute_cycles = 1e6, .activation_out_bytes = 2e6, .weight_group = -1},
      {.compute_cycles = 1e6, .gradient_bytes = 2e6, .weight_group = -1},
      {.compute_cycles = 1e6, .activation_in_bytes = 2e6, .weight_group = -1},
  };
  Cs3System system = system_with_servers(2, 2);
  Cs3Schedule schedule = immediate(uses, G_N_ELEMENTS(uses), &system);
  assert_step(&schedule, &system,
              &(Cs3StepTime){.step_s = 21 * MS,
                             .compute_s = 9 * MS,
                             .stream_wait_s = 12 * MS,
                             .activation_wait_s = 12 * MS,
                             .bytes_down = 6e6,
                             .bytes_up = 12e6,
                             .activation_bytes = 6e6});
}
END_TEST

/* Two tensors of 4 ms each way. One place: the second use begins when the first tensor has gone, at
 * 5 ms, its own goes until 10 and is back at 14; the first is fetched when that is computed, from
 * 15 to 19: 20 ms. Two places: out 1 to 5 and 5 to 9, back 9 to 13 and 13 to 17: 18 ms. */
START_TEST(places) {
  Cs3Use uses[] = {
      {.compute_cycles = 1e6, .activation_out_bytes = 4e6, .weight_group = -1},
      {.compute_cycles = 1e6, .activation_out_bytes = 4e6, .weight_group = -1},
      {.compute_cycles = 1e6, .activation_in_bytes = 4e6, .weight_group = -1},
      {.compute_cycles = 1e6, .activation_in_bytes = 4e6, .weight_group = -1},
  };
  for (gint64 staged = 1; staged <= 3; staged++) {
    Cs3System system = system_with_servers(2, staged);
    Cs3Schedule schedule = immediate(uses, G_N_ELEMENTS(uses), &system);
    double step = staged == 1 ? 20 : 18;
    assert_step(&schedule, &system,
                &(Cs3StepTime){.step_s = 3 * step * MS,
                               .compute_s = 12 * MS,
                               .stream_wait_s = 3 * (step - 4) * MS,
                               .activation_wait_s = 3 * (step - 4) * MS,
                               .bytes_down = 24e6,
                               .bytes_up = 24e6,
                               .activation_bytes = 24e6});
  }
}
END_TEST

/* --- random schedules ------------------------------------------------------------------------- */

typedef struct {
  Cs3Use uses[12];
  Cs3Schedule schedule;
  Cs3System system;
  GArray *faults;
} Case;

/* Whole milliseconds in half of the cases, so that events coincide. */
static double random_ms(GRand *rand, double max) {
  double ms = g_rand_double_range(rand, 0, max);
  return g_rand_boolean(rand) ? 1e6 * floor(ms) : 1e6 * ms;
}

static void random_use(GRand *rand, Cs3Use *use) {
  *use = (Cs3Use){.compute_cycles = random_ms(rand, 5), .weight_group = -1};
  if (g_rand_int_range(rand, 0, 4) > 0)
    use->stream_bytes = random_ms(rand, 4);
  if (g_rand_boolean(rand))
    use->gradient_bytes = random_ms(rand, 3);
  if (g_rand_int_range(rand, 0, 3) > 0)
    use->weight_group = g_rand_int_range(rand, 0, 3);
  if (use->weight_group >= 0 && g_rand_boolean(rand))
    use->update_params = random_ms(rand, 3);
}

/* What has left comes back, in parts of any size, by the last use. */
static void random_activations(GRand *rand, Cs3Use *uses, int n) {
  double away = 0;
  for (int k = 0; k < n; k++) {
    gboolean last = k == n - 1;
    if (last || g_rand_int_range(rand, 0, 3) == 0)
      uses[k].activation_in_bytes = last || g_rand_boolean(rand) ? away : floor(away / 2);
    away -= uses[k].activation_in_bytes;
    if (!last && g_rand_boolean(rand))
      uses[k].activation_out_bytes = random_ms(rand, 4);
    away += uses[k].activation_out_bytes;
  }
}

static void scale_use(Cs3Use *use, double factor) {
  use->stream_bytes *= factor;
  use->compute_cycles *= factor;
  use->gradient_bytes *= factor;
  use->update_params *= factor;
  use->activation_out_bytes *= factor;
  use->activation_in_bytes *= factor;
}

static void random_cluster(GRand *rand, Case *c) {
  c->schedule.systems = g_rand_boolean(rand) ? 1 : g_rand_int_range(rand, 2, 20);
  for (int n = g_rand_int_range(rand, 0, 3); n > 0; n--) {
    Cs3Fault slow = {.kind = CS3_FAULT_STRAGGLER,
                     .index = g_rand_int_range(rand, 0, (gint32)c->schedule.systems),
                     .share = g_rand_double_range(rand, 0.3, 1)};
    g_array_append_val(c->faults, slow);
  }
  c->schedule.faults = c->faults;
}

/* The case must stay where it is: the schedule points into it. */
static void random_case(Case *c, guint32 seed, int max_micro_batches, double scale,
                        gboolean activations) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(seed);
  int n = g_rand_int_range(rand, 2, G_N_ELEMENTS(c->uses) + 1);
  for (int k = 0; k < n; k++)
    random_use(rand, &c->uses[k]);
  if (activations)
    random_activations(rand, c->uses, n);
  c->uses[0].compute_cycles += 1e6; /* never a step of no time */
  for (int k = 0; k < n; k++)
    scale_use(&c->uses[k], scale);
  c->schedule =
      simple_schedule(c->uses, (guint)n, g_rand_int_range(rand, 1, max_micro_batches + 1));
  c->system = system_with_servers(g_rand_int_range(rand, 1, 6), g_rand_int_range(rand, 1, 5));
  c->system.memoryx.stream_bits_per_s *= g_rand_double_range(rand, 0.4, 1.5);
  c->system.swarmx.link_bits_per_s *= g_rand_double_range(rand, 0.7, 1.5);
  c->system.activations.link_bits_per_s *= g_rand_double_range(rand, 0.1, 1.5);
  c->system.activations.latency_s = g_rand_int_range(rand, 0, 3) * 2e-5;
  c->schedule.port_latency_s = g_rand_int_range(rand, 0, 3) * 3e-5;
  c->faults = g_array_new(FALSE, TRUE, sizeof(Cs3Fault));
  random_cluster(rand, c);
  if (g_rand_int_range(rand, 0, 3) == 0)
    c->system.step.edge_s = scale * random_ms(rand, 4) / 1e9;
}

static void assert_sums(const Case *c, const Cs3StepTime *time) {
  double down = 0, up = 0, away = 0;
  for (guint k = 0; k < c->schedule.n_uses; k++) {
    const Cs3Use *use = &c->uses[k];
    down += ceil(use->stream_bytes) + ceil(use->activation_in_bytes);
    up += ceil(use->gradient_bytes) + ceil(use->activation_out_bytes);
    away += ceil(use->activation_out_bytes);
  }
  double m = (double)c->schedule.micro_batches;
  assert_near("bytes_down", time->bytes_down, m * down, m * down);
  assert_near("bytes_up", time->bytes_up, m * up, m * up);
  assert_near("activation_bytes", time->activation_bytes, m * away, m * away);
  ck_assert(cs3_step_least(&c->schedule, &c->system) <= time->step_s);
  double waits = time->activation_wait_s + time->egress_wait_s;
  ck_assert(time->activation_wait_s >= 0 && waits <= time->stream_wait_s * (1 + 1e-9) + 1e-15);
}

static void oracle_at(const Case *c, double clock, Cs3StepTime *time) {
  Cs3Schedule schedule = c->schedule;
  schedule.clock_hz *= clock;
  cs3_step_oracle(&schedule, &c->system, time);
}

/* How far one part in 1e13 of the clock moves any time of the step: as far, if ports' shares do
 * not repeat from one micro-batch to the next but differ ever more (chaos: by a factor of 1.6 each
 * in some schedules of a few thousand). Rounding then does the same. */
static double spread_of(const Case *c, const Cs3StepTime *oracle) {
  double spread = 0;
  for (int sign = -1; sign <= 1; sign += 2) {
    Cs3StepTime moved;
    oracle_at(c, 1 + sign * 1e-13, &moved);
    const double *x = (const double *)&moved, *y = (const double *)oracle;
    for (gsize i = 0; i < sizeof moved / sizeof *x; i++)
      spread = MAX(spread, fabs(x[i] - y[i]));
  }
  return spread;
}

typedef struct {
  double worst;    /* relative difference of the two */
  guint n_chaotic; /* cases that rounding decides */
} Comparison;

/* Where rounding decides, times are as near as the oracle's own. */
static void compare_times(Comparison *all, const Case *c, guint32 seed,
                          const Cs3StepTime *simulated, const Cs3StepTime *oracle) {
  double spread = spread_of(c, oracle), tolerance = 1e-9 * oracle->step_s;
  double difference = fabs(simulated->step_s - oracle->step_s);
  if (spread <= tolerance / 10) {
    ck_assert_msg(difference <= tolerance, "seed %u: SimGrid %.15g, oracle %.15g", seed,
                  simulated->step_s, oracle->step_s);
    assert_same(simulated, oracle);
    all->worst = MAX(all->worst, difference / oracle->step_s);
    return;
  }
  const double *x = (const double *)simulated, *y = (const double *)oracle;
  for (gsize i = 0; i < sizeof *oracle / sizeof *x; i++)
    ck_assert_msg(fabs(x[i] - y[i]) <= tolerance + 4 * spread,
                  "seed %u, chaotic to %.3g: time %" G_GSIZE_FORMAT ": SimGrid %.15g, oracle %.15g",
                  seed, spread, i, x[i], y[i]);
  all->n_chaotic++;
}

static void compare_case(Comparison *all, guint32 seed, double scale, int mode) {
  Case c;
  random_case(&c, seed, mode == 1 ? 12 : 100, scale, TRUE);
  c.schedule.each = mode == 2 && c.schedule.systems <= 6;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_check(&c.schedule, &c.system, &error), "seed %u: %s", seed,
                error ? error->message : "?");
  Cs3StepTime oracle;
  cs3_step_oracle(&c.schedule, &c.system, &oracle);
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&c.schedule, &c.system);
  Cs3StepTime simulated = simulate(plan, mode == 1);
  compare_times(all, &c, seed, &simulated, &oracle);
  assert_sums(&c, &simulated);
  g_array_unref(c.faults);
}

/* Uses of milliseconds, of microseconds, of hours; shortened, in full, with every wafer. */
START_TEST(random_simulated) {
  static const double scales[] = {1, 1e-2, 1e6};
  guint32 first = fixture_seed();
  guint n = (guint)fixture_cases(240, 3000);
  Comparison all = {0};
  for (guint i = 0; i < n; i++)
    compare_case(&all, first + i, scales[i % G_N_ELEMENTS(scales)], (int)(i / 3 % 4));
  g_print("%u schedules with activations, seeds from %u: SimGrid and oracle differ by %.2g at "
          "most; %u chaotic\n",
          n, first, all.worst, all.n_chaotic);
  ck_assert_uint_le(all.n_chaotic, 1 + n / 50);
}
END_TEST

/* No shortcut at all: 64 iterations, the mean of the last 24, if the 24 before took as long. */
START_TEST(random_iterations) {
  enum { CASES = 60, PART = 24, LAST = CS3_STEP_MAX_ITERATIONS - 1 };
  guint32 first = fixture_seed() + 100000;
  int n_steady = 0;
  for (guint32 seed = first; seed != first + CASES; seed++) {
    Case c;
    random_case(&c, seed, 4, 1, TRUE);
    Cs3StepTime oracle;
    cs3_step_oracle(&c.schedule, &c.system, &oracle);
    g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&c.schedule, &c.system);
    Cs3StepJob job = {.plan = plan, .iterations = CS3_STEP_MAX_ITERATIONS, .spans_fd = -1};
    Cs3StepAnswer answer;
    ck_assert(cs3_step_run_job(&job, &answer, NULL));
    const double *end = answer.end_s;
    double late = end[LAST] - end[LAST - PART], early = end[LAST - PART] - end[LAST - 2 * PART];
    g_array_unref(c.faults);
    if (fabs(late - early) > 1e-11 * end[LAST])
      continue;
    ck_assert_msg(fabs(late / PART - oracle.step_s) <= 1e-9 * oracle.step_s,
                  "seed %u: %.15g a step in %d iterations, oracle %.15g", seed, late / PART,
                  CS3_STEP_MAX_ITERATIONS, oracle.step_s);
    n_steady++;
  }
  ck_assert_int_gt(n_steady, CASES / 2); /* others repeat after 5 or 7, or fill a queue */
}
END_TEST

/* Where nothing shares a port, the lanes give the recurrence's very numbers. */
/* The same sums in another order: all members are doubles. */
static void assert_alike(guint32 seed, const double *x, const double *y, gsize n) {
  for (gsize i = 0; i < n; i++)
    ck_assert_msg(fabs(x[i] - y[i]) <= 1e-12 * (1 + fabs(x[i])),
                  "seed %u, %" G_GSIZE_FORMAT ": %.17g, %.17g", seed, i, x[i], y[i]);
}

START_TEST(lanes_like_the_recurrence) {
  guint32 first = fixture_seed();
  for (guint32 seed = first; seed != first + 200; seed++) {
    Case c;
    random_case(&c, seed, 20, 1, FALSE);
    g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&c.schedule, &c.system);
    Cs3StepTime recurrence, lanes;
    cs3_step_oracle(&c.schedule, &c.system, &recurrence);
    g_array_unref(c.faults);
    if (plan->n_streams + plan->n_gradients == 0)
      continue;
    Cs3StepTotals period;
    cs3_step_sharing(plan, &period);
    cs3_step_totals_time(&period, &lanes);
    assert_alike(seed, (const double *)&recurrence, (const double *)&lanes,
                 sizeof lanes / sizeof(double));
  }
}
END_TEST

/* --- what activations must not touch, and what they show ----------------------------------------
 */

START_TEST(no_traffic_no_change) {
  Model model;
  model_init(&model, 3);
  Cs3System with = system_with_servers(2, 1);
  with.memoryx = model.system.memoryx;
  with.swarmx = model.system.swarmx;
  Cs3StepTime times[2];
  ck_assert(cs3_step_simulate(&model.schedule, &model.system, &times[0], NULL));
  ck_assert(cs3_step_simulate(&model.schedule, &with, &times[1], NULL));
  ck_assert_mem_eq(&times[0], &times[1], sizeof times[0]);
  g_autoptr(GPtrArray) files = cs3_step_platform(&model.schedule, &with, "p.xml");
  const Cs3StepFile *platform = files->pdata[0];
  ck_assert_ptr_null(strstr(platform->text, "servers"));
}
END_TEST

/* Every block of a model of 32 layers sends its input away. */
static void send_inputs(Model *model, double bytes) {
  guint last = G_N_ELEMENTS(model->uses) - 1;
  for (guint k = 0; k < last / 2; k += 8) {
    model->uses[k].activation_out_bytes = bytes;
    model->uses[last - k].activation_in_bytes = bytes;
  }
}

/* 100,000 micro-batches cost no more than some dozens. */
START_TEST(many_micro_batches) {
  Model model;
  model_init(&model, 100000);
  send_inputs(&model, 1e8);
  model.system.activations = system_with_servers(2, 2).activations;
  model.system.activations.link_bits_per_s = 1.2e12;
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&model.schedule, &model.system);
  Cs3StepTime time;
  guint64 uses = 0;
  ck_assert(cs3_step_simulate_plan(plan, FALSE, &time, &uses, NULL));
  ck_assert_uint_lt(uses, 30 * G_N_ELEMENTS(model.uses));
  assert_near("sent", time.activation_bytes, 32 * 1e13, 32 * 1e13);
}
END_TEST

/* Lanes do one thing at a time, what is sent comes back, and wafers fill their time. */
START_TEST(trace_has_lanes) {
  Model model;
  model_init(&model, 2);
  send_inputs(&model, 4e8);
  model.system.activations = system_with_servers(2, 2).activations;
  model.system.activations.link_bits_per_s = 1e12;
  model.schedule.systems = 4;
  Cs3Fault slow = {.kind = CS3_FAULT_STRAGGLER, .index = 2, .share = 0.5};
  g_autoptr(GArray) faults = g_array_new(FALSE, TRUE, sizeof(Cs3Fault));
  g_array_append_val(faults, slow);
  model.schedule.faults = faults;
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3StepTrace) trace = cs3_step_trace(&model.schedule, &model.system, &error);
  ck_assert_msg(trace != NULL, "%s", error ? error->message : "?");
  double ends[CS3_N_SPANS][2] = {{0}};
  guint counts[CS3_N_SPANS] = {0};
  for (guint i = 0; i < trace->spans->len; i++) {
    const Cs3Span *span = &g_array_index(trace->spans, Cs3Span, i);
    double *end = &ends[span->kind][span->wafer_class];
    ck_assert(span->begin_s >= *end - 1e-12);
    *end = span->end_s;
    counts[span->kind]++;
  }
  ck_assert_uint_eq(counts[CS3_SPAN_SEND], counts[CS3_SPAN_FETCH]);
  ck_assert_uint_eq(counts[CS3_SPAN_SEND], 2 * 2 * 32);
  json_t *events = cs3_step_trace_events(trace, NULL);
  g_autofree char *text = json_dumps(events, 0);
  ck_assert_ptr_nonnull(strstr(text, "class 1: activations in"));
  json_decref(events);
}
END_TEST

/* --- input -------------------------------------------------------------------------------------
 */

typedef struct {
  const char *names;
  void (*spoil)(Cs3Use *uses, Cs3System *system);
  gboolean too_large;
} BadInput;

#define SPOIL(name, assignment)                                                                    \
  static void name(Cs3Use *uses, Cs3System *system) {                                              \
    assignment;                                                                                    \
  }
SPOIL(negative_out, uses[0].activation_out_bytes = -1)
SPOIL(nan_in, uses[1].activation_in_bytes = NAN)
SPOIL(before_sent, uses[0].activation_in_bytes = 1)
SPOIL(too_much, uses[1].activation_in_bytes = 1001)
SPOIL(too_little, uses[1].activation_in_bytes = 999)
SPOIL(no_server, system->activations.servers = 0)
SPOIL(nothing_staged, system->activations.staged = 0)
SPOIL(no_rate, system->activations.link_bits_per_s = 0)
SPOIL(nan_latency, system->activations.latency_s = NAN)
SPOIL(too_small, system->activations.capacity_bytes = 499)

static const BadInput bad_inputs[] = {
    {"use 0: activation_out_bytes is -1", negative_out, FALSE},
    {"use 1: activation_in_bytes is nan", nan_in, FALSE},
    {"use 0: 1 bytes of activations fetched up to here, but 0 sent", before_sent, FALSE},
    {"use 1: 1001 bytes of activations fetched up to here, but 1000 sent", too_much, FALSE},
    {"1000 bytes of activations are sent away in a micro-batch, but 999 fetched", too_little,
     FALSE},
    {"activations.servers: 0", no_server, FALSE},
    {"activations.staged: 0", nothing_staged, FALSE},
    {"activations link rate: 0", no_rate, FALSE},
    {"activations latency: nan", nan_latency, FALSE},
    {"do not fit the activation servers: 2e-09 GB lack", too_small, TRUE},
};

START_TEST(bad_input) {
  const BadInput *bad = &bad_inputs[_i];
  Cs3Use uses[] = {
      {.compute_cycles = 1, .activation_out_bytes = 1000, .weight_group = -1},
      {.compute_cycles = 1, .activation_in_bytes = 1000, .weight_group = -1},
  };
  Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 1);
  Cs3System system = system_with_servers(2, 2);
  Cs3StepTime time;
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_step_check(&schedule, &system, &error));
  bad->spoil(uses, &system);
  ck_assert(!cs3_step_simulate(&schedule, &system, &time, &error));
  if (bad->too_large)
    fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE, bad->names);
  else
    fixture_error_in(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID, bad->names);
}
END_TEST

static Suite *activations_suite(void) {
  Suite *suite = suite_create("activations");
  TCase *by_hand = tcase_create("by-hand");
  tcase_add_test(by_hand, hidden);
  tcase_add_test(by_hand, exposed);
  tcase_add_test(by_hand, weights_and_activations);
  tcase_add_test(by_hand, gradients_and_activations);
  tcase_add_test(by_hand, places);
  tcase_add_test(by_hand, no_traffic_no_change);
  tcase_add_test(by_hand, many_micro_batches);
  tcase_add_test(by_hand, trace_has_lanes);
  suite_add_tcase(suite, by_hand);
  TCase *random = tcase_create("random");
  tcase_set_timeout(random, 600);
  tcase_add_test(random, random_simulated);
  tcase_add_test(random, random_iterations);
  tcase_add_test(random, lanes_like_the_recurrence);
  suite_add_tcase(suite, random);
  TCase *input = tcase_create("input");
  tcase_add_loop_test(input, bad_input, 0, G_N_ELEMENTS(bad_inputs));
  suite_add_tcase(suite, input);
  return suite;
}

int main(void) {
  return fixture_run(activations_suite());
}
