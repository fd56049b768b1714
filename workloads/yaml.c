/* SPDX-License-Identifier: GPL-3.0-or-later */
/* YAML files as JSON documents. libyaml makes nodes; what a plain scalar means, keys that come
 * twice and aliases of aliases are left to its user. */
#include "config.h"

#include "workloads/yaml.h"

#include <math.h>
#include <string.h>
#include <yaml.h>

#include "base/plain-text.h"
#include "workloads/workload-error.h"

enum { MOST_VALUES = 100000, DEEPEST = 64 };

typedef struct {
  yaml_document_t document;
  const char *shown;
  guint values;
} Reader;

static json_t *fail(const Reader *reader, int code, const yaml_mark_t *mark, const char *what,
                    const char *text, GError **error) {
  g_set_error(error, CS3_WORKLOAD_ERROR, code, "%s:%zu: %s%s%s%s", reader->shown, mark->line + 1,
              what, text != NULL ? " '" : "", text != NULL ? CS3_CUT(text) : "",
              text != NULL ? "'" : "");
  return NULL;
}

static json_t *data_error(const Reader *reader, const yaml_mark_t *mark, const char *what,
                          const char *text, GError **error) {
  return fail(reader, CS3_WORKLOAD_ERROR_DATA, mark, what, text, error);
}

static gboolean is_one_of(const char *text, const char *const *words) {
  return g_strv_contains(words, text);
}

/* The core schema of YAML 1.2, section 10.3.2, without octal and hexadecimal. */
static json_t *plain_value(const char *text) {
  static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
  static const char *const trues[] = {"true", "True", "TRUE", NULL};
  static const char *const falses[] = {"false", "False", "FALSE", NULL};
  gint64 whole;
  char *end = NULL;
  if (is_one_of(text, nulls))
    return json_null();
  if (is_one_of(text, trues))
    return json_true();
  if (is_one_of(text, falses))
    return json_false();
  if (g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, &whole, NULL))
    return json_integer(whole);
  double value = g_ascii_strtod(text, &end);
  gboolean number =
      *text != '\0' && *end == '\0' && strspn(text, "+-.0123456789eE") == strlen(text);
  return number && isfinite(value) ? json_real(value) : json_string(text);
}

static json_t *scalar(const Reader *reader, const yaml_node_t *node, GError **error) {
  const char *text = (const char *)node->data.scalar.value;
  if (strlen(text) != node->data.scalar.length)
    return data_error(reader, &node->start_mark, "a text with a zero byte", NULL, error);
  json_t *value =
      node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE ? plain_value(text) : json_string(text);
  return value != NULL ? value : data_error(reader, &node->start_mark, "is no UTF-8:", text, error);
}

static json_t *convert(Reader *reader, int index, guint depth, GError **error);

static json_t *sequence(Reader *reader, const yaml_node_t *node, guint depth, GError **error) {
  json_t *array = json_array();
  for (const yaml_node_item_t *item = node->data.sequence.items.start;
       item < node->data.sequence.items.top; item++) {
    json_t *value = convert(reader, *item, depth + 1, error);
    if (value == NULL) {
      json_decref(array);
      return NULL;
    }
    json_array_append_new(array, value);
  }
  return array;
}

/* Returns: the name of @pair; %NULL with @error set. */
static const char *key_of(Reader *reader, const yaml_node_pair_t *pair, const json_t *object,
                          GError **error) {
  const yaml_node_t *key = yaml_document_get_node(&reader->document, pair->key);
  const char *name = key->type == YAML_SCALAR_NODE ? (const char *)key->data.scalar.value : NULL;
  const char *problem = name == NULL                            ? "a key that is no text"
                        : strcmp(name, "<<") == 0               ? "merging is not read; write out"
                        : json_object_get(object, name) != NULL ? "is there twice:"
                                                                : NULL;
  if (problem == NULL)
    return name;
  data_error(reader, &key->start_mark, problem, name, error);
  return NULL;
}

static json_t *mapping(Reader *reader, const yaml_node_t *node, guint depth, GError **error) {
  json_t *object = json_object();
  for (const yaml_node_pair_t *pair = node->data.mapping.pairs.start;
       pair < node->data.mapping.pairs.top; pair++) {
    const char *name = key_of(reader, pair, object, error);
    json_t *value = name != NULL ? convert(reader, pair->value, depth + 1, error) : NULL;
    if (value == NULL) {
      json_decref(object);
      return NULL;
    }
    json_object_set_new(object, name, value);
  }
  return object;
}

static json_t *convert(Reader *reader, int index, guint depth, GError **error) {
  const yaml_node_t *node = yaml_document_get_node(&reader->document, index);
  if (++reader->values > MOST_VALUES || depth > DEEPEST)
    return fail(reader, CS3_WORKLOAD_ERROR_TOO_LARGE, &node->start_mark,
                depth > DEEPEST ? "more than 64 levels"
                                : "more than 100,000 values, aliases included",
                NULL, error);
  switch (node->type) {
  case YAML_SCALAR_NODE:
    return scalar(reader, node, error);
  case YAML_SEQUENCE_NODE:
    return sequence(reader, node, depth, error);
  case YAML_MAPPING_NODE:
    return mapping(reader, node, depth, error);
  case YAML_NO_NODE:
    break;
  }
  return data_error(reader, &node->start_mark, "no value", NULL, error);
}

static json_t *syntax_error(const Reader *reader, const yaml_parser_t *parser, GError **error) {
  if (parser->error == YAML_MEMORY_ERROR)
    return data_error(reader, &parser->problem_mark, "out of memory", NULL, error);
  return data_error(reader, &parser->problem_mark,
                    "is no YAML here (KEY: VALUE, even indentation, brackets and quotes closed); "
                    "expected a parameter file of the Cerebras Model Zoo",
                    NULL, error);
}

/* The next document, or none, must not be there. */
static gboolean ends(const Reader *reader, yaml_parser_t *parser, GError **error) {
  yaml_document_t next;
  if (!yaml_parser_load(parser, &next)) {
    syntax_error(reader, parser, error);
    return FALSE;
  }
  const yaml_node_t *root = yaml_document_get_root_node(&next);
  if (root != NULL)
    data_error(reader, &root->start_mark, "a second document; one is read", NULL, error);
  gboolean ok = root == NULL;
  yaml_document_delete(&next);
  return ok;
}

json_t *cs3_yaml_parse(const char *text, gsize n, const char *shown, GError **error) {
  yaml_parser_t parser;
  Reader reader = {.shown = shown};
  json_t *value = NULL;
  yaml_parser_initialize(&parser);
  yaml_parser_set_input_string(&parser, (const unsigned char *)text, n);
  if (!yaml_parser_load(&parser, &reader.document)) {
    syntax_error(&reader, &parser, error);
  } else {
    if (yaml_document_get_root_node(&reader.document) == NULL)
      data_error(&reader, &(yaml_mark_t){0}, "no document", NULL, error);
    else if (ends(&reader, &parser, error))
      value = convert(&reader, 1, 0, error);
    yaml_document_delete(&reader.document);
  }
  yaml_parser_delete(&parser);
  return value;
}
