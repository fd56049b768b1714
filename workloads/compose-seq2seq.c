/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoder-decoders in the way of the original transformer (BART's names). */
#include "config.h"

#include "workloads/compose-seq2seq.h"

const Cs3Head cs3_seq2seq_heads[] = {
    {"ForConditionalGeneration", CS3_HEAD_LM},
    {"MTModel", CS3_HEAD_LM},
    {"EncoderModel", CS3_HEAD_REFUSED},
    {"Model", CS3_HEAD_NONE},
    {NULL, 0},
};

const Cs3FactField cs3_seq2seq_facts[] = {
    {"encoder_layers", offsetof(Cs3Seq2Seq, encoder_layers)},
    {"encoder_heads", offsetof(Cs3Seq2Seq, encoder_heads)},
    {"encoder_ffn", offsetof(Cs3Seq2Seq, encoder_ffn)},
    {"encoder_max_seq", offsetof(Cs3Seq2Seq, encoder_max)},
    {NULL, 0},
};

gboolean cs3_seq2seq_derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3Seq2Seq *c = config;
  if (c->encoder_max == 0)
    c->encoder_max = c->d.max_seq;
  return cs3_family_divides(source, "encoder_attention_heads", c->encoder_heads, "d_model",
                            c->d.hidden, error);
}

void cs3_seq2seq_lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Cs3Seq2Seq *c = config;
  rules->encoder_seq = c->encoder_max;
  rules->encoder_limit = c->fixed_positions && c->mels == 0 ? CS3_MODEL_MAX_SEQ : c->encoder_max;
  rules->seq_limit = c->fixed_positions && c->mels == 0 ? CS3_MODEL_MAX_SEQ : c->d.max_seq;
  rules->limit_why = "the model's position table";
}

static Cs3Dims encoder_dims(const Cs3Seq2Seq *c) {
  Cs3Dims d = c->d;
  d.layers = c->encoder_layers;
  d.heads = d.kv_heads = c->encoder_heads;
  d.head_dim = d.hidden / d.heads;
  d.ffn = c->encoder_ffn;
  return d;
}

static Cs3AttentionPart self_attention(const Cs3Seq2Seq *c, gboolean causal) {
  return (Cs3AttentionPart){
      .q = "self_attn.q_proj.weight",
      .k = "self_attn.k_proj.weight",
      .v = "self_attn.v_proj.weight",
      .out = "self_attn.out_proj.weight",
      .qkv_bias = TRUE,
      .out_bias = TRUE,
      .k_unbiased = c->k_unbiased,
      .causal = causal,
  };
}

static const Cs3MlpPart mlp = {.up = "fc1.weight", .down = "fc2.weight", .bias = TRUE};
static const char self_norm[] = "self_attn_layer_norm.weight";
static const char cross_norm[] = "encoder_attn_layer_norm.weight";
static const char mlp_norm[] = "final_layer_norm.weight";

static Cs3Act encoder_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3Seq2Seq *c = config;
  Cs3Dims d = encoder_dims(c);
  Cs3AttentionPart attention = self_attention(c, FALSE);
  return (c->norm_before ? cs3_compose_prenorm_block : cs3_compose_postnorm_block)(
      b, &d, &attention, &mlp, CS3_NORM_LAYER, self_norm, mlp_norm, x);
}

static Cs3Act cross_attention(Cs3Builder *b, const Cs3Seq2Seq *c, Cs3Act x) {
  Cs3AttentionPart part = {
      .label = "cross_",
      .q = "encoder_attn.q_proj.weight",
      .k = "encoder_attn.k_proj.weight",
      .v = "encoder_attn.v_proj.weight",
      .out = "encoder_attn.out_proj.weight",
      .qkv_bias = TRUE,
      .out_bias = TRUE,
      .k_unbiased = c->k_unbiased,
  };
  double rows = (double)cs3_build_lengths(b)->encoder_seq;
  Cs3Act states = cs3_build_outside(b, "encoder states", c->d.hidden, rows);
  return cs3_compose_attention(b, &c->d, &part, x, states);
}

static Cs3Act decoder_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  const Cs3Seq2Seq *c = config;
  Cs3AttentionPart attention = self_attention(c, TRUE);
  gboolean before = c->norm_before;
  static const Cs3NormKind norm = CS3_NORM_LAYER;
  Cs3Act y = before ? cs3_build_norm(b, "norm_1", self_norm, x, norm) : x;
  y = cs3_compose_attention(b, &c->d, &attention, y, CS3_NO_ACT);
  x = cs3_build_residual(b, "residual_1", x, y);
  if (!before)
    x = cs3_build_norm(b, "norm_1", self_norm, x, norm);
  y = before ? cs3_build_norm(b, "cross_norm", cross_norm, x, norm) : x;
  y = cross_attention(b, c, y);
  x = cs3_build_residual(b, "cross_residual", x, y);
  if (!before)
    x = cs3_build_norm(b, "cross_norm", cross_norm, x, norm);
  y = before ? cs3_build_norm(b, "norm_2", mlp_norm, x, norm) : x;
  y = cs3_compose_mlp(b, &c->d, &mlp, y);
  x = cs3_build_residual(b, "residual_2", x, y);
  return before ? x : cs3_build_norm(b, "norm_2", mlp_norm, x, norm);
}

static Cs3Act add_positions(Cs3Builder *b, const Cs3Seq2Seq *c, gint64 rows, Cs3Act x) {
  if (!c->fixed_positions)
    return cs3_build_positions(b, "embed_positions", "embed_positions.weight",
                               rows + c->position_offset, x);
  return cs3_build_scale(b, "embed_positions", NULL, x);
}

static Cs3Act finish_embedding(Cs3Builder *b, const Cs3Seq2Seq *c, gint64 rows, Cs3Act x) {
  x = add_positions(b, c, rows, x);
  if (c->embedding_norm)
    x = cs3_build_norm(b, "embedding_norm", "layernorm_embedding.weight", x, CS3_NORM_LAYER);
  return x;
}

/* Frames of a spectrogram, two convolutions over three of them each, the second at every other one.
 */
static Cs3Act read_frames(Cs3Builder *b, const Cs3Seq2Seq *c) {
  double frames = 2 * (double)cs3_build_lengths(b)->encoder_seq;
  Cs3Act x = cs3_build_outside(b, "spectrogram", c->mels, frames);
  x = cs3_build_convolution(b, "conv1", "conv1.weight", x, c->d.hidden, 3, 1, TRUE);
  x = cs3_build_activation(b, "conv1_activation", CS3_ACTIVATION_GELU, x);
  x = cs3_build_convolution(b, "conv2", "conv2.weight", x, c->d.hidden, 3, 2, TRUE);
  return cs3_build_activation(b, "conv2_activation", CS3_ACTIVATION_GELU, x);
}

static void build_encoder(Cs3Builder *b, const Cs3Seq2Seq *c) {
  double rows = (double)cs3_build_lengths(b)->encoder_seq;
  Cs3Dims d = encoder_dims(c);
  cs3_build_open(
      b, &(Cs3SegmentSpec){.name = "encoder.embedding", .prefix = "model.encoder.", .rows = rows});
  Cs3Act x = c->mels > 0
                 ? read_frames(b, c)
                 : cs3_build_embedding(b, "embed_tokens", "embed_tokens.weight", d.vocab, d.hidden);
  cs3_build_output(b, finish_embedding(b, c, c->encoder_max, x));
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = "encoder",
                                .prefix = "model.encoder.layers.*.",
                                .layers = d.layers,
                                .hidden = d.hidden,
                                .rows = rows,
                                .block = encoder_block},
                    c);
  if (!c->norm_before)
    return;
  cs3_build_open(
      b, &(Cs3SegmentSpec){.name = "encoder.end", .prefix = "model.encoder.", .rows = rows});
  x = cs3_build_input(b, "hidden", d.hidden);
  cs3_build_output(b, cs3_build_norm(b, "final_norm", "layer_norm.weight", x, CS3_NORM_LAYER));
}

void cs3_seq2seq_build(Cs3Builder *b, gconstpointer config) {
  const Cs3Seq2Seq *c = config;
  double rows = (double)cs3_build_lengths(b)->seq;
  if (!cs3_build_lengths(b)->decoding)
    build_encoder(b, c);
  cs3_build_open(
      b, &(Cs3SegmentSpec){.name = "decoder.embedding", .prefix = "model.decoder.", .rows = rows});
  Cs3Act x = cs3_build_embedding(b, "embed_tokens", "embed_tokens.weight", c->d.vocab, c->d.hidden);
  if (c->mels == 0)
    cs3_build_last(b)->parameters = 0; /* the encoder's table */
  cs3_build_output(b, finish_embedding(b, c, c->d.max_seq, x));
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = "decoder",
                                .prefix = "model.decoder.layers.*.",
                                .layers = c->d.layers,
                                .hidden = c->d.hidden,
                                .rows = rows,
                                .block = decoder_block},
                    config);
  cs3_compose_decoder_head(
      b, &c->d,
      &(Cs3DecoderParts){.final_norm = c->norm_before ? "model.decoder.layer_norm.weight" : NULL,
                         .norm = CS3_NORM_LAYER,
                         .lm_head = c->mels > 0 ? "proj_out.weight" : "lm_head.weight"});
}
