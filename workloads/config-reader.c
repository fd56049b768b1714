/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typed, range-checked reading of one flat JSON object into a struct, driven by a table. */
#include "config.h"

#include "workloads/config-reader.h"

#include "workloads/workload-error.h"

#include <string.h>
#include <sys/stat.h>

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

/* The number's name at @p, outside of a string; %NULL: none. */
static const char *unnumber(const char *p, const char *end) {
  static const char *const names[] = {"NaN", "Infinity", "-Infinity"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++) {
    gsize length = strlen(names[i]);
    if ((gsize)(end - p) >= length && memcmp(p, names[i], length) == 0)
      return names[i];
  }
  return NULL;
}

/* @text without a byte-order mark, names of numbers that JSON lacks in quotes. */
static GString *plain_json(const char *text, gsize size) {
  const char *end = text + size, *p = text;
  if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
    p += 3;
  GString *out = g_string_sized_new(size + 1);
  for (gboolean quoted = FALSE; p < end; p++) {
    const char *name = quoted ? NULL : unnumber(p, end);
    if (name) {
      g_string_append_printf(out, "\"%s\"", name);
      p += strlen(name) - 1;
      continue;
    }
    if (quoted && *p == '\\' && p + 1 < end)
      g_string_append_c(out, *p++);
    else if (*p == '"')
      quoted = !quoted;
    g_string_append_c(out, *p);
  }
  return out;
}

json_t *cs3_config_read_object(const char *text, gsize size, const char *source, GError **error) {
  json_error_t why;
  g_autoptr(GString) plain = plain_json(text, size);
  json_t *root = json_loadb(plain->str, plain->len, JSON_REJECT_DUPLICATES, &why);
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

json_t *cs3_config_read_file(const char *path, gsize most, GError **error) {
  struct stat info;
  g_autofree char *text = NULL;
  gsize length;
  g_autoptr(GError) reason = NULL;
  if (stat(path, &info) == 0 && (guint64)info.st_size > most) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: has more than %" G_GSIZE_FORMAT " bytes", path, most);
    return NULL;
  }
  if (!g_file_get_contents(path, &text, &length, &reason)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "%s", reason->message);
    return NULL;
  }
  return cs3_config_read_object(text, length, path, error);
}

gboolean cs3_config_fail(GError **error, const char *source, const char *key, json_t *value,
                         const char *expected) {
  g_autofree char *shown = cs3_config_show(value);
  g_autofree char *name = cs3_config_clean(key);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: %s: expected %s, got %s",
              source, name, expected, shown);
  return FALSE;
}

static gboolean fail(GError **error, const char *source, const Cs3Field *field, json_t *value,
                     const char *expected) {
  return cs3_config_fail(error, source, field->key, value, expected);
}

static gboolean is_empty(json_t *value) {
  return json_is_null(value) || (json_is_object(value) && json_object_size(value) == 0) ||
         (json_is_array(value) && json_array_size(value) == 0);
}

static gboolean is_off(json_t *value) {
  return is_empty(value) || json_is_false(value) ||
         (json_is_number(value) && json_number_value(value) == 0);
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

static gboolean read_list(json_t *value, const char *source, const Cs3Field *field, gpointer member,
                          GError **error) {
  Cs3List *list = member;
  g_autofree char *expected = g_strdup_printf("a list of 1 to %d integers from %.0f to %.0f",
                                              CS3_LIST_MAX, field->min, field->max);
  gsize n = json_array_size(value);
  if (!json_is_array(value) || n < 1 || n > CS3_LIST_MAX)
    return fail(error, source, field, value, expected);
  for (gsize i = 0; i < n; i++) {
    json_t *item = json_array_get(value, i);
    double number = json_number_value(item);
    if (!json_is_integer(item) || !(number >= field->min && number <= field->max))
      return fail(error, source, field, item, expected);
    list->value[i] = json_integer_value(item);
  }
  list->n = (int)n;
  return TRUE;
}

gboolean cs3_config_same_length(const char *source, const char *a_key, const Cs3List *a,
                                const char *b_key, const Cs3List *b, GError **error) {
  if (a->n == b->n)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: %s: expected as many values as %s has (%d), got %d", source, a_key, b_key, b->n,
              a->n);
  return FALSE;
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
  case CS3_FIELD_OTHER:
    return TRUE;
  case CS3_FIELD_OFF:
    return is_off(value) ||
           fail(error, source, field, value, "none of it (cs3sim cannot express it)");
  case CS3_FIELD_BOOL:
    if (field->nullable && json_is_null(value))
      return TRUE;
    if (!json_is_boolean(value))
      return fail(error, source, field, value, "true or false");
    *(gboolean *)member = json_is_true(value);
    return TRUE;
  case CS3_FIELD_LIST:
    return read_list(value, source, field, member, error);
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
    if (value && !(field->optional && json_is_null(value)) &&
        !read_field(value, source, field, target, error))
      return FALSE;
  }
  return TRUE;
}

/* A key under another name of the same member counts as well. */
static gboolean has_member(json_t *object, const Cs3Field *fields, const Cs3Field *wanted) {
  for (const Cs3Field *field = fields; field->key; field++)
    if (field->offset == wanted->offset && json_object_get(object, field->key) &&
        !json_is_null(json_object_get(object, field->key)))
      return TRUE;
  return FALSE;
}

char *cs3_config_left_out(json_t *object, const Cs3Field *fields) {
  g_autoptr(GString) names = g_string_new(NULL);
  for (const Cs3Field *field = fields; field->key; field++)
    if (field->main && !has_member(object, fields, field))
      g_string_append_printf(names, "%s%s", names->len ? ", " : "", field->key);
  return names->len ? g_string_free(g_steal_pointer(&names), FALSE) : NULL;
}

/* A number that is none measures no network. */
static gboolean is_unnumber(json_t *value) {
  const char *text = json_string_value(value);
  return text && unnumber(text, text + strlen(text));
}

static gboolean in_list(const char *const *list, const char *key) {
  for (; list && *list; list++)
    if (cs3_config_matches(*list, key))
      return TRUE;
  return FALSE;
}

static gboolean is_field(const Cs3Field *fields, const char *key) {
  for (const Cs3Field *field = fields; field->key; field++)
    if (g_str_equal(field->key, key))
      return TRUE;
  return FALSE;
}

gboolean cs3_config_account(json_t *object, const char *source, const Cs3Field *fields,
                            const char *const *harmless, GError **error) {
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    if (is_field(fields, key) || in_list(harmless, key) || cs3_config_is_harmless(key) ||
        is_empty(value) || is_unnumber(value) || (is_off(value) && cs3_config_is_harmless_off(key)))
      continue;
    g_autofree char *name = cs3_config_clean(key);
    g_autofree char *shown = cs3_config_show(value);
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: %s: this key (%s) is not understood and may change the network; remove it if"
                " it does not",
                source, name, shown);
    return FALSE;
  }
  return TRUE;
}
