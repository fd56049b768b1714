/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statistics of weights, and the masks that are drawn from what is left of them. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/weight-set.h"

const char *const fuzz_seeds[] = {"tests/fuzz/seeds/statistics.json", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(fuzz_file(".json", data, size), FALSE, &error);
  for (guint i = 0; set != NULL && i < set->entries->len; i++) {
    cs3_mask_free(
        cs3_weight_set_rows(set, i, 0, cs3_weight_set_entry(set, i)->counts.rows, 1, 2, NULL));
  }
  fuzz_verdict(set != NULL, error);
  return 0;
}
