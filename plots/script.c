/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gnuplot's text, put together from parts whose kind is known. */
#include "config.h"

#include "plots/script.h"

#include <math.h>
#include <string.h>

#include "base/plain-text.h"

/* Stand for the file of data and the line of the picture until they are known; no part can hold
 * them. */
#define DATA_MARK "\001"
#define PICTURE_MARK "\002"

struct Cs3Script {
  GString *text;
};

Cs3Script *cs3_script_new(void) {
  Cs3Script *script = g_new0(Cs3Script, 1);
  script->text = g_string_new(NULL);
  return script;
}

void cs3_script_free(Cs3Script *script) {
  if (script == NULL)
    return;
  g_string_free(script->text, TRUE);
  g_free(script);
}

/* @text between @quote, every one of @doubled twice. */
static void add_quoted(GString *to, const char *text, char quote, const char *doubled) {
  g_string_append_c(to, quote);
  for (const char *c = text; *c != '\0'; c++) {
    if (strchr(doubled, *c) != NULL)
      g_string_append_c(to, *c);
    g_string_append_c(to, *c);
  }
  g_string_append_c(to, quote);
}

static char *cut(char *text) {
  if (g_utf8_strlen(text, -1) <= CS3_SCRIPT_TEXT)
    return text;
  g_autofree char *head = g_utf8_substring(text, 0, CS3_SCRIPT_TEXT - 3);
  g_free(text);
  return g_strconcat(head, "...", NULL);
}

static void add_text(GString *to, Cs3PartKind kind, const char *text) {
  g_autofree char *plain = cs3_plain_text(text);
  if (kind == CS3_PART_COMMENT) {
    g_string_append(to, plain);
    g_string_append_c(to, '\n');
    return;
  }
  plain = cut(plain);
  if (kind == CS3_PART_FIELD)
    add_quoted(to, g_strdelimit(plain, "\"", '\''), '"', "");
  else
    add_quoted(to, plain, '\'', kind == CS3_PART_TIC ? "'%" : "'");
}

static void add_number(GString *to, double value) {
  char digits[G_ASCII_DTOSTR_BUF_SIZE];
  g_string_append(to,
                  isfinite(value) ? g_ascii_formatd(digits, sizeof digits, "%.15g", value) : "NaN");
}

void cs3_script_add_parts(Cs3Script *script, const Cs3Part *parts) {
  for (; parts->kind != CS3_PART_END; parts++) {
    if (parts->kind == CS3_PART_WORDS)
      g_string_append(script->text, parts->text);
    else if (parts->kind == CS3_PART_NUMBER)
      add_number(script->text, parts->number);
    else if (parts->kind == CS3_PART_DATA)
      g_string_append(script->text, DATA_MARK);
    else if (parts->kind == CS3_PART_PICTURE)
      g_string_append(script->text, PICTURE_MARK);
    else
      add_text(script->text, parts->kind, parts->text);
  }
}

void cs3_script_row(Cs3Script *script, const double *values, guint n) {
  for (guint i = 0; i < n; i++) {
    add_number(script->text, values[i]);
    g_string_append_c(script->text, i + 1 < n ? ' ' : '\n');
  }
}

void cs3_script_join(Cs3Script *script, const Cs3Script *other) {
  g_string_append(script->text, other->text->str);
}

static char *replace(const char *text, const char *mark, const char *with) {
  g_auto(GStrv) parts = g_strsplit(text, mark, -1);
  return g_strjoinv(with, parts);
}

static char *with_files(const Cs3Script *script, const char *picture_line, const char *data) {
  g_autofree char *text = replace(script->text->str, PICTURE_MARK, picture_line);
  return replace(text, DATA_MARK, data);
}

/* Never a pipe, an inline file or a home. */
static char *file_name(const char *name) {
  GString *quoted = g_string_new(NULL);
  g_autofree char *plain = g_strconcat(g_ascii_isalnum(*name) ? "" : "./", name, NULL);
  add_quoted(quoted, plain, '\'', "'");
  return g_string_free(quoted, FALSE);
}

char *cs3_script_file(const Cs3Script *script, const char *picture_name, const char *data_name) {
  g_autofree char *picture = file_name(picture_name), *data = file_name(data_name);
  g_autofree char *line = g_strconcat("set output ", picture, "\n", NULL);
  return with_files(script, line, data);
}

char *cs3_script_inline(const Cs3Script *script, const char *data) {
  g_autofree char *text = with_files(script, "", "$data");
  g_autoptr(GString) end = g_string_new("END");
  while (strstr(data, end->str) != NULL)
    g_string_append_c(end, 'D');
  return g_strconcat("$data << ", end->str, "\n", data, g_str_has_suffix(data, "\n") ? "" : "\n",
                     end->str, "\n", text, NULL);
}

char *cs3_script_text(const Cs3Script *script) {
  return g_strdup(script->text->str);
}
