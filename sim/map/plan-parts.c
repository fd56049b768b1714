/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan is made of: shapes of passes, densities of instances, work without weights. */
#include "config.h"

#include "fabric/vector.h"
#include "sim/map/plan-internal.h"

Cs3LayerShape cs3_plan_shape(const Cs3Node *node, Cs3Pass pass, gint64 tokens) {
  gboolean transposed = pass == CS3_PASS_DX;
  return (Cs3LayerShape){
      .pass = pass,
      .rows = transposed ? node->in_features : node->out_features,
      .features = transposed ? node->out_features : node->in_features,
      .tokens = tokens,
  };
}

double cs3_plan_density(const Cs3PlanInput *input, guint node, gint64 instance) {
  return input->sparsity ? cs3_sparsity_density(input->sparsity, node, instance) : 1;
}

gboolean cs3_plan_stands_for(const Cs3PlanInput *input, const Cs3PlanLinear *linear,
                             gint64 instance) {
  if (linear->layer >= 0)
    return linear->layer == instance;
  return cs3_plan_density(input, linear->node, instance) == linear->density;
}

GArray *cs3_plan_groups(const Cs3PlanInput *input, guint node) {
  if (input->sparsity)
    return cs3_sparsity_groups(input->sparsity, node);
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(Cs3SparsityGroup));
  Cs3SparsityGroup all = {.density = 1, .count = cs3_graph_node(input->graph, node)->repeat};
  g_array_append_val(groups, all);
  return groups;
}

/* Sums along a line of PEs that an operator waits for: features lie on one axis, so a norm needs
 * its mean square (and mean), a softmax its maximum and sum. */
static gint64 line_reductions(const Cs3Node *node) {
  switch (node->kind) {
  case CS3_NODE_NORM:
    return 1;
  case CS3_NODE_SOFTMAX:
  case CS3_NODE_LOSS:
    return 2;
  default:
    return 0;
  }
}

/* The rows of the table that a micro-batch touches travel once each. */
static void embedding_traffic(const Cs3PlanInput *input, const Cs3Node *node, gint64 tokens,
                              Cs3PlanOther *other) {
  const Cs3Model *model = input->graph->model;
  const Cs3Hardware *hw = &input->machine->hw;
  double width = model->embed_dim;
  double table_rows = width > 0 ? node->parameters / width : 0;
  double rows = MIN(table_rows, (double)tokens);
  other->stream_bytes = rows * width * hw->kernel.dense_weight_bits / 8;
  other->gradient_bytes = rows * width * hw->kernel.gradient_bits / 8;
  double bytes_per_cycle = 4 * cs3_hardware_io_wavelets(hw);
  other->forward += (gint64)(other->stream_bytes / bytes_per_cycle);
  other->backward += (gint64)(other->gradient_bytes / bytes_per_cycle);
}

Cs3PlanOther cs3_plan_other(const Cs3PlanInput *input, guint index, gint64 tokens) {
  const Cs3Node *node = cs3_graph_node(input->graph, index);
  const Cs3Hardware *hw = &input->machine->hw;
  Cs3PlanOther other = {.node = index};
  double macs = node->macs * tokens;
  if (node->kind == CS3_NODE_SCORES || node->kind == CS3_NODE_VALUES) {
    other.forward = cs3_attention_cycles(hw, macs);
    /* Scores are not stored: backward computes every tile of them once more. */
    double backward = node->kind == CS3_NODE_SCORES ? 3 : 2;
    other.backward = cs3_attention_cycles(hw, backward * macs);
    other.ideal = macs / ((double)hw->wafer.cores_peak * hw->pe.lanes_fp16);
    return other;
  }
  double elements = node->vector_elements * tokens, specials = node->special_elements * tokens;
  gint64 reductions = line_reductions(node);
  other.forward = cs3_vector_cycles(hw, elements, specials, reductions);
  other.backward = cs3_vector_cycles(hw, 2 * elements, specials, reductions);
  if (node->kind == CS3_NODE_EMBEDDING)
    embedding_traffic(input, node, tokens, &other);
  return other;
}
