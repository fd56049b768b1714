/* SPDX-License-Identifier: GPL-3.0-or-later */
/* StableLM: Llama with layer norms and partly rotated heads; the larger ones with norms on every
 * head, side by side. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("use_qkv_bias", qkv_bias),
    CS3_DECODER_FLAG("qk_layernorm", qk_norm),
    CS3_DECODER_FLAG("use_parallel_residual", parallel),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 2560,
                                                         .heads = 32,
                                                         .kv_heads = 32,
                                                         .ffn = 6912,
                                                         .vocab = 50304,
                                                         .max_seq = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 0.25}};
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = c->qkv_bias;
  attention.qk_norm = CS3_NORM_LAYER_SCALE;
  attention.qk_norm_each = TRUE;
  attention.q_norm = c->qk_norm ? "self_attn.q_layernorm.norms.0.weight" : NULL;
  attention.k_norm = c->qk_norm ? "self_attn.k_layernorm.norms.0.weight" : NULL;
  if (!c->parallel)
    return cs3_compose_llama_block(b, &c->d, &attention, &cs3_llama_mlp, CS3_NORM_LAYER, x);
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_LAYER);
  Cs3Act z = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, z);
  return cs3_build_residual(b, "residual_2", x, cs3_compose_mlp(b, &c->d, &cs3_llama_mlp, y));
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.norm = CS3_NORM_LAYER;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_stablelm = {
    .name = "stablelm",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
