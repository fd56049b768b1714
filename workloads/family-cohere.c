/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command R: attention and feed-forward network side by side behind one norm, tied embedding. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_FLAG("use_qk_norm", qk_norm),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 40,
                                                         .hidden = 8192,
                                                         .heads = 64,
                                                         .ffn = 22528,
                                                         .vocab = 256000,
                                                         .max_seq = 8192,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1,
                                                         .tied = TRUE}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.qk_norm = CS3_NORM_LAYER_SCALE;
  attention.qk_norm_each = TRUE;
  attention.q_norm = c->qk_norm ? "self_attn.q_norm.weight" : NULL;
  attention.k_norm = c->qk_norm ? "self_attn.k_norm.weight" : NULL;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_LAYER_SCALE);
  Cs3Act z = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, z);
  return cs3_build_residual(b, "residual_2", x, cs3_compose_mlp(b, &c->d, &cs3_llama_mlp, y));
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.norm = CS3_NORM_LAYER_SCALE;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_cohere = {
    .name = "cohere",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
