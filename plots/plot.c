/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of plots. */
#include "config.h"

#include "plots/plot.h"

#include "plots/plots.h"
#include "results/record.h"

G_DEFINE_QUARK(cs3 - plot - error - quark, cs3_plot_error)

static const Cs3Plot *const plots[] = {
    &cs3_plot_speedup,
    &cs3_plot_breakdown,
    &cs3_plot_layer_speedup,
    &cs3_plot_layers,
    &cs3_plot_roofline,
    &cs3_plot_compare,
    &cs3_plot_isoloss,
    &cs3_plot_decode,
    &cs3_plot_heatmap,
    &cs3_plot_pareto,
    &cs3_plot_sparsity_hardware,
    &cs3_plot_validation,
    &cs3_plot_scaling,
    &cs3_plot_timeline,
    &cs3_plot_memory,
    &cs3_plot_transforms,
    &cs3_plot_lines,
    &cs3_plot_tornado,
    &cs3_plot_posterior,
    NULL,
};

gboolean cs3_plot_require_one(const json_t *records, const char *what, GError **error) {
  if (json_array_size(records) == 1)
    return TRUE;
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
              "the plot needs one %s, not %" G_GSIZE_FORMAT, what, json_array_size(records));
  return FALSE;
}

gboolean cs3_plot_require_one_run(const json_t *records, const char *const *numbers,
                                  const char *const *texts, GError **error) {
  if (!cs3_plot_require_one(records, "run", error))
    return FALSE;
  if (cs3_record_require(json_array_get(records, 0), numbers, texts, error))
    return TRUE;
  g_prefix_error(error, "record 1: ");
  return FALSE;
}

const Cs3Plot *const *cs3_plots(void) {
  return plots;
}

gboolean cs3_plot_make(const Cs3Plot *plot, const json_t *records, const Cs3PlotTarget *target,
                       char **data, Cs3Script **script, GError **error) {
  json_auto_t *series = plot->prepare(records, error);
  if (series == NULL)
    return FALSE;
  g_autoptr(Cs3Script) rows = cs3_script_new();
  plot->write_data(series, rows);
  *data = cs3_script_text(rows);
  *script = cs3_script_new();
  plot->write_script(series, target, *script);
  return TRUE;
}
