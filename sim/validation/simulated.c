/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured rows on machines at points. */
#include "config.h"

#include "sim/validation/simulated.h"

#include <math.h>
#include <string.h>

#include "results/schema.h"
#include "sim/run/samples.h"
#include "sim/validation/measured.h"
#include "sim/validation/validate-measure.h"
#include "workloads/parallel.h"

enum { PASSES = 1 << 20, MASK_BYTES = 1 << 29 };

/* One scenario. */
typedef struct {
  Cs3Scenario *scenario;
  GArray *params;  /* of Cs3Uncertain, of its machine */
  guint *unknowns; /* of each, which it is */
  gboolean headline;
  Cs3RunTimes scale, nominal;
} Job;

struct Cs3Simulated {
  const GPtrArray *rows;
  const char *prediction;
  GPtrArray *jobs;     /* of Job: by row, then the headline */
  GPtrArray *unknowns; /* of Cs3Unknown */
  Cs3RunCache *cache;
  guint workers;
};

static void job_free(gpointer data) {
  Job *job = data;
  cs3_scenario_free(job->scenario);
  if (job->params != NULL)
    g_array_unref(job->params);
  g_free(job->unknowns);
  g_free(job);
}

static void unknown_free(gpointer data) {
  Cs3Unknown *unknown = data;
  g_free(unknown->name);
  g_string_free(unknown->machines, TRUE);
  g_free(unknown);
}

void cs3_simulated_free(Cs3Simulated *s) {
  if (s == NULL)
    return;
  g_ptr_array_unref(s->jobs);
  g_ptr_array_unref(s->unknowns);
  cs3_run_cache_free(s->cache);
  g_free(s);
}

static void note_machine(Cs3Unknown *unknown, const char *machine) {
  g_auto(GStrv) known = g_strsplit(unknown->machines->str, ", ", -1);
  if (!g_strv_contains((const char *const *)known, machine))
    g_string_append_printf(unknown->machines, "%s%s", unknown->machines->len > 0 ? ", " : "",
                           machine);
}

static guint find_unknown(Cs3Simulated *s, const Cs3Uncertain *u, const char *machine) {
  guint i = 0;
  for (; i < s->unknowns->len; i++) {
    const Cs3Unknown *old = s->unknowns->pdata[i];
    if (old->uncertain.param == u->param && old->uncertain.range.low == u->range.low &&
        old->uncertain.range.high == u->range.high)
      break;
  }
  if (i == s->unknowns->len) {
    Cs3Unknown *unknown = g_new(Cs3Unknown, 1);
    *unknown = (Cs3Unknown){cs3_param_name(u->param), *u, g_string_new(NULL)};
    g_ptr_array_add(s->unknowns, unknown);
  }
  note_machine(s->unknowns->pdata[i], machine);
  return i;
}

static void bind_unknowns(Cs3Simulated *s, Job *job) {
  const Cs3Machine *machine = job->scenario->machine;
  job->params = cs3_sample_params(machine);
  job->unknowns = g_new(guint, job->params->len);
  for (guint i = 0; i < job->params->len; i++)
    job->unknowns[i] = find_unknown(s, &g_array_index(job->params, Cs3Uncertain, i), machine->name);
}

/* The nominal machine as a run has it, and what evaluations of it are scaled by. */
static gboolean scale(const Cs3Simulated *s, Job *job, GError **error) {
  Cs3Sampler sampler = {
      .config = &job->scenario->config, .cache = s->cache, .rows = CS3_SAMPLE_ROWS};
  g_autoptr(Cs3Run) run = cs3_run(&job->scenario->config, error);
  if (run == NULL)
    return FALSE;
  job->nominal = (Cs3RunTimes){run->dense.time.step_s, run->sparse.time.step_s};
  if (!cs3_sampler_scale(&sampler, job->nominal, error))
    return FALSE;
  job->scale = sampler.scale;
  return TRUE;
}

static gboolean add_job(Cs3Simulated *s, const char *where, const char *arguments,
                        gboolean headline, GError **error) {
  Cs3ValidationRow row = {.where = (char *)where, .arguments = (char *)arguments};
  g_autoptr(Cs3ValidationSession) session = cs3_validation_session_new(s->workers);
  g_auto(GStrv) words = cs3_validation_words(&row, error);
  if (words == NULL)
    return FALSE;
  Job *job = g_new0(Job, 1);
  g_ptr_array_add(s->jobs, job);
  job->headline = headline;
  job->scenario = cs3_validation_scenario(session, &row, (const char *const *)words, error);
  if (job->scenario == NULL)
    return FALSE;
  job->scenario->config.cache = s->cache;
  bind_unknowns(s, job);
  if (scale(s, job, error))
    return TRUE;
  g_prefix_error(error, "%s: ", where);
  return FALSE;
}

Cs3Simulated *cs3_simulated_new(const GPtrArray *rows, const char *prediction, guint workers,
                                GError **error) {
  g_autoptr(Cs3Simulated) s = g_new0(Cs3Simulated, 1);
  *s = (Cs3Simulated){.rows = rows,
                      .prediction = prediction,
                      .jobs = g_ptr_array_new_with_free_func(job_free),
                      .unknowns = g_ptr_array_new_with_free_func(unknown_free),
                      .cache = cs3_run_cache_new(PASSES, MASK_BYTES),
                      .workers = workers};
  for (guint i = 0; i < rows->len; i++) {
    const Cs3Measured *m = rows->pdata[i];
    if (!add_job(s, m->where, m->arguments, FALSE, error))
      return NULL;
  }
  return add_job(s, "--prediction", prediction, TRUE, error) ? g_steal_pointer(&s) : NULL;
}

const GPtrArray *cs3_simulated_unknowns(const Cs3Simulated *s) {
  return s->unknowns;
}

guint cs3_simulated_columns(const Cs3Simulated *s) {
  return s->rows->len + CS3_HEADLINE_COLUMNS;
}

static double log_rate(const Job *job, double step_s) {
  return log((double)job->scenario->config.batch / step_s);
}

double cs3_simulated_nominal(const Cs3Simulated *s, guint column) {
  if (column >= s->rows->len) {
    const Job *headline = s->jobs->pdata[s->rows->len];
    return log(column == s->rows->len ? headline->nominal.dense_s : headline->nominal.sparse_s);
  }
  const Job *job = s->jobs->pdata[column];
  return log_rate(job, job->nominal.sparse_s);
}

char *cs3_simulated_key(const Cs3Simulated *s) {
  Cs3MemoKey key = cs3_memo_key(NULL, NULL, 0);
  cs3_memo_key_number(&key, CS3_MODEL_VERSION);
  for (guint i = 0; i < s->jobs->len; i++) {
    const Job *job = s->jobs->pdata[i];
    g_autofree char *machine = cs3_machine_format(job->scenario->machine);
    cs3_memo_key_text(&key, machine);
    cs3_memo_key_text(&key, i < s->rows->len ? ((Cs3Measured *)s->rows->pdata[i])->arguments
                                             : s->prediction);
    cs3_memo_key_number(&key, job->scale.dense_s);
    cs3_memo_key_number(&key, job->scale.sparse_s);
  }
  return g_strdup_printf("%016" G_GINT64_MODIFIER "x%016" G_GINT64_MODIFIER "x", key.word[0],
                         key.word[1]);
}

/* One row, or the headline, at every point. */
typedef struct {
  const Cs3Simulated *s;
  const Cs3Population *population;
  guint first;
  double *logs;
} Work;

static void simulate(const Work *w, guint point, guint j) {
  const Job *job = w->s->jobs->pdata[j];
  double *out = w->logs + (gsize)(point - w->first) * cs3_simulated_columns(w->s) + j;
  g_autofree double *values = g_new(double, job->params->len);
  for (guint i = 0; i < job->params->len; i++)
    values[i] = cs3_uncertain_sample(&g_array_index(job->params, Cs3Uncertain, i),
                                     cs3_population_share(w->population, point, job->unknowns[i]));
  g_autoptr(Cs3Machine) machine = cs3_sample_machine(job->scenario->machine, job->params, values);
  Cs3RunConfig config = job->scenario->config;
  Cs3RunTimes times = {NAN, NAN};
  config.machine = machine;
  config.workers = 1;
  config.cache = w->s->cache;
  if (machine == NULL || !cs3_run_times(&config, CS3_SAMPLE_ROWS, &times, NULL))
    times = (Cs3RunTimes){NAN, NAN};
  double dense_s = times.dense_s * job->scale.dense_s;
  double sparse_s = times.sparse_s * job->scale.sparse_s; /* with a sparsity among its options */
  out[0] = job->headline ? log(dense_s) : log_rate(job, sparse_s);
  if (job->headline)
    out[1] = log(sparse_s);
}

static void work(gint64 begin, gint64 end, guint worker, gpointer data) {
  const Work *w = data;
  for (gint64 item = begin; item < end; item++)
    simulate(w, w->first + (guint)(item / w->s->jobs->len), (guint)(item % w->s->jobs->len));
}

void cs3_simulated_run(const Cs3Simulated *s, const Cs3Population *population, guint first,
                       guint last, double *logs) {
  Work w = {s, population, first, logs};
  cs3_parallel_for((gint64)(last - first) * s->jobs->len, 1, s->workers, work, &w);
}
