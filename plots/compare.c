/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines side by side: throughput of the same step, dense and sparse. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

static const char *const numbers[] = {"throughput.tokens_per_s", "dense.throughput.tokens_per_s",
                                      "speedup.simulated", "sparsity", NULL};
static const char *const texts[] = {"model.name", "hardware.name", "pattern", NULL};

/* What must be alike for a comparison to make sense. */
static gboolean same_work(const json_t *a, const json_t *b) {
  static const char *const same_numbers[] = {"sparsity", "batch", "seq"};
  for (guint i = 0; i < G_N_ELEMENTS(same_numbers); i++)
    if (cs3_record_number(a, same_numbers[i]) != cs3_record_number(b, same_numbers[i]))
      return FALSE;
  return strcmp(cs3_record_string(a, "model.name"), cs3_record_string(b, "model.name")) == 0 &&
         strcmp(cs3_record_string(a, "pattern"), cs3_record_string(b, "pattern")) == 0;
}

static json_t *prepare(const json_t *records, GError **error) {
  size_t i;
  json_t *record;
  if (json_array_size(records) < 2) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "a comparison needs the records of two simulated machines or more (GPUs are not "
                "drawn), not "
                "%zu",
                json_array_size(records));
    return NULL;
  }
  json_array_foreach(records, i, record) {
    if (!cs3_record_require(record, numbers, texts, error)) {
      g_prefix_error(error, "record %zu: ", i + 1);
      return NULL;
    }
    if (same_work(json_array_get(records, 0), record))
      continue;
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "record %zu: another model, sparsity, pattern, batch or sequence length than the "
                "first",
                i + 1);
    return NULL;
  }
  return json_deep_copy(records);
}

static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_compare.summary),
                 SAY("place machine tokens_per_s dense_tokens_per_s speedup\n"));
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    cs3_script_add(data, NUM(i), SAY(" "), FIELD(cs3_record_string(r, "hardware.name")), SAY(" "),
                   NUM(cs3_record_number(r, "throughput.tokens_per_s")), SAY(" "),
                   NUM(cs3_record_number(r, "dense.throughput.tokens_per_s")), SAY(" "),
                   NUM(cs3_record_number(r, "speedup.simulated")), SAY("\n"));
  }
}

static double highest(const json_t *series) {
  double most = 0;
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    most = MAX(most, cs3_record_number(r, "throughput.tokens_per_s"));
    most = MAX(most, cs3_record_number(r, "dense.throughput.tokens_per_s"));
  }
  return most;
}

/* The speed-up stands over the bar of the sparse step. */
static void write_labels(const json_t *series, Cs3Script *script) {
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    g_autofree char *text = g_strdup_printf("%.2f x", cs3_record_number(r, "speedup.simulated"));
    cs3_script_add(script, SAY("set label "), QUOTE(text), SAY(" at "), NUM((double)i + 0.17),
                   SAY(", "), NUM(cs3_record_number(r, "throughput.tokens_per_s") / 1e3),
                   SAY(" center offset 0, 0.7\n"));
  }
}

static void write_axes(const json_t *series, Cs3Script *script) {
  cs3_script_add(script, SAY("set yrange [0:"), NUM(1.12 * highest(series) / 1e3),
                 SAY("]\nset xrange [-0.6:"), NUM((double)json_array_size(series) - 0.4),
                 SAY("]\nset xtics ("));
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r)
      cs3_script_add(script, i > 0 ? SAY(", ") : SAY(""),
                     TIC(cs3_record_string(r, "hardware.name")), SAY(" "), NUM(i));
  cs3_script_say(script, ")\nset boxwidth 0.32\n");
}

static void write_bars(Cs3Script *script) {
  static const struct {
    Cs3Words column;
    const char *title;
    double shift;
    Cs3Color color;
  } bars[] = {
      {CS3_WORDS("dense_tokens_per_s"), "dense weights", -0.17, CS3_COLOR_SKY},
      {CS3_WORDS("tokens_per_s"), "sparse weights", 0.17, CS3_COLOR_BLUE},
  };
  cs3_script_say(script, "plot ");
  for (guint k = 0; k < G_N_ELEMENTS(bars); k++)
    cs3_script_add(script, k > 0 ? SAY(", \\\n  ") : SAY(""), DATA,
                   SAY(" using (column('place') + "), NUM(bars[k].shift), SAY("):(column('"),
                   PUT(bars[k].column),
                   SAY("') / 1000) with boxes fill solid 1.0 border linecolor rgb '#222222' "
                       "fillcolor rgb "),
                   QUOTE(cs3_color_rgb(bars[k].color)), SAY(" title "), QUOTE(bars[k].title));
  cs3_script_say(script, "\n");
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *first = json_array_get(series, 0);
  g_autofree char *subtitle = g_strdup_printf(
      "%s, %.4g %% %s sparsity, %.0f sequences of %.0f tokens a step",
      cs3_record_string(first, "model.name"), 100 * cs3_record_number(first, "sparsity"),
      cs3_record_string(first, "pattern"), cs3_record_number(first, "batch"),
      cs3_record_number(first, "seq"));
  g_autofree char *caption = g_strdup_printf(
      "Above the bars: speed-up of the sparse over the dense step on that machine, each on its "
      "fastest mapping.\nSource: simulated by cs3sim %s, fidelity %s, seed %.0f.",
      cs3_record_string(first, "provenance.version"), cs3_record_string(first, "fidelity"),
      cs3_record_number(first, "provenance.seed"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "Training throughput by machine",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "machine",
                                     .y = "throughput [thousand tokens/s]",
                                     .legend_rows = 1,
                                     .legend_columns = 2});
  write_axes(series, script);
  write_labels(series, script);
  write_bars(script);
}

const Cs3Plot cs3_plot_compare = {
    .name = "compare",
    .summary = "throughput of the same step on several machines, dense and sparse",
    .needs = CS3_PLOT_NEEDS_MACHINES,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
