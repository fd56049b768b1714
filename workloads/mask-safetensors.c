/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zeros of a weight in a checkpoint of safetensors files. */
#include "config.h"

#include "workloads/mask-file.h"

#include <jansson.h>
#include <string.h>

#include "base/json.h"
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

/* As torch.bool: a byte for every weight, row by row. */
static gboolean write_safetensors(const Cs3Mask *mask, const char *tensor, Cs3Output *output,
                                  GError **error) {
  json_auto_t *header = cs3_json_pack("{s:{s:s, s:[I, I], s:[i, I]}}", tensor, "dtype", "BOOL",
                                      "shape", (json_int_t)mask->rows, (json_int_t)mask->cols,
                                      "data_offsets", 0, (json_int_t)(mask->rows * mask->cols));
  char *text = json_dumps(header, JSON_COMPACT);
  guint64 length = (strlen(text) + 7) / 8 * 8, stored = GUINT64_TO_LE(length);
  g_autofree char *padded = g_strdup_printf("%-*s", (int)length, text);
  g_autofree char *row = g_malloc((gsize)mask->cols);
  cs3_output_write(output, &stored, sizeof stored);
  cs3_output_write(output, padded, length);
  for (gint64 i = 0; i < mask->rows; i++) {
    for (gint64 j = 0; j < mask->cols; j++)
      row[j] = cs3_mask_alive(mask, i, j);
    cs3_output_write(output, row, (gsize)mask->cols);
  }
  free(text);
  return TRUE;
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
    .write = write_safetensors,
};

const Cs3MaskFormat cs3_mask_safetensors_index = {
    .name = "safetensors-index",
    .suffix = ".safetensors.index.json",
    .begins = begins_index,
    .summary = "the same for a checkpoint in several files, or a folder of them",
    .tensors = TRUE,
    .read = read_safetensors,
};
