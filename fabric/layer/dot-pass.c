/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dW: for every output row the owner multicasts dy along the token line, each line computes one dot
 * product per live weight and the row chain across the columns adds the partial sums on their way to
 * the edge. The columns are shifted copies of each other, so the chain costs its issue slots (in
 * `service`) and, once, its latency. Equations: doc/model.md, "dW". */
#include "config.h"

#include "fabric/layer/passes.h"

#include <math.h>

#include "fabric/layer/recurrence.h"
#include "fabric/layer/stream.h"

enum { FRACTION_BITS = 20 };

typedef struct {
  const Cs3LayerCosts *costs;
  gint64 lines;
  gint64 *x;     /* ring of J rows: line r is done with the row's dot products */
  gint64 sent;   /* dy of the last row started to leave its owner */
  gint64 egress; /* fixed point: the last row's gradients have left */
  gint64 per_gradient; /* fixed point cycles */
  gint64 depth;  /* rows of gradients the edge can hold */
  gint64 *left;  /* ring: cycle at which a row had left */
  gint64 egress_wavelets;
} Engine;

static gint64 *done_row(const Engine *e, gint64 row) {
  return e->x + (row + e->costs->slots) % e->costs->slots * e->lines;
}

/* First cycle at which the owner of @row may start its multicast: the previous vector has left, and
 * every line has a free dy slot by the time the first element lands there. */
static gint64 multicast_start(const Engine *e, gint64 row, gint64 owner) {
  const gint64 *slot = done_row(e, row); /* still row - J */
  gint64 start = row == 0 ? 0 : e->sent + e->costs->vector;
  for (gint64 r = 0; r < e->lines; r++) {
    gint64 distance = (r > owner ? r - owner : owner - r) * e->costs->hop;
    start = MAX(start, slot[r] + 1 - distance);
  }
  return start;
}

/* The row's gradients leave once every line has finished and the previous row has left. */
static void leave(Engine *e, gint64 row, gint64 latest, gint64 nonzeros) {
  gint64 wavelets = (nonzeros * e->costs->gradient_bits + 31) / 32;
  e->egress = MAX(e->egress, latest << FRACTION_BITS) + wavelets * e->per_gradient;
  e->left[row % e->depth] = (e->egress + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
  e->egress_wavelets += wavelets;
}

static void advance_row(Engine *e, gint64 row, const guint16 *weights, gint64 arrive,
                        Cs3PassLimits limits, Cs3Stream *ingress) {
  const Cs3LayerCosts *c = e->costs;
  gboolean broadcast = limits >= CS3_LIMIT_REDUCTION && e->lines > 1;
  gint64 owner = row % e->lines;
  gint64 landed = G_MININT64;
  if (broadcast) {
    e->sent = multicast_start(e, row, owner);
    landed = e->sent + c->vector + c->stage - c->hop;
  }
  gint64 room = limits >= CS3_LIMIT_EGRESS && row >= e->depth ? e->left[row % e->depth] : 0;
  const gint64 *before = done_row(e, row - 1);
  gint64 *done = done_row(e, row);
  gint64 latest = 0, nonzeros = 0;
  for (gint64 r = 0; r < e->lines; r++) {
    gint64 start = MAX(MAX(before[r], arrive), room);
    if (broadcast && r != owner)
      start = MAX(start, landed + (r > owner ? r - owner : owner - r) * c->hop);
    done[r] = start + weights[r] * c->service + c->control + (broadcast ? c->receive : 0);
    latest = MAX(latest, done[r]);
    nonzeros += weights[r];
  }
  cs3_stream_consumed(ingress, row, latest);
  leave(e, row, latest, nonzeros);
}

Cs3PassTimes cs3_dot_pass(const Cs3LayerShape *shape, const Cs3LayerCosts *costs,
                          const Cs3LayerCounts *counts, Cs3PassLimits limits) {
  gint64 n = costs->lines;
  g_autofree gint64 *x = g_new0(gint64, n * costs->slots);
  g_autofree guint16 *full = g_new0(guint16, n);
  for (gint64 r = 0; r < n; r++)
    full[r] = (r + 1) * shape->features / n - r * shape->features / n;
  Engine e = {.costs = costs, .lines = n, .x = x};
  e.depth = MIN(costs->edge_rows, shape->rows);
  e.per_gradient =
      limits >= CS3_LIMIT_EGRESS ? llround(ldexp(costs->egress_cycles, FRACTION_BITS)) : 0;
  g_autofree gint64 *left = e.left = g_new0(gint64, e.depth);
  g_autoptr(Cs3Stream) ingress =
      cs3_stream_new(shape, costs, limits >= CS3_LIMIT_INGRESS ? costs->ingress_cycles : 0);

  for (gint64 row = 0; row < shape->rows; row++) {
    gint64 matrix_row = cs3_rotating_row(costs, shape->rows, row);
    const guint16 *weights = counts ? counts->counts + matrix_row * counts->stride : full;
    advance_row(&e, row, weights, cs3_stream_arrival(ingress, row, weights), limits, ingress);
  }
  Cs3PassTimes times = {.ingress_wavelets = cs3_stream_total(ingress),
                        .egress_wavelets = e.egress_wavelets};
  const gint64 *last = done_row(&e, shape->rows - 1);
  for (gint64 r = 0; r < n; r++)
    times.threads = MAX(times.threads, last[r]);
  times.end = MAX(times.threads, (e.egress + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS);
  if (limits >= CS3_LIMIT_EGRESS)
    times.threads = times.end;
  return times;
}
