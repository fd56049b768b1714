/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Masks from factors of rows and columns, and from counts of rows and columns. */
#include "config.h"

#include "workloads/mask-draw.h"

#include <math.h>
#include <string.h>

#include "workloads/column-planes.h"
#include "workloads/random.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define HAVE_FAST_VARIANT 1
#include <immintrin.h>
#else
#define HAVE_FAST_VARIANT 0
#endif

#define ALWAYS 1e18f /* odds of a row or column without a zero */

/* Bits of 64 weights by 16 random bits each. Alive with probability odds / (1 + odds): u < p is
 * odds (1 - u) > u. */
static guint64 compare(const guint64 *bits, float row, const float *col) {
  guint64 word = 0;
  for (guint k = 0; k < 64; k++) {
    guint16 random = (guint16)(bits[k / 4] >> (16 * (k % 4)));
    float u = ((float)random + 0.5f) / 65536.0f;
    word |= (guint64)(row * col[k] * (1 - u) > u) << k;
  }
  return word;
}

#if HAVE_FAST_VARIANT
/* The same operations on eight at a time. */
__attribute__((target("avx2"))) static guint64 compare_fast(const guint64 *bits, float row,
                                                            const float *col) {
  const __m256 half = _mm256_set1_ps(0.5f), unit = _mm256_set1_ps(1 / 65536.0f);
  const __m256 one = _mm256_set1_ps(1), odds = _mm256_set1_ps(row);
  guint64 word = 0;
  for (guint k = 0; k < 8; k++) {
    __m128i random = _mm_loadu_si128((const __m128i *)(const void *)bits + k);
    __m256 u = _mm256_cvtepi32_ps(_mm256_cvtepu16_epi32(random));
    u = _mm256_mul_ps(_mm256_add_ps(u, half), unit);
    __m256 left = _mm256_mul_ps(odds, _mm256_loadu_ps(col + 8 * k));
    left = _mm256_mul_ps(left, _mm256_sub_ps(one, u));
    word |= (guint64)_mm256_movemask_ps(_mm256_cmp_ps(left, u, _CMP_GT_OQ)) << (8 * k);
  }
  return word;
}
#endif

void cs3_mask_draw_odds(Cs3Mask *mask, gint64 row0, gint64 row1, const float *row, const float *col,
                        guint64 key) {
  guint64 (*best)(const guint64 *, float, const float *) = compare;
#if HAVE_FAST_VARIANT
  if (__builtin_cpu_supports("avx2"))
    best = compare_fast;
#endif
  g_autofree float *padded = g_new0(float, mask->stride * 64);
  Cs3RandomBlock block;
  memcpy(padded, col, (gsize)mask->cols * sizeof *col);
  for (gint64 i = row0; i < row1; i++)
    for (gint64 w = 0; w < mask->stride; w++) {
      if (w % 2 == 0) /* a block is enough for two words */
        cs3_random_draw(key, (guint64)i, (guint32)(4 * w), 0, &block);
      cs3_mask_row(mask, i)[w] = best(block.slice[2 * (w % 2)], row[i], padded + 64 * w);
    }
}

/* --- factors that fit counts ------------------------------------------------------------------ */

/* Rows (or columns) with about as many live weights share a factor. */
enum { CLASSES = 128, ROUNDS = 6 };

typedef struct {
  double mean[CLASSES], weight[CLASSES]; /* live weights; rows in the class */
  double odds[CLASSES];
  guint32 low;
  double width;
} Classes;

static guint class_of(const Classes *c, guint32 count) {
  return (guint)MIN(CLASSES - 1, (double)(count - c->low) / c->width);
}

static void classify(Classes *c, const guint32 *counts, gint64 n) {
  guint32 low = G_MAXUINT32, high = 0;
  *c = (Classes){0};
  for (gint64 i = 0; i < n; i++) {
    low = MIN(low, counts[i]);
    high = MAX(high, counts[i]);
  }
  c->low = low;
  c->width = MAX(1, (double)(high - low) / (CLASSES - 1));
  for (gint64 i = 0; i < n; i++) {
    guint k = class_of(c, counts[i]);
    c->weight[k]++;
    c->mean[k] += counts[i];
  }
  for (guint k = 0; k < CLASSES; k++)
    c->mean[k] = c->weight[k] > 0 ? c->mean[k] / c->weight[k] : 0;
}

/* One step of Newton's method for log(odds) of every class of @a, at most a factor e^2. */
static void improve(Classes *a, const Classes *b, double full) {
  for (guint k = 0; k < CLASSES; k++) {
    if (a->mean[k] <= 0 || a->mean[k] >= full) {
      a->odds[k] = a->mean[k] <= 0 ? 0 : (double)ALWAYS;
      continue;
    }
    double sum = 0, slope = 0;
    for (guint l = 0; l < CLASSES; l++) {
      double odds = a->odds[k] * b->odds[l], p = odds / (1 + odds);
      sum += b->weight[l] * p;
      slope += b->weight[l] * p * (1 - p);
    }
    double step = slope > 0 ? (a->mean[k] - sum) / slope : 0;
    a->odds[k] *= exp(CLAMP(step, -2, 2));
  }
}

static void fit(Classes *rows, gint64 n_rows, Classes *cols, gint64 n_cols) {
  for (guint k = 0; k < CLASSES; k++) {
    double p = rows->mean[k] / (double)n_cols;
    rows->odds[k] = p / MAX(1 - p, 1e-9);
    cols->odds[k] = 1;
  }
  for (guint round = 0; round < ROUNDS; round++)
    for (guint step = 0; step < 2; step++) {
      improve(cols, rows, (double)n_rows);
      improve(rows, cols, (double)n_cols);
    }
}

static float *factors(const Classes *c, const guint32 *counts, gint64 n) {
  float *odds = g_new(float, n);
  for (gint64 i = 0; i < n; i++)
    odds[i] = (float)c->odds[class_of(c, counts[i])];
  return odds;
}

/* --- factors of a given density, and how uneven counts are ------------------------------------ */

/* Odds of classes of about equal size stand for all: their mean logarithm in order of size. */
static int by_size(gconstpointer a, gconstpointer b) {
  float x = *(const float *)a, y = *(const float *)b;
  return (x > y) - (x < y);
}

static guint summarise(const float *odds, gint64 n, double *means) {
  g_autofree float *sorted = g_memdup2(odds, (gsize)n * sizeof *odds);
  guint classes = (guint)MIN(n, CLASSES);
  qsort(sorted, (gsize)n, sizeof *sorted, by_size);
  for (guint k = 0; k < classes; k++) {
    gint64 begin = n * k / classes, end = n * (k + 1) / classes;
    double sum = 0;
    for (gint64 i = begin; i < end; i++)
      sum += log((double)sorted[i]);
    means[k] = exp(sum / (double)(end - begin));
  }
  return classes;
}

void cs3_mask_scale_odds(gint64 rows, float *row, gint64 cols, const float *col, double density) {
  double of_rows[CLASSES], of_cols[CLASSES], low = -60, high = 60;
  guint n = summarise(row, rows, of_rows), m = summarise(col, cols, of_cols);
  for (int step = 0; step < 40; step++) {
    double middle = (low + high) / 2, factor = exp(middle), sum = 0;
    for (guint i = 0; i < n; i++)
      for (guint j = 0; j < m; j++) {
        double odds = factor * of_rows[i] * of_cols[j];
        sum += odds / (1 + odds);
      }
    *(sum < density * n * m ? &low : &high) = middle;
  }
  for (gint64 i = 0; i < rows; i++)
    row[i] *= (float)exp((low + high) / 2);
}

Cs3MaskSpread cs3_mask_spread(const guint32 *counts, gint64 n, gint64 full) {
  enum { NEIGHBOURS = 16 };
  double sum = 0, squares = 0, within = 0;
  gint64 free = 0; /* degrees of freedom within groups of neighbours */
  for (gint64 begin = 0; begin < n; begin += NEIGHBOURS) {
    gint64 size = MIN(NEIGHBOURS, n - begin);
    double group = 0, group_squares = 0;
    for (gint64 i = begin; i < begin + size; i++) {
      group += counts[i];
      group_squares += (double)counts[i] * counts[i];
    }
    within += group_squares - group * group / (double)size;
    free += size - 1;
    sum += group;
    squares += group_squares;
  }
  double mean = sum / (double)n, density = mean / (double)full;
  if (n < 2 || sum == 0 || density >= 1)
    return (Cs3MaskSpread){0, 0};
  double chance = mean * (1 - density), all = (squares - sum * mean) / (double)(n - 1) - chance;
  double own = free > 0 ? within / (double)free - chance : 0;
  if (all <= 0)
    return (Cs3MaskSpread){0, 0};
  return (Cs3MaskSpread){.spread = sqrt(log1p(all / (mean * mean))) / (1 - density),
                         .shared = n > NEIGHBOURS ? CLAMP(1 - own / all, 0, 1) : 0};
}

/* --- counts put right ------------------------------------------------------------------------- */

typedef struct {
  Cs3Mask *mask;
  gint32 *excess;        /* of every column */
  guint64 *over, *under; /* columns with too many, with too few: a bit each, as in a row */
  guint64 *all;          /* every column */
  Cs3RandomRow random;
} Repair;

static void note(Repair *r, gint64 col, gint32 excess) {
  guint64 bit = (guint64)1 << (col % 64);
  gint64 w = col / 64;
  r->excess[col] = excess;
  r->over[w] = excess > 0 ? r->over[w] | bit : r->over[w] & ~bit;
  r->under[w] = excess < 0 ? r->under[w] | bit : r->under[w] & ~bit;
}

static void flip(Repair *r, gint64 row, gint64 col) {
  guint64 bit = (guint64)1 << (col % 64), *word = &cs3_mask_row(r->mask, row)[col / 64];
  note(r, col, r->excess[col] + (*word & bit ? -1 : 1));
  *word ^= bit;
}

/* Columns of word @w whose weight in @row is @alive, among @among. */
static guint64 candidates(const guint64 *row, gboolean alive, const guint64 *among, gint64 w) {
  return (alive ? row[w] : ~row[w]) & among[w];
}

/* The first column from @at on, and round to it, whose weight in @row is @alive, among those with
 * too many (too few); -1: none. */
static gint64 first_wanted(const Repair *r, const guint64 *row, gboolean alive, gint64 at) {
  const guint64 *wanted = alive ? r->over : r->under;
  gint64 words = r->mask->stride, w = at / 64;
  guint64 found = candidates(row, alive, wanted, w) & ~(guint64)0 << at % 64;
  for (gint64 k = 0; found == 0 && k < words; k++) {
    w = w + 1 == words ? 0 : w + 1;
    found = candidates(row, alive, wanted, w);
  }
  return found != 0 ? 64 * w + __builtin_ctzll(found) : -1;
}

/* The last column before @at, and round to it, whose weight in @row is @alive: there is one. */
static gint64 last_of_all(const Repair *r, const guint64 *row, gboolean alive, gint64 at) {
  gint64 w = at / 64;
  guint64 found = candidates(row, alive, r->all, w) & ~(~(guint64)0 << at % 64);
  while (found == 0) {
    w = (w == 0 ? r->mask->stride : w) - 1;
    found = candidates(row, alive, r->all, w);
  }
  return 64 * w + 63 - __builtin_clzll(found);
}

static gint64 find_column(Repair *r, gint64 row, gboolean alive) {
  const guint64 *words = cs3_mask_row(r->mask, row);
  gint64 at = cs3_random_below_wide(&r->random, (guint32)r->mask->cols);
  gint64 wanted = first_wanted(r, words, alive, at);
  return wanted >= 0 ? wanted : last_of_all(r, words, alive, at);
}

static void repair_rows(Repair *r, const guint32 *by_row) {
  for (gint64 row = 0; row < r->mask->rows; row++) {
    gint64 live = cs3_bits_count(cs3_mask_row(r->mask, row), r->mask->stride);
    for (; live > by_row[row]; live--)
      flip(r, row, find_column(r, row, TRUE));
    for (; live < by_row[row]; live++)
      flip(r, row, find_column(r, row, FALSE));
  }
}

/* Moves a weight of some row from column @from to column @to. */
static gboolean move(Repair *r, gint64 from, gint64 to) {
  gint64 rows = r->mask->rows, row = cs3_random_below_wide(&r->random, (guint32)rows);
  for (gint64 k = 0; k < rows; k++, row = row + 1 == rows ? 0 : row + 1)
    if (cs3_mask_alive(r->mask, row, from) && !cs3_mask_alive(r->mask, row, to)) {
      flip(r, row, from);
      flip(r, row, to);
      return TRUE;
    }
  return FALSE;
}

/* The same by way of a third column, where no row has room for it at once. */
static gboolean move_through(Repair *r, gint64 from, gint64 to) {
  enum { TRIED = 64 };
  gint64 cols = r->mask->cols, third = cs3_random_below_wide(&r->random, (guint32)cols);
  for (gint64 k = 0; k < MIN(cols, TRIED); k++, third = third + 1 == cols ? 0 : third + 1) {
    if (third == from || third == to || !move(r, from, third))
      continue;
    if (move(r, third, to))
      return TRUE;
    (void)!move(r, third, from); /* back: there is the row that was just moved */
  }
  return FALSE;
}

typedef gboolean (*Move)(Repair *r, gint64 from, gint64 to);

static void repair_columns(Repair *r, Move way) {
  gint64 to = 0, cols = r->mask->cols;
  for (gint64 from = 0; from < cols; from++)
    for (gint64 missed = 0; r->excess[from] > 0 && missed < cols;) {
      gboolean moved = r->excess[to] < 0 && way(r, from, to);
      missed = moved ? 0 : missed + 1;
      if (!moved)
        to = to + 1 == cols ? 0 : to + 1;
    }
}

static Repair *repair_new(Cs3Mask *mask, const guint32 *by_col, guint64 key) {
  Repair *r = g_new0(Repair, 1);
  g_autofree guint32 *live = g_new(guint32, mask->cols);
  r->mask = mask;
  r->excess = g_new(gint32, mask->cols);
  r->over = g_new0(guint64, mask->stride);
  r->under = g_new0(guint64, mask->stride);
  r->all = g_new0(guint64, mask->stride);
  cs3_random_row(&r->random, key, 0);
  if (!cs3_mask_column_counts(mask, live))
    g_error("no memory to count %" G_GINT64_FORMAT " columns", mask->cols); /* as g_malloc() ends */
  for (gint64 col = 0; col < mask->cols; col++) {
    r->all[col / 64] |= (guint64)1 << (col % 64);
    note(r, col, (gint32)(live[col] - by_col[col]));
  }
  return r;
}

static void repair_free(Repair *r) {
  g_free(r->excess);
  g_free(r->over);
  g_free(r->under);
  g_free(r->all);
  g_free(r);
}

Cs3Mask *cs3_mask_draw_counts(gint64 rows, gint64 cols, const guint32 *by_row,
                              const guint32 *by_col, guint64 seed, guint64 stream, GError **error) {
  Cs3Mask *mask = cs3_mask_new(rows, cols, error);
  if (mask == NULL)
    return NULL;
  g_autofree Classes *of_rows = g_new(Classes, 1), *of_cols = g_new(Classes, 1);
  classify(of_rows, by_row, rows);
  classify(of_cols, by_col, cols);
  fit(of_rows, rows, of_cols, cols);
  g_autofree float *row = factors(of_rows, by_row, rows), *col = factors(of_cols, by_col, cols);
  cs3_mask_draw_odds(mask, 0, rows, row, col, cs3_random_key(seed, stream, CS3_RANDOM_BERNOULLI));
  Repair *repair = repair_new(mask, by_col, cs3_random_key(seed, stream, CS3_RANDOM_SELECT));
  repair_rows(repair, by_row);
  repair_columns(repair, move);
  repair_columns(repair, move_through);
  repair_free(repair);
  return mask;
}
