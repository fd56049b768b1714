/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Columns to lines, heaviest first. */
#include "config.h"

#include "workloads/mask-order.h"

#include <stdlib.h>

#include "workloads/column-planes.h"

typedef struct {
  gint64 live, column;
} Load;

static int heaviest_first(gconstpointer a, gconstpointer b) {
  const Load *x = a, *y = b;
  if (x->live != y->live)
    return x->live < y->live ? 1 : -1;
  return (x->column > y->column) - (x->column < y->column);
}

static Load *sorted_columns(const Cs3Mask *mask) {
  Load *loads = g_new(Load, mask->cols);
  g_autofree guint32 *live = g_new0(guint32, mask->cols);
  if (!cs3_mask_column_counts(mask, live))
    g_error("no memory to count %" G_GINT64_FORMAT " columns", mask->cols); /* as g_malloc() ends */
  for (gint64 col = 0; col < mask->cols; col++)
    loads[col] = (Load){live[col], col};
  qsort(loads, (gsize)mask->cols, sizeof *loads, heaviest_first);
  return loads;
}

gint64 *cs3_mask_balanced_order(const Cs3Mask *mask, const gint64 *starts, gint64 lines) {
  g_autofree Load *columns = sorted_columns(mask);
  g_autofree gint64 *load = g_new0(gint64, lines), *taken = g_new0(gint64, lines);
  gint64 *order = g_new(gint64, mask->cols);
  for (gint64 k = 0; k < mask->cols; k++) {
    gint64 best = -1;
    for (gint64 r = 0; r < lines; r++)
      if (taken[r] < starts[r + 1] - starts[r] && (best < 0 || load[r] < load[best]))
        best = r;
    order[starts[best] + taken[best]++] = columns[k].column;
    load[best] += columns[k].live;
  }
  return order;
}

Cs3Mask *cs3_mask_reorder(const Cs3Mask *mask, const gint64 *order, GError **error) {
  Cs3Mask *out = cs3_mask_new(mask->rows, mask->cols, error);
  for (gint64 row = 0; out != NULL && row < mask->rows; row++)
    for (gint64 j = 0; j < mask->cols; j++)
      cs3_mask_row(out, row)[j / 64] |= (guint64)cs3_mask_alive(mask, row, order[j]) << (j % 64);
  return out;
}
