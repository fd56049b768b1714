/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CamemBERT: RoBERTa in French. */
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
                                                   .types = 2,
                                                   .position_offset = 2};
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3EncoderParts parts = {
      .words = "roberta.embeddings.word_embeddings.weight",
      .positions = "roberta.embeddings.position_embeddings.weight",
      .types = "roberta.embeddings.token_type_embeddings.weight",
      .embedding_norm = "roberta.embeddings.LayerNorm.weight",
      .blocks = "roberta.encoder.layer.*.",
      .norm = CS3_NORM_LAYER,
      .block = cs3_bert_block,
      .pooler = "roberta.pooler.dense.weight",
      .classifier = "classifier.out_proj.weight",
      .transform = "lm_head.dense.weight",
      .transform_norm = "lm_head.layer_norm.weight",
      .decoder = "lm_head.decoder.weight",
      .class_dense = "classifier.dense.weight",
  };
  cs3_compose_encoder(b, config, &parts);
}

const Cs3Family cs3_family_camembert = {
    .name = "camembert",
    .config_size = sizeof(Cs3EncoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_encoder_heads,
    .defaults = defaults,
    .derive = cs3_encoder_derive,
    .lengths = cs3_encoder_lengths,
    .build = build,
};
