/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step in SimGrid: platform, child process, answer. */
#include "config.h"

#include "sim/simgrid-platform.h"
#include "sim/simgrid-runner.h"
#include "sim/step-actors.h"

#include <unistd.h>

/* A step takes milliseconds; a schedule whose micro-batches never repeat, minutes. */
#define TIMEOUT_S 3600

static char *platform_text(const Cs3StepPlan *plan) {
  Cs3Platform platform = {
      .memoryx_bytes_per_s = plan->memoryx_bytes_per_s,
      .link_bytes_per_s = plan->link_bytes_per_s,
      .port_bytes_per_s = plan->port_bytes_per_s,
      .optimizer_params_per_s = plan->optimizer_params_per_s,
      .clock_hz = plan->clock_hz,
      .latency_s = plan->latency_s,
  };
  return cs3_platform_write(&platform);
}

char *cs3_step_platform(const Cs3Schedule *schedule, const Cs3System *system) {
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  return platform_text(plan);
}

gboolean cs3_step_simulate_plan(const Cs3StepPlan *plan, gboolean full, Cs3StepTime *time,
                                guint64 *uses_simulated, GError **error) {
  g_autofree char *platform = platform_text(plan);
  Cs3StepJob job = {.plan = plan, .full = full};
  job.platform_fd = cs3_runner_memory_file(platform, error);
  if (job.platform_fd < 0)
    return FALSE;
  Cs3StepAnswer answer = {0};
  gboolean ok =
      cs3_runner_fork(cs3_step_actors_run, &job, &answer, sizeof answer, TIMEOUT_S, error);
  close(job.platform_fd);
  if (!ok)
    return FALSE;
  if (!answer.done) {
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DEADLOCK,
                "step simulation: deadlock after %" G_GUINT64_FORMAT " uses, no step time",
                answer.uses_simulated);
    return FALSE;
  }
  cs3_step_totals_time(&answer.period, time);
  if (uses_simulated != NULL)
    *uses_simulated = answer.uses_simulated;
  return TRUE;
}

gboolean cs3_step_simulate(const Cs3Schedule *schedule, const Cs3System *system, Cs3StepTime *time,
                           GError **error) {
  if (!cs3_step_check(schedule, system, error))
    return FALSE;
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  return cs3_step_simulate_plan(plan, FALSE, time, NULL, error);
}
