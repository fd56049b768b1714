/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The printed layer graph: totals are the sums of the rows, every format tells the same. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include <unistd.h>

#include "sim/run/inspect.h"

typedef struct {
  Cs3Model *model;
  Cs3Graph *graph;
} Fixture;

static Fixture fixture;

static void setup(void) {
  fixture.model = fixture_preset("llama3-8b");
  fixture.graph =
      cs3_graph_new(fixture.model, &(Cs3Lengths){.seq = 4096, .attention = CS3_MASK_FULL}, NULL);
  ck_assert_ptr_nonnull(fixture.graph);
}

static void teardown(void) {
  cs3_graph_free(fixture.graph);
  cs3_model_free(fixture.model);
}

static double number(const json_t *object, const char *key) {
  const json_t *value = json_object_get(object, key);
  ck_assert_msg(json_is_number(value), "%s is not a number", key);
  return json_number_value(value);
}

START_TEST(test_totals_are_sums) {
  static const char *const sums[] = {"parameters",
                                     "macs_per_token",
                                     "training_flops_per_token",
                                     "vector_elements_per_token",
                                     "special_elements_per_token",
                                     "saved_bytes_per_token"};
  json_t *record = cs3_inspect_record(fixture.graph, NULL), *row;
  gsize i;
  double share = 0;
  for (guint s = 0; s < G_N_ELEMENTS(sums); s++) {
    double sum = 0;
    json_array_foreach(json_object_get(record, "nodes"), i, row) sum +=
        number(row, sums[s]) * number(row, "repeat");
    ck_assert_double_eq(number(json_object_get(record, "totals"), sums[s]), sum);
  }
  json_array_foreach(json_object_get(record, "nodes"), i, row) share += number(row, "macs_share");
  ck_assert_double_eq_tol(share, 1, 1e-12);
  json_decref(record);
}
END_TEST

START_TEST(test_record) {
  json_t *record = cs3_inspect_record(fixture.graph, NULL);
  const json_t *model = json_object_get(record, "model"),
               *totals = json_object_get(record, "totals");
  ck_assert_str_eq(json_string_value(json_object_get(record, "schema")), "cs3sim.inspect/1");
  ck_assert_str_eq(json_string_value(json_object_get(record, "attention")), "full");
  ck_assert_double_eq(number(model, "parameters"), 8030261248.0);
  ck_assert_double_eq(number(totals, "parameters"), 8030261248.0);
  ck_assert_double_eq(number(totals, "training_flops_per_token"),
                      6 * cs3_graph_macs(fixture.graph) / fixture.graph->tokens);
  ck_assert_uint_eq(json_array_size(json_object_get(record, "nodes")), fixture.graph->nodes->len);
  ck_assert_uint_eq(json_array_size(json_object_get(record, "segments")), 3);
  ck_assert_uint_eq(json_array_size(json_object_get(record, "activation_memory")), 3);
  json_decref(record);
}
END_TEST

/* What cs3_inspect_write() puts into a file. */
static char *written(Cs3Format format) {
  char *text = NULL;
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("cs3-inspect-XXXXXX", &path, NULL);
  ck_assert_int_ge(fd, 0);
  close(fd);
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Output) output = cs3_output_new(path, &error);
  ck_assert_ptr_nonnull(output);
  cs3_inspect_write(fixture.graph, NULL, output, format);
  ck_assert(cs3_output_finish(output, &error));
  ck_assert(g_file_get_contents(path, &text, NULL, NULL));
  unlink(path);
  return text;
}

static guint lines(const char *text) {
  guint n = 0;
  for (const char *p = text; *p; p++)
    n += *p == '\n';
  return n;
}

START_TEST(test_text) {
  g_autofree char *text = written(CS3_FORMAT_TEXT);
  static const char *const expected[] = {
      "llama3-8b (llama): 8030261248 parameters, 32 layers of width 4096, 32 heads of 128 (8 for",
      "4096 tokens a sequence, full attention",
      "1024 x 4096   ",
      "  32  yes        4194304",
      "% of it in weights that can be sparse",
      "maps are not stored",
      "recompute full"};
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
    ck_assert_msg(strstr(text, expected[i]) != NULL, "no \"%s\"", expected[i]);
}
END_TEST

START_TEST(test_rows) {
  g_autofree char *csv = written(CS3_FORMAT_CSV), *jsonl = written(CS3_FORMAT_JSONL);
  ck_assert_uint_eq(lines(csv), fixture.graph->nodes->len + 1);
  ck_assert_uint_eq(lines(jsonl), fixture.graph->nodes->len);
  ck_assert(
      g_str_has_prefix(csv, "segment,name,kind,tensor,shape,out_features,in_features,repeat,"));
}
END_TEST

START_TEST(test_json) {
  g_autofree char *text = written(CS3_FORMAT_JSON);
  json_t *read = json_loads(text, 0, NULL), *record = cs3_inspect_record(fixture.graph, NULL);
  ck_assert_ptr_nonnull(read);
  ck_assert_str_eq(json_string_value(json_object_get(read, "schema")), "cs3sim.inspect/1");
  ck_assert(json_equal(json_object_get(read, "model"), json_object_get(record, "model")));
  json_decref(read);
  json_decref(record);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("inspect");
  TCase *tc = tcase_create("inspect");
  tcase_add_checked_fixture(tc, setup, teardown);
  tcase_add_test(tc, test_totals_are_sums);
  tcase_add_test(tc, test_record);
  tcase_add_test(tc, test_text);
  tcase_add_test(tc, test_rows);
  tcase_add_test(tc, test_json);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
