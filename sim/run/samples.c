/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step of a scenario on very many machines. */
#include "config.h"

#include "sim/run/samples.h"

#include <math.h>

#include "workloads/parallel.h"

/* Whether `cs3sim run` is among the words of param->readers. */
static gboolean bears_on_runs(const Cs3Param *param) {
  if (param->readers == NULL)
    return TRUE;
  g_auto(GStrv) words = g_strsplit(param->readers, " ", -1);
  return g_strv_contains((const char *const *)words, "run");
}

GArray *cs3_sample_params(const Cs3Machine *machine) {
  GArray *params = cs3_machine_uncertain(machine);
  for (guint i = params->len; i-- > 0;)
    if (!bears_on_runs(g_array_index(params, Cs3Uncertain, i).param))
      g_array_remove_index(params, i);
  return params;
}

Cs3Machine *cs3_sample_machine(const Cs3Machine *nominal, const GArray *params,
                               const double *values) {
  g_autoptr(Cs3Machine) machine = cs3_machine_copy(nominal);
  for (guint i = 0; i < params->len; i++)
    if (!isnan(values[i]) && !cs3_machine_set(machine, g_array_index(params, Cs3Uncertain, i).param,
                                              values[i], "sample", NULL))
      return NULL;
  if (cs3_reduction_overlaps((Cs3Reduction)machine->hw.kernel.reduction))
    machine->hw.kernel.reduction_overlap = CS3_OVERLAP_MICROTHREAD;
  return g_steal_pointer(&machine);
}

gboolean cs3_sampler_scale(Cs3Sampler *sampler, Cs3RunTimes whole, GError **error) {
  Cs3RunConfig config = *sampler->config;
  Cs3RunTimes nominal;
  config.cache = sampler->cache;
  if (!cs3_run_times(&config, sampler->rows, &nominal, error))
    return FALSE;
  sampler->scale =
      (Cs3RunTimes){whole.dense_s / nominal.dense_s, whole.sparse_s / nominal.sparse_s};
  return TRUE;
}

typedef struct {
  const Cs3Sampler *sampler;
  Cs3SampleMachine machine;
  gpointer data;
  Cs3SampleProgress progress;
  gpointer progress_data;
  Cs3RunTimes *times;
  guint64 n;
  gint done; /* atomic */
} Job;

static void evaluate(gint64 begin, gint64 end, guint worker, gpointer data) {
  Job *job = data;
  const Cs3Sampler *s = job->sampler;
  for (gint64 k = begin; k < end; k++) {
    Cs3RunTimes *times = &job->times[k];
    g_autoptr(Cs3Machine) machine = job->machine((guint64)k, job->data);
    Cs3RunConfig config = *s->config;
    config.machine = machine;
    config.workers = 1;
    config.cache = s->cache;
    if (machine == NULL || !cs3_run_times(&config, s->rows, times, NULL))
      *times = (Cs3RunTimes){NAN, NAN};
    times->dense_s *= s->scale.dense_s;
    times->sparse_s *= s->scale.sparse_s;
    guint64 done = (guint64)g_atomic_int_add(&job->done, 1) + 1;
    if (worker == 0 && job->progress != NULL)
      job->progress(done, job->n, job->progress_data);
  }
}

void cs3_sampler_run(const Cs3Sampler *sampler, guint64 n, Cs3SampleMachine machine, gpointer data,
                     Cs3SampleProgress progress, gpointer progress_data, Cs3RunTimes *times) {
  Job job = {sampler, machine, data, progress, progress_data, times, n, 0};
  cs3_parallel_for((gint64)n, 1, sampler->config->workers, evaluate, &job);
}
