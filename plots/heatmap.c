/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep over two axes as a map: what each point reaches, and what holds it there. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
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
  return cs3_json_pack("{s:O, s:[s, s], s:[o, o]}", "records", records, "axes", axes->pdata[0],
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

static void write_data(const json_t *series, Cs3Script *data) {
  const Quantity *quantity = quantity_of(series);
  const json_t *xs = axis_values(series, 1), *ys = axis_values(series, 0);
  g_autofree char *about =
      g_strdup_printf("# %s; x: %s, y: %s, value: %s", cs3_plot_heatmap.summary, axis_of(series, 1),
                      axis_of(series, 0), quantity->label);
  cs3_script_add(data, COMMENT(about), SAY("x y value held_by at\n"));
  size_t i;
  json_t *record;
  json_array_foreach(json_object_get(series, "records"), i, record) {
    const char *x = cs3_record_axis(record, axis_of(series, 1));
    const char *y = cs3_record_axis(record, axis_of(series, 0));
    g_autofree char *at = g_strdup_printf("%s, %s", y, x);
    cs3_script_add(data, NUM(place_of(xs, x)), SAY(" "), NUM(place_of(ys, y)), SAY(" "),
                   NUM(cs3_record_number(record, quantity->path) * quantity->scale), SAY(" "),
                   FIELD(cs3_record_string(record, "bottleneck")), SAY(" "), FIELD(at), SAY("\n"));
  }
}

static void write_tics(Cs3Script *script, Cs3Part axis, const json_t *values, gsize most) {
  gsize n = json_array_size(values), each = (n + most - 1) / most;
  cs3_script_add(script, SAY("set "), axis, SAY("range [-0.5:"), NUM((double)n - 0.5),
                 SAY("]\nset "), axis, SAY("tics ("));
  for (gsize i = 0; i < n; i += each)
    cs3_script_add(script, i > 0 ? SAY(", ") : SAY(""),
                   TIC(json_string_value(json_array_get(values, i))), SAY(" "), NUM(i));
  cs3_script_say(script, ")\n");
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
static void write_cell_text(Cs3Part where, Cs3Part color, Cs3Part text, double lines,
                            Cs3Script *script) {
  cs3_script_add(script, SAY(", \\\n  "), DATA, SAY(" using (v = column('value'), "), where,
                 SAY(" ? column('x') : NaN):'y':"), text, SAY(" with labels center offset 0, "),
                 NUM(lines), SAY(" font ',13' textcolor rgb "), color, SAY(" notitle"));
}

static gboolean has_causes(const json_t *series, const Cs3PlotTarget *target) {
  return target->format != CS3_PLOT_TEXT &&
         json_array_size(axis_values(series, 1)) <= CAUSE_COLUMNS &&
         json_array_size(axis_values(series, 0)) <= CAUSE_ROWS;
}

static void write_map(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  gsize columns = json_array_size(axis_values(series, 1));
  gsize rows = json_array_size(axis_values(series, 0));
  gboolean causes = has_causes(series, target);
  cs3_script_add(script, SAY("plot "), DATA);
  if (target->format == CS3_PLOT_TEXT) {
    cs3_script_say(script,
                   " using 'x':'y':(sprintf('%.3g', column('value'))) with labels notitle\n");
    return;
  }
  cs3_script_say(script,
                 " using (column('x')):(column('y')):(column('x')-0.5):(column('x')+0.5):"
                 "(column('y')-0.5):(column('y')+0.5):(column('value')) with boxxyerror fillcolor "
                 "palette fillstyle solid border linecolor rgb '#ffffff' notitle");
  for (int light = 0; light < 2 && columns <= VALUE_COLUMNS && rows <= VALUE_ROWS; light++) {
    Cs3Part where = light ? SAY("v > middle") : SAY("v <= middle");
    Cs3Part color = light ? SAY("'#000000'") : SAY("'#ffffff'");
    write_cell_text(where, color, SAY("(sprintf(v < 10 ? '%.2f' : '%.0f', v))"), causes ? 0.5 : 0,
                    script);
    if (causes)
      write_cell_text(where, color, SAY("(stringcolumn('held_by'))"), -0.5, script);
  }
  cs3_script_say(script, "\n");
}

static void write_axes(const json_t *series, Cs3Script *script) {
  double low, high;
  find_range(series, &low, &high);
  write_tics(script, SAY("x"), axis_values(series, 1), 12);
  write_tics(script, SAY("y"), axis_values(series, 0), 16);
  cs3_script_add(script, SAY("set cbrange ["), NUM(low), SAY(":"), NUM(high),
                 SAY("]\nv = 0\nmiddle = "), NUM(low + 0.55 * (high - low)), SAY("\n"));
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
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
    cs3_script_add(script,
                   SAY("set lmargin at screen 0.14\nset rmargin at screen 0.81\nunset grid\n"
                       "set cblabel "),
                   QUOTE(quantity->label), SAY("\n"));
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
