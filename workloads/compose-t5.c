/* SPDX-License-Identifier: GPL-3.0-or-later */
/* T5 and its variants: an encoder-decoder with relative positions, RMS norms before the layers, no
 * biases. */
#include "config.h"

#include "workloads/compose-t5.h"

#include "workloads/compose.h"

/* Pre-training samples: 512 tokens; 15 % of them in spans of 3 on average make targets of 114
 * (Raffel et al. 2020, arXiv 1910.10683, section 3.1 and its implementation). */
enum { ENCODER_TOKENS = 512, DECODER_TOKENS = 114 };

const Cs3Field cs3_t5_fields[] = {
    CS3_FIELD_DIM("d_model", hidden, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("d_kv", head_dim, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("d_ff", ffn, CS3_MODEL_MAX_FFN),
    CS3_FIELD_DIM("num_heads", heads, CS3_MODEL_MAX_WIDTH),
    CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),
    CS3_FIELD_OF("num_layers", Cs3T5, encoder_layers, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_NULLABLE("num_decoder_layers", Cs3T5, d.layers, 1, CS3_MODEL_MAX_LAYERS),
    CS3_FIELD_OF("relative_attention_num_buckets", Cs3T5, buckets, 1, 65536),
    CS3_FIELD_READ("feed_forward_proj"),
    CS3_FIELD_READ("dense_act_fn"),
    CS3_FIELD_READ("is_gated_act"),
    CS3_FIELD_TIED,
    CS3_FIELD_END,
};

const char *const cs3_t5_harmless[] = {
    "relative_attention_max_distance", "n_positions",        "is_decoder",
    "scale_decoder_outputs",           "is_encoder_decoder", NULL};

const Cs3Head cs3_t5_heads[] = {
    {"ForConditionalGeneration", CS3_HEAD_LM},
    {"WithLMHeadModel", CS3_HEAD_LM},
    {"EncoderModel", CS3_HEAD_ENCODER},
    {"Model", CS3_HEAD_NONE},
    {NULL, 0},
};

const Cs3FactField cs3_t5_facts[] = {
    {"encoder_layers", offsetof(Cs3T5, encoder_layers)},
    {NULL, 0},
};

/* "relu", "gated-gelu": an activation function, gated or not. */
static gboolean read_activation(Cs3T5 *c, json_t *value, const char *source, GError **error) {
  const char *name = json_string_value(value);
  if (!value || json_is_null(value))
    return TRUE;
  c->gated = name && g_str_has_prefix(name, "gated-");
  for (const Cs3FieldChoice *choice = cs3_activation_names; name && choice->name; choice++)
    if (g_str_equal(choice->name, name + (c->gated ? 6 : 0))) {
      c->d.activation = (Cs3Activation)choice->value;
      return TRUE;
    }
  return cs3_config_fail(error, source, "feed_forward_proj", value,
                         "an activation function such as \"relu\", or \"gated-gelu\"");
}

gboolean cs3_t5_derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3T5 *c = config;
  if (c->d.layers == 0)
    c->d.layers = c->encoder_layers;
  c->d.max_seq = ENCODER_TOKENS;
  return read_activation(c, json_object_get(object, "feed_forward_proj"), source, error);
}

void cs3_t5_lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Cs3T5 *c = config;
  rules->encoder_seq = ENCODER_TOKENS;
  rules->encoder_limit = CS3_MODEL_MAX_SEQ;
  rules->seq = c->d.head == CS3_HEAD_ENCODER ? 0 : DECODER_TOKENS;
  rules->seq_limit = c->d.head == CS3_HEAD_ENCODER ? 0 : CS3_MODEL_MAX_SEQ;
}

static Cs3Act attention(Cs3Builder *b, const Cs3T5 *c, gboolean causal, Cs3Act x) {
  static const char table[] = "layer.0.SelfAttention.relative_attention_bias.weight";
  if (c->bias_everywhere)
    cs3_build_bias_table(b, "relative_bias", table, c->buckets, c->d.heads);
  Cs3AttentionPart part = {
      .q = "layer.0.SelfAttention.q.weight",
      .k = "layer.0.SelfAttention.k.weight",
      .v = "layer.0.SelfAttention.v.weight",
      .out = "layer.0.SelfAttention.o.weight",
      .causal = causal,
      .score_bias = TRUE,
  };
  Cs3Act y = cs3_build_norm(b, "norm_1", "layer.0.layer_norm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &part, y, CS3_NO_ACT);
  return cs3_build_residual(b, "residual_1", x, y);
}

static Cs3Act cross_attention(Cs3Builder *b, const Cs3T5 *c, Cs3Act x) {
  static const Cs3AttentionPart part = {
      .label = "cross_",
      .q = "layer.1.EncDecAttention.q.weight",
      .k = "layer.1.EncDecAttention.k.weight",
      .v = "layer.1.EncDecAttention.v.weight",
      .out = "layer.1.EncDecAttention.o.weight",
  };
  double rows = (double)cs3_build_lengths(b)->encoder_seq;
  Cs3Act states = cs3_build_outside(b, "encoder states", c->d.hidden, rows);
  Cs3Act y = cs3_build_norm(b, "cross_norm", "layer.1.layer_norm.weight", x, CS3_NORM_RMS);
  y = cs3_compose_attention(b, &c->d, &part, y, states);
  return cs3_build_residual(b, "cross_residual", x, y);
}

/* @number: of the sublayer, "layer.1" in the encoder, "layer.2" in the decoder. */
static Cs3Act feed_forward(Cs3Builder *b, const Cs3T5 *c, int number, Cs3Act x) {
  g_autofree char *norm = g_strdup_printf("layer.%d.layer_norm.weight", number);
  g_autofree char *gate = g_strdup_printf("layer.%d.DenseReluDense.wi_0.weight", number);
  g_autofree char *up =
      g_strdup_printf("layer.%d.DenseReluDense.%s.weight", number, c->gated ? "wi_1" : "wi");
  g_autofree char *down = g_strdup_printf("layer.%d.DenseReluDense.wo.weight", number);
  Cs3MlpPart part = {.gate = c->gated ? gate : NULL, .up = up, .down = down};
  Cs3Act y = cs3_build_norm(b, "norm_2", norm, x, CS3_NORM_RMS);
  y = cs3_compose_mlp(b, &c->d, &part, y);
  return cs3_build_residual(b, "residual_2", x, y);
}

static Cs3Act encoder_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  x = attention(b, config, FALSE, x);
  return feed_forward(b, config, 1, x);
}

static Cs3Act decoder_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  x = attention(b, config, TRUE, x);
  x = cross_attention(b, config, x);
  return feed_forward(b, config, 2, x);
}

/* Embedding and, where the first layer's serves all, the table of relative positions. */
static void embedding(Cs3Builder *b, const Cs3T5 *c, const char *name, const char *stack,
                      double rows) {
  g_autofree char *table =
      g_strconcat(stack, ".block.0.layer.0.SelfAttention.relative_attention_bias.weight", NULL);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = name, .rows = rows});
  Cs3Act x = cs3_build_embedding(b, "embed_tokens", "shared.weight", c->d.vocab, c->d.hidden);
  if (g_str_equal(stack, "decoder"))
    cs3_build_last(b)->parameters = 0; /* the encoder's table */
  cs3_build_output(b, x);
  if (!c->bias_everywhere)
    cs3_build_bias_table(b, "relative_bias", table, c->buckets, c->d.heads);
}

static void build_encoder(Cs3Builder *b, const Cs3T5 *c) {
  double rows = (double)cs3_build_lengths(b)->encoder_seq;
  embedding(b, c, "encoder.embedding", "encoder", rows);
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = "encoder",
                                .prefix = "encoder.block.*.",
                                .layers = c->encoder_layers,
                                .hidden = c->d.hidden,
                                .rows = rows,
                                .block = encoder_block},
                    c);
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "encoder.end", .rows = rows});
  Cs3Act x = cs3_build_input(b, "hidden", c->d.hidden);
  cs3_build_output(
      b, cs3_build_norm(b, "final_norm", "encoder.final_layer_norm.weight", x, CS3_NORM_RMS));
}

void cs3_t5_build(Cs3Builder *b, gconstpointer config) {
  const Cs3T5 *c = config;
  double rows = (double)cs3_build_lengths(b)->seq;
  if (!cs3_build_lengths(b)->decoding)
    build_encoder(b, c);
  if (c->d.head == CS3_HEAD_ENCODER)
    return;
  embedding(b, c, "decoder.embedding", "decoder", rows);
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = "decoder",
                                .prefix = "decoder.block.*.",
                                .layers = c->d.layers,
                                .hidden = c->d.hidden,
                                .rows = rows,
                                .block = decoder_block},
                    config);
  cs3_compose_decoder_head(b, &c->d,
                           &(Cs3DecoderParts){.final_norm = "decoder.final_layer_norm.weight",
                                              .norm = CS3_NORM_RMS,
                                              .lm_head = "lm_head.weight"});
}
