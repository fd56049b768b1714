/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DistilBERT: BERT without types. */
#include "config.h"

#include "workloads/compose-encoder.h"

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("dim", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("hidden_dim", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("n_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("n_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_ACTIVATION("activation"),
    CS3_FIELD_TIED,
    CS3_FIELD_END,
};

static const char *const harmless[] = {"sinusoidal_pos_embds", "tie_weights_", NULL};

static void defaults(gpointer config) {
  *(Cs3EncoderConfig *)config = (Cs3EncoderConfig){.d = {.layers = 6,
                                                         .hidden = 768,
                                                         .heads = 12,
                                                         .ffn = 3072,
                                                         .vocab = 30522,
                                                         .max_seq = 512,
                                                         .tied = TRUE,
                                                         .activation = CS3_ACTIVATION_GELU}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  static const Cs3AttentionPart attention = {
      .q = "attention.q_lin.weight",
      .k = "attention.k_lin.weight",
      .v = "attention.v_lin.weight",
      .out = "attention.out_lin.weight",
      .qkv_bias = TRUE,
      .out_bias = TRUE,
  };
  static const Cs3MlpPart mlp = {.up = "ffn.lin1.weight", .down = "ffn.lin2.weight", .bias = TRUE};
  return cs3_compose_postnorm_block(b, config, &attention, &mlp, CS3_NORM_LAYER,
                                    "sa_layer_norm.weight", "output_layer_norm.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3EncoderParts parts = {
      .words = "distilbert.embeddings.word_embeddings.weight",
      .positions = "distilbert.embeddings.position_embeddings.weight",
      .embedding_norm = "distilbert.embeddings.LayerNorm.weight",
      .blocks = "distilbert.transformer.layer.*.",
      .norm = CS3_NORM_LAYER,
      .block = block,
      .classifier = "classifier.weight",
      .transform = "vocab_transform.weight",
      .transform_norm = "vocab_layer_norm.weight",
      .decoder = "vocab_projector.weight",
      .class_dense = "pre_classifier.weight",
  };
  cs3_compose_encoder(b, config, &parts);
}

const Cs3Family cs3_family_distilbert = {
    .name = "distilbert",
    .config_size = sizeof(Cs3EncoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_encoder_heads,
    .defaults = defaults,
    .derive = cs3_encoder_derive,
    .lengths = cs3_encoder_lengths,
    .build = build,
};
