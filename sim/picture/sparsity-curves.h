/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed-up of one layer over the same machine's dense run, for the machines of `cs3sim plot
 * sparsity-hardware`. */
#pragma once

#include <glib.h>
#include <jansson.h>

/**
 * cs3_sparsity_curves: append a curve (schema cs3sim.curve/1: title, source, measured, tokens,
 * points of sparsity and speedup) a machine and format to the array @records: the wafers cs2 and
 * cs3 simulated by @workers threads, then the machine h200 as it was measured.
 */
gboolean cs3_sparsity_curves(guint workers, json_t *records,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
