/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates of the mask kernels: median of repeated runs on one thread and on all. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>

#include "workloads/mask.h"
#include "workloads/pattern.h"

enum { ROWS = 4096, COLS = 11008, RUNS = 7 };

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double median(double *values) {
  qsort(values, RUNS, sizeof *values, by_value);
  return values[RUNS / 2];
}

static double now_s(void) {
  return (double)g_get_monotonic_time() * 1e-6;
}

static Cs3Mask *draw(const char *text, double density, guint64 stream, guint workers) {
  Cs3Pattern pattern;
  g_autoptr(GError) error = NULL;
  Cs3Mask *mask = NULL;
  if (cs3_pattern_parse(&pattern, text, &error))
    mask = cs3_pattern_mask(&pattern, ROWS, COLS, density, 1, stream, workers, &error);
  if (!mask) {
    fprintf(stderr, "bench-mask: %s\n", error->message);
    exit(1);
  }
  return mask;
}

static void bench_pattern(const char *text, double density, guint workers) {
  double time_s[RUNS];
  for (int run = 0; run < RUNS; run++) {
    double start = now_s();
    cs3_mask_free(draw(text, density, (guint64)run, workers));
    time_s[run] = now_s() - start;
  }
  printf("mask %-14s density %.2f workers %u  %7.2f Gweights/s\n", text, density, workers,
         (double)ROWS * COLS / median(time_s) * 1e-9);
}

static void bench_counts(const Cs3Mask *mask, gint64 lines) {
  g_autofree gint64 *starts = g_new(gint64, lines + 1);
  g_autofree guint16 *counts = g_new(guint16, ROWS * lines);
  guint64 total = 0;
  double time_s[RUNS];
  for (gint64 r = 0; r <= lines; r++)
    starts[r] = r * COLS / lines;
  for (int run = 0; run < RUNS; run++) {
    double start = now_s();
    cs3_mask_line_counts(mask, 0, ROWS, starts, lines, counts);
    time_s[run] = now_s() - start;
    total += counts[run];
  }
  printf("line counts, %4.1f columns a line        %7.1f M/s (sum %" G_GUINT64_FORMAT ")\n",
         (double)COLS / (double)lines, (double)ROWS * (double)lines / median(time_s) * 1e-6, total);
}

static void bench_transpose(const Cs3Mask *mask) {
  double time_s[RUNS];
  for (int run = 0; run < RUNS; run++) {
    double start = now_s();
    cs3_mask_free(cs3_mask_transpose(mask, NULL));
    time_s[run] = now_s() - start;
  }
  printf("transpose                              %7.2f Gweights/s\n",
         (double)ROWS * COLS / median(time_s) * 1e-9);
}

int main(void) {
  static const char *const patterns[] = {"uniform", "uniform-exact", "2:4", "16:64", "block:32x32"};
  for (guint i = 0; i < G_N_ELEMENTS(patterns); i++)
    for (guint workers = 1; workers <= 2; workers++)
      bench_pattern(patterns[i], 0.3, workers);
  bench_pattern("uniform", 0.25, 1);
  g_autoptr(Cs3Mask) mask = draw("uniform", 0.3, 1, 1);
  static const gint64 lines[] = {786, 1172, 2048};
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
    bench_counts(mask, lines[i]);
  bench_transpose(mask);
  return 0;
}
