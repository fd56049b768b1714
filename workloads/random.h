/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counter-based random numbers (Philox 4x32-10, Salmon et al., SC 2011): a draw is a pure function
 * of its coordinates, so results depend neither on order nor on threads nor on the processor. */
#pragma once

#include <glib.h>

/* What the numbers are for; draws of different purposes are independent. */
typedef enum {
  CS3_RANDOM_BERNOULLI = 1,
  CS3_RANDOM_SELECT = 2,
  CS3_RANDOM_ORDER = 3
} Cs3RandomPurpose;

/* Neighbouring columns drawn together. */
enum { CS3_RANDOM_LANES = 8 };

/* 128 random bits for each of eight columns, as two slices of 64. */
typedef struct {
  guint64 slice[2][CS3_RANDOM_LANES];
} Cs3RandomBlock;

/** cs3_random_key: a key for all draws of @purpose on tensor @stream under @seed. */
guint64 cs3_random_key(guint64 seed, guint64 stream, Cs3RandomPurpose purpose);

/**
 * cs3_random_draw: the block at (@row, columns @column to @column + 7, @depth) under @key.
 * Lane l is Philox with counter {@depth, @column + l, low and high half of @row}.
 */
void cs3_random_draw(guint64 key, guint64 row, guint32 column, guint32 depth, Cs3RandomBlock *out);

/** cs3_random_ways: ways that this processor has to draw the same bits: by Random123, without
 * vector instructions, with AVX2, with AVX-512. The last is the fastest and is used. */
guint cs3_random_ways(void);

/** cs3_random_draw_by: cs3_random_draw() by @way, from 0 and below cs3_random_ways(). */
void cs3_random_draw_by(guint way, guint64 key, guint64 row, guint32 column, guint32 depth,
                        Cs3RandomBlock *out);

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
