/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two variants in one sweep are as each is alone, whatever they are: all the patterns, one of them
 * added here as HACKING.md says, and whatever else is chosen by name. */
#include "config.h"

#include <glib/gstdio.h>
#include <jansson.h>

#include "fabric/hardware.h"
#include "sim/study/sweep.h"
#include "tests/unit/fixture.h"
#include "tests/unit/pattern-fixture.h"
#include "workloads/random.h"

/* --- a pattern: runs of # weights along a row ------------------------------------------------ */

static gboolean any_length(const gint64 *param) {
  return param[0] >= 1;
}

static void fill_runs(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
                      Cs3Mask *mask, gint64 row0, gint64 row1) {
  guint64 key = cs3_random_key(seed, stream, CS3_RANDOM_BERNOULLI);
  gint64 length = pattern->param[0], n = (mask->cols + length - 1) / length;
  g_autofree guint64 *alive = g_new(guint64, (n + 63) / 64);
  for (gint64 row = row0; row < row1; row++) {
    cs3_pattern_bernoulli(alive, n, density, key, row);
    for (gint64 k = 0; k < mask->cols; k++)
      cs3_mask_row(mask, row)[k / 64] |= (alive[k / length / 64] >> (k / length % 64) & 1)
                                         << (k % 64);
  }
}

static const Cs3PatternOps runs = {
    .name = "runs",
    .form = "runs:#",
    .syntax = "runs:8",
    .summary = "runs of # weights along a row",
    .valid = any_length,
    .fill = fill_runs,
    .density = cs3_pattern_free_density,
};

/* In place of workloads/pattern-registry.c: its rows and one more. */
const Cs3PatternOps *const *cs3_pattern_registry(void) {
#define ROW(name) &cs3_pattern_##name,
  static const Cs3PatternOps *const registry[] = {CS3_PATTERNS(ROW) & runs, NULL};
#undef ROW
  return registry;
}

/* --- sweeps of a small model ----------------------------------------------------------------- */

static gboolean write_model(const char *path, int layers) {
  g_autofree char *text = g_strdup_printf("{\"model_type\": \"gpt2\", \"n_layer\": %d, \"n_embd\": "
                                          "128, \"n_head\": 4, \"n_positions\": 128, "
                                          "\"vocab_size\": 512}",
                                          layers);
  return g_file_set_contents(path, text, -1, NULL);
}

static gboolean take(gpointer data, const char *line, gsize n, GError **error) {
  json_t *point = json_loadb(line, n, 0, NULL);
  ck_assert_ptr_nonnull(point);
  json_t *result = json_object_get(point, "result");
  json_object_del(json_object_get(result, "provenance"), "configuration");
  json_array_append(data, result != NULL ? result : json_object_get(point, "reason"));
  json_decref(point);
  return TRUE;
}

/* Results at the values of an axis. The models are files of the folder that the test runs in. */
static json_t *sweep(const char *key, const char *values, guint workers) {
  g_autoptr(GError) error = NULL;
  g_auto(Cs3ScenarioOptions) base = {0};
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  Cs3Sweep sweep = {.axes = axes, .base = &base, .workers = workers};
  json_t *results = json_array();
  cs3_scenario_options_copy(&base, &cs3_scenario_defaults);
  static const char *const plain[][2] = {{"model", "./two.json"}, {"batch", "64"}};
  for (gsize i = 0; i < G_N_ELEMENTS(plain); i++)
    ck_assert(strcmp(key, plain[i][0]) == 0 ||
              cs3_setting_apply(&base, plain[i][0], plain[i][1], NULL));
  /* Only a machine with FP8 lanes has all precisions. */
  ck_assert(!g_str_has_suffix(key, "_precision") ||
            cs3_setting_apply(&base, "hardware", "cs3-fp8", NULL));
  ck_assert(strcmp(key, "pattern") != 0 || cs3_setting_apply(&base, "sparsity", "0.5", NULL));
  g_autoptr(Cs3Progress) quiet = cs3_progress_new(CS3_PROGRESS_OFF, stderr, "", 1, NULL);
  ck_assert_msg(cs3_axes_add(axes, key, values, "test", &error) &&
                    cs3_axes_count(axes, &sweep.after, &error) &&
                    cs3_scenario_identity(&base, &sweep.identity, &error) &&
                    cs3_sweep_run(&sweep, quiet, take, results, &error),
                "%s=%s: %s", key, values, error ? error->message : "");
  return results;
}

/* Every one of @values (by comma) in one sweep with one and with two workers, and alone. */
static void assert_independent(const char *key, const char *values) {
  g_auto(GStrv) each = g_strsplit(values, ",", -1);
  json_t *one = sweep(key, values, 1), *two = sweep(key, values, 2);
  ck_assert_msg(json_equal(one, two), "%s=%s: two workers differ from one", key, values);
  for (guint i = 0; each[i] != NULL; i++) {
    json_t *alone = sweep(key, each[i], 1);
    ck_assert_msg(json_equal(json_array_get(one, i), json_array_get(alone, 0)),
                  "%s=%s: in a sweep over %s another result than alone", key, each[i], values);
    json_decref(alone);
  }
  json_decref(one);
  json_decref(two);
}

START_TEST(test_patterns) {
  g_autoptr(GString) values = g_string_new(NULL);
  for (guint i = 0; i < fixture_pattern_texts(); i++) {
    g_autofree char *text = fixture_pattern_text(i);
    g_string_append_printf(values, "%s%s", i > 0 ? "," : "", text);
  }
  ck_assert(strstr(values->str, "runs:8,runs:16") != NULL);
  assert_independent("pattern", values->str);
  json_t *results = sweep("pattern", values->str, 2);
  for (gsize a = 0; a < json_array_size(results); a++)
    for (gsize b = 0; b < a; b++)
      ck_assert(!json_equal(json_array_get(results, a), json_array_get(results, b)));
  json_decref(results);
}
END_TEST

/* The parameters that name variants. */
START_TEST(test_choices) {
  const Cs3ParamTable *table = cs3_hardware_table();
  for (guint i = 0; i < table->n_params; i++) {
    const Cs3Param *p = &table->params[i];
    if (p->type != CS3_PARAM_ENUM)
      continue;
    g_autofree char *key = g_strdup_printf("%s.%s", p->group, p->key);
    g_autofree char *values = g_strjoinv(",", (char **)p->choices);
    assert_independent(key, values);
  }
}
END_TEST

START_TEST(test_rows) {
  static const char *const axes[][2] = {
      {"model", "./two.json,./three.json"},
      {"hardware", "cs2,cs3"},
      {"seed", "1,2"},
      {"attention", "full,causal"},
      {"map", "fold=1,fold=2"},
      {"fidelity", "recurrence,bound"},
  };
  assert_independent(axes[_i][0], axes[_i][1]);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("variants");
  TCase *tc = tcase_create("sweeps");
  tcase_set_timeout(tc, 120);
  tcase_add_test(tc, test_patterns);
  tcase_add_test(tc, test_choices);
  tcase_add_loop_test(tc, test_rows, 0, 6);
  suite_add_tcase(suite, tc);
  g_autofree char *folder = g_dir_make_tmp("cs3sim-variants-XXXXXX", NULL);
  if (folder == NULL || g_chdir(folder) != 0 || !write_model("two.json", 2) ||
      !write_model("three.json", 3))
    return EXIT_FAILURE;
  int status = fixture_run(suite);
  g_unlink("two.json");
  g_unlink("three.json");
  return g_chdir("/") == 0 && g_rmdir(folder) == 0 ? status : EXIT_FAILURE;
}
