/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attentions of a run, as record and as text. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/run/run.h"

/** cs3_result_attentions: (transfer full): one object for every attention of a block that runs as a
 * program; empty where none does. */
json_t *cs3_result_attentions(const Cs3Run *run);

/** cs3_result_attention_kinds: (transfer full): where the cycles of the step in @attentions, of
 * that function, went, by cause and `moves`; without padding and what runs again. Empty where there
 * are none. */
json_t *cs3_result_attention_kinds(const Cs3Run *run, const json_t *attentions);

/** cs3_result_attentions_text: the table of them, from a record; nothing where there are none. */
void cs3_result_attentions_text(const json_t *record, Cs3Output *output);
