/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Model families: how a model_type spells its configuration and composes its operators. One file per family (family-*.c)
 * behind Cs3Family; family.c holds the registry. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "workloads/builder.h"
#include "workloads/config-reader.h"
#include "workloads/model.h"

/* What nearly every family has; the first member of its config. */
typedef struct {
  gint64 layers, hidden, heads, kv_heads, head_dim, ffn, vocab, max_seq, window;
  gint64 rotary_dim; /* rotated elements a head */
  double rotary_share;
  gint64 labels;     /* of a classification head */
  Cs3Activation activation;
  gboolean tied;
  int head;          /* what `architectures` names, one of the family's heads[] */
} Cs3Dims;

/* Lengths of a sample: what is taken without being asked for, and the largest; 0: the network has no such length. */
typedef struct {
  gint64 seq, seq_limit;
  gint64 encoder_seq, encoder_limit;
  gint64 image, image_limit, image_step;
  const char *limit_why; /* "the model's learned position table"; NULL: the program's limit */
} Cs3LengthRules;

/* A head: the end of the class that `architectures` names, "ForCausalLM"; the first is the usual one. */
typedef struct {
  const char *suffix;
  int value;
} Cs3Head;

typedef struct {
  const char *key;
  gsize offset; /* of a gint64 in the family's config */
} Cs3FactField;

typedef struct {
  const char *name;             /* model_type */
  gsize config_size;
  const Cs3Field *fields;       /* keys read straight into the config; ends with a NULL key */
  const char *const *harmless;  /* keys of this family that change no shape, count or work; NULL-terminated, may be NULL */
  const Cs3Head *heads;         /* ends with a NULL suffix; NULL: language model only */
  const Cs3FactField *facts;    /* beside those of Cs3Dims; ends with a NULL key; may be NULL */
  void (*defaults)(gpointer config); /* of absent keys */
  /* Derives the rest after the fields are read; fails with CS3_WORKLOAD_ERROR_DATA on what cannot be expressed. May be NULL. */
  gboolean (*derive)(gpointer config, json_t *object, const char *source, GError **error);
  void (*lengths)(gconstpointer config, Cs3LengthRules *rules); /* NULL: a sequence of max_seq at most, no limit */
  void (*build)(Cs3Builder *b, gconstpointer config);
  void (*clear)(gpointer config); /* frees what it holds; may be NULL */
} Cs3Family;

/** cs3_family_registry: (transfer none): NULL-terminated array of all families. */
const Cs3Family *const *cs3_family_registry(void);

/** cs3_family_find: (transfer none) (nullable): the family called @model_type. */
const Cs3Family *cs3_family_find(const char *model_type);

/**
 * cs3_family_read: the config that @object holds by @family, checked; every key accounted for.
 * @source: names the file in messages.
 * Returns: (transfer full) (nullable).
 */
gpointer cs3_family_read(const Cs3Family *family, json_t *object, const char *source,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_family_rules: lengths of @family with @config. */
Cs3LengthRules cs3_family_rules(const Cs3Family *family, gconstpointer config);
