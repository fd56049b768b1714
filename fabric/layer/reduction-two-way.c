/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two-way: two chains run from both ends to the middle line, which adds the upper, then the lower
 * vector; results go outwards to their owners on the store colour. Half the depth of a chain; the
 * middle line takes in two vectors a row. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static gint64 middle(gint64 lines) {
  return lines / 2;
}

static gint32 later(gint32 a, gint32 b) {
  return a > b ? a : b;
}

/* P of both chains; passed[n] is when the root begins with the upper vector, passed[root] with the
 * lower one. */
static void scan(Cs3Recurrence *s, gint32 *passed) {
  const Cs3PassCosts *c = s->costs;
  gint64 n = s->lines, root = middle(n);
  gint32 stage = s->vector > 0 ? c->along.stage : 0, low = s->vector > 0 ? c->low.stage : 0;
  gint32 upper = cs3_chain_scan(root, 1, stage, s->ready, passed);
  gint32 lower = cs3_chain_scan(n - 1 - root, -1, stage, s->ready + n - 1, passed + n - 1);
  passed[n] = later(s->ready[root], upper + stage);
  passed[root] = n > 2 ? later(passed[n] + s->vector, lower + low) : passed[n];
}

static void advance(Cs3Recurrence *s) {
  const Cs3LayerEdge *along = &s->costs->along, *low = &s->costs->low;
  gint64 n = s->lines, root = middle(n);
  gint32 *passed = cs3_recurrence_take_in(s), *sent = cs3_recurrence_sent(s, s->row);
  scan(s, passed);
  const gint32 *next = cs3_recurrence_received(s, s->n_received - 1 - along->look_rows);
  const gint32 *lower = cs3_recurrence_received(s, s->n_received - 1 - low->look_rows);
  cs3_send_times(s, root - 1, passed, next + 1, along->look, sent);
  if (root > 0)
    cs3_send_times(s, 1, passed + root - 1, next + n, along->look, sent + root - 1);
  cs3_send_times(s, 1, passed + root, NULL, 0, sent + root);
  if (root + 1 < n) {
    cs3_send_times(s, 1, passed + root + 1, lower + root, low->look, sent + root + 1);
    cs3_send_times(s, n - 2 - root, passed + root + 2, next + root + 1, along->look,
                   sent + root + 2);
  }
}

static gint32 issue(const Cs3PassCosts *costs, gint64 step) {
  return costs->receive + costs->send;
}

static void adjust(const Cs3PassCosts *costs, gint64 owner, gint32 *x) {
  gint64 n = costs->lines;
  x[0] -= costs->receive; /* heads only send */
  if (n > 2) {
    x[n - 1] -= costs->receive;
    x[n / 2] += costs->send; /* a second vector to add */
  }
  x[owner] += costs->store;
}

static double latency(const Cs3PassCosts *costs, gint64 rows) {
  return (double)costs->lines * costs->along.stage / 2;
}

const Cs3ReductionOps cs3_reduction_two_way = {
    .same_row = TRUE,
    .hops = 1,
    .vectors = 2, /* the middle line takes in both chains */
    .row_block = cs3_reduction_one_row,
    .place = cs3_reduction_in_order,
    .latency = latency,
    .root = middle,
    .advance = advance,
    .issue = issue,
    .adjust = adjust,
};
