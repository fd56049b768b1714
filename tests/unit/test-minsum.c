/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The least of a sum over variables, against trying all values. */
#include "config.h"

#include "base/minsum.h"

#include <math.h>

#include "tests/unit/fixture.h"

enum { MOST_VARS = 7, MOST_VALUES = 4 };

/* A random sum, and the same as tables to look up. */
typedef struct {
  guint vars, values[MOST_VARS];
  double own[MOST_VARS][MOST_VALUES];
  double pair[MOST_VARS][MOST_VARS][MOST_VALUES][MOST_VALUES];
} Sum;

static double sum_of(const Sum *s, const guint *value) {
  double sum = 0;
  for (guint a = 0; a < s->vars; a++) {
    sum += s->own[a][value[a]];
    for (guint b = 0; b < s->vars; b++)
      sum += s->pair[a][b][value[a]][value[b]];
  }
  return sum;
}

static double least_of(const Sum *s) {
  guint value[MOST_VARS] = {0};
  double least = INFINITY;
  for (;;) {
    least = fmin(least, sum_of(s, value));
    guint var = 0;
    while (var < s->vars && ++value[var] == s->values[var])
      value[var++] = 0;
    if (var == s->vars)
      return least;
  }
}

static Cs3MinSum *random_sum(GRand *random, double chance, Sum *s) {
  Cs3MinSum *sum = cs3_minsum_new();
  *s = (Sum){.vars = (guint)g_rand_int_range(random, 1, MOST_VARS + 1)};
  for (guint a = 0; a < s->vars; a++) {
    s->values[a] = (guint)g_rand_int_range(random, 1, MOST_VALUES + 1);
    for (guint v = 0; v < s->values[a]; v++)
      s->own[a][v] = g_rand_int_range(random, 0, 100);
    ck_assert_uint_eq(cs3_minsum_add(sum, s->values[a], s->own[a]), a);
  }
  for (guint a = 0; a < s->vars; a++)
    for (guint b = 0; b < s->vars; b++) {
      double flat[MOST_VALUES * MOST_VALUES];
      if (a == b || g_rand_double(random) >= chance)
        continue;
      for (guint i = 0; i < s->values[a] * s->values[b]; i++)
        s->pair[a][b][i / s->values[b]][i % s->values[b]] = flat[i] =
            g_rand_int_range(random, 0, 100);
      cs3_minsum_pair(sum, a, b, flat);
    }
  return sum;
}

START_TEST(test_least) {
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 300; i++) {
    Sum s;
    guint value[MOST_VARS];
    gboolean exact;
    g_autoptr(Cs3MinSum) sum = random_sum(random, g_rand_double(random), &s);
    double least = cs3_minsum_solve(sum, 1e6, value, &exact);
    ck_assert(exact);
    ck_assert_double_eq(least, sum_of(&s, value));
    ck_assert_double_eq(least, least_of(&s));
  }
}
END_TEST

/* Tables that are too large: a value for every variable, its sum, and that it may not be least. */
START_TEST(test_settled) {
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed());
  guint inexact = 0;
  for (int i = 0; i < 300; i++) {
    Sum s;
    guint value[MOST_VARS];
    gboolean exact;
    g_autoptr(Cs3MinSum) sum = random_sum(random, 1, &s);
    double found = cs3_minsum_solve(sum, 20, value, &exact);
    ck_assert_double_eq(found, sum_of(&s, value));
    ck_assert_double_ge(found, least_of(&s));
    ck_assert(!exact || found == least_of(&s));
    inexact += !exact;
  }
  ck_assert_uint_gt(inexact, 0);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("minsum");
  TCase *tcase = tcase_create("minsum");
  tcase_add_test(tcase, test_least);
  tcase_add_test(tcase, test_settled);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
