/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed-up of one layer over the same machine's dense run. */
#include "config.h"

#include "sim/picture/sparsity-curves.h"

#include <string.h>

#include "base/json.h"
#include "results/record.h"
#include "sim/machine/baseline.h"
#include "sim/machine/machine.h"
#include "sim/run/result.h"
#include "sim/wafer/layer-run.h"

/* The layer that was measured; the wafer has more tokens, as many as it needs for arithmetic to
 * hide the stream of weights. A GPU's ratio does not depend on them. */
enum { FEATURES = 12288, TOKENS = 131072 };
#define MEASURED_LAYER "gemm12k"

static const double sparsities[] = {0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99};

static json_t *curve_new(const char *title, const char *source, gboolean measured) {
  return cs3_json_pack("{s:s, s:s, s:s, s:b, s:i, s:o}", "schema", "cs3sim.curve/1", "title", title,
                       "source", source, "measured", measured, "tokens", TOKENS, "points",
                       json_array());
}

static void add_point(json_t *curve, double sparsity, double speedup) {
  json_array_append_new(json_object_get(curve, "points"),
                        cs3_json_pack("{s:f, s:f}", "sparsity", sparsity, "speedup", speedup));
}

static gboolean simulate(const char *name, guint workers, json_t *records, GError **error) {
  g_autoptr(Cs3Machine) machine = cs3_machine_load(name, NULL, error);
  Cs3LayerConfig config = {.machine = machine,
                           .out_features = FEATURES,
                           .in_features = FEATURES,
                           .tokens = TOKENS,
                           .pass = CS3_PASS_FORWARD,
                           .seed = 1,
                           .workers = workers,
                           .force = CS3_MAP_FREE};
  if (machine == NULL || !cs3_pattern_parse(&config.pattern, "uniform", error))
    return FALSE;
  g_autofree char *title = g_strdup_printf("%s, simulated", name);
  json_t *curve = curve_new(title, "simulated", FALSE);
  json_array_append_new(records, curve);
  for (guint i = 0; i < G_N_ELEMENTS(sparsities); i++) {
    config.sparsity = sparsities[i];
    json_t *record = cs3_layer_run(&config, error);
    if (record == NULL)
      return FALSE;
    add_point(curve, sparsities[i], cs3_record_number(record, "speedup.simulated"));
    json_decref(record);
  }
  return TRUE;
}

/* The measured points of one format. */
static void add_measured(const Cs3Baseline *baseline, Cs3BaselineFormat format, json_t *records) {
  g_autofree char *title =
      g_strdup_printf("%s, %s, measured", baseline->name, cs3_baseline_format_name(format));
  json_t *curve = curve_new(title, baseline->source, TRUE);
  json_array_append_new(records, curve);
  for (guint i = 0; i < baseline->products->len; i++) {
    const Cs3BaselineProduct *p = baseline->products->pdata[i];
    Cs3BaselineValue v;
    if (p->format == format && strcmp(p->layer, MEASURED_LAYER) == 0 &&
        cs3_baseline_speedup(baseline, p->layer, format, p->sparsity, &v, NULL))
      add_point(curve, p->sparsity, v.value);
  }
}

gboolean cs3_sparsity_curves(guint workers, json_t *records, GError **error) {
  g_autoptr(Cs3Baseline) h200 = cs3_baseline_load("h200", error);
  if (h200 == NULL || !simulate("cs2", workers, records, error) ||
      !simulate(CS3_DEFAULT_HARDWARE, workers, records, error))
    return FALSE;
  add_measured(h200, CS3_BASELINE_UNSTRUCTURED, records);
  add_measured(h200, CS3_BASELINE_2_OF_4, records);
  add_measured(h200, CS3_BASELINE_BLOCK_64, records);
  return TRUE;
}
