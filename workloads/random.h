/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counter-based random numbers (ARS 4x32-7, workloads/ars.h): a draw is a pure function of its
 * coordinates, so results depend neither on order nor on threads nor on the processor. */
#pragma once

#include <glib.h>

/* What the numbers are for; draws of different purposes are independent. */
typedef enum {
  CS3_RANDOM_BERNOULLI = 1,
  CS3_RANDOM_SELECT = 2,
  CS3_RANDOM_ORDER = 3
} Cs3RandomPurpose;

/* Neighbouring columns, and depths, that are drawn together. */
enum { CS3_RANDOM_LANES = 8, CS3_RANDOM_DEPTHS = 4 };

/* 64 random bits at each of four depths of eight columns. */
typedef struct {
  guint64 slice[CS3_RANDOM_DEPTHS][CS3_RANDOM_LANES];
} Cs3RandomBlock;

/** cs3_random_key: a key for all draws of @purpose on tensor @stream under @seed. */
guint64 cs3_random_key(guint64 seed, guint64 stream, Cs3RandomPurpose purpose);

/**
 * cs3_random_draw: the block at (@row, columns @column to @column + 7, depths @depth to @depth + 3)
 * under @key. Slice d of lanes 2 l and 2 l + 1 is ARS at the counter with @depth + d and @column +
 * 2 l in the halves of its low word and @row in the high one: @column is even.
 */
void cs3_random_draw(guint64 key, guint64 row, guint32 column, guint32 depth, Cs3RandomBlock *out);

/**
 * cs3_random_bernoulli: fill 64 x @n bits at @words: bit b of word w is 1 where the number u of 32
 * bits is below @threshold of which depth d of column w of @row has, in its bit b, bit 31 - d.
 */
void cs3_random_bernoulli(guint64 key, guint64 row, guint32 threshold, guint64 *words, gint64 n);

/* The draws of one row, one after the other. */
typedef struct {
  guint64 key, row;
  guint32 depth;
  guint left; /* unused 16-bit pieces of the block */
  Cs3RandomBlock block;
} Cs3RandomRow;

/** cs3_random_row: start the sequence of @row. */
void cs3_random_row(Cs3RandomRow *sequence, guint64 key, guint64 row);

/** cs3_random_refill: the sequence's next block. */
void cs3_random_refill(Cs3RandomRow *sequence);

/** cs3_random_16: 16 random bits. */
static inline guint32 cs3_random_16(Cs3RandomRow *sequence) {
  if (sequence->left == 0)
    cs3_random_refill(sequence);
  sequence->left--;
  guint64 word = sequence->block.slice[sequence->left / 32][sequence->left / 4 % 8];
  return (guint32)(word >> (16 * (sequence->left % 4)) & 0xffff);
}

/**
 * cs3_random_below: uniform in [0, @n), 1 <= @n <= 2^16, exactly (Lemire, ACM TOMACS 29(1), 2019).
 */
static inline guint32 cs3_random_below(Cs3RandomRow *sequence, guint32 n) {
  guint32 product = cs3_random_16(sequence) * n;
  if ((product & 0xffff) < n) {
    guint32 reject = 0x10000 % n;
    while ((product & 0xffff) < reject)
      product = cs3_random_16(sequence) * n;
  }
  return product >> 16;
}

/** cs3_random_below_wide: uniform in [0, @n), 1 <= @n < 2^32, exactly. */
guint32 cs3_random_below_wide(Cs3RandomRow *sequence, guint32 n);
