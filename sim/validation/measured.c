/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured rates from a file. */
#include "config.h"

#include "sim/validation/measured.h"

#include <math.h>
#include <string.h>

#include "base/datadir.h"
#include "base/plain-text.h"
#include "base/read-file.h"
#include "base/suggest.h"
#include "sim/cli/cli.h"

enum { MAX_BYTES = 16 << 20 };
enum { MODEL, MACHINE, BATCH, RATE, ERROR, N_NEEDED, SEQ = N_NEEDED, OPTIONS, SOURCE, N_COLUMNS };

static const char *const names[N_COLUMNS + 1] = {
    [MODEL] = "model", [MACHINE] = "machine", [BATCH] = "batch",     [RATE] = "rate",
    [ERROR] = "error", [SEQ] = "seq",         [OPTIONS] = "options", [SOURCE] = "source",
};

static void measured_free(gpointer data) {
  Cs3Measured *m = data;
  char *texts[] = {m->where, m->name, m->model, m->machine, m->arguments};
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
    g_free(texts[i]);
  g_free(m);
}

static gboolean bad(GError **error, const char *where, const char *problem) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_DATA, "%s: %s", where, problem);
  return FALSE;
}

/* Where each column stands; -1: nowhere. */
static gboolean read_header(const char *line, const char *where, Cs3RowKind kind,
                            int place[N_COLUMNS], GError **error) {
  g_auto(GStrv) words = g_strsplit(line, ",", -1);
  for (int c = 0; c < N_COLUMNS; c++)
    place[c] = -1;
  for (int i = 0; words[i] != NULL; i++) {
    int c = 0;
    g_strstrip(words[i]);
    while (c < N_COLUMNS && strcmp(names[c], words[i]) != 0)
      c++;
    if (c == N_COLUMNS || place[c] >= 0) {
      g_autofree char *hint =
          c == N_COLUMNS ? cs3_suggestion(words[i], names) : g_strdup("; twice");
      g_autofree char *problem = g_strdup_printf("column '%s'%s", CS3_CUT(words[i]), hint);
      return bad(error, where, problem);
    }
    place[c] = i;
  }
  gboolean measured = kind == CS3_ROWS_MEASURED;
  for (int c = 0; c < N_NEEDED; c++)
    if (place[c] < 0 && (c != RATE || measured)) {
      g_autofree char *problem =
          g_strdup_printf("no column '%s'; the header names model, machine, batch, %serror",
                          names[c], measured ? "rate, " : "");
      return bad(error, where, problem);
    }
  return place[RATE] < 0 || measured ||
         bad(error, where, "column 'rate': what is measured already belongs to --measurements");
}

static gboolean read_positive(char *const *cells, int column, double most, const char *where,
                              double *value, GError **error) {
  char *end;
  *value = g_ascii_strtod(cells[column], &end);
  if (end != cells[column] && *end == '\0' && isfinite(*value) && *value > 0 && *value <= most)
    return TRUE;
  g_autofree char *problem = g_strdup_printf("%s: '%s' is not a number above 0, at most %g",
                                             names[column], CS3_CUT(cells[column]), most);
  return bad(error, where, problem);
}

/* What a shell would take apart is quoted. */
static char *arguments_of(char *const *cells) {
  g_autofree char *model = g_shell_quote(cells[MODEL]), *machine = g_shell_quote(cells[MACHINE]);
  GString *text = g_string_new(NULL);
  g_string_append_printf(text, "--model %s --hardware %s --batch %s", model, machine, cells[BATCH]);
  if (cells[SEQ][0] != '\0')
    g_string_append_printf(text, " --seq %s", cells[SEQ]);
  if (cells[OPTIONS][0] != '\0')
    g_string_append_printf(text, " %s", cells[OPTIONS]);
  return g_string_free(text, FALSE);
}

static char *name_of(char *const *cells) {
  gboolean seq = cells[SEQ][0] != '\0', options = cells[OPTIONS][0] != '\0';
  return g_strdup_printf("%s on %s, batch %s%s%s%s%s", cells[MODEL], cells[MACHINE], cells[BATCH],
                         seq ? " of " : "", cells[SEQ], options ? ", " : "", cells[OPTIONS]);
}

static Cs3Measured *read_row(char *const *cells, const char *where, Cs3RowKind kind,
                             GError **error) {
  double rate = 0, row_error, number;
  if (cells[MODEL][0] == '\0' || cells[MACHINE][0] == '\0') {
    bad(error, where, cells[MODEL][0] == '\0' ? "model is empty" : "machine is empty");
    return NULL;
  }
  if ((kind == CS3_ROWS_MEASURED && !read_positive(cells, RATE, 1e15, where, &rate, error)) ||
      !read_positive(cells, ERROR, 10, where, &row_error, error) ||
      !read_positive(cells, BATCH, 1e9, where, &number, error) ||
      (cells[SEQ][0] != '\0' && !read_positive(cells, SEQ, 1e9, where, &number, error)))
    return NULL;
  Cs3Measured *m = g_new0(Cs3Measured, 1);
  *m = (Cs3Measured){.where = g_strdup(where),
                     .name = name_of(cells),
                     .model = g_strdup(cells[MODEL]),
                     .machine = g_strdup(cells[MACHINE]),
                     .arguments = arguments_of(cells),
                     .rate = rate,
                     .error = row_error};
  return m;
}

/* Cells by column; "" where there is none. */
static gboolean read_cells(char **words, const int place[N_COLUMNS], guint n, const char *where,
                           char *cells[N_COLUMNS], GError **error) {
  static char none[] = "";
  if (g_strv_length(words) != n) {
    g_autofree char *problem =
        g_strdup_printf("%u fields, the header has %u", g_strv_length(words), n);
    return bad(error, where, problem);
  }
  for (int c = 0; c < N_COLUMNS; c++)
    cells[c] = place[c] >= 0 ? g_strstrip(words[place[c]]) : none;
  return TRUE;
}

GPtrArray *cs3_measured_parse(const char *text, const char *source, Cs3RowKind kind,
                              GError **error) {
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func(measured_free);
  g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
  int place[N_COLUMNS];
  guint n = 0;
  for (guint i = 0; lines[i] != NULL; i++) {
    g_strstrip(lines[i]);
    if (lines[i][0] == '\0' || lines[i][0] == '#')
      continue;
    g_autofree char *where = g_strdup_printf("%s:%u", source, i + 1);
    g_auto(GStrv) words = g_strsplit(lines[i], ",", -1);
    char *cells[N_COLUMNS];
    if (n == 0) {
      n = g_strv_length(words);
      if (!read_header(lines[i], where, kind, place, error))
        return NULL;
      continue;
    }
    Cs3Measured *row = read_cells(words, place, n, where, cells, error)
                           ? read_row(cells, where, kind, error)
                           : NULL;
    if (row == NULL)
      return NULL;
    g_ptr_array_add(rows, row);
  }
  if (rows->len > 0)
    return g_steal_pointer(&rows);
  bad(error, source, n == 0 ? "no header: it names model, machine, batch, rate, error" : "no rows");
  return NULL;
}

GPtrArray *cs3_measured_load(const char *path, Cs3RowKind kind, GError **error) {
  const char *stock = kind == CS3_ROWS_MEASURED ? "calibration" : "candidates";
  g_autofree char *shipped =
      path == NULL ? cs3_datadir_find(CS3_DATA_VALIDATION, stock, error) : NULL;
  g_autofree char *text = NULL;
  if (path == NULL && shipped == NULL)
    return NULL;
  text = cs3_read_text_file(path != NULL ? path : shipped, MAX_BYTES, NULL, error);
  if (text == NULL)
    return NULL;
  if (!g_utf8_validate(text, -1, NULL)) {
    bad(error, path != NULL ? path : shipped, "is not text (UTF-8)");
    return NULL;
  }
  g_autofree char *name = path != NULL ? g_strdup(path) : g_path_get_basename(shipped);
  return cs3_measured_parse(text, name, kind, error);
}
