/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How accurate a validation says the simulator is: a line for every group of rows. */
#include "config.h"

#include "sim/validation/validate-summary.h"

#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics_double.h>
#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/datadir.h"
#include "base/table.h"
#include "results/record.h"
#include "results/schema.h"
#include "sim/run/result.h"
#include "sim/validation/validate.h"

#define RECORDED "recorded.json"

json_t *cs3_validate_recorded(GError **error) {
  g_auto(GStrv) dirs = cs3_datadir_search(CS3_DATA_VALIDATION);
  for (char **dir = dirs; *dir != NULL; dir++) {
    g_autofree char *path = g_build_filename(*dir, RECORDED, NULL);
    if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
      continue;
    json_error_t problem;
    json_t *record = json_load_file(path, JSON_REJECT_DUPLICATES, &problem);
    if (record != NULL && strcmp(cs3_record_string(record, "schema"), CS3_VALIDATE_SCHEMA) == 0)
      return record;
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX, "%s:%d: %s", path,
                record == NULL ? problem.line : 1,
                record == NULL ? problem.text : "no record of a validation");
    json_decref(record);
    return NULL;
  }
  g_autofree char *searched = g_strjoinv(", ", dirs);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND,
              "no recorded validation (" RECORDED ") in %s; set CS3SIM_DATA_DIR", searched);
  return NULL;
}

guint cs3_validate_missed(const json_t *record) {
  guint missed = 0;
  size_t i;
  json_t *suite;
  json_array_foreach(json_object_get(record, "suites"), i, suite) missed +=
      (guint)cs3_record_number(suite, "verdicts.missed");
  return missed;
}

void cs3_validate_keep(json_t *record, char **names) {
  json_t *suites = json_object_get(record, "suites");
  for (size_t i = json_array_size(suites); names[0] != NULL && i-- > 0;) {
    const char *name = cs3_record_string(json_array_get(suites, i), "name");
    if (!g_strv_contains((const char *const *)names, name))
      json_array_remove(suites, i);
  }
}

/* Rows that stand together. */
typedef struct {
  const char *suite, *name;
  GPtrArray *evidence; /* each kind once, in order of appearance */
  GArray *errors;      /* of double: |error| of rows with a value to compare with */
  gint64 ok, missed, reported, rejected;
} Group;

static void group_free(gpointer data) {
  Group *group = data;
  g_ptr_array_unref(group->evidence);
  g_array_unref(group->errors);
  g_free(group);
}

static Group *find_group(GPtrArray *groups, const char *suite, const char *name) {
  for (guint i = 0; i < groups->len; i++) {
    Group *group = groups->pdata[i];
    if (strcmp(group->suite, suite) == 0 && strcmp(group->name, name) == 0)
      return group;
  }
  Group *group = g_new0(Group, 1);
  group->suite = suite;
  group->name = name;
  group->evidence = g_ptr_array_new();
  group->errors = g_array_new(FALSE, FALSE, sizeof(double));
  g_ptr_array_add(groups, group);
  return group;
}

static void add_evidence(Group *group, const char *evidence) {
  for (guint i = 0; i < group->evidence->len; i++)
    if (strcmp(group->evidence->pdata[i], evidence) == 0)
      return;
  g_ptr_array_add(group->evidence, (gpointer)evidence);
}

static void add_point(GPtrArray *groups, const char *suite, const json_t *point) {
  Group *group = find_group(groups, suite, cs3_record_string(point, "group"));
  const char *verdict = cs3_record_string(point, "verdict");
  if (strcmp(verdict, "rejected") == 0) {
    group->rejected++;
    return;
  }
  group->ok += strcmp(verdict, "ok") == 0;
  group->missed += strcmp(verdict, "missed") == 0;
  group->reported += strcmp(verdict, "reported") == 0;
  add_evidence(group, cs3_record_string(point, "evidence"));
  const char *accepted = cs3_record_string(point, "accepted");
  double error = fabs(cs3_record_number(point, "error"));
  if (!g_str_has_prefix(accepted, "at ") && isfinite(error))
    g_array_append_val(group->errors, error);
}

static const Cs3Column columns[] = {
    {.key = "suite", .title = "suite", .type = CS3_COLUMN_TEXT},
    {.key = "group", .title = "what", .type = CS3_COLUMN_TEXT},
    {.key = "rows", .title = "rows", .type = CS3_COLUMN_INT},
    {.key = "evidence", .title = "against", .type = CS3_COLUMN_TEXT},
    {.key = "kept", .title = "claims kept", .type = CS3_COLUMN_TEXT},
    {.key = "median",
     .title = "median error %",
     .type = CS3_COLUMN_REAL,
     .decimals = 1,
     .scale = 100},
    {.key = "largest", .title = "largest %", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 100},
    {.key = "not_reproduced", .title = "not reproduced", .type = CS3_COLUMN_INT},
};

static void add_line(Cs3Table *table, const Group *group) {
  double *errors = (double *)(void *)group->errors->data;
  gsize n = group->errors->len;
  gsl_sort(errors, 1, n);
  g_ptr_array_add(group->evidence, NULL);
  g_autofree char *evidence = g_strjoinv(", ", (char **)group->evidence->pdata);
  g_ptr_array_set_size(group->evidence, (gint)group->evidence->len - 1);
  gint64 claims = group->ok + group->missed;
  g_autofree char *kept =
      claims > 0 ? g_strdup_printf("%" G_GINT64_FORMAT " of %" G_GINT64_FORMAT, group->ok, claims)
                 : g_strdup("-");
  cs3_table_add_text(table, group->suite);
  cs3_table_add_text(table, group->name);
  cs3_table_add_int(table, claims + group->reported);
  cs3_table_add_text(table, claims + group->reported > 0 ? evidence : "-");
  cs3_table_add_text(table, kept);
  cs3_table_add_real(table, n > 0 ? gsl_stats_median_from_sorted_data(errors, 1, n) : NAN);
  cs3_table_add_real(table, n > 0 ? errors[n - 1] : NAN);
  cs3_table_add_int(table, group->rejected);
}

void cs3_validate_summary(const json_t *record, Cs3Output *output, Cs3Format format) {
  g_autoptr(GPtrArray) groups = g_ptr_array_new_with_free_func(group_free);
  g_autoptr(Cs3Table) table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  size_t i, k;
  json_t *suite, *point;
  json_array_foreach(json_object_get(record, "suites"), i, suite)
      json_array_foreach(json_object_get(suite, "points"), k, point)
          add_point(groups, cs3_record_string(suite, "name"), point);
  for (guint g = 0; g < groups->len; g++)
    add_line(table, groups->pdata[g]);
  cs3_table_write(table, output, format);
}
