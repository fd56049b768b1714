/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bit matrices: counting and transposing against the plain definition, on random shapes. */
#include "config.h"

#include "tests/unit/workload-fixture.h"

#include "workloads/mask-way.h"

static void set(Cs3Mask *mask, gint64 row, gint64 col) {
  cs3_mask_row(mask, row)[col / 64] |= (guint64)1 << (col % 64);
}

static Cs3Mask *new_mask(gint64 rows, gint64 cols) {
  g_autoptr(GError) error = NULL;
  Cs3Mask *mask = cs3_mask_new(rows, cols, &error);
  ck_assert_msg(mask != NULL, "%s", error ? error->message : "");
  return mask;
}

static Cs3Mask *random_mask(GRand *rand, gint64 rows, gint64 cols) {
  Cs3Mask *mask = new_mask(rows, cols);
  double density = g_rand_double(rand);
  for (gint64 i = 0; i < rows; i++)
    for (gint64 j = 0; j < cols; j++)
      if (g_rand_double(rand) < density)
        set(mask, i, j);
  return mask;
}

static gint64 alive_in(const Cs3Mask *mask, gint64 row, gint64 begin, gint64 end) {
  gint64 n = 0;
  for (gint64 j = begin; j < end; j++)
    n += cs3_mask_alive(mask, row, j);
  return n;
}

START_TEST(test_new_is_empty) {
  g_autoptr(Cs3Mask) mask = new_mask(3, 65);
  ck_assert_int_eq(mask->stride, 2);
  ck_assert_int_eq(cs3_mask_nnz(mask), 0);
  set(mask, 2, 64);
  ck_assert_int_eq(cs3_mask_nnz(mask), 1);
  ck_assert(cs3_mask_alive(mask, 2, 64) && !cs3_mask_alive(mask, 2, 0));
}
END_TEST

static const struct {
  gint64 rows, cols;
  int code;
  const char *message;
} bad[] = {
    {0, 5, CS3_WORKLOAD_ERROR_INVALID, "at least 1 x 1, got 0 x 5"},
    {5, -1, CS3_WORKLOAD_ERROR_INVALID, "got 5 x -1"},
    {(gint64)1 << 20, ((gint64)1 << 14) + 1, CS3_WORKLOAD_ERROR_TOO_LARGE, "beyond 2^34"},
    {G_MAXINT64, G_MAXINT64, CS3_WORKLOAD_ERROR_TOO_LARGE, "beyond 2^34"},
    {1, G_MAXINT64, CS3_WORKLOAD_ERROR_TOO_LARGE, "beyond 2^34"},
};

START_TEST(test_bad_shapes) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_mask_new(bad[_i].rows, bad[_i].cols, &error));
  fixture_error(error, bad[_i].code, bad[_i].message);
}
END_TEST

START_TEST(test_nnz) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int round = 0; round < 50; round++) {
    gint64 rows = g_rand_int_range(rand, 1, 20), cols = g_rand_int_range(rand, 1, 300), n = 0;
    g_autoptr(Cs3Mask) mask = random_mask(rand, rows, cols);
    for (gint64 i = 0; i < rows; i++)
      n += alive_in(mask, i, 0, cols);
    ck_assert_int_eq(cs3_mask_nnz(mask), n);
    ck_assert_int_eq(cs3_mask_nnz_portable(mask), n);
  }
}
END_TEST

START_TEST(test_transpose) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int round = 0; round < 50; round++) {
    gint64 rows = g_rand_int_range(rand, 1, 200), cols = g_rand_int_range(rand, 1, 200);
    g_autoptr(Cs3Mask) mask = random_mask(rand, rows, cols);
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3Mask) turned = cs3_mask_transpose(mask, &error);
    ck_assert_ptr_nonnull(turned);
    ck_assert_int_eq(turned->rows, cols);
    ck_assert_int_eq(turned->cols, rows);
    gint64 wrong = 0;
    for (gint64 i = 0; i < rows; i++)
      for (gint64 j = 0; j < cols; j++)
        wrong += cs3_mask_alive(mask, i, j) != cs3_mask_alive(turned, j, i);
    ck_assert_int_eq(wrong, 0);
    /* Equal counts: no bit beyond the width. */
    ck_assert_int_eq(cs3_mask_nnz(turned), cs3_mask_nnz(mask));
  }
}
END_TEST

/* Random cuts of the row: lines of about one width, as mappings make them, or of any, empty ones
 * and such of 56, 57 and 64 columns among them, and around 121, 249 and 505. */
static gint64 random_cuts(GRand *rand, gint64 cols, gint64 *starts) {
  static const gint64 widths[] = {0,  1,   8,   14,  55,  56,  57,  58,  63,
                                  64, 120, 121, 122, 128, 249, 250, 505, 506};
  gint64 n = 0, about = g_rand_int_range(rand, -10, 18);
  starts[0] = g_rand_int_range(rand, 0, 10);
  about *= g_rand_boolean(rand) ? 1 : 15;
  while (starts[n] < cols) {
    gint64 width = about > 0 ? about + g_rand_int_range(rand, -1, 2)
                             : widths[g_rand_int_range(rand, 0, G_N_ELEMENTS(widths))];
    starts[n + 1] = MIN(starts[n] + width, cols);
    n++;
  }
  return n;
}

START_TEST(test_line_counts) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int round = 0; round < 200; round++) {
    gint64 rows = g_rand_int_range(rand, 1, 5), cols = g_rand_int_range(rand, 11, 1500);
    gint64 starts[4096];
    guint16 counts[4 * 4096], other[4 * 4096];
    g_autoptr(Cs3Mask) mask = random_mask(rand, rows, cols);
    gint64 n = random_cuts(rand, cols, starts);
    ck_assert_int_lt(n, (gint64)G_N_ELEMENTS(starts));
    cs3_mask_line_counts(mask, 0, rows, starts, n, counts);
    for (const Cs3MaskWay *const *way = cs3_mask_ways(); *way != NULL; way++)
      if ((*way)->usable()) {
        memset(other, 0xff, sizeof other);
        g_autofree gpointer prepared = (*way)->prepare(starts, n);
        (*way)->count(prepared, mask, 0, rows, starts, n, other);
        ck_assert_msg(memcmp(counts, other, (gsize)(rows * n) * sizeof *counts) == 0 &&
                          other[rows * n] == 0xffff,
                      "%s", (*way)->name);
      }
    for (gint64 i = 0; i < rows; i++)
      for (gint64 r = 0; r < n; r++)
        ck_assert_int_eq(counts[i * n + r], alive_in(mask, i, starts[r], starts[r + 1]));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("mask");
  TCase *tc = tcase_create("mask");
  tcase_add_test(tc, test_new_is_empty);
  tcase_add_loop_test(tc, test_bad_shapes, 0, G_N_ELEMENTS(bad));
  tcase_add_test(tc, test_nnz);
  tcase_add_test(tc, test_transpose);
  tcase_add_test(tc, test_line_counts);
  suite_add_tcase(suite, tc);
  return fixture_run(suite);
}
