/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OLMoE: mixtures of many small experts, norms on queries and keys. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_REAL("clip_qkv", clip),
    CS3_DECODER_EXPERTS("num_experts"),
    CS3_DECODER_EXPERTS("num_local_experts"),
    CS3_DECODER_TOP_K,
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 16,
                                                         .hidden = 2048,
                                                         .heads = 16,
                                                         .ffn = 2048,
                                                         .vocab = 50304,
                                                         .max_seq = 4096,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1},
                                                   .experts = 64,
                                                   .top_k = 8};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  c->expert_ffn = c->d.ffn;
  return cs3_decoder_check_experts(c, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.q_norm = "self_attn.q_norm.weight";
  attention.k_norm = "self_attn.k_norm.weight";
  attention.qk_norm_whole = TRUE;
  attention.clip = c->clip > 0;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", x, CS3_NORM_RMS);
  Cs3MixturePart mixture = cs3_decoder_mixture(c);
  y = cs3_compose_mixture(b, &c->d, &mixture, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_olmoe = {
    .name = "olmoe",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .facts = cs3_mixture_facts,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
