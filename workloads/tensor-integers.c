/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights as packed integers with a zero point for each group of input features: w = scale (q - z),
 * so that a weight is alive when q is not z. X.qweight, X.qzeros and X.scales, I32, I32 and
 * floating point; scales are [groups, outputs]. GPTQ (github.com/AutoGPTQ/AutoGPTQ,
 * nn_modules/qlinear): qweight [inputs b/32, outputs], each number b bits of 32/b input features,
 * lowest first; qzeros [groups, outputs b/32] of outputs in order; X.g_idx [inputs] names the group
 * of an input feature, which may be any. Zero points are stored less one, but for the
 * checkpoint_format "gptq_v2". AWQ (github.com/casper-hansen/AutoAWQ, modules/linear/gemm.py):
 * qweight [inputs, outputs b/32], qzeros likewise, four bits each, outputs in the order 0 2 4 6 1 3
 * 5 7; groups follow on each other. */
#include "config.h"

#include "workloads/tensor-layout.h"

#include <string.h>

#include "workloads/config-reader.h"
#include "workloads/mask-file.h"

enum { WORD = 32, AWQ_BITS = 4, MAX_CONFIG_BYTES = 10000000 };

static const guint8 awq_place[] = {0, 4, 1, 5, 2, 6, 3, 7}; /* where an output's four bits lie */

static const Cs3StoredTensor *sibling(const Cs3Weight *w, const char *suffix) {
  return cs3_checkpoint_beside(w->checkpoint, w->values->name,
                               strlen(w->values->name) - strlen(".qweight"), suffix);
}

static gboolean is_words(const Cs3StoredTensor *tensor) {
  return tensor != NULL && tensor->n_dims == 2 && strcmp(tensor->dtype_name, "I32") == 0;
}

static gboolean match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                      Cs3Weight *weight) {
  const char suffix[] = ".qweight";
  if (!g_str_has_suffix(tensor->name, suffix) || !is_words(tensor))
    return FALSE;
  weight->values = tensor;
  const Cs3StoredTensor *zeros = sibling(weight, ".qzeros"), *scales = sibling(weight, ".scales");
  if (!is_words(zeros) || scales == NULL || scales->n_dims != 2 || scales->dims[1] < 1)
    return FALSE;
  gint64 outputs = scales->dims[1];
  weight->name =
      g_strdup_printf("%.*s.weight", (int)(strlen(tensor->name) - strlen(suffix)), tensor->name);
  weight->bits = (guint)(WORD * zeros->dims[1] / outputs);
  weight->by_input = tensor->dims[1] == outputs; /* GPTQ */
  weight->cols = outputs;
  weight->rows = tensor->dims[0];
  if (weight->by_input && weight->bits > 0)
    weight->rows *= WORD / weight->bits;
  weight->transposed = TRUE;
  return TRUE;
}

/* --- zero points ------------------------------------------------------------------------------ */

/* (transfer full) (nullable): the object that describes the quantisation, from the files that lie
 * beside the weights; @source says which. */
static json_t *read_config(const Cs3Checkpoint *checkpoint, char **source, GError **error) {
  static const char *const names[] = {"quantize_config.json", "config.json"};
  g_autofree char *folder =
      g_path_get_dirname(g_array_index(checkpoint->files, Cs3CheckpointFile, 0).path);
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    g_autofree char *path = g_build_filename(folder, names[i], NULL);
    if (!g_file_test(path, G_FILE_TEST_EXISTS))
      continue;
    json_t *root = cs3_config_read_file(path, MAX_CONFIG_BYTES, error);
    if (root == NULL)
      return NULL;
    json_t *inner = json_object_get(root, "quantization_config");
    json_t *found = json_is_object(inner) ? json_incref(inner) : i == 0 ? json_incref(root) : NULL;
    json_decref(root);
    if (found != NULL) {
      *source = g_steal_pointer(&path);
      return found;
    }
  }
  cs3_checkpoint_fail(checkpoint->path, error,
                      "GPTQ weights, whose zero points are stored in two ways: expected "
                      "quantize_config.json, or config.json with quantization_config, in %s",
                      folder);
  return NULL;
}

/* What must be added to stored zero points. */
static gboolean read_shift(const Cs3Weight *w, guint *shift, GError **error) {
  *shift = 0;
  if (!w->by_input)
    return TRUE;
  g_autofree char *source = NULL;
  json_auto_t *config = read_config(w->checkpoint, &source, error);
  if (config == NULL)
    return FALSE;
  json_t *format = json_object_get(config, "checkpoint_format");
  const char *name = format == NULL || json_is_null(format) ? "gptq" : json_string_value(format);
  gboolean ok = name != NULL && (strcmp(name, "gptq") == 0 || strcmp(name, "gptq_v2") == 0);
  if (ok)
    *shift = strcmp(name, "gptq") == 0;
  else
    cs3_config_fail(error, source, "checkpoint_format", format, "\"gptq\" or \"gptq_v2\"");
  return ok;
}

static guint field(const guint32 *words, gint64 at, guint bits, gboolean in_order) {
  gint64 per = WORD / bits;
  guint place = in_order ? (guint)(at % per) : awq_place[at % per];
  return GUINT32_FROM_LE(words[at / per]) >> (place * bits) & ((1u << bits) - 1);
}

static gboolean read_zeros(Cs3Weight *w, guint shift, GError **error) {
  const Cs3StoredTensor *zeros = sibling(w, ".qzeros");
  gint64 groups = zeros->dims[0], words = zeros->dims[1];
  g_autofree guint32 *row = g_try_new(guint32, words);
  g_autofree guint8 *points = g_try_malloc_n((gsize)groups, (gsize)w->cols);
  if (row == NULL || points == NULL)
    return cs3_checkpoint_fail(w->checkpoint->path, error, "%s: no memory for its zero points",
                               w->name);
  for (gint64 g = 0; g < groups; g++) {
    gsize size = (gsize)words * sizeof *row;
    if (!cs3_checkpoint_read(w->checkpoint, zeros, (guint64)g * size, size, row, error))
      return FALSE;
    for (gint64 col = 0; col < w->cols; col++)
      points[g * w->cols + col] =
          (guint8)((field(row, col, w->bits, w->by_input) + shift) & ((1u << w->bits) - 1));
  }
  g_free(w->zeros);
  w->zeros = g_steal_pointer(&points);
  return TRUE;
}

/* The group of every input feature. */
static gboolean read_groups(Cs3Weight *w, GError **error) {
  const Cs3StoredTensor *index = w->by_input ? sibling(w, ".g_idx") : NULL;
  gint64 groups = sibling(w, ".qzeros")->dims[0], size = (w->rows + groups - 1) / groups;
  gsize bytes = (gsize)w->rows * sizeof(gint32);
  if (index != NULL && (strcmp(index->dtype_name, "I32") != 0 || index->bytes != bytes))
    return cs3_checkpoint_fail(w->checkpoint->path, error,
                               "%s: expected %" G_GINT64_FORMAT " I32, a group for every input",
                               index->name, w->rows);
  g_autofree gint32 *group = g_try_new(gint32, w->rows);
  if (group == NULL)
    return cs3_checkpoint_fail(w->checkpoint->path, error, "%s: no memory for its groups", w->name);
  if (index != NULL && !cs3_checkpoint_read(w->checkpoint, index, 0, bytes, group, error))
    return FALSE;
  for (gint64 i = 0; i < w->rows; i++) {
    group[i] = index != NULL ? GINT32_FROM_LE(group[i]) : (gint32)(i / size);
    if (group[i] < 0 || group[i] >= groups)
      return cs3_checkpoint_fail(w->checkpoint->path, error,
                                 "%s: input feature %" G_GINT64_FORMAT
                                 " is of group %d of %" G_GINT64_FORMAT,
                                 index != NULL ? index->name : w->name, i, group[i], groups);
  }
  w->group = g_steal_pointer(&group);
  return TRUE;
}

static gboolean check_shapes(const Cs3Weight *w, GError **error) {
  const Cs3StoredTensor *zeros = sibling(w, ".qzeros"), *scales = sibling(w, ".scales");
  gboolean known = w->by_input ? w->bits == 2 || w->bits == 4 || w->bits == 8 : w->bits == AWQ_BITS;
  if (known && zeros->dims[1] * WORD == w->cols * w->bits && zeros->dims[0] >= 1 &&
      zeros->dims[0] == scales->dims[0] && zeros->dims[0] <= w->rows &&
      (w->by_input || w->values->dims[1] == zeros->dims[1]))
    return TRUE;
  return cs3_checkpoint_fail(w->checkpoint->path, error,
                             "%s: %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                             " packed integers with %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                             " of zero points and %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                             " scales: neither GPTQ of 2, 4 or 8 bits nor AWQ of 4",
                             w->values->name, w->values->dims[0], w->values->dims[1],
                             zeros->dims[0], zeros->dims[1], scales->dims[0], scales->dims[1]);
}

static gboolean prepare(Cs3Weight *w, GError **error) {
  guint shift;
  if (w->group != NULL)
    return TRUE;
  return check_shapes(w, error) && read_shift(w, &shift, error) && read_zeros(w, shift, error) &&
         read_groups(w, error);
}

/* --- rows ------------------------------------------------------------------------------------- */

static void gptq_row(const Cs3Weight *w, gint64 row, const guint32 *words, guint64 *bits) {
  guint shift = (guint)(row % (WORD / w->bits)) * w->bits, mask = (1u << w->bits) - 1;
  const guint8 *zeros = w->zeros + w->group[row] * w->cols;
  for (gint64 col = 0; col < w->cols; col++)
    bits[col / 64] |= (guint64)((GUINT32_FROM_LE(words[col]) >> shift & mask) != zeros[col])
                      << col % 64;
}

static void awq_row(const Cs3Weight *w, gint64 row, const guint32 *words, guint64 *bits) {
  const guint8 *zeros = w->zeros + w->group[row] * w->cols;
  for (gint64 col = 0; col < w->cols; col++)
    bits[col / 64] |= (guint64)(field(words, col, AWQ_BITS, FALSE) != zeros[col]) << col % 64;
}

static gboolean rows(const Cs3Weight *w, gint64 first, gint64 n, Cs3WeightRows *out,
                     GError **error) {
  gint64 stride = (w->cols + 63) / 64, per = w->by_input ? WORD / w->bits : 1;
  gint64 begin = first / per, count = (first + n - 1) / per - begin + 1;
  gsize row_bytes = (gsize)w->values->dims[1] * sizeof(guint32), size = (gsize)count * row_bytes;
  g_byte_array_set_size(out->bytes, (guint)size);
  if (!cs3_checkpoint_read(w->checkpoint, w->values, (guint64)begin * row_bytes, size,
                           out->bytes->data, error))
    return FALSE;
  memset(out->bits, 0, (gsize)(n * stride) * sizeof *out->bits);
  for (gint64 i = 0; i < n; i++) {
    const guint8 *at = out->bytes->data + (gsize)((first + i) / per - begin) * row_bytes;
    (w->by_input ? gptq_row : awq_row)(w, first + i, (const guint32 *)(const void *)at,
                                       out->bits + i * stride);
  }
  return TRUE;
}

const Cs3WeightLayout cs3_weight_integers = {
    .name = "integers",
    .summary = "GPTQ of 2, 4 and 8 bits and AWQ, zero points taken into account",
    .match = match,
    .prepare = prepare,
    .rows = rows,
};
