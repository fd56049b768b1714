/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Posterior: what measured rates leave of the ranges of uncertain constants. */
#include "config.h"

#include <math.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"
#include "results/schema.h"

/* Bars that can be read side by side. */
enum { MAX_BARS = 16 };

static const char *const numbers[] = {"machines", "effective_points", "seed", NULL};
static const char *const texts[] = {"version", "prediction.arguments", NULL};
static const char *const shares[] = {"share.nominal", "share.p10", "share.median", "share.p90"};
enum { NOMINAL, P10, MEDIAN, P90, N_SHARES };

static gboolean check_constant(const json_t *constant, size_t i, GError **error) {
  gboolean good =
      *cs3_record_string(constant, "name") != '\0' && *cs3_record_string(constant, "range") != '\0';
  for (int s = 0; s < N_SHARES; s++) {
    double share = cs3_record_number(constant, shares[s]);
    good &= share >= 0 && share <= 1;
  }
  if (!good)
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "constants[%zu]: expected name, range, and shares from 0 to 1", i);
  return good;
}

/* The record with the constants that are drawn: those that are known best. */
static json_t *prepare(const json_t *records, GError **error) {
  const json_t *record = json_array_get(records, 0);
  if (!cs3_plot_require_one(records, "posterior", error) ||
      !cs3_record_require_schema(record, CS3_POSTERIOR_SCHEMA, numbers, texts, error))
    return NULL;
  json_auto_t *bars = json_array();
  json_t *constant;
  size_t i;
  json_array_foreach(json_object_get(record, "constants"), i, constant) {
    if (i >= MAX_BARS)
      break;
    if (!check_constant(constant, i, error))
      return NULL;
    json_array_append(bars, constant);
  }
  if (json_array_size(bars) == 0) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "the posterior has no constants");
    return NULL;
  }
  json_t *series = json_copy((json_t *)record);
  json_object_set(series, "bars", bars);
  return series;
}

static const json_t *bars_of(const json_t *series) {
  return json_object_get(series, "bars");
}

static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_posterior.summary),
                 SAY("place constant nominal p10 median p90\n"));
  size_t i, n = json_array_size(bars_of(series));
  json_t *bar;
  json_array_foreach((json_t *)bars_of(series), i, bar) {
    cs3_script_add(data, NUM(n - i), SAY(" "), FIELD(cs3_record_string(bar, "name")));
    for (int s = 0; s < N_SHARES; s++)
      cs3_script_add(data, SAY(" "), NUM(cs3_record_number(bar, shares[s])));
    cs3_script_say(data, "\n");
  }
}

/* Characters of the longest @key of all bars. */
static double longest(const json_t *series, const char *key) {
  size_t i, most = 0;
  json_t *bar;
  json_array_foreach((json_t *)bars_of(series), i, bar) {
    size_t length = (size_t)g_utf8_strlen(cs3_record_string(bar, key), -1);
    most = MAX(most, length);
  }
  return (double)most;
}

/* Names stand on the left of the bars, ranges on their right. */
typedef struct {
  double left; /* of the axes: columns of text, or a share of the picture */
  double end;  /* of the axis on which ranges begin at 1.02 */
} Room;

static Room room_for(const json_t *series, const Cs3PlotTarget *target) {
  gboolean text = target->format == CS3_PLOT_TEXT;
  double letter = text ? 1 : 0.0112, beside = text ? 3 : 0.025; /* of a name; tics */
  double right = text ? target->columns - 2 : 0.975;            /* of the axes */
  double left = longest(series, "name") * letter + beside;
  double ranges = (longest(series, "range") + 1) * letter / (right - left);
  return (Room){left, 1.02 / (1 - MIN(ranges, 0.7))};
}

static void write_axes(const json_t *series, const Room *room, Cs3Script *script) {
  size_t i, n = json_array_size(bars_of(series));
  json_t *bar;
  cs3_script_add(script, SAY("set xrange [0:"), NUM(room->end), SAY("]\nset yrange [0.3:"),
                 NUM((double)n + 0.7), SAY("]\nset xtics ('0' 0, '0.5' 0.5, '1' 1)\nset ytics ("));
  json_array_foreach((json_t *)bars_of(series), i, bar)
      cs3_script_add(script, i > 0 ? SAY(", ") : SAY(""), TIC(cs3_record_string(bar, "name")),
                     SAY(" "), NUM(n - i));
  cs3_script_say(script, ")\n");
  json_array_foreach((json_t *)bars_of(series), i, bar)
      cs3_script_add(script, SAY("set label "), QUOTE(cs3_record_string(bar, "range")),
                     SAY(" at 1.02, "), NUM(n - i), SAY(" left\n"));
}

static void write_bars(Cs3Script *script) {
  cs3_script_add(
      script, SAY("plot "), DATA,
      SAY(" using (0.5):'place':(0.1):(0.9):(column('place') - 0.34):(column('place') + "
          "0.34) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#999999' "
          "fillcolor rgb '#e6e6e6' title 'before: 10 to 90 %', \\\n  "),
      DATA,
      SAY(" using 'median':'place':'p10':'p90':(column('place') - 0.2):(column('place') + "
          "0.2) with boxxyerrorbars fill solid 1.0 border linecolor rgb '#222222' "
          "fillcolor rgb "),
      QUOTE(cs3_color_rgb(CS3_COLOR_SKY)), SAY(" title 'after: 10 to 90 %', \\\n  "), DATA,
      SAY(" using 'median':'place' with points pointtype 7 pointsize 0.8 linecolor rgb "
          "'#222222' title 'median', \\\n  "),
      DATA,
      SAY(" using 'nominal':'place' with points pointtype 2 pointsize 1 linewidth 2 "
          "linecolor rgb "),
      QUOTE(cs3_color_rgb(CS3_COLOR_VERMILLION)), SAY(" title 'nominal'\n"));
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  g_autofree char *subtitle = g_strdup_printf("%zu measured rates, %.0f machines simulated",
                                              json_array_size(json_object_get(series, "rows")),
                                              cs3_record_number(series, "machines"));
  g_autofree char *caption = g_strdup_printf(
      "The %d constants that the rates narrow most, each over its plausible range; before, every "
      "value of the range is as likely.\nSource: cs3sim calibrate %s, seed %.0f.",
      MAX_BARS, cs3_record_string(series, "version"), cs3_record_number(series, "seed"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "What measured rates say of unpublished constants",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "share of the range",
                                     .y = "",
                                     .legend_rows = 2,
                                     .legend_columns = 2});
  Room room = room_for(series, target);
  cs3_script_add(
      script, target->format == CS3_PLOT_TEXT ? SAY("set lmargin ") : SAY("set lmargin at screen "),
      NUM(room.left), SAY("\n"));
  write_axes(series, &room, script);
  write_bars(script);
}

const Cs3Plot cs3_plot_posterior = {
    .name = "posterior",
    .summary = "a posterior: what measured rates leave of the ranges of uncertain constants",
    .needs = CS3_PLOT_NEEDS_POSTERIOR,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
