/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Matrix Market files (Boisvert, Pozo, Remington, NISTIR 5935, 1996): coordinate or array; pattern,
 * real or integer; general or symmetric. A weight stored as zero is a zero. Read here because
 * CHOLMOD's reader names no line when it refuses a file, and GSL's refuses patterns. */
#include "config.h"

#include "workloads/mask-file.h"
#include "workloads/mask-scan.h"

#include <string.h>

#include "workloads/config-reader.h"

typedef struct {
  gboolean array;     /* every value, by columns */
  gboolean pattern;   /* no values */
  gboolean symmetric; /* the lower triangle stands for both; skew: without the diagonal */
  gboolean skew;
} Kind;

static gboolean is_one_of(const char *word, const char *const *words) {
  return word != NULL && g_strv_contains(words, word);
}

static gboolean fail_at_line(const Cs3Scan *scan, const char *line, const char *why,
                             GError **error) {
  g_autofree char *clean = cs3_config_clean(line);
  return cs3_scan_fail(scan, error, "'%s' %s", clean, why);
}

static gboolean set_kind(const Cs3Scan *scan, const char *line, char *const *words, Kind *kind,
                         GError **error) {
  const char *const storages[] = {"coordinate", "array", NULL};
  const char *const fields[] = {"pattern", "real", "double", "integer", "unsigned-integer", NULL};
  const char *const symmetries[] = {"general", "symmetric", "skew-symmetric", NULL};
  if (!is_one_of(words[2], storages) || !is_one_of(words[3], fields) ||
      !is_one_of(words[4], symmetries))
    return fail_at_line(scan, line,
                        "cannot be read (coordinate or array; pattern, real, integer or "
                        "unsigned-integer; general, symmetric or skew-symmetric)",
                        error);
  kind->array = strcmp(words[2], "array") == 0;
  kind->pattern = strcmp(words[3], "pattern") == 0;
  kind->skew = strcmp(words[4], "skew-symmetric") == 0;
  kind->symmetric = strcmp(words[4], "general") != 0;
  if (kind->array && kind->pattern)
    return fail_at_line(scan, line, "cannot be: an array needs values, a pattern is 'coordinate'",
                        error);
  if (kind->pattern && kind->skew)
    return fail_at_line(scan, line, "cannot be: without values nothing has a sign", error);
  return TRUE;
}

/* (transfer full): the words of @line in lower case; any number of blanks of any kind separates
 * them. */
static GStrv split(const char *line) {
  g_autofree char *lower = g_ascii_strdown(line, -1);
  g_auto(GStrv) pieces = g_strsplit_set(lower, " \t\r\v\f", -1);
  g_autoptr(GStrvBuilder) words = g_strv_builder_new();
  for (char **piece = pieces; *piece != NULL; piece++)
    if (**piece != '\0')
      g_strv_builder_add(words, *piece);
  return g_strv_builder_end(words);
}

/* "%%MatrixMarket matrix coordinate pattern general" */
static gboolean read_banner(Cs3Scan *scan, Kind *kind, GError **error) {
  g_autofree char *line = g_strndup(scan->at, strcspn(scan->at, "\r\n"));
  g_auto(GStrv) words = split(line);
  if (g_strv_length(words) != 5 || strcmp(words[0], "%%matrixmarket") != 0 ||
      strcmp(words[1], "matrix") != 0)
    return fail_at_line(scan, line,
                        "is no Matrix Market banner such as "
                        "'%%MatrixMarket matrix coordinate pattern general'",
                        error);
  if (!set_kind(scan, line, words, kind, error))
    return FALSE;
  cs3_scan_skip_line(scan);
  scan->comment = '%';
  return TRUE;
}

static void make_alive(Cs3Mask *mask, const Kind *kind, gint64 row, gint64 col, gboolean *fresh) {
  *fresh = cs3_mask_set(mask, row, col);
  if (kind->symmetric && row != col)
    *fresh &= cs3_mask_set(mask, col, row);
}

static gboolean read_entry(Cs3Scan *scan, const Kind *kind, Cs3Mask *mask, GError **error) {
  gint64 row, col;
  double value = 1;
  if (!cs3_scan_int(scan, "row index", 1, mask->rows, &row, error) ||
      !cs3_scan_int(scan, "column index", 1, mask->cols, &col, error) ||
      (!kind->pattern && !cs3_scan_real(scan, "value", &value, error)))
    return FALSE;
  if (kind->skew && row == col)
    return cs3_scan_fail(scan, error,
                         "entry (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT
                         ") is on the diagonal, which a skew-symmetric matrix leaves out",
                         row, col);
  gboolean fresh = TRUE;
  if (value != 0)
    make_alive(mask, kind, row - 1, col - 1, &fresh);
  return fresh ||
         cs3_scan_fail(scan, error,
                       "weight (%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT ") is listed twice", row,
                       col);
}

static gboolean read_coordinates(Cs3Scan *scan, const Kind *kind, Cs3Mask *mask, gint64 entries,
                                 GError **error) {
  for (gint64 k = 0; k < entries; k++)
    if (!read_entry(scan, kind, mask, error))
      return FALSE;
  return cs3_scan_end(scan, error);
}

static gboolean read_array(Cs3Scan *scan, const Kind *kind, Cs3Mask *mask, GError **error) {
  for (gint64 col = 0; col < mask->cols; col++)
    for (gint64 row = kind->symmetric ? col + kind->skew : 0; row < mask->rows; row++) {
      double value;
      gboolean fresh;
      if (!cs3_scan_real(scan, "value", &value, error))
        return FALSE;
      if (value != 0)
        make_alive(mask, kind, row, col, &fresh);
    }
  return cs3_scan_end(scan, error);
}

static gboolean read_size(Cs3Scan *scan, const Kind *kind, gint64 *rows, gint64 *cols,
                          gint64 *entries, GError **error) {
  if (!cs3_scan_int(scan, "the number of rows", 1, CS3_MASK_EXTENT, rows, error) ||
      !cs3_scan_int(scan, "the number of columns", kind->symmetric ? *rows : 1,
                    kind->symmetric ? *rows : CS3_MASK_EXTENT, cols, error))
    return FALSE;
  gint64 half = *rows * (*rows + (kind->skew ? -1 : 1)) / 2;
  *entries = kind->symmetric ? half : *rows * *cols;
  if (!kind->array &&
      !cs3_scan_int(scan, "the number of entries", 0, *rows * *cols, entries, error))
    return FALSE;
  return cs3_scan_room(scan, "the number of entries", *entries,
                       kind->array     ? 1
                       : kind->pattern ? 2
                                       : 3,
                       error);
}

static Cs3Mask *read_mtx(const char *path, const Cs3MaskChoice *choice, GError **error) {
  g_auto(Cs3Scan) scan = {0};
  Kind kind = {0};
  if (!cs3_scan_open(&scan, path, error) || !read_banner(&scan, &kind, error))
    return NULL;
  gint64 rows, cols, entries;
  if (!read_size(&scan, &kind, &rows, &cols, &entries, error))
    return NULL;
  g_autoptr(Cs3Mask) mask = cs3_mask_new(rows, cols, error);
  if (mask == NULL || !(kind.array ? read_array(&scan, &kind, mask, error)
                                   : read_coordinates(&scan, &kind, mask, entries, error)))
    return NULL;
  return g_steal_pointer(&mask);
}

static gboolean begins(const char *bytes, gsize n) {
  return g_strstr_len(bytes, (gssize)n, "%%") != NULL;
}

static gboolean write_mtx(const Cs3Mask *mask, const char *tensor, Cs3Output *output,
                          GError **error) {
  cs3_output_printf(output,
                    "%%%%MatrixMarket matrix coordinate pattern general\n%" G_GINT64_FORMAT
                    " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                    mask->rows, mask->cols, cs3_mask_nnz(mask));
  for (gint64 row = 0; row < mask->rows; row++)
    for (gint64 col = 0; col < mask->cols; col++)
      if (cs3_mask_alive(mask, row, col))
        cs3_output_printf(output, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", row + 1, col + 1);
  return TRUE;
}

const Cs3MaskFormat cs3_mask_mtx = {
    .name = "mtx",
    .suffix = ".mtx",
    .begins = begins,
    .summary = "Matrix Market: coordinate or array, pattern, real or integer",
    .read = read_mtx,
    .write = write_mtx,
};
