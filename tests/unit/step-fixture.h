/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Systems, schedules and comparisons for the tests and benchmarks of the training step. */
#pragma once

#include <math.h>

#include "sim/step/step.h"
#include "tests/unit/fixture.h"

/* 1 GB/s everywhere, 1 GHz, 1e9 updates/s: 1e6 bytes, cycles or parameters are 1 ms. */
static inline Cs3System simple_system(gint64 slots) {
  return (Cs3System){
      .memoryx = {.units = 1,
                  .capacity_bytes = 1e12,
                  .stream_bits_per_s = 8e9,
                  .optimizer_params_per_s = {1e9, 1e9, 1e9},
                  .bytes_per_param = {16, 12, 8}},
      .swarmx = {.link_bits_per_s = 8e9,
                 .oversubscription = 1,
                 .tier_latency_s = 2e-6,
                 .retry_s = 1e-3,
                 .fan_out = 4,
                 .prefetch = slots},
  };
}

static inline Cs3Schedule simple_schedule(const Cs3Use *uses, guint n_uses, gint64 micro_batches) {
  return (Cs3Schedule){
      .uses = uses,
      .n_uses = n_uses,
      .micro_batches = micro_batches,
      .clock_hz = 1e9,
      .port_bytes_per_s = 1e9,
      .port_latency_s = 3e-6,
  };
}

static inline void assert_near(const char *what, double value, double expected, double scale) {
  ck_assert_msg(fabs(value - expected) <= 1e-9 * scale, "%s: %.15g, expected %.15g", what, value,
                expected);
}

static inline void assert_time(const Cs3StepTime *time, const Cs3StepTime *expected) {
  double scale = expected->step_s;
  assert_near("step_s", time->step_s, expected->step_s, scale);
  assert_near("compute_s", time->compute_s, expected->compute_s, scale);
  assert_near("stream_wait_s", time->stream_wait_s, expected->stream_wait_s, scale);
  assert_near("egress_wait_s", time->egress_wait_s, expected->egress_wait_s, scale);
  assert_near("boundary_s", time->boundary_s, expected->boundary_s, scale);
  assert_near("edge_s", time->edge_s, expected->edge_s, scale);
  assert_near("bytes_down", time->bytes_down, expected->bytes_down, expected->bytes_down);
  assert_near("bytes_up", time->bytes_up, expected->bytes_up, expected->bytes_up);
  assert_near("sum of the parts",
              time->compute_s + time->stream_wait_s + time->boundary_s + time->edge_s, time->step_s,
              scale);
}

/* A model of 32 layers: 7 matrices and attention a layer, forward, then backward with gradients. */
typedef struct {
  Cs3Use uses[2 * 32 * 8];
  Cs3Schedule schedule;
  Cs3System system;
} Model;

static inline void model_init(Model *model, gint64 micro_batches) {
  enum { LAYERS = 32, PER_LAYER = 8, FORWARD = LAYERS * PER_LAYER };
  for (int k = 0; k < FORWARD; k++) {
    gboolean attention = k % PER_LAYER == 3;
    double params = k % PER_LAYER < 5 ? 4096.0 * 4096 : 4096.0 * 11008;
    Cs3Use *back = &model->uses[2 * FORWARD - 1 - k];
    model->uses[k] = (Cs3Use){.stream_bytes = attention ? 0 : 0.3 * 4 * params,
                              .compute_cycles = attention ? 3e6 : 0.3 * params / 40,
                              .weight_group = attention ? -1 : k};
    *back = model->uses[k];
    back->compute_cycles *= 2;
    back->gradient_bytes = back->stream_bytes;
    back->update_params = attention ? 0 : 0.3 * params;
  }
  model->schedule = simple_schedule(model->uses, G_N_ELEMENTS(model->uses), micro_batches);
  model->schedule.clock_hz = 1.1e9;
  model->schedule.port_bytes_per_s = 142.5e9;
  model->system = simple_system(2);
  model->system.memoryx.stream_bits_per_s = 1.2e12;
  model->system.swarmx.link_bits_per_s = 1.2e12;
  model->system.memoryx.optimizer_params_per_s[CS3_OPTIMIZER_ADAM] = 75e9;
}
