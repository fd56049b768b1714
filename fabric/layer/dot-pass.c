/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dW: for every output row the owner multicasts dy along the token line, each line computes one dot
 * product per live weight and the row chain across the columns adds the partial sums on their way
 * to the edge. The columns are shifted copies of each other, so the chain costs its issue slots (in
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
  gint64 base;  /* cycles taken out of every 32-bit time so far */
  gint32 *done; /* ring of J rows: line r has finished the row's dot products */
  gint32 *ramp; /* ramp[lines + d] = |d| hops: distances from any owner are a window of it */
  gint32 sent;  /* dy of the last row started to leave its owner */
  gint32 fixed; /* cycles per row beside the dot products */
  gboolean broadcast;
  gint64 egress;      /* fixed point: the last row's gradients have left */
  gint64 per_wavelet; /* fixed point cycles per gradient wavelet; 0: no limit */
  gint64 depth;       /* rows of gradients the edge can hold */
  gint64 *left;       /* ring of them: cycle at which the row had left */
  gint64 egress_wavelets;
} Engine;

static gint32 *done_row(const Engine *e, gint64 row) {
  return e->done + (row + e->costs->slots) % e->costs->slots * e->lines;
}

/* Latest of slot - distance: the multicast may start when every line has a free dy slot by the
 * time the first element lands there. */
CS3_VECTOR_CLONES
static gint32 latest_slot(gint64 n, const gint32 *slot, const gint32 *distance) {
  gint32 latest = CS3_NEVER;
  for (gint64 r = 0; r < n; r++)
    latest = latest > slot[r] - distance[r] ? latest : slot[r] - distance[r];
  return latest;
}

CS3_VECTOR_CLONES
static gint32 run_lines(gint64 n, const gint32 *before, const gint32 *distance, gint32 landed,
                        gint32 open, const guint16 *weights, gint32 service, gint32 fixed,
                        gint32 *done) {
  gint32 latest = CS3_NEVER;
  for (gint64 r = 0; r < n; r++) {
    gint32 start = before[r] > open ? before[r] : open;
    gint32 here = landed + distance[r];
    start = start > here ? start : here;
    gint32 end = start + weights[r] * service + fixed;
    done[r] = end;
    latest = latest > end ? latest : end;
  }
  return latest;
}

CS3_VECTOR_CLONES
static gint64 sum(gint64 n, const guint16 *weights) {
  gint32 total = 0;
  for (gint64 r = 0; r < n; r++)
    total += weights[r];
  return total;
}

static void rebase(Engine *e, gint64 row) {
  gint32 by = cs3_lines_earliest(e->lines, done_row(e, row - 1));
  if (by <= 0)
    return;
  cs3_lines_shift(e->lines * e->costs->slots, by, e->done);
  cs3_lines_shift(1, by, &e->sent);
  e->base += by;
}

/* The row's gradients leave once every line has finished and the previous row has left. */
static void leave(Engine *e, gint64 row, gint64 latest, gint64 live) {
  gint64 bits = live * e->costs->gradient_bits;
  gint64 wavelets = (bits + 31) / 32;
  e->egress = MAX(e->egress, latest << FRACTION_BITS) + wavelets * e->per_wavelet;
  e->left[row % e->depth] = (e->egress + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
  e->egress_wavelets += wavelets;
}

static gint32 relative(const Engine *e, gint64 cycle) {
  return cycle - e->base > CS3_NEVER ? (gint32)(cycle - e->base) : CS3_NEVER;
}

/* @open: cycle at which the row's indices are in. */
static gint64 advance_row(Engine *e, gint64 row, const guint16 *weights, gint64 open) {
  const Cs3LayerCosts *c = e->costs;
  gint64 owner = row % e->lines, n = e->lines;
  const gint32 *distance = e->ramp + n - owner, *before = done_row(e, row - 1);
  gint32 *done = done_row(e, row); /* holds row - J until overwritten */
  gint64 room = e->per_wavelet > 0 && row >= e->depth ? e->left[row % e->depth] : 0;
  gint32 earliest = relative(e, MAX(open, room)), landed = CS3_NEVER / 2;
  if (e->broadcast) {
    gint32 start = latest_slot(n, done, distance) + 1;
    e->sent = MAX(e->sent + c->vector, start);
    landed = e->sent + c->vector + c->stage - c->hop;
  }
  gint32 latest =
      run_lines(owner, before, distance, landed, earliest, weights, c->service, e->fixed, done);
  /* The owner has its dy already. */
  gint32 own = run_lines(1, before + owner, distance + owner, CS3_NEVER / 2, earliest,
                         weights + owner, c->service, e->fixed, done + owner);
  gint32 rest = run_lines(n - owner - 1, before + owner + 1, distance + owner + 1, landed, earliest,
                          weights + owner + 1, c->service, e->fixed, done + owner + 1);
  return e->base + MAX(own, MAX(latest, rest));
}

static Engine *engine_new(const Cs3LayerShape *shape, const Cs3LayerCosts *costs,
                          Cs3PassLimits limits) {
  Engine *e = g_new0(Engine, 1);
  gint64 n = costs->lines;
  e->costs = costs;
  e->lines = n;
  e->broadcast = limits >= CS3_LIMIT_REDUCTION && n > 1;
  e->fixed = costs->control + (e->broadcast ? costs->receive : 0);
  e->sent = -costs->vector;
  e->done = g_new0(gint32, n * costs->slots);
  e->ramp = g_new(gint32, 2 * n + 1);
  for (gint64 d = -n; d <= n; d++)
    e->ramp[n + d] = (gint32)(ABS(d) * costs->hop);
  e->depth = MIN(costs->edge_rows, shape->rows);
  e->left = g_new0(gint64, e->depth);
  if (limits >= CS3_LIMIT_EGRESS)
    e->per_wavelet = llround(ldexp(costs->egress_cycles, FRACTION_BITS));
  return e;
}

static void engine_free(Engine *e) {
  g_free(e->done);
  g_free(e->ramp);
  g_free(e->left);
  g_free(e);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

static Cs3PassTimes finish(const Engine *e, gint64 rows, const Cs3Stream *ingress) {
  gint32 threads = cs3_lines_latest(e->lines, done_row(e, rows - 1));
  Cs3PassTimes times = {.threads = e->base + threads,
                        .ingress_wavelets = cs3_stream_total(ingress),
                        .egress_wavelets = e->egress_wavelets};
  if (e->per_wavelet > 0)
    times.threads = MAX(times.threads, (e->egress + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS);
  times.end = times.threads;
  return times;
}

static gint64 live_weights(const Cs3LayerShape *shape, const Cs3LayerCounts *counts, gint64 row,
                           gint64 lines) {
  if (counts == NULL)
    return shape->features;
  if (counts->row_weights != NULL)
    return counts->row_weights[row];
  return sum(lines, counts->counts + row * counts->stride);
}

/* The least that the pass takes when @rest is still to be done: the mean line's work, or the
 * gradients' way out. */
static gint64 least_end(const Engine *e, gint64 row, const Cs3PassRest *rest,
                        const Cs3Stream *ingress) {
  const Cs3LayerCosts *c = e->costs;
  gint64 work = rest->weights * c->service / e->lines + rest->rows * e->fixed;
  gint64 lines = e->base + cs3_lines_mean(e->lines, done_row(e, row)) + work;
  gint64 wavelets = rest->weights * c->gradient_bits / 32;
  gint64 out = (e->egress + wavelets * e->per_wavelet) >> FRACTION_BITS;
  return MAX(MAX(lines, e->per_wavelet > 0 ? out : 0),
             cs3_stream_least(ingress, rest->rows, rest->weights));
}

Cs3PassTimes cs3_dot_pass(const Cs3LayerShape *shape, const Cs3LayerCosts *costs,
                          const Cs3LayerCounts *counts, Cs3PassLimits limits, gint64 give_up) {
  gint64 n = costs->lines;
  g_autoptr(Engine) e = engine_new(shape, costs, limits);
  g_autofree guint16 *full = cs3_lines_full(shape, n);
  g_autoptr(Cs3Stream) ingress =
      cs3_stream_new(shape, costs, counts, limits >= CS3_LIMIT_INGRESS ? costs->ingress_cycles : 0);
  Cs3PassRest rest = cs3_pass_rest(shape, counts);
  gint64 matrix_row = cs3_rotating_row(costs, shape->rows, 0);
  for (gint64 row = 0, next = 0; row < shape->rows; row++, matrix_row = next) {
    if (row % CS3_REBASE_ROWS == 0)
      rebase(e, row);
    next = cs3_rotating_row(costs, shape->rows, MIN(row + 1, shape->rows - 1));
    if (counts != NULL)
      cs3_lines_prefetch(n, counts->counts + next * counts->stride);
    const guint16 *weights = counts ? counts->counts + matrix_row * counts->stride : full;
    gint64 open = cs3_stream_arrival(ingress, row, matrix_row, weights, NULL);
    gint64 latest = advance_row(e, row, weights, open);
    cs3_stream_consumed(ingress, row, latest);
    leave(e, row, latest, live_weights(shape, counts, matrix_row, n));
    if (!cs3_pass_rest_take(&rest, shape, counts, matrix_row) || row % CS3_GIVE_UP_ROWS != 0 ||
        give_up == G_MAXINT64)
      continue;
    gint64 least = least_end(e, row, &rest, ingress);
    if (least >= give_up)
      return (Cs3PassTimes){.end = least};
  }
  return finish(e, shape->rows, ingress);
}
