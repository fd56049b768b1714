/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hunyuan, dense: Llama with norms on the heads of queries and keys. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"eod_token_id", "sep_token_id", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 4096,
                                                         .heads = 32,
                                                         .ffn = 11008,
                                                         .vocab = 290943,
                                                         .max_seq = 2048,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.q_norm = "self_attn.query_layernorm.weight";
  attention.k_norm = "self_attn.key_layernorm.weight";
  return cs3_compose_llama_block(b, &c->d, &attention, &cs3_llama_mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_hunyuan_v1_dense = {
    .name = "hunyuan_v1_dense",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
