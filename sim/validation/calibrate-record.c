/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a calibration says, as a record. */
#include "config.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "results/schema.h"
#include "sim/validation/calibrate-private.h"
#include "workloads/parallel.h"

/* The three numbers that stand for a distribution. */
static const double quantiles[] = {0.1, 0.5, 0.9};
static const char *const quantile_names[] = {"p10", "median", "p90"};
enum { N_QUANTILES = 3, PAIRS = 6, TRIAL_CLOUD = 8192 };
#define CORRELATED 0.25
/* Two rows of one network on one machine that are further apart than this (as a logarithm) on every
 * machine that was simulated. */
#define CONTRADICTION G_LN2

static json_t *number(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

/* Of exp(@values). */
static json_t *band_json(const double *values, guint stride, const double *weights, guint n) {
  json_t *band = json_object();
  for (guint q = 0; q < N_QUANTILES; q++)
    json_object_set_new(
        band, quantile_names[q],
        number(exp(cs3_weighted_quantile(values, stride, weights, n, quantiles[q]))));
  return band;
}

/* --- rows ------------------------------------------------------------------------------------ */

static json_t *row_json(const Cs3Posterior *p, const Cs3Sightings *e, guint i,
                        const Cs3Inference *held_out) {
  const Cs3Measured *m = p->rows->pdata[i];
  json_t *predicted = json_object();
  for (guint q = 0; q < N_QUANTILES && held_out != NULL; q++)
    json_object_set_new(predicted, quantile_names[q],
                        number(exp(cs3_predicted_quantile(e, held_out, i, quantiles[q]))));
  double low = json_number_value(json_object_get(predicted, "p10"));
  double high = json_number_value(json_object_get(predicted, "p90"));
  return cs3_json_pack(
      "{s:s, s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:o, s:o, s:b}", "name", m->name, "where", m->where,
      "network", m->model, "machine", m->machine, "measured", m->rate, "error", m->error,
      "emulator_error", cs3_emulator_error(p->emulators->pdata[i]), "nominal",
      exp(cs3_simulated_nominal(p->simulated, i)), "fitted",
      band_json(p->cloud.logs + i, p->rows->len, p->cloud.inference->weights,
                p->cloud.population->points),
      "held_out", predicted, "inside", held_out != NULL && m->rate >= low && m->rate <= high);
}

/* Every network in turn predicted from the others. */
static json_t *rows_json(const Cs3Posterior *p) {
  json_t *list = json_array();
  Cs3Sightings e = cs3_posterior_sightings(p, &p->cloud, p->measured, p->widths);
  g_autoptr(GPtrArray) without = g_ptr_array_new_with_free_func((GDestroyNotify)cs3_inference_free);
  for (guint k = 0; k < p->networks->len; k++)
    g_ptr_array_add(without,
                    p->networks->len > 1 ? cs3_infer(&e, p->cloud.log_ratio, NULL, (int)k) : NULL);
  for (guint i = 0; i < p->rows->len; i++)
    json_array_append_new(list, row_json(p, &e, i, without->pdata[p->network[i]]));
  return list;
}

/* --- constants ------------------------------------------------------------------------------- */

static double *shares_of(const Cs3Posterior *p, guint i) {
  double *shares = g_new(double, p->cloud.population->points);
  for (guint k = 0; k < p->cloud.population->points; k++)
    shares[k] = cs3_population_share(p->cloud.population, k, i);
  return shares;
}

static double deviation(const double *values, const double *weights, guint n) {
  double mean = 0, variance = 0;
  for (guint k = 0; k < n; k++)
    mean += weights[k] * values[k];
  for (guint k = 0; k < n; k++)
    variance += weights[k] * pow(values[k] - mean, 2);
  return sqrt(variance);
}

/* Values that are shown need no more. */
static double four_digits(double value) {
  double unit = value != 0 ? pow(10, floor(log10(fabs(value))) - 3) : 1;
  return unit < 1 ? round(value / unit) / round(1 / unit) : round(value / unit) * unit;
}

/* Where the nominal value lies in its range; of what counts in the middle of its cell. */
static double nominal_share(const Cs3Uncertain *u) {
  if (u->param->type == CS3_PARAM_REAL)
    return (u->value - u->range.low) / (u->range.high - u->range.low);
  double low = ceil(u->range.low), high = floor(u->range.high);
  return (u->value - low + 0.5) / (high - low + 1);
}

static json_t *constant_json(const Cs3Posterior *p, guint i) {
  const Cs3Unknown *u = p->unknowns->pdata[i];
  const Cs3Param *param = u->uncertain.param;
  guint n = p->cloud.population->points;
  g_autofree double *shares = shares_of(p, i);
  g_autofree char *value = cs3_param_format(param, u->uncertain.value);
  g_autofree char *range =
      cs3_param_format_range(param, u->uncertain.range.low, u->uncertain.range.high);
  json_t *posterior = json_object(), *place = json_object();
  json_object_set_new(place, "nominal", json_real(nominal_share(&u->uncertain)));
  for (guint q = 0; q < N_QUANTILES; q++) {
    double share = cs3_weighted_quantile(shares, 1, p->cloud.inference->weights, n, quantiles[q]);
    double at = four_digits(cs3_uncertain_sample(&u->uncertain, share));
    g_autofree char *text = cs3_param_format(param, at);
    json_object_set_new(posterior, quantile_names[q], json_string(text));
    json_object_set_new(place, quantile_names[q], json_real(share));
  }
  /* Of a uniform share the standard deviation is 1 / sqrt(12). */
  double width = deviation(shares, p->cloud.inference->weights, n) * sqrt(12);
  return cs3_json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:f}", "name", u->name, "machines",
                       u->machines->str, "value", value, "range", range, "evidence",
                       cs3_evidence_name(param->evidence), "posterior", posterior, "share", place,
                       "width", width);
}

static gint by_width(gconstpointer a, gconstpointer b) {
  double x = json_number_value(json_object_get(*(json_t *const *)a, "width"));
  double y = json_number_value(json_object_get(*(json_t *const *)b, "width"));
  return (x > y) - (x < y);
}

/* (transfer full): those that are known best first. */
static json_t *sorted_list(GPtrArray *objects, GCompareFunc compare, guint most) {
  json_t *list = json_array();
  g_ptr_array_sort(objects, compare);
  for (guint i = 0; i < objects->len; i++)
    if (i < most)
      json_array_append_new(list, objects->pdata[i]);
    else
      json_decref(objects->pdata[i]);
  return list;
}

static json_t *constants_json(const Cs3Posterior *p) {
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  for (guint i = 0; i < p->unknowns->len; i++)
    g_ptr_array_add(all, constant_json(p, i));
  return sorted_list(all, by_width, G_MAXUINT);
}

static double correlation(const Cs3Posterior *p, const double *x, const double *y) {
  const double *w = p->cloud.inference->weights;
  guint n = p->cloud.population->points;
  double mx = 0, my = 0, product = 0;
  for (guint k = 0; k < n; k++) {
    mx += w[k] * x[k];
    my += w[k] * y[k];
  }
  for (guint k = 0; k < n; k++)
    product += w[k] * (x[k] - mx) * (y[k] - my);
  return product / (deviation(x, w, n) * deviation(y, w, n));
}

static gint by_strength(gconstpointer a, gconstpointer b) {
  double x = fabs(json_number_value(json_object_get(*(json_t *const *)a, "correlation")));
  double y = fabs(json_number_value(json_object_get(*(json_t *const *)b, "correlation")));
  return (x < y) - (x > y);
}

/* Pairs that the data tie together although the prior does not: beyond what so few effective points
 * give by chance. */
static json_t *pairs_json(const Cs3Posterior *p) {
  g_autoptr(GPtrArray) all = g_ptr_array_new();
  double least = MAX(CORRELATED, 3 / sqrt(p->cloud.inference->ess));
  g_autoptr(GPtrArray) shares = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; i < p->unknowns->len; i++)
    g_ptr_array_add(shares, shares_of(p, i));
  for (guint i = 0; i < p->unknowns->len; i++)
    for (guint j = i + 1; j < p->unknowns->len; j++) {
      double r = correlation(p, shares->pdata[i], shares->pdata[j]);
      if (fabs(r) >= least)
        g_ptr_array_add(all, cs3_json_pack("{s:s, s:s, s:f}", "first",
                                           ((Cs3Unknown *)p->unknowns->pdata[i])->name, "second",
                                           ((Cs3Unknown *)p->unknowns->pdata[j])->name,
                                           "correlation", r));
    }
  return sorted_list(all, by_strength, PAIRS);
}

/* --- prediction ------------------------------------------------------------------------------ */

static double mean_of_half(const Cs3Posterior *p, const double *values, guint half) {
  double sum = 0, all = 0;
  for (guint k = half; k < p->cloud.population->points; k += 2)
    if (isfinite(values[k])) {
      sum += p->cloud.inference->weights[k] * values[k];
      all += p->cloud.inference->weights[k];
    }
  return sum / all;
}

/* Simulated machines of the prior. */
static json_t *prior_json(const Cs3Posterior *p, guint which) {
  g_autofree double *equal = g_new(double, p->how->first);
  for (guint k = 0; k < p->how->first; k++)
    equal[k] = 1.0 / p->how->first;
  return band_json(&g_array_index(p->logs, double, p->rows->len + which), p->columns, equal,
                   p->how->first);
}

static json_t *prediction_json(const Cs3Posterior *p) {
  static const char *const names[] = {"speedup", "step_time_s"};
  guint n = p->cloud.population->points, first = p->rows->len;
  const double *weights = p->cloud.inference->weights;
  json_t *object = cs3_json_pack("{s:s}", "arguments", p->how->prediction);
  for (guint which = 0; which < CS3_PREDICTED_COLUMNS; which++) {
    const double *values = p->cloud.predicted[which];
    double nominal = cs3_simulated_nominal(p->simulated, first + 1);
    if (which == CS3_SPEEDUP_COLUMN)
      nominal = cs3_simulated_nominal(p->simulated, first) - nominal;
    /* The two halves of the points, each for itself: should agree within the posterior's width. */
    double width = cs3_weighted_quantile(values, 1, weights, n, 0.9) -
                   cs3_weighted_quantile(values, 1, weights, n, 0.1);
    double apart = mean_of_half(p, values, 0) - mean_of_half(p, values, 1);
    json_object_set_new(object, names[which],
                        cs3_json_pack("{s:f, s:o, s:o, s:o, s:f}", "nominal", exp(nominal), "prior",
                                      prior_json(p, which), "posterior",
                                      band_json(values, 1, weights, n), "halves_apart",
                                      number(fabs(apart) / width), "emulator_error",
                                      cs3_emulator_error(p->emulators->pdata[first + which])));
  }
  return object;
}

static json_t *discrepancy_json(const Cs3Posterior *p) {
  double weights[CS3_DISCREPANCIES] = {0}, network[CS3_DISCREPANCIES], row[CS3_DISCREPANCIES];
  for (guint g = 0; g < CS3_DISCREPANCIES; g++) {
    network[g] = log(cs3_discrepancy(g).network);
    row[g] = log(cs3_discrepancy(g).row);
    for (guint k = 0; k < p->cloud.population->points; k++)
      weights[g] += p->cloud.inference->joint[(gsize)k * CS3_DISCREPANCIES + g];
  }
  return cs3_json_pack("{s:o, s:o}", "network", band_json(network, 1, weights, CS3_DISCREPANCIES),
                       "row", band_json(row, 1, weights, CS3_DISCREPANCIES));
}

/* Rows of one network on one machine of which no machine simulated gives both. */
static gboolean contradict(const Cs3Posterior *p, guint i, guint j) {
  const Cs3Measured *x = p->rows->pdata[i], *y = p->rows->pdata[j];
  double least = INFINITY;
  if (p->network[i] != p->network[j] || strcmp(x->machine, y->machine) != 0)
    return FALSE;
  for (guint k = 0; k < p->design->points; k++) {
    const double *logs = &g_array_index(p->logs, double, (gsize)k * p->columns);
    double apart = fabs(p->measured[i] - logs[i] - p->measured[j] + logs[j]);
    least = MIN(least, isfinite(apart) ? apart : INFINITY);
  }
  return least > CONTRADICTION;
}

static json_t *contradictions_json(const Cs3Posterior *p) {
  json_t *list = json_array();
  for (guint i = 0; i < p->rows->len; i++)
    for (guint j = i + 1; j < p->rows->len; j++)
      if (contradict(p, i, j))
        json_array_append_new(list, cs3_json_pack("[s, s, s, s]",
                                                  ((Cs3Measured *)p->rows->pdata[i])->where,
                                                  ((Cs3Measured *)p->rows->pdata[i])->name,
                                                  ((Cs3Measured *)p->rows->pdata[j])->where,
                                                  ((Cs3Measured *)p->rows->pdata[j])->name));
  return list;
}

json_t *cs3_posterior_json(const Cs3Posterior *p) {
  json_t *object =
      cs3_json_pack("{s:s, s:s, s:i, s:I, s:I, s:I, s:f}", "schema", CS3_POSTERIOR_SCHEMA,
                    "version", PACKAGE_VERSION, "model_version", CS3_MODEL_VERSION, "seed",
                    (json_int_t)p->how->seed, "machines", (json_int_t)p->design->points,
                    "simulations", (json_int_t)p->design->points * (json_int_t)(p->rows->len + 1),
                    "effective_points", p->cloud.inference->ess);
  json_object_set_new(object, "prediction", prediction_json(p));
  json_object_set_new(object, "discrepancy", discrepancy_json(p));
  json_object_set_new(object, "rows", rows_json(p));
  json_object_set_new(object, "contradictions", contradictions_json(p));
  json_object_set_new(object, "constants", constants_json(p));
  json_object_set_new(object, "pairs", pairs_json(p));
  if (p->how->trials > 0)
    json_object_set_new(object, "coverage", cs3_coverage_json(p));
  return object;
}

/* --- coverage -------------------------------------------------------------------------------- */

/* What point @truth would have been measured as. */
static void measure(const Cs3Posterior *p, guint truth, gsl_rng *rng, double *measured) {
  const double *logs = &g_array_index(p->logs, double, (gsize)truth * p->columns);
  Cs3Discrepancy d = cs3_discrepancy((guint)gsl_rng_uniform_int(rng, CS3_DISCREPANCIES));
  g_autofree double *common = g_new(double, p->networks->len);
  for (guint k = 0; k < p->networks->len; k++)
    common[k] = gsl_ran_gaussian(rng, d.network);
  for (guint i = 0; i < p->rows->len; i++)
    measured[i] = logs[i] + common[p->network[i]] + gsl_ran_gaussian(rng, d.row) +
                  gsl_ran_gaussian(rng, p->errors[i]);
}

static gboolean runs_all(const Cs3Posterior *p, guint point) {
  for (guint c = 0; c < p->columns; c++)
    if (isnan(g_array_index(p->logs, double, (gsize)point * p->columns + c)))
      return FALSE;
  return TRUE;
}

static gboolean holds(const double *values, const double *weights, guint n, double truth) {
  return truth >= cs3_weighted_quantile(values, 1, weights, n, 0.1) &&
         truth <= cs3_weighted_quantile(values, 1, weights, n, 0.9);
}

/* Measurements of all trials, and what comes of them. */
typedef struct {
  const Cs3Posterior *p;
  const Cs3Cloud *cloud;
  const double *widths, *measured; /* measured: trials x rows */
  const guint *truths;
  gboolean *inside; /* trials x predicted columns */
  double *ess;
} Trials;

static void try_trials(gint64 begin, gint64 end, guint worker, gpointer data) {
  const Trials *t = data;
  const Cs3Posterior *p = t->p;
  guint n = t->cloud->population->points;
  for (gint64 k = begin; k < end; k++) {
    Cs3Sightings e =
        cs3_posterior_sightings(p, t->cloud, t->measured + (gsize)k * p->rows->len, t->widths);
    g_autoptr(Cs3Inference) inference = cs3_infer(&e, t->cloud->log_ratio, NULL, -1);
    t->ess[k] = inference->ess;
    for (guint c = 0; c < CS3_PREDICTED_COLUMNS; c++) {
      double truth =
          g_array_index(p->logs, double, (gsize)t->truths[k] * p->columns + p->rows->len + c);
      t->inside[k * CS3_PREDICTED_COLUMNS + c] =
          holds(t->cloud->predicted[c], inference->weights, n, truth);
    }
  }
}

static json_t *trials_json(const Trials *t, guint n) {
  double inside[CS3_PREDICTED_COLUMNS] = {0}, ess = 0;
  for (guint k = 0; k < n; k++) {
    ess += t->ess[k] / MAX(n, 1);
    for (guint c = 0; c < CS3_PREDICTED_COLUMNS; c++)
      inside[c] += (double)t->inside[k * CS3_PREDICTED_COLUMNS + c] / MAX(n, 1);
  }
  return cs3_json_pack("{s:I, s:f, s:f, s:f, s:f}", "trials", (json_int_t)n, "expected", 0.8,
                       "speedup", inside[CS3_SPEEDUP_COLUMN], "step_time_s",
                       inside[CS3_STEP_COLUMN], "effective_points", ess);
}

/* Truths are the first points of the design, which are of the prior; the emulators of this know the
 * others alone. */
json_t *cs3_coverage_json(const Cs3Posterior *p) {
  guint most = MIN(p->how->trials, p->how->first / 2), n = 0;
  g_autofree double *widths = g_new(double, p->rows->len);
  g_autofree double *measured = g_new(double, (gsize)most * p->rows->len + 1);
  g_autofree guint *truths = g_new(guint, most + 1);
  g_autoptr(GPtrArray) emulators = cs3_posterior_emulators(p, most, widths);
  Cs3Cloud cloud = {.population =
                        cs3_population_new(p->unknowns->len, p->levels, TRIAL_CLOUD, p->how->seed)};
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
  gsl_rng_set(rng, (unsigned long)p->how->seed + 4711);
  for (guint k = 0; emulators != NULL && k < most; k++) {
    if (!runs_all(p, k))
      continue;
    truths[n] = k;
    measure(p, k, rng, measured + (gsize)n++ * p->rows->len);
  }
  gsl_rng_free(rng);
  g_autofree gboolean *inside = g_new(gboolean, CS3_PREDICTED_COLUMNS * most + 1);
  g_autofree double *ess = g_new(double, most + 1);
  Trials t = {p, &cloud, widths, measured, truths, inside, ess};
  if (n > 0) {
    cs3_cloud_fill(p, emulators, &cloud);
    cs3_parallel_for(n, 1, p->how->workers, try_trials, &t);
  }
  json_t *object = trials_json(&t, n);
  cs3_cloud_clear(&cloud);
  return object;
}
