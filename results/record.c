/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Records of runs as plots get them. */
#include "config.h"

#include "results/record.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "results/ranges.h"
#include "results/schema.h"

G_DEFINE_QUARK(cs3 - record - error - quark, cs3_record_error)

static const json_t *find(const json_t *record, const char *path) {
  g_auto(GStrv) keys = g_strsplit(path, ".", -1);
  for (char **key = keys; record != NULL && *key != NULL; key++)
    record = json_object_get(record, *key);
  return record;
}

double cs3_record_number(const json_t *record, const char *path) {
  const json_t *value = find(record, path);
  return json_is_number(value) ? json_number_value(value) : NAN;
}

const char *cs3_record_string(const json_t *record, const char *path) {
  const char *text = json_string_value(find(record, path));
  return text ? text : "";
}

gint64 cs3_record_integer(const json_t *record, const char *path) {
  return json_integer_value(find(record, path));
}

static gboolean blank_to_end(FILE *file) {
  int c;
  while ((c = getc(file)) != EOF)
    if (!g_ascii_isspace(c)) {
      ungetc(c, file);
      return FALSE;
    }
  return TRUE;
}

/* The first run keeps those that have none, measured or too small, as its member `beside`. */
static void append_machines(json_t *records, json_t *machines) {
  json_auto_t *beside = json_array();
  json_t *machine, *first = NULL;
  size_t i;
  json_array_foreach(machines, i, machine) {
    json_t *result = json_object_get(machine, "result");
    json_array_append(result != NULL ? records : beside, result != NULL ? result : machine);
    first = first != NULL ? first : result;
  }
  if (json_is_object(first) && json_array_size(beside) > 0)
    json_object_set(first, "beside", beside);
}

/* What wraps records of runs: a point of a sweep, which may have none because its model does not
 * fit, and a comparison. */
void cs3_records_append(json_t *records, json_t *record) {
  const char *schema = cs3_record_string(record, "schema");
  if (g_str_has_prefix(schema, "cs3sim.sweep/")) {
    json_t *result = json_object_get(record, "result");
    if (result != NULL) {
      json_object_set(result, "axes", json_object_get(record, "axes"));
      json_array_append(records, result);
    }
  } else if (g_str_has_prefix(schema, "cs3sim.compare/")) {
    append_machines(records, json_object_get(record, "machines"));
  } else {
    json_array_append(records, record);
  }
}

static gboolean read_all(FILE *file, const char *name, json_t *records, GError **error) {
  for (gsize n = 1; !blank_to_end(file); n++) {
    json_error_t problem;
    json_t *record = json_loadf(file, JSON_DISABLE_EOF_CHECK | JSON_REJECT_DUPLICATES, &problem);
    if (record == NULL) {
      g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                  "%s: record %" G_GSIZE_FORMAT ", line %d of it: %s", name, n, problem.line,
                  problem.text);
      return FALSE;
    }
    cs3_records_append(records, record);
    json_decref(record);
  }
  if (ferror(file)) {
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot read %s: %s",
                name, g_strerror(errno));
    return FALSE;
  }
  return TRUE;
}

gboolean cs3_records_load(const char *path, json_t *records, GError **error) {
  if (strcmp(path, "-") == 0)
    return read_all(stdin, "standard input", records, error);
  FILE *file = g_fopen(path, "re");
  if (file == NULL) {
    g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(errno), "cannot read %s: %s",
                path, g_strerror(errno));
    return FALSE;
  }
  gboolean ok = read_all(file, path, records, error);
  fclose(file);
  return ok;
}

static gboolean missing(const char *path, const char *what, GError **error) {
  g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, "the record has no %s at %s", what,
              path);
  return FALSE;
}

gboolean cs3_record_require(const json_t *record, const char *const *numbers,
                            const char *const *texts, GError **error) {
  return cs3_record_require_schema(record, CS3_RESULT_SCHEMA, numbers, texts, error);
}

gboolean cs3_record_require_schema(const json_t *record, const char *schema,
                                   const char *const *numbers, const char *const *texts,
                                   GError **error) {
  const char *found = cs3_record_string(record, "schema");
  if (strcmp(found, schema) != 0) {
    g_set_error(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                "the record's schema is '%s', this program reads %s", found, schema);
    return FALSE;
  }
  for (; *numbers != NULL; numbers++)
    if (!isfinite(cs3_record_number(record, *numbers)))
      return missing(*numbers, "number", error);
  for (; *texts != NULL; texts++)
    if (*cs3_record_string(record, *texts) == '\0')
      return missing(*texts, "text", error);
  return cs3_record_check_ranges(record, error);
}

const char *cs3_record_axis(const json_t *record, const char *key) {
  const char *text = json_string_value(json_object_get(json_object_get(record, "axes"), key));
  return text != NULL ? text : "";
}

static gboolean differ(const json_t *records, const char *key) {
  const char *first = cs3_record_axis(json_array_get(records, 0), key);
  size_t i;
  json_t *record;
  json_array_foreach((json_t *)records, i,
                     record) if (strcmp(cs3_record_axis(record, key), first) != 0) return TRUE;
  return FALSE;
}

GPtrArray *cs3_records_axes(const json_t *records) {
  GPtrArray *axes = g_ptr_array_new();
  const char *key;
  json_t *value, *record;
  size_t i;
  json_array_foreach((json_t *)records, i, record) {
    json_object_foreach(json_object_get(record, "axes"), key, value) {
      if (!g_ptr_array_find_with_equal_func(axes, key, g_str_equal, NULL) && differ(records, key))
        g_ptr_array_add(axes, (gpointer)key);
    }
  }
  return axes;
}

char *cs3_record_place(const json_t *record, const GPtrArray *axes) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < axes->len; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? ", " : "",
                           cs3_record_axis(record, axes->pdata[i]));
  return g_string_free(text, FALSE);
}
