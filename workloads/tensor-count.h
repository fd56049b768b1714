/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live weights per row and column of a weight in a checkpoint, streamed: memory for some rows and
 * the counts, whatever the size of the checkpoint. */
#pragma once

#include <glib.h>

#include "workloads/tensor-layout.h"

/* Rows are output features, columns input features, however the weight is stored. */
typedef struct {
  gint64 rows, cols, live;
  gint64 masked;            /* NaN that were taken for zeros */
  guint64 digest;           /* of the live weights as they lie in the file; 0: not known */
  guint32 *by_row, *by_col; /* live weights of each */
} Cs3WeightCounts;

void cs3_weight_counts_clear(Cs3WeightCounts *counts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3WeightCounts, cs3_weight_counts_clear)

/**
 * cs3_weight_count: read @weight once with @workers threads (0: one per processor) and count. The
 * counts do not depend on @workers. Fails as cs3_weight_mask(). Clear @counts after.
 */
gboolean cs3_weight_count(Cs3Weight *weight, gboolean nan_masked, guint workers,
                          Cs3WeightCounts *counts, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_mask_counts: the same of a mask. Fails with CS3_WORKLOAD_ERROR_TOO_LARGE. Clear @counts
 * after. */
gboolean cs3_mask_counts(const Cs3Mask *mask, Cs3WeightCounts *counts,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
