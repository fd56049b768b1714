/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the reduction topologies and what they share. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static const Cs3ReductionOps *const registry[] = {
    [CS3_REDUCTION_CHAIN] = &cs3_reduction_chain,
    [CS3_REDUCTION_TWO_WAY] = &cs3_reduction_two_way,
    [CS3_REDUCTION_RING] = &cs3_reduction_ring,
};

const Cs3ReductionOps *cs3_reduction_ops(Cs3Reduction reduction) {
  return registry[reduction];
}

const char *cs3_reduction_name(Cs3Reduction reduction) {
  return registry[reduction]->name;
}

CS3_VECTOR_CLONES
static void send_unlimited(gint64 n_lines, gint32 vector, const gint32 *passed,
                           const gint32 *before, gint32 *sent) {
  for (gint64 r = 0; r < n_lines; r++) {
    gint32 start = passed[r] > before[r] ? passed[r] : before[r];
    sent[r] = start + vector;
  }
}

CS3_VECTOR_CLONES
static void send_limited(gint64 n_lines, gint32 vector, gint32 credit, const gint32 *passed,
                         const gint32 *before, const gint32 *next, gint32 *sent) {
  for (gint64 r = 0; r < n_lines; r++) {
    gint32 start = passed[r] > before[r] ? passed[r] : before[r];
    gint32 room = next[r] + credit;
    sent[r] = (start > room ? start : room) + vector;
  }
}

void cs3_store_times(const Cs3Recurrence *s, gint64 n_lines, const gint32 *passed, gint32 *sent) {
  send_unlimited(n_lines, s->vector - 1, passed, passed, sent);
}

void cs3_send_times(const Cs3Recurrence *s, gint64 n_lines, const gint32 *passed,
                    const gint32 *before, const gint32 *next, gint32 *sent) {
  if (s->vector == 0) { /* nothing travels */
    cs3_store_times(s, n_lines, passed, sent);
    return;
  }
  if (next == NULL) {
    send_unlimited(n_lines, s->vector, passed, before, sent);
    return;
  }
  gint32 credit = s->costs->back - 1 - s->costs->buffer % s->vector;
  send_limited(n_lines, s->vector, credit, passed, before, next, sent);
}

gint64 cs3_rotating_row(const Cs3LayerCosts *costs, gint64 rows, gint64 step) {
  /* Owners hold contiguous rows; stepping by one owner per row spreads the stores. The first
   * `rows % R` owners hold one row more. */
  gint64 owners = MIN(costs->lines, rows);
  gint64 low = rows / owners, extra = rows % owners;
  gint64 turn = step / owners, owner = step % owners;
  if (turn == low) /* the rows that only the first owners have */
    owner = step - low * owners;
  return owner * low + MIN(owner, extra) + turn;
}
