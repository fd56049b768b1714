/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The zeros of a checkpoint's weights, against as many zeros anywhere. */
#include "config.h"

#include "sim/run/inspect-weights.h"

#include <gsl/gsl_cdf.h>
#include <math.h>

#include "base/json.h"
#include "fabric/layer/layer.h"
#include "results/schema.h"
#include "workloads/mask-draw.h"
#include "workloads/weight-set.h"

static const Cs3Column columns[] = {
    {.key = "name", .title = "weight", .type = CS3_COLUMN_TEXT},
    {.key = "layout", .title = "layout", .type = CS3_COLUMN_TEXT},
    {.key = "out_features", .title = "out", .type = CS3_COLUMN_INT},
    {.key = "in_features", .title = "in", .type = CS3_COLUMN_INT},
    {.key = "nonzeros", .type = CS3_COLUMN_INT},
    {.key = "masked_nan", .type = CS3_COLUMN_INT},
    {.key = "sparsity", .title = "zeros [%]", .type = CS3_COLUMN_REAL, .decimals = 2, .scale = 100},
    {.key = "row_imbalance", .title = "rows", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "row_imbalance_uniform", .title = "uniform", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "column_imbalance", .title = "columns", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "column_imbalance_uniform", .title = "uniform", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "line_imbalance", .title = "lines", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "line_imbalance_uniform", .title = "uniform", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "like", .title = "as --pattern", .type = CS3_COLUMN_TEXT},
    {.key = "refused", .type = CS3_COLUMN_TEXT},
};

double cs3_inspect_busiest(gint64 n, double size, gint64 live) {
  double all = (double)n * size, p = (double)live / all;
  if (n < 2 || live == 0)
    return 1;
  double variance = size * p * (1 - p) * (1 - 1.0 / (double)n) * all / MAX(1, all - 1);
  double quantile = gsl_cdf_ugaussian_Pinv(pow(0.5264, 1.0 / (double)n));
  return MIN(size, size * p + sqrt(variance) * quantile) / (size * p);
}

static guint64 line_count(const guint32 *counts, const gint64 *starts, gint64 line) {
  guint64 sum = 0;
  for (gint64 i = starts[line]; i < starts[line + 1]; i++)
    sum += counts[i];
  return sum;
}

/* Busiest unit over the mean one. @starts: (nullable): unit u is counts [starts[u], starts[u + 1]).
 */
static double imbalance(const guint32 *counts, gint64 n, const gint64 *starts, gint64 live) {
  guint64 most = 0;
  for (gint64 u = 0; u < n; u++)
    most = MAX(most, starts != NULL ? line_count(counts, starts, u) : counts[u]);
  return live > 0 ? (double)most * (double)n / (double)live : NAN;
}

/* (transfer full): the drawn mask that is as uneven. */
static char *pattern_like(const Cs3WeightCounts *c) {
  Cs3MaskSpread rows = cs3_mask_spread(c->by_row, c->rows, c->cols);
  Cs3MaskSpread cols = cs3_mask_spread(c->by_col, c->cols, c->rows);
  double of_rows = rows.spread * rows.spread, of_cols = cols.spread * cols.spread;
  double shared = of_rows + of_cols > 0
                      ? (rows.shared * of_rows + cols.shared * of_cols) / (of_rows + of_cols)
                      : 0;
  return g_strdup_printf("uneven:%.0f:%.0f:%.0f", MIN(400, 100 * cols.spread),
                         MIN(400, 100 * rows.spread), 100 * shared);
}

static void add_row(Cs3Table *table, const Cs3WeightSet *set, guint index, gint64 most_lines) {
  const Cs3WeightCounts *c = &cs3_weight_set_entry(set, index)->counts;
  gint64 lines = MIN(most_lines, c->cols);
  g_autofree gint64 *starts = cs3_mapping_starts(c->cols, lines);
  double size = (double)c->rows * (double)c->cols;
  cs3_table_add_text(table, cs3_weight_set_entry(set, index)->name);
  cs3_table_add_text(table, cs3_weight_set_layout(set, index));
  cs3_table_add_int(table, c->rows);
  cs3_table_add_int(table, c->cols);
  cs3_table_add_int(table, c->live);
  cs3_table_add_int(table, c->masked);
  cs3_table_add_real(table, 1 - (double)c->live / size);
  cs3_table_add_real(table, imbalance(c->by_row, c->rows, NULL, c->live));
  cs3_table_add_real(table, cs3_inspect_busiest(c->rows, (double)c->cols, c->live));
  cs3_table_add_real(table, imbalance(c->by_col, c->cols, NULL, c->live));
  cs3_table_add_real(table, cs3_inspect_busiest(c->cols, (double)c->rows, c->live));
  cs3_table_add_real(table, imbalance(c->by_col, lines, starts, c->live));
  cs3_table_add_real(table, cs3_inspect_busiest(lines, size / (double)lines, c->live));
  g_autofree char *like = pattern_like(c);
  cs3_table_add_text(table, like);
  cs3_table_add_text(table, NULL);
}

/* (transfer full): its statistics, with what the plot of lines needs. */
static json_t *statistics(const Cs3WeightSet *set, guint index, gint64 most_lines) {
  const Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  const Cs3WeightCounts *c = &entry->counts;
  gint64 lines = MIN(most_lines, c->cols);
  g_autofree gint64 *starts = cs3_mapping_starts(c->cols, lines);
  json_t *counts = json_array(),
         *matrix = cs3_weight_statistics_json(entry->name, cs3_weight_set_layout(set, index), c);
  for (gint64 r = 0; r < lines; r++)
    json_array_append_new(counts, json_integer((json_int_t)line_count(c->by_col, starts, r)));
  double expected =
      cs3_inspect_busiest(lines, (double)c->rows * (double)c->cols / (double)lines, c->live);
  json_object_set_new(matrix, "line_imbalance_uniform", json_real(expected));
  json_object_set_new(matrix, "line_counts", counts);
  return matrix;
}

/* Packed weights have a name and a reason, and no counts. */
static void add_refused(Cs3Table *table, const Cs3Weight *weight) {
  cs3_table_add_text(table, weight->name);
  cs3_table_add_text(table, weight->layout->name);
  cs3_table_add_int(table, weight->rows);
  cs3_table_add_int(table, weight->cols);
  for (guint i = 4; i < 6; i++)
    cs3_table_add_int(table, 0);
  for (guint i = 6; i < G_N_ELEMENTS(columns) - 2; i++)
    cs3_table_add_real(table, NAN);
  cs3_table_add_text(table, NULL);
  cs3_table_add_text(table, weight->refusal);
}

typedef struct {
  const Cs3InspectWeights *what;
  Cs3Table *table;
  json_t *weights;  /* (nullable): statistics are wanted */
  gint64 live, all; /* of what was counted */
  guint refused;
} Inspection;

static gboolean inspect(Inspection *in, Cs3WeightSet *set, guint index, GError **error) {
  Cs3WeightEntry *entry = cs3_weight_set_entry(set, index);
  if (entry->weight != NULL && entry->weight->refusal != NULL) {
    in->refused++;
    add_refused(in->table, entry->weight);
    return in->weights == NULL || cs3_weight_prepare(entry->weight, error); /* which says why not */
  }
  if (!cs3_weight_set_count(set, index, in->what->workers, error))
    return FALSE;
  in->live += entry->counts.live;
  in->all += entry->counts.rows * entry->counts.cols;
  if (in->weights != NULL)
    json_array_append_new(in->weights, statistics(set, index, in->what->lines));
  else
    add_row(in->table, set, index, in->what->lines);
  cs3_weight_counts_clear(&entry->counts); /* one at a time */
  return TRUE;
}

static void write_text(const Inspection *in, Cs3Output *output) {
  cs3_table_write(in->table, output, CS3_FORMAT_TEXT);
  cs3_output_printf(output, "\n%" G_GINT64_FORMAT " weights in %u matrices, %.2f %% of them zero",
                    in->all, cs3_table_rows(in->table) - in->refused,
                    in->all > 0 ? 100 - 100 * (double)in->live / (double)in->all : 0);
  if (in->refused > 0)
    cs3_output_printf(output, "; %u packed matrices were not counted", in->refused);
  cs3_output_printf(output,
                    "\nrows, columns, lines: live weights of the busiest over the mean; lines: "
                    "input features in %" G_GINT64_FORMAT " blocks\n",
                    in->what->lines);
}

static gboolean inspect_all(const Cs3Context *context, Inspection *in, Cs3WeightSet *set,
                            GError **error) {
  guint n = set->entries->len;
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "weights", MAX(1, n));
  for (guint i = 0; i < n; i++) {
    if (!inspect(in, set, i, error))
      return FALSE;
    cs3_progress_update(progress, i + 1);
  }
  return TRUE;
}

gboolean cs3_inspect_weights(const Cs3Context *context, const Cs3InspectWeights *what,
                             GError **error) {
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(what->path, what->nan_masked, error);
  if (set == NULL)
    return FALSE;
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  gboolean whole = context->format == CS3_FORMAT_JSON;
  Inspection in = {.what = what, .table = table, .weights = whole ? json_array() : NULL};
  gboolean ok = inspect_all(context, &in, set, error);
  if (ok && whole) {
    json_t *record =
        cs3_json_pack("{s:s, s:s, s:I, s:O}", "schema", CS3_MASKS_SCHEMA, "weights_file",
                      what->name, "lines", (json_int_t)what->lines, "weights", in.weights);
    cs3_output_json(context->output, record,
                    CS3_FORMAT_JSONL); /* one line: numbers by the million */
    json_decref(record);
  } else if (ok && context->format == CS3_FORMAT_TEXT) {
    write_text(&in, context->output);
  } else if (ok) {
    cs3_table_write(table, context->output, context->format);
  }
  json_decref(in.weights);
  return ok;
}
