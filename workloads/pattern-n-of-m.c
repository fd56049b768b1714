/* SPDX-License-Identifier: GPL-3.0-or-later */
/* N:M sparsity: n live weights in every aligned group of m along a row. */
#include "config.h"

#include "workloads/pattern.h"

#include "workloads/random.h"
#include "workloads/workload-error.h"

enum { N, M }; /* live of every */

static gboolean valid(const gint64 *param) {
  enum { MAX_M = 64 };
  return param[M] >= 2 && param[M] <= MAX_M && param[N] >= 1 && param[N] <= param[M];
}

static gboolean check(const Cs3Pattern *pattern, gint64 cols, GError **error) {
  if (cols % pattern->param[M] == 0)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "pattern %s: expected rows of a multiple of %" G_GINT64_FORMAT
              " weights, got %" G_GINT64_FORMAT,
              pattern->text, pattern->param[M], cols);
  return FALSE;
}

/* Floyd's sampling: a uniformly chosen set of @n of the bits 0 .. @m - 1. */
static guint64 choose(Cs3RandomRow *random, guint n, guint m) {
  guint64 set = 0;
  for (guint j = m - n; j < m; j++) {
    guint64 pick = (guint64)1 << cs3_random_below(random, j + 1);
    set |= set & pick ? (guint64)1 << j : pick;
  }
  return set;
}

/* The smaller of the live and the dead set is drawn. */
static guint64 choose_live(Cs3RandomRow *random, guint n, guint m) {
  guint64 all = ~(guint64)0 >> (64 - m);
  return 2 * n <= m ? choose(random, n, m) : all ^ choose(random, m - n, m);
}

static void fill_row(guint64 *words, gint64 cols, guint n, guint m, Cs3RandomRow *random) {
  for (gint64 col = 0; col < cols; col += m) {
    guint64 set = choose_live(random, n, m);
    guint shift = (guint)(col % 64);
    words[col / 64] |= set << shift;
    if (shift + m > 64)
      words[col / 64 + 1] |= set >> (64 - shift);
  }
}

static void fill(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                 Cs3Mask *mask, gint64 row0, gint64 row1) {
  guint64 key = cs3_random_key(seed, stream, CS3_RANDOM_SELECT);
  for (gint64 row = row0; row < row1; row++) {
    Cs3RandomRow random;
    cs3_random_row(&random, key, (guint64)row);
    fill_row(cs3_mask_row(mask, row), mask->cols, (guint)pattern->param[N],
             (guint)pattern->param[M], &random);
  }
}

static double density(const Cs3Pattern *pattern) {
  return (double)pattern->param[N] / (double)pattern->param[M];
}

const Cs3PatternOps cs3_pattern_n_of_m = {
    .name = "n:m",
    .form = "#:#",
    .syntax = "2:4",
    .summary = "n live weights of every m along a row (m up to 64), uniformly chosen",
    .expected = "N:M (N live of every M) with 1 <= N <= M, M from 2 to 64",
    .valid = valid,
    .check = check,
    .fill = fill,
    .density = density,
};
