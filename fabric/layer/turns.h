/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Turns that repeat. Rows of a dense matrix are all alike, and turns of them, some rows of every
 * owner, too: each maps the times at its beginning to those at its end by sums and maxima alone. So
 * where everything begins later by the same number of cycles than the turn before it, everything
 * ends later by as many, and so do all turns that follow: they need not be run. Internal to
 * fabric/layer/. */
#pragma once

#include "fabric/layer/costs.h"

typedef struct {
  gint64 rows;          /* of a turn */
  gint64 end;           /* row at which the last whole turn ends */
  gint64 by;            /* cycles by which the last turn moved every time; 0: not all alike */
  gint64 *earliest;     /* by row of the last turn: cycle before which no line took it, ... */
  gint64 *arrival;      /* at which it could be taken, ... */
  gint64 *taken;        /* at which every line had taken it, ... */
  gint64 *gradient;     /* and at which its last gradient was at the edge (dW, backward) */
  gint64 *next;         /* arrivals of a turn to come */
  gint64 zero;          /* cycle from which the times of `now` count */
  GArray *before, *now; /* of gint32: all times at the beginnings of the last two turns */
} Cs3Turns;

/** cs3_turns_new: (transfer full) (nullable): for a pass of @costs whose weights are all alive;
 * %NULL: it has too few turns for one to repeat. */
Cs3Turns *cs3_turns_new(const Cs3PassCosts *costs);
void cs3_turns_free(Cs3Turns *turns);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Turns, cs3_turns_free)

/** cs3_turns_begins: whether a turn begins with @row. @turns: (nullable): none does. */
static inline gboolean cs3_turns_begins(const Cs3Turns *turns, gint64 row) {
  return turns != NULL && row < turns->end && row % turns->rows == 0;
}

/** cs3_turns_note: row @row arrives at @arrival; no line takes it before @earliest.
 * @turns: (nullable) */
static inline void cs3_turns_note(const Cs3Turns *turns, gint64 row, gint64 arrival,
                                  gint64 earliest) {
  if (turns == NULL || row >= turns->end)
    return;
  turns->arrival[row % turns->rows] = arrival;
  turns->earliest[row % turns->rows] = earliest;
}

/** cs3_turns_list: a turn begins: what cs3_turns_put() gets now are its times. */
void cs3_turns_list(Cs3Turns *turns);

/** cs3_turns_put: @n times more; @zero: a time that moves with all others. */
void cs3_turns_put(Cs3Turns *turns, gint64 n, const gint32 *times, gint32 zero);

/** cs3_turns_compare: all times are put; @zero is cycle @cycle. Returns: whether the last turn, in
 * which no row waited for its arrival, moved them all by turns->by. */
gboolean cs3_turns_compare(Cs3Turns *turns, gint64 cycle);

/** cs3_turns_waits: whether a row that arrives at @arrival (array) waits for it in a turn that
 * begins @by cycles later than the last. Where none does, it is like the last. */
gboolean cs3_turns_waits(const Cs3Turns *turns, const gint64 *arrival, gint64 by);

/** cs3_turns_rotate: the @rows of @width times of a ring lie where they do when @by rows more have
 * been counted. */
void cs3_turns_rotate(gint32 *ring, gint64 rows, gint64 width, gint64 by);
