/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparsity patterns: their statistics, and bits that depend on nothing but their coordinates. */
#include "config.h"

#include "tests/unit/pattern-fixture.h"
#include "tests/unit/workload-fixture.h"

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>

#include "workloads/mask-order.h"
#include "workloads/parallel.h"
#include "workloads/pattern.h"
#include "workloads/random.h"

/* Statistics run on a fixed seed: a bound of 4 sigma or p = 1e-4 then either holds or not. */
enum { SEED = 20240513 };

static Cs3Pattern pattern_of(const char *text) {
  Cs3Pattern pattern;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_pattern_parse(&pattern, text, &error), "%s", error ? error->message : "");
  return pattern;
}

static Cs3Mask *mask_of(const char *text, gint64 rows, gint64 cols, double density, guint64 seed,
                        guint workers) {
  Cs3Pattern pattern = pattern_of(text);
  g_autoptr(GError) error = NULL;
  Cs3Mask *mask = cs3_pattern_mask(&pattern, rows, cols, density, seed, 7, workers, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  return mask;
}

static gint64 row_nnz(const Cs3Mask *mask, gint64 row) {
  gint64 starts[] = {0, mask->cols};
  guint16 count;
  cs3_mask_line_counts(mask, row, 1, starts, 1, &count);
  return count;
}

static void assert_same(const Cs3Mask *a, const Cs3Mask *b) {
  ck_assert_int_eq(a->stride, b->stride);
  ck_assert_mem_eq(a->bits, b->bits, (gsize)(a->rows * a->stride) * sizeof *a->bits);
}

/* Any number of workers, and any cut of the rows, gives the same bits. */
START_TEST(test_workers_and_splits) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  g_autofree char *text = fixture_pattern_text((guint)_i);
  Cs3Pattern pattern = pattern_of(text);
  for (int round = 0; round < 5; round++) {
    gint64 rows = g_rand_int_range(rand, 1, 400), cols = 16 * g_rand_int_range(rand, 1, 200);
    double density = g_rand_double_range(rand, 0.01, 1);
    guint64 seed = g_rand_int(rand);
    g_autoptr(Cs3Mask) one = mask_of(text, rows, cols, density, seed, 1);
    g_autoptr(Cs3Mask) two = mask_of(text, rows, cols, density, seed, 2);
    g_autoptr(Cs3Mask) seven = mask_of(text, rows, cols, density, seed, 7);
    g_autoptr(Cs3Mask) pieces = cs3_mask_new(rows, cols, NULL);
    gint64 filled = pattern.ops->fill != NULL ? rows : 0; /* others are drawn as a whole */
    for (gint64 row = 0, next; row < filled; row = next) {
      gint64 step = g_rand_int_range(rand, 1, 50);
      next = MIN(rows, row + step);
      pattern.ops->fill(&pattern, density, seed, 7, pieces, row, next);
    }
    assert_same(one, two);
    assert_same(one, seven);
    if (filled > 0)
      assert_same(one, pieces);
  }
}
END_TEST

/* Seeds and tensors have bits of their own: two masks agree as often as chance has it. */
START_TEST(test_seeds_differ) {
  enum { ROWS = 2048, COLS = 3072 };
  g_autofree char *text = fixture_pattern_text((guint)_i);
  Cs3Pattern pattern = pattern_of(text);
  static const guint64 seeds[][2] = {{1, 7}, {2, 7}, {1, 8}, {8, 1}};
  for (guint a = 0; a < 4; a++)
    for (guint b = a + 1; b < 4; b++) {
      g_autoptr(Cs3Mask) x =
          cs3_pattern_mask(&pattern, ROWS, COLS, 0.5, seeds[a][0], seeds[a][1], 1, NULL);
      g_autoptr(Cs3Mask) y =
          cs3_pattern_mask(&pattern, ROWS, COLS, 0.5, seeds[b][0], seeds[b][1], 1, NULL);
      double d = (double)cs3_mask_nnz(x) / (ROWS * COLS), both = 0;
      for (gint64 w = 0; w < x->rows * x->stride; w++)
        both += __builtin_popcountll(x->bits[w] & y->bits[w]);
      /* Blocks of 4096 weights are 1536 independent draws: one sigma is about 1 %. */
      ck_assert_double_eq_tol(both / (ROWS * COLS), d * d, 0.05);
    }
}
END_TEST

/* No bit beyond the width, whatever the width. */
START_TEST(test_padding) {
  g_autofree char *text = fixture_pattern_text((guint)_i);
  for (gint64 cols = 16; cols <= 208; cols += 16) {
    g_autoptr(Cs3Mask) full = mask_of(text, 9, cols, 1.0, 3, 1);
    g_autoptr(Cs3Mask) most = mask_of(text, 9, cols, 0.9, 3, 1);
    for (gint64 row = 0; row < 9 && cols % 64 != 0; row++) {
      ck_assert(cs3_mask_row(full, row)[full->stride - 1] >> (cols % 64) == 0);
      ck_assert(cs3_mask_row(most, row)[most->stride - 1] >> (cols % 64) == 0);
    }
  }
}
END_TEST

static const double densities[] = {1e-6, 0.01, 0.1, 0.25, 0.3, 0.5, 0.75, 0.99, 1.0};

START_TEST(test_uniform_density) {
  const gint64 rows = 1000, cols = 4099;
  double d = densities[_i], n = (double)(rows * cols);
  g_autoptr(Cs3Mask) mask = mask_of("uniform", rows, cols, d, SEED, 0);
  double sigma = sqrt(n * d * (1 - d));
  ck_assert_double_le(fabs((double)cs3_mask_nnz(mask) - n * d), 4 * sigma);
}
END_TEST

/* A threshold with sixteen leading zeros: every slice down to its one bit is drawn and counted. */
START_TEST(test_uniform_small_density) {
  double total = 0, expected = 64 * 4096 * 1024 * ldexp(1, -16);
  for (guint64 seed = 0; seed < 64; seed++) {
    g_autoptr(Cs3Mask) mask = mask_of("uniform", 1024, 4096, ldexp(1, -16), SEED + seed, 0);
    total += (double)cs3_mask_nnz(mask);
  }
  ck_assert_double_le(fabs(total - expected), 4 * sqrt(expected));
}
END_TEST

/* Chi-square of observed line counts against the binomial; cells of fewer than 8 expected are
 * joined. Returns the probability of a larger value. */
static double binomial_fit(const double *seen, double n, guint width, double d) {
  double chi2 = 0, expected = 0, observed = 0, rest = n, left = n;
  int cells = 0;
  for (guint k = 0; k <= width; k++) {
    expected += n * gsl_ran_binomial_pdf(k, d, width);
    observed += seen[k];
    if (expected < 8 || rest - expected < 8)
      continue;
    chi2 += (observed - expected) * (observed - expected) / expected;
    rest -= expected;
    left -= observed;
    expected = observed = 0;
    cells++;
  }
  chi2 += (left - rest) * (left - rest) / rest;
  return gsl_cdf_chisq_Q(chi2, cells);
}

/* Line counts of 14 columns at all offsets against words follow the binomial. */
START_TEST(test_uniform_line_counts) {
  static const double d[] = {0.1, 0.3, 0.5, 0.9};
  enum { LINES = 293, WIDTH = 14 };
  double seen[WIDTH + 1] = {0};
  gint64 starts[LINES + 1];
  for (int r = 0; r <= LINES; r++)
    starts[r] = r * WIDTH;
  g_autoptr(Cs3Mask) mask = mask_of("uniform", 2000, LINES * WIDTH, d[_i], SEED, 0);
  for (gint64 row = 0; row < mask->rows; row++) {
    guint16 counts[LINES];
    cs3_mask_line_counts(mask, row, 1, starts, LINES, counts);
    for (int r = 0; r < LINES; r++)
      seen[counts[r]]++;
  }
  double p = binomial_fit(seen, 2000.0 * LINES, WIDTH, d[_i]);
  ck_assert_msg(p > 1e-4 && p < 1 - 1e-4, "p = %g", p);
}
END_TEST

/* Correlation of a weight with its neighbour @shift rows or columns away, in sigmas. */
static double correlation(const Cs3Mask *mask, double d, gint64 rows, gint64 cols) {
  double n = 0, both = 0;
  for (gint64 i = 0; i + rows < mask->rows; i++)
    for (gint64 j = 0; j + cols < mask->cols; j++) {
      n++;
      both += cs3_mask_alive(mask, i, j) && cs3_mask_alive(mask, i + rows, j + cols);
    }
  double p = d * d;
  return (both - n * p) / sqrt(n * p * (1 - p) + 2 * n * (d * p - p * p));
}

START_TEST(test_uniform_independence) {
  static const gint64 shift[][2] = {{1, 0},  {2, 0},  {64, 0},  {0, 1}, {0, 2},
                                    {0, 63}, {0, 64}, {0, 128}, {1, 1}, {1, 64}};
  g_autoptr(Cs3Mask) mask = mask_of("uniform", 512, 2048, 0.3, SEED, 0);
  for (guint i = 0; i < G_N_ELEMENTS(shift); i++) {
    double sigmas = correlation(mask, 0.3, shift[i][0], shift[i][1]);
    ck_assert_msg(fabs(sigmas) < 4, "%g sigma at shift %d, %d", sigmas, (int)shift[i][0],
                  (int)shift[i][1]);
  }
}
END_TEST

START_TEST(test_exact_counts) {
  static const gint64 widths[] = {1, 2, 63, 64, 65, 1000, 4099};
  double d = densities[_i];
  for (guint i = 0; i < G_N_ELEMENTS(widths); i++) {
    g_autoptr(Cs3Mask) mask = mask_of("uniform-exact", 50, widths[i], d, SEED, 0);
    for (gint64 row = 0; row < 50; row++)
      ck_assert_int_eq(row_nnz(mask, row), (gint64)rint(d * (double)widths[i]));
  }
}
END_TEST

/* Chi-square of equally likely outcomes. */
static double flat_fit(const double *seen, guint n_cells, double n) {
  double chi2 = 0, expected = n / n_cells;
  for (guint i = 0; i < n_cells; i++)
    chi2 += (seen[i] - expected) * (seen[i] - expected) / expected;
  return gsl_cdf_chisq_Q(chi2, n_cells - 1);
}

/* All C(8, 3) = 56 subsets of a row come equally often; likewise groups of 3:8 and 5:8. */
START_TEST(test_subsets_equally_likely) {
  static const struct {
    const char *text;
    guint live;
  } cases[] = {{"uniform-exact", 3}, {"3:8", 3}, {"5:8", 5}};
  enum { ROWS = 56000 };
  g_autoptr(Cs3Mask) mask = mask_of(cases[_i].text, ROWS, 8, 3.0 / 8, SEED, 0);
  double seen[256] = {0}, subsets[56];
  guint n = 0;
  for (gint64 row = 0; row < ROWS; row++)
    seen[cs3_mask_row(mask, row)[0]]++;
  for (guint set = 0; set < 256; set++) {
    if ((guint)__builtin_popcount(set) == cases[_i].live)
      subsets[n++] = seen[set];
    else
      ck_assert(seen[set] == 0);
  }
  ck_assert_uint_eq(n, 56);
  double p = flat_fit(subsets, n, ROWS);
  ck_assert_msg(p > 1e-4 && p < 1 - 1e-4, "p = %g", p);
}
END_TEST

static const struct {
  const char *text;
  gint64 n, m;
} groups[] = {{"1:2", 1, 2},   {"2:4", 2, 4},     {"3:5", 3, 5},     {"5:8", 5, 8},
              {"7:24", 7, 24}, {"13:48", 13, 48}, {"63:64", 63, 64}, {"4:4", 4, 4}};

START_TEST(test_n_of_m_groups) {
  gint64 n = groups[_i].n, m = groups[_i].m, starts[65];
  g_autoptr(Cs3Mask) mask = mask_of(groups[_i].text, 300, 64 * m, 0.123, SEED, 0);
  for (int g = 0; g <= 64; g++)
    starts[g] = g * m;
  for (gint64 row = 0; row < mask->rows; row++) {
    guint16 counts[64];
    cs3_mask_line_counts(mask, row, 1, starts, 64, counts);
    for (int g = 0; g < 64; g++)
      ck_assert_int_eq(counts[g], n);
  }
}
END_TEST

/* Each place of a group is alive in n of m cases. */
START_TEST(test_n_of_m_places) {
  gint64 n = groups[_i].n, m = groups[_i].m;
  g_autoptr(Cs3Mask) mask = mask_of(groups[_i].text, 4000, m, 1, SEED, 0);
  double d = (double)n / (double)m, sigma = sqrt(4000 * d * (1 - d));
  for (gint64 place = 0; place < m; place++) {
    double seen = 0;
    for (gint64 row = 0; row < mask->rows; row++)
      seen += cs3_mask_alive(mask, row, place);
    ck_assert_double_le(fabs(seen - 4000 * d), 4 * sigma);
  }
}
END_TEST

START_TEST(test_n_of_m_properties) {
  Cs3Pattern pattern = pattern_of("5:8");
  ck_assert(pattern.ops->density(&pattern) == 0.625);
  Cs3Pattern uniform = pattern_of("uniform");
  ck_assert(uniform.ops->density(&uniform) < 0);
}
END_TEST

/* One order of the columns that puts groups of m together: two columns of a group are alive
 * together in n (n - 1) of m (m - 1) rows, any two others in (n / m)^2, so that each place takes
 * the column that those of its group so far meet least. */
static gint64 *recover_order(const Cs3Mask *mask, gint64 m) {
  g_autofree gboolean *taken = g_new0(gboolean, mask->cols);
  gint64 *order = g_new(gint64, mask->cols);
  for (gint64 j = 0; j < mask->cols; j++) {
    gint64 best = -1, least = G_MAXINT64;
    for (gint64 col = 0; col < mask->cols; col++) {
      gint64 met = 0;
      for (gint64 row = 0; !taken[col] && row < mask->rows; row++)
        for (gint64 k = j / m * m; k < j; k++)
          met += cs3_mask_alive(mask, row, col) && cs3_mask_alive(mask, row, order[k]);
      if (!taken[col] && met < least) {
        best = col;
        least = met;
      }
    }
    order[j] = best;
    taken[best] = TRUE;
  }
  return order;
}

/* The number of (row, group of m) pairs with other than n live weights. */
static gint64 uneven_groups(const Cs3Mask *mask, gint64 n, gint64 m) {
  gint64 uneven = 0;
  for (gint64 row = 0; row < mask->rows; row++)
    for (gint64 group = 0; group < mask->cols / m; group++) {
      gint64 live = 0;
      for (gint64 k = 0; k < m; k++)
        live += cs3_mask_alive(mask, row, group * m + k);
      uneven += live != n;
    }
  return uneven;
}

static const struct {
  const char *text;
  gint64 n, m;
} permuted[] = {{"permuted:1:4", 1, 4}, {"permuted:2:4", 2, 4}, {"permuted:3:5", 3, 5}};

START_TEST(test_permuted_groups) {
  enum { ROWS = 2000, GROUPS = 16 };
  gint64 n = permuted[_i].n, m = permuted[_i].m;
  g_autoptr(Cs3Mask) mask = mask_of(permuted[_i].text, ROWS, GROUPS * m, 1, SEED, 0);
  for (gint64 row = 0; row < ROWS; row++)
    ck_assert_int_eq(row_nnz(mask, row), GROUPS * n);
  /* Of m columns drawn without return from m x GROUPS, n are alive as the hypergeometric
   * distribution has it; the same groups stand under all rows, hence the wide margin. */
  double even = gsl_ran_hypergeometric_pdf((unsigned)n, (unsigned)(GROUPS * n),
                                           (unsigned)(GROUPS * (m - n)), (unsigned)m);
  ck_assert_double_eq_tol((double)uneven_groups(mask, n, m) / (ROWS * GROUPS), 1 - even, 0.05);
  g_autofree gint64 *order = recover_order(mask, m);
  g_autoptr(Cs3Mask) sorted = cs3_mask_reorder(mask, order, NULL);
  ck_assert_int_eq(uneven_groups(sorted, n, m), 0);
}
END_TEST

/* Masks of one density differ in their order, not only in what they choose in groups. */
START_TEST(test_permuted_orders) {
  g_autoptr(Cs3Mask) one = mask_of("permuted:2:4", 2000, 64, 1, SEED, 0);
  g_autoptr(Cs3Mask) two = mask_of("permuted:2:4", 2000, 64, 1, SEED + 1, 0);
  g_autofree gint64 *order = recover_order(one, 4);
  g_autoptr(Cs3Mask) other = cs3_mask_reorder(two, order, NULL);
  ck_assert_int_gt(uneven_groups(other, 2, 4), 2000 * 16 / 4);
}
END_TEST

/* Every block is all alive or all dead, also the cut ones at the edges; density as asked. */
START_TEST(test_blocks) {
  static const struct {
    const char *text;
    gint64 height, width;
  } cases[] = {
      {"block:4x8", 4, 8}, {"block:32x32", 32, 32}, {"block:3x130", 3, 130}, {"block:1x64", 1, 64}};
  gint64 height = cases[_i].height, width = cases[_i].width;
  g_autoptr(Cs3Mask) mask = mask_of(cases[_i].text, 1501, 2003, 0.3, SEED, 0);
  double blocks = 0, alive = 0, torn = 0;
  for (gint64 i = 0; i < mask->rows; i++)
    for (gint64 j = 0; j < mask->cols; j++) {
      gboolean corner = cs3_mask_alive(mask, i / height * height, j / width * width);
      torn += cs3_mask_alive(mask, i, j) != corner;
      blocks += i % height == 0 && j % width == 0;
      alive += corner && i % height == 0 && j % width == 0;
    }
  ck_assert(torn == 0);
  ck_assert_double_le(fabs(alive - 0.3 * blocks), 4 * sqrt(0.21 * blocks));
}
END_TEST

START_TEST(test_unit_blocks_are_uniform) {
  g_autoptr(Cs3Mask) block = mask_of("block:1x1", 77, 333, 0.4, SEED, 1);
  g_autoptr(Cs3Mask) uniform = mask_of("uniform", 77, 333, 0.4, SEED, 1);
  assert_same(block, uniform);
}
END_TEST

static const struct {
  const char *text, *message;
} bad[] = {
    {"", "something like uniform, uniform-exact, "},
    {"unifrom", "got \"unifrom\""},
    {"0:4", "N:M (N live of every M)"},
    {"5:4", "got \"5:4\""},
    {"2:65", "M from 2 to 64"},
    {"1:1", "M from 2 to 64"},
    {"2:", "got \"2:\""},
    {"2:4x", "got \"2:4x\""},
    {"2:-4", "got \"2:-4\""},
    {"99999999999999999999:4", "1 <= N <= M"},
    {"permuted:5:4", "expected permuted:N:M (N live of every M, after a permutation)"},
    {"permuted:2", "got \"permuted:2\""},
    {"2:4:permuted", "expected N:M"},
    {"block", "expected block:RxC"},
    {"blocks:4x4", "something like uniform"},
    {"block:0x4", "from 1 to 65536"},
    {"block:4", "got \"block:4\""},
    {"block:4x", "got \"block:4x\""},
    {"block:4x4x4", "got \"block:4x4x4\""},
    {"block:-4x4", "got \"block:-4x4\""},
    {"block:99999999999999999999x4", "from 1 to 65536"},
};

/* However it is written, a pattern has one text, which reads as the same pattern. */
START_TEST(test_canonical) {
  ck_assert_str_eq(pattern_of("002:04").text, "2:4");
  ck_assert_str_eq(pattern_of("block:0032x1").text, "block:32x1");
  for (guint i = 0; i < fixture_pattern_texts(); i++) {
    g_autofree char *text = fixture_pattern_text(i);
    Cs3Pattern pattern = pattern_of(text), again = pattern_of(pattern.text);
    ck_assert_str_eq(pattern.text, text);
    ck_assert_mem_eq(&pattern, &again, sizeof pattern);
  }
}
END_TEST

START_TEST(test_bad_text) {
  Cs3Pattern pattern;
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_pattern_parse(&pattern, bad[_i].text, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, bad[_i].message);
}
END_TEST

START_TEST(test_bad_density) {
  static const double wrong[] = {0, -0.1, 1.0000001, NAN, INFINITY, -INFINITY};
  Cs3Pattern pattern = pattern_of("uniform");
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_pattern_mask(&pattern, 4, 4, wrong[_i], 1, 1, 1, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID, "density: expected above 0, at most 1; got ");
}
END_TEST

START_TEST(test_indivisible_row) {
  Cs3Pattern pattern = pattern_of("2:4");
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_pattern_mask(&pattern, 4, 4098, 0.5, 1, 1, 1, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID,
                "pattern 2:4: expected rows of a multiple of 4 weights, got 4098");
  g_clear_error(&error);
  pattern = pattern_of("permuted:2:4");
  ck_assert_ptr_null(cs3_pattern_mask(&pattern, 4, 4098, 0.5, 1, 1, 1, &error));
  fixture_error(error, CS3_WORKLOAD_ERROR_INVALID,
                "pattern permuted:2:4: expected rows of a multiple of 4 weights, got 4098");
  g_clear_error(&error);
  ck_assert_ptr_null(
      cs3_pattern_mask(&pattern, 1, G_GINT64_CONSTANT(1) << 33, 0.5, 1, 1, 1, &error));
  fixture_error(
      error, CS3_WORKLOAD_ERROR_INVALID,
      "pattern permuted:2:4: expected rows of at most 4294967295 weights, got 8589934592");
}
END_TEST

START_TEST(test_random_below) {
  static const guint32 sizes[] = {1, 2, 3, 7, 64, 1000};
  guint32 n = sizes[_i];
  g_autofree double *narrow = g_new0(double, n), *wide = g_new0(double, n);
  Cs3RandomRow row;
  cs3_random_row(&row, cs3_random_key(SEED, 1, CS3_RANDOM_SELECT), 5);
  for (guint32 i = 0; i < 100 * n; i++) {
    narrow[cs3_random_below(&row, n)]++;
    wide[cs3_random_below_wide(&row, n)]++;
  }
  if (n > 1) {
    ck_assert_double_gt(flat_fit(narrow, n, 100.0 * n), 1e-4);
    ck_assert_double_gt(flat_fit(wide, n, 100.0 * n), 1e-4);
  }
}
END_TEST

/* Of all 2^16 draws as many are accepted for each outcome; the rest are drawn again. */
START_TEST(test_random_below_is_exact) {
  static const guint32 sizes[] = {1, 2, 3, 7, 48, 64, 1000, 65535, 65536};
  guint32 n = sizes[_i];
  g_autofree guint32 *accepted = g_new0(guint32, n);
  for (guint32 draw = 0; draw < 65536; draw++) {
    Cs3RandomRow row = {.left = 1, .block.slice[0][0] = draw};
    guint32 outcome = cs3_random_below(&row, n);
    if (outcome >= n)
      ck_abort_msg("%u of %u", outcome, n);
    accepted[outcome] += row.depth == 0;
  }
  for (guint32 k = 0; k < n; k++)
    if (accepted[k] != 65536 / n)
      ck_abort_msg("outcome %u of %u: %u draws", k, n, accepted[k]);
}
END_TEST

/* Rejected are the draws whose product with n leaves less than 2^32 mod n. */
START_TEST(test_random_below_wide_rejects) {
  Cs3RandomRow zero = {.left = 2}, top = {.left = 2, .block.slice[0][0] = 0xffffffff};
  ck_assert_uint_eq(cs3_random_below_wide(&top, 3), 2);
  ck_assert(top.depth == 0);
  cs3_random_below_wide(&zero, 3);
  ck_assert(zero.depth == CS3_RANDOM_DEPTHS);
  zero = (Cs3RandomRow){.left = 2};
  ck_assert(cs3_random_below_wide(&zero, 4096) == 0 && zero.depth == 0);
}
END_TEST

typedef struct {
  guint workers;
  guint8 seen[1000];
} Marks;

static void mark(gint64 begin, gint64 end, guint worker, gpointer data) {
  Marks *marks = data;
  ck_assert_uint_lt(worker, marks->workers);
  ck_assert_int_lt(begin, end);
  for (gint64 i = begin; i < end; i++)
    marks->seen[i]++;
}

/* Every item exactly once, for any grain and number of workers. */
START_TEST(test_parallel_covers) {
  static const gint64 grains[] = {7, 10, 333, 999, 1000, 5000};
  for (guint workers = 1; workers <= 9; workers += 2)
    for (guint g = 0; g < G_N_ELEMENTS(grains); g++) {
      Marks marks = {.workers = workers};
      cs3_parallel_for(1000, grains[g], workers, mark, &marks);
      for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(marks.seen[i], 1);
    }
  Marks none = {.workers = 1};
  cs3_parallel_for(0, 1, 1, mark, &none);
  ck_assert_int_eq(none.seen[0], 0);
}
END_TEST

static TCase *statistics(void) {
  TCase *tc = tcase_create("statistics");
  tcase_add_loop_test(tc, test_uniform_density, 0, G_N_ELEMENTS(densities));
  tcase_add_test(tc, test_uniform_small_density);
  tcase_add_loop_test(tc, test_uniform_line_counts, 0, 4);
  tcase_add_test(tc, test_uniform_independence);
  tcase_add_loop_test(tc, test_exact_counts, 0, G_N_ELEMENTS(densities));
  tcase_add_loop_test(tc, test_subsets_equally_likely, 0, 3);
  tcase_add_loop_test(tc, test_n_of_m_groups, 0, G_N_ELEMENTS(groups));
  tcase_add_loop_test(tc, test_n_of_m_places, 0, G_N_ELEMENTS(groups));
  tcase_add_test(tc, test_n_of_m_properties);
  tcase_add_loop_test(tc, test_permuted_groups, 0, G_N_ELEMENTS(permuted));
  tcase_add_test(tc, test_permuted_orders);
  tcase_add_loop_test(tc, test_blocks, 0, 4);
  tcase_add_test(tc, test_unit_blocks_are_uniform);
  tcase_add_loop_test(tc, test_random_below, 0, 6);
  tcase_add_loop_test(tc, test_random_below_is_exact, 0, 9);
  tcase_add_test(tc, test_random_below_wide_rejects);
  return tc;
}

int main(void) {
  Suite *suite = suite_create("pattern");
  TCase *tc = tcase_create("bits");
  int texts = (int)fixture_pattern_texts();
  tcase_add_loop_test(tc, test_workers_and_splits, 0, texts);
  tcase_add_loop_test(tc, test_seeds_differ, 0, texts);
  tcase_add_loop_test(tc, test_padding, 0, texts);
  tcase_add_loop_test(tc, test_bad_text, 0, G_N_ELEMENTS(bad));
  tcase_add_loop_test(tc, test_bad_density, 0, 6);
  tcase_add_test(tc, test_canonical);
  tcase_add_test(tc, test_indivisible_row);
  tcase_add_test(tc, test_parallel_covers);
  suite_add_tcase(suite, tc);
  suite_add_tcase(suite, statistics());
  return fixture_run(suite);
}
