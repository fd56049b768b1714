/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep over two axes as a map: what each point reaches, and what holds it there. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

/* Maps of more columns or rows have no room for what holds a point, and then for its value. */
enum { CAUSE_COLUMNS = 9, CAUSE_ROWS = 8, VALUE_COLUMNS = 16, VALUE_ROWS = 16 };

/* What the colours show. */
typedef struct {
  const char *path, *title, *label;
  double scale;
} Quantity;

/* Zeros change the speed-up; on other axes dense and sparse step move together, and the rate is
 * what one asks for. */
static const Quantity *quantity_of(const json_t *series) {
  static const Quantity speedup = {"speedup.simulated", "Training speed-up",
                                   "speed-up over dense (times)", 1};
  static const Quantity rate = {"throughput.tokens_per_s", "Training throughput",
                                "throughput [thousand tokens/s]", 1e-3};
  for (gsize a = 0; a < 2; a++) {
    const char *key = json_string_value(json_array_get(json_object_get(series, "axes"), a));
    if (strcmp(key, "sparsity") == 0 || strcmp(key, "pattern") == 0)
      return &speedup;
  }
  return &rate;
}

/* Values of @axis in the order in which the records have them. */
static json_t *values_of(const json_t *records, const char *axis) {
  json_t *values = json_array();
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  size_t i;
  json_t *record;
  json_array_foreach((json_t *)records, i, record) {
    const char *value = cs3_record_axis(record, axis);
    if (g_hash_table_add(seen, (gpointer)value))
      json_array_append_new(values, json_string(value));
  }
  return values;
}

static gboolean check_axes(const GPtrArray *axes, GError **error) {
  if (axes->len == 2)
    return TRUE;
  g_autoptr(GString) names = g_string_new(NULL);
  for (guint i = 0; i < axes->len; i++)
    g_string_append_printf(names, "%s%s", i > 0 ? ", " : ": ", (char *)axes->pdata[i]);
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
              "a map needs the points of a sweep over two axes; these differ on %u%s", axes->len,
              names->str);
  return FALSE;
}

/* Returns: the records, the keys of the two axes, and their values. */
static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {"throughput.tokens_per_s", "speedup.simulated", NULL};
  static const char *const texts[] = {"model.name", "hardware.name", "bottleneck", NULL};
  size_t i;
  json_t *record;
  json_array_foreach((json_t *)records, i,
                     record) if (!cs3_record_require(record, numbers, texts, error)) {
    g_prefix_error(error, "record %zu: ", i + 1);
    return NULL;
  }
  g_autoptr(GPtrArray) axes = cs3_records_axes(records);
  if (!check_axes(axes, error))
    return NULL;
  return json_pack("{s:O, s:[s, s], s:[o, o]}", "records", records, "axes", axes->pdata[0],
                   axes->pdata[1], "values", values_of(records, axes->pdata[0]),
                   values_of(records, axes->pdata[1]));
}

static const char *axis_of(const json_t *series, gsize a) {
  return json_string_value(json_array_get(json_object_get(series, "axes"), a));
}

static const json_t *axis_values(const json_t *series, gsize a) {
  return json_array_get(json_object_get(series, "values"), a);
}

static gsize place_of(const json_t *values, const char *value) {
  gsize i = 0;
  while (i < json_array_size(values) &&
         strcmp(json_string_value(json_array_get(values, i)), value) != 0)
    i++;
  return i;
}

static void write_data(const json_t *series, GString *data) {
  const Quantity *quantity = quantity_of(series);
  g_string_append_printf(data, "# %s; x: %s, y: %s, value: %s\nx y value held_by at\n",
                         cs3_plot_heatmap.summary, axis_of(series, 1), axis_of(series, 0),
                         quantity->label);
  size_t i;
  json_t *record;
  json_array_foreach(json_object_get(series, "records"), i, record) {
    const char *x = cs3_record_axis(record, axis_of(series, 1));
    const char *y = cs3_record_axis(record, axis_of(series, 0));
    g_string_append_printf(data, "%" G_GSIZE_FORMAT " %" G_GSIZE_FORMAT " ",
                           place_of(axis_values(series, 1), x),
                           place_of(axis_values(series, 0), y));
    cs3_canvas_number(data, cs3_record_number(record, quantity->path) * quantity->scale);
    g_string_append_printf(data, " \"%s\" \"%s, %s\"\n", cs3_record_string(record, "bottleneck"), y,
                           x);
  }
}

static void write_tics(GString *script, char axis, const json_t *values, gsize most) {
  gsize n = json_array_size(values), each = (n + most - 1) / most;
  g_string_append_printf(script, "set %crange [-0.5:%" G_GSIZE_FORMAT ".5]\nset %ctics (", axis,
                         n - 1, axis);
  for (gsize i = 0; i < n; i += each) {
    g_string_append(script, i > 0 ? ", " : "");
    cs3_canvas_quote(script, json_string_value(json_array_get(values, i)));
    g_string_append_printf(script, " %" G_GSIZE_FORMAT, i);
  }
  g_string_append(script, ")\n");
}

/* The range of the values, never empty. */
static void find_range(const json_t *series, double *low, double *high) {
  const Quantity *quantity = quantity_of(series);
  *low = INFINITY;
  *high = -INFINITY;
  size_t i;
  json_t *record;
  json_array_foreach(json_object_get(series, "records"), i, record) {
    double value = cs3_record_number(record, quantity->path) * quantity->scale;
    *low = MIN(*low, value);
    *high = MAX(*high, value);
  }
  if (*high <= *low)
    *high = *low + 1;
}

/* The text of cells in @color where @where, an expression of the value v, holds. */
static void write_cell_text(const Cs3PlotTarget *target, const char *where, const char *color,
                            const char *text, double lines, GString *script) {
  g_string_append(script, ", \\\n  ");
  cs3_canvas_file(script, target->data_name);
  g_string_append_printf(script,
                         " using (v = column('value'), %s ? column('x') : NaN):'y':%s with labels "
                         "center offset 0, %g font ',13' textcolor rgb '%s' notitle",
                         where, text, lines, color);
}

static gboolean has_causes(const json_t *series, const Cs3PlotTarget *target) {
  return target->format != CS3_PLOT_TEXT &&
         json_array_size(axis_values(series, 1)) <= CAUSE_COLUMNS &&
         json_array_size(axis_values(series, 0)) <= CAUSE_ROWS;
}

static void write_map(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  gsize columns = json_array_size(axis_values(series, 1));
  gsize rows = json_array_size(axis_values(series, 0));
  gboolean text = target->format == CS3_PLOT_TEXT, causes = has_causes(series, target);
  const char *value = "(sprintf(v < 10 ? '%.2f' : '%.0f', v))";
  g_string_append(script, "plot ");
  cs3_canvas_file(script, target->data_name);
  if (text) {
    g_string_append(script,
                    " using 'x':'y':(sprintf('%.3g', column('value'))) with labels notitle\n");
    return;
  }
  g_string_append(script,
                  " using (column('x')):(column('y')):(column('x')-0.5):(column('x')+0.5):"
                  "(column('y')-0.5):(column('y')+0.5):(column('value')) with boxxyerror fillcolor "
                  "palette fillstyle solid border linecolor rgb '#ffffff' notitle");
  for (int light = 0; light < 2 && columns <= VALUE_COLUMNS && rows <= VALUE_ROWS; light++) {
    const char *where = light ? "v > middle" : "v <= middle";
    const char *color = light ? "#000000" : "#ffffff";
    write_cell_text(target, where, color, value, causes ? 0.5 : 0, script);
    if (causes)
      write_cell_text(target, where, color, "(stringcolumn('held_by'))", -0.5, script);
  }
  g_string_append_c(script, '\n');
}

static void write_axes(const json_t *series, GString *script) {
  double low, high;
  find_range(series, &low, &high);
  write_tics(script, 'x', axis_values(series, 1), 12);
  write_tics(script, 'y', axis_values(series, 0), 16);
  g_string_append(script, "set cbrange [");
  cs3_canvas_number(script, low);
  g_string_append_c(script, ':');
  cs3_canvas_number(script, high);
  g_string_append(script, "]\nv = 0\nmiddle = ");
  cs3_canvas_number(script, low + 0.55 * (high - low));
  g_string_append_c(script, '\n');
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  const json_t *first = json_array_get(json_object_get(series, "records"), 0);
  const Quantity *quantity = quantity_of(series);
  g_autofree char *title =
      g_strdup_printf("%s over %s and %s: %s", quantity->title, axis_of(series, 0),
                      axis_of(series, 1), cs3_record_string(first, "model.name"));
  gboolean machines =
      strcmp(axis_of(series, 0), "hardware") == 0 || strcmp(axis_of(series, 1), "hardware") == 0;
  g_autofree char *subtitle = g_strdup_printf(
      "%zu points%s%s", json_array_size(json_object_get(series, "records")), machines ? "" : " on ",
      machines ? "" : cs3_record_string(first, "hardware.name"));
  g_autofree char *caption = g_strdup_printf(
      "In the cells: %s%s. Empty: the model does not fit the machine.\nSource: simulated by "
      "cs3sim %s, fidelity %s, seed %.0f.",
      quantity->label,
      has_causes(series, target) ? ", and what takes most of the step beside MACs at peak" : "",
      cs3_record_string(first, "provenance.version"), cs3_record_string(first, "fidelity"),
      cs3_record_number(first, "provenance.seed"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = title,
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = axis_of(series, 1),
                                     .y = axis_of(series, 0),
                                     .legend_rows = 0,
                                     .legend_columns = 1});
  if (target->format != CS3_PLOT_TEXT) {
    cs3_canvas_palette(script);
    g_string_append(script, "set lmargin at screen 0.14\nset rmargin at screen 0.81\nunset grid\n"
                            "set cblabel ");
    cs3_canvas_quote(script, quantity->label);
    g_string_append(script, "\n");
  }
  write_axes(series, script);
  write_map(series, target, script);
}

const Cs3Plot cs3_plot_heatmap = {
    .name = "heatmap",
    .summary = "a sweep over two axes: speed-up or throughput as a map, and what holds each point",
    .needs = CS3_PLOT_NEEDS_POINTS,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
