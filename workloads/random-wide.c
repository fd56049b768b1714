/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random bits in registers of 512 bits: four counters to an instruction of AES. */
#include "config.h"

#include "workloads/random-way.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#include "workloads/ars.h"

#define WIDE __attribute__((target("avx512f,avx512vl,vaes")))

static gboolean usable(void) {
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("vaes");
}

typedef struct {
  __m512i round[CS3_ARS_ROUNDS + 1];
} Keys;

/* Two numbers of 64 bits in each of four lanes. */
WIDE static inline __m512i four_pairs(guint64 low, guint64 high) {
  return _mm512_setr_epi64((gint64)low, (gint64)high, (gint64)low, (gint64)high, (gint64)low,
                           (gint64)high, (gint64)low, (gint64)high);
}

WIDE static inline void expand(guint64 key, Keys *keys) {
  for (guint64 r = 0; r <= CS3_ARS_ROUNDS; r++)
    keys->round[r] = four_pairs(key + r * CS3_ARS_WEYL_LOW, r * CS3_ARS_WEYL_HIGH);
}

/* Four lanes of two columns each, at @depth. */
WIDE static inline __m512i first_counter(guint64 row, guint32 column, guint32 depth) {
  const __m512i steps =
      _mm512_setr_epi64(0, 0, G_GINT64_CONSTANT(2) << 32, 0, G_GINT64_CONSTANT(4) << 32, 0,
                        G_GINT64_CONSTANT(6) << 32, 0);
  return _mm512_add_epi64(four_pairs((guint64)column << 32 | depth, row), steps);
}

/* Four depths at once: an instruction of AES takes as long as eight can be begun. */
WIDE static inline void draw_depths(const Keys *keys, __m512i counter,
                                    __m512i out[CS3_RANDOM_DEPTHS]) {
#pragma GCC unroll 4
  for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
    out[d] = _mm512_xor_si512(_mm512_add_epi64(counter, four_pairs(d, 0)), keys->round[0]);
#pragma GCC unroll 7
  for (guint r = 1; r < CS3_ARS_ROUNDS; r++)
#pragma GCC unroll 4
    for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
      out[d] = _mm512_aesenc_epi128(out[d], keys->round[r]);
#pragma GCC unroll 4
  for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
    out[d] = _mm512_aesenclast_epi128(out[d], keys->round[CS3_ARS_ROUNDS]);
}

WIDE static void draw(guint64 key, guint64 row, guint32 column, guint32 depth,
                      Cs3RandomBlock *out) {
  Keys keys;
  __m512i random[CS3_RANDOM_DEPTHS];
  expand(key, &keys);
  draw_depths(&keys, first_counter(row, column, depth), random);
  for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
    _mm512_storeu_si512(out->slice[d], random[d]);
}

/* As compare_pair() of random-portable.c; more is drawn than needed where four depths are one. */
WIDE static inline __m512i compare(const Keys *keys, __m512i counter, guint32 threshold) {
  __m512i below = _mm512_setzero_si512(), equal = _mm512_set1_epi64(-1);
  for (; threshold != 0; threshold <<= CS3_RANDOM_DEPTHS) {
    __m512i random[CS3_RANDOM_DEPTHS];
    draw_depths(keys, counter, random);
    counter = _mm512_add_epi64(counter, four_pairs(CS3_RANDOM_DEPTHS, 0));
#pragma GCC unroll 4
    for (guint d = 0; d < CS3_RANDOM_DEPTHS; d++)
      if (threshold >> (31 - d) & 1) {
        below = _mm512_or_si512(below, _mm512_andnot_si512(random[d], equal));
        equal = _mm512_and_si512(equal, random[d]);
      } else {
        equal = _mm512_andnot_si512(random[d], equal);
      }
    if (_mm512_test_epi64_mask(equal, equal) == 0)
      break;
  }
  return below;
}

WIDE static void bernoulli(guint64 key, guint64 row, guint32 threshold, guint64 *words, gint64 n) {
  Keys keys;
  expand(key, &keys);
  __m512i counter = first_counter(row, 0, 0);
  for (gint64 w = 0; w < n; w += CS3_RANDOM_LANES) {
    __m512i below = compare(&keys, counter, threshold);
    counter = _mm512_add_epi64(counter, four_pairs((guint64)CS3_RANDOM_LANES << 32, 0));
    gint64 left = MIN(n - w, CS3_RANDOM_LANES);
    _mm512_mask_storeu_epi64(words + w, (__mmask8)((1u << left) - 1), below);
  }
}

const Cs3RandomWay cs3_random_wide = {
    .name = "AVX-512 and VAES", .usable = usable, .draw = draw, .bernoulli = bernoulli};
#endif
