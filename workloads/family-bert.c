/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BERT: an encoder with learned positions and types, norms behind the layers. */
#include "config.h"

#include "workloads/compose-encoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_BERT,
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_BERT, NULL};

static void defaults(gpointer config) {
  *(Cs3EncoderConfig *)config = (Cs3EncoderConfig){.d = {.layers = 12,
                                                         .hidden = 768,
                                                         .heads = 12,
                                                         .ffn = 3072,
                                                         .vocab = 30522,
                                                         .max_seq = 512,
                                                         .tied = TRUE,
                                                         .activation = CS3_ACTIVATION_GELU},
                                                   .types = 2};
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3EncoderParts parts = {
      .words = "bert.embeddings.word_embeddings.weight",
      .positions = "bert.embeddings.position_embeddings.weight",
      .types = "bert.embeddings.token_type_embeddings.weight",
      .embedding_norm = "bert.embeddings.LayerNorm.weight",
      .blocks = "bert.encoder.layer.*.",
      .norm = CS3_NORM_LAYER,
      .block = cs3_bert_block,
      .pooler = "bert.pooler.dense.weight",
      .classifier = "classifier.weight",
      .transform = "cls.predictions.transform.dense.weight",
      .transform_norm = "cls.predictions.transform.LayerNorm.weight",
      .decoder = "cls.predictions.decoder.weight",
  };
  cs3_compose_encoder(b, config, &parts);
}

const Cs3Family cs3_family_bert = {
    .name = "bert",
    .config_size = sizeof(Cs3EncoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_encoder_heads,
    .defaults = defaults,
    .derive = cs3_encoder_derive,
    .lengths = cs3_encoder_lengths,
    .build = build,
};
