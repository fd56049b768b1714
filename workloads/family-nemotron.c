/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Nemotron: layer norms, partly rotated heads, squared ReLU without gates. */
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

static const char *const harmless[] = {"norm_eps", "kv_channels", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 6144,
                                                         .heads = 48,
                                                         .ffn = 24576,
                                                         .vocab = 256000,
                                                         .max_seq = 4096,
                                                         .activation = CS3_ACTIVATION_RELU2,
                                                         .rotary_share = 0.5}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  Cs3MlpPart mlp = {
      .up = "mlp.up_proj.weight", .down = "mlp.down_proj.weight", .bias = c->mlp_bias};
  return cs3_compose_llama_block(b, &c->d, &attention, &mlp, CS3_NORM_LAYER, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.norm = CS3_NORM_LAYER;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_nemotron = {
    .name = "nemotron",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
