/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model families: how a model_type spells its configuration and names its tensors. One file per
 * family (family-*.c) behind Cs3Family; family.c holds the registry. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "workloads/config-reader.h"
#include "workloads/model.h"

/* Hugging Face tensor names. Names of the block's tensors follow `block`, in which '*' stands for
 * the layer; NULL: the family has no such tensor. Either `qkv` or `q`, `k`, `v`. */
typedef struct {
  const char *block;
  const char *embedding, *positions, *project_in, *project_out, *final_norm, *lm_head;
  const char *norm1, *norm2;
  const char *qkv, *q, *k, *v, *out;
  const char *gate, *up, *down;
} Cs3TensorNames;

typedef struct {
  const char *name;       /* model_type */
  const Cs3Field *fields; /* keys read straight into Cs3Model; ends with a NULL key */
  /* Sets what the family implies and the defaults of absent keys. */
  void (*defaults)(Cs3Model *model);
  /* Derives the rest after the fields are read; must fail with CS3_WORKLOAD_ERROR_DATA when the
   * configuration asks for something that Cs3Model cannot express. May be NULL. */
  gboolean (*derive)(Cs3Model *model, json_t *object, const char *source, GError **error);
  const Cs3TensorNames *names;
} Cs3Family;

/** cs3_family_registry: (transfer none): NULL-terminated array of all families. */
const Cs3Family *const *cs3_family_registry(void);

/** cs3_family_find: (transfer none) (nullable): the family called @model_type. */
const Cs3Family *cs3_family_find(const char *model_type);

/**
 * cs3_family_read: fill @model from @object by @family, derive and check the dimensions.
 * @source: names the file in messages.
 */
gboolean cs3_family_read(const Cs3Family *family, Cs3Model *model, json_t *object,
                         const char *source, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Rows of a family's field table. */
#define CS3_FIELD_DIM(KEY, MEMBER, MAX)                                                            \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_INT, .offset = offsetof(Cs3Model, MEMBER), .required = TRUE,     \
    .min = 1, .max = (double)(MAX)                                                                 \
  }
#define CS3_FIELD_OPTIONAL_DIM(KEY, MEMBER, MAX)                                                   \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_INT, .offset = offsetof(Cs3Model, MEMBER), .nullable = TRUE,     \
    .min = 1, .max = (double)(MAX)                                                                 \
  }
#define CS3_FIELD_FLAG(KEY, STRUCT, MEMBER)                                                        \
  { .key = KEY, .type = CS3_FIELD_BOOL, .offset = offsetof(STRUCT, MEMBER) }
#define CS3_FIELD_ACTIVATION(KEY)                                                                  \
  {                                                                                                \
    .key = KEY, .type = CS3_FIELD_ENUM, .offset = offsetof(Cs3Model, activation),                  \
    .choices = cs3_activation_names                                                                \
  }
/* What the config.json of Llama and of those that follow its names has first. */
#define CS3_FIELDS_LLAMA                                                                           \
  CS3_FIELD_DIM("hidden_size", hidden, CS3_MODEL_MAX_WIDTH),                                       \
      CS3_FIELD_DIM("intermediate_size", ffn, CS3_MODEL_MAX_FFN),                                  \
      CS3_FIELD_DIM("num_hidden_layers", layers, CS3_MODEL_MAX_LAYERS),                            \
      CS3_FIELD_DIM("num_attention_heads", heads, CS3_MODEL_MAX_WIDTH),                            \
      CS3_FIELD_DIM("vocab_size", vocab, CS3_MODEL_MAX_VOCAB),                                     \
      CS3_FIELD_DIM("max_position_embeddings", max_seq, CS3_MODEL_MAX_SEQ)
#define CS3_FIELD_END                                                                              \
  { .key = NULL }

/* Hugging Face names of activation functions; ends with a NULL name. */
extern const Cs3FieldChoice cs3_activation_names[];

extern const Cs3Family cs3_family_gpt2;
extern const Cs3Family cs3_family_gpt_neox;
extern const Cs3Family cs3_family_gptj;
extern const Cs3Family cs3_family_llama;
extern const Cs3Family cs3_family_mistral;
extern const Cs3Family cs3_family_opt;
extern const Cs3Family cs3_family_qwen2;

/* llama, mistral and qwen2 share their tensor names and defaults. */
extern const Cs3TensorNames cs3_llama_names;

/** cs3_llama_defaults: what every llama-like model has: RMS norms, gated MLP, no biases. */
void cs3_llama_defaults(Cs3Model *model);
