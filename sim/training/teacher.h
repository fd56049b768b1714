/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distillation: a dense teacher's forward pass beside every step of a sparse student, with a loss
 * on the output of every block (SquareHead, arXiv 2310.06927). */
#pragma once

#include "sim/run/scenario.h"

typedef struct {
  double time_s, joules, flops; /* of a step, beyond the student's own */
  double sent_bytes;            /* features of a step, of one wafer, there and back */
} Cs3Teacher;

/**
 * cs3_teacher_cost: what @teacher ("dense": the student's model) adds to a step of @student, whose
 * options are @options and whose step is @run. Its forward pass runs in front of the student's on
 * each micro-batch, weights streamed; what its blocks hand on leaves the wafer for the activation
 * servers, 16 bits an element, and comes back before the student's block goes backward; the loss
 * takes three element-wise operations an element, once forward and once backward. Both are one
 * schedule (sim/step/step.h): streams, features and arithmetic overlap as they do there, and the
 * servers have to hold the features. Errors: those of cs3_scenario_new(), cs3_plan_new() (the
 * teacher's forward does not fit at the student's micro-batch) and cs3_step_simulate();
 * CS3_CONFIG_ERROR_CONFLICT: another number of layers, or wider features than the student's.
 */
gboolean cs3_teacher_cost(const Cs3ScenarioOptions *options, const Cs3Scenario *student,
                          const Cs3Run *run, const char *teacher, Cs3Teacher *cost,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
