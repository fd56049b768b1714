/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes a weight by format. */
#include "config.h"

#include "sim/inference/format.h"

#include <string.h>

#include "base/config-error.h"
#include "base/suggest.h"

/* INT4 has a 16-bit scale for each group of 128 (GPTQ, AWQ). */
#define INT4_BYTES (0.5 + 2.0 / 128)

static const Cs3WeightStorage storages[] = {
    {"fp32", CS3_STORE_DENSE, 4},
    {"bf16", CS3_STORE_DENSE, 2},
    {"int8", CS3_STORE_DENSE, 1},
    {"int4", CS3_STORE_DENSE, INT4_BYTES},
    {"fp32-bitmask", CS3_STORE_BITMASK, 4},
    {"bf16-bitmask", CS3_STORE_BITMASK, 2},
    {"int8-bitmask", CS3_STORE_BITMASK, 1},
    {"int4-bitmask", CS3_STORE_BITMASK, INT4_BYTES},
    {"bf16-csr", CS3_STORE_CSR, 2},
    {"bf16-2:4", CS3_STORE_2_OF_4, 2},
    {"int8-2:4", CS3_STORE_2_OF_4, 1},
    {"int4-2:4", CS3_STORE_2_OF_4, INT4_BYTES},
    {NULL, CS3_STORE_DENSE, 0},
};

const Cs3WeightStorage *cs3_weight_storages(void) {
  return storages;
}

const Cs3WeightStorage *cs3_weight_storage_find(const char *name, GError **error) {
  const char *names[G_N_ELEMENTS(storages)] = {NULL};
  for (guint i = 0; storages[i].name != NULL; i++) {
    if (strcmp(storages[i].name, name) == 0)
      return &storages[i];
    names[i] = storages[i].name;
  }
  g_autofree char *hint = cs3_suggestion(name, names);
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "unknown weight format '%s'%s",
              name, hint);
  return NULL;
}

double cs3_weight_storage_bytes(const Cs3WeightStorage *storage, double density) {
  if (density >= 1)
    return storage->value_bytes;
  switch (storage->store) {
  case CS3_STORE_DENSE:
    return storage->value_bytes;
  case CS3_STORE_BITMASK:
    return density * storage->value_bytes + 1.0 / 8;
  case CS3_STORE_CSR:
    return density * (storage->value_bytes + 2);
  case CS3_STORE_2_OF_4:
    return 0.5 * (storage->value_bytes + 2.0 / 8);
  }
  g_return_val_if_reached(0);
}
