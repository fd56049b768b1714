/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From measured rows to a posterior: points, weights, and the record of what they say. */
#include "config.h"

#include "sim/validation/calibrate.h"

#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/json.h"
#include "results/schema.h"
#include "sim/cli/cli.h"
#include "sim/validation/calibrate-private.h"
#include "sim/validation/points-file.h"

/* Points that are simulated between two writes; of the emulator, to begin with; rounds in which
 * half as many more are drawn. */
/* METHOD: raised when the same rows lead to other points. */
enum { METHOD = 2, CHUNK = 32, CLOUD = 2048, CLOUD_ROUNDS = 3 };

/* --- points ---------------------------------------------------------------------------------- */

/* The prediction's two steps become its speed-up and its step. */
static void set_predicted(const Cs3Posterior *p, double *logs, guint n) {
  for (guint k = 0; k < n; k++) {
    double *two = logs + (gsize)k * p->columns + p->rows->len;
    two[CS3_SPEEDUP_COLUMN] = two[0] - two[1];
  }
}

/* Simulates up to @until, in chunks that are written as they are done. */
static gboolean simulate(Cs3Posterior *p, guint until, Cs3ValidationProgress progress,
                         gpointer data, GError **error) {
  const char *path = p->how->points;
  for (guint first = p->logs->len / p->columns; first < until; first += CHUNK) {
    guint last = MIN(first + CHUNK, until);
    g_array_set_size(p->logs, last * p->columns);
    double *logs = &g_array_index(p->logs, double, (gsize)first * p->columns);
    cs3_simulated_run(p->simulated, p->design, first, last, logs);
    set_predicted(p, logs, last - first);
    if (path != NULL &&
        !cs3_points_append(path, p->key, first, last - first, p->columns, logs, error))
      return FALSE;
    if (progress != NULL)
      progress(last, data);
  }
  return TRUE;
}

/* --- the emulated cloud ---------------------------------------------------------------------- */

GPtrArray *cs3_posterior_emulators(const Cs3Posterior *p, guint first, double *widths) {
  g_autoptr(GPtrArray) emulators =
      g_ptr_array_new_with_free_func((GDestroyNotify)cs3_emulator_free);
  for (guint c = 0; c < p->columns; c++) {
    Cs3Emulator *e =
        cs3_emulator_new(p->design, first, &g_array_index(p->logs, double, c), p->columns);
    if (e == NULL)
      return NULL;
    g_ptr_array_add(emulators, e);
    if (c < p->rows->len)
      widths[c] = hypot(p->errors[c], cs3_emulator_error(e));
  }
  return g_steal_pointer(&emulators);
}

void cs3_cloud_clear(Cs3Cloud *cloud) {
  cs3_population_free(cloud->population);
  cs3_inference_free(cloud->inference);
  g_free(cloud->logs);
  g_free(cloud->log_ratio);
  for (guint c = 0; c < CS3_PREDICTED_COLUMNS; c++)
    g_free(cloud->predicted[c]);
}

void cs3_cloud_fill(const Cs3Posterior *p, const GPtrArray *emulators, Cs3Cloud *cloud) {
  guint rows = p->rows->len, n = cloud->population->points;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
  gsl_rng_set(rng, (unsigned long)p->how->seed + 99);
  cloud->logs = g_renew(double, cloud->logs, (gsize)n *rows);
  for (guint c = 0; c < p->columns; c++) {
    const Cs3Emulator *e = emulators->pdata[c];
    if (c >= rows)
      cloud->predicted[c - rows] = g_renew(double, cloud->predicted[c - rows], n);
    for (guint k = 0; k < n; k++) {
      double value = cs3_emulator_at(e, cloud->population, k);
      if (c < rows)
        cloud->logs[(gsize)k * rows + c] = value;
      else
        cloud->predicted[c - rows][k] = value + gsl_ran_gaussian(rng, cs3_emulator_error(e));
    }
  }
  gsl_rng_free(rng);
  g_free(cloud->log_ratio);
  cloud->log_ratio = cs3_population_log_ratio(cloud->population);
}

Cs3Sightings cs3_posterior_sightings(const Cs3Posterior *p, const Cs3Cloud *cloud,
                                     const double *measured, const double *widths) {
  return (Cs3Sightings){.points = cloud->population->points,
                        .rows = p->rows->len,
                        .logs = cloud->logs,
                        .measured = measured,
                        .errors = widths,
                        .networks = p->network,
                        .n_networks = p->networks->len};
}

/* Points of the emulator where the posterior lies, in a few rounds. */
static gboolean infer(Cs3Posterior *p, GError **error) {
  cs3_cloud_clear(&p->cloud);
  p->cloud = (Cs3Cloud){.population =
                            cs3_population_new(p->unknowns->len, p->levels, CLOUD, p->how->seed)};
  if (p->emulators != NULL)
    g_ptr_array_unref(p->emulators);
  p->emulators = cs3_posterior_emulators(p, 0, p->widths);
  if (p->emulators == NULL) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_DATA,
                "of %u machines in the ranges of the constants too few can run all the rows, or "
                "there are fewer than the %u constants; take more with --first",
                p->design->points, p->unknowns->len);
    return FALSE;
  }
  for (guint round = 0;; round++) {
    cs3_cloud_fill(p, p->emulators, &p->cloud);
    Cs3Sightings e = cs3_posterior_sightings(p, &p->cloud, p->measured, p->widths);
    cs3_inference_free(p->cloud.inference);
    p->cloud.inference = cs3_infer(&e, p->cloud.log_ratio, NULL, -1);
    if (round == CLOUD_ROUNDS)
      return TRUE;
    cs3_population_extend(p->cloud.population, p->cloud.population, p->cloud.inference->weights,
                          p->cloud.inference->ess, CLOUD / 2);
  }
}

/* A choice, or a whole number, is one of some. */
static guint *levels_of(const GPtrArray *unknowns) {
  guint *levels = g_new0(guint, unknowns->len);
  for (guint i = 0; i < unknowns->len; i++) {
    const Cs3Uncertain *u = &((const Cs3Unknown *)unknowns->pdata[i])->uncertain;
    if (u->param->type != CS3_PARAM_REAL)
      levels[i] = (guint)(floor(u->range.high) - ceil(u->range.low)) + 1;
  }
  return levels;
}

static gboolean run_rounds(Cs3Posterior *p, Cs3ValidationProgress progress, gpointer data,
                           GError **error) {
  const Cs3Calibration *how = p->how;
  p->levels = levels_of(p->unknowns);
  p->design = cs3_population_new(p->unknowns->len, p->levels, how->first, how->seed);
  for (guint round = 0;; round++) {
    if (!simulate(p, p->design->points, progress, data, error) || !infer(p, error))
      return FALSE;
    if (round == how->rounds)
      return TRUE;
    cs3_population_extend(p->design, p->cloud.population, p->cloud.inference->weights,
                          p->cloud.inference->ess, how->more);
  }
}

/* --- rows ------------------------------------------------------------------------------------ */

/* Rows of one model are one network. */
static void set_rows(Cs3Posterior *p) {
  guint n = p->rows->len;
  p->networks = g_ptr_array_new();
  p->measured = g_new(double, n);
  p->errors = g_new(double, n);
  p->widths = g_new(double, n);
  p->network = g_new(guint, n);
  for (guint i = 0; i < n; i++) {
    const Cs3Measured *m = p->rows->pdata[i];
    p->measured[i] = log(m->rate);
    p->errors[i] = m->error;
    guint k;
    if (!g_ptr_array_find_with_equal_func(p->networks, m->model, g_str_equal, &k)) {
      k = p->networks->len;
      g_ptr_array_add(p->networks, m->model);
    }
    p->network[i] = k;
  }
}

static void posterior_clear(Cs3Posterior *p) {
  cs3_simulated_free(p->simulated);
  cs3_population_free(p->design);
  g_free(p->levels);
  cs3_cloud_clear(&p->cloud);
  if (p->emulators != NULL)
    g_ptr_array_unref(p->emulators);
  if (p->logs != NULL)
    g_array_unref(p->logs);
  g_ptr_array_unref(p->networks);
  g_free(p->measured);
  g_free(p->errors);
  g_free(p->widths);
  g_free(p->network);
  g_free(p->key);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3Posterior, posterior_clear)

/* --- samples --------------------------------------------------------------------------------- */

/* Systematic resampling. */
guint *cs3_posterior_resample(const Cs3Posterior *p, guint n) {
  guint *chosen = g_new(guint, n), k = 0;
  double sum = p->cloud.inference->weights[0];
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
  gsl_rng_set(rng, (unsigned long)p->how->seed + 77);
  double shift = gsl_rng_uniform(rng);
  for (guint i = 0; i < n; i++) {
    while (sum < (i + shift) / n && k + 1 < p->cloud.population->points)
      sum += p->cloud.inference->weights[++k];
    chosen[i] = k;
  }
  gsl_ran_shuffle(rng, chosen, n, sizeof *chosen);
  gsl_rng_free(rng);
  return chosen;
}

static json_t *samples_json(const Cs3Posterior *p) {
  g_autofree guint *chosen = cs3_posterior_resample(p, p->how->samples);
  json_t *coordinates = json_array(), *shares = json_array();
  for (guint i = 0; i < p->unknowns->len; i++) {
    const Cs3Unknown *u = p->unknowns->pdata[i];
    json_array_append_new(coordinates,
                          cs3_json_pack("{s:s, s:f, s:f, s:s}", "name", u->name, "low",
                                        u->uncertain.range.low, "high", u->uncertain.range.high,
                                        "machines", u->machines->str));
  }
  for (guint k = 0; k < p->how->samples; k++) {
    json_t *row = json_array();
    for (guint i = 0; i < p->unknowns->len; i++)
      json_array_append_new(
          row,
          json_real(round(1e6 * cs3_population_share(p->cloud.population, chosen[k], i)) / 1e6));
    json_array_append_new(shares, row);
  }
  return cs3_json_pack("{s:o, s:o}", "coordinates", coordinates, "shares", shares);
}

json_t *cs3_calibrate(const Cs3Calibration *how, const GPtrArray *rows,
                      Cs3ValidationProgress progress, gpointer data, GError **error) {
  g_auto(Cs3Posterior) p = {.how = how, .rows = rows};
  set_rows(&p);
  p.simulated = cs3_simulated_new(rows, how->prediction, how->workers, error);
  if (p.simulated == NULL)
    return NULL;
  p.unknowns = cs3_simulated_unknowns(p.simulated);
  p.columns = cs3_simulated_columns(p.simulated);
  g_autofree char *scenarios = cs3_simulated_key(p.simulated);
  p.key = g_strdup_printf("%s-%u-%u-%u-%" G_GUINT64_FORMAT "-%d-%d-%d", scenarios, how->first,
                          how->more, how->rounds, how->seed, METHOD, CLOUD, CLOUD_ROUNDS);
  p.logs = how->points != NULL ? cs3_points_load(how->points, p.key, p.columns, error)
                               : g_array_new(FALSE, FALSE, sizeof(double));
  if (p.logs == NULL || !run_rounds(&p, progress, data, error))
    return NULL;
  json_auto_t *record = cs3_posterior_json(&p);
  json_t *next = how->candidates != NULL ? cs3_next_json(&p, record, error) : json_array();
  if (next == NULL)
    return NULL;
  json_object_set_new(record, "next", next);
  json_object_set_new(record, "samples", samples_json(&p));
  return json_incref(record);
}
