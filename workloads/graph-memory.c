/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory of a training step under a recompute policy. */
#include "config.h"

#include "workloads/graph.h"

#include <math.h>

enum { ELEMENT_BYTES = 2 };

/* Elements per token: kept by one block, by what follows the blocks; the largest pair of
 * gradients (of an operator's output and of its input) alive at once in a block. */
typedef struct {
  double block, head, gradients;
} Footprint;

static double gradient_elements(const Cs3Model *m, const Cs3Node *node) {
  if (node->kind == CS3_NODE_LINEAR)
    return (double)(node->in_features + node->out_features);
  if (node->kind == CS3_NODE_ACTIVATION)
    return (m->gated_mlp ? 3.0 : 2.0) * (double)m->ffn;
  return 0;
}

static Footprint measure(const Cs3Graph *graph) {
  Footprint f = {0};
  gboolean after = FALSE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double saved = (double)node->saved_elements;
    if (node->in_block) {
      after = TRUE;
      f.block += saved;
      f.gradients = MAX(f.gradients, gradient_elements(graph->model, node));
    } else if (after) {
      f.head += saved;
    }
  }
  return f;
}

Cs3Memory cs3_graph_memory(const Cs3Graph *graph, Cs3Recompute policy) {
  Footprint f = measure(graph);
  double hidden = (double)graph->model->hidden, layers = (double)graph->model->layers;
  double stride = ceil(sqrt(layers)); /* blocks between two checkpoints, policy full */
  /* The gradient of the residual stream lives beside those of the operator at work. */
  double gradients = f.gradients + hidden;
  double resident = layers * f.block, working = gradients, extra = 0;
  if (policy == CS3_RECOMPUTE_LAYER) {
    resident = layers * hidden;
    working = f.block + gradients;
    extra = 1;
  } else if (policy == CS3_RECOMPUTE_FULL) {
    resident = ceil(layers / stride) * hidden;
    working = (stride - 1) * hidden + f.block + gradients;
    extra = 2;
  }
  working = MAX(working, f.head + hidden);
  return (Cs3Memory){.resident_bytes = ELEMENT_BYTES * resident,
                     .working_bytes = ELEMENT_BYTES * working,
                     .extra_forwards = extra};
}
