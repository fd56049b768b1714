/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of results: filled once, written as text, CSV, JSON or JSON Lines. */
#pragma once

#include <glib.h>
#include <jansson.h>

#include "base/output.h"

typedef enum { CS3_COLUMN_TEXT, CS3_COLUMN_INT, CS3_COLUMN_REAL } Cs3ColumnType;

typedef struct {
  const char *key;   /* in CSV and JSON, unit included: "time_s" */
  const char *title; /* in the text table: "time [ms]"; %NULL: not shown in text */
  Cs3ColumnType type;
  int decimals; /* text, real columns: digits after the point */
  double scale; /* text, real columns: shown as value x scale (1e3: ms, 100: %); 0 means 1 */
} Cs3Column;

typedef struct Cs3Table Cs3Table;

/** cs3_table_new: an empty table. @columns: borrowed, must outlive the table. */
Cs3Table *cs3_table_new(const Cs3Column *columns, guint n_columns);
void cs3_table_free(Cs3Table *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Table, cs3_table_free)

/* Cells are added left to right, row after row; the type must be the column's. */

/** cs3_table_add_text: @text is copied, with a replacement character for what is not
 * UTF-8; %NULL is an empty cell (null in JSON). */
void cs3_table_add_text(Cs3Table *table, const char *text);
/** cs3_table_add_int: a number as the next cell. */
void cs3_table_add_int(Cs3Table *table, gint64 value);
/** cs3_table_add_real: a NaN or infinite value is an empty cell (null in JSON, "-" in text). */
void cs3_table_add_real(Cs3Table *table, double value);

/** cs3_table_rows: complete rows. */
guint cs3_table_rows(const Cs3Table *table);

/** cs3_table_json: (transfer full): an array of one object a row, keys in order of the columns. */
json_t *cs3_table_json(const Cs3Table *table);

/**
 * cs3_table_write: the whole table.
 * text: aligned columns, numbers to the right, cells as cs3_plain_text() has them. CSV: RFC 4180
 * with a header line, reals with 15 significant digits. JSON: the array; JSON Lines: a line a row.
 * Failures are kept by @output.
 */
void cs3_table_write(const Cs3Table *table, Cs3Output *output, Cs3Format format);
