/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counters of columns in bit planes. */
#include "config.h"

#include "workloads/column-planes.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#else
#define CLONES
#endif

enum { PLANES = 8, FULL = 255 };

gboolean cs3_column_planes_init(Cs3ColumnPlanes *columns, gint64 words) {
  *columns = (Cs3ColumnPlanes){
      .words = words,
      .planes = g_try_malloc0_n((gsize)(PLANES * words), sizeof *columns->planes),
      .by_col = g_try_malloc0_n((gsize)(64 * words), sizeof *columns->by_col),
  };
  return columns->planes != NULL && columns->by_col != NULL;
}

void cs3_column_planes_clear(Cs3ColumnPlanes *columns) {
  g_clear_pointer(&columns->planes, g_free);
  g_clear_pointer(&columns->by_col, g_free);
}

/* Adds @carry to one plane; what overflows stays in @carry. Returns: whether anything did. */
CLONES static guint64 add_plane(guint64 *restrict plane, guint64 *restrict carry, gint64 words) {
  guint64 any = 0;
  for (gint64 w = 0; w < words; w++) {
    guint64 next = plane[w] & carry[w];
    plane[w] ^= carry[w];
    carry[w] = next;
    any |= next;
  }
  return any;
}

CLONES static void empty_planes(guint64 *planes, gint64 words, guint32 *by_col) {
  for (gint64 w = 0; w < words; w++)
    for (guint p = 0; p < PLANES; p++) {
      guint64 plane = planes[p * words + w];
      for (guint b = 0; b < 64; b++)
        by_col[64 * w + b] += (guint32)(plane >> b & 1) << p;
    }
  memset(planes, 0, (gsize)(PLANES * words) * sizeof *planes);
}

void cs3_column_planes_add(Cs3ColumnPlanes *columns, guint64 *rows, gint64 n_rows) {
  gint64 words = columns->words;
  for (gint64 row = 0; row < n_rows; row++) {
    guint p = 0;
    while (p < PLANES && add_plane(columns->planes + p * words, rows + row * words, words) != 0)
      p++;
    if (++columns->filled == FULL)
      cs3_column_planes_end(columns);
  }
}

void cs3_column_planes_end(Cs3ColumnPlanes *columns) {
  empty_planes(columns->planes, columns->words, columns->by_col);
  columns->filled = 0;
}

gboolean cs3_mask_column_counts(const Cs3Mask *mask, guint32 *by_col) {
  gsize row_bytes = (gsize)mask->stride * sizeof *mask->bits;
  Cs3ColumnPlanes columns;
  gboolean ok = cs3_column_planes_init(&columns, mask->stride);
  g_autofree guint64 *row = ok ? g_malloc(row_bytes) : NULL;
  for (gint64 i = 0; ok && i < mask->rows; i++) {
    memcpy(row, cs3_mask_row(mask, i), row_bytes);
    cs3_column_planes_add(&columns, row, 1);
  }
  if (ok) {
    cs3_column_planes_end(&columns);
    memcpy(by_col, columns.by_col, (gsize)mask->cols * sizeof *by_col);
  }
  cs3_column_planes_clear(&columns);
  return ok;
}
