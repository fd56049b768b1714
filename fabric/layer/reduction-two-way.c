/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two-way: two chains run from both ends to the middle line, which adds the upper, then the lower
 * vector; results go outwards to their owners on the store colour. Half the depth of a chain; the
 * middle line takes in two vectors a row. */
#include "config.h"

#include "fabric/layer/recurrence.h"

static gint64 steps(const Cs3LayerCosts *costs, gint64 rows) {
  return rows;
}

static void row_of(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint64 *row) {
  row[0] = cs3_rotating_row(costs, rows, step);
}

static gint32 later(gint32 a, gint32 b) {
  return a > b ? a : b;
}

static void advance(Cs3Recurrence *s) {
  gint32 *passed = cs3_recurrence_passed(s, s->row);
  gint64 root = s->lines / 2, n = s->lines;
  gint32 stage = s->vector > 0 ? s->costs->stage : 0;

  gint32 upper = cs3_chain_scan(root, 1, stage, s->ready, passed);
  gint32 lower = cs3_chain_scan(n - 1 - root, -1, stage, s->ready + n - 1, passed + n - 1);
  gint32 first = later(s->ready[root], upper + stage);
  passed[root] = n > 2 ? later(first + s->vector, lower + stage) : first;

  passed[n] =
      first; /* the root takes in the upper vector from here on, the lower from passed[root] */

  gint64 back_rows = s->vector > 0 ? s->costs->buffer / s->vector : 0;
  const gint32 *looked = cs3_recurrence_passed(s, s->row - back_rows);
  const gint32 *before = cs3_recurrence_sent(s, s->row - 1);
  gint32 *sent = cs3_recurrence_sent(s, s->row);
  cs3_send_times(s, root - 1, passed, before, looked + 1, sent);
  if (root > 0)
    cs3_send_times(s, 1, passed + root - 1, before + root - 1, looked + n, sent + root - 1);
  cs3_send_times(s, 1, passed + root, before + root, NULL, sent + root);
  cs3_send_times(s, n - 1 - root, passed + root + 1, before + root + 1, looked + root,
                 sent + root + 1);
}

static gint32 issue(const Cs3LayerCosts *costs, gint64 step) {
  return costs->receive + costs->send;
}

static void adjust(const Cs3LayerCosts *costs, gint64 step, gint32 *x) {
  gint64 n = costs->lines;
  x[0] -= costs->receive; /* heads only send */
  if (n > 1)
    x[n - 1] -= costs->receive;
  if (n > 2)
    x[n / 2] += costs->send; /* a second vector to add */
  x[step % n] += costs->store;
}

static gint32 finish(const Cs3Recurrence *s) {
  const gint32 *passed = cs3_recurrence_passed(s, s->row);
  return passed[s->lines / 2] + MAX(s->vector - 1, 0);
}

const Cs3ReductionOps cs3_reduction_two_way = {
    .id = CS3_REDUCTION_TWO_WAY,
    .name = "two-way",
    .steps = steps,
    .row_of = row_of,
    .same_row = TRUE,
    .advance = advance,
    .issue = issue,
    .adjust = adjust,
    .finish = finish,
};
