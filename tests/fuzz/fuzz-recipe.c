/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Training recipes. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/training/recipe.h"

static const char *const seeds[] = {"sim/training/recipes/spdf-gpt3-xl.ini", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(Cs3Recipe) recipe = cs3_recipe_load(path, error);
  for (guint i = 0; recipe != NULL && i < recipe->phases->len; i++) {
    const Cs3Phase *phase = g_ptr_array_index(recipe->phases, i);
    g_assert(phase->tokens > 0 && cs3_phase_sparsity(phase, 0.5) < 1);
  }
  return recipe != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".ini", .read = read_input};
