/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bit matrices: made and transposed. */
#include "config.h"

#include "workloads/mask.h"

#include "base/pages.h"
#include "workloads/workload-error.h"

#include <string.h>

#define MAX_BITS ((gint64)1 << 34)

/* One word more than there are: counting reads pairs. */
static gsize bytes_of(gint64 rows, gint64 stride) {
  return ((gsize)rows * (gsize)stride + 1) * sizeof(guint64);
}

gsize cs3_mask_bytes(const Cs3Mask *mask) {
  return bytes_of(mask->rows, mask->stride);
}

Cs3Mask *cs3_mask_new(gint64 rows, gint64 cols, GError **error) {
  if (rows < 1 || cols < 1) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "mask: expected at least 1 x 1, got %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT, rows,
                cols);
    return NULL;
  }
  guint64 *bits = NULL;
  gint64 stride = cols <= MAX_BITS ? (cols + 63) / 64 : 0;
  if (cols <= MAX_BITS && rows <= MAX_BITS / (64 * stride))
    bits = cs3_pages_new(bytes_of(rows, stride));
  if (!bits) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
                "mask: %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " weights are beyond 2^34 or the"
                " free memory",
                rows, cols);
    return NULL;
  }
  Cs3Mask *mask = g_new(Cs3Mask, 1);
  *mask = (Cs3Mask){.rows = rows, .cols = cols, .stride = stride, .bits = bits};
  return mask;
}

void cs3_mask_free(Cs3Mask *mask) {
  if (!mask)
    return;
  cs3_pages_free(mask->bits, cs3_mask_bytes(mask));
  g_free(mask);
}

/* Transposes 64 x 64 bits in place by exchanging ever smaller off-diagonal blocks. */
static void transpose_block(guint64 block[64]) {
  guint64 low = 0xffffffff;
  for (int half = 32; half > 0; half >>= 1, low ^= low << half) {
    for (int i = 0; i < 64; i = ((i | half) + 1) & ~half) {
      guint64 swap = (block[i] >> half ^ block[i | half]) & low;
      block[i] ^= swap << half;
      block[i | half] ^= swap;
    }
  }
}

static void transpose_tile(const Cs3Mask *mask, Cs3Mask *out, gint64 row0, gint64 word) {
  guint64 block[64] = {0};
  gint64 n_rows = MIN(64, mask->rows - row0), n_cols = MIN(64, mask->cols - 64 * word);
  for (gint64 i = 0; i < n_rows; i++)
    block[i] = cs3_mask_row(mask, row0 + i)[word];
  transpose_block(block);
  for (gint64 i = 0; i < n_cols; i++)
    cs3_mask_row(out, 64 * word + i)[row0 / 64] = block[i];
}

Cs3Mask *cs3_mask_transpose(const Cs3Mask *mask, GError **error) {
  Cs3Mask *out = cs3_mask_new(mask->cols, mask->rows, error);
  if (!out)
    return NULL;
  for (gint64 row0 = 0; row0 < mask->rows; row0 += 64)
    for (gint64 word = 0; word < mask->stride; word++)
      transpose_tile(mask, out, row0, word);
  return out;
}
