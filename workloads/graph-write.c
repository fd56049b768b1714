/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A layer graph as a document cs3sim.graph/1. */
#include "config.h"

#include "workloads/graph-write.h"

#include <math.h>

#include "workloads/graph-fields.h"
#include "workloads/model.h"

/* What members of one segment are called. */
typedef struct {
  const Cs3Graph *graph;
  const Cs3Segment *segment;
  const char **names; /* by tensor of the graph */
} Names;

static gpointer member(gconstpointer thing, const Cs3GraphField *field) {
  return (gpointer)((const char *)thing + field->offset);
}

/* Whole numbers without a point: 8192, not 8192.0. */
static json_t *number_json(double value) {
  return value == floor(value) && fabs(value) < 0x1p53 ? json_integer((json_int_t)value)
                                                       : json_real(value);
}

static double number_of(gconstpointer thing, const Cs3GraphField *field) {
  switch (field->type) {
  case CS3_GRAPH_INT:
    return (double)*(const gint64 *)member(thing, field);
  case CS3_GRAPH_FLAG:
    return *(const gboolean *)member(thing, field);
  case CS3_GRAPH_CHOICE:
    return *(const int *)member(thing, field);
  default:
    return *(const double *)member(thing, field);
  }
}

static json_t *plain_json(const Names *n, gconstpointer thing, const Cs3GraphField *field) {
  double value = number_of(thing, field);
  if (!field->needed && value == cs3_graph_field_usual(field, n->graph, n->segment, thing))
    return NULL;
  if (field->type == CS3_GRAPH_FLAG)
    return json_boolean(value != 0);
  if (field->type == CS3_GRAPH_CHOICE)
    return json_string(field->choices[(int)value]);
  return number_json(value);
}

static json_t *text_json(const Names *n, gconstpointer thing, const Cs3GraphField *field) {
  const char *text = *(const char *const *)member(thing, field);
  g_autofree char *usual = cs3_graph_field_text(field, n->graph, n->segment, thing);
  if (g_strcmp0(text, usual) == 0)
    return NULL;
  return text ? json_string(text) : json_null();
}

static json_t *pair_json(const Names *n, gconstpointer thing, const Cs3GraphField *field) {
  const gint64 *pair = member(thing, field);
  gint64 usual[2];
  cs3_graph_field_pair(field, n->graph, n->segment, thing, usual);
  if (!field->needed && pair[0] == usual[0] && pair[1] == usual[1])
    return NULL;
  json_t *list = json_array();
  json_array_append_new(list, json_integer(pair[0]));
  json_array_append_new(list, json_integer(pair[1]));
  return list;
}

static json_t *numbers_json(const Cs3Segment *segment) {
  json_t *list = json_array();
  gboolean usual = TRUE;
  for (gint64 i = 0; i < segment->repeat; i++) {
    usual &= segment->number[i] == i;
    json_array_append_new(list, json_integer(segment->number[i]));
  }
  if (!usual)
    return list;
  json_decref(list);
  return NULL;
}

static json_t *acts_json(const Names *n, gconstpointer thing, const Cs3GraphField *field) {
  const int *list = member(thing, field);
  int usual[CS3_NODE_MAX_KEEPS] = {-1, -1, -1, -1, -1, -1};
  cs3_graph_field_acts(field, n->graph, n->segment, thing, usual);
  gboolean same = TRUE;
  json_t *names = json_array();
  for (guint i = 0; i < field->room; i++) {
    same &= list[i] == usual[i];
    if (list[i] >= 0)
      json_array_append_new(names, json_string(n->names[list[i]]));
  }
  if (!same)
    return names;
  json_decref(names);
  return NULL;
}

static json_t *thing_json(const Names *n, gconstpointer thing, const Cs3GraphField *fields,
                          json_t *object);

/* The operator before @node that holds the same part; %NULL: this is the first. */
static const Cs3Node *holder(const Names *n, const Cs3Node *node, const Cs3GraphField *field) {
  guint part = *(const guint *)member(node, field);
  for (guint i = n->segment->first; cs3_graph_node(n->graph, i) != node; i++)
    if (*(const guint *)member(cs3_graph_node(n->graph, i), field) == part)
      return cs3_graph_node(n->graph, i);
  return NULL;
}

static json_t *part_json(const Names *n, const Cs3Node *node, const Cs3GraphField *field) {
  guint part = *(const guint *)member(node, field);
  const GArray *array = cs3_graph_part_array(field->part, n->graph);
  if (part == 0)
    return NULL;
  const Cs3Node *first = holder(n, node, field);
  if (first)
    return json_string(first->label);
  gconstpointer thing = array->data + (gsize)(part - 1) * g_array_get_element_size((GArray *)array);
  return thing_json(n, thing, field->part->fields, json_object());
}

static json_t *field_json(const Names *n, gconstpointer thing, const Cs3GraphField *field) {
  int act;
  switch (field->type) {
  case CS3_GRAPH_TEXT:
    return text_json(n, thing, field);
  case CS3_GRAPH_PAIR:
    return pair_json(n, thing, field);
  case CS3_GRAPH_NUMBERS:
    return numbers_json(thing);
  case CS3_GRAPH_ACT:
    act = *(const int *)member(thing, field);
    return act >= 0 ? json_string(n->names[act]) : NULL;
  case CS3_GRAPH_ACTS:
    return acts_json(n, thing, field);
  case CS3_GRAPH_PART:
    return part_json(n, thing, field);
  case CS3_GRAPH_INT:
  case CS3_GRAPH_REAL:
  case CS3_GRAPH_FLAG:
  case CS3_GRAPH_CHOICE:
  default:
    return plain_json(n, thing, field);
  }
}

/* Adds what @fields say of @thing to @object. */
static json_t *thing_json(const Names *n, gconstpointer thing, const Cs3GraphField *fields,
                          json_t *object) {
  for (const Cs3GraphField *field = fields; field->key; field++) {
    json_t *value = field_json(n, thing, field);
    if (value)
      json_object_set_new(object, field->key, value);
  }
  return object;
}

/* "q_proj", or "q_proj.2" where there is one of that name. */
static char *free_name(json_t *tensors, const char *name) {
  if (!json_object_get(tensors, name))
    return g_strdup(name);
  for (int i = 2;; i++) {
    g_autofree char *numbered = g_strdup_printf("%s.%d", name, i);
    if (!json_object_get(tensors, numbered))
      return g_steal_pointer(&numbered);
  }
}

static void list_tensor(Names *n, int tensor, json_t *tensors) {
  if (tensor < 0 || n->names[tensor])
    return;
  const Cs3Tensor *thing = cs3_graph_tensor(n->graph, tensor);
  g_autofree char *name = free_name(tensors, thing->name);
  json_t *object = thing_json(n, thing, cs3_graph_tensor_fields, json_object());
  if (!g_str_equal(name, thing->name))
    json_object_set_new(object, "name", json_string(thing->name));
  json_object_set_new(tensors, name, object);
  n->names[tensor] = json_object_iter_key(json_object_iter_at(tensors, name));
}

static void mark(guint8 *seen, const int *list, guint room) {
  for (guint i = 0; i < room && list[i] >= 0; i++)
    seen[list[i]] = 1;
}

/* Activations that @segment has to do with, in the order in which the graph has them. */
static json_t *tensors_json(Names *n) {
  guint count = n->graph->tensors->len;
  g_autofree guint8 *seen = g_new0(guint8, count + 1);
  json_t *tensors = json_object();
  mark(seen, &n->segment->input, 1);
  mark(seen, &n->segment->output, 1);
  for (guint i = 0; i < n->segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(n->graph, n->segment->first + i);
    mark(seen, node->reads, CS3_NODE_MAX_READS);
    mark(seen, node->writes, CS3_NODE_MAX_WRITES);
    mark(seen, node->keeps, CS3_NODE_MAX_KEEPS);
  }
  for (guint t = 0; t < count; t++)
    if (seen[t])
      list_tensor(n, (int)t, tensors);
  return tensors;
}

static json_t *segment_json(Names *n) {
  json_t *tensors = tensors_json(n), *operators = json_array();
  json_t *object = thing_json(n, n->segment, cs3_graph_segment_fields, json_object());
  for (guint i = 0; i < n->segment->count; i++)
    json_array_append_new(operators, thing_json(n, cs3_graph_node(n->graph, n->segment->first + i),
                                                cs3_graph_node_fields, json_object()));
  json_object_set_new(object, "tensors", tensors);
  json_object_set_new(object, "operators", operators);
  return object;
}

static json_t *dimensions_json(const Cs3Model *model) {
  g_autoptr(GArray) facts = cs3_model_facts(model);
  json_t *object = json_object();
  for (guint i = 0; i < facts->len; i++) {
    const Cs3Fact *fact = &g_array_index(facts, Cs3Fact, i);
    if (fact->value != 0 || i >= CS3_MODEL_USUAL_FACTS)
      json_object_set_new(object, fact->key, json_integer(fact->value));
  }
  return object;
}

static json_t *notes_json(const Cs3Model *model) {
  json_t *list = json_array();
  for (guint i = 0; i < model->notes->len; i++)
    json_array_append_new(list, json_string(model->notes->pdata[i]));
  return list;
}

json_t *cs3_graph_document(const Cs3Graph *graph) {
  Names n = {graph, NULL, g_new0(const char *, graph->tensors->len)};
  json_t *segments = json_array(), *document = json_object();
  json_object_set_new(document, "schema", json_string(CS3_GRAPH_SCHEMA));
  json_object_set_new(document, "name", json_string(graph->model->name));
  json_object_set_new(document, "family", json_string(graph->model->family));
  json_object_set_new(document, "tokens", number_json(graph->tokens));
  json_object_set_new(document, "lengths",
                      thing_json(&n, &graph->lengths, cs3_graph_length_fields, json_object()));
  json_object_set_new(document, "dimensions", dimensions_json(graph->model));
  if (graph->model->notes && graph->model->notes->len > 0)
    json_object_set_new(document, "notes", notes_json(graph->model));
  for (guint s = 0; s < graph->segments->len; s++) {
    n.segment = cs3_graph_segment(graph, s);
    json_array_append_new(segments, segment_json(&n));
  }
  json_object_set_new(document, "segments", segments);
  g_free(n.names);
  return document;
}

/* --- as text --------------------------------------------------------------------------------- */

static gboolean is_flat(const json_t *value) {
  const char *key;
  json_t *inner;
  gsize i;
  json_object_foreach((json_t *)value, key, inner) if (json_is_object(inner)) return FALSE;
  json_array_foreach(value, i,
                     inner) if (!json_is_string(inner) && !json_is_number(inner)) return FALSE;
  return TRUE;
}

static void add_flat(GString *text, const json_t *value) {
  char *line = json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(17));
  g_string_append(text, line);
  free(line);
}

static void add_value(GString *text, const json_t *value, int depth) {
  const char *key;
  json_t *inner;
  gsize i, n = 0, all = json_is_object(value) ? json_object_size(value) : json_array_size(value);
  if (all == 0 || is_flat(value)) {
    add_flat(text, value);
    return;
  }
  g_string_append(text, json_is_object(value) ? "{\n" : "[\n");
  json_object_foreach((json_t *)value, key, inner) {
    json_auto_t *name = json_string(key);
    g_string_append_printf(text, "%*s", depth + 2, "");
    add_flat(text, name);
    g_string_append(text, ": ");
    add_value(text, inner, depth + 2);
    g_string_append(text, ++n < all ? ",\n" : "\n");
  }
  json_array_foreach(value, i, inner) {
    g_string_append_printf(text, "%*s", depth + 2, "");
    add_value(text, inner, depth + 2);
    g_string_append(text, i + 1 < all ? ",\n" : "\n");
  }
  g_string_append_printf(text, "%*s%s", depth, "", json_is_object(value) ? "}" : "]");
}

char *cs3_graph_text(const json_t *document) {
  GString *text = g_string_new(NULL);
  add_value(text, document, 0);
  g_string_append_c(text, '\n');
  return g_string_free(text, FALSE);
}
