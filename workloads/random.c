/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Philox 4x32-10 by Random123, and the same function eight counters at a time with AVX2 and
 * AVX-512. */
#include "config.h"

#include "workloads/random.h"

#include <Random123/philox.h>

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_VARIANTS 1
#include <immintrin.h>
#else
#define HAVE_VARIANTS 0
#endif

guint64 cs3_random_key(guint64 seed, guint64 stream, Cs3RandomPurpose purpose) {
  philox4x32_ctr_t ctr = {
      {(guint32)seed, (guint32)(seed >> 32), (guint32)stream, (guint32)(stream >> 32)}};
  philox4x32_key_t key = {{(guint32)purpose, 0}};
  ctr = philox4x32(ctr, key);
  return (guint64)ctr.v[1] << 32 | ctr.v[0];
}

static void draw_portable(guint64 key, guint64 row, guint32 column, guint32 depth,
                          Cs3RandomBlock *out) {
  philox4x32_key_t k = {{(guint32)key, (guint32)(key >> 32)}};
  for (guint32 lane = 0; lane < CS3_RANDOM_LANES; lane++) {
    philox4x32_ctr_t ctr = {{depth, column + lane, (guint32)row, (guint32)(row >> 32)}};
    ctr = philox4x32(ctr, k);
    out->slice[0][lane] = (guint64)ctr.v[1] << 32 | ctr.v[0];
    out->slice[1][lane] = (guint64)ctr.v[3] << 32 | ctr.v[2];
  }
}

#if HAVE_VARIANTS
#define AVX2 __attribute__((target("avx2")))

/* 32 x 32 -> 64 bit products of eight lanes: even and odd lanes apart, then sorted into halves. */
AVX2 static inline void multiply(__m256i a, __m256i constant, __m256i *high, __m256i *low) {
  __m256i even = _mm256_mul_epu32(a, constant);
  __m256i odd = _mm256_mul_epu32(_mm256_srli_epi64(a, 32), constant);
  *low = _mm256_blend_epi32(even, _mm256_slli_epi64(odd, 32), 0xaa);
  *high = _mm256_blend_epi32(_mm256_srli_epi64(even, 32), odd, 0xaa);
}

/* Two vectors of 32-bit halves, lane by lane, into eight 64-bit words. */
AVX2 static inline void store_words(guint64 *words, __m256i low, __m256i high) {
  __m256i first = _mm256_unpacklo_epi32(low, high), second = _mm256_unpackhi_epi32(low, high);
  _mm256_storeu_si256((__m256i_u *)words, _mm256_permute2x128_si256(first, second, 0x20));
  _mm256_storeu_si256((__m256i_u *)(words + 4), _mm256_permute2x128_si256(first, second, 0x31));
}

AVX2 static void draw_avx2(guint64 key, guint64 row, guint32 column, guint32 depth,
                           Cs3RandomBlock *out) {
  const __m256i multiplier0 = _mm256_set1_epi64x((gint64)PHILOX_M4x32_0);
  const __m256i multiplier1 = _mm256_set1_epi64x((gint64)PHILOX_M4x32_1);
  __m256i key0 = _mm256_set1_epi32((gint32)key), key1 = _mm256_set1_epi32((gint32)(key >> 32));
  __m256i c0 = _mm256_set1_epi32((gint32)depth);
  __m256i c1 = _mm256_add_epi32(_mm256_set1_epi32((gint32)column),
                                _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
  __m256i c2 = _mm256_set1_epi32((gint32)row), c3 = _mm256_set1_epi32((gint32)(row >> 32));
#pragma GCC unroll 10
  for (int round = 0; round < philox4x32_rounds; round++) {
    __m256i high0, low0, high1, low1;
    multiply(c0, multiplier0, &high0, &low0);
    multiply(c2, multiplier1, &high1, &low1);
    c0 = _mm256_xor_si256(_mm256_xor_si256(high1, c1), key0);
    c2 = _mm256_xor_si256(_mm256_xor_si256(high0, c3), key1);
    c1 = low1;
    c3 = low0;
    key0 = _mm256_add_epi32(key0, _mm256_set1_epi32((gint32)PHILOX_W32_0));
    key1 = _mm256_add_epi32(key1, _mm256_set1_epi32((gint32)PHILOX_W32_1));
  }
  store_words(out->slice[0], c0, c1);
  store_words(out->slice[1], c2, c3);
}

#define AVX512 __attribute__((target("avx512f")))

/* A counter in every 64-bit lane: its upper half is not read and may hold anything. */
AVX512 static void draw_avx512(guint64 key, guint64 row, guint32 column, guint32 depth,
                               Cs3RandomBlock *out) {
  const __m512i multiplier0 = _mm512_set1_epi64((gint64)PHILOX_M4x32_0);
  const __m512i multiplier1 = _mm512_set1_epi64((gint64)PHILOX_M4x32_1);
  const __m512i low = _mm512_set1_epi64(G_MAXUINT32);
  guint32 key0 = (guint32)key, key1 = (guint32)(key >> 32);
  __m512i c0 = _mm512_set1_epi64(depth);
  __m512i c1 =
      _mm512_add_epi64(_mm512_set1_epi64(column), _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7));
  __m512i c2 = _mm512_set1_epi64((gint64)row), c3 = _mm512_set1_epi64((gint64)(row >> 32));
#pragma GCC unroll 10
  for (int round = 0; round < philox4x32_rounds; round++) {
    __m512i product0 = _mm512_mul_epu32(c0, multiplier0);
    __m512i product1 = _mm512_mul_epu32(c2, multiplier1);
    c0 = _mm512_xor_si512(_mm512_srli_epi64(product1, 32), c1);
    c0 = _mm512_xor_si512(c0, _mm512_set1_epi64(key0));
    c2 = _mm512_xor_si512(_mm512_srli_epi64(product0, 32), c3);
    c2 = _mm512_xor_si512(c2, _mm512_set1_epi64(key1));
    c1 = product1;
    c3 = product0;
    key0 += PHILOX_W32_0;
    key1 += PHILOX_W32_1;
  }
  c0 = _mm512_or_si512(_mm512_and_si512(c0, low), _mm512_slli_epi64(c1, 32));
  c2 = _mm512_or_si512(_mm512_and_si512(c2, low), _mm512_slli_epi64(c3, 32));
  _mm512_storeu_si512(out->slice[0], c0);
  _mm512_storeu_si512(out->slice[1], c2);
}
#endif

guint cs3_random_ways(void) {
#if HAVE_VARIANTS
  return __builtin_cpu_supports("avx512f") ? 3 : __builtin_cpu_supports("avx2") ? 2 : 1;
#else
  return 1;
#endif
}

void cs3_random_draw_by(guint way, guint64 key, guint64 row, guint32 column, guint32 depth,
                        Cs3RandomBlock *out) {
#if HAVE_VARIANTS
  if (way > 0) {
    (way == 1 ? draw_avx2 : draw_avx512)(key, row, column, depth, out);
    return;
  }
#endif
  draw_portable(key, row, column, depth, out);
}

void cs3_random_draw(guint64 key, guint64 row, guint32 column, guint32 depth, Cs3RandomBlock *out) {
  cs3_random_draw_by(cs3_random_ways() - 1, key, row, column, depth, out);
}

void cs3_random_row(Cs3RandomRow *sequence, guint64 key, guint64 row) {
  sequence->key = key;
  sequence->row = row;
  sequence->depth = 0;
  sequence->left = 0;
}

void cs3_random_refill(Cs3RandomRow *sequence) {
  cs3_random_draw(sequence->key, sequence->row, 0, sequence->depth++, &sequence->block);
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
