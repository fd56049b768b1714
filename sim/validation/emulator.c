/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ridge regression with the error of points left out (PRESS, Allen 1974). */
#include "config.h"

#include "sim/validation/emulator.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <math.h>

/* Coordinates of which products are looked at. */
enum { PRODUCTS = 14 };

struct Cs3Emulator {
  guint dimensions, n_pairs, features;
  guint pairs[PRODUCTS * (PRODUCTS - 1) / 2][2];
  gsl_vector *coefficients; /* of features that are centred by the regression's constant */
  double error;
};

void cs3_emulator_free(Cs3Emulator *emulator) {
  if (emulator == NULL)
    return;
  if (emulator->coefficients != NULL)
    gsl_vector_free(emulator->coefficients);
  g_free(emulator);
}

double cs3_emulator_error(const Cs3Emulator *emulator) {
  return emulator->error;
}

/* 1, coordinates, squares, products. */
static void fill_features(const Cs3Emulator *e, const Cs3Population *p, guint k, double *f) {
  guint n = 0, d = e->dimensions;
  f[n++] = 1;
  for (guint i = 0; i < d; i++)
    f[n++] = 2 * cs3_population_place(p, k, i) - 1;
  for (guint i = 0; i < d; i++)
    f[n++] = f[1 + i] * f[1 + i] - 1.0 / 3;
  for (guint i = 0; i < e->n_pairs; i++)
    f[n++] = f[1 + e->pairs[i][0]] * f[1 + e->pairs[i][1]];
}

/* Rows of features and values of the points with numbers. */
typedef struct {
  gsl_matrix *features;
  gsl_vector *values;
} Points;

static void points_clear(Points *p) {
  gsl_matrix_free(p->features);
  gsl_vector_free(p->values);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Points, points_clear)

static guint count_numbers(const Cs3Population *design, guint first, const double *values,
                           guint stride) {
  guint n = 0;
  for (guint k = first; k < design->points; k++)
    n += isfinite(values[(gsize)k * stride]);
  return n;
}

static void collect(const Cs3Emulator *e, const Cs3Population *design, guint first,
                    const double *values, guint stride, Points *points) {
  guint n = 0, rows = count_numbers(design, first, values, stride);
  *points = (Points){gsl_matrix_alloc(rows, e->features), gsl_vector_alloc(rows)};
  for (guint k = first; k < design->points; k++) {
    if (!isfinite(values[(gsize)k * stride]))
      continue;
    fill_features(e, design, k, gsl_matrix_ptr(points->features, n, 0));
    gsl_vector_set(points->values, n++, values[(gsize)k * stride]);
  }
}

/* Mean square of what is wrong at each point when it is left out: residual / (1 - leverage). */
static double left_out(const Points *p, const gsl_matrix *cholesky, const gsl_vector *b) {
  gsl_vector *f = gsl_vector_alloc(b->size);
  double sum = 0;
  for (gsize k = 0; k < p->values->size; k++) {
    double fitted, leverage;
    gsl_vector_const_view row = gsl_matrix_const_row(p->features, k);
    gsl_blas_ddot(&row.vector, b, &fitted);
    gsl_vector_memcpy(f, &row.vector);
    gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, cholesky, f);
    gsl_blas_ddot(f, f, &leverage);
    sum += pow((gsl_vector_get(p->values, k) - fitted) / MAX(1 - leverage, 1e-6), 2);
  }
  gsl_vector_free(f);
  return sum / (double)p->values->size;
}

/* The constant is not drawn towards 0. */
static double regress(const Points *p, double ridge, gsl_vector *b) {
  gsize n = b->size;
  gsl_matrix *normal = gsl_matrix_alloc(n, n);
  gsl_blas_dsyrk(CblasLower, CblasTrans, 1, p->features, 0, normal);
  for (gsize i = 1; i < n; i++)
    *gsl_matrix_ptr(normal, i, i) += ridge;
  gsl_linalg_cholesky_decomp1(normal);
  gsl_blas_dgemv(CblasTrans, 1, p->features, p->values, 0, b);
  gsl_linalg_cholesky_svx(normal, b);
  double square = left_out(p, normal, b);
  gsl_matrix_free(normal);
  return square;
}

static void fit(Cs3Emulator *e, const Points *points) {
  static const double ridges[] = {0.1, 1, 4, 16, 64};
  gsl_vector *b = gsl_vector_alloc(e->features);
  double least = INFINITY;
  if (e->coefficients != NULL)
    gsl_vector_free(e->coefficients);
  e->coefficients = gsl_vector_alloc(e->features);
  for (guint i = 0; i < G_N_ELEMENTS(ridges); i++) {
    double square = regress(points, ridges[i], b);
    if (square >= least)
      continue;
    least = square;
    gsl_vector_memcpy(e->coefficients, b);
  }
  e->error = sqrt(least);
  gsl_vector_free(b);
}

/* How much of the variance coordinate @i causes for itself. */
static double weight_of(const Cs3Emulator *e, guint i) {
  double line = gsl_vector_get(e->coefficients, 1 + i);
  double square = gsl_vector_get(e->coefficients, 1 + e->dimensions + i);
  return line * line / 3 + square * square * 4 / 45;
}

/* All pairs of the coordinates that matter most. */
static void choose_pairs(Cs3Emulator *e) {
  guint chosen[PRODUCTS], n = 0;
  g_autofree gboolean *taken = g_new0(gboolean, e->dimensions);
  for (; n < MIN(e->dimensions, (guint)PRODUCTS); n++) {
    guint best = 0;
    double most = -1;
    for (guint i = 0; i < e->dimensions; i++)
      if (!taken[i] && weight_of(e, i) > most) {
        most = weight_of(e, i);
        best = i;
      }
    taken[best] = TRUE;
    chosen[n] = best;
  }
  for (guint i = 0; i < n; i++)
    for (guint j = i + 1; j < n; j++) {
      e->pairs[e->n_pairs][0] = chosen[i];
      e->pairs[e->n_pairs++][1] = chosen[j];
    }
}

Cs3Emulator *cs3_emulator_new(const Cs3Population *design, guint first, const double *values,
                              guint stride) {
  g_autoptr(Cs3Emulator) e = g_new0(Cs3Emulator, 1);
  e->dimensions = design->dimensions;
  e->features = 1 + 2 * e->dimensions;
  if (count_numbers(design, first, values, stride) <= e->dimensions)
    return NULL;
  g_auto(Points) alone = {0}, together = {0};
  collect(e, design, first, values, stride, &alone);
  fit(e, &alone);
  double error = e->error;
  gsl_vector *without = gsl_vector_alloc(e->features);
  gsl_vector_memcpy(without, e->coefficients);
  choose_pairs(e);
  e->features += e->n_pairs;
  collect(e, design, first, values, stride, &together);
  fit(e, &together);
  if (e->error > error) { /* few points: products only disturb */
    e->features -= e->n_pairs;
    e->n_pairs = 0;
    e->error = error;
    gsl_vector_free(e->coefficients);
    e->coefficients = gsl_vector_alloc(e->features);
    gsl_vector_memcpy(e->coefficients, without);
  }
  gsl_vector_free(without);
  return g_steal_pointer(&e);
}

double cs3_emulator_at(const Cs3Emulator *e, const Cs3Population *population, guint k) {
  const double *b = e->coefficients->data, *places = population->places;
  double sum = b[0];
  places += (gsize)k * e->dimensions;
  for (guint i = 0; i < e->dimensions; i++) {
    double x = 2 * places[i] - 1;
    sum += b[1 + i] * x + b[1 + e->dimensions + i] * (x * x - 1.0 / 3);
  }
  b += 1 + 2 * e->dimensions;
  for (guint i = 0; i < e->n_pairs; i++)
    sum += b[i] * (2 * places[e->pairs[i][0]] - 1) * (2 * places[e->pairs[i][1]] - 1);
  return sum;
}
