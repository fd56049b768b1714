/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Encoder-only language models: embeddings of tokens, positions and types, blocks, the heads of
 * their classes. */
#pragma once

#include "workloads/compose.h"

typedef struct {
  Cs3Dims d;
  gint64 embed_dim;       /* of the tables; 0: hidden */
  gint64 types;           /* rows of the table of token types; 0: none */
  gint64 position_offset; /* rows of the position table that no position uses */
} Cs3EncoderConfig;

/* Tensor names; NULL: there is none. */
typedef struct {
  const char *words, *positions, *types, *embedding_norm,
      *project; /* project: from embed_dim to hidden */
  gboolean project_bias;
  const char *blocks;
  const char *final_norm;
  Cs3NormKind norm;
  const char *const *kinds;
  int (*kind)(gconstpointer config, gint64 layer);
  Cs3BlockBuild block;
  gboolean shared_blocks;                 /* one stored block runs as all of them */
  const char *transform, *transform_norm; /* before the logits of a masked language model */
  gboolean transform_unbiased;
  gint64 transform_dim; /* 0: hidden */
  const char *decoder;  /* the logits, tied to the words */
  const char *pooler;   /* of the bare model, and before a classifier where `class_dense` is NULL */
  const char *class_dense; /* the classifier's own hidden layer */
  const char *classifier;
  gint64 contacts; /* parameters of a contact head that every class has (ESM) */
} Cs3EncoderParts;

/* ...ForMaskedLM, ...ForPreTraining, ...ForSequenceClassification, ...ForTokenClassification,
 * ...ForQuestionAnswering,
 * ...Model. */
extern const Cs3Head cs3_encoder_heads[];

/* Keys of BERT and of those that follow its names; ends but for CS3_FIELD_END. */
#define CS3_FIELDS_BERT                                                                            \
  CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),                                       \
      CS3_FIELD_DIM("intermediate_size", ffn, CS3_MODEL_MAX_FFN),                                  \
      CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),                            \
      CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),                            \
      CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),                                     \
      CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),                        \
      CS3_FIELD_OF("type_vocab_size", Cs3EncoderConfig, types, 0, CS3_MODEL_MAX_VOCAB),            \
      CS3_FIELD_ACTIVATION("hidden_act"), CS3_FIELD_TIED,                                          \
      CS3_FIELD_READ("position_embedding_type")

/* Keys of BERT files that change nothing: of the first release's pooler, which was never built. */
#define CS3_HARMLESS_BERT                                                                          \
  "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers", "pooler_size_per_head",  \
      "pooler_type", "directionality", "classifier_activation"

/** cs3_encoder_derive: only the absolute kind of positions, width of the tables. */
gboolean cs3_encoder_derive(gpointer config, json_t *object, const char *source,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_encoder_lengths: a sequence of at most the positions there are. */
void cs3_encoder_lengths(gconstpointer config, Cs3LengthRules *rules);

/** cs3_compose_encoder: the whole network of a config that begins with Cs3EncoderConfig. */
void cs3_compose_encoder(Cs3Builder *b, gconstpointer config, const Cs3EncoderParts *parts);

/* Names of BERT behind the prefix of its blocks. */
extern const Cs3AttentionPart cs3_bert_attention;
extern const Cs3MlpPart cs3_bert_mlp;

/** cs3_bert_block: BERT's block, a Cs3BlockBuild. */
Cs3Act cs3_bert_block(Cs3Builder *b, gconstpointer config, int kind, Cs3Act x);
