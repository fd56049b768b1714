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
                "a comparison needs the records of two machines or more, not %zu",
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

static void write_data(const json_t *series, GString *data) {
  g_string_append_printf(data, "# %s\nplace machine tokens_per_s dense_tokens_per_s speedup\n",
                         cs3_plot_compare.summary);
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    g_string_append_printf(data, "%zu \"%s\" ", i, cs3_record_string(r, "hardware.name"));
    cs3_canvas_number(data, cs3_record_number(r, "throughput.tokens_per_s"));
    g_string_append_c(data, ' ');
    cs3_canvas_number(data, cs3_record_number(r, "dense.throughput.tokens_per_s"));
    g_string_append_c(data, ' ');
    cs3_canvas_number(data, cs3_record_number(r, "speedup.simulated"));
    g_string_append_c(data, '\n');
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
static void write_labels(const json_t *series, GString *script) {
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    double top = cs3_record_number(r, "throughput.tokens_per_s");
    g_autofree char *text = g_strdup_printf("%.2f x", cs3_record_number(r, "speedup.simulated"));
    g_string_append(script, "set label ");
    cs3_canvas_quote(script, text);
    g_string_append_printf(script, " at %zu.17, ", i);
    cs3_canvas_number(script, top / 1e3);
    g_string_append(script, " center offset 0, 0.7\n");
  }
}

static void write_axes(const json_t *series, GString *script) {
  g_string_append(script, "set yrange [0:");
  cs3_canvas_number(script, 1.12 * highest(series) / 1e3);
  g_string_append_printf(script, "]\nset xrange [-0.6:%zu.6]\nset xtics (",
                         json_array_size(series) - 1);
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    g_string_append(script, i > 0 ? ", " : "");
    cs3_canvas_quote(script, cs3_record_string(r, "hardware.name"));
    g_string_append_printf(script, " %zu", i);
  }
  g_string_append(script, ")\nset boxwidth 0.32\n");
}

static void write_bars(const Cs3PlotTarget *target, GString *script) {
  static const struct {
    const char *column, *title;
    double shift;
    Cs3Color color;
  } bars[] = {
      {"dense_tokens_per_s", "dense weights", -0.17, CS3_COLOR_SKY},
      {"tokens_per_s", "sparse weights", 0.17, CS3_COLOR_BLUE},
  };
  g_string_append(script, "plot ");
  for (guint k = 0; k < G_N_ELEMENTS(bars); k++) {
    g_string_append(script, k > 0 ? ", \\\n  " : "");
    cs3_canvas_file(script, target->data_name);
    g_string_append_printf(script,
                           " using (column('place') %+g):(column('%s') / 1000) with boxes fill "
                           "solid 1.0 border linecolor rgb '#222222' fillcolor rgb '%s' title '%s'",
                           bars[k].shift, bars[k].column, cs3_color_rgb(bars[k].color),
                           bars[k].title);
  }
  g_string_append_c(script, '\n');
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, GString *script) {
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
  write_bars(target, script);
}

const Cs3Plot cs3_plot_compare = {
    .name = "compare",
    .summary = "throughput of the same step on several machines, dense and sparse",
    .needs = CS3_PLOT_NEEDS_MACHINES,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
