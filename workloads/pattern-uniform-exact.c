/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unstructured sparsity with the same number of live weights in every row. */
#include "config.h"

#include "workloads/pattern.h"

#include "workloads/random.h"

#include <math.h>

/* Position of the @rank-th (from 0) bit of @words ^ @flip that is set. */
static gint64 select_bit(const guint64 *words, guint64 flip, gint64 rank) {
  for (gint64 w = 0;; w++) {
    guint64 word = words[w] ^ flip;
    gint64 n = __builtin_popcountll(word);
    if (rank >= n) {
      rank -= n;
      continue;
    }
    for (; rank > 0; rank--)
      word &= word - 1;
    return 64 * w + __builtin_ctzll(word);
  }
}

/* A Bernoulli row given its count is a uniformly chosen subset of that size; adding uniformly
 * chosen dead weights, or removing live ones, keeps it uniform while the count moves to @target.
 * Only about sqrt(K d (1 - d)) weights move. */
static void fill_row(guint64 *words, gint64 cols, double density, gint64 target, guint64 key_bits,
                     guint64 key_select, gint64 row) {
  cs3_pattern_bernoulli(words, cols, density, key_bits, row);
  gint64 live = cs3_bits_count(words, (cols + 63) / 64);
  Cs3RandomRow random;
  cs3_random_row(&random, key_select, (guint64)row);
  while (live != target) {
    gboolean add = live < target;
    gint64 candidates = add ? cols - live : live;
    gint64 rank = cs3_random_below_wide(&random, (guint32)candidates);
    gint64 col = select_bit(words, add ? ~(guint64)0 : 0, rank);
    words[col / 64] ^= (guint64)1 << (col % 64);
    live += add ? 1 : -1;
  }
}

static void fill(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                 Cs3Mask *mask, gint64 row0, gint64 row1) {
  guint64 key_bits = cs3_random_key(seed, stream, CS3_RANDOM_BERNOULLI);
  guint64 key_select = cs3_random_key(seed, stream, CS3_RANDOM_SELECT);
  gint64 target = (gint64)rint(density * (double)mask->cols);
  for (gint64 row = row0; row < row1; row++)
    fill_row(cs3_mask_row(mask, row), mask->cols, density, target, key_bits, key_select, row);
}

const Cs3PatternOps cs3_pattern_uniform_exact = {
    .name = "uniform-exact",
    .form = "uniform-exact",
    .syntax = "uniform-exact",
    .summary = "round(density x K) live weights in every row, uniformly chosen",
    .fill = fill,
    .density = cs3_pattern_free_density,
};
