/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deep Learning Matrix Collection masks (Gale et al., "Sparse GPU Kernels for Deep Learning",
 * SC20): "rows, cols, non-zeros", the row offsets, the column indices; no values. */
#include "config.h"

#include "workloads/mask-file.h"
#include "workloads/mask-scan.h"

static gboolean read_offsets(Cs3Scan *scan, gint64 *offsets, gint64 rows, gint64 nonzeros,
                             GError **error) {
  for (gint64 row = 0; row <= rows; row++) {
    gint64 least = row == 0 ? 0 : row == rows ? nonzeros : offsets[row - 1];
    if (!cs3_scan_int(scan, "row offset", least, row == 0 ? 0 : nonzeros, &offsets[row], error))
      return FALSE;
  }
  return TRUE;
}

static gboolean read_columns(Cs3Scan *scan, const gint64 *offsets, Cs3Mask *mask, GError **error) {
  for (gint64 row = 0; row < mask->rows; row++)
    for (gint64 k = offsets[row]; k < offsets[row + 1]; k++) {
      gint64 col;
      if (!cs3_scan_int(scan, "column index", 0, mask->cols - 1, &col, error))
        return FALSE;
      if (!cs3_mask_set(mask, row, col))
        return cs3_scan_fail(scan, error,
                             "weight (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ") is listed twice",
                             row, col);
    }
  return cs3_scan_end(scan, error);
}

static Cs3Mask *read_smtx(const char *path, const Cs3MaskChoice *choice, GError **error) {
  g_auto(Cs3Scan) scan = {0};
  gint64 rows, cols, nonzeros;
  if (!cs3_scan_open(&scan, path, error) ||
      !cs3_scan_int(&scan, "the number of rows", 1, CS3_MASK_EXTENT, &rows, error) ||
      !cs3_scan_int(&scan, "the number of columns", 1, CS3_MASK_EXTENT, &cols, error) ||
      !cs3_scan_int(&scan, "the number of non-zeros", 0, rows * cols, &nonzeros, error) ||
      !cs3_scan_room(&scan, "the number of row offsets", rows + 1, 1, error) ||
      !cs3_scan_room(&scan, "the number of row offsets and non-zeros", rows + 1 + nonzeros, 1,
                     error))
    return NULL;
  g_autoptr(Cs3Mask) mask = cs3_mask_new(rows, cols, error);
  g_autofree gint64 *offsets = mask ? g_new(gint64, rows + 1) : NULL; /* the file is longer */
  if (mask == NULL || !read_offsets(&scan, offsets, rows, nonzeros, error) ||
      !read_columns(&scan, offsets, mask, error))
    return NULL;
  return g_steal_pointer(&mask);
}

/* All offsets, then all columns: the mask is walked twice, so that neither list is held. */
static gboolean write_smtx(const Cs3Mask *mask, const char *tensor, Cs3Output *output,
                           GError **error) {
  gint64 before = 0;
  cs3_output_printf(output, "%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT "\n0",
                    mask->rows, mask->cols, cs3_mask_nnz(mask));
  for (gint64 row = 0; row < mask->rows; row++) {
    before += cs3_bits_count(cs3_mask_row(mask, row), mask->stride);
    cs3_output_printf(output, " %" G_GINT64_FORMAT, before);
  }
  cs3_output_puts(output, "\n");
  const char *between = "";
  for (gint64 row = 0; row < mask->rows; row++)
    for (gint64 col = 0; col < mask->cols; col++)
      if (cs3_mask_alive(mask, row, col)) {
        cs3_output_printf(output, "%s%" G_GINT64_FORMAT, between, col);
        between = " ";
      }
  cs3_output_puts(output, "\n");
  return TRUE;
}

static gboolean begins(const char *bytes, gsize n) {
  return n > 0 && g_ascii_isdigit(bytes[0]);
}

const Cs3MaskFormat cs3_mask_smtx = {
    .name = "smtx",
    .suffix = ".smtx",
    .begins = begins,
    .summary = "Deep Learning Matrix Collection: row offsets and column indices",
    .read = read_smtx,
    .write = write_smtx,
};
