/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step in SimGrid: platform, child process, answer. */
#include "config.h"

#include "sim/step/simgrid-platform.h"
#include "sim/step/simgrid-runner.h"
#include "sim/step/step-platform.h"
#include "sim/step/step-simgrid.h"

#include <math.h>
#include <unistd.h>

/* A step takes milliseconds; a schedule whose micro-batches never repeat, minutes. */
#define TIMEOUT_S 3600

/* Iterations in front of the first fault, and behind the last one until its effect has gone. */
enum { WARM_ITERATIONS = 2, CALM_ITERATIONS = 2 };

static void file_free(gpointer data) {
  Cs3StepFile *file = data;
  g_free(file->name);
  g_free(file->text);
  g_free(file);
}

GPtrArray *cs3_step_platform(const Cs3Schedule *schedule, const Cs3System *system,
                             const char *name) {
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  g_autoptr(GPtrArray) profiles = cs3_platform_profiles(plan);
  GPtrArray *files = g_ptr_array_new_with_free_func(file_free);
  for (guint i = 0; i < profiles->len; i++) {
    Cs3Profile *profile = profiles->pdata[i];
    profile->path = g_strdup_printf("%s.%s.%s", name, profile->link, profile->kind);
    Cs3StepFile *file = g_new(Cs3StepFile, 1);
    *file = (Cs3StepFile){g_strdup(profile->path), g_strdup(profile->text)};
    g_ptr_array_add(files, file);
  }
  Cs3StepFile *platform = g_new(Cs3StepFile, 1);
  *platform = (Cs3StepFile){g_strdup(name), cs3_platform_write(plan, profiles)};
  g_ptr_array_insert(files, 0, platform);
  return files;
}

static void close_profiles(const GPtrArray *profiles) {
  for (guint i = 0; i < profiles->len; i++) {
    const Cs3Profile *profile = profiles->pdata[i];
    if (profile->fd >= 0)
      close(profile->fd);
  }
}

/* Nameless files, which the child inherits. SimGrid looks for them from the current folder and from
 * the platform's, /proc/self/fd, and takes no absolute names; this one leads to the right place or
 * nowhere. */
static gboolean open_profiles(GPtrArray *profiles, GError **error) {
  for (guint i = 0; i < profiles->len; i++) {
    Cs3Profile *profile = profiles->pdata[i];
    profile->fd = cs3_runner_memory_file(profile->text, error);
    if (profile->fd < 0)
      return FALSE;
    profile->path = g_strdup_printf("../../../proc/self/fd/%d", profile->fd);
  }
  return TRUE;
}

static Cs3Runner *begin_job(Cs3StepJob *job, const GPtrArray *profiles, GError **error) {
  g_autofree char *platform = cs3_platform_write(job->plan, profiles);
  job->platform_fd = cs3_runner_memory_file(platform, error);
  if (job->platform_fd < 0)
    return NULL;
  Cs3Runner *runner = cs3_runner_begin(cs3_step_actors_run, job, sizeof(Cs3StepAnswer), error);
  close(job->platform_fd);
  return runner;
}

/* The child has files and memory of its own. */
static Cs3Runner *begin(Cs3StepJob *job, GError **error) {
  g_autoptr(GPtrArray) profiles = cs3_platform_profiles(job->plan);
  Cs3Runner *runner = open_profiles(profiles, error) ? begin_job(job, profiles, error) : NULL;
  close_profiles(profiles);
  return runner;
}

static gboolean end(Cs3Runner *runner, Cs3StepAnswer *answer, GError **error) {
  if (!cs3_runner_end(runner, answer, TIMEOUT_S, error))
    return FALSE;
  if (answer->done)
    return TRUE;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DEADLOCK,
              "step simulation: deadlock after %" G_GUINT64_FORMAT " uses, no step time",
              answer->uses_simulated);
  return FALSE;
}

gboolean cs3_step_run_job(Cs3StepJob *job, Cs3StepAnswer *answer, GError **error) {
  *answer = (Cs3StepAnswer){0};
  Cs3Runner *runner = begin(job, error);
  return runner != NULL && end(runner, answer, error);
}

gboolean cs3_step_simulate_plan(const Cs3StepPlan *plan, gboolean full, Cs3StepTime *time,
                                guint64 *uses_simulated, GError **error) {
  Cs3StepJob job = {.plan = plan, .full = full, .spans_fd = -1};
  Cs3StepAnswer answer;
  if (!cs3_step_run_job(&job, &answer, error))
    return FALSE;
  cs3_step_totals_time(&answer.period, time);
  if (uses_simulated != NULL)
    *uses_simulated = answer.uses_simulated;
  return TRUE;
}

struct Cs3StepSimulation {
  Cs3Runner *runner;
};

Cs3StepSimulation *cs3_step_begin(const Cs3Schedule *schedule, const Cs3System *system,
                                  GError **error) {
  if (!cs3_step_check(schedule, system, error))
    return NULL;
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  cs3_step_plan_steady(plan);
  Cs3StepJob job = {.plan = plan, .spans_fd = -1};
  Cs3Runner *runner = begin(&job, error);
  if (runner == NULL)
    return NULL;
  Cs3StepSimulation *simulation = g_new(Cs3StepSimulation, 1);
  simulation->runner = runner;
  return simulation;
}

gboolean cs3_step_end(Cs3StepSimulation *simulation, Cs3StepTime *time, GError **error) {
  Cs3StepAnswer answer = {0};
  gboolean ok = end(simulation->runner, &answer, error);
  g_free(simulation);
  if (ok)
    cs3_step_totals_time(&answer.period, time);
  return ok;
}

void cs3_step_kill(Cs3StepSimulation *simulation) {
  if (simulation == NULL)
    return;
  cs3_runner_kill(simulation->runner);
  g_free(simulation);
}

gboolean cs3_step_simulate(const Cs3Schedule *schedule, const Cs3System *system, Cs3StepTime *time,
                           GError **error) {
  Cs3StepSimulation *simulation = cs3_step_begin(schedule, system, error);
  return simulation != NULL && cs3_step_end(simulation, time, error);
}

/* --- faults with a time --------------------------------------------------------------------- */

/* When the last of them is over, at the rate that is left for it. */
static double last_fault_s(const GArray *faults, const Cs3StepPlan *plan) {
  double last = 0;
  for (guint i = 0; i < faults->len; i++) {
    const Cs3Fault *fault = &g_array_index(faults, Cs3Fault, i);
    if (fault->kind == CS3_FAULT_LINK && fault->timed)
      last = MAX(last, fault->to_s + plan->retry_s);
    else if (fault->kind == CS3_FAULT_TRAFFIC)
      last = MAX(last, fault->from_s + 2 * fault->bytes / plan->tier_bytes_per_s[fault->tier]);
  }
  return last;
}

static gboolean iterations_needed(const Cs3StepPlan *plan, const GArray *faults, double step_s,
                                  guint *iterations, GError **error) {
  double last_s = last_fault_s(faults, plan);
  double n = WARM_ITERATIONS + ceil(last_s / step_s) + CALM_ITERATIONS;
  *iterations = (guint)MIN(n, CS3_STEP_MAX_ITERATIONS);
  if (n <= CS3_STEP_MAX_ITERATIONS)
    return TRUE;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
              "faults last until %.4g s, but no more than %d steps of %.4g s are simulated one by "
              "one; shorten them, or leave their times out if they are there in every step",
              last_s, CS3_STEP_MAX_ITERATIONS - WARM_ITERATIONS - CALM_ITERATIONS, step_s);
  return FALSE;
}

gboolean cs3_step_disturbed(const Cs3Schedule *schedule, const Cs3System *system, double *lost_s,
                            guint64 *retries, GError **error) {
  if (!cs3_step_check(schedule, system, error))
    return FALSE;
  g_autoptr(Cs3StepPlan) calm = cs3_step_plan_new(schedule, system);
  g_autoptr(Cs3StepPlan) disturbed = cs3_step_plan_new(schedule, system);
  cs3_step_plan_steady(calm);
  Cs3StepTime time;
  Cs3StepJob job = {.plan = calm, .spans_fd = -1};
  Cs3StepAnswer without, with;
  if (!cs3_step_simulate_plan(calm, FALSE, &time, NULL, error) ||
      !iterations_needed(calm, schedule->faults, time.step_s, &job.iterations, error) ||
      !cs3_step_run_job(&job, &without, error))
    return FALSE;
  disturbed->faults_from_s = without.end_s[WARM_ITERATIONS - 1];
  job.plan = disturbed;
  if (!cs3_step_run_job(&job, &with, error))
    return FALSE;
  double lost = with.end_s[job.iterations - 1] - without.end_s[job.iterations - 1];
  *lost_s = lost > 1e-12 * with.end_s[job.iterations - 1] ? lost : 0; /* else rounding */
  *retries = with.retries;
  return TRUE;
}
