/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A validation: simulated against published, with bands of 5 and 10 per cent, and the error by
 * suite. Limits ("at most") have no value to agree with and are left out. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

#define SCHEMA "cs3sim.validate/1"

/* How a suite is drawn; further suites take the last. */
static const struct {
  const char *suite;
  Cs3Color color;
  int point;
  char letter;
} looks[] = {
    {"fabric", CS3_COLOR_BLUE, 7, 'o'},
    {"flops", CS3_COLOR_BLACK, 5, '#'},
    {"pe", CS3_COLOR_GREEN, 9, '^'},
    {"sparse", CS3_COLOR_ORANGE, 11, 'v'},
    {"throughput", CS3_COLOR_VERMILLION, 13, 'x'},
    {"throughput-silicon", CS3_COLOR_PURPLE, 15, '+'},
};

static guint look_of(const char *suite) {
  guint k = 0;
  while (k + 1 < G_N_ELEMENTS(looks) && strcmp(looks[k].suite, suite) != 0)
    k++;
  return k;
}

/* Whether @point has a published value that the simulated one is meant to agree with. */
static gboolean is_drawn(const json_t *point) {
  double published = cs3_record_number(point, "published");
  double simulated = cs3_record_number(point, "simulated");
  return published > 0 && simulated > 0 && isfinite(published) && isfinite(simulated) &&
         !g_str_has_prefix(cs3_record_string(point, "accepted"), "at ");
}

static guint count_drawn(const json_t *suite) {
  guint n = 0;
  size_t i;
  json_t *point;
  json_array_foreach(json_object_get(suite, "points"), i, point) n += is_drawn(point);
  return n;
}

/* The record with the suites that have something to draw. */
static json_t *prepare(const json_t *records, GError **error) {
  const json_t *record = json_array_get(records, 0);
  json_t *suites = json_array(), *suite;
  size_t i;
  if (strcmp(cs3_record_string(record, "schema"), SCHEMA) == 0)
    json_array_foreach(json_object_get(record, "suites"), i, suite) if (count_drawn(suite) > 0)
        json_array_append(suites, suite);
  if (json_array_size(suites) > 0)
    return json_pack("{s:s, s:o}", "version", cs3_record_string(record, "version"), "suites",
                     suites);
  json_decref(suites);
  g_set_error_literal(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                      "no record of 'cs3sim validate -o json' with published values to compare");
  return NULL;
}

/* A block a suite, two blank lines apart. Place: the suite's number, spread so that equal errors
 * stay visible. */
static void write_data(const json_t *series, GString *data) {
  g_string_append_printf(data, "# %s\n", cs3_plot_validation.summary);
  size_t s, i;
  json_t *suite, *point;
  json_array_foreach(json_object_get(series, "suites"), s, suite) {
    guint n = 0;
    g_string_append_printf(data, "%s# %s\npublished simulated error_percent place what\n",
                           s > 0 ? "\n\n" : "", cs3_record_string(suite, "name"));
    json_array_foreach(json_object_get(suite, "points"), i, point) {
      if (!is_drawn(point))
        continue;
      double spread = fmod(++n * 0.618034, 1) - 0.5;
      cs3_canvas_number(data, cs3_record_number(point, "published"));
      g_string_append_c(data, ' ');
      cs3_canvas_number(data, cs3_record_number(point, "simulated"));
      g_string_append_c(data, ' ');
      cs3_canvas_number(data, 100 * cs3_record_number(point, "error"));
      g_string_append_c(data, ' ');
      cs3_canvas_number(data, (double)s + 0.7 * spread);
      g_string_append_printf(data, " \"%s\"\n", cs3_record_string(point, "id"));
    }
  }
}

static void write_points(const json_t *series, const Cs3PlotTarget *target, const char *columns,
                         gboolean titles, GString *script) {
  size_t s;
  json_t *suite;
  json_array_foreach(json_object_get(series, "suites"), s, suite) {
    const char *name = cs3_record_string(suite, "name");
    guint look = look_of(name);
    g_string_append(script, ", \\\n  ");
    cs3_canvas_file(script, target->data_name);
    g_string_append_printf(script, " index %zu using %s with points linecolor rgb '%s' ", s,
                           columns, cs3_color_rgb(looks[look].color));
    if (target->format == CS3_PLOT_TEXT)
      g_string_append_printf(script, "pointtype '%c'", looks[look].letter);
    else
      g_string_append_printf(script, "pointtype %d pointsize 0.7", looks[look].point);
    if (titles)
      g_string_append_printf(script, " title '%s (%u)'", name, count_drawn(suite));
    else
      g_string_append(script, " notitle");
  }
}

/* Published against simulated, over all decades that occur. */
static void write_agreement(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  g_string_append(script, "set logscale xy\nset format xy '%.0s%c'\n"
                          "set xrange [0.3:4e6]\nset yrange [0.3:4e6]\nset samples 200\n");
  g_string_append(script, "plot ");
  if (target->format != CS3_PLOT_TEXT)
    g_string_append(script,
                    "'+' using 1:($1*0.9):($1*1.1) with filledcurves linecolor rgb '#dddddd' "
                    "title 'within 10 %', \\\n"
                    "  '+' using 1:($1*0.95):($1*1.05) with filledcurves linecolor rgb '#aaaaaa' "
                    "title 'within 5 %', \\\n  ");
  g_string_append(script, "x with lines linewidth 1 linecolor rgb '#666666' notitle");
  write_points(series, target, "'published':'simulated'", TRUE, script);
  g_string_append_c(script, '\n');
}

/* The same rows by their error, side by side. */
static void write_errors(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  size_t s, n = json_array_size(json_object_get(series, "suites"));
  json_t *suite;
  g_string_append(script, "unset label\nunset key\nunset logscale\n"
                          "set lmargin at screen 0.685\nset rmargin at screen 0.985\n"
                          "set format x\nset format y '%g'\nset yrange [-60:180]\n"
                          "set ytics (-50, -10, 0, 10, 50, 100, 150)\nset grid noxtics\n"
                          "set label 'error [%]' at screen 0.612, graph 0.5 center rotate by 90\n"
                          "set xtics rotate by 22 right font ',11' (");
  json_array_foreach(json_object_get(series, "suites"), s, suite) g_string_append_printf(
      script, "%s'%s' %zu", s > 0 ? ", " : "", cs3_record_string(suite, "name"), s);
  g_string_append_printf(script, ")\nset xrange [-0.6:%g]\nplot ", (double)n - 0.4);
  g_string_append(script, "'+' using 1:(-10):(10) with filledcurves linecolor rgb '#dddddd' "
                          "notitle, \\\n  '+' using 1:(-5):(5) with filledcurves linecolor rgb "
                          "'#aaaaaa' notitle");
  write_points(series, target, "'place':'error_percent'", FALSE, script);
  g_string_append_c(script, '\n');
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  g_autofree char *caption = g_strdup_printf(
      "Each point is a published value and what cs3sim %s gives for it: cycles, rates, ratios, in "
      "the unit of the source. Some constants of the fabric come from these very runs, none from a "
      "training rate. Limits and what could not be reproduced are left out; 'cs3sim validate' "
      "lists "
      "them. throughput: as the vendor states the machines; throughput-silicon: as measured.",
      cs3_record_string(series, "version"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "Published values against the simulation",
                                     .subtitle = "left: simulated against published; right: error "
                                                 "by suite",
                                     .caption = caption,
                                     .x = "published",
                                     .y = "simulated",
                                     .legend_rows = target->format == CS3_PLOT_TEXT ? 2 : 0,
                                     .legend_columns = 3});
  if (target->format == CS3_PLOT_TEXT) {
    write_agreement(series, target, script);
    return;
  }
  g_string_append(script, "set multiplot\nset rmargin at screen 0.585\n"
                          "set key at graph 0.02, graph 0.99 left top Left reverse vertical "
                          "maxcols 1 samplen 1.3\n");
  write_agreement(series, target, script);
  write_errors(series, target, script);
  g_string_append(script, "unset multiplot\n");
}

const Cs3Plot cs3_plot_validation = {
    .name = "validation",
    .summary = "simulated against published values, and the error by suite",
    .needs = CS3_PLOT_NEEDS_VALIDATION,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
