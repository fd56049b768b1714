/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a teacher costs a step. */
#include "config.h"

#include "sim/training/teacher.h"

#include <string.h>

#include "base/config-error.h"

enum { ELEMENT_BITS = 16, LOSS_OPERATIONS = 6 };

/* Outputs of all blocks, elements a sample. */
static double features(const Cs3Graph *graph) {
  double elements = 0;
  for (guint s = 0; s < graph->segments->len; s++) {
    const Cs3Segment *segment = cs3_graph_segment(graph, s);
    if (!segment->block || segment->output < 0)
      continue;
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, segment->output);
    elements += (double)segment->repeat * (double)tensor->elements * tensor->rows;
  }
  return elements;
}

static gboolean check_alike(const Cs3Scenario *student, const Cs3Scenario *teacher,
                            GError **error) {
  static const char *const facts[] = {"layers", "encoder_layers", "hidden"};
  for (guint i = 0; i < G_N_ELEMENTS(facts); i++) {
    gint64 own = cs3_model_fact(student->model, facts[i]);
    gint64 other = cs3_model_fact(teacher->model, facts[i]);
    if (own == other)
      continue;
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "teacher = %s: has %s %" G_GINT64_FORMAT ", the student %s %" G_GINT64_FORMAT
                "; a loss on every layer needs equal ones",
                teacher->model->name, facts[i], other, student->model->name, own);
    return FALSE;
  }
  return TRUE;
}

/* Through the port there and back, and the loss on it. */
static void add_features(const Cs3Scenario *student, Cs3Teacher *cost) {
  const Cs3Hardware *hw = &student->machine->hw;
  double systems = (double)cs3_run_systems(&student->config);
  double elements = features(student->graph) * (double)student->config.batch / systems;
  double port_bits = cs3_hardware_io_wavelets(hw) * 32 * hw->wafer.clock_hz;
  double pes = (double)hw->wafer.pe_x * (double)hw->wafer.pe_y;
  cost->features_s = 2 * ELEMENT_BITS * elements / port_bits;
  cost->loss_s = LOSS_OPERATIONS * elements / (pes * hw->pe.vector_rate * hw->wafer.clock_hz);
  double added_s = cost->features_s + cost->loss_s;
  cost->time_s += added_s;
  cost->joules += added_s * hw->wafer.power_w * systems;
}

gboolean cs3_teacher_cost(const Cs3ScenarioOptions *options, const Cs3Scenario *student,
                          const char *teacher, Cs3Teacher *cost, GError **error) {
  Cs3ScenarioOptions dense = *options; /* borrows */
  dense.sparsity = 0;
  dense.weights = NULL;
  dense.weight_set = NULL;
  dense.sparsity_filter = NULL;
  dense.pattern = (char *)"uniform";
  dense.lora = NULL;
  dense.forward = TRUE;
  if (strcmp(teacher, "dense") != 0)
    dense.model = (char *)teacher;
  GError *problem = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&dense, &problem);
  if (scenario == NULL) { /* the recipe's author named the file, not its user */
    cs3_config_hide(&problem, dense.model, "a network that can be read", "cs3sim inspect");
    g_propagate_error(error, problem);
    return FALSE;
  }
  if (!check_alike(student, scenario, error))
    return FALSE;
  g_autoptr(Cs3Run) run = cs3_run(&scenario->config, error);
  if (run == NULL)
    return FALSE;
  double edge_s = scenario->machine->system.step.edge_s; /* the step has one already */
  *cost = (Cs3Teacher){.time_s = run->dense.time.step_s - edge_s,
                       .joules = run->dense.joules,
                       .flops = run->dense.flops,
                       .forward_s = run->dense.time.step_s - edge_s};
  add_features(student, cost);
  return TRUE;
}
