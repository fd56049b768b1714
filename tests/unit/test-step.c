/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step against numbers worked out by hand, and its two implementations against
 * each other. */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "sim/step.h"

#define MS 1e-3
/* The port's 3 us and one tier of 2 us. */
#define LATENCY_S (5e-6)

/* 1 GB/s everywhere, 1 GHz, 1e9 updates/s: 1e6 bytes, cycles or parameters are 1 ms. */
static Cs3System simple_system(gint64 slots) {
  return (Cs3System){
      .memoryx = {.capacity_bytes = 1e12,
                  .stream_bits_per_s = 8e9,
                  .optimizer_params_per_s = 1e9,
                  .bytes_per_param = 16},
      .swarmx = {.link_bits_per_s = 8e9, .tier_latency_s = 2e-6, .fan_out = 4, .prefetch = slots},
  };
}

static Cs3Schedule simple_schedule(const Cs3Use *uses, guint n_uses, gint64 micro_batches) {
  return (Cs3Schedule){
      .uses = uses,
      .n_uses = n_uses,
      .micro_batches = micro_batches,
      .clock_hz = 1e9,
      .port_bytes_per_s = 1e9,
      .port_latency_s = 3e-6,
  };
}

static void assert_near(const char *what, double value, double expected, double scale) {
  ck_assert_msg(fabs(value - expected) <= 1e-9 * scale, "%s: %.15g, expected %.15g", what, value,
                expected);
}

static void assert_time(const Cs3StepTime *time, const Cs3StepTime *expected) {
  double scale = expected->step_s;
  assert_near("step_s", time->step_s, expected->step_s, scale);
  assert_near("compute_s", time->compute_s, expected->compute_s, scale);
  assert_near("stream_wait_s", time->stream_wait_s, expected->stream_wait_s, scale);
  assert_near("egress_wait_s", time->egress_wait_s, expected->egress_wait_s, scale);
  assert_near("boundary_s", time->boundary_s, expected->boundary_s, scale);
  assert_near("bytes_down", time->bytes_down, expected->bytes_down, expected->bytes_down);
  assert_near("bytes_up", time->bytes_up, expected->bytes_up, expected->bytes_up);
  assert_near("sum of the parts", time->compute_s + time->stream_wait_s + time->boundary_s,
              time->step_s, scale);
}

/* Every hand-computed case holds for the recurrence. */
static void assert_step(const Cs3Schedule *schedule, const Cs3System *system,
                        const Cs3StepTime *expected) {
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_check(schedule, system, &error), "%s", error ? error->message : "?");
  Cs3StepTime time;
  cs3_step_oracle(schedule, system, &time);
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

START_TEST(capacity) {
  Cs3System system = simple_system(2);
  double missing = -1;
  ck_assert(cs3_system_fits(&system, 1e12 / 16, &missing));
  ck_assert_double_eq(missing, 0);
  ck_assert(!cs3_system_fits(&system, 1e11, &missing));
  ck_assert_double_eq_tol(missing, 6e11, 1);
  ck_assert(!cs3_system_fits(&system, 1e11, NULL));
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
SPOIL(negative_optimizer, system->memoryx.optimizer_params_per_s = -1)
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
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_step_check(&schedule, &system, &error));
  bad->spoil(&use, &schedule, &system);
  ck_assert(!cs3_step_check(&schedule, &system, &error));
  ck_assert(g_error_matches(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID));
  ck_assert_msg(strstr(error->message, bad->names) != NULL, "'%s' not in '%s'", bad->names,
                error->message);
  ck_assert_ptr_null(strchr(error->message, '\n'));
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
  tcase_add_test(by_hand, capacity);
  suite_add_tcase(suite, by_hand);
  TCase *input = tcase_create("input");
  tcase_add_loop_test(input, bad_input, 0, G_N_ELEMENTS(bad_inputs));
  suite_add_tcase(suite, input);
  return suite;
}

int main(void) {
  SRunner *runner = srunner_create(step_suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
