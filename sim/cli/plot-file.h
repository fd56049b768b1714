/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A plot of records that are at hand, as bytes or as a file. */
#pragma once

#include "plots/plot.h"

/**
 * cs3_plot_picture: @plot drawn from the array @records. Starts threads, as cs3_gnuplot_draw()
 * does. Returns: (transfer full) (nullable): %NULL with CS3_PLOT_ERROR.
 */
GBytes *cs3_plot_picture(const Cs3Plot *plot, const json_t *records, Cs3PlotFormat format,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_plot_path_check: whether @path ends in .svg, .png, .pdf or .txt. @option names it in the
 * message (CS3_CLI_ERROR_USAGE). */
gboolean cs3_plot_path_check(const char *option, const char *path,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_plot_to_file: the picture into @path, whose extension says what to write. */
gboolean cs3_plot_to_file(const Cs3Plot *plot, const json_t *records, const char *path,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
