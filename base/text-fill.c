/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prose broken into lines. */
#include "config.h"

#include "base/text-fill.h"

#include <string.h>

static void fill_paragraph(GString *out, const char *paragraph, guint indent, guint width) {
  g_auto(GStrv) words = g_strsplit_set(paragraph, " \n", -1);
  guint column = 0;
  for (char **word = words; *word != NULL; word++) {
    guint length = (guint)g_utf8_strlen(*word, -1);
    if (length == 0)
      continue;
    if (column > 0 && column + 1 + length > width) {
      g_string_append_c(out, '\n');
      column = 0;
    }
    if (column == 0)
      g_string_append_printf(out, "%*s", (int)indent, "");
    else
      g_string_append_c(out, ' ');
    column = (column == 0 ? indent : column + 1) + length;
    g_string_append(out, *word);
  }
  g_string_append_c(out, '\n');
}

static void keep_paragraph(GString *out, const char *paragraph, guint indent) {
  g_auto(GStrv) lines = g_strsplit(paragraph, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0')
      g_string_append_printf(out, "%*s%s\n", (int)indent, "", *line);
}

char *cs3_text_fill(const char *text, guint indent, guint width) {
  GString *out = g_string_new(NULL);
  g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);
  for (char **p = paragraphs; *p != NULL; p++) {
    if (out->len > 0)
      g_string_append_c(out, '\n');
    if (g_str_has_prefix(*p, "  "))
      keep_paragraph(out, *p, indent);
    else
      fill_paragraph(out, *p, indent, width);
  }
  return g_string_free(out, FALSE);
}

/* Behind a colour's escape sequence, if one begins at @c. */
static const char *skip_color(const char *c) {
  if (c[0] != '\033' || c[1] != '[')
    return c;
  const char *end = c + 2 + strspn(c + 2, "0123456789;");
  return *end == 'm' ? end + 1 : c;
}

/* Columns up to @end; %NULL: of all of @text. */
static guint columns(const char *text, const char *end) {
  guint n = 0;
  for (const char *c = text; *c != '\0' && (end == NULL || c < end);) {
    const char *behind = skip_color(c);
    n += behind == c;
    c = behind > c ? behind : g_utf8_next_char(c);
  }
  return n;
}

/* Where the lines that follow begin. */
static guint hanging(const char *line, guint width) {
  const char *text = line + strspn(line, " ");
  const char *gap = strstr(text, "  ");
  guint below = gap != NULL ? columns(line, gap + strspn(gap, " ")) : 0;
  guint in = (guint)(text - line) + 2;
  if (gap != NULL && gap[strspn(gap, " ")] != '\0' && below <= width * 2 / 3)
    return below;
  return in <= width / 2 ? in : 0;
}

/* The end of what fits from @from on: a blank's place, or that of the first blank of all. */
static const char *last_fit(const char *from, guint room) {
  const char *end = NULL, *blank = strchr(from, ' ');
  for (; blank != NULL && (end == NULL || columns(from, blank) <= room);
       blank = strchr(blank + strspn(blank, " "), ' '))
    end = blank;
  return end;
}

char *cs3_line_fold(const char *line, guint width) {
  guint indent = hanging(line, width);
  GString *out = g_string_new(NULL);
  gsize blanks = strspn(line, " ");
  g_string_append_len(out, line, (gssize)blanks);
  const char *rest = line + blanks;
  for (guint room = width - MIN((guint)blanks, width - 1); columns(rest, NULL) > room;
       room = width - indent) {
    const char *end = last_fit(rest, room);
    if (end == NULL)
      break;
    g_string_append_len(out, rest, end - rest);
    rest = end + strspn(end, " ");
    if (*rest != '\0')
      g_string_append_printf(out, "\n%*s", (int)indent, "");
  }
  g_string_append(out, rest);
  return g_string_free(out, FALSE);
}
