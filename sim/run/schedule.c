/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a plan to what the system simulation executes. */
#include "config.h"

#include "sim/run/schedule.h"

#include <math.h>

/* Bytes and cycles of a stretch of the graph in both directions. */
typedef struct {
  double forward_bytes, backward_bytes, gradient_bytes;
  double forward_cycles, backward_cycles;
  double parameters;
} Stretch;

enum { WAVELET_BYTES = 4 };

/* @dw: the pass that computes the gradient. */
static void add_linear(Stretch *s, const Cs3PlanLinear *linear, const Cs3LayerResult *dw,
                       double extra_forwards) {
  const Cs3LayerResult *f = &linear->passes[CS3_PASS_FORWARD].result;
  const Cs3LayerResult *dx = &linear->passes[CS3_PASS_DX].result;
  s->forward_bytes += f->ingress_wavelets * (double)WAVELET_BYTES;
  s->backward_bytes +=
      (dx->ingress_wavelets + dw->ingress_wavelets + extra_forwards * f->ingress_wavelets) *
      WAVELET_BYTES;
  s->gradient_bytes += dw->egress_wavelets * (double)WAVELET_BYTES;
  s->forward_cycles += f->cycles;
  s->backward_cycles += dx->cycles + dw->cycles + extra_forwards * f->cycles;
}

static void add_other(Stretch *s, const Cs3PlanOther *other, double extra_forwards) {
  s->forward_cycles += other->forward;
  s->backward_cycles += other->backward + extra_forwards * other->forward;
  s->forward_bytes += other->stream_bytes;
  s->gradient_bytes += other->gradient_bytes;
}

/* Stretch of a node's instance: 0 in front of the blocks, 1..L a block, L + 1 behind them. */
static gint64 stretch_of(const Cs3Graph *graph, guint node, gint64 instance) {
  if (cs3_graph_node(graph, node)->in_block)
    return 1 + instance;
  for (guint i = 0; i < node; i++)
    if (cs3_graph_node(graph, i)->in_block)
      return 1 + graph->model->layers;
  return 0;
}

static const Cs3PlanLinear *find_linear(const Cs3Plan *plan, guint node) {
  for (guint k = 0; k < plan->linears->len; k++) {
    const Cs3PlanLinear *linear = &g_array_index(plan->linears, Cs3PlanLinear, k);
    if (linear->node == node)
      return linear;
  }
  g_return_val_if_reached(NULL);
}

static void fill_linear(const Cs3PlanInput *input, const Cs3Plan *plan, const Cs3Plan *gradient,
                        const Cs3PlanLinear *linear, Stretch *stretches) {
  const Cs3PlanLinear *dw = gradient != NULL ? find_linear(gradient, linear->node) : linear;
  const Cs3Node *node = cs3_graph_node(input->graph, linear->node);
  double again = node->in_block ? plan->memory.extra_forwards : 0;
  for (gint64 i = 0; i < node->repeat; i++) {
    if (!cs3_plan_stands_for(input, linear, i))
      continue;
    Stretch *stretch = &stretches[stretch_of(input->graph, linear->node, i)];
    add_linear(stretch, linear, &dw->passes[CS3_PASS_DW].result, again);
    stretch->parameters += (double)node->parameters * linear->density;
  }
}

static void fill_other(const Cs3PlanInput *input, const Cs3Plan *plan, const Cs3PlanOther *other,
                       Stretch *stretches) {
  const Cs3Node *node = cs3_graph_node(input->graph, other->node);
  double again = node->in_block ? plan->memory.extra_forwards : 0;
  for (gint64 i = 0; i < node->repeat; i++) {
    Stretch *stretch = &stretches[stretch_of(input->graph, other->node, i)];
    add_other(stretch, other, again);
    stretch->parameters += (double)node->parameters;
  }
}

static void fill_stretches(const Cs3PlanInput *input, const Cs3Plan *plan, const Cs3Plan *gradient,
                           Stretch *stretches) {
  for (guint k = 0; k < plan->linears->len; k++)
    fill_linear(input, plan, gradient, &g_array_index(plan->linears, Cs3PlanLinear, k), stretches);
  for (guint k = 0; k < plan->others->len; k++)
    fill_other(input, plan, &g_array_index(plan->others, Cs3PlanOther, k), stretches);
}

static char *label_of(gint64 stretch, gint64 last, const char *direction) {
  if (stretch == 0)
    return g_strdup_printf("embedding %s", direction);
  if (stretch == last)
    return g_strdup_printf("head %s", direction);
  return g_strdup_printf("block %" G_GINT64_FORMAT " %s", stretch - 1, direction);
}

typedef struct {
  GArray *uses;
  GPtrArray *labels; /* (nullable) */
  gint64 last;       /* stretch */
} List;

static void append(List *list, gint64 stretch, const char *direction, Cs3Use use) {
  if (use.compute_cycles == 0 && use.stream_bytes == 0 && use.gradient_bytes == 0)
    return;
  g_array_append_val(list->uses, use);
  if (list->labels != NULL)
    g_ptr_array_add(list->labels, label_of(stretch, list->last, direction));
}

GArray *cs3_schedule_uses(const Cs3PlanInput *input, const Cs3Plan *plan, const Cs3Plan *gradient,
                          GPtrArray *labels) {
  gint64 last = input->graph->model->layers + 1;
  g_autofree Stretch *stretches = g_new0(Stretch, last + 1);
  fill_stretches(input, plan, gradient, stretches);
  List list = {g_array_new(FALSE, TRUE, sizeof(Cs3Use)), labels, last};
  for (gint64 s = 0; s <= last; s++)
    append(&list, s, "forward",
           (Cs3Use){.stream_bytes = stretches[s].forward_bytes,
                    .compute_cycles = stretches[s].forward_cycles,
                    .weight_group = s});
  for (gint64 s = last; s >= 0; s--)
    append(&list, s, "backward",
           (Cs3Use){.stream_bytes = stretches[s].backward_bytes,
                    .compute_cycles = stretches[s].backward_cycles,
                    .gradient_bytes = stretches[s].gradient_bytes,
                    .update_params = stretches[s].parameters,
                    .weight_group = s});
  return list.uses;
}

Cs3Schedule cs3_schedule(const Cs3PlanInput *input, const Cs3Plan *plan, const GArray *uses) {
  const Cs3Hardware *hw = &input->machine->hw;
  return (Cs3Schedule){
      .uses = (const Cs3Use *)(void *)uses->data,
      .n_uses = uses->len,
      .micro_batches = plan->micro_batches,
      .clock_hz = hw->wafer.clock_hz,
      .port_bytes_per_s = hw->io.rate_bits_per_s * hw->io.factor * hw->io.efficiency / 8,
      .port_latency_s = hw->io.latency_s,
  };
}
