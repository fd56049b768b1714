/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of a budget for people and as rows. */
#include "config.h"

#include "base/table.h"
#include "results/record.h"
#include "sim/law/budget.h"

static const Cs3Column columns[] = {
    {.key = "sparsity", .title = "sparsity", .type = CS3_COLUMN_REAL, .decimals = 3},
    {.key = "width", .title = "width", .type = CS3_COLUMN_INT},
    {.key = "alive", .title = "alive [M]", .type = CS3_COLUMN_REAL, .decimals = 1},
    {.key = "weights", .title = "of [M]", .type = CS3_COLUMN_REAL, .decimals = 1},
    {.key = "samples_per_s", .title = "samples/s", .type = CS3_COLUMN_REAL, .decimals = 0},
    {.key = "speedup", .title = "speed-up", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "samples", .title = "samples [M]", .type = CS3_COLUMN_REAL, .decimals = 0},
    {.key = "loss", .title = "loss", .type = CS3_COLUMN_REAL, .decimals = 4},
};

/* People read millions, programs the record's own units. */
static void add_point(Cs3Table *table, const json_t *point, double unit) {
  cs3_table_add_real(table, cs3_record_number(point, "sparsity"));
  cs3_table_add_int(table, (gint64)cs3_record_number(point, "width"));
  cs3_table_add_real(table, cs3_record_number(point, "alive") / unit);
  cs3_table_add_real(table, cs3_record_number(point, "weights") / unit);
  cs3_table_add_real(table, cs3_record_number(point, "samples_per_s"));
  cs3_table_add_real(table, cs3_record_number(point, "speedup"));
  cs3_table_add_real(table, cs3_record_number(point, "samples") / unit);
  cs3_table_add_real(table, cs3_record_number(point, "loss"));
}

/* Points come best first: whether @point is the first of its sparsity. */
static gboolean is_first(const json_t *points, size_t place) {
  double sparsity = cs3_record_number(json_array_get(points, place), "sparsity");
  for (size_t i = 0; i < place; i++)
    if (cs3_record_number(json_array_get(points, i), "sparsity") == sparsity)
      return FALSE;
  return TRUE;
}

/* Outside of what the law was fitted to it is a guess. */
static void write_doubt(const json_t *record, const json_t *best, Cs3Output *output) {
  double alive = cs3_record_number(best, "alive");
  double low = cs3_record_number(record, "fitted_low");
  double high = cs3_record_number(record, "fitted_high");
  double width = cs3_record_number(best, "width"), widest = 0;
  const json_t *points = json_object_get(record, "points");
  for (size_t i = 0; i < json_array_size(points); i++)
    widest = MAX(widest, cs3_record_number(json_array_get(points, i), "width"));
  if (width == widest)
    cs3_output_puts(output, "that is the widest network of the grid: a wider one may be better\n");
  if (alive < low || alive > high)
    cs3_output_printf(output,
                      "the law was fitted to %.3g to %.3g M weights alive: the best lies outside\n",
                      low / 1e6, high / 1e6);
}

/* A FLOP buys as much whether its weight is alive or not: at any size most of them alive is best.
 * What the law has an answer to is a size: weights alive are what is paid for afterwards. */
static void write_sizes(const json_t *sizes, Cs3Output *output) {
  cs3_output_puts(output,
                  "every weight costs its FLOP, alive or not: of all networks a dense one is best; "
                  "of as many weights\nalive, which is what using them costs, the law says\n");
  for (size_t i = 0; i < json_array_size(sizes); i++)
    cs3_output_printf(output, "%8.4g M  %.4g %%\n",
                      cs3_record_number(json_array_get(sizes, i), "alive") / 1e6,
                      100 * cs3_record_number(json_array_get(sizes, i), "sparsity"));
}

static void write_flop_answer(const json_t *record, Cs3Output *output) {
  const json_t *sizes = json_object_get(json_object_get(record, "flop_optimal"), "sizes");
  cs3_output_printf(
      output, "a dense network of equal loss, with as much data, has %.2f times the weights\n",
      cs3_record_number(record, "flop_optimal.dense_size"));
  if (sizes != NULL)
    write_sizes(sizes, output);
  else
    cs3_output_printf(
        output,
        "if all weights cost their FLOP, sparse or not (%.3g FLOP), the law says %.4g "
        "%% for as many alive\n",
        cs3_record_number(record, "flop_optimal.flops"),
        100 * cs3_record_number(record, "flop_optimal.sparsity"));
}

void cs3_law_text(const json_t *record, Cs3Output *output) {
  const json_t *points = json_object_get(record, "points"), *best = json_array_get(points, 0);
  cs3_output_printf(output, "%s on %s, law %s (%s): %zu networks\n",
                    cs3_record_string(record, "budget"), cs3_record_string(record, "hardware"),
                    cs3_record_string(record, "law"), cs3_record_string(record, "source"),
                    json_array_size(points));
  cs3_output_printf(output, "least loss: %.4f at %.4g %% sparsity, width %.0f\n",
                    cs3_record_number(best, "loss"), 100 * cs3_record_number(best, "sparsity"),
                    cs3_record_number(best, "width"));
  write_doubt(record, best, output);
  write_flop_answer(record, output);
  cs3_output_puts(output, "\nthe best of each sparsity\n");
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  for (size_t i = 0; i < json_array_size(points); i++)
    if (is_first(points, i))
      add_point(table, json_array_get(points, i), 1e6);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

void cs3_law_csv(const json_t *record, Cs3Output *output) {
  const json_t *points = json_object_get(record, "points");
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  for (size_t i = 0; i < json_array_size(points); i++)
    add_point(table, json_array_get(points, i), 1);
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}
