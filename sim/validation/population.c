/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Adaptive multiple importance sampling. */
#include "config.h"

#include "sim/validation/population.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>

#include "sim/run/sobol.h"

/* Of each round, from the prior: no weight can then exceed 1 / this times the rounds. */
#define FROM_PRIOR 0.2
/* Widths are widened by this, so that tails are covered. */
#define WIDER 1.15

struct Cs3Proposal {
  guint points;
  double *mean, *width; /* dimensions */
  double from_prior;
};

static void proposal_free(gpointer data) {
  Cs3Proposal *p = data;
  g_free(p->mean);
  g_free(p->width);
  g_free(p);
}

static Cs3Proposal *proposal_new(guint dimensions, guint points, double from_prior) {
  Cs3Proposal *p = g_new0(Cs3Proposal, 1);
  *p = (Cs3Proposal){.points = points,
                     .mean = g_new0(double, dimensions),
                     .width = g_new(double, dimensions),
                     .from_prior = from_prior};
  for (guint i = 0; i < dimensions; i++)
    p->width[i] = 1;
  return p;
}

static double place_of(double share, guint levels) {
  if (levels < 2)
    return share;
  return MIN(floor(share * levels), levels - 1) / (levels - 1);
}

/* Of the points from @first on. */
static void set_shares(Cs3Population *population, guint first) {
  guint d = population->dimensions;
  gsize n = (gsize)population->points * d;
  population->shares = g_renew(double, population->shares, n);
  population->places = g_renew(double, population->places, n);
  for (gsize i = (gsize)first * d; i < n; i++) {
    population->shares[i] = CLAMP(gsl_cdf_ugaussian_P(population->z[i]), 1e-12, 1 - 1e-12);
    population->places[i] = place_of(population->shares[i], population->levels[i % d]);
  }
}

Cs3Population *cs3_population_new(guint dimensions, const guint *levels, guint first,
                                  guint64 seed) {
  Cs3Population *population = g_new0(Cs3Population, 1);
  g_autofree double *shares = cs3_sobol_points(first, dimensions, seed);
  population->dimensions = dimensions;
  population->levels =
      levels != NULL ? g_memdup2(levels, dimensions * sizeof *levels) : g_new0(guint, dimensions);
  population->points = first;
  population->seed = seed;
  population->z = g_new(double, (gsize)first *dimensions);
  population->proposals = g_ptr_array_new_with_free_func(proposal_free);
  /* The sequence begins at 0: its points are moved into the middle of their cells. */
  for (gsize i = 0; i < (gsize)first * dimensions; i++)
    population->z[i] = gsl_cdf_ugaussian_Pinv((shares[i] * first + 0.5) / (first + 1.0));
  set_shares(population, 0);
  g_ptr_array_add(population->proposals, proposal_new(dimensions, first, 1));
  return population;
}

void cs3_population_free(Cs3Population *population) {
  if (population == NULL)
    return;
  g_free(population->z);
  g_free(population->shares);
  g_free(population->places);
  g_free(population->levels);
  g_ptr_array_unref(population->proposals);
  g_free(population);
}

/* Mean and width of coordinate @i under @weights, as far as they are known. */
static void fit_coordinate(const Cs3Population *population, const double *weights, double ess,
                           guint i, Cs3Proposal *proposal) {
  double mean = 0, variance = 0;
  for (guint k = 0; k < population->points; k++)
    mean += weights[k] * population->z[(gsize)k * population->dimensions + i];
  for (guint k = 0; k < population->points; k++)
    variance += weights[k] * pow(population->z[(gsize)k * population->dimensions + i] - mean, 2);
  double known = mean != 0 ? MAX(0, 1 - 1 / (mean * mean * ess)) : 0; /* James and Stein 1961 */
  double trust = ess / (ess + 20);
  proposal->mean[i] = known * mean;
  proposal->width[i] = MIN(1, WIDER * sqrt(1 + trust * (variance - 1)));
}

void cs3_population_extend(Cs3Population *population, const Cs3Population *of,
                           const double *weights, double ess, guint more) {
  guint d = population->dimensions, round = population->proposals->len;
  Cs3Proposal *proposal = proposal_new(d, more, FROM_PRIOR);
  for (guint i = 0; i < d; i++)
    fit_coordinate(of, weights, ess, i, proposal);
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
  gsl_rng_set(rng, (unsigned long)(population->seed * 1000003 + round + 1));
  population->z = g_renew(double, population->z, ((gsize)population->points + more) * d);
  for (guint k = 0; k < more; k++) {
    gboolean prior = k < FROM_PRIOR * more;
    double *z = population->z + ((gsize)population->points + k) * d;
    for (guint i = 0; i < d; i++)
      z[i] = (prior ? 0 : proposal->mean[i]) +
             (prior ? 1 : proposal->width[i]) * gsl_ran_gaussian(rng, 1);
  }
  gsl_rng_free(rng);
  population->points += more;
  set_shares(population, population->points - more);
  g_ptr_array_add(population->proposals, proposal);
}

/* Of the normal part over the prior. */
static double log_over_prior(const Cs3Proposal *p, const double *z, guint d) {
  double sum = 0;
  for (guint i = 0; i < d; i++)
    sum += 0.5 * z[i] * z[i] - 0.5 * pow((z[i] - p->mean[i]) / p->width[i], 2) - log(p->width[i]);
  return sum;
}

double *cs3_population_log_ratio(const Cs3Population *population) {
  guint d = population->dimensions;
  double *ratio = g_new(double, population->points);
  for (guint k = 0; k < population->points; k++) {
    double mixture = 0; /* over the prior */
    for (guint r = 0; r < population->proposals->len; r++) {
      const Cs3Proposal *p = population->proposals->pdata[r];
      double normal =
          p->from_prior < 1 ? exp(log_over_prior(p, population->z + (gsize)k * d, d)) : 0;
      mixture +=
          (double)p->points / population->points * (p->from_prior + (1 - p->from_prior) * normal);
    }
    ratio[k] = -log(mixture);
  }
  return ratio;
}
