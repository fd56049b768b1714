/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of validation suites, the loop over their rows, and the record in every format. */
#include "config.h"

#include "sim/validation/validate.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "base/suggest.h"
#include "base/table.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/cli/cli.h"
#include "sim/run/result.h"
#include "sim/validation/validate-fit.h"
#include "sim/validation/validate-measure.h"
#include "sim/validation/validate-steps.h"

static const Cs3ValidationSuite *const suites[] = {
    &cs3_suite_fabric,
    &cs3_suite_flops,
    &cs3_suite_gpu,
    &cs3_suite_inference,
    &cs3_suite_memory,
    &cs3_suite_pe,
    &cs3_suite_sparse,
    &cs3_suite_steps,
    &cs3_suite_throughput,
    &cs3_suite_throughput_silicon,
    NULL,
};

const Cs3ValidationSuite *const *cs3_validation_suites(void) {
  return suites;
}

const Cs3ValidationSuite *cs3_validation_suite_find(const char *name, GError **error) {
  const char *names[G_N_ELEMENTS(suites)] = {NULL};
  for (guint i = 0; suites[i] != NULL; i++) {
    if (strcmp(suites[i]->name, name) == 0)
      return suites[i];
    names[i] = suites[i]->name;
  }
  g_autofree char *hint = cs3_suggestion(name, names);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "unknown validation suite '%s'%s", name,
              hint);
  return NULL;
}

static const char *const verdict_names[CS3_N_VERDICTS] = {
    [CS3_VERDICT_OK] = "ok",
    [CS3_VERDICT_MISSED] = "missed",
    [CS3_VERDICT_REPORTED] = "reported",
    [CS3_VERDICT_REJECTED] = "rejected",
};

/* CSV and JSON; the text has a narrower table of its own. */
static const Cs3Column columns[] = {
    {.key = "suite", .type = CS3_COLUMN_TEXT},     {.key = "id", .type = CS3_COLUMN_TEXT},
    {.key = "group", .type = CS3_COLUMN_TEXT},     {.key = "source", .type = CS3_COLUMN_TEXT},
    {.key = "evidence", .type = CS3_COLUMN_TEXT},  {.key = "quantity", .type = CS3_COLUMN_TEXT},
    {.key = "unit", .type = CS3_COLUMN_TEXT},      {.key = "published", .type = CS3_COLUMN_REAL},
    {.key = "simulated", .type = CS3_COLUMN_REAL}, {.key = "error", .type = CS3_COLUMN_REAL},
    {.key = "accepted", .type = CS3_COLUMN_TEXT},  {.key = "verdict", .type = CS3_COLUMN_TEXT},
    {.key = "method", .type = CS3_COLUMN_TEXT},    {.key = "arguments", .type = CS3_COLUMN_TEXT},
    {.key = "note", .type = CS3_COLUMN_TEXT},
};

static void add_point(Cs3Table *table, const Cs3ValidationSuite *suite, const Cs3ValidationRow *row,
                      double simulated, Cs3Verdict verdict) {
  g_autofree char *accepted = cs3_validation_accepts(row);
  cs3_table_add_text(table, suite->name);
  cs3_table_add_text(table, row->id);
  cs3_table_add_text(table, row->group);
  cs3_table_add_text(table, row->source);
  cs3_table_add_text(table, row->evidence);
  cs3_table_add_text(table, row->quantity);
  cs3_table_add_text(table, row->unit);
  cs3_table_add_real(table, row->published);
  cs3_table_add_real(table, simulated);
  cs3_table_add_real(table, simulated / row->published - 1);
  cs3_table_add_text(table, accepted);
  cs3_table_add_text(table, verdict_names[verdict]);
  cs3_table_add_text(table, row->method);
  cs3_table_add_text(table, row->arguments);
  cs3_table_add_text(table, row->note);
}

static gboolean simulate(Cs3ValidationSession *session, const Cs3ValidationSuite *suite,
                         const Cs3ValidationRow *row, double *simulated, GError **error) {
  *simulated = NAN;
  if (row->check == CS3_CHECK_REJECTED)
    return TRUE;
  const Cs3ValidationMethod *method = suite->methods;
  while (strcmp(method->name, row->method) != 0) /* the reader knows the suite's methods */
    method++;
  if (!method->measure(session, row, simulated, error))
    return FALSE;
  *simulated *= row->scale;
  return TRUE;
}

/* What the loop works on. */
typedef struct {
  Cs3ValidationSession *session;
  Cs3ValidationProgress progress;
  gpointer data;
  guint done, missed;
} Job;

static void tell(guint rows, gpointer data) {
  const Job *job = data;
  if (job->progress != NULL)
    job->progress(job->done + rows, job->data);
}

static json_t *run_suite(Job *job, const Cs3ValidationSuite *suite, GError **error) {
  g_autoptr(GPtrArray) rows = cs3_validation_load(suite, error);
  if (rows == NULL || (suite->prepare && !suite->prepare(job->session, rows, tell, job, error)))
    return NULL;
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  gint64 verdicts[CS3_N_VERDICTS] = {0};
  for (guint i = 0; i < rows->len; i++) {
    const Cs3ValidationRow *row = rows->pdata[i];
    double simulated;
    if (suite->prepare == NULL)
      tell(0, job);
    if (!simulate(job->session, suite, row, &simulated, error))
      return NULL;
    Cs3Verdict verdict = cs3_validation_verdict(row, simulated);
    add_point(table, suite, row, simulated, verdict);
    verdicts[verdict]++;
    job->done++;
  }
  job->missed += (guint)verdicts[CS3_VERDICT_MISSED];
  json_t *counts = json_object();
  for (int v = 0; v < CS3_N_VERDICTS; v++)
    json_object_set_new(counts, verdict_names[v], json_integer(verdicts[v]));
  json_t *record =
      cs3_json_pack("{s:s, s:s, s:o, s:o}", "name", suite->name, "summary", suite->summary,
                    "verdicts", counts, "points", cs3_table_json(table));
  if (suite->conclude == NULL || suite->conclude(job->session, rows, record, error))
    return record;
  json_decref(record);
  return NULL;
}

json_t *cs3_validate(const Cs3ValidationSuite *const *chosen, guint workers,
                     Cs3ValidationProgress progress, gpointer data, guint *missed, GError **error) {
  g_autoptr(Cs3ValidationSession) session = cs3_validation_session_new(workers);
  Job job = {.session = session, .progress = progress, .data = data};
  json_t *results = json_array();
  for (; *chosen != NULL; chosen++) {
    json_t *suite = run_suite(&job, *chosen, error);
    if (suite == NULL) {
      json_decref(results);
      return NULL;
    }
    json_array_append_new(results, suite);
  }
  *missed = job.missed;
  return cs3_json_pack("{s:s, s:s, s:i, s:o}", "schema", CS3_VALIDATE_SCHEMA, "version",
                       PACKAGE_VERSION, "model_version", CS3_MODEL_VERSION, "suites", results);
}

static const Cs3Column text_columns[] = {
    {.key = "quantity", .title = "what", .type = CS3_COLUMN_TEXT},
    {.key = "source", .title = "source", .type = CS3_COLUMN_TEXT},
    {.key = "evidence", .title = "evidence", .type = CS3_COLUMN_TEXT},
    {.key = "published", .title = "published", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "simulated", .title = "simulated", .type = CS3_COLUMN_REAL, .decimals = 2},
    {.key = "unit", .title = "unit", .type = CS3_COLUMN_TEXT},
    {.key = "error", .title = "error %", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100},
    {.key = "accepted", .title = "accepted", .type = CS3_COLUMN_TEXT},
    {.key = "verdict", .title = "verdict", .type = CS3_COLUMN_TEXT},
};

static const char *text_of(const json_t *point, const char *key) {
  return json_string_value(json_object_get(point, key));
}

static gboolean is_rejected(const json_t *point) {
  return strcmp(text_of(point, "verdict"), verdict_names[CS3_VERDICT_REJECTED]) == 0;
}

/* The columns of @table from the keys of @point. */
static void add_columns(Cs3Table *table, const Cs3Column *wanted, guint n, const json_t *point) {
  for (guint c = 0; c < n; c++) {
    const json_t *value = json_object_get(point, wanted[c].key);
    if (wanted[c].type == CS3_COLUMN_TEXT)
      cs3_table_add_text(table, json_string_value(value));
    else
      cs3_table_add_real(table, json_is_number(value) ? json_number_value(value) : NAN);
  }
}

static void write_suite(const json_t *suite, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(text_columns, G_N_ELEMENTS(text_columns));
  json_t *points = json_object_get(suite, "points"), *point;
  size_t i;
  json_array_foreach(points, i, point) if (!is_rejected(point))
      add_columns(table, text_columns, G_N_ELEMENTS(text_columns), point);
  cs3_output_printf(output, "%s: %s\n\n", text_of(suite, "name"), text_of(suite, "summary"));
  cs3_table_write(table, output, CS3_FORMAT_TEXT);
  cs3_output_puts(output, "\n");
  json_array_foreach(points, i, point) if (is_rejected(point))
      cs3_output_printf(output, "not reproduced: %s (%s): %s\n", text_of(point, "quantity"),
                        text_of(point, "source"), text_of(point, "note"));
  cs3_output_printf(
      output, "%s: %.0f ok, %.0f missed, %.0f reported without a claim, %.0f not reproduced\n\n",
      text_of(suite, "name"), cs3_record_number(suite, "verdicts.ok"),
      cs3_record_number(suite, "verdicts.missed"), cs3_record_number(suite, "verdicts.reported"),
      cs3_record_number(suite, "verdicts.rejected"));
  const json_t *fit = json_object_get(suite, "fit");
  if (fit != NULL)
    cs3_validation_fit_text(fit, output);
  const json_t *edges = json_object_get(suite, "edge");
  if (edges != NULL)
    cs3_validation_edge_text(edges, output);
}

static void write_csv(const json_t *suites_json, Cs3Output *output) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  json_t *suite, *point;
  size_t i, k;
  json_array_foreach((json_t *)suites_json, i, suite)
      json_array_foreach(json_object_get(suite, "points"), k, point)
          add_columns(table, columns, G_N_ELEMENTS(columns), point);
  cs3_table_write(table, output, CS3_FORMAT_CSV);
}

void cs3_validate_write(const json_t *record, Cs3Output *output, Cs3Format format) {
  const json_t *all = json_object_get(record, "suites");
  json_t *suite;
  size_t i;
  if (format == CS3_FORMAT_CSV) {
    write_csv(all, output);
    return;
  }
  json_array_foreach((json_t *)all, i, suite) write_suite(suite, output);
}
