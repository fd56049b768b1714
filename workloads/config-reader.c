/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed, range-checked reading of one flat JSON object into a struct, driven by a table. */
#include "config.h"

#include "workloads/config-reader.h"

#include "workloads/workload-error.h"

enum { MAX_SHOWN = 120 };

char *cs3_config_clean(const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  GString *out = g_string_new(NULL);
  int n = 0;
  for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
    if (n++ == MAX_SHOWN) {
      g_string_append(out, "...");
      break;
    }
    gunichar c = g_utf8_get_char(p);
    g_string_append_unichar(out, g_unichar_isprint(c) ? c : '?');
  }
  return g_string_free(out, FALSE);
}

char *cs3_config_show(json_t *value) {
  switch (json_typeof(value)) {
  case JSON_OBJECT:
    return g_strdup("an object");
  case JSON_ARRAY:
    return g_strdup("an array");
  case JSON_STRING: {
    g_autofree char *clean = cs3_config_clean(json_string_value(value));
    return g_strdup_printf("\"%s\"", clean);
  }
  default: {
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    char *copy = g_strdup(text);
    free(text);
    return copy;
  }
  }
}

json_t *cs3_config_read_object(const char *text, gsize size, const char *source, GError **error) {
  json_error_t why;
  json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, &why);
  if (!root) {
    g_autofree char *reason = cs3_config_clean(why.text);
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s:%d:%d: not valid JSON: %s",
                source, why.line, why.column, reason);
    return NULL;
  }
  if (!json_is_object(root)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: expected a JSON object { ... }, found an array", source);
    json_decref(root);
    return NULL;
  }
  return root;
}

static gboolean fail(GError **error, const char *source, const Cs3Field *field, json_t *value,
                     const char *expected) {
  g_autofree char *shown = cs3_config_show(value);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: %s: expected %s, got %s",
              source, field->key, expected, shown);
  return FALSE;
}

static gboolean read_number(json_t *value, const char *source, const Cs3Field *field,
                            gpointer member, GError **error) {
  gboolean integer = field->type == CS3_FIELD_INT;
  g_autofree char *expected =
      g_strdup_printf(integer ? "an integer from %.0f to %.0f%s" : "a number from %g to %g%s",
                      field->min, field->max, field->nullable ? ", or null" : "");
  if (field->nullable && json_is_null(value)) {
    *(gint64 *)member = 0;
    return TRUE;
  }
  if (integer ? !json_is_integer(value) : !json_is_number(value))
    return fail(error, source, field, value, expected);
  double number = json_number_value(value);
  if (!(number >= field->min && number <= field->max))
    return fail(error, source, field, value, expected);
  if (integer)
    *(gint64 *)member = json_integer_value(value);
  else
    *(double *)member = number;
  return TRUE;
}

static gboolean read_choice(json_t *value, const char *source, const Cs3Field *field,
                            gpointer member, GError **error) {
  g_autoptr(GString) known = g_string_new("one of ");
  const char *text = json_string_value(value);
  for (const Cs3FieldChoice *c = field->choices; c->name; c++) {
    if (text && g_str_equal(text, c->name)) {
      *(int *)member = c->value;
      return TRUE;
    }
    g_string_append_printf(known, "%s\"%s\"", c == field->choices ? "" : ", ", c->name);
  }
  return fail(error, source, field, value, known->str);
}

static gboolean read_field(json_t *value, const char *source, const Cs3Field *field,
                           gpointer target, GError **error) {
  gpointer member = (char *)target + field->offset;
  switch (field->type) {
  case CS3_FIELD_BOOL:
    if (!json_is_boolean(value))
      return fail(error, source, field, value, "true or false");
    *(gboolean *)member = json_is_true(value);
    return TRUE;
  case CS3_FIELD_ENUM:
    return read_choice(value, source, field, member, error);
  case CS3_FIELD_INT:
  case CS3_FIELD_REAL:
  default:
    return read_number(value, source, field, member, error);
  }
}

gboolean cs3_config_read_fields(json_t *object, const char *source, const Cs3Field *fields,
                                gpointer target, GError **error) {
  for (const Cs3Field *field = fields; field->key; field++) {
    json_t *value = json_object_get(object, field->key);
    if (value) {
      if (!read_field(value, source, field, target, error))
        return FALSE;
    } else if (field->required) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                  "%s: key \"%s\" is missing (an integer from %.0f to %.0f)", source, field->key,
                  field->min, field->max);
      return FALSE;
    }
  }
  return TRUE;
}
