/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed-up over dense against sparsity: simulated beside theoretical, the whole step beside the
 * linear layers alone. */
#include "config.h"

#include "plots/canvas.h"
#include "plots/plots.h"
#include "plots/series.h"
#include "results/record.h"

/* Points of a curve of theory, about. */
enum { THEORY_POINTS = 200 };

typedef struct {
  Cs3Words column;
  const char *path, *title;
  Cs3Color color;
  gboolean theory;
  Cs3Words dash;      /* of theory: another one for each, for prints without colour */
  int point;          /* of what is simulated: gnuplot's filled circle and triangle */
  const char *letter; /* instead, on a terminal */
} Curve;

static const Curve curves[] = {
    {CS3_WORDS("step_theory"), "speedup.theoretical", "whole step, theory", CS3_COLOR_BLUE, TRUE,
     CS3_WORDS("(12,6)")},
    {CS3_WORDS("linear_theory"), "speedup.linear.theoretical", "linear layers, theory",
     CS3_COLOR_VERMILLION, TRUE, CS3_WORDS("(3,4)")},
    {CS3_WORDS("step_simulated"), "speedup.simulated", "whole step, simulated", CS3_COLOR_BLUE,
     .point = 7, .letter = "o"},
    {CS3_WORDS("linear_simulated"), "speedup.linear.simulated", "linear layers, simulated",
     CS3_COLOR_VERMILLION, .point = 9, .letter = "x"},
};

static json_t *prepare(const json_t *records, GError **error) {
  const char *numbers[G_N_ELEMENTS(curves) + 3] = {NULL};
  for (guint k = 0; k < G_N_ELEMENTS(curves); k++)
    numbers[k] = curves[k].path;
  numbers[G_N_ELEMENTS(curves)] = "step.time_s";
  numbers[G_N_ELEMENTS(curves) + 1] = "dense.step.time_s";
  return cs3_series_new(records, numbers, error);
}

/* The members that may hold a band, the one to draw first. */
static const char *const bands[] = {"posterior", "uncertainty"};

static double end_of(const json_t *record, const char *band, const char *end) {
  g_autofree char *path = g_strdup_printf("%s.speedup.%s", band, end);
  return cs3_record_number(record, path);
}

/* (nullable): the band that every run has. */
static const char *band_of(const json_t *series) {
  for (guint b = 0; b < G_N_ELEMENTS(bands); b++) {
    gboolean all = TRUE;
    size_t i;
    json_t *record;
    json_array_foreach((json_t *)series, i, record) all &=
        end_of(record, bands[b], "p10") > 0 && end_of(record, bands[b], "p90") > 0;
    if (all)
      return bands[b];
  }
  return NULL;
}

/* What is left of the work at @sparsity, between the runs @i - 1 and @i: MACs are linear in the
 * share of zeros, so theory has a value everywhere, not at the runs alone. */
static double theory_at(const json_t *series, gsize i, double sparsity, const char *path) {
  const json_t *a = json_array_get(series, i - 1), *b = json_array_get(series, i);
  double x = cs3_record_number(a, "sparsity"), y = cs3_record_number(b, "sparsity");
  double t = (sparsity - x) / (y - x);
  return 1 / ((1 - t) / cs3_record_number(a, path) + t / cs3_record_number(b, path));
}

/* The second block: theory, closely. */
static void write_theory(const json_t *series, Cs3Script *data) {
  gsize n = json_array_size(series);
  guint parts = (guint)MAX(1, THEORY_POINTS / (n - 1));
  cs3_script_say(data, "\n\n# theory\nsparsity step_theory linear_theory\n");
  for (gsize i = 1; i < n; i++) {
    double from = cs3_record_number(json_array_get(series, i - 1), "sparsity");
    double to = cs3_record_number(json_array_get(series, i), "sparsity");
    for (guint k = i == 1 ? 0 : 1; k <= parts; k++) {
      double s = k == parts ? to : from + (to - from) * k / parts;
      const double row[] = {s, theory_at(series, i, s, "speedup.theoretical"),
                            theory_at(series, i, s, "speedup.linear.theoretical")};
      cs3_script_row(data, row, G_N_ELEMENTS(row));
    }
  }
}

static void write_data(const json_t *series, Cs3Script *data) {
  const char *band = band_of(series);
  cs3_series_write_header(series, &cs3_plot_speedup, data);
  cs3_script_say(data, "sparsity");
  for (guint k = 0; k < G_N_ELEMENTS(curves); k++)
    cs3_script_add(data, SAY(" "), PUT(curves[k].column));
  cs3_script_add(data, SAY(" step_s dense_step_s"),
                 band != NULL ? SAY(" step_p10 step_p90\n") : SAY("\n"));
  size_t i;
  json_t *record;
  json_array_foreach(series, i, record) {
    double row[G_N_ELEMENTS(curves) + 5] = {cs3_record_number(record, "sparsity")};
    guint n = 1;
    for (guint k = 0; k < G_N_ELEMENTS(curves); k++)
      row[n++] = cs3_record_number(record, curves[k].path);
    row[n++] = cs3_record_number(record, "step.time_s");
    row[n++] = cs3_record_number(record, "dense.step.time_s");
    if (band != NULL) {
      row[n++] = end_of(record, band, "p10");
      row[n++] = end_of(record, band, "p90");
    }
    cs3_script_row(data, row, n);
  }
  write_theory(series, data);
}

/* Room for all curves and for "no gain". */
static void write_y_axis(const json_t *series, Cs3Script *script) {
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

static void write_curve(const Curve *curve, const Cs3PlotTarget *target, Cs3Script *script) {
  cs3_script_add(script, DATA, curve->theory ? SAY(" index 1") : SAY(" index 0"),
                 SAY(" using 'sparsity':'"), PUT(curve->column), SAY("' with "));
  if (curve->theory)
    cs3_script_add(script, SAY("lines linewidth 2 dashtype "), PUT(curve->dash));
  else if (target->format == CS3_PLOT_TEXT)
    cs3_script_add(script, SAY("points pointtype "), QUOTE(curve->letter));
  else
    cs3_script_add(script, SAY("linespoints linewidth 2.2 pointsize 0.9 pointtype "),
                   NUM(curve->point));
  cs3_script_add(script, SAY(" linecolor rgb "), QUOTE(cs3_color_rgb(curve->color)), SAY(" title "),
                 QUOTE(curve->title));
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  g_autofree char *subject = cs3_series_subject(series);
  g_autofree char *title = g_strdup_printf("Training speed-up by weight sparsity: %s", subject);
  g_autofree char *work = cs3_series_work(series);
  g_autofree char *caption = cs3_series_caption(
      series, target,
      "Theory: multiply-accumulates of the dense step divided by those that are left. Where the "
      "plan "
      "changes, the linear layers run with another number of tokens on the wafer: their curve may "
      "fall while the whole step gains.");
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = title,
                                     .subtitle = work,
                                     .caption = caption,
                                     .x = CS3_SERIES_X,
                                     .y = "speed-up over dense (times, log scale)",
                                     .legend_rows = band_of(series) != NULL ? 3 : 2,
                                     .legend_columns = 2});
  cs3_series_write_axis(series, target, 0.01, script);
  write_y_axis(series, script);
  cs3_script_say(script, "plot ");
  if (target->format != CS3_PLOT_TEXT)
    cs3_script_say(
        script, "1 with lines linewidth 1 linecolor rgb '#666666' dashtype (1,3) notitle, \\\n  ");
  if (band_of(series) != NULL && target->format != CS3_PLOT_TEXT)
    cs3_script_add(script, DATA,
                   SAY(" index 0 using 'sparsity':'step_p10':'step_p90' with filledcurves "
                       "linecolor rgb '#cfe3f1' title 'whole step, 10 to 90 % band', \\\n  "));
  for (guint k = 0; k < G_N_ELEMENTS(curves); k++) {
    cs3_script_add(script, k > 0 ? SAY(", \\\n  ") : SAY(""));
    write_curve(&curves[k], target, script);
  }
  cs3_script_say(script, "\n");
}

const Cs3Plot cs3_plot_speedup = {
    .name = "speedup",
    .summary = "speed-up over dense against sparsity, simulated and in theory",
    .needs = CS3_PLOT_NEEDS_SPARSITIES,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
