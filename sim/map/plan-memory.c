/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What was decided about activations, asked stage by stage. */
#include "config.h"

#include "sim/map/plan-memory.h"

const char *cs3_recompute_name(Cs3Recompute policy) {
  static const char *const names[] = {"none", "layer", "full", "operation", "reversible"};
  return names[policy];
}

static const Cs3StageOption *option_at(const Cs3PlanMemory *memory, guint stage) {
  return &g_array_index(memory->options, Cs3StageOption, memory->chosen[stage]);
}

double cs3_plan_memory_again(const Cs3PlanMemory *memory, const Cs3Graph *graph, guint stage,
                             guint node) {
  const Cs3StageOption *option = option_at(memory, stage);
  guint i = node - cs3_graph_segment(graph, option->segment)->first;
  return cs3_set_has(option->nodes, i) ? option->runs : 0;
}

double cs3_plan_memory_sent(const Cs3PlanMemory *memory, guint stage) {
  return option_at(memory, stage)->sent_bytes;
}

double cs3_plan_memory_repeats(const Cs3PlanMemory *memory, const Cs3Graph *graph, guint node) {
  guint segment = cs3_graph_node(graph, node)->segment;
  double sum = 0;
  for (guint i = 0; i < memory->options->len; i++) {
    const Cs3StageOption *option = &g_array_index(memory->options, Cs3StageOption, i);
    guint place = node - cs3_graph_segment(graph, segment)->first;
    if (option->segment == segment && cs3_set_has(option->nodes, place))
      sum += option->runs * (double)option->stages;
  }
  return sum;
}

gint64 cs3_plan_memory_tiles(const Cs3PlanMemory *memory, const Cs3Graph *graph, guint node) {
  guint segment = cs3_graph_node(graph, node)->segment;
  for (guint i = 0; i < memory->options->len; i++) {
    const Cs3StageOption *option = &g_array_index(memory->options, Cs3StageOption, i);
    if (option->segment != segment || option->keep.tiles == 1)
      continue;
    g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(graph, segment);
    return cs3_lifetimes_tiled(l, node) ? option->keep.tiles : 1;
  }
  return 1;
}

void cs3_plan_memory_clear(Cs3PlanMemory *memory) {
  if (memory->options != NULL)
    g_array_unref(memory->options);
  g_free(memory->chosen);
  for (guint i = 0; i < G_N_ELEMENTS(memory->around); i++) {
    g_free(memory->around[i]);
    g_free(memory->room[i]);
  }
  *memory = (Cs3PlanMemory){0};
}
