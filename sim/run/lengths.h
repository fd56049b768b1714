/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a sample is, in words. */
#pragma once

#include "workloads/model.h"

/* Names of what --attention accepts, and what they stand for; the first is the default. */
extern const char *const cs3_attention_names[];
extern const Cs3AttentionMask cs3_attention_masks[];

/** cs3_attention_name: (transfer none): of @mask, as in records. */
const char *cs3_attention_name(Cs3AttentionMask mask);

/**
 * cs3_length_default_note: (transfer full) (nullable): where a sample has the default length
 * although the model can more, a sentence that says so.
 */
char *cs3_length_default_note(const Cs3Graph *graph);
