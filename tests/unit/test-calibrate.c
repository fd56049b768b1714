/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mathematics of a calibration against posteriors that are known: likelihood by Cholesky's
 * decomposition, means by quadrature, coverage of truths that are drawn. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <gsl/gsl_blas.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <math.h>
#include <string.h>

#include "sim/cli/cli.h"
#include "sim/validation/emulator.h"
#include "sim/validation/infer.h"
#include "sim/validation/measured.h"
#include "sim/validation/population.h"

enum { ROWS = 5, DIMENSIONS = 12 };

static const guint networks[ROWS] = {0, 0, 1, 1, 2};
static const double errors[ROWS] = {0.02, 0.05, 0.01, 0.02, 0.03};

/* A "machine" of which two coordinates matter, not linearly. */
static void simulate(const double *z, double *logs) {
  for (guint i = 0; i < ROWS; i++)
    logs[i] = 1 + 0.1 * i + 0.4 * z[0] - (0.2 + 0.05 * i) * z[1] + 0.05 * z[0] * z[0];
}

static double *simulate_all(const Cs3Population *p) {
  double *logs = g_new(double, (gsize)p->points *ROWS);
  for (guint k = 0; k < p->points; k++)
    simulate(p->z + (gsize)k * p->dimensions, logs + (gsize)k * ROWS);
  return logs;
}

/* The density of a normal distribution with this covariance, by GSL. */
static double by_cholesky(const double *residual, Cs3Discrepancy d) {
  gsl_matrix *c = gsl_matrix_alloc(ROWS, ROWS);
  gsl_vector *x = gsl_vector_alloc(ROWS);
  double result = 0;
  for (guint i = 0; i < ROWS; i++) {
    gsl_vector_set(x, i, residual[i]);
    for (guint j = 0; j < ROWS; j++)
      gsl_matrix_set(c, i, j,
                     (networks[i] == networks[j] ? d.network * d.network : 0) +
                         (i == j ? errors[i] * errors[i] + d.row * d.row : 0));
  }
  gsl_linalg_cholesky_decomp1(c);
  for (guint i = 0; i < ROWS; i++)
    result -= log(gsl_matrix_get(c, i, i));
  gsl_blas_dtrsv(CblasLower, CblasNoTrans, CblasNonUnit, c, x);
  for (guint i = 0; i < ROWS; i++)
    result -= 0.5 * gsl_vector_get(x, i) * gsl_vector_get(x, i);
  gsl_vector_free(x);
  gsl_matrix_free(c);
  return result;
}

START_TEST(test_likelihood) {
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
  gsl_rng_set(rng, fixture_seed());
  for (guint trial = 0; trial < 50; trial++) {
    double logs[ROWS], measured[ROWS], residual[ROWS];
    for (guint i = 0; i < ROWS; i++) {
      logs[i] = gsl_ran_gaussian(rng, 1);
      residual[i] = gsl_ran_gaussian(rng, 0.2);
      measured[i] = logs[i] + residual[i];
    }
    Cs3Sightings e = {1, ROWS, logs, measured, errors, networks, 3};
    Cs3Discrepancy d = cs3_discrepancy((guint)gsl_rng_uniform_int(rng, CS3_DISCREPANCIES));
    double value = cs3_log_likelihood(&e, 0, d, -1);
    ck_assert_double_eq_tol(value, by_cholesky(residual, d), 1e-6 * fabs(value) + 1e-6);
    logs[0] = NAN;
    ck_assert(cs3_log_likelihood(&e, 0, d, -1) == -INFINITY);
    ck_assert(isfinite(cs3_log_likelihood(&e, 0, d, 0)));
  }
  gsl_rng_free(rng);
}
END_TEST

/* Half-normal quantiles: the mean of squares is that of the scale, but for the tail. */
START_TEST(test_discrepancies) {
  double network = 0, row = 0;
  for (guint g = 0; g < CS3_DISCREPANCIES; g++) {
    Cs3Discrepancy d = cs3_discrepancy(g);
    ck_assert(d.network > 0 && d.row > 0);
    network += d.network * d.network / CS3_DISCREPANCIES;
    row += d.row * d.row / CS3_DISCREPANCIES;
  }
  ck_assert_double_eq_tol(sqrt(network), 0.2, 0.02);
  ck_assert_double_eq_tol(sqrt(row), 0.05, 0.01);
}
END_TEST

/* Mean and deviation of the two coordinates that matter, by the trapezoidal rule. */
static void by_quadrature(const double *measured, double mean[2], double width[2]) {
  enum { N = 161 };
  double sum = 0, first[2] = {0, 0}, second[2] = {0, 0}, most = -INFINITY;
  for (int pass = 0; pass < 2; pass++)
    for (int a = 0; a < N; a++)
      for (int b = 0; b < N; b++) {
        double z[2] = {-4 + 8.0 * a / (N - 1), -4 + 8.0 * b / (N - 1)}, logs[ROWS];
        simulate(z, logs);
        Cs3Sightings e = {1, ROWS, logs, measured, errors, networks, 3};
        for (guint g = 0; g < CS3_DISCREPANCIES; g += 5) {
          double density =
              cs3_log_likelihood(&e, 0, cs3_discrepancy(g), -1) - 0.5 * (z[0] * z[0] + z[1] * z[1]);
          most = pass == 0 ? MAX(most, density) : most;
          double weight = pass == 0 ? 0 : exp(density - most);
          sum += weight;
          for (int c = 0; c < 2; c++) {
            first[c] += weight * z[c];
            second[c] += weight * z[c] * z[c];
          }
        }
      }
  for (int c = 0; c < 2; c++) {
    mean[c] = first[c] / sum;
    width[c] = sqrt(second[c] / sum - mean[c] * mean[c]);
  }
}

/* A posterior that is known, in twelve dimensions of which two matter. */
START_TEST(test_known_posterior) {
  const double measured[ROWS] = {1.8, 1.75, 2.1, 2.2, 2.3};
  double mean[2], width[2];
  by_quadrature(measured, mean, width);
  guint first = fixture_slow() ? 2048 : 512;
  g_autoptr(Cs3Population) p = cs3_population_new(DIMENSIONS, NULL, first, fixture_seed());
  g_autofree double *logs = NULL, *ratio = NULL;
  g_autoptr(Cs3Inference) inference = NULL;
  for (guint round = 0; round < 6; round++) {
    if (round > 0)
      cs3_population_extend(p, p, inference->weights, inference->ess, first / 4);
    cs3_inference_free(inference);
    g_free(logs);
    g_free(ratio);
    logs = simulate_all(p);
    ratio = cs3_population_log_ratio(p);
    Cs3Sightings e = {p->points, ROWS, logs, measured, errors, networks, 3};
    inference = cs3_infer(&e, ratio, NULL, -1);
    ck_assert(inference != NULL);
  }
  for (guint c = 0; c < DIMENSIONS; c++) {
    double m = 0, v = 0, error = 4 / sqrt(inference->ess);
    for (guint k = 0; k < p->points; k++)
      m += inference->weights[k] * p->z[k * DIMENSIONS + c];
    for (guint k = 0; k < p->points; k++)
      v += inference->weights[k] * pow(p->z[k * DIMENSIONS + c] - m, 2);
    ck_assert_msg(fabs(m - (c < 2 ? mean[c] : 0)) < error, "mean %u: %g, known %g", c, m,
                  c < 2 ? mean[c] : 0);
    ck_assert_msg(fabs(sqrt(v) - (c < 2 ? width[c] : 1)) < error, "width %u: %g, known %g", c,
                  sqrt(v), c < 2 ? width[c] : 1);
  }
  ck_assert_msg(inference->ess > first / 16.0, "%g effective points", inference->ess);
}
END_TEST

/* Choices are levels to the emulator, not shares of a range: two and three of them are exact. */
START_TEST(test_emulated_choices) {
  static const guint levels[] = {2, 3, 0};
  g_autoptr(Cs3Population) p = cs3_population_new(3, levels, 200, fixture_seed());
  g_autofree double *values = g_new(double, p->points);
  for (guint k = 0; k < p->points; k++) {
    static const double of_three[] = {0.2, -0.5, 0.1};
    double two = cs3_population_share(p, k, 0) < 0.5 ? 0 : 0.7;
    values[k] = two + of_three[(int)(3 * cs3_population_share(p, k, 1))] +
                0.3 * cs3_population_share(p, k, 2);
  }
  g_autoptr(Cs3Emulator) e = cs3_emulator_new(p, 0, values, 1);
  ck_assert_double_lt(cs3_emulator_error(e), 0.002);
  for (guint k = 0; k < p->points; k++)
    ck_assert_double_eq_tol(cs3_emulator_at(e, p, k), values[k], 0.01);
}
END_TEST

/* Of machines that are drawn, measured with noise and inferred, 80 % intervals hold the truth in
 * 80 % but for the error of so many trials. */
START_TEST(test_coverage) {
  /* Wide enough that many points of so plain a design lie in what a trial leaves. */
  static const double wide[ROWS] = {0.1, 0.15, 0.1, 0.12, 0.15};
  guint trials = fixture_slow() ? 200 : 40, points = fixture_slow() ? 8192 : 2048, inside = 0;
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_taus2);
  guint32 seed = fixture_seed();
  gsl_rng_set(rng, seed);
  g_autoptr(Cs3Population) p = cs3_population_new(2, NULL, points, seed);
  g_autofree double *logs = simulate_all(p), *ratio = cs3_population_log_ratio(p);
  for (guint t = 0; t < trials; t++) {
    double truth[2] = {gsl_ran_gaussian(rng, 1), gsl_ran_gaussian(rng, 1)}, measured[ROWS];
    Cs3Discrepancy d = cs3_discrepancy((guint)gsl_rng_uniform_int(rng, CS3_DISCREPANCIES));
    double common[3];
    for (guint k = 0; k < 3; k++)
      common[k] = gsl_ran_gaussian(rng, d.network);
    simulate(truth, measured);
    for (guint i = 0; i < ROWS; i++)
      measured[i] +=
          common[networks[i]] + gsl_ran_gaussian(rng, d.row) + gsl_ran_gaussian(rng, wide[i]);
    Cs3Sightings e = {points, ROWS, logs, measured, wide, networks, 3};
    g_autoptr(Cs3Inference) inference = cs3_infer(&e, ratio, NULL, -1);
    inside += truth[0] >= cs3_weighted_quantile(p->z, 2, inference->weights, points, 0.1) &&
              truth[0] <= cs3_weighted_quantile(p->z, 2, inference->weights, points, 0.9);
  }
  gsl_rng_free(rng);
  double share = (double)inside / trials;
  ck_assert_msg(fabs(share - 0.8) < 3.3 * sqrt(0.16 / trials), "%u of %u", inside, trials);
}
END_TEST

/* A prediction of a new network is the simulated value with everything that may be off. */
START_TEST(test_prediction) {
  const double logs[] = {2.0}, measured[] = {2.0}, error[] = {0.1}, ratio[] = {0};
  const guint network[] = {0};
  Cs3Sightings e = {1, 1, logs, measured, error, network, 1};
  g_autoptr(Cs3Inference) inference = cs3_infer(&e, ratio, NULL, 0);
  double low = cs3_predicted_quantile(&e, inference, 0, 0.1);
  double high = cs3_predicted_quantile(&e, inference, 0, 0.9);
  ck_assert_double_eq_tol(low + high, 4, 1e-6);
  ck_assert(high - 2 > 1.2816 * 0.1 && high - 2 < 0.4);
}
END_TEST

/* What is shipped is read, and is what the suites of validation have. */
START_TEST(test_shipped_rows) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) rows = cs3_measured_load(NULL, CS3_ROWS_MEASURED, &error);
  ck_assert_msg(rows != NULL, "%s", error ? error->message : "");
  static const char *const suites[] = {"steps", "throughput"};
  g_autoptr(GString) published = g_string_new(NULL);
  for (guint i = 0; i < G_N_ELEMENTS(suites); i++) {
    g_autofree char *path =
        g_strdup_printf("%s/sim/validation/data/%s.csv", g_getenv("CS3SIM_DATA_DIR"), suites[i]);
    g_autofree char *text = NULL;
    ck_assert(g_file_get_contents(path, &text, NULL, NULL));
    g_string_append(published, text);
  }
  for (guint i = 0; i < rows->len; i++) {
    const Cs3Measured *m = rows->pdata[i];
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    g_ascii_formatd(number, sizeof number, "%.10g", m->rate);
    g_autofree char *pattern =
        g_strdup_printf("seq/s,%s(\\.0)?,[^\\n]*--model %s ", number, m->model);
    ck_assert_msg(g_regex_match_simple(pattern, published->str, 0, 0), "%s: %s", m->where, pattern);
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("calibrate");
  TCase *tests = tcase_create("calibrate");
  tcase_set_timeout(tests, 120);
  tcase_add_test(tests, test_likelihood);
  tcase_add_test(tests, test_discrepancies);
  tcase_add_test(tests, test_known_posterior);
  tcase_add_test(tests, test_emulated_choices);
  tcase_add_test(tests, test_coverage);
  tcase_add_test(tests, test_prediction);
  tcase_add_test(tests, test_shipped_rows);
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
