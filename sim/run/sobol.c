/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sobol's sequence (GSL) and Sobol's indices. */
#include "config.h"

#include "sim/run/sobol.h"

#include <gsl/gsl_qrng.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

enum { SEQUENCE_DIMENSIONS = 40, BOOTSTRAPS = 200 };

static gsl_rng *generator(guint64 seed) {
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
  gsl_rng_set(rng, (unsigned long)seed + 1);
  return rng;
}

/* Columns @from to @from + @width - 1 of both matrices. */
static void fill_columns(double *points, guint n, guint dimensions, guint from, guint width,
                         gsl_rng *rng) {
  g_autofree double *drawn = g_new(double, 2 * (gsize)n * width);
  gsl_qrng *sequence = gsl_qrng_alloc(gsl_qrng_sobol, width);
  for (guint j = 0; j < 2 * n; j++)
    gsl_qrng_get(sequence, drawn + (gsize)j * width);
  gsl_qrng_free(sequence);
  if (from > 0)
    gsl_ran_shuffle(rng, drawn, n, width * sizeof *drawn);
  gsl_ran_shuffle(rng, drawn + (gsize)n * width, n, width * sizeof *drawn);
  for (guint j = 0; j < 2 * n; j++)
    memcpy(points + (gsize)j * dimensions + from, drawn + (gsize)j * width, width * sizeof *drawn);
}

double *cs3_sobol_points(guint n, guint dimensions, guint64 seed) {
  double *points = g_new(double, 2 * (gsize)n * dimensions);
  gsl_rng *rng = generator(seed);
  for (guint from = 0; from < dimensions; from += SEQUENCE_DIMENSIONS)
    fill_columns(points, n, dimensions, from, MIN(SEQUENCE_DIMENSIONS, dimensions - from), rng);
  gsl_rng_free(rng);
  return points;
}

/* Rows that dimension @i can be estimated from. (element-type guint) */
static GArray *complete_rows(const Cs3SobolValues *v, guint i) {
  GArray *rows = g_array_new(FALSE, FALSE, sizeof(guint));
  for (guint j = 0; j < v->n; j++)
    if (isfinite(v->a[j]) && isfinite(v->b[j]) && isfinite(v->ab[(gsize)i * v->n + j]))
      g_array_append_val(rows, j);
  return rows;
}

/* Mean and variance of f over the rows of A and B. */
static double variance(const Cs3SobolValues *v, const guint *rows, guint n, double *mean) {
  double sum = 0, squares = 0;
  for (guint k = 0; k < n; k++)
    sum += v->a[rows[k]] + v->b[rows[k]];
  *mean = sum / (2 * n);
  for (guint k = 0; k < n; k++)
    squares += pow(v->a[rows[k]] - *mean, 2) + pow(v->b[rows[k]] - *mean, 2);
  return squares / (2 * n);
}

static void estimate(const Cs3SobolValues *v, const guint *rows, guint n, guint i, double *first,
                     double *total) {
  double mean, spread = variance(v, rows, n, &mean), with = 0, without = 0;
  for (guint k = 0; k < n; k++) {
    guint j = rows[k];
    double moved = v->ab[(gsize)i * v->n + j];
    with += (v->b[j] - mean) * (moved - v->a[j]);
    without += pow(v->a[j] - moved, 2);
  }
  *first = spread > 0 ? with / n / spread : NAN;
  *total = spread > 0 ? without / (2 * n) / spread : NAN;
}

/* Standard errors of the estimates of dimension @i: the same from rows drawn with replacement. */
static void bootstrap(const Cs3SobolValues *v, const guint *rows, guint n, guint i, gsl_rng *rng,
                      Cs3SobolIndex *index) {
  g_autofree guint *drawn = g_new(guint, n);
  double firsts[BOOTSTRAPS], totals[BOOTSTRAPS];
  for (guint k = 0; k < BOOTSTRAPS; k++) {
    gsl_ran_sample(rng, drawn, n, (void *)rows, n, sizeof *drawn);
    estimate(v, drawn, n, i, &firsts[k], &totals[k]);
  }
  index->first_se = gsl_stats_sd(firsts, 1, BOOTSTRAPS);
  index->total_se = gsl_stats_sd(totals, 1, BOOTSTRAPS);
}

void cs3_sobol_indices(const Cs3SobolValues *v, guint64 seed, Cs3SobolIndex *indices) {
  for (guint i = 0; i < v->dimensions; i++) {
    g_autoptr(GArray) rows = complete_rows(v, i);
    const guint *list = (const guint *)(void *)rows->data;
    indices[i] = (Cs3SobolIndex){
        .first = NAN, .total = NAN, .first_se = NAN, .total_se = NAN, .rows = rows->len};
    if (rows->len == 0)
      continue;
    gsl_rng *rng = generator(seed + i);
    estimate(v, list, rows->len, i, &indices[i].first, &indices[i].total);
    bootstrap(v, list, rows->len, i, rng, &indices[i]);
    gsl_rng_free(rng);
  }
}
