/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the tests of workloads/: presets and expected errors. */
#pragma once

#include <jansson.h>
#include <string.h>

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

/* The preset called @name with the keys of @changes (a JSON object) set, which must load. */
static inline Cs3Model *fixture_changed_preset(const char *name, const char *changes) {
  g_autofree char *file = g_strconcat(name, ".json", NULL);
  g_autofree char *path =
      g_build_filename(g_getenv("CS3SIM_SRCDIR"), "workloads", "presets", file, NULL);
  json_t *root = json_load_file(path, 0, NULL), *more = json_loads(changes, 0, NULL);
  ck_assert(root != NULL && more != NULL);
  json_object_update(root, more);
  char *text = json_dumps(root, 0);
  g_autoptr(GError) error = NULL;
  Cs3Model *model = cs3_model_parse(text, strlen(text), file, name, &error);
  ck_assert_msg(model != NULL, "%s", error ? error->message : "no error");
  free(text);
  json_decref(root);
  json_decref(more);
  return model;
}

/* @error is of @code, its message one line that contains @text. */
static inline void fixture_error(const GError *error, int code, const char *text) {
  fixture_error_in(error, CS3_WORKLOAD_ERROR, code, text);
}

/* A safetensors file: @header and the bytes that it speaks of, appended to @out. */
static inline void fixture_safetensors(GString *out, const char *header, const GString *values) {
  guint64 length = GUINT64_TO_LE(strlen(header));
  g_string_append_len(out, (const char *)&length, sizeof length);
  g_string_append(out, header);
  g_string_append_len(out, values->str, (gssize)values->len);
}
