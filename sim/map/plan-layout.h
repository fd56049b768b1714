/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How activations lie between the passes of a plan: a layout for every linear layer and attention,
 * where what a pass gains by a layout of its own is weighed against the way there. */
#pragma once

#include "fabric/move.h"
#include "sim/map/plan.h"

/** cs3_plan_move: cycles of bringing @elements of each of @rows on the wafer from one layout to
 * another: an all-to-all on the lines of one axis, then on those of the other, of the fuller
 * layout; 0 between equal ones and where one is unknown. */
gint64 cs3_plan_move(const Cs3Hardware *hw, gint64 elements, gint64 rows, Cs3WaferLayout from,
                     Cs3WaferLayout to);

/**
 * cs3_plan_layouts: plan->layouts, by node, and plan->moves, for plan->micro_batch samples: the
 * layouts of least sum of passes and moves, forward and backward, by closed forms and dynamic
 * programming over each block; the layers that read one activation share a layout, and so does all
 * that meets in an element-wise operator. Nothing where passes are only bounded: what costs nothing
 * to move is a bound.
 */
void cs3_plan_layouts(const Cs3PlanInput *input, Cs3Plan *plan);

/** cs3_plan_layout: of @node in a direction; fold 0: each of its passes lies as it likes best. */
Cs3WaferLayout cs3_plan_layout(const Cs3Plan *plan, guint node, gboolean backward);

/** cs3_plan_layout_force: input->force, with the layout of @pass of @node. */
Cs3MapForce cs3_plan_layout_force(const Cs3PlanInput *input, const Cs3Plan *plan, guint node,
                                  Cs3Pass pass);
