/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the steps of many machines come to. */
#include "config.h"

#include "sim/run/bands.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>

#include "base/json.h"
#include "base/table.h"
#include "results/record.h"

const char *cs3_answer_name(Cs3Answer answer) {
  static const char *const names[CS3_N_ANSWERS] = {"speedup", "share_of_theory", "tokens_per_s",
                                                   "step_time_s"};
  return names[answer];
}

double cs3_answer_of(const Cs3RunConfig *config, const Cs3RunTimes *t, Cs3Answer answer) {
  const Cs3Graph *graph = config->graph;
  double tokens = (double)config->batch * graph->tokens;
  double speedup = t->dense_s / t->sparse_s;
  switch (answer) {
  case CS3_ANSWER_SPEEDUP:
    return speedup;
  case CS3_ANSWER_SHARE:
    return speedup / cs3_graph_theoretical_speedup(graph, config->sparsity->node_density);
  case CS3_ANSWER_RATE:
    return tokens / t->sparse_s;
  default:
    return t->sparse_s;
  }
}

static json_t *quantile(const double *sorted, gsize n, double q) {
  return n > 0 ? json_real(gsl_stats_quantile_from_sorted_data(sorted, 1, n, q)) : json_null();
}

json_t *cs3_band_json(double nominal, double *values, guint samples) {
  gsize n = 0;
  for (guint j = 0; j < samples; j++)
    if (isfinite(values[j]))
      values[n++] = values[j];
  gsl_sort(values, 1, n);
  return cs3_json_pack("{s:f, s:o, s:o, s:o}", "nominal", nominal, "median",
                       quantile(values, n, 0.5), "p10", quantile(values, n, 0.1), "p90",
                       quantile(values, n, 0.9));
}

/* Of an answer over the samples that can run. */
static json_t *band_json(const Cs3RunConfig *config, const Cs3RunTimes *nominal,
                         const Cs3RunTimes *times, guint samples, Cs3Answer answer) {
  g_autofree double *values = g_new(double, samples);
  for (guint j = 0; j < samples; j++)
    values[j] = cs3_answer_of(config, &times[j], answer);
  return cs3_band_json(cs3_answer_of(config, nominal, answer), values, samples);
}

json_t *cs3_bands_json(const Cs3RunConfig *config, const Cs3RunTimes *nominal,
                       const Cs3RunTimes *times, guint n) {
  json_int_t infeasible = 0;
  for (guint j = 0; j < n; j++)
    infeasible += isnan(times[j].sparse_s) ? 1 : 0;
  json_t *object = cs3_json_pack("{s:I, s:I}", "samples", (json_int_t)n, "infeasible", infeasible);
  for (int answer = 0; answer < CS3_N_ANSWERS; answer++)
    json_object_set_new(object, cs3_answer_name((Cs3Answer)answer),
                        band_json(config, nominal, times, n, (Cs3Answer)answer));
  return object;
}

static void add_cells(Cs3Table *table, const json_t *bands, Cs3Answer answer) {
  static const char *const keys[] = {"p10", "median", "p90"};
  for (guint k = 0; k < G_N_ELEMENTS(keys); k++) {
    g_autofree char *path = g_strconcat(cs3_answer_name(answer), ".", keys[k], NULL);
    double value = cs3_record_number(bands, path);
    g_autofree char *text = isfinite(value) ? g_strdup_printf("%.4g", value) : g_strdup("-");
    cs3_table_add_text(table, text);
  }
}

void cs3_bands_text(const json_t *bands, const char *title, const json_t *others,
                    const char *other_title, Cs3Output *output) {
  static const char *const titles[CS3_N_ANSWERS] = {"speed-up", "share of theory", "tokens/s",
                                                    "step time [s]"};
  g_autofree char *first = g_strconcat(title, "10 %", NULL);
  g_autofree char *second = g_strconcat(others != NULL ? other_title : "", "10 %", NULL);
  const Cs3Column columns[] = {
      {.key = "answer", .title = "over the samples", .type = CS3_COLUMN_TEXT},
      {.key = "p10", .title = first, .type = CS3_COLUMN_TEXT},
      {.key = "median", .title = "median", .type = CS3_COLUMN_TEXT},
      {.key = "p90", .title = "90 %", .type = CS3_COLUMN_TEXT},
      {.key = "other_p10", .title = second, .type = CS3_COLUMN_TEXT},
      {.key = "other_median", .title = "median", .type = CS3_COLUMN_TEXT},
      {.key = "other_p90", .title = "90 %", .type = CS3_COLUMN_TEXT},
  };
  g_autoptr(Cs3Table) table = cs3_table_new(columns, others != NULL ? 7 : 4);
  for (int answer = 0; answer < CS3_N_ANSWERS; answer++) {
    cs3_table_add_text(table, titles[answer]);
    add_cells(table, bands, (Cs3Answer)answer);
    if (others != NULL)
      add_cells(table, others, (Cs3Answer)answer);
  }
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
}
