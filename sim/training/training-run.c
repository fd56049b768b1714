/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A whole training run in SimGrid. MemoryX's coordinator has every system train one leg; the loss
 * of a system is its host's state profile, which kills whatever runs there; nobody tells the
 * coordinator but a monitor, when the heartbeat has been missing for long enough. */
#include "config.h"

#include "sim/training/training-run.h"

#include "sim/step/simgrid-engine.h"
#include "sim/step/simgrid-runner.h"
#include "sim/step/step.h"

#include <math.h>
#include <unistd.h>

#define TIMEOUT_S 600
#define HOST_COORDINATOR "coordinator"
#define HOST_SOUND "sound"
#define HOST_LOST "lost"
/* Work is counted in nanoseconds: SimGrid compares amounts of it with an absolute precision. */
#define WORK_PER_S 1e9

const char *cs3_event_name(Cs3EventKind kind) {
  static const char *const names[CS3_N_EVENTS] = {
      [CS3_EVENT_TRAIN] = "train",     [CS3_EVENT_CHECKPOINT] = "checkpoint",
      [CS3_EVENT_LOST] = "lost",       [CS3_EVENT_DETECTION] = "detection",
      [CS3_EVENT_RESTART] = "restart", [CS3_EVENT_LOAD] = "load",
  };
  return names[kind];
}

typedef struct {
  const Cs3TrainingPlan *plan;
  GArray *hosts; /* of gint64: systems that are lost, one host each */
  int platform_fd, events_fd;
} Job;

typedef struct {
  gboolean done;
} Answer;

struct Run;

/* The systems on one host: all that are never lost, or one that is. */
typedef struct {
  struct Run *run;
  char *host;
  sg_actor_t actor; /* training a leg; NULL: not */
} Worker;

typedef struct {
  struct Run *run;
  double at_s;
} Monitor;

typedef struct Run {
  const Cs3TrainingPlan *plan;
  Worker *workers;
  guint n_workers, n_done;
  guint leg;
  Cs3Bell bell; /* a worker is done, a loss is noticed */
  guint n_noticed, n_handled;
  double noticed_at_s; /* when what was noticed last had happened */
  GArray *events;
  Answer *answer;
} Run;

static const Cs3Leg *current_leg(const Run *run) {
  return &g_array_index(run->plan->legs, Cs3Leg, run->leg);
}

static void add_event(Run *run, Cs3EventKind kind, double begin_s, double end_s, gint64 steps) {
  if (end_s <= begin_s)
    return;
  Cs3Event event = {.begin_s = begin_s,
                    .end_s = end_s,
                    .steps = steps,
                    .kind = kind,
                    .phase = current_leg(run)->phase};
  g_array_append_val(run->events, event);
}

static void worker(int argc, char **argv) {
  Worker *w = cs3_simgrid()->sg_actor_self_get_data();
  cs3_simgrid()->sg_actor_execute(current_leg(w->run)->train_s * WORK_PER_S);
  w->actor = NULL;
  w->run->n_done++;
  cs3_bell_ring(&w->run->bell);
}

static void monitor(int argc, char **argv) {
  Monitor *m = cs3_simgrid()->sg_actor_self_get_data();
  cs3_engine_sleep_until(m->at_s + m->run->plan->detection_s);
  m->run->n_noticed++;
  m->run->noticed_at_s = m->at_s;
  cs3_bell_ring(&m->run->bell);
}

static void wait_noting(Run *run, Cs3EventKind kind, double time_s) {
  double begin = cs3_engine_now();
  cs3_engine_sleep_until(begin + time_s);
  add_event(run, kind, begin, cs3_engine_now(), 0);
}

/* A system that is off takes no orders; its monitor will say so. */
static void start_workers(Run *run) {
  run->n_done = 0;
  for (guint i = 0; i < run->n_workers; i++) {
    Worker *w = &run->workers[i];
    if (cs3_simgrid()->sg_host_is_on(cs3_simgrid()->sg_host_by_name(w->host)))
      w->actor = cs3_engine_actor("worker", w->host, w, TRUE, worker);
  }
}

/* Those that died with their host are no longer there to be stopped. */
static void stop_workers(Run *run) {
  for (guint i = 0; i < run->n_workers; i++) {
    Worker *w = &run->workers[i];
    if (w->actor != NULL && cs3_simgrid()->sg_host_is_on(cs3_simgrid()->sg_host_by_name(w->host)))
      cs3_simgrid()->sg_actor_kill(w->actor);
    w->actor = NULL;
  }
}

static void recover(Run *run) {
  while (run->n_handled < run->n_noticed) {
    run->n_handled = run->n_noticed;
    wait_noting(run, CS3_EVENT_RESTART, run->plan->restart_s);
    wait_noting(run, CS3_EVENT_LOAD, current_leg(run)->load_s);
  }
}

/* What was done since @begin is lost up to the loss, and nothing is done from then on. */
static void give_up(Run *run, double begin) {
  const Cs3Leg *leg = current_leg(run);
  double lost_at = MAX(begin, run->noticed_at_s);
  gint64 steps = (gint64)ceil((lost_at - begin) / leg->train_s * (double)leg->steps);
  add_event(run, CS3_EVENT_LOST, begin, lost_at, steps);
  add_event(run, CS3_EVENT_DETECTION, lost_at, cs3_engine_now(), 0);
  stop_workers(run);
}

/* Returns %FALSE when a loss has undone the leg. */
static gboolean train_leg(Run *run) {
  const Cs3Leg *leg = current_leg(run);
  double begin = cs3_engine_now();
  start_workers(run);
  while (run->n_done < run->n_workers && run->n_handled == run->n_noticed)
    cs3_bell_wait(&run->bell);
  if (run->n_done < run->n_workers) {
    give_up(run, begin);
    return FALSE;
  }
  add_event(run, CS3_EVENT_TRAIN, begin, cs3_engine_now(), leg->steps);
  wait_noting(run, CS3_EVENT_CHECKPOINT, leg->checkpoint_s);
  return TRUE;
}

static void coordinator(int argc, char **argv) {
  Run *run = cs3_simgrid()->sg_actor_self_get_data();
  while (run->leg < run->plan->legs->len) {
    recover(run);
    if (train_leg(run))
      run->leg++;
  }
  run->answer->done = TRUE;
}

/* --- the child ------------------------------------------------------------------------------- */

static void start_monitors(Run *run) {
  for (guint i = 0; i < run->plan->losses->len; i++) {
    Monitor *m = g_new(Monitor, 1);
    *m = (Monitor){run, g_array_index(run->plan->losses, Cs3Loss, i).at_s};
    cs3_engine_actor("monitor", HOST_COORDINATOR, m, TRUE, monitor);
  }
}

static void run_job(gconstpointer input, gpointer answer) {
  const Job *job = input;
  Run *run = g_new0(Run, 1);
  cs3_engine_load(job->platform_fd);
  run->plan = job->plan;
  run->answer = answer;
  run->events = g_array_new(FALSE, FALSE, sizeof(Cs3Event));
  run->n_workers = job->hosts->len + 1;
  run->workers = g_new0(Worker, run->n_workers);
  for (guint i = 0; i < run->n_workers; i++) {
    run->workers[i].run = run;
    run->workers[i].host = i == 0 ? g_strdup(HOST_SOUND) : g_strdup_printf(HOST_LOST "%u", i - 1);
  }
  cs3_engine_actor("coordinator", HOST_COORDINATOR, run, FALSE, coordinator);
  start_monitors(run);
  cs3_engine_run();
  cs3_runner_put(job->events_fd, run->events);
}

/* --- platform -------------------------------------------------------------------------------- */

static void append_line(GString *text, double time_s, int state) {
  char number[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append_printf(text, "%s %d\n", g_ascii_dtostr(number, sizeof number, time_s), state);
}

/* Off at every loss of @system, on again with its replacement. */
static char *profile_text(const Cs3TrainingPlan *plan, gint64 system) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < plan->losses->len; i++) {
    const Cs3Loss *loss = &g_array_index(plan->losses, Cs3Loss, i);
    if (loss->system != system)
      continue;
    append_line(text, loss->at_s, 0);
    append_line(text, loss->at_s + plan->detection_s + plan->restart_s, 1);
  }
  return g_string_free(text, FALSE);
}

/* One host for the coordinator, one for all systems that are never lost, one for each other. */
static char *platform_text(const Job *job, const int *profiles) {
  char work[G_ASCII_DTOSTR_BUF_SIZE];
  g_ascii_dtostr(work, sizeof work, WORK_PER_S);
  GString *xml = g_string_new("<?xml version='1.0'?>\n"
                              "<!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">\n"
                              "<platform version=\"4.1\">\n<zone id=\"root\" routing=\"None\">\n");
  g_string_append_printf(xml, "<host id=\"" HOST_COORDINATOR "\" speed=\"%sf\"/>\n", work);
  g_string_append_printf(xml, "<host id=\"" HOST_SOUND "\" speed=\"%sf\"/>\n", work);
  for (guint i = 0; i < job->hosts->len; i++)
    g_string_append_printf(xml,
                           "<host id=\"" HOST_LOST
                           "%u\" speed=\"%sf\" state_file=\"../../../proc/self/fd/%d\"/>\n",
                           i, work, profiles[i]);
  g_string_append(xml, "</zone>\n</platform>\n");
  return g_string_free(xml, FALSE);
}

static gboolean open_profiles(const Job *job, int *profiles, GError **error) {
  for (guint i = 0; i < job->hosts->len; i++) {
    g_autofree char *text = profile_text(job->plan, g_array_index(job->hosts, gint64, i));
    profiles[i] = cs3_runner_memory_file(text, error);
    if (profiles[i] < 0)
      return FALSE;
  }
  return TRUE;
}

/* --- the parent ------------------------------------------------------------------------------ */

static gint by_time(gconstpointer a, gconstpointer b) {
  const Cs3Loss *x = a, *y = b;
  return (x->at_s > y->at_s) - (x->at_s < y->at_s);
}

/* (transfer full) (nullable): the systems that are lost, each once. */
static GArray *lost_systems(const Cs3TrainingPlan *plan, GError **error) {
  g_autoptr(GArray) systems = g_array_new(FALSE, FALSE, sizeof(gint64));
  g_array_sort(plan->losses, by_time);
  for (guint i = 0; i < plan->losses->len; i++) {
    const Cs3Loss *loss = &g_array_index(plan->losses, Cs3Loss, i);
    gboolean known = FALSE;
    for (guint k = 0; k < i; k++) {
      const Cs3Loss *before = &g_array_index(plan->losses, Cs3Loss, k);
      if (before->system != loss->system)
        continue;
      known = TRUE;
      if (loss->at_s > before->at_s + plan->detection_s + plan->restart_s)
        continue;
      g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
                  "system %" G_GINT64_FORMAT " is lost at %.6g s and again at %.6g s, before it is "
                  "replaced (recovery.detection and recovery.restart)",
                  loss->system, before->at_s, loss->at_s);
      return NULL;
    }
    if (!known)
      g_array_append_val(systems, loss->system);
  }
  return g_steal_pointer(&systems);
}

static gboolean check_legs(const GArray *legs, GError **error) {
  if (legs->len == 0 || legs->len > CS3_TRAINING_MAX_LEGS) {
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
                "a run of %u checkpoints is not simulated, at most %d; take more steps between two "
                "(checkpoint_every)",
                legs->len, CS3_TRAINING_MAX_LEGS);
    return FALSE;
  }
  for (guint i = 0; i < legs->len; i++) {
    const Cs3Leg *leg = &g_array_index(legs, Cs3Leg, i);
    if (isfinite(leg->train_s) && leg->train_s > 0 && leg->checkpoint_s >= 0 && leg->load_s >= 0)
      continue;
    g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID,
                "leg %u of the run takes %g s, expected a positive time", i, leg->train_s);
    return FALSE;
  }
  return TRUE;
}

static gboolean fork_job(Job *job, const int *profiles, GArray **events, GError **error) {
  Answer answer = {0};
  g_autofree char *platform = platform_text(job, profiles);
  job->platform_fd = cs3_runner_memory_file(platform, error);
  if (job->platform_fd < 0)
    return FALSE;
  gboolean ok = cs3_runner_fork(run_job, job, &answer, sizeof answer, TIMEOUT_S, error);
  close(job->platform_fd);
  if (!ok)
    return FALSE;
  if (answer.done)
    return (*events = cs3_runner_take(job->events_fd, sizeof(Cs3Event), error)) != NULL;
  g_set_error(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DEADLOCK,
              "training run: deadlock, the run does not end");
  return FALSE;
}

gboolean cs3_training_simulate(const Cs3TrainingPlan *plan, GArray **events, GError **error) {
  if (!check_legs(plan->legs, error))
    return FALSE;
  g_autoptr(GArray) hosts = lost_systems(plan, error);
  if (hosts == NULL)
    return FALSE;
  Job job = {.plan = plan, .hosts = hosts};
  g_autofree int *profiles = g_new(int, hosts->len + 1);
  for (guint i = 0; i < hosts->len; i++)
    profiles[i] = -1;
  job.events_fd = cs3_runner_memory_file("", error);
  gboolean ok = job.events_fd >= 0 && open_profiles(&job, profiles, error) &&
                fork_job(&job, profiles, events, error);
  for (guint i = 0; i < hosts->len; i++)
    if (profiles[i] >= 0)
      close(profiles[i]);
  if (job.events_fd >= 0)
    close(job.events_fd);
  return ok;
}
