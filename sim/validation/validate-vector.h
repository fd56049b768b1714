/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One vector operation in the memory of one PE. */
#pragma once

#include "sim/validation/validate-measure.h"

/**
 * cs3_validation_vector: method "vector": "OP TYPE elements=N repeats=R" and options of `cs3sim
 * run` that name a machine; OP move, add, mul, fma, dot; TYPE u32, f32, f16. N even; the result
 * "cycles" of R operations one after the other, or from N and N / 2 elements "rate" (elements a
 * cycle), "cost" (cycles an element) and "setup" (cycles before the first element).
 */
gboolean cs3_validation_vector(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                               double *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;
