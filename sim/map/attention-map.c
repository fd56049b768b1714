/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Mappings of attention, as people write them and as records. */
#include "config.h"

#include <string.h>

#include "fabric/fabric-error.h"
#include "base/json.h"
#include "sim/map/attention-map.h"

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

static const char *documents_name(int value) {
  return cs3_documents_name((Cs3Documents)value);
}

static const char *axis_name(int value) {
  return value == CS3_AXIS_X ? "x" : value == CS3_AXIS_Y ? "y" : "auto";
}

#define AT(member) G_STRUCT_OFFSET(Cs3AttentionForce, member)

static const MapKey keys[] = {
    {"algorithm", algorithm_name, CS3_N_ATTENTION_ALGORITHMS, AT(algorithm)},
    {"axis", axis_name, CS3_AXIS_X + 1, AT(axis)},
    {"fold", NULL, 0, AT(fold)},
    {"lines", NULL, 0, AT(lines)},
    {"places", NULL, 0, AT(places)},
    {"order", order_name, CS3_N_TOKEN_ORDERS, AT(order)},
    {"chunks", NULL, 0, AT(chunks)},
    {"scores", scores_name, CS3_N_SCORES, AT(scores)},
    {"documents", documents_name, CS3_N_DOCUMENTS, AT(documents)},
};

static gboolean set_choice(Cs3AttentionForce *force, const char *prefix, const MapKey *key,
                           const char *value, GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  for (int i = 0; i < key->n; i++) {
    g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", key->name(i));
    if (strcmp(key->name(i), value) != 0)
      continue;
    G_STRUCT_MEMBER(int, force, key->offset) = strcmp(value, "auto") == 0 ? -1 : i;
    return TRUE;
  }
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "--map %s%s=%s: unknown value (accepted: %s)", prefix, key->key, value, known->str);
  return FALSE;
}

static gboolean set_number(Cs3AttentionForce *force, const char *prefix, const MapKey *key,
                           const char *value, GError **error) {
  gint64 number;
  if (!g_ascii_string_to_signed(value, 10, 1, G_MAXINT32, &number, NULL)) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
                "--map %s%s=%s: not a whole number from 1 to %d", prefix, key->key, value,
                G_MAXINT32);
    return FALSE;
  }
  G_STRUCT_MEMBER(gint64, force, key->offset) = number;
  return TRUE;
}

gboolean cs3_attention_map_knows(const char *prefix, const char *text) {
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_autofree char *start = g_strconcat(prefix, keys[i].key, "=", NULL);
    if (g_str_has_prefix(text, start))
      return TRUE;
  }
  return FALSE;
}

gboolean cs3_attention_map_parse(Cs3AttentionForce *force, const char *prefix, const char *text,
                                 GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    g_autofree char *start = g_strconcat(prefix, keys[i].key, "=", NULL);
    g_string_append_printf(known, "%s%s%s", i > 0 ? ", " : "", prefix, keys[i].key);
    if (!g_str_has_prefix(text, start))
      continue;
    const char *value = text + strlen(start);
    return keys[i].name != NULL ? set_choice(force, prefix, &keys[i], value, error)
                                : set_number(force, prefix, &keys[i], value, error);
  }
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "--map %s: expected KEY=VALUE with KEY one of %s", text, known->str);
  return FALSE;
}

void cs3_attention_map_keys(const char *prefix, GPtrArray *words) {
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++)
    g_ptr_array_add(words, g_strconcat(prefix, keys[i].key, NULL));
}

void cs3_attention_map_words(const char *prefix, GPtrArray *words) {
  for (guint i = 0; i < G_N_ELEMENTS(keys); i++) {
    if (keys[i].name == NULL)
      g_ptr_array_add(words, g_strconcat(prefix, keys[i].key, "=", NULL));
    for (int value = 0; value < keys[i].n; value++)
      g_ptr_array_add(words, g_strconcat(prefix, keys[i].key, "=", keys[i].name(value), NULL));
  }
}

/* "205 places", of a grid "8 x 205 places". */
static char *places_text(const Cs3AttentionMapping *m) {
  gboolean grid = m->algorithm == CS3_ATTENTION_GRID;
  g_autofree char *lines =
      grid ? g_strdup_printf("%" G_GINT64_FORMAT " x ", m->lines) : g_strdup("");
  return g_strdup_printf("%s%" G_GINT64_FORMAT " place%s", lines, m->places,
                         m->places == 1 && !grid ? "" : "s");
}

char *cs3_attention_map_text(const Cs3AttentionMapping *m, gboolean apart) {
  g_autofree char *places = places_text(m);
  return g_strdup_printf("%s, fold %" G_GINT64_FORMAT " on %s, %s, tokens %s, %" G_GINT64_FORMAT
                         " chunk%s, scores by %s%s",
                         cs3_attention_algorithm_name(m->algorithm), m->fold, axis_name(m->axis),
                         places, cs3_token_order_name(m->order), m->chunks,
                         m->chunks == 1 ? "" : "s", cs3_scores_name(m->scores),
                         apart ? ", documents apart" : "");
}

json_t *cs3_attention_map_json(const Cs3AttentionRival *rival, gboolean apart) {
  const Cs3AttentionMapping *m = &rival->mapping;
  g_autofree char *text = cs3_attention_map_text(m, apart);
  json_t *object = cs3_json_pack(
      "{s:s, s:s, s:I, s:I, s:I, s:s, s:I, s:s, s:I, s:s}", "algorithm",
      cs3_attention_algorithm_name(m->algorithm), "axis", axis_name(m->axis), "fold",
      (json_int_t)m->fold, "lines", (json_int_t)m->lines, "places", (json_int_t)m->places, "order",
      cs3_token_order_name(m->order), "chunks", (json_int_t)m->chunks, "scores",
      cs3_scores_name(m->scores), "cycles", (json_int_t)rival->cycles, "text", text);
  if (apart)
    json_object_set_new(object, "documents", json_string("apart"));
  return object;
}

json_t *cs3_attention_causes_json(const Cs3AttentionResult *result, const char **bottleneck) {
  json_t *causes = json_object();
  int worst = CS3_ATTENTION_MAPPING;
  for (int cause = 0; cause < CS3_N_ATTENTION_CAUSES; cause++) {
    json_object_set_new(causes, cs3_attention_cause_name((Cs3AttentionCause)cause),
                        json_integer(result->causes[cause]));
    if (cause != CS3_ATTENTION_ARITHMETIC && result->causes[cause] > result->causes[worst])
      worst = cause;
  }
  *bottleneck = cs3_attention_cause_name((Cs3AttentionCause)worst);
  return causes;
}
