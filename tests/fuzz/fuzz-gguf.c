/* SPDX-License-Identifier: GPL-3.0-or-later */
/* GGUF files, values included. The seed has a table of words, an alignment and a matrix each of
 * F16, Q4_0, Q6_K, TQ1_0 and, of three experts, Q8_0. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/weight-set.h"

const char *const fuzz_seeds[] = {"tests/fuzz/seeds/small.gguf", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(fuzz_file(".gguf", data, size), FALSE, &error);
  for (guint i = 0; set != NULL && i < set->entries->len; i++) {
    g_autoptr(GError) why = NULL;
    gboolean counted = cs3_weight_set_count(set, i, 1, &why);
    fuzz_verdict(counted, why);
  }
  fuzz_verdict(set != NULL, error);
  return 0;
}
