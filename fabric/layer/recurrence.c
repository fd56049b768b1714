/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward and dX as max-plus recurrences over (row x line). The driver streams rows through
 * ingress, AXPYs and slots; the reduction topologies are in reduction-*.c. Equations: doc/model.md. */
#include "config.h"

#include "fabric/layer/recurrence.h"

#include "fabric/layer/passes.h"
#include "fabric/layer/stream.h"

/* Rows between two rebases: the largest row (a PE's whole SRAM of weights, about 3.5e5 cycles)
 * times this stays below 2^30. */
enum { REBASE_ROWS = 256 };

typedef struct {
  Cs3Recurrence s;
  const Cs3ReductionOps *ops;
  const Cs3LayerShape *shape;
  const Cs3LayerCounts *counts;
  gboolean overlap;
  gint64 base;     /* cycles taken out of every 32-bit time so far */
  guint16 *gather; /* the weights of one step when lines work on different rows */
  guint16 *full;   /* features per line: the weights of a dense row */
  gint32 *work;    /* weights * service + control */
  gint32 *issue;   /* issue cycles of the reduction */
} Engine;

static Engine *engine_new(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                          const Cs3LayerCosts *costs, const Cs3LayerCounts *counts,
                          gboolean reduce) {
  Engine *e = g_new0(Engine, 1);
  gint64 n = costs->lines;
  e->ops = cs3_reduction_ops(mapping->reduction);
  e->shape = shape;
  e->counts = counts;
  e->overlap = mapping->overlap || !reduce;
  e->s = (Cs3Recurrence){.costs = costs, .lines = n, .rows = shape->rows};
  e->s.vector = reduce && n > 1 ? costs->vector : 0;
  e->s.depth = (e->s.vector > 0 ? costs->buffer / e->s.vector : 0) + 2;
  e->s.x = g_new0(gint32, n);
  e->s.acc = g_new0(gint32, n);
  e->s.ready = g_new0(gint32, n);
  e->s.sent = g_new(gint32, n * costs->slots);
  e->s.passed = g_new(gint32, n * e->s.depth);
  for (gint64 k = 0; k < n * costs->slots; k++)
    e->s.sent[k] = CS3_NEVER;
  for (gint64 k = 0; k < n * e->s.depth; k++)
    e->s.passed[k] = CS3_NEVER;
  e->gather = g_new0(guint16, n);
  e->full = g_new0(guint16, n);
  for (gint64 r = 0; r < n; r++)
    e->full[r] = (r + 1) * shape->features / n - r * shape->features / n;
  e->work = g_new0(gint32, n);
  e->issue = g_new0(gint32, n);
  return e;
}

static void engine_free(Engine *e) {
  g_free(e->s.x);
  g_free(e->s.acc);
  g_free(e->s.ready);
  g_free(e->s.sent);
  g_free(e->s.passed);
  g_free(e->gather);
  g_free(e->full);
  g_free(e->work);
  g_free(e->issue);
  g_free(e);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

/* Live weights of every line at @step. */
static const guint16 *step_weights(Engine *e, gint64 step) {
  const Cs3LayerCosts *costs = e->s.costs;
  if (e->ops->same_row)
    return e->counts ? e->counts->counts + e->ops->row_of(costs, e->s.rows, step, 0) * e->counts->stride
                     : e->full;
  for (gint64 r = 0; r < e->s.lines; r++) {
    gint64 row = e->ops->row_of(costs, e->s.rows, step, r);
    if (row < 0)
      e->gather[r] = 0;
    else
      e->gather[r] = e->counts ? e->counts->counts[row * e->counts->stride + r] : e->full[r];
  }
  return e->gather;
}

CS3_VECTOR_CLONES
static void row_work(gint64 n, const guint16 *weights, gint32 service, gint32 control, gint32 *work) {
  for (gint64 r = 0; r < n; r++)
    work[r] = weights[r] * service + control;
}

/* acc, ready; returns the latest acc: the row has left the edge buffers. */
CS3_VECTOR_CLONES
static gint32 begin_row(gint64 n, const gint32 *x, const gint32 *slot, gint32 arrive,
                        const gint32 *work, const gint32 *passed, gint32 vector, gint32 *acc,
                        gint32 *ready) {
  gint32 latest = CS3_NEVER;
  for (gint64 r = 0; r < n; r++) {
    gint32 start = x[r] > slot[r] + 1 ? x[r] : slot[r] + 1;
    start = start > arrive ? start : arrive;
    gint32 done = start + work[r];
    gint32 free_at = passed[r] + vector;
    acc[r] = done;
    ready[r] = done > free_at ? done : free_at;
    latest = latest > done ? latest : done;
  }
  return latest;
}

CS3_VECTOR_CLONES
static void end_row(gint64 n, const gint32 *acc, const gint32 *issue, gint32 *x) {
  for (gint64 r = 0; r < n; r++)
    x[r] = acc[r] + issue[r];
}

/* Without overlap the PE stands until its last element is sent. */
static void end_row_blocking(gint64 n, const gint32 *sent, gint32 *x) {
  for (gint64 r = 0; r < n; r++)
    x[r] = sent[r] + 1;
}

static gint32 maximum(gint64 n, const gint32 *v) {
  gint32 max = CS3_NEVER;
  for (gint64 r = 0; r < n; r++)
    max = MAX(max, v[r]);
  return max;
}

CS3_VECTOR_CLONES
static void shift(gint64 n, gint32 by, gint32 *v) {
  for (gint64 r = 0; r < n; r++)
    v[r] = v[r] - by > CS3_NEVER ? v[r] - by : CS3_NEVER;
}

static void rebase(Engine *e) {
  gint32 by = e->s.x[0];
  for (gint64 r = 1; r < e->s.lines; r++)
    by = MIN(by, e->s.x[r]);
  shift(e->s.lines, by, e->s.x);
  shift(e->s.lines * e->s.costs->slots, by, e->s.sent);
  shift(e->s.lines * e->s.depth, by, e->s.passed);
  e->base += by;
}

/* Weights into `work`. In a ring's last block some lines have no row: they get no control wavelet and
 * do no work. Returns: lines that have one. */
static gint64 load_row(Engine *e, gint64 step, const guint16 *weights) {
  const Cs3LayerCosts *costs = e->s.costs;
  gint64 n = e->s.lines, active = n;
  row_work(n, weights, costs->service, costs->control, e->work);
  if (e->ops->same_row || step / n < e->s.rows / n)
    return n;
  for (gint64 r = 0; r < n; r++) {
    if (e->ops->row_of(costs, e->s.rows, step, r) < 0) {
      e->work[r] = 0;
      active--;
    }
  }
  return active;
}

static void advance_row(Engine *e, gint64 step, Cs3Stream *ingress) {
  gint64 n = e->s.lines;
  const guint16 *weights = step_weights(e, step);
  gint64 active = load_row(e, step, weights);
  gint64 arrival = cs3_stream_arrival(ingress, step, weights, active);
  gint32 arrive = arrival > e->base ? (gint32)(arrival - e->base) : CS3_NEVER;
  e->s.row = step;
  gint32 latest = begin_row(n, e->s.x, cs3_recurrence_sent(&e->s, step), arrive, e->work,
                            cs3_recurrence_passed(&e->s, step - 1), e->s.vector, e->s.acc,
                            e->s.ready);
  cs3_stream_consumed(ingress, step, e->base + latest);
  e->ops->advance(&e->s);
  if (!e->overlap) {
    end_row_blocking(n, cs3_recurrence_sent(&e->s, step), e->s.x);
    return;
  }
  if (e->s.vector > 0) /* else `issue` stays zero */
    e->ops->charge(e->s.costs, e->s.rows, step, e->issue);
  end_row(n, e->s.acc, e->issue, e->s.x);
}

Cs3PassTimes cs3_axpy_pass(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                           const Cs3LayerCosts *costs, const Cs3LayerCounts *counts,
                           Cs3PassLimits limits) {
  g_autoptr(Engine) e = engine_new(shape, mapping, costs, counts, limits >= CS3_LIMIT_REDUCTION);
  g_autoptr(Cs3Stream) ingress =
      cs3_stream_new(shape, costs, limits >= CS3_LIMIT_INGRESS ? costs->ingress_cycles : 0);
  gint64 steps = e->ops->steps(costs, shape->rows);
  for (gint64 step = 0; step < steps; step++) {
    if (step % REBASE_ROWS == 0)
      rebase(e);
    advance_row(e, step, ingress);
  }
  gint32 threads = maximum(e->s.lines, e->s.x);
  gint32 end = MAX(threads, e->ops->finish(&e->s));
  return (Cs3PassTimes){.threads = e->base + threads,
                        .end = e->base + end,
                        .ingress_wavelets = cs3_stream_total(ingress)};
}
