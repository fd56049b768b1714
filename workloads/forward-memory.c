/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory of a step that is forward alone. */
#include "config.h"

#include "workloads/forward-memory.h"

enum { ELEMENT_BYTES = 2 };

/* First and last operator of a segment at which an activation is there. */
typedef struct {
  guint from, to;
  gboolean written;
} Life;

static double elements_of(const Cs3Graph *graph, int tensor) {
  const Cs3Tensor *t = cs3_graph_tensor(graph, tensor);
  return (double)t->elements * t->rows;
}

static void read_by(Life *life, guint node) {
  life->to = MAX(life->to, node);
}

static void written_by(Life *life, guint node) {
  if (!life->written)
    life->from = node;
  life->written = TRUE;
  life->to = MAX(life->to, node);
}

static void mark_node(const Cs3Graph *graph, guint index, Life *lives) {
  const Cs3Node *node = cs3_graph_node(graph, index);
  for (int i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++)
    read_by(&lives[node->reads[i]], index);
  for (int i = 0; i < CS3_NODE_MAX_WRITES && node->writes[i] >= 0; i++)
    written_by(&lives[node->writes[i]], index);
}

/* @lives: by tensor of the graph; those that the segment does not touch stay as they are. */
static void mark_segment(const Cs3Graph *graph, const Cs3Segment *segment, Life *lives) {
  guint end = segment->first + segment->count - 1;
  for (guint i = segment->first; i <= end; i++)
    mark_node(graph, i, lives);
  for (guint i = segment->first; i <= end; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    for (int r = 0; r < CS3_NODE_MAX_READS && node->reads[r] >= 0; r++) {
      Life *life = &lives[node->reads[r]];
      if (life->written)
        continue;
      life->from = segment->first;
      life->to = node->reads[r] == segment->input ? life->to : end;
    }
  }
  if (segment->output >= 0)
    lives[segment->output].to = end;
}

/* What @node need not find room for, as it writes into the largest of what it reads last. */
static double reused(const Cs3Graph *graph, guint index, const Life *lives) {
  const Cs3Node *node = cs3_graph_node(graph, index);
  double given = 0, taken = 0;
  for (int i = 0; node->in_place && i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++)
    if (lives[node->reads[i]].to == index)
      given = MAX(given, elements_of(graph, node->reads[i]));
  for (int i = 0; i < CS3_NODE_MAX_WRITES && node->writes[i] >= 0; i++)
    taken = MAX(taken, elements_of(graph, node->writes[i]));
  return MIN(given, taken);
}

static double peak_of(const Cs3Graph *graph, const Cs3Segment *segment, Life *lives) {
  double peak = 0;
  mark_segment(graph, segment, lives);
  for (guint i = segment->first; i < segment->first + segment->count; i++) {
    double alive = -reused(graph, i, lives);
    for (guint t = 0; t < graph->tensors->len; t++)
      if (lives[t].from <= i && i <= lives[t].to)
        alive += elements_of(graph, (int)t);
    peak = MAX(peak, alive);
  }
  return peak;
}

double cs3_graph_forward_bytes(const Cs3Graph *graph) {
  double peak = 0;
  g_autofree Life *lives = g_new(Life, graph->tensors->len + 1);
  for (guint s = 0; s < graph->segments->len; s++) {
    for (guint t = 0; t < graph->tensors->len; t++)
      lives[t] = (Life){.from = G_MAXUINT};
    peak = MAX(peak, peak_of(graph, cs3_graph_segment(graph, s), lives));
  }
  return ELEMENT_BYTES * peak;
}
