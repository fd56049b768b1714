/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Result tables: the same cells in every format. */
#include "config.h"

#include "base/table.h"

#include <glib/gstdio.h>
#include <math.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

static const Cs3Column columns[] = {
    {.key = "layer", .title = "layer", .type = CS3_COLUMN_TEXT},
    {.key = "count", .title = "count", .type = CS3_COLUMN_INT},
    {.key = "time_s", .title = "time [ms]", .type = CS3_COLUMN_REAL, .decimals = 1, .scale = 1e3},
    {.key = "hidden", .type = CS3_COLUMN_REAL},
};

static Cs3Table *sample(void) {
  Cs3Table *table = cs3_table_new(columns, G_N_ELEMENTS(columns));
  cs3_table_add_text(table, "q_proj");
  cs3_table_add_int(table, 32);
  cs3_table_add_real(table, 0.0123);
  cs3_table_add_real(table, 1.0 / 3);
  cs3_table_add_text(table, "say \"h\xc3\xa9\", twice");
  cs3_table_add_int(table, -1);
  cs3_table_add_real(table, NAN);
  cs3_table_add_real(table, INFINITY);
  return table;
}

static char *written(const Cs3Table *table, Cs3Format format) {
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp(NULL, &path, NULL);
  close(fd);
  g_autoptr(Cs3Output) output = cs3_output_new(path, NULL);
  cs3_table_write(table, output, format);
  ck_assert(cs3_output_finish(output, NULL));
  char *content = NULL;
  ck_assert(g_file_get_contents(path, &content, NULL, NULL));
  g_unlink(path);
  return content;
}

static const struct {
  Cs3Format format;
  const char *text;
} forms[] = {
    {CS3_FORMAT_TEXT, "layer            count  time [ms]\n"
                      "q_proj              32       12.3\n"
                      "say \"h\xc3\xa9\", twice     -1          -\n"},
    {CS3_FORMAT_CSV, "layer,count,time_s,hidden\n"
                     "q_proj,32,0.0123,0.333333333333333\n"
                     "\"say \"\"h\xc3\xa9\"\", twice\",-1,,\n"},
    {CS3_FORMAT_JSONL,
     "{\"layer\":\"q_proj\",\"count\":32,\"time_s\":0.0123,\"hidden\":0.333333333333333}\n"
     "{\"layer\":\"say \\\"h\xc3\xa9\\\", twice\",\"count\":-1,\"time_s\":null,\"hidden\":null}\n"},
};

START_TEST(test_forms) {
  g_autoptr(Cs3Table) table = sample();
  ck_assert_uint_eq(cs3_table_rows(table), 2);
  g_autofree char *text = written(table, forms[_i].format);
  ck_assert_str_eq(text, forms[_i].text);
}
END_TEST

START_TEST(test_json_is_the_lines) {
  g_autoptr(Cs3Table) table = sample();
  g_autofree char *text = written(table, CS3_FORMAT_JSON);
  json_t *array = json_loads(text, 0, NULL);
  ck_assert_uint_eq(json_array_size(array), 2);
  const char *name = json_string_value(json_object_get(json_array_get(array, 0), "layer"));
  ck_assert_str_eq(name, "q_proj");
  ck_assert(json_is_null(json_object_get(json_array_get(array, 1), "time_s")));
  json_decref(array);
}
END_TEST

START_TEST(test_empty) {
  g_autoptr(Cs3Table) table = cs3_table_new(columns, 2);
  g_autofree char *text = written(table, CS3_FORMAT_TEXT);
  g_autofree char *csv = written(table, CS3_FORMAT_CSV);
  g_autofree char *json = written(table, CS3_FORMAT_JSON);
  ck_assert_str_eq(text, "layer  count\n");
  ck_assert_str_eq(csv, "layer,count\n");
  ck_assert_str_eq(json, "[]\n");
}
END_TEST

/* A reader of RFC 4180 for one field, written from the grammar: undoes what the table wrote. */
static char *csv_value(const char *field) {
  GString *value = g_string_new(NULL);
  if (*field != '"')
    return g_string_free(g_string_append_len(value, field, (gssize)strcspn(field, ",\n")), FALSE);
  for (const char *c = field + 1; !(c[0] == '"' && c[1] != '"'); c += *c == '"' ? 2 : 1)
    g_string_append_c(value, *c);
  return g_string_free(value, FALSE);
}

START_TEST(test_csv_round_trip) {
  static const Cs3Column one[] = {{.key = "x", .title = "x", .type = CS3_COLUMN_TEXT}};
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 200; i++) {
    g_autoptr(GString) text = g_string_new(NULL);
    for (int n = g_rand_int_range(rand, 0, 12); n > 0; n--)
      g_string_append_c(text, "ab,\"\n\r '"[g_rand_int_range(rand, 0, 8)]);
    g_autoptr(Cs3Table) table = cs3_table_new(one, 1);
    cs3_table_add_text(table, text->str);
    g_autofree char *csv = written(table, CS3_FORMAT_CSV);
    g_autofree char *back = csv_value(csv + strlen("x\n"));
    ck_assert_str_eq(back, text->str);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("table");
  TCase *tcase = tcase_create("table");
  tcase_add_loop_test(tcase, test_forms, 0, G_N_ELEMENTS(forms));
  tcase_add_test(tcase, test_json_is_the_lines);
  tcase_add_test(tcase, test_empty);
  tcase_add_test(tcase, test_csv_round_trip);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
