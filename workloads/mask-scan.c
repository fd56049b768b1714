/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers out of a text file. */
#include "config.h"

#include "workloads/mask-scan.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "workloads/config-reader.h"
#include "workloads/workload-error.h"

gboolean cs3_scan_open(Cs3Scan *scan, const char *path, GError **error) {
  *scan = (Cs3Scan){.path = path, .line = 1};
  g_autoptr(GError) reason = NULL;
  if (!g_file_get_contents(path, &scan->text, &scan->length, &reason)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "%s", reason->message);
    return FALSE;
  }
  const char byte_order_mark[] = "\xef\xbb\xbf";
  scan->at = scan->text;
  if (g_str_has_prefix(scan->at, byte_order_mark))
    scan->at += strlen(byte_order_mark);
  return TRUE;
}

void cs3_scan_clear(Cs3Scan *scan) {
  g_clear_pointer(&scan->text, g_free);
}

gboolean cs3_scan_fail(const Cs3Scan *scan, GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s:%u: %s", scan->path,
              scan->line, text);
  return FALSE;
}

static void skip_blanks(Cs3Scan *scan) {
  for (;;) {
    for (; g_ascii_isspace(*scan->at) || *scan->at == ','; scan->at++)
      scan->line += *scan->at == '\n';
    if (scan->comment == '\0' || *scan->at != scan->comment)
      return;
    scan->at += strcspn(scan->at, "\n");
  }
}

/* Whether the text from scan->at to @end is a number that ends where a number should. */
static gboolean whole(const Cs3Scan *scan, const char *end) {
  return end > scan->at && (*end == '\0' || *end == ',' || g_ascii_isspace(*end));
}

static gboolean fail_at(const Cs3Scan *scan, const char *what, const char *expected,
                        GError **error) {
  if (*scan->at == '\0')
    return cs3_scan_fail(scan, error, "the file ends before %s", what);
  g_autofree char *word = g_strndup(scan->at, strcspn(scan->at, ", \t\r\n"));
  g_autofree char *clean = cs3_config_clean(word);
  return cs3_scan_fail(scan, error, "%s is '%s': expected %s", what, clean, expected);
}

gboolean cs3_scan_int(Cs3Scan *scan, const char *what, gint64 min, gint64 max, gint64 *value,
                      GError **error) {
  skip_blanks(scan);
  char *end;
  errno = 0;
  *value = g_ascii_strtoll(scan->at, &end, 10);
  if (!whole(scan, end) || errno != 0 || *value < min || *value > max) {
    g_autofree char *range =
        g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, min, max);
    return fail_at(scan, what, range, error);
  }
  scan->at = end;
  return TRUE;
}

gboolean cs3_scan_real(Cs3Scan *scan, const char *what, double *value, GError **error) {
  skip_blanks(scan);
  char *end;
  *value = g_ascii_strtod(scan->at, &end);
  if (!whole(scan, end) || !isfinite(*value))
    return fail_at(scan, what, "a finite number", error);
  scan->at = end;
  return TRUE;
}

gboolean cs3_scan_room(const Cs3Scan *scan, const char *what, gint64 count, guint words,
                       GError **error) {
  gint64 left = (gint64)(scan->text + scan->length - scan->at);
  gint64 most = (left + 1) / (2 * (gint64)words); /* the last word needs no blank */
  return count <= most || cs3_scan_fail(scan, error,
                                        "%s is %" G_GINT64_FORMAT ", but the %" G_GINT64_FORMAT
                                        " bytes that follow hold at most %" G_GINT64_FORMAT,
                                        what, count, left, most);
}

void cs3_scan_skip_line(Cs3Scan *scan) {
  scan->at += strcspn(scan->at, "\n");
  if (*scan->at == '\n') {
    scan->at++;
    scan->line++;
  }
}

gboolean cs3_scan_end(Cs3Scan *scan, GError **error) {
  skip_blanks(scan);
  return *scan->at == '\0' || fail_at(scan, "what follows the last entry", "nothing", error);
}
