/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --map key=value: choices of the mapper that a user forces. */
#include "config.h"

#include <string.h>

#include "fabric/fabric-error.h"
#include "sim/map/attention-map.h"
#include "sim/map/mapper.h"

#define ATTENTION "attention-"

typedef struct {
  const char *key;
  const char *const *values; /* index = value; NULL: a positive integer */
  gsize offset;
  gboolean wide; /* gint64 member, else int */
  gboolean step; /* a choice of a training step, none of a layer's */
} ForceKey;

static const char *const axis_values[] = {"auto", "y", "x", NULL};
static const char *const placement_values[] = {"auto", "cache", "spill", "sram", NULL};
#define REDUCTION_VALUE(ID, name, text) text,
static const char *const reduction_values[] = {CS3_REDUCTIONS(REDUCTION_VALUE) NULL};
static const char *const switch_values[] = {"no", "yes", NULL};
static const char *const format_values[] = {"sparse", "dense", NULL};
static const char *const dw_values[] = {"dot-row-chain", "local-block", NULL};
static const char *const lowering_values[] = {"halo", "copies", NULL};
static const char *const recompute_values[] = {"none",      "layer",      "full",
                                               "operation", "reversible", NULL};
static const char *const send_values[] = {"keep", "send", NULL};

static const ForceKey force_keys[] = {
    {"fold", NULL, G_STRUCT_OFFSET(Cs3MapForce, fold), TRUE},
    {"axis", axis_values, G_STRUCT_OFFSET(Cs3MapForce, axis), FALSE},
    {"placement", placement_values, G_STRUCT_OFFSET(Cs3MapForce, placement), FALSE},
    {"reduction", reduction_values, G_STRUCT_OFFSET(Cs3MapForce, reduction), FALSE},
    {"overlap", switch_values, G_STRUCT_OFFSET(Cs3MapForce, overlap), FALSE},
    {"format", format_values, G_STRUCT_OFFSET(Cs3MapForce, dense), FALSE},
    {"dw", dw_values, G_STRUCT_OFFSET(Cs3MapForce, dw), FALSE},
    {"lowering", lowering_values, G_STRUCT_OFFSET(Cs3MapForce, lowering), FALSE},
    {"recompute", recompute_values, G_STRUCT_OFFSET(Cs3MapForce, recompute), FALSE, TRUE},
    {"activations", send_values, G_STRUCT_OFFSET(Cs3MapForce, send), FALSE, TRUE},
    {"micro-batch", NULL, G_STRUCT_OFFSET(Cs3MapForce, micro_batch), TRUE, TRUE},
};

static gboolean set_choice(Cs3MapForce *force, const ForceKey *key, const char *value,
                           GError **error) {
  for (int i = 0; key->values[i]; i++) {
    if (strcmp(key->values[i], value) == 0) {
      gboolean is_auto = strcmp(value, "auto") == 0;
      G_STRUCT_MEMBER(int, force, key->offset) = is_auto ? -1 : i;
      return TRUE;
    }
  }
  g_autofree char *known = g_strjoinv(", ", (char **)key->values);
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "--map %s=%s: unknown value (accepted: %s)", key->key, value, known);
  return FALSE;
}

static gboolean set_number(Cs3MapForce *force, const ForceKey *key, const char *value,
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

gboolean cs3_map_force_parse(Cs3MapForce *force, const char *text, GError **error) {
  g_auto(GStrv) parts = g_strsplit(text, "=", 2);
  for (guint i = 0; parts[0] && parts[1] && i < G_N_ELEMENTS(force_keys); i++) {
    const ForceKey *key = &force_keys[i];
    if (strcmp(key->key, parts[0]) == 0)
      return key->wide ? set_number(force, key, parts[1], error)
                       : set_choice(force, key, parts[1], error);
  }
  if (cs3_attention_map_knows(ATTENTION, text))
    return cs3_attention_map_parse(&force->attention, ATTENTION, text, error);
  g_autoptr(GString) known = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(force_keys); i++)
    g_string_append_printf(known, "%s%s", i ? ", " : "", force_keys[i].key);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  cs3_attention_map_keys(ATTENTION, words);
  for (guint i = 0; i < words->len; i++)
    g_string_append_printf(known, ", %s", (const char *)words->pdata[i]);
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "--map %s: expected KEY=VALUE with KEY one of %s", text, known->str);
  return FALSE;
}

gboolean cs3_map_force_of_step(const char *text) {
  for (guint i = 0; i < G_N_ELEMENTS(force_keys); i++) {
    gsize n = strlen(force_keys[i].key);
    if (strncmp(text, force_keys[i].key, n) == 0 && text[n] == '=')
      return force_keys[i].step;
  }
  return cs3_attention_map_knows(ATTENTION, text);
}

char **cs3_map_force_words(void) {
  GPtrArray *words = g_ptr_array_new();
  for (guint i = 0; i < G_N_ELEMENTS(force_keys); i++) {
    const ForceKey *key = &force_keys[i];
    if (key->values == NULL)
      g_ptr_array_add(words, g_strconcat(key->key, "=", NULL));
    for (guint v = 0; key->values != NULL && key->values[v] != NULL; v++)
      g_ptr_array_add(words, g_strconcat(key->key, "=", key->values[v], NULL));
  }
  cs3_attention_map_words(ATTENTION, words);
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_free(words, FALSE);
}
