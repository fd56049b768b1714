/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Registry of the reduction topologies and what they share. */
#include "config.h"

#include "fabric/layer/recurrence.h"

#define REGISTERED(ID, name, text) [CS3_REDUCTION_##ID] = &cs3_reduction_##name,
static const Cs3ReductionOps *const registry[CS3_N_REDUCTIONS] = {CS3_REDUCTIONS(REGISTERED)};

const Cs3ReductionOps *cs3_reduction_ops(Cs3Reduction reduction) {
  return registry[reduction];
}

const char *cs3_reduction_name(Cs3Reduction reduction) {
  return cs3_reduction_names()[reduction];
}

gboolean cs3_reduction_overlaps(Cs3Reduction reduction) {
  return registry[reduction]->overlaps;
}

gint64 cs3_reduction_row_block(Cs3Reduction reduction, gint64 lines) {
  return registry[reduction]->row_block(lines);
}

gint64 cs3_reduction_one_row(gint64 lines) {
  return 1;
}

gint64 cs3_reduction_in_order(gint64 lines, gint64 line) {
  return line;
}

gint64 cs3_reduction_steps(const Cs3ReductionOps *ops, gint64 lines, gint64 rows) {
  gint64 block = ops->row_block(lines);
  return (rows + block - 1) / block * block;
}

gint32 *cs3_recurrence_take_in(Cs3Recurrence *s) {
  s->latest = cs3_recurrence_received(s, s->n_received++);
  return s->latest;
}

CS3_VECTOR_CLONES
static void send_unlimited(gint64 n_lines, gint32 last, const gint32 *passed, gint32 *sent) {
  for (gint64 r = 0; r < n_lines; r++)
    sent[r] = passed[r] + last;
}

CS3_VECTOR_CLONES
static void send_limited(gint64 n_lines, gint32 last, gint32 look, const gint32 *passed,
                         const gint32 *next, gint32 *sent) {
  for (gint64 r = 0; r < n_lines; r++) {
    gint32 through = passed[r] + last, room = next[r] + look;
    sent[r] = through > room ? through : room;
  }
}

void cs3_send_times(const Cs3Recurrence *s, gint64 n_lines, const gint32 *passed,
                    const gint32 *next, gint32 look, gint32 *sent) {
  if (s->vector == 0) /* nothing travels */
    send_unlimited(n_lines, -1, passed, sent);
  else if (next == NULL)
    send_unlimited(n_lines, s->costs->last, passed, sent);
  else
    send_limited(n_lines, s->costs->last, look, passed, next, sent);
}

gint64 cs3_rotating_row(gint64 lines, gint64 rows, gint64 step, gint64 *owner) {
  gint64 low = rows / lines, extra = rows % lines, turn = step / lines;
  *owner = step % lines;
  if (step >= rows)
    return -1;
  if (turn == low) /* only those that own a row more are left */
    *owner = ((step - low * lines + 1) * lines + extra - 1) / extra - 1;
  return *owner * rows / lines + turn;
}

gint64 cs3_ring_row(gint64 lines, gint64 rows, gint64 step, gint64 line, gint64 *owner) {
  gint64 turn = step / lines, from = line - 1 - step % lines;
  *owner = from < 0 ? from + lines : from;
  gint64 first = *owner * rows / lines, end = (*owner + 1) * rows / lines;
  return first + turn < end ? first + turn : -1;
}

gboolean cs3_ring_turns(gint64 lines, gint64 line) {
  return line == 0 || line == (lines + 1) / 2;
}
