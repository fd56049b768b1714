/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the tests of workloads/: presets, expected errors, the suite's main. */
#pragma once

#include <check.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/model.h"
#include "workloads/workload-error.h"

/* The preset called @name, which must load. */
static inline Cs3Model *fixture_preset(const char *name) {
  g_autofree char *file = g_strconcat(name, ".json", NULL);
  g_autofree char *path =
      g_build_filename(g_getenv("CS3SIM_SRCDIR"), "workloads", "presets", file, NULL);
  g_autoptr(GError) error = NULL;
  Cs3Model *model = cs3_model_load(path, name, &error);
  ck_assert_msg(model != NULL, "%s", error ? error->message : "no error");
  return model;
}

/* @error is of @code, its message one line that contains @text. */
static inline void fixture_error(const GError *error, int code, const char *text) {
  ck_assert_ptr_nonnull(error);
  ck_assert_msg(error->domain == CS3_WORKLOAD_ERROR && error->code == code, "code %d: %s",
                error->code, error->message);
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

static inline int fixture_run(Suite *suite) {
  SRunner *runner = srunner_create(suite);
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
