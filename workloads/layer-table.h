/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of layers as models: one matrix product or convolution a line. */
#pragma once

#include "workloads/model.h"

/* Of files that hold one. */
#define CS3_LAYER_TABLE_SUFFIX ".csv"

/**
 * cs3_layer_table_parse: the model of the table in @size bytes of CSV at @text. Its header says
 * which kind it is:
 * products, columns M, N, K, perhaps a name (name, layer) and count: M rows (tokens) of a sample
 * times a weight of N output and K input features, as often as count says, each with a weight of
 * its own;
 * convolutions, the columns of SCALE-Sim's topologies (Layer name, IFMAP Height, IFMAP Width,
 * Filter Height, Filter Width, Channels, Num Filter, Strides or Stride Height, Stride Width); a
 * window that the input ends in counts, as it does there; a layer with DP in its name is depthwise.
 * Layers follow each other, whatever they compute; each keeps its input. Blank lines, blanks,
 * trailing commas and what begins with '#' are skipped; other columns are named in a note.
 * @source: names the table in messages.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_DATA, "SOURCE:LINE: column:
 *   ...".
 */
Cs3Model *cs3_layer_table_parse(const char *text, gsize size, const char *source, const char *name,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;
