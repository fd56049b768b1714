/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers out of a text file, with the line they stand on. */
#pragma once

#include <glib.h>

typedef struct {
  const char *path; /* borrowed */
  char *text;       /* NUL-terminated */
  gsize length;     /* bytes of text */
  const char *at;
  guint line;
  char comment; /* from here to the end of a line is blank; '\0': nothing is */
} Cs3Scan;

/** cs3_scan_open: the whole of @path. Fails with CS3_WORKLOAD_ERROR_NO_INPUT. Clear @scan after. */
gboolean cs3_scan_open(Cs3Scan *scan, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_scan_clear(Cs3Scan *scan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3Scan, cs3_scan_clear)

/**
 * cs3_scan_int: the next whole number; spaces, commas, line ends and comments before it are
 * skipped.
 * @what: names it in messages. Fails with CS3_WORKLOAD_ERROR_DATA unless it is in [@min, @max].
 */
gboolean cs3_scan_int(Cs3Scan *scan, const char *what, gint64 min, gint64 max, gint64 *value,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scan_real: the next finite number, likewise. */
gboolean cs3_scan_real(Cs3Scan *scan, const char *what, double *value,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_scan_room: fails with CS3_WORKLOAD_ERROR_DATA unless @count entries of @words words each fit
 * the rest of the file, at a character and a blank a word: a count that a file states is not
 * believed before memory or time is spent on it.
 */
gboolean cs3_scan_room(const Cs3Scan *scan, const char *what, gint64 count, guint words,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scan_skip_line: go behind the next line end. */
void cs3_scan_skip_line(Cs3Scan *scan);

/** cs3_scan_end: fails with CS3_WORKLOAD_ERROR_DATA if anything but blanks is left. */
gboolean cs3_scan_end(Cs3Scan *scan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scan_fail: sets CS3_WORKLOAD_ERROR_DATA "path:line: text". Returns: FALSE. */
gboolean cs3_scan_fail(const Cs3Scan *scan, GError **error, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
