/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bit matrices: counting and transposing. */
#include "config.h"

#include "workloads/mask.h"

#include "workloads/workload-error.h"

#include <string.h>

#define MAX_BITS ((gint64)1 << 34)

Cs3Mask *cs3_mask_new(gint64 rows, gint64 cols, GError **error) {
  if (rows < 1 || cols < 1) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "mask: expected at least 1 x 1, got %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT, rows,
                cols);
    return NULL;
  }
  guint64 *bits = NULL;
  gint64 stride = cols <= MAX_BITS ? (cols + 63) / 64 : 0;
  if (cols <= MAX_BITS && rows <= MAX_BITS / (64 * stride))
    bits = g_try_malloc0(((gsize)rows * (gsize)stride + 1) * sizeof *bits);
  if (!bits) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
                "mask: %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " weights are beyond 2^34 or the"
                " free memory", rows, cols);
    return NULL;
  }
  Cs3Mask *mask = g_new(Cs3Mask, 1);
  *mask = (Cs3Mask){.rows = rows, .cols = cols, .stride = stride, .bits = bits};
  return mask;
}

void cs3_mask_free(Cs3Mask *mask) {
  if (!mask)
    return;
  g_free(mask->bits);
  g_free(mask);
}

/* The kernels below are compiled twice: for any processor, and for those with a population count
 * instruction, which is chosen at run time. */
#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_POPCNT_VARIANT 1
#else
#define HAVE_POPCNT_VARIANT 0
#endif

static inline __attribute__((always_inline)) gint64 count_words(const guint64 *words, gint64 n) {
  gint64 total = 0;
  for (gint64 i = 0; i < n; i++)
    total += __builtin_popcountll(words[i]);
  return total;
}

static inline __attribute__((always_inline)) gint64 count_range(const guint64 *row, gint64 begin,
                                                               gint64 end) {
  if (begin >= end)
    return 0;
  gint64 first = begin / 64, last = (end - 1) / 64;
  guint64 head = ~(guint64)0 << (begin % 64);
  guint64 tail = ~(guint64)0 >> (63 - (end - 1) % 64);
  if (first == last)
    return __builtin_popcountll(row[first] & head & tail);
  return __builtin_popcountll(row[first] & head) + __builtin_popcountll(row[last] & tail) +
         count_words(row + first + 1, last - first - 1);
}

static inline __attribute__((always_inline)) void
count_lines(const guint64 *row, const gint64 *starts, gint64 n_lines, guint16 *counts) {
  const guint8 *bytes = (const guint8 *)row;
  for (gint64 r = 0; r < n_lines; r++) {
    gint64 begin = starts[r], width = starts[r + 1] - begin;
    if (width >= 57 || G_BYTE_ORDER != G_LITTLE_ENDIAN) {
      counts[r] = (guint16)count_range(row, begin, begin + width);
      continue;
    }
    guint64 word;
    memcpy(&word, bytes + begin / 8, sizeof word);
    word >>= begin % 8;
    counts[r] = (guint16)__builtin_popcountll(word & (((guint64)1 << width) - 1));
  }
}

static gint64 count_words_any(const guint64 *words, gint64 n) {
  return count_words(words, n);
}

static void count_lines_any(const guint64 *row, const gint64 *starts, gint64 n, guint16 *counts) {
  count_lines(row, starts, n, counts);
}

#if HAVE_POPCNT_VARIANT
__attribute__((target("popcnt,bmi,bmi2"))) static gint64 count_words_fast(const guint64 *words,
                                                                          gint64 n) {
  return count_words(words, n);
}

__attribute__((target("popcnt,bmi,bmi2"))) static void
count_lines_fast(const guint64 *row, const gint64 *starts, gint64 n, guint16 *counts) {
  count_lines(row, starts, n, counts);
}

static gboolean fast(void) {
  return __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi2");
}
#else
#define count_words_fast count_words_any
#define count_lines_fast count_lines_any
#define fast() FALSE
#endif

gint64 cs3_mask_nnz(const Cs3Mask *mask) {
  gint64 words = mask->rows * mask->stride;
  return fast() ? count_words_fast(mask->bits, words) : count_words_any(mask->bits, words);
}

void cs3_mask_line_counts(const Cs3Mask *mask, gint64 row, const gint64 *starts, gint64 n_lines,
                          guint16 *counts) {
  const guint64 *words = cs3_mask_row(mask, row);
  if (fast())
    count_lines_fast(words, starts, n_lines, counts);
  else
    count_lines_any(words, starts, n_lines, counts);
}

/* Transposes 64 x 64 bits in place by exchanging ever smaller off-diagonal blocks. */
static void transpose_block(guint64 block[64]) {
  guint64 low = 0xffffffff;
  for (int half = 32; half > 0; half >>= 1, low ^= low << half) {
    for (int i = 0; i < 64; i = ((i | half) + 1) & ~half) {
      guint64 swap = (block[i] >> half ^ block[i | half]) & low;
      block[i] ^= swap << half;
      block[i | half] ^= swap;
    }
  }
}

static void transpose_tile(const Cs3Mask *mask, Cs3Mask *out, gint64 row0, gint64 word) {
  guint64 block[64] = {0};
  gint64 n_rows = MIN(64, mask->rows - row0), n_cols = MIN(64, mask->cols - 64 * word);
  for (gint64 i = 0; i < n_rows; i++)
    block[i] = cs3_mask_row(mask, row0 + i)[word];
  transpose_block(block);
  for (gint64 i = 0; i < n_cols; i++)
    cs3_mask_row(out, 64 * word + i)[row0 / 64] = block[i];
}

Cs3Mask *cs3_mask_transpose(const Cs3Mask *mask, GError **error) {
  Cs3Mask *out = cs3_mask_new(mask->cols, mask->rows, error);
  if (!out)
    return NULL;
  for (gint64 row0 = 0; row0 < mask->rows; row0 += 64)
    for (gint64 word = 0; word < mask->stride; word++)
      transpose_tile(mask, out, row0, word);
  return out;
}
