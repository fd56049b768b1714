/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mappings of attention, as people write them and as records. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "fabric/attention/attention.h"

/** cs3_attention_map_parse: one `--map` KEY=VALUE into @force. @prefix: of every key, "attention-"
 * beside those of layers, or "". Errors: CS3_FABRIC_ERROR_INVALID, with what is accepted. */
gboolean cs3_attention_map_parse(Cs3AttentionForce *force, const char *prefix, const char *text,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_attention_map_knows: whether @text begins with a key and "=". */
gboolean cs3_attention_map_knows(const char *prefix, const char *text);

/** cs3_attention_map_keys: the keys alone, into @words, which owns them. */
void cs3_attention_map_keys(const char *prefix, GPtrArray *words);

/** cs3_attention_map_words: everything that can be forced, "attention-axis=y", into @words, which
 * owns them; "attention-fold=" where a number follows. */
void cs3_attention_map_words(const char *prefix, GPtrArray *words);

/** cs3_attention_map_text: (transfer full): @mapping in words; @apart: its documents are. */
char *cs3_attention_map_text(const Cs3AttentionMapping *mapping, gboolean apart);

/** cs3_attention_map_json: (transfer full): the same as a record, with its cycles. */
json_t *cs3_attention_map_json(const Cs3AttentionRival *rival, gboolean apart);

/** cs3_attention_causes_json: (transfer full): cycles by cause; they add up to the pass.
 * @bottleneck: (out) (transfer none): the largest that is not arithmetic at the peak. */
json_t *cs3_attention_causes_json(const Cs3AttentionResult *result, const char **bottleneck);
