/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Helium: Llama with a smaller vocabulary. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_FLAG("mlp_bias", mlp_bias),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 24,
                                                         .hidden = 2560,
                                                         .heads = 20,
                                                         .kv_heads = 20,
                                                         .head_dim = 128,
                                                         .ffn = 7040,
                                                         .vocab = 48000,
                                                         .max_seq = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = c->qkv_bias;
  Cs3MlpPart mlp = cs3_llama_mlp;
  mlp.bias = c->mlp_bias;
  return cs3_compose_llama_block(b, &c->d, &attention, &mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_helium = {
    .name = "helium",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
