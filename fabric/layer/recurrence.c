/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward and dX as max-plus recurrences over (row x line). The driver streams rows through
 * ingress, AXPYs and slots; the reduction topologies are in reduction-*.c. Equations: doc/model.md.
 */
#include "config.h"

#include "fabric/layer/recurrence.h"

#include "fabric/layer/passes.h"
#include "fabric/layer/stream.h"

typedef struct {
  Cs3Recurrence s;
  const Cs3ReductionOps *ops;
  const Cs3LayerShape *shape;
  const Cs3LayerCounts *counts;
  gboolean reduce, overlap;
  gint64 base;     /* cycles taken out of every 32-bit time so far */
  gint64 *row;     /* output row of every line at this step */
  guint16 *gather; /* the weights of one step when lines work on different rows */
  guint16 *full;   /* features per line: the weights of a dense row */
  guint8 *has_row;
} Engine;

static Engine *engine_new(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                          const Cs3LayerCosts *costs, const Cs3LayerCounts *counts,
                          gboolean reduce) {
  Engine *e = g_new0(Engine, 1);
  gint64 n = costs->lines;
  e->ops = cs3_reduction_ops(mapping->reduction);
  e->shape = shape;
  e->counts = counts;
  e->reduce = reduce;
  e->overlap = mapping->overlap || !reduce || n == 1;
  e->s = (Cs3Recurrence){.costs = costs, .lines = n, .rows = shape->rows};
  e->s.vector = reduce && n > 1 ? costs->vector : 0;
  e->s.depth = (e->s.vector > 0 ? costs->buffer / e->s.vector : 0) + 3;
  e->s.x = g_new0(gint32, n);
  e->s.acc = g_new0(gint32, n);
  e->s.ready = g_new0(gint32, n);
  e->s.sent = g_new(gint32, n * costs->slots);
  e->s.passed = g_new(gint32, (n + 1) * e->s.depth);
  for (gint64 k = 0; k < n * costs->slots; k++)
    e->s.sent[k] = CS3_NEVER;
  for (gint64 k = 0; k < (n + 1) * e->s.depth; k++)
    e->s.passed[k] = CS3_NEVER;
  e->row = g_new0(gint64, n);
  e->gather = g_new0(guint16, n);
  e->full = cs3_lines_full(shape, n);
  e->has_row = g_new0(guint8, n);
  return e;
}

static void engine_free(Engine *e) {
  g_free(e->s.x);
  g_free(e->s.acc);
  g_free(e->s.ready);
  g_free(e->s.sent);
  g_free(e->s.passed);
  g_free(e->row);
  g_free(e->gather);
  g_free(e->full);
  g_free(e->has_row);
  g_free(e);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

/* The next row's weights, while this row is worked on. */
static void prefetch_row(const Engine *e, gint64 step) {
  gint64 row;
  if (step >= e->s.rows)
    return;
  e->ops->row_of(e->s.costs, e->s.rows, step, &row);
  cs3_lines_prefetch(e->s.lines, e->counts->counts + row * e->counts->stride);
}

/* Live weights of every line at @step. */
static const guint16 *step_weights(Engine *e, gint64 step) {
  e->ops->row_of(e->s.costs, e->s.rows, step, e->row);
  if (e->ops->same_row) {
    if (e->counts == NULL)
      return e->full;
    prefetch_row(e, step + 1);
    return e->counts->counts + e->row[0] * e->counts->stride;
  }
  for (gint64 r = 0; r < e->s.lines; r++) {
    if (e->row[r] < 0)
      e->gather[r] = 0;
    else
      e->gather[r] = e->counts ? e->counts->counts[e->row[r] * e->counts->stride + r] : e->full[r];
  }
  return e->gather;
}

/* What one step gives every line. */
typedef struct {
  gint32 arrive; /* the row is at the edge */
  gint32 service, control;
  gint32 vector;
  gint32 issue; /* of the reduction, after the row */
} Step;

/* acc, ready and x; returns the latest acc: the row has left the edge buffers. */
CS3_VECTOR_CLONES
static gint32 run_row(gint64 n, const Step *step, const guint16 *weights, const gint32 *slot,
                      const gint32 *passed, gint32 *x, gint32 *acc, gint32 *ready) {
  const gint32 arrive = step->arrive, service = step->service, control = step->control;
  const gint32 vector = step->vector, issue = step->issue;
  gint32 latest = CS3_NEVER;
  for (gint64 r = 0; r < n; r++) {
    gint32 start = x[r] > slot[r] + 1 ? x[r] : slot[r] + 1;
    start = start > arrive ? start : arrive;
    gint32 done = start + weights[r] * service + control;
    gint32 free_at = passed[r] + vector;
    acc[r] = done;
    ready[r] = done > free_at ? done : free_at;
    x[r] = done + issue;
    latest = latest > done ? latest : done;
  }
  return latest;
}

/* In a ring's last block some lines have no row: no control wavelet, no work, no issue cycles. */
static void undo_idle(Engine *e, const Step *step, const guint8 *has_row) {
  const gint32 *passed = cs3_recurrence_passed(&e->s, e->s.row - 1);
  for (gint64 r = 0; r < e->s.lines; r++) {
    if (has_row[r])
      continue;
    e->s.acc[r] -= step->control;
    e->s.ready[r] = MAX(e->s.acc[r], passed[r] + step->vector);
    e->s.x[r] = e->s.acc[r];
  }
}

/* Without overlap the PE stands until its last element is sent; the owner then stores the row. */
static void block_until_sent(const Cs3Recurrence *s, gint64 step) {
  const gint32 *sent = cs3_recurrence_sent(s, step);
  for (gint64 r = 0; r < s->lines; r++)
    s->x[r] = sent[r] + 1;
  s->x[step % s->lines] += s->costs->store;
}

static void rebase(Engine *e) {
  gint32 by = cs3_lines_earliest(e->s.lines, e->s.x);
  cs3_lines_shift(e->s.lines, by, e->s.x);
  cs3_lines_shift(e->s.lines * e->s.costs->slots, by, e->s.sent);
  cs3_lines_shift((e->s.lines + 1) * e->s.depth, by, e->s.passed);
  e->base += by;
}

/* Lines that take part in @step; %NULL: all. */
static const guint8 *active_lines(Engine *e, gint64 step) {
  if (e->ops->same_row || step / e->s.lines < e->s.rows / e->s.lines)
    return NULL;
  for (gint64 r = 0; r < e->s.lines; r++)
    e->has_row[r] = e->row[r] >= 0;
  return e->has_row;
}

static void advance_row(Engine *e, gint64 row, Cs3Stream *ingress) {
  const Cs3LayerCosts *costs = e->s.costs;
  const guint16 *weights = step_weights(e, row);
  const guint8 *has_row = active_lines(e, row);
  gint64 matrix_row = e->ops->same_row ? e->row[0] : -1;
  gint64 arrival = cs3_stream_arrival(ingress, row, matrix_row, weights, has_row);
  Step step = {
      .arrive = arrival > e->base ? (gint32)(arrival - e->base) : CS3_NEVER,
      .service = costs->service,
      .control = costs->control,
      .vector = e->s.vector,
      .issue = e->reduce ? e->ops->issue(costs, row) : 0,
  };
  e->s.row = row;
  gint32 latest = run_row(e->s.lines, &step, weights, cs3_recurrence_sent(&e->s, row),
                          cs3_recurrence_passed(&e->s, row - 1), e->s.x, e->s.acc, e->s.ready);
  if (has_row) {
    undo_idle(e, &step, has_row);
    latest = cs3_lines_latest(e->s.lines, e->s.acc);
  }
  cs3_stream_consumed(ingress, row, e->base + latest);
  e->ops->advance(&e->s);
  if (!e->overlap)
    block_until_sent(&e->s, row);
  else if (e->reduce)
    e->ops->adjust(costs, row, e->s.x);
}

/* The least that the pass takes when @rest is still to be done: the mean line's work, issue slots
 * of the reduction included (the ends of a chain only send), or the stream. */
static gint64 least_end(const Engine *e, const Cs3PassRest *rest, const Cs3Stream *ingress) {
  const Cs3LayerCosts *c = e->s.costs;
  gint64 n = e->s.lines, row = c->control;
  gint64 ends = 0;
  if (e->reduce && e->overlap) {
    row += e->ops->issue(c, e->s.row);
    ends = 2 * rest->rows * c->receive / n + 1;
  }
  gint64 work = rest->weights * c->service / n + rest->rows * row - ends;
  return MAX(e->base + cs3_lines_mean(n, e->s.x) + work,
             cs3_stream_least(ingress, rest->rows, rest->weights));
}

/* Whether the pass is certain to take until @give_up; looked at now and then. */
static gint64 too_late(const Engine *e, gint64 step, Cs3PassRest *rest, const Cs3Stream *ingress,
                       gint64 give_up) {
  if (!e->ops->same_row || !cs3_pass_rest_take(rest, e->shape, e->counts, e->row[0]) ||
      step % CS3_GIVE_UP_ROWS != 0 || give_up == G_MAXINT64)
    return 0;
  gint64 least = least_end(e, rest, ingress);
  return least >= give_up ? least : 0;
}

Cs3PassTimes cs3_axpy_pass(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                           const Cs3LayerCosts *costs, const Cs3LayerCounts *counts,
                           Cs3PassLimits limits, gint64 give_up) {
  g_autoptr(Engine) e = engine_new(shape, mapping, costs, counts, limits >= CS3_LIMIT_REDUCTION);
  g_autoptr(Cs3Stream) ingress =
      cs3_stream_new(shape, costs, counts, limits >= CS3_LIMIT_INGRESS ? costs->ingress_cycles : 0);
  gint64 steps = e->ops->steps(costs, shape->rows);
  Cs3PassRest rest = cs3_pass_rest(shape, counts);
  for (gint64 step = 0; step < steps; step++) {
    if (step % CS3_REBASE_ROWS == 0)
      rebase(e);
    advance_row(e, step, ingress);
    gint64 least = too_late(e, step, &rest, ingress, give_up);
    if (least > 0)
      return (Cs3PassTimes){.end = least};
  }
  gint32 threads = cs3_lines_latest(e->s.lines, e->s.x);
  gint32 end = MAX(threads, e->ops->finish(&e->s));
  return (Cs3PassTimes){.threads = e->base + threads,
                        .end = e->base + end,
                        .ingress_wavelets = cs3_stream_total(ingress)};
}
