/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Simulated points on disk: a line of JSON each. */
#include "config.h"

#include "sim/validation/points-file.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"
#include "base/output.h"
#include "base/read-file.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/cli/cli.h"

#define MAX_BYTES ((gsize)1 << 30)

/* Whether @line is point number @point of @key; appends its numbers. */
static gboolean read_line(const char *line, const char *key, guint point, guint columns,
                          GArray *logs) {
  json_auto_t *document = json_loads(line, 0, NULL);
  const json_t *list = json_object_get(document, "logs");
  if (strcmp(cs3_record_string(document, "schema"), CS3_POINTS_SCHEMA) != 0 ||
      strcmp(cs3_record_string(document, "key"), key) != 0 ||
      cs3_record_integer(document, "point") != point || json_array_size(list) != columns)
    return FALSE;
  size_t i;
  json_t *value;
  json_array_foreach((json_t *)list, i, value) {
    double number = json_is_number(value) ? json_number_value(value) : NAN;
    g_array_append_val(logs, number);
  }
  return TRUE;
}

GArray *cs3_points_load(const char *path, const char *key, guint columns, GError **error) {
  g_autoptr(GArray) logs = g_array_new(FALSE, FALSE, sizeof(double));
  g_autofree char *text = NULL;
  gsize n;
  if (!g_file_test(path, G_FILE_TEST_EXISTS))
    return g_steal_pointer(&logs);
  text = cs3_read_text_file(path, MAX_BYTES, &n, error);
  if (text == NULL)
    return NULL;
  char *end, *at = text;
  for (guint point = 0; (end = strchr(at, '\n')) != NULL; point++, at = end + 1) {
    *end = '\0';
    if (!read_line(at, key, point, columns, logs)) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_DATA,
                  "%s:%u: is not point %u of this calibration (other rows, machines, seed or "
                  "version); give another --points",
                  path, point + 1, point);
      return NULL;
    }
    *end = '\n';
  }
  if (at == text && *at != '\0' && !g_str_has_prefix(at, "{\"schema\":\"" CS3_POINTS_SCHEMA)) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_DATA,
                "%s: holds no points of a calibration; give another --points", path);
    return NULL;
  }
  if (*at != '\0' && !g_file_set_contents(path, text, at - text, error))
    return NULL;
  return g_steal_pointer(&logs);
}

static char *line_of(const char *key, guint point, guint columns, const double *logs) {
  json_t *list = json_array();
  for (guint c = 0; c < columns; c++)
    json_array_append_new(list, isfinite(logs[c]) ? json_real(logs[c]) : json_null());
  json_auto_t *document = cs3_json_pack("{s:s, s:s, s:I, s:o}", "schema", CS3_POINTS_SCHEMA, "key",
                                        key, "point", (json_int_t)point, "logs", list);
  return json_dumps(document, JSON_COMPACT | JSON_REAL_PRECISION(17));
}

gboolean cs3_points_append(const char *path, const char *key, guint first, guint n, guint columns,
                           const double *logs, GError **error) {
  FILE *file = fopen(path, "a");
  gboolean ok = file != NULL;
  for (guint k = 0; ok && k < n; k++) {
    char *line = line_of(key, first + k, columns, logs + (gsize)k * columns);
    ok = fprintf(file, "%s\n", line) > 0;
    free(line);
  }
  int code = errno;
  if (file != NULL)
    ok = fclose(file) == 0 && ok;
  if (!ok)
    g_set_error(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_WRITE, "cannot write %s: %s", path,
                g_strerror(code));
  return ok;
}
