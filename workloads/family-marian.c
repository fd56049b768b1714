/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Marian: norms behind the layers, positions that are computed but stored; one table for both
 * sides. */
#include "config.h"

#include "workloads/compose-seq2seq.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_SEQ2SEQ,
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_READ("decoder_vocab_size"),
    CS3_FIELD_READ("share_encoder_decoder_embeddings"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_SEQ2SEQ, NULL};

static void defaults(gpointer config) {
  *(Cs3Seq2Seq *)config = (Cs3Seq2Seq){.d = {.layers = 12,
                                             .hidden = 1024,
                                             .heads = 16,
                                             .ffn = 4096,
                                             .vocab = 58101,
                                             .max_seq = 1024,
                                             .activation = CS3_ACTIVATION_GELU,
                                             .tied = TRUE},
                                       .encoder_layers = 12,
                                       .encoder_heads = 16,
                                       .encoder_ffn = 4096};
}

/* One table serves encoder, decoder and head. */
static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  const Cs3Seq2Seq *c = config;
  json_t *share = json_object_get(object, "share_encoder_decoder_embeddings");
  json_t *vocab = json_object_get(object, "decoder_vocab_size");
  if (share && !json_is_true(share))
    return cs3_config_fail(error, source, "share_encoder_decoder_embeddings", share, "true");
  if (json_is_integer(vocab) && json_integer_value(vocab) != c->d.vocab)
    return cs3_config_fail(error, source, "decoder_vocab_size", vocab, "as vocab_size");
  return cs3_seq2seq_derive(config, object, source, error);
}

const Cs3Family cs3_family_marian = {
    .name = "marian",
    .config_size = sizeof(Cs3Seq2Seq),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_seq2seq_heads,
    .facts = cs3_seq2seq_facts,
    .defaults = defaults,
    .derive = derive,
    .lengths = cs3_seq2seq_lengths,
    .build = cs3_seq2seq_build,
};
