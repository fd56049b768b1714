/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How weights lie in a memory from which every token reads them all. */
#pragma once

#include <glib.h>

typedef enum {
  CS3_STORE_DENSE,   /* zeros as well */
  CS3_STORE_BITMASK, /* one bit a weight says where the live ones are */
  CS3_STORE_CSR,     /* a 16-bit column for each live one */
  CS3_STORE_2_OF_4,  /* two of four, two bits a live one say where */
} Cs3Store;

typedef struct {
  const char *name; /* %NULL ends an array */
  Cs3Store store;
  double value_bytes; /* of a live weight, scales of groups included */
} Cs3WeightStorage;

/** cs3_weight_storages: (transfer none): every format; ends with a %NULL name. */
const Cs3WeightStorage *cs3_weight_storages(void);

/** cs3_weight_storage_find: by name; fails (CS3_CONFIG_ERROR_UNKNOWN) with the nearest. */
const Cs3WeightStorage *cs3_weight_storage_find(const char *name,
                                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_weight_storage_bytes: bytes a weight, zeros counted, of a matrix of which @density are alive.
 * A matrix without zeros is stored densely. 2:4 takes one half alive, whatever @density.
 */
double cs3_weight_storage_bytes(const Cs3WeightStorage *storage, double density);
