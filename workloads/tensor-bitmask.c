/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Weights that compressed-tensors (github.com/vllm-project/compressed-tensors, compressors
 * sparse-bitmask and sparse-24-bitmask) stores as a bit for every weight, rows padded to bytes,
 * lowest bit first, and the values of the bits that are set in the order of rows: X.bitmask U8
 * [rows, ceil(cols / 8)], X.compressed [values] or [rows, cols / 2], X.shape I64, X.row_offsets I64
 * [rows] (sparse-bitmask). A 2:4 mask keeps two of four whatever they are, and quantised values may
 * round to zero: a weight is alive when its bit is set and its value is not zero. */
#include "config.h"

#include "workloads/tensor-layout.h"

#include <string.h>

#include "workloads/workload-error.h"

#define CHUNK_BYTES ((gint64)1 << 20)

static gboolean match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                      Cs3Weight *weight) {
  const char suffix[] = ".bitmask";
  if (!g_str_has_suffix(tensor->name, suffix) || tensor->n_dims != 2)
    return FALSE;
  gsize stem = strlen(tensor->name) - strlen(suffix);
  const Cs3StoredTensor *values =
      cs3_checkpoint_beside(checkpoint, tensor->name, stem, ".compressed");
  if (values == NULL || strcmp(tensor->dtype_name, "U8") != 0)
    return FALSE;
  weight->name = g_strndup(tensor->name, stem);
  weight->rows = tensor->dims[0];
  weight->cols = tensor->dims[1] * 8; /* until the shape has been read */
  weight->values = values;
  weight->bitmask = tensor;
  return TRUE;
}

/* What X.shape says, which must agree with the bit mask. */
static gboolean read_shape(Cs3Weight *w, GError **error) {
  const Cs3StoredTensor *shape =
      cs3_checkpoint_beside(w->checkpoint, w->name, strlen(w->name), ".shape");
  gint64 extent[2];
  if (shape == NULL || strcmp(shape->dtype_name, "I64") != 0 || shape->bytes != sizeof extent)
    return cs3_checkpoint_fail(w->checkpoint->path, error,
                               "%s: expected its two dimensions in %s.shape, dtype I64", w->name,
                               w->name);
  if (!cs3_checkpoint_read(w->checkpoint, shape, 0, sizeof extent, extent, error))
    return FALSE;
  gint64 rows = GINT64_FROM_LE(extent[0]), cols = GINT64_FROM_LE(extent[1]);
  if (rows != w->rows || cols < 1 || cols > w->cols || cols <= w->cols - 8)
    return cs3_checkpoint_fail(w->checkpoint->path, error,
                               "%s: its shape is %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                               ", its bit mask is for %" G_GINT64_FORMAT
                               " rows of %" G_GINT64_FORMAT " bytes",
                               w->name, rows, cols, w->rows, w->cols / 8);
  w->cols = cols;
  return TRUE;
}

/* @n rows of the bit mask as words; what is beyond the columns must be zero. */
static gboolean read_bits(const Cs3Weight *w, gint64 first, gint64 n, GByteArray *bytes,
                          guint64 *bits, GError **error) {
  gint64 row_bytes = w->bitmask->dims[1], stride = (w->cols + 63) / 64;
  g_byte_array_set_size(bytes, (guint)(n * row_bytes));
  if (!cs3_checkpoint_read(w->checkpoint, w->bitmask, (guint64)(first * row_bytes),
                           (gsize)(n * row_bytes), bytes->data, error))
    return FALSE;
  memset(bits, 0, (gsize)(n * stride) * sizeof *bits);
  for (gint64 i = 0; i < n; i++) {
    const guint8 *row = bytes->data + i * row_bytes;
    if (w->cols % 8 != 0 && row[row_bytes - 1] >> w->cols % 8 != 0)
      return cs3_checkpoint_fail(w->checkpoint->path, error,
                                 "%s: bits beyond its %" G_GINT64_FORMAT " columns are set",
                                 w->name, w->cols);
    for (gint64 k = 0; k < row_bytes; k++)
      bits[i * stride + k / 8] |= (guint64)row[k] << (8 * (k % 8));
  }
  return TRUE;
}

static gboolean count_offsets(Cs3Weight *w, GError **error) {
  gint64 stride = (w->cols + 63) / 64, chunk = MAX(1, CHUNK_BYTES / (stride * 8));
  w->offsets = g_try_new(gint64, w->rows + 1);
  g_autofree guint64 *bits = g_try_new(guint64, MIN(chunk, w->rows) * stride);
  if (w->offsets == NULL || bits == NULL)
    return cs3_checkpoint_fail(w->checkpoint->path, error, "%s: no memory for its rows", w->name);
  g_autoptr(GByteArray) bytes = g_byte_array_new();
  w->offsets[0] = 0;
  for (gint64 first = 0; first < w->rows; first += chunk) {
    gint64 n = MIN(chunk, w->rows - first);
    if (!read_bits(w, first, n, bytes, bits, error))
      return FALSE;
    for (gint64 i = 0; i < n; i++)
      w->offsets[first + i + 1] = w->offsets[first + i] + cs3_bits_count(bits + i * stride, stride);
  }
  return TRUE;
}

/* As many values as bits, and rows that begin where the file says they do. */
static gboolean check_offsets(const Cs3Weight *w, GError **error) {
  const char *path = w->checkpoint->path;
  guint64 values = w->values->bytes * 8 / w->values->dtype->bits;
  if (values != (guint64)w->offsets[w->rows])
    return cs3_checkpoint_fail(path, error,
                               "%s: %" G_GINT64_FORMAT " bits of its mask are set, but %s has "
                               "%" G_GUINT64_FORMAT " values",
                               w->name, w->offsets[w->rows], w->values->name, values);
  const Cs3StoredTensor *stated =
      cs3_checkpoint_beside(w->checkpoint, w->name, strlen(w->name), ".row_offsets");
  if (stated == NULL)
    return TRUE;
  gsize size = (gsize)w->rows * sizeof(gint64);
  g_autofree gint64 *offsets = stated->bytes == size ? g_try_malloc(size) : NULL;
  if (offsets != NULL && !cs3_checkpoint_read(w->checkpoint, stated, 0, size, offsets, error))
    return FALSE;
  for (gint64 row = 0; row < w->rows; row++)
    if (offsets == NULL || GINT64_FROM_LE(offsets[row]) != w->offsets[row])
      return cs3_checkpoint_fail(path, error,
                                 "%s does not agree with the bit mask, row %" G_GINT64_FORMAT,
                                 stated->name, row);
  return TRUE;
}

static gboolean prepare(Cs3Weight *weight, GError **error) {
  if (weight->values->dtype->bits < 8)
    return cs3_checkpoint_fail(weight->checkpoint->path, error, "%s: values of dtype %s",
                               weight->name, weight->values->dtype->name);
  if (weight->offsets != NULL)
    return TRUE;
  return read_shape(weight, error) && count_offsets(weight, error) && check_offsets(weight, error);
}

/* Clears the set bits of @bits whose value, the next of @live from bit *@at on, is zero. */
static void drop_zeros(guint64 *bits, gint64 words, const guint64 *live, gint64 *at) {
  for (gint64 i = 0; i < words; i++)
    for (guint64 rest = bits[i]; rest != 0; rest &= rest - 1, ++*at)
      if ((live[*at / 64] >> (*at % 64) & 1) == 0)
        bits[i] &= ~(rest & -rest);
}

static gboolean rows(const Cs3Weight *w, gint64 first, gint64 n, Cs3WeightRows *out,
                     GError **error) {
  const Cs3Dtype *dtype = w->values->dtype;
  gint64 before = w->offsets[first], values = w->offsets[first + n] - before, at = 0;
  guint bytes = dtype->bits / 8;
  if (!read_bits(w, first, n, out->bytes, out->bits, error))
    return FALSE;
  g_byte_array_set_size(out->bytes, (guint)(values * bytes));
  if (!cs3_checkpoint_read(w->checkpoint, w->values, (guint64)before * bytes, (gsize)values * bytes,
                           out->bytes->data, error))
    return FALSE;
  g_autofree guint64 *live = g_new(guint64, values / 64 + 1); /* a chunk's */
  out->beyond += cs3_dtype_live(dtype, cs3_live_best(), out->bytes->data, values, live);
  drop_zeros(out->bits, n * ((w->cols + 63) / 64), live, &at);
  return TRUE;
}

const Cs3WeightLayout cs3_weight_bitmask = {
    .name = "bitmask",
    .summary = "compressed-tensors sparse-bitmask and sparse-24-bitmask",
    .match = match,
    .prepare = prepare,
    .rows = rows,
};
