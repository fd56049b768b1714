/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer graph of a model for people and programs: what `cs3sim inspect` prints. */
#include "config.h"

#include "sim/run/inspect.h"

enum { ELEMENT_BYTES = 2, FORWARD_AND_BACKWARD = 3 };

static const Cs3Column columns[] = {
    {.key = "name", .title = "node", .type = CS3_COLUMN_TEXT},
    {.key = "kind", .title = "kind", .type = CS3_COLUMN_TEXT},
    {.key = "tensor", .type = CS3_COLUMN_TEXT},
    {.key = "shape", .title = "shape", .type = CS3_COLUMN_TEXT},
    {.key = "out_features", .type = CS3_COLUMN_INT},
    {.key = "in_features", .type = CS3_COLUMN_INT},
    {.key = "repeat", .title = "count", .type = CS3_COLUMN_INT},
    {.key = "sparsifiable", .title = "sparse", .type = CS3_COLUMN_TEXT},
    {.key = "parameters", .title = "parameters", .type = CS3_COLUMN_INT},
    {.key = "macs_per_token",
     .title = "MMAC",
     .type = CS3_COLUMN_REAL,
     .decimals = 3,
     .scale = 1e-6},
    {.key = "training_flops_per_token",
     .title = "train MFLOP",
     .type = CS3_COLUMN_REAL,
     .decimals = 3,
     .scale = 1e-6},
    {.key = "macs_share", .title = "share %", .type = CS3_COLUMN_REAL, .decimals = 2, .scale = 100},
    {.key = "vector_elements_per_token", .title = "vector", .type = CS3_COLUMN_REAL},
    {.key = "special_elements_per_token", .title = "special", .type = CS3_COLUMN_REAL},
    {.key = "saved_bytes_per_token", .title = "saved B", .type = CS3_COLUMN_INT},
};

static char *shape_text(const Cs3Node *node) {
  if (node->kind != CS3_NODE_LINEAR)
    return NULL;
  return g_strdup_printf("%" G_GINT64_FORMAT " x %" G_GINT64_FORMAT, node->out_features,
                         node->in_features);
}

static void add_row(Cs3Table *table, const Cs3Node *node, double total_macs) {
  g_autofree char *shape = shape_text(node);
  cs3_table_add_text(table, node->label);
  cs3_table_add_text(table, cs3_node_kind_name(node->kind));
  cs3_table_add_text(table, node->tensor);
  cs3_table_add_text(table, shape);
  cs3_table_add_int(table, node->out_features);
  cs3_table_add_int(table, node->in_features);
  cs3_table_add_int(table, node->repeat);
  cs3_table_add_text(table, node->sparsifiable ? "yes" : "no");
  cs3_table_add_int(table, node->parameters);
  cs3_table_add_real(table, node->macs);
  cs3_table_add_real(table, 2 * FORWARD_AND_BACKWARD * node->macs);
  cs3_table_add_real(table, (double)node->repeat * node->macs / total_macs);
  cs3_table_add_real(table, node->vector_elements);
  cs3_table_add_real(table, node->special_elements);
  cs3_table_add_int(table, ELEMENT_BYTES * node->saved_elements);
}

Cs3Table *cs3_inspect_table(const Cs3Graph *graph) {
  Cs3Table *table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  double macs = cs3_graph_macs(graph);
  for (guint i = 0; i < graph->nodes->len; i++)
    add_row(table, cs3_graph_node(graph, i), macs);
  return table;
}

static json_t *model_json(const Cs3Model *m) {
  return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "name", m->name,
                   "family", m->family, "parameters", (json_int_t)cs3_model_parameters(m), "layers",
                   (json_int_t)m->layers, "hidden", (json_int_t)m->hidden, "heads",
                   (json_int_t)m->heads, "kv_heads", (json_int_t)m->kv_heads, "head_dim",
                   (json_int_t)m->head_dim, "ffn", (json_int_t)m->ffn, "vocab",
                   (json_int_t)m->vocab, "max_seq", (json_int_t)m->max_seq, "window",
                   (json_int_t)m->window);
}

static json_t *totals_json(const Cs3Graph *graph) {
  double macs = cs3_graph_macs(graph), sparsifiable = 0, vector = 0, special = 0;
  gint64 parameters = 0, saved = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double count = (double)node->repeat;
    sparsifiable += node->sparsifiable ? count * node->macs : 0;
    vector += count * node->vector_elements;
    special += count * node->special_elements;
    parameters += node->repeat * node->parameters;
    saved += node->repeat * node->saved_elements;
  }
  return json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:I}", "parameters", (json_int_t)parameters,
                   "macs_per_token", macs, "training_flops_per_token",
                   2 * FORWARD_AND_BACKWARD * macs, "sparsifiable_share", sparsifiable / macs,
                   "vector_elements_per_token", vector, "special_elements_per_token", special,
                   "saved_bytes_per_token", (json_int_t)(ELEMENT_BYTES * saved));
}

static json_t *memory_json(const Cs3Graph *graph) {
  static const char *const policies[] = {[CS3_RECOMPUTE_NONE] = "none",
                                         [CS3_RECOMPUTE_LAYER] = "layer",
                                         [CS3_RECOMPUTE_FULL] = "full"};
  json_t *all = json_array();
  for (guint i = 0; i < G_N_ELEMENTS(policies); i++) {
    Cs3Memory memory = cs3_graph_memory(graph, (Cs3Recompute)i);
    json_array_append_new(all, json_pack("{s:s, s:f, s:f, s:f}", "recompute", policies[i],
                                         "resident_bytes_per_token", memory.resident_bytes,
                                         "working_bytes_per_token", memory.working_bytes,
                                         "extra_forwards", memory.extra_forwards));
  }
  return all;
}

json_t *cs3_inspect_record(const Cs3Graph *graph) {
  g_autoptr(Cs3Table) table = cs3_inspect_table(graph);
  return json_pack("{s:s, s:o, s:I, s:s, s:o, s:o, s:o}", "schema", "cs3sim.inspect/1", "model",
                   model_json(graph->model), "seq", (json_int_t)graph->seq, "attention",
                   graph->causal ? "causal" : "full", "nodes", cs3_table_json(table), "totals",
                   totals_json(graph), "activation_memory", memory_json(graph));
}

static gint64 integer(const json_t *object, const char *key) {
  return json_integer_value(json_object_get(object, key));
}

static double real(const json_t *object, const char *key) {
  return json_real_value(json_object_get(object, key));
}

static void write_head(const json_t *record, Cs3Output *output) {
  const json_t *m = json_object_get(record, "model");
  cs3_output_printf(
      output,
      "%s (%s): %" G_GINT64_FORMAT " parameters, %" G_GINT64_FORMAT
      " layers of width %" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " heads of %" G_GINT64_FORMAT
      " (%" G_GINT64_FORMAT " for keys and values), FFN %" G_GINT64_FORMAT
      ", vocabulary %" G_GINT64_FORMAT "\n",
      json_string_value(json_object_get(m, "name")),
      json_string_value(json_object_get(m, "family")), integer(m, "parameters"),
      integer(m, "layers"), integer(m, "hidden"), integer(m, "heads"), integer(m, "head_dim"),
      integer(m, "kv_heads"), integer(m, "ffn"), integer(m, "vocab"));
  cs3_output_printf(
      output,
      "%" G_GINT64_FORMAT " tokens a sequence, %s attention; every instance, per token:\n\n",
      integer(record, "seq"), json_string_value(json_object_get(record, "attention")));
}

static void write_foot(const json_t *record, Cs3Output *output) {
  const json_t *totals = json_object_get(record, "totals");
  const json_t *policy;
  gsize i;
  cs3_output_printf(output,
                    "\nall, per token: %.4g G MACs forward, %.4g GFLOP of training (forward and"
                    " backward), %.1f %% of it in weights that can be sparse\n"
                    "activations kept per token, and at work beside them (FP16; attention by tiles,"
                    " its maps are not stored):\n",
                    real(totals, "macs_per_token") / 1e9,
                    real(totals, "training_flops_per_token") / 1e9,
                    100 * real(totals, "sparsifiable_share"));
  json_array_foreach(json_object_get(record, "activation_memory"), i, policy) {
    cs3_output_printf(
        output, "  recompute %-5s  %9.1f kB  + %8.1f kB, extra forward passes: %.0f\n",
        json_string_value(json_object_get(policy, "recompute")),
        real(policy, "resident_bytes_per_token") / 1e3,
        real(policy, "working_bytes_per_token") / 1e3, real(policy, "extra_forwards"));
  }
}

void cs3_inspect_write(const Cs3Graph *graph, Cs3Output *output, Cs3Format format) {
  json_t *record = cs3_inspect_record(graph);
  g_autoptr(Cs3Table) table = cs3_inspect_table(graph);
  if (format == CS3_FORMAT_JSON) {
    cs3_output_json(output, record, format);
  } else if (format == CS3_FORMAT_TEXT) {
    write_head(record, output);
    cs3_table_write(table, output, format);
    write_foot(record, output);
  } else {
    cs3_table_write(table, output, format);
  }
  json_decref(record);
}
