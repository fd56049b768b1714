/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep as a table. */
#include "config.h"

#include "sim/study/sweep-table.h"

#include "base/json.h"
#include "base/table.h"
#include "results/numbers.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/cli/cli.h"

struct Cs3SweepTable {
  const Cs3Sweep *sweep;
  GArray *columns; /* of Cs3Column */
  Cs3Table *table;
};

static void add_column(Cs3SweepTable *table, const char *key, Cs3ColumnType type) {
  Cs3Column column = {.key = key, .title = key, .type = type};
  g_array_append_val(table->columns, column);
}

Cs3SweepTable *cs3_sweep_table_new(const Cs3Sweep *sweep) {
  Cs3SweepTable *table = g_new0(Cs3SweepTable, 1);
  table->sweep = sweep;
  table->columns = g_array_new(FALSE, FALSE, sizeof(Cs3Column));
  add_column(table, "point", CS3_COLUMN_INT);
  for (guint a = 0; a < sweep->axes->axes->len; a++)
    add_column(table, ((const Cs3Axis *)sweep->axes->axes->pdata[a])->key, CS3_COLUMN_TEXT);
  add_column(table, "status", CS3_COLUMN_TEXT);
  add_column(table, "reason", CS3_COLUMN_TEXT);
  for (const Cs3RecordNumber *number = cs3_record_numbers(); number->name != NULL; number++)
    add_column(table, number->name, CS3_COLUMN_REAL);
  add_column(table, "bottleneck", CS3_COLUMN_TEXT);
  table->table =
      cs3_table_new((const Cs3Column *)(void *)table->columns->data, table->columns->len);
  return table;
}

void cs3_sweep_table_free(Cs3SweepTable *table) {
  if (table == NULL)
    return;
  cs3_table_free(table->table);
  g_array_unref(table->columns);
  g_free(table);
}

gboolean cs3_sweep_table_take(gpointer data, const char *line, gsize n, GError **error) {
  Cs3SweepTable *table = data;
  json_auto_t *point = json_loadb(line, n, 0, NULL);
  const json_t *result = json_object_get(point, "result"), *axes = json_object_get(point, "axes");
  cs3_table_add_int(table->table, cs3_record_integer(point, "point"));
  for (guint a = 0; a < table->sweep->axes->axes->len; a++) {
    const Cs3Axis *axis = table->sweep->axes->axes->pdata[a];
    cs3_table_add_text(table->table, json_string_value(json_object_get(axes, axis->key)));
  }
  cs3_table_add_text(table->table, cs3_record_string(point, "status"));
  cs3_table_add_text(table->table, json_string_value(json_object_get(point, "reason")));
  for (const Cs3RecordNumber *number = cs3_record_numbers(); number->name != NULL; number++)
    cs3_table_add_real(table->table, cs3_record_number(result, number->place));
  cs3_table_add_text(table->table, json_string_value(json_object_get(result, "bottleneck")));
  return TRUE;
}

/* Names of columns to arrays, all as long as there are rows. */
static json_t *turned(const json_t *rows, const GArray *columns) {
  json_t *arrays = json_object();
  for (guint c = 0; c < columns->len; c++) {
    const char *key = g_array_index(columns, Cs3Column, c).key;
    json_t *array = json_array();
    for (gsize r = 0; r < json_array_size(rows); r++)
      json_array_append(array, json_object_get(json_array_get(rows, r), key));
    json_object_set_new(arrays, key, array);
  }
  return arrays;
}

void cs3_sweep_table_write(const Cs3SweepTable *table, Cs3Output *output, Cs3Format format) {
  if (format != CS3_FORMAT_JSON) {
    cs3_table_write(table->table, output, format);
    return;
  }
  json_auto_t *rows = cs3_table_json(table->table);
  json_auto_t *document = cs3_json_pack(
      "{s:s, s:i, s:I, s:o}", "schema", CS3_COLUMNS_SCHEMA, "model_version", CS3_MODEL_VERSION,
      "points", (json_int_t)json_array_size(rows), "columns", turned(rows, table->columns));
  cs3_output_json(output, document, CS3_FORMAT_JSON);
}
