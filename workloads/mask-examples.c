/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes the example masks in workloads/masks: `make example-masks`. Weights are Gaussian with a
 * scale of their own for every row and column (log-normal, as trained transformers show) and a few
 * outlier columns; the smallest magnitudes of the whole matrix are pruned. So zeros gather in weak
 * rows and columns, and feature lines get unequal work, unlike with a uniform mask. */
#include "config.h"

#include <errno.h>
#include <glib.h>
#include <gsl/gsl_randist.h>
#include <gsl/gsl_rng.h>
#include <gsl/gsl_sort.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  size_t rows, cols;
  float *values;
} Weights;

static Weights prune(gsl_rng *rng, size_t rows, size_t cols, double sparsity) {
  const double spread = 0.45, outlier_share = 0.01, outlier_scale = 6;
  Weights w = {rows, cols, g_new(float, rows *cols)};
  g_autofree double *col_scale = g_new(double, cols);
  g_autofree double *magnitude = g_new(double, rows *cols);
  for (size_t j = 0; j < cols; j++)
    col_scale[j] = gsl_ran_lognormal(rng, 0, spread) *
                   (gsl_rng_uniform(rng) < outlier_share ? outlier_scale : 1);
  for (size_t i = 0; i < rows; i++) {
    double row_scale = gsl_ran_lognormal(rng, 0, spread);
    for (size_t j = 0; j < cols; j++) {
      w.values[i * cols + j] = (float)(0.02 * row_scale * col_scale[j] * gsl_ran_gaussian(rng, 1));
      magnitude[i * cols + j] = fabsf(w.values[i * cols + j]);
    }
  }
  gsl_sort(magnitude, 1, rows * cols);
  double threshold = magnitude[(size_t)(sparsity * (double)(rows * cols))];
  for (size_t k = 0; k < rows * cols; k++)
    if (fabsf(w.values[k]) < threshold)
      w.values[k] = 0;
  return w;
}

static size_t alive(const Weights *w, size_t first, size_t end) {
  size_t n = 0;
  for (size_t k = first; k < end; k++)
    n += w->values[k] != 0;
  return n;
}

static void write_smtx(const Weights *w, FILE *file) {
  fprintf(file, "%zu, %zu, %zu\n0", w->rows, w->cols, alive(w, 0, w->rows * w->cols));
  for (size_t i = 0; i < w->rows; i++)
    fprintf(file, " %zu", alive(w, 0, (i + 1) * w->cols));
  const char *separator = "\n";
  for (size_t k = 0; k < w->rows * w->cols; k++)
    if (w->values[k] != 0) {
      fprintf(file, "%s%zu", separator, k % w->cols);
      separator = " ";
    }
  fputc('\n', file);
}

static void write_mtx(const Weights *w, FILE *file) {
  fprintf(file, "%%%%MatrixMarket matrix coordinate real general\n%% pruned by magnitude\n");
  fprintf(file, "%zu %zu %zu\n", w->rows, w->cols, alive(w, 0, w->rows * w->cols));
  for (size_t k = 0; k < w->rows * w->cols; k++)
    if (w->values[k] != 0)
      fprintf(file, "%zu %zu %.4g\n", k / w->cols + 1, k % w->cols + 1, (double)w->values[k]);
}

static void write_safetensors(const Weights *q, const Weights *v, FILE *file) {
  size_t q_bytes = q->rows * q->cols * sizeof(float), v_bytes = v->rows * v->cols * sizeof(float);
  g_autofree char *header = g_strdup_printf(
      "{\"model.layers.0.self_attn.q_proj.weight\":{\"dtype\":\"F32\",\"shape\":[%zu,%zu],"
      "\"data_offsets\":[0,%zu]},\"model.layers.0.self_attn.v_proj.weight\":{\"dtype\":\"F32\","
      "\"shape\":[%zu,%zu],\"data_offsets\":[%zu,%zu]}}",
      q->rows, q->cols, q_bytes, v->rows, v->cols, q_bytes, q_bytes + v_bytes);
  guint64 length = GUINT64_TO_LE(strlen(header));
  fwrite(&length, sizeof length, 1, file);
  fwrite(header, strlen(header), 1, file);
  fwrite(q->values, q_bytes, 1, file);
  fwrite(v->values, v_bytes, 1, file);
}

static FILE *open_in(const char *folder, const char *name) {
  g_autofree char *path = g_build_filename(folder, name, NULL);
  FILE *file = fopen(path, "wb");
  if (file == NULL)
    g_printerr("mask-examples: %s: %s\n", path, g_strerror(errno));
  return file;
}

int main(int argc, char **argv) {
  const char *folder = argc > 1 ? argv[1] : ".";
  gsl_rng *rng = gsl_rng_alloc(gsl_rng_mt19937);
  gsl_rng_set(rng, 20);
  Weights mlp = prune(rng, 256, 192, 0.8), small = prune(rng, 48, 64, 0.7);
  Weights q = prune(rng, 64, 64, 0.5), v = prune(rng, 64, 64, 0.5);
  FILE *smtx = open_in(folder, "mlp-80.smtx"), *mtx = open_in(folder, "small-70.mtx"),
       *safetensors = open_in(folder, "attention-50.safetensors");
  if (smtx == NULL || mtx == NULL || safetensors == NULL)
    return 1;
  write_smtx(&mlp, smtx);
  write_mtx(&small, mtx);
  write_safetensors(&q, &v, safetensors);
  gsl_rng_free(rng);
  return fclose(smtx) | fclose(mtx) | fclose(safetensors) ? 1 : 0;
}
