/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The width that unpublished and disputed constants leave to a prediction: samples of the machine
 * over their ranges, and which of them the width comes from. doc/validation.md has the method. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/output.h"
#include "sim/run/run.h"

/* More samples than this are hardly meant. */
#define CS3_MAX_SAMPLES 65536

/* Samples that indices are estimated from, at most: each takes as many machines as constants
 * matter. */
#define CS3_INDEX_SAMPLES 64

/* Told of evaluations that are done, of how many; from the calling thread. */
typedef void (*Cs3UncertaintyProgress)(guint64 done, guint64 total, gpointer data);

/**
 * cs3_uncertainty: sample the machine of @config at @samples points of Sobol's sequence over the
 * ranges of cs3_sample_params() (uniform; a choice takes each of its values), simulate each,
 * and estimate Sobol indices.
 * @whole: the nominal machine's step as cs3_run() has it: evaluations, which run a part of the rows
 * on mappings by closed forms, are scaled by what that does to the nominal machine.
 * @samples: 2 to CS3_MAX_SAMPLES.
 * @indices: %FALSE: the band only.
 * Evaluates by cs3_run_times(); config->workers threads, which do not change the result.
 * Returns: (transfer full) (nullable): the object "uncertainty" of a record of a run:
 *   samples, infeasible (samples whose machine cannot run the model; left out), evaluations,
 *   speedup, share_of_theory, tokens_per_s, step_time_s (each nominal, median, p10, p90), scaled
 * (dense, sparse), and with
 *   @indices: parameters (name, value, low, high, and for speedup and tokens_per_s first, total,
 *   their standard errors and the samples they are from), sorted by the total index of the
 * speed-up; matter_most (three names). Indices are from the first CS3_INDEX_SAMPLES samples at
 * most. Errors: when the machine of @config itself cannot run the model; CS3_CONFIG_ERROR_RANGE
 * when nothing is uncertain or more parameters are than the sequence has dimensions.
 */
json_t *cs3_uncertainty(const Cs3RunConfig *config, Cs3RunTimes whole, guint samples,
                        gboolean indices, Cs3UncertaintyProgress progress, gpointer data,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_uncertainty_whole: the nominal machine's step in the record of a run. */
Cs3RunTimes cs3_uncertainty_whole(const json_t *record);

/** cs3_uncertainty_text: the object for people. */
void cs3_uncertainty_text(const json_t *uncertainty, Cs3Output *output);
