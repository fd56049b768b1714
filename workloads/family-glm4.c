/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GLM-4 (0414): GLM with norms on both sides of the layers. */
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

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 40,
                                                         .hidden = 4096,
                                                         .heads = 32,
                                                         .kv_heads = 2,
                                                         .head_dim = 128,
                                                         .ffn = 13696,
                                                         .vocab = 151552,
                                                         .max_seq = 131072,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 0.5},
                                                   .qkv_bias = TRUE};
}

/* Norms before and behind both layers. */
static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = c->qkv_bias;
  static const Cs3MlpPart mlp = {.gate_up = "mlp.gate_up_proj.weight",
                                 .down = "mlp.down_proj.weight"};
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  y = cs3_build_norm(b, "post_norm_1", "post_self_attn_layernorm.weight", y, CS3_NORM_RMS);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_mlp(b, &c->d, &mlp, y);
  y = cs3_build_norm(b, "post_norm_2", "post_mlp_layernorm.weight", y, CS3_NORM_RMS);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_glm4 = {
    .name = "glm4",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
