/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A document cs3sim.graph/1 as a layer graph: its tables (graph-fields.h) read strictly. */
#include "config.h"

#include "workloads/graph-read.h"

#include <string.h>

#include "base/suggest.h"
#include "workloads/config-reader.h"
#include "workloads/graph-check.h"
#include "workloads/graph-fields.h"
#include "workloads/graph-model.h"
#include "workloads/workload-error.h"

/* Bounds of what a document may make this program hold. */
enum { MAX_SEGMENTS = 4096, MAX_OPERATORS = 1 << 16, MAX_INSTANCES = 1 << 16, MAX_NOTES = 100 };

typedef struct {
  Cs3Graph *graph;
  const char *source;
  guint segment;     /* that is read now */
  GHashTable *names; /* of its activations: 1 + index */
  gint64 instances;
  char *prefix; /* of the place in the document: "segments[1].operators[3]." */
} Reader;

static gboolean fail(const Reader *r, const char *key, json_t *value, const char *expected,
                     GError **error) {
  g_autofree char *place = g_strconcat(r->prefix ? r->prefix : "", key, NULL);
  if (value)
    return cs3_config_fail(error, r->source, place, value, expected);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: %s: expected %s, got no"
              " such key",
              r->source, place, expected);
  return FALSE;
}

static Cs3Segment *segment_of(const Reader *r) {
  return &g_array_index(r->graph->segments, Cs3Segment, r->segment);
}

static const char *keep(Reader *r, const char *text) {
  return text ? g_string_chunk_insert_const(r->graph->strings, text) : NULL;
}

/* Keys that are in no table, as they stand there: @more ends with NULL. */
static gboolean check_keys(const Reader *r, json_t *object, const Cs3GraphField *fields,
                           const char *const *more, GError **error) {
  g_autoptr(GPtrArray) known = g_ptr_array_new();
  for (const Cs3GraphField *f = fields; f && f->key; f++)
    g_ptr_array_add(known, (gpointer)f->key);
  for (; more && *more; more++)
    g_ptr_array_add(known, (gpointer)*more);
  g_ptr_array_add(known, NULL);
  const char *const *names = (const char *const *)known->pdata;
  const char *key;
  json_t *value;
  json_object_foreach(object, key, value) {
    if (g_strv_contains(names, key))
      continue;
    g_autofree char *shown = cs3_config_clean(key);
    g_autofree char *hint = cs3_suggestion(key, names);
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: %s%s: no such key%s",
                r->source, r->prefix ? r->prefix : "", shown, hint);
    return FALSE;
  }
  return TRUE;
}

/* --- members --------------------------------------------------------------------------------- */

static gboolean in_range(const Cs3GraphField *field, json_t *value, gboolean integer) {
  if (integer ? !json_is_integer(value) : !json_is_number(value))
    return FALSE;
  double number = json_number_value(value);
  return number >= field->min && number <= field->max;
}

static gboolean read_number(Reader *r, const Cs3GraphField *field, json_t *value, gpointer member,
                            GError **error) {
  gboolean integer = field->type == CS3_GRAPH_INT;
  g_autofree char *expected = g_strdup_printf(
      integer ? "an integer from %.0f to %.0f" : "a number from %g to %g", field->min, field->max);
  if (!in_range(field, value, integer))
    return fail(r, field->key, value, expected, error);
  if (integer)
    *(gint64 *)member = json_integer_value(value);
  else
    *(double *)member = json_number_value(value);
  return TRUE;
}

static gboolean read_choice(Reader *r, const Cs3GraphField *field, json_t *value, int *member,
                            GError **error) {
  const char *text = json_string_value(value);
  for (int i = 0; text && field->choices[i]; i++)
    if (g_str_equal(text, field->choices[i])) {
      *member = i;
      return TRUE;
    }
  g_autofree char *known = g_strjoinv(", ", (char **)field->choices);
  g_autofree char *expected = g_strconcat("one of ", known, NULL);
  return fail(r, field->key, value, expected, error);
}

static gboolean read_text(Reader *r, const Cs3GraphField *field, json_t *value, const char **member,
                          GError **error) {
  if (json_is_null(value) && !field->needed) {
    *member = NULL;
    return TRUE;
  }
  if (!json_is_string(value) || (field->needed && *json_string_value(value) == '\0'))
    return fail(r, field->key, value, "a text", error);
  *member = keep(r, json_string_value(value));
  return TRUE;
}

static gboolean read_pair(Reader *r, const Cs3GraphField *field, json_t *value, gint64 *pair,
                          GError **error) {
  g_autofree char *expected =
      g_strdup_printf("[height, width], two integers from %.0f to %.0f", field->min, field->max);
  if (!json_is_array(value) || json_array_size(value) != 2)
    return fail(r, field->key, value, expected, error);
  for (gsize i = 0; i < 2; i++) {
    if (!in_range(field, json_array_get(value, i), TRUE))
      return fail(r, field->key, json_array_get(value, i), expected, error);
    pair[i] = json_integer_value(json_array_get(value, i));
  }
  return TRUE;
}

static gboolean read_numbers(Reader *r, const Cs3GraphField *field, json_t *value,
                             const gint64 **member, GError **error) {
  gint64 repeat = segment_of(r)->repeat, last = -1;
  g_autofree char *expected = g_strdup_printf(
      "%" G_GINT64_FORMAT " rising integers from 0 to %.0f (repeat)", repeat, field->max);
  g_autofree gint64 *numbers = g_new(gint64, repeat);
  if (value && (!json_is_array(value) || (gint64)json_array_size(value) != repeat))
    return fail(r, field->key, value, expected, error);
  for (gint64 i = 0; i < repeat; i++) {
    json_t *one = json_array_get(value, (gsize)i);
    if (value && (!in_range(field, one, TRUE) || json_integer_value(one) <= last))
      return fail(r, field->key, one, expected, error);
    last = numbers[i] = value ? json_integer_value(one) : i;
  }
  g_ptr_array_add(r->graph->memory, numbers);
  *member = g_steal_pointer(&numbers);
  return TRUE;
}

static gboolean read_act(Reader *r, const char *key, json_t *value, int *member, GError **error) {
  const char *name = json_string_value(value);
  gpointer found = name ? g_hash_table_lookup(r->names, name) : NULL;
  if (!found)
    return fail(r, key, value, "an activation of the segment's tensors", error);
  *member = (int)GPOINTER_TO_SIZE(found) - 1;
  return TRUE;
}

static gboolean read_acts(Reader *r, const Cs3GraphField *field, json_t *value, int *list,
                          GError **error) {
  g_autofree char *expected = g_strdup_printf("a list of at most %u activations", field->room);
  if (!json_is_array(value) || json_array_size(value) > field->room)
    return fail(r, field->key, value, expected, error);
  memset(list, 0xff, field->room * sizeof *list);
  for (gsize i = 0; i < json_array_size(value); i++) {
    if (!read_act(r, field->key, json_array_get(value, i), &list[i], error))
      return FALSE;
    for (gsize k = 0; k < i; k++)
      if (list[k] == list[i])
        return fail(r, field->key, json_array_get(value, i), "every activation once", error);
  }
  return TRUE;
}

static gboolean read_thing(Reader *r, json_t *object, const Cs3GraphField *fields, gpointer thing,
                           GError **error);

/* The part that the operator @name of the open segment holds; 0: none. */
static guint part_of(const Reader *r, const Cs3GraphField *field, const char *name) {
  const Cs3Segment *segment = segment_of(r);
  for (guint i = 0; name && i < segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(r->graph, segment->first + i);
    if (g_str_equal(node->label, name))
      return *(const guint *)(gconstpointer)((const char *)node + field->offset);
  }
  return 0;
}

static gboolean read_part(Reader *r, const Cs3GraphField *field, json_t *value, guint *member,
                          GError **error) {
  GArray *array = cs3_graph_part_array(field->part, r->graph);
  if (!json_is_object(value)) {
    *member = part_of(r, field, json_string_value(value));
    return *member > 0 || fail(r, field->key, value,
                               "an object, or the name of an operator before that has one", error);
  }
  g_array_set_size(array, array->len + 1);
  gpointer thing = array->data + (gsize)(array->len - 1) * g_array_get_element_size(array);
  g_autofree char *outer = g_steal_pointer(&r->prefix);
  r->prefix = g_strconcat(outer, field->key, ".", NULL);
  gboolean ok = check_keys(r, value, field->part->fields, NULL, error) &&
                read_thing(r, value, field->part->fields, thing, error);
  g_free(r->prefix);
  r->prefix = g_steal_pointer(&outer);
  *member = array->len;
  return ok;
}

static gboolean in_bounds(const Reader *r, const Cs3GraphField *field, const gint64 *pair,
                          GError **error) {
  for (int i = 0; i < 2; i++)
    if ((double)pair[i] < field->min || (double)pair[i] > field->max) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                  "%s: %s%s: would be [%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
                  "] by what stands before it; expected %.0f to %.0f each",
                  r->source, r->prefix, field->key, pair[0], pair[1], field->min, field->max);
      return FALSE;
    }
  return TRUE;
}

/* A member whose key is left out. */
static gboolean fill_usual(Reader *r, const Cs3GraphField *field, gpointer thing, GError **error) {
  gpointer member = (char *)thing + field->offset;
  const Cs3Segment *segment = r->graph->segments->len ? segment_of(r) : NULL;
  double usual = cs3_graph_field_usual(field, r->graph, segment, thing);
  g_autofree char *text = NULL;
  switch (field->type) {
  case CS3_GRAPH_TEXT:
    text = cs3_graph_field_text(field, r->graph, segment, thing);
    *(const char **)member = keep(r, text);
    return TRUE;
  case CS3_GRAPH_NUMBERS:
    return read_numbers(r, field, NULL, member, error);
  case CS3_GRAPH_ACT:
    *(int *)member = -1;
    return TRUE;
  case CS3_GRAPH_ACTS:
    memset(member, 0xff, field->room * sizeof(int));
    cs3_graph_field_acts(field, r->graph, segment, thing, member);
    return TRUE;
  case CS3_GRAPH_PART:
    *(guint *)member = 0;
    return TRUE;
  case CS3_GRAPH_PAIR:
    cs3_graph_field_pair(field, r->graph, segment, thing, member);
    return in_bounds(r, field, member, error);
  case CS3_GRAPH_FLAG:
  case CS3_GRAPH_CHOICE:
    *(int *)member = (int)usual;
    return TRUE;
  case CS3_GRAPH_INT:
  case CS3_GRAPH_REAL:
  default:
    break;
  }
  if (usual >= field->min && usual <= field->max) {
    if (field->type == CS3_GRAPH_INT)
      *(gint64 *)member = (gint64)usual;
    else
      *(double *)member = usual;
    return TRUE;
  }
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
              "%s: %s%s: would be %.17g by what stands before it; expected %.17g to %.17g",
              r->source, r->prefix, field->key, usual, field->min, field->max);
  return FALSE;
}

static gboolean read_field(Reader *r, const Cs3GraphField *field, json_t *value, gpointer thing,
                           GError **error) {
  gpointer member = (char *)thing + field->offset;
  switch (field->type) {
  case CS3_GRAPH_TEXT:
    return read_text(r, field, value, member, error);
  case CS3_GRAPH_FLAG:
    *(gboolean *)member = json_is_true(value);
    return json_is_boolean(value) || fail(r, field->key, value, "true or false", error);
  case CS3_GRAPH_CHOICE:
    return read_choice(r, field, value, member, error);
  case CS3_GRAPH_PAIR:
    return read_pair(r, field, value, member, error);
  case CS3_GRAPH_NUMBERS:
    return read_numbers(r, field, value, member, error);
  case CS3_GRAPH_ACT:
    return read_act(r, field->key, value, member, error);
  case CS3_GRAPH_ACTS:
    return read_acts(r, field, value, member, error);
  case CS3_GRAPH_PART:
    return read_part(r, field, value, member, error);
  case CS3_GRAPH_INT:
  case CS3_GRAPH_REAL:
  default:
    return read_number(r, field, value, member, error);
  }
}

static gboolean read_thing(Reader *r, json_t *object, const Cs3GraphField *fields, gpointer thing,
                           GError **error) {
  for (const Cs3GraphField *field = fields; field->key; field++) {
    json_t *value = json_object_get(object, field->key);
    if (!value && field->needed)
      return fail(r, field->key, NULL, field->help, error);
    if (value ? !read_field(r, field, value, thing, error) : !fill_usual(r, field, thing, error))
      return FALSE;
  }
  return TRUE;
}

/* --- segments -------------------------------------------------------------------------------- */

static void place(Reader *r, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void place(Reader *r, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_free(r->prefix);
  r->prefix = g_strdup_vprintf(format, args);
  va_end(args);
}

static gboolean read_tensor(Reader *r, const char *id, json_t *value, GError **error) {
  static const char *const more[] = {"name", NULL};
  Cs3Tensor tensor = {.name = keep(r, id)};
  g_autofree char *clean = cs3_config_clean(id);
  place(r, "segments[%u].tensors.%s.", r->segment, clean);
  json_t *name = json_object_get(value, "name");
  if (!json_is_object(value))
    return fail(r, "elements", value, "an object with elements", error);
  if (name && !json_is_string(name))
    return fail(r, "name", name, "a text", error);
  if (name)
    tensor.name = keep(r, json_string_value(name));
  if (!check_keys(r, value, cs3_graph_tensor_fields, more, error) ||
      !read_thing(r, value, cs3_graph_tensor_fields, &tensor, error))
    return FALSE;
  g_array_append_val(r->graph->tensors, tensor);
  g_hash_table_insert(r->names, g_strdup(id), GSIZE_TO_POINTER(r->graph->tensors->len));
  return TRUE;
}

static gboolean read_operator(Reader *r, guint index, json_t *value, GError **error) {
  Cs3Node node = {.segment = r->segment};
  place(r, "segments[%u].operators[%u].", r->segment, index);
  if (!json_is_object(value))
    return fail(r, "name", value, "an operator, { ... }", error);
  if (!check_keys(r, value, cs3_graph_node_fields, NULL, error) ||
      !read_thing(r, value, cs3_graph_node_fields, &node, error))
    return FALSE;
  g_array_append_val(r->graph->nodes, node);
  segment_of(r)->count++;
  return TRUE;
}

static gboolean read_operators(Reader *r, json_t *list, GError **error) {
  if (!json_is_array(list) || json_array_size(list) < 1 ||
      json_array_size(list) + r->graph->nodes->len > MAX_OPERATORS)
    return fail(r, "operators", list, "a list of operators, at most 65536 in all", error);
  gsize i;
  json_t *value;
  json_array_foreach(list, i, value) if (!read_operator(r, (guint)i, value, error)) return FALSE;
  return TRUE;
}

/* The rows of the segment's own table that name no activation, or that do. */
static gboolean read_members(Reader *r, json_t *value, gboolean acts, GError **error) {
  for (const Cs3GraphField *field = cs3_graph_segment_fields; field->key; field++) {
    json_t *member = json_object_get(value, field->key);
    if ((field->type == CS3_GRAPH_ACT) != acts)
      continue;
    if (!member && field->needed)
      return fail(r, field->key, NULL, field->help, error);
    if (member ? !read_field(r, field, member, segment_of(r), error)
               : !fill_usual(r, field, segment_of(r), error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_tensors(Reader *r, json_t *tensors, GError **error) {
  const char *id;
  json_t *value;
  if (!json_is_object(tensors))
    return fail(r, "tensors", tensors, "an object: names of activations with their sizes", error);
  json_object_foreach(tensors, id, value) if (!read_tensor(r, id, value, error)) return FALSE;
  return TRUE;
}

static gboolean read_segment(Reader *r, guint index, json_t *value, GError **error) {
  static const char *const more[] = {"tensors", "operators", NULL};
  Cs3Segment segment = {.first = r->graph->nodes->len, .input = -1, .output = -1};
  g_array_append_val(r->graph->segments, segment);
  r->segment = index;
  g_hash_table_remove_all(r->names);
  place(r, "segments[%u].", index);
  if (!json_is_object(value))
    return fail(r, "name", value, "a segment, { ... }", error);
  if (!check_keys(r, value, cs3_graph_segment_fields, more, error) ||
      !read_members(r, value, FALSE, error))
    return FALSE;
  r->instances += segment_of(r)->repeat;
  if (r->instances > MAX_INSTANCES)
    return fail(r, "repeat", json_object_get(value, "repeat"),
                "at most 65536 instances of all segments", error);
  if (!read_tensors(r, json_object_get(value, "tensors"), error))
    return FALSE;
  place(r, "segments[%u].", index);
  return read_members(r, value, TRUE, error) &&
         read_operators(r, json_object_get(value, "operators"), error);
}

static gboolean read_segments(Reader *r, json_t *root, GError **error) {
  json_t *list = json_object_get(root, "segments"), *value;
  gsize i;
  g_clear_pointer(&r->prefix, g_free);
  if (!json_is_array(list) || json_array_size(list) < 1 || json_array_size(list) > MAX_SEGMENTS)
    return fail(r, "segments", list, "a list of 1 to 4096 segments", error);
  json_array_foreach(list, i, value) if (!read_segment(r, (guint)i, value, error)) return FALSE;
  return TRUE;
}

/* --- the document ---------------------------------------------------------------------------- */

static gboolean read_lengths(Reader *r, json_t *root, GError **error) {
  json_t *lengths = json_object_get(root, "lengths");
  json_auto_t *none = json_object();
  place(r, "lengths.");
  if (lengths && !json_is_object(lengths))
    return fail(r, "seq", lengths, "an object", error);
  lengths = lengths ? lengths : none;
  return check_keys(r, lengths, cs3_graph_length_fields, NULL, error) &&
         read_thing(r, lengths, cs3_graph_length_fields, &r->graph->lengths, error);
}

/* What a sample counts for; the sequence, or the rows of the first segment. */
static gboolean read_tokens(Reader *r, json_t *root, GError **error) {
  json_t *tokens = json_object_get(root, "tokens");
  g_clear_pointer(&r->prefix, g_free);
  r->graph->tokens = r->graph->lengths.seq > 0 ? (double)r->graph->lengths.seq
                                               : cs3_graph_segment(r->graph, 0)->rows;
  if (!tokens)
    return TRUE;
  r->graph->tokens = json_number_value(tokens);
  return (r->graph->tokens >= 1 && r->graph->tokens <= 0x1p36) ||
         fail(r, "tokens", tokens, "a number from 1 to 68719476736", error);
}

static gboolean read_dimensions(Reader *r, json_t *root, GArray *facts, GError **error) {
  json_t *object = json_object_get(root, "dimensions"), *value;
  const char *key;
  place(r, "dimensions.");
  if (object && (!json_is_object(object) || json_object_size(object) > MAX_NOTES))
    return fail(r, "layers", object, "an object of at most 100 integers", error);
  json_object_foreach(object, key, value) {
    if (!json_is_integer(value) || json_integer_value(value) < 0)
      return fail(r, key, value, "an integer from 0", error);
    Cs3Fact fact = {keep(r, key), json_integer_value(value)};
    g_array_append_val(facts, fact);
  }
  return TRUE;
}

static gboolean read_notes(Reader *r, json_t *root, GPtrArray *notes, GError **error) {
  json_t *list = json_object_get(root, "notes"), *value;
  gsize i;
  g_clear_pointer(&r->prefix, g_free);
  if (list && (!json_is_array(list) || json_array_size(list) > MAX_NOTES))
    return fail(r, "notes", list, "a list of at most 100 texts", error);
  json_array_foreach(list, i, value) {
    if (!json_is_string(value))
      return fail(r, "notes", value, "a list of texts", error);
    g_ptr_array_add(notes, g_strdup(json_string_value(value)));
  }
  return TRUE;
}

static gboolean read_name(Reader *r, json_t *root, const char *key, const char *usual,
                          const char **name, GError **error) {
  json_t *value = json_object_get(root, key);
  g_clear_pointer(&r->prefix, g_free);
  *name = value ? json_string_value(value) : usual;
  return (*name && **name) || fail(r, key, value, "a text", error);
}

static Cs3Model *read_document(Reader *r, json_t *root, const char *name, GError **error) {
  static const char *const more[] = {"schema",     "name",  "family",   "tokens", "lengths",
                                     "dimensions", "notes", "segments", NULL};
  g_autoptr(GArray) facts = g_array_new(FALSE, FALSE, sizeof(Cs3Fact));
  g_autoptr(GPtrArray) notes = g_ptr_array_new_with_free_func(g_free);
  const char *own, *family;
  if (!check_keys(r, root, NULL, more, error) || !read_name(r, root, "name", name, &own, error) ||
      !read_name(r, root, "family", CS3_GRAPH_FAMILY, &family, error) ||
      !read_lengths(r, root, error) || !read_dimensions(r, root, facts, error) ||
      !read_notes(r, root, notes, error) || !read_segments(r, root, error) ||
      !read_tokens(r, root, error) || !cs3_graph_check(r->graph, r->source, error))
    return NULL;
  Cs3GraphNames names = {own, family, r->source, facts, notes};
  return cs3_model_from_graph(g_steal_pointer(&r->graph), &names, error);
}

gboolean cs3_graph_is_document(json_t *root) {
  const char *schema = json_string_value(json_object_get(root, "schema"));
  return schema && g_str_has_prefix(schema, "cs3sim.");
}

Cs3Model *cs3_graph_read(json_t *root, const char *source, const char *name, GError **error) {
  json_t *schema = json_object_get(root, "schema");
  Reader r = {.source = source};
  if (g_strcmp0(json_string_value(schema), CS3_GRAPH_SCHEMA) != 0) {
    fail(&r, "schema", schema, CS3_GRAPH_SCHEMA, error);
    return NULL;
  }
  r.graph = cs3_graph_empty();
  r.names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  Cs3Model *model = read_document(&r, root, name, error);
  g_hash_table_unref(r.names);
  g_free(r.prefix);
  cs3_graph_free(r.graph);
  return model;
}
