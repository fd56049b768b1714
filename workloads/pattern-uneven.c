/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Zeros as pruning and sparse training leave them: rows and columns that matter more keep more. The
 * logarithm of a weight's odds to be alive is a number of its row plus one of its column, both
 * normally distributed; part of their variance is common to 16 neighbours, as the features of a
 * head are. doc/masks.md has the spreads of networks that were really pruned. */
#include "config.h"

#include "workloads/pattern.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "workloads/mask-draw.h"
#include "workloads/parallel.h"
#include "workloads/random.h"

enum { COLUMNS, ROWS, SHARED }; /* hundredths of log odds; per cent of the variance */
enum { NEIGHBOURS = 16 };

static gboolean valid(const gint64 *param) {
  return param[COLUMNS] >= 0 && param[COLUMNS] <= 400 && param[ROWS] >= 0 && param[ROWS] <= 400 &&
         param[SHARED] >= 0 && param[SHARED] <= 100;
}

static double normal(Cs3RandomRow *random) {
  double u = ((double)cs3_random_16(random) * 65536 + cs3_random_16(random) + 0.5) / 4294967296.0;
  return gsl_cdf_ugaussian_Pinv(u);
}

/* Factors of @n rows or columns. */
static float *draw_factors(gint64 n, double spread, double shared, Cs3RandomRow *random) {
  float *odds = g_new(float, n);
  double common = 0;
  for (gint64 i = 0; i < n; i++) {
    if (i % NEIGHBOURS == 0)
      common = sqrt(shared) * normal(random);
    odds[i] = (float)exp(spread * (common + sqrt(1 - shared) * normal(random)));
  }
  return odds;
}

typedef struct {
  const float *row, *col;
  guint64 key;
  Cs3Mask *mask;
} Job;

static void draw_rows(gint64 begin, gint64 end, guint worker, gpointer data) {
  const Job *job = data;
  cs3_mask_draw_odds(job->mask, begin, end, job->row, job->col, job->key);
}

static void draw(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                 guint workers, Cs3Mask *mask) {
  enum { CHUNK_ROWS = 64 };
  Cs3RandomRow random;
  const gint64 *param = pattern->param;
  cs3_random_row(&random, cs3_random_key(seed, stream, CS3_RANDOM_SELECT), 0);
  double shared = (double)param[SHARED] / 100;
  g_autofree float *col = draw_factors(mask->cols, (double)param[COLUMNS] / 100, shared, &random);
  g_autofree float *row = draw_factors(mask->rows, (double)param[ROWS] / 100, shared, &random);
  cs3_mask_scale_odds(mask->rows, row, mask->cols, col, density);
  Job job = {row, col, cs3_random_key(seed, stream, CS3_RANDOM_BERNOULLI), mask};
  cs3_parallel_for(mask->rows, CHUNK_ROWS, workers, draw_rows, &job);
}

const Cs3PatternOps cs3_pattern_uneven = {
    .name = "uneven",
    .form = "uneven:#:#:#",
    .syntax = "uneven:30:15:20",
    .summary = "as pruning leaves it: odds spread over columns and rows, partly by 16 neighbours",
    .expected =
        "uneven:C:R:G with the spread of log odds over columns and rows in hundredths (0 to "
        "400) and G per cent of it by 16 neighbours",
    .valid = valid,
    .draw = draw,
    .density = cs3_pattern_free_density,
};
