/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linear layers of one run: where each one's cycles go, as stacked bars. */
#include "config.h"

#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

/* More bars than this cannot be read: the costliest are drawn. */
enum { MOST = 16 };

typedef struct {
  const char *column, *title, *rgb;
  const char *causes[4];
} Band;

static const Band bands[] = {
    {"arithmetic", "MACs at peak", "#0072B2", {"arithmetic", NULL}},
    {"pe_losses",
     "imbalance, issue, idle PEs",
     "#000000",
     {"imbalance", "overhead", "mapping", NULL}},
    {"reduction", "reduction", "#D55E00", {"reduction", NULL}},
    {"ingress", "ingress", "#E69F00", {"ingress", NULL}},
    {"egress", "egress", "#F0E442", {"egress", NULL}},
    {"fill", "fill", "#bbbbbb", {"fill", NULL}},
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
  return json_pack("{s:O, s:o}", "record", record, "layers", drawn);
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

static void write_data(const json_t *series, GString *data) {
  g_string_append_printf(data, "# %s; per cent of the step\nplace layer speedup",
                         cs3_plot_layers.summary);
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    g_string_append_printf(data, " %s", bands[k].column);
  g_string_append_c(data, '\n');
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(series, "layers"), i, layer) {
    g_string_append_printf(data, "%zu \"%s\" ", i, cs3_record_string(layer, "name"));
    cs3_canvas_number(data, cs3_record_number(layer, "speedup"));
    for (guint k = 0; k < G_N_ELEMENTS(bands); k++) {
      g_string_append_c(data, ' ');
      cs3_canvas_number(data, share(series, layer, &bands[k]));
    }
    g_string_append_c(data, '\n');
  }
}

static double height(const json_t *series, const json_t *layer) {
  double sum = 0;
  for (guint k = 0; k < G_N_ELEMENTS(bands); k++)
    sum += share(series, layer, &bands[k]);
  return sum;
}

static void write_axes(const json_t *series, const Cs3PlotTarget *target, GString *script) {
  const json_t *layers = json_object_get(series, "layers");
  g_string_append(script, "set yrange [0:");
  cs3_canvas_number(script, 1.12 * height(series, json_array_get(layers, 0)));
  g_string_append_printf(script, "]\nset xrange [-0.6:%zu.6]\nset xtics ",
                         json_array_size(layers) - 1);
  if (target->format != CS3_PLOT_TEXT)
    g_string_append(script, "font ',10' ");
  g_string_append(script, "(");
  size_t i;
  json_t *layer;
  json_array_foreach(layers, i, layer) {
    g_string_append(script, i > 0 ? ", " : "");
    cs3_canvas_quote(script, cs3_record_string(layer, "name"));
    g_string_append_printf(script, " %zu", i);
  }
  g_string_append(script, ")\nset boxwidth 0.7\n");
}

static void write_speedups(const json_t *series, GString *script) {
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(series, "layers"), i, layer) {
    g_autofree char *text = g_strdup_printf("%.2f x", cs3_record_number(layer, "speedup"));
    g_string_append(script, "set label ");
    cs3_canvas_quote(script, text);
    g_string_append_printf(script, " at %zu, ", i);
    cs3_canvas_number(script, height(series, layer));
    g_string_append(script, " center offset 0, 0.6\n");
  }
}

/* From the top down, so that each box covers the lower part of the one before. */
static void write_boxes(const Cs3PlotTarget *target, GString *script) {
  g_string_append(script, "plot ");
  for (guint n = G_N_ELEMENTS(bands); n > 0; n--) {
    cs3_canvas_file(script, target->data_name);
    g_string_append(script, " using 'place':(0");
    for (guint k = 0; k < n; k++)
      g_string_append_printf(script, " + column('%s')", bands[k].column);
    g_string_append_printf(script,
                           ") with boxes fill solid 1.0 border linecolor rgb '#ffffff' fillcolor "
                           "rgb '%s' title '%s'%s",
                           bands[n - 1].rgb, bands[n - 1].title, n > 1 ? ", \\\n  " : "\n");
  }
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, GString *script) {
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
  write_boxes(target, script);
}

const Cs3Plot cs3_plot_layers = {
    .name = "layers",
    .summary = "one run: cycles of every linear layer by cause",
    .needs = CS3_PLOT_NEEDS_RUN,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
