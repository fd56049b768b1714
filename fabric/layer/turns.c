/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Comparing turns. */
#include "config.h"

#include "fabric/layer/turns.h"

#include <string.h>

#include "fabric/layer/lines.h"

/* Rows of a turn, at least: to compare times costs about as much as two rows. */
enum { LEAST_ROWS = 32 };

/* The first turn fills the slots, the second is compared with the third. */
enum { LEAST_TURNS = 4 };

Cs3Turns *cs3_turns_new(const Cs3PassCosts *costs) {
  gint64 n = costs->lines, rows = (LEAST_ROWS + n - 1) / n * n, turns = costs->rows / n * n / rows;
  if (turns < LEAST_TURNS)
    return NULL;
  Cs3Turns *t = g_new0(Cs3Turns, 1);
  t->rows = rows;
  t->end = turns * rows;
  t->earliest = g_new0(gint64, rows);
  t->arrival = g_new0(gint64, rows);
  t->taken = g_new0(gint64, rows);
  t->gradient = g_new0(gint64, rows);
  t->next = g_new0(gint64, rows);
  t->before = g_array_new(FALSE, FALSE, sizeof(gint32));
  t->now = g_array_new(FALSE, FALSE, sizeof(gint32));
  return t;
}

void cs3_turns_free(Cs3Turns *turns) {
  g_free(turns->earliest);
  g_free(turns->arrival);
  g_free(turns->taken);
  g_free(turns->gradient);
  g_free(turns->next);
  g_array_unref(turns->before);
  g_array_unref(turns->now);
  g_free(turns);
}

void cs3_turns_list(Cs3Turns *turns) {
  GArray *before = turns->before;
  turns->before = turns->now;
  turns->now = before;
  g_array_set_size(before, 0);
}

/* What is further back than any cost reaches is long past, however far. */
CS3_VECTOR_CLONES
static void since(gint64 n, const gint32 *times, gint32 zero, gint32 *put) {
  for (gint64 r = 0; r < n; r++)
    put[r] = times[r] > CS3_NEVER / 2 ? times[r] - zero : CS3_NEVER;
}

void cs3_turns_put(Cs3Turns *turns, gint64 n, const gint32 *times, gint32 zero) {
  guint at = turns->now->len;
  g_array_set_size(turns->now, at + (guint)n);
  since(n, times, zero, &g_array_index(turns->now, gint32, at));
}

gboolean cs3_turns_compare(Cs3Turns *turns, gint64 cycle) {
  const GArray *before = turns->before, *now = turns->now;
  turns->by = cycle - turns->zero;
  turns->zero = cycle;
  return before->len == now->len && turns->by > 0 &&
         memcmp(before->data, now->data, now->len * sizeof(gint32)) == 0 &&
         !cs3_turns_waits(turns, turns->arrival, 0);
}

gboolean cs3_turns_waits(const Cs3Turns *turns, const gint64 *arrival, gint64 by) {
  for (gint64 i = 0; i < turns->rows; i++)
    if (arrival[i] > turns->earliest[i] + by)
      return TRUE;
  return FALSE;
}

void cs3_turns_rotate(gint32 *ring, gint64 rows, gint64 width, gint64 by) {
  gint64 first = by % rows * width, all = rows * width;
  g_autofree gint32 *old = g_memdup2(ring, (gsize)all * sizeof *ring);
  memcpy(ring + first, old, (gsize)(all - first) * sizeof *ring);
  memcpy(ring, old + all - first, (gsize)first * sizeof *ring);
}
