/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameter files of the Model Zoo: YAML, the model, the options. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/model-zoo.h"

const char *const fuzz_seeds[] = {"tests/fuzz/seeds/params.yaml", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL, problem = NULL;
  g_autofree char *config = cs3_model_zoo_config((const char *)data, size, "params.yaml", &error);
  fuzz_verdict(config != NULL, error);
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  g_autofree char *idle = NULL;
  gboolean ok = cs3_model_zoo_options(fuzz_file(".yaml", data, size), words, &idle, &problem);
  fuzz_verdict(ok, problem);
  return 0;
}
