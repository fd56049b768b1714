/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model families: how a model_type spells its configuration and composes its operators. One file
 * per family (family-*.c) behind Cs3Family; family.c holds the registry. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "workloads/builder.h"
#include "workloads/config-reader.h"
#include "workloads/model.h"
#include "workloads/weight-names.h"

/* What nearly every family has; the first member of its config. */
typedef struct {
  gint64 layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_seq, window;
  gint64 rotary_dim; /* rotated elements a head */
  double rotary_share;
  gint64 labels; /* of a classification head */
  Cs3Activation activation;
  gboolean tied;
  gboolean
      rounded_heads; /* hidden need not be a multiple of heads: what is left over is not used */
  guint8 *kinds;     /* [layers]: kind of every layer where layers differ; owned; NULL: one kind */
  int head;          /* what `architectures` names, one of the family's heads[] */
} Cs3Dims;

/* Lengths of a sample: what is taken without being asked for, and the largest; 0: the network has
 * no such length. */
typedef struct {
  gint64 seq, seq_limit;
  gint64 encoder_seq, encoder_limit;
  gint64 image, image_limit, image_step;
  const char *limit_why; /* "the model's learned position table"; NULL: the program's limit */
} Cs3LengthRules;

/* A head: the end of the class that `architectures` names, "ForCausalLM"; the first is the usual
 * one. */
enum {
  CS3_HEAD_LM,          /* logits over the vocabulary for every token */
  CS3_HEAD_CLASS,       /* logits over the labels for a sample */
  CS3_HEAD_TOKENS,      /* logits over the labels for every token */
  CS3_HEAD_SPANS,       /* the same over two: begin and end of an answer */
  CS3_HEAD_PRETRAINING, /* as CS3_HEAD_LM and a choice of two for the sample */
  CS3_HEAD_NONE,        /* hidden states are the result */
  CS3_HEAD_ENCODER,     /* of an encoder-decoder, the encoder's */
  CS3_HEAD_REFUSED,
};
typedef struct {
  const char *suffix;
  int value;
} Cs3Head;

typedef struct {
  const char *key;
  gsize offset; /* of a gint64 in the family's config */
} Cs3FactField;

typedef struct Cs3Family {
  const char *name; /* model_type */
  gsize config_size;
  const Cs3Field *fields;      /* keys read straight into the config; ends with a NULL key */
  const char *const *harmless; /* keys of this family that change no shape, count or work;
                                  NULL-terminated, may be NULL */
  const Cs3Head *heads;        /* ends with a NULL suffix; NULL: language model only */
  const Cs3WeightRule
      *weights;              /* other names in checkpoints; ends with a NULL graph; may be NULL */
  const Cs3FactField *facts; /* beside those of Cs3Dims; ends with a NULL key; may be NULL */
  void (*defaults)(gpointer config); /* of absent keys */
  /* Derives the rest after the fields are read; fails with CS3_WORKLOAD_ERROR_DATA on what cannot
   * be expressed. May be NULL. */
  gboolean (*derive)(gpointer config, json_t *object, const char *source, GError **error);
  void (*lengths)(gconstpointer config,
                  Cs3LengthRules *rules); /* NULL: a sequence of max_seq at most, no limit */
  void (*build)(Cs3Builder *b, gconstpointer config);
  void (*clear)(gpointer config); /* frees what it holds; may be NULL */
} Cs3Family;

/* All families, in the order in which messages list them. */
/* clang-format off */
#define CS3_FAMILIES(F) \
  F(albert) F(arcee) F(bart) F(bert) F(blenderbot) F(bloom) F(btlm) F(camembert) F(clip) \
  F(clip_text_model) F(clip_vision_model) F(codegen) F(cohere) F(cohere2) F(deepseek_v2) \
  F(deepseek_v3) F(deit) F(dinov2) F(distilbert) F(dit) F(dots1) F(efficientnet) F(electra) F(ernie4_5) F(esm) \
  F(exaone4) F(falcon) F(gemma) F(gemma2) F(gemma3_text) F(glm) F(glm4) F(glm4_moe) F(gpt2) \
  F(gpt_bigcode) F(gpt_neo) F(gpt_neox) F(gpt_oss) F(gptj) F(granite) F(granitemoe) F(helium) \
  F(hunyuan_v1_dense) F(llama) F(m2m_100) F(marian) F(mbart) F(ministral) F(ministral3) \
  F(mistral) F(mixtral) F(mobilenet_v2) F(modernbert) F(mpt) F(mt5) F(nemotron) F(olmo) F(olmo2) F(olmo3) \
  F(olmoe) F(opt) F(pegasus) F(phi) F(phi3) F(phimoe) F(qwen2) F(qwen2_moe) F(qwen3) \
  F(qwen3_moe) F(resnet) F(revbifpn) F(roberta) F(seed_oss) F(smollm3) F(stablelm) F(starcoder2) F(t5) F(umt5) F(unet) F(vgg) F(vit) \
  F(whisper) F(xlm_roberta)
/* clang-format on */
#define CS3_DECLARE_FAMILY(NAME) extern const Cs3Family cs3_family_##NAME;
CS3_FAMILIES(CS3_DECLARE_FAMILY)

/** cs3_family_registry: (transfer none): NULL-terminated array of all families. */
const Cs3Family *const *cs3_family_registry(void);

/** cs3_family_find: (transfer none) (nullable): the family called @model_type. */
const Cs3Family *cs3_family_find(const char *model_type);

/**
 * cs3_family_read: the config that @object holds by @family, checked; every key accounted for.
 * @source: names the file in messages. @notes: gets a text (char *) for what the user should know.
 * Returns: (transfer full) (nullable): free with cs3_family_clear().
 */
gpointer cs3_family_read(const Cs3Family *family, json_t *object, const char *source,
                         GPtrArray *notes, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_family_clear(const Cs3Family *family, gpointer config);

/** cs3_family_rules: lengths of @family with @config. */
Cs3LengthRules cs3_family_rules(const Cs3Family *family, gconstpointer config);

/** cs3_family_divides: whether @value of @key divides @of, the value of @of_key; sets @error where
 * not. */
gboolean cs3_family_divides(const char *source, const char *key, gint64 value, const char *of_key,
                            gint64 of, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of a family's field table; members of Cs3Dims, or of the STRUCT that begins with it. */
#define CS3_FIELD_OF(KEY, STRUCT, MEMBER, MIN, MAX)                                                \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_INT, .offset = offsetof(STRUCT, MEMBER), .min = (double)(MIN),   \
    .max = (double)(MAX)                                                                           \
  }
#define CS3_FIELD_NULLABLE(KEY, STRUCT, MEMBER, MIN, MAX)                                          \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_INT, .offset = offsetof(STRUCT, MEMBER), .nullable = TRUE,       \
    .min = (double)(MIN), .max = (double)(MAX)                                                     \
  }
#define CS3_FIELD_DIM(KEY, MEMBER, MAX)                                                            \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_INT, .offset = offsetof(Cs3Dims, MEMBER), .main = TRUE,          \
    .min = 1, .max = (double)(MAX)                                                                 \
  }
#define CS3_FIELD_LIST(KEY, STRUCT, MEMBER, MIN, MAX)                                              \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_LIST, .offset = offsetof(STRUCT, MEMBER), .min = (double)(MIN),  \
    .max = (double)(MAX)                                                                           \
  }
#define CS3_FIELD_OPTIONAL_DIM(KEY, MEMBER, MAX) CS3_FIELD_NULLABLE(KEY, Cs3Dims, MEMBER, 1, MAX)
#define CS3_FIELD_FLAG(KEY, STRUCT, MEMBER)                                                        \
  { .key = KEY, .type = CS3_FIELD_BOOL, .offset = offsetof(STRUCT, MEMBER), .optional = TRUE }
#define CS3_FIELD_ACTIVATION(KEY)                                                                  \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_ENUM, .offset = offsetof(Cs3Dims, activation),                   \
    .choices = cs3_activation_names                                                                \
  }
#define CS3_FIELD_READ(KEY)                                                                        \
  { .key = KEY, .type = CS3_FIELD_OTHER }
#define CS3_FIELD_NONE(KEY)                                                                        \
  { .key = KEY, .type = CS3_FIELD_OFF }
#define CS3_FIELD_END                                                                              \
  { .key = NULL }
#define CS3_FIELD_TIED CS3_FIELD_FLAG("tie_word_embeddings", Cs3Dims, tied)
/* Names of Llama and of those that follow it; of GPT-2 and of those that follow it. */
#define CS3_FIELDS_LLAMA                                                                           \
  CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),                                       \
      CS3_FIELD_DIM("intermediate_size", ffn, CS3_MODEL_MAX_FFN),                                  \
      CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),                            \
      CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),                            \
      CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),                                     \
      CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ),                        \
      CS3_FIELD_READ("partial_rotary_factor"), CS3_FIELD_TIED
#define CS3_FIELDS_GPT2                                                                            \
  CS3_FIELD_DIM("n_embd", hidden, CS3_MODEL_MAX_WIDTH),                                            \
      CS3_FIELD_OPTIONAL_DIM("n_inner", ffn, CS3_MODEL_MAX_FFN),                                   \
      CS3_FIELD_DIM("n_layer", layers, CS3_MODEL_MAX_LAYERS),                                      \
      CS3_FIELD_DIM("n_head", heads, CS3_MODEL_MAX_WIDTH),                                         \
      CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),                                     \
      CS3_FIELD_DIM("n_positions", max_seq, CS3_MODEL_MAX_SEQ), CS3_FIELD_TIED
#define CS3_FIELD_KV_HEADS                                                                         \
  CS3_FIELD_OPTIONAL_DIM("num_key_value_heads", kv_heads, CS3_MODEL_MAX_WIDTH)
#define CS3_FIELD_HEAD_DIM CS3_FIELD_OPTIONAL_DIM("head_dim", head_dim, CS3_MODEL_MAX_WIDTH)
/* Keys of GPT-2's kind that change nothing without a multiple-choice head; the length of the
 * context said twice. */
#define CS3_HARMLESS_GPT2                                                                          \
  "summary_activation", "summary_proj_to_labels", "summary_type", "summary_use_proj", "n_ctx"

/* Names of activation functions; ends with a NULL name. */
extern const Cs3FieldChoice cs3_activation_names[];
