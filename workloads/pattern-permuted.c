/* SPDX-License-Identifier: GPL-3.0-or-later */
/* N:M sparsity of permuted features: the columns are put in another order before groups of m are
 * formed, so that the n that stay can be those that matter (Pool and Yu, "Channel Permutations for
 * N:M Sparsity", NeurIPS 2021). A search for magnitudes is not done here: the order is uniformly
 * chosen, one for all rows. The mask is in the order of the layer, where groups lie anywhere. */
#include "config.h"

#include "workloads/pattern.h"

#include <string.h>

#include "workloads/parallel.h"
#include "workloads/random.h"
#include "workloads/workload-error.h"

/* The numbers are those of plain N:M, which also chooses the places within the groups. */
static const Cs3PatternOps *const plain = &cs3_pattern_n_of_m;

static gboolean valid(const gint64 *param) {
  return plain->valid(param);
}

static double density(const Cs3Pattern *pattern) {
  return plain->density(pattern);
}

static gboolean check(const Cs3Pattern *pattern, gint64 cols, GError **error) {
  if (cols <= G_MAXUINT32)
    return plain->check(pattern, cols, error);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "pattern %s: expected rows of at most %u weights, got %" G_GINT64_FORMAT,
              pattern->text, G_MAXUINT32, cols);
  return FALSE;
}

/* Fisher and Yates: the column of the layer that stands at each place of the permuted order. */
static guint32 *draw_order(gint64 cols, guint64 key) {
  guint32 *order = g_new(guint32, cols);
  Cs3RandomRow random;
  cs3_random_row(&random, key, 0);
  for (gint64 j = 0; j < cols; j++) {
    guint32 pick = cs3_random_below_wide(&random, (guint32)(j + 1));
    order[j] = order[pick];
    order[pick] = (guint32)j;
  }
  return order;
}

typedef struct {
  const Cs3Pattern *pattern;
  const guint32 *order;
  guint64 seed, stream;
  Cs3Mask *mask;
} Job;

static void scatter(const guint64 *permuted, gint64 stride, const guint32 *order, guint64 *words) {
  for (gint64 w = 0; w < stride; w++)
    for (guint64 left = permuted[w]; left != 0; left &= left - 1) {
      guint32 col = order[64 * w + __builtin_ctzll(left)];
      words[col / 64] |= (guint64)1 << (col % 64);
    }
}

static void draw_rows(gint64 begin, gint64 end, guint worker, gpointer data) {
  const Job *job = data;
  Cs3Mask *mask = job->mask;
  gsize bytes = (gsize)mask->stride * sizeof *mask->bits;
  g_autofree guint64 *permuted = g_malloc(bytes);
  plain->fill(job->pattern, density(job->pattern), job->seed, job->stream, mask, begin, end);
  for (gint64 row = begin; row < end; row++) {
    guint64 *words = cs3_mask_row(mask, row);
    memcpy(permuted, words, bytes);
    memset(words, 0, bytes);
    scatter(permuted, mask->stride, job->order, words);
  }
}

static void draw(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                 guint workers, Cs3Mask *mask) {
  enum { CHUNK_ROWS = 64 };
  g_autofree guint32 *order =
      draw_order(mask->cols, cs3_random_key(seed, stream, CS3_RANDOM_ORDER));
  Job job = {pattern, order, seed, stream, mask};
  cs3_parallel_for(mask->rows, CHUNK_ROWS, workers, draw_rows, &job);
}

const Cs3PatternOps cs3_pattern_permuted = {
    .name = "permuted",
    .form = "permuted:#:#",
    .syntax = "permuted:2:4",
    .summary = "n live weights of every m columns of an order that is drawn, one for all rows",
    .expected = "permuted:N:M (N live of every M, after a permutation) with 1 <= N <= M, M from 2 "
                "to 64",
    .valid = valid,
    .check = check,
    .draw = draw,
    .density = density,
};
