/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of results: filled once, written as text, CSV, JSON or JSON Lines. */
#include "config.h"

#include "base/table.h"

#include <math.h>
#include <string.h>

#include "base/plain-text.h"
#include "base/text-fill.h"

/* By the type of its column. A checkpoint may have a million rows. */
typedef union {
  char *text;
  gint64 number;
  double real;
} Cell;

/* A text column narrower than this is not read as text. */
enum { LEAST_TEXT = 24 };

struct Cs3Table {
  const Cs3Column *columns;
  guint n_columns;
  GArray *cells; /* of Cell, row-major */
};

Cs3Table *cs3_table_new(const Cs3Column *columns, guint n_columns) {
  Cs3Table *table = g_new0(Cs3Table, 1);
  table->columns = columns;
  table->n_columns = n_columns;
  table->cells = g_array_new(FALSE, TRUE, sizeof(Cell));
  return table;
}

void cs3_table_free(Cs3Table *table) {
  if (table == NULL)
    return;
  for (guint i = 0; i < table->cells->len; i++)
    if (table->columns[i % table->n_columns].type == CS3_COLUMN_TEXT)
      g_free(g_array_index(table->cells, Cell, i).text);
  g_array_unref(table->cells);
  g_free(table);
}

static void add(Cs3Table *table, Cs3ColumnType type, Cell cell) {
  g_assert(table->columns[table->cells->len % table->n_columns].type == type);
  g_array_append_val(table->cells, cell);
}

void cs3_table_add_text(Cs3Table *table, const char *text) {
  /* Names of files may be any bytes; JSON and the width of a column need characters. */
  add(table, CS3_COLUMN_TEXT, (Cell){.text = text != NULL ? g_utf8_make_valid(text, -1) : NULL});
}

void cs3_table_add_int(Cs3Table *table, gint64 value) {
  add(table, CS3_COLUMN_INT, (Cell){.number = value});
}

void cs3_table_add_real(Cs3Table *table, double value) {
  add(table, CS3_COLUMN_REAL, (Cell){.real = value});
}

guint cs3_table_rows(const Cs3Table *table) {
  return table->cells->len / table->n_columns;
}

static const Cell *cell_at(const Cs3Table *table, guint row, guint column) {
  return &g_array_index(table->cells, Cell, row * table->n_columns + column);
}

static json_t *cell_json(const Cs3Column *column, const Cell *cell) {
  switch (column->type) {
  case CS3_COLUMN_TEXT:
    return cell->text != NULL ? json_string(cell->text) : json_null();
  case CS3_COLUMN_INT:
    return json_integer(cell->number);
  case CS3_COLUMN_REAL:
    return isfinite(cell->real) ? json_real(cell->real) : json_null();
  }
  g_assert_not_reached();
}

static json_t *row_json(const Cs3Table *table, guint row) {
  json_t *object = json_object();
  for (guint c = 0; c < table->n_columns; c++)
    json_object_set_new(object, table->columns[c].key,
                        cell_json(&table->columns[c], cell_at(table, row, c)));
  return object;
}

json_t *cs3_table_json(const Cs3Table *table) {
  json_t *rows = json_array();
  for (guint r = 0; r < cs3_table_rows(table); r++)
    json_array_append_new(rows, row_json(table, r));
  return rows;
}

/* RFC 4180: quoted when it holds a comma, a quote or a line end; quotes are doubled. */
static char *csv_field(const char *text) {
  if (strpbrk(text, ",\"\r\n") == NULL)
    return g_strdup(text);
  g_auto(GStrv) parts = g_strsplit(text, "\"", -1);
  g_autofree char *doubled = g_strjoinv("\"\"", parts);
  return g_strdup_printf("\"%s\"", doubled);
}

static char *cell_csv(const Cs3Column *column, const Cell *cell) {
  switch (column->type) {
  case CS3_COLUMN_TEXT:
    return csv_field(cell->text != NULL ? cell->text : "");
  case CS3_COLUMN_INT:
    return g_strdup_printf("%" G_GINT64_FORMAT, cell->number);
  case CS3_COLUMN_REAL:
    return isfinite(cell->real) ? g_strdup_printf("%.15g", cell->real) : g_strdup("");
  }
  g_assert_not_reached();
}

/* A small negative value that rounds to zero has no sign. */
static char *fixed_point(double value, int decimals) {
  char *text = g_strdup_printf("%.*f", decimals, value);
  if (text[0] == '-' && strspn(text + 1, "0.") == strlen(text + 1))
    memmove(text, text + 1, strlen(text));
  return text;
}

static char *cell_text(const Cs3Column *column, const Cell *cell) {
  switch (column->type) {
  case CS3_COLUMN_TEXT:
    return cs3_plain_text(cell->text != NULL ? cell->text : "-");
  case CS3_COLUMN_INT:
    return g_strdup_printf("%" G_GINT64_FORMAT, cell->number);
  case CS3_COLUMN_REAL:
    if (!isfinite(cell->real))
      return g_strdup("-");
    return fixed_point(cell->real * (column->scale != 0 ? column->scale : 1), column->decimals);
  }
  g_assert_not_reached();
}

static void write_csv(const Cs3Table *table, Cs3Output *output) {
  for (guint c = 0; c < table->n_columns; c++)
    cs3_output_printf(output, "%s%s", c > 0 ? "," : "", table->columns[c].key);
  cs3_output_puts(output, "\n");
  for (guint r = 0; r < cs3_table_rows(table); r++) {
    for (guint c = 0; c < table->n_columns; c++) {
      g_autofree char *field = cell_csv(&table->columns[c], cell_at(table, r, c));
      cs3_output_printf(output, "%s%s", c > 0 ? "," : "", field);
    }
    cs3_output_puts(output, "\n");
  }
}

/* Widths count characters, not bytes: names may hold any script. */
static glong *column_widths(const Cs3Table *table) {
  glong *widths = g_new0(glong, table->n_columns);
  for (guint c = 0; c < table->n_columns; c++) {
    if (table->columns[c].title == NULL)
      continue;
    widths[c] = g_utf8_strlen(table->columns[c].title, -1);
    for (guint r = 0; r < cs3_table_rows(table); r++) {
      g_autofree char *text = cell_text(&table->columns[c], cell_at(table, r, c));
      widths[c] = MAX(widths[c], g_utf8_strlen(text, -1));
    }
  }
  return widths;
}

static void append_padded(GString *line, const char *text, glong width, gboolean left) {
  int padding = (int)(width - g_utf8_strlen(text, -1));
  if (left)
    g_string_append_printf(line, "%s%*s", text, padding, "");
  else
    g_string_append_printf(line, "%*s%s", padding, "", text);
}

/* Columns of a table that stand beside each other. */
typedef struct {
  const Cs3Table *table;
  const glong *widths; /* of every column of the table */
  guint *columns;
  guint n;
} Block;

static char *block_cell(const Block *block, guint i, int row) {
  const Cs3Column *column = &block->table->columns[block->columns[i]];
  return row < 0 ? g_strdup(column->title)
                 : cell_text(column, cell_at(block->table, (guint)row, block->columns[i]));
}

/* (transfer full): @text in lines of at most @room columns, broken at blanks. */
static char **wrapped(const char *text, glong room) {
  g_autofree char *filled = g_utf8_strlen(text, -1) > room && strchr(text, ' ') != NULL
                                ? cs3_text_fill(text, 0, (guint)room)
                                : g_strdup(text);
  return g_strsplit(g_strchomp(filled), "\n", -1);
}

static glong block_width(const Block *block) {
  glong width = -2;
  for (guint i = 0; i < block->n; i++)
    width += 2 + block->widths[block->columns[i]];
  return width;
}

/* One line of a row, of every cell's lines the @k-th. */
static char *row_line(const Block *block, char ***cells, guint k) {
  GString *line = g_string_new(NULL);
  for (guint i = 0; i < block->n; i++) {
    guint c = block->columns[i];
    gboolean left = block->table->columns[c].type == CS3_COLUMN_TEXT;
    const char *text = k < g_strv_length(cells[i]) ? cells[i][k] : "";
    g_string_append(line, i > 0 ? "  " : "");
    append_padded(line, text, block->widths[c], left);
  }
  return g_strchomp(g_string_free(line, FALSE));
}

/* @row is -1 for the header; @room: of the last column. */
static void write_row(const Block *block, int row, glong room, Cs3Output *output) {
  char ***cells = g_new(char **, block->n);
  guint lines = 1;
  for (guint i = 0; i < block->n; i++) {
    g_autofree char *text = block_cell(block, i, row);
    cells[i] = wrapped(text, i + 1 < block->n ? block->widths[block->columns[i]] : room);
    lines = MAX(lines, g_strv_length(cells[i]));
  }
  for (guint k = 0; k < lines; k++) {
    g_autofree char *line = row_line(block, cells, k);
    if (row < 0)
      cs3_output_heading(output, line);
    else
      cs3_output_puts(output, line);
    cs3_output_puts(output, "\n");
  }
  for (guint i = 0; i < block->n; i++)
    g_strfreev(cells[i]);
  g_free(cells);
}

static void write_block(const Block *block, glong limit, Cs3Output *output) {
  guint last = block->columns[block->n - 1];
  glong width = block_width(block), room = block->widths[last];
  if (limit > 0 && width > limit && block->table->columns[last].type == CS3_COLUMN_TEXT)
    room = MIN(room, MAX(limit - (width - room), LEAST_TEXT));
  for (int r = -1; r < (int)cs3_table_rows(block->table); r++)
    write_row(block, r, room, output);
}

/* The least width that a column takes: text wraps where it is the last of its block. */
static glong least_width(const Block *block, guint column) {
  gboolean text = block->table->columns[column].type == CS3_COLUMN_TEXT;
  return text ? MIN(block->widths[column], LEAST_TEXT) : block->widths[column];
}

/* The longest word, which no line is narrower than. */
static glong word_width(const Cs3Table *table, guint column) {
  glong width = 0;
  for (int r = -1; r < (int)cs3_table_rows(table); r++) {
    g_autofree char *text =
        r < 0 ? g_strdup(table->columns[column].title)
              : cell_text(&table->columns[column], cell_at(table, (guint)r, column));
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (char **word = words; *word != NULL; word++)
      width = MAX(width, g_utf8_strlen(*word, -1));
  }
  return width;
}

/* Of a table that is wider than the terminal, texts in front leave the other columns half of it. */
static void narrow_first(const Cs3Table *table, glong *widths, glong limit) {
  glong width = -2;
  for (guint c = 0; c < table->n_columns; c++)
    width += table->columns[c].title != NULL ? widths[c] + 2 : 0;
  if (limit > 0 && width > limit && table->columns[0].type == CS3_COLUMN_TEXT &&
      table->columns[0].title != NULL && widths[0] > limit / 2)
    widths[0] = MAX(limit / 2, word_width(table, 0));
}

/* A table that is wider than the terminal goes on below itself, the first column again in front. */
static void write_text(const Cs3Table *table, Cs3Output *output) {
  g_autofree glong *widths = column_widths(table);
  g_autofree guint *columns = g_new(guint, table->n_columns + 1);
  Block block = {table, widths, columns, 0};
  glong limit = cs3_output_width(output);
  gboolean fold = cs3_output_set_fold(output, FALSE);
  narrow_first(table, widths, limit);
  for (guint c = 0; c < table->n_columns; c++) {
    if (table->columns[c].title == NULL)
      continue;
    glong with = block_width(&block) + 2 + least_width(&block, c);
    if (limit > 0 && block.n > 1 && with > limit) {
      write_block(&block, limit, output);
      cs3_output_puts(output, "\n");
      block.n = 1;
    }
    columns[block.n++] = c;
  }
  write_block(&block, limit, output);
  cs3_output_set_fold(output, fold);
}

void cs3_table_write(const Cs3Table *table, Cs3Output *output, Cs3Format format) {
  if (format == CS3_FORMAT_CSV) {
    write_csv(table, output);
  } else if (format == CS3_FORMAT_JSON) {
    json_t *rows = cs3_table_json(table);
    cs3_output_json(output, rows, format);
    json_decref(rows);
  } else if (format == CS3_FORMAT_JSONL) {
    for (guint r = 0; r < cs3_table_rows(table); r++) {
      json_t *row = row_json(table, r);
      cs3_output_json(output, row, format);
      json_decref(row);
    }
  } else {
    write_text(table, output);
  }
}
