/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sobol's points and indices against functions whose indices are known; the step times that an
 * analysis evaluates against those of a run; the analysis itself. */
#include "config.h"

#include "results/record.h"
#include "tests/unit/fixture.h"

#include <math.h>

#include "base/config-error.h"
#include "sim/run/result.h"
#include "sim/run/scenario.h"
#include "sim/run/sobol.h"
#include "sim/run/tornado.h"
#include "sim/run/uncertainty.h"

typedef double (*Function)(const double *x);

/* Ishigami and Homma (1990), a = 7, b = 0.1, x uniform in (-pi, pi): indices in closed form. */
static double ishigami(const double *u) {
  double x = M_PI * (2 * u[0] - 1), y = M_PI * (2 * u[1] - 1), z = M_PI * (2 * u[2] - 1);
  return sin(x) + 7 * sin(y) * sin(y) + 0.1 * pow(z, 4) * sin(x);
}

static double linear(const double *u) {
  return 1 * u[0] + 2 * u[1] + 3 * u[2];
}

static double constant(const double *u) {
  return 5;
}

static const struct {
  Function f;
  double first[3], total[3];
} functions[] = {
    {ishigami, {0.3139, 0.4424, 0}, {0.5576, 0.4424, 0.2437}},
    {linear, {1 / 14.0, 4 / 14.0, 9 / 14.0}, {1 / 14.0, 4 / 14.0, 9 / 14.0}},
    {constant, {NAN, NAN, NAN}, {NAN, NAN, NAN}},
};

/* f at the points of A, B and the mixed ones. */
static double *values_of(Function f, const double *points, guint n, guint d) {
  double *values = g_new(double, (gsize)n *(d + 2));
  for (guint block = 0; block < d + 2; block++)
    for (guint j = 0; j < n; j++) {
      double x[3];
      for (guint i = 0; i < d; i++) {
        gboolean from_b = block == 1 || block == i + 2;
        x[i] = points[((gsize)(from_b ? n : 0) + j) * d + i];
      }
      values[(gsize)block * n + j] = f(x);
    }
  return values;
}

static void assert_near(double value, double expected, double tolerance, const char *what) {
  if (isnan(expected))
    ck_assert_msg(isnan(value), "%s: %g instead of none", what, value);
  else
    ck_assert_msg(fabs(value - expected) <= tolerance, "%s: %g instead of %g", what, value,
                  expected);
}

START_TEST(test_known_indices) {
  enum { N = 4096, D = 3 };
  guint32 seed = fixture_seed();
  g_autofree double *points = cs3_sobol_points(N, D, seed);
  g_autofree double *values = values_of(functions[_i].f, points, N, D);
  values[N + 17] = NAN; /* a row that B cannot give */
  Cs3SobolIndex indices[D];
  Cs3SobolValues v = {.n = N, .dimensions = D, .a = values, .b = values + N, .ab = values + 2 * N};
  cs3_sobol_indices(&v, seed, indices);
  for (guint i = 0; i < D; i++) {
    assert_near(indices[i].first, functions[_i].first[i], 0.06, "first");
    assert_near(indices[i].total, functions[_i].total[i], 0.06, "total");
    ck_assert_uint_eq(indices[i].rows, N - 1);
    if (!isnan(functions[_i].first[i]))
      ck_assert(indices[i].first_se > 0 && indices[i].first_se < 0.04 &&
                indices[i].total_se < 0.04);
  }
}
END_TEST

/* Both matrices fill the cube evenly, each column hitting every 64th once a 64 points; their rows
 * are paired at random. */
START_TEST(test_points) {
  enum { N = 1024, D = 50 };
  guint32 seed = fixture_seed();
  g_autofree double *points = cs3_sobol_points(N, D, seed);
  g_autofree double *again = cs3_sobol_points(N, D, seed);
  ck_assert_mem_eq(points, again, 2 * N * D * sizeof *points);
  for (guint i = 0; i < D; i++) {
    double together = 0, mean = 0;
    for (guint j = 0; j < N; j++) {
      double a = points[(gsize)j * D + i], b = points[(gsize)(N + j) * D + i];
      ck_assert(a >= 0 && a < 1 && b >= 0 && b < 1);
      together += (a - 0.5) * (b - 0.5) / N;
      mean += a / N;
    }
    ck_assert_double_eq_tol(mean, 0.5, 0.005);
    ck_assert_msg(fabs(together * 12) < 0.25, "dimension %u: correlation %g", i, together * 12);
  }
}
END_TEST

static Cs3Scenario *scenario_of(const char *model, double sparsity, char **set, gint64 jobs) {
  g_autoptr(GError) error = NULL;
  Cs3ScenarioOptions o = cs3_scenario_defaults;
  o.model = (char *)model;
  o.sparsity = sparsity;
  o.batch = 16;
  o.lengths.seq = 512;
  o.jobs = jobs;
  o.set = set;
  Cs3Scenario *scenario = cs3_scenario_new(&o, &error);
  ck_assert_msg(scenario != NULL, "%s", error ? error->message : "");
  return scenario;
}

static double relative_error(const Cs3RunConfig *config, gint64 rows, const Cs3Run *run) {
  Cs3RunTimes t;
  ck_assert(cs3_run_times(config, rows, &t, NULL));
  double dense = fabs(t.dense_s / run->dense.time.step_s - 1);
  double sparse = fabs(t.sparse_s / run->sparse.time.step_s - 1);
  return MAX(dense, sparse);
}

/* The evaluation of an analysis is near the run: mappings by closed forms, a part of the rows. */
START_TEST(test_times_are_near_the_run) {
  static const char *const models[] = {"gpt2-small", "opt-6.7b"};
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Scenario) s = scenario_of(models[_i], 0.7, NULL, 2);
  g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(1 << 12, 1 << 28);
  s->config.cache = cache;
  g_autoptr(Cs3Run) run = cs3_run(&s->config, &error);
  ck_assert_msg(run != NULL, "%s", error ? error->message : "");
  double all = relative_error(&s->config, 0, run), some = relative_error(&s->config, 256, run);
  ck_assert_msg(all < 0.04 && some < 0.05, "%s: %.3f, %.3f", models[_i], all, some);
}
END_TEST

static json_t *analyse(const Cs3Scenario *s, guint samples, gboolean indices) {
  g_autoptr(GError) error = NULL;
  json_t *object =
      cs3_uncertainty(&s->config, (Cs3RunTimes){3, 2}, samples, indices, NULL, NULL, &error);
  ck_assert_msg(object != NULL, "%s", error ? error->message : "");
  return object;
}

/* The same bytes for any number of workers; a band in order, scaled to the nominal machine's step
 * as it is given; three constants named. */
START_TEST(test_analysis) {
  g_autoptr(Cs3Scenario) one = scenario_of("gpt2-small", 0.7, NULL, 1);
  g_autoptr(Cs3Scenario) three = scenario_of("gpt2-small", 0.7, NULL, 3);
  guint samples = fixture_slow() ? 3 : 2;
  json_t *a = analyse(one, samples, TRUE), *b = analyse(three, samples, TRUE);
  char *x = json_dumps(a, 0), *y = json_dumps(b, 0);
  ck_assert_str_eq(x, y);
  ck_assert(cs3_record_number(a, "speedup.p10") <= cs3_record_number(a, "speedup.median"));
  ck_assert(cs3_record_number(a, "speedup.median") <= cs3_record_number(a, "speedup.p90"));
  ck_assert_uint_eq(json_array_size(json_object_get(a, "matter_most")), 3);
  ck_assert_double_eq(cs3_record_number(a, "speedup.nominal"), 1.5);
  ck_assert_double_eq(cs3_record_number(a, "step_time_s.nominal"), 2);
  ck_assert(cs3_record_number(a, "uncertain") ==
            (double)json_array_size(json_object_get(a, "parameters")));
  free(x);
  free(y);
  json_decref(a);
  json_decref(b);
}
END_TEST

/* A nominal machine k times as slow: so is the band. */
START_TEST(test_scaled_to_the_run) {
  g_autoptr(Cs3Scenario) s = scenario_of("gpt2-small", 0.7, NULL, 2);
  json_t *x = cs3_uncertainty(&s->config, (Cs3RunTimes){3, 2}, 4, FALSE, NULL, NULL, NULL);
  json_t *y = cs3_uncertainty(&s->config, (Cs3RunTimes){6, 6}, 4, FALSE, NULL, NULL, NULL);
  ck_assert(x != NULL && y != NULL);
  static const char *const ends[] = {"p10", "median", "p90", "nominal"};
  for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
    g_autofree char *step = g_strconcat("step_time_s.", ends[i], NULL);
    g_autofree char *speedup = g_strconcat("speedup.", ends[i], NULL);
    double longer = cs3_record_number(y, step) / cs3_record_number(x, step);
    double gain = cs3_record_number(y, speedup) / cs3_record_number(x, speedup);
    ck_assert_double_eq_tol(longer, 3, 1e-9);
    ck_assert_double_eq_tol(gain, 2.0 / 3, 1e-9);
  }
  json_decref(x);
  json_decref(y);
}
END_TEST

/* With one constant left to vary all the variance is its own; with none there is nothing to do. */
START_TEST(test_one_constant_left) {
  g_autoptr(Cs3Scenario) s = scenario_of("gpt2-small", 0.7, NULL, 2);
  g_autoptr(GArray) all = cs3_machine_uncertain(s->machine);
  for (guint i = 0; i < all->len; i++) {
    const Cs3Uncertain *u = &g_array_index(all, Cs3Uncertain, i);
    g_autofree char *name = cs3_param_name(u->param);
    if (strcmp(name, "kernel.weight_overhead") != 0)
      ck_assert(cs3_machine_set(s->machine, u->param, u->value, "--set", NULL));
  }
  g_autoptr(GArray) left = cs3_machine_uncertain(s->machine);
  ck_assert_uint_eq(left->len, 1);
  json_t *object = analyse(s, 32, TRUE);
  const json_t *only = json_array_get(json_object_get(object, "parameters"), 0);
  ck_assert_str_eq(cs3_record_string(only, "name"), "kernel.weight_overhead");
  ck_assert_double_eq_tol(cs3_record_number(only, "tokens_per_s.total"), 1, 0.35);
  ck_assert(cs3_record_number(object, "tokens_per_s.p90") >
            cs3_record_number(object, "tokens_per_s.p10"));
  json_decref(object);

  const Cs3Uncertain *u = &g_array_index(left, Cs3Uncertain, 0);
  ck_assert(cs3_machine_set(s->machine, u->param, u->value, "--set", NULL));
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_uncertainty(&s->config, (Cs3RunTimes){3, 2}, 4, FALSE, NULL, NULL, &error) == NULL);
  fixture_error_in(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_RANGE,
                   "cs3-silicon has no uncertain constant");
}
END_TEST

/* Constants in order of what they do to the speed-up; a point is what the machine given by --set
 * takes; both ends of the only doubtful clock are there. */
START_TEST(test_tornado) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Scenario) s = scenario_of("gpt2-small", 0.7, NULL, 2);
  json_t *tornado = cs3_tornado(&s->config, (Cs3RunTimes){3, 2}, NULL, NULL, &error);
  ck_assert_msg(tornado != NULL, "%s", error ? error->message : "");
  json_t *constants = json_object_get(tornado, "constants"), *one;
  double before = INFINITY;
  size_t i;
  json_array_foreach(constants, i, one) {
    double span = cs3_record_number(one, "speedup_span");
    ck_assert(span <= before && span >= 0);
    ck_assert_uint_ge(json_array_size(json_object_get(one, "points")), 2);
    before = span;
    if (strcmp(cs3_record_string(one, "name"), "kernel.weight_overhead") != 0)
      continue;
    const json_t *last = json_array_get(json_object_get(one, "points"), 1);
    char *set[] = {(char *)"kernel.weight_overhead=16", NULL};
    g_autoptr(Cs3Scenario) slow = scenario_of("gpt2-small", 0.7, set, 1);
    g_autoptr(Cs3RunCache) cache = cs3_run_cache_new(1 << 12, 1 << 28);
    Cs3RunTimes times;
    slow->config.cache = cache;
    ck_assert(cs3_run_times(&slow->config, CS3_SAMPLE_ROWS, &times, NULL));
    ck_assert_str_eq(cs3_record_string(last, "value"), "16 cycles");
    ck_assert_double_eq_tol(cs3_record_number(last, "step_time_s"),
                            times.sparse_s * cs3_record_number(tornado, "scaled.sparse"), 1e-9);
  }
  json_decref(tornado);
}
END_TEST

/* A machine that cannot run the model at all is an error, not a sample. */
START_TEST(test_infeasible) {
  g_autoptr(GError) error = NULL;
  char *set[] = {(char *)"memoryx.capacity=1 MB", NULL};
  g_autoptr(Cs3Scenario) s = scenario_of("gpt2-small", 0.7, set, 1);
  ck_assert(cs3_uncertainty(&s->config, (Cs3RunTimes){3, 2}, 4, FALSE, NULL, NULL, &error) == NULL);
  ck_assert_msg(strstr(error->message, "does not fit MemoryX") != NULL, "%s", error->message);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("uncertainty");
  TCase *tests = tcase_create("uncertainty");
  tcase_set_timeout(tests, 60);
  tcase_add_loop_test(tests, test_known_indices, 0, G_N_ELEMENTS(functions));
  tcase_add_test(tests, test_points);
  tcase_add_loop_test(tests, test_times_are_near_the_run, 0, fixture_slow() ? 2 : 1);
  tcase_add_test(tests, test_analysis);
  tcase_add_test(tests, test_scaled_to_the_run);
  tcase_add_test(tests, test_one_constant_left);
  tcase_add_test(tests, test_tornado);
  tcase_add_test(tests, test_infeasible);
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
