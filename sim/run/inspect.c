/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer graph of a model for people and programs: what `cs3sim inspect` prints. */
#include "config.h"

#include "sim/run/inspect.h"

#include <math.h>

#include "base/json.h"
#include "sim/run/lengths.h"
#include "workloads/graph-check.h"
#include "workloads/graph-memory.h"
#include "workloads/graph-write.h"

enum { ELEMENT_BYTES = 2 };

static const Cs3Column columns[] = {
    {.key = "segment", .title = "segment", .type = CS3_COLUMN_TEXT},
    {.key = "name", .title = "node", .type = CS3_COLUMN_TEXT},
    {.key = "kind", .title = "kind", .type = CS3_COLUMN_TEXT},
    {.key = "tensor", .type = CS3_COLUMN_TEXT},
    {.key = "shape", .title = "shape", .type = CS3_COLUMN_TEXT},
    {.key = "out_features", .type = CS3_COLUMN_INT},
    {.key = "in_features", .type = CS3_COLUMN_INT},
    {.key = "repeat", .title = "count", .type = CS3_COLUMN_INT},
    {.key = "copies", .type = CS3_COLUMN_INT},
    {.key = "rows", .type = CS3_COLUMN_REAL},
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
  g_autofree char *groups =
      node->groups > 1 ? g_strdup_printf(" / %" G_GINT64_FORMAT, node->groups) : g_strdup("");
  g_autofree char *copies =
      node->copies > 1 ? g_strdup_printf("%" G_GINT64_FORMAT " of ", node->copies) : g_strdup("");
  return g_strdup_printf("%s%" G_GINT64_FORMAT " x %" G_GINT64_FORMAT "%s", copies,
                         node->out_features, node->in_features, groups);
}

/* Instances of a node, times the rows of one for every token that the sample counts for. */
static double instances(const Cs3Graph *graph, const Cs3Node *node) {
  return (double)cs3_node_segment(graph, node)->repeat;
}

static double rows_per_token(const Cs3Graph *graph, const Cs3Node *node) {
  return cs3_node_rows(node) / graph->tokens;
}

/* Of a network without products, 0. */
static double share_of(double part, double all) {
  return all > 0 ? part / all : 0;
}

static double saved_bytes(const Cs3Graph *graph, const Cs3Node *node, const Cs3Narrow *narrow) {
  double elements = cs3_node_saved_elements(graph, node, narrow != NULL ? narrow->inputs : 0);
  return ELEMENT_BYTES * elements * rows_per_token(graph, node);
}

static void add_row(Cs3Table *table, const Cs3Graph *graph, const Cs3Node *node,
                    const Cs3Narrow *narrow, double macs_per_sample) {
  g_autofree char *shape = shape_text(node);
  const Cs3Segment *segment = cs3_node_segment(graph, node);
  double share = rows_per_token(graph, node), macs = node->macs * share;
  cs3_table_add_text(table, segment->name);
  cs3_table_add_text(table, node->label);
  cs3_table_add_text(table, cs3_node_kind_name(node->kind));
  cs3_table_add_text(table, node->tensor);
  cs3_table_add_text(table, shape);
  cs3_table_add_int(table, node->out_features);
  cs3_table_add_int(table, node->in_features);
  cs3_table_add_int(table, segment->repeat);
  cs3_table_add_int(table, node->copies);
  cs3_table_add_real(table, node->rows);
  cs3_table_add_text(table, node->sparsifiable ? "yes" : "no");
  cs3_table_add_int(table, node->parameters * node->copies);
  cs3_table_add_real(table, macs);
  cs3_table_add_real(table, 2 * cs3_node_passes(node) * macs);
  cs3_table_add_real(
      table, share_of(instances(graph, node) * node->macs * cs3_node_rows(node), macs_per_sample));
  cs3_table_add_real(table, node->vector_elements * share);
  cs3_table_add_real(table, node->special_elements * share);
  cs3_table_add_int(table, llround(saved_bytes(graph, node, narrow)));
}

Cs3Table *cs3_inspect_table(const Cs3Graph *graph, const Cs3Narrow *narrow) {
  Cs3Table *table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  double macs = cs3_graph_macs(graph);
  for (guint i = 0; i < graph->nodes->len; i++)
    add_row(table, graph, cs3_graph_node(graph, i), narrow, macs);
  return table;
}

/* --- segments and activations ---------------------------------------------------------------- */

static const Cs3Column segment_columns[] = {
    {.key = "name", .title = "segment", .type = CS3_COLUMN_TEXT},
    {.key = "repeat", .title = "count", .type = CS3_COLUMN_INT},
    {.key = "block", .title = "block", .type = CS3_COLUMN_TEXT},
    {.key = "operators", .title = "operators", .type = CS3_COLUMN_INT},
    {.key = "rows", .title = "rows a sample", .type = CS3_COLUMN_REAL},
    {.key = "numbers", .title = "numbered", .type = CS3_COLUMN_TEXT},
};

/* "0-31", or "0, 2, 4, ..." where they are not in a row. */
static char *numbers_text(const Cs3Segment *segment) {
  gint64 first = segment->number[0], last = segment->number[segment->repeat - 1];
  if (segment->repeat == 1)
    return g_strdup_printf("%" G_GINT64_FORMAT, first);
  if (last - first == segment->repeat - 1)
    return g_strdup_printf("%" G_GINT64_FORMAT "-%" G_GINT64_FORMAT, first, last);
  return g_strdup_printf("%" G_GINT64_FORMAT ", %" G_GINT64_FORMAT " ... %" G_GINT64_FORMAT, first,
                         segment->number[1], last);
}

Cs3Table *cs3_inspect_segments(const Cs3Graph *graph) {
  Cs3Table *table = cs3_table_new(segment_columns, G_N_ELEMENTS(segment_columns));
  for (guint i = 0; i < graph->segments->len; i++) {
    const Cs3Segment *segment = cs3_graph_segment(graph, i);
    g_autofree char *numbers = numbers_text(segment);
    cs3_table_add_text(table, segment->name);
    cs3_table_add_int(table, segment->repeat);
    cs3_table_add_text(table, segment->block ? "yes" : "no");
    cs3_table_add_int(table, segment->count);
    cs3_table_add_real(table, segment->rows);
    cs3_table_add_text(table, numbers);
  }
  return table;
}

static const Cs3Column tensor_columns[] = {
    {.key = "segment", .title = "segment", .type = CS3_COLUMN_TEXT},
    {.key = "name", .title = "activation", .type = CS3_COLUMN_TEXT},
    {.key = "elements", .title = "elements", .type = CS3_COLUMN_INT},
    {.key = "rows", .title = "rows a sample", .type = CS3_COLUMN_REAL},
    {.key = "written_by", .title = "written by", .type = CS3_COLUMN_TEXT},
    {.key = "last_read_by", .title = "last read by", .type = CS3_COLUMN_TEXT},
    {.key = "kept_for", .title = "kept for backward of", .type = CS3_COLUMN_TEXT},
};

static gboolean lists(const int *list, int room, int tensor) {
  for (int i = 0; i < room && list[i] >= 0; i++)
    if (list[i] == tensor)
      return TRUE;
  return FALSE;
}

/* Who has to do with an activation, by label; NULL: nobody. */
typedef struct {
  guint segment;
  const char *written_by, *last_read_by, *kept_for;
} Life;

/* The last that needs it in backward is the first of them in forward. */
static Life life_of(const Cs3Graph *graph, int tensor) {
  Life life = {.segment = G_MAXUINT};
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    gboolean reads = lists(node->reads, CS3_NODE_MAX_READS, tensor);
    gboolean writes = lists(node->writes, CS3_NODE_MAX_WRITES, tensor);
    gboolean keeps = lists(node->keeps, CS3_NODE_MAX_KEEPS, tensor);
    if ((reads || writes || keeps) && life.segment == G_MAXUINT)
      life.segment = node->segment;
    if (writes)
      life.written_by = node->label;
    if (reads)
      life.last_read_by = node->label;
    if (keeps && life.kept_for == NULL)
      life.kept_for = node->label;
  }
  return life;
}

Cs3Table *cs3_inspect_tensors(const Cs3Graph *graph) {
  Cs3Table *table = cs3_table_new(tensor_columns, G_N_ELEMENTS(tensor_columns));
  for (guint i = 0; i < graph->tensors->len; i++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, (int)i);
    Life life = life_of(graph, (int)i);
    if (life.segment == G_MAXUINT)
      continue;
    cs3_table_add_text(table, cs3_graph_segment(graph, life.segment)->name);
    cs3_table_add_text(table, tensor->name);
    cs3_table_add_int(table, tensor->elements);
    cs3_table_add_real(table, tensor->rows);
    cs3_table_add_text(table, life.written_by);
    cs3_table_add_text(table, life.last_read_by);
    cs3_table_add_text(table, life.kept_for);
  }
  return table;
}

/* --- the record ------------------------------------------------------------------------------ */

json_t *cs3_inspect_model(const Cs3Model *m) {
  json_t *object = cs3_json_pack("{s:s, s:s, s:I}", "name", m->name, "family", m->family,
                                 "parameters", (json_int_t)cs3_model_parameters(m));
  if (cs3_model_active_parameters(m) != cs3_model_parameters(m))
    json_object_set_new(object, "active_parameters", json_integer(cs3_model_active_parameters(m)));
  g_autoptr(GArray) facts = cs3_model_facts(m);
  for (guint i = 0; i < facts->len; i++) {
    const Cs3Fact *fact = &g_array_index(facts, Cs3Fact, i);
    json_object_set_new(object, fact->key, json_integer(fact->value));
  }
  return object;
}

static void add_note(json_t *record, const char *note) {
  json_t *notes = json_object_get(record, "notes");
  if (notes == NULL) {
    notes = json_array();
    json_object_set_new(record, "notes", notes);
  }
  json_array_append_new(notes, json_string(note));
}

void cs3_inspect_lengths(const Cs3Graph *graph, json_t *record) {
  const Cs3Lengths *l = &graph->lengths;
  gint64 tokens = llround(graph->tokens);
  json_object_set_new(record, "seq", json_integer(l->seq > 0 ? l->seq : tokens));
  if (tokens != l->seq)
    json_object_set_new(record, "tokens_per_sample", json_integer(tokens));
  if (l->encoder_seq > 0)
    json_object_set_new(record, "encoder_seq", json_integer(l->encoder_seq));
  if (l->image > 0)
    json_object_set_new(record, "image", json_integer(l->image));
  if (cs3_model_fact(graph->model, "experts") > 0)
    json_object_set_new(record, "expert_capacity", json_real(l->capacity));
  g_autofree char *attention = cs3_attention_text(l);
  json_object_set_new(record, "attention", json_string(attention));
  if (l->attention != CS3_MASK_FULL && l->tiles > 0)
    json_object_set_new(record, "attention_tiles", json_integer(l->tiles));
  g_autofree char *cut = cs3_length_default_note(graph);
  if (cut != NULL)
    add_note(record, cut);
  /* A table's layers need not be a chain; presets' side branches are meant. */
  gboolean own_graph = g_str_equal(graph->model->family, CS3_GRAPH_FAMILY);
  g_autofree char *breaks = own_graph ? cs3_graph_breaks(graph) : NULL;
  if (breaks != NULL)
    add_note(record, breaks);
  const GPtrArray *notes = graph->model->notes;
  for (guint i = 0; notes != NULL && i < notes->len; i++)
    add_note(record, notes->pdata[i]);
}

static json_t *totals_json(const Cs3Graph *graph, const Cs3Narrow *narrow) {
  double macs = cs3_graph_macs(graph), training = 0, sparsifiable = 0, vector = 0, special = 0,
         saved = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double count = instances(graph, node), share = rows_per_token(graph, node);
    training += cs3_node_passes(node) * count * node->macs * cs3_node_rows(node);
    sparsifiable += node->sparsifiable ? count * node->macs * cs3_node_rows(node) : 0;
    vector += count * node->vector_elements * share;
    special += count * node->special_elements * share;
    saved += count * saved_bytes(graph, node, narrow);
  }
  return cs3_json_pack(
      "{s:I, s:f, s:f, s:f, s:f, s:f, s:I}", "parameters",
      (json_int_t)cs3_model_parameters(graph->model), "macs_per_token", macs / graph->tokens,
      "training_flops_per_token", 2 * training / graph->tokens, "sparsifiable_share",
      share_of(sparsifiable, macs), "vector_elements_per_token", vector,
      "special_elements_per_token", special, "saved_bytes_per_token", (json_int_t)llround(saved));
}

static json_t *policy_json(const Cs3Graph *graph, Cs3Recompute policy, const char *name,
                           const Cs3Narrow *narrow) {
  Cs3Memory memory = cs3_graph_memory(graph, policy, narrow);
  return cs3_json_pack("{s:s, s:f, s:f, s:f}", "recompute", name, "resident_bytes_per_token",
                       memory.resident_bytes / graph->tokens, "working_bytes_per_token",
                       memory.working_bytes / graph->tokens, "extra_forwards",
                       memory.extra_forwards);
}

static json_t *memory_json(const Cs3Graph *graph, const Cs3Narrow *narrow) {
  static const struct {
    Cs3Recompute policy;
    const char *name;
  } policies[] = {{CS3_RECOMPUTE_NONE, "none"},
                  {CS3_RECOMPUTE_LAYER, "layer"},
                  {CS3_RECOMPUTE_FULL, "full"},
                  {CS3_RECOMPUTE_REVERSIBLE, "reversible"}};
  json_t *all = json_array();
  for (guint i = 0; i < G_N_ELEMENTS(policies); i++)
    if (policies[i].policy != CS3_RECOMPUTE_REVERSIBLE || cs3_graph_reversible(graph))
      json_array_append_new(all, policy_json(graph, policies[i].policy, policies[i].name, narrow));
  return all;
}

json_t *cs3_inspect_record(const Cs3Graph *graph, const Cs3Narrow *narrow) {
  g_autoptr(Cs3Table) table = cs3_inspect_table(graph, narrow);
  g_autoptr(Cs3Table) segments = cs3_inspect_segments(graph);
  g_autoptr(Cs3Table) tensors = cs3_inspect_tensors(graph);
  json_t *record = cs3_json_pack("{s:s, s:o}", "schema", "cs3sim.inspect/1", "model",
                                 cs3_inspect_model(graph->model));
  cs3_inspect_lengths(graph, record);
  json_object_set_new(record, "nodes", cs3_table_json(table));
  json_object_set_new(record, "segments", cs3_table_json(segments));
  json_object_set_new(record, "tensors", cs3_table_json(tensors));
  json_object_set_new(record, "totals", totals_json(graph, narrow));
  json_object_set_new(record, "activation_memory", memory_json(graph, narrow));
  return record;
}

static gint64 integer(const json_t *object, const char *key) {
  return json_integer_value(json_object_get(object, key));
}

static double real(const json_t *object, const char *key) {
  return json_real_value(json_object_get(object, key));
}

/* ", 32 heads of 128 (8 for keys and values)" and the like, of what the network has. */
static void write_dimensions(const json_t *m, Cs3Output *output) {
  cs3_output_printf(output, ", %" G_GINT64_FORMAT " layers", integer(m, "layers"));
  if (integer(m, "hidden") > 0)
    cs3_output_printf(output, " of width %" G_GINT64_FORMAT, integer(m, "hidden"));
  if (integer(m, "heads") > 0)
    cs3_output_printf(output,
                      ", %" G_GINT64_FORMAT " heads of %" G_GINT64_FORMAT " (%" G_GINT64_FORMAT
                      " for keys and values)",
                      integer(m, "heads"), integer(m, "head_dim"), integer(m, "kv_heads"));
  if (integer(m, "ffn") > 0)
    cs3_output_printf(output, ", FFN %" G_GINT64_FORMAT, integer(m, "ffn"));
  if (integer(m, "vocab") > 0)
    cs3_output_printf(output, ", vocabulary %" G_GINT64_FORMAT, integer(m, "vocab"));
}

/* Those that only some families have. */
static void write_more_dimensions(const Cs3Model *model, Cs3Output *output) {
  g_autoptr(GArray) facts = cs3_model_facts(model);
  for (guint i = CS3_MODEL_USUAL_FACTS; i < facts->len; i++) {
    const Cs3Fact *fact = &g_array_index(facts, Cs3Fact, i);
    g_autofree char *words = g_strdelimit(g_strdup(fact->key), "_", ' ');
    cs3_output_printf(output, ", %s %" G_GINT64_FORMAT, words, fact->value);
  }
}

static void write_lengths(const json_t *record, Cs3Output *output) {
  if (json_object_get(record, "image") != NULL)
    cs3_output_printf(output, "image side %" G_GINT64_FORMAT ", ", integer(record, "image"));
  if (json_object_get(record, "encoder_seq") != NULL)
    cs3_output_printf(output, "%" G_GINT64_FORMAT " tokens in the encoder, ",
                      integer(record, "encoder_seq"));
  if (json_object_get(record, "expert_capacity") != NULL)
    cs3_output_printf(output, "experts run for %g times their mean share, ",
                      real(record, "expert_capacity"));
  cs3_output_printf(
      output,
      "%" G_GINT64_FORMAT " tokens a sequence, %s attention; every instance, per token:\n\n",
      integer(record, "seq"), json_string_value(json_object_get(record, "attention")));
}

static void write_notes(const json_t *record, Cs3Output *output) {
  gsize i;
  json_t *note;
  json_array_foreach(json_object_get(record, "notes"), i, note)
      cs3_output_printf(output, "note: %s\n", json_string_value(note));
}

static void write_head(const Cs3Graph *graph, const json_t *record, Cs3Output *output) {
  const json_t *m = json_object_get(record, "model");
  cs3_output_printf(output, "%s (%s): %" G_GINT64_FORMAT " parameters", graph->model->name,
                    graph->model->family, integer(m, "parameters"));
  if (json_object_get(m, "active_parameters") != NULL)
    cs3_output_printf(output, " (%" G_GINT64_FORMAT " active)", integer(m, "active_parameters"));
  write_dimensions(m, output);
  write_more_dimensions(graph->model, output);
  cs3_output_puts(output, "\n");
  write_notes(record, output);
  write_lengths(record, output);
}

static void write_foot(const json_t *record, const Cs3Narrow *narrow, Cs3Output *output) {
  const json_t *totals = json_object_get(record, "totals");
  const json_t *policy;
  gsize i;
  cs3_output_printf(output,
                    "\nall, per token: %.4g G MACs forward, %.4g GFLOP of training (forward and"
                    " backward), %.1f %% of it in weights that can be sparse\n"
                    "activations kept per token, and at work beside them (%s; attention by tiles,"
                    " its maps are not stored):\n",
                    real(totals, "macs_per_token") / 1e9,
                    real(totals, "training_flops_per_token") / 1e9,
                    100 * real(totals, "sparsifiable_share"),
                    narrow != NULL ? "FP16; FP8 where blocks' linear layers alone read" : "FP16");
  json_array_foreach(json_object_get(record, "activation_memory"), i, policy) {
    cs3_output_printf(
        output, "  recompute %-5s  %9.1f kB  + %8.1f kB, extra forward passes: %.0f\n",
        json_string_value(json_object_get(policy, "recompute")),
        real(policy, "resident_bytes_per_token") / 1e3,
        real(policy, "working_bytes_per_token") / 1e3, real(policy, "extra_forwards"));
  }
}

static void write_structure(const Cs3Graph *graph, Cs3Output *output) {
  g_autoptr(Cs3Table) segments = cs3_inspect_segments(graph);
  g_autoptr(Cs3Table) tensors = cs3_inspect_tensors(graph);
  cs3_output_puts(output, "\n");
  cs3_table_write(segments, output, CS3_FORMAT_TEXT);
  cs3_output_puts(output, "\n");
  cs3_table_write(tensors, output, CS3_FORMAT_TEXT);
}

static void write_document(const Cs3Graph *graph, Cs3Output *output) {
  json_auto_t *document = cs3_graph_document(graph);
  g_autofree char *text = cs3_graph_text(document);
  cs3_output_puts(output, text);
}

void cs3_inspect_write(const Cs3Graph *graph, const Cs3Narrow *narrow, Cs3Output *output,
                       Cs3Format format) {
  if (format == CS3_FORMAT_GRAPH) {
    write_document(graph, output);
    return;
  }
  json_auto_t *record = cs3_inspect_record(graph, narrow);
  g_autoptr(Cs3Table) table = cs3_inspect_table(graph, narrow);
  if (format == CS3_FORMAT_JSON) {
    cs3_output_json(output, record, format);
  } else if (format == CS3_FORMAT_TEXT) {
    write_head(graph, record, output);
    cs3_table_write(table, output, format);
    write_foot(record, narrow, output);
    write_structure(graph, output);
  } else {
    cs3_table_write(table, output, format);
  }
}
