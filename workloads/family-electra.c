/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ELECTRA: BERT with narrower tables; the generator as a masked language model. */
#include "config.h"

#include "workloads/compose-encoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_BERT,
    CS3_FIELD_OF("embedding_size", Cs3EncoderConfig, embed_dim, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"generator_size", CS3_HARMLESS_BERT,  "summary_activation",
                                       "summary_type",   "summary_use_proj", NULL};

static void defaults(gpointer config) {
  *(Cs3EncoderConfig *)config = (Cs3EncoderConfig){.d = {.layers = 12,
                                                         .hidden = 256,
                                                         .heads = 4,
                                                         .ffn = 1024,
                                                         .vocab = 30522,
                                                         .max_seq = 512,
                                                         .tied = TRUE,
                                                         .activation = CS3_ACTIVATION_GELU},
                                                   .types = 2,
                                                   .embed_dim = 128};
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3EncoderParts parts = {
      .words = "electra.embeddings.word_embeddings.weight",
      .positions = "electra.embeddings.position_embeddings.weight",
      .types = "electra.embeddings.token_type_embeddings.weight",
      .embedding_norm = "electra.embeddings.LayerNorm.weight",
      .blocks = "electra.encoder.layer.*.",
      .norm = CS3_NORM_LAYER,
      .block = cs3_bert_block,
      .classifier = "classifier.out_proj.weight",
      .project = "electra.embeddings_project.weight",
      .project_bias = TRUE,
      .transform = "generator_predictions.dense.weight",
      .transform_norm = "generator_predictions.LayerNorm.weight",
      .transform_dim = ((const Cs3EncoderConfig *)config)->embed_dim,
      .decoder = "generator_lm_head.weight",
      .class_dense = "classifier.dense.weight",
  };
  cs3_compose_encoder(b, config, &parts);
}

const Cs3Family cs3_family_electra = {
    .name = "electra",
    .config_size = sizeof(Cs3EncoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_encoder_heads,
    .defaults = defaults,
    .derive = cs3_encoder_derive,
    .lengths = cs3_encoder_lengths,
    .build = build,
};
