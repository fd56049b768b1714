/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Private to sim/step*.c: the oracle for steps in which activations share the wafers' ports. */
#pragma once

#include "sim/step/step-plan.h"

/**
 * cs3_step_sharing: one period of the steady step of @plan, which has no faults with a time, as
 * step.h defines it; without activations exactly what the max-plus recurrence gives. Wafers must
 * have something to wait for: streams, gradients or activations.
 */
void cs3_step_sharing(const Cs3StepPlan *plan, Cs3StepTotals *period);
