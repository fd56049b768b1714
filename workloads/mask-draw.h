/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random masks whose rows and columns are not alike: every weight is alive by itself with odds
 * (alive : not) that are a factor of its row times a factor of its column. Among all random masks
 * with given expected numbers of live weights in rows and columns this one has the largest entropy:
 * nothing else is assumed. */
#pragma once

#include <glib.h>

#include "workloads/mask.h"

/**
 * cs3_mask_draw_odds: fill rows [@row0, @row1) of @mask, which are zero, with weights alive with
 * odds @row[i] x @col[j] (to 2^-16 in probability); a pure function of (@key, row).
 */
void cs3_mask_draw_odds(Cs3Mask *mask, gint64 row0, gint64 row1, const float *row, const float *col,
                        guint64 key);

/** cs3_mask_scale_odds: @row times a factor with which a share of @density of all weights is
 * expected to be alive. */
void cs3_mask_scale_odds(gint64 rows, float *row, gint64 cols, const float *col, double density);

/* How uneven rows (or columns) are: of the logarithm of their odds, beyond chance. */
typedef struct {
  double spread; /* standard deviation */
  double shared; /* part of its variance that 16 neighbours have in common */
} Cs3MaskSpread;

/** cs3_mask_spread: of @n rows of @full weights with @counts live ones, as from a lognormal
 * distribution with their variance less the binomial one. */
Cs3MaskSpread cs3_mask_spread(const guint32 *counts, gint64 n, gint64 full);

/**
 * cs3_mask_draw_counts: a mask with @by_row[i] live weights in every row and @by_col[j] in every
 * column (their sums are equal): drawn with fitted odds, then put right by few changes at random
 * places. Where a column cannot be reached by moving single weights within rows it stays off by
 * those. Returns: (transfer full) (nullable): errors of cs3_mask_new().
 */
Cs3Mask *cs3_mask_draw_counts(gint64 rows, gint64 cols, const guint32 *by_row,
                              const guint32 *by_col, guint64 seed, guint64 stream,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
