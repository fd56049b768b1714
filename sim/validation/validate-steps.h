/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edge of the step that fits measured rates. */
#pragma once

#include "sim/validation/validate.h"

/* The rows of suite "steps" that an edge is fitted to: one for each group that begins so. */
#define CS3_EDGE_GROUPS "training rates on "

/**
 * cs3_validation_fit_edge: the E >= 0 with the least sum of squares of
 * log(measured_s / (simulated_s + E)) over @n steps (Gauss-Newton).
 * @half_s: (out): half of its 95 % confidence interval (Student's t); NaN for a single step.
 * @rms: (out): root mean square of what is left.
 */
double cs3_validation_fit_edge(const double *simulated_s, const double *measured_s, guint n,
                               double *half_s, double *rms);

/** cs3_validation_edge_text: the array "edge" of the suite's record ({group, rows, value, low,
 * high, rms_without, rms}, seconds and logarithms) for people. */
void cs3_validation_edge_text(const json_t *edges, Cs3Output *output);
