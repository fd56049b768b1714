/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Texts and tables of the HTML report: what its sections are made of. Every text is escaped. */
#pragma once

#include <glib.h>
#include <jansson.h>

/* A column: a text or a number of the record. */
typedef struct {
  const char *title, *path;
  gboolean text;
  double scale;
  int digits; /* significant */
} Cs3ReportColumn;

/** cs3_html_escape: append @text so that a browser shows it as it is. */
void cs3_html_escape(GString *page, const char *text);

/** cs3_report_heading: a heading of @level, 1 to 6. */
void cs3_report_heading(GString *page, int level, const char *text);

/** cs3_report_open_table: the head of a table that sorts by a click; rows follow. */
void cs3_report_open_table(GString *page, const Cs3ReportColumn *columns, guint n);
/** cs3_report_close_table: the end of what cs3_report_open_table() began. */
void cs3_report_close_table(GString *page);

/** cs3_report_text_cell: a cell of the row that is open. */
void cs3_report_text_cell(GString *page, const char *text);
/** cs3_report_number_cell: @value in @digits significant ones, a dash where it is not finite; it
 * sorts by the whole number. */
void cs3_report_number_cell(GString *page, double value, int digits);

/** cs3_report_cells: the members of @record that @columns name, in the row that is open. */
void cs3_report_cells(GString *page, const json_t *record, const Cs3ReportColumn *columns, guint n);
/** cs3_report_row: a row of cs3_report_cells(). */
void cs3_report_row(GString *page, const json_t *record, const Cs3ReportColumn *columns, guint n);
/** cs3_report_pair: a row of a name and its value. */
void cs3_report_pair(GString *page, const char *name, const char *value);

/** cs3_report_object: such a row for every member of @object that is one value, @prefix before its
 * name. */
void cs3_report_object(GString *page, const char *prefix, const json_t *object);

/** cs3_report_validation: the section of what was compared with published values. @validation:
 * (nullable): a record of cs3sim.validate/1. */
void cs3_report_validation(GString *page, const json_t *validation);
