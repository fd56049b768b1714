/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed-up over dense against sparsity: simulated beside theoretical, the whole step beside the
 * linear layers alone. */
#include "config.h"

#include "plots/canvas.h"
#include "plots/plots.h"
#include "plots/series.h"
#include "results/record.h"

typedef struct {
  const char *column, *path, *title;
  Cs3Color color;
  gboolean theory;
  const char *dash; /* of theory: another one for each, for prints without colour */
  int point;        /* of what is simulated: gnuplot's filled circle and triangle */
  char letter;      /* instead, on a terminal */
} Curve;

static const Curve curves[] = {
    {"step_theory", "speedup.theoretical", "whole step, theory", CS3_COLOR_BLUE, TRUE, "(12,6)"},
    {"linear_theory", "speedup.linear.theoretical", "linear layers, theory", CS3_COLOR_VERMILLION,
     TRUE, "(3,4)"},
    {"step_simulated", "speedup.simulated", "whole step, simulated", CS3_COLOR_BLUE, .point = 7,
     .letter = 'o'},
    {"linear_simulated", "speedup.linear.simulated", "linear layers, simulated",
     CS3_COLOR_VERMILLION, .point = 9, .letter = 'x'},
};

static json_t *prepare(const json_t *records, GError **error) {
  const char *numbers[G_N_ELEMENTS(curves) + 3] = {NULL};
  for (guint k = 0; k < G_N_ELEMENTS(curves); k++)
    numbers[k] = curves[k].path;
  numbers[G_N_ELEMENTS(curves)] = "step.time_s";
  numbers[G_N_ELEMENTS(curves) + 1] = "dense.step.time_s";
  return cs3_series_new(records, numbers, error);
}

/* Whether every run has the band of an uncertainty analysis. */
static gboolean has_band(const json_t *series) {
  size_t i;
  json_t *record;
  json_array_foreach(
      (json_t *)series, i,
      record) if (!(cs3_record_number(record, "uncertainty.speedup.p10") > 0) ||
                  !(cs3_record_number(record, "uncertainty.speedup.p90") > 0)) return FALSE;
  return TRUE;
}

static void write_data(const json_t *series, GString *data) {
  gboolean band = has_band(series);
  cs3_series_write_header(series, &cs3_plot_speedup, data);
  g_string_append(data, "sparsity");
  for (guint k = 0; k < G_N_ELEMENTS(curves); k++)
    g_string_append_printf(data, " %s", curves[k].column);
  g_string_append_printf(data, " step_s dense_step_s%s\n", band ? " step_p10 step_p90" : "");
  size_t i;
  json_t *record;
  json_array_foreach(series, i, record) {
    cs3_canvas_number(data, cs3_record_number(record, "sparsity"));
    for (guint k = 0; k < G_N_ELEMENTS(curves); k++) {
      g_string_append_c(data, ' ');
      cs3_canvas_number(data, cs3_record_number(record, curves[k].path));
    }
    g_string_append_c(data, ' ');
    cs3_canvas_number(data, cs3_record_number(record, "step.time_s"));
    g_string_append_c(data, ' ');
    cs3_canvas_number(data, cs3_record_number(record, "dense.step.time_s"));
    for (int side = 0; band && side < 2; side++) {
      g_string_append_c(data, ' ');
      cs3_canvas_number(data, cs3_record_number(record, side == 0 ? "uncertainty.speedup.p10"
                                                                  : "uncertainty.speedup.p90"));
    }
    g_string_append_c(data, '\n');
  }
}

/* Room for all curves and for "no gain". */
static void write_y_axis(const json_t *series, GString *script) {
  double low = 1, high = 1;
  size_t i;
  json_t *record;
  json_array_foreach(series, i, record) {
    for (guint k = 0; k < G_N_ELEMENTS(curves); k++) {
      double value = cs3_record_number(record, curves[k].path);
      low = MIN(low, value);
      high = MAX(high, value);
    }
  }
  cs3_canvas_log_y(script, low / 1.12, high * 1.12);
}

static void write_curve(const Curve *curve, const Cs3PlotTarget *target, GString *script) {
  cs3_canvas_file(script, target->data_name);
  g_string_append_printf(script, " using 'sparsity':'%s' with ", curve->column);
  const char *rgb = cs3_color_rgb(curve->color);
  if (curve->theory)
    g_string_append_printf(script, "lines linewidth 2 linecolor rgb '%s' dashtype %s", rgb,
                           curve->dash);
  else if (target->format == CS3_PLOT_TEXT)
    g_string_append_printf(script, "points pointtype '%c' linecolor rgb '%s'", curve->letter, rgb);
  else
    g_string_append_printf(
        script, "linespoints linewidth 2.2 linecolor rgb '%s' pointtype %d pointsize 0.9", rgb,
        curve->point);
  g_string_append_printf(script, " title '%s'", curve->title);
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  g_autofree char *subject = cs3_series_subject(series);
  g_autofree char *title = g_strdup_printf("Training speed-up by weight sparsity: %s", subject);
  g_autofree char *work = cs3_series_work(series);
  g_autofree char *caption = cs3_series_caption(
      series, target,
      "Theory: multiply-accumulates of the dense step divided by those that are left.");
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = title,
                                     .subtitle = work,
                                     .caption = caption,
                                     .x = CS3_SERIES_X,
                                     .y = "speed-up over dense (times, log scale)",
                                     .legend_rows = has_band(series) ? 3 : 2,
                                     .legend_columns = 2});
  cs3_series_write_axis(series, target, 0.01, script);
  write_y_axis(series, script);
  g_string_append(script, "plot ");
  if (target->format != CS3_PLOT_TEXT)
    g_string_append(
        script, "1 with lines linewidth 1 linecolor rgb '#666666' dashtype (1,3) notitle, \\\n  ");
  if (has_band(series) && target->format != CS3_PLOT_TEXT) {
    cs3_canvas_file(script, target->data_name);
    g_string_append(script,
                    " using 'sparsity':'step_p10':'step_p90' with filledcurves linecolor rgb "
                    "'#cfe3f1' title 'whole step, 10 to 90 % band', "
                    "\\\n  ");
  }
  for (guint k = 0; k < G_N_ELEMENTS(curves); k++) {
    g_string_append(script, k > 0 ? ", \\\n  " : "");
    write_curve(&curves[k], target, script);
  }
  g_string_append_c(script, '\n');
}

const Cs3Plot cs3_plot_speedup = {
    .name = "speedup",
    .summary = "speed-up over dense against sparsity, simulated and in theory",
    .needs = CS3_PLOT_NEEDS_SPARSITIES,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
