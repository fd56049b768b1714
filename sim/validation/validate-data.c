/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The data files of the validation suites: RFC 4180 without line ends inside a field, a header, and
 * comment lines that begin with '#'. */
#include "config.h"

#include "sim/validation/validate.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"

enum {
  ID,
  GROUP,
  SOURCE,
  EVIDENCE,
  QUANTITY,
  UNIT,
  PUBLISHED,
  CHECK,
  TOLERANCE,
  METHOD,
  ARGUMENTS,
  RESULT,
  SCALE,
  NOTE,
  N_FIELDS
};

static const char *const field_names[N_FIELDS] = {
    "id",    "group",     "source", "evidence",  "quantity", "unit",  "published",
    "check", "tolerance", "method", "arguments", "result",   "scale", "note",
};

static const char *const check_names[] = {
    "relative", "absolute", "at-most", "at-least", "report", "rejected", NULL,
};

/* How the published value came about. */
static const char *const evidence_names[] = {
    "silicon", /* timed on a machine */
    "vendor-simulator",
    "paper",   /* stated in a publication, not timed: FLOP counts */
    "vendor",  /* claimed by the vendor without data */
    "derived", /* arithmetic on published values */
    NULL,
};

static void row_free(gpointer data) {
  Cs3ValidationRow *row = data;
  char *texts[] = {row->where,     row->id,       row->group, row->source,
                   row->evidence,  row->quantity, row->unit,  row->method,
                   row->arguments, row->result,   row->note};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_free(row);
}

/* One field from @text; what follows it, or %NULL when a quote is not closed or not followed by a
 * comma. */
static const char *read_field(const char *text, GString *field) {
  g_string_truncate(field, 0);
  if (*text != '"') {
    gsize length = strcspn(text, ",");
    g_string_append_len(field, text, (gssize)length);
    return text + length;
  }
  for (text++; *text != '\0'; text++) {
    if (*text != '"')
      g_string_append_c(field, *text);
    else if (text[1] == '"')
      g_string_append_c(field, *text++);
    else
      return text[1] == ',' || text[1] == '\0' ? text + 1 : NULL;
  }
  return NULL;
}

/* (transfer full) (nullable): the fields of a line, N_FIELDS of them. */
static char **split_line(const char *line, const char *where, GError **error) {
  g_autoptr(GString) field = g_string_new(NULL);
  g_autoptr(GPtrArray) fields = g_ptr_array_new_with_free_func(g_free);
  for (const char *at = line;; at++) {
    at = read_field(at, field);
    if (at == NULL) {
      g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX,
                  "%s: field %u: quote without its partner, or text behind it", where,
                  fields->len + 1);
      return NULL;
    }
    g_ptr_array_add(fields, g_strdup(field->str));
    if (*at == '\0')
      break;
  }
  if (fields->len != N_FIELDS) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s: %u fields, expected %d",
                where, fields->len, N_FIELDS);
    return NULL;
  }
  g_ptr_array_set_free_func(fields, NULL);
  g_ptr_array_add(fields, NULL);
  return (char **)g_ptr_array_free(g_steal_pointer(&fields), FALSE);
}

static gboolean read_number(char **fields, int which, const char *where, double *value,
                            GError **error) {
  char *end;
  *value = g_ascii_strtod(fields[which], &end);
  if (end != fields[which] && *end == '\0' && isfinite(*value))
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE, "%s: %s: '%s' is not a number",
              where, field_names[which], fields[which]);
  return FALSE;
}

static int read_choice(char **fields, int which, const char *const *names, const char *where,
                       GError **error) {
  for (int i = 0; names[i] != NULL; i++)
    if (strcmp(names[i], fields[which]) == 0)
      return i;
  g_autofree char *all = g_strjoinv(", ", (char **)names);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "%s: %s: '%s' is not one of %s",
              where, field_names[which], fields[which], all);
  return -1;
}

static gboolean known_method(const Cs3ValidationSuite *suite, char **fields, const char *where,
                             GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Cs3ValidationMethod *m = suite->methods; m->name != NULL; m++)
    g_ptr_array_add(names, (gpointer)m->name);
  g_ptr_array_add(names, NULL);
  return read_choice(fields, METHOD, (const char *const *)names->pdata, where, error) >= 0;
}

/* Fields that everyone must fill in, and the numbers that the kind of check needs. */
static gboolean read_values(const Cs3ValidationSuite *suite, char **fields, Cs3ValidationRow *row,
                            GError **error) {
  for (int f = ID; f <= QUANTITY; f++)
    if (fields[f][0] == '\0') {
      g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING, "%s: %s is empty", row->where,
                  field_names[f]);
      return FALSE;
    }
  int check = read_choice(fields, CHECK, check_names, row->where, error);
  if (check < 0 || read_choice(fields, EVIDENCE, evidence_names, row->where, error) < 0)
    return FALSE;
  row->check = (Cs3Check)check;
  row->published = NAN;
  row->scale = 1;
  if (row->check == CS3_CHECK_REJECTED && fields[NOTE][0] == '\0') {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_MISSING,
                "%s: note is empty: say why the row is rejected", row->where);
    return FALSE;
  }
  if (row->check == CS3_CHECK_REJECTED)
    return fields[PUBLISHED][0] == '\0' ||
           read_number(fields, PUBLISHED, row->where, &row->published, error);
  if (!read_number(fields, PUBLISHED, row->where, &row->published, error) ||
      (fields[SCALE][0] != '\0' && !read_number(fields, SCALE, row->where, &row->scale, error)))
    return FALSE;
  if (row->check != CS3_CHECK_REPORT &&
      !read_number(fields, TOLERANCE, row->where, &row->tolerance, error))
    return FALSE;
  return known_method(suite, fields, row->where, error);
}

static Cs3ValidationRow *read_row(const Cs3ValidationSuite *suite, const char *line,
                                  const char *where, GError **error) {
  g_auto(GStrv) fields = split_line(line, where, error);
  if (fields == NULL)
    return NULL;
  Cs3ValidationRow *row = g_new0(Cs3ValidationRow, 1);
  row->where = g_strdup(where);
  if (!read_values(suite, fields, row, error)) {
    row_free(row);
    return NULL;
  }
  row->id = g_strdup(fields[ID]);
  row->group = g_strdup(fields[GROUP]);
  row->source = g_strdup(fields[SOURCE]);
  row->evidence = g_strdup(fields[EVIDENCE]);
  row->quantity = g_strdup(fields[QUANTITY]);
  row->unit = g_strdup(fields[UNIT]);
  row->method = g_strdup(fields[METHOD]);
  row->arguments = g_strdup(fields[ARGUMENTS]);
  row->result = g_strdup(fields[RESULT]);
  row->note = g_strdup(fields[NOTE]);
  return row;
}

static gboolean check_header(const char *line, const char *source, GError **error) {
  g_autofree char *expected = g_strjoinv(",", (char **)field_names);
  if (line != NULL && strcmp(line, expected) == 0)
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s: the header must be '%s'",
              source, expected);
  return FALSE;
}

GPtrArray *cs3_validation_parse(const Cs3ValidationSuite *suite, const char *text,
                                const char *source, GError **error) {
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(row_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  gboolean header = FALSE;
  for (guint i = 0; lines[i] != NULL; i++) {
    g_strchomp(lines[i]);
    if (lines[i][0] == '\0' || lines[i][0] == '#')
      continue;
    if (!header) {
      if (!check_header(lines[i], source, error))
        return NULL;
      header = TRUE;
      continue;
    }
    g_autofree char *where = g_strdup_printf("%s:%u", source, i + 1);
    Cs3ValidationRow *row = read_row(suite, lines[i], where, error);
    if (row == NULL)
      return NULL;
    g_ptr_array_add(rows, row);
  }
  if (!header && !check_header(NULL, source, error))
    return NULL;
  return g_steal_pointer(&rows);
}

/* Rows of another suite's file for @suite. */
static void adapt(const Cs3ValidationSuite *suite, GPtrArray *rows) {
  for (guint i = rows->len; i-- > 0;) {
    Cs3ValidationRow *row = rows->pdata[i];
    if (row->check == CS3_CHECK_REJECTED) {
      g_ptr_array_remove_index(rows, i);
      continue;
    }
    char *arguments = suite->adapt(row->arguments);
    g_free(row->arguments);
    row->arguments = arguments;
  }
}

static GPtrArray *read_file(const Cs3ValidationSuite *suite, GError **error) {
  const char *name = suite->rows_of != NULL ? suite->rows_of : suite->name;
  g_autofree char *path = cs3_datadir_find(CS3_DATA_VALIDATION, name, error);
  if (path == NULL)
    return NULL;
  g_autofree char *text = NULL;
  gsize length;
  if (!g_file_get_contents(path, &text, &length, error))
    return NULL;
  g_autofree char *source = g_path_get_basename(path);
  if (!g_utf8_validate_len(text, length, NULL)) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s: not UTF-8 text", path);
    return NULL;
  }
  return cs3_validation_parse(suite, text, source, error);
}

GPtrArray *cs3_validation_load(const Cs3ValidationSuite *suite, GError **error) {
  GPtrArray *rows = read_file(suite, error);
  if (rows != NULL && suite->rows_of != NULL)
    adapt(suite, rows);
  return rows;
}

Cs3Verdict cs3_validation_verdict(const Cs3ValidationRow *row, double simulated) {
  double difference = simulated - row->published;
  gboolean good = FALSE;
  switch (row->check) {
  case CS3_CHECK_REJECTED:
    return CS3_VERDICT_REJECTED;
  case CS3_CHECK_REPORT:
    return CS3_VERDICT_REPORTED;
  case CS3_CHECK_RELATIVE:
    good = fabs(difference / row->published) <= row->tolerance;
    break;
  case CS3_CHECK_ABSOLUTE:
    good = fabs(difference) <= row->tolerance;
    break;
  case CS3_CHECK_AT_MOST:
    good = difference <= row->tolerance;
    break;
  case CS3_CHECK_AT_LEAST:
    good = -difference <= row->tolerance;
    break;
  }
  return good ? CS3_VERDICT_OK : CS3_VERDICT_MISSED;
}

char *cs3_validation_accepts(const Cs3ValidationRow *row) {
  switch (row->check) {
  case CS3_CHECK_RELATIVE:
    return g_strdup_printf("within %.4g %%", 100 * row->tolerance);
  case CS3_CHECK_ABSOLUTE:
    return row->tolerance == 0 ? g_strdup("exactly")
                               : g_strdup_printf("within %.4g", row->tolerance);
  case CS3_CHECK_AT_MOST:
    return g_strdup_printf("at most %.4g", row->published + row->tolerance);
  case CS3_CHECK_AT_LEAST:
    return g_strdup_printf("at least %.4g", row->published - row->tolerance);
  case CS3_CHECK_REPORT:
    return g_strdup("no claim");
  case CS3_CHECK_REJECTED:
    return g_strdup("-");
  }
  g_return_val_if_reached(NULL);
}
