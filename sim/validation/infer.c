/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bayes' rule over simulated points. */
#include "config.h"

#include "sim/validation/infer.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_sort.h>
#include <math.h>

#define NETWORK_SCALE 0.2
#define ROW_SCALE 0.05

G_STATIC_ASSERT(CS3_NETWORK_VALUES *CS3_ROW_VALUES == CS3_DISCREPANCIES);

/* The middle of part @i of @n of a half-normal distribution. */
static double half_normal(double scale, guint i, guint n) {
  return scale * gsl_cdf_ugaussian_Pinv(0.5 + 0.5 * (i + 0.5) / n);
}

Cs3Discrepancy cs3_discrepancy(guint i) {
  return (Cs3Discrepancy){half_normal(NETWORK_SCALE, i / CS3_ROW_VALUES, CS3_NETWORK_VALUES),
                          half_normal(ROW_SCALE, i % CS3_ROW_VALUES, CS3_ROW_VALUES)};
}

/* What does not depend on the point: by row 1 / variance, by network their sum, and the determinant
 * of the whole. */
typedef struct {
  double *precision, *weight, determinant, common;
} Spread;

static void spread_clear(Spread *s) {
  g_free(s->precision);
  g_free(s->weight);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Spread, spread_clear)

static Spread spread_of(const Cs3Sightings *e, Cs3Discrepancy d, int without) {
  Spread s = {.precision = g_new(double, e->rows),
              .weight = g_new0(double, e->n_networks),
              .common = d.network * d.network};
  for (guint i = 0; i < e->rows; i++) {
    double variance = e->errors[i] * e->errors[i] + d.row * d.row;
    gboolean counts = (int)e->networks[i] != without;
    s.precision[i] = counts ? 1 / variance : 0;
    s.weight[e->networks[i]] += s.precision[i];
    s.determinant += counts ? log(variance) : 0;
  }
  for (guint k = 0; k < e->n_networks; k++)
    s.determinant += log(1 + s.common * s.weight[k]);
  return s;
}

/* The inverse of diagonal plus constant, network by network (Sherman and Morrison 1950). @sums:
 * room for a number a network. */
static double log_likelihood(const Cs3Sightings *e, const Spread *s, guint point, double *sums) {
  const double *logs = e->logs + (gsize)point * e->rows;
  double squares = 0;
  for (guint k = 0; k < e->n_networks; k++)
    sums[k] = 0;
  for (guint i = 0; i < e->rows; i++) {
    if (s->precision[i] == 0)
      continue;
    double residual = e->measured[i] - logs[i], scaled = residual * s->precision[i];
    sums[e->networks[i]] += scaled;
    squares += residual * scaled;
  }
  for (guint k = 0; k < e->n_networks; k++)
    squares -= s->common * sums[k] * sums[k] / (1 + s->common * s->weight[k]);
  double sum = -0.5 * (s->determinant + squares);
  return isnan(sum) ? -INFINITY : sum;
}

double cs3_log_likelihood(const Cs3Sightings *e, guint point, Cs3Discrepancy discrepancy,
                          int without) {
  g_auto(Spread) spread = spread_of(e, discrepancy, without);
  g_autofree double *sums = g_new(double, e->n_networks);
  return log_likelihood(e, &spread, point, sums);
}

void cs3_inference_free(Cs3Inference *inference) {
  if (inference == NULL)
    return;
  g_free(inference->weights);
  g_free(inference->joint);
  g_free(inference);
}

/* From logarithms to probabilities. Returns: whether any is above 0. */
static gboolean normalise(double *joint, gsize n) {
  double most = -INFINITY, sum = 0;
  for (gsize i = 0; i < n; i++)
    most = MAX(most, joint[i]);
  if (!isfinite(most))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    sum += joint[i] = exp(joint[i] - most);
  for (gsize i = 0; i < n; i++)
    joint[i] /= sum;
  return TRUE;
}

Cs3Inference *cs3_infer(const Cs3Sightings *e, const double *log_ratio, const gboolean *usable,
                        int without) {
  g_autoptr(Cs3Inference) inference = g_new0(Cs3Inference, 1);
  inference->points = e->points;
  inference->weights = g_new0(double, e->points);
  inference->joint = g_new(double, (gsize)e->points *CS3_DISCREPANCIES);
  g_autofree double *sums = g_new(double, e->n_networks);
  for (guint g = 0; g < CS3_DISCREPANCIES; g++) {
    g_auto(Spread) spread = spread_of(e, cs3_discrepancy(g), without);
    for (guint k = 0; k < e->points; k++)
      inference->joint[(gsize)k * CS3_DISCREPANCIES + g] =
          usable != NULL && !usable[k] ? -INFINITY
                                       : log_ratio[k] + log_likelihood(e, &spread, k, sums);
  }
  if (!normalise(inference->joint, (gsize)e->points * CS3_DISCREPANCIES))
    return NULL;
  double squares = 0;
  for (guint k = 0; k < e->points; k++) {
    for (guint g = 0; g < CS3_DISCREPANCIES; g++)
      inference->weights[k] += inference->joint[(gsize)k * CS3_DISCREPANCIES + g];
    squares += inference->weights[k] * inference->weights[k];
  }
  inference->ess = 1 / squares;
  return g_steal_pointer(&inference);
}

double cs3_weighted_quantile(const double *values, guint stride, const double *weights, guint n,
                             double q) {
  g_autofree double *sorted = g_new(double, n);
  g_autofree gsize *order = g_new(gsize, n);
  double total = 0, before = 0;
  guint m = 0;
  for (guint k = 0; k < n; k++)
    if (isfinite(values[(gsize)k * stride])) {
      sorted[m] = values[(gsize)k * stride];
      order[m++] = k;
      total += weights[k];
    }
  if (m == 0 || total <= 0)
    return NAN;
  g_autofree gsize *rank = g_new(gsize, m);
  gsl_sort_index(rank, sorted, 1, m);
  for (guint i = 0; i < m; i++) {
    before += weights[order[rank[i]]];
    if (before >= q * total)
      return sorted[rank[i]];
  }
  return sorted[rank[m - 1]];
}

/* Probability that the measurement's logarithm is below @y. */
static double below(const Cs3Sightings *e, const Cs3Inference *inference, guint row, double y) {
  double sum = 0, all = 0;
  for (guint g = 0; g < CS3_DISCREPANCIES; g++) {
    Cs3Discrepancy d = cs3_discrepancy(g);
    double width = sqrt(d.network * d.network + d.row * d.row + pow(e->errors[row], 2));
    for (guint k = 0; k < e->points; k++) {
      double weight = inference->joint[(gsize)k * CS3_DISCREPANCIES + g];
      double mean = e->logs[(gsize)k * e->rows + row];
      if (weight < 1e-9 || isnan(mean))
        continue;
      sum += weight * gsl_cdf_ugaussian_P((y - mean) / width);
      all += weight;
    }
  }
  return sum / all;
}

double cs3_predicted_quantile(const Cs3Sightings *e, const Cs3Inference *inference, guint row,
                              double q) {
  double low = -50, high = 50;
  for (int i = 0; i < 40; i++) {
    double middle = 0.5 * (low + high);
    *(below(e, inference, row, middle) < q ? &low : &high) = middle;
  }
  return 0.5 * (low + high);
}
