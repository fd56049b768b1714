/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines side by side: the simulated ones as points of a sweep over the hardware; GPUs beside. */
#include "config.h"

#include "sim/study/compare.h"

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/json.h"
#include "base/plain-text.h"
#include "base/suggest.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/cli/cli.h"
#include "sim/gpu/gpu.h"
#include "sim/run/result.h"
#include "sim/run/uncertainty.h"
#include "sim/study/sweep.h"

/* --- simulated machines --------------------------------------------------------------------- */

static gboolean take_line(gpointer data, const char *line, gsize n, GError **error) {
  json_auto_t *point = json_loadb(line, n, 0, NULL);
  json_t *machines = data;
  json_t *object = cs3_json_pack("{s:O}", "hardware",
                                 json_object_get(json_object_get(point, "axes"), "hardware"));
  json_t *result = json_object_get(point, "result"), *reason = json_object_get(point, "reason");
  if (result != NULL)
    json_object_set(object, "result", result);
  if (reason != NULL)
    json_object_set(object, "reason", reason);
  json_array_append_new(machines, object);
  return TRUE;
}

static json_t *simulate(const Cs3ScenarioOptions *base, const char *names, GError **error) {
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  Cs3Sweep sweep = {.axes = axes, .base = base};
  if (!cs3_axes_add(axes, "hardware", names, "--hardware", error) ||
      !cs3_axes_count(axes, &sweep.after, error) ||
      !cs3_scenario_identity(base, &sweep.identity, error))
    return NULL;
  sweep.workers = base->jobs > 0 ? (guint)base->jobs : g_get_num_processors();
  json_t *machines = json_array();
  g_autoptr(Cs3Progress) quiet = cs3_progress_new(CS3_PROGRESS_OFF, stderr, "", 1, NULL);
  if (cs3_sweep_run(&sweep, quiet, take_line, machines, error))
    return machines;
  json_decref(machines);
  return NULL;
}

static gboolean is_gpu(const char *name) {
  g_autofree char *gpu = NULL;
  return cs3_gpu_several(name, &gpu) > 0;
}

static gboolean is_several(const char *name) {
  g_autofree char *gpu = NULL;
  return cs3_gpu_several(name, &gpu) > 1;
}

static gboolean unknown_machine(const char *name, GError **error) {
  g_autoptr(GArray) infos = cs3_machine_list();
  g_auto(GStrv) gpus = cs3_datadir_list(CS3_DATA_GPUS);
  g_autoptr(GPtrArray) names = g_ptr_array_new(); /* borrowed */
  g_autoptr(GString) simulated = g_string_new(NULL);
  for (guint i = 0; i < infos->len; i++) {
    char *machine = g_array_index(infos, Cs3MachineInfo, i).name;
    g_ptr_array_add(names, machine);
    g_string_append_printf(simulated, "%s%s", i > 0 ? ", " : "", machine);
  }
  for (char **gpu = gpus; *gpu != NULL; gpu++)
    g_ptr_array_add(names, *gpu);
  g_ptr_array_add(names, NULL);
  const char *nearest = cs3_suggest(name, (const char *const *)names->pdata);
  g_autofree char *hint =
      nearest != NULL ? g_strdup_printf("; did you mean %s?", nearest) : g_strdup(";");
  g_autofree char *gpus_text = g_strjoinv(", ", gpus);
  g_set_error(
      error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
      "--hardware: unknown machine '%s'%s known: %s, the GPUs %s (several as in h200x8), or "
      "a file name that ends in .ini",
      CS3_CUT(name), hint, simulated->str, gpus_text);
  return FALSE;
}

/* Presets, files and GPUs: an axis of a sweep knows no GPUs. */
static gboolean check_names(char **names, GError **error) {
  for (; *names != NULL; names++) {
    g_autofree char *preset = cs3_datadir_locate(CS3_DATA_HARDWARE, *names);
    gboolean file = g_str_has_suffix(*names, ".ini") || strchr(*names, '/') != NULL;
    if (!file && preset == NULL && **names != '\0' && !is_gpu(*names))
      return unknown_machine(*names, error);
  }
  return TRUE;
}

/* GPUs are modelled for training; nothing is said of one that is not there. */
static gboolean check_gpus(char **names, gboolean forward, const Cs3CompareGpus *gpus,
                           GError **error) {
  const char *gpu = NULL;
  gboolean several = FALSE;
  for (; *names != NULL; names++) {
    gpu = is_gpu(*names) ? *names : gpu;
    several |= is_several(*names);
  }
  if (gpu != NULL && forward) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--forward: %s is modelled for whole steps of training; leave one of them out",
                gpu);
    return FALSE;
  }
  const char *given = gpus->scaling > 0      ? "gpu-scaling"
                      : gpus->precision != 0 ? "gpu-precision"
                      : gpus->kernels != 0   ? "gpu-kernels"
                                             : NULL;
  if (gpu == NULL && given != NULL) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--%s: changes nothing without a GPU in --hardware, as in cs3,h200", given);
    return FALSE;
  }
  if (!several && gpus->scaling > 0) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--gpu-scaling: changes nothing of one %s; take several, as in %sx8", gpu, gpu);
    return FALSE;
  }
  return TRUE;
}

/* Names of machines that are simulated, for one sweep over all of them. */
static char *simulated_names(char **names) {
  g_autoptr(GPtrArray) found = g_ptr_array_new();
  for (; *names != NULL; names++)
    if (!is_gpu(*names))
      g_ptr_array_add(found, *names);
  g_ptr_array_add(found, NULL);
  return g_strjoinv(",", (char **)found->pdata);
}

/* Into the order in which the user named them. */
static json_t *arrange(char **names, const json_t *simulated, const Cs3Scenario *scenario,
                       const Cs3CompareGpus *gpus, GError **error) {
  json_t *machines = json_array();
  size_t next = 0;
  for (; *names != NULL; names++) {
    g_autofree char *gpu = NULL;
    gint64 count = cs3_gpu_several(*names, &gpu);
    json_t *machine = count > 0 ? cs3_compare_gpu(gpu, count, scenario, gpus, error)
                                : json_incref(json_array_get(simulated, next++));
    if (machine == NULL) {
      json_decref(machines);
      return NULL;
    }
    json_array_append_new(machines, machine);
  }
  return machines;
}

json_t *cs3_compare(const Cs3ScenarioOptions *options, const Cs3CompareGpus *gpus, GError **error) {
  static const Cs3CompareGpus as_they_come = {0};
  g_auto(GStrv) names = g_strsplit(options->hardware, ",", -1);
  for (char **name = names; *name != NULL; name++)
    g_strstrip(*name);
  if (gpus == NULL)
    gpus = &as_they_come;
  if (!check_names(names, error) || !check_gpus(names, options->forward, gpus, error))
    return NULL;
  g_autofree char *simulated = simulated_names(names);
  if (*simulated == '\0') {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--hardware %s: name at least one machine that is simulated, as in cs2,cs3",
                options->hardware);
    return NULL;
  }
  Cs3ScenarioOptions base = *options; /* borrows */
  base.hardware = (char *)cs3_scenario_defaults.hardware;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&base, error);
  json_auto_t *runs = scenario != NULL ? simulate(&base, simulated, error) : NULL;
  if (runs == NULL)
    return NULL;
  json_t *machines = arrange(names, runs, scenario, gpus, error);
  return machines ? cs3_json_pack("{s:s, s:o}", "schema", CS3_COMPARE_SCHEMA, "machines", machines)
                  : NULL;
}

gboolean cs3_compare_posterior(json_t *comparison, const Cs3ScenarioOptions *options,
                               const Cs3PosteriorFile *file, GError **error) {
  size_t i;
  json_t *machine;
  json_array_foreach(json_object_get(comparison, "machines"), i, machine) {
    json_t *result = json_object_get(machine, "result");
    Cs3ScenarioOptions one = *options; /* borrows */
    one.hardware = (char *)cs3_record_string(machine, "hardware");
    if (result == NULL)
      continue;
    g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&one, error);
    json_t *band = scenario != NULL
                       ? cs3_posterior_band(file, &scenario->config, cs3_uncertainty_whole(result),
                                            NULL, NULL, error)
                       : NULL;
    if (band == NULL || json_object_set_new(result, "posterior", band) != 0)
      return FALSE;
  }
  return TRUE;
}

json_t *cs3_compare_runs(const json_t *comparison) {
  json_t *runs = json_array();
  size_t i;
  json_t *machine;
  json_array_foreach(json_object_get(comparison, "machines"), i, machine) {
    json_t *result = json_object_get(machine, "result");
    if (result != NULL)
      json_array_append(runs, result);
  }
  return runs;
}
