/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points of a sweep: throughput against energy, with those that no other beats in both. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

/* A front of more points is not named point by point. */
enum { MOST_NAMES = 8 };

typedef struct {
  const json_t *record;
  double rate, per_joule; /* tokens/s, tokens/J */
  gboolean best;
} Point;

static Point point_of(const json_t *record) {
  return (Point){.record = record,
                 .rate = cs3_record_number(record, "throughput.tokens_per_s"),
                 .per_joule = 1 / cs3_record_number(record, "energy.joules_per_token")};
}

static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {"throughput.tokens_per_s", "energy.joules_per_token", NULL};
  static const char *const texts[] = {"model.name", "hardware.name", NULL};
  size_t i;
  json_t *record;
  if (json_array_size(records) < 2) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "a front needs two points or more that fit their machine, not %zu",
                json_array_size(records));
    return NULL;
  }
  json_array_foreach(records, i, record) if (!cs3_record_require(record, numbers, texts, error)) {
    g_prefix_error(error, "record %zu: ", i + 1);
    return NULL;
  }
  return json_deep_copy(records);
}

static gint by_rate(gconstpointer a, gconstpointer b) {
  const Point *x = a, *y = b;
  if (x->rate != y->rate)
    return x->rate < y->rate ? 1 : -1;
  return (x->per_joule < y->per_joule) - (x->per_joule > y->per_joule);
}

/* Fastest first; a point is on the front when it needs less energy than all that are faster. */
static GArray *sorted(const json_t *series) {
  GArray *points = g_array_new(FALSE, FALSE, sizeof(Point));
  size_t i;
  json_t *record;
  json_array_foreach(series, i, record) {
    Point point = point_of(record);
    g_array_append_val(points, point);
  }
  g_array_sort(points, by_rate);
  double most = 0;
  for (guint k = 0; k < points->len; k++) {
    Point *point = &g_array_index(points, Point, k);
    point->best = point->per_joule > most;
    most = MAX(most, point->per_joule);
  }
  return points;
}

static void write_points(const GArray *points, gboolean best, Cs3Script *data) {
  cs3_script_say(data, "tokens_per_s tokens_per_joule\n");
  for (guint k = 0; k < points->len; k++) {
    const Point *point = &g_array_index(points, Point, k);
    if (!best || point->best)
      cs3_script_row(data, (const double[]){point->rate, point->per_joule}, 2);
  }
}

static void write_data(const json_t *series, Cs3Script *data) {
  g_autoptr(GArray) points = sorted(series);
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_pareto.summary), SAY("# all points\n"));
  write_points(points, FALSE, data);
  cs3_script_say(data, "\n\n# the front\n");
  write_points(points, TRUE, data);
}

/* "llama7b on cs3", or what the points differ in. */
static char *subject(const json_t *series) {
  const json_t *first = json_array_get(series, 0);
  const char *model = cs3_record_string(first, "model.name");
  const char *machine = cs3_record_string(first, "hardware.name");
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    if (strcmp(cs3_record_string(r, "model.name"), model) != 0)
      model = "several models";
    if (strcmp(cs3_record_string(r, "hardware.name"), machine) != 0)
      machine = "several machines";
  }
  return g_strdup_printf("%s on %s, %zu points", model, machine, json_array_size(series));
}

/* Beside each point of the front: where on @axes it lies, towards the middle of the picture. */
static void write_names(const GArray *points, const GPtrArray *axes, Cs3Script *script) {
  double fastest = g_array_index(points, Point, 0).rate;
  for (guint k = 0; k < points->len; k++) {
    const Point *point = &g_array_index(points, Point, k);
    if (!point->best)
      continue;
    g_autofree char *name = cs3_record_place(point->record, axes);
    cs3_script_add(script, SAY("set label "), QUOTE(name), SAY(" at "), NUM(point->rate / 1e3),
                   SAY(", "), NUM(point->per_joule),
                   point->rate > fastest / 2 ? SAY(" right offset 0, 0.9 font ',12' front\n")
                                             : SAY(" left offset 0, 0.9 font ',12' front\n"));
  }
}

/* What the points of the front are, for the caption; names of those that differ go to @script. */
static char *name_front(const json_t *series, Cs3Script *script) {
  g_autoptr(GArray) points = sorted(series);
  g_autoptr(GPtrArray) axes = cs3_records_axes(series);
  json_auto_t *front = json_array();
  for (guint k = 0; k < points->len; k++)
    if (g_array_index(points, Point, k).best)
      json_array_append(front, (json_t *)g_array_index(points, Point, k).record);
  g_autoptr(GPtrArray) differ = cs3_records_axes(front);
  gboolean named = differ->len > 0 && json_array_size(front) <= MOST_NAMES;
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < axes->len; i++) {
    const char *axis = axes->pdata[i], *value = cs3_record_axis(json_array_get(front, 0), axis);
    if (g_ptr_array_find_with_equal_func(differ, axis, g_str_equal, NULL))
      value = named ? "as written" : "of several values";
    g_string_append_printf(text, "%s%s %s", i > 0 ? ", " : "", axis, value);
  }
  if (named)
    write_names(points, differ, script);
  return g_string_free(text, FALSE);
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  gboolean text = target->format == CS3_PLOT_TEXT;
  const json_t *first = json_array_get(series, 0);
  g_autofree char *subtitle = subject(series);
  g_autoptr(Cs3Script) names = cs3_script_new();
  g_autofree char *front = name_front(series, names);
  g_autofree char *caption = g_strdup_printf(
      "On the front: no other point is both faster and more frugal%s%s. Energy of all systems and "
      "of MemoryX, as the records have it.\nSource: simulated by cs3sim %s, fidelity %s.",
      *front != '\0' ? "; it has " : "", front, cs3_record_string(first, "provenance.version"),
      cs3_record_string(first, "fidelity"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "Throughput against energy",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "throughput [thousand tokens/s]",
                                     .y = "tokens per joule",
                                     .legend_rows = 1,
                                     .legend_columns = 2});
  if (!text) {
    cs3_script_say(script, "set rmargin at screen 0.95\n");
    cs3_script_join(script, names);
  }
  cs3_script_add(
      script, SAY("set xrange [0:*]\nset yrange [0:*]\nset offsets 0, 0, graph 0.06, 0\nplot "),
      DATA,
      SAY(" index 0 using (column('tokens_per_s') / 1000):'tokens_per_joule' with points "
          "pointtype "),
      text ? SAY("'.'") : SAY("7 pointsize 0.7"), SAY(" linecolor rgb "),
      QUOTE(cs3_color_rgb(CS3_COLOR_SKY)), SAY(" title 'points', \\\n  "), DATA,
      SAY(" index 1 using (column('tokens_per_s') / 1000):'tokens_per_joule' with "),
      text ? SAY("points pointtype 'F'") : SAY("linespoints linewidth 2 pointtype 5 pointsize 1"),
      SAY(" linecolor rgb "), QUOTE(cs3_color_rgb(CS3_COLOR_VERMILLION)), SAY(" title 'front'\n"));
}

const Cs3Plot cs3_plot_pareto = {
    .name = "pareto",
    .summary = "a sweep: throughput against energy, and the points that no other beats",
    .needs = CS3_PLOT_NEEDS_POINTS,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
