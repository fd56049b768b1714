/* SPDX-License-Identifier: GPL-3.0-or-later */
/* BLOOM: ALiBi positions, a norm behind the embedding, biases, fused QKV. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("n_embed", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("n_layer", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("n_head", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_OF("seq_length", Cs3Dims, max_seq, 1, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_NULLABLE("n_inner", Cs3Dims, ffn, 1, CS3_MODEL_MAX_FFN),
    CS3_FIELD_TIED,
    CS3_FIELD_END,
};

static const char *const harmless[] = {"apply_residual_connection_post_layernorm",
                                       "slow_but_exact",
                                       "offset_alibi",
                                       "skip_bias_add",
                                       "skip_bias_add_qkv",
                                       NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 2,
                                                         .hidden = 64,
                                                         .heads = 8,
                                                         .vocab = 250880,
                                                         .max_seq = 2048,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .tied = TRUE}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  static const Cs3AttentionPart attention = {.qkv = "self_attention.query_key_value.weight",
                                             .out = "self_attention.dense.weight",
                                             .qkv_bias = TRUE,
                                             .out_bias = TRUE,
                                             .causal = TRUE,
                                             .score_bias = TRUE};
  static const Cs3MlpPart mlp = {
      .up = "mlp.dense_h_to_4h.weight", .down = "mlp.dense_4h_to_h.weight", .bias = TRUE};
  return cs3_compose_prenorm_block(b, config, &attention, &mlp, CS3_NORM_LAYER,
                                   "input_layernorm.weight", "post_attention_layernorm.weight", x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_compose_decoder(
      b, config,
      &(Cs3DecoderParts){.embedding = "transformer.word_embeddings.weight",
                         .embedding_norm = "transformer.word_embeddings_layernorm.weight",
                         .blocks = "transformer.h.*.",
                         .final_norm = "transformer.ln_f.weight",
                         .norm = CS3_NORM_LAYER,
                         .lm_head = "lm_head.weight",
                         .block = block});
}

const Cs3Family cs3_family_bloom = {
    .name = "bloom",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
