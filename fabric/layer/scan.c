/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The prefix maximum along a chain: the one loop over lines in which a line depends on its
 * neighbour, so no compiler vectorises it. With AVX2 eight lines are scanned in three shuffles and
 * the carry costs one addition per eight lines; elsewhere one line at a time. Both give the same
 * bits (tests). */
#include "config.h"

#include "fabric/layer/recurrence.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(CS3_PLAIN_LOOPS)
#define HAVE_AVX2_SCAN 1
#include <immintrin.h>
#endif

/* From line @first on, @run is P of the line before it. */
static gint32 scan_plain(gint64 first, gint64 n, gint64 step, gint32 stage, gint32 run,
                         const gint32 *ready, gint32 *passed) {
  for (gint64 i = first; i < n; i++) {
    gint32 through = run + stage, here = ready[i * step];
    passed[i * step] = run = through > here ? through : here;
  }
  return run;
}

#ifdef HAVE_AVX2_SCAN

#define AVX2 __attribute__((target("avx2")))

/* Maximum with the lanes @from (8: CS3_NEVER) of itself. */
AVX2 static inline __m256i max_from(__m256i x, __m256i from, __m256i keep) {
  __m256i moved = _mm256_permutevar8x32_epi32(x, from);
  return _mm256_max_epi32(x, _mm256_blendv_epi8(_mm256_set1_epi32(CS3_NEVER), moved, keep));
}

/* P of eight lines relative to the first one's clock (line k runs k stages behind it). */
AVX2 static inline __m256i scan_eight(__m256i x) {
  x = max_from(x, _mm256_setr_epi32(0, 0, 1, 2, 3, 4, 5, 6),
               _mm256_setr_epi32(0, -1, -1, -1, -1, -1, -1, -1));
  x = max_from(x, _mm256_setr_epi32(0, 0, 0, 1, 2, 3, 4, 5),
               _mm256_setr_epi32(0, 0, -1, -1, -1, -1, -1, -1));
  return max_from(x, _mm256_setr_epi32(0, 0, 0, 0, 0, 1, 2, 3),
                  _mm256_setr_epi32(0, 0, 0, 0, -1, -1, -1, -1));
}

/* Lines in memory order; a chain that runs downwards is mirrored in the register. */
AVX2 static gint32 scan_avx2(gint64 n, gint64 step, gint32 stage, const gint32 *ready,
                             gint32 *passed) {
  const __m256i ramp =
      _mm256_mullo_epi32(_mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), _mm256_set1_epi32(stage));
  const __m256i mirror = _mm256_setr_epi32(7, 6, 5, 4, 3, 2, 1, 0);
  const __m256i last = _mm256_set1_epi32(7), next = _mm256_set1_epi32(8 * stage);
  __m256i carry = _mm256_set1_epi32(CS3_NEVER);
  gint64 i = 0;
  for (; i + 8 <= n; i += 8) {
    gint64 low = step > 0 ? i : -(i + 7);
    __m256i x = _mm256_loadu_si256((const __m256i *)(const void *)(ready + low));
    x = step > 0 ? x : _mm256_permutevar8x32_epi32(x, mirror);
    x = _mm256_max_epi32(scan_eight(_mm256_sub_epi32(x, ramp)), carry);
    carry = _mm256_add_epi32(_mm256_permutevar8x32_epi32(x, last), next);
    x = _mm256_add_epi32(x, ramp);
    x = step > 0 ? x : _mm256_permutevar8x32_epi32(x, mirror);
    _mm256_storeu_si256((__m256i *)(void *)(passed + low), x);
  }
  gint32 run = i > 0 ? passed[(i - 1) * step] : CS3_NEVER;
  return scan_plain(i, n, step, stage, run, ready, passed);
}

#endif

gint32 cs3_chain_scan_plain(gint64 n, gint64 step, gint32 stage, const gint32 *ready,
                            gint32 *passed) {
  return scan_plain(0, n, step, stage, CS3_NEVER, ready, passed);
}

gint32 cs3_chain_scan(gint64 n, gint64 step, gint32 stage, const gint32 *ready, gint32 *passed) {
#ifdef HAVE_AVX2_SCAN
  if (__builtin_cpu_supports("avx2"))
    return scan_avx2(n, step, stage, ready, passed);
#endif
  return cs3_chain_scan_plain(n, step, stage, ready, passed);
}
