/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chain: partial sums travel from line 0 to line R-1; the result goes on to the row's owner on the
 * store colour, whose links the chain does not use. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static gint64 steps(const Cs3LayerCosts *costs, gint64 rows) {
  return rows;
}

static gint64 row_of(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint64 line) {
  return cs3_rotating_row(costs, rows, step);
}

static void advance(Cs3Recurrence *s) {
  gint32 *passed = cs3_recurrence_passed(s, s->row);
  gint32 stage = s->vector > 0 ? s->costs->stage : 0;
  gint32 run = CS3_NEVER;
  for (gint64 r = 0; r < s->lines; r++) {
    run += stage;
    run = run > s->ready[r] ? run : s->ready[r];
    passed[r] = run;
  }
  const gint32 *before = cs3_recurrence_sent(s, s->row - 1);
  gint32 *sent = cs3_recurrence_sent(s, s->row);
  gint64 back_rows = s->vector > 0 ? s->costs->buffer / s->vector : 0;
  const gint32 *next = cs3_recurrence_passed(s, s->row - back_rows) + 1;
  gint64 last = s->lines - 1;
  cs3_send_times(s, last, passed, before, next, sent);
  cs3_send_times(s, 1, passed + last, before + last, NULL, sent + last);
}

static void charge(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint32 *cycles) {
  gint64 n = costs->lines;
  for (gint64 r = 0; r < n; r++)
    cycles[r] = costs->receive + costs->send;
  cycles[0] = costs->send;
  cycles[step % n] += costs->store;
}

static gint32 finish(const Cs3Recurrence *s) {
  const gint32 *passed = cs3_recurrence_passed(s, s->row);
  return passed[s->lines - 1] + MAX(s->vector - 1, 0);
}

const Cs3ReductionOps cs3_reduction_chain = {
    .id = CS3_REDUCTION_CHAIN,
    .name = "chain",
    .steps = steps,
    .row_of = row_of,
    .same_row = TRUE,
    .advance = advance,
    .charge = charge,
    .finish = finish,
};
