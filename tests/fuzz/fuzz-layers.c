/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of layers. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/layer-table.h"

const char *const fuzz_seeds[] = {"tests/fuzz/seeds/layers-products.csv",
                                  "tests/fuzz/seeds/layers-convolutions.csv", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Model) model = cs3_layer_table_parse((const char *)data, size, "input", "m", &error);
  fuzz_verdict(model != NULL, error);
  return 0;
}
