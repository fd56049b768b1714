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

static Cs3Script *script_of(const json_t *record, const Cs3PlotTarget *target) {
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
  Cs3Script *script = cs3_script_new();
  cs3_mesh_map_script(script, target, &words);
  return script;
}

/* Whether a picture of before, its data or its script would be replaced. */
static gboolean has_older(const Cs3FabricHeatmap *heatmap) {
  const Cs3Output *const files[] = {heatmap->picture, heatmap->data, heatmap->script};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    if (g_file_test(cs3_output_path(files[i]), G_FILE_TEST_EXISTS))
      return TRUE;
  return FALSE;
}

/* Without gnuplot data and script are all there is: beside an older picture they would not belong
 * to it. */
static void offer_rest(Cs3FabricHeatmap *heatmap, GError **error) {
  if (!g_error_matches(*error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_NO_GNUPLOT))
    return;
  const char *stem = heatmap->stem;
  g_autofree char *rest = NULL;
  if (has_older(heatmap))
    rest = g_strdup_printf("; the older files of %s stay as they were", stem);
  else if (cs3_output_finish(heatmap->data, NULL) && cs3_output_finish(heatmap->script, NULL))
    rest = g_strdup_printf("; %s.dat and %s.gp are written", stem, stem);
  char *message = g_strconcat((*error)->message, rest, NULL);
  g_free((*error)->message);
  (*error)->message = message;
}

static gboolean draw(Cs3FabricHeatmap *heatmap, const Cs3PlotTarget *target,
                     const Cs3Script *script, GError **error) {
  g_autofree char *data = cs3_output_read(heatmap->data, error);
  if (data == NULL)
    return FALSE;
  GError *problem = NULL;
  g_autoptr(GBytes) picture = cs3_gnuplot_draw(target, script, data, CS3_GNUPLOT_LIMIT_S, &problem);
  if (picture == NULL) {
    offer_rest(heatmap, &problem);
    g_propagate_error(error, problem);
    return FALSE;
  }
  gsize n;
  const void *bytes = g_bytes_get_data(picture, &n);
  cs3_output_write(heatmap->picture, bytes, n);
  return cs3_output_complete(heatmap->picture, error) && cs3_output_finish(heatmap->data, error) &&
         cs3_output_finish(heatmap->script, error) && cs3_output_finish(heatmap->picture, error);
}

gboolean cs3_fabric_heatmap_finish(Cs3FabricHeatmap *heatmap, const json_t *record,
                                   GError **error) {
  if (heatmap->picture == NULL)
    return cs3_output_finish(heatmap->data, error);
  const char *path = cs3_output_path(heatmap->picture);
  Cs3PlotTarget target = {.format = g_str_has_suffix(path, ".png") ? CS3_PLOT_PNG : CS3_PLOT_SVG};
  g_autofree char *data_name = g_path_get_basename(cs3_output_path(heatmap->data));
  g_autofree char *picture_name = g_path_get_basename(path);
  g_autoptr(Cs3Script) script = script_of(record, &target);
  g_autofree char *text = cs3_script_file(script, picture_name, data_name);
  cs3_output_puts(heatmap->script, text);
  return cs3_output_complete(heatmap->data, error) && cs3_output_complete(heatmap->script, error) &&
         draw(heatmap, &target, script, error);
}
