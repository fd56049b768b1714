/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys and sequences of random numbers, and which way the processor draws them. */
#include "config.h"

#include "workloads/random.h"

#include "workloads/ars.h"
#include "workloads/random-way.h"

guint64 cs3_random_key(guint64 seed, guint64 stream, Cs3RandomPurpose purpose) {
  const guint64 counter[2] = {seed, stream}, key[2] = {purpose, 0};
  guint64 out[2];
  cs3_ars(CS3_ARS_ROUNDS, counter, key, out);
  return out[0];
}

const Cs3RandomWay *const *cs3_random_ways(void) {
#define ROW(name) &cs3_random_##name,
  static const Cs3RandomWay *const ways[] = {CS3_RANDOM_WAYS(ROW) NULL};
#undef ROW
  return ways;
}

static const Cs3RandomWay *best_way(void) {
  const Cs3RandomWay *const *way = cs3_random_ways();
  while (!(*way)->usable())
    way++;
  return *way;
}

void cs3_random_draw(guint64 key, guint64 row, guint32 column, guint32 depth, Cs3RandomBlock *out) {
  best_way()->draw(key, row, column, depth, out);
}

void cs3_random_bernoulli(guint64 key, guint64 row, guint32 threshold, guint64 *words, gint64 n) {
  best_way()->bernoulli(key, row, threshold, words, n);
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
