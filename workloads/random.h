/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counter-based random numbers (Philox 2x64-10, Salmon et al., SC 2011, from Random123): a draw is
 * a pure function of its coordinates, so results do not depend on order or on threads. */
#pragma once

#include <Random123/philox.h>
#include <glib.h>

/* What the numbers are for; draws of different purposes are independent. */
typedef enum { CS3_RANDOM_BERNOULLI = 1, CS3_RANDOM_SELECT = 2 } Cs3RandomPurpose;

/** cs3_random_key: a key for all draws of @purpose on tensor @stream under @seed. */
static inline guint64 cs3_random_key(guint64 seed, guint64 stream, Cs3RandomPurpose purpose) {
  philox2x64_ctr_t ctr = {{seed, stream}};
  philox2x64_key_t key = {{(guint64)purpose}};
  return philox2x64(ctr, key).v[0];
}

/** cs3_random_pair: 128 random bits at coordinates (@a, @b). */
static inline void cs3_random_pair(guint64 key, guint64 a, guint64 b, guint64 out[2]) {
  philox2x64_ctr_t ctr = {{a, b}};
  philox2x64_key_t k = {{key}};
  ctr = philox2x64(ctr, k);
  out[0] = ctr.v[0];
  out[1] = ctr.v[1];
}

/* A sequence of draws at one row. */
typedef struct {
  guint64 key, row, block;
  guint64 bits[2];
  guint left; /* unused 16-bit pieces of bits */
} Cs3RandomRow;

/** cs3_random_row: the sequence of @row. */
static inline Cs3RandomRow cs3_random_row(guint64 key, guint64 row) {
  return (Cs3RandomRow){.key = key, .row = row};
}

/** cs3_random_16: 16 random bits. */
static inline guint32 cs3_random_16(Cs3RandomRow *r) {
  if (r->left == 0) {
    cs3_random_pair(r->key, r->block++, r->row, r->bits);
    r->left = 8;
  }
  r->left--;
  guint64 *word = &r->bits[r->left / 4];
  guint32 draw = (guint32)(*word & 0xffff);
  *word >>= 16;
  return draw;
}

/**
 * cs3_random_below: uniform in [0, @n), 1 <= @n <= 2^16, exactly (Lemire, ACM TOMACS 29(1), 2019).
 */
static inline guint32 cs3_random_below(Cs3RandomRow *r, guint32 n) {
  guint32 product = cs3_random_16(r) * n;
  if ((product & 0xffff) < n) {
    guint32 reject = 0x10000 % n;
    while ((product & 0xffff) < reject)
      product = cs3_random_16(r) * n;
  }
  return product >> 16;
}

/** cs3_random_below_wide: uniform in [0, @n), 1 <= @n < 2^32, exactly. */
static inline guint32 cs3_random_below_wide(Cs3RandomRow *r, guint32 n) {
  guint64 product;
  guint32 reject = -n % n;
  do {
    guint64 draw = (guint64)cs3_random_16(r) << 16;
    product = (draw | cs3_random_16(r)) * n;
  } while ((guint32)product < reject);
  return (guint32)(product >> 32);
}
