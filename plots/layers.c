/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linear layers of one run: where each one's cycles go, as stacked bars. */
#include "config.h"

#include <string.h>

#include "base/json.h"
#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

/* More bars than this cannot be read: the costliest are drawn. */
enum { MOST = 16 };

typedef struct {
  Cs3Words column;
  const char *title, *rgb;
  const char *causes[4];
} Band;

static const Band bands[] = {
    {CS3_WORDS("arithmetic"), "MACs at peak", "#0072B2", {"arithmetic", NULL}},
    {CS3_WORDS("pe_losses"),
     "imbalance, issue, idle PEs",
     "#000000",
     {"imbalance", "overhead", "mapping", NULL}},
    {CS3_WORDS("reduction"), "reduction", "#D55E00", {"reduction", NULL}},
    {CS3_WORDS("ingress"), "ingress", "#E69F00", {"ingress", NULL}},
    {CS3_WORDS("egress"), "egress", "#F0E442", {"egress", NULL}},
    {CS3_WORDS("fill"), "fill", "#bbbbbb", {"fill", "halo", NULL}},
};

static double cycles_of(const json_t *layer) {
  return cs3_record_number(layer, "repeat") * cs3_record_number(layer, "cycles");
}

static gint by_cycles(gconstpointer a, gconstpointer b) {
  double x = cycles_of(*(json_t *const *)a), y = cycles_of(*(json_t *const *)b);
  return (x < y) - (x > y);
}

static gboolean check_layer(const json_t *layer, GError **error) {
  if (cycles_of(layer) > 0 && *cs3_record_string(layer, "name") != '\0' &&
      json_is_object(json_object_get(layer, "causes")))
    return TRUE;
  g_set_error_literal(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                      "the record has a layer without name, cycles or causes");
  return FALSE;
}

/* Returns: one object: the record, and its costliest layers in the order of drawing. */
static json_t *prepare(const json_t *records, GError **error) {
  static const char *const numbers[] = {"step.cycles", "mapping.micro_batches", "sparsity", NULL};
  static const char *const texts[] = {"model.name", "hardware.name", NULL};
  const json_t *record = json_array_get(records, 0);
  if (!cs3_record_require(record, numbers, texts, error))
    return NULL;
  g_autoptr(GPtrArray) layers = g_ptr_array_new();
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(record, "layers"), i, layer) {
    if (!check_layer(layer, error))
      return NULL;
    g_ptr_array_add(layers, layer);
  }
  if (layers->len == 0) {
    g_set_error_literal(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                        "the record has no layers; a sweep writes them without --brief");
    return NULL;
  }
  g_ptr_array_sort(layers, by_cycles);
  json_t *drawn = json_array();
  for (guint k = 0; k < layers->len && k < MOST; k++)
    json_array_append(drawn, layers->pdata[k]);
  return cs3_json_pack("{s:O, s:o}", "record", record, "layers", drawn);
}

/* Share of the whole step, in per cent, of the causes of @band in all instances of @layer. */
static double share(const json_t *series, const json_t *layer, const Band *band) {
  const json_t *record = json_object_get(series, "record");
  double cycles = 0;
  for (const char *const *cause = band->causes; *cause != NULL; cause++)
    cycles += json_number_value(json_object_get(json_object_get(layer, "causes"), *cause));
  return 100 * cycles * cs3_record_number(layer, "repeat") *
         cs3_record_number(record, "mapping.micro_batches") /
         cs3_record_number(record, "step.cycles");
}

static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_layers.summary),
                 SAY("# per cent of the step\nplace layer speedup"));
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    cs3_script_add(data, SAY(" "), PUT(bands[k].column));
  cs3_script_say(data, "\n");
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(series, "layers"), i, layer) {
    cs3_script_add(data, NUM(i), SAY(" "), FIELD(cs3_record_string(layer, "name")), SAY(" "));
    double row[G_N_ELEMENTS(bands) + 1] = {cs3_record_number(layer, "speedup")};
    for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
      row[k + 1] = share(series, layer, &bands[k]);
    cs3_script_row(data, row, G_N_ELEMENTS(row));
  }
}

static double height(const json_t *series, const json_t *layer) {
  double sum = 0;
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    sum += share(series, layer, &bands[k]);
  return sum;
}

static void write_axes(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *layers = json_object_get(series, "layers");
  cs3_script_add(
      script, SAY("set yrange [0:"), NUM(1.12 * height(series, json_array_get(layers, 0))),
      SAY("]\nset xrange [-0.6:"), NUM((double)json_array_size(layers) - 0.4),
      target->format != CS3_PLOT_TEXT ? SAY("]\nset xtics font ',10' (") : SAY("]\nset xtics ("));
  size_t i;
  json_t *layer;
  json_array_foreach(layers, i, layer) cs3_script_add(
      script, i > 0 ? SAY(", ") : SAY(""), TIC(cs3_record_string(layer, "name")), SAY(" "), NUM(i));
  cs3_script_say(script, ")\nset boxwidth 0.7\n");
}

static void write_speedups(const json_t *series, Cs3Script *script) {
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(series, "layers"), i, layer) {
    g_autofree char *text = g_strdup_printf("%.2f x", cs3_record_number(layer, "speedup"));
    cs3_script_add(script, SAY("set label "), QUOTE(text), SAY(" at "), NUM(i), SAY(", "),
                   NUM(height(series, layer)), SAY(" center offset 0, 0.6\n"));
  }
}

/* From the top down, so that each box covers the lower part of the one before. */
static void write_boxes(Cs3Script *script) {
  cs3_script_say(script, "plot ");
  for (guint n = G_N_ELEMENTS(bands); n > 0; n--) {
    cs3_script_add(script, DATA, SAY(" using 'place':(0"));
    for (guint k = 0; k < n; k++)
      cs3_script_add(script, SAY(" + column('"), PUT(bands[k].column), SAY("')"));
    cs3_script_add(script,
                   SAY(") with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor rgb "),
                   QUOTE(bands[n - 1].rgb), SAY(" title "), QUOTE(bands[n - 1].title),
                   n > 1 ? SAY(", \\\n  ") : SAY("\n"));
  }
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *r = json_object_get(series, "record");
  g_autofree char *subtitle =
      g_strdup_printf("%s on %s, %.4g %% %s sparsity", cs3_record_string(r, "model.name"),
                      cs3_record_string(r, "hardware.name"), 100 * cs3_record_number(r, "sparsity"),
                      cs3_record_string(r, "pattern"));
  g_autofree char *caption = g_strdup_printf(
      "All instances of a layer, three passes, without recomputation. Above the bars: speed-up "
      "over "
      "dense weights, per token. %.0f tokens on the wafer.\nSource: simulated by cs3sim %s, "
      "fidelity %s, seed %.0f.",
      cs3_record_number(r, "mapping.tokens_on_wafer"), cs3_record_string(r, "provenance.version"),
      cs3_record_string(r, "fidelity"), cs3_record_number(r, "provenance.seed"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "Where the linear layers' cycles go",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "linear layer",
                                     .y = "share of the training step [%]",
                                     .legend_rows = 3,
                                     .legend_columns = 2});
  write_axes(series, target, script);
  write_speedups(series, script);
  write_boxes(script);
}

const Cs3Plot cs3_plot_layers = {
    .name = "layers",
    .summary = "one run: cycles of every linear layer by cause",
    .needs = CS3_PLOT_NEEDS_RUN,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
