/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gemma: Llama with GELU gates, wide heads, a tied embedding. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    {.key = "hidden_activation",
     .type = CS3_FIELD_ENUM,
     .offset = offsetof(Cs3Dims, activation),
     .optional = TRUE,
     .choices = cs3_activation_names},
    CS3_FIELD_NONE("use_bidirectional_attention"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 28,
                                                         .hidden = 3072,
                                                         .heads = 16,
                                                         .kv_heads = 16,
                                                         .head_dim = 256,
                                                         .ffn = 24576,
                                                         .vocab = 256000,
                                                         .max_seq = 8192,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .rotary_share = 1,
                                                         .tied = TRUE}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  return cs3_compose_llama_block(b, &c->d, &attention, &cs3_llama_mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_gemma = {
    .name = "gemma",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
