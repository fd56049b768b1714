/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tornado: what each uncertain constant does to the speed-up from end to end of its range. */
#include "config.h"

#include <math.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

/* Bars that can be read side by side. */
enum { MAX_BARS = 16 };

static const char *const numbers[] = {"tornado.nominal.speedup", "speedup.simulated", NULL};
static const char *const texts[] = {"model.name", "hardware.name", "pattern", NULL};
static const char *const bar_numbers[] = {"lowest.speedup_change", "highest.speedup_change", NULL};
static const char *const bar_texts[] = {"name", "lowest.value", "highest.value", NULL};

static gboolean require_bar(const json_t *constant, size_t i, GError **error) {
  for (const char *const *n = bar_numbers; *n != NULL; n++)
    if (!isfinite(cs3_record_number(constant, *n)))
      return FALSE;
  for (const char *const *t = bar_texts; *t != NULL; t++)
    if (cs3_record_string(constant, *t)[0] == '\0') {
      g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                  "record 1: tornado.constants[%zu] has no text %s", i, *t);
      return FALSE;
    }
  return TRUE;
}

/* The record with the constants that are drawn: those that move the speed-up. */
static json_t *prepare(const json_t *records, GError **error) {
  if (!cs3_plot_require_one_run(records, numbers, texts, error))
    return NULL;
  const json_t *record = json_array_get(records, 0);
  json_t *bars = json_array(), *constant;
  g_autoptr(GError) problem = NULL;
  size_t i;
  json_array_foreach(json_object_get(json_object_get(record, "tornado"), "constants"), i,
                     constant) {
    if (json_array_size(bars) < MAX_BARS && require_bar(constant, i, &problem) &&
        cs3_record_number(constant, bar_numbers[1]) > cs3_record_number(constant, bar_numbers[0]))
      json_array_append(bars, constant);
    if (problem != NULL)
      break;
  }
  if (problem == NULL && json_array_size(bars) == 0)
    g_set_error(&problem, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "record 1: no constant moves the speed-up");
  if (problem != NULL) {
    json_decref(bars);
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
  }
  json_t *series = json_copy((json_t *)record);
  json_object_set_new(series, "bars", bars);
  return series;
}

static const json_t *bars_of(const json_t *series) {
  return json_object_get(series, "bars");
}

static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_tornado.summary),
                 SAY("place constant low_value low_change high_value high_change\n"));
  size_t i, n = json_array_size(bars_of(series));
  json_t *bar;
  json_array_foreach((json_t *)bars_of(series), i, bar)
      cs3_script_add(data, NUM(n - i), SAY(" "), FIELD(cs3_record_string(bar, "name")), SAY(" "),
                     FIELD(cs3_record_string(bar, "lowest.value")), SAY(" "),
                     NUM(100 * cs3_record_number(bar, "lowest.speedup_change")), SAY(" "),
                     FIELD(cs3_record_string(bar, "highest.value")), SAY(" "),
                     NUM(100 * cs3_record_number(bar, "highest.speedup_change")), SAY("\n"));
}

static void find_ends(const json_t *series, double *low, double *high) {
  size_t i;
  json_t *bar;
  *low = *high = 0;
  json_array_foreach((json_t *)bars_of(series), i, bar) {
    *low = MIN(*low, 100 * cs3_record_number(bar, "lowest.speedup_change"));
    *high = MAX(*high, 100 * cs3_record_number(bar, "highest.speedup_change"));
  }
}

/* The values stand outside the ends of the bars. */
static void write_labels(const json_t *series, Cs3Script *script) {
  size_t i, n = json_array_size(bars_of(series));
  json_t *bar;
  json_array_foreach((json_t *)bars_of(series), i, bar) {
    double low = 100 * MIN(0, cs3_record_number(bar, "lowest.speedup_change"));
    double high = 100 * MAX(0, cs3_record_number(bar, "highest.speedup_change"));
    cs3_script_add(script, SAY("set label "), QUOTE(cs3_record_string(bar, "lowest.value")),
                   SAY(" at "), NUM(low), SAY(", "), NUM(n - i),
                   SAY(" right offset -0.6, 0\nset label "),
                   QUOTE(cs3_record_string(bar, "highest.value")), SAY(" at "), NUM(high),
                   SAY(", "), NUM(n - i), SAY(" left offset 0.6, 0\n"));
  }
}

static void write_axes(const json_t *series, Cs3Script *script) {
  double low, high;
  find_ends(series, &low, &high);
  double margin = 0.28 * (high - low);
  size_t i, n = json_array_size(bars_of(series));
  json_t *bar;
  cs3_script_add(script, SAY("set xrange ["), NUM(low - margin), SAY(":"), NUM(high + margin),
                 SAY("]\nset yrange [0.3:"), NUM((double)n + 0.7), SAY("]\nset ytics ("));
  json_array_foreach((json_t *)bars_of(series), i, bar)
      cs3_script_add(script, i > 0 ? SAY(", ") : SAY(""), TIC(cs3_record_string(bar, "name")),
                     SAY(" "), NUM(n - i));
  cs3_script_say(script, ")\nset xzeroaxis\nset arrow from 0, graph 0 to 0, graph 1 nohead "
                         "linecolor rgb '#222222'\n");
}

static void write_bars(Cs3Script *script) {
  static const struct {
    Cs3Words column;
    const char *title;
    Cs3Color color;
  } sides[] = {
      {CS3_WORDS("low_change"), "value with the least speed-up", CS3_COLOR_SKY},
      {CS3_WORDS("high_change"), "value with the largest speed-up", CS3_COLOR_BLUE},
  };
  cs3_script_say(script, "plot ");
  for (guint k = 0; k < G_N_ELEMENTS(sides); k++)
    cs3_script_add(script, k > 0 ? SAY(", \\\n  ") : SAY(""), DATA, SAY(" using (0):'place':(0):'"),
                   PUT(sides[k].column),
                   SAY("':(column('place') - 0.32):(column('place') + 0.32) with boxxyerrorbars "
                       "fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb "),
                   QUOTE(cs3_color_rgb(sides[k].color)), SAY(" title "), QUOTE(sides[k].title));
  cs3_script_say(script, "\n");
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  g_autofree char *subtitle = g_strdup_printf(
      "%s on %s, %.4g %% %s sparsity: %.4g times dense", cs3_record_string(series, "model.name"),
      cs3_record_string(series, "hardware.name"), 100 * cs3_record_number(series, "sparsity"),
      cs3_record_string(series, "pattern"), cs3_record_number(series, "speedup.simulated"));
  g_autofree char *caption = g_strdup_printf(
      "Each unpublished or disputed constant at the ends of its plausible range, the others as the "
      "machine has them; at most %d that move it most.\nSource: simulated by cs3sim %s, seed %.0f.",
      MAX_BARS, cs3_record_string(series, "provenance.version"),
      cs3_record_number(series, "provenance.seed"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "What the speed-up hangs on",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "change of the speed-up [%]",
                                     .y = "",
                                     .legend_rows = 2,
                                     .legend_columns = 1});
  cs3_script_add(script, target->format == CS3_PLOT_TEXT ? SAY("set lmargin 30\n")
                                                         : SAY("set lmargin at screen 0.3\n"));
  write_labels(series, script);
  write_axes(series, script);
  write_bars(script);
}

const Cs3Plot cs3_plot_tornado = {
    .name = "tornado",
    .summary = "change of the speed-up over the range of each uncertain constant",
    .needs = CS3_PLOT_NEEDS_TORNADO,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
