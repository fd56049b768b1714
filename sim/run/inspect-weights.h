/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zeros of a checkpoint's weights: what `cs3sim inspect --weights` prints. */
#pragma once

#include <glib.h>

#include "sim/cli/cli.h"
#include "workloads/graph.h"

typedef struct {
  const char *path;    /* borrowed */
  const char *name;    /* as the user writes it */
  gint64 lines;        /* that input features are spread over */
  gboolean nan_masked; /* NaN is a masked weight, not an error */
  guint workers;       /* 0: one per processor */
} Cs3InspectWeights;

/**
 * cs3_inspect_busiest: expected share of the busiest of @n units over their mean, when @n * @size
 * weights hold @live live ones anywhere with equal probability: mean + deviation (hypergeometric) x
 * the normal quantile of 0.5264^(1/n), which is close to the expected largest of n (Chen and Tyler,
 * American Statistician 53(1), 1999).
 */
double cs3_inspect_busiest(gint64 n, double size, gint64 live);

/**
 * cs3_inspect_weights: text, CSV and JSON Lines: a row for each matrix; JSON: the mask statistics
 * (schema cs3sim.masks/1, doc/result.md). One matrix is held at a time.
 * Errors: those of cs3_checkpoint_open() and cs3_weight_count().
 */
gboolean cs3_inspect_weights(const Cs3Context *context, const Cs3InspectWeights *what,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_inspect_match: a row for every weight of @graph with what it is in the checkpoint or why it
 * is not there, then what the checkpoint has beside. @whole: (out): whether nothing is missing.
 */
gboolean cs3_inspect_match(const Cs3Context *context, const Cs3Graph *graph,
                           const Cs3InspectWeights *what, gboolean *whole,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
