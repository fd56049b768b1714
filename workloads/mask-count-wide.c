/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting lines in registers of 512 bits: a byte permutation brings every line's bytes into a
 * field of its own, where its bits are cut out and counted: 32 lines of up to 9 columns at once, 16
 * of up to 25, 8 of up to 57, and so on to one of 505. */
#include "config.h"

#include "workloads/mask-way.h"

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define WIDE                                                                                       \
  __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi,avx512bitalg,avx512vpopcntdq,"       \
                        "bmi2")))

static gboolean usable(void) {
  return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
         __builtin_cpu_supports("avx512vbmi") && __builtin_cpu_supports("avx512bitalg") &&
         __builtin_cpu_supports("avx512vpopcntdq") && __builtin_cpu_supports("bmi2");
}

enum { REGISTER_BYTES = 64 };

/* Neighbouring lines that are counted together. */
typedef struct {
  gint64 byte;        /* of the row, where their columns begin */
  guint64 loaded;     /* which bytes from there on are read */
  guint lines, field; /* bytes of a field; 0: one line by itself */
  guint8 from[REGISTER_BYTES], cut[REGISTER_BYTES];
} Group;

/* Can the next of @left lines be a group with fields of @field bytes? */
static gboolean make_group(const gint64 *starts, gint64 left, guint field, Group *group) {
  guint lines = (guint)MIN(left, REGISTER_BYTES / field);
  gint64 bytes = (starts[lines] + 7) / 8 - starts[0] / 8;
  if (bytes < 1 || bytes > REGISTER_BYTES)
    return FALSE;
  *group = (Group){.byte = starts[0] / 8, .lines = lines, .field = field};
  group->loaded = ~(guint64)0 >> (REGISTER_BYTES - bytes);
  for (guint i = 0; i < lines; i++) {
    gint64 width = starts[i + 1] - starts[i], shift = starts[i] % 8;
    if (shift + width > 8 * field)
      return FALSE;
    for (guint k = 0; k < field; k++)
      group->from[i * field + k] = (guint8)(starts[i] / 8 - group->byte + k);
    for (gint64 bit = shift; bit < shift + width; bit++)
      group->cut[i * field + bit / 8] |= (guint8)(1 << bit % 8);
  }
  return TRUE;
}

/* The lines in groups, ended by one without lines. */
static gpointer prepare(const gint64 *starts, gint64 n) {
  Group *groups = g_new(Group, n + 1), *group = groups;
  for (gint64 r = 0; r < n; r += group++->lines) {
    guint field = 2;
    while (field <= REGISTER_BYTES && !make_group(starts + r, n - r, field, group))
      field *= 2;
    if (field > REGISTER_BYTES)
      *group = (Group){.lines = 1};
  }
  group->lines = 0;
  return groups;
}

WIDE static inline __m512i load(const guint8 bytes[REGISTER_BYTES]) {
  return _mm512_loadu_si512(bytes);
}

/* The first of every field's words gets their sum. */
WIDE static inline __m512i sum_words(__m512i x, guint field) {
  x = _mm512_add_epi64(x, _mm512_permutex_epi64(x, 0xb1));
  if (field == 16)
    return _mm512_maskz_compress_epi64(0x55, x);
  x = _mm512_add_epi64(x, _mm512_permutex_epi64(x, 0x4e));
  if (field == 32)
    return _mm512_maskz_compress_epi64(0x11, x);
  return _mm512_add_epi64(x, _mm512_shuffle_i64x2(x, x, 0x4e));
}

WIDE static inline void count_group(const guint64 *row, const Group *group, guint16 *counts) {
  __m512i x = _mm512_maskz_loadu_epi8(group->loaded, (const guint8 *)row + group->byte);
  x = _mm512_and_si512(_mm512_permutexvar_epi8(load(group->from), x), load(group->cut));
  __mmask32 lines = (__mmask32)(~(guint64)0 >> (64 - group->lines));
  if (group->field == 2) {
    _mm512_mask_storeu_epi16(counts, lines, _mm512_popcnt_epi16(x));
  } else if (group->field == 4) {
    x = _mm512_popcnt_epi32(x);
    _mm256_mask_storeu_epi16(counts, (__mmask16)lines, _mm512_cvtepi32_epi16(x));
  } else {
    x = _mm512_popcnt_epi64(x);
    if (group->field > 8)
      x = sum_words(x, group->field);
    _mm_mask_storeu_epi16(counts, (__mmask8)lines, _mm512_cvtepi64_epi16(x));
  }
}

WIDE static void count(gconstpointer prepared, const Cs3Mask *mask, gint64 row, gint64 n_rows,
                       const gint64 *starts, gint64 n_lines, guint16 *counts) {
  for (gint64 i = row; i < row + n_rows; i++) {
    const guint64 *words = cs3_mask_row(mask, i);
    gint64 r = 0;
    for (const Group *group = prepared; group->lines > 0; r += group++->lines)
      if (group->field > 0)
        count_group(words, group, counts + r);
      else
        counts[r] = cs3_bits_count_range(words, starts[r], starts[r + 1]);
    counts += n_lines;
  }
}

const Cs3MaskWay cs3_mask_way_wide = {
    .name = "AVX-512", .usable = usable, .prepare = prepare, .count = count};
#endif
