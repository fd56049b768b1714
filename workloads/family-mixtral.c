/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mixtral: Mistral whose feed-forward networks are mixtures of experts. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,   CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM, CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_WINDOW, CS3_DECODER_EXPERTS("num_local_experts"),
    CS3_DECODER_TOP_K,  CS3_FIELD_END,
};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 32,
                                                         .hidden = 4096,
                                                         .heads = 32,
                                                         .kv_heads = 8,
                                                         .ffn = 14336,
                                                         .vocab = 32000,
                                                         .max_seq = 131072,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1},
                                                   .experts = 8,
                                                   .top_k = 2};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  c->expert_ffn = c->d.ffn;
  return cs3_decoder_check_experts(c, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.window = c->d.window;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", x, CS3_NORM_RMS);
  Cs3MixturePart mixture = {.router = "block_sparse_moe.gate.weight",
                            .mixture = {c->experts, c->top_k},
                            .expert = {.label = "expert_",
                                       .gate = "block_sparse_moe.experts.*.w1.weight",
                                       .up = "block_sparse_moe.experts.*.w3.weight",
                                       .down = "block_sparse_moe.experts.*.w2.weight"}};
  y = cs3_compose_mixture(b, &c->d, &mixture, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_mixtral = {
    .name = "mixtral",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .facts = cs3_mixture_facts,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
