/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live weights of columns, counted 64 at a time in bit planes: plane p holds bit p of 64 counters,
 * and adding a row is adding with carry from plane to plane; after 255 rows the planes are emptied
 * into plain numbers. */
#pragma once

#include <glib.h>

#include "workloads/mask.h"

typedef struct {
  gint64 words;
  guint64 *planes;
  guint filled;    /* rows in the planes: emptying them costs as much as adding a hundred */
  guint32 *by_col; /* 64 x words */
} Cs3ColumnPlanes;

/** cs3_column_planes_init: for rows of @words words. Returns: %FALSE when memory is short;
 * cs3_column_planes_clear() in any case. */
gboolean cs3_column_planes_init(Cs3ColumnPlanes *columns, gint64 words) G_GNUC_WARN_UNUSED_RESULT;
void cs3_column_planes_clear(Cs3ColumnPlanes *columns);

/** cs3_column_planes_add: @n_rows rows of words, one after the other; they are overwritten. */
void cs3_column_planes_add(Cs3ColumnPlanes *columns, guint64 *rows, gint64 n_rows);

/** cs3_column_planes_end: have in by_col what has been added. */
void cs3_column_planes_end(Cs3ColumnPlanes *columns);

/** cs3_mask_column_counts: live weights of every column of @mask. @by_col: (out): cols values.
 * Returns: %FALSE when memory is short. */
gboolean cs3_mask_column_counts(const Cs3Mask *mask, guint32 *by_col) G_GNUC_WARN_UNUSED_RESULT;
