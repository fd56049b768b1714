/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a calibration says, for people. */
#include "config.h"

#include <math.h>

#include "base/table.h"
#include "results/record.h"
#include "sim/validation/calibrate.h"

/* Constants whose width is below this are shown as text. */
#define NARROWED 0.9
/* Fewer make quantiles of 10 and 90 % uncertain by more than a few per cent of weight. */
enum { ENOUGH_POINTS = 50 };

static const Cs3Column constant_columns[] = {
    {.key = "name", .title = "constant", .type = CS3_COLUMN_TEXT},
    {.key = "machines", .type = CS3_COLUMN_TEXT},
    {.key = "value", .title = "value", .type = CS3_COLUMN_TEXT},
    {.key = "range", .title = "before", .type = CS3_COLUMN_TEXT},
    {.key = "posterior.p10", .title = "after: 10 %", .type = CS3_COLUMN_TEXT},
    {.key = "posterior.median", .title = "median", .type = CS3_COLUMN_TEXT},
    {.key = "posterior.p90", .title = "90 %", .type = CS3_COLUMN_TEXT},
    {.key = "width", .title = "width", .type = CS3_COLUMN_REAL, .decimals = 2},
};

static const Cs3Column row_columns[] = {
    {.key = "name", .title = "measured", .type = CS3_COLUMN_TEXT},
    {.key = "measured", .title = "seq/s", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "nominal", .title = "nominal", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "fitted.median", .title = "posterior", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "held_out.p10", .title = "held out: 10 %", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "held_out.p90", .title = "90 %", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "inside", .title = "inside", .type = CS3_COLUMN_TEXT},
};

static void add_row(Cs3Table *table, const Cs3Column *columns, guint n, const json_t *entry) {
  for (guint c = 0; c < n; c++) {
    const json_t *value = json_object_get(entry, columns[c].key);
    if (json_is_boolean(value))
      cs3_table_add_text(table, json_is_true(value) ? "yes" : "no");
    else if (columns[c].type == CS3_COLUMN_TEXT)
      cs3_table_add_text(table, cs3_record_string(entry, columns[c].key));
    else
      cs3_table_add_real(table, cs3_record_number(entry, columns[c].key));
  }
}

/* Rows of a network are off together: the mean over networks of the share of their rows that lie
 * inside. @n: (out): networks. */
static double inside_by_network(const json_t *rows, guint *n) {
  g_autoptr(GHashTable) all = g_hash_table_new(g_str_hash, g_str_equal);
  g_autoptr(GHashTable) inside = g_hash_table_new(g_str_hash, g_str_equal);
  size_t i;
  json_t *row;
  json_array_foreach(rows, i, row) {
    gpointer network = (gpointer)cs3_record_string(row, "network");
    guint before = GPOINTER_TO_UINT(g_hash_table_lookup(all, network));
    guint within = GPOINTER_TO_UINT(g_hash_table_lookup(inside, network));
    within += json_is_true(json_object_get(row, "inside"));
    g_hash_table_insert(all, network, GUINT_TO_POINTER(before + 1));
    g_hash_table_insert(inside, network, GUINT_TO_POINTER(within));
  }
  double sum = 0;
  GHashTableIter iter;
  gpointer network, rows_of;
  g_hash_table_iter_init(&iter, all);
  while (g_hash_table_iter_next(&iter, &network, &rows_of))
    sum += (double)GPOINTER_TO_UINT(g_hash_table_lookup(inside, network)) /
           (double)GPOINTER_TO_UINT(rows_of);
  *n = g_hash_table_size(all);
  return *n > 0 ? sum / *n : NAN;
}

static void write_rows(const json_t *posterior, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(row_columns, G_N_ELEMENTS(row_columns));
  size_t i, inside = 0, n = 0;
  json_t *row;
  json_array_foreach(json_object_get(posterior, "rows"), i, row) {
    add_row(table, row_columns, G_N_ELEMENTS(row_columns), row);
    inside += json_is_true(json_object_get(row, "inside"));
    n += isfinite(cs3_record_number(row, "held_out.p10")) ? 1 : 0;
  }
  cs3_output_puts(output, "\nMeasured rows; held out: predicted from the other networks alone\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  if (n == 0)
    return;
  guint networks;
  double share = inside_by_network(json_object_get(posterior, "rows"), &networks);
  cs3_output_printf(
      output,
      "%zu of %zu rows lie in the interval of 80 %% that holds without their network; "
      "as a mean over the %u networks, whose rows are off together, %.0f %%\n",
      inside, n, networks, 100 * share);
}

static void write_constants(const json_t *posterior, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(constant_columns, G_N_ELEMENTS(constant_columns));
  size_t i;
  json_t *constant;
  json_array_foreach(json_object_get(posterior, "constants"), i, constant) {
    if (cs3_record_number(constant, "width") < NARROWED)
      add_row(table, constant_columns, G_N_ELEMENTS(constant_columns), constant);
  }
  cs3_output_printf(output,
                    "\nWhat the rows say of the constants (width: standard deviation over that "
                    "before; others: above %.1f)\n",
                    NARROWED);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  json_array_foreach(json_object_get(posterior, "pairs"), i, constant) cs3_output_printf(
      output, "%s and %s go together (correlation %.2f)\n", cs3_record_string(constant, "first"),
      cs3_record_string(constant, "second"), cs3_record_number(constant, "correlation"));
}

static const Cs3Column next_columns[] = {
    {.key = "reduction",
     .title = "less variance [%]",
     .type = CS3_COLUMN_REAL,
     .decimals = 0,
     .scale = 100},
    {.key = "expected.p10", .title = "seq/s: 10 %", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "expected.p90", .title = "90 %", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "command", .title = "simulated by", .type = CS3_COLUMN_TEXT},
};

static void write_next(const json_t *posterior, Cs3Output *output) {
  const json_t *list = json_object_get(posterior, "next");
  g_autoptr(Cs3Table) table = cs3_table_new(next_columns, G_N_ELEMENTS(next_columns));
  size_t i;
  json_t *candidate;
  if (json_array_size(list) == 0)
    return;
  json_array_foreach(list, i, candidate)
      add_row(table, next_columns, G_N_ELEMENTS(next_columns), candidate);
  cs3_output_puts(output,
                  "\nWhat to measure next: how much less variance of the predicted speed-up "
                  "is to be expected, and the rate\n");
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}

static void write_prediction(const json_t *posterior, Cs3Output *output) {
  static const struct {
    const char *title, *key;
  } lines[] = {{"speed-up", "speedup"}, {"step time [s]", "step_time_s"}};
  cs3_output_printf(output, "\nPrediction: cs3sim run %s\n",
                    cs3_record_string(posterior, "prediction.arguments"));
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++) {
    double numbers[7];
    static const char *const paths[] = {"nominal",      "prior.p10",     "prior.median",
                                        "prior.p90",    "posterior.p10", "posterior.median",
                                        "posterior.p90"};
    for (guint k = 0; k < G_N_ELEMENTS(paths); k++) {
      g_autofree char *path = g_strdup_printf("prediction.%s.%s", lines[i].key, paths[k]);
      numbers[k] = cs3_record_number(posterior, path);
    }
    cs3_output_printf(output,
                      "%-14s nominal %.4g; before %.4g to %.4g, median %.4g; after %.4g to %.4g, "
                      "median %.4g\n",
                      lines[i].title, numbers[0], numbers[1], numbers[3], numbers[2], numbers[4],
                      numbers[6], numbers[5]);
  }
}

void cs3_calibrate_text(const json_t *posterior, Cs3Output *output) {
  cs3_output_printf(
      output,
      "%zu measured rows on %.0f machines (%.0f simulations): %.0f effective points\n"
      "the simulator is off by %.1f %% in a network (median; 10 to 90 %%: %.1f to "
      "%.1f %%), by %.1f %% from row to row\n",
      json_array_size(json_object_get(posterior, "rows")), cs3_record_number(posterior, "machines"),
      cs3_record_number(posterior, "simulations"), cs3_record_number(posterior, "effective_points"),
      100 * cs3_record_number(posterior, "discrepancy.network.median"),
      100 * cs3_record_number(posterior, "discrepancy.network.p10"),
      100 * cs3_record_number(posterior, "discrepancy.network.p90"),
      100 * cs3_record_number(posterior, "discrepancy.row.median"));
  write_prediction(posterior, output);
  write_constants(posterior, output);
  write_rows(posterior, output);
  write_next(posterior, output);
  if (json_object_get(posterior, "coverage") != NULL)
    cs3_output_printf(output,
                      "\nOf %.0f machines drawn, measured with noise and inferred, 80 %% intervals "
                      "hold the true speed-up in %.0f %%, the step time in %.0f %%\n",
                      cs3_record_number(posterior, "coverage.trials"),
                      100 * cs3_record_number(posterior, "coverage.speedup"),
                      100 * cs3_record_number(posterior, "coverage.step_time_s"));
}

void cs3_calibrate_csv(const json_t *posterior, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(constant_columns, G_N_ELEMENTS(constant_columns));
  size_t i;
  json_t *constant;
  json_array_foreach(json_object_get(posterior, "constants"), i, constant)
      add_row(table, constant_columns, G_N_ELEMENTS(constant_columns), constant);
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}

GPtrArray *cs3_calibrate_warnings(const json_t *posterior) {
  GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
  size_t i;
  json_t *pair;
  json_array_foreach(json_object_get(posterior, "contradictions"), i, pair) g_ptr_array_add(
      lines, g_strdup_printf("%s (%s) and %s (%s) contradict one another: no machine in the ranges "
                             "gives both within a factor of 2",
                             json_string_value(json_array_get(pair, 0)),
                             json_string_value(json_array_get(pair, 1)),
                             json_string_value(json_array_get(pair, 2)),
                             json_string_value(json_array_get(pair, 3))));
  double points = cs3_record_number(posterior, "effective_points");
  if (points < ENOUGH_POINTS)
    g_ptr_array_add(lines, g_strdup_printf("only %.1f effective points: the quantiles are rough; "
                                           "take more with --rounds or --more",
                                           points));
  return lines;
}
