/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A record of inference for people and as rows. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/table.h"
#include "results/record.h"
#include "sim/inference/inference.h"

/* The last two of rows alone: people read a reason where a bound would be. */
enum { TEXT_COLUMNS = 8 };
static const Cs3Column columns[] = {
    {.key = "machine", .title = "machine", .type = CS3_COLUMN_TEXT},
    {.key = "weights", .title = "weights", .type = CS3_COLUMN_TEXT},
    {.key = "bytes_per_weight", .title = "bytes each", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "prefill_s", .title = "prefill [s]", .type = CS3_COLUMN_REAL, .decimals = 4},
    {.key = "token_ms", .title = "a token [ms]", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "tokens_per_s", .title = "tokens/s", .type = CS3_COLUMN_REAL, .decimals = 1},
    {.key = "gain", .title = "x dense", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "bound", .title = "bound by", .type = CS3_COLUMN_TEXT},
    {.key = "hypothetical", .type = CS3_COLUMN_TEXT},
    {.key = "reason", .type = CS3_COLUMN_TEXT},
};

/* The first row of the same machine and placement holds dense weights. */
static double gain(const json_t *machines, const json_t *row) {
  const char *name = cs3_record_string(row, "machine");
  const char *weights = cs3_record_string(row, "weights");
  gsize place = (gsize)(strrchr(weights, ',') != NULL ? strrchr(weights, ',') - weights : 0);
  size_t i;
  json_t *other;
  json_array_foreach((json_t *)machines, i, other) {
    if (strcmp(cs3_record_string(other, "machine"), name) == 0 &&
        strncmp(cs3_record_string(other, "weights"), weights, place) == 0 &&
        (place == 0) == (strchr(cs3_record_string(other, "weights"), ',') == NULL))
      return cs3_record_number(other, "token_s") / cs3_record_number(row, "token_s");
  }
  return NAN;
}

static void add_end(Cs3Table *table, const json_t *row, gboolean people) {
  const char *reason = cs3_record_string(row, "reason"), *bound = cs3_record_string(row, "bound");
  cs3_table_add_text(table, people && reason[0] != '\0' ? reason : bound);
  if (people)
    return;
  cs3_table_add_text(table, json_is_true(json_object_get(row, "hypothetical")) ? "yes" : "no");
  cs3_table_add_text(table, reason);
}

static Cs3Table *table_of(const json_t *record, gboolean people) {
  const json_t *machines = json_object_get(record, "machines");
  Cs3Table *table = cs3_table_new(columns, people ? TEXT_COLUMNS : G_N_ELEMENTS(columns));
  size_t i;
  json_t *row;
  json_array_foreach((json_t *)machines, i, row) {
    cs3_table_add_text(table, cs3_record_string(row, "machine"));
    cs3_table_add_text(table, cs3_record_string(row, "weights"));
    cs3_table_add_real(table, cs3_record_number(row, "bytes_per_weight"));
    cs3_table_add_real(table, cs3_record_number(row, "prefill_s"));
    cs3_table_add_real(table, 1e3 * cs3_record_number(row, "token_s"));
    cs3_table_add_real(table, cs3_record_number(row, "tokens_per_s"));
    cs3_table_add_real(table, gain(machines, row));
    add_end(table, row, people);
  }
  return table;
}

/* Every machine beside once. */
static void write_sources(const json_t *record, Cs3Output *output) {
  const char *last = "";
  size_t i;
  json_t *row;
  json_array_foreach(json_object_get(record, "machines"), i, row) {
    const char *machine = cs3_record_string(row, "machine");
    if (json_object_get(row, "source") == NULL || strcmp(machine, last) == 0)
      continue;
    last = machine;
    cs3_output_printf(output, "%s: %s\n", machine, cs3_record_string(row, "source"));
  }
}

static void write_title(const json_t *record, Cs3Output *output) {
  double encoder = cs3_record_number(record, "encoder_seq");
  double systems = cs3_record_number(record, "systems");
  g_autofree char *each =
      systems > 1 ? g_strdup_printf(", %.0f on each of %.0f systems",
                                    cs3_record_number(record, "batch") / systems, systems)
                  : g_strdup("");
  g_autofree char *behind =
      encoder > 0 ? g_strdup_printf(" behind an encoder of %.0f", encoder) : g_strdup("");
  cs3_output_printf(
      output,
      "%s, %.4g %% %s sparsity: %.0f sequences at a time%s, prompts of %.0f tokens%s, %.0f "
      "generated\n",
      cs3_record_string(record, "model.name"), 100 * cs3_record_number(record, "sparsity"),
      cs3_record_string(record, "pattern"), cs3_record_number(record, "batch"), each,
      cs3_record_number(record, "prompt"), behind, cs3_record_number(record, "generate"));
}

static void write_weights(const json_t *record, Cs3Output *output) {
  double all = cs3_record_number(record, "weights");
  double read = cs3_record_number(record, "weights_read");
  double live = cs3_record_number(record, "live_weights_read");
  gboolean chosen = read < (1 - 1e-9) * all;
  g_autofree char *of = chosen ? g_strdup_printf("of %.4g G ", all / 1e9) : g_strdup("");
  cs3_output_printf(output,
                    "keys and values: %.3g GB at the end; %.4g G %sweights are read for a token%s, "
                    "%.4g G of them alive\n\n",
                    cs3_record_number(record, "kv_bytes") / 1e9, read / 1e9, of,
                    chosen ? " (of experts those that a step's tokens are expected to choose)" : "",
                    live / 1e9);
}

void cs3_inference_text(const json_t *record, Cs3Output *output) {
  write_title(record, output);
  write_weights(record, output);
  g_autoptr(Cs3Table) table = table_of(record, TRUE);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  cs3_output_puts(
      output, "\nin SRAM: hypothetical, a bound; beside the wafer: bytes over bandwidth, formats "
              "counted, their unpacking not\n");
  write_sources(record, output);
}

void cs3_inference_csv(const json_t *record, Cs3Output *output) {
  g_autoptr(Cs3Table) table = table_of(record, FALSE);
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}
