/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Block sparsity: whole blocks live with the same probability, independently. */
#include "config.h"

#include "workloads/pattern.h"

#include "workloads/random.h"

#include <string.h>

enum { ROWS, COLS }; /* of a block */

static gboolean valid(const gint64 *param) {
  enum { MAX_BLOCK = 65536 };
  return param[ROWS] >= 1 && param[ROWS] <= MAX_BLOCK && param[COLS] >= 1 &&
         param[COLS] <= MAX_BLOCK;
}

static void set_range(guint64 *words, gint64 begin, gint64 end) {
  while (begin < end) {
    gint64 stop = MIN(end, (begin / 64 + 1) * 64);
    words[begin / 64] |= ~(guint64)0 >> (64 - (stop - begin)) << (begin % 64);
    begin = stop;
  }
}

/* Blocks at the right and lower edge are cut off. One Bernoulli draw a block: with 1 x 1 blocks
 * this is the uniform pattern, bit for bit. */
static void fill(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                 Cs3Mask *mask, gint64 row0, gint64 row1) {
  guint64 key = cs3_random_key(seed, stream, CS3_RANDOM_BERNOULLI);
  gint64 height = pattern->param[ROWS], width = pattern->param[COLS];
  gint64 n_blocks = (mask->cols + width - 1) / width;
  g_autofree guint64 *alive = g_new(guint64, (n_blocks + 63) / 64);
  for (gint64 row = row0; row < row1; row++) {
    guint64 *words = cs3_mask_row(mask, row);
    if (row > row0 && row % height != 0) {
      memcpy(words, words - mask->stride, (gsize)mask->stride * sizeof *words);
      continue;
    }
    cs3_pattern_bernoulli(alive, n_blocks, density, key, row / height);
    for (gint64 b = 0; b < n_blocks; b++)
      if (alive[b / 64] >> (b % 64) & 1)
        set_range(words, b * width, MIN((b + 1) * width, mask->cols));
  }
}

const Cs3PatternOps cs3_pattern_block = {
    .name = "block",
    .form = "block:#x#",
    .syntax = "block:32x32",
    .summary = "blocks of R x C weights, each alive with the same probability, independently",
    .expected = "block:RxC with R and C from 1 to 65536",
    .valid = valid,
    .fill = fill,
    .density = cs3_pattern_free_density,
};
