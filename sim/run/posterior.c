/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The step of a scenario on machines that agree with what was measured. */
#include "config.h"

#include "sim/run/posterior.h"

#include <math.h>
#include <string.h>

#include "base/datadir.h"
#include "base/json.h"
#include "base/read-file.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/run/bands.h"
#include "sim/run/sobol.h"

enum { PASSES = 1 << 18, MASK_BYTES = 1 << 30, MAX_BYTES = 64 << 20 };

struct Cs3PosteriorFile {
  char *name;
  json_t *document;
  const json_t *coordinates, *shares; /* of it */
};

void cs3_posterior_file_free(Cs3PosteriorFile *file) {
  if (file == NULL)
    return;
  json_decref(file->document);
  g_free(file->name);
  g_free(file);
}

static gboolean bad(const Cs3PosteriorFile *file, const char *problem, GError **error) {
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "%s: %s", file->name, problem);
  return FALSE;
}

static gboolean check(Cs3PosteriorFile *file, GError **error) {
  if (strcmp(cs3_record_string(file->document, "schema"), CS3_POSTERIOR_SCHEMA) != 0)
    return bad(file, "is not a posterior of schema " CS3_POSTERIOR_SCHEMA, error);
  const json_t *samples = json_object_get(file->document, "samples");
  file->coordinates = json_object_get(samples, "coordinates");
  file->shares = json_object_get(samples, "shares");
  size_t i, j, n = json_array_size(file->coordinates);
  json_t *row, *share;
  if (n == 0 || json_array_size(file->shares) < 2)
    return bad(file, "has no samples (coordinates, shares; two or more)", error);
  json_array_foreach(
      (json_t *)file->coordinates, i,
      row) if (cs3_record_string(row, "name")[0] == '\0' ||
               !isfinite(cs3_record_number(row, "low")) ||
               !isfinite(cs3_record_number(
                   row, "high"))) return bad(file, "a coordinate lacks name, low or high", error);
  json_array_foreach((json_t *)file->shares, i, row) {
    if (json_array_size(row) != n)
      return bad(file, "a sample has another number of shares than there are coordinates", error);
    json_array_foreach(row, j, share) if (!(json_number_value(share) >= 0 &&
                                            json_number_value(share) <= 1)) return bad(file,
                                                                                       "a share is "
                                                                                       "not from 0 "
                                                                                       "to 1",
                                                                                       error);
  }
  return TRUE;
}

char *cs3_posterior_path(const char *name, GError **error) {
  if (strcmp(name, CS3_DEFAULT_POSTERIOR) == 0)
    return cs3_datadir_find(CS3_DATA_POSTERIORS, CS3_DEFAULT_POSTERIOR, error);
  return g_strdup(name);
}

Cs3PosteriorFile *cs3_posterior_load(const char *path, GError **error) {
  g_autoptr(Cs3PosteriorFile) file = g_new0(Cs3PosteriorFile, 1);
  g_autofree char *text = NULL, *place = cs3_posterior_path(path, error);
  gsize n;
  json_error_t problem;
  if (place == NULL)
    return NULL;
  file->name = g_strdup(path);
  text = cs3_read_text_file(place, MAX_BYTES, &n, error);
  if (text == NULL)
    return NULL;
  file->document = json_loadb(text, n, JSON_REJECT_DUPLICATES, &problem);
  if (file->document == NULL) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "%s:%d: %s", path, problem.line,
                problem.text);
    return NULL;
  }
  return check(file, error) ? g_steal_pointer(&file) : NULL;
}

const json_t *cs3_posterior_document(const Cs3PosteriorFile *file) {
  return file->document;
}

/* Samples of a machine. */
typedef struct {
  const Cs3PosteriorFile *file;
  const Cs3Machine *nominal;
  GArray *params; /* of Cs3Uncertain */
  int *place;     /* of each among the coordinates; -1: not known to the file */
  double *drawn;  /* shares from the ranges, samples x params */
} Draw;

static gboolean same(double x, double y) {
  return fabs(x - y) <= 1e-9 * MAX(fabs(x), fabs(y));
}

static int find_coordinate(const Cs3PosteriorFile *file, const Cs3Uncertain *u) {
  g_autofree char *name = cs3_param_name(u->param);
  size_t i;
  json_t *c;
  json_array_foreach((json_t *)file->coordinates, i,
                     c) if (strcmp(cs3_record_string(c, "name"), name) == 0 &&
                            same(cs3_record_number(c, "low"), u->range.low) &&
                            same(cs3_record_number(c, "high"), u->range.high)) return (int)i;
  return -1;
}

static Cs3Machine *machine_at(guint64 k, gpointer data) {
  const Draw *d = data;
  const json_t *shares = json_array_get(d->file->shares, k);
  guint n = d->params->len;
  g_autofree double *values = g_new(double, n);
  for (guint i = 0; i < n; i++) {
    double share = d->place[i] >= 0 ? json_number_value(json_array_get(shares, (size_t)d->place[i]))
                                    : d->drawn[(gsize)k * n + i];
    values[i] = cs3_uncertain_sample(&g_array_index(d->params, Cs3Uncertain, i), share);
  }
  return cs3_sample_machine(d->nominal, d->params, values);
}

/* The names of the constants that @d has not from its file; NULL: it has none. */
static json_t *find_places(Draw *d) {
  json_t *missing = json_array();
  for (guint i = 0; i < d->params->len; i++) {
    const Cs3Uncertain *u = &g_array_index(d->params, Cs3Uncertain, i);
    g_autofree char *name = cs3_param_name(u->param);
    d->place[i] = find_coordinate(d->file, u);
    if (d->place[i] < 0)
      json_array_append_new(missing, json_string(name));
  }
  return missing;
}

const char *cs3_posterior_name(const Cs3PosteriorFile *file) {
  return file->name;
}

void cs3_posterior_times_clear(Cs3PosteriorTimes *times) {
  g_clear_pointer(&times->times, g_free);
  g_clear_pointer(&times->missing, json_decref);
}

gboolean cs3_posterior_times(const Cs3PosteriorFile *file, const Cs3RunConfig *config,
                             Cs3RunTimes whole, guint most, Cs3SampleProgress progress,
                             gpointer data, Cs3PosteriorTimes *times, GError **error) {
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(PASSES, MASK_BYTES);
  g_autoptr(GArray) params = cs3_sample_params(config->machine);
  guint n = (guint)MIN((size_t)most, json_array_size(file->shares));
  g_autofree double *drawn = cs3_sobol_points(n, MAX(params->len, 1), config->seed);
  g_autofree int *place = g_new(int, params->len + 1);
  Draw d = {file, config->machine, params, place, drawn};
  Cs3Sampler sampler = {.config = config, .cache = cache, .rows = CS3_SAMPLE_ROWS};
  *times = (Cs3PosteriorTimes){.n = n, .params = params->len, .missing = find_places(&d)};
  if (json_array_size(times->missing) == params->len)
    return bad(file, "knows no uncertain constant of the machine", error);
  if (!cs3_sampler_scale(&sampler, whole, error))
    return FALSE;
  times->scale = sampler.scale;
  times->times = g_new(Cs3RunTimes, n);
  cs3_sampler_run(&sampler, n, machine_at, &d, progress, data, times->times);
  return TRUE;
}

json_t *cs3_posterior_band(const Cs3PosteriorFile *file, const Cs3RunConfig *config,
                           Cs3RunTimes whole, Cs3SampleProgress progress, gpointer data,
                           GError **error) {
  g_auto(Cs3PosteriorTimes) t = {0};
  if (!cs3_posterior_times(file, config, whole, CS3_POSTERIOR_SAMPLES, progress, data, &t, error))
    return NULL;
  json_t *object = cs3_bands_json(config, &whole, t.times, t.n);
  json_object_set_new(object, "file", json_string(file->name));
  json_object_set_new(
      object, "scaled",
      cs3_json_pack("{s:f, s:f}", "dense", t.scale.dense_s, "sparse", t.scale.sparse_s));
  json_object_set_new(object, "conditioned",
                      json_integer((json_int_t)(t.params - json_array_size(t.missing))));
  json_object_set(object, "drawn", t.missing);
  return object;
}

void cs3_posterior_text(const json_t *posterior, const json_t *uncertainty, Cs3Output *output) {
  size_t drawn = json_array_size(json_object_get(posterior, "drawn"));
  cs3_output_printf(output, "\nWhat measured rates allow: %.0f machines of the posterior %s",
                    cs3_record_number(posterior, "samples"), cs3_record_string(posterior, "file"));
  if (drawn > 0)
    cs3_output_printf(output, "; %zu constants that it does not know are drawn from their ranges",
                      drawn);
  if (cs3_record_number(posterior, "infeasible") > 0)
    cs3_output_printf(output, "; %.0f cannot run the model and are left out",
                      cs3_record_number(posterior, "infeasible"));
  cs3_output_puts(output, "\n");
  cs3_bands_text(posterior, uncertainty != NULL ? "posterior: " : "", uncertainty,
                 "before: ", output);
}
