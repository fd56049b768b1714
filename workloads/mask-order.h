/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Orders of input features under which the lines of the wafer get about as many live weights. */
#pragma once

#include "workloads/mask.h"

/**
 * cs3_mask_balanced_order: the columns of @mask, heaviest first, each to the line with the fewest
 * live weights among those with room (longest processing time first, Graham 1969). Line r has
 * places
 * @starts[r] to @starts[r + 1] - 1. Returns: (transfer full): the column at each place.
 */
gint64 *cs3_mask_balanced_order(const Cs3Mask *mask, const gint64 *starts, gint64 lines);

/** cs3_mask_reorder: (transfer full) (nullable): @mask with column @order[j] at place j. Errors:
 * those of cs3_mask_new(). */
Cs3Mask *cs3_mask_reorder(const Cs3Mask *mask, const gint64 *order,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;
