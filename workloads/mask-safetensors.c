/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zeros of a weight in a checkpoint of safetensors files. */
#include "config.h"

#include "workloads/mask-file.h"
#include "workloads/tensor-layout.h"

#include "workloads/workload-error.h"

/* The one matrix that can be read, or a message with some of the names to choose from. */
static Cs3Weight *only_matrix(const Cs3Checkpoint *checkpoint, GError **error) {
  enum { SHOWN = 6 };
  g_autoptr(GPtrArray) weights = cs3_weights_list(checkpoint);
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < MIN(weights->len, SHOWN); i++)
    g_string_append_printf(names, "%s%s", i ? ", " : "", ((Cs3Weight *)weights->pdata[i])->name);
  if (weights->len == 1)
    return g_ptr_array_steal_index(weights, 0);
  if (weights->len == 0)
    cs3_checkpoint_fail(checkpoint->path, error, "holds no matrix");
  else
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: holds %u matrices; choose one with --tensor: %s%s", checkpoint->path,
                weights->len, names->str, weights->len > SHOWN ? ", ..." : "");
  return NULL;
}

static Cs3Mask *read_safetensors(const char *path, const Cs3MaskChoice *choice, GError **error) {
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, choice->tensor, error);
  if (checkpoint == NULL)
    return NULL;
  g_autoptr(Cs3Weight) weight = choice->tensor != NULL
                                    ? cs3_weight_find(checkpoint, choice->tensor, error)
                                    : only_matrix(checkpoint, error);
  return weight != NULL ? cs3_weight_mask(weight, choice->nan_masked, error) : NULL;
}

/* The header is JSON, after its length. */
static gboolean begins(const char *bytes, gsize n) {
  return n > 8 && bytes[8] == '{';
}

static gboolean begins_index(const char *bytes, gsize n) {
  return n > 0 && bytes[0] == '{';
}

const Cs3MaskFormat cs3_mask_safetensors = {
    .name = "safetensors",
    .suffix = ".safetensors",
    .begins = begins,
    .summary = "the zeros of a tensor of a checkpoint",
    .tensors = TRUE,
    .read = read_safetensors,
};

const Cs3MaskFormat cs3_mask_safetensors_index = {
    .name = "safetensors-index",
    .suffix = ".safetensors.index.json",
    .begins = begins_index,
    .summary = "the same for a checkpoint in several files, or a folder of them",
    .tensors = TRUE,
    .read = read_safetensors,
};
