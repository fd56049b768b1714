/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live bits of values with the vector instructions of x86-64, found out at run time. */
#include "config.h"

#include "workloads/tensor-live.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define WIDE __attribute__((target("avx512f,avx512bw,popcnt")))
#define HALF __attribute__((target("avx2,popcnt")))

/* AVX-512 compares into bits: 64 / @lanes comparisons make a word. NaN is rare: it is looked for in
 * all of a word at once. */
#define DEFINE_WIDE(bytes, lanes, lane, test, greater)                                             \
  WIDE static gint64 wide_##bytes(const Cs3LiveRange *range, const guint8 *values, gint64 words,   \
                                  guint64 *bits) {                                                 \
    const __m512i magnitude = _mm512_set1_##lane((gint##lanes)range->magnitude);                   \
    const __m512i largest = _mm512_set1_##lane((gint##lanes)range->largest);                       \
    gint64 beyond = 0;                                                                             \
    for (gint64 i = 0; i < words; i++, values += 64 * (bytes)) {                                   \
      guint64 live = 0, large = 0;                                                                 \
      for (guint k = 0; k < (bytes); k++) {                                                        \
        __m512i v = _mm512_loadu_si512((const void *)(values + 64 * k));                           \
        v = _mm512_and_si512(v, magnitude);                                                        \
        live |= (guint64)test(v, v) << (k * 64 / (bytes) % 64);                                    \
        large |= (guint64)greater(v, largest) << (k * 64 / (bytes) % 64);                          \
      }                                                                                            \
      bits[i] = live & ~large;                                                                     \
      if (G_UNLIKELY(large != 0))                                                                  \
        beyond += __builtin_popcountll(large);                                                     \
    }                                                                                              \
    return beyond;                                                                                 \
  }
DEFINE_WIDE(1, 8, epi8, _mm512_test_epi8_mask, _mm512_cmpgt_epu8_mask)
DEFINE_WIDE(2, 16, epi16, _mm512_test_epi16_mask, _mm512_cmpgt_epu16_mask)
DEFINE_WIDE(4, 32, epi32, _mm512_test_epi32_mask, _mm512_cmpgt_epu32_mask)
DEFINE_WIDE(8, 64, epi64, _mm512_test_epi64_mask, _mm512_cmpgt_epu64_mask)

/* AVX2 compares into vectors; a bit of every byte is taken out, so that wider values are packed to
 * bytes first. Each of these turns 32 values into two times 32 bits. */
typedef struct {
  guint32 zero, large;
} Bits32;

HALF static inline __m256i load256(const guint8 *values) {
  return _mm256_loadu_si256((const __m256i *)(const void *)values);
}

HALF static inline Bits32 half_1(const guint8 *values, guint64 magnitude, guint64 largest) {
  const __m256i top = _mm256_set1_epi8((char)largest);
  __m256i v = _mm256_and_si256(load256(values), _mm256_set1_epi8((char)magnitude));
  __m256i small = _mm256_cmpeq_epi8(_mm256_max_epu8(v, top), top);
  return (Bits32){(guint32)_mm256_movemask_epi8(_mm256_cmpeq_epi8(v, _mm256_setzero_si256())),
                  ~(guint32)_mm256_movemask_epi8(small)};
}

/* Packing works within halves of a register: puts the quarters in order again. */
HALF static inline guint32 pack16(__m256i a, __m256i b) {
  __m256i packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(a, b), 0xd8);
  return (guint32)_mm256_movemask_epi8(packed);
}

HALF static inline Bits32 half_2(const guint8 *values, guint64 magnitude, guint64 largest) {
  const __m256i top = _mm256_set1_epi16((gint16)largest), none = _mm256_setzero_si256();
  const __m256i mask = _mm256_set1_epi16((gint16)magnitude);
  __m256i a = _mm256_and_si256(load256(values), mask);
  __m256i b = _mm256_and_si256(load256(values + 32), mask);
  guint32 small = pack16(_mm256_cmpeq_epi16(_mm256_max_epu16(a, top), top),
                         _mm256_cmpeq_epi16(_mm256_max_epu16(b, top), top));
  return (Bits32){pack16(_mm256_cmpeq_epi16(a, none), _mm256_cmpeq_epi16(b, none)), ~small};
}

HALF static inline Bits32 half_4(const guint8 *values, guint64 magnitude, guint64 largest) {
  const __m256i top = _mm256_set1_epi32((gint32)largest), none = _mm256_setzero_si256();
  const __m256i mask = _mm256_set1_epi32((gint32)magnitude);
  Bits32 out = {0, 0};
  for (guint k = 0; k < 4; k++) {
    __m256i v = _mm256_and_si256(load256(values + 32 * k), mask);
    __m256i zero = _mm256_cmpeq_epi32(v, none);
    __m256i small = _mm256_cmpeq_epi32(_mm256_max_epu32(v, top), top);
    out.zero |= (guint32)_mm256_movemask_ps(_mm256_castsi256_ps(zero)) << 8 * k;
    out.large |= (~(guint32)_mm256_movemask_ps(_mm256_castsi256_ps(small)) & 0xff) << 8 * k;
  }
  return out;
}

HALF static inline Bits32 half_8(const guint8 *values, guint64 magnitude, guint64 largest) {
  const __m256i sign = _mm256_set1_epi64x(G_MININT64), none = _mm256_setzero_si256();
  const __m256i top = _mm256_xor_si256(_mm256_set1_epi64x((gint64)largest), sign);
  const __m256i mask = _mm256_set1_epi64x((gint64)magnitude);
  Bits32 out = {0, 0};
  for (guint k = 0; k < 8; k++) {
    __m256i v = _mm256_and_si256(load256(values + 32 * k), mask);
    __m256i zero = _mm256_cmpeq_epi64(v, none);
    __m256i large = _mm256_cmpgt_epi64(_mm256_xor_si256(v, sign), top);
    out.zero |= (guint32)_mm256_movemask_pd(_mm256_castsi256_pd(zero)) << 4 * k;
    out.large |= (guint32)_mm256_movemask_pd(_mm256_castsi256_pd(large)) << 4 * k;
  }
  return out;
}

#define DEFINE_HALF(bytes)                                                                         \
  HALF static gint64 words_##bytes(const Cs3LiveRange *range, const guint8 *values, gint64 words,  \
                                   guint64 *bits) {                                                \
    gint64 beyond = 0;                                                                             \
    for (gint64 i = 0; i < words; i++, values += 64 * (bytes)) {                                   \
      Bits32 low = half_##bytes(values, range->magnitude, range->largest);                         \
      Bits32 high = half_##bytes(values + 32 * (bytes), range->magnitude, range->largest);         \
      guint64 large = low.large | (guint64)high.large << 32;                                       \
      bits[i] = ~(low.zero | (guint64)high.zero << 32 | large);                                    \
      if (G_UNLIKELY(large != 0))                                                                  \
        beyond += __builtin_popcountll(large);                                                     \
    }                                                                                              \
    return beyond;                                                                                 \
  }
DEFINE_HALF(1)
DEFINE_HALF(2)
DEFINE_HALF(4)
DEFINE_HALF(8)

static const Cs3LiveWords live_avx2[4] = {words_1, words_2, words_4, words_8};
static const Cs3LiveWords live_avx512[4] = {wide_1, wide_2, wide_4, wide_8};

Cs3LiveWay cs3_live_best(void) {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw"))
    return CS3_LIVE_AVX512;
  return __builtin_cpu_supports("avx2") ? CS3_LIVE_AVX2 : CS3_LIVE_PORTABLE;
}

const Cs3LiveWords *cs3_live_words(Cs3LiveWay way) {
  const Cs3LiveWords *const ways[CS3_N_LIVE_WAYS] = {cs3_live_portable, live_avx2, live_avx512};
  return ways[way];
}
#else
Cs3LiveWay cs3_live_best(void) {
  return CS3_LIVE_PORTABLE;
}

const Cs3LiveWords *cs3_live_words(Cs3LiveWay way) {
  return cs3_live_portable;
}
#endif
