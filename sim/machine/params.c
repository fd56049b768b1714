/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading, setting and printing the members of any struct that a parameter table describes. */
#include "config.h"

#include "sim/machine/params.h"

#include "base/config-error.h"
#include "base/plain-text.h"
#include "base/quantity.h"
#include "base/suggest.h"

#include <math.h>
#include <string.h>

char *cs3_param_name(const Cs3Param *param) {
  return g_strconcat(param->group, ".", param->key, NULL);
}

char *cs3_param_readers(const Cs3Param *param) {
  if (*param->readers == '\0')
    return g_strdup("nothing: it only describes the machine");
  g_autoptr(GString) text = g_string_new(param->readers);
  g_string_replace(text, " ", ", ", 0);
  g_string_replace(text, "/", " --fidelity ", 0);
  return g_string_free(g_steal_pointer(&text), FALSE);
}

double cs3_param_get(const Cs3Param *param, const void *base) {
  gconstpointer member = (const char *)base + param->offset;
  switch (param->type) {
  case CS3_PARAM_INT:
    return (double)*(const gint64 *)member;
  case CS3_PARAM_REAL:
    return *(const double *)member;
  case CS3_PARAM_ENUM:
    return *(const int *)member;
  }
  g_return_val_if_reached(0);
}

gboolean cs3_param_check(const Cs3Param *param, double value, GError **error) {
  if (value >= param->min && value <= param->max) {
    if (param->type == CS3_PARAM_REAL || value == floor(value))
      return TRUE;
    g_autofree char *text = cs3_quantity_format(value, param->unit);
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE, "%s is not a whole number of %s",
                text, param->unit == CS3_UNIT_NONE ? "units" : cs3_quantity_unit(param->unit));
    return FALSE;
  }
  if (!isfinite(value)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
                "the value is not a finite number");
    return FALSE;
  }
  g_autofree char *text = cs3_quantity_format(value, param->unit);
  g_autofree char *range = cs3_param_format_range(param, param->min, param->max);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE, "%s is out of range; accepted: %s",
              text, range);
  return FALSE;
}

gboolean cs3_param_set(const Cs3Param *param, void *base, double value, GError **error) {
  if (!cs3_param_check(param, value, error))
    return FALSE;
  gpointer member = (char *)base + param->offset;
  switch (param->type) {
  case CS3_PARAM_INT:
    *(gint64 *)member = (gint64)value;
    break;
  case CS3_PARAM_REAL:
    *(double *)member = value;
    break;
  case CS3_PARAM_ENUM:
    *(int *)member = (int)value;
    break;
  }
  return TRUE;
}

static gboolean read_choice(const Cs3Param *param, const char *text, double *value,
                            GError **error) {
  for (int i = 0; param->choices[i] != NULL; i++) {
    if (!g_str_equal(text, param->choices[i]))
      continue;
    *value = i;
    return TRUE;
  }
  g_autofree char *all = g_strjoinv(", ", (char **)param->choices);
  const char *nearest = cs3_suggest(text, param->choices);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "'%s' is not one of %s%s%s%s",
              CS3_CUT(text), all, nearest != NULL ? "; did you mean " : "",
              nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
  return FALSE;
}

gboolean cs3_param_read(const Cs3Param *param, const char *text, double *value, GError **error) {
  if (param->type == CS3_PARAM_ENUM)
    return read_choice(param, text, value, error);
  return cs3_quantity_parse(text, param->unit, value, error) &&
         cs3_param_check(param, *value, error);
}

char *cs3_param_format(const Cs3Param *param, double value) {
  if (param->type == CS3_PARAM_ENUM)
    return g_strdup(param->choices[(int)value]);
  return cs3_quantity_format(value, param->unit);
}

char *cs3_param_format_range(const Cs3Param *param, double low, double high) {
  if (param->type == CS3_PARAM_ENUM) {
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (int choice = (int)low; choice <= (int)high; choice++)
      g_ptr_array_add(names, (gpointer)param->choices[choice]);
    g_ptr_array_add(names, NULL);
    return g_strjoinv(", ", (char **)names->pdata);
  }
  g_autofree char *from = cs3_quantity_format(low, param->unit);
  g_autofree char *to = cs3_quantity_format(high, param->unit);
  return g_strconcat(from, " .. ", to, NULL);
}

gboolean cs3_param_uncertain(const Cs3Param *param) {
  return param->plausible_min < param->plausible_max;
}

const char *cs3_evidence_name(Cs3Evidence evidence) {
  static const char *const names[] = {
      [CS3_EVIDENCE_VENDOR] = "vendor",           [CS3_EVIDENCE_MEASURED] = "measured",
      [CS3_EVIDENCE_DERIVED] = "derived",         [CS3_EVIDENCE_DISPUTED] = "disputed",
      [CS3_EVIDENCE_UNPUBLISHED] = "unpublished",
  };
  return names[evidence];
}

const Cs3Param *cs3_params_find(const Cs3ParamBinding *bindings, const char *group, const char *key,
                                const Cs3ParamBinding **binding) {
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++) {
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *param = &b->table->params[i];
      if (!g_str_equal(param->group, group) || !g_str_equal(param->key, key))
        continue;
      if (binding != NULL)
        *binding = b;
      return param;
    }
  }
  return NULL;
}

const Cs3Param *cs3_params_find_name(const Cs3ParamBinding *bindings, const char *name,
                                     const Cs3ParamBinding **binding, GError **error) {
  g_auto(GStrv) parts = g_strsplit(name, ".", 2);
  gboolean dotted = parts[0] != NULL && parts[1] != NULL;
  const Cs3Param *param = dotted ? cs3_params_find(bindings, parts[0], parts[1], binding) : NULL;
  if (param == NULL) {
    g_autofree char *complaint =
        cs3_params_unknown(bindings, dotted ? parts[0] : NULL, dotted ? parts[1] : name);
    g_set_error_literal(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, complaint);
  }
  return param;
}

/* A row, seen as one of the words that a user may have meant. */
typedef const char *(*WordOf)(const Cs3Param *param);

static const char *group_of(const Cs3Param *param) {
  return param->group;
}

static const char *key_of(const Cs3Param *param) {
  return param->key;
}

/* The words of all rows, or of those of @group, each once; NULL-terminated. */
static GPtrArray *collect(const Cs3ParamBinding *bindings, WordOf word_of, const char *group) {
  GPtrArray *words = g_ptr_array_new();
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++) {
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *param = &b->table->params[i];
      const char *word = word_of(param);
      if (group != NULL && !g_str_equal(param->group, group))
        continue;
      if (!g_ptr_array_find_with_equal_func(words, word, g_str_equal, NULL))
        g_ptr_array_add(words, (gpointer)word);
    }
  }
  g_ptr_array_add(words, NULL);
  return words;
}

/* The first parameter of any group whose key is @key. */
static const Cs3Param *find_key(const Cs3ParamBinding *bindings, const char *key) {
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++)
      if (g_str_equal(b->table->params[i].key, key))
        return &b->table->params[i];
  return NULL;
}

gboolean cs3_params_has_group(const Cs3ParamBinding *bindings, const char *group) {
  g_autoptr(GPtrArray) groups = collect(bindings, group_of, NULL);
  return g_strv_contains((const char *const *)groups->pdata, group);
}

static char *unknown_key(const Cs3ParamBinding *bindings, const char *group, const char *key) {
  const Cs3Param *elsewhere = find_key(bindings, key);
  if (elsewhere != NULL)
    return g_strdup_printf("unknown key '%s' in [%s]; did you mean %s.%s?", key, group,
                           elsewhere->group, key);
  g_autoptr(GPtrArray) keys = collect(bindings, key_of, group);
  g_autofree char *hint = cs3_suggestion(key, (const char *const *)keys->pdata);
  return g_strdup_printf("unknown key '%s' in [%s]%s", CS3_CUT(key), group, hint);
}

/* @word stands alone: a key whose group was left out, or a group. */
static char *unknown_word(const Cs3ParamBinding *bindings, const char *word) {
  g_autoptr(GPtrArray) keys = collect(bindings, key_of, NULL);
  const char *nearest = cs3_suggest(word, (const char *const *)keys->pdata);
  const Cs3Param *param = nearest != NULL ? find_key(bindings, nearest) : NULL;
  if (param != NULL)
    return g_strdup_printf("unknown parameter '%s'; did you mean %s.%s?", CS3_CUT(word),
                           param->group, param->key);
  g_autoptr(GPtrArray) groups = collect(bindings, group_of, NULL);
  g_autofree char *hint = cs3_suggestion(word, (const char *const *)groups->pdata);
  return g_strdup_printf("unknown parameter '%s'%s", CS3_CUT(word), hint);
}

char *cs3_params_unknown(const Cs3ParamBinding *bindings, const char *group, const char *key) {
  if (group == NULL)
    return unknown_word(bindings, key);
  g_autoptr(GPtrArray) groups = collect(bindings, group_of, NULL);
  const char *const *names = (const char *const *)groups->pdata;
  if (g_strv_contains(names, group))
    return unknown_key(bindings, group, key);
  const Cs3Param *elsewhere = find_key(bindings, key);
  if (elsewhere != NULL)
    return g_strdup_printf("unknown group '%s'; did you mean %s.%s?", CS3_CUT(group),
                           elsewhere->group, key);
  g_autofree char *hint = cs3_suggestion(group, names);
  return g_strdup_printf("unknown group '%s'%s", CS3_CUT(group), hint);
}

static gboolean take(const Cs3Param *param, gpointer object, Cs3Ini *ini, GError **error) {
  g_autofree char *where = cs3_ini_where(ini, param->group, param->key);
  const char *text = cs3_ini_take(ini, param->group, param->key);
  double value = 0;
  if (text == NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING, "%s: no value for %s.%s", where,
                param->group, param->key);
    return FALSE;
  }
  if (cs3_param_read(param, text, &value, error) && cs3_param_set(param, object, value, error))
    return TRUE;
  g_prefix_error(error, "%s: %s.%s: ", where, param->group, param->key);
  return FALSE;
}

gboolean cs3_params_take(const Cs3ParamTable *table, gpointer object, Cs3Ini *ini, GError **error) {
  const char *group = NULL, *key = NULL;
  for (guint i = 0; i < table->n_params; i++)
    if (!take(&table->params[i], object, ini, error))
      return FALSE;
  if (!cs3_ini_left(ini, &group, &key))
    return TRUE;
  Cs3ParamBinding bindings[] = {{table, NULL}, {NULL, NULL}};
  g_autofree char *where = cs3_ini_where(ini, group, key);
  g_autofree char *complaint = cs3_params_unknown(bindings, group, key);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "%s: %s", where, complaint);
  return FALSE;
}
