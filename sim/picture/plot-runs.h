/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The runs behind the plots of clusters: over numbers of systems, and one with its timeline. */
#pragma once

#include <jansson.h>

#include "sim/cli/progress.h"
#include "sim/run/scenario.h"

typedef enum { CS3_SCALING_STRONG, CS3_SCALING_WEAK } Cs3Scaling;

/* A sweep over systems: 1, 1 + step, ..., or powers of two (step 0), and the most. */
typedef struct {
  Cs3Scaling scaling;
  gint64 most, step;
} Cs3SystemSweep;

/** cs3_system_sweep_points: (transfer full) (element-type gint64): the numbers of systems; for
 * strong scaling those that divide @batch. */
GArray *cs3_system_sweep_points(const Cs3SystemSweep *sweep, gint64 batch);

/**
 * cs3_system_sweep_run: append a record for each of @points.
 * The batch is that of the largest number of systems: STRONG: of all, WEAK: its share goes to every
 * system. Smaller clusters go without the faults of what they do not have. @points: at least one.
 * @progress: (nullable).
 */
gboolean cs3_system_sweep_run(const Cs3SystemSweep *sweep, const Cs3ScenarioOptions *options,
                              const GArray *points, Cs3Progress *progress, json_t *records,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_transforms_run: append the record of the network as it is, dense, and of every
 * transformation of it at the sparsity of @options, 0.75 (the middle of the paper's) where that is
 * 0. */
gboolean cs3_transforms_run(const Cs3ScenarioOptions *options, json_t *records,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_memory_run: append the record of one run with the member `memory` (doc/result.md). */
gboolean cs3_memory_run(const Cs3ScenarioOptions *options, json_t *records,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_timeline_run: append the record of one run with the member `timeline` (doc/result.md). */
gboolean cs3_timeline_run(const Cs3ScenarioOptions *options, json_t *records,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
