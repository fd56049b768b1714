/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The heatmap of a program on the event fabric. */
#include "config.h"

#include "sim/wafer/fabric-heatmap.h"

#include <string.h>

#include "plots/gnuplot.h"
#include "plots/mesh-map.h"
#include "sim/cli/cli.h"

void cs3_fabric_heatmap_free(Cs3FabricHeatmap *heatmap) {
  if (heatmap == NULL)
    return;
  cs3_output_free(heatmap->data);
  cs3_output_free(heatmap->script);
  cs3_output_free(heatmap->picture);
  g_free(heatmap->stem);
  g_free(heatmap);
}

static gboolean check_name(const char *path, GError **error) {
  for (const char *c = path; *c != '\0'; c++)
    if (g_ascii_iscntrl(*c)) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--heatmap: the name %s holds a control character, which gnuplot cannot take",
                  path);
      return FALSE;
    }
  return TRUE;
}

static gboolean open_picture(Cs3FabricHeatmap *heatmap, const char *path, GError **error) {
  heatmap->stem = g_strndup(path, strlen(path) - strlen(".svg"));
  g_autofree char *data = g_strconcat(heatmap->stem, ".dat", NULL);
  g_autofree char *script = g_strconcat(heatmap->stem, ".gp", NULL);
  return check_name(path, error) && (heatmap->picture = cs3_output_new(path, error)) &&
         (heatmap->data = cs3_output_new(data, error)) &&
         (heatmap->script = cs3_output_new(script, error));
}

Cs3FabricHeatmap *cs3_fabric_heatmap_open(const char *path, GError **error) {
  g_autoptr(Cs3FabricHeatmap) heatmap = g_new0(Cs3FabricHeatmap, 1);
  g_autofree char *base = g_path_get_basename(path);
  gboolean picture = strlen(base) > strlen(".svg") &&
                     (g_str_has_suffix(base, ".svg") || g_str_has_suffix(base, ".png"));
  if (picture ? !open_picture(heatmap, path, error)
              : !(heatmap->data = cs3_output_new(path, error)))
    return NULL;
  return g_steal_pointer(&heatmap);
}

static char *script_of(const json_t *record, const Cs3PlotTarget *target) {
  const char *program, *hardware;
  json_int_t width, height, cycles;
  int bad =
      json_unpack((json_t *)record, "{s:s, s:s, s:I, s:I, s:I}", "program", &program, "hardware",
                  &hardware, "width", &width, "height", &height, "cycles", &cycles);
  g_return_val_if_fail(bad == 0, NULL);
  g_autofree char *title = g_strdup_printf("%s on %" JSON_INTEGER_FORMAT "x%" JSON_INTEGER_FORMAT
                                           " PEs: where the cycles go",
                                           program, width, height);
  g_autofree char *subtitle =
      g_strdup_printf("%s, wavelet by wavelet: %" JSON_INTEGER_FORMAT " cycles", hardware, cycles);
  Cs3MeshMapWords words = {title, subtitle, (guint)width, (guint)height};
  GString *script = g_string_new(NULL);
  cs3_mesh_map_script(script, target, &words);
  return g_string_free(script, FALSE);
}

/* Data and script are in their places: say so where they are all there is. */
static gboolean draw(Cs3FabricHeatmap *heatmap, const Cs3PlotTarget *target, const char *script,
                     const char *data, GError **error) {
  GError *problem = NULL;
  g_autoptr(GBytes) picture = cs3_gnuplot_draw(target, script, data, &problem);
  if (picture == NULL) {
    g_autofree char *message = g_strdup_printf("%s; %s.dat and %s.gp are written", problem->message,
                                               heatmap->stem, heatmap->stem);
    g_set_error_literal(error, problem->domain, problem->code, message);
    g_error_free(problem);
    return FALSE;
  }
  gsize n;
  const void *bytes = g_bytes_get_data(picture, &n);
  cs3_output_write(heatmap->picture, bytes, n);
  return cs3_output_finish(heatmap->picture, error);
}

gboolean cs3_fabric_heatmap_finish(Cs3FabricHeatmap *heatmap, const json_t *record,
                                   GError **error) {
  if (!cs3_output_finish(heatmap->data, error))
    return FALSE;
  if (heatmap->picture == NULL)
    return TRUE;
  const char *path = cs3_output_path(heatmap->picture);
  g_autofree char *data_path = g_strconcat(heatmap->stem, ".dat", NULL);
  g_autofree char *data_name = g_path_get_basename(data_path);
  g_autofree char *picture_name = g_path_get_basename(path);
  Cs3PlotTarget target = {.format = g_str_has_suffix(path, ".png") ? CS3_PLOT_PNG : CS3_PLOT_SVG,
                          .picture_name = picture_name,
                          .data_name = data_name};
  g_autofree char *script = script_of(record, &target);
  g_autofree char *data = NULL;
  cs3_output_puts(heatmap->script, script);
  return cs3_output_finish(heatmap->script, error) &&
         g_file_get_contents(data_path, &data, NULL, error) &&
         draw(heatmap, &target, script, data, error);
}
