/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The attentions of a run, as record and as text. */
#include "config.h"

#include "sim/run/result-attention.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/table.h"
#include "results/record.h"
#include "sim/map/attention-map.h"
#include "sim/map/plan-attention.h"

enum { RESULT_WORDS = sizeof(Cs3AttentionResult) / sizeof(gint64) };
enum { RESULT_SLOTS = (RESULT_WORDS + CS3_MEMO_VALUES - 1) / CS3_MEMO_VALUES };

/* Cycles depend on neither links nor weights, so that many runs share them. */
static Cs3MemoKey result_key(const Cs3Hardware *hw, const Cs3PlanAttentionPass *pass) {
  Cs3Hardware read = *hw;
  memset(&read.io, 0, sizeof read.io);
  Cs3MemoKey key = cs3_memo_key(NULL, "attention, with causes", sizeof "attention, with causes");
  key = cs3_memo_key(&key, &read, sizeof read);
  key = cs3_memo_key(&key, &pass->shape, sizeof pass->shape);
  return cs3_memo_key(&key, &pass->choice.best.mapping, sizeof pass->choice.best.mapping);
}

/* What the pass that was chosen takes, with causes: known, or run again. */
static void find_result(const Cs3Run *run, const Cs3PlanAttentionPass *pass,
                        Cs3AttentionResult *result) {
  Cs3RunCache *cache = run->config.cache;
  Cs3Memo *memo = cache != NULL ? cs3_run_cache_memo(cache) : NULL;
  const Cs3Hardware *hw = &run->config.machine->hw;
  Cs3MemoKey key = result_key(hw, pass), slot[RESULT_SLOTS];
  gint64 words[RESULT_SLOTS * CS3_MEMO_VALUES] = {0};
  gboolean known = TRUE;
  for (int i = 0; i < RESULT_SLOTS; i++) {
    slot[i] = cs3_memo_key(&key, &i, sizeof i);
    known = known && cs3_memo_find(memo, &slot[i], words + i * CS3_MEMO_VALUES);
  }
  if (known) {
    memcpy(result, words, sizeof *result);
    return;
  }
  GError *error = NULL;
  if (!cs3_attention_pass(hw, &pass->shape, &pass->choice.best.mapping, TRUE, result, &error))
    g_error("attention that was run before: %s", error->message);
  memcpy(words, result, sizeof *result);
  for (int i = 0; i < RESULT_SLOTS; i++)
    cs3_memo_keep(memo, &slot[i], words + i * CS3_MEMO_VALUES);
}

/* Cycles are those of all parts. */
static json_t *pass_json(const Cs3Run *run, const Cs3PlanAttention *attention,
                         const Cs3PlanAttentionPass *pass) {
  const Cs3Hardware *hw = &run->config.machine->hw;
  const char *bottleneck;
  gboolean apart = pass->shape.sequences > pass->sequences;
  Cs3AttentionResult result, *r = &result;
  find_result(run, pass, r);
  json_t *causes = cs3_attention_causes_json(r, &bottleneck);
  json_t *object = cs3_json_pack(
      "{s:I, s:I, s:f, s:o, s:s, s:I, s:I, s:I, s:f, s:I, s:o}", "cycles",
      (json_int_t)((r->cycles + pass->moves) * attention->parts), "moves_cycles",
      (json_int_t)(pass->moves * attention->parts), "efficiency",
      cs3_attention_efficiency(hw, &pass->shape, r->cycles + pass->moves), "causes", causes,
      "bottleneck", bottleneck, "places", (json_int_t)r->places, "jobs", (json_int_t)r->jobs,
      "pairs", (json_int_t)r->pairs, "imbalance", r->imbalance, "sram_bytes",
      (json_int_t)r->sram_bytes, "mapping", cs3_attention_map_json(&pass->choice.best, apart));
  if (pass->choice.runner_up.cycles > 0)
    json_object_set_new(object, "runner_up",
                        cs3_attention_map_json(&pass->choice.runner_up, apart));
  return object;
}

/* The segment of which attention @index is part. */
static const Cs3Segment *segment_of(const Cs3Graph *graph, guint index) {
  guint i = 0;
  while (cs3_graph_node(graph, i)->attention != index + 1)
    i++;
  return cs3_node_segment(graph, cs3_graph_node(graph, i));
}

static json_t *attention_json(const Cs3Run *run, const Cs3PlanAttention *attention) {
  const Cs3AttentionSize *s =
      &g_array_index(run->config.graph->attentions, Cs3AttentionSize, attention->attention);
  const Cs3Segment *segment = segment_of(run->config.graph, attention->attention);
  json_t *object = cs3_json_pack(
      "{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "segment", segment->name, "repeat",
      (json_int_t)segment->repeat, "heads", (json_int_t)s->heads, "kv_heads",
      (json_int_t)s->kv_heads, "head_dim", (json_int_t)s->head_dim, "value_dim",
      (json_int_t)s->value_dim, "queries", (json_int_t)s->queries, "keys", (json_int_t)s->keys,
      "sequences", (json_int_t)attention->pass[0].sequences, "parts", (json_int_t)attention->parts,
      "forward", pass_json(run, attention, &attention->pass[0]));
  if (!run->config.forward)
    json_object_set_new(object, "backward", pass_json(run, attention, &attention->pass[1]));
  return object;
}

json_t *cs3_result_attentions(const Cs3Run *run) {
  const GArray *attentions = run->sparse.plan->attentions;
  json_t *array = json_array();
  for (guint i = 0; i < attentions->len; i++)
    json_array_append_new(array,
                          attention_json(run, &g_array_index(attentions, Cs3PlanAttention, i)));
  return array;
}

static void add_kind(json_t *kinds, const char *name, double cycles) {
  json_int_t sum = json_integer_value(json_object_get(kinds, name)) + (json_int_t)llround(cycles);
  json_object_set_new(kinds, name, json_integer(sum));
}

/* @times: instances and micro-batches; causes are those of one part, moves of all. */
static void add_kinds(json_t *kinds, const json_t *pass, double times, double parts) {
  const char *cause;
  json_t *cycles;
  json_object_foreach(json_object_get(pass, "causes"), cause, cycles)
      add_kind(kinds, cause, times * parts * json_number_value(cycles));
  add_kind(kinds, "moves", times * cs3_record_number(pass, "moves_cycles"));
}

json_t *cs3_result_attention_kinds(const Cs3Run *run, const json_t *attentions) {
  const Cs3Plan *plan = run->sparse.plan;
  gint64 batch = run->config.batch / cs3_run_systems(&run->config); /* of one */
  double batches = (double)batch / (double)plan->micro_batch;
  json_t *kinds = json_object();
  size_t i;
  json_t *attention;
  json_array_foreach(attentions, i, attention) {
    double times = batches * cs3_record_number(attention, "repeat");
    double parts = cs3_record_number(attention, "parts");
    add_kinds(kinds, json_object_get(attention, "forward"), times, parts);
    if (json_object_get(attention, "backward") != NULL)
      add_kinds(kinds, json_object_get(attention, "backward"), times, parts);
  }
  return kinds;
}

static const Cs3Column columns[] = {
    {.key = "attention", .title = "attention", .type = CS3_COLUMN_TEXT},
    {.key = "heads", .title = "heads", .type = CS3_COLUMN_TEXT},
    {.key = "tokens", .title = "tokens", .type = CS3_COLUMN_TEXT},
    {.key = "repeat", .title = "times", .type = CS3_COLUMN_INT},
    {.key = "pass", .title = "pass", .type = CS3_COLUMN_TEXT},
    {.key = "cycles", .title = "cycles", .type = CS3_COLUMN_INT},
    {.key = "efficiency",
     .title = "of peak [%]",
     .type = CS3_COLUMN_REAL,
     .decimals = 1,
     .scale = 100},
    {.key = "bottleneck", .title = "most in", .type = CS3_COLUMN_TEXT},
    {.key = "mapping", .title = "mapping", .type = CS3_COLUMN_TEXT},
};

/* "32 x 128", "32/8 x 128": heads of queries, of keys where they are fewer, width. */
static char *heads_text(const json_t *attention) {
  double heads = cs3_record_number(attention, "heads");
  double kv_heads = cs3_record_number(attention, "kv_heads");
  double width = cs3_record_number(attention, "head_dim");
  if (heads == kv_heads)
    return g_strdup_printf("%.0f x %.0f", heads, width);
  return g_strdup_printf("%.0f/%.0f x %.0f", heads, kv_heads, width);
}

static void add_pass(Cs3Table *table, const json_t *attention, const char *name) {
  const json_t *pass = json_object_get(attention, name);
  if (pass == NULL)
    return;
  g_autofree char *heads = heads_text(attention);
  double queries = cs3_record_number(attention, "queries");
  double keys = cs3_record_number(attention, "keys");
  g_autofree char *tokens = queries == keys ? g_strdup_printf("%.0f", queries)
                                            : g_strdup_printf("%.0f on %.0f", queries, keys);
  cs3_table_add_text(table, cs3_record_string(attention, "segment"));
  cs3_table_add_text(table, heads);
  cs3_table_add_text(table, tokens);
  cs3_table_add_int(table, (gint64)cs3_record_number(attention, "repeat"));
  cs3_table_add_text(table, name);
  cs3_table_add_int(table, (gint64)cs3_record_number(pass, "cycles"));
  cs3_table_add_real(table, cs3_record_number(pass, "efficiency"));
  cs3_table_add_text(table, cs3_record_string(pass, "bottleneck"));
  cs3_table_add_text(table, cs3_record_string(pass, "mapping.text"));
}

void cs3_result_attentions_text(const json_t *record, Cs3Output *output) {
  const json_t *attentions = json_object_get(record, "attentions");
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  size_t i;
  json_t *attention;
  json_array_foreach(attentions, i, attention) {
    add_pass(table, attention, "forward");
    add_pass(table, attention, "backward");
  }
  if (cs3_table_rows(table) == 0)
    return;
  cs3_output_puts(output, "\nAttention, one micro-batch\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}
