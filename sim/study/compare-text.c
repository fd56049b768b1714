/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A comparison for people and for spreadsheets. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "base/table.h"
#include "results/record.h"
#include "sim/cli/cli.h"
#include "sim/run/result.h"
#include "sim/study/compare.h"

/* A number of the record, and how a person reads it. */
typedef struct {
  const char *key, *title;
  const char *path;     /* in the record of a run */
  const char *measured; /* (nullable): in the entry of a GPU */
  const char *derived;  /* (nullable): there, where nothing was measured */
  double scale;
  int digits;        /* significant */
  gboolean inverse;  /* shown as 1 / number */
  gboolean ratio;    /* to the first machine */
  gboolean optional; /* not shown when no machine has it */
} Row;

static const Row rows[] = {
    {"step_time_s", "step time [s]", "step.time_s", NULL, "derived.step_time_s", 1, 4, FALSE, TRUE},
    {"tokens_per_s", "tokens/s", "throughput.tokens_per_s", NULL, "derived.tokens_per_s", 1, 4,
     FALSE, TRUE},
    {"dense_tokens_per_s", "tokens/s, dense", "dense.throughput.tokens_per_s", "dense.tokens_per_s",
     "derived.dense_tokens_per_s", 1, 4, FALSE, TRUE},
    {"speedup", "speed-up over dense", "speedup.simulated", NULL, "derived.speedup", 1, 4, FALSE,
     TRUE},
    {"speedup_p10", "  measured: 10 %", "posterior.speedup.p10", NULL, NULL, 1, 4, FALSE, FALSE,
     TRUE},
    {"speedup_median", "  median", "posterior.speedup.median", NULL, NULL, 1, 4, FALSE, FALSE,
     TRUE},
    {"speedup_p90", "  90 %", "posterior.speedup.p90", NULL, NULL, 1, 4, FALSE, FALSE, TRUE},
    {"theoretical_speedup", "  in theory", "speedup.theoretical", NULL, NULL, 1, 4, FALSE, FALSE},
    {"achieved_pflops", "achieved [PFLOP/s]", "flops.achieved", NULL, NULL, 1e-15, 3, FALSE, TRUE},
    {"peak_percent", "  share of peak [%]", "flops.dense_peak_fraction", NULL, NULL, 100, 3, FALSE,
     TRUE},
    {"tokens_per_joule", "tokens per joule", "energy.joules_per_token", NULL,
     "derived.joules_per_token", 1, 3, TRUE, TRUE},
    {"tokens_on_wafer", "tokens on the wafer", "mapping.tokens_on_wafer", NULL, NULL, 1, 6, FALSE,
     FALSE},
};

static const json_t *machine_at(const json_t *comparison, size_t i) {
  return json_array_get(json_object_get(comparison, "machines"), i);
}

/* NaN: the machine has no such number. */
static double number_of(const json_t *machine, const Row *row) {
  const json_t *result = json_object_get(machine, "result");
  double value = NAN;
  if (result != NULL)
    value = cs3_record_number(result, row->path);
  else if (row->measured != NULL && json_object_get(machine, "dense") != NULL)
    value = cs3_record_number(machine, row->measured);
  else if (row->derived != NULL && json_object_get(machine, "derived") != NULL)
    value = cs3_record_number(machine, row->derived);
  return (row->inverse ? 1 / value : value) * row->scale;
}

/* Whether number_of() is of the model of a GPU. */
static gboolean is_derived(const json_t *machine, const Row *row) {
  return json_object_get(machine, "derived") != NULL &&
         (row->measured == NULL || json_object_get(machine, "dense") == NULL);
}

static gboolean is_shown(const json_t *comparison, const Row *row) {
  gboolean any = !row->optional;
  for (size_t i = 0; machine_at(comparison, i) != NULL; i++)
    any |= isfinite(number_of(machine_at(comparison, i), row));
  return any;
}

static char *cell_text(const json_t *comparison, size_t i, const Row *row) {
  double value = number_of(machine_at(comparison, i), row);
  double ratio = value / number_of(machine_at(comparison, 0), row);
  if (!isfinite(value))
    return g_strdup("-");
  const char *mark = is_derived(machine_at(comparison, i), row) ? "~" : "";
  if (!row->ratio || !isfinite(ratio))
    return g_strdup_printf("%s%.*g", mark, row->digits, value);
  return g_strdup_printf("%s%.*g  (x %.2f)", mark, row->digits, value, ratio);
}

/* "ingress 27 %": the causes of a step beside the arithmetic itself, the largest first. */
static int by_share(const void *a, const void *b, void *causes) {
  const json_t *object = causes;
  double x = json_number_value(json_object_get(object, *(const char *const *)a));
  double y = json_number_value(json_object_get(object, *(const char *const *)b));
  return (x < y) - (x > y);
}

/* In two words; the reason itself stands below. */
static const char *why_not(const json_t *machine) {
  const char *reason = cs3_record_string(machine, "reason");
  if (*reason == '\0')
    return "-";
  return strstr(reason, "does not divide") != NULL ? "does not divide" : "does not fit";
}

static char *limit_text(const json_t *machine, guint place) {
  const json_t *result = json_object_get(machine, "result");
  json_t *causes = json_object_get(json_object_get(result, "step"), "causes");
  if (causes == NULL)
    return g_strdup(place > 0 ? "-" : why_not(machine));
  g_autoptr(GArray) names = g_array_new(FALSE, FALSE, sizeof(char *));
  const char *name;
  json_t *cycles;
  json_object_foreach(causes, name, cycles) if (g_strcmp0(name, "arithmetic") != 0)
      g_array_append_val(names, name);
  g_array_sort_with_data(names, by_share, causes);
  name = g_array_index(names, const char *, place);
  return g_strdup_printf("%s %.0f %%", name,
                         100 * json_number_value(json_object_get(causes, name)) /
                             cs3_record_number(result, "step.cycles"));
}

static void add_row(Cs3Table *table, const json_t *comparison, const Row *row) {
  cs3_table_add_text(table, row->title);
  for (size_t i = 0; machine_at(comparison, i) != NULL; i++) {
    g_autofree char *text = cell_text(comparison, i, row);
    cs3_table_add_text(table, text);
  }
}

static void add_limits(Cs3Table *table, const json_t *comparison) {
  static const char *const titles[] = {"bottleneck", "  then", "  then"};
  for (guint place = 0; place < G_N_ELEMENTS(titles); place++) {
    cs3_table_add_text(table, titles[place]);
    for (size_t i = 0; machine_at(comparison, i) != NULL; i++) {
      g_autofree char *text = limit_text(machine_at(comparison, i), place);
      cs3_table_add_text(table, text);
    }
  }
}

/* What was measured on a GPU. */
static void write_measured(const json_t *machine, Cs3Output *output) {
  cs3_output_printf(output, "  %s.\n", cs3_record_string(machine, "source"));
  if (json_object_get(machine, "dense") != NULL) {
    cs3_output_printf(output, "  tokens/s, dense, measured: %s, batch %.0f",
                      cs3_record_string(machine, "scope"),
                      cs3_record_number(machine, "dense.batch"));
    if (json_object_get(json_object_get(machine, "dense"), "joules_per_token") != NULL)
      cs3_output_printf(output, ", %.3g tokens per joule of the board",
                        1 / cs3_record_number(machine, "dense.joules_per_token"));
    cs3_output_puts(output, "\n");
  }
  const char *format;
  json_t *speedup;
  json_object_foreach(json_object_get(machine, "layer_speedup"), format, speedup) cs3_output_printf(
      output, "  one layer of 12288 x 12288, %s: %.3g times the dense rate, measured\n", format,
      json_number_value(speedup));
}

/* How the model of a GPU ran the step. */
static void write_derived(const json_t *machine, Cs3Output *output) {
  gboolean again = json_is_true(json_object_get(json_object_get(machine, "derived"), "checkpoint"));
  cs3_output_printf(output,
                    "  ~: %s; %s, %s kernels, AdamW, %.0f at a time%s, %.3g GB of memory; "
                    "joules of the boards alone\n",
                    cs3_record_string(machine, "derived_source"),
                    cs3_record_string(machine, "derived.precision"),
                    cs3_record_string(machine, "derived.kernels"),
                    cs3_record_number(machine, "derived.micro_batch"),
                    again ? ", blocks run again in backward" : "",
                    cs3_record_number(machine, "derived.memory_bytes") / 1e9);
}

/* What the table has no room for. */
static void write_notes(const json_t *comparison, Cs3Output *output) {
  const json_t *machine;
  for (size_t i = 0; (machine = machine_at(comparison, i)) != NULL; i++) {
    const json_t *reason = json_object_get(machine, "reason");
    gboolean measured = json_object_get(machine, "source") != NULL;
    gboolean derived = json_object_get(machine, "derived") != NULL;
    if (reason == NULL && !measured && !derived)
      continue;
    cs3_output_printf(output, "\n%s:%s%s\n", cs3_record_string(machine, "hardware"),
                      reason != NULL ? " " : "", reason != NULL ? json_string_value(reason) : "");
    if (derived)
      write_derived(machine, output);
    if (measured)
      write_measured(machine, output);
  }
}

static void write_head(const json_t *comparison, Cs3Output *output) {
  json_auto_t *runs = cs3_compare_runs(comparison);
  const json_t *r = json_array_get(runs, 0);
  if (r == NULL)
    return;
  gboolean samples = cs3_record_number(r, "tokens_per_sample") == 1;
  g_autofree char *what =
      samples ? g_strdup("samples")
              : g_strdup_printf("sequences of %.0f tokens", cs3_record_number(r, "seq"));
  cs3_output_printf(output, "%s, %.4g %% %s sparsity, %.0f %s a step; (x ...): to the first\n\n",
                    cs3_record_string(r, "model.name"), 100 * cs3_record_number(r, "sparsity"),
                    cs3_record_string(r, "pattern"), cs3_record_number(r, "batch"), what);
}

void cs3_compare_text(const json_t *comparison, Cs3Output *output) {
  guint n = (guint)json_array_size(json_object_get(comparison, "machines"));
  g_autofree Cs3Column *columns = g_new0(Cs3Column, n + 1);
  columns[0] = (Cs3Column){.key = "", .title = "", .type = CS3_COLUMN_TEXT};
  for (guint i = 0; i < n; i++)
    columns[i + 1] = (Cs3Column){.key = "",
                                 .title = cs3_record_string(machine_at(comparison, i), "hardware"),
                                 .type = CS3_COLUMN_TEXT};
  g_autoptr(Cs3Table) table = cs3_table_new(columns, n + 1);
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    if (is_shown(comparison, &rows[i]))
      add_row(table, comparison, &rows[i]);
  add_limits(table, comparison);
  write_head(comparison, output);
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  write_notes(comparison, output);
  cs3_output_puts(output, "\nband: " CS3_RESULT_BAND "\n");
}

/* Which of a GPU's numbers were measured, their keys; all others of it are derived. */
static void add_marks(Cs3Table *table, const json_t *machine, const Row *const *shown, guint n) {
  g_autoptr(GString) measured = g_string_new(NULL);
  gboolean simulated = json_object_get(machine, "result") != NULL;
  for (guint k = 0; k < n && !simulated; k++)
    if (isfinite(number_of(machine, shown[k])) && !is_derived(machine, shown[k]))
      g_string_append_printf(measured, "%s%s", measured->len > 0 ? " " : "", shown[k]->key);
  cs3_table_add_text(table, measured->str);
  cs3_table_add_text(table, cs3_record_string(machine, "reason"));
}

void cs3_compare_csv(const json_t *comparison, Cs3Output *output) {
  Cs3Column columns[G_N_ELEMENTS(rows) + 4] = {{.key = "hardware", .type = CS3_COLUMN_TEXT}};
  const Row *shown[G_N_ELEMENTS(rows)];
  guint n = 0;
  for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
    if (is_shown(comparison, &rows[i])) {
      shown[n++] = &rows[i];
      columns[n] = (Cs3Column){.key = rows[i].key, .type = CS3_COLUMN_REAL};
    }
  columns[n + 1] = (Cs3Column){.key = "bottleneck", .type = CS3_COLUMN_TEXT};
  columns[n + 2] = (Cs3Column){.key = "measured", .type = CS3_COLUMN_TEXT};
  columns[n + 3] = (Cs3Column){.key = "reason", .type = CS3_COLUMN_TEXT};
  g_autoptr(Cs3Table) table = cs3_table_new(columns, n + 4);
  const json_t *machine;
  for (size_t i = 0; (machine = machine_at(comparison, i)) != NULL; i++) {
    cs3_table_add_text(table, cs3_record_string(machine, "hardware"));
    for (guint k = 0; k < n; k++)
      cs3_table_add_real(table, number_of(machine, shown[k]));
    cs3_table_add_text(table, cs3_record_string(machine, "result.bottleneck"));
    add_marks(table, machine, shown, n);
  }
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}
