/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Unstructured sparsity: every weight is alive with the same probability, independently. */
#include "config.h"

#include "workloads/pattern.h"

#include "workloads/random.h"

void cs3_pattern_bernoulli(guint64 *words, gint64 cols, double density, guint64 key, gint64 row) {
  double scaled = density * 4294967296.0 + 0.5;
  guint32 threshold = scaled >= 4294967295.0 ? G_MAXUINT32 : (guint32)scaled;
  gint64 n = (cols + 63) / 64;
  cs3_random_bernoulli(key, (guint64)row, threshold, words, n);
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
