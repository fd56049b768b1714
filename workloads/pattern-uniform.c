/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unstructured sparsity: every weight is alive with the same probability, independently. */
#include "config.h"

#include "workloads/pattern.h"

#include "workloads/random.h"

#include <string.h>

/* Comparisons u < threshold of 64 numbers a word, bit-sliced: slice i holds bit 31 - i of the
 * numbers. After the slices so far a number is below, equal or above; once none is equal, or the
 * rest of the threshold is zero, nothing can change: about 10 of 32 slices are ever drawn. */
static void bernoulli_words(guint64 *below, guint32 threshold, guint64 key, guint64 row,
                            guint32 word) {
  guint64 equal[CS3_RANDOM_LANES], any = 1;
  for (int lane = 0; lane < CS3_RANDOM_LANES; lane++) {
    below[lane] = 0;
    equal[lane] = ~(guint64)0;
  }
  for (guint32 depth = 0; threshold != 0 && any != 0; depth++, threshold <<= 2) {
    Cs3RandomBlock random;
    guint64 bit0 = threshold >> 31 ? ~(guint64)0 : 0;
    guint64 bit1 = threshold >> 30 & 1 ? ~(guint64)0 : 0;
    cs3_random_draw(key, row, word, depth, &random);
    any = 0;
    for (int lane = 0; lane < CS3_RANDOM_LANES; lane++) {
      guint64 slice0 = random.slice[0][lane], slice1 = random.slice[1][lane];
      guint64 still = equal[lane] & ~(slice0 ^ bit0);
      below[lane] |= (equal[lane] & ~slice0 & bit0) | (still & ~slice1 & bit1);
      equal[lane] = still & ~(slice1 ^ bit1);
      any |= equal[lane];
    }
  }
}

void cs3_pattern_bernoulli(guint64 *words, gint64 cols, double density, guint64 key, gint64 row) {
  double scaled = density * 4294967296.0 + 0.5;
  guint32 threshold = scaled >= 4294967295.0 ? G_MAXUINT32 : (guint32)scaled;
  gint64 n = (cols + 63) / 64;
  for (gint64 w = 0; w < n; w += CS3_RANDOM_LANES) {
    guint64 group[CS3_RANDOM_LANES];
    bernoulli_words(group, threshold, key, (guint64)row, (guint32)w);
    memcpy(words + w, group, (gsize)MIN(n - w, CS3_RANDOM_LANES) * sizeof *words);
  }
  if (cols % 64 != 0)
    words[n - 1] &= ~(guint64)0 >> (64 - cols % 64);
}

static void fill(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                 Cs3Mask *mask, gint64 row0, gint64 row1) {
  guint64 key = cs3_random_key(seed, stream, CS3_RANDOM_BERNOULLI);
  for (gint64 row = row0; row < row1; row++)
    cs3_pattern_bernoulli(cs3_mask_row(mask, row), mask->cols, density, key, row);
}

const Cs3PatternOps cs3_pattern_uniform = {
    .name = "uniform",
    .form = "uniform",
    .syntax = "uniform",
    .summary = "each weight alive with the same probability, independently",
    .fill = fill,
    .density = cs3_pattern_free_density,
};
