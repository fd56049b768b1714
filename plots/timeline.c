/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The timeline of a step: what MemoryX, SwarmX and every class of wafers do. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

/* Micro-batches that can be told apart. */
enum { SHOWN_MICRO_BATCHES = 2, FIXED_LANES = 5, MOST_CLASSES = 8 };

/* What a bar says; `direction` tells the two kinds of arithmetic apart. */
typedef struct {
  const char *what, *direction;
  Cs3Words title;
  const char *rgb, *letter;
} Kind;

static const Kind kinds[] = {
    {"stream", NULL, CS3_WORDS("weights down"), "#56B4E9", "w"},
    {"reduce", NULL, CS3_WORDS("gradients up"), "#E69F00", "g"},
    {"update", NULL, CS3_WORDS("updates"), "#009E73", "u"},
    {"send activations", NULL, CS3_WORDS("activations sent"), "#999999", "s"},
    {"fetch activations", NULL, CS3_WORDS("activations back"), "#555555", "a"},
    {"compute", "forward", CS3_WORDS("forward"), "#0072B2", "f"},
    {"compute", "backward", CS3_WORDS("backward"), "#CC79A7", "b"},
    {"wait weights", NULL, CS3_WORDS("waits for weights"), "#D55E00", "."},
    {"wait egress", NULL, CS3_WORDS("waits to send gradients"), "#F0E442", ":"},
    {"wait activations", NULL, CS3_WORDS("waits for activations"), "#882255", ";"},
    {"boundary", NULL, CS3_WORDS("boundary of two steps"), "#000000", "#"},
    {"edge", NULL, CS3_WORDS("edge of the step"), "#999999", "|"},
};

static const json_t *spans_of(const json_t *series) {
  return json_object_get(json_object_get(json_array_get(series, 0), "timeline"), "spans");
}

static const json_t *classes_of(const json_t *series) {
  return json_object_get(json_object_get(json_array_get(series, 0), "timeline"), "classes");
}

static int kind_of(const json_t *span) {
  const char *what = cs3_record_string(span, "what"), *of = cs3_record_string(span, "of");
  for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
    if (g_str_equal(what, kinds[k].what) &&
        (kinds[k].direction == NULL || strstr(of, kinds[k].direction) != NULL))
      return (int)k;
  return -1;
}

/* From the top: MemoryX, weights down, gradients up, activations out and back, the classes of
 * wafers.
 */
static double lane_of(const json_t *span, guint lanes) {
  int kind = kind_of(span);
  static const int fixed[FIXED_LANES] = {1, 2, 0, 3, 4}; /* in the order of `kinds` */
  int lane = kind < FIXED_LANES ? fixed[kind] : FIXED_LANES + (int)cs3_record_number(span, "class");
  return (double)lanes - lane;
}

static guint lanes_of(const json_t *series) {
  return FIXED_LANES + (guint)MIN(json_array_size(classes_of(series)), MOST_CLASSES);
}

/* The end of the last micro-batch that is shown. */
static double shown_until(const json_t *series) {
  double until = 0;
  size_t i;
  json_t *span;
  json_array_foreach(spans_of(series), i, span) {
    if (cs3_record_number(span, "micro_batch") < SHOWN_MICRO_BATCHES &&
        kind_of(span) >= FIXED_LANES)
      until = MAX(until, cs3_record_number(span, "end_s"));
  }
  return until;
}

static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {
      "timeline.step_s",       "cluster.systems",          "batch", "seq",
      "mapping.micro_batches", "provenance.model_version", NULL};
  static const char *const texts[] = {"model.name", "hardware.name", "provenance.version", NULL};
  if (!cs3_plot_require_one_run(records, numbers, texts, error))
    return NULL;
  if (!json_is_array(spans_of(records)) || json_array_size(classes_of(records)) == 0) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "record 1: the record has no timeline");
    return NULL;
  }
  size_t i;
  json_t *span;
  json_array_foreach(spans_of(records), i, span) {
    if (kind_of(span) >= 0 && isfinite(cs3_record_number(span, "begin_s")) &&
        isfinite(cs3_record_number(span, "end_s")) && isfinite(cs3_record_number(span, "class")) &&
        isfinite(cs3_record_number(span, "micro_batch")))
      continue;
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "record 1: span %" G_GSIZE_FORMAT " of the timeline is not one", i);
    return NULL;
  }
  if (shown_until(records) > 0)
    return json_deep_copy(records);
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
              "record 1: no span of a wafer in the first %d micro-batches of the timeline",
              SHOWN_MICRO_BATCHES);
  return NULL;
}

static void write_data(const json_t *series, Cs3Script *data) {
  guint lanes = lanes_of(series);
  double until = shown_until(series);
  cs3_script_say(data, "# timeline of a step; kind: ");
  for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
    cs3_script_add(data, k > 0 ? SAY(", ") : SAY(""), NUM(k), SAY(" "), PUT(kinds[k].title));
  cs3_script_say(data, "\nbegin_ms end_ms lane kind micro_batch\n");
  size_t i;
  json_t *span;
  json_array_foreach(spans_of(series), i, span) {
    double begin = cs3_record_number(span, "begin_s"), lane = lane_of(span, lanes);
    const double row[] = {1e3 * begin, 1e3 * MIN(cs3_record_number(span, "end_s"), until), lane,
                          kind_of(span), cs3_record_number(span, "micro_batch")};
    if (begin < until && lane >= 1)
      cs3_script_row(data, row, G_N_ELEMENTS(row));
  }
}

static void write_lanes(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  guint lanes = lanes_of(series);
  cs3_script_add(script, SAY("set ytics ('MemoryX' "), NUM(lanes), SAY(", 'SwarmX down' "),
                 NUM(lanes - 1), SAY(", 'SwarmX up' "), NUM(lanes - 2), SAY(", 'kept away' "),
                 NUM(lanes - 3), SAY(", 'fetched' "), NUM(lanes - 4));
  for (guint c = 0; c + FIXED_LANES < lanes; c++) {
    double systems = json_number_value(json_array_get(classes_of(series), c));
    g_autofree char *name = g_strdup_printf("%.0f wafer%s", systems, systems == 1 ? "" : "s");
    cs3_script_add(script, SAY(", "), TIC(name), SAY(" "), NUM(lanes - FIXED_LANES - c));
  }
  cs3_script_add(script, SAY(")\nset yrange [0.4:"), NUM(lanes + 0.6), SAY("]\nset xrange [0:"),
                 NUM(1e3 * shown_until(series)), SAY("]\nunset grid\nset grid xtics\n"),
                 /* The names of lanes are longer than numbers. */
                 target->format == CS3_PLOT_TEXT ? SAY("set lmargin 16\n")
                                                 : SAY("set lmargin at screen 0.165\n"));
}

static gboolean is_drawn(const json_t *series, guint kind) {
  size_t i;
  json_t *span;
  json_array_foreach(spans_of(series), i, span) {
    if (kind_of(span) == (int)kind && cs3_record_number(span, "begin_s") < shown_until(series))
      return TRUE;
  }
  return FALSE;
}

static void write_kind(const Cs3PlotTarget *target, guint k, Cs3Script *script) {
  cs3_script_add(script, DATA, SAY(" using (column('kind') == "), NUM(k));
  if (target->format == CS3_PLOT_TEXT)
    cs3_script_add(script,
                   SAY(" ? (column('begin_ms') + column('end_ms')) / 2 : NaN):'lane' with points "
                       "pointtype "),
                   QUOTE(kinds[k].letter));
  else
    cs3_script_add(script,
                   SAY(" ? column('begin_ms') : NaN):'lane':'begin_ms':'end_ms':"
                       "(column('lane') - 0.4):(column('lane') + 0.4) with boxxyerror fillstyle "
                       "solid 1 border linecolor rgb '#ffffff' linewidth 0.3 fillcolor rgb "),
                   QUOTE(kinds[k].rgb));
  cs3_script_add(script, SAY(" title "), QUOTE(kinds[k].title.literal));
}

static char *caption_of(const json_t *series) {
  const json_t *r = json_array_get(series, 0);
  double micro_batches = cs3_record_number(r, "mapping.micro_batches");
  g_autofree char *part = micro_batches > SHOWN_MICRO_BATCHES
                              ? g_strdup_printf("the first %d of %.0f micro-batches",
                                                SHOWN_MICRO_BATCHES, micro_batches)
                              : g_strdup("all of it");
  gsize classes = json_array_size(classes_of(series));
  g_autofree char *left_out =
      classes > MOST_CLASSES
          ? g_strdup_printf(" %d of %" G_GSIZE_FORMAT " classes of wafers.", MOST_CLASSES, classes)
          : g_strdup("");
  return g_strdup_printf("Time 0: the wafers (those without a fault) have finished the step "
                         "before. Shown: %s; a step takes %.4g ms. White "
                         "lines separate the blocks of the model.%s\n"
                         "Source: simulated by cs3sim %s (model version %.0f).",
                         part, 1e3 * cs3_record_number(r, "timeline.step_s"), left_out,
                         cs3_record_string(r, "provenance.version"),
                         cs3_record_number(r, "provenance.model_version"));
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *r = json_array_get(series, 0);
  g_autofree char *title = g_strdup_printf(
      "Timeline of a training step: %s on %s (%.0f system%s)", cs3_record_string(r, "model.name"),
      cs3_record_string(r, "hardware.name"), cs3_record_number(r, "cluster.systems"),
      cs3_record_number(r, "cluster.systems") == 1 ? "" : "s");
  g_autofree char *work =
      g_strdup_printf("%.4g %% sparsity, %.0f sequences of %.0f tokens a step",
                      100 * cs3_record_number(r, "sparsity"), cs3_record_number(r, "batch"),
                      cs3_record_number(r, "seq"));
  g_autofree char *caption = caption_of(series);
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = title,
                                     .subtitle = work,
                                     .caption = caption,
                                     .x = "time [ms]",
                                     .y = "",
                                     .legend_rows = 6,
                                     .legend_columns = 2});
  write_lanes(series, target, script);
  gboolean first = TRUE;
  for (guint k = 0; k < G_N_ELEMENTS(kinds); k++) {
    if (!is_drawn(series, k))
      continue;
    cs3_script_add(script, first ? SAY("plot ") : SAY(", \\\n  "));
    write_kind(target, k, script);
    first = FALSE;
  }
  cs3_script_say(script, "\n");
}

const Cs3Plot cs3_plot_timeline = {
    .name = "timeline",
    .summary = "what MemoryX, SwarmX and the wafers do during a step",
    .needs = CS3_PLOT_NEEDS_TIMELINE,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
