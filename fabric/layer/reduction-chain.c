/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chain: partial sums travel from line 0 to line R-1; the result goes on to the row's owner on the
 * store colour, whose links the chain does not use. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static gint64 steps(const Cs3LayerCosts *costs, gint64 rows) {
  return rows;
}

static void row_of(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint64 *row) {
  row[0] = cs3_rotating_row(costs, rows, step);
}

static void advance(Cs3Recurrence *s) {
  gint32 *passed = cs3_recurrence_passed(s, s->row);
  gint32 stage = s->vector > 0 ? s->costs->stage : 0;
  cs3_chain_scan(s->lines, 1, stage, s->ready, passed);
  const gint32 *before = cs3_recurrence_sent(s, s->row - 1);
  gint32 *sent = cs3_recurrence_sent(s, s->row);
  gint64 back_rows = s->vector > 0 ? s->costs->buffer / s->vector : 0;
  const gint32 *next = cs3_recurrence_passed(s, s->row - back_rows) + 1;
  gint64 last = s->lines - 1;
  cs3_send_times(s, last, passed, before, next, sent);
  cs3_send_times(s, 1, passed + last, before + last, NULL, sent + last);
}

static gint32 issue(const Cs3LayerCosts *costs, gint64 step) {
  return costs->receive + costs->send;
}

static void adjust(const Cs3LayerCosts *costs, gint64 step, gint32 *x) {
  x[0] -= costs->receive; /* the head only sends */
  x[step % costs->lines] += costs->store;
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
    .issue = issue,
    .adjust = adjust,
    .finish = finish,
};
