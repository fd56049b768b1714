/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points at which to simulate, drawn where the posterior lies: adaptive multiple importance
 * sampling (Cornuet, Marin, Mira and Robert 2012, doi 10.1111/j.1467-9469.2011.00756.x) in
 * coordinates whose prior is the standard normal distribution. */
#pragma once

#include <glib.h>

/* A normal distribution with independent coordinates, mixed with the prior. */
typedef struct Cs3Proposal Cs3Proposal;

typedef struct {
  guint dimensions, points;
  double *z;            /* points x dimensions */
  double *shares;       /* the same as shares of the ranges, in (0, 1) */
  double *places;       /* shares; of a coordinate with levels, of the level, from 0 to 1 */
  guint *levels;        /* by coordinate; 0: continuous */
  GPtrArray *proposals; /* of Cs3Proposal, in the order of the rounds */
  guint64 seed;
} Cs3Population;

/** cs3_population_new: (transfer full): @first points of Sobol's sequence, of the prior.
 * @levels: (array length=dimensions) (nullable): how many values a choice or a whole number has, as
 * equal shares of its range; 0, or %NULL: continuous. */
Cs3Population *cs3_population_new(guint dimensions, const guint *levels, guint first, guint64 seed);
void cs3_population_free(Cs3Population *population);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Population, cs3_population_free)

/**
 * cs3_population_extend: @more points where @weights of the points of @of say, which may be
 * @population itself; a fifth of them from the prior. Means and widths are drawn towards the prior
 * as far as @ess effective points leave them uncertain.
 */
void cs3_population_extend(Cs3Population *population, const Cs3Population *of,
                           const double *weights, double ess, guint more);

/** cs3_population_log_ratio: (transfer full): by point: log of the prior's density over that of all
 * proposals together, each in proportion to its points. */
double *cs3_population_log_ratio(const Cs3Population *population);

/** cs3_population_place: coordinate @i of point @k as what is read of it lies in its range, from 0
 * to 1: all shares of a level are the same. */
static inline double cs3_population_place(const Cs3Population *population, guint k, guint i) {
  return population->places[(gsize)k * population->dimensions + i];
}

/** cs3_population_share: coordinate @i of point @k as a share of its range, in (0, 1). */
static inline double cs3_population_share(const Cs3Population *population, guint k, guint i) {
  return population->shares[(gsize)k * population->dimensions + i];
}
