/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameter files of the Model Zoo: YAML, the model, the options. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/model-zoo.h"

static const char *const seeds[] = {"tests/fuzz/seeds/params.yaml", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(GError) problem = NULL;
  g_autofree char *config = cs3_model_zoo_config((const char *)data, size, "params.yaml", &problem);
  fuzz_verdict(config != NULL, problem);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *idle = NULL;
  return cs3_model_zoo_options(path, words, &idle, error);
}

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".yaml", .read = read_input};
