/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What each uncertain constant does for itself: its plausible range from end to end, every other
 * one as the nominal machine has it. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/run/samples.h"

/**
 * cs3_tornado: the step of @config with each constant of cs3_sample_params() at the ends of its
 * range, or, where it has few values, at each of them.
 * @whole: the nominal machine's step as cs3_run() has it; evaluations are scaled to it.
 * Returns: (transfer full) (nullable): the object "tornado" of a record of a run: nominal (speedup,
 *   step_time_s), scaled (dense, sparse), and constants, those that move the speed-up most first:
 *   name, value, range, evidence, speedup_span and step_span (largest less smallest, over the
 *   nominal value), lowest and highest (the points with the least and the largest speed-up) and
 *   points: value, step_time_s, speedup, step_change, dense_step_change and speedup_change
 * (relative to nominal); null where the machine cannot run the model. Errors: as cs3_run_times();
 * CS3_CONFIG_ERROR_RANGE when nothing is uncertain.
 */
json_t *cs3_tornado(const Cs3RunConfig *config, Cs3RunTimes whole, Cs3SampleProgress progress,
                    gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_tornado_write: the object as a table; as text without the constants that move nothing, which
 * are named below. */
void cs3_tornado_write(const json_t *tornado, Cs3Output *output, Cs3Format format);
