/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random bits in registers of 128 bits, compared in those of 256. */
#include "config.h"

#include "workloads/random-way.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include "workloads/ars.h"

#define HALF __attribute__((target("avx2,aes")))

static gboolean usable(void) {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("aes");
}

enum { PAIRS = 2 }; /* of columns that are compared together */

typedef struct {
  __m128i round[CS3_ARS_ROUNDS + 1];
} Keys;

HALF static inline __m128i pair(guint64 low, guint64 high) {
  return _mm_set_epi64x((gint64)high, (gint64)low);
}

HALF static inline void expand(guint64 key, Keys *keys) {
  for (guint64 r = 0; r <= CS3_ARS_ROUNDS; r++)
    keys->round[r] = pair(key + r * CS3_ARS_WEYL_LOW, r * CS3_ARS_WEYL_HIGH);
}

/* Four columns from @column on at four depths from @depth on. */
HALF static inline void draw_depths(const Keys *keys, guint64 row, guint32 column, guint32 depth,
                                    __m128i out[CS3_RANDOM_DEPTHS][PAIRS]) {
#pragma GCC unroll 4
  for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
#pragma GCC unroll 2
    for (guint k = 0; k < PAIRS; k++)
      out[d][k] =
          _mm_xor_si128(pair((guint64)(column + 2 * k) << 32 | (depth + d), row), keys->round[0]);
#pragma GCC unroll 7
  for (guint r = 1; r < CS3_ARS_ROUNDS; r++)
#pragma GCC unroll 4
    for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
#pragma GCC unroll 2
      for (guint k = 0; k < PAIRS; k++)
        out[d][k] = _mm_aesenc_si128(out[d][k], keys->round[r]);
#pragma GCC unroll 4
  for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
#pragma GCC unroll 2
    for (guint k = 0; k < PAIRS; k++)
      out[d][k] = _mm_aesenclast_si128(out[d][k], keys->round[CS3_ARS_ROUNDS]);
}

HALF static void draw(guint64 key, guint64 row, guint32 column, guint32 depth,
                      Cs3RandomBlock *out) {
  Keys keys;
  expand(key, &keys);
  for (guint32 lane = 0; lane < CS3_RANDOM_LANES; lane += 2 * PAIRS) {
    __m128i random[CS3_RANDOM_DEPTHS][PAIRS];
    draw_depths(&keys, row, column + lane, depth, random);
    for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
      for (guint k = 0; k < PAIRS; k++)
        _mm_storeu_si128((__m128i_u *)(out->slice[d] + lane + 2 * k), random[d][k]);
  }
}

/* As compare_pair() of random-portable.c, of four columns. */
HALF static inline __m256i compare(const Keys *keys, guint64 row, guint32 column,
                                   guint32 threshold) {
  __m256i below = _mm256_setzero_si256(), equal = _mm256_set1_epi64x(-1);
  for (guint32 depth = 0; threshold != 0; depth += 4, threshold <<= CS3_RANDOM_DEPTHS) {
    __m128i random[CS3_RANDOM_DEPTHS][PAIRS];
    draw_depths(keys, row, column, depth, random);
#pragma GCC unroll 4
    for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++) {
      __m256i slice = _mm256_set_m128i(random[d][1], random[d][0]);
      if (threshold >> (31 - d) & 1) {
        below = _mm256_or_si256(below, _mm256_andnot_si256(slice, equal));
        equal = _mm256_and_si256(equal, slice);
      } else {
        equal = _mm256_andnot_si256(slice, equal);
      }
    }
    if (_mm256_testz_si256(equal, equal))
      break;
  }
  return below;
}

HALF static void bernoulli(guint64 key, guint64 row, guint32 threshold, guint64 *words, gint64 n) {
  Keys keys;
  expand(key, &keys);
  for (gint64 w = 0; w < n; w += 2 * PAIRS) {
    guint64 below[2 * PAIRS];
    _mm256_storeu_si256((__m256i_u *)below, compare(&keys, row, (guint32)w, threshold));
    for (gint64 k = 0; k < MIN(n - w, 2 * PAIRS); k++)
      words[w + k] = below[k];
  }
}

const Cs3RandomWay cs3_random_half = {
    .name = "AVX2 and AES-NI", .usable = usable, .draw = draw, .bernoulli = bernoulli};
#endif
