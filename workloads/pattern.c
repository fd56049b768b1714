/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the sparsity patterns and what they share. */
#include "config.h"

#include "workloads/pattern.h"

#include "workloads/parallel.h"
#include "workloads/workload-error.h"

/* Weights that one chunk of parallel work covers: some tens of microseconds. */
enum { CHUNK_WEIGHTS = 1 << 17 };

static const Cs3PatternOps *const registry[] = {
    &cs3_pattern_uniform, &cs3_pattern_uniform_exact, &cs3_pattern_n_of_m, &cs3_pattern_block, NULL,
};

const Cs3PatternOps *const *cs3_pattern_registry(void) {
  return registry;
}

gboolean cs3_pattern_parse(Cs3Pattern *pattern, const char *text, GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  for (const Cs3PatternOps *const *ops = registry; *ops; ops++) {
    if ((*ops)->matches(text)) {
      *pattern = (Cs3Pattern){.ops = *ops};
      return (*ops)->parse(pattern, text, error);
    }
    g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*ops)->syntax);
  }
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "sparsity pattern: expected something like %s; got \"%.40s\"", known->str, text);
  return FALSE;
}

double cs3_pattern_free_density(const Cs3Pattern *pattern) {
  return -1;
}

void cs3_pattern_full(Cs3Mask *mask, gint64 row0, gint64 row1) {
  for (gint64 row = row0; row < row1; row++) {
    guint64 *words = cs3_mask_row(mask, row);
    for (gint64 w = 0; w < mask->stride; w++)
      words[w] = ~(guint64)0;
    if (mask->cols % 64 != 0)
      words[mask->stride - 1] = ~(guint64)0 >> (64 - mask->cols % 64);
  }
}

guint64 cs3_pattern_stream(const char *tensor) {
  guint8 digest[32];
  gsize size = sizeof digest;
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_checksum_update(sum, (const guint8 *)tensor, -1);
  g_checksum_get_digest(sum, digest, &size);
  guint64 stream = 0;
  for (int i = 0; i < 8; i++)
    stream = stream << 8 | digest[i];
  return stream;
}

typedef struct {
  const Cs3Pattern *pattern;
  double density;
  guint64 seed, stream;
  Cs3Mask *mask;
} Job;

static void fill_rows(gint64 begin, gint64 end, guint worker, gpointer data) {
  const Job *job = data;
  if (job->density >= 1)
    cs3_pattern_full(job->mask, begin, end);
  else
    job->pattern->ops->fill(job->pattern, job->density, job->seed, job->stream, job->mask, begin,
                            end);
}

Cs3Mask *cs3_pattern_mask(const Cs3Pattern *pattern, gint64 rows, gint64 cols, double density,
                          guint64 seed, guint64 stream, guint workers, GError **error) {
  double imposed = pattern->ops->density(pattern);
  double live = imposed > 0 ? imposed : density;
  if (!(live > 0 && live <= 1)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "density: expected above 0, at most 1; got %g", density);
    return NULL;
  }
  if (pattern->ops->check && !pattern->ops->check(pattern, cols, error))
    return NULL;
  Cs3Mask *mask = cs3_mask_new(rows, cols, error);
  if (!mask)
    return NULL;
  Job job = {pattern, live, seed, stream, mask};
  cs3_parallel_for(rows, CHUNK_WEIGHTS / cols + 1, workers, fill_rows, &job);
  return mask;
}
