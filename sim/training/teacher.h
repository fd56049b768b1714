/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Distillation: a dense teacher's forward pass beside every step of a sparse student, with a loss
 * on the output of every block (SquareHead, arXiv 2310.06927). */
#pragma once

#include "sim/run/scenario.h"

typedef struct {
  double time_s, joules, flops; /* of a step, beyond the student's own */
  double forward_s, features_s, loss_s;
} Cs3Teacher;

/**
 * cs3_teacher_cost: what @teacher ("dense": the student's model) adds to a step of @student, whose
 * options are @options. Its forward pass runs before the student's on the same batch, weights
 * streamed; the outputs of its blocks leave the wafer for the activation servers and come back
 * when the student's block needs them, through the port, 16 bits an element; the loss takes three
 * element-wise operations an element, once forward and once backward. Nothing overlaps: a bound
 * from above. Errors: those of cs3_scenario_new() and cs3_run(); CS3_CONFIG_ERROR_CONFLICT: another
 * number of layers, or wider features than the student's.
 */
gboolean cs3_teacher_cost(const Cs3ScenarioOptions *options, const Cs3Scenario *student,
                          const char *teacher, Cs3Teacher *cost,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
