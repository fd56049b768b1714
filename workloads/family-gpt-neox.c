/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-NeoX and Pythia: fused QKV, partly rotated heads, usually a parallel residual. */
#include "config.h"

#include "workloads/compose.h"

typedef struct {
  Cs3Dims d;
  gboolean attention_bias, parallel;
} Config;

static const Cs3Field fields[] = {
    CS3_FIELDS_LLAMA,
    CS3_FIELD_READ("rotary_pct"),
    CS3_FIELD_ACTIVATION("hidden_act"),
    CS3_FIELD_FLAG("attention_bias", Config, attention_bias),
    CS3_FIELD_FLAG("use_parallel_residual", Config, parallel),
    CS3_FIELD_END,
};

static const char *const harmless[] = {NULL};

/* The Model Zoo's GPT-NeoX has its projections apart. */
static const Cs3WeightRule weights[] = {
    {"attention.query_key_value",
     "self_attn.proj_q_dense_layer+self_attn.proj_k_dense_layer+self_attn.proj_v_dense_layer",
     TRUE},
    {"attention.dense", "self_attn.proj_output_dense_layer"},
    {"mlp.dense_h_to_4h", "ffn.ffn.0.linear_layer"},
    {"mlp.dense_4h_to_h", "ffn.ffn.1.linear_layer"},
    {NULL, NULL},
};

static void defaults(gpointer config) {
  Config *c = config;
  c->d = (Cs3Dims){.layers = 44,
                   .hidden = 6144,
                   .heads = 64,
                   .ffn = 24576,
                   .vocab = 50432,
                   .max_seq = 2048,
                   .rotary_share = 0.25,
                   .activation = CS3_ACTIVATION_GELU};
  c->attention_bias = c->parallel = TRUE;
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Config *c = config;
  Cs3AttentionPart attention = {
      .qkv = "attention.query_key_value.weight",
      .out = "attention.dense.weight",
      .qkv_bias = c->attention_bias,
      .out_bias = c->attention_bias,
      .causal = TRUE,
  };
  static const Cs3MlpPart mlp = {
      .up = "mlp.dense_h_to_4h.weight", .down = "mlp.dense_4h_to_h.weight", .bias = TRUE};
  Cs3Act y = cs3_build_norm(b, "norm_1", "input_layernorm.weight", x, CS3_NORM_LAYER);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  Cs3Act sum = cs3_build_residual(b, "residual_1", x, y);
  y = cs3_build_norm(b, "norm_2", "post_attention_layernorm.weight", c->parallel ? x : sum,
                     CS3_NORM_LAYER);
  y = cs3_compose_mlp(b, &c->d, &mlp, y);
  return cs3_build_residual(b, "residual_2", sum, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "gpt_neox.embed_in.weight",
                                         .blocks = "gpt_neox.layers.*.",
                                         .final_norm = "gpt_neox.final_layer_norm.weight",
                                         .norm = CS3_NORM_LAYER,
                                         .lm_head = "embed_out.weight",
                                         .block = block});
}

const Cs3Family cs3_family_gpt_neox = {
    .name = "gpt_neox",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .weights = weights,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .build = build,
};
