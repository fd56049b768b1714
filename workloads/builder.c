/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Segments, activations and the order of execution of a graph under construction. */
#include "config.h"

#include "workloads/builder-private.h"
#include "workloads/graph-model.h"

#include <string.h>

Cs3Builder *cs3_builder_new(const Cs3Model *model, const Cs3Lengths *lengths) {
  Cs3Builder *b = g_new0(Cs3Builder, 1);
  Cs3Graph *graph = b->graph = cs3_graph_empty();
  graph->model = model;
  graph->lengths = *lengths;
  graph->tokens = (double)lengths->seq;
  b->prefix = "";
  b->copies = 1;
  return b;
}

static const char *keep_string(Cs3Builder *b, const char *text) {
  return text ? g_string_chunk_insert_const(b->graph->strings, text) : NULL;
}

static Cs3Segment *open_segment(Cs3Builder *b) {
  return &g_array_index(b->graph->segments, Cs3Segment, b->graph->segments->len - 1);
}

void cs3_build_open(Cs3Builder *b, const Cs3SegmentSpec *spec) {
  gint64 repeat = MAX(spec->repeat, 1);
  gint64 *numbers = g_new(gint64, repeat);
  for (gint64 i = 0; i < repeat; i++)
    numbers[i] = spec->numbers ? spec->numbers[i] : i;
  g_ptr_array_add(b->graph->memory, numbers);
  b->prefix = spec->prefix ? keep_string(b, spec->prefix) : "";
  Cs3Segment segment = {
      .name = keep_string(b, spec->name),
      .repeat = repeat,
      .number = numbers,
      .rows = spec->rows,
      .stack = spec->block ? b->prefix : NULL,
      .block = spec->block,
      .reversible = spec->reversible,
      .first = b->graph->nodes->len,
      .input = CS3_NO_ACT,
      .output = CS3_NO_ACT,
  };
  g_array_append_val(b->graph->segments, segment);
  if (b->graph->tokens == 0)
    b->graph->tokens = spec->rows;
}

Cs3Act cs3_builder_act(Cs3Builder *b, const char *name, gint64 elements, double rows) {
  Cs3Tensor tensor = {keep_string(b, name), elements, rows};
  g_array_append_val(b->graph->tensors, tensor);
  return (Cs3Act)b->graph->tensors->len - 1;
}

const Cs3Tensor *cs3_builder_tensor(const Cs3Builder *b, Cs3Act x) {
  return cs3_graph_tensor(b->graph, x);
}

Cs3Act cs3_build_input(Cs3Builder *b, const char *name, gint64 elements) {
  Cs3Segment *segment = open_segment(b);
  segment->input = cs3_builder_act(b, name, elements, segment->rows);
  return segment->input;
}

void cs3_build_output(Cs3Builder *b, Cs3Act x) {
  open_segment(b)->output = x;
}

Cs3Act cs3_build_outside(Cs3Builder *b, const char *name, gint64 elements, double rows) {
  return cs3_builder_act(b, name, elements, rows);
}

Cs3Node *cs3_build_last(Cs3Builder *b) {
  return &g_array_index(b->graph->nodes, Cs3Node, b->graph->nodes->len - 1);
}

guint cs3_build_count(const Cs3Builder *b) {
  return b->graph->nodes->len;
}

void cs3_build_share(Cs3Builder *b, guint first) {
  for (guint i = first; i < b->graph->nodes->len; i++)
    g_array_index(b->graph->nodes, Cs3Node, i).shared = TRUE;
}

gint64 cs3_build_width(const Cs3Builder *b, Cs3Act x) {
  return cs3_builder_tensor(b, x)->elements;
}

double cs3_build_rows(const Cs3Builder *b, Cs3Act x) {
  return cs3_builder_tensor(b, x)->rows;
}

const Cs3Lengths *cs3_build_lengths(const Cs3Builder *b) {
  return &b->graph->lengths;
}

void cs3_build_tokens(Cs3Builder *b, double tokens) {
  b->graph->tokens = tokens;
}

void cs3_build_extra(Cs3Builder *b, gint64 count) {
  cs3_build_last(b)->parameters += count;
}

static void append(int *list, int room, Cs3Act x) {
  for (int i = 0; i < room && x != CS3_NO_ACT; i++)
    if (list[i] == CS3_NO_ACT) {
      list[i] = x;
      return;
    }
  g_return_if_fail(x == CS3_NO_ACT);
}

void cs3_node_read(Cs3Node *node, Cs3Act x) {
  append(node->reads, CS3_NODE_MAX_READS, x);
}

void cs3_node_write(Cs3Node *node, Cs3Act x) {
  append(node->writes, CS3_NODE_MAX_WRITES, x);
}

void cs3_node_keep(Cs3Node *node, Cs3Act x) {
  append(node->keeps, CS3_NODE_MAX_KEEPS, x);
}

Cs3Node *cs3_builder_add(Cs3Builder *b, Cs3Node node, double rows, const char *tensor) {
  Cs3Segment *segment = open_segment(b);
  if (tensor) {
    g_autofree char *full = g_strconcat(b->prefix, tensor, NULL);
    node.tensor = keep_string(b, full);
  }
  node.label = keep_string(b, node.label);
  node.segment = b->graph->segments->len - 1;
  node.copies = b->copies;
  node.rows = rows / (double)b->copies;
  memset(node.reads, 0xff, sizeof node.reads);
  memset(node.writes, 0xff, sizeof node.writes);
  memset(node.keeps, 0xff, sizeof node.keeps);
  g_array_append_val(b->graph->nodes, node);
  segment->count++;
  return cs3_build_last(b);
}

Cs3Graph *cs3_builder_finish(Cs3Builder *b) {
  Cs3Graph *graph = b->graph;
  cs3_graph_put_in_order(graph);
  g_free(b);
  return graph;
}
