/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bit matrices: counting what lives. */
#include "config.h"

#include "workloads/mask-way.h"

#include <string.h>

/* The kernels are compiled twice: for any processor, and for those that count bits and spread them
 * over bytes in one instruction each, which is found out at run time. */
#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_FAST_VARIANT 1
#include <immintrin.h>
#define FAST __attribute__((target("popcnt,bmi,bmi2,sse4.1")))
#else
#define HAVE_FAST_VARIANT 0
#endif

static inline __attribute__((always_inline)) gint64 count_words(const guint64 *words, gint64 n) {
  gint64 total = 0;
  for (gint64 i = 0; i < n; i++)
    total += __builtin_popcountll(words[i]);
  return total;
}

static inline __attribute__((always_inline)) guint16 count_range(const guint64 *row, gint64 begin,
                                                                 gint64 end) {
  if (begin >= end)
    return 0;
  gint64 first = begin / 64, last = (end - 1) / 64;
  guint64 head = ~(guint64)0 << (begin % 64);
  guint64 tail = ~(guint64)0 >> (63 - (end - 1) % 64);
  if (first == last)
    return (guint16)__builtin_popcountll(row[first] & head & tail);
  return (guint16)(__builtin_popcountll(row[first] & head) +
                   __builtin_popcountll(row[last] & tail) +
                   count_words(row + first + 1, last - first - 1));
}

/* The columns of a line that is narrower than 57: one unaligned load. */
static inline __attribute__((always_inline)) guint16 count_narrow(const guint64 *row, gint64 begin,
                                                                  gint64 width) {
  guint64 word;
  memcpy(&word, (const guint8 *)row + begin / 8, sizeof word);
  return (guint16)__builtin_popcountll(word >> begin % 8 & (((guint64)1 << width) - 1));
}

static inline __attribute__((always_inline)) guint16 count_line(const guint64 *row, gint64 begin,
                                                                gint64 end) {
  if (end - begin >= 57 || G_BYTE_ORDER != G_LITTLE_ENDIAN)
    return count_range(row, begin, end);
  return count_narrow(row, begin, end - begin);
}

gint64 cs3_mask_nnz_portable(const Cs3Mask *mask) {
  return count_words(mask->bits, mask->rows * mask->stride);
}

guint16 cs3_bits_count_range(const guint64 *row, gint64 begin, gint64 end) {
  return count_range(row, begin, end);
}

static gboolean always(void) {
  return TRUE;
}

static gpointer prepare_nothing(const gint64 *starts, gint64 n_lines) {
  return NULL;
}

static void lines_portable(gconstpointer prepared, const Cs3Mask *mask, gint64 row, gint64 n_rows,
                           const gint64 *starts, gint64 n_lines, guint16 *counts) {
  for (gint64 i = row; i < row + n_rows; i++) {
    const guint64 *words = cs3_mask_row(mask, i);
    for (gint64 r = 0; r < n_lines; r++)
      *counts++ = count_line(words, starts[r], starts[r + 1]);
  }
}

const Cs3MaskWay cs3_mask_way_portable = {
    .name = "portable", .usable = always, .prepare = prepare_nothing, .count = lines_portable};

#if HAVE_FAST_VARIANT
FAST static gint64 count_words_fast(const guint64 *words, gint64 n) {
  return count_words(words, n);
}

/* Neighbouring lines that one load of 64 bits holds: 8 of up to 8 columns, 4 of up to 16, or one.
 */
typedef struct {
  guint32 byte;
  guint8 shift, lines;
  guint64 fields; /* a byte (8 lines) or two (4 lines) each, a bit per column */
} Group;

/* Can the next @lines lines be a group? */
static gboolean make_group(const gint64 *starts, guint lines, Group *group) {
  guint bits = 64 / lines;
  *group = (Group){(guint32)(starts[0] / 8), (guint8)(starts[0] % 8), (guint8)lines, 0};
  if (group->shift + starts[lines] - starts[0] > 64)
    return FALSE;
  for (guint i = 0; i < lines; i++) {
    gint64 width = starts[i + 1] - starts[i];
    if (width > bits)
      return FALSE;
    group->fields |= (((guint64)1 << width) - 1) << bits * i;
  }
  return TRUE;
}

/* The lines in groups, ended by one without lines. */
static gpointer make_groups(const gint64 *starts, gint64 n) {
  Group *groups = g_new(Group, n + 1), *group = groups;
  for (gint64 r = 0; r < n; r += group++->lines)
    if ((n - r < 8 || !make_group(starts + r, 8, group)) &&
        (n - r < 4 || !make_group(starts + r, 4, group)))
      group->lines = 1;
  group->lines = 0;
  return groups;
}

/* Bits of each byte of @x. */
static inline guint64 count_bytes(guint64 x) {
  const guint64 ones = G_GUINT64_CONSTANT(0x0101010101010101);
  x -= x >> 1 & 0x55 * ones;
  x = (x & 0x33 * ones) + (x >> 2 & 0x33 * ones);
  return (x + (x >> 4)) & 0x0f * ones;
}

/* The columns of a group's lines, spread over its fields. */
FAST static inline guint64 spread(const guint64 *row, const Group *group) {
  guint64 word;
  memcpy(&word, (const guint8 *)row + group->byte, sizeof word);
  return _pdep_u64(word >> group->shift, group->fields);
}

FAST static void count_lines_fast(const guint64 *row, const gint64 *starts, const Group *groups,
                                  guint16 *counts) {
  gint64 r = 0;
  for (const Group *group = groups; group->lines > 0; r += group++->lines) {
    if (group->lines == 8) {
      guint64 bytes = count_bytes(spread(row, group));
      _mm_storeu_si128((__m128i *)(void *)(counts + r),
                       _mm_cvtepu8_epi16(_mm_cvtsi64_si128((gint64)bytes)));
    } else if (group->lines == 4) {
      guint64 bytes = count_bytes(spread(row, group));
      guint64 pairs = (bytes + (bytes >> 8)) & G_GUINT64_CONSTANT(0x00ff00ff00ff00ff);
      memcpy(counts + r, &pairs, sizeof pairs);
    } else {
      counts[r] = count_line(row, starts[r], starts[r + 1]);
    }
  }
}

/* The first two Zen processors spread bit by bit. */
static gboolean is_fast(void) {
  return __builtin_cpu_supports("popcnt") && __builtin_cpu_supports("bmi2") &&
         __builtin_cpu_supports("sse4.1") && !__builtin_cpu_is("znver1") &&
         !__builtin_cpu_is("znver2");
}

static void lines_spread(gconstpointer prepared, const Cs3Mask *mask, gint64 row, gint64 n_rows,
                         const gint64 *starts, gint64 n_lines, guint16 *counts) {
  for (gint64 i = 0; i < n_rows; i++)
    count_lines_fast(cs3_mask_row(mask, row + i), starts, prepared, counts + i * n_lines);
}

const Cs3MaskWay cs3_mask_way_spread = {
    .name = "BMI2", .usable = is_fast, .prepare = make_groups, .count = lines_spread};
#endif

const Cs3MaskWay *const *cs3_mask_ways(void) {
#define ROW(name) &cs3_mask_way_##name,
  static const Cs3MaskWay *const ways[] = {CS3_MASK_WAYS(ROW) NULL};
#undef ROW
  return ways;
}

gint64 cs3_bits_count(const guint64 *words, gint64 n) {
#if HAVE_FAST_VARIANT
  if (is_fast())
    return count_words_fast(words, n);
#endif
  return count_words(words, n);
}

gint64 cs3_mask_nnz(const Cs3Mask *mask) {
  return cs3_bits_count(mask->bits, mask->rows * mask->stride);
}

struct Cs3LineCounter {
  const Cs3MaskWay *way;
  gpointer prepared;
  const gint64 *starts;
  gint64 n_lines;
};

Cs3LineCounter *cs3_line_counter_new(const gint64 *starts, gint64 n_lines) {
  const Cs3MaskWay *const *way = cs3_mask_ways();
  while (!(*way)->usable())
    way++;
  Cs3LineCounter *counter = g_new(Cs3LineCounter, 1);
  *counter = (Cs3LineCounter){*way, (*way)->prepare(starts, n_lines), starts, n_lines};
  return counter;
}

void cs3_line_counter_free(Cs3LineCounter *counter) {
  g_free(counter->prepared);
  g_free(counter);
}

void cs3_line_counter_count(const Cs3LineCounter *counter, const Cs3Mask *mask, gint64 row,
                            gint64 n_rows, guint16 *counts) {
  counter->way->count(counter->prepared, mask, row, n_rows, counter->starts, counter->n_lines,
                      counts);
}

void cs3_mask_line_counts(const Cs3Mask *mask, gint64 row, gint64 n_rows, const gint64 *starts,
                          gint64 n_lines, guint16 *counts) {
  g_autoptr(Cs3LineCounter) counter = cs3_line_counter_new(starts, n_lines);
  cs3_line_counter_count(counter, mask, row, n_rows, counts);
}
