/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparsity patterns: where the zeros of a weight tensor lie. One file per pattern
 * (pattern-*.c) behind Cs3PatternOps; pattern.c holds the registry. */
#pragma once

#include <glib.h>

#include "workloads/mask.h"

typedef struct Cs3Pattern Cs3Pattern;

/* Numbers in a pattern's text, at most. */
enum { CS3_PATTERN_PARAMS = 4 };

typedef struct {
  const char *name;   /* "uniform", "uniform-exact", "n:m", "block" */
  const char *form;   /* how it is written, # for a whole number: "uniform", "#:#", "block:#x#" */
  const char *syntax; /* an example: "uniform", "2:4", "block:32x32" */
  const char *summary;
  /* What is expected, for messages: "block:RxC with R and C from 1 to 65536". NULL: there is
   * nothing to say beyond the form. */
  const char *expected;
  /* Whether these numbers are possible. NULL: any are. */
  gboolean (*valid)(const gint64 *param);
  /* Must fail (INVALID) if the pattern cannot cover rows of @cols weights. NULL: any width. */
  gboolean (*check)(const Cs3Pattern *pattern, gint64 cols, GError **error);
  /* Fills rows [row0, row1) of @mask with live weights at @density; a pure function of
   * (seed, stream, row): any split of the rows over any number of workers gives the same bits.
   * The rows are zero on entry. */
  void (*fill)(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
               Cs3Mask *mask, gint64 row0, gint64 row1);
  /* Instead of fill, where rows depend on each other: the whole mask by @workers threads, which
   * change nothing. */
  void (*draw)(const Cs3Pattern *pattern, double density, guint64 seed, guint64 stream,
               guint workers, Cs3Mask *mask);
  /* Density that the pattern imposes (n/m), or -1 when the caller chooses. */
  double (*density)(const Cs3Pattern *pattern);
} Cs3PatternOps;

/* A pattern is its text: equal texts, equal patterns. */
struct Cs3Pattern {
  const Cs3PatternOps *ops;
  gint64 param[CS3_PATTERN_PARAMS]; /* the numbers of the form, in order */
  char text[128];                   /* the one way to write it */
};

/* The patterns, in the order in which messages list them: a row each. */
/* clang-format off */
#define CS3_PATTERNS(ROW) \
  ROW(uniform) ROW(uniform_exact) ROW(n_of_m) ROW(permuted) ROW(block) ROW(uneven)
/* clang-format on */
#define CS3_PATTERN_OPS(name) extern const Cs3PatternOps cs3_pattern_##name;
CS3_PATTERNS(CS3_PATTERN_OPS)
#undef CS3_PATTERN_OPS

/** cs3_pattern_registry: (transfer none): NULL-terminated array of all patterns. */
const Cs3PatternOps *const *cs3_pattern_registry(void);

/**
 * cs3_pattern_parse: read "uniform", "2:4", "block:32x32", ...
 * Errors: CS3_WORKLOAD_ERROR_INVALID with what is expected, or with the known syntaxes.
 */
gboolean cs3_pattern_parse(Cs3Pattern *pattern, const char *text,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_pattern_mask: a whole @rows x @cols mask.
 * @density: live share in (0, 1]; not read when the pattern imposes one; @stream: names the tensor
 *   (cs3_pattern_stream()), so that every tensor has its own random numbers; @workers: threads
 *   (0: one per processor), no influence on the result.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_INVALID (density, or a row
 *   length that the pattern cannot cover) or TOO_LARGE.
 */
Cs3Mask *cs3_pattern_mask(const Cs3Pattern *pattern, gint64 rows, gint64 cols, double density,
                          guint64 seed, guint64 stream, guint workers,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Takes rows [@row0, @row1) of @window, which has no others. */
typedef void (*Cs3PatternVisit)(const Cs3Mask *window, gint64 row0, gint64 row1, gpointer data);

/**
 * cs3_pattern_visit: have all rows of the mask that cs3_pattern_mask() would give visited, some at
 * a time and by @workers threads at once, and keep none: drawing is faster than memory. Not where
 * rows depend on each other (cs3_pattern_has_rows()). Errors: as cs3_pattern_mask().
 */
gboolean cs3_pattern_visit(const Cs3Pattern *pattern, gint64 rows, gint64 cols, double density,
                           guint64 seed, guint64 stream, guint workers, Cs3PatternVisit visit,
                           gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_pattern_has_rows: whether rows can be drawn one without the others. */
gboolean cs3_pattern_has_rows(const Cs3Pattern *pattern);

/** cs3_pattern_stream: the stream of a tensor by its full name: 64 bits of its SHA-256. */
guint64 cs3_pattern_stream(const char *tensor);

/* Shared by the patterns. */

/** cs3_pattern_free_density: -1: the caller chooses. */
double cs3_pattern_free_density(const Cs3Pattern *pattern);
/** cs3_pattern_full: set all weights of rows [row0, row1). */
void cs3_pattern_full(Cs3Mask *mask, gint64 row0, gint64 row1);
/** cs3_pattern_bernoulli: one row of @cols independent bits, P(1) = @density to 2^-33. */
void cs3_pattern_bernoulli(guint64 *words, gint64 cols, double density, guint64 key, gint64 row);
