/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ways to draw the same bits, of which a processor has one or more. */
#pragma once

#include "workloads/random.h"

typedef struct {
  const char *name;
  gboolean (*usable)(void); /* on this processor */
  void (*draw)(guint64 key, guint64 row, guint32 column, guint32 depth, Cs3RandomBlock *out);
  void (*bernoulli)(guint64 key, guint64 row, guint32 threshold, guint64 *words, gint64 n);
} Cs3RandomWay;

#if defined(__x86_64__) && defined(__GNUC__)
#define CS3_RANDOM_WAYS(ROW) ROW(wide) ROW(half) ROW(portable)
#else
#define CS3_RANDOM_WAYS(ROW) ROW(portable)
#endif
#define CS3_RANDOM_WAY(name) extern const Cs3RandomWay cs3_random_##name;
CS3_RANDOM_WAYS(CS3_RANDOM_WAY)
#undef CS3_RANDOM_WAY

/** cs3_random_ways: (transfer none): NULL-terminated, the fastest first; the first that is usable
 * is what cs3_random_draw() and cs3_random_bernoulli() take. */
const Cs3RandomWay *const *cs3_random_ways(void);
