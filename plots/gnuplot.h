/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Running gnuplot. */
#pragma once

#include "plots/plot.h"

/**
 * cs3_gnuplot_draw: the picture that @script draws from @data.
 * gnuplot works in a temporary directory that is gone afterwards, without the user's settings and
 * in the C locale. Starts threads: not before a simulation that forks. Returns: (transfer full)
 * (nullable): the bytes of the picture, CS3_PLOT_TEXT as whole lines; %NULL with
 *   CS3_PLOT_ERROR_NO_GNUPLOT, CS3_PLOT_ERROR_GNUPLOT (what gnuplot says) or
 *   CS3_PLOT_ERROR_TEMPORARY.
 */
GBytes *cs3_gnuplot_draw(const Cs3PlotTarget *target, const char *script, const char *data,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
