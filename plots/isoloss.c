/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A budget spent on networks of many sizes and sparsities: contours of the loss that a law gives
 * them, in per cent above the least. */
#include "config.h"

#include <math.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"
#include "results/schema.h"

/* Contours, per cent above the least loss. */
static const double levels[] = {0.1, 0.5, 1, 2, 5, 10};

static const json_t *points_of(const json_t *record) {
  return json_object_get(record, "points");
}

static double field(const json_t *record, size_t place, const char *key) {
  return cs3_record_number(json_array_get(points_of(record), place), key);
}

static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {"flop_optimal.sparsity", NULL};
  static const char *const texts[] = {"law", "hardware", "budget", NULL};
  static const char *const needed[] = {"width", "sparsity", "alive", "loss"};
  const json_t *record = json_array_get(records, 0);
  if (!cs3_plot_require_one(records, "record of 'cs3sim optimize --law'", error) ||
      !cs3_record_require_schema(record, CS3_LAW_SCHEMA, numbers, texts, error))
    return NULL;
  size_t n = json_array_size(points_of(record));
  gboolean whole = n >= 4;
  for (size_t i = 0; i < n && whole; i++)
    for (guint k = 0; k < G_N_ELEMENTS(needed); k++)
      whole &= isfinite(field(record, i, needed[k])) && (k == 1 || field(record, i, needed[k]) > 0);
  if (whole)
    return json_deep_copy(record);
  g_set_error_literal(
      error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
      "no record of 'cs3sim optimize --law -o json' with points of width, sparsity, "
      "alive and loss");
  return NULL;
}

static int ascending(gconstpointer a, gconstpointer b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Values of @key, each once. */
static GArray *values_of(const json_t *record, const char *key) {
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(double));
  GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
  for (size_t i = 0; i < json_array_size(points_of(record)); i++) {
    double value = field(record, i, key);
    g_array_append_val(all, value);
  }
  g_array_sort(all, ascending);
  for (guint i = 0; i < all->len; i++)
    if (i == 0 || g_array_index(all, double, i) > g_array_index(all, double, i - 1))
      g_array_append_val(values, g_array_index(all, double, i));
  return values;
}

/* Weights of the network of @width, alive or not. */
static double weights_at(const json_t *record, double width) {
  for (size_t i = 0; i < json_array_size(points_of(record)); i++)
    if (field(record, i, "width") == width)
      return field(record, i, "alive") / (1 - field(record, i, "sparsity"));
  return NAN;
}

static guint place_of(const GArray *values, double value) {
  guint i = 0;
  while (i + 1 < values->len && g_array_index(values, double, i) < value)
    i++;
  return i;
}

/* Loss by width and sparsity, in per cent above the least; NaN: does not fit. (transfer full). */
static double *excesses(const json_t *record, const GArray *widths, const GArray *sparsities) {
  gsize n = (gsize)widths->len * sparsities->len;
  double *excess = g_new(double, n), least = field(record, 0, "loss");
  for (gsize i = 0; i < n; i++)
    excess[i] = NAN;
  for (size_t i = 0; i < json_array_size(points_of(record)); i++) {
    guint w = place_of(widths, field(record, i, "width"));
    guint s = place_of(sparsities, field(record, i, "sparsity"));
    excess[w * sparsities->len + s] = 100 * (field(record, i, "loss") / least - 1);
  }
  return excess;
}

/* A scan a width, as gnuplot's contours want; the best in a block of its own. */
static void write_data(const json_t *record, Cs3Script *data) {
  g_autoptr(GArray) widths = values_of(record, "width");
  g_autoptr(GArray) sparsities = values_of(record, "sparsity");
  g_autofree double *excess = excesses(record, widths, sparsities);
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_isoloss.summary),
                 SAY("sparsity_percent weights_M above_least_percent\n"));
  for (guint w = 0; w < widths->len; w++) {
    double weights = weights_at(record, g_array_index(widths, double, w));
    if (w > 0)
      cs3_script_say(data, "\n");
    for (guint s = 0; s < sparsities->len; s++)
      cs3_script_row(data,
                     (const double[]){100 * g_array_index(sparsities, double, s), weights / 1e6,
                                      excess[w * sparsities->len + s]},
                     3);
  }
  cs3_script_say(data, "\n\n# the best\nsparsity_percent weights_M above_least_percent\n");
  cs3_script_row(data,
                 (const double[]){100 * field(record, 0, "sparsity"),
                                  weights_at(record, field(record, 0, "width")) / 1e6, 0},
                 3);
}

/* Levels that the points reach; the least is 0. */
static guint levels_of(const json_t *record) {
  double most = 0, least = field(record, 0, "loss");
  for (size_t i = 0; i < json_array_size(points_of(record)); i++)
    most = MAX(most, 100 * (field(record, i, "loss") / least - 1));
  guint n = 0;
  while (n < G_N_ELEMENTS(levels) && levels[n] < most)
    n++;
  return n;
}

/* A block of lines a level, before anything is drawn: pictures have two axes, contours three. */
static void write_contours(guint n, Cs3Script *script) {
  cs3_script_say(script, "set datafile columnheaders\nset contour base\nunset surface\n");
  for (guint i = 0; i < n; i++)
    cs3_script_add(script, SAY("set cntrparam levels discrete "), NUM(levels[i]),
                   SAY("\nset table $level"), NUM(i), SAY("\nsplot "), DATA,
                   SAY(" index 0 using 'sparsity_percent':'weights_M':'above_least_percent' with "
                       "lines\nunset table\n"));
}

static void write_curves(guint n, const Cs3PlotTarget *target, Cs3Script *script) {
  static const char *const letters[] = {"a", "b", "c", "d", "e", "f"};
  G_STATIC_ASSERT(G_N_ELEMENTS(letters) == G_N_ELEMENTS(levels));
  cs3_script_say(script, "plot ");
  for (guint i = 0; i < n; i++) {
    g_autofree char *title = g_strdup_printf("%g %%", levels[i]);
    cs3_script_add(script, SAY("$level"), NUM(i), SAY(" using 1:2 with "));
    if (target->format == CS3_PLOT_TEXT)
      cs3_script_add(script, SAY("points pointtype "), QUOTE(letters[i]));
    else
      cs3_script_say(script, "lines linewidth 2");
    cs3_script_add(script, SAY(" linecolor rgb "),
                   QUOTE(cs3_color_rgb((Cs3Color)(i % CS3_N_COLORS))), SAY(" title "), QUOTE(title),
                   SAY(", "));
  }
  cs3_script_add(script, DATA,
                 SAY(" index 1 using 'sparsity_percent':'weights_M' with points pointtype "),
                 target->format == CS3_PLOT_TEXT ? SAY("'*'") : SAY("7 pointsize 1.2"),
                 SAY(" linecolor rgb '#000000' title 'least'\n"));
}

static void write_script(const json_t *record, const Cs3PlotTarget *target, Cs3Script *script) {
  g_autofree char *subtitle =
      g_strdup_printf("%s on %s, law %s: least at %.3g %% sparsity and %.3g M weights",
                      cs3_record_string(record, "budget"), cs3_record_string(record, "hardware"),
                      cs3_record_string(record, "law"), 100 * field(record, 0, "sparsity"),
                      weights_at(record, field(record, 0, "width")) / 1e6);
  g_autofree char *caption =
      g_strdup_printf("Every network is trained on as much data as the budget pays for at its "
                      "simulated rate; the law (%s) says "
                      "its loss. Contours: per cent above the least. If every weight cost its "
                      "FLOP, the law's answer for as many "
                      "weights alive would be %.3g %% sparsity (dotted).",
                      cs3_record_string(record, "source"),
                      100 * cs3_record_number(record, "flop_optimal.sparsity"));
  guint n = levels_of(record);
  write_contours(n, script);
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "The loss that a budget buys, over sparsity and size",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "sparsity [%]",
                                     .y = "weights of the blocks, zeros included [M]",
                                     .legend_rows = 1,
                                     .legend_columns = 7});
  cs3_script_say(script, "set logscale y\nset format y '%g'\nset xrange [0:100]\n");
  if (target->format != CS3_PLOT_TEXT)
    cs3_script_add(
        script, SAY("set arrow from first "),
        NUM(100 * cs3_record_number(record, "flop_optimal.sparsity")),
        SAY(", graph 0 rto graph 0, graph 1 nohead dashtype 3 linecolor rgb '#666666'\n"));
  write_curves(n, target, script);
}

const Cs3Plot cs3_plot_isoloss = {
    .name = "isoloss",
    .summary = "a budget: contours of loss over sparsity and size, from 'optimize --law'",
    .needs = CS3_PLOT_NEEDS_LAW,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
