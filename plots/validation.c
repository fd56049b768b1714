/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A validation: simulated against published, with bands of 5 and 10 per cent, and their ratio
 * by suite. Limits ("at most") have no value to agree with and are left out. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/ranges.h"
#include "results/record.h"

#define SCHEMA "cs3sim.validate/1"

/* How a suite is drawn; further suites take the last. */
static const struct {
  const char *suite;
  Cs3Color color;
  int point;
  const char *letter;
} looks[] = {
    {"fabric", CS3_COLOR_BLUE, 7, "o"},
    {"flops", CS3_COLOR_BLACK, 5, "#"},
    {"gpu", CS3_COLOR_BLACK, 6, "g"},
    {"inference", CS3_COLOR_BLUE, 3, "i"},
    {"memory", CS3_COLOR_SKY, 5, "m"},
    {"pe", CS3_COLOR_GREEN, 9, "^"},
    {"sparse", CS3_COLOR_ORANGE, 11, "v"},
    {"steps", CS3_COLOR_YELLOW, 7, "s"},
    {"throughput", CS3_COLOR_VERMILLION, 13, "x"},
    {"throughput-silicon", CS3_COLOR_PURPLE, 15, "+"},
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
  if (!cs3_plot_require_one(records, "validation", error) ||
      !cs3_record_check_ranges(record, error))
    return NULL;
  json_auto_t *suites = json_array();
  json_t *suite;
  size_t i;
  if (strcmp(cs3_record_string(record, "schema"), SCHEMA) == 0)
    json_array_foreach(json_object_get(record, "suites"), i, suite) if (count_drawn(suite) > 0)
        json_array_append(suites, suite);
  if (json_array_size(suites) > 0)
    return cs3_json_pack("{s:s, s:O}", "version", cs3_record_string(record, "version"), "suites",
                         suites);
  g_set_error_literal(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                      "no record of 'cs3sim validate -o json' with published values to compare");
  return NULL;
}

/* A block a suite, two blank lines apart. Place: the suite's number, spread so that equal errors
 * stay visible. */
static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_validation.summary));
  size_t s, i;
  json_t *suite, *point;
  json_array_foreach(json_object_get(series, "suites"), s, suite) {
    guint n = 0;
    cs3_script_add(data, s > 0 ? SAY("\n\n# ") : SAY("# "),
                   COMMENT(cs3_record_string(suite, "name")),
                   SAY("published simulated error_percent place what\n"));
    json_array_foreach(json_object_get(suite, "points"), i, point) {
      if (!is_drawn(point))
        continue;
      double spread = fmod(++n * 0.618034, 1) - 0.5;
      cs3_script_add(data, NUM(cs3_record_number(point, "published")), SAY(" "),
                     NUM(cs3_record_number(point, "simulated")), SAY(" "),
                     NUM(100 * cs3_record_number(point, "error")), SAY(" "),
                     NUM((double)s + 0.7 * spread), SAY(" "), FIELD(cs3_record_string(point, "id")),
                     SAY("\n"));
    }
  }
}

static char *title_of(const json_t *suite) {
  return g_strdup_printf("%s (%u)", cs3_record_string(suite, "name"), count_drawn(suite));
}

static void write_points(const json_t *series, const Cs3PlotTarget *target, Cs3Part columns,
                         gboolean titles, Cs3Script *script) {
  size_t s;
  json_t *suite;
  json_array_foreach(json_object_get(series, "suites"), s, suite) {
    guint look = look_of(cs3_record_string(suite, "name"));
    g_autofree char *title = title_of(suite);
    cs3_script_add(script, SAY(", \\\n  "), DATA, SAY(" index "), NUM(s), SAY(" using "), columns,
                   SAY(" with points linecolor rgb "), QUOTE(cs3_color_rgb(looks[look].color)),
                   SAY(" pointtype "));
    if (target->format == CS3_PLOT_TEXT)
      cs3_script_add(script, QUOTE(looks[look].letter));
    else
      cs3_script_add(script, NUM(looks[look].point), SAY(" pointsize 0.7"));
    if (titles)
      cs3_script_add(script, SAY(" title "), QUOTE(title));
    else
      cs3_script_say(script, " notitle");
  }
}

/* What the axes have to span: decades that are usual, and more where a value lies outside. */
typedef struct {
  double low, high;   /* published and simulated */
  double least, most; /* simulated over published */
} Extent;

static Extent extent_of(const json_t *series) {
  Extent e = {.low = 0.3, .high = 4e6, .least = 0.4, .most = 3};
  size_t s, i;
  json_t *suite, *point;
  json_array_foreach(json_object_get(series, "suites"), s, suite) {
    json_array_foreach(json_object_get(suite, "points"), i, point) {
      if (!is_drawn(point))
        continue;
      double published = cs3_record_number(point, "published");
      double simulated = cs3_record_number(point, "simulated");
      e.low = MIN(e.low, 0.7 * MIN(published, simulated));
      e.high = MAX(e.high, 1.3 * MAX(published, simulated));
      e.least = MIN(e.least, simulated / published / 1.2);
      e.most = MAX(e.most, simulated / published * 1.2);
    }
  }
  return e;
}

/* Published against simulated, over all decades that occur. */
static void write_agreement(const json_t *series, const Extent *extent, const Cs3PlotTarget *target,
                            Cs3Script *script) {
  cs3_script_add(script, SAY("set logscale xy\nset format xy '%.0s%c'\nset xrange ["),
                 NUM(extent->low), SAY(":"), NUM(extent->high), SAY("]\nset yrange ["),
                 NUM(extent->low), SAY(":"), NUM(extent->high), SAY("]\nset samples 200\nplot "));
  if (target->format != CS3_PLOT_TEXT)
    cs3_script_say(script,
                   "'+' using 1:($1*0.9):($1*1.1) with filledcurves linecolor rgb '#dddddd' "
                   "title 'within 10 %', \\\n"
                   "  '+' using 1:($1*0.95):($1*1.05) with filledcurves linecolor rgb '#aaaaaa' "
                   "title 'within 5 %', \\\n  ");
  cs3_script_say(script, "x with lines linewidth 1 linecolor rgb '#666666' notitle");
  write_points(series, target, SAY("'published':'simulated'"), target->format == CS3_PLOT_TEXT,
               script);
  cs3_script_say(script, "\n");
}

/* The same rows by their ratio, a line a suite, which is the legend too: names lie beside their
 * line, where they have room. Within two decades the axis has steps of 1, 2 and 5, beyond them
 * gnuplot's own. */
static void write_ratios(const json_t *series, const Extent *extent, const Cs3PlotTarget *target,
                         Cs3Script *script) {
  size_t s, n = json_array_size(json_object_get(series, "suites"));
  json_t *suite;
  cs3_script_add(script,
                 SAY("unset label\nunset key\nunset logscale\nset logscale x\nset format y\n"
                     "set format x '%g'\n"
                     "set lmargin at screen 0.72\nset rmargin at screen 0.985\nset xrange ["),
                 NUM(extent->least), SAY(":"), NUM(extent->most), SAY("]\nset grid noytics\n"));
  if (extent->least > 0.1 && extent->most < 30)
    cs3_script_say(script, "set xtics (0.2, 0.5, 1, 2, 5, 10, 20)\n");
  cs3_script_say(script,
                 "set xlabel 'simulated / published' offset 0, 1\n"
                 "set object rectangle from 0.9, graph 0 to 1.1, graph 1 behind fillstyle solid "
                 "noborder fillcolor rgb '#dddddd'\n"
                 "set object rectangle from 0.95, graph 0 to 1.05, graph 1 behind fillstyle solid "
                 "noborder fillcolor rgb '#aaaaaa'\n"
                 "set ytics font ',12' (");
  json_array_foreach(json_object_get(series, "suites"), s, suite) {
    g_autofree char *title = title_of(suite);
    cs3_script_add(script, s > 0 ? SAY(", ") : SAY(""), TIC(title), SAY(" "), NUM(s));
  }
  cs3_script_add(script, SAY(")\nset yrange ["), NUM((double)n - 0.4),
                 SAY(":-0.6]\nplot NaN notitle"));
  write_points(series, target, SAY("(column('simulated')/column('published')):'place'"), FALSE,
               script);
  cs3_script_say(script, "\n");
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  g_autofree char *caption = g_strdup_printf(
      "Each point is a published value and what cs3sim %s gives for it: cycles, rates, ratios, in "
      "the unit of the source. Some constants of the fabric come from these very runs, the edge of "
      "a CS-2's step from six rates of steps; of the gpu rows a quarter, groups called fitted, "
      "gave that model its constants, the others were kept back. Limits and what could not be "
      "reproduced are left out; 'cs3sim validate' lists them. throughput: as the vendor states the "
      "machines; throughput-silicon and steps: as measured.",
      cs3_record_string(series, "version"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "Published values against the simulation",
                                     .subtitle = "left: simulated against published; right: their "
                                                 "ratio by suite",
                                     .caption = caption,
                                     .x = "published",
                                     .y = "simulated",
                                     .legend_rows = target->format == CS3_PLOT_TEXT ? 2 : 0,
                                     .legend_columns = 3});
  Extent extent = extent_of(series);
  if (target->format == CS3_PLOT_TEXT) {
    write_agreement(series, &extent, target, script);
    return;
  }
  cs3_script_say(script, "set multiplot\nset rmargin at screen 0.525\n"
                         "set key at graph 0.99, graph 0.02 right bottom Left reverse vertical "
                         "maxcols 1 samplen 1.3\n");
  write_agreement(series, &extent, target, script);
  write_ratios(series, &extent, target, script);
  cs3_script_say(script, "unset multiplot\n");
}

const Cs3Plot cs3_plot_validation = {
    .name = "validation",
    .summary = "simulated against published values, and their ratio by suite",
    .needs = CS3_PLOT_NEEDS_VALIDATION,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
