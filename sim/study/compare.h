/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines side by side. Schema cs3sim.compare/1, doc/result.md. */
#pragma once

#include <jansson.h>

#include "base/output.h"
#include "sim/run/posterior.h"
#include "sim/run/scenario.h"

/* How GPUs run the step. */
typedef struct {
  int precision; /* Cs3GpuPrecision of the blocks' linear layers */
  int kernels; /* of weights with zeros: 0: the fastest that were measured, or 1 + Cs3GpuKernels */
  double scaling; /* in place of the GPU's own (sim/gpu/gpu.h); 0: its own */
} Cs3CompareGpus;

/**
 * cs3_compare: run the scenario on every machine that options->hardware names ("cs2,cs3,my.ini"),
 * as `cs3sim run` would. GPUs ("h200", "h200x8") have what was measured on them
 * (sim/machine/baseline.h) and what follows from a model of them (sim/gpu/gpu.h) instead.
 * @gpus: (nullable): %NULL: as they come. No other thread may be running. Returns: (transfer full)
 * (nullable): the record. A machine that the model does not fit has its reason in it.
 */
json_t *cs3_compare(const Cs3ScenarioOptions *options, const Cs3CompareGpus *gpus,
                    GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_compare_gpu: the entry of @count of the GPU @name in a comparison: "source"; "dense": a step
 * that was measured; "layer_speedup": of one product, measured; "derived": the step of the model.
 * Returns: (transfer full) (nullable).
 */
json_t *cs3_compare_gpu(const char *name, gint64 count, const Cs3Scenario *scenario,
                        const Cs3CompareGpus *gpus, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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
