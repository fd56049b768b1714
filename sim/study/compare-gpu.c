/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A GPU in a comparison: what was measured on it, and the step that a model of it derives. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "sim/gpu/gpu-step.h"
#include "sim/machine/baseline.h"
#include "sim/study/compare.h"
#include "workloads/model.h"

/* The layer of which every format was measured. */
#define MEASURED_LAYER "gemm12k"

/* The largest batch that was measured is what the machine does best. */
static gint64 largest_batch(const Cs3Baseline *baseline, const char *model, gint64 seq) {
  gint64 batch = 0;
  for (guint i = 0; i < baseline->steps->len; i++) {
    const Cs3BaselineStep *step = baseline->steps->pdata[i];
    if (strcmp(step->model, model) == 0 && step->seq == seq)
      batch = MAX(batch, step->batch);
  }
  return batch;
}

static json_t *speedups_json(const Cs3Baseline *baseline, double sparsity) {
  json_t *object = json_object();
  for (int format = CS3_BASELINE_UNSTRUCTURED; format < CS3_N_BASELINE_FORMATS; format++) {
    Cs3BaselineValue value;
    if (sparsity > 0 && cs3_baseline_speedup(baseline, MEASURED_LAYER, (Cs3BaselineFormat)format,
                                             sparsity, &value, NULL))
      json_object_set_new(object, cs3_baseline_format_name((Cs3BaselineFormat)format),
                          json_real(value.value));
  }
  return object;
}

/* (transfer full) (nullable): the step of the largest batch, where one was measured. */
static json_t *measured_step(const Cs3Baseline *baseline, const Cs3Graph *graph, GError **error) {
  const char *model = graph->model->name;
  gint64 seq = graph->lengths.seq, batch = largest_batch(baseline, model, seq);
  Cs3BaselineValue rate;
  if (batch == 0 || !cs3_baseline_tokens_per_s(baseline, model, batch, seq, &rate, error))
    return NULL;
  json_t *step = cs3_json_pack("{s:f, s:I, s:I}", "tokens_per_s", rate.value, "batch",
                               (json_int_t)batch, "seq", (json_int_t)seq);
  for (guint i = 0; i < baseline->steps->len; i++) {
    const Cs3BaselineStep *s = baseline->steps->pdata[i];
    if (strcmp(s->model, model) == 0 && s->seq == seq && s->batch == batch &&
        s->joules_per_token > 0)
      json_object_set_new(step, "joules_per_token", json_real(s->joules_per_token));
  }
  return step;
}

static gboolean add_measured(json_t *object, const char *name, const Cs3Scenario *scenario,
                             GError **error) {
  if (!cs3_baseline_exists(name))
    return TRUE;
  GError *problem = NULL;
  g_autoptr(Cs3Baseline) baseline = cs3_baseline_load(name, error);
  json_t *step = baseline != NULL ? measured_step(baseline, scenario->graph, &problem) : NULL;
  if (baseline == NULL || problem != NULL) {
    if (problem != NULL)
      g_propagate_error(error, problem);
    return FALSE;
  }
  json_object_set_new(object, "source", json_string(baseline->source));
  json_object_set_new(object, "scope", json_string(baseline->step_scope));
  if (step != NULL)
    json_object_set_new(object, "dense", step);
  json_object_set_new(object, "layer_speedup",
                      speedups_json(baseline, scenario->config.sparsity_asked));
  return TRUE;
}

static json_t *run_json(const Cs3GpuRun *run, const Cs3GpuRun *dense, const Cs3GpuWay *way,
                        double tokens) {
  const Cs3GpuTime *t = &run->time;
  json_t *seconds = cs3_json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "products", t->linear_s,
                                  "attention", t->attention_s, "element_wise", t->vector_s, "casts",
                                  t->cast_s, "again", t->again_s, "update", t->update_s);
  return cs3_json_pack(
      "{s:f, s:f, s:f, s:f, s:f, s:s, s:s, s:I, s:I, s:b, s:f, s:o}", "step_time_s", run->step_s,
      "tokens_per_s", tokens / run->step_s, "dense_tokens_per_s", tokens / dense->step_s, "speedup",
      dense->step_s / run->step_s, "joules_per_token", run->joules / tokens, "precision",
      cs3_gpu_precision_names[way->precision], "kernels", way->two_of_four ? "2:4" : "dense",
      "gpus", (json_int_t)run->gpus, "micro_batch", (json_int_t)run->micro, "checkpoint",
      run->checkpoint, "memory_bytes", run->memory, "seconds", seconds);
}

/* Weights with zeros elsewhere than 2:4 run as dense ones: nothing measured is faster below 99 %.
 */
static gboolean add_derived(json_t *object, const Cs3Gpu *gpu, gint64 count,
                            const Cs3Scenario *scenario, const Cs3CompareGpus *gpus,
                            GError **error) {
  const Cs3RunConfig *config = &scenario->config;
  Cs3GpuWay way = {.precision = (Cs3GpuPrecision)gpus->precision, .fused = TRUE};
  Cs3GpuRun dense, run;
  GError *problem = NULL;
  if (!cs3_gpu_check_precision(gpu, way.precision, error))
    return FALSE;
  if (cs3_gpu_run(gpu, scenario->graph, way, count, config->batch, &dense, &problem)) {
    way.two_of_four = config->sparsity_asked > 0 && strcmp(config->pattern.text, "2:4") == 0 &&
                      gpu->products[way.precision].two_of_four > 0;
    if (cs3_gpu_run(gpu, scenario->graph, way, count, config->batch, &run, &problem)) {
      double tokens = scenario->graph->tokens * (double)config->batch;
      json_object_set_new(object, "derived", run_json(&run, &dense, &way, tokens));
      json_object_set_new(object, "derived_source", json_string(gpu->source));
      return TRUE;
    }
  }
  json_object_set_new(object, "reason", json_string(problem->message));
  g_clear_error(&problem);
  return TRUE;
}

json_t *cs3_compare_gpu(const char *name, gint64 count, const Cs3Scenario *scenario,
                        const Cs3CompareGpus *gpus, GError **error) {
  g_autoptr(Cs3Gpu) gpu = cs3_gpu_load(name, error);
  if (gpu == NULL)
    return NULL;
  if (gpus->scaling > 0)
    gpu->scaling = gpus->scaling;
  g_autofree char *label =
      count > 1 ? g_strdup_printf("%sx%" G_GINT64_FORMAT, name, count) : g_strdup(name);
  json_auto_t *object = cs3_json_pack("{s:s}", "hardware", label);
  if ((count == 1 && !add_measured(object, name, scenario, error)) ||
      !add_derived(object, gpu, count, scenario, gpus, error))
    return NULL;
  return json_incref(object);
}
