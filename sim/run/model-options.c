/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models by name: presets, config.json and ONNX files. */
#include "config.h"

#include "sim/run/model-options.h"

#include <string.h>

#include "base/datadir.h"
#include "sim/cli/cli.h"
#include "sim/run/model-name.h"
#include "workloads/layer-table.h"
#include "workloads/model-zoo.h"
#include "workloads/onnx/onnx-model.h"

const char *const cs3_unknown_ops[] = {"refuse", "ignore", NULL};

static gboolean is_path(const char *name) {
  return strchr(name, '/') != NULL || g_str_has_suffix(name, ".json") ||
         g_str_has_suffix(name, CS3_LAYER_TABLE_SUFFIX) || cs3_is_model_zoo(name);
}

/* A preset by its file's name, which a user may have added, or as people write it. */
static char *model_preset(const char *text) {
  g_autofree char *path = cs3_datadir_locate(CS3_DATA_MODELS, text);
  return path != NULL ? g_strdup(text) : cs3_model_preset(text);
}

char *cs3_model_path(const char *name) {
  g_autofree char *preset = model_preset(name);
  return preset != NULL ? cs3_datadir_locate(CS3_DATA_MODELS, preset) : NULL;
}

Cs3Model *cs3_model_find(const char *name_or_path, GError **error) {
  static const Cs3OnnxGiven nothing = {.shapes = NULL};
  gboolean file = is_path(name_or_path);
  if (cs3_onnx_is_file(name_or_path))
    return cs3_onnx_model_load(name_or_path, &nothing, error);
  if (file && g_file_test(name_or_path, G_FILE_TEST_EXISTS))
    return cs3_model_load(name_or_path, NULL, error);
  g_autofree char *preset = model_preset(name_or_path);
  g_autofree char *path = preset != NULL ? cs3_datadir_locate(CS3_DATA_MODELS, preset) : NULL;
  if (path != NULL)
    return cs3_model_load(path, preset, error);
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_MODELS);
  if (file)
    return cs3_model_load(name_or_path, NULL, error);
  if (names[0] != NULL)
    cs3_model_unknown(name_or_path, error);
  else
    g_free(cs3_datadir_find(CS3_DATA_MODELS, name_or_path, error));
  return NULL;
}

static gboolean refuse(const char *option, const char *model, GError **error) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--%s: goes with an ONNX file, which %s is not; leave it out", option, model);
  return FALSE;
}

/* What changes nothing is refused. */
static gboolean check(const char *model, const Cs3OnnxOptions *o, GError **error) {
  if (cs3_onnx_is_file(model))
    return TRUE;
  if (o->shape != NULL && o->shape[0] != NULL)
    return refuse("shape", model, error);
  if (o->value != NULL && o->value[0] != NULL)
    return refuse("value", model, error);
  return o->unknown_ops == 0 || refuse("unknown-ops", model, error);
}

Cs3Model *cs3_model_find_sized(const char *name_or_path, const Cs3OnnxOptions *o, GError **error) {
  if (!check(name_or_path, o, error))
    return NULL;
  if (!cs3_onnx_is_file(name_or_path))
    return cs3_model_find(name_or_path, error);
  const Cs3OnnxGiven given = {.shapes = (const char *const *)o->shape,
                              .values = (const char *const *)o->value,
                              .ignore_unknown = o->unknown_ops == 1};
  return cs3_onnx_model_load(name_or_path, &given, error);
}
