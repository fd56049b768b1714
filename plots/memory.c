/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fills a wafer's memory while a micro-batch goes forward and back, its peak, and what is at
 * the activation servers meanwhile. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

#define BYTES_SHOWN 1e9

/* From below. */
static const struct {
  const char *key;
  Cs3Words column, title;
  const char *rgb, *letter;
} layers[] = {
    {"resident", CS3_WORDS("resident_gb"), CS3_WORDS("kept by other stages"), "#0072B2", "k"},
    {"kept", CS3_WORDS("kept_gb"), CS3_WORDS("kept by the stage that runs"), "#56B4E9", "o"},
    {"values", CS3_WORDS("values_gb"), CS3_WORDS("activations at work"), "#009E73", "v"},
    {"gradients", CS3_WORDS("gradients_gb"), CS3_WORDS("gradients and their sums"), "#E69F00", "g"},
};

static const json_t *memory_of(const json_t *series) {
  return json_object_get(json_array_get(series, 0), "memory");
}

static const json_t *moments_of(const json_t *series) {
  return json_object_get(memory_of(series), "moments");
}

static gboolean is_moment(const json_t *moment) {
  gboolean good = isfinite(cs3_record_number(moment, "begin_s")) &&
                  isfinite(cs3_record_number(moment, "end_s")) &&
                  isfinite(cs3_record_number(moment, "sent"));
  for (guint i = 0; i < G_N_ELEMENTS(layers); i++)
    good &= isfinite(cs3_record_number(moment, layers[i].key));
  return good;
}

static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {
      "memory.capacity_bytes",   "memory.peak_bytes",        "memory.peak", "mapping.micro_batch",
      "mapping.tokens_on_wafer", "provenance.model_version", "sparsity",    NULL};
  static const char *const texts[] = {"model.name", "hardware.name", "provenance.version", NULL};
  if (!cs3_plot_require_one_run(records, numbers, texts, error))
    return NULL;
  size_t i;
  json_t *moment;
  double peak = cs3_record_number(memory_of(records), "peak");
  if (json_array_size(moments_of(records)) == 0 || peak < 0 ||
      peak >= (double)json_array_size(moments_of(records))) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "record 1: memory has no moments, or its peak is none of them");
    return NULL;
  }
  json_array_foreach(moments_of(records), i, moment) {
    if (is_moment(moment))
      continue;
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "record 1: moment %" G_GSIZE_FORMAT " of the memory is not one", i);
    return NULL;
  }
  return json_deep_copy(records);
}

static void write_row(const json_t *moment, double time_s, Cs3Script *data) {
  cs3_script_add(data, NUM(1e3 * time_s));
  for (guint i = 0; i < G_N_ELEMENTS(layers); i++)
    cs3_script_add(data, SAY(" "), NUM(cs3_record_number(moment, layers[i].key) / BYTES_SHOWN));
  cs3_script_add(data, SAY(" "), NUM(cs3_record_number(moment, "sent") / BYTES_SHOWN), SAY(" "),
                 FIELD(cs3_record_string(moment, "stage")), SAY(" "),
                 FIELD(cs3_record_string(moment, "direction")), SAY(" "),
                 FIELD(cs3_record_string(moment, "node")), SAY("\n"));
}

/* Two rows a moment: areas have steps. */
static void write_data(const json_t *series, Cs3Script *data) {
  size_t i;
  json_t *moment;
  cs3_script_say(data, "# memory of a wafer during a micro-batch, GB\ntime_ms");
  for (guint k = 0; k < G_N_ELEMENTS(layers); k++)
    cs3_script_add(data, SAY(" "), PUT(layers[k].column));
  cs3_script_say(data, " sent_gb stage direction operator\n");
  json_array_foreach(moments_of(series), i, moment) {
    write_row(moment, cs3_record_number(moment, "begin_s"), data);
    write_row(moment, cs3_record_number(moment, "end_s"), data);
  }
}

/* (transfer full): a moment's place and its bytes, for the caption. */
static char *peak_text(const json_t *series) {
  const json_t *peak =
      json_array_get(moments_of(series), (size_t)cs3_record_number(memory_of(series), "peak"));
  return g_strdup_printf("%.1f GB, in %s, %s, of %s",
                         cs3_record_number(memory_of(series), "peak_bytes") / BYTES_SHOWN,
                         cs3_record_string(peak, "direction"), cs3_record_string(peak, "node"),
                         cs3_record_string(peak, "stage"));
}

static double most_sent(const json_t *series) {
  double most = 0;
  size_t i;
  json_t *moment;
  json_array_foreach(moments_of(series), i, moment) most =
      MAX(most, cs3_record_number(moment, "sent"));
  return most;
}

static void begin_canvas(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *r = json_array_get(series, 0);
  g_autofree char *peak = peak_text(series);
  g_autofree char *sent = most_sent(series) > 0
                              ? g_strdup_printf(" The activation servers hold up to %.3g GB.",
                                                most_sent(series) / BYTES_SHOWN)
                              : g_strdup("");
  g_autofree char *title =
      g_strdup_printf("Memory of a wafer during a step: %s on %s",
                      cs3_record_string(r, "model.name"), cs3_record_string(r, "hardware.name"));
  g_autofree char *work = g_strdup_printf("%.4g %% sparsity, a micro-batch of %.0f (%.0f tokens)",
                                          100 * cs3_record_number(r, "sparsity"),
                                          cs3_record_number(r, "mapping.micro_batch"),
                                          cs3_record_number(r, "mapping.tokens_on_wafer"));
  g_autofree char *caption = g_strdup_printf("One micro-batch, forward and back, by the time of "
                                             "its arithmetic alone; weights pass through "
                                             "and do not lie on the wafer. Peak (mark): %s.%s\n"
                                             "Source: simulated by cs3sim %s (model version %.0f).",
                                             peak, sent, cs3_record_string(r, "provenance.version"),
                                             cs3_record_number(r, "provenance.model_version"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = title,
                                     .subtitle = work,
                                     .caption = caption,
                                     .x = "time [ms]",
                                     .y = "memory [GB]",
                                     .legend_rows = 4,
                                     .legend_columns = 2});
}

/* Areas on top of one another, the highest sum first. */
static void write_areas(const Cs3PlotTarget *target, Cs3Script *script) {
  for (guint k = G_N_ELEMENTS(layers); k-- > 0;) {
    cs3_script_add(script, k + 1 < G_N_ELEMENTS(layers) ? SAY(", \\\n  ") : SAY("plot "), DATA,
                   SAY(" using 'time_ms':(column('resident_gb')"));
    for (guint i = 1; i <= k; i++)
      cs3_script_add(script, SAY(" + column('"), PUT(layers[i].column), SAY("')"));
    if (target->format == CS3_PLOT_TEXT)
      cs3_script_add(script, SAY(") with points pointtype "), QUOTE(layers[k].letter));
    else
      cs3_script_add(script, SAY(") with filledcurves y1=0 linecolor rgb "), QUOTE(layers[k].rgb));
    cs3_script_add(script, SAY(" title "), QUOTE(layers[k].title.literal));
  }
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *memory = memory_of(series);
  const json_t *peak =
      json_array_get(moments_of(series), (size_t)cs3_record_number(memory, "peak"));
  double capacity = cs3_record_number(memory, "capacity_bytes") / BYTES_SHOWN;
  double end_s = cs3_record_number(
      json_array_get(moments_of(series), json_array_size(moments_of(series)) - 1), "end_s");
  double at_ms = 500 * (cs3_record_number(peak, "begin_s") + cs3_record_number(peak, "end_s"));
  double most =
      MAX(capacity, MAX(most_sent(series), cs3_record_number(memory, "peak_bytes")) / BYTES_SHOWN);
  begin_canvas(series, target, script);
  cs3_script_add(script, SAY("set yrange [0:"), NUM(1.08 * most), SAY("]\nset xrange [0:"),
                 NUM(1e3 * end_s), SAY("]\nset label at "), NUM(at_ms), SAY(", "),
                 NUM(cs3_record_number(memory, "peak_bytes") / BYTES_SHOWN),
                 SAY(" '' point pointtype 10 pointsize 1.6 linecolor rgb '#000000' front\n"));
  write_areas(target, script);
  cs3_script_add(script, SAY(", \\\n  "), NUM(capacity),
                 SAY(" with lines linewidth 2 linecolor rgb '#000000' title 'memory for "
                     "activations'"));
  if (most_sent(series) > 0)
    cs3_script_add(script, SAY(", \\\n  "), DATA,
                   SAY(" using 'time_ms':'sent_gb' with lines linewidth 2 dashtype 2 linecolor rgb "
                       "'#D55E00' title 'at activation servers'"));
  cs3_script_say(script, "\n");
}

const Cs3Plot cs3_plot_memory = {
    .name = "memory",
    .summary = "what fills a wafer's memory during a step, and its peak",
    .needs = CS3_PLOT_NEEDS_MEMORY,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
