/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What fills a wafer's memory during a micro-batch. */
#include "config.h"

#include "sim/run/memory-walk.h"

#include <math.h>

#include "base/json.h"

/* Cycles of one instance of a node. */
typedef struct {
  double forward, backward;
} Cost;

typedef struct {
  const Cs3Graph *graph;
  const Cs3PlanMemory *memory;
  double clock_hz;
  double *bytes; /* by tensor, of a micro-batch */
  Cost *costs;   /* by node */
  double now_s, resident, sent;
  double peak_bytes;
  gsize peak;
  json_t *moments;
} Walk;

static const Cs3StageOption *option_at(const Walk *w, guint stage) {
  return &g_array_index(w->memory->options, Cs3StageOption, w->memory->chosen[stage]);
}

static void add_linear(Walk *w, const Cs3PlanLinear *linear) {
  const Cs3Node *node = cs3_graph_node(w->graph, linear->node);
  double instances = (double)cs3_node_segment(w->graph, node)->repeat;
  double runs = (double)(linear->repeat * linear->tiles) / instances;
  for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
    double cycles = runs * (double)linear->passes[pass].result.cycles;
    *(pass == CS3_PASS_FORWARD ? &w->costs[linear->node].forward
                               : &w->costs[linear->node].backward) += cycles;
  }
}

static void count_costs(Walk *w, const Cs3Plan *plan) {
  w->costs = g_new0(Cost, w->graph->nodes->len);
  for (guint k = 0; k < plan->linears->len; k++)
    add_linear(w, &g_array_index(plan->linears, Cs3PlanLinear, k));
  for (guint k = 0; k < plan->others->len; k++) {
    const Cs3PlanOther *other = &g_array_index(plan->others, Cs3PlanOther, k);
    w->costs[other->node] = (Cost){(double)other->forward, (double)other->backward};
  }
  for (guint k = 0; k < plan->moves->len; k++) {
    const Cs3PlanOther *move = &g_array_index(plan->moves, Cs3PlanOther, k);
    w->costs[move->node].forward += (double)move->forward;
    w->costs[move->node].backward += (double)move->backward;
  }
}

/* Scores stand for the softmax and the values behind them, which lifetimes have as one operator. */
static double seconds_of(const Walk *w, const Cs3Moment *moment, const Cs3Segment *segment) {
  double cycles = 0;
  guint end = segment->first + segment->count;
  for (guint i = moment->node; i < end; i++) {
    Cs3NodeKind kind = cs3_graph_node(w->graph, i)->kind;
    if (i > moment->node && kind != CS3_NODE_SOFTMAX && kind != CS3_NODE_VALUES)
      break;
    cycles += moment->kind == CS3_MOMENT_BACKWARD ? w->costs[i].backward : w->costs[i].forward;
  }
  return cycles / w->clock_hz;
}

static char *stage_name(const Walk *w, guint stage) {
  const Cs3Stage *at = &g_array_index(w->graph->order, Cs3Stage, stage);
  const Cs3Segment *segment = cs3_graph_segment(w->graph, at->segment);
  if (!segment->block)
    return g_strdup(segment->name);
  return g_strdup_printf("%s %" G_GINT64_FORMAT, segment->name, segment->number[at->instance]);
}

/* @others: bytes that other stages keep. */
static void add_moment(Walk *w, guint stage, const Cs3Moment *moment, double others) {
  static const char *const directions[] = {[CS3_MOMENT_FORWARD] = "forward",
                                           [CS3_MOMENT_AGAIN] = "again",
                                           [CS3_MOMENT_BACKWARD] = "backward"};
  const Cs3Segment *segment = cs3_graph_segment(w->graph, option_at(w, stage)->segment);
  g_autofree char *name = stage_name(w, stage);
  double begin_s = w->now_s, all = others + moment->kept + moment->values + moment->gradients;
  w->now_s += seconds_of(w, moment, segment);
  if (all > w->peak_bytes) {
    w->peak_bytes = all;
    w->peak = json_array_size(w->moments);
  }
  json_array_append_new(w->moments,
                        cs3_json_pack("{s:s, s:s, s:s, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "stage",
                                      name, "direction", directions[moment->kind], "node",
                                      cs3_graph_node(w->graph, moment->node)->label, "begin_s",
                                      begin_s, "end_s", w->now_s, "resident", others, "kept",
                                      moment->kept, "values", moment->values, "gradients",
                                      moment->gradients, "sent", w->sent));
}

/* Blocks between two checkpoints run again one after the other: while one goes backward, the inputs
 * of the others are there. */
static double between(const Walk *w, const Cs3StageOption *option) {
  if (w->memory->policy != CS3_RECOMPUTE_FULL || option->room.kept > 0 ||
      !cs3_graph_segment(w->graph, option->segment)->block)
    return 0;
  g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(w->graph, option->segment);
  return (cs3_recompute_stride(w->graph) - 2) * cs3_lifetimes_kept(l, &option->keep, w->bytes);
}

/* One direction of a stage. A stage in front of the loss goes backward as it goes forward. */
static void walk_stage(Walk *w, guint stage, gboolean forward) {
  const Cs3StageOption *option = option_at(w, stage);
  g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(w->graph, option->segment);
  g_autoptr(GArray) moments = cs3_lifetimes_walk(l, &option->keep, w->bytes);
  double others = w->resident + cs3_lifetimes_outside(l, w->bytes) + between(w, option);
  for (guint i = 0; i < moments->len; i++) {
    const Cs3Moment *moment = &g_array_index(moments, Cs3Moment, i);
    if ((moment->kind == CS3_MOMENT_FORWARD) == forward)
      add_moment(w, stage, moment, others);
  }
}

static void walk(Walk *w, gboolean backward) {
  guint stages = w->graph->order->len;
  for (guint k = 0; k < stages; k++) {
    walk_stage(w, k, TRUE);
    w->resident += option_at(w, k)->room.kept;
    w->sent += option_at(w, k)->sent_bytes;
  }
  for (guint k = stages; backward && k-- > 0;) {
    w->resident -= option_at(w, k)->room.kept;
    w->sent -= option_at(w, k)->sent_bytes;
    walk_stage(w, k, FALSE);
  }
}

static double *tensor_bytes(const Cs3Run *run) {
  const Cs3Graph *graph = run->config.graph;
  double *bytes = g_new(double, graph->tensors->len);
  for (guint t = 0; t < graph->tensors->len; t++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, (int)t);
    bytes[t] = cs3_wafer_bytes(&run->config.machine->hw, (double)tensor->elements,
                               ceil(tensor->rows * (double)run->sparse.plan->micro_batch));
  }
  return bytes;
}

json_t *cs3_memory_walk(const Cs3Run *run) {
  const Cs3Plan *plan = run->sparse.plan;
  Walk w = {.graph = run->config.graph,
            .memory = &plan->memory,
            .clock_hz = run->config.machine->hw.wafer.clock_hz,
            .bytes = tensor_bytes(run),
            .moments = json_array()};
  count_costs(&w, plan);
  walk(&w, !run->config.forward);
  g_free(w.bytes);
  g_free(w.costs);
  return cs3_json_pack("{s:f, s:f, s:I, s:o}", "capacity_bytes", plan->memory.capacity_bytes,
                       "peak_bytes", w.peak_bytes, "peak", (json_int_t)w.peak, "moments",
                       w.moments);
}
