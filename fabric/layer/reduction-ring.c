/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring: in each block of R rows, line r works at step i on the row of owner (r - 1 - i) mod R. A row
 * starts just after its owner, moves one line a step and ends at its owner, as in a ring
 * reduce-scatter: owners rotate, nothing travels back, and a line waits only for its neighbour. The
 * ring is laid on the line by interleaving (even PEs one way, odd PEs back): two hops a stage. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static gint64 steps(const Cs3LayerCosts *costs, gint64 rows) {
  return (rows + costs->lines - 1) / costs->lines * costs->lines;
}

static gint64 row_of(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint64 line) {
  gint64 n = costs->lines, block = step / n;
  gint64 owner = (line - 1 - step % n + 2 * n) % n;
  gint64 row = block * n + owner;
  return row < rows ? row : -1;
}

/* Lines that have no row in this step of the last block leave everything as it was. */
static void keep_idle(const Cs3Recurrence *s, gint64 step, gint32 *now, const gint32 *before) {
  if (step < 0 || step / s->lines < s->rows / s->lines)
    return;
  for (gint64 r = 0; r < s->lines; r++)
    if (row_of(s->costs, s->rows, step, r) < 0)
      now[r] = before[r];
}

static void advance(Cs3Recurrence *s) {
  gint64 n = s->lines;
  gint32 *passed = cs3_recurrence_passed(s, s->row);
  const gint32 *up = cs3_recurrence_passed(s, s->row - 1);
  gint32 stage = s->vector > 0 ? s->costs->stage : 0;
  gboolean first = s->row % n == 0;

  for (gint64 r = 0; r < n; r++) {
    gint32 arrival = first ? CS3_NEVER : up[r == 0 ? n - 1 : r - 1] + stage;
    passed[r] = s->ready[r] > arrival ? s->ready[r] : arrival;
  }
  keep_idle(s, s->row, passed, up);
  /* What this step's lines receive is what the previous step's lines sent: their y is known now,
   * in time for slots because J >= 2. */
  gint64 back_rows = s->vector > 0 ? s->costs->buffer / s->vector : 0;
  const gint32 *looked = cs3_recurrence_passed(s, s->row - back_rows);
  const gint32 *before = cs3_recurrence_sent(s, s->row - 2);
  gint32 *sent = cs3_recurrence_sent(s, s->row - 1);
  gint64 split = first ? 0 : n - 1;
  cs3_send_times(s, split, up, before, looked + 1, sent);
  if (first)
    cs3_send_times(s, n, up, before, NULL, sent);
  else
    cs3_send_times(s, 1, up + n - 1, before + n - 1, looked, sent + n - 1);
  keep_idle(s, s->row - 1, sent, before);
}

static void charge(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint32 *cycles) {
  gint64 n = costs->lines, phase = step % n;
  gint32 sum = (phase > 0 ? costs->receive : 0) + (phase < n - 1 ? costs->send : costs->store);
  for (gint64 r = 0; r < n; r++)
    cycles[r] = sum;
  if (step / n >= rows / n)
    for (gint64 r = 0; r < n; r++)
      cycles[r] = row_of(costs, rows, step, r) < 0 ? 0 : sum;
}

static gint32 finish(const Cs3Recurrence *s) {
  const gint32 *passed = cs3_recurrence_passed(s, s->row);
  gint32 end = CS3_NEVER;
  for (gint64 r = 0; r < s->lines; r++)
    end = MAX(end, passed[r]);
  return end + MAX(s->vector - 1, 0);
}

const Cs3ReductionOps cs3_reduction_ring = {
    .id = CS3_REDUCTION_RING,
    .name = "ring",
    .steps = steps,
    .row_of = row_of,
    .same_row = FALSE,
    .advance = advance,
    .charge = charge,
    .finish = finish,
};
