/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mappings of attention, as people write them. */
#include "config.h"

#include <string.h>

#include "fabric/fabric-error.h"
#include "sim/wafer/attention-run.h"

/* A part of a mapping: a choice by name, or a number. */
typedef struct {
  const char *key;
  const char *(*name)(int value); /* %NULL: a number */
  int n;
  gsize offset;
} MapKey;

static const char *algorithm_name(int value) {
  return cs3_attention_algorithm_name((Cs3AttentionAlgorithm)value);
}

static const char *order_name(int value) {
  return cs3_token_order_name((Cs3TokenOrder)value);
}

static const char *scores_name(int value) {
  return cs3_scores_name((Cs3Scores)value);
}

static const char *axis_name(int value) {
  return value == CS3_AXIS_X ? "x" : value == CS3_AXIS_Y ? "y" : "auto";
}

#define AT(member) G_STRUCT_OFFSET(Cs3AttentionForce, member)

static const MapKey keys[] = {
    {"algorithm", algorithm_name, CS3_N_ATTENTION_ALGORITHMS, AT(algorithm)},
    {"axis", axis_name, CS3_AXIS_X + 1, AT(axis)},
    {"fold", NULL, 0, AT(fold)},
    {"order", order_name, CS3_N_TOKEN_ORDERS, AT(order)},
    {"chunks", NULL, 0, AT(chunks)},
    {"scores", scores_name, CS3_N_SCORES, AT(scores)},
};

static gboolean set_choice(Cs3AttentionForce *force, const MapKey *key, const char *value,
                           GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  for (int i = 0; i < key->n; i++) {
    g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", key->name(i));
    if (strcmp(key->name(i), value) != 0)
      continue;
    G_STRUCT_MEMBER(int, force, key->offset) = strcmp(value, "auto") == 0 ? -1 : i;
    return TRUE;
  }
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "--map %s=%s: unknown value (accepted: %s)", key->key, value, known->str);
  return FALSE;
}

static gboolean set_number(Cs3AttentionForce *force, const MapKey *key, const char *value,
                           GError **error) {
  gint64 number;
  if (!g_ascii_string_to_signed(value, 10, 1, G_MAXINT32, &number, NULL)) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
                "--map %s=%s: not a whole number from 1 to %d", key->key, value, G_MAXINT32);
    return FALSE;
  }
  G_STRUCT_MEMBER(gint64, force, key->offset) = number;
  return TRUE;
}

gboolean cs3_attention_map_parse(Cs3AttentionForce *force, const char *text, GError **error) {
  g_auto(GStrv) parts = g_strsplit(text, "=", 2);
  g_autoptr(GString) known = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", keys[i].key);
    if (parts[0] != NULL && parts[1] != NULL && strcmp(keys[i].key, parts[0]) == 0)
      return keys[i].name != NULL ? set_choice(force, &keys[i], parts[1], error)
                                  : set_number(force, &keys[i], parts[1], error);
  }
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "--map %s: expected KEY=VALUE with KEY one of %s", text, known->str);
  return FALSE;
}

char *cs3_attention_map_text(const Cs3AttentionMapping *m) {
  return g_strdup_printf("%s, fold %" G_GINT64_FORMAT " on %s, tokens %s, %" G_GINT64_FORMAT
                         " chunk%s, scores by %s",
                         cs3_attention_algorithm_name(m->algorithm), m->fold, axis_name(m->axis),
                         cs3_token_order_name(m->order), m->chunks, m->chunks == 1 ? "" : "s",
                         cs3_scores_name(m->scores));
}
