/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runs behind the plots of clusters. */
#include "config.h"

#include "sim/picture/plot-runs.h"

#include "base/json.h"
#include "sim/run/memory-walk.h"
#include "sim/run/result.h"
#include "sim/run/schedule.h"
#include "sim/run/transform-option.h"
#include "sim/step/step-trace.h"
#include "workloads/workload-error.h"

/* What runs of one model over 200 batches ask for. */
enum { CACHED_PASSES = 1 << 14, CACHED_MASK_BYTES = 256 << 20 };

#define USUAL_TRANSFORM_SPARSITY 0.75

GArray *cs3_system_sweep_points(const Cs3SystemSweep *sweep, gint64 batch) {
  GArray *points = g_array_new(FALSE, FALSE, sizeof(gint64));
  for (gint64 n = 1; n <= sweep->most; n = sweep->step > 0 ? n + sweep->step : 2 * n) {
    if (sweep->scaling == CS3_SCALING_WEAK || batch % n == 0)
      g_array_append_val(points, n);
  }
  gint64 last = points->len > 0 ? g_array_index(points, gint64, points->len - 1) : 0;
  if (last < sweep->most && (sweep->scaling == CS3_SCALING_WEAK || batch % sweep->most == 0))
    g_array_append_val(points, sweep->most);
  return points;
}

/* (transfer container): those of @texts whose place a cluster of @systems has. */
static char **faults_of(char **texts, const Cs3Tree *tree) {
  GPtrArray *kept = g_ptr_array_new();
  for (; texts != NULL && *texts != NULL; texts++) {
    Cs3Fault fault;
    if (cs3_fault_parse(*texts, &fault, NULL) && cs3_fault_check(&fault, *texts, tree, NULL))
      g_ptr_array_add(kept, *texts);
  }
  g_ptr_array_add(kept, NULL);
  return (char **)g_ptr_array_free(kept, FALSE);
}

static gboolean run_point(Cs3Scenario *scenario, const Cs3ScenarioOptions *options, gint64 systems,
                          gint64 batch, json_t *records, GError **error) {
  Cs3Tree tree = {systems, scenario->machine->system.swarmx.fan_out};
  g_autofree char **faults = faults_of(options->fault, &tree);
  Cs3ScenarioOptions point = *options;
  point.fault = faults;
  if (!cs3_scenario_set_systems(scenario, &point, systems, batch, error))
    return FALSE;
  g_autoptr(Cs3Run) run = cs3_run(&scenario->config, error);
  if (run == NULL) {
    g_prefix_error(error, "on %" G_GINT64_FORMAT " systems: ", systems);
    return FALSE;
  }
  json_array_append_new(records, cs3_result_json(run));
  return TRUE;
}

gboolean cs3_system_sweep_run(const Cs3SystemSweep *sweep, const Cs3ScenarioOptions *options,
                              const GArray *points, Cs3Progress *progress, json_t *records,
                              GError **error) {
  gboolean weak = sweep->scaling == CS3_SCALING_WEAK;
  if (weak && options->batch % sweep->most != 0) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "--batch %" G_GINT64_FORMAT ": does not divide over %" G_GINT64_FORMAT " systems",
                options->batch, sweep->most);
    return FALSE;
  }
  /* The largest cluster must have all faults. */
  Cs3ScenarioOptions largest = *options;
  largest.systems = g_array_index(points, gint64, points->len - 1);
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&largest, error);
  if (scenario == NULL)
    return FALSE;
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(CACHED_PASSES, CACHED_MASK_BYTES);
  scenario->config.cache = cache;
  for (guint i = 0; i < points->len; i++) {
    gint64 systems = g_array_index(points, gint64, i);
    gint64 batch = weak ? options->batch / sweep->most * systems : options->batch;
    if (!run_point(scenario, options, systems, batch, records, error))
      return FALSE;
    if (progress != NULL)
      cs3_progress_update(progress, i + 1);
  }
  return TRUE;
}

/* Only wafers have classes; the others are their own lanes. */
static json_t *timeline_json(const Cs3StepTrace *trace, const char *const *labels) {
  json_t *spans = json_array(), *classes = json_array();
  for (guint i = 0; i < trace->spans->len; i++) {
    const Cs3Span *span = &g_array_index(trace->spans, Cs3Span, i);
    json_array_append_new(spans, cs3_json_pack("{s:s, s:s, s:f, s:f, s:I, s:I}", "what",
                                               cs3_span_name(span->kind), "of", labels[span->use],
                                               "begin_s", span->begin_s, "end_s", span->end_s,
                                               "micro_batch", (json_int_t)span->micro_batch,
                                               "class", (json_int_t)span->wafer_class));
  }
  for (guint i = 0; i < trace->classes->len; i++)
    json_array_append_new(classes, json_integer(g_array_index(trace->classes, gint64, i)));
  return cs3_json_pack("{s:f, s:o, s:o}", "step_s", trace->step_s, "classes", classes, "spans",
                       spans);
}

gboolean cs3_timeline_run(const Cs3ScenarioOptions *options, json_t *records, GError **error) {
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(options, error);
  if (scenario == NULL)
    return FALSE;
  const Cs3RunConfig *config = &scenario->config;
  g_autoptr(Cs3Run) run = cs3_run(config, error);
  if (run == NULL)
    return FALSE;
  Cs3PlanInput input = cs3_run_input(config);
  g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) uses = cs3_schedule_uses(&input, run->sparse.plan, NULL, labels);
  Cs3Schedule schedule = cs3_run_schedule(config, run->sparse.plan, uses);
  g_autoptr(Cs3StepTrace) trace = cs3_step_trace(&schedule, &config->machine->system, error);
  if (trace == NULL)
    return FALSE;
  json_t *record = cs3_result_json(run);
  json_object_set_new(record, "timeline", timeline_json(trace, (const char *const *)labels->pdata));
  json_array_append_new(records, record);
  return TRUE;
}

gboolean cs3_memory_run(const Cs3ScenarioOptions *options, json_t *records, GError **error) {
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(options, error);
  g_autoptr(Cs3Run) run = scenario != NULL ? cs3_run(&scenario->config, error) : NULL;
  if (run == NULL)
    return FALSE;
  json_t *record = cs3_result_json(run);
  json_object_set_new(record, "memory", cs3_memory_walk(run));
  json_array_append_new(records, record);
  return TRUE;
}

gboolean cs3_transforms_run(const Cs3ScenarioOptions *options, json_t *records, GError **error) {
  for (int choice = 0; cs3_transform_choices[choice] != NULL; choice++) {
    Cs3ScenarioOptions point = *options;
    double sparsity = options->sparsity > 0 ? options->sparsity : USUAL_TRANSFORM_SPARSITY;
    point.transform = choice;
    point.sparsity = choice > 0 ? sparsity : 0;
    g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&point, error);
    g_autoptr(Cs3Run) run = scenario != NULL ? cs3_run(&scenario->config, error) : NULL;
    if (run == NULL)
      return FALSE;
    json_array_append_new(records, cs3_result_json(run));
  }
  return TRUE;
}
