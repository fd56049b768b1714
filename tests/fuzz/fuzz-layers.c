/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tables of layers. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "workloads/layer-table.h"

static const char *const seeds[] = {"tests/fuzz/seeds/layers-products.csv",
                                    "tests/fuzz/seeds/layers-convolutions.csv", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(Cs3Model) model = cs3_layer_table_parse((const char *)data, size, "input", "m", error);
  return model != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
