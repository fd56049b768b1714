/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the same FLOPs cost: a dense network against the Sparse Iso-FLOP Transformations of it, in
 * time, energy and memory. */
#include "config.h"

#include <string.h>

#include "plots/canvas.h"
#include "plots/plots.h"
#include "results/record.h"

enum { MAX_RUNS = 16 };

static const struct {
  Cs3Words column;
  const char *key, *title;
  Cs3Color color;
} bars[] = {
    {CS3_WORDS("time"), "step.time_s", "time of a step", CS3_COLOR_BLUE},
    {CS3_WORDS("energy"), "energy.joules_per_step", "energy of a step", CS3_COLOR_ORANGE},
    {CS3_WORDS("memory"), "mapping.activation_bytes_per_token", "activation memory", CS3_COLOR_SKY},
};

static gboolean is_dense(const json_t *record) {
  return json_object_get(record, "transform") == NULL;
}

/* "wide" of "sparse-wide": all are. */
static const char *name_of(const json_t *record) {
  const char *name = is_dense(record) ? "dense" : cs3_record_string(record, "transform.name");
  return g_str_has_prefix(name, "sparse-") ? name + strlen("sparse-") : name;
}

static gboolean check(const json_t *record, GError **error) {
  static const char *const numbers[] = {"step.time_s",
                                        "energy.joules_per_step",
                                        "mapping.activation_bytes_per_token",
                                        "sparsity",
                                        "batch",
                                        NULL};
  static const char *const texts[] = {"model.name", "hardware.name", NULL};
  static const char *const own_numbers[] = {"transform.macs_per_sample",
                                            "transform.original_macs_per_sample", NULL};
  static const char *const own_texts[] = {"transform.name", NULL};
  return cs3_record_require(record, numbers, texts, error) &&
         (is_dense(record) || cs3_record_require(record, own_numbers, own_texts, error));
}

static gboolean fail(size_t i, const char *why, GError **error) {
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "record %zu: %s", i + 1, why);
  return FALSE;
}

static json_t *prepare(const json_t *records, GError **error) {
  size_t i;
  json_t *record;
  if (json_array_size(records) < 2 || json_array_size(records) > MAX_RUNS) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "expected the record of a dense run and 1 to %d of transformed ones, not %zu",
                MAX_RUNS - 1, json_array_size(records));
    return NULL;
  }
  const json_t *first = json_array_get(records, 0);
  json_array_foreach(records, i, record) {
    if (!check(record, error)) {
      g_prefix_error(error, "record %zu: ", i + 1);
      return NULL;
    }
    gboolean other = strcmp(cs3_record_string(record, "model.name"),
                            cs3_record_string(first, "model.name")) != 0 ||
                     cs3_record_number(record, "batch") != cs3_record_number(first, "batch");
    if ((other && !fail(i, "another model or batch than the first", error)) ||
        (is_dense(record) != (i == 0) &&
         !fail(i,
               i == 0 ? "expected the network as it was, not transformed"
                      : "expected a transformed network",
               error)))
      return NULL;
  }
  return json_deep_copy(records);
}

/* Times what the dense network costs. */
static double ratio(const json_t *series, size_t i, guint k) {
  return cs3_record_number(json_array_get(series, i), bars[k].key) /
         cs3_record_number(json_array_get(series, 0), bars[k].key);
}

static double flops(const json_t *record) {
  return is_dense(record) ? 1
                          : cs3_record_number(record, "transform.macs_per_sample") /
                                cs3_record_number(record, "transform.original_macs_per_sample");
}

static void write_data(const json_t *series, Cs3Script *data) {
  cs3_script_add(data, SAY("# "), COMMENT(cs3_plot_transforms.summary),
                 SAY("place network time energy memory flops\n"));
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r) {
    cs3_script_add(data, NUM(i), SAY(" "), FIELD(name_of(r)));
    for (guint k = 0; k < G_N_ELEMENTS(bars); k++)
      cs3_script_add(data, SAY(" "), NUM(ratio(series, i, k)));
    cs3_script_add(data, SAY(" "), NUM(flops(r)), SAY("\n"));
  }
}

static double highest(const json_t *series) {
  double most = 1;
  for (size_t i = 0; i < json_array_size(series); i++)
    for (guint k = 0; k < G_N_ELEMENTS(bars); k++)
      most = MAX(most, ratio(series, i, k));
  return most;
}

static void write_axes(const json_t *series, Cs3Script *script) {
  cs3_script_add(script, SAY("set yrange [0:"), NUM(1.12 * highest(series)),
                 SAY("]\nset xrange [-0.6:"), NUM((double)json_array_size(series) - 0.4),
                 SAY("]\nset xtics ("));
  size_t i;
  json_t *r;
  json_array_foreach(series, i, r)
      cs3_script_add(script, i > 0 ? SAY(", ") : SAY(""), TIC(name_of(r)), SAY(" "), NUM(i));
  cs3_script_say(script, ")\nset boxwidth 0.24\n");
}

static void write_bars(Cs3Script *script) {
  cs3_script_say(script, "plot ");
  for (guint k = 0; k < G_N_ELEMENTS(bars); k++)
    cs3_script_add(
        script, k > 0 ? SAY(", \\\n  ") : SAY(""), DATA, SAY(" using (column('place') + "),
        NUM(0.26 * ((double)k - 1)), SAY("):(column('"), PUT(bars[k].column),
        SAY("')) with boxes fill solid 1.0 border linecolor rgb '#222222' fillcolor rgb "),
        QUOTE(cs3_color_rgb(bars[k].color)), SAY(" title "), QUOTE(bars[k].title));
  cs3_script_say(script, "\n");
}

static void write_script(const json_t *series, const Cs3PlotTarget *target, Cs3Script *script) {
  const json_t *first = json_array_get(series, 0), *second = json_array_get(series, 1);
  g_autofree char *subtitle = g_strdup_printf(
      "%s at %.4g %% sparsity on %s, %.0f samples a step", cs3_record_string(first, "model.name"),
      100 * cs3_record_number(second, "sparsity"), cs3_record_string(first, "hardware.name"),
      cs3_record_number(first, "batch"));
  g_autofree char *caption = g_strdup_printf(
      "Layers that can be sparse have the FLOPs of the dense ones, to rounding (Sparse-IFT, arXiv "
      "2303.11525).\nSource: simulated by cs3sim %s, seed %.0f.",
      cs3_record_string(first, "provenance.version"), cs3_record_number(first, "provenance.seed"));
  cs3_canvas_begin(script, target,
                   &(Cs3CanvasWords){.title = "What the same FLOPs cost",
                                     .subtitle = subtitle,
                                     .caption = caption,
                                     .x = "network",
                                     .y = "times the dense network",
                                     .legend_rows = 1,
                                     .legend_columns = 3});
  write_axes(series, script);
  write_bars(script);
}

const Cs3Plot cs3_plot_transforms = {
    .name = "transforms",
    .summary = "time, energy and memory of the same FLOPs, dense and by sparse transformations",
    .needs = CS3_PLOT_NEEDS_TRANSFORMS,
    .prepare = prepare,
    .write_data = write_data,
    .write_script = write_script,
};
