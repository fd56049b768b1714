/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring: in each block of R rows, line r works at step i on the row of owner (r - 1 - i) mod R. A
 * row starts just after its owner, moves one line a step and ends at its owner, as in a ring
 * reduce-scatter: owners rotate, nothing travels back, and a line waits only for its neighbour. The
 * owner's add writes the result where it belongs, so the last step sends nothing. The
 * ring is laid on the line by interleaving (even PEs one way, odd PEs back): two hops a stage. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static gint64 steps(const Cs3LayerCosts *costs, gint64 rows) {
  return (rows + costs->lines - 1) / costs->lines * costs->lines;
}

static void row_of(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint64 *row) {
  gint64 n = costs->lines, first = step - step % n, phase = step % n;
  for (gint64 r = 0; r < n; r++) {
    gint64 owner = r - 1 - phase;
    gint64 its = first + owner + (owner < 0 ? n : 0);
    row[r] = its < rows ? its : -1;
  }
}

/* Lines that have no row in this step of the last block leave everything as it was. */
static void keep_idle(const Cs3Recurrence *s, gint64 step, gint32 *now, const gint32 *before) {
  gint64 n = s->lines;
  if (step < 0 || step / n < s->rows / n)
    return;
  g_autofree gint64 *row = g_new(gint64, n);
  row_of(s->costs, s->rows, step, row);
  for (gint64 r = 0; r < n; r++)
    if (row[r] < 0)
      now[r] = before[r];
}

/* The step in which a line received the element that lies B places before this step's last one.
 * Lines receive nothing in the first step of a block, so that step is skipped when counting back.
 */
static gint64 looked_step(const Cs3Recurrence *s) {
  gint64 back_rows = s->vector > 0 ? s->costs->buffer / s->vector : 0;
  gint64 received_in_block = s->row % s->lines - 1;
  return s->row - back_rows - (back_rows > received_in_block ? 1 : 0);
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
  const gint32 *looked = cs3_recurrence_passed(s, looked_step(s));
  const gint32 *before = cs3_recurrence_sent(s, s->row - 2);
  gint32 *sent = cs3_recurrence_sent(s, s->row - 1);
  if (first) {
    cs3_store_times(s, n, up, sent);
  } else {
    cs3_send_times(s, n - 1, up, before, looked + 1, sent);
    cs3_send_times(s, 1, up + n - 1, before + n - 1, looked, sent + n - 1);
  }
  keep_idle(s, s->row - 1, sent, before);
}

static gint32 issue(const Cs3LayerCosts *costs, gint64 step) {
  gint64 n = costs->lines, phase = step % n;
  return (phase > 0 ? costs->receive : 0) + (phase < n - 1 ? costs->send : costs->store);
}

/* Every line is head, middle and owner at the same time as the others. */
static void adjust(const Cs3LayerCosts *costs, gint64 step, gint32 *x) {}

static gint32 finish(const Cs3Recurrence *s) {
  return cs3_lines_latest(s->lines, cs3_recurrence_passed(s, s->row)) + MAX(s->vector - 1, 0);
}

const Cs3ReductionOps cs3_reduction_ring = {
    .id = CS3_REDUCTION_RING,
    .name = "ring",
    .steps = steps,
    .row_of = row_of,
    .same_row = FALSE,
    .advance = advance,
    .issue = issue,
    .adjust = adjust,
    .finish = finish,
};
