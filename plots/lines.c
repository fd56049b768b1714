/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics of weights: live weights over the feature lines that share the work, against the
 * busiest line of as many zeros anywhere. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"
#include "results/schema.h"

/* More curves, or more than one of many lines, cannot be told apart: those whose busiest line is
 * furthest beyond chance are drawn. */
enum { MOST_CURVES = 4, LINES_OF_SEVERAL = 100, MOST_LINES = 16384 };

static const Cs3Color colors[MOST_CURVES] = {CS3_COLOR_VERMILLION, CS3_COLOR_BLUE, CS3_COLOR_GREEN,
                                             CS3_COLOR_PURPLE};
static const char *const letters[MOST_CURVES] = {"A", "B", "C", "D"};

static const json_t *loads_of(const json_t *weight) {
  return json_object_get(weight, "line_counts");
}

static double load(const json_t *weight, gsize line) {
  return json_number_value(json_array_get(loads_of(weight), line));
}

/* Live weights of the busiest line over the mean one; 0: there are none. */
static double busiest(const json_t *weight) {
  double most = 0, sum = 0;
  gsize n = json_array_size(loads_of(weight));
  for (gsize i = 0; i < n; i++) {
    most = MAX(most, load(weight, i));
    sum += load(weight, i);
  }
  return sum > 0 ? most * (double)n / sum : 0;
}

static double by_chance(const json_t *weight) {
  return cs3_record_number(weight, "line_imbalance_uniform");
}

/* --- the records ------------------------------------------------------------------------------ */

static gboolean fail(const json_t *weight, const char *what, GError **error) {
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "weight %s: %s",
              cs3_record_string(weight, "name"), what);
  return FALSE;
}

static gboolean check_weight(const json_t *weight, GError **error) {
  gsize n = json_array_size(loads_of(weight)), i;
  json_t *count;
  if (*cs3_record_string(weight, "name") == '\0')
    return fail(weight, "has no name", error);
  if (n == 0 || n > MOST_LINES)
    return fail(weight,
                "line_counts: expected 1 to 16384 numbers, as 'cs3sim inspect --weights PATH -o "
                "json' writes them",
                error);
  json_array_foreach(loads_of(weight), i,
                     count) if (!json_is_integer(count)) return fail(weight,
                                                                     "line_counts: expected whole "
                                                                     "numbers",
                                                                     error);
  if (!isfinite(by_chance(weight)))
    return fail(weight, "line_imbalance_uniform: expected a number", error);
  return busiest(weight) > 0 || fail(weight, "has no live weight", error);
}

static gboolean check(const json_t *records, GError **error) {
  static const char *const texts[] = {"weights_file", NULL}, *const numbers[] = {"lines", NULL};
  if (!cs3_plot_require_one(records, "checkpoint's statistics", error))
    return FALSE;
  const json_t *record = json_array_get(records, 0);
  const json_t *weights = json_object_get(record, "weights");
  if (!cs3_record_require_schema(record, CS3_MASKS_SCHEMA, numbers, texts, error))
    return FALSE;
  if (json_array_size(weights) == 0) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "the record has no list at weights");
    return FALSE;
  }
  for (gsize i = 0; i < json_array_size(weights); i++)
    if (!check_weight(json_array_get(weights, i), error))
      return FALSE;
  return TRUE;
}

static gint by_excess(gconstpointer a, gconstpointer b) {
  const json_t *x = *(json_t *const *)a, *y = *(json_t *const *)b;
  double of_x = busiest(x) / by_chance(x), of_y = busiest(y) / by_chance(y);
  if (of_x != of_y)
    return of_x < of_y ? 1 : -1;
  return strcmp(cs3_record_string(x, "name"), cs3_record_string(y, "name"));
}

static json_t *prepare(const json_t *records, GError **error) {
  if (!check(records, error))
    return NULL;
  const json_t *record = json_array_get(records, 0), *weights = json_object_get(record, "weights");
  g_autoptr(GPtrArray) order = g_ptr_array_new();
  for (gsize i = 0; i < json_array_size(weights); i++)
    g_ptr_array_add(order, json_array_get(weights, i));
  g_ptr_array_sort(order, by_excess);
  json_t *drawn = json_array();
  gboolean many = json_array_size(loads_of(order->pdata[0])) > LINES_OF_SEVERAL;
  for (guint i = 0; i < MIN(order->len, many ? 1 : MOST_CURVES); i++)
    json_array_append(drawn, order->pdata[i]);
  return cs3_json_pack("{s:O, s:o}", "record", record, "drawn", drawn);
}

/* --- data and script -------------------------------------------------------------------------- */

static gsize n_drawn(const json_t *series) {
  return json_array_size(json_object_get(series, "drawn"));
}

static const json_t *drawn(const json_t *series, gsize i) {
  return json_array_get(json_object_get(series, "drawn"), i);
}

/* A block for each curve: matrices narrower than the lines have fewer. */
static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_lines.summary));
  for (gsize k = 0; k < n_drawn(series); k++) {
    const json_t *weight = drawn(series, k);
    gsize n = json_array_size(loads_of(weight));
    double sum = 0;
    for (gsize i = 0; i < n; i++)
      sum += load(weight, i);
    cs3_script_add(data, k > 0 ? SAY("\n\n# ") : SAY("# "),
                   COMMENT(cs3_record_string(weight, "name")), SAY("line live over_mean\n"));
    for (gsize i = 0; i < n; i++)
      cs3_script_row(
          data, (const double[]){(double)i, load(weight, i), load(weight, i) * (double)n / sum}, 3);
  }
}

/* In a picture a stepped curve, and the busiest line of as many zeros anywhere, dashed. */
static void write_curve(const json_t *series, gsize k, gboolean text, Cs3Script *script) {
  const json_t *weight = drawn(series, k);
  const char *rgb = cs3_color_rgb(colors[k]);
  g_autofree char *title =
      g_strdup_printf("%s: busiest %.3g, anywhere %.3g", cs3_record_string(weight, "name"),
                      busiest(weight), by_chance(weight));
  cs3_script_add(script, DATA, SAY(" index "), NUM(k), SAY(" using 'line':'over_mean' with "));
  if (text)
    cs3_script_add(script, SAY("points pointtype "), QUOTE(letters[k]));
  else
    cs3_script_add(script, SAY("histeps linewidth 1.3 linecolor rgb "), QUOTE(rgb));
  cs3_script_add(script, SAY(" title "), QUOTE(title));
  if (!text)
    cs3_script_add(script, SAY(", \\\n  "), NUM(by_chance(weight)),
                   SAY(" with lines dashtype 2 linewidth 1 linecolor rgb "), QUOTE(rgb),
                   SAY(" notitle"));
  cs3_script_add(script, k + 1 < n_drawn(series) ? SAY(", \\\n  ") : SAY("\n"));
}

static void write_ranges(const json_t *series, Cs3Script *script) {
  double highest = 1;
  gsize lines = 1;
  for (gsize k = 0; k < n_drawn(series); k++) {
    highest = MAX(highest, MAX(busiest(drawn(series, k)), by_chance(drawn(series, k))));
    lines = MAX(lines, json_array_size(loads_of(drawn(series, k))));
  }
  cs3_script_add(script, SAY("set yrange [0:"), NUM(1.06 * highest), SAY("]\nset xrange [-0.5:"),
                 NUM((double)lines - 0.5), SAY("]\n"));
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *record = json_object_get(series, "record");
  gsize n = n_drawn(series), all = json_array_size(json_object_get(record, "weights"));
  gboolean text = target->format == CS3_PLOT_TEXT;
  g_autofree char *subtitle =
      n < all ? g_strdup_printf("%s: of %zu matrices the %zu furthest beyond chance",
                                cs3_record_string(record, "weights_file"), all, n)
              : g_strdup(cs3_record_string(record, "weights_file"));
  g_autofree char *caption = g_strdup_printf(
      "Input features in blocks of equal size, one a feature line, at most %.0f. The wafer waits "
      "for the highest; %s is the busiest line expected of as many zeros anywhere.",
      cs3_record_number(record, "lines"), text ? "anywhere" : "dashed (anywhere)");
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "Live weights over feature lines",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "feature line",
                                     .y = "live weights over the mean line's",
                                     .legend_rows = (guint)n,
                                     .legend_columns = 1});
  write_ranges(series, script);
  cs3_script_say(script, "plot ");
  for (gsize k = 0; k < n; k++)
    write_curve(series, k, text, script);
}

const Cs3Plot cs3_plot_lines = {
    .name = "lines",
    .summary = "statistics of weights: live weights over feature lines, against chance",
    .needs = CS3_PLOT_NEEDS_WEIGHTS,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
