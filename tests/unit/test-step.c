/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step against numbers worked out by hand, and its two implementations against
 * each other. */
#include "config.h"

#include <math.h>

#include "sim/step/step-plan.h"
#include "tests/unit/step-fixture.h"

#define MS 1e-3
/* The port's 3 us and one tier of 2 us. */
#define LATENCY_S (5e-6)

/* Every hand-computed case holds for the recurrence, for SimGrid, and for SimGrid without leaving
 * out micro-batches that repeat. */
static void assert_step(const Cs3Schedule *schedule, const Cs3System *system,
                        const Cs3StepTime *expected) {
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_check(schedule, system, &error), "%s", error ? error->message : "?");
  Cs3StepTime time;
  cs3_step_oracle(schedule, system, &time);
  assert_time(&time, expected);
  ck_assert_msg(cs3_step_simulate(schedule, system, &time, &error), "%s",
                error ? error->message : "?");
  assert_time(&time, expected);
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  ck_assert_msg(cs3_step_simulate_plan(plan, TRUE, &time, NULL, &error), "%s",
                error ? error->message : "?");
  assert_time(&time, expected);
}

/* One use, 1 ms of stream and 4 ms of arithmetic. Two slots: the next stream comes under the
 * arithmetic, 4 ms. One slot: it may start only when the arithmetic ends, and its first weights
 * need 5 us to arrive. */
START_TEST(compute_bound) {
  Cs3Use use = {.stream_bytes = 1e6, .compute_cycles = 4e6, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 1);
  Cs3System two = simple_system(2), one = simple_system(1);
  assert_step(&schedule, &two,
              &(Cs3StepTime){.step_s = 4 * MS, .compute_s = 4 * MS, .bytes_down = 1e6});
  assert_step(&schedule, &one,
              &(Cs3StepTime){.step_s = 4 * MS + LATENCY_S,
                             .compute_s = 4 * MS,
                             .boundary_s = LATENCY_S,
                             .bytes_down = 1e6});
}
END_TEST

/* 4 ms of stream, 1 ms of arithmetic, which starts with the first weights and stalls for the last:
 * 3 ms. One slot adds the latency to each use; in the first of 10 micro-batches it is boundary. */
START_TEST(stream_bound) {
  Cs3Use use = {.stream_bytes = 4e6, .compute_cycles = 1e6, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 10);
  Cs3System two = simple_system(2), one = simple_system(1);
  assert_step(
      &schedule, &two,
      &(Cs3StepTime){
          .step_s = 40 * MS, .compute_s = 10 * MS, .stream_wait_s = 30 * MS, .bytes_down = 4e7});
  assert_step(&schedule, &one,
              &(Cs3StepTime){.step_s = 40 * MS + 10 * LATENCY_S,
                             .compute_s = 10 * MS,
                             .stream_wait_s = 30 * MS + 9 * LATENCY_S,
                             .boundary_s = LATENCY_S,
                             .bytes_down = 4e7});
}
END_TEST

/* The slowest of MemoryX, link and port sets the rate: 2 MB at 0.5 GB/s take 4 ms. */
START_TEST(slowest_link) {
  Cs3Use use = {.stream_bytes = 2e6, .compute_cycles = 1e6, .weight_group = -1};
  Cs3StepTime expected = {
      .step_s = 4 * MS, .compute_s = 1 * MS, .stream_wait_s = 3 * MS, .bytes_down = 2e6};
  for (int slow = 0; slow < 3; slow++) {
    Cs3Schedule schedule = simple_schedule(&use, 1, 1);
    Cs3System system = simple_system(2);
    double *rates[] = {&schedule.port_bytes_per_s, &system.swarmx.link_bits_per_s,
                       &system.memoryx.stream_bits_per_s};
    *rates[slow] /= 2;
    assert_step(&schedule, &system, &expected);
  }
}
END_TEST

/* A: 3 ms of stream, 1 ms of arithmetic. B: 1 ms, 3 ms.
 * One slot: A takes 5 us + 3 ms (stalls 2 ms), B 5 us + 3 ms: 6.01 ms.
 * Two slots: A's stream runs under B's arithmetic from 0.995 to 3.995 ms, its last weights arrive
 * at 4 ms, just when A's arithmetic, 3 to 4 ms, ends: 4 ms and no wait. */
START_TEST(prefetch_depth) {
  Cs3Use uses[] = {
      {.stream_bytes = 3e6, .compute_cycles = 1e6, .weight_group = -1},
      {.stream_bytes = 1e6, .compute_cycles = 3e6, .weight_group = -1},
  };
  Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 1);
  Cs3System two = simple_system(2), one = simple_system(1);
  assert_step(&schedule, &one,
              &(Cs3StepTime){.step_s = 6 * MS + 2 * LATENCY_S,
                             .compute_s = 4 * MS,
                             .stream_wait_s = 2 * MS + LATENCY_S,
                             .boundary_s = LATENCY_S,
                             .bytes_down = 4e6});
  assert_step(&schedule, &two,
              &(Cs3StepTime){.step_s = 4 * MS, .compute_s = 4 * MS, .bytes_down = 4e6});
}
END_TEST

/* A use that streams nothing takes no slot: with one slot, A's next stream (1 ms) runs under the
 * 5 ms of B. */
START_TEST(streamless_use) {
  Cs3Use uses[] = {
      {.stream_bytes = 1e6, .compute_cycles = 1e6, .weight_group = -1},
      {.compute_cycles = 5e6, .weight_group = -1},
  };
  Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 3);
  Cs3System one = simple_system(1);
  assert_step(&schedule, &one,
              &(Cs3StepTime){.step_s = 18 * MS, .compute_s = 18 * MS, .bytes_down = 3e6});
}
END_TEST

/* Forward 2 ms, backward 2 ms, 0.5 ms of gradient, 0.3 ms of update, both on weight group 7.
 *   c_end(backward) = 0; gradient out 0.5; at MemoryX 0.505; updated 0.805; forward's stream
 * begins; first weights 0.81 ms. So 4.81 ms a step, 3 x 4 + 0.81 ms with three micro-batches. */
START_TEST(boundary) {
  Cs3Use uses[] = {
      {.stream_bytes = 1e6, .compute_cycles = 2e6, .weight_group = 7},
      {.stream_bytes = 1e6,
       .compute_cycles = 2e6,
       .gradient_bytes = 5e5,
       .update_params = 3e5,
       .weight_group = 7},
  };
  Cs3System system = simple_system(2);
  double exposed = 0.5 * MS + LATENCY_S + 0.3 * MS + LATENCY_S;
  for (gint64 m = 1; m <= 3; m += 2) {
    Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), m);
    assert_step(&schedule, &system,
                &(Cs3StepTime){.step_s = 4 * MS * m + exposed,
                               .compute_s = 4 * MS * m,
                               .boundary_s = exposed,
                               .bytes_down = 2e6 * m,
                               .bytes_up = 5e5 * m});
  }
}
END_TEST

/* Two gradients for one group (tied weights). Forward ends 1 ms after its first weights; the
 * backward uses end at 2 and 3 ms; gradients out at 2.5 and 3.5; updated at 2.705 and 3.705: the
 * second counts. Next first weights at 3.71 ms, so 0.71 ms exposed. The early group, 1, is no
 * hindrance. */
START_TEST(shared_group) {
  Cs3Use uses[] = {
      {.stream_bytes = 1e6, .compute_cycles = 1e6, .weight_group = 0},
      {.compute_cycles = 1e6, .gradient_bytes = 5e5, .update_params = 2e5, .weight_group = 0},
      {.compute_cycles = 1e6, .gradient_bytes = 5e5, .update_params = 2e5, .weight_group = 0},
  };
  Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 1);
  Cs3System system = simple_system(2);
  double exposed = 0.5 * MS + LATENCY_S + 0.2 * MS + LATENCY_S;
  assert_step(&schedule, &system,
              &(Cs3StepTime){.step_s = 3 * MS + exposed,
                             .compute_s = 3 * MS,
                             .boundary_s = exposed,
                             .bytes_down = 1e6,
                             .bytes_up = 1e6});
  /* The last gradient now belongs to a group that nobody streams: 2.705 + 0.005 ms is before the
   * end of the arithmetic, 3 ms. */
  uses[2].weight_group = 1;
  assert_step(
      &schedule, &system,
      &(Cs3StepTime){.step_s = 3 * MS, .compute_s = 3 * MS, .bytes_down = 1e6, .bytes_up = 1e6});
}
END_TEST

/* A slow optimizer is a queue: 2 groups x 4 ms after 1 ms of arithmetic each. Group 1 comes first
 * in backward, group 0 waits in MemoryX: backward ends at 0; group 1's gradient arrived at -1 +
 * 0.105, updated at 3.105; group 0's at 7.105; first weights at 7.11 ms. */
START_TEST(slow_optimizer) {
  Cs3Use uses[] = {
      {.stream_bytes = 1e5, .compute_cycles = 1e6, .weight_group = 0},
      {.stream_bytes = 1e5, .compute_cycles = 1e6, .weight_group = 1},
      {.compute_cycles = 1e6, .gradient_bytes = 1e5, .update_params = 4e6, .weight_group = 1},
      {.compute_cycles = 1e6, .gradient_bytes = 1e5, .update_params = 4e6, .weight_group = 0},
  };
  Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 2);
  Cs3System system = simple_system(2);
  double exposed = -1 * MS + 0.1 * MS + LATENCY_S + 8 * MS + LATENCY_S;
  assert_step(&schedule, &system,
              &(Cs3StepTime){.step_s = 8 * MS + exposed,
                             .compute_s = 8 * MS,
                             .boundary_s = exposed,
                             .bytes_down = 4e5,
                             .bytes_up = 4e5});
}
END_TEST

/* 4 ms of gradient per 1 ms of arithmetic: once the P places in front of the port are taken, the
 * wafer works at the port's pace. Nothing is streamed, so there is no boundary. */
START_TEST(egress_bound) {
  Cs3Use use = {.compute_cycles = 1e6, .gradient_bytes = 4e6, .weight_group = -1};
  for (gint64 places = 1; places <= 4; places++) {
    Cs3Schedule schedule = simple_schedule(&use, 1, 5);
    Cs3System system = simple_system(places);
    double period = places == 1 ? 5 : 4; /* one place: send, then compute, in turn */
    assert_step(&schedule, &system,
                &(Cs3StepTime){.step_s = 5 * period * MS,
                               .compute_s = 5 * MS,
                               .stream_wait_s = 5 * (period - 1) * MS,
                               .egress_wait_s = 5 * (period - 1) * MS,
                               .bytes_up = 2e7});
  }
}
END_TEST

/* Forward and backward of one layer: 1 ms of weights, 2 and 4 ms of arithmetic, 1 ms of gradient, 1
 * ms of update. Three micro-batches, the first weights are the last to be updated. */
START_TEST(edge) {
  static const Cs3Use uses[] = {
      {.stream_bytes = 1e6, .compute_cycles = 2e6},
      {.stream_bytes = 1e6, .compute_cycles = 4e6, .gradient_bytes = 1e6, .update_params = 1e6},
  };
  for (int ms = 0; ms <= 20; ms += 10) {
    Cs3Schedule schedule = simple_schedule(uses, G_N_ELEMENTS(uses), 3);
    Cs3System system = simple_system(2);
    system.step.edge_s = ms * MS;
    double exposed = 2 * MS + 2 * LATENCY_S; /* gradient, tree, update, tree */
    assert_step(&schedule, &system,
                &(Cs3StepTime){.step_s = 18 * MS + exposed + ms * MS,
                               .compute_s = 18 * MS,
                               .boundary_s = exposed,
                               .edge_s = ms * MS,
                               .bytes_down = 6e6,
                               .bytes_up = 3e6});
  }
}
END_TEST

/* --- random schedules ----------------------------------------------------------------------- */

typedef struct {
  Cs3Use uses[12];
  Cs3Schedule schedule;
  Cs3System system;
} Case;

/* Whole milliseconds in half of the cases, so that events coincide. */
static double random_ms(GRand *rand, double max) {
  double ms = g_rand_double_range(rand, 0, max);
  return g_rand_boolean(rand) ? 1e6 * floor(ms) : 1e6 * ms;
}

static void random_use(GRand *rand, Cs3Use *use, int n_groups) {
  *use = (Cs3Use){.compute_cycles = random_ms(rand, 5), .weight_group = -1};
  if (g_rand_int_range(rand, 0, 4) > 0)
    use->stream_bytes = random_ms(rand, 5);
  if (n_groups > 0 && g_rand_int_range(rand, 0, 3) > 0)
    use->weight_group = g_rand_int_range(rand, 0, n_groups) * 1000;
  if (g_rand_boolean(rand))
    use->gradient_bytes = random_ms(rand, 3);
  if (use->weight_group >= 0 && g_rand_boolean(rand))
    use->update_params = random_ms(rand, 3);
}

static void scale_use(Cs3Use *use, double factor) {
  use->stream_bytes *= factor;
  use->compute_cycles *= factor;
  use->gradient_bytes *= factor;
  use->update_params *= factor;
}

/* The case must stay where it is: the schedule points into it. */
static void random_case(Case *c, guint32 seed, int max_micro_batches, double scale) {
  GRand *rand = g_rand_new_with_seed(seed);
  int n_uses = g_rand_int_range(rand, 1, G_N_ELEMENTS(c->uses) + 1);
  int n_groups = g_rand_int_range(rand, 0, 4);
  for (int k = 0; k < n_uses; k++)
    random_use(rand, &c->uses[k], n_groups);
  c->uses[0].compute_cycles += 1e6; /* never a step of no time */
  for (int k = 0; k < n_uses; k++)
    scale_use(&c->uses[k], scale);
  c->schedule =
      simple_schedule(c->uses, (guint)n_uses, g_rand_int_range(rand, 1, max_micro_batches + 1));
  c->system = simple_system(g_rand_int_range(rand, 1, 6));
  c->system.memoryx.stream_bits_per_s *= g_rand_double_range(rand, 0.7, 1.5);
  c->system.swarmx.link_bits_per_s *= g_rand_double_range(rand, 0.7, 1.5);
  c->schedule.port_latency_s = g_rand_int_range(rand, 0, 3) * 3e-5;
  if (g_rand_int_range(rand, 0, 3) == 0)
    c->system.step.edge_s = scale * random_ms(rand, 4) / 1e9;
  g_rand_free(rand);
}

/* The equations of step.h with every time kept, nothing clever. */
typedef struct {
  GArray *s_taken, *g_end; /* c_end of each streamed use; g_end of each gradient */
  double s_end, c_end, u_end, g_last;
  double updated[16], updating[16];
} Naive;

static double entry(const GArray *times, guint back) {
  return times->len < back ? 0 : g_array_index(times, double, times->len - back);
}

static void naive_use(Naive *n, const Case *c, const Cs3Use *use, gboolean last) {
  const Cs3System *system = &c->system;
  double rate = fmin(c->schedule.port_bytes_per_s,
                     fmin(system->memoryx.stream_bits_per_s, system->swarmx.link_bits_per_s) / 8);
  double latency = c->schedule.port_latency_s + system->swarmx.tier_latency_s;
  guint slots = (guint)system->swarmx.prefetch;
  int group = use->weight_group / 1000;
  double begin = n->c_end;
  if (use->stream_bytes > 0) {
    double start = fmax(n->s_end, entry(n->s_taken, slots));
    start = fmax(start, use->weight_group >= 0 ? n->updated[group] : 0);
    n->s_end = start + ceil(use->stream_bytes) / rate;
    begin = fmax(begin, start + latency);
  }
  gboolean sends = use->gradient_bytes > 0 || use->update_params > 0;
  begin = fmax(begin, sends ? entry(n->g_end, slots) : 0);
  n->c_end = begin + use->compute_cycles / c->schedule.clock_hz;
  if (use->stream_bytes > 0) {
    n->c_end = fmax(n->c_end, n->s_end + latency);
    g_array_append_val(n->s_taken, n->c_end);
  }
  if (!sends)
    return;
  n->g_last = fmax(n->g_last, n->c_end) + ceil(use->gradient_bytes) / rate;
  g_array_append_val(n->g_end, n->g_last);
  if (!last)
    return;
  n->u_end = fmax(n->u_end, n->g_last + latency) +
             use->update_params / system->memoryx.optimizer_params_per_s[CS3_OPTIMIZER_ADAM];
  if (use->weight_group >= 0)
    n->updating[group] = n->u_end;
}

static void naive_edge(Naive *n, double edge_s) {
  if (edge_s == 0)
    return;
  n->c_end = fmax(n->c_end, n->u_end) + edge_s;
  n->s_end = fmax(n->s_end, n->c_end);
}

static void naive_iterations(Naive *n, const Case *c, int count) {
  for (int i = 0; i < count; i++) {
    naive_edge(n, c->system.step.edge_s);
    for (gint64 m = 0; m < c->schedule.micro_batches; m++) {
      for (guint k = 0; k < c->schedule.n_uses; k++)
        naive_use(n, c, &c->uses[k], m == c->schedule.micro_batches - 1);
    }
    memcpy(n->updated, n->updating, sizeof n->updated);
  }
}

/* The mean period of 60 iterations (a multiple of 1 to 6); NAN if the 60 before were different: a
 * queue that fills by one part in 10,000 an iteration takes longer than that. */
static double naive_step(const Case *c) {
  enum { WARM = 40, MEASURED = 60 };
  Naive n = {.s_taken = g_array_new(FALSE, FALSE, sizeof(double)),
             .g_end = g_array_new(FALSE, FALSE, sizeof(double))};
  naive_iterations(&n, c, WARM);
  double begin = n.c_end;
  naive_iterations(&n, c, MEASURED);
  double middle = n.c_end;
  naive_iterations(&n, c, MEASURED);
  double end = n.c_end;
  g_array_unref(n.s_taken);
  g_array_unref(n.g_end);
  gboolean steady = fabs((end - middle) - (middle - begin)) <= 1e-11 * end;
  return steady ? (end - middle) / MEASURED : NAN;
}

static void assert_sums(const Case *c, const Cs3StepTime *time) {
  double down = 0, up = 0, cycles = 0;
  for (guint k = 0; k < c->schedule.n_uses; k++) {
    down += ceil(c->uses[k].stream_bytes);
    up += ceil(c->uses[k].gradient_bytes);
    cycles += c->uses[k].compute_cycles;
  }
  double m = (double)c->schedule.micro_batches;
  assert_near("bytes_down", time->bytes_down, m * down, m * down);
  assert_near("bytes_up", time->bytes_up, m * up, m * up);
  assert_near("compute_s", time->compute_s, m * cycles / c->schedule.clock_hz, time->step_s);
  ck_assert(time->egress_wait_s <= time->stream_wait_s * (1 + 1e-9));
  ck_assert(cs3_step_least(&c->schedule, &c->system) <= time->step_s);
  ck_assert(time->egress_wait_s >= 0 && time->boundary_s >= 0);
}

START_TEST(random_against_naive) {
  enum { CASES = 500 };
  guint32 first = fixture_seed();
  int n_steady = 0;
  for (guint32 seed = first; seed != first + CASES; seed++) {
    g_autofree char *what = g_strdup_printf("step of seed %u", seed);
    Case c;
    random_case(&c, seed, 20, 1);
    Cs3StepTime time;
    cs3_step_oracle(&c.schedule, &c.system, &time);
    assert_sums(&c, &time);
    double expected = naive_step(&c);
    if (isnan(expected))
      continue;
    assert_near(what, time.step_s, expected, expected);
    n_steady++;
  }
  ck_assert_int_gt(n_steady, CASES * 98 / 100);
}
END_TEST

/* What goes on over an iteration's end is all that an edge may cost beyond itself, and once. */
START_TEST(edges_add) {
  guint32 first = fixture_seed();
  for (guint32 seed = first; seed != first + 500; seed++) {
    Case c;
    random_case(&c, seed, 20, 1);
    Cs3StepTime times[3];
    for (int i = 0; i < 3; i++) {
      c.system.step.edge_s = i * 7 * MS;
      cs3_step_oracle(&c.schedule, &c.system, &times[i]);
      ck_assert_double_eq_tol(times[i].edge_s, i * 7 * MS, 1e-12);
      ck_assert(cs3_step_least(&c.schedule, &c.system) <= times[i].step_s);
    }
    g_autofree char *what = g_strdup_printf("step of seed %u with twice the edge", seed);
    ck_assert_msg(times[1].step_s >= times[0].step_s + 7 * MS - 1e-9 * times[0].step_s, "seed %u",
                  seed);
    assert_near(what, times[2].step_s, times[1].step_s + 7 * MS, times[1].step_s);
  }
}
END_TEST

static void simulate_case(guint32 seed, int max_micro_batches, double scale, gboolean full) {
  Case c;
  random_case(&c, seed, max_micro_batches, scale);
  ck_assert_msg(cs3_step_check(&c.schedule, &c.system, NULL), "seed %u", seed);
  Cs3StepTime oracle, simulated;
  cs3_step_oracle(&c.schedule, &c.system, &oracle);
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&c.schedule, &c.system);
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_simulate_plan(plan, full, &simulated, NULL, &error), "seed %u: %s", seed,
                error ? error->message : "?");
  ck_assert_msg(fabs(simulated.step_s - oracle.step_s) <= 1e-9 * oracle.step_s,
                "seed %u, scale %g, full %d: SimGrid %.15g, oracle %.15g", seed, scale, full,
                simulated.step_s, oracle.step_s);
  assert_time(&simulated, &oracle);
  assert_sums(&c, &simulated);
}

/* Uses of milliseconds, of microseconds (where latency and clock resolution count), of hours. */
START_TEST(random_simulated) {
  static const double scales[] = {1, 1e-2, 1e6};
  guint32 first = fixture_seed();
  for (guint i = 0; i < 240; i++)
    simulate_case(first + i, 200, scales[i % G_N_ELEMENTS(scales)], FALSE);
}
END_TEST

START_TEST(random_simulated_in_full) {
  guint32 first = fixture_seed();
  for (guint i = 0; i < 40; i++)
    simulate_case(first + i, 20, 1, TRUE);
}
END_TEST

/* 100,000 micro-batches cost no more than a handful. */
START_TEST(many_micro_batches) {
  Model model;
  model_init(&model, 100000);
  Cs3StepTime oracle, simulated;
  cs3_step_oracle(&model.schedule, &model.system, &oracle);
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&model.schedule, &model.system);
  g_autoptr(GError) error = NULL;
  guint64 uses = 0;
  ck_assert_msg(cs3_step_simulate_plan(plan, FALSE, &simulated, &uses, &error), "%s",
                error ? error->message : "?");
  assert_time(&simulated, &oracle);
  ck_assert(simulated.boundary_s > 0 && simulated.stream_wait_s > 0);
  ck_assert_uint_lt(uses, 8 * G_N_ELEMENTS(model.uses));
}
END_TEST

START_TEST(capacity) {
  Cs3System system = simple_system(2);
  double missing = -1;
  ck_assert(cs3_system_fits(&system, 1e12, &missing));
  ck_assert_double_eq(missing, 0);
  ck_assert(!cs3_system_fits(&system, 16e11, &missing));
  ck_assert_double_eq_tol(missing, 6e11, 1);
  ck_assert(!cs3_system_fits(&system, 16e11, NULL));
}
END_TEST

/* What makes each row of bad input bad, and what the message must name. */
typedef struct {
  const char *names;
  void (*spoil)(Cs3Use *use, Cs3Schedule *schedule, Cs3System *system);
} BadInput;

#define SPOIL(name, assignment)                                                                    \
  static void name(Cs3Use *use, Cs3Schedule *schedule, Cs3System *system) {                        \
    assignment;                                                                                    \
  }
SPOIL(no_uses, schedule->n_uses = 0)
SPOIL(no_micro_batch, schedule->micro_batches = 0)
SPOIL(negative_micro_batches, schedule->micro_batches = G_MININT64)
SPOIL(no_prefetch, system->swarmx.prefetch = 0)
SPOIL(huge_prefetch, system->swarmx.prefetch = G_MAXINT64)
SPOIL(no_clock, schedule->clock_hz = 0)
SPOIL(nan_port, schedule->port_bytes_per_s = NAN)
SPOIL(infinite_stream, system->memoryx.stream_bits_per_s = INFINITY)
SPOIL(negative_optimizer, system->memoryx.optimizer_params_per_s[CS3_OPTIMIZER_ADAM] = -1)
SPOIL(no_link, system->swarmx.link_bits_per_s = 0)
SPOIL(negative_latency, schedule->port_latency_s = -1e-9)
SPOIL(nan_tier, system->swarmx.tier_latency_s = NAN)
SPOIL(negative_bytes, use->stream_bytes = -1)
SPOIL(nan_cycles, use->compute_cycles = NAN)
SPOIL(infinite_gradient, use->gradient_bytes = INFINITY)
SPOIL(negative_params, use->update_params = -1)
SPOIL(update_of_nothing, use->update_params = 1)
SPOIL(negative_group, use->weight_group = -2)

static const BadInput bad_inputs[] = {
    {"uses: 0", no_uses},
    {"micro-batches: 0", no_micro_batch},
    {"micro-batches: -9223372036854775808", negative_micro_batches},
    {"swarmx.prefetch: 0", no_prefetch},
    {"swarmx.prefetch: 9223372036854775807", huge_prefetch},
    {"clock: 0", no_clock},
    {"port rate: nan", nan_port},
    {"memoryx stream rate: inf", infinite_stream},
    {"optimizer rate: -1", negative_optimizer},
    {"link rate: 0", no_link},
    {"port latency: -1e-09", negative_latency},
    {"tier latency: nan", nan_tier},
    {"use 0: stream_bytes is -1", negative_bytes},
    {"use 0: compute_cycles is nan", nan_cycles},
    {"use 0: gradient_bytes is inf", infinite_gradient},
    {"use 0: update_params is -1", negative_params},
    {"use 0: weight group -1 with 1 parameters", update_of_nothing},
    {"use 0: weight group -2", negative_group},
};

START_TEST(bad_input) {
  const BadInput *bad = &bad_inputs[_i];
  Cs3Use use = {.stream_bytes = 1, .compute_cycles = 1, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 1);
  Cs3System system = simple_system(2);
  Cs3StepTime time;
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_step_check(&schedule, &system, &error));
  bad->spoil(&use, &schedule, &system);
  ck_assert(!cs3_step_simulate(&schedule, &system, &time, &error));
  fixture_error_in(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID, bad->names);
}
END_TEST

static Suite *step_suite(void) {
  Suite *suite = suite_create("step");
  TCase *by_hand = tcase_create("by-hand");
  tcase_add_test(by_hand, compute_bound);
  tcase_add_test(by_hand, stream_bound);
  tcase_add_test(by_hand, slowest_link);
  tcase_add_test(by_hand, prefetch_depth);
  tcase_add_test(by_hand, streamless_use);
  tcase_add_test(by_hand, boundary);
  tcase_add_test(by_hand, shared_group);
  tcase_add_test(by_hand, slow_optimizer);
  tcase_add_test(by_hand, egress_bound);
  tcase_add_test(by_hand, edge);
  tcase_add_test(by_hand, capacity);
  suite_add_tcase(suite, by_hand);
  TCase *random = tcase_create("random");
  tcase_set_timeout(random, 300); /* sanitizers slow SimGrid's contexts down */
  tcase_add_test(random, random_against_naive);
  tcase_add_test(random, edges_add);
  tcase_add_test(random, random_simulated);
  tcase_add_test(random, random_simulated_in_full);
  tcase_add_test(random, many_micro_batches);
  suite_add_tcase(suite, random);
  TCase *input = tcase_create("input");
  tcase_add_loop_test(input, bad_input, 0, G_N_ELEMENTS(bad_inputs));
  suite_add_tcase(suite, input);
  return suite;
}

int main(void) {
  return fixture_run(step_suite());
}
