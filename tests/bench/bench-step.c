/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Wall time of one simulated training step of a 32-layer model, its process included, beside the
 * recurrence: median of repeated runs. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "sim/step/step-plan.h"
#include "tests/unit/step-fixture.h"

enum { RUNS = 9 };

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, RUNS, sizeof *values, by_value);
  return values[RUNS / 2];
}

static double now_ms(void) {
  return (double)g_get_monotonic_time() * 1e-3;
}

static void bench_model(const Model *model) {
  double simulated_ms[RUNS], oracle_ms[RUNS];
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&model->schedule, &model->system);
  guint64 uses = 0;
  Cs3StepTime time;
  for (int run = 0; run < RUNS; run++) {
    g_autoptr(GError) error = NULL;
    double start = now_ms();
    if (!cs3_step_simulate_plan(plan, FALSE, &time, &uses, &error)) {
      fprintf(stderr, "bench-step: %s\n", error->message);
      exit(1);
    }
    double between = now_ms();
    cs3_step_oracle(&model->schedule, &model->system, &time);
    simulated_ms[run] = between - start;
    oracle_ms[run] = now_ms() - between;
  }
  printf("step, %u uses x %-6" G_GINT64_FORMAT " SimGrid %6.1f ms (%" G_GUINT64_FORMAT
         " uses simulated), recurrence %8.3f ms\n",
         model->schedule.n_uses, model->schedule.micro_batches, median(simulated_ms), uses,
         median(oracle_ms));
}

/* One run of 2,048 systems: the memory is that of the largest child so far. */
static void bench_cluster(gboolean each) {
  Model model;
  model_init(&model, 5);
  model.schedule.systems = 2048;
  model.schedule.each = each;
  Cs3StepTime time;
  g_autoptr(GError) error = NULL;
  double start = now_ms();
  if (!cs3_step_simulate(&model.schedule, &model.system, &time, &error)) {
    fprintf(stderr, "bench-step: %s\n", error->message);
    exit(1);
  }
  struct rusage children;
  getrusage(RUSAGE_CHILDREN, &children);
  printf("step, %u uses x 5 on 2048 systems, %s: %.0f ms, %.0f MB\n", model.schedule.n_uses,
         each ? "one actor each" : "by classes", now_ms() - start, children.ru_maxrss / 1024.0);
}

int main(void) {
  static const gint64 micro_batches[] = {1, 45, 500, 100000};
  for (guint i = 0; i < G_N_ELEMENTS(micro_batches); i++) {
    Model model;
    model_init(&model, micro_batches[i]);
    bench_model(&model);
  }
  bench_cluster(FALSE);
  bench_cluster(TRUE);
  return 0;
}
