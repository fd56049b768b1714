/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plot of records that are at hand. */
#include "config.h"

#include "sim/cli/plot-file.h"

#include "plots/gnuplot.h"
#include "sim/cli/cli.h"

static const char *const extensions[] = {
    [CS3_PLOT_TEXT] = "txt",
    [CS3_PLOT_SVG] = "svg",
    [CS3_PLOT_PNG] = "png",
    [CS3_PLOT_PDF] = "pdf",
};

GBytes *cs3_plot_picture(const Cs3Plot *plot, const json_t *records, Cs3PlotFormat format,
                         GError **error) {
  Cs3PlotTarget target = {.format = format, .columns = 79, .rows = 40};
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  if (!cs3_plot_make(plot, records, &target, &data, &script, error))
    return NULL;
  return cs3_gnuplot_draw(&target, script, data, CS3_GNUPLOT_LIMIT_S, error);
}

static int format_of(const char *path) {
  for (guint i = 0; i < G_N_ELEMENTS(extensions); i++) {
    g_autofree char *end = g_strconcat(".", extensions[i], NULL);
    if (g_str_has_suffix(path, end))
      return (int)i;
  }
  return -1;
}

gboolean cs3_plot_path_check(const char *option, const char *path, GError **error) {
  if (format_of(path) >= 0)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "%s: the name %s does not say what to draw; let it end in .svg, .png, .pdf or .txt",
              option, path);
  return FALSE;
}

gboolean cs3_plot_to_file(const Cs3Plot *plot, const json_t *records, const char *path,
                          GError **error) {
  g_autoptr(Cs3Output) output = cs3_output_new(path, error);
  if (output == NULL)
    return FALSE;
  g_autoptr(GBytes) picture =
      cs3_plot_picture(plot, records, (Cs3PlotFormat)format_of(path), error);
  if (picture == NULL)
    return FALSE;
  gsize n;
  const void *bytes = g_bytes_get_data(picture, &n);
  cs3_output_write(output, bytes, n);
  return cs3_output_finish(output, error);
}
