/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which way the processor draws random bits. */
#include "config.h"

#include "workloads/random-way.h"

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
