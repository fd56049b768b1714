/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chain: partial sums travel from line 0 to line R-1; the result goes on to the row's owner on the
 * store colour, whose links the chain does not use. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static gint64 root(gint64 lines) {
  return lines - 1;
}

static void advance(Cs3Recurrence *s) {
  const Cs3LayerEdge *edge = &s->costs->along;
  gint32 *passed = cs3_recurrence_take_in(s);
  cs3_chain_scan(s->lines, 1, s->vector > 0 ? edge->stage : 0, s->ready, passed);
  gint32 *sent = cs3_recurrence_sent(s, s->row);
  const gint32 *next = cs3_recurrence_received(s, s->n_received - 1 - edge->look_rows) + 1;
  gint64 last = s->lines - 1;
  cs3_send_times(s, last, passed, next, edge->look, sent);
  cs3_send_times(s, 1, passed + last, NULL, 0, sent + last);
}

static gint32 issue(const Cs3PassCosts *costs, gint64 step) {
  return costs->receive + costs->send;
}

static void adjust(const Cs3PassCosts *costs, gint64 owner, gint32 *x) {
  x[0] -= costs->receive; /* the head only sends */
  x[owner] += costs->store;
}

static double latency(const Cs3PassCosts *costs, gint64 rows) {
  return (double)costs->lines * costs->along.stage;
}

const Cs3ReductionOps cs3_reduction_chain = {
    .same_row = TRUE,
    .hops = 1,
    .vectors = 1,
    .row_block = cs3_reduction_one_row,
    .place = cs3_reduction_in_order,
    .latency = latency,
    .root = root,
    .advance = advance,
    .issue = issue,
    .adjust = adjust,
};
