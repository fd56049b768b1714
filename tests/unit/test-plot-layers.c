/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The plot of layers: its curves from shuffled records, and records that it refuses. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <jansson.h>

#include "plots/plot.h"
#include "plots/plots.h"
#include "plots/script.h"
#include "results/record.h"

static const Cs3PlotTarget svg = {.format = CS3_PLOT_SVG};

static json_t *record_of(const char *hardware, int tokens, double sparsity, double simulated) {
  return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:f, s:s, s:s, s:i, s:i, s:s, s:{s:f, s:f}}",
                   "schema", "cs3sim.layer/1", "hardware", hardware, "pass", "forward",
                   "out_features", 64, "in_features", 96, "tokens", tokens, "sparsity", sparsity,
                   "pattern", "uniform", "fidelity", "recurrence", "seed", 1, "cycles", 100,
                   "bottleneck", "ingress", "speedup", "simulated", simulated, "theoretical",
                   1 / (1 - sparsity));
}

static gboolean make(const json_t *records, char **data, Cs3Script **script, GError **error) {
  return cs3_plot_make(&cs3_plot_layer_speedup, records, &svg, data, script, error);
}

START_TEST(test_curves) {
  json_t *records = json_array();
  json_array_append_new(records, record_of("b", 2048, 0.5, 1.5));
  json_array_append_new(records, record_of("a", 4096, 0.75, 3));
  json_array_append_new(records, record_of("b", 2048, 0, 1));
  json_array_append_new(records, record_of("a", 2048, 0.5, 1));
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(make(records, &data, &script, &error), "%s", error ? error->message : "");
  static const char columns[] = "sparsity simulated theory share_percent bottleneck\n";
  g_autofree char *expected =
      g_strdup_printf("# %s\n"
                      "# a, 2048 tokens\n%s0.5 1 2 50 \"ingress\"\n\n\n"
                      "# b, 2048 tokens\n%s0 1 1 100 \"ingress\"\n"
                      "0.5 1.5 2 75 \"ingress\"\n\n\n"
                      "# a, 4096 tokens\n%s0.75 3 4 75 \"ingress\"\n",
                      cs3_plot_layer_speedup.summary, columns, columns, columns);
  ck_assert_str_eq(data, expected);
  g_autofree char *text = cs3_script_text(script);
  ck_assert_ptr_nonnull(strstr(text, "index 2 using 'sparsity':'share_percent'"));
  ck_assert_ptr_nonnull(strstr(text, "title 'b, 2 k tokens'"));
  json_decref(records);
}
END_TEST

static const struct {
  const char *key, *value, *message;
} spoilt[] = {
    {"schema", "cs3sim.layer/2", "record 2: the record's schema is 'cs3sim.layer/2'"},
    {"hardware", "", "record 2: the record has no text at hardware"},
    {"tokens", "many", "record 2: the record has no number at tokens"},
    {"pass", "dx", "record 2: differs from the first in pass"},
    {"pattern", "2:4", "record 2: differs from the first in pattern"},
};

START_TEST(test_spoilt) {
  json_t *records = json_array(), *second = record_of("a", 64, 0.75, 1);
  json_array_append_new(records, record_of("a", 64, 0.5, 1));
  json_object_set_new(second, spoilt[_i].key, json_string(spoilt[_i].value));
  json_array_append_new(records, second);
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  g_autoptr(GError) error = NULL;
  ck_assert(!make(records, &data, &script, &error));
  fixture_error_in(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA, spoilt[_i].message);
  json_decref(records);
}
END_TEST

START_TEST(test_too_many) {
  json_t *records = json_array();
  for (int i = 1; i <= 7; i++)
    json_array_append_new(records, record_of("a", 64 * i, 0.5, 1));
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  g_autoptr(GError) error = NULL;
  ck_assert(!make(records, &data, &script, &error));
  fixture_error_in(error, CS3_RECORD_ERROR, CS3_RECORD_ERROR_DATA,
                   "1 machines and 7 numbers of tokens: at most 4 and 6");
  json_decref(records);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("plot-layers");
  TCase *t = tcase_create("plot-layers");
  tcase_add_test(t, test_curves);
  tcase_add_loop_test(t, test_spoilt, 0, G_N_ELEMENTS(spoilt));
  tcase_add_test(t, test_too_many);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
