/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention of some sequences on one wafer. */
#include "config.h"

#include "sim/wafer/attention-run.h"

#include <string.h>

#include "base/json.h"
#include "base/table.h"
#include "fabric/attention-event/attention-event.h"
#include "fabric/fabric-error.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/map/attention-map.h"

/* Some minutes and some gigabytes. */
#define MAX_HOPS 4e9
#define MAX_PRODUCTS 2e9
#define MAX_PES 1e6

/* A rectangle's wavelets over two links each, and the multiply-adds behind its numbers. */
static gboolean check_size(const Cs3AttentionShape *shape, const Cs3AttentionResult *r,
                           GError **error) {
  double share = (double)r->jobs / ((double)shape->kv_heads * (double)shape->sequences);
  double hops = 2 * (double)r->received * share, products = (double)r->macs * share;
  if (hops <= MAX_HOPS && products <= MAX_PRODUCTS && (double)r->places <= MAX_PES)
    return TRUE;
  g_set_error(
      error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
      "fidelity event: about %.2g wavelet hops and %.2g multiply-adds on %" G_GINT64_FORMAT
      " PEs of a rectangle; it does each one, up to %.2g and %.2g on %.0f PEs: use a shorter "
      "sequence, fewer PEs (--pes 64x48), or the recurrence",
      hops, products, r->places, MAX_HOPS, MAX_PRODUCTS, MAX_PES);
  return FALSE;
}

static json_t *event_json(const Cs3AttentionConfig *config, const Cs3AttentionShape *shape,
                          const Cs3AttentionMapping *mapping, const Cs3AttentionResult *expected,
                          GError **error) {
  if (!check_size(shape, expected, error))
    return NULL;
  Cs3AttentionEventConfig event = {
      .hw = &config->machine->hw, .shape = *shape, .mapping = *mapping, .seed = config->seed};
  g_autoptr(Cs3AttentionEvent) run = cs3_attention_event_new(&event, error);
  Cs3AttentionEventResult r;
  if (run == NULL || !cs3_attention_event_run(run, &r, error))
    return NULL;
  cs3_attention_event_compare(run, &r);
  guint width, height;
  cs3_attention_event_size(run, &width, &height);
  return cs3_json_pack(
      "{s:I, s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I}", "cycles", (json_int_t)r.cycles, "pairs",
      (json_int_t)r.pairs, "wrong_outputs", (json_int_t)r.wrong, "largest_error", r.error,
      "wavelet_hops", (json_int_t)r.stats.wavelet_hops, "deliveries",
      (json_int_t)r.stats.deliveries, "busiest_link_wavelets", (json_int_t)r.stats.busiest_link,
      "width", (json_int_t)width, "height", (json_int_t)height);
}

/* A mapping, and of what: documents may be apart. */
typedef struct {
  Cs3AttentionShape shape;
  Cs3AttentionChoice of;
} Choice;

static json_t *shape_json(const Cs3AttentionConfig *config) {
  static const char *const fidelities[] = {"recurrence", "event", "bound", "all"};
  const Cs3AttentionShape *s = &config->shape;
  return cs3_json_pack(
      "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:I, s:I, s:I, s:s, s:I}", "schema",
      CS3_ATTENTION_SCHEMA, "hardware", config->machine->name, "pass",
      s->backward ? "backward" : "forward", "heads", (json_int_t)s->heads, "kv_heads",
      (json_int_t)s->kv_heads, "head_dim", (json_int_t)s->head_dim, "value_dim",
      (json_int_t)s->value_dim, "sequences", (json_int_t)s->sequences, "queries",
      (json_int_t)s->queries, "keys", (json_int_t)s->keys, "causal", s->causal, "window",
      (json_int_t)s->window, "document", (json_int_t)s->document, "tile", (json_int_t)s->tile,
      "fidelity", fidelities[config->fidelity], "seed", (json_int_t)config->seed);
}

static void add_causes(json_t *record, const Cs3AttentionResult *r) {
  const char *bottleneck;
  json_object_set_new(record, "causes", cs3_attention_causes_json(r, &bottleneck));
  json_object_set_new(record, "bottleneck", json_string(bottleneck));
}

static void add_result(const Cs3AttentionConfig *config, const Choice *choice,
                       const Cs3AttentionResult *r, gint64 bound, json_t *record) {
  const Cs3Hardware *hw = &config->machine->hw;
  gboolean bounds = config->fidelity == CS3_FIDELITY_BOUND;
  gint64 cycles = bounds ? bound : r->cycles;
  double seconds = (double)cycles / hw->wafer.clock_hz;
  json_t *result = cs3_json_pack(
      "{s:I, s:I, s:f, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:f, s:I, s:I, s:I}", "cycles",
      (json_int_t)cycles, "bound_cycles", (json_int_t)bound, "efficiency",
      cs3_attention_efficiency(hw, &config->shape, cycles), "time_s", seconds, "achieved_flops",
      2 * cs3_attention_pairs(&config->shape, FALSE) *
          (double)cs3_attention_products(&config->shape) / seconds,
      "places", (json_int_t)r->places, "jobs", (json_int_t)r->jobs, "pairs_seen",
      (json_int_t)cs3_attention_pairs(&config->shape, FALSE), "pairs", (json_int_t)r->pairs, "macs",
      (json_int_t)r->macs, "wavelets", (json_int_t)r->wavelets, "imbalance", r->imbalance,
      "sram_bytes", (json_int_t)r->sram_bytes, "mappings_considered",
      (json_int_t)choice->of.considered, "mappings_run", (json_int_t)choice->of.run);
  json_object_update(record, result);
  json_decref(result);
  if (!bounds)
    add_causes(record, r);
  gboolean apart = choice->shape.sequences > config->shape.sequences;
  json_object_set_new(record, "mapping", cs3_attention_map_json(&choice->of.best, apart));
  if (choice->of.runner_up.cycles > 0)
    json_object_set_new(record, "runner_up", cs3_attention_map_json(&choice->of.runner_up, apart));
}

/* The fastest mapping of @shape; for bounds alone the one with the least. */
static gboolean choose_of(const Cs3AttentionConfig *config, const Cs3AttentionShape *shape,
                          Cs3AttentionChoice *choice, GError **error) {
  const Cs3Hardware *hw = &config->machine->hw;
  if (config->fidelity != CS3_FIDELITY_BOUND)
    return cs3_attention_choose(hw, shape, &config->force, NULL, choice, error);
  return cs3_attention_bounded(hw, shape, &config->force, choice, error);
}

/* The same, with documents in their sequences or apart. */
static gboolean choose(const Cs3AttentionConfig *config, Choice *choice, GError **error) {
  Cs3AttentionShape shapes[2];
  g_autoptr(GError) why = NULL;
  gboolean fits = FALSE;
  guint n = cs3_attention_shapes(&config->shape, &config->force, shapes, error);
  for (guint i = 0; i < n; i++) {
    Cs3AttentionChoice one;
    if (!choose_of(config, &shapes[i], &one, i == 0 ? &why : NULL) ||
        (fits && one.best.cycles >= choice->of.best.cycles))
      continue;
    *choice = (Choice){shapes[i], one};
    fits = TRUE;
  }
  if (!fits && why != NULL)
    g_propagate_error(error, g_steal_pointer(&why));
  return fits;
}

json_t *cs3_attention_run(const Cs3AttentionConfig *config, GError **error) {
  const Cs3Hardware *hw = &config->machine->hw;
  Choice choice;
  Cs3AttentionResult result;
  if (!choose(config, &choice, error))
    return NULL;
  const Cs3AttentionMapping *mapping = &choice.of.best.mapping;
  if (!cs3_attention_pass(hw, &choice.shape, mapping, config->fidelity != CS3_FIDELITY_BOUND,
                          &result, error))
    return NULL;
  gboolean moves = config->fidelity == CS3_FIDELITY_EVENT || config->fidelity == CS3_FIDELITY_ALL;
  json_t *event = moves ? event_json(config, &choice.shape, mapping, &result, error) : NULL;
  if (moves && event == NULL)
    return NULL;
  json_t *record = shape_json(config);
  add_result(config, &choice, &result, cs3_attention_bound(hw, &choice.shape, mapping), record);
  if (event != NULL)
    json_object_set_new(record, "event", event);
  return record;
}

/* What a query sees, in words. */
static char *mask_text(const json_t *r) {
  GString *text = g_string_new(json_is_true(json_object_get(r, "causal")) ? "causal" : "all keys");
  double window = cs3_record_number(r, "window"), document = cs3_record_number(r, "document");
  double tile = cs3_record_number(r, "tile");
  if (window > 0)
    g_string_append_printf(text, ", window %.0f", window);
  if (document > 0)
    g_string_append_printf(text, ", documents of %.0f", document);
  if (tile > 1)
    g_string_append_printf(text, ", in tiles of %.0f", tile);
  return g_string_free(text, FALSE);
}

static void write_heading(const json_t *r, Cs3Output *output) {
  g_autofree char *mask = mask_text(r);
  double heads = cs3_record_number(r, "heads"), sequences = cs3_record_number(r, "sequences");
  cs3_output_printf(output, "attention %s, %.0f head%s of %.0f", cs3_record_string(r, "pass"),
                    heads, heads == 1 ? "" : "s", cs3_record_number(r, "head_dim"));
  if (cs3_record_number(r, "value_dim") != cs3_record_number(r, "head_dim"))
    cs3_output_printf(output, " (values of %.0f)", cs3_record_number(r, "value_dim"));
  if (cs3_record_number(r, "kv_heads") != cs3_record_number(r, "heads"))
    cs3_output_printf(output, ", %.0f of keys", cs3_record_number(r, "kv_heads"));
  cs3_output_printf(output, ", %.0f sequence%s of %.0f", sequences, sequences == 1 ? "" : "s",
                    cs3_record_number(r, "queries"));
  if (cs3_record_number(r, "keys") != cs3_record_number(r, "queries"))
    cs3_output_printf(output, " queries, %.0f keys", cs3_record_number(r, "keys"));
  cs3_output_printf(output, ", %s, on %s\n\n", mask, cs3_record_string(r, "hardware"));
}

static void write_event(const json_t *r, Cs3Output *output) {
  if (json_object_get(r, "event") == NULL)
    return;
  cs3_output_printf(output, "fidelities   event %.0f, recurrence %.0f, bound %.0f cycles\n",
                    cs3_record_number(r, "event.cycles"), cs3_record_number(r, "cycles"),
                    cs3_record_number(r, "bound_cycles"));
  cs3_output_printf(output,
                    "event        %.0f wavelet hops on a rectangle of %.0fx%.0f PEs; %.0f scores; "
                    "%.0f wrong outputs, largest error %.3g\n",
                    cs3_record_number(r, "event.wavelet_hops"), cs3_record_number(r, "event.width"),
                    cs3_record_number(r, "event.height"), cs3_record_number(r, "event.pairs"),
                    cs3_record_number(r, "event.wrong_outputs"),
                    cs3_record_number(r, "event.largest_error"));
}

static const Cs3Column cause_columns[] = {
    {.key = "cause", .title = "cause", .type = CS3_COLUMN_TEXT},
    {.key = "cycles", .title = "cycles", .type = CS3_COLUMN_INT},
    {.key = "share", .title = "share [%]", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100},
};

static double cause_cycles(const json_t *r, int cause) {
  g_autofree char *path =
      g_strdup_printf("causes.%s", cs3_attention_cause_name((Cs3AttentionCause)cause));
  return cs3_record_number(r, path);
}

static void write_causes(const json_t *r, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(cause_columns, G_N_ELEMENTS(cause_columns));
  double cycles = cs3_record_number(r, "cycles");
  for (int cause = 0; cause < CS3_N_ATTENTION_CAUSES; cause++) {
    cs3_table_add_text(table, cs3_attention_cause_name((Cs3AttentionCause)cause));
    cs3_table_add_int(table, (gint64)cause_cycles(r, cause));
    cs3_table_add_real(table, cause_cycles(r, cause) / cycles);
  }
  cs3_table_add_text(table, "pass");
  cs3_table_add_int(table, (gint64)cycles);
  cs3_table_add_real(table, 1);
  cs3_output_printf(output, "\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

void cs3_attention_record_text(const json_t *r, Cs3Output *output) {
  gboolean causes = json_object_get(r, "causes") != NULL;
  write_heading(r, output);
  cs3_output_printf(output, "cycles       %.0f  (lower bound %.0f)\n",
                    cs3_record_number(r, "cycles"), cs3_record_number(r, "bound_cycles"));
  cs3_output_printf(output, "efficiency   %.3f of the mapped PEs' peak, %.3g PFLOP/s\n",
                    cs3_record_number(r, "efficiency"),
                    cs3_record_number(r, "achieved_flops") / 1e15);
  write_event(r, output);
  if (causes)
    cs3_output_printf(output, "bottleneck   %s\n", cs3_record_string(r, "bottleneck"));
  cs3_output_printf(output, "imbalance    %.3f (scores of the busiest place / mean)\n",
                    cs3_record_number(r, "imbalance"));
  cs3_output_printf(output, "rectangle    %.0f PEs, %.0f job%s, %.0f bytes of SRAM\n",
                    cs3_record_number(r, "places"), cs3_record_number(r, "jobs"),
                    cs3_record_number(r, "jobs") == 1 ? "" : "s",
                    cs3_record_number(r, "sram_bytes"));
  cs3_output_printf(output, "mapping      %s\n", cs3_record_string(r, "mapping.text"));
  if (*cs3_record_string(r, "runner_up.text"))
    cs3_output_printf(output, "runner-up    %s: %.0f cycles\n",
                      cs3_record_string(r, "runner_up.text"),
                      cs3_record_number(r, "runner_up.cycles"));
  if (causes)
    write_causes(r, output);
}

/* Beside the causes. */
static const Cs3Column csv_columns[] = {
    {.key = "hardware", .type = CS3_COLUMN_TEXT},
    {.key = "pass", .type = CS3_COLUMN_TEXT},
    {.key = "mapping.text", .type = CS3_COLUMN_TEXT},
    {.key = "heads", .type = CS3_COLUMN_INT},
    {.key = "kv_heads", .type = CS3_COLUMN_INT},
    {.key = "head_dim", .type = CS3_COLUMN_INT},
    {.key = "value_dim", .type = CS3_COLUMN_INT},
    {.key = "sequences", .type = CS3_COLUMN_INT},
    {.key = "queries", .type = CS3_COLUMN_INT},
    {.key = "keys", .type = CS3_COLUMN_INT},
    {.key = "causal", .type = CS3_COLUMN_TEXT},
    {.key = "window", .type = CS3_COLUMN_INT},
    {.key = "document", .type = CS3_COLUMN_INT},
    {.key = "tile", .type = CS3_COLUMN_INT},
    {.key = "fidelity", .type = CS3_COLUMN_TEXT},
    {.key = "places", .type = CS3_COLUMN_INT},
    {.key = "jobs", .type = CS3_COLUMN_INT},
    {.key = "cycles", .type = CS3_COLUMN_INT},
    {.key = "bound_cycles", .type = CS3_COLUMN_INT},
    {.key = "efficiency", .type = CS3_COLUMN_REAL},
    {.key = "imbalance", .type = CS3_COLUMN_REAL},
    {.key = "sram_bytes", .type = CS3_COLUMN_INT},
};

/* Of records that have them. */
static const Cs3Column runner_up_columns[] = {
    {.key = "runner_up.text", .type = CS3_COLUMN_TEXT},
    {.key = "runner_up.cycles", .type = CS3_COLUMN_INT},
};
static const Cs3Column event_columns[] = {
    {.key = "event.cycles", .type = CS3_COLUMN_INT},
    {.key = "event.wrong_outputs", .type = CS3_COLUMN_INT},
    {.key = "event.largest_error", .type = CS3_COLUMN_REAL},
    {.key = "event.wavelet_hops", .type = CS3_COLUMN_INT},
};

/* Returns: (element-type Cs3Column): of what @r has. @causes: (out): names of the causes' columns.
 */
static GArray *list_columns(const json_t *r, char **causes) {
  GArray *columns = g_array_new(FALSE, FALSE, sizeof(Cs3Column));
  g_array_append_vals(columns, csv_columns, G_N_ELEMENTS(csv_columns));
  for (int i = 0; i < CS3_N_ATTENTION_CAUSES && json_object_get(r, "causes") != NULL; i++) {
    causes[i] = g_strdup_printf("causes.%s", cs3_attention_cause_name((Cs3AttentionCause)i));
    Cs3Column column = {.key = causes[i], .type = CS3_COLUMN_INT};
    g_array_append_val(columns, column);
  }
  if (json_object_get(r, "runner_up") != NULL)
    g_array_append_vals(columns, runner_up_columns, G_N_ELEMENTS(runner_up_columns));
  if (json_object_get(r, "event") != NULL)
    g_array_append_vals(columns, event_columns, G_N_ELEMENTS(event_columns));
  return columns;
}

static void add_cell(Cs3Table *table, const json_t *r, const Cs3Column *column) {
  if (json_is_boolean(json_object_get(r, column->key)))
    cs3_table_add_text(table, json_is_true(json_object_get(r, column->key)) ? "true" : "false");
  else if (column->type == CS3_COLUMN_TEXT)
    cs3_table_add_text(table, cs3_record_string(r, column->key));
  else if (column->type == CS3_COLUMN_INT)
    cs3_table_add_int(table, (gint64)cs3_record_number(r, column->key));
  else
    cs3_table_add_real(table, cs3_record_number(r, column->key));
}

void cs3_attention_record_csv(const json_t *r, Cs3Output *output) {
  g_auto(GStrv) causes = g_new0(char *, CS3_N_ATTENTION_CAUSES + 1);
  g_autoptr(GArray) all = list_columns(r, causes);
  const Cs3Column *columns = (const Cs3Column *)(void *)all->data;
  g_autoptr(Cs3Table) table = cs3_table_new(columns, all->len);
  for (guint i = 0; i < all->len; i++)
    add_cell(table, r, &columns[i]);
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}
