/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A GPU in a comparison: what was measured on it, and the step that a model of it derives. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "sim/cli/cli.h"
#include "sim/gpu/gpu-step.h"
#include "sim/machine/baseline.h"
#include "sim/study/compare.h"
#include "workloads/model.h"
#include "workloads/pattern.h"

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

/* "block-64" */
static char *kernels_text(const Cs3GpuWay *way) {
  if (way->kernels == CS3_GPU_BLOCKS)
    return g_strdup_printf("block-%" G_GINT64_FORMAT, cs3_gpu_block_sides[way->side]);
  return g_strdup(cs3_gpu_kernel_names[way->kernels]);
}

static json_t *run_json(const Cs3GpuRun *run, const Cs3GpuRun *dense, const Cs3GpuWay *way,
                        double tokens) {
  const Cs3GpuTime *t = &run->time;
  json_t *seconds = cs3_json_pack("{s:f, s:f, s:f, s:f, s:f, s:f}", "products", t->linear_s,
                                  "attention", t->attention_s, "element_wise", t->vector_s, "casts",
                                  t->cast_s, "again", t->again_s, "update", t->update_s);
  g_autofree char *kernels = kernels_text(way);
  return cs3_json_pack(
      "{s:f, s:f, s:f, s:f, s:f, s:s, s:s, s:I, s:I, s:b, s:f, s:o}", "step_time_s", run->step_s,
      "tokens_per_s", tokens / run->step_s, "dense_tokens_per_s", tokens / dense->step_s, "speedup",
      dense->step_s / run->step_s, "joules_per_token", run->joules / tokens, "precision",
      cs3_gpu_precision_names[way->precision], "kernels", kernels, "gpus", (json_int_t)run->gpus,
      "micro_batch", (json_int_t)run->micro, "checkpoint", run->checkpoint, "memory_bytes",
      run->memory, "seconds", seconds);
}

/* Whether the zeros of @scenario lie where @way's kernels leave them out, which are then told what
 * they need. */
static gboolean allows(const Cs3Scenario *scenario, const Cs3Gpu *gpu, Cs3GpuWay *way) {
  const Cs3Pattern *pattern = &scenario->config.pattern;
  way->density = scenario->sparsity->node_density;
  if (way->kernels == CS3_GPU_DENSE)
    return TRUE;
  if (scenario->config.sparsity_asked <= 0)
    return FALSE;
  if (way->kernels == CS3_GPU_TWO_OF_FOUR)
    return strcmp(pattern->text, "2:4") == 0;
  if (way->kernels == CS3_GPU_CSR)
    return TRUE;
  way->side = pattern->ops == &cs3_pattern_block
                  ? cs3_gpu_block_side(gpu, pattern->param[0], pattern->param[1])
                  : -1;
  return way->side >= 0;
}

/* What the user asked for has to be there and to be of use. */
static gboolean check_kernels(const Cs3Gpu *gpu, const Cs3Scenario *scenario,
                              const Cs3CompareGpus *gpus, GError **error) {
  Cs3GpuWay way = {.kernels = (Cs3GpuKernels)(gpus->kernels - 1)};
  Cs3GpuPrecision precision = (Cs3GpuPrecision)gpus->precision;
  if (!cs3_gpu_check_precision(gpu, precision, error))
    return FALSE;
  if (gpus->kernels == 0)
    return TRUE;
  if (!cs3_gpu_has_kernels(gpu, way.kernels, precision)) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--gpu-kernels %s: none were measured on %s in %s; take fastest",
                cs3_gpu_kernel_names[way.kernels], gpu->name, cs3_gpu_precision_names[precision]);
    return FALSE;
  }
  if (allows(scenario, gpu, &way))
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--gpu-kernels %s: %.4g %% %s sparsity has no zeros that they leave out; csr takes "
              "any, 2:4 that pattern, blocks block:RxC of sides that 16, 32, 64 or 128 divides",
              cs3_gpu_kernel_names[way.kernels], 100 * scenario->config.sparsity_asked,
              scenario->config.pattern.text);
  return FALSE;
}

/* The fastest step of those kernels that may be taken; dense ones stay where none are faster. */
static gboolean run_kernels(const Cs3Gpu *gpu, gint64 count, const Cs3Scenario *scenario,
                            const Cs3CompareGpus *gpus, Cs3GpuWay *way, Cs3GpuRun *best,
                            GError **error) {
  *best = (Cs3GpuRun){.step_s = INFINITY};
  for (int kernels = CS3_GPU_DENSE; kernels < CS3_N_GPU_KERNELS; kernels++) {
    Cs3GpuWay one = *way;
    Cs3GpuRun run;
    one.kernels = (Cs3GpuKernels)kernels;
    if ((gpus->kernels != 0 && gpus->kernels != 1 + kernels) ||
        !cs3_gpu_has_kernels(gpu, one.kernels, one.precision) || !allows(scenario, gpu, &one))
      continue;
    if (!cs3_gpu_run(gpu, scenario->graph, one, count, scenario->config.batch, &run, error))
      return FALSE;
    if (run.step_s < best->step_s) {
      *best = run;
      way->kernels = one.kernels;
      way->side = one.side;
    }
  }
  return TRUE;
}

static gboolean add_derived(json_t *object, const Cs3Gpu *gpu, gint64 count,
                            const Cs3Scenario *scenario, const Cs3CompareGpus *gpus,
                            GError **error) {
  Cs3GpuWay way = {.precision = (Cs3GpuPrecision)gpus->precision, .fused = TRUE};
  gint64 batch = scenario->config.batch;
  Cs3GpuRun dense, run;
  GError *problem = NULL;
  if (!check_kernels(gpu, scenario, gpus, error))
    return FALSE;
  if (!cs3_gpu_run(gpu, scenario->graph, way, count, batch, &dense, &problem) ||
      !run_kernels(gpu, count, scenario, gpus, &way, &run, &problem)) {
    json_object_set_new(object, "reason", json_string(problem->message));
    g_clear_error(&problem);
    return TRUE;
  }
  double tokens = scenario->graph->tokens * (double)batch;
  json_object_set_new(object, "derived", run_json(&run, &dense, &way, tokens));
  json_object_set_new(object, "derived_source", json_string(gpu->source));
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
