/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Models that are a layer graph; making, copying and ordering graphs. */
#include "config.h"

#include "workloads/graph-model.h"

#include "workloads/family.h"
#include "workloads/graph-write.h"
#include "workloads/model-count.h"
#include "workloads/workload-error.h"

static GArray *array_of(gsize size) {
  return g_array_new(FALSE, TRUE, (guint)size);
}

Cs3Graph *cs3_graph_empty(void) {
  Cs3Graph *graph = g_new0(Cs3Graph, 1);
  graph->segments = array_of(sizeof(Cs3Segment));
  graph->nodes = array_of(sizeof(Cs3Node));
  graph->tensors = array_of(sizeof(Cs3Tensor));
  graph->attentions = array_of(sizeof(Cs3AttentionSize));
  graph->convolutions = array_of(sizeof(Cs3Convolution));
  graph->order = array_of(sizeof(Cs3Stage));
  graph->strings = g_string_chunk_new(1024);
  graph->memory = g_ptr_array_new_with_free_func(g_free);
  return graph;
}

static void append_all(GArray *to, const GArray *from) {
  g_array_append_vals(to, from->data, from->len);
}

static const char *own(Cs3Graph *graph, const char *text) {
  return text ? g_string_chunk_insert_const(graph->strings, text) : NULL;
}

/* Texts and numbers that @graph still shares with another become its own. */
static void own_everything(Cs3Graph *graph) {
  for (guint i = 0; i < graph->tensors->len; i++) {
    Cs3Tensor *tensor = &g_array_index(graph->tensors, Cs3Tensor, i);
    tensor->name = own(graph, tensor->name);
  }
  for (guint i = 0; i < graph->nodes->len; i++) {
    Cs3Node *node = &g_array_index(graph->nodes, Cs3Node, i);
    node->tensor = own(graph, node->tensor);
    node->label = own(graph, node->label);
  }
  for (guint i = 0; i < graph->segments->len; i++) {
    Cs3Segment *segment = &g_array_index(graph->segments, Cs3Segment, i);
    gsize bytes = (gsize)segment->repeat * sizeof *segment->number;
    gint64 *numbers = g_memdup2(segment->number, bytes);
    g_ptr_array_add(graph->memory, numbers);
    segment->number = numbers;
    segment->name = own(graph, segment->name);
    segment->stack = own(graph, segment->stack);
  }
}

Cs3Graph *cs3_graph_copy(const Cs3Graph *graph) {
  Cs3Graph *copy = cs3_graph_empty();
  copy->model = graph->model;
  copy->lengths = graph->lengths;
  copy->tokens = graph->tokens;
  append_all(copy->segments, graph->segments);
  append_all(copy->nodes, graph->nodes);
  append_all(copy->tensors, graph->tensors);
  append_all(copy->attentions, graph->attentions);
  append_all(copy->convolutions, graph->convolutions);
  append_all(copy->order, graph->order);
  own_everything(copy);
  return copy;
}

/* Instances of segments first .. end - 1, which are of one stack, by their numbers. */
static void interleave(Cs3Graph *graph, guint first, guint end) {
  g_autofree gint64 *next = g_new0(gint64, end - first);
  for (;;) {
    Cs3Stage stage = {0};
    gint64 least = G_MAXINT64;
    for (guint s = first; s < end; s++) {
      const Cs3Segment *segment = cs3_graph_segment(graph, s);
      gint64 at = next[s - first];
      if (at < segment->repeat && segment->number[at] < least) {
        least = segment->number[at];
        stage = (Cs3Stage){s, at};
      }
    }
    if (least == G_MAXINT64)
      return;
    next[stage.segment - first]++;
    g_array_append_val(graph->order, stage);
  }
}

void cs3_graph_put_in_order(Cs3Graph *graph) {
  g_array_set_size(graph->order, 0);
  for (guint s = 0, end; s < graph->segments->len; s = end) {
    const char *stack = cs3_graph_segment(graph, s)->stack;
    for (end = s + 1; stack && end < graph->segments->len; end++)
      if (g_strcmp0(cs3_graph_segment(graph, end)->stack, stack) != 0)
        break;
    interleave(graph, s, end);
  }
}

/* Everything that the document of the graph says. */
static char *identify(const Cs3Graph *graph) {
  json_auto_t *document = cs3_graph_document(graph);
  char *text = json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(17));
  char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
  free(text);
  return sum;
}

static void copy_facts(Cs3Model *model, const GArray *facts) {
  model->facts = g_array_new(FALSE, FALSE, sizeof(Cs3Fact));
  for (guint i = 0; facts && i < facts->len; i++) {
    Cs3Fact fact = g_array_index(facts, Cs3Fact, i);
    fact.key = own(model->graph, fact.key);
    g_array_append_val(model->facts, fact);
  }
}

Cs3Model *cs3_model_from_graph(Cs3Graph *graph, const Cs3GraphNames *names, GError **error) {
  g_autoptr(Cs3Model) model = g_new0(Cs3Model, 1);
  model->graph = graph;
  graph->model = model;
  model->name = g_utf8_make_valid(names->name, -1);
  model->family = g_strdup(names->family);
  model->ops = cs3_family_find(names->family);
  model->notes = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; names->notes && i < names->notes->len; i++)
    g_ptr_array_add(model->notes, g_strdup(names->notes->pdata[i]));
  copy_facts(model, names->facts);
  cs3_graph_put_in_order(graph);
  if (!cs3_model_count(model, graph, names->source, error))
    return NULL;
  model->identity = identify(graph);
  return g_steal_pointer(&model);
}

/* Whether @asked, 0 where nothing is, is what the graph was made for. */
static gboolean same(const Cs3Model *model, const char *what, double asked, double own,
                     GError **error) {
  if (asked == 0 || asked == own)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "%s: %s is a graph made for %.17g, which leaves no other, got %.17g; take its own, or"
              " write a graph for that ('cs3sim inspect' with -o graph)",
              what, model->name, own, asked);
  return FALSE;
}

Cs3Graph *cs3_graph_fixed(const Cs3Model *model, const Cs3Lengths *lengths, GError **error) {
  const Cs3Lengths *own = &model->graph->lengths, none = {0};
  const Cs3Lengths *asked = lengths ? lengths : &none;
  if (!same(model, "sequence length", (double)asked->seq, (double)own->seq, error) ||
      !same(model, "encoder length", (double)asked->encoder_seq, (double)own->encoder_seq, error) ||
      !same(model, "image", (double)asked->image, (double)own->image, error) ||
      !same(model, "experts' capacity", asked->capacity, own->capacity, error) ||
      !same(model, "attention tiles", (double)asked->tiles, (double)own->tiles, error))
    return NULL;
  gboolean free = asked->attention == CS3_MASK_MODEL;
  if (free || (asked->attention == own->attention && asked->reach == own->reach))
    return cs3_graph_copy(model->graph);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "attention: %s is a graph whose attention is counted already; leave the choice out,"
              " or write a graph with it ('cs3sim inspect' with -o graph)",
              model->name);
  return NULL;
}
