/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoder-only language models. */
#include "config.h"

#include "workloads/compose-encoder.h"

const Cs3Head cs3_encoder_heads[] = {
    {"ForMaskedLM", CS3_HEAD_LM},
    {"ForPreTraining", CS3_HEAD_PRETRAINING},
    {"ForSequenceClassification", CS3_HEAD_CLASS},
    {"ForTokenClassification", CS3_HEAD_TOKENS},
    {"ForQuestionAnswering", CS3_HEAD_SPANS},
    {"LMHeadModel", CS3_HEAD_REFUSED},
    {"Model", CS3_HEAD_NONE},
    {NULL, 0},
};

const Cs3AttentionPart cs3_bert_attention = {
    .q = "attention.self.query.weight",
    .k = "attention.self.key.weight",
    .v = "attention.self.value.weight",
    .out = "attention.output.dense.weight",
    .qkv_bias = TRUE,
    .out_bias = TRUE,
};

const Cs3MlpPart cs3_bert_mlp = {
    .up = "intermediate.dense.weight", .down = "output.dense.weight", .bias = TRUE};

Cs3Act cs3_bert_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x) {
  return cs3_compose_postnorm_block(b, config, &cs3_bert_attention, &cs3_bert_mlp, CS3_NORM_LAYER,
                                    "attention.output.LayerNorm.weight", "output.LayerNorm.weight",
                                    x);
}

gboolean cs3_encoder_derive(gpointer config, json_t *object, const char *source, GError **error) {
  Cs3EncoderConfig *c = config;
  json_t *kind = json_object_get(object, "position_embedding_type");
  if (c->embed_dim == 0)
    c->embed_dim = c->d.hidden;
  if (kind && !json_is_null(kind) && g_strcmp0(json_string_value(kind), "absolute") != 0)
    return cs3_config_fail(error, source, "position_embedding_type", kind, "\"absolute\"");
  if (c->d.max_seq > c->position_offset)
    return TRUE;
  json_t *most = json_object_get(object, "max_position_embeddings");
  return cs3_config_fail(error, source, "max_position_embeddings", most,
                         "more than the rows that no position uses (2)");
}

void cs3_encoder_lengths(gconstpointer config, Cs3LengthRules *rules) {
  const Cs3EncoderConfig *c = config;
  rules->seq = rules->seq_limit = c->d.max_seq - c->position_offset;
  rules->limit_why = "the model's learned position table";
}

static void compose_embedding(Cs3Builder *b, const Cs3EncoderConfig *c,
                              const Cs3EncoderParts *parts) {
  gint64 width = c->embed_dim > 0 ? c->embed_dim : c->d.hidden;
  cs3_build_open(b,
                 &(Cs3SegmentSpec){.name = "embedding", .rows = (double)cs3_build_lengths(b)->seq});
  Cs3Act x = cs3_build_embedding(b, "embed_tokens", parts->words, c->d.vocab, width);
  if (parts->positions)
    x = cs3_build_positions(b, "embed_positions", parts->positions, c->d.max_seq, x);
  if (c->types > 0 && parts->types)
    x = cs3_build_positions(b, "embed_types", parts->types, c->types, x);
  if (parts->embedding_norm)
    x = cs3_build_norm(b, "embedding_norm", parts->embedding_norm, x, parts->norm);
  if (parts->project && width != c->d.hidden)
    x = cs3_build_linear(b, "project_in", parts->project, x, c->d.hidden, parts->project_bias);
  cs3_build_output(b, x);
}

static void language_head(Cs3Builder *b, const Cs3EncoderConfig *c, const Cs3EncoderParts *parts,
                          Cs3Act x) {
  if (parts->transform) {
    gint64 width = parts->transform_dim > 0 ? parts->transform_dim : c->d.hidden;
    x = cs3_build_linear(b, "transform", parts->transform, x, width, !parts->transform_unbiased);
    x = cs3_build_activation(b, "transform_activation", CS3_ACTIVATION_GELU, x);
    x = cs3_build_norm(b, "transform_norm", parts->transform_norm, x, parts->norm);
  }
  x = (c->d.tied ? cs3_build_tied_linear : cs3_build_linear)(b, "lm_head", parts->decoder, x,
                                                             c->d.vocab, TRUE);
  cs3_build_loss(b, x);
}

/* Of the first token: a hidden layer with tanh, then logits over @labels. */
static void pooled_head(Cs3Builder *b, const char *dense, const char *classifier, gint64 labels,
                        Cs3Act x) {
  x = cs3_build_pool(b, "first_token", x, FALSE);
  if (dense) {
    x = cs3_build_linear(b, "pooler", dense, x, cs3_build_width(b, x), TRUE);
    x = cs3_build_activation(b, "pooler_activation", CS3_ACTIVATION_TANH, x);
  }
  if (classifier)
    cs3_build_loss(b, cs3_build_linear(b, "classifier", classifier, x, labels, TRUE));
}

static void compose_head(Cs3Builder *b, const Cs3EncoderConfig *c, const Cs3EncoderParts *parts) {
  double rows = (double)cs3_build_lengths(b)->seq;
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "head", .rows = rows});
  Cs3Act x = cs3_build_input(b, "hidden", c->d.hidden);
  if (parts->final_norm) {
    x = cs3_build_norm(b, "final_norm", parts->final_norm, x, parts->norm);
    cs3_build_extra(b, parts->contacts);
  }
  gint64 labels = c->d.head == CS3_HEAD_SPANS ? 2 : c->d.labels;
  if (c->d.head == CS3_HEAD_LM || c->d.head == CS3_HEAD_PRETRAINING)
    language_head(b, c, parts, x);
  else if (c->d.head == CS3_HEAD_TOKENS || c->d.head == CS3_HEAD_SPANS)
    cs3_build_loss(b, cs3_build_linear(b, "classifier", parts->classifier, x, labels, TRUE));
  else if (c->d.head == CS3_HEAD_CLASS)
    pooled_head(b, parts->class_dense ? parts->class_dense : parts->pooler, parts->classifier,
                labels, x);
  else if (parts->pooler)
    pooled_head(b, parts->pooler, NULL, 0, x);
  if (c->d.head != CS3_HEAD_PRETRAINING)
    return;
  cs3_build_open(b, &(Cs3SegmentSpec){.name = "head.sentence", .rows = rows});
  x = cs3_build_input(b, "hidden", c->d.hidden);
  pooled_head(b, parts->pooler, "cls.seq_relationship.weight", 2, x);
}

void cs3_compose_encoder(Cs3Builder *b, gconstpointer config, const Cs3EncoderParts *parts) {
  const Cs3EncoderConfig *c = config;
  compose_embedding(b, c, parts);
  guint first = cs3_build_count(b);
  cs3_compose_stack(b,
                    &(Cs3Stack){.name = "encoder",
                                .prefix = parts->blocks,
                                .layers = c->d.layers,
                                .hidden = c->d.hidden,
                                .rows = (double)cs3_build_lengths(b)->seq,
                                .kinds = parts->kinds,
                                .kind = parts->kind,
                                .block = parts->block},
                    config);
  if (parts->shared_blocks)
    cs3_build_share(b, first);
  compose_head(b, c, parts);
}
