/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counting streamed weights: rows by population count, columns in bit planes. */
#include "config.h"

#include "workloads/tensor-count.h"

#include <string.h>

#include "workloads/column-planes.h"
#include "workloads/parallel.h"
#include "workloads/workload-error.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define CLONES __attribute__((target_clones("avx512f", "avx2", "default"), optimize("O3")))
#else
#define CLONES
#endif

void cs3_weight_counts_clear(Cs3WeightCounts *counts) {
  g_clear_pointer(&counts->by_row, g_free);
  g_clear_pointer(&counts->by_col, g_free);
}

/* --- threads ---------------------------------------------------------------------------------- */

typedef struct {
  GByteArray *bytes;
  guint64 *bits;
  Cs3ColumnPlanes columns; /* as stored */
  gint64 beyond;
  guint64 digest;
  GError *error;
} Worker;

typedef struct {
  const Cs3Weight *weight;
  gint64 words;
  guint32 *by_row; /* as stored */
  Worker *workers;
} Job;

static void worker_clear(Worker *w) {
  if (w->bytes != NULL)
    g_byte_array_unref(w->bytes);
  g_free(w->bits);
  cs3_column_planes_clear(&w->columns);
  g_clear_error(&w->error);
}

/* All at once, before any thread starts: sizes come from a file's header. */
static gboolean worker_init(Worker *w, const Job *job, gint64 chunk) {
  w->bytes = g_byte_array_new();
  w->bits = g_try_malloc_n((gsize)(chunk * job->words), sizeof *w->bits);
  return cs3_column_planes_init(&w->columns, job->words) && w->bits != NULL;
}

/* Of 64 weights and their place; words of any order add up to the same (the mixer of MurmurHash3).
 */
static inline __attribute__((always_inline)) guint64 mix(guint64 bits, guint64 place) {
  guint64 x = bits ^ (place + 1) * 0x9e3779b97f4a7c15;
  x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
  x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
  return x ^ x >> 33;
}

/* Live weights of a row whose first word has number @place; adds to @digest. */
CLONES static guint32 scan_row(const guint64 *restrict bits, gint64 words, guint64 place,
                               guint64 *restrict digest) {
  guint64 live = 0, sum = 0;
  for (gint64 i = 0; i < words; i++)
    live += (guint64)__builtin_popcountll(bits[i]);
  for (gint64 i = 0; i < words; i++)
    sum += mix(bits[i], place + (guint64)i);
  *digest += sum;
  return (guint32)live;
}

static void count_rows(gint64 begin, gint64 end, guint worker, gpointer data) {
  Job *job = data;
  Worker *w = &job->workers[worker];
  Cs3WeightRows rows = {.bytes = w->bytes, .bits = w->bits};
  if (w->error != NULL ||
      !job->weight->layout->rows(job->weight, begin, end - begin, &rows, &w->error))
    return;
  w->beyond += rows.beyond;
  for (gint64 row = begin; row < end; row++)
    job->by_row[row] = scan_row(w->bits + (row - begin) * job->words, job->words,
                                (guint64)(row * job->words), &w->digest);
  cs3_column_planes_add(&w->columns, w->bits, end - begin);
}

/* Adds what the workers found. @by_col: as stored. */
static gboolean gather(const Job *job, guint n, guint32 *by_col, gint64 *beyond, guint64 *digest,
                       GError **error) {
  for (guint i = 0; i < n; i++) {
    Worker *w = &job->workers[i];
    if (w->error != NULL) {
      g_propagate_error(error, g_steal_pointer(&w->error));
      return FALSE;
    }
    cs3_column_planes_end(&w->columns);
    *beyond += w->beyond;
    *digest += w->digest;
    for (gint64 col = 0; col < job->weight->cols; col++)
      by_col[col] += w->columns.by_col[col];
  }
  return TRUE;
}

/* Asking how many processors there are takes longer than counting a small weight. */
static guint workers_for(gint64 chunks, guint wanted) {
  if (chunks > 1 && wanted == 0)
    wanted = g_get_num_processors();
  return (guint)CLAMP(chunks, 1, MAX(1, (gint64)wanted));
}

static void hand_over(const Cs3Weight *weight, guint32 *by_row, guint32 *by_col, gint64 beyond,
                      guint64 digest, Cs3WeightCounts *counts) {
  gboolean turned = weight->transposed;
  *counts = (Cs3WeightCounts){
      .rows = turned ? weight->cols : weight->rows,
      .cols = turned ? weight->rows : weight->cols,
      .masked = beyond,
      .digest = digest,
      .by_row = turned ? by_col : by_row,
      .by_col = turned ? by_row : by_col,
  };
  for (gint64 row = 0; row < counts->rows; row++)
    counts->live += counts->by_row[row];
}

gboolean cs3_weight_count(Cs3Weight *weight, gboolean nan_masked, guint workers,
                          Cs3WeightCounts *counts, GError **error) {
  *counts = (Cs3WeightCounts){0};
  if (!cs3_weight_prepare(weight, error))
    return FALSE;
  gint64 chunk = MIN(cs3_weight_chunk(weight), weight->rows), beyond = 0;
  guint n = workers_for((weight->rows - 1) / chunk + 1, workers);
  guint64 digest = 0;
  g_autofree guint32 *by_row = g_try_malloc0_n((gsize)weight->rows, sizeof *by_row);
  g_autofree guint32 *by_col = g_try_malloc0_n((gsize)weight->cols, sizeof *by_col);
  g_autofree Worker *own = g_new0(Worker, n);
  Job job = {weight, (weight->cols + 63) / 64, by_row, own};
  gboolean ok = by_row != NULL && by_col != NULL;
  for (guint i = 0; i < n; i++)
    ok = worker_init(&own[i], &job, chunk) && ok;
  if (!ok)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
                "%s: no memory to count %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " weights",
                weight->name, weight->rows, weight->cols);
  else
    cs3_parallel_for(weight->rows, chunk, n, count_rows, &job);
  ok = ok && gather(&job, n, by_col, &beyond, &digest, error) &&
       cs3_weight_check(weight, beyond, nan_masked, error);
  for (guint i = 0; i < n; i++)
    worker_clear(&own[i]);
  if (ok)
    hand_over(weight, g_steal_pointer(&by_row), g_steal_pointer(&by_col), beyond, digest, counts);
  return ok;
}

gboolean cs3_mask_counts(const Cs3Mask *mask, Cs3WeightCounts *counts, GError **error) {
  *counts = (Cs3WeightCounts){
      .rows = mask->rows,
      .cols = mask->cols,
      .by_row = g_try_malloc0_n((gsize)mask->rows, sizeof *counts->by_row),
      .by_col = g_try_malloc0_n((gsize)mask->cols, sizeof *counts->by_col),
  };
  if (counts->by_row == NULL || counts->by_col == NULL ||
      !cs3_mask_column_counts(mask, counts->by_col)) {
    cs3_weight_counts_clear(counts);
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
                "no memory to count %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " weights",
                mask->rows, mask->cols);
    return FALSE;
  }
  for (gint64 row = 0; row < mask->rows; row++) {
    counts->by_row[row] = scan_row(cs3_mask_row(mask, row), mask->stride,
                                   (guint64)(row * mask->stride), &counts->digest);
    counts->live += counts->by_row[row];
  }
  return TRUE;
}
