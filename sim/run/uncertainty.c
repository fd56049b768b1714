/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Samples of a machine over the ranges of its uncertain constants. */
#include "config.h"

#include "sim/run/uncertainty.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "fabric/layer/layer.h"
#include "base/config-error.h"
#include "base/table.h"
#include "results/record.h"
#include "sim/run/bands.h"
#include "sim/run/samples.h"
#include "sim/run/sobol.h"

enum {
  TRIAL_ROWS = 32,  /* samples in which a constant must show influence to be looked at further */
  PASSES = 1 << 19, /* remembered: samples that differ in one constant share most passes */
  MASK_BYTES = 1 << 28,
  MATTER_MOST = 3,
};

/* The total index that it must show there, of either answer. */
#define INFLUENCE 0.01

/* The study. Points are numbered: A, B, then A with column 0 from B, with column 1, ... */
typedef struct {
  const Cs3RunConfig *config;
  Cs3Sampler sampler;
  GArray *params; /* of Cs3Uncertain */
  guint n;        /* rows of A */
  double *points;
  Cs3RunTimes *times;     /* by number; NaN: the machine cannot run the model */
  const guint64 *numbers; /* of the points in work */
  guint64 done_before, total;
  Cs3UncertaintyProgress progress;
  gpointer data;
} Study;

/* Coordinate @i of point @number. */
static double coordinate(const Study *s, guint64 number, guint i) {
  guint d = s->params->len;
  guint64 block = number / s->n, row = number % s->n;
  gboolean from_b = block == 1 || block == i + 2;
  return s->points[((from_b ? s->n : 0) + row) * d + i];
}

static Cs3Machine *machine_at(guint64 k, gpointer data) {
  const Study *s = data;
  g_autofree double *values = g_new(double, s->params->len);
  for (guint i = 0; i < s->params->len; i++)
    values[i] = cs3_uncertain_sample(&g_array_index(s->params, Cs3Uncertain, i),
                                     coordinate(s, s->numbers[k], i));
  return cs3_sample_machine(s->config->machine, s->params, values);
}

static void tell(guint64 done, guint64 total, gpointer data) {
  const Study *s = data;
  if (s->progress != NULL)
    s->progress(s->done_before + done, s->total, s->data);
}

/* Rows @first to @last - 1 of @blocks. @blocks: (element-type guint64). */
static void run_rows(Study *s, const GArray *blocks, guint first, guint last) {
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(guint64));
  for (guint row = first; row < last; row++)
    for (guint k = 0; k < blocks->len; k++) {
      guint64 number = g_array_index(blocks, guint64, k) * s->n + row;
      g_array_append_val(numbers, number);
    }
  s->numbers = (const guint64 *)(void *)numbers->data;
  g_autofree Cs3RunTimes *times = g_new(Cs3RunTimes, numbers->len);
  cs3_sampler_run(&s->sampler, numbers->len, machine_at, s, tell, s, times);
  for (guint k = 0; k < numbers->len; k++)
    s->times[s->numbers[k]] = times[k];
  s->done_before += numbers->len;
}

static json_t *number_json(double value) {
  return isfinite(value) ? json_real(value) : json_null();
}

/* Values of an answer at all points, and the indices from them. */
static void find_indices(const Study *s, const Cs3RunTimes *times, Cs3Answer answer,
                         Cs3SobolIndex *indices) {
  guint d = s->params->len;
  guint64 points = (guint64)s->n * (d + 2);
  g_autofree double *values = g_new(double, points);
  for (guint64 k = 0; k < points; k++)
    values[k] = cs3_answer_of(s->config, &times[k], answer);
  Cs3SobolValues v = {
      .n = s->n, .dimensions = d, .a = values, .b = values + s->n, .ab = values + 2 * (gsize)s->n};
  cs3_sobol_indices(&v, s->config->seed, indices);
}

static json_t *index_json(const Cs3SobolIndex *index) {
  return cs3_json_pack("{s:o, s:o, s:o, s:o, s:I}", "first", number_json(index->first), "first_se",
                       number_json(index->first_se), "total", number_json(index->total), "total_se",
                       number_json(index->total_se), "samples", (json_int_t)index->rows);
}

/* A parameter with its place in the order. */
typedef struct {
  const Cs3Uncertain *uncertain;
  const Cs3SobolIndex *speedup, *rate;
} Ranked;

static gint by_total(gconstpointer a, gconstpointer b) {
  const Ranked *x = a, *y = b;
  double p = x->speedup->total, q = y->speedup->total;
  return (isnan(p) ? 0 : p) < (isnan(q) ? 0 : q) ? 1 : (p > q || isnan(q)) && !isnan(p) ? -1 : 0;
}

static json_t *parameter_json(const Ranked *ranked) {
  const Cs3Uncertain *u = ranked->uncertain;
  g_autofree char *name = cs3_param_name(u->param);
  g_autofree char *value = cs3_param_format(u->param, u->value);
  g_autofree char *low = cs3_param_format(u->param, u->range.low);
  g_autofree char *high = cs3_param_format(u->param, u->range.high);
  g_autofree char *range = cs3_param_format_range(u->param, u->range.low, u->range.high);
  return cs3_json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "name", name, "value", value, "low",
                       low, "high", high, "range", range, cs3_answer_name(CS3_ANSWER_SPEEDUP),
                       index_json(ranked->speedup), cs3_answer_name(CS3_ANSWER_RATE),
                       index_json(ranked->rate));
}

static void add_parameters(const Study *s, const Cs3RunTimes *times, json_t *object) {
  guint d = s->params->len;
  g_autofree Cs3SobolIndex *speedup = g_new(Cs3SobolIndex, d), *rate = g_new(Cs3SobolIndex, d);
  find_indices(s, times, CS3_ANSWER_SPEEDUP, speedup);
  find_indices(s, times, CS3_ANSWER_RATE, rate);
  g_autoptr(GArray) order = g_array_new(FALSE, FALSE, sizeof(Ranked));
  for (guint i = 0; i < d; i++) {
    Ranked one = {&g_array_index(s->params, Cs3Uncertain, i), &speedup[i], &rate[i]};
    g_array_append_val(order, one);
  }
  g_array_sort(order, by_total);
  json_t *list = json_array(), *most = json_array();
  for (guint i = 0; i < d; i++) {
    json_t *parameter = parameter_json(&g_array_index(order, Ranked, i));
    if (i < MATTER_MOST)
      json_array_append(most, json_object_get(parameter, "name"));
    json_array_append_new(list, parameter);
  }
  json_object_set_new(object, "matter_most", most);
  json_object_set_new(object, "parameters", list);
}

/* Which constants show influence in the rows that have been run. */
static void find_influence(const Study *s, gboolean *influence) {
  guint d = s->params->len;
  g_autofree Cs3SobolIndex *indices = g_new(Cs3SobolIndex, d);
  for (guint i = 0; i < d; i++)
    influence[i] = FALSE;
  static const Cs3Answer answers[] = {CS3_ANSWER_SPEEDUP, CS3_ANSWER_RATE};
  for (guint k = 0; k < G_N_ELEMENTS(answers); k++) {
    find_indices(s, s->times, answers[k], indices);
    for (guint i = 0; i < d; i++)
      influence[i] |= indices[i].total >= INFLUENCE;
  }
}

/* B and the mixed blocks: their first rows, then the others of the constants that matter. */
static void run_blocks(Study *s) {
  guint64 blocks = s->params->len + 2;
  guint rows = MIN(s->n, (guint)CS3_INDEX_SAMPLES), trial = MIN(rows, (guint)TRIAL_ROWS);
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_autoptr(GArray) some = g_array_new(FALSE, FALSE, sizeof(guint64));
  g_autofree gboolean *influence = g_new(gboolean, s->params->len);
  for (guint64 block = 1; block < blocks; block++)
    g_array_append_val(all, block);
  run_rows(s, all, 0, trial);
  find_influence(s, influence);
  for (guint64 block = 1; block < blocks; block++)
    if (block < 2 || influence[block - 2])
      g_array_append_val(some, block);
  s->total -= (guint64)(all->len - some->len) * (rows - trial);
  run_rows(s, some, trial, rows);
}

static gboolean check(const Study *s, GError **error) {
  if (s->params->len >= 1)
    return TRUE;
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
              "%s has no uncertain constant: all are known or were given by --set",
              s->config->machine->name);
  return FALSE;
}

static void study_start(Study *s, guint n, guint blocks) {
  s->n = n;
  s->points = cs3_sobol_points(n, s->params->len, s->config->seed);
  s->times = g_new(Cs3RunTimes, (gsize)n * blocks);
  for (gsize k = 0; k < (gsize)n * blocks; k++)
    s->times[k] = (Cs3RunTimes){NAN, NAN};
}

Cs3RunTimes cs3_uncertainty_whole(const json_t *record) {
  double step_s = cs3_record_number(record, "step.time_s");
  return (Cs3RunTimes){.dense_s = step_s * cs3_record_number(record, "speedup.simulated"),
                       .sparse_s = step_s};
}

json_t *cs3_uncertainty(const Cs3RunConfig *config, Cs3RunTimes whole, guint samples,
                        gboolean indices, Cs3UncertaintyProgress progress, gpointer data,
                        GError **error) {
  g_autoptr(GArray) params = cs3_sample_params(config->machine);
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(PASSES, MASK_BYTES);
  Study s = {.config = config,
             .sampler = {.config = config, .cache = cache, .rows = CS3_SAMPLE_ROWS},
             .params = params,
             .progress = progress,
             .data = data};
  if (!check(&s, error) || !cs3_sampler_scale(&s.sampler, whole, error))
    return NULL;
  guint blocks = params->len + 2, rows = MIN(samples, (guint)CS3_INDEX_SAMPLES);
  s.total = samples + (indices ? (guint64)rows * (blocks - 1) : 0);
  study_start(&s, samples, indices ? blocks : 1);
  g_autofree Cs3RunTimes *times = s.times;
  g_autofree double *points = s.points;
  g_autoptr(GArray) a = g_array_new(FALSE, TRUE, sizeof(guint64));
  g_array_set_size(a, 1);
  run_rows(&s, a, 0, samples);
  json_t *object = cs3_bands_json(config, &whole, times, samples);
  json_object_set_new(object, "sequence", json_string("Sobol"));
  json_object_set_new(object, "uncertain", json_integer((json_int_t)params->len));
  json_object_set_new(object, "scaled",
                      cs3_json_pack("{s:f, s:f}", "dense", s.sampler.scale.dense_s, "sparse",
                                    s.sampler.scale.sparse_s));
  if (indices) {
    run_blocks(&s);
    add_parameters(&s, times, object);
  }
  return object;
}

static const Cs3Column index_columns[] = {
    {.key = "name", .title = "constant", .type = CS3_COLUMN_TEXT},
    {.key = "value", .title = "value", .type = CS3_COLUMN_TEXT},
    {.key = "range", .title = "sampled over", .type = CS3_COLUMN_TEXT},
    {.key = "first", .title = "speed-up: alone", .type = CS3_COLUMN_TEXT},
    {.key = "total", .title = "in all", .type = CS3_COLUMN_TEXT},
    {.key = "rate_first", .title = "tokens/s: alone", .type = CS3_COLUMN_TEXT},
    {.key = "rate_total", .title = "in all", .type = CS3_COLUMN_TEXT},
};

/* "0.31 +- 0.05" */
static void add_index(Cs3Table *table, const json_t *parameter, const char *answer,
                      const char *key) {
  g_autofree char *path = g_strdup_printf("%s.%s", answer, key);
  g_autofree char *error_path = g_strdup_printf("%s.%s_se", answer, key);
  if (!isfinite(cs3_record_number(parameter, path))) { /* the answer does not vary */
    cs3_table_add_text(table, "-");
    return;
  }
  g_autofree char *text = g_strdup_printf("%.2f +- %.2f", cs3_record_number(parameter, path),
                                          cs3_record_number(parameter, error_path));
  cs3_table_add_text(table, text);
}

/* Below this total index for both answers a constant is not shown in the text. */
#define SHOWN 0.01

static void write_indices(const json_t *object, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(index_columns, G_N_ELEMENTS(index_columns));
  size_t i;
  json_t *parameter;
  json_array_foreach(json_object_get(object, "parameters"), i, parameter) {
    if (!(cs3_record_number(parameter, "speedup.total") >= SHOWN) &&
        !(cs3_record_number(parameter, "tokens_per_s.total") >= SHOWN))
      continue;
    cs3_table_add_text(table, cs3_record_string(parameter, "name"));
    cs3_table_add_text(table, cs3_record_string(parameter, "value"));
    cs3_table_add_text(table, cs3_record_string(parameter, "range"));
    add_index(table, parameter, "speedup", "first");
    add_index(table, parameter, "speedup", "total");
    add_index(table, parameter, "tokens_per_s", "first");
    add_index(table, parameter, "tokens_per_s", "total");
  }
  cs3_output_printf(output,
                    "\nShare of the variance that a constant causes (Sobol indices, with "
                    "standard errors; others: below %.2f)\n",
                    SHOWN);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  const json_t *first = json_array_get(json_object_get(object, "parameters"), 0);
  if (!isfinite(cs3_record_number(first, "speedup.total")))
    return;
  g_autoptr(GString) names = g_string_new(NULL);
  json_t *name;
  json_array_foreach(json_object_get(object, "matter_most"), i, name)
      g_string_append_printf(names, "%s%s", i > 0 ? ", " : "", json_string_value(name));
  cs3_output_printf(output, "\nWhat matters most for the speed-up: %s\n", names->str);
}

void cs3_uncertainty_text(const json_t *object, Cs3Output *output) {
  cs3_output_printf(output,
                    "\nUncertainty: %.0f machines over the ranges of %.0f constants that are "
                    "unpublished or disputed",
                    cs3_record_number(object, "samples"), cs3_record_number(object, "uncertain"));
  if (cs3_record_number(object, "infeasible") > 0)
    cs3_output_printf(output, "; %.0f cannot run the model and are left out",
                      cs3_record_number(object, "infeasible"));
  cs3_output_puts(output, "\n");
  cs3_bands_text(object, "", NULL, NULL, output);
  if (json_object_get(object, "parameters") != NULL)
    write_indices(object, output);
}
