/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-OSS: mixtures of experts with biases, windows in every other layer, a learned score that
 * joins every softmax. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_WINDOW,
    CS3_FIELD_READ("layer_types"),
    CS3_DECODER_EXPERTS("num_local_experts"),
    CS3_DECODER_TOP_K,
    CS3_FIELD_END,
};

static const char *const harmless[] = {"experts_per_token", "initial_context_length",
                                       "swiglu_limit", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 36,
                                                         .hidden = 2880,
                                                         .heads = 64,
                                                         .kv_heads = 8,
                                                         .head_dim = 64,
                                                         .ffn = 2880,
                                                         .vocab = 201088,
                                                         .max_seq = 131072,
                                                         .window = 128,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1},
                                                   .experts = 128,
                                                   .top_k = 4,
                                                   .qkv_bias = TRUE};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  c->expert_ffn = c->d.ffn;
  return cs3_layer_kinds_every(&c->d, 2, object, source, error) &&
         cs3_decoder_check_experts(c, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = attention.out_bias = c->qkv_bias;
  attention.sinks = TRUE;
  attention.window = (kind & CS3_LAYER_WINDOW) ? c->d.window : 0;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", x, CS3_NORM_RMS);
  Cs3MixturePart mixture = {.router = "mlp.router.weight",
                            .router_bias = TRUE,
                            .mixture = {c->experts, c->top_k},
                            .expert = {.label = "expert_",
                                       .gate_up = "mlp.experts.gate_up_proj",
                                       .down = "mlp.experts.down_proj",
                                       .bias = TRUE}};
  y = cs3_compose_mixture(b, &c->d, &mixture, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_mixture_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_gpt_oss = {
    .name = "gpt_oss",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .facts = cs3_mixture_facts,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
