/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and sequences of random numbers. */
#include "config.h"

#include "workloads/random.h"

#include "workloads/ars.h"

guint64 cs3_random_key(guint64 seed, guint64 stream, Cs3RandomPurpose purpose) {
  const guint64 counter[2] = {seed, stream}, key[2] = {purpose, 0};
  guint64 out[2];
  cs3_ars(CS3_ARS_ROUNDS, counter, key, out);
  return out[0];
}

void cs3_random_row(Cs3RandomRow *sequence, guint64 key, guint64 row) {
  sequence->key = key;
  sequence->row = row;
  sequence->depth = 0;
  sequence->left = 0;
}

void cs3_random_refill(Cs3RandomRow *sequence) {
  cs3_random_draw(sequence->key, sequence->row, 0, sequence->depth, &sequence->block);
  sequence->depth += CS3_RANDOM_DEPTHS;
  sequence->left = sizeof sequence->block / sizeof(guint16);
}

guint32 cs3_random_below_wide(Cs3RandomRow *sequence, guint32 n) {
  guint64 product;
  guint32 reject = -n % n;
  do {
    guint64 draw = (guint64)cs3_random_16(sequence) << 16;
    product = (draw | cs3_random_16(sequence)) * n;
  } while ((guint32)product < reject);
  return (guint32)(product >> 32);
}
