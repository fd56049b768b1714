/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Qwen1.5 and Qwen2 with mixtures of experts beside one that every token meets through a gate. */
#include "config.h"

#include "workloads/compose-decoder.h"

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_KV_HEADS,
    CS3_FIELD_HEAD_DIM,
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_DECODER_FLAG("qkv_bias", qkv_bias),
    CS3_DECODER_EXPERTS("num_experts"),
    CS3_DECODER_TOP_K,
    CS3_DECODER_INT("moe_intermediate_size", expert_ffn, 1, CS3_MODEL_MAX_FFN),
    CS3_DECODER_INT("shared_expert_intermediate_size", shared_ffn, 1, CS3_MODEL_MAX_FFN),
    CS3_DECODER_INT("decoder_sparse_step", sparse_step, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_READ("mlp_only_layers"),
    CS3_FIELD_NONE("use_sliding_window"),
    CS3_FIELD_READ("layer_types"),
    CS3_FIELD_END,
};

static const char *const harmless[] = {"sliding_window", "max_window_layers", NULL};

static void defaults(gpointer config) {
  *(Cs3DecoderConfig *)config = (Cs3DecoderConfig){.d = {.layers = 24,
                                                         .hidden = 2048,
                                                         .heads = 16,
                                                         .kv_heads = 16,
                                                         .ffn = 5632,
                                                         .vocab = 151936,
                                                         .max_seq = 32768,
                                                         .activation = CS3_ACTIVATION_SILU,
                                                         .rotary_share = 1},
                                                   .qkv_bias = TRUE,
                                                   .experts = 60,
                                                   .top_k = 4,
                                                   .expert_ffn = 1408,
                                                   .shared_ffn = 5632,
                                                   .shared = 1,
                                                   .sparse_step = 1};
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3DecoderConfig *c = config;
  return cs3_layer_kinds_from(&c->d, c->d.layers, object, source, error) &&
         cs3_decoder_check_experts(c, object, source, error);
}

/* A feed-forward network for every token, weighted by the sigmoid of one more number. */
static Cs3Act shared_expert(Cs3Builder *b, const Cs3DecoderConfig *c, Cs3Act x) {
  Cs3MlpPart part = {.label = "shared_",
                     .gate = "mlp.shared_expert.gate_proj.weight",
                     .up = "mlp.shared_expert.up_proj.weight",
                     .down = "mlp.shared_expert.down_proj.weight",
                     .ffn = c->shared_ffn};
  Cs3Act y = cs3_compose_mlp(b, &c->d, &part, x);
  cs3_build_linear(b, "shared_gate", "mlp.shared_expert_gate.weight", x, 1, FALSE);
  cs3_build_last(b)->sparsifiable = FALSE;
  return cs3_build_modulate(b, "shared_scale", y, 1);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3DecoderConfig *c = config;
  Cs3AttentionPart attention = cs3_llama_attention;
  attention.qkv_bias = c->qkv_bias;
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", x, CS3_NORM_RMS);
  if (kind & CS3_LAYER_EXPERTS) {
    Cs3MixturePart mixture = cs3_decoder_mixture(c);
    Cs3Act z = cs3_compose_mixture(b, &c->d, &mixture, y);
    y = cs3_build_residual(b, "shared_sum", z, shared_expert(b, c, y));
  } else {
    y = cs3_compose_mlp(b, &c->d, &cs3_llama_mlp, y);
  }
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  Cs3DecoderParts parts = cs3_llama_parts;
  parts.kinds = cs3_mixture_kind_names;
  parts.kind = cs3_layer_kind;
  parts.block = block;
  cs3_compose_decoder(b, config, &parts);
}

const Cs3Family cs3_family_qwen2_moe = {
    .name = "qwen2_moe",
    .config_size = sizeof(Cs3DecoderConfig),
    .fields = fields,
    .harmless = harmless,
    .heads = cs3_decoder_heads,
    .facts = cs3_mixture_facts,
    .defaults = defaults,
    .derive = derive,
    .build = build,
};
