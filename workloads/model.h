/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A network, read from a Hugging Face style config.json: what its family made of it, and its
 * counts. */
#pragma once

#include <glib.h>

#include "workloads/graph.h"

/* Upper limits of the dimensions. With them every product and sum that this folder forms stays
 * below 2^62 (checked by tests/unit/test-model.c), so no count can overflow. */
#define CS3_MODEL_MAX_LAYERS ((gint64)10000)
#define CS3_MODEL_MAX_WIDTH ((gint64)1 << 20) /* hidden, and heads x head_dim */
#define CS3_MODEL_MAX_FFN ((gint64)1 << 22)
#define CS3_MODEL_MAX_VOCAB ((gint64)1 << 24)
#define CS3_MODEL_MAX_SEQ ((gint64)1 << 24)
#define CS3_MODEL_MAX_EXPERTS ((gint64)1 << 12)
#define CS3_MODEL_MAX_CHANNELS ((gint64)1 << 16)
#define CS3_MODEL_MAX_IMAGE ((gint64)1 << 16)
#define CS3_MODEL_MAX_PARAMETERS ((gint64)1 << 62)

/* The longest sequence that is taken without being asked for: files that say 131,072 positions mean
 * what they can, not what they are trained on. */
#define CS3_MODEL_DEFAULT_SEQ ((gint64)8192)

struct Cs3Family;

/* A dimension under the name that records, tables and keys have for it. */
typedef struct {
  const char *key; /* "layers", "hidden", "experts"; as long as the model */
  gint64 value;
} Cs3Fact;

struct Cs3Model {
  char *name;                  /* preset name or file stem */
  char *family;                /* model_type: "llama", "t5", "vit", ... */
  const struct Cs3Family *ops; /* NULL: a graph of no family */
  gpointer config;             /* the family's own, dimensions first; read by ops; NULL: a graph */
  Cs3Graph *graph; /* of a model that is one (graph-model.h); NULL: its family composes it */
  GArray *facts;   /* of Cs3Fact, of such a model */
  Cs3Lengths
      lengths; /* defaults: what cs3_graph_new() takes where nothing is asked for; 0: has none */
  gint64 parameters;        /* stored; tied weights once */
  gint64 active_parameters; /* that a token meets: of the experts only those it is sent to */
  char *identity;           /* hexadecimal digest of everything in the file that matters */
  GPtrArray
      *notes; /* of char *: what was read otherwise than the file says at first sight, and why */
};

/* Facts that every model has. */
enum { CS3_MODEL_USUAL_FACTS = 9 };

/**
 * cs3_model_load: read @path, a config.json or a directory that holds one.
 * @name: name for the model, or %NULL for the file's stem.
 * Files above 16 MiB are refused. A key that is known to change nothing is skipped; any other that
 * the family does not understand is refused by name. Returns: (transfer full) (nullable): the
 * model; %NULL with @error set in CS3_WORKLOAD_ERROR: NO_INPUT (no such file), DATA (malformed JSON
 * with line and column, unknown model_type with the known ones, missing key, wrong type, dimension
 * out of range naming key, value and range), TOO_LARGE (file size).
 */
Cs3Model *cs3_model_load(const char *path, const char *name,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_model_parse: as cs3_model_load(), from @size bytes of JSON at @text.
 * @source: names the text in messages.
 */
Cs3Model *cs3_model_parse(const char *text, gsize size, const char *source, const char *name,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_model_free(Cs3Model *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Model, cs3_model_free)

/**
 * cs3_model_facts: (transfer full): array of Cs3Fact, the dimensions of @model in a fixed order:
 * layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_seq, window, then those that only some
 * families have (encoder_layers, experts, ...). The first nine are always there, 0 where the
 * network has no such thing.
 */
GArray *cs3_model_facts(const Cs3Model *model);

/** cs3_model_fact: the value of the fact @key of @model, 0 where it has none. */
gint64 cs3_model_fact(const Cs3Model *model, const char *key);

/** cs3_model_lengths: (transfer none): lengths of a sample where nothing is asked for; 0: the model
 * has no such length. */
static inline const Cs3Lengths *cs3_model_lengths(const Cs3Model *model) {
  return &model->lengths;
}

/** cs3_model_parameters: exact stored parameter count (tied and shared weights once). */
static inline gint64 cs3_model_parameters(const Cs3Model *model) {
  return model->parameters;
}

/** cs3_model_active_parameters: those that one token meets; all where there are no experts. */
static inline gint64 cs3_model_active_parameters(const Cs3Model *model) {
  return model->active_parameters;
}
