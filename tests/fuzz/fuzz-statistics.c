/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics of weights, and the masks that are drawn from what is left of them. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/weight-set.h"

static const char *const seeds[] = {"tests/fuzz/seeds/statistics.json", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(path, FALSE, error);
  for (guint i = 0; set != NULL && i < set->entries->len; i++) {
    cs3_mask_free(
        cs3_weight_set_rows(set, i, 0, cs3_weight_set_entry(set, i)->counts.rows, 1, 2, NULL));
  }
  return set != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".json", .read = read_input};
