/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring: in each turn of R steps, position r works at step i on the row of owner (r - 1 - i) mod R.
 * A row starts just after its owner, moves one position a step and ends at its owner, as in a ring
 * reduce-scatter: owners rotate, nothing travels back, and a line waits only for its neighbour. The
 * owner's add writes the result where it belongs, so the last step sends nothing. The ring is laid
 * on the line by interleaving (even PEs one way, odd PEs back): two hops a stage, one where it
 * turns round. */
#include "config.h"

#include "fabric/layer/recurrence.h"

#include <math.h>

static gint64 root(gint64 lines) {
  return -1;
}

CS3_VECTOR_CLONES
static void pass_on(gint64 n, gint32 stage, const gint32 *ready, const gint32 *up, gint32 *passed) {
  for (gint64 r = 0; r < n; r++)
    passed[r] = ready[r] > up[r] + stage ? ready[r] : up[r] + stage;
}

/* P of a step in which every line takes in what its neighbour had in the step before. */
static void take_in(const Cs3Recurrence *s, const gint32 *before, gint32 *passed) {
  gint64 n = s->lines, back = (n + 1) / 2;
  gint32 stage = s->vector > 0 ? s->costs->along.stage : 0;
  gint32 turn = s->vector > 0 ? s->costs->turn.stage : 0;
  pass_on(n - 1, stage, s->ready + 1, before, passed + 1);
  pass_on(1, turn, s->ready, before + n - 1, passed);
  if (back < n)
    pass_on(1, turn, s->ready + back, before + back - 1, passed + back);
}

/* y of the step before: what its lines sent was taken in now. */
static void send(const Cs3Recurrence *s, const gint32 *before, gint32 *sent) {
  const Cs3LayerEdge *along = &s->costs->along, *turn = &s->costs->turn;
  gint64 n = s->lines, back = (n + 1) / 2;
  const gint32 *next = cs3_recurrence_received(s, s->n_received - 1 - along->look_rows);
  const gint32 *near = cs3_recurrence_received(s, s->n_received - 1 - turn->look_rows);
  cs3_send_times(s, n - 1, before, next + 1, along->look, sent);
  cs3_send_times(s, 1, before + n - 1, near, turn->look, sent + n - 1);
  if (back < n)
    cs3_send_times(s, 1, before + back - 1, near + back, turn->look, sent + back - 1);
}

CS3_VECTOR_CLONES
static void keep(gint64 n, gint32 vector, const gint32 *before, gint32 *sent) {
  for (gint64 r = 0; r < n; r++)
    sent[r] = before[r] + vector - 1;
}

static void advance(Cs3Recurrence *s) {
  gint64 n = s->lines;
  const gint32 *before = s->latest;
  gint32 *sent = cs3_recurrence_sent(s, s->row - 1);
  if (s->row % n == 0) {
    keep(n, s->vector, before, sent); /* the last row's sum stayed here */
    s->latest = s->spare;
    for (gint64 r = 0; r < n; r++)
      s->latest[r] = s->ready[r];
    return;
  }
  gint32 *passed = cs3_recurrence_take_in(s);
  take_in(s, before, passed);
  send(s, before, sent);
}

static gint32 issue(const Cs3PassCosts *costs, gint64 step) {
  gint64 n = costs->lines, phase = step % n;
  return (phase > 0 ? costs->receive : 0) + (phase < n - 1 ? costs->send : costs->store);
}

/* Every line is head, middle and owner at the same time as the others. */
static void adjust(const Cs3PassCosts *costs, gint64 owner, gint32 *x) {}

static gint64 turn(gint64 lines) {
  return lines;
}

/* Even PEs pass on one way, odd ones back. */
static gint64 interleaved(gint64 lines, gint64 line) {
  return line < (lines + 1) / 2 ? 2 * line : 2 * (lines - line) - 1;
}

/* Whole turns are streamed: what the last one lacks in rows. */
static double latency(const Cs3PassCosts *costs, gint64 rows) {
  return fmod(costs->lines - fmod(rows, costs->lines), costs->lines) * (double)costs->vector;
}

const Cs3ReductionOps cs3_reduction_ring = {
    .same_row = FALSE,
    .overlaps = TRUE,
    .hops = 2,
    .vectors = 1,
    .row_block = turn,
    .place = interleaved,
    .latency = latency,
    .root = root,
    .advance = advance,
    .issue = issue,
    .adjust = adjust,
};
