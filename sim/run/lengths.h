/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long a sample is and what its attention sees, in words. */
#pragma once

#include "workloads/model.h"

/** cs3_attention_parse: read what --attention accepts ("full", "window:512", ...) into @lengths. */
gboolean cs3_attention_parse(const char *text, Cs3Lengths *lengths,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_text: (transfer full): the same of @lengths, as in records. */
char *cs3_attention_text(const Cs3Lengths *lengths);

/**
 * cs3_length_default_note: (transfer full) (nullable): where a sample has the default length
 * although the model can more, a sentence that says so.
 */
char *cs3_length_default_note(const Cs3Graph *graph);
