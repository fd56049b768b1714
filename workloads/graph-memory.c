/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory of a training step under a recompute policy. */
#include "config.h"

#include "workloads/graph-memory.h"

#include <math.h>

enum { ELEMENT_BYTES = 2 };

/* Elements per sample of one instance of a segment. */
typedef struct {
  double saved;     /* kept for its backward */
  double gradients; /* the largest pair (of an operator's output and of its input) alive at once */
  double input;     /* what it gets from the one before */
} Footprint;

static double list_elements(const Cs3Graph *graph, const int *list, int room) {
  double sum = 0;
  for (int i = 0; i < room && list[i] >= 0; i++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, list[i]);
    sum += (double)tensor->elements * tensor->rows;
  }
  return sum;
}

static double gradient_elements(const Cs3Graph *graph, const Cs3Node *node) {
  if (node->kind != CS3_NODE_LINEAR && node->kind != CS3_NODE_ACTIVATION)
    return 0;
  return list_elements(graph, node->reads, CS3_NODE_MAX_READS) +
         list_elements(graph, node->writes, CS3_NODE_MAX_WRITES);
}

static Footprint measure(const Cs3Graph *graph, const Cs3Segment *segment) {
  Footprint f = {0};
  for (guint i = segment->first; i < segment->first + segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    f.saved += cs3_node_saved_elements(graph, node) * cs3_node_rows(node);
    f.gradients = MAX(f.gradients, gradient_elements(graph, node));
  }
  f.input = list_elements(graph, &segment->input, 1);
  return f;
}

/* Sums and maxima over the stages of a step, in elements per sample. */
typedef struct {
  double blocks;      /* stages that are blocks */
  double saved;       /* by all blocks */
  double inputs;      /* of all blocks */
  double checkpoints; /* inputs of every stride-th block */
  double input;       /* largest of a block */
  double gradients;   /* largest of a block, with that of the residual stream beside them */
  double block;       /* largest of a block's saved activations and gradients */
  double head; /* kept by what follows the first block and is none, and the residual's gradient */
} Totals;

static void add_block(Totals *t, const Footprint *f, double stride) {
  if (fmod(t->blocks, stride) == 0)
    t->checkpoints += f->input;
  t->blocks++;
  t->saved += f->saved;
  t->inputs += f->input;
  t->input = MAX(t->input, f->input);
  t->gradients = MAX(t->gradients, f->gradients + f->input);
  t->block = MAX(t->block, f->saved + f->gradients + f->input);
}

static double count_blocks(const Cs3Graph *graph) {
  double blocks = 0;
  for (guint s = 0; s < graph->segments->len; s++)
    if (cs3_graph_segment(graph, s)->block)
      blocks += (double)cs3_graph_segment(graph, s)->repeat;
  return blocks;
}

static Totals total(const Cs3Graph *graph, double stride) {
  Totals t = {0};
  g_autofree Footprint *footprint = g_new(Footprint, graph->segments->len);
  for (guint s = 0; s < graph->segments->len; s++)
    footprint[s] = measure(graph, cs3_graph_segment(graph, s));
  double head = 0;
  for (guint i = 0; i < graph->order->len; i++) {
    guint s = g_array_index(graph->order, Cs3Stage, i).segment;
    if (cs3_graph_segment(graph, s)->block)
      add_block(&t, &footprint[s], stride);
    else if (t.blocks > 0)
      head += footprint[s].saved;
  }
  t.head = head + t.input;
  return t;
}

Cs3Memory cs3_graph_memory(const Cs3Graph *graph, Cs3Recompute policy) {
  double stride =
      MAX(ceil(sqrt(count_blocks(graph))), 1); /* blocks between two checkpoints, full */
  Totals t = total(graph, stride);
  double resident = t.saved, working = t.gradients, extra = 0;
  if (policy == CS3_RECOMPUTE_LAYER) {
    resident = t.inputs;
    working = t.block;
    extra = 1;
  } else if (policy == CS3_RECOMPUTE_FULL) {
    resident = t.checkpoints;
    working = (stride - 1) * t.input + t.block;
    extra = 2;
  }
  working = MAX(working, t.head);
  return (Cs3Memory){.resident_bytes = ELEMENT_BYTES * resident,
                     .working_bytes = ELEMENT_BYTES * working,
                     .extra_forwards = extra};
}
