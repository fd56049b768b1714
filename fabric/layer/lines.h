/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops over the lines of a token line that both machines of a pass use. Internal to fabric/layer/,
 * fabric/layer-event/ and fabric/attention/. */
#pragma once

#include "fabric/layer/layer.h"

/* The hot loops exist twice, for AVX2 and for any x86-64; the loader picks. Elsewhere, and where a
 * test wants to compare (CS3_PLAIN_LOOPS): once. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(CS3_PLAIN_LOOPS)
#define CS3_VECTOR_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define CS3_VECTOR_CLONES
#endif

/* Before the beginning of time, with room to subtract. */
#define CS3_NEVER (G_MININT32 / 2)

/* 32-bit times stay below 2^30: a rebase leaves none above CS3_TIMES_HIGH, the rows until the next
 * one add as much again, and nothing that a row waits for lies further ahead. */
#define CS3_TIMES_HIGH (1 << 28)

/* Rows between two rebases, where rows are short. */
#define CS3_REBASE_ROWS 256

/** cs3_lines_rebase_rows: rows that may pass between two rebases when none moves a time by more
 * than @longest_row <= CS3_TIMES_HIGH cycles. */
gint64 cs3_lines_rebase_rows(gint64 longest_row);

/** cs3_lines_shift: take @by >= 0 cycles out of @n times; what is long past stays at CS3_NEVER. */
void cs3_lines_shift(gint64 n, gint64 by, gint32 *times);

/** cs3_lines_earliest, cs3_lines_latest: the smallest and largest of @n >= 1 times. */
gint32 cs3_lines_earliest(gint64 n, const gint32 *times);
gint32 cs3_lines_latest(gint64 n, const gint32 *times);

/** cs3_lines_mean: of @n >= 1 times, rounded down. */
gint64 cs3_lines_mean(gint64 n, const gint32 *times);

/**
 * cs3_lines_narrow: whether the work of a line's @features weights in a row, at @service cycles
 * each, fits 16 bits: products of that width cost a quarter of wide ones.
 */
gboolean cs3_lines_narrow(gint64 features, gint32 service);

/** cs3_lines_work: @weights x @service; @narrow: as cs3_lines_narrow() says. */
static inline __attribute__((always_inline)) gint32 cs3_lines_work(guint16 weights, gint32 service,
                                                                   gboolean narrow) {
  return narrow ? (guint16)(weights * (guint16)service) : weights * service;
}

/** cs3_lines_prefetch: ask memory for the @n weights of a row that comes next: rows are streamed
 * owner by owner, so it lies where no processor expects it. */
static inline void cs3_lines_prefetch(gint64 n, const guint16 *weights) {
  enum { PER_CACHE_LINE = 64 / sizeof *weights };
  for (gint64 r = 0; r < n; r += PER_CACHE_LINE)
    __builtin_prefetch(weights + r);
}

/** cs3_lines_full: (transfer full): the @features of a row on each of @lines: the weights of a
 * dense one. */
guint16 *cs3_lines_full(gint64 features, gint64 lines);
