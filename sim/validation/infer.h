/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bayes' rule over simulated points: what measured rows say of machines, and how far the simulator
 * may be off. Knows nothing of either. doc/calibration.md has the equations. */
#pragma once

#include <glib.h>

/* What was simulated at points and what was measured, as logarithms. */
typedef struct {
  guint points, rows;
  const double *logs;     /* points x rows; NaN: it cannot run there, which the row contradicts */
  const double *measured; /* rows */
  const double *errors;   /* rows: standard deviation of the measurement, relative */
  const guint *networks;  /* rows: which stand together, from 0 */
  guint n_networks;
} Cs3Sightings;

/* How far simulated logarithms are off: together in all rows of a network, and row by row. */
typedef struct {
  double network, row; /* standard deviations */
} Cs3Discrepancy;

/* Values of both on which the prior stands: half-normal, scales 0.2 and 0.05, in quantiles of equal
 * probability. */
enum { CS3_NETWORK_VALUES = 12, CS3_ROW_VALUES = 6, CS3_DISCREPANCIES = 72 };

/** cs3_discrepancy: number @i of CS3_DISCREPANCIES, all equally probable beforehand. */
Cs3Discrepancy cs3_discrepancy(guint i);

/** cs3_log_likelihood: of @point under @discrepancy, up to a constant: normal, with covariance
 * diag(errors^2 + row^2) + network^2 within a network. @without: a network left out; -1: none. */
double cs3_log_likelihood(const Cs3Sightings *evidence, guint point, Cs3Discrepancy discrepancy,
                          int without);

/* Posterior probabilities. */
typedef struct {
  guint points;
  double *weights; /* of points, sum 1 */
  double *joint;   /* points x CS3_DISCREPANCIES, sum 1 */
  double ess;      /* effective number of points: 1 / sum of squares */
} Cs3Inference;

/**
 * cs3_infer: self-normalised importance weights.
 * @log_ratio: by point: log of prior over the density that it was drawn from.
 * @usable: (nullable): by point: %FALSE: as if it had not been simulated.
 * Returns: (transfer full) (nullable): %NULL: no point is possible.
 */
Cs3Inference *cs3_infer(const Cs3Sightings *evidence, const double *log_ratio,
                        const gboolean *usable, int without);
void cs3_inference_free(Cs3Inference *inference);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Inference, cs3_inference_free)

/** cs3_weighted_quantile: of @values (element @stride); NaN where no weight is on numbers. */
double cs3_weighted_quantile(const double *values, guint stride, const double *weights, guint n,
                             double q);

/** cs3_predicted_quantile: of the logarithm of a measurement of @row of a network that is not
 * measured yet: simulated value, discrepancy and the row's error. */
double cs3_predicted_quantile(const Cs3Sightings *evidence, const Cs3Inference *inference,
                              guint row, double q);
