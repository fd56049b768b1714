/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts and tables of the HTML report. */
#include "config.h"

#include "plots/report-table.h"

#include <math.h>

#include "results/record.h"

void cs3_html_escape(GString *page, const char *text) {
  g_autofree char *valid = g_utf8_make_valid(text, -1);
  for (const char *c = valid; *c != '\0'; c++) {
    switch (*c) {
    case '&':
      g_string_append(page, "&amp;");
      break;
    case '<':
      g_string_append(page, "&lt;");
      break;
    case '>':
      g_string_append(page, "&gt;");
      break;
    case '"':
      g_string_append(page, "&quot;");
      break;
    default:
      if (g_ascii_isspace(*c) || !g_ascii_iscntrl(*c))
        g_string_append_c(page, *c);
    }
  }
}

void cs3_report_heading(GString *page, int level, const char *text) {
  g_string_append_printf(page, "<h%d>", level);
  cs3_html_escape(page, text);
  g_string_append_printf(page, "</h%d>\n", level);
}

void cs3_report_open_table(GString *page, const Cs3ReportColumn *columns, guint n) {
  g_string_append(page, "<div class=\"wide\"><table class=\"sort\"><thead><tr>");
  for (guint i = 0; i < n; i++) {
    g_string_append(page, columns[i].text ? "<th>" : "<th class=\"n\">");
    cs3_html_escape(page, columns[i].title);
    g_string_append(page, "</th>");
  }
  g_string_append(page, "</tr></thead><tbody>\n");
}

void cs3_report_close_table(GString *page) {
  g_string_append(page, "</tbody></table></div>\n");
}

void cs3_report_text_cell(GString *page, const char *text) {
  g_string_append(page, "<td>");
  cs3_html_escape(page, text);
  g_string_append(page, "</td>");
}

void cs3_report_number_cell(GString *page, double value, int digits) {
  char text[G_ASCII_DTOSTR_BUF_SIZE], format[] = "%.0g", exact[G_ASCII_DTOSTR_BUF_SIZE];
  if (!isfinite(value)) {
    g_string_append(page, "<td class=\"n\">-</td>");
    return;
  }
  format[2] = (char)('0' + digits);
  /* Digits that are there anyway, not powers of ten: 1321, 14124. */
  gboolean whole = fabs(value) >= pow(10, digits) && fabs(value) < 1e7;
  g_ascii_formatd(text, sizeof text, whole ? "%.0f" : format, value);
  g_ascii_formatd(exact, sizeof exact, "%.15g", value);
  g_string_append_printf(page, "<td class=\"n\" data-v=\"%s\">%s</td>", exact, text);
}

void cs3_report_cells(GString *page, const json_t *record, const Cs3ReportColumn *columns,
                      guint n) {
  for (guint i = 0; i < n; i++)
    if (columns[i].text)
      cs3_report_text_cell(page, cs3_record_string(record, columns[i].path));
    else
      cs3_report_number_cell(page, cs3_record_number(record, columns[i].path) * columns[i].scale,
                             columns[i].digits);
}

void cs3_report_row(GString *page, const json_t *record, const Cs3ReportColumn *columns, guint n) {
  g_string_append(page, "<tr>");
  cs3_report_cells(page, record, columns, n);
  g_string_append(page, "</tr>\n");
}

void cs3_report_pair(GString *page, const char *name, const char *value) {
  g_string_append(page, "<tr>");
  cs3_report_text_cell(page, name);
  cs3_report_text_cell(page, value);
  g_string_append(page, "</tr>\n");
}

void cs3_report_object(GString *page, const char *prefix, const json_t *object) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) {
    g_autofree char *name = g_strconcat(prefix, key, NULL);
    if (json_is_object(value) || json_is_array(value))
      continue;
    char *text = json_is_string(value)
                     ? strdup(json_string_value(value))
                     : json_dumps(value, JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    cs3_report_pair(page, name, text);
    free(text);
  }
}
