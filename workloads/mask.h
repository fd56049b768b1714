/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparsity masks as bit matrices: bit 1 = the weight is alive. */
#pragma once

#include <glib.h>

/* Row-major; row i starts at bits + (i - first) * stride; bit c of a row is word c / 64, bit c %
 * 64; bits beyond `cols` are zero. One more word follows the last row, so that a 64-bit load may
 * start at any byte of a row. */
typedef struct {
  gint64 rows, cols, stride;
  guint64 *bits;
  gint64 first; /* of a window, which has some of the rows only: the row at bits; else 0 */
} Cs3Mask;

/**
 * cs3_mask_new: (transfer full) (nullable): an all-zero mask of @rows x @cols >= 1 x 1.
 * Errors: CS3_WORKLOAD_ERROR_INVALID below 1, CS3_WORKLOAD_ERROR_TOO_LARGE beyond 2^34 bits or
 * when memory is short.
 */
Cs3Mask *cs3_mask_new(gint64 rows, gint64 cols, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_mask_free(Cs3Mask *mask);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Mask, cs3_mask_free)

/** cs3_mask_bytes: of the bits in memory. */
gsize cs3_mask_bytes(const Cs3Mask *mask);

/** cs3_mask_row: (transfer none): the words of @row. */
static inline guint64 *cs3_mask_row(const Cs3Mask *mask, gint64 row) {
  return mask->bits + (row - mask->first) * mask->stride;
}

/** cs3_mask_alive: whether weight (@row, @col) is alive. */
static inline gboolean cs3_mask_alive(const Cs3Mask *mask, gint64 row, gint64 col) {
  return cs3_mask_row(mask, row)[col / 64] >> (col % 64) & 1;
}

/** cs3_bits_count: bits that are set in @n words at @words. */
gint64 cs3_bits_count(const guint64 *words, gint64 n);

/** cs3_mask_nnz: number of live weights. */
gint64 cs3_mask_nnz(const Cs3Mask *mask);

/** cs3_mask_nnz_portable: the same on any processor. */
gint64 cs3_mask_nnz_portable(const Cs3Mask *mask);

/** cs3_mask_transpose: (transfer full): the cols x rows mask of the transposed weight. */
Cs3Mask *cs3_mask_transpose(const Cs3Mask *mask, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Counts live weights of rows in column ranges; what all rows have in common is worked out once.
 * Threads may share it. */
typedef struct Cs3LineCounter Cs3LineCounter;

/**
 * cs3_line_counter_new: (transfer full): for @n_lines column ranges. Line r owns columns
 * [starts[r], starts[r+1]), 0 <= starts[0] <= ... <= starts[n_lines] <= cols; a line must be
 * narrower than 65536 columns. @starts must outlive the counter.
 */
Cs3LineCounter *cs3_line_counter_new(const gint64 *starts, gint64 n_lines);
void cs3_line_counter_free(Cs3LineCounter *counter);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3LineCounter, cs3_line_counter_free)

/** cs3_line_counter_count: live weights of rows @row to @row + @n_rows - 1 in every line. @counts:
 * (out): n_rows x n_lines values. */
void cs3_line_counter_count(const Cs3LineCounter *counter, const Cs3Mask *mask, gint64 row,
                            gint64 n_rows, guint16 *counts);

/** cs3_mask_line_counts: the same once, see cs3_line_counter_new(). */
void cs3_mask_line_counts(const Cs3Mask *mask, gint64 row, gint64 n_rows, const gint64 *starts,
                          gint64 n_lines, guint16 *counts);
