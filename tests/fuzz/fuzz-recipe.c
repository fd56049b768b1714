/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Training recipes. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/training/recipe.h"

const char *const fuzz_seeds[] = {"sim/training/recipes/spdf-gpt3-xl.ini", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Recipe) recipe = cs3_recipe_load(fuzz_file(".ini", data, size), &error);
  fuzz_verdict(recipe != NULL, error);
  for (guint i = 0; recipe != NULL && i < recipe->phases->len; i++) {
    const Cs3Phase *phase = g_ptr_array_index(recipe->phases, i);
    g_assert(phase->tokens > 0 && cs3_phase_sparsity(phase, 0.5) < 1);
  }
  return 0;
}
