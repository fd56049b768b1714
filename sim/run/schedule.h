/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a plan to what the system simulation executes: one use per stage of the graph and direction.
 */
#pragma once

#include "sim/map/plan.h"
#include "sim/step/step.h"

/**
 * cs3_schedule_uses: the uses of one micro-batch in execution order: every stage of the graph,
 * and the same backwards with recomputation, dX and dW.
 * @gradient: (nullable): a plan of the same graph and micro-batch whose dW is computed instead: the
 *   dense gradient of a sparse model.
 * @labels: (nullable) (element-type utf8): what each use is, appended in the same order.
 * Returns: (transfer full) (element-type Cs3Use).
 */
GArray *cs3_schedule_uses(const Cs3PlanInput *input, const Cs3Plan *plan, const Cs3Plan *gradient,
                          GPtrArray *labels);

/** cs3_schedule_label: (transfer full): what the use of @stage (an index in graph->order) in
 * @direction, "forward" or "backward", is called: "decoder 5 forward". */
char *cs3_schedule_label(const Cs3Graph *graph, guint stage, const char *direction);

/** cs3_schedule_port_rate: payload through a wafer's network port, bytes per second, each way. */
double cs3_schedule_port_rate(const Cs3Hardware *hw);

/** cs3_schedule: the whole step of one system without faults; @uses is borrowed. */
Cs3Schedule cs3_schedule(const Cs3PlanInput *input, const Cs3Plan *plan, const GArray *uses);
