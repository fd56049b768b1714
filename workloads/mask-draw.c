/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Masks from factors of rows and columns, and from counts of rows and columns. */
#include "config.h"

#include "workloads/mask-draw.h"

#include <math.h>
#include <string.h>

#include "workloads/random.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#else
#define CLONES
#endif

#define ALWAYS 1e18f /* odds of a row or column without a zero */

/* Alive with probability odds / (1 + odds): u < p is odds (1 - u) > u. */
CLONES static void compare(const guint16 *random, float row, const float *col, guint8 *alive) {
  for (int k = 0; k < 64; k++) {
    float u = ((float)random[k] + 0.5f) / 65536.0f;
    alive[k] = row * col[k] * (1 - u) > u;
  }
}

/* Bit i is byte i, 0 or 1, of each eight. */
static guint64 pack(const guint8 *alive) {
  guint64 word = 0, bytes;
  for (int k = 0; k < 8; k++) {
    memcpy(&bytes, alive + 8 * k, sizeof bytes);
    word |= (GUINT64_FROM_LE(bytes) * 0x0102040810204080 >> 56) << (8 * k);
  }
  return word;
}

void cs3_mask_draw_odds(Cs3Mask *mask, gint64 row0, gint64 row1, const float *row, const float *col,
                        guint64 key) {
  g_autofree float *padded = g_new0(float, mask->stride * 64);
  memcpy(padded, col, (gsize)mask->cols * sizeof *col);
  for (gint64 i = row0; i < row1; i++)
    for (gint64 w = 0; w < mask->stride; w++) {
      Cs3RandomBlock block;
      guint16 random[64];
      guint8 alive[64];
      cs3_random_draw(key, (guint64)i, (guint32)(8 * w), 0, &block);
      for (int word = 0; word < 16; word++)
        for (int piece = 0; piece < 4; piece++)
          random[4 * word + piece] = (guint16)(block.slice[word / 8][word % 8] >> (16 * piece));
      compare(random, row[i], padded + 64 * w, alive);
      cs3_mask_row(mask, i)[w] = pack(alive);
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
  gint32 *excess; /* of every column */
  Cs3RandomRow random;
} Repair;

static void flip(Repair *r, gint64 row, gint64 col) {
  guint64 bit = (guint64)1 << (col % 64), *word = &cs3_mask_row(r->mask, row)[col / 64];
  r->excess[col] += *word & bit ? -1 : 1;
  *word ^= bit;
}

/* The next column from a random one on whose weight in @row is @alive, one that has too many (too
 * few) if there is one. */
static gint64 find_column(Repair *r, gint64 row, gboolean alive) {
  gint64 cols = r->mask->cols, any = -1, at = cs3_random_below_wide(&r->random, (guint32)cols);
  for (gint64 k = 0; k < cols; k++, at = at + 1 == cols ? 0 : at + 1) {
    if (cs3_mask_alive(r->mask, row, at) != alive)
      continue;
    if (alive ? r->excess[at] > 0 : r->excess[at] < 0)
      return at;
    any = at;
  }
  return any;
}

static void repair_rows(Repair *r, const guint32 *by_row) {
  for (gint64 row = 0; row < r->mask->rows; row++) {
    gint64 live = 0;
    for (gint64 w = 0; w < r->mask->stride; w++)
      live += __builtin_popcountll(cs3_mask_row(r->mask, row)[w]);
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

static void repair_columns(Repair *r) {
  gint64 to = 0, cols = r->mask->cols;
  for (gint64 from = 0; from < cols; from++)
    for (gint64 missed = 0; r->excess[from] > 0 && missed < cols;) {
      gboolean moved = r->excess[to] < 0 && move(r, from, to);
      missed = moved ? 0 : missed + 1;
      if (!moved)
        to = to + 1 == cols ? 0 : to + 1;
    }
}

static void column_excess(const Cs3Mask *mask, const guint32 *by_col, gint32 *excess) {
  for (gint64 col = 0; col < mask->cols; col++)
    excess[col] = -(gint32)by_col[col];
  for (gint64 row = 0; row < mask->rows; row++)
    for (gint64 w = 0; w < mask->stride; w++)
      for (guint64 rest = cs3_mask_row(mask, row)[w]; rest != 0; rest &= rest - 1)
        excess[64 * w + __builtin_ctzll(rest)]++;
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
  g_autofree gint32 *excess = g_new(gint32, cols);
  column_excess(mask, by_col, excess);
  Repair repair = {.mask = mask, .excess = excess};
  cs3_random_row(&repair.random, cs3_random_key(seed, stream, CS3_RANDOM_SELECT), 0);
  repair_rows(&repair, by_row);
  repair_columns(&repair);
  return mask;
}
