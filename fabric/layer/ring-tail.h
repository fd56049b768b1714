/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last turn of a ring when some owners have no row left: lines are idle now and then, so each
 * counts its own rows. A line at a time; a pass has one such turn at most. Internal to
 * fabric/layer/. */
#pragma once

#include "fabric/layer/recurrence.h"

typedef struct Cs3RingTail Cs3RingTail;

/* One step: weights and has_row by line; arrive and issue as in the other steps. */
typedef struct {
  const guint16 *weights;
  const guint8 *has_row;
  gint32 arrive, issue;
} Cs3RingStep;

/** cs3_ring_tail_new: from @state before its step state->row. (transfer full) */
Cs3RingTail *cs3_ring_tail_new(Cs3Recurrence *state);
void cs3_ring_tail_free(Cs3RingTail *tail);

/** cs3_ring_tail_step: step state->row. Returns: the latest acc of the lines that have a row. */
gint32 cs3_ring_tail_step(Cs3RingTail *tail, const Cs3RingStep *step);
