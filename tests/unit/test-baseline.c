/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Measured machines: what was measured comes back, what lies between is between, what lies outside
 * is refused, and a wrong file says what is wrong with it. */
#include "config.h"

#include "tests/unit/fixture.h"

#include "base/config-error.h"
#include "sim/machine/baseline.h"

static Cs3Baseline *h100(void) {
  g_autoptr(GError) error = NULL;
  Cs3Baseline *b = cs3_baseline_load("h100", &error);
  ck_assert_msg(b != NULL, "%s", error ? error->message : "");
  return b;
}

static double dense_time(const Cs3Baseline *b, const char *layer) {
  for (guint i = 0; i < b->products->len; i++) {
    const Cs3BaselineProduct *p = b->products->pdata[i];
    if (p->format == CS3_BASELINE_DENSE && strcmp(p->layer, layer) == 0)
      return p->time_s;
  }
  ck_abort_msg("no dense product of %s", layer);
}

START_TEST(test_measured_points_come_back) {
  g_autoptr(Cs3Baseline) b = h100();
  ck_assert_uint_gt(b->products->len, 30);
  for (guint i = 0; i < b->products->len; i++) {
    const Cs3BaselineProduct *p = b->products->pdata[i];
    Cs3BaselineValue v;
    ck_assert(cs3_baseline_speedup(b, p->layer, p->format, p->sparsity, &v, NULL));
    ck_assert_double_eq_tol(v.value, dense_time(b, p->layer) / p->time_s, 1e-12);
    ck_assert(!v.interpolated);
  }
  for (guint i = 0; i < b->steps->len; i++) {
    const Cs3BaselineStep *s = b->steps->pdata[i];
    Cs3BaselineValue v;
    ck_assert(cs3_baseline_tokens_per_s(b, s->model, s->batch, s->seq, &v, NULL));
    ck_assert_double_eq_tol(v.value, (double)(s->batch * s->seq) / s->time_s, 1e-6);
    ck_assert(!v.interpolated);
  }
}
END_TEST

START_TEST(test_between_two_measurements) {
  g_autoptr(Cs3Baseline) b = h100();
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed());
  for (int round = 0; round < 200; round++) {
    guint i = (guint)g_rand_int_range(random, 1, (gint32)b->products->len);
    const Cs3BaselineProduct *p = b->products->pdata[i - 1], *q = b->products->pdata[i];
    if (strcmp(p->layer, q->layer) != 0 || p->format != q->format)
      continue;
    double share = g_rand_double_range(random, 0.01, 0.99);
    double s = p->sparsity + share * (q->sparsity - p->sparsity);
    Cs3BaselineValue v;
    ck_assert(cs3_baseline_speedup(b, p->layer, p->format, s, &v, NULL));
    double time_s = p->time_s + share * (q->time_s - p->time_s);
    ck_assert_double_eq_tol(v.value, dense_time(b, p->layer) / time_s, 1e-9 * v.value);
    ck_assert(v.interpolated);
  }
}
END_TEST

static const struct {
  const char *layer;
  Cs3BaselineFormat format;
  double sparsity;
  int code;
  const char *message;
} refused[] = {
    {"gemm12k", CS3_BASELINE_UNSTRUCTURED, 0.4, CS3_CONFIG_ERROR_RANGE,
     "sparsity 0.4 lies outside of what was measured (0.5 to 0.99)"},
    {"gemm12k", CS3_BASELINE_BLOCK_64, 0.995, CS3_CONFIG_ERROR_RANGE, "(0.5 to 0.99)"},
    {"gemm12k", CS3_BASELINE_2_OF_4, 0.5, CS3_CONFIG_ERROR_UNKNOWN, "no 2:4 product"},
    {"gemm13k", CS3_BASELINE_BLOCK_64, 0.7, CS3_CONFIG_ERROR_UNKNOWN, "did you mean gemm12k"},
    {"llama7b-attn", CS3_BASELINE_BLOCK_64, 0.7, CS3_CONFIG_ERROR_UNKNOWN,
     "no block-64 product of layer 'llama7b-attn' was measured"},
};

START_TEST(test_nothing_is_continued) {
  g_autoptr(Cs3Baseline) b = h100();
  g_autoptr(GError) error = NULL;
  Cs3BaselineValue v;
  ck_assert(!cs3_baseline_speedup(b, refused[_i].layer, refused[_i].format, refused[_i].sparsity,
                                  &v, &error));
  fixture_error_in(error, CS3_CONFIG_ERROR, refused[_i].code, refused[_i].message);
}
END_TEST

START_TEST(test_steps) {
  g_autoptr(Cs3Baseline) b = h100();
  g_autoptr(GError) error = NULL;
  Cs3BaselineValue v;
  ck_assert(cs3_baseline_tokens_per_s(b, "llama7b", 1, 3072, &v, NULL));
  ck_assert(v.interpolated);
  ck_assert(v.value > 9871 && v.value < 10238); /* between the measured 2048 and 4096 */
  ck_assert(!cs3_baseline_tokens_per_s(b, "llama7b", 3, 2048, &v, &error));
  fixture_error_in(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
                   "(1 x 2048, 2 x 2048, 1 x 4096)");
  g_clear_error(&error);
  ck_assert(!cs3_baseline_tokens_per_s(b, "llama13b", 1, 2048, &v, &error));
  fixture_error_in(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "(nothing)");
}
END_TEST

#define HEAD                                                                                       \
  "{\"schema\":\"cs3sim.baseline/1\",\"name\":\"n\",\"description\":\"d\",\"source\":\"s\","       \
  "\"step_scope\":\"f\",\"kernels\":{},"

static const struct {
  const char *text;
  int code;
  const char *message;
} bad_files[] = {
    {"{", CS3_CONFIG_ERROR_SYNTAX, "t.json:1: "},
    {"[]", CS3_CONFIG_ERROR_SYNTAX, "t.json: schema is '', not 'cs3sim.baseline/1'"},
    {"{\"schema\":\"cs3sim.baseline/1\",\"name\":\"n\"}", CS3_CONFIG_ERROR_MISSING,
     "t.json: no text 'description'"},
    {HEAD "\"products\":[{\"layer\":\"l\",\"format\":\"coo\"}]}", CS3_CONFIG_ERROR_VALUE,
     "t.json: products 1: needs a layer, and a format"},
    {HEAD "\"products\":[{\"layer\":\"l\",\"format\":\"dense\",\"sparsity\":0.5,\"tokens\":1,"
          "\"in_features\":1,\"out_features\":1}]}",
     CS3_CONFIG_ERROR_VALUE, "products 1: needs positive sizes and 0 <= sparsity < 1 (dense: 0)"},
    {HEAD "\"products\":[{\"layer\":\"l\",\"format\":\"dense\",\"sparsity\":0.0,\"tokens\":1,"
          "\"in_features\":1,\"out_features\":1,\"median_ms\":1,\"min_ms\":2,\"max_ms\":3}]}",
     CS3_CONFIG_ERROR_VALUE, "products 1: times must be 0 < min_ms <= median_ms <= max_ms"},
    {HEAD "\"steps\":[{\"model\":\"m\",\"batch\":0,\"seq\":4}]}", CS3_CONFIG_ERROR_VALUE,
     "t.json: steps 1: needs a model"},
    {HEAD "\"steps\":[{\"model\":\"m\",\"batch\":1,\"seq\":4,\"joule_per_token\":-1}]}",
     CS3_CONFIG_ERROR_VALUE, "t.json: steps 1: needs a model"},
};

START_TEST(test_bad_files) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Baseline) b = cs3_baseline_parse(bad_files[_i].text, "t.json", &error);
  ck_assert(b == NULL);
  fixture_error_in(error, CS3_CONFIG_ERROR, bad_files[_i].code, bad_files[_i].message);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("baseline");
  TCase *tests = tcase_create("measured machines");
  tcase_add_test(tests, test_measured_points_come_back);
  tcase_add_test(tests, test_between_two_measurements);
  tcase_add_loop_test(tests, test_nothing_is_continued, 0, G_N_ELEMENTS(refused));
  tcase_add_test(tests, test_steps);
  tcase_add_loop_test(tests, test_bad_files, 0, G_N_ELEMENTS(bad_files));
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
