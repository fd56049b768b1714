/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GPT-2 and the GPT-3 style series: learned positions, fused QKV, biases, tied embedding. */
#include "config.h"

#include "workloads/compose.h"

typedef struct {
  Cs3Dims d;
  gboolean cross; /* every block also attends to the states of an encoder */
} Config;

static const Cs3Field fields[] = {
    CS3_FIELDS_GPT2,
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_FLAG("add_cross_attention", Config, cross),
    CS3_FIELD_END,
};

static const char *const harmless[] = {CS3_HARMLESS_GPT2, NULL};

/* The Model Zoo's GPT-2 has its projections apart. */
static const Cs3WeightRule weights[] = {
    {"attn.c_attn", "self_attn.proj_q_dense_layer+self_attn.proj_k_dense_layer+"
                    "self_attn.proj_v_dense_layer"},
    {"attn.c_proj", "self_attn.proj_output_dense_layer"},
    {"mlp.c_fc", "ffn.ffn.0.linear_layer"},
    {"mlp.c_proj", "ffn.ffn.1.linear_layer"},
    {NULL, NULL},
};

static void defaults(gpointer config) {
  *(Cs3Dims *)config = (Cs3Dims){.layers = 12,
                                 .hidden = 768,
                                 .heads = 12,
                                 .vocab = 50257,
                                 .max_seq = 1024,
                                 .activation = CS3_ACTIVATION_GELU,
                                 .tied = TRUE};
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Config *c = config;
  rules->seq = rules->seq_limit = c->d.max_seq;
  rules->limit_why = "the model's learned position table";
  if (c->cross)
    rules->encoder_seq = rules->encoder_limit = c->d.max_seq;
}

/* Keys and values of the encoder's states by one weight, queries by another. */
static Cs3Act cross_attention(Cs3Builder *b, const Cs3Dims *d, Cs3Act x) {
  double rows = (double)cs3_build_lengths(b)->encoder_seq;
  Cs3Act states = cs3_build_outside(b, "encoder states", d->hidden, rows), kv[2];
  Cs3Act y = cs3_build_norm(b, "cross_norm", "ln_cross_attn.weight", x, CS3_NORM_LAYER);
  Cs3Act q =
      cs3_build_linear(b, "cross_q_proj", "crossattention.q_attn.weight", y, d->hidden, TRUE);
  cs3_build_linear_split(b, "cross_kv_proj", "crossattention.c_attn.weight", states, 2,
                         (gint64[]){d->hidden, d->hidden}, TRUE, kv);
  Cs3AttentionSpec shape = {.prefix = "cross_",
                            .heads = d->heads,
                            .kv_heads = d->heads,
                            .head_dim = d->head_dim,
                            .cross = TRUE};
  y = cs3_build_attention(b, &shape, q, kv[0], kv[1]);
  y = cs3_build_linear(b, "cross_o_proj", "crossattention.c_proj.weight", y, d->hidden, TRUE);
  return cs3_build_residual(b, "cross_residual", x, y);
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Config *c = config;
  static const Cs3AttentionPart attention = {
      .qkv = "attn.c_attn.weight",
      .out = "attn.c_proj.weight",
      .qkv_bias = TRUE,
      .out_bias = TRUE,
      .causal = TRUE,
  };
  static const Cs3MlpPart mlp = {
      .up = "mlp.c_fc.weight", .down = "mlp.c_proj.weight", .bias = TRUE};
  Cs3Act y = cs3_build_norm(b, "norm_1", "ln_1.weight", x, CS3_NORM_LAYER);
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  if (c->cross)
    x = cross_attention(b, &c->d, x);
  y = cs3_build_norm(b, "norm_2", "ln_2.weight", x, CS3_NORM_LAYER);
  y = cs3_compose_mlp(b, &c->d, &mlp, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Cs3Dims *d = config;
  cs3_compose_decoder(b, config,
                      &(Cs3DecoderParts){.embedding = "transformer.wte.weight",
                                         .positions = "transformer.wpe.weight",
                                         .position_rows = d->max_seq,
                                         .blocks = "transformer.h.*.",
                                         .final_norm = "transformer.ln_f.weight",
                                         .norm = CS3_NORM_LAYER,
                                         .lm_head = "lm_head.weight",
                                         .block = block});
}

const Cs3Family cs3_family_gpt2 = {
    .name = "gpt2",
    .config_size = sizeof(Config),
    .fields = fields,
    .harmless = harmless,
    .weights = weights,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .lengths = lengths,
    .build = build,
};
