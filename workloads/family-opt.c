/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OPT: learned positions behind an offset of 2, ReLU, tied embedding that may be narrower; norms
 * before the layers, or behind them (350 million parameters). */
#include "config.h"

#include "workloads/compose.h"

/* The position table holds two rows that no position uses. */
enum { POSITION_OFFSET = 2 };

typedef struct {
  Cs3Dims d;
  gint64 embed_dim;
  gboolean affine, bias, norm_before, no_final_norm;
} Config;

static const Cs3Field fields[] = {
    CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("ffn_dim", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),
    CS3_FIELD_NULLABLE("word_embed_proj_dim", Config, embed_dim, 1, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_ACTIVATION("activation_function"),
    CS3_FIELD_TIED,
    CS3_FIELD_FLAG("layer_norm_elementwise_affine", Config, affine),
    CS3_FIELD_FLAG("enable_bias", Config, bias),
    CS3_FIELD_FLAG("do_layer_norm_before", Config, norm_before),
    CS3_FIELD_FLAG("_remove_final_layer_norm", Config, no_final_norm),
    CS3_FIELD_END,
};

static void defaults(gpointer config) {
  Config *c = config;
  c->d = (Cs3Dims){.layers = 12,
                   .hidden = 768,
                   .heads = 12,
                   .ffn = 3072,
                   .vocab = 50272,
                   .max_seq = 2048,
                   .activation = CS3_ACTIVATION_RELU,
                   .tied = TRUE};
  c->affine = c->bias = c->norm_before = TRUE;
}

static gboolean derive(gpointer config, json_t *object, const char *source, GError **error) {
  Config *c = config;
  if (c->embed_dim == 0)
    c->embed_dim = c->d.hidden;
  return TRUE;
}

static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  rules->seq = rules->seq_limit = ((const Cs3Dims *)config)->max_seq;
  rules->limit_why = "the model's learned position table";
}

static Cs3NormKind norm_kind(const Config *c) {
  return c->affine ? CS3_NORM_LAYER : CS3_NORM_LAYER_PLAIN;
}

static Cs3Act block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Config *c = config;
  Cs3AttentionPart attention = {
      .q = "self_attn.q_proj.weight",
      .k = "self_attn.k_proj.weight",
      .v = "self_attn.v_proj.weight",
      .out = "self_attn.out_proj.weight",
      .qkv_bias = c->bias,
      .out_bias = c->bias,
      .causal = TRUE,
  };
  Cs3MlpPart mlp = {.up = "fc1.weight", .down = "fc2.weight", .bias = c->bias};
  static const char norm1[] = "self_attn_layer_norm.weight", norm2[] = "final_layer_norm.weight";
  Cs3Act y = c->norm_before ? cs3_build_norm(b, "norm_1", norm1, x, norm_kind(c)) : x;
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  if (!c->norm_before)
    x = cs3_build_norm(b, "norm_1", norm1, x, norm_kind(c));
  y = c->norm_before ? cs3_build_norm(b, "norm_2", norm2, x, norm_kind(c)) : x;
  y = cs3_compose_mlp(b, &c->d, &mlp, y);
  x = cs3_build_residual(b, "residual_2", x, y);
  return c->norm_before ? x : cs3_build_norm(b, "norm_2", norm2, x, norm_kind(c));
}

static void build_embedding(Cs3Builder *b, const Config *c) {
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "embedding",
                                      .prefix = "model.decoder.",
                                      .rows = (double)cs3_build_lengths(b)->seq});
  Cs3Act x =
      cs3_build_embedding(b, "embed_tokens", "embed_tokens.weight", c->d.vocab, c->embed_dim);
  if (c->embed_dim != c->d.hidden)
    x = cs3_build_linear(b, "project_in", "project_in.weight", x, c->d.hidden, FALSE);
  x = cs3_build_positions(b, "embed_positions", "embed_positions.weight",
                          c->d.max_seq + POSITION_OFFSET, x);
  cs3_build_output(b, x);
}

static void build_head(Cs3Builder *b, const Config *c) {
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "head", .rows = (double)cs3_build_lengths(b)->seq});
  Cs3Act x = cs3_build_input(b, "hidden", c->d.hidden);
  if (c->norm_before && !c->no_final_norm)
    x = cs3_build_norm(b, "final_norm", "model.decoder.final_layer_norm.weight", x, norm_kind(c));
  if (c->embed_dim != c->d.hidden)
    x = cs3_build_linear(b, "project_out", "model.decoder.project_out.weight", x, c->embed_dim,
                         FALSE);
  cs3_compose_decoder_output(b, &c->d, &(Cs3DecoderParts){.lm_head = "lm_head.weight"}, x);
}

static void build(Cs3Builder *b, gconstpointer config) {
  const Config *c = config;
  build_embedding(b, c);
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = "decoder",
                                .prefix = "model.decoder.layers.*.",
                                .layers = c->d.layers,
                                .hidden = c->d.hidden,
                                .rows = (double)cs3_build_lengths(b)->seq,
                                .block = block},
                    config);
  build_head(b, c);
}

const Cs3Family cs3_family_opt = {
    .name = "opt",
    .config_size = sizeof(Config),
    .fields = fields,
    .heads = cs3_decoder_heads,
    .defaults = defaults,
    .derive = derive,
    .lengths = lengths,
    .build = build,
};
