/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a record of a run, and the CSV made from it. */
#include "config.h"

#include "sim/run/result.h"

#include <math.h>

#include "base/table.h"
#include "results/record.h"

static const Cs3Column csv_columns[] = {
    {.key = "layer", .type = CS3_COLUMN_TEXT},
    {.key = "tensor", .type = CS3_COLUMN_TEXT},
    {.key = "instance", .type = CS3_COLUMN_INT},
    {.key = "repeat", .type = CS3_COLUMN_INT},
    {.key = "out_features", .type = CS3_COLUMN_INT},
    {.key = "in_features", .type = CS3_COLUMN_INT},
    {.key = "sparsity", .type = CS3_COLUMN_REAL},
    {.key = "pass", .type = CS3_COLUMN_TEXT},
    {.key = "cycles", .type = CS3_COLUMN_INT},
    {.key = "bound_cycles", .type = CS3_COLUMN_INT},
    {.key = "nonzeros", .type = CS3_COLUMN_INT},
    {.key = "speedup", .type = CS3_COLUMN_REAL},
    {.key = "imbalance", .type = CS3_COLUMN_REAL},
    {.key = "arithmetic_cycles", .type = CS3_COLUMN_INT},
    {.key = "mapping_cycles", .type = CS3_COLUMN_INT},
    {.key = "overhead_cycles", .type = CS3_COLUMN_INT},
    {.key = "imbalance_cycles", .type = CS3_COLUMN_INT},
    {.key = "reduction_cycles", .type = CS3_COLUMN_INT},
    {.key = "ingress_cycles", .type = CS3_COLUMN_INT},
    {.key = "egress_cycles", .type = CS3_COLUMN_INT},
    {.key = "fill_cycles", .type = CS3_COLUMN_INT},
    {.key = "halo_cycles", .type = CS3_COLUMN_INT},
    {.key = "fold", .type = CS3_COLUMN_INT},
    {.key = "mapping", .type = CS3_COLUMN_TEXT},
};

static void add_pass(Cs3Table *table, const json_t *layer, const char *name, const json_t *pass) {
  const json_t *instance = json_object_get(layer, "layer");
  cs3_table_add_text(table, cs3_record_string(layer, "name"));
  cs3_table_add_text(table, cs3_record_string(layer, "tensor"));
  cs3_table_add_int(table, instance ? json_integer_value(instance) : -1);
  cs3_table_add_int(table, cs3_record_integer(layer, "repeat"));
  cs3_table_add_int(table, cs3_record_integer(layer, "out_features"));
  cs3_table_add_int(table, cs3_record_integer(layer, "in_features"));
  cs3_table_add_real(table, cs3_record_number(layer, "sparsity"));
  cs3_table_add_text(table, name);
  cs3_table_add_int(table, cs3_record_integer(pass, "cycles"));
  cs3_table_add_int(table, cs3_record_integer(pass, "bound_cycles"));
  cs3_table_add_int(table, cs3_record_integer(pass, "nonzeros"));
  cs3_table_add_real(table, cs3_record_number(pass, "speedup"));
  cs3_table_add_real(table, cs3_record_number(pass, "imbalance"));
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    cs3_table_add_int(table, json_integer_value(json_object_get(json_object_get(pass, "causes"),
                                                                cs3_cause_name(cause))));
  cs3_table_add_int(table, cs3_record_integer(pass, "mapping.fold"));
  cs3_table_add_text(table, cs3_record_string(pass, "mapping.text"));
}

void cs3_result_csv(const json_t *record, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(csv_columns, G_N_ELEMENTS(csv_columns));
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(record, "layers"), i, layer) {
    const char *name;
    json_t *pass;
    json_object_foreach(json_object_get(layer, "passes"), name, pass)
        add_pass(table, layer, name, pass);
  }
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}
