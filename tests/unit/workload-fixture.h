/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the tests of workloads/: presets and expected errors. */
#pragma once

#include "tests/unit/fixture.h"
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
  fixture_error_in(error, CS3_WORKLOAD_ERROR, code, text);
}
