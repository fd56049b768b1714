/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random bits on any processor. */
#include "config.h"

#include "workloads/ars.h"
#include "workloads/random-way.h"

static gboolean usable(void) {
  return TRUE;
}

/* Columns @column, which is even, and @column + 1 at one depth. */
static void draw_pair(guint64 key, guint64 row, guint32 column, guint32 depth, guint64 out[2]) {
  const guint64 counter[2] = {(guint64)column << 32 | depth, row}, keys[2] = {key, 0};
  cs3_ars(CS3_ARS_ROUNDS, counter, keys, out);
}

static void draw(guint64 key, guint64 row, guint32 column, guint32 depth, Cs3RandomBlock *out) {
  for (guint32 d = 0; d < CS3_RANDOM_DEPTHS; d++)
    for (guint32 lane = 0; lane < CS3_RANDOM_LANES; lane += 2)
      draw_pair(key, row, column + lane, depth + d, out->slice[d] + lane);
}

/* Comparisons u < threshold of 128 numbers, bit-sliced. After the depths so far a number is below,
 * equal or above; once none is equal, or the rest of the threshold is zero, nothing can change:
 * about 8 of 32 depths are ever drawn. */
static void compare_pair(guint64 key, guint64 row, guint32 column, guint32 threshold,
                         guint64 below[2]) {
  guint64 equal[2] = {~(guint64)0, ~(guint64)0};
  below[0] = below[1] = 0;
  for (guint32 depth = 0; threshold != 0 && (equal[0] | equal[1]) != 0; depth++, threshold <<= 1) {
    guint64 random[2];
    draw_pair(key, row, column, depth, random);
    for (guint k = 0; k < 2; k++)
      if (threshold >> 31) {
        below[k] |= equal[k] & ~random[k];
        equal[k] &= random[k];
      } else {
        equal[k] &= ~random[k];
      }
  }
}

static void bernoulli(guint64 key, guint64 row, guint32 threshold, guint64 *words, gint64 n) {
  for (gint64 w = 0; w < n; w += 2) {
    guint64 below[2];
    compare_pair(key, row, (guint32)w, threshold, below);
    words[w] = below[0];
    if (w + 1 < n)
      words[w + 1] = below[1];
  }
}

const Cs3RandomWay cs3_random_portable = {
    .name = "portable", .usable = usable, .draw = draw, .bernoulli = bernoulli};
