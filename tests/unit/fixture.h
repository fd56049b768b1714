/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by all Check programs: seeds, the look of an error, the suite's main. */
#pragma once

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* @error is of @domain and @code, its message one line that contains @text. */
static inline void fixture_error_in(const GError *error, GQuark domain, int code,
                                    const char *text) {
  ck_assert_ptr_nonnull(error);
  ck_assert_msg(error->domain == domain && error->code == code, "%s %d: %s",
                g_quark_to_string(error->domain), error->code, error->message);
  ck_assert_msg(strstr(error->message, text) != NULL, "\"%s\" lacks \"%s\"", error->message, text);
  ck_assert_ptr_null(strchr(error->message, '\n'));
}

/* A seed of its own for every run unless CS3SIM_TEST_SEED gives one; printed for repetition. */
static inline guint32 fixture_seed(void) {
  const char *given = g_getenv("CS3SIM_TEST_SEED");
  guint32 seed = given ? (guint32)g_ascii_strtoull(given, NULL, 10) : g_random_int();
  g_printerr("# CS3SIM_TEST_SEED=%u\n", seed);
  return seed;
}

/* `make check-slow`: many more cases, and whole models where a part of one or a bound does. */
static inline gboolean fixture_slow(void) {
  return g_getenv("CS3SIM_TEST_SLOW") != NULL;
}

/* How many of random cases: @slow in `make check-slow`; a quarter of @cases with
 * CS3SIM_TEST_BRIEF, as under the sanitizers, where each takes ten times as long. */
static inline int fixture_cases(int cases, int slow) {
  if (fixture_slow())
    return slow;
  return g_getenv("CS3SIM_TEST_BRIEF") != NULL ? MAX(1, cases / 4) : cases;
}

static inline int fixture_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
