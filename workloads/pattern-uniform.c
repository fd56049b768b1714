/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unstructured sparsity: every weight is alive with the same probability, independently. */
#include "config.h"

#include "workloads/pattern.h"

#include "workloads/random.h"
#include "workloads/workload-error.h"

/* 64 comparisons u < threshold at once, bit-sliced: slice i holds bit 31 - i of 64 numbers u. After
 * the slices so far a number is below, equal or above; once none is equal, or the rest of the
 * threshold is zero, nothing can change: about 7 of 32 slices are ever drawn. */
static inline guint64 bernoulli_word(guint32 threshold, guint64 key, guint64 word, guint64 row) {
  guint64 below = 0, equal = ~(guint64)0;
  for (guint pair = 0; threshold != 0 && equal != 0; pair++) {
    guint64 random[2];
    cs3_random_pair(key, word << 4 | pair, row, random);
    for (int i = 0; i < 2; i++, threshold <<= 1) {
      guint64 bit = threshold & 0x80000000u ? ~(guint64)0 : 0;
      below |= equal & ~random[i] & bit;
      equal &= ~(random[i] ^ bit);
    }
  }
  return below;
}

void cs3_pattern_bernoulli(guint64 *words, gint64 cols, double density, guint64 key, gint64 row) {
  double scaled = density * 4294967296.0 + 0.5;
  guint32 threshold = scaled >= 4294967295.0 ? G_MAXUINT32 : (guint32)scaled;
  gint64 n = (cols + 63) / 64;
  for (gint64 w = 0; w < n; w++)
    words[w] = bernoulli_word(threshold, key, (guint64)w, (guint64)row);
  if (cols % 64 != 0)
    words[n - 1] &= ~(guint64)0 >> (64 - cols % 64);
}

static gboolean matches(const char *text) {
  return g_str_equal(text, "uniform");
}

static gboolean parse(Cs3Pattern *pattern, const char *text, GError **error) {
  return TRUE;
}

static void fill(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                 Cs3Mask *mask, gint64 row0, gint64 row1) {
  guint64 key = cs3_random_key(seed, stream, CS3_RANDOM_BERNOULLI);
  for (gint64 row = row0; row < row1; row++)
    cs3_pattern_bernoulli(cs3_mask_row(mask, row), mask->cols, density, key, row);
}

const Cs3PatternOps cs3_pattern_uniform = {
    .name = "uniform",
    .syntax = "uniform",
    .summary = "each weight alive with the same probability, independently",
    .matches = matches,
    .parse = parse,
    .fill = fill,
    .density = cs3_pattern_free_density,
    .regular = cs3_pattern_irregular,
};
