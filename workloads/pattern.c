/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparsity patterns: how their text is read, whole masks, what they share. */
#include "config.h"

#include "workloads/pattern.h"

#include "base/plain-text.h"
#include "workloads/parallel.h"
#include "workloads/workload-error.h"

#include <string.h>

/* Weights that one chunk of parallel work covers: some tens of microseconds. */
enum { CHUNK_WEIGHTS = 1 << 17 };

#define NUMBER '#'

/* Whether @text is meant to be of @form, well-formed or not: it begins with the same word or, where
 * that is a number, it has the mark that follows. */
static gboolean is_meant(const char *form, const char *text) {
  static const char word[] = G_CSET_a_2_z "-";
  if (strchr(form, NUMBER) == NULL)
    return g_str_equal(form, text);
  if (form[0] == NUMBER)
    return g_ascii_isdigit(text[0]) && strchr(text, form[1]) != NULL;
  gsize n = strspn(form, word);
  return strspn(text, word) == n && strncmp(form, text, n) == 0;
}

/* Takes the numbers of @text into @param and writes it again, as it is to be written. */
static gboolean read_form(const char *form, const char *text, gint64 *param, GString *again) {
  for (; *form != '\0'; form++) {
    char *end;
    if (*form != NUMBER) {
      if (*text++ != *form)
        return FALSE;
      g_string_append_c(again, *form);
      continue;
    }
    guint64 number = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : G_MAXUINT64;
    if (number > G_MAXINT32)
      return FALSE;
    *param++ = (gint64)number;
    text = end;
    g_string_append_printf(again, "%" G_GUINT64_FORMAT, number);
  }
  return *text == '\0';
}

static gboolean read_pattern(const Cs3PatternOps *ops, Cs3Pattern *pattern, const char *text,
                             GError **error) {
  g_autoptr(GString) again = g_string_new(NULL);
  *pattern = (Cs3Pattern){.ops = ops};
  if (read_form(ops->form, text, pattern->param, again) &&
      (ops->valid == NULL || ops->valid(pattern->param))) {
    g_strlcpy(pattern->text, again->str, sizeof pattern->text);
    return TRUE;
  }
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "sparsity pattern: expected %s; got \"%s\"",
              ops->expected != NULL ? ops->expected : ops->syntax, CS3_CUT(text));
  return FALSE;
}

gboolean cs3_pattern_parse(Cs3Pattern *pattern, const char *text, GError **error) {
  g_autoptr(GString) known = g_string_new(NULL);
  for (const Cs3PatternOps *const *ops = cs3_pattern_registry(); *ops; ops++) {
    if (is_meant((*ops)->form, text))
      return read_pattern(*ops, pattern, text, error);
    g_string_append_printf(known, "%s%s", known->len ? ", " : "", (*ops)->syntax);
  }
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "sparsity pattern: expected something like %s; got \"%s\"", known->str,
              CS3_CUT(text));
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
  Cs3PatternVisit visit;
  gpointer data;
} Job;

static void fill_rows(gint64 begin, gint64 end, guint worker, gpointer data) {
  const Job *job = data;
  if (job->density >= 1)
    cs3_pattern_full(job->mask, begin, end);
  else
    job->pattern->ops->fill(job->pattern, job->density, job->seed, job->stream, job->mask, begin,
                            end);
}

static void visit_rows(gint64 begin, gint64 end, guint worker, gpointer data) {
  Job window = *(const Job *)data;
  Cs3Mask mask = *window.mask;
  g_autofree guint64 *bits = g_new0(guint64, (end - begin) * mask.stride + 1);
  mask.bits = bits;
  mask.first = begin;
  window.mask = &mask;
  fill_rows(begin, end, worker, &window);
  window.visit(&mask, begin, end, window.data);
}

/* Errors: the density, or a row length that the pattern cannot cover. */
static gboolean prepare(const Cs3Pattern *pattern, gint64 cols, double density, Job *job,
                        GError **error) {
  double imposed = pattern->ops->density(pattern);
  job->pattern = pattern;
  job->density = imposed > 0 ? imposed : density;
  if (job->density > 0 && job->density <= 1)
    return !pattern->ops->check || pattern->ops->check(pattern, cols, error);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "density: expected above 0, at most 1; got %g", density);
  return FALSE;
}

static gint64 rows_of_chunk(gint64 cols) {
  return CHUNK_WEIGHTS / cols + 1;
}

Cs3Mask *cs3_pattern_mask(const Cs3Pattern *pattern, gint64 rows, gint64 cols, double density,
                          guint64 seed, guint64 stream, guint workers, GError **error) {
  Job job = {.seed = seed, .stream = stream};
  if (!prepare(pattern, cols, density, &job, error))
    return NULL;
  job.mask = cs3_mask_new(rows, cols, error);
  if (!job.mask)
    return NULL;
  if (!cs3_pattern_has_rows(pattern) && job.density < 1)
    pattern->ops->draw(pattern, job.density, seed, stream, workers, job.mask);
  else
    cs3_parallel_for(rows, rows_of_chunk(cols), workers, fill_rows, &job);
  return job.mask;
}

gboolean cs3_pattern_has_rows(const Cs3Pattern *pattern) {
  return pattern->ops->draw == NULL;
}

gboolean cs3_pattern_visit(const Cs3Pattern *pattern, gint64 rows, gint64 cols, double density,
                           guint64 seed, guint64 stream, guint workers, Cs3PatternVisit visit,
                           gpointer data, GError **error) {
  Cs3Mask mask = {.rows = rows, .cols = cols, .stride = (cols + 63) / 64};
  Job job = {.seed = seed, .stream = stream, .mask = &mask, .visit = visit, .data = data};
  if (!prepare(pattern, cols, density, &job, error))
    return FALSE;
  cs3_parallel_for(rows, rows_of_chunk(cols), workers, visit_rows, &job);
  return TRUE;
}
