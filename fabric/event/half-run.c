/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "fabric/event/half-run.h"

#include "fabric/event/half.h"

static guint32 add_pair(guint32 a, guint32 b) {
  float low = cs3_half_to_float((guint16)a) + cs3_half_to_float((guint16)b);
  float high = cs3_half_to_float((guint16)(a >> 16)) + cs3_half_to_float((guint16)(b >> 16));
  return cs3_half_of_float(low) | (guint32)cs3_half_of_float(high) << 16;
}

static guint32 axpy_pair(float value, guint32 x, guint32 acc) {
  float low = value * cs3_half_to_float((guint16)x);
  float high = value * cs3_half_to_float((guint16)(x >> 16));
  return cs3_half_of_float(cs3_half_to_float((guint16)acc) + low) |
         (guint32)cs3_half_of_float(cs3_half_to_float((guint16)(acc >> 16)) + high) << 16;
}

static void multiply(guint words, const guint32 *a, const guint32 *b, float *out) {
  for (guint i = 0; i < words; i++) {
    out[2 * i] = cs3_half_to_float((guint16)a[i]) * cs3_half_to_float((guint16)b[i]);
    out[2 * i + 1] =
        cs3_half_to_float((guint16)(a[i] >> 16)) * cs3_half_to_float((guint16)(b[i] >> 16));
  }
}

static void add(guint words, const guint32 *a, guint32 *sum) {
  for (guint i = 0; i < words; i++)
    sum[i] = add_pair(sum[i], a[i]);
}

static void axpy(guint words, float value, const guint32 *a, guint32 *acc) {
  for (guint i = 0; i < words; i++)
    acc[i] = axpy_pair(value, a[i], acc[i]);
}

static void axpy_single(guint n, float value, const guint32 *a, guint32 *acc) {
  for (guint i = 0; i < n; i++) {
    float number = cs3_half_to_float((guint16)(a[i / 2] >> i % 2 * 16));
    acc[i] = cs3_bits_of_float(cs3_float_of_bits(acc[i]) + value * number);
  }
}

static const Cs3HalfRun in_software = {multiply, add, axpy, axpy_single};

#if defined(__x86_64__) && defined(__GNUC__)
#include <cpuid.h>
#include <immintrin.h>

#define F16C __attribute__((target("avx,f16c")))
enum { WORDS = sizeof(__m128i) / sizeof(guint32) }; /* eight numbers at a time */

F16C static inline __m256 load(const guint32 *a) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)a));
}

/* Rounds @sums to @out. FALSE: there is one that is not a number, whose bits are up to the
 * processor. */
F16C static inline gboolean round_to(guint32 *out, __m256 sums) {
  if (_mm256_movemask_ps(_mm256_cmp_ps(sums, sums, _CMP_UNORD_Q)))
    return FALSE;
  _mm_storeu_si128((__m128i *)(void *)out,
                   _mm256_cvtps_ph(sums, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  return TRUE;
}

/* The last words, fewer than the processor takes at once, among zeros; and back. */
static inline void pad(guint words, const guint32 *from, guint32 to[WORDS]) {
  for (guint i = 0; i < WORDS; i++)
    to[i] = i < words ? from[i] : 0;
}
static inline void unpad(guint words, const guint32 from[WORDS], guint32 *to) {
  for (guint i = 0; i < words; i++)
    to[i] = from[i];
}

F16C static void multiply_f16c(guint words, const guint32 *a, const guint32 *b, float *out) {
  guint i = 0;
  for (; i + WORDS <= words; i += WORDS)
    _mm256_storeu_ps(out + 2 * i, _mm256_mul_ps(load(a + i), load(b + i)));
  guint32 last_a[WORDS], last_b[WORDS];
  float last[2 * WORDS];
  pad(words - i, a + i, last_a);
  pad(words - i, b + i, last_b);
  _mm256_storeu_ps(last, _mm256_mul_ps(load(last_a), load(last_b)));
  for (guint rest = 0; rest < 2 * (words - i); rest++)
    out[2 * i + rest] = last[rest];
}

F16C static inline void add_words(const guint32 *a, guint32 *sum) {
  if (!round_to(sum, _mm256_add_ps(load(sum), load(a))))
    add(WORDS, a, sum);
}

F16C static void add_f16c(guint words, const guint32 *a, guint32 *sum) {
  guint i = 0;
  guint32 last_a[WORDS], last_sum[WORDS];
  for (; i + WORDS <= words; i += WORDS)
    add_words(a + i, sum + i);
  pad(words - i, a + i, last_a);
  pad(words - i, sum + i, last_sum);
  add_words(last_a, last_sum);
  unpad(words - i, last_sum, sum + i);
}

F16C static inline void axpy_words(__m256 weight, float value, const guint32 *a, guint32 *acc) {
  if (!round_to(acc, _mm256_add_ps(load(acc), _mm256_mul_ps(weight, load(a)))))
    axpy(WORDS, value, a, acc);
}

F16C static void axpy_f16c(guint words, float value, const guint32 *a, guint32 *acc) {
  const __m256 weight = _mm256_set1_ps(value);
  guint i = 0;
  guint32 last_a[WORDS], last_acc[WORDS];
  for (; i + WORDS <= words; i += WORDS)
    axpy_words(weight, value, a + i, acc + i);
  pad(words - i, a + i, last_a);
  pad(words - i, acc + i, last_acc);
  axpy_words(weight, value, last_a, last_acc);
  unpad(words - i, last_acc, acc + i);
}

F16C static void axpy_single_f16c(guint n, float value, const guint32 *a, guint32 *acc) {
  const __m256 weight = _mm256_set1_ps(value);
  guint i = 0;
  for (; i + 2 * WORDS <= n; i += 2 * WORDS) {
    float *sum = (float *)(void *)(acc + i);
    __m256 sums = _mm256_add_ps(_mm256_loadu_ps(sum), _mm256_mul_ps(weight, load(a + i / 2)));
    if (_mm256_movemask_ps(_mm256_cmp_ps(sums, sums, _CMP_UNORD_Q)))
      axpy_single(2 * WORDS, value, a + i / 2, acc + i);
    else
      _mm256_storeu_ps(sum, sums);
  }
  axpy_single(n - i, value, a + i / 2, acc + i);
}

static const Cs3HalfRun in_hardware = {multiply_f16c, add_f16c, axpy_f16c, axpy_single_f16c};

/* clang 14 knows no name for it: bit 29 of ECX of leaf 1; the system must save AVX registers. */
static gboolean has_f16c(void) {
  unsigned a, b, c = 0, d;
  return __builtin_cpu_supports("avx") && __get_cpuid(1, &a, &b, &c, &d) && (c >> 29 & 1) != 0;
}

const Cs3HalfRun *cs3_half_run(gboolean plain) {
  return !plain && has_f16c() ? &in_hardware : &in_software;
}
#else
const Cs3HalfRun *cs3_half_run(gboolean plain) {
  return &in_software;
}
#endif
