/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Validation: verdicts, the data files and their mistakes, and the methods' own laws. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "sim/validation/validate-measure.h"
#include "sim/validation/validate-steps.h"

#define HEADER                                                                                     \
  "id,group,source,evidence,quantity,unit,published,check,tolerance,method,arguments,result,"      \
  "scale,"                                                                                         \
  "note\n"

START_TEST(test_verdicts) {
  static const struct {
    Cs3Check check;
    double published, tolerance, simulated;
    Cs3Verdict verdict;
  } cases[] = {
      {CS3_CHECK_RELATIVE, 200, 0.1, 220, CS3_VERDICT_OK},
      {CS3_CHECK_RELATIVE, 200, 0.1, 179.9, CS3_VERDICT_MISSED},
      {CS3_CHECK_RELATIVE, -200, 0.1, -215, CS3_VERDICT_OK},
      {CS3_CHECK_RELATIVE, 200, 0.1, NAN, CS3_VERDICT_MISSED},
      {CS3_CHECK_ABSOLUTE, 64, 3, 67, CS3_VERDICT_OK},
      {CS3_CHECK_ABSOLUTE, 64, 3, 60.9, CS3_VERDICT_MISSED},
      {CS3_CHECK_ABSOLUTE, 1, 0, 1, CS3_VERDICT_OK},
      {CS3_CHECK_AT_MOST, 8, 0, 8, CS3_VERDICT_OK},
      {CS3_CHECK_AT_MOST, 8, 0, 8.001, CS3_VERDICT_MISSED},
      {CS3_CHECK_AT_MOST, 8, 0.01, 8.001, CS3_VERDICT_OK},
      {CS3_CHECK_AT_MOST, 8, 1, NAN, CS3_VERDICT_MISSED},
      {CS3_CHECK_AT_LEAST, 8, 0, 8.1, CS3_VERDICT_OK},
      {CS3_CHECK_AT_LEAST, 8, 0, 7.9, CS3_VERDICT_MISSED},
      {CS3_CHECK_AT_LEAST, 8, 1, NAN, CS3_VERDICT_MISSED},
      {CS3_CHECK_REPORT, 8, 0, 100, CS3_VERDICT_REPORTED},
      {CS3_CHECK_REJECTED, 8, 0, NAN, CS3_VERDICT_REJECTED},
  };
  for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
    Cs3ValidationRow row = {
        .check = cases[i].check, .published = cases[i].published, .tolerance = cases[i].tolerance};
    ck_assert_msg(cs3_validation_verdict(&row, cases[i].simulated) == cases[i].verdict, "case %u",
                  i);
  }
}
END_TEST

START_TEST(test_reader_takes_quotes_and_comments) {
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) rows = cs3_validation_parse(
      &cs3_suite_flops,
      "# a comment\n\n" HEADER
      "a,g,\"x, \"\"y\"\"\",paper,q,%,64,absolute,3,count,--model gpt3-xl,flops,2,\"\"\r\n"
      "b,g,s,silicon,q,,,rejected,,,,,,\"no, reason\"\n",
      "t.csv", &error);
  ck_assert_msg(rows != NULL, "%s", error ? error->message : "");
  ck_assert_uint_eq(rows->len, 2);
  const Cs3ValidationRow *a = rows->pdata[0], *b = rows->pdata[1];
  ck_assert_str_eq(a->source, "x, \"y\"");
  ck_assert_str_eq(a->where, "t.csv:4");
  ck_assert_str_eq(a->note, "");
  ck_assert(a->published == 64 && a->tolerance == 3 && a->scale == 2);
  ck_assert(a->check == CS3_CHECK_ABSOLUTE && b->check == CS3_CHECK_REJECTED);
  ck_assert(isnan(b->published));
  ck_assert_str_eq(b->note, "no, reason");
}
END_TEST

static const struct {
  const char *text, *message;
} bad_files[] = {
    {"", "t.csv: the header must be 'id,group,source,"},
    {"id,name\n", "t.csv: the header must be"},
    {HEADER "a,b\n", "t.csv:2: 2 fields, expected 14"},
    {HEADER "\"a,g,s,paper,q,,1,report,,count,,flops,,\n", "t.csv:2: field 1: quote without"},
    {HEADER "\"a\"x,g,s,paper,q,,1,report,,count,,flops,,\n", "t.csv:2: field 1: quote without"},
    {HEADER "a,g,,paper,q,,1,report,,count,,flops,,\n", "t.csv:2: source is empty"},
    {HEADER "a,g,s,hearsay,q,,1,report,,count,,flops,,\n",
     "t.csv:2: evidence: 'hearsay' is not one of silicon, vendor-simulator, paper, vendor, "
     "derived"},
    {HEADER "a,g,s,paper,q,,1,about,,count,,flops,,\n",
     "t.csv:2: check: 'about' is not one of relative,"},
    {HEADER "a,g,s,paper,q,,x1,report,,count,,flops,,\n",
     "t.csv:2: published: 'x1' is not a number"},
    {HEADER "a,g,s,paper,q,,nan,report,,count,,flops,,\n",
     "t.csv:2: published: 'nan' is not a number"},
    {HEADER "a,g,s,paper,q,,1,relative,,count,,flops,,\n",
     "t.csv:2: tolerance: '' is not a number"},
    {HEADER "a,g,s,paper,q,,1,report,,count,,flops,2x,\n", "t.csv:2: scale: '2x' is not a number"},
    {HEADER "a,g,s,paper,q,,1,report,,guess,,flops,,\n",
     "t.csv:2: method: 'guess' is not one of count, saved"},
    {HEADER "a,g,s,paper,q,,1,rejected,,,,,,\n", "t.csv:2: note is empty: say why"},
};

START_TEST(test_reader_refuses) {
  g_autoptr(GError) error = NULL;
  GPtrArray *rows = cs3_validation_parse(&cs3_suite_flops, bad_files[_i].text, "t.csv", &error);
  ck_assert(rows == NULL);
  ck_assert(error->domain == CS3_CONFIG_ERROR);
  ck_assert_msg(g_str_has_prefix(error->message, bad_files[_i].message), "%s", error->message);
}
END_TEST

/* Every suite's file can be read, its rows are told apart, and what is claimed says by whom. */
START_TEST(test_data_files) {
  for (const Cs3ValidationSuite *const *suite = cs3_validation_suites(); *suite != NULL; suite++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) rows = cs3_validation_load(*suite, &error);
    ck_assert_msg(rows != NULL, "%s", error ? error->message : "");
    ck_assert_uint_gt(rows->len, 0);
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < rows->len; i++) {
      const Cs3ValidationRow *row = rows->pdata[i];
      ck_assert_msg(g_hash_table_add(seen, row->id), "%s: id '%s' twice", row->where, row->id);
    }
  }
}
END_TEST

static double squares(const double *simulated, const double *measured, guint n, double edge) {
  double sum = 0;
  for (guint i = 0; i < n; i++)
    sum += pow(log(measured[i] / (simulated[i] + edge)), 2);
  return sum;
}

/* An edge that is there is found; beside noise no other is better. */
START_TEST(test_fit_of_the_edge) {
  enum { STEPS = 5 };
  guint32 seed = fixture_seed();
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  for (int round = 0; round < 200; round++) {
    double simulated[STEPS], measured[STEPS], noisy[STEPS], half, rms;
    double edge = g_rand_double_range(random, 0, 0.5);
    for (int i = 0; i < STEPS; i++) {
      simulated[i] = exp(g_rand_double_range(random, -3, 3));
      measured[i] = simulated[i] + edge;
      noisy[i] = measured[i] * g_rand_double_range(random, 0.8, 1.25);
    }
    double found = cs3_validation_fit_edge(simulated, measured, STEPS, &half, &rms);
    ck_assert_msg(fabs(found - edge) < 1e-9 && half < 1e-9 && rms < 1e-9, "seed %u: %g, not %g",
                  seed, found, edge);
    found = cs3_validation_fit_edge(simulated, noisy, STEPS, &half, &rms);
    double least = squares(simulated, noisy, STEPS, found);
    ck_assert_double_eq_tol(rms, sqrt(least / STEPS), 1e-6);
    for (double way = -1e-4; way <= 1e-4; way += 2e-4)
      ck_assert_msg(found + way < 0 || squares(simulated, noisy, STEPS, found + way) >= least,
                    "seed %u, round %d: %g", seed, round, found);
  }
}
END_TEST

static const Cs3ValidationMethod *find_method(const Cs3ValidationSuite *suite, const char *name) {
  const Cs3ValidationMethod *m = suite->methods;
  while (m->name != NULL && strcmp(m->name, name) != 0)
    m++;
  ck_assert(m->name != NULL);
  return m;
}

static double measure(const Cs3ValidationSuite *suite, const char *method, const char *result,
                      const char *arguments) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3ValidationSession) session = cs3_validation_session_new(1);
  Cs3ValidationRow row = {.where = (char *)"t.csv:2",
                          .id = (char *)"t",
                          .method = (char *)method,
                          .arguments = (char *)arguments,
                          .result = (char *)result,
                          .scale = 1};
  double value;
  gboolean ok = find_method(suite, method)->measure(session, &row, &value, &error);
  ck_assert_msg(ok, "%s", error ? error->message : "");
  return value;
}

/* Work of the sparse run: the mask's own density, from a case where nobody waits. */
START_TEST(test_run_ahead_laws) {
  guint32 seed = fixture_seed();
  g_autoptr(GRand) random = g_rand_new_with_seed(seed);
  for (int round = 0; round < 10; round++) {
    int features = g_rand_int_range(random, 20, 200);
    int lines = g_rand_int_range(random, 1, MIN(features, 40));
    double density = g_rand_double_range(random, 0.1, 1);
    double before = 0;
    for (int ahead = 1; ahead <= 64; ahead *= 2) {
      g_autofree char *arguments = g_strdup_printf("features=%d lines=%d density=%.3f ahead=%d",
                                                   features, lines, density, ahead);
      double all = measure(&cs3_suite_sparse, "run-ahead", "", arguments);
      double chain = measure(&cs3_suite_sparse, "slots", "", arguments);
      ck_assert_msg(all >= before - 1e-4, "%s: less with more rows ahead", arguments);
      ck_assert_msg(chain >= all - 1e-4, "%s: a chain waits for fewer lines", arguments);
      before = all;
    }
    g_autofree char *free_text =
        g_strdup_printf("features=%d lines=%d density=%.3f ahead=0", features, lines, density);
    ck_assert(measure(&cs3_suite_sparse, "run-ahead", "", free_text) >= before - 1e-4);
  }
  /* All alive: nobody is ever apart, whatever the limit. (The edge rounds a row of 3000 cycles up.)
   */
  ck_assert_double_eq_tol(
      measure(&cs3_suite_sparse, "run-ahead", "", "features=90 lines=30 density=1 ahead=1"), 1,
      5e-4);
}
END_TEST

START_TEST(test_tiles_laws) {
  /* One PE has no neighbour to be slower than; a full matrix cut evenly is even. */
  ck_assert_double_eq_tol(
      measure(&cs3_suite_pe, "tiles", "",
              "rows=64 cols=64 density=0.3 across=1 down=1 per-nonzero=9 per-column=5"),
      1, 1e-12);
  ck_assert_double_eq_tol(
      measure(&cs3_suite_pe, "tiles", "",
              "rows=64 cols=64 density=1 across=8 down=4 per-nonzero=9 per-column=5"),
      1, 1e-12);
  /* 64 tiles of mean 100 and deviation 9: the largest is 2.3 deviations above, within 0.5 (16
   * masks). */
  double ratio =
      measure(&cs3_suite_pe, "tiles", "",
              "rows=256 cols=125 density=0.2 across=1 down=64 per-nonzero=1 per-column=0");
  double deviation = sqrt(500 * 0.2 * 0.8) / 100;
  ck_assert_double_eq_tol(ratio, 1 + 2.37 * deviation, 0.5 * deviation);
}
END_TEST

START_TEST(test_counts) {
  /* 1 / (1 - f s) with f of the whole model, and the recipe of one sparse and no dense phase. */
  double flops = measure(&cs3_suite_flops, "count", "flops", "--model gpt3-xl --sparsity 0.75");
  double saved = measure(&cs3_suite_flops, "saved", "",
                         "sparse-steps=10 --model gpt3-xl --sparsity 0.75 dense-steps=0");
  ck_assert_double_eq_tol(saved, 100 * (1 - 1 / flops), 1e-9);
  ck_assert(measure(&cs3_suite_flops, "count", "parameters", "--model gpt3-xl") == 1);
}
END_TEST

/* Sums and quotients of runs and numbers; equal runs are simulated once. */
START_TEST(test_fabric_terms) {
  double one = measure(&cs3_suite_fabric, "fabric", "cycles", "chain --pes 8x1 --words 5");
  double two = measure(&cs3_suite_fabric, "fabric", "cycles", "star --pes 8x1 --words 5");
  ck_assert(one > 5 && two > one);
  ck_assert(measure(&cs3_suite_fabric, "fabric", "cycles",
                    "chain --pes 8x1 --words 5 + star --pes 8x1 --words 5 - 7") == one + two - 7);
  ck_assert_double_eq_tol(measure(&cs3_suite_fabric, "fabric", "cycles",
                                  "chain --pes 8x1 --words 5 - 2 / star --pes 8x1 --words 5 + 3"),
                          (one - 2) / (two + 3), 1e-12);
  ck_assert(measure(&cs3_suite_fabric, "fabric", "cycles",
                    "chain --pes 8x1 --words 5 / chain --pes 8x1 --words 5") == 1);
  ck_assert(measure(&cs3_suite_fabric, "fabric", "cycles", "4 / 8") == 0.5);
}
END_TEST

/* Cycles of an operation are set-up and elements over the rate, on random machines. */
START_TEST(test_vector_is_linear) {
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed());
  for (int round = 0; round < 20; round++) {
    int setup = g_rand_int_range(random, 1, 40), n = 64 * g_rand_int_range(random, 2, 60);
    int repeats = g_rand_int_range(random, 1, 5);
    g_autofree char *text = g_strdup_printf("fma f16 elements=%d repeats=%d --hardware cs2 --set "
                                            "pe.fma_setup=%d",
                                            n, repeats, setup);
    double rate = measure(&cs3_suite_pe, "vector", "rate", text) * repeats;
    ck_assert_double_eq_tol(rate, 4, 1e-9);
    ck_assert(measure(&cs3_suite_pe, "vector", "setup", text) == repeats * setup);
    ck_assert(measure(&cs3_suite_pe, "vector", "cycles", text) == repeats * (setup + n / 4));
  }
}
END_TEST

static const struct {
  const Cs3ValidationSuite *suite;
  const char *method, *result, *arguments, *message;
} bad_rows[] = {
    {&cs3_suite_fabric, "fabric", "cycles", "chian --pes 8x1", "t.csv:2: "},
    {&cs3_suite_fabric, "fabric", "cycles", "chain --pes 8x2",
     "t.csv:2: --pes 8x2: this program runs on one row"},
    {&cs3_suite_fabric, "fabric", "cycles", "chain --pes 8x1 + ",
     "t.csv:2: arguments: expected runs of 'cs3sim fabric' and numbers"},
    {&cs3_suite_fabric, "fabric", "cycles", "", "t.csv:2: arguments: expected runs"},
    {&cs3_suite_fabric, "fabric", "hops", "chain --pes 8x1",
     "t.csv:2: result: 'cs3sim fabric -o json' has no number 'hops'"},
    {&cs3_suite_pe, "vector", "rate", "fam f16 elements=8 repeats=1",
     "t.csv:2: arguments: expected move, add, mul, fma or dot"},
    {&cs3_suite_pe, "vector", "rate", "fma f16 elements=0 repeats=1",
     "t.csv:2: arguments: expected move"},
    {&cs3_suite_pe, "vector", "speed", "fma f16 elements=8 repeats=1",
     "t.csv:2: result: 'speed' is not one of cycles, rate, setup, cost"},
    {&cs3_suite_flops, "count", "work", "--model gpt3-xl",
     "t.csv:2: result: 'work' is not one of flops, parameters"},
    {&cs3_suite_flops, "count", "flops", "--model gpt3-xxl", "t.csv:2: unknown model 'gpt3-xxl'"},
    {&cs3_suite_flops, "count", "flops", "--modle gpt3-xl", "t.csv:2: cs3sim run: unknown option"},
    {&cs3_suite_flops, "count", "flops", "--model 'gpt3-xl", "t.csv:2: arguments: "},
    {&cs3_suite_flops, "saved", "", "--model gpt3-xl dense-steps=3",
     "t.csv:2: arguments: sparse-steps=NUMBER is missing"},
    {&cs3_suite_pe, "rate", "disk", "",
     "t.csv:2: result: 'disk' is not one of cache, sram, copy16, copy32"},
    {&cs3_suite_pe, "tiles", "", "rows=1 hight=3", "t.csv:2: arguments: 'hight=3' is not a known"},
    {&cs3_suite_pe, "tiles", "",
     "rows=8 cols=8 density=0.5 across=9 down=1 per-nonzero=1 per-column=0",
     "t.csv:2: arguments: need 1 <= across"},
    {&cs3_suite_sparse, "run-ahead", "", "features=8 lines=9 density=0.5 ahead=1",
     "t.csv:2: arguments: need 1 <= lines"},
    {&cs3_suite_sparse, "layer", "speed", "--shape 8x8 --tokens 8",
     "t.csv:2: result: 'cs3sim layer -o json' has no number 'speed'"},
    {&cs3_suite_throughput, "ratio", "step.time_s", "--model gpt2-small",
     "t.csv:2: arguments: expected the options of two runs"},
};

START_TEST(test_bad_rows) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3ValidationSession) session = cs3_validation_session_new(1);
  Cs3ValidationRow row = {.where = (char *)"t.csv:2",
                          .id = (char *)"t",
                          .scale = 1,
                          .method = (char *)bad_rows[_i].method,
                          .arguments = (char *)bad_rows[_i].arguments,
                          .result = (char *)bad_rows[_i].result};
  double value;
  const Cs3ValidationMethod *method = find_method(bad_rows[_i].suite, bad_rows[_i].method);
  ck_assert(!method->measure(session, &row, &value, &error));
  ck_assert_msg(g_str_has_prefix(error->message, bad_rows[_i].message), "%s", error->message);
}
END_TEST

/* Runs that share their dense side give what each gives alone. */
START_TEST(test_shared_dense_side) {
  static const char *const texts[] = {"--model gpt2-small --batch 8 --seq 256 --sparsity 0.5",
                                      "--model gpt2-small --batch 8 --seq 256 --sparsity 0.8"};
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3ValidationSession) session = cs3_validation_session_new(1);
  for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
    Cs3ValidationRow row = {.where = (char *)"t.csv:2",
                            .method = (char *)"run",
                            .arguments = (char *)texts[i],
                            .result = (char *)"speedup.simulated"};
    double shared;
    ck_assert(cs3_validation_run(session, &row, &shared, &error));
    ck_assert(shared == measure(&cs3_suite_sparse, "run", "speedup.simulated", texts[i]));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("validate");
  TCase *data = tcase_create("data");
  tcase_add_test(data, test_verdicts);
  tcase_add_test(data, test_reader_takes_quotes_and_comments);
  tcase_add_loop_test(data, test_reader_refuses, 0, G_N_ELEMENTS(bad_files));
  tcase_add_test(data, test_data_files);
  suite_add_tcase(suite, data);
  TCase *methods = tcase_create("methods");
  tcase_set_timeout(methods, 60);
  tcase_add_test(methods, test_run_ahead_laws);
  tcase_add_test(methods, test_tiles_laws);
  tcase_add_test(methods, test_fabric_terms);
  tcase_add_test(methods, test_vector_is_linear);
  tcase_add_test(methods, test_fit_of_the_edge);
  tcase_add_test(methods, test_counts);
  tcase_add_loop_test(methods, test_bad_rows, 0, G_N_ELEMENTS(bad_rows));
  tcase_add_test(methods, test_shared_dense_side);
  suite_add_tcase(suite, methods);
  return fixture_run(suite);
}
