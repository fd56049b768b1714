/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pages about decoding, about a law and about a training. */
#include "config.h"

#include "plots/report-study.h"

#include <string.h>

#include "plots/report-page.h"
#include "plots/report-table.h"
#include "plots/report.h"
#include "results/record.h"
#include "results/schema.h"

/* A kind of record: its heading, its rows. */
typedef struct {
  const char *schema;
  const char *title, *names[3]; /* "Decoding", and the texts that follow; %NULL: no more */
  const char *rows_title, *rows;
  const Cs3ReportColumn *columns;
  guint n;
} Kind;

static const Cs3ReportColumn machine_columns[] = {
    {"machine", "machine", TRUE, 1, 0},
    {"weights", "weights", TRUE, 1, 0},
    {"bytes each", "bytes_per_weight", FALSE, 1, 4},
    {"prefill [s]", "prefill_s", FALSE, 1, 4},
    {"a token [ms]", "token_s", FALSE, 1e3, 4},
    {"tokens/s", "tokens_per_s", FALSE, 1, 5},
    {"bound by", "bound", TRUE, 1, 0},
    {"why there is no rate", "reason", TRUE, 1, 0},
    {"needed [GB]", "needed_bytes", FALSE, 1e-9, 4},
    {"memory [GB]", "memory_bytes", FALSE, 1e-9, 4},
    {"source", "source", TRUE, 1, 0},
};

static const Cs3ReportColumn point_columns[] = {
    {"sparsity", "sparsity", FALSE, 1, 4},       {"width", "width", FALSE, 1, 6},
    {"alive [M]", "alive", FALSE, 1e-6, 4},      {"of [M]", "weights", FALSE, 1e-6, 4},
    {"samples/s", "samples_per_s", FALSE, 1, 5}, {"speed-up", "speedup", FALSE, 1, 4},
    {"samples [M]", "samples", FALSE, 1e-6, 4},  {"loss", "loss", FALSE, 1, 5},
};

static const Cs3ReportColumn phase_columns[] = {
    {"phase", "name", TRUE, 1, 0},
    {"tokens [B]", "tokens", FALSE, 1e-9, 4},
    {"sparsity", "sparsity", FALSE, 1, 4},
    {"mask", "mask", TRUE, 1, 0},
    {"steps", "steps", FALSE, 1, 8},
    {"step [s]", "step_s", FALSE, 1, 4},
    {"teacher [s]", "teacher_s", FALSE, 1, 4},
    {"days", "sum.days", FALSE, 1, 4},
    {"kWh", "sum.energy_kwh", FALSE, 1, 4},
    {"cost", "sum.cost_usd", FALSE, 1, 4},
    {"EFLOP", "sum.flops", FALSE, 1e-18, 4},
    {"saving: time", "saving.time", FALSE, 1, 4},
    {"FLOP", "saving.flops", FALSE, 1, 4},
};

#define ROWS(columns) columns, G_N_ELEMENTS(columns)
static const Kind kinds[] = {
    {CS3_INFER_SCHEMA,
     "Decoding",
     {"model.name", "hardware"},
     "Machines",
     "machines",
     ROWS(machine_columns)},
    {CS3_LAW_SCHEMA,
     "Least loss",
     {"budget", "law", "hardware"},
     "Networks",
     "points",
     ROWS(point_columns)},
    {CS3_TRAINING_SCHEMA,
     "Training",
     {"recipe", "model", "hardware"},
     "Phases",
     "phases",
     ROWS(phase_columns)},
};

static const Kind *kind_of(const json_t *record) {
  for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
    if (strcmp(cs3_record_string(record, "schema"), kinds[i].schema) == 0)
      return &kinds[i];
  return NULL;
}

gboolean cs3_report_is_study(const json_t *record) {
  return kind_of(record) != NULL;
}

/* "Decoding: llama7b, cs3-silicon" */
static void heading(GString *page, const Kind *kind, const json_t *record) {
  g_autoptr(GString) text = g_string_new(kind->title);
  for (guint i = 0; i < G_N_ELEMENTS(kind->names) && kind->names[i] != NULL; i++)
    g_string_append_printf(text, "%s%s", i > 0 ? ", " : ": ",
                           cs3_record_string(record, kind->names[i]));
  cs3_report_heading(page, 1, text->str);
}

static void rows_section(GString *page, const Kind *kind, const json_t *record) {
  size_t i;
  json_t *row;
  cs3_report_heading(page, 2, kind->rows_title);
  cs3_report_open_table(page, kind->columns, kind->n);
  json_array_foreach(json_object_get(record, kind->rows), i, row)
      cs3_report_row(page, row, kind->columns, kind->n);
  cs3_report_close_table(page);
}

/* Members that are one value, also of the objects in @record. */
static void configuration(GString *page, const json_t *record) {
  static const Cs3ReportColumn columns[] = {{"name", "", TRUE, 0, 0}, {"value", "", TRUE, 0, 0}};
  const char *key;
  json_t *value;
  cs3_report_heading(page, 2, "Record");
  cs3_report_open_table(page, columns, G_N_ELEMENTS(columns));
  cs3_report_object(page, "", record);
  json_object_foreach((json_t *)record, key, value) {
    g_autofree char *prefix = g_strconcat(key, ".", NULL);
    if (json_is_object(value))
      cs3_report_object(page, prefix, value);
  }
  cs3_report_close_table(page);
}

char *cs3_report_study_html(const json_t *records, const GArray *pictures) {
  GString *page = g_string_new(cs3_report_head);
  size_t i;
  json_t *record;
  json_array_foreach((json_t *)records, i, record) {
    const Kind *kind = kind_of(record);
    if (kind == NULL)
      continue;
    heading(page, kind, record);
    rows_section(page, kind, record);
    configuration(page, record);
  }
  cs3_report_pictures(page, pictures);
  g_string_append(page, cs3_report_foot);
  return g_string_free(page, FALSE);
}
