/* SPDX-License-Identifier: GPL-3.0-or-later */
/* StarCoder2: rotary positions, layer norms, biases, a window. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_DECODER_WINDOW,
    CS3_DECODER_FLAG("use_bias", qkv_bias),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"mlp_type", "norm_type", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 30,
                                                         .hidden = 3072,
                                                         .heads = 24,
                                                         .kv_heads = 2,
                                                         .ffn = 12288,
                                                         .vocab = 49152,
                                                         .max_seq = 4096,
                                                         .activation = CS3_ACTIVATION_GELU,
                                                         .rotary_share = 1,
                                                         .tied = TRUE},
                                                   .qkv_bias = TRUE};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.window = c->d.window;
  Cs3MlpPart mlp = {.up = "mlp.c_fc.weight", .down = "mlp.c_proj.weight", .bias = c->qkv_bias};
  return cs3_compose_llama_block(b, &c->d, &attention, &mlp, CS3_NORM_LAYER, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.norm = CS3_NORM_LAYER;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_starcoder2 = {
    .name = "starcoder2",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
