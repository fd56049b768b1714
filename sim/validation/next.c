/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What to measure next: by how much a rate that nobody has measured would narrow the prediction. */
#include "config.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

#include "base/json.h"
#include "results/record.h"
#include "sim/validation/calibrate-private.h"

/* Machines of the posterior on which candidates are simulated; fewer that can run one say nothing.
 */
enum { POINTS = 128, LEAST_POINTS = 16 };

/* Candidates and the prediction on machines of the posterior. */
typedef struct {
  const Cs3Posterior *p;
  guint *chosen;   /* [POINTS]: points of the cloud */
  GPtrArray *rows; /* of Cs3Measured: candidates, then what their networks were measured at, which
                      an emulator would blur */
  double *logs;    /* POINTS x columns */
  guint columns;
  Cs3Discrepancy discrepancy;
} Study;

/* What a candidate's network is off by, as far as its measured rows say it on a machine. */
typedef struct {
  double mean, variance;
} Offset;

static gboolean same(const Cs3Uncertain *x, const Cs3Uncertain *y) {
  return x->param == y->param && x->range.low == y->range.low && x->range.high == y->range.high;
}

/* @unknown's place in the posterior; -1: it is none of its unknowns. */
static int place_of(const Cs3Posterior *p, const Cs3Unknown *unknown) {
  for (guint i = 0; i < p->unknowns->len; i++)
    if (same(&((const Cs3Unknown *)p->unknowns->pdata[i])->uncertain, &unknown->uncertain))
      return (int)i;
  return -1;
}

/* Machines of the posterior; of constants that it does not know, from their ranges. */
static Cs3Population *machines(const Study *s, const GPtrArray *unknowns) {
  const Cs3Posterior *p = s->p;
  Cs3Population *population = cs3_population_new(unknowns->len, NULL, POINTS, p->how->seed);
  for (guint i = 0; i < unknowns->len; i++) {
    int place = place_of(p, unknowns->pdata[i]);
    for (guint k = 0; k < POINTS && place >= 0; k++)
      population->shares[(gsize)k * unknowns->len + i] =
          cs3_population_share(p->cloud.population, s->chosen[k], (guint)place);
  }
  return population;
}

/* Whether a candidate is of the network of @row. */
static gboolean bears_on_candidates(const GPtrArray *candidates, const Cs3Measured *row) {
  for (guint c = 0; c < candidates->len; c++)
    if (strcmp(((const Cs3Measured *)candidates->pdata[c])->model, row->model) == 0)
      return TRUE;
  return FALSE;
}

/* (transfer container) */
static GPtrArray *rows_of(const Cs3Posterior *p) {
  GPtrArray *rows = g_ptr_array_new();
  for (guint c = 0; c < p->how->candidates->len; c++)
    g_ptr_array_add(rows, p->how->candidates->pdata[c]);
  for (guint i = 0; i < p->rows->len; i++)
    if (bears_on_candidates(p->how->candidates, p->rows->pdata[i]))
      g_ptr_array_add(rows, p->rows->pdata[i]);
  return rows;
}

static gboolean simulate(Study *s, GError **error) {
  const Cs3Calibration *how = s->p->how;
  g_autoptr(Cs3Simulated) simulated =
      cs3_simulated_new(s->rows, how->prediction, how->workers, error);
  if (simulated == NULL)
    return FALSE;
  g_autoptr(Cs3Population) population = machines(s, cs3_simulated_unknowns(simulated));
  s->columns = cs3_simulated_columns(simulated);
  s->logs = g_new(double, (gsize)POINTS * s->columns);
  cs3_simulated_run(simulated, population, 0, POINTS, s->logs);
  return TRUE;
}

/* Logarithm of the predicted speed-up. */
static double predicted(const Study *s, guint k) {
  const double *two = s->logs + (gsize)k * s->columns + s->rows->len;
  return two[0] - two[1];
}

/* On the machine of point @k: normal, given the network's measured rows there. */
static Offset offset_of(const Study *s, const char *model, guint k) {
  double precision = 1 / (s->discrepancy.network * s->discrepancy.network), sum = 0;
  for (guint i = s->p->how->candidates->len; i < s->rows->len; i++) {
    const Cs3Measured *m = s->rows->pdata[i];
    double residual = log(m->rate) - s->logs[(gsize)k * s->columns + i];
    double noise = hypot(m->error, s->discrepancy.row);
    if (strcmp(m->model, model) != 0 || !isfinite(residual))
      continue;
    precision += 1 / (noise * noise);
    sum += residual / (noise * noise);
  }
  return (Offset){sum / precision, 1 / precision};
}

/* What a candidate would be measured as and the prediction, on the machines that run both. */
typedef struct {
  guint n;
  double measured[POINTS], predicted[POINTS];
  double noise; /* variance of the measurement on a machine */
} Pairs;

static void pairs_of(const Study *s, guint c, Pairs *pairs) {
  const Cs3Measured *m = s->p->how->candidates->pdata[c];
  double row = s->discrepancy.row;
  *pairs = (Pairs){0};
  for (guint k = 0; k < POINTS; k++) {
    Offset offset = offset_of(s, m->model, k);
    double value = s->logs[(gsize)k * s->columns + c] + offset.mean, target = predicted(s, k);
    pairs->noise = offset.variance + row * row + m->error * m->error;
    if (!isfinite(value) || !isfinite(target))
      continue;
    pairs->measured[pairs->n] = value;
    pairs->predicted[pairs->n++] = target;
  }
}

/* Share of the prediction's variance that would go, were both normal: R^2 = cov^2 / (var z (var y +
 * noise)), less what so many points give by chance (Ezekiel 1930). */
static double reduction_of(const Pairs *pairs) {
  guint n = pairs->n;
  if (n < LEAST_POINTS)
    return 0;
  double y = gsl_stats_variance(pairs->measured, 1, n) + pairs->noise;
  double z = gsl_stats_variance(pairs->predicted, 1, n);
  double both = gsl_stats_covariance(pairs->measured, 1, pairs->predicted, 1, n);
  double share = y * z > 0 ? both * both / (y * z) : 0;
  return MAX(0, 1 - (1 - share) * (n - 1.0) / (n - 2.0));
}

static json_t *quantile(const double *sorted, guint n, double q) {
  return n > 0 ? json_real(exp(gsl_stats_quantile_from_sorted_data(sorted, 1, n, q))) : json_null();
}

static json_t *candidate_json(const Study *s, guint c) {
  const Cs3Measured *m = s->p->how->candidates->pdata[c];
  g_autofree char *command = g_strconcat("cs3sim run ", m->arguments, NULL);
  Pairs pairs;
  pairs_of(s, c, &pairs);
  double reduction = reduction_of(&pairs);
  gsl_sort(pairs.measured, 1, pairs.n);
  json_t *expected = cs3_json_pack("{s:o, s:o, s:o}", "p10", quantile(pairs.measured, pairs.n, 0.1),
                                   "median", quantile(pairs.measured, pairs.n, 0.5), "p90",
                                   quantile(pairs.measured, pairs.n, 0.9));
  return cs3_json_pack("{s:s, s:s, s:f, s:o, s:f}", "name", m->name, "command", command, "error",
                       m->error, "expected", expected, "reduction", reduction);
}

/* The best first; equals stay in the order of the file (a merge sort). */
static gint by_reduction(gconstpointer a, gconstpointer b) {
  double x = cs3_record_number(*(json_t *const *)a, "reduction");
  double y = cs3_record_number(*(json_t *const *)b, "reduction");
  return (x < y) - (x > y);
}

json_t *cs3_next_json(const Cs3Posterior *p, const json_t *record, GError **error) {
  g_autofree guint *chosen = cs3_posterior_resample(p, POINTS);
  g_autoptr(GPtrArray) rows = rows_of(p);
  Study s = {.p = p,
             .chosen = chosen,
             .rows = rows,
             .discrepancy = {cs3_record_number(record, "discrepancy.network.median"),
                             cs3_record_number(record, "discrepancy.row.median")}};
  g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
  if (!simulate(&s, error))
    return NULL;
  g_autofree double *logs = s.logs;
  for (guint c = 0; c < p->how->candidates->len; c++)
    g_ptr_array_add(all, candidate_json(&s, c));
  g_ptr_array_sort(all, by_reduction);
  json_t *list = json_array();
  for (guint i = 0; i < MIN(all->len, p->how->next); i++)
    json_array_append(list, all->pdata[i]);
  return list;
}
