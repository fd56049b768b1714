/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Checkpoints, values included, for the targets of their formats. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/weight-set.h"

gboolean fuzz_read_weights(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_open(path, FALSE, error);
  for (guint i = 0; set != NULL && i < set->entries->len; i++) {
    g_autoptr(GError) why = NULL;
    gboolean counted = cs3_weight_set_count(set, i, 1, &why);
    fuzz_verdict(counted, why);
  }
  return set != NULL;
}
