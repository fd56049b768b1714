/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rates of the mask kernels: median of repeated runs on one thread and on all. */
#include "config.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "workloads/mask.h"
#include "workloads/pattern.h"
#include "workloads/random-way.h"
#include "workloads/tensor-count.h"

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

/* Bits by every way that this processor has, into one row again and again. */
static void bench_ways(double density) {
  guint64 words[COLS / 64];
  for (const Cs3RandomWay *const *way = cs3_random_ways(); *way != NULL; way++) {
    double time_s[RUNS];
    for (int run = 0; run < RUNS && (*way)->usable(); run++) {
      double start = now_s();
      for (guint64 row = 0; row < ROWS; row++)
        (*way)->bernoulli((guint64)run, row, (guint32)(density * 4294967296.0), words, COLS / 64);
      time_s[run] = now_s() - start;
    }
    if ((*way)->usable())
      printf("bits density %.2f by %-17s   %7.2f Gweights/s\n", density, (*way)->name,
             (double)ROWS * COLS / median(time_s) * 1e-9);
  }
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

/* --- weights of a checkpoint that is in the page cache ------------------------------------------
 */

/* (transfer full): a file of one matrix of 16-bit numbers, 70 % of them zero. */
static char *write_weights(const char *dtype) {
  g_autofree char *folder = g_dir_make_tmp("cs3sim-bench-XXXXXX", NULL);
  char *path = g_build_filename(folder, "m.safetensors", NULL);
  gsize bytes = (gsize)ROWS * COLS * sizeof(guint16);
  g_autoptr(GString) file = g_string_sized_new(bytes + 200);
  g_string_set_size(file, sizeof(guint64));
  g_string_append_printf(file,
                         "{\"w\":{\"dtype\":\"%s\",\"shape\":[%d,%d],"
                         "\"data_offsets\":[0,%" G_GSIZE_FORMAT "]}}",
                         dtype, ROWS, COLS, bytes);
  guint64 header = GUINT64_TO_LE(file->len - sizeof(guint64));
  memcpy(file->str, &header, sizeof header);
  g_autoptr(GRand) rand = g_rand_new_with_seed(1);
  for (gsize i = 0; i < bytes / sizeof(guint16); i++) {
    guint16 value = g_rand_int_range(rand, 0, 10) < 7 ? 0 : 0x3c00;
    g_string_append_len(file, (const char *)&value, sizeof value);
  }
  if (!g_file_set_contents(path, file->str, (gssize)file->len, NULL))
    exit(1);
  return path;
}

/* Seconds to read all of @weight as counting reads it, and to do nothing with it. */
static double copy_s(const Cs3Weight *weight) {
  const gsize chunk = 1 << 20, bytes = (gsize)ROWS * COLS * sizeof(guint16);
  g_autofree guint8 *buffer = g_malloc(chunk);
  double start = now_s();
  for (gsize at = 0; at < bytes; at += chunk)
    if (!cs3_checkpoint_read(weight->checkpoint, weight->values, at, MIN(chunk, bytes - at), buffer,
                             NULL))
      exit(1);
  return now_s() - start;
}

static void bench_weights(const char *dtype) {
  g_autofree char *path = write_weights(dtype), *folder = g_path_get_dirname(path);
  g_autoptr(Cs3Checkpoint) checkpoint = cs3_checkpoint_open(path, NULL, NULL);
  g_autoptr(Cs3Weight) weight = checkpoint ? cs3_weight_find(checkpoint, "w", NULL) : NULL;
  double counted[RUNS], copied[RUNS], gigabytes = (double)ROWS * COLS * sizeof(guint16) * 1e-9;
  for (int run = 0; weight != NULL && run < RUNS; run++) {
    g_auto(Cs3WeightCounts) counts = {0};
    copied[run] = copy_s(weight);
    double start = now_s();
    if (!cs3_weight_count(weight, FALSE, 1, &counts, NULL))
      exit(1);
    counted[run] = now_s() - start;
  }
  g_remove(path);
  g_rmdir(folder);
  if (weight == NULL)
    exit(1);
  double count = gigabytes / median(counted), copy = gigabytes / median(copied);
  printf("count %-4s weights, one core           %7.2f GB/s (a plain copy %.2f, ratio %.2f)\n",
         dtype, count, copy, count / copy);
}

int main(void) {
  static const char *const patterns[] = {"uniform", "uniform-exact", "2:4", "16:64", "block:32x32"};
  for (guint i = 0; i < G_N_ELEMENTS(patterns); i++)
    for (guint workers = 1; workers <= 2; workers++)
      bench_pattern(patterns[i], 0.3, workers);
  bench_pattern("uniform", 0.25, 1);
  bench_ways(0.3);
  g_autoptr(Cs3Mask) mask = draw("uniform", 0.3, 1, 1);
  static const gint64 lines[] = {786, 1172, 2048};
  for (guint i = 0; i < G_N_ELEMENTS(lines); i++)
    bench_counts(mask, lines[i]);
  bench_transpose(mask);
  bench_weights("F16");
  bench_weights("BF16");
  return 0;
}
