/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plot (the input's length says which) from records that may suit it, each line of the input
 * PLACE=JSON put into one of them: deeper than bytes of a file get, which are hardly ever a record.
 */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "plots/plot.h"
#include "results/record.h"

static const char *const seeds[] = {"tests/fuzz/seeds/patches", NULL};

static const struct {
  const char *file;
  guint skip, take;
} sources[] = {{"points.jsonl", 0, 3}, {"map.jsonl", 5, 2}, {"layers.jsonl", 0, 3}};

static const char curve[] =
    "{\"schema\":\"cs3sim.curve/"
    "1\",\"title\":\"t\",\"source\":\"s\",\"measured\":false,\"tokens\":8,"
    "\"points\":[{\"sparsity\":0.5,\"speedup\":1.5},{\"sparsity\":0.9,\"speedup\":3}]}";

static json_t *records_from(guint which) {
  json_t *records = json_array(), *some = json_array();
  if (which == G_N_ELEMENTS(sources)) {
    json_array_append_new(records, json_loads(curve, 0, NULL));
    json_decref(some);
    return records;
  }
  const char *tree = g_getenv("CS3SIM_SRCDIR");
  g_autofree char *path =
      g_build_filename(tree != NULL ? tree : ".", "doc/gallery", sources[which].file, NULL);
  g_autoptr(GError) error = NULL;
  if (!cs3_records_load(path, records, &error))
    g_error("%s", error->message);
  for (guint i = 0; i < sources[which].take; i++)
    json_array_append(some, json_array_get(records, sources[which].skip + i));
  json_decref(records);
  return some;
}

/* Read once. */
static const json_t *kept_records(guint which) {
  static json_t *kept[G_N_ELEMENTS(sources) + 1];
  if (kept[which] == NULL)
    kept[which] = records_from(which);
  return kept[which];
}

/* PLACE: keys and numbers with a / between them; what is not there is left alone. */
static void put(json_t *records, const char *place, json_t *value) {
  g_auto(GStrv) steps = g_strsplit(place, "/", 16);
  json_t *at = records;
  for (char **step = steps; *step != NULL && at != NULL; step++) {
    gboolean last = step[1] == NULL;
    size_t index = (size_t)g_ascii_strtoull(*step, NULL, 10);
    if (last && json_is_array(at) && index < json_array_size(at))
      json_array_set(at, index, value);
    else if (last && json_is_object(at))
      json_object_set(at, *step, value);
    at = json_is_array(at) ? json_array_get(at, index) : json_object_get(at, *step);
  }
}

static void plot(const Cs3Plot *how, const json_t *records) {
  static const Cs3PlotTarget target = {.format = CS3_PLOT_SVG};
  g_autoptr(GError) error = NULL;
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  gboolean made = cs3_plot_make(how, records, &target, &data, &script, &error);
  fuzz_verdict(made, error);
}

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_auto(GStrv) lines = g_strsplit(text, "\n", 16);
  guint which = size > 0 ? data[0] % (G_N_ELEMENTS(sources) + 1) : 0;
  guint plots = 0;
  while (cs3_plots()[plots] != NULL)
    plots++;
  json_t *records = json_deep_copy(kept_records(which));
  for (char **line = lines; *line != NULL; line++) {
    char *equal = strchr(*line, '=');
    json_t *value = equal != NULL ? json_loads(equal + 1, JSON_DECODE_ANY, NULL) : NULL;
    if (value == NULL || !g_utf8_validate(*line, -1, NULL)) {
      json_decref(value);
      continue;
    }
    *equal = '\0';
    put(records, *line, value);
    json_decref(value);
  }
  plot(cs3_plots()[size % plots], records);
  json_decref(records);
  return TRUE;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
