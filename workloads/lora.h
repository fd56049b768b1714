/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Low-rank adaptation (Hu et al. 2021, arXiv 2106.09685): everything that a network has is frozen;
 * beside some of its layers a product B A of low rank is trained. A rewrite of the layer graph. */
#pragma once

#include "workloads/model.h"

/** cs3_lora_is_none: whether @text (nullable) asks for no adapters: rank 0, to compare with. */
gboolean cs3_lora_is_none(const char *text);

/**
 * cs3_lora_model: @graph with adapters.
 * @text: "RANK", beside every linear layer of a block (convolutions and grouped layers aside), or
 *   "RANK:NAME,NAME", beside those whose names in the graph match; names may have * and ?.
 * A frozen layer does not need its input in backward, so it keeps none. The model is a graph
 * (graph-model.h) for the lengths of @graph and has a note of what it is.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_INVALID: no rank, one that is
 *   no smaller than the smaller side of a layer, a name that is no such layer's (with those that
 *   there are), DATA: a segment would have too many operators.
 */
Cs3Model *cs3_lora_model(const Cs3Graph *graph, const char *text,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
