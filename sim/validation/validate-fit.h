/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A fit of two unpublished constants to measured training rates, and what it predicts for rates
 * that it has not seen. The presets do not contain its result. */
#pragma once

#include "sim/validation/validate-measure.h"

/* The rows of suite "throughput" that the constants are fitted to, by their group. */
#define CS3_FIT_GROUP "GPT-3 rates on a CS-2"

/**
 * cs3_validation_fit: least squares of log(simulated / published) over the rows of CS3_FIT_GROUP on
 * the machine as measured, by GSL's Levenberg-Marquardt; then every row of method "run" in four
 * ways: the preset (unfitted), with FP32 sums (fp32), on the machine as measured (silicon), and
 * there with the fitted values (fitted).
 * @suite: (inout): the record of the suite; gets "fit": {parameters: [{name, preset, value, low,
 *   high}], rms, points: [{id, group, quantity, source, published, seen, and each way and
 *   WAY_error}]}; low and high bound the 95 % confidence interval (Student's t).
 */
gboolean cs3_validation_fit(Cs3ValidationSession *session, const GPtrArray *rows, json_t *suite,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validation_fit_text: the object "fit" for people. */
void cs3_validation_fit_text(const json_t *fit, Cs3Output *output);
