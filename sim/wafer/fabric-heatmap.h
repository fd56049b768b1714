/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The heatmap of a program on the event fabric: columns of text, or a picture with them beside it.
 */
#pragma once

#include <jansson.h>

#include "base/output.h"

typedef struct {
  Cs3Output *data;             /* columns: the file itself, or FILE.dat beside a picture */
  Cs3Output *script, *picture; /* (nullable): %NULL when columns were asked for */
  char *stem;                  /* (nullable): the picture's name without its extension */
} Cs3FabricHeatmap;

/**
 * cs3_fabric_heatmap_open: check and reserve the places of all files before the run.
 * @path: FILE.svg or FILE.png is a picture, with FILE.dat and FILE.gp beside it; any other name
 * holds the columns alone. Returns: (transfer full) (nullable): %NULL with
 * %CS3_OUTPUT_ERROR_CREATE, or %CS3_CLI_ERROR_USAGE for a name that gnuplot cannot take.
 */
Cs3FabricHeatmap *cs3_fabric_heatmap_open(const char *path,
                                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_fabric_heatmap_finish: draw, and put data, script and picture in their places together.
 * @record: of cs3_fabric_execute(): names program, mesh, hardware and cycles.
 * Fails as outputs and cs3_gnuplot_draw() do; without gnuplot data and script are kept, unless
 * older ones are there.
 */
gboolean cs3_fabric_heatmap_finish(Cs3FabricHeatmap *heatmap, const json_t *record,
                                   GError **error) G_GNUC_WARN_UNUSED_RESULT;

void cs3_fabric_heatmap_free(Cs3FabricHeatmap *heatmap);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3FabricHeatmap, cs3_fabric_heatmap_free)
