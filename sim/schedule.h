/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From a plan to what the system simulation executes: one use per decoder block and direction. */
#pragma once

#include "sim/plan.h"
#include "sim/step.h"

/**
 * cs3_schedule_uses: the uses of one micro-batch in execution order: what stands before the blocks,
 * every block, what stands behind them, and the same backwards with recomputation, dX and dW.
 * Returns: (transfer full) (element-type Cs3Use).
 */
GArray *cs3_schedule_uses(const Cs3PlanInput *input, const Cs3Plan *plan);

/** cs3_schedule: the whole step; @uses is borrowed. */
Cs3Schedule cs3_schedule(const Cs3PlanInput *input, const Cs3Plan *plan, GArray *uses);
