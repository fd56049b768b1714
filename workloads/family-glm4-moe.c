/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GLM-4.5: GLM with mixtures of experts beside a shared one. The layers that predict further tokens
 * are not part of the network that is simulated. */
#include "config.h"

#include "workloads/compose-decoder.h"
#include "workloads/compose-latent.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("attention_bias", qkv_bias),
    CS3_DECODER_EXPERTS("n_routed_experts"),
    CS3_DECODER_EXPERTS("num_local_experts"),
    CS3_DECODER_TOP_K,
    CS3_DECODER_INT("moe_intermediate_size", expert_ffn, 1, CS3_MODEL_MAX_FFN),
    CS3_DECODER_INT("n_shared_experts", shared, 1, CS3_MODEL_MAX_EXPERTS),
    CS3_DECODER_INT("first_k_dense_replace", dense_layers, 0, CS3_MODEL_MAX_LAYERS),
    CS3_DECODER_FLAG("use_qk_norm", qk_norm),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"n_group", "topk_group", "num_nextn_predict_layers", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 46,
                                                         .hidden = 4096,
                                                         .heads = 96,
                                                         .kv_heads = 8,
                                                         .ffn = 10944,
                                                         .vocab = 151552,
                                                         .max_seq = 131072,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 0.5,
                                                         .rounded_heads = TRUE},
                                                   .experts = 128,
                                                   .top_k = 8,
                                                   .expert_ffn = 1408,
                                                   .shared = 1,
                                                   .dense_layers = 1};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  return cs3_decoder_check_experts(c, object, source, error);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = c->qkv_bias;
  attention.q_norm = c->qk_norm ? "self_attn.q_norm.weight" : NULL;
  attention.k_norm = c->qk_norm ? "self_attn.k_norm.weight" : NULL;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_shared_mixture(b, c, kind, 0, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_mixture_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_glm4_moe = {
    .name = "glm4_moe",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .facts = cs3_mixture_facts,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
