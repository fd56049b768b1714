/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sobol's sequence as two independent matrices of points, and indices of sensitivity from what a
 * function gives at them. */
#pragma once

#include <glib.h>

/**
 * cs3_sobol_points: two matrices of points in [0, 1), row by row: A, the first @n points, and
 * behind it B, the next @n. GSL's sequence has 40 dimensions, so further columns are taken from it
 * again. Those of A beyond the first 40, and all of B, have their rows in an order of their own
 * (@seed): columns that share numbers, and the rows of A and B, are paired at random. Returns:
 * (transfer full): 2 @n x @dimensions numbers.
 */
double *cs3_sobol_points(guint n, guint dimensions, guint64 seed);

/* What a function f gives at the rows of A, of B, and of A with column i from B. */
typedef struct {
  guint n, dimensions;
  const double *a, *b; /* n */
  const double *ab;    /* dimensions x n: ab[i n + j] */
} Cs3SobolValues;

typedef struct {
  double first, total;       /* shares of the variance; NaN where there is none */
  double first_se, total_se; /* standard errors, bootstrap over the rows */
  guint rows;                /* that it is estimated from */
} Cs3SobolIndex;

/**
 * cs3_sobol_indices: of every dimension, from the rows that have finite values for it:
 *   first_i = mean(f(B) (f(AB_i) - f(A))) / V       (Saltelli et al. 2010, doi
 *                                                    10.1016/j.cpc.2009.09.018, table 2 b)
 *   total_i = mean((f(A) - f(AB_i))^2) / (2 V)      (Jansen 1999; same table, f)
 * with f centred and V the variance over A and B together.
 * @indices: (out): dimensions entries.
 */
void cs3_sobol_indices(const Cs3SobolValues *values, guint64 seed, Cs3SobolIndex *indices);
