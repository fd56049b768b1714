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

/* @dw: what computes the gradient. @again: forward runs in backward. @matrices: in one instance. */
static void add_linear(Stretch *s, const Cs3PlanLinear *linear, const Cs3PlanLinear *dw,
                       double again, double matrices) {
  double passes = matrices * (double)linear->tiles;
  const Cs3LayerResult *f = &linear->passes[CS3_PASS_FORWARD].result;
  double bytes = passes * WAVELET_BYTES;
  s->forward_bytes += bytes * f->ingress_wavelets;
  s->forward_cycles += passes * f->cycles;
  s->backward_bytes += bytes * again * f->ingress_wavelets;
  s->backward_cycles += passes * again * f->cycles;
  for (int pass = CS3_PASS_FORWARD + 1; pass < CS3_N_PASS_KINDS; pass++) {
    const Cs3PlanLinear *from = pass == CS3_PASS_DW ? dw : linear;
    const Cs3LayerResult *r = &from->passes[pass].result;
    double runs = matrices * (double)from->tiles;
    s->backward_bytes += runs * WAVELET_BYTES * r->ingress_wavelets;
    s->backward_cycles += runs * r->cycles;
    s->gradient_bytes += runs * WAVELET_BYTES * r->egress_wavelets;
  }
}

static void add_other(Stretch *s, const Cs3PlanOther *other, double again) {
  s->forward_cycles += other->forward;
  s->backward_cycles += other->backward + again * other->forward;
  s->forward_bytes += other->stream_bytes;
  s->gradient_bytes += other->gradient_bytes;
}

static const Cs3Stage *stage_at(const Cs3Graph *graph, guint index) {
  return &g_array_index(graph->order, Cs3Stage, index);
}

/* Stretches of a step, one for every stage of the graph's order. */
typedef struct {
  const Cs3PlanInput *input;
  const Cs3Plan *plan, *gradient;
  Stretch *stretches;
  guint *first; /* by segment: where its instances begin in `place` */
  guint *place; /* stage of an instance */
} Steps;

static void steps_init(Steps *s) {
  const Cs3Graph *graph = s->input->graph;
  s->stretches = g_new0(Stretch, graph->order->len);
  s->place = g_new0(guint, graph->order->len);
  s->first = g_new0(guint, graph->segments->len + 1);
  for (guint i = 0; i < graph->segments->len; i++)
    s->first[i + 1] = s->first[i] + (guint)cs3_graph_segment(graph, i)->repeat;
  for (guint k = 0; k < graph->order->len; k++)
    s->place[s->first[stage_at(graph, k)->segment] + stage_at(graph, k)->instance] = k;
}

static void steps_clear(Steps *s) {
  g_free(s->stretches);
  g_free(s->first);
  g_free(s->place);
}

static guint stage_of(const Steps *s, const Cs3Node *node, gint64 instance) {
  return s->place[s->first[node->segment] + instance];
}

static const Cs3PlanLinear *find_linear(const Cs3Plan *plan, guint node) {
  for (guint k = 0; k < plan->linears->len; k++) {
    const Cs3PlanLinear *linear = &g_array_index(plan->linears, Cs3PlanLinear, k);
    if (linear->node == node)
      return linear;
  }
  g_return_val_if_reached(NULL);
}

/* What MemoryX updates for an instance: a weight that all instances share, once. */
static double stored(const Cs3Node *node, gint64 instance) {
  return node->frozen || (node->shared && instance > 0) ? 0 : (double)node->parameters;
}

static void fill_linear(const Steps *s, const Cs3PlanLinear *linear) {
  const Cs3Graph *graph = s->input->graph;
  const Cs3PlanLinear *dw = s->gradient ? find_linear(s->gradient, linear->node) : linear;
  const Cs3Node *node = cs3_graph_node(graph, linear->node);
  const Cs3Segment *segment = cs3_node_segment(graph, node);
  double matrices = linear->layer >= 0 ? linear->repeat : cs3_plan_matrices(node);
  for (gint64 i = 0; i < segment->repeat; i++) {
    if (!cs3_plan_stands_for(s->input, linear, i))
      continue;
    guint stage = stage_of(s, node, i);
    Stretch *stretch = &s->stretches[stage];
    double again = cs3_plan_memory_again(&s->plan->memory, graph, stage, linear->node);
    add_linear(stretch, linear, dw, again, matrices);
    stretch->parameters += stored(node, i) * linear->density * matrices / (double)linear->parts;
  }
}

/* Cycles and bytes of all instances, in both directions. */
static void fill_move(const Steps *s, const Cs3PlanOther *move) {
  const Cs3Graph *graph = s->input->graph;
  const Cs3Node *node = cs3_graph_node(graph, move->node);
  for (gint64 i = 0; i < cs3_node_segment(graph, node)->repeat; i++) {
    guint stage = stage_of(s, node, i);
    add_other(&s->stretches[stage], move,
              cs3_plan_memory_again(&s->plan->memory, graph, stage, move->node));
  }
}

/* The same, and parameters. */
static void fill_other(const Steps *s, const Cs3PlanOther *other) {
  const Cs3Graph *graph = s->input->graph;
  const Cs3Node *node = cs3_graph_node(graph, other->node);
  fill_move(s, other);
  for (gint64 i = 0; i < cs3_node_segment(graph, node)->repeat; i++)
    s->stretches[stage_of(s, node, i)].parameters += stored(node, i) * (double)node->copies;
}

static void fill_stretches(const Steps *s) {
  for (guint k = 0; k < s->plan->linears->len; k++)
    fill_linear(s, &g_array_index(s->plan->linears, Cs3PlanLinear, k));
  for (guint k = 0; k < s->plan->others->len; k++)
    fill_other(s, &g_array_index(s->plan->others, Cs3PlanOther, k));
  for (guint k = 0; k < s->plan->moves->len; k++)
    fill_move(s, &g_array_index(s->plan->moves, Cs3PlanOther, k));
}

char *cs3_schedule_label(const Cs3Graph *graph, guint stage, const char *direction) {
  const Cs3Segment *segment = cs3_graph_segment(graph, stage_at(graph, stage)->segment);
  gint64 number = segment->number[stage_at(graph, stage)->instance];
  if (!segment->block)
    return g_strdup_printf("%s %s", segment->name, direction);
  return g_strdup_printf("%s %" G_GINT64_FORMAT " %s", segment->name, number, direction);
}

/* Stages that share a weight wait for one another's gradients. */
static gint32 weight_group(const Steps *s, guint stage) {
  const Cs3Graph *graph = s->input->graph;
  guint index = stage_at(graph, stage)->segment;
  const Cs3Segment *segment = cs3_graph_segment(graph, index);
  for (guint i = segment->first; i < segment->first + segment->count; i++)
    if (cs3_graph_node(graph, i)->shared)
      return (gint32)s->place[s->first[index]];
  return (gint32)stage;
}

typedef struct {
  const Steps *steps;
  GArray *uses;
  GPtrArray *labels; /* (nullable) */
} List;

static void append(List *list, guint stage, const char *direction, Cs3Use use) {
  if (use.compute_cycles == 0 && use.stream_bytes == 0 && use.gradient_bytes == 0 &&
      use.activation_out_bytes == 0 && use.activation_in_bytes == 0)
    return;
  use.weight_group = weight_group(list->steps, stage);
  g_array_append_val(list->uses, use);
  if (list->labels != NULL)
    g_ptr_array_add(list->labels, cs3_schedule_label(list->steps->input->graph, stage, direction));
}

static void append_all(List *list) {
  const Stretch *stretches = list->steps->stretches;
  const Cs3PlanMemory *memory = &list->steps->plan->memory;
  guint stages = list->steps->input->graph->order->len;
  for (guint s = 0; s < stages; s++)
    append(list, s, "forward",
           (Cs3Use){.stream_bytes = stretches[s].forward_bytes,
                    .compute_cycles = stretches[s].forward_cycles,
                    .activation_out_bytes = cs3_plan_memory_sent(memory, s)});
  for (guint s = stages; s-- > 0;)
    append(list, s, "backward",
           (Cs3Use){.stream_bytes = stretches[s].backward_bytes,
                    .compute_cycles = stretches[s].backward_cycles,
                    .gradient_bytes = stretches[s].gradient_bytes,
                    .update_params = stretches[s].parameters,
                    .activation_in_bytes = cs3_plan_memory_sent(memory, s)});
}

GArray *cs3_schedule_uses(const Cs3PlanInput *input, const Cs3Plan *plan, const Cs3Plan *gradient,
                          GPtrArray *labels) {
  Steps steps = {.input = input, .plan = plan, .gradient = gradient};
  steps_init(&steps);
  fill_stretches(&steps);
  List list = {&steps, g_array_new(FALSE, TRUE, sizeof(Cs3Use)), labels};
  append_all(&list);
  steps_clear(&steps);
  return list.uses;
}

double cs3_schedule_port_rate(const Cs3Hardware *hw) {
  return hw->io.rate_bits_per_s * hw->io.factor * hw->io.efficiency / 8;
}

Cs3Schedule cs3_schedule(const Cs3PlanInput *input, const Cs3Plan *plan, const GArray *uses) {
  const Cs3Hardware *hw = &input->machine->hw;
  return (Cs3Schedule){
      .uses = (const Cs3Use *)(void *)uses->data,
      .n_uses = uses->len,
      .micro_batches = plan->micro_batches,
      .clock_hz = hw->wafer.clock_hz,
      .port_bytes_per_s = cs3_schedule_port_rate(hw),
      .port_latency_s = hw->io.latency_s,
  };
}
