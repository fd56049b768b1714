/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines side by side. Schema cs3sim.compare/1, doc/result.md. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/run/posterior.h"
#include "sim/run/scenario.h"

/**
 * cs3_compare: run the scenario on every machine that options->hardware names ("cs2,cs3,my.ini"),
 * as `cs3sim run` would. Measured machines (sim/machine/baseline.h) are looked up instead. No other
 * thread may be running. Returns: (transfer full) (nullable): the record. A machine that the model
 * does not fit has its reason in it.
 */
json_t *cs3_compare(const Cs3ScenarioOptions *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_compare_posterior: add the object "posterior" (sim/run/posterior.h) to each run. */
gboolean cs3_compare_posterior(json_t *comparison, const Cs3ScenarioOptions *options,
                               const Cs3PosteriorFile *file,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_compare_runs: (transfer full): the records of the runs in @comparison. */
json_t *cs3_compare_runs(const json_t *comparison);

/** cs3_compare_text: a column a machine, with ratios to the first. */
void cs3_compare_text(const json_t *comparison, Cs3Output *output);

/** cs3_compare_csv: a row a machine. */
void cs3_compare_csv(const json_t *comparison, Cs3Output *output);
