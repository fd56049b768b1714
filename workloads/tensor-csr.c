/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights whose parts are called as PyTorch calls those of a sparse tensor (torch.sparse,
 * pytorch.org/docs/stable/sparse.html): X.crow_indices, X.col_indices and X.values by rows, or
 * X.ccol_indices, X.row_indices and X.values by columns, I32 or I64, with X.shape or X.size (I64,
 * two numbers), since the indices do not say how wide a row is. */
#include "config.h"

#include "workloads/tensor-layout.h"

#include <string.h>

#include "workloads/mask-file.h"

static const struct {
  const char *lines, *indices;
  gboolean by_column;
} kinds[] = {
    {".crow_indices", ".col_indices", FALSE},
    {".ccol_indices", ".row_indices", TRUE},
};

static gboolean is_whole(const Cs3StoredTensor *t) {
  return t != NULL && t->n_dims == 1 &&
         (strcmp(t->dtype_name, "I32") == 0 || strcmp(t->dtype_name, "I64") == 0);
}

static gboolean match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                      Cs3Weight *weight) {
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++) {
    if (!g_str_has_suffix(tensor->name, kinds[i].lines) || !is_whole(tensor))
      continue;
    gsize stem = strlen(tensor->name) - strlen(kinds[i].lines);
    const Cs3StoredTensor *indices =
        cs3_checkpoint_beside(checkpoint, tensor->name, stem, kinds[i].indices);
    const Cs3StoredTensor *values =
        cs3_checkpoint_beside(checkpoint, tensor->name, stem, ".values");
    if (!is_whole(indices) || values == NULL || values->n_dims != 1)
      continue;
    weight->name = g_strndup(tensor->name, stem);
    weight->rows = MAX(1, tensor->dims[0] - 1);
    weight->cols = 1; /* until the shape has been read */
    weight->transposed = kinds[i].by_column;
    weight->values = values;
    weight->indices = indices;
    weight->lines = tensor;
    return TRUE;
  }
  return FALSE;
}

/* @n numbers from number @first on. */
static gboolean read_numbers(const Cs3Weight *w, const Cs3StoredTensor *t, gint64 first, gint64 n,
                             gint64 *out, GError **error) {
  gsize width = strcmp(t->dtype_name, "I64") == 0 ? 8 : 4, size = (gsize)n * width;
  g_autofree guint8 *bytes = g_try_malloc(size + 1);
  if (bytes == NULL)
    return cs3_checkpoint_fail(w->checkpoint->path, error, "%s: no memory for it", t->name);
  if (!cs3_checkpoint_read(w->checkpoint, t, (guint64)first * width, size, bytes, error))
    return FALSE;
  for (gint64 i = 0; i < n; i++) {
    gint64 wide;
    gint32 narrow;
    memcpy(&wide, bytes + 8 * i * (width == 8), sizeof wide * (width == 8));
    memcpy(&narrow, bytes + 4 * i * (width == 4), sizeof narrow * (width == 4));
    out[i] = width == 8 ? GINT64_FROM_LE(wide) : GINT32_FROM_LE(narrow);
  }
  return TRUE;
}

static gboolean read_shape(Cs3Weight *w, GError **error) {
  gsize stem = strlen(w->name);
  const Cs3StoredTensor *shape = cs3_checkpoint_beside(w->checkpoint, w->name, stem, ".shape");
  if (shape == NULL)
    shape = cs3_checkpoint_beside(w->checkpoint, w->name, stem, ".size");
  if (!is_whole(shape) || shape->dims[0] != 2)
    return cs3_checkpoint_fail(w->checkpoint->path, error,
                               "%s: expected its two dimensions in %s.shape, dtype I64", w->name,
                               w->name);
  gint64 extent[2];
  if (!read_numbers(w, shape, 0, 2, extent, error))
    return FALSE;
  gint64 lines = extent[w->transposed ? 1 : 0], width = extent[w->transposed ? 0 : 1];
  if (lines != w->lines->dims[0] - 1 || width < 1 || width > CS3_MASK_EXTENT)
    return cs3_checkpoint_fail(w->checkpoint->path, error,
                               "%s: its shape is %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                               ", %s has %" G_GINT64_FORMAT " numbers",
                               w->name, extent[0], extent[1], w->lines->name, w->lines->dims[0]);
  w->cols = width;
  return TRUE;
}

static gboolean prepare(Cs3Weight *w, GError **error) {
  const char *path = w->checkpoint->path;
  if (w->offsets != NULL)
    return TRUE;
  if (w->values->dtype->bits < 8)
    return cs3_checkpoint_fail(path, error, "%s: values of dtype %s", w->name,
                               w->values->dtype->name);
  if (!read_shape(w, error))
    return FALSE;
  g_autofree gint64 *offsets = g_try_new(gint64, w->rows + 1);
  if (offsets == NULL)
    return cs3_checkpoint_fail(path, error, "%s: no memory for its rows", w->name);
  if (!read_numbers(w, w->lines, 0, w->rows + 1, offsets, error))
    return FALSE;
  gint64 n = w->indices->dims[0];
  gboolean sound = offsets[0] == 0 && offsets[w->rows] == n && w->values->dims[0] == n;
  for (gint64 row = 0; row < w->rows; row++)
    sound = sound && offsets[row] <= offsets[row + 1] && offsets[row + 1] - offsets[row] <= w->cols;
  if (!sound)
    return cs3_checkpoint_fail(
        path, error, "%s: does not go from 0 up to its %" G_GINT64_FORMAT " indices and values",
        w->lines->name, n);
  w->offsets = g_steal_pointer(&offsets);
  return TRUE;
}

static gboolean rows(const Cs3Weight *w, gint64 first, gint64 n, Cs3WeightRows *out,
                     GError **error) {
  const Cs3Dtype *dtype = w->values->dtype;
  gint64 before = w->offsets[first], count = w->offsets[first + n] - before;
  gint64 stride = (w->cols + 63) / 64;
  gsize bytes = dtype->bits / 8;
  g_autofree gint64 *at = g_new(gint64, count + 1);
  g_autofree guint64 *live = g_new(guint64, count / 64 + 1); /* a chunk's */
  g_byte_array_set_size(out->bytes, (guint)((gsize)count * bytes));
  if (!read_numbers(w, w->indices, before, count, at, error) ||
      !cs3_checkpoint_read(w->checkpoint, w->values, (guint64)before * bytes, (gsize)count * bytes,
                           out->bytes->data, error))
    return FALSE;
  out->beyond += cs3_dtype_live(dtype, cs3_live_best(), out->bytes->data, count, live);
  memset(out->bits, 0, (gsize)(n * stride) * sizeof *out->bits);
  for (gint64 row = first; row < first + n; row++)
    for (gint64 k = w->offsets[row] - before; k < w->offsets[row + 1] - before; k++) {
      if (at[k] < 0 || at[k] >= w->cols)
        return cs3_checkpoint_fail(w->checkpoint->path, error,
                                   "%s: index %" G_GINT64_FORMAT " is not within 0 to "
                                   "%" G_GINT64_FORMAT,
                                   w->indices->name, at[k], w->cols - 1);
      guint64 bit = live[k / 64] >> (k % 64) & 1;
      out->bits[(row - first) * stride + at[k] / 64] |= bit << (at[k] % 64);
    }
  return TRUE;
}

const Cs3WeightLayout cs3_weight_csr = {
    .name = "csr",
    .summary = "compressed rows or columns under the names of PyTorch's sparse tensors",
    .match = match,
    .prepare = prepare,
    .rows = rows,
};
