/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MXFP4 weights of GPT-OSS (github.com/openai/gpt-oss, "Precision format"; OCP Microscaling Formats
 * (MX) 1.0, 5.3 and 6): X_blocks U8 [experts, outputs, inputs / 32, 16], two E2M1 a byte, the low
 * half first, and X_scales U8 [experts, outputs, inputs / 32], powers of two, of which 255 is NaN.
 * A scale cannot be zero: a weight is where its code is 0 or 8, minus zero; that holds those which
 * were rounded to zero, too. */
#include "config.h"

#include "workloads/tensor-layout.h"

#include <string.h>

enum { BLOCK = 32, BLOCK_BYTES = 16, NAN_SCALE = 255 };

static gboolean match(const Cs3Checkpoint *checkpoint, const Cs3StoredTensor *tensor,
                      Cs3Weight *weight) {
  gsize stem = cs3_weight_blocks_stem(tensor);
  const Cs3StoredTensor *scales =
      stem > 0 ? cs3_checkpoint_beside(checkpoint, tensor->name, stem, "_scales") : NULL;
  if (scales == NULL || cs3_weight_experts(tensor) == 0 || strcmp(scales->dtype_name, "U8") != 0)
    return FALSE;
  weight->name = g_strndup(tensor->name, stem);
  weight->rows = tensor->dims[1];
  weight->cols = tensor->dims[2] * BLOCK;
  weight->values = tensor;
  weight->scales = scales;
  return TRUE;
}

static gboolean prepare(Cs3Weight *w, GError **error) {
  return w->scales->bytes == w->values->bytes / BLOCK_BYTES ||
         cs3_checkpoint_fail(w->checkpoint->path, error,
                             "%s: expected one scale for every %d bytes of %s", w->scales->name,
                             BLOCK_BYTES, w->values->name);
}

/* Bit i: whether weight i of the block is alive. */
static guint32 live(const guint8 *block) {
  guint32 bits = 0;
  for (guint i = 0; i < BLOCK; i++)
    bits |= (guint32)((block[i / 2] >> (4 * (i % 2)) & 7) != 0) << i;
  return bits;
}

static gboolean rows(const Cs3Weight *w, gint64 first, gint64 n, Cs3WeightRows *out,
                     GError **error) {
  gint64 blocks = w->cols / BLOCK, stride = (w->cols + 63) / 64, all = n * blocks;
  guint64 before = w->base / BLOCK_BYTES + (guint64)(first * blocks);
  g_byte_array_set_size(out->bytes, (guint)(all * (BLOCK_BYTES + 1)));
  guint8 *scales = out->bytes->data + all * BLOCK_BYTES;
  if (!cs3_checkpoint_read(w->checkpoint, w->values, before * BLOCK_BYTES,
                           (gsize)(all * BLOCK_BYTES), out->bytes->data, error) ||
      !cs3_checkpoint_read(w->checkpoint, w->scales, before, (gsize)all, scales, error))
    return FALSE;
  if (memchr(scales, NAN_SCALE, (gsize)all) != NULL)
    return cs3_checkpoint_fail(w->checkpoint->path, error, "%s: a scale is NaN", w->scales->name);
  memset(out->bits, 0, (gsize)(n * stride) * sizeof *out->bits);
  for (gint64 i = 0; i < n; i++)
    for (gint64 k = 0; k < blocks; k++)
      out->bits[i * stride + k / 2] |=
          (guint64)live(out->bytes->data + (i * blocks + k) * BLOCK_BYTES) << (BLOCK * (k % 2));
  return TRUE;
}

const Cs3WeightLayout cs3_weight_mxfp4 = {
    .name = "mxfp4",
    .summary = "MXFP4 blocks and scales of GPT-OSS, expert by expert",
    .match = match,
    .prepare = prepare,
    .rows = rows,
};
