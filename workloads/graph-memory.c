/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory of a training step under a recompute policy. */
#include "config.h"

#include "workloads/graph-memory.h"

#include <math.h>

#include "workloads/lifetimes.h"

enum { ELEMENT_BYTES = 2 };

static double count_blocks(const Cs3Graph *graph) {
  double blocks = 0;
  for (guint s = 0; s < graph->segments->len; s++)
    if (cs3_graph_segment(graph, s)->block)
      blocks += (double)cs3_graph_segment(graph, s)->repeat;
  return blocks;
}

double cs3_recompute_stride(const Cs3Graph *graph) {
  return MAX(ceil(sqrt(count_blocks(graph))), 1);
}

double *cs3_graph_tensor_bytes(const Cs3Graph *graph) {
  double *bytes = g_new(double, graph->tensors->len);
  for (guint t = 0; t < graph->tensors->len; t++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, (int)t);
    bytes[t] = ELEMENT_BYTES * (double)tensor->elements * tensor->rows;
  }
  return bytes;
}

gboolean cs3_graph_reversible(const Cs3Graph *graph) {
  for (guint s = 0; s < graph->segments->len; s++)
    if (cs3_graph_segment(graph, s)->reversible)
      return TRUE;
  return FALSE;
}

gboolean cs3_graph_follows_reversible(const Cs3Graph *graph, guint segment) {
  if (cs3_graph_segment(graph, segment)->reversible)
    return FALSE;
  for (guint k = 1; k < graph->order->len; k++) {
    const Cs3Stage *before = &g_array_index(graph->order, Cs3Stage, k - 1), *stage = before + 1;
    if (stage->segment == segment && cs3_graph_segment(graph, before->segment)->reversible)
      return TRUE;
  }
  return FALSE;
}

/* Every segment under @policy, and what it needs of other segments. */
typedef struct {
  Cs3Footprint room;
  double outside;
} Need;

static Need *needs_new(const Cs3Graph *graph, Cs3Recompute policy, const Cs3Narrow *narrow) {
  g_autofree double *bytes = cs3_graph_tensor_bytes(graph);
  Need *needs = g_new0(Need, graph->segments->len);
  for (guint s = 0; s < graph->segments->len; s++) {
    g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(graph, s);
    const Cs3Segment *segment = cs3_graph_segment(graph, s);
    gboolean rebuilt = policy == CS3_RECOMPUTE_REVERSIBLE && segment->reversible;
    gboolean again = policy == CS3_RECOMPUTE_REVERSIBLE
                         ? rebuilt
                         : policy != CS3_RECOMPUTE_NONE && segment->block;
    Cs3Keep keep = {.again = again ? cs3_lifetimes_everything(l) : 0, .tiles = 1, .sums = 1};
    if (narrow != NULL)
      keep.narrow = *narrow;
    cs3_lifetimes_measure(l, &keep, bytes, &needs[s].room);
    if (rebuilt)
      needs[s].room.kept = 0;
    else if (policy == CS3_RECOMPUTE_REVERSIBLE && cs3_graph_follows_reversible(graph, s))
      cs3_lifetimes_hold_input(l, &keep, bytes, &needs[s].room);
    needs[s].outside = cs3_lifetimes_outside(l, bytes);
  }
  return needs;
}

Cs3Memory cs3_graph_memory(const Cs3Graph *graph, Cs3Recompute policy, const Cs3Narrow *narrow) {
  gboolean full = policy == CS3_RECOMPUTE_FULL;
  double stride = cs3_recompute_stride(graph), blocks = 0;
  double kept = 0, peak = 0, resident = 0; /* by all stages so far; of blocks */
  g_autofree Need *needs = needs_new(graph, policy, narrow);
  for (guint k = 0; k < graph->order->len; k++) {
    guint s = g_array_index(graph->order, Cs3Stage, k).segment;
    gboolean block = cs3_graph_segment(graph, s)->block;
    const Need *need = &needs[s];
    gboolean between = block && full && fmod(blocks++, stride) != 0;
    double beside = kept + need->outside + (between ? (stride - 2) * need->room.kept : 0);
    peak = MAX(peak, beside + MAX(need->room.forward, need->room.backward));
    if (between)
      continue;
    kept += need->room.kept;
    resident += block ? need->room.kept : 0;
  }
  return (Cs3Memory){.resident_bytes = resident,
                     .working_bytes = peak - resident,
                     .extra_forwards = full                           ? 2
                                       : policy == CS3_RECOMPUTE_NONE ? 0
                                                                      : 1};
}
