/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The last turn of a ring, line by line. */
#include "config.h"

#include "fabric/layer/ring-tail.h"

#include <string.h>

struct Cs3RingTail {
  Cs3Recurrence *s;
  gint64 *rows;     /* that each line has worked on */
  gint64 *received; /* and of them, taken in */
  gint32 *now;      /* P of this step */
};

Cs3RingTail *cs3_ring_tail_new(Cs3Recurrence *s) {
  Cs3RingTail *tail = g_new0(Cs3RingTail, 1);
  gint64 n = s->lines;
  tail->s = s;
  tail->rows = g_new(gint64, n);
  tail->received = g_new(gint64, n);
  tail->now = g_new(gint32, n);
  gint32 *sent = cs3_recurrence_sent(s, s->row - 1);
  for (gint64 r = 0; r < n; r++) {
    tail->rows[r] = s->row;
    tail->received[r] = s->n_received;
    sent[r] = s->latest[r] + s->vector - 1; /* the last row's sum stayed here */
  }
  if (s->latest != s->spare)
    memcpy(s->spare, s->latest, sizeof(gint32) * n);
  s->latest = s->spare;
  return tail;
}

void cs3_ring_tail_free(Cs3RingTail *tail) {
  g_free(tail->rows);
  g_free(tail->received);
  g_free(tail->now);
  g_free(tail);
}

/* Line @r takes in what its neighbour had in the step before; that one's y is known now. */
static gint32 take_in(Cs3RingTail *tail, gint64 r, gint32 ready) {
  Cs3Recurrence *s = tail->s;
  const Cs3PassCosts *c = s->costs;
  const Cs3LayerEdge *edge = cs3_ring_turns(s->lines, r) ? &c->turn : &c->along;
  gint64 up = r > 0 ? r - 1 : s->lines - 1, m = tail->received[r]++;
  gint32 arrival = s->latest[up] + (s->vector > 0 ? edge->stage : 0);
  gint32 passed = MAX(ready, arrival);
  cs3_recurrence_received(s, m)[r] = passed;
  gint32 room = cs3_recurrence_received(s, m - edge->look_rows)[r] + edge->look;
  gint32 through = s->latest[up] + c->last;
  cs3_recurrence_sent(s, tail->rows[up] - 1)[up] =
      s->vector > 0 ? MAX(through, room) : s->latest[up] - 1;
  return passed;
}

static gint32 work(Cs3RingTail *tail, const Cs3RingStep *step, gint64 r) {
  Cs3Recurrence *s = tail->s;
  gint64 phase = s->row % s->lines;
  gint32 *slot = &cs3_recurrence_sent(s, tail->rows[r])[r];
  gint32 start = MAX(MAX(s->x[r], *slot + 1), step->arrive);
  gint32 done = start + step->weights[r] * s->costs->service + s->costs->control;
  s->x[r] = done + step->issue;
  gint32 ready = MAX(done, s->latest[r] + s->vector);
  tail->now[r] = phase > 0 ? take_in(tail, r, ready) : ready;
  if (phase == s->lines - 1)
    *slot = tail->now[r] + s->vector - 1;
  return done;
}

gint32 cs3_ring_tail_step(Cs3RingTail *tail, const Cs3RingStep *step) {
  Cs3Recurrence *s = tail->s;
  gint32 latest = CS3_NEVER;
  for (gint64 r = 0; r < s->lines; r++)
    if (step->has_row[r]) {
      gint32 done = work(tail, step, r);
      latest = MAX(latest, done);
    }
  for (gint64 r = 0; r < s->lines; r++)
    if (step->has_row[r]) {
      s->latest[r] = tail->now[r];
      tail->rows[r]++;
    }
  return latest;
}
