/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two maps of a mesh of PEs, in one picture: how busy PEs and links are. */
#pragma once

#include "plots/plot.h"

typedef struct {
  const char *title, *subtitle;
  guint width, height; /* of the mesh, PEs */
} Cs3MeshMapWords;

/**
 * cs3_mesh_map_script: append the script that draws its data, a line of column names and a
 * line a PE with columns x, y, pe_busy_share and busiest_link_share (0 to 1, blocks of one y).
 * Shares are drawn in percent on a perceptually uniform scale from 0 to the largest, in whole tens;
 * PE (0, 0) is top left.
 * @target: a picture, not CS3_PLOT_TEXT.
 */
void cs3_mesh_map_script(Cs3Script *script, const Cs3PlotTarget *target,
                         const Cs3MeshMapWords *words);
