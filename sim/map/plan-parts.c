/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a plan is made of: shapes of passes, densities of instances, work without weights. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "fabric/vector.h"
#include "sim/map/plan-internal.h"

gint64 cs3_plan_rows(const Cs3Node *node, gint64 micro_batch) {
  return MAX(1, (gint64)llround(node->rows * (double)micro_batch));
}

gint64 cs3_plan_part_rows(const Cs3Node *node, gint64 micro_batch, gint64 parts) {
  return (cs3_plan_rows(node, micro_batch) + parts - 1) / parts;
}

gboolean cs3_plan_has_pass(const Cs3PlanInput *input, const Cs3Node *node, int pass) {
  gboolean shared = input->machine->hw.kernel.backward == CS3_BACKWARD_SHARED;
  if (node->frozen)
    return pass == CS3_PASS_FORWARD || (!input->forward && pass == CS3_PASS_DX);
  return pass == CS3_PASS_FORWARD || (!input->forward && shared == (pass == CS3_PASS_BACKWARD));
}

Cs3ConvShape cs3_plan_conv(const Cs3Convolution *c) {
  if (c == NULL)
    return (Cs3ConvShape){0};
  const gint64 *map = c->transposed ? c->output : c->input;
  const gint64 *grid = c->transposed ? c->input : c->output;
  return (Cs3ConvShape){.kernel = {c->kernel[0], c->kernel[1]},
                        .stride = {c->stride[0], c->stride[1]},
                        .dilation = {c->dilation[0], c->dilation[1]},
                        .before = {c->before[0], c->before[1]},
                        .map = {map[0], map[1]},
                        .grid = {grid[0], grid[1]},
                        .transposed = c->transposed};
}

Cs3LayerShape cs3_plan_shape(const Cs3Graph *graph, const Cs3Node *node, Cs3Pass pass,
                             gint64 rows) {
  gint64 out = node->out_features / node->groups, in = node->in_features / node->groups;
  gboolean transposed = pass == CS3_PASS_DX;
  return (Cs3LayerShape){
      .pass = pass,
      .rows = transposed ? in : out,
      .features = transposed ? out : in,
      .tokens = rows,
      .groups = node->groups,
      .conv = cs3_plan_conv(cs3_graph_convolution(graph, node)),
      .wide = !node->sparsifiable,
  };
}

gboolean cs3_plan_alike(const Cs3Graph *graph, const Cs3Node *x, const Cs3Node *y) {
  Cs3ConvShape a = cs3_plan_conv(cs3_graph_convolution(graph, x));
  Cs3ConvShape b = cs3_plan_conv(cs3_graph_convolution(graph, y));
  return x->out_features == y->out_features && x->in_features == y->in_features &&
         x->groups == y->groups && x->rows == y->rows && x->sparsifiable == y->sparsifiable &&
         x->frozen == y->frozen && memcmp(&a, &b, sizeof a) == 0;
}

Cs3MapWafer cs3_plan_fed_wafer(const Cs3PlanInput *input) {
  Cs3Hardware hw = input->machine->hw;
  if (input->feed > 0 && input->feed < 1)
    hw.io.rate_bits_per_s *= input->feed;
  return cs3_map_wafer(&hw);
}

double cs3_plan_density(const Cs3PlanInput *input, guint node, gint64 instance) {
  return input->sparsity ? cs3_sparsity_density(input->sparsity, node, instance) : 1;
}

double cs3_plan_class(const Cs3PlanInput *input, double density) {
  return input->sparsity ? cs3_sparsity_class(input->sparsity, density) : density;
}

gboolean cs3_plan_stands_for(const Cs3PlanInput *input, const Cs3PlanLinear *linear,
                             gint64 instance) {
  if (linear->layer >= 0)
    return linear->layer == instance;
  double density = cs3_plan_density(input, linear->node, instance);
  return cs3_plan_class(input, density) == cs3_plan_class(input, linear->density);
}

GArray *cs3_plan_groups(const Cs3PlanInput *input, guint node) {
  if (input->sparsity)
    return cs3_sparsity_groups(input->sparsity, node);
  GArray *groups = g_array_new(FALSE, FALSE, sizeof(Cs3SparsityGroup));
  const Cs3Segment *segment = cs3_node_segment(input->graph, cs3_graph_node(input->graph, node));
  Cs3SparsityGroup all = {.density = 1, .count = segment->repeat};
  g_array_append_val(groups, all);
  return groups;
}

/* Sums along a line of PEs that an operator waits for: features lie on one axis, so a norm needs
 * its mean square (and mean), a softmax or a choice of experts its maximum and sum. */
static gint64 line_reductions(const Cs3Node *node) {
  switch (node->kind) {
  case CS3_NODE_NORM:
    return 1;
  case CS3_NODE_ROUTING:
  case CS3_NODE_SOFTMAX:
  case CS3_NODE_LOSS:
    return 2;
  default:
    return 0;
  }
}

/* The rows of the table that a micro-batch touches travel once each. */
static void embedding_traffic(const Cs3PlanInput *input, const Cs3Node *node, double tokens,
                              Cs3PlanOther *other) {
  const Cs3Hardware *hw = &input->machine->hw;
  double width = (double)node->out_features;
  double rows = MIN(node->table_rows, tokens);
  other->stream_bytes = rows * width * hw->kernel.dense_weight_bits / 8;
  other->gradient_bytes = node->frozen ? 0 : rows * width * hw->kernel.gradient_bits / 8;
  double bytes_per_cycle = 4 * cs3_hardware_io_wavelets(hw);
  other->forward += (gint64)(other->stream_bytes / bytes_per_cycle);
  other->backward += (gint64)(other->gradient_bytes / bytes_per_cycle);
}

/* At kernel.attention_efficiency. Scores are not stored: backward computes every tile of them once
 * more. */
static void product_at_efficiency(const Cs3PlanInput *input, const Cs3Node *node, double macs,
                                  Cs3PlanOther *other) {
  double backward = node->kind == CS3_NODE_SCORES ? 3 : 2;
  other->forward = cs3_attention_cycles(&input->machine->hw, macs);
  other->backward = cs3_attention_cycles(&input->machine->hw, backward * macs);
}

/* Scores, softmax and values are one program, whose cycles the two products share by their
 * multiply-adds; softmax has what the program does not know: biases and caps of scores. */
static void part_of_program(const Cs3PlanInput *input, const Cs3Node *node,
                            const Cs3PlanAttentionAsk *ask, Cs3PlanOther *other) {
  const Cs3AttentionSize *size = cs3_graph_attention(input->graph, node);
  if (node->kind == CS3_NODE_SOFTMAX) {
    double rows = (double)cs3_plan_rows(node, ask->samples);
    double scores = (node->special_elements - (double)size->heads) / (1 + size->score_specials);
    if (size->score_elements + size->score_specials > 0)
      other->forward = other->backward =
          cs3_vector_cycles(&input->machine->hw, size->score_elements * scores * rows,
                            size->score_specials * scores * rows, 0);
    return;
  }
  Cs3PlanAttentionCost cost;
  if (!cs3_plan_attention_cost(input, node->attention - 1, ask, &cost)) {
    other->forward = other->backward = CS3_PLAN_NEVER;
    return;
  }
  const gint64 *cycles = cost.cycles;
  gint64 d = size->head_dim, dv = size->value_dim;
  gint64 forward = cycles[0] * d / (d + dv), backward = cycles[1] * 3 * d / (3 * d + 2 * dv);
  gboolean scores = node->kind == CS3_NODE_SCORES;
  other->forward = scores ? forward : cycles[0] - forward;
  other->backward = scores ? backward : cycles[1] - backward;
  for (int i = 0; i < 2 && scores; i++) /* lifetimes know attention by its first node */
    other->around[i] = cost.around[i];
}

static Cs3PlanOther both_directions(const Cs3PlanInput *input, guint index,
                                    const Cs3PlanAttentionAsk *ask) {
  const Cs3Node *node = cs3_graph_node(input->graph, index);
  const Cs3Hardware *hw = &input->machine->hw;
  Cs3PlanOther other = {.node = index};
  double rows = (double)cs3_plan_rows(node, ask->samples) * (double)node->copies;
  double macs = node->macs * rows;
  gboolean product = node->kind == CS3_NODE_SCORES || node->kind == CS3_NODE_VALUES;
  if (product)
    other.ideal = macs / ((double)hw->wafer.cores_peak * hw->pe.lanes_fp16);
  if (node->attention > 0 && cs3_plan_attention_simulated(input)) {
    part_of_program(input, node, ask, &other);
    return other;
  }
  if (product) {
    product_at_efficiency(input, node, macs, &other);
    return other;
  }
  if (node->kind == CS3_NODE_VIEW)
    return other;
  double elements = node->vector_elements * rows, specials = node->special_elements * rows;
  gint64 reductions = line_reductions(node);
  other.forward = cs3_vector_cycles(hw, elements, specials, reductions);
  other.backward = cs3_vector_cycles(hw, 2 * elements, specials, reductions);
  if (node->kind == CS3_NODE_EMBEDDING)
    embedding_traffic(input, node, rows, &other);
  return other;
}

Cs3PlanOther cs3_plan_other(const Cs3PlanInput *input, guint index,
                            const Cs3PlanAttentionAsk *ask) {
  Cs3PlanOther other = both_directions(input, index, ask);
  if (input->forward)
    other.backward = 0;
  if (input->forward)
    other.gradient_bytes = 0;
  return other;
}
