/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running gnuplot. */
#pragma once

#include "plots/plot.h"

/* A picture takes a second, a whole wafer some; one that takes this long never ends. */
#define CS3_GNUPLOT_LIMIT_S 120

/**
 * cs3_gnuplot_draw: the picture that @script draws from @data, whole: its end is checked.
 * gnuplot reads and writes pipes, without the user's settings, in the C locale, and is ended after
 * @limit_s seconds (CS3_GNUPLOT_LIMIT_S). Starts threads: not before a simulation that forks.
 * Returns: (transfer full) (nullable): the bytes of the picture, CS3_PLOT_TEXT as whole lines;
 * %NULL with CS3_PLOT_ERROR_NO_GNUPLOT, CS3_PLOT_ERROR_GNUPLOT (what gnuplot says of the script) or
 *   CS3_PLOT_ERROR_BROKEN (it hung, died or wrote half a picture).
 */
GBytes *cs3_gnuplot_draw(const Cs3PlotTarget *target, const Cs3Script *script, const char *data,
                         guint limit_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;
