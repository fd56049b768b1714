/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sparsity buys on different machines: speed-up of one layer over the same machine's own dense
 * run, simulated (wafers) and measured (others), beside the theoretical one. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/ranges.h"
#include "results/record.h"

#define SCHEMA "cs3sim.curve/1"

/* Simulated curves have solid lines, measured ones dashed; further curves take the last look. */
static const struct {
  Cs3Color color;
  int point;
  const char *letter;
} looks[] = {
    {CS3_COLOR_BLUE, 7, "o"},    {CS3_COLOR_VERMILLION, 9, "x"}, {CS3_COLOR_GREEN, 4, "u"},
    {CS3_COLOR_ORANGE, 12, "t"}, {CS3_COLOR_PURPLE, 6, "b"},     {CS3_COLOR_SKY, 8, "s"},
};

static gboolean is_measured(const json_t *curve) {
  return json_is_true(json_object_get(curve, "measured"));
}

static gboolean check_curve(const json_t *curve, GError **error) {
  if (strcmp(cs3_record_string(curve, "schema"), SCHEMA) == 0 &&
      json_array_size(json_object_get(curve, "points")) > 0)
    return cs3_record_check_ranges(curve, error);
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "no curve with points (" SCHEMA ")");
  return FALSE;
}

static json_t *prepare(const json_t *records, GError **error) {
  size_t i;
  json_t *record;
  json_array_foreach((json_t *)records, i, record) {
    if (check_curve(record, error))
      continue;
    g_prefix_error(error, "record %zu: ", i + 1);
    return NULL;
  }
  return json_deep_copy(records);
}

static void write_data(const json_t *curves, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_sparsity_hardware.summary));
  size_t c, i;
  json_t *curve, *point;
  json_array_foreach((json_t *)curves, c, curve) {
    g_autofree char *name = g_strdup_printf("%s: %s", cs3_record_string(curve, "title"),
                                            cs3_record_string(curve, "source"));
    cs3_script_add(data, c > 0 ? SAY("\n\n# ") : SAY("# "), COMMENT(name),
                   SAY("sparsity speedup\n"));
    json_array_foreach(json_object_get(curve, "points"), i, point) {
      const double row[] = {cs3_record_number(point, "sparsity"),
                            cs3_record_number(point, "speedup")};
      cs3_script_row(data, row, G_N_ELEMENTS(row));
    }
  }
}

static void write_curves(const json_t *curves, const Cs3PlotTarget *target, Cs3Script *script) {
  size_t c;
  json_t *curve;
  json_array_foreach((json_t *)curves, c, curve) {
    guint look = (guint)MIN(c, G_N_ELEMENTS(looks) - 1);
    cs3_script_add(script, SAY(", \\\n  "), DATA, SAY(" index "), NUM(c),
                   SAY(" using 'sparsity':'speedup' with "));
    if (target->format == CS3_PLOT_TEXT)
      cs3_script_add(script, SAY("points pointtype "), QUOTE(looks[look].letter));
    else
      cs3_script_add(script, SAY("linespoints linewidth 2 pointsize 0.9 pointtype "),
                     NUM(looks[look].point),
                     is_measured(curve) ? SAY(" dashtype (8,4)") : SAY(" dashtype solid"));
    cs3_script_add(script, SAY(" linecolor rgb "), QUOTE(cs3_color_rgb(looks[look].color)),
                   SAY(" title "), QUOTE(cs3_record_string(curve, "title")));
  }
}

static void write_script(const json_t *curves, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *first = json_array_get(curves, 0);
  g_autofree char *caption = g_strdup_printf(
      "Solid: simulated, %.0f tokens on the wafer, forward, zeros anywhere. Dashed: %s; "
      "lines join measurements, nothing is continued beyond them. Each curve is relative to the "
      "dense product of its own machine: it does not say which machine is faster. Theory: 1 / (1 - "
      "sparsity).",
      cs3_record_number(first, "tokens"),
      cs3_record_string(json_array_get(curves, json_array_size(curves) - 1), "source"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "What sparsity buys on different machines",
                                     .subtitle = "one layer of 12288 x 12288 weights, against the "
                                                 "same machine's dense product",
                                     .caption = caption,
                                     .x = "sparsity (share of zeros)",
                                     .y = "speed-up over dense (times, log scale)",
                                     .legend_rows = 3,
                                     .legend_columns = 2});
  cs3_canvas_log_y(script, 0.006, 120);
  cs3_script_say(script, "set ytics (0.01, 0.03, 0.1, 0.3, 1, 2, 3, 5, 10, 20, 50, 100)\n"
                         "set xrange [-0.02:1.01]\nset xtics 0, 0.1, 1\nset samples 400\nplot ");
  if (target->format != CS3_PLOT_TEXT)
    cs3_script_say(
        script, "1 with lines linewidth 1 linecolor rgb '#666666' dashtype (1,3) notitle, \\\n  ");
  cs3_script_say(script, "(x >= 0 && x < 0.99 ? 1 / (1 - x) : NaN) with lines linewidth 1.5 "
                         "linecolor rgb '#000000' title 'theory'");
  write_curves(curves, target, script);
  cs3_script_say(script, "\n");
}

const Cs3Plot cs3_plot_sparsity_hardware = {
    .name = "sparsity-hardware",
    .summary = "speed-up of a layer over the same machine's dense run: wafers, GPU, theory",
    .needs = CS3_PLOT_NEEDS_CURVES,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
