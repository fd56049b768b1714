/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arcee: Llama without gates, squared ReLU. */
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
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 2560,
                                                         .heads = 32,
                                                         .ffn = 18432,
                                                         .vocab = 32000,
                                                         .max_seq = 4096,
                                                         .activation = CS3_ACTIVATION_RELU2,
                                                         .rotary_share = 1}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  Cs3MlpPart mlp = {
      .up = "mlp.up_proj.weight", .down = "mlp.down_proj.weight", .bias = c->mlp_bias};
  return cs3_compose_llama_block(b, &c->d, &attention, &mlp, CS3_NORM_RMS, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_arcee = {
    .name = "arcee",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
