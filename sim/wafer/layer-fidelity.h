/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer's pass on the wavelet-level machine, beside the recurrence and the bound. */
#pragma once

#include <jansson.h>

#include "sim/wafer/layer-run.h"

/**
 * cs3_layer_run_event: runs the mapping @choice of a pass wavelet by wavelet.
 * @mask: (nullable): as the pass streams it (dX: transposed), %NULL: all weights are alive.
 * Writes config->trace and config->heatmap when asked for. Returns: (transfer full) (nullable):
 * object with cycles, macs, wrong outputs, largest error, wavelet hops; %NULL with an error of
 * #Cs3FabricError (among them INFEASIBLE: too many wavelets to move one by one).
 */
json_t *cs3_layer_run_event(const Cs3LayerConfig *config, const Cs3Mask *mask,
                            const Cs3MapCandidate *choice,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_layer_add_event: @event becomes what it and the pass before it, @before, did together. */
void cs3_layer_add_event(json_t *event, const json_t *before);
