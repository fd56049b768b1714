/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said of a parameter: to people in 80 columns, to programs as records. */
#include "config.h"

#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/config-error.h"
#include "sim/machine/explain.h"

static Cs3Machine *cs3(void) {
  g_autoptr(GError) error = NULL;
  Cs3Machine *machine = cs3_machine_load("cs3", NULL, &error);
  ck_assert_msg(machine != NULL, "%s", error != NULL ? error->message : "");
  return machine;
}

static const struct {
  const char *pattern;
  guint n; /* parameters */
  const char *first;
} patterns[] = {
    {"wafer.clock", 1, "wafer.clock"},
    {"clock", 1, "wafer.clock"},
    {"wafer", 6, "wafer.pe_x"},
    {"wafer.*", 6, "wafer.pe_x"},
    {"link", 3, "fabric.link"},
    {"*.link", 3, "fabric.link"},
    {"in_queue_?", 8, "fabric.in_queue_0"},
};

START_TEST(selects) {
  g_autoptr(Cs3Machine) machine = cs3();
  g_autoptr(Cs3Table) table = cs3_explain_table(machine, patterns[_i].pattern, NULL);
  ck_assert_ptr_nonnull(table);
  ck_assert_uint_eq(cs3_table_rows(table), patterns[_i].n);
  json_t *rows = cs3_table_json(table);
  ck_assert_str_eq(json_string_value(json_object_get(json_array_get(rows, 0), "name")),
                   patterns[_i].first);
  json_decref(rows);
  g_autofree char *text = cs3_explain(machine, patterns[_i].pattern, 80, NULL);
  ck_assert(g_str_has_prefix(text, patterns[_i].first));
  g_auto(GStrv) entries = g_strsplit(text, "\n\n", -1);
  ck_assert_uint_eq(g_strv_length(entries), patterns[_i].n);
}
END_TEST

START_TEST(one_parameter) {
  g_autoptr(Cs3Machine) machine = cs3();
  g_autofree char *text = cs3_explain(machine, "wafer.clock", 80, NULL);
  static const char *const parts[] = {"1.1 GHz on cs3 (cs3.ini:", "750 MHz .. 1.4 GHz",
                                      "1 MHz .. 100 GHz",         "disputed: several values",
                                      "Hot Chips 34, 2022",       "Never published."};
  for (gsize i = 0; i < G_N_ELEMENTS(parts); i++)
    ck_assert_msg(strstr(text, parts[i]) != NULL, "'%s' is missing in:\n%s", parts[i], text);
}
END_TEST

static guint count_rows(void) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  guint n = 0;
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    n += b->table->n_params;
  return n;
}

START_TEST(all_parameters) {
  g_autoptr(Cs3Machine) machine = cs3();
  g_autoptr(Cs3Table) table = cs3_explain_table(machine, NULL, NULL);
  ck_assert_uint_eq(cs3_table_rows(table), count_rows());
  g_autofree char *list = cs3_explain(machine, NULL, 80, NULL);
  g_auto(GStrv) lines = g_strsplit(list, "\n", -1);
  guint entries = 0;
  for (char **line = lines; *line != NULL; line++)
    entries += g_str_has_prefix(*line, "  ");
  ck_assert_uint_eq(entries, count_rows());
}
END_TEST

START_TEST(fits_a_terminal) {
  g_autoptr(Cs3Machine) machine = cs3();
  const char *const which[] = {NULL, "*"};
  for (gsize i = 0; i < G_N_ELEMENTS(which); i++) {
    g_autofree char *text = cs3_explain(machine, which[i], 80, NULL);
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line != NULL; line++)
      ck_assert_msg(g_utf8_strlen(*line, -1) <= 80, "%s", *line);
  }
}
END_TEST

START_TEST(records) {
  static const char *const set[] = {"kernel.acc_placement=cache", NULL};
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs2", set, NULL);
  g_autoptr(Cs3Table) table = cs3_explain_table(machine, NULL, NULL);
  json_t *rows = cs3_table_json(table);
  gsize index;
  json_t *record;
  json_array_foreach(rows, index, record) {
    const char *name = json_string_value(json_object_get(record, "name"));
    if (g_str_equal(name, "wafer.clock")) {
      ck_assert_double_eq(json_real_value(json_object_get(record, "value")), 1.1e9);
      ck_assert_double_eq(json_real_value(json_object_get(record, "plausible_min")), 0.85e9);
      ck_assert_str_eq(json_string_value(json_object_get(record, "unit")), "Hz");
    }
    if (g_str_equal(name, "kernel.acc_placement")) {
      ck_assert(json_is_null(json_object_get(record, "value")));
      ck_assert_str_eq(json_string_value(json_object_get(record, "text")), "cache");
      ck_assert_str_eq(json_string_value(json_object_get(record, "origin")), "--set");
      ck_assert(
          g_str_has_prefix(json_string_value(json_object_get(record, "choices")), "auto, cache, "));
    }
  }
  json_decref(rows);
}
END_TEST

static const struct {
  const char *pattern, *message;
} unknown[] = {
    {"clok", "unknown parameter 'clok'; did you mean wafer.clock?"},
    {"wafer.clok", "unknown key 'clok' in [wafer]; did you mean clock?"},
    {"kernal", "unknown parameter 'kernal'; did you mean kernel?"},
    {"", "unknown parameter ''; known: wafer, pe, fabric, io, kernel, gemm, memoryx, swarmx, "
         "step, recovery, cost, activations"},
};

START_TEST(suggests) {
  g_autoptr(Cs3Machine) machine = cs3();
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_explain(machine, unknown[_i].pattern, 80, &error));
  ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN));
  ck_assert_str_eq(error->message, unknown[_i].message);
  g_clear_error(&error);
  ck_assert_ptr_null(cs3_explain_table(machine, unknown[_i].pattern, &error));
  ck_assert_str_eq(error->message, unknown[_i].message);
}
END_TEST

static Suite *explain_suite(void) {
  Suite *suite = suite_create("explain");
  TCase *tcase = tcase_create("explain");
  tcase_add_loop_test(tcase, selects, 0, G_N_ELEMENTS(patterns));
  tcase_add_test(tcase, one_parameter);
  tcase_add_test(tcase, all_parameters);
  tcase_add_test(tcase, fits_a_terminal);
  tcase_add_test(tcase, records);
  tcase_add_loop_test(tcase, suggests, 0, G_N_ELEMENTS(unknown));
  suite_add_tcase(suite, tcase);
  return suite;
}

int main(void) {
  SRunner *runner = srunner_create(explain_suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
