/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checkpoints in several safetensors files: the index says which file holds a tensor. */
#include "config.h"

#include "workloads/mask-file.h"

#include <jansson.h>
#include <string.h>

#include "workloads/config-reader.h"
#include "workloads/workload-error.h"

static Cs3Mask *read_shard(const char *path, const char *tensor, json_t *index, GError **error) {
  const char *name =
      json_string_value(json_object_get(json_object_get(index, "weight_map"), tensor));
  if (name == NULL) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: weight_map holds no tensor '%s'", path, tensor);
    return NULL;
  }
  if (strchr(name, '/') != NULL) {
    g_autofree char *clean = cs3_config_clean(name);
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: %s: the file '%s' is not beside the index", path, tensor, clean);
    return NULL;
  }
  g_autofree char *folder = g_path_get_dirname(path);
  g_autofree char *shard = g_build_filename(folder, name, NULL);
  return cs3_mask_safetensors.read(shard, tensor, error);
}

static Cs3Mask *read_index(const char *path, const char *tensor, GError **error) {
  if (tensor == NULL) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: an index names many tensors; choose one with --tensor", path);
    return NULL;
  }
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) reason = NULL;
  if (!g_file_get_contents(path, &text, &length, &reason)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "%s", reason->message);
    return NULL;
  }
  json_t *index = cs3_config_read_object(text, length, path, error);
  Cs3Mask *mask = index ? read_shard(path, tensor, index, error) : NULL;
  json_decref(index);
  return mask;
}

const Cs3MaskFormat cs3_mask_safetensors_index = {
    .name = "safetensors-index",
    .suffix = ".safetensors.index.json",
    .summary = "the same for a checkpoint in several files",
    .tensors = TRUE,
    .read = read_index,
};
