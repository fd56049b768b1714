/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward and dX as max-plus recurrences over (row x line). The driver streams rows through
 * ingress, AXPYs and slots; the reduction topologies are in reduction-*.c. Equations: doc/model.md.
 */
#include "config.h"

#include "fabric/layer/recurrence.h"

#include <string.h>

#include "fabric/layer/passes.h"
#include "fabric/layer/ring-tail.h"
#include "fabric/layer/stream.h"
#include "fabric/layer/turns.h"

/* Steps whose weights are fetched at once: a row's weights for successive steps lie side by side,
 * those of a step in as many pages as there are lines. */
enum { FETCH_STEPS = 16 };

typedef struct {
  Cs3Recurrence s;
  const Cs3ReductionOps *ops;
  const Cs3LayerCounts *counts;
  gboolean reduce, overlap, narrow;
  gint64 base; /* cycles taken out of every 32-bit time so far */
  gint64 rebase_rows;
  gint64 matrix_row; /* of this step; -1: one for every line */
  gint64 stored;     /* the last row so far is in its owner's memory */
  guint16 *gather;   /* the weights of one step when lines work on different rows */
  guint16 *full;     /* features per line: the weights of a dense row */
  gint64 *first_row; /* of every owner */
  guint16 *fetched;  /* the weights of some steps, by owner */
  guint8 *has_row;   /* lines that take part in a step of a ring's last turn */
  Cs3RingTail *tail;
  Cs3Turns *turns; /* NULL: none can repeat */
  gint64 taken_in; /* rows until the turn before */
  gint64 earliest; /* no line takes a row before: looked up some rows ago, ... */
  gint64 look_at;  /* to be looked up again at this row */
  gboolean waited; /* a row may have been waited for, ... */
  gint64 begin;    /* other than the first, which came then, ... */
  gint64 first;    /* wavelets; 0: or one after it came in the cycle in which it was taken */
} Engine;

static gint32 *new_times(gint64 n) {
  gint32 *times = g_new(gint32, n);
  for (gint64 k = 0; k < n; k++)
    times[k] = CS3_NEVER;
  return times;
}

static void state_init(Cs3Recurrence *s, const Cs3PassCosts *costs) {
  gint64 n = costs->lines;
  *s = (Cs3Recurrence){.costs = costs, .lines = n, .rows = costs->rows};
  s->vector = costs->travels && n > 1 ? costs->vector : 0;
  s->depth = 3 + MAX(costs->along.look_rows, MAX(costs->low.look_rows, costs->turn.look_rows));
  s->x = g_new0(gint32, n);
  s->acc = g_new0(gint32, n);
  s->ready = g_new0(gint32, n);
  s->sent = new_times(n * costs->slots);
  s->received = new_times((n + 1) * s->depth);
  s->spare = new_times(n);
  s->latest = s->spare;
}

static Engine *engine_new(const Cs3PassCosts *costs, const Cs3LayerCounts *counts) {
  Engine *e = g_new0(Engine, 1);
  gint64 n = costs->lines;
  e->ops = cs3_reduction_ops(costs->reduction);
  e->counts = counts;
  e->reduce = costs->travels;
  e->narrow = cs3_lines_narrow(costs->features, costs->service);
  e->matrix_row = -1;
  e->rebase_rows = cs3_lines_rebase_rows(costs->longest_row);
  e->overlap = costs->overlap || !e->reduce || n == 1;
  state_init(&e->s, costs);
  e->gather = g_new0(guint16, n);
  e->full = cs3_lines_full(costs->row_features, n);
  e->has_row = g_new0(guint8, n);
  e->first_row = cs3_mapping_starts(costs->rows, n);
  e->fetched = g_new(guint16, FETCH_STEPS * n);
  e->turns = counts == NULL ? cs3_turns_new(costs) : NULL;
  return e;
}

static void engine_free(Engine *e) {
  g_free(e->s.x);
  g_free(e->s.acc);
  g_free(e->s.ready);
  g_free(e->s.sent);
  g_free(e->s.received);
  g_free(e->s.spare);
  g_free(e->gather);
  g_free(e->full);
  g_free(e->has_row);
  g_free(e->first_row);
  g_free(e->fetched);
  g_clear_pointer(&e->tail, cs3_ring_tail_free);
  g_clear_pointer(&e->turns, cs3_turns_free);
  g_free(e);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

/* The next row's weights, while this row is worked on. */
static void prefetch_row(const Engine *e, gint64 step) {
  gint64 owner, row = cs3_rotating_row(e->s.lines, e->s.rows, step, &owner);
  if (row >= 0)
    cs3_lines_prefetch(e->s.lines, e->counts->counts + row * e->counts->stride);
}

/* fetched[k R + o]: weights of owner o's row on the line that works on it at step @phase + k of its
 * turn, line o + 1 + phase + k. */
static void fetch_some(Engine *e, gint64 turn, gint64 phase, gint64 from, gint64 end) {
  gint64 n = e->s.lines, steps = MIN(FETCH_STEPS, n - phase);
  for (gint64 o = from; o < end; o++) {
    const guint16 *row = e->counts->counts + (e->first_row[o] + turn) * e->counts->stride;
    gint64 line = o + 1 + phase;
    for (gint64 k = 0; k < steps; k++, line++)
      e->fetched[k * n + o] = row[line < n ? line : line - n];
  }
}

typedef guint16 Eight __attribute__((vector_size(16)));
enum { OWNERS = sizeof(Eight) / sizeof(guint16) };

/* Eight rows' next eight weights become eight steps' weights: three rounds in which rows four apart
 * are interleaved turn a square of eight round. */
static inline void turn_round(const guint16 *const *row, gint64 from, guint16 *to, gint64 stride) {
  Eight a[OWNERS], b[OWNERS];
  for (int j = 0; j < OWNERS; j++)
    memcpy(&a[j], row[j] + from, sizeof a[j]);
#pragma GCC unroll 3
  for (int round = 0; round < 3; round++) {
#pragma GCC unroll 4
    for (int j = 0; j < OWNERS / 2; j++) {
      b[2 * j] = __builtin_shufflevector(a[j], a[j + 4], 0, 8, 1, 9, 2, 10, 3, 11);
      b[2 * j + 1] = __builtin_shufflevector(a[j], a[j + 4], 4, 12, 5, 13, 6, 14, 7, 15);
    }
    memcpy(a, b, sizeof a);
  }
  for (int k = 0; k < OWNERS; k++)
    memcpy(to + k * stride, &a[k], sizeof a[k]);
}

/* Eight owners at a time, unless one of their rows wraps round or the turn ends. */
static void fetch(Engine *e, gint64 turn, gint64 phase) {
  gint64 n = e->s.lines, whole = phase + FETCH_STEPS <= n ? n / OWNERS * OWNERS : 0;
  for (gint64 o = 0; o < whole; o += OWNERS) {
    gint64 line = o + 1 + phase, back = line >= n ? n : 0;
    if (back == 0 && line + OWNERS + FETCH_STEPS > n) {
      fetch_some(e, turn, phase, o, o + OWNERS);
      continue;
    }
    const guint16 *row[OWNERS];
    for (gint64 j = 0; j < OWNERS; j++)
      row[j] =
          e->counts->counts + (e->first_row[o + j] + turn) * e->counts->stride + line + j - back;
    for (gint64 k = 0; k < FETCH_STEPS; k += OWNERS)
      turn_round(row, k, e->fetched + k * n + o, n);
  }
  fetch_some(e, turn, phase, whole, n);
}

/* Every line works on a row of its own: line r on that of owner (r - 1 - step) mod R. */
static const guint16 *ring_weights(Engine *e, gint64 step) {
  gint64 n = e->s.lines, phase = step % n, split = phase + 1, k = phase % FETCH_STEPS;
  if (!e->counts)
    return e->full;
  if (k == 0)
    fetch(e, step / n, phase);
  const guint16 *by_owner = e->fetched + k * n;
  memcpy(e->gather, by_owner + n - split, sizeof(guint16) * split);
  memcpy(e->gather + split, by_owner, sizeof(guint16) * (n - split));
  return e->gather;
}

/* The last turn: only some owners have a row left. */
static const guint16 *tail_weights(Engine *e, gint64 step) {
  gint64 n = e->s.lines, turn = step / n, owner = n - 1 - step % n;
  for (gint64 r = 0; r < n; r++, owner++) {
    gint64 o = owner < n ? owner : owner - n, row = e->first_row[o] + turn;
    e->has_row[r] = row < e->first_row[o + 1];
    e->gather[r] = 0;
    if (e->has_row[r])
      e->gather[r] = e->counts ? e->counts->counts[row * e->counts->stride + r] : e->full[r];
  }
  return e->gather;
}

/* Weights of a step; has_row[] in the last turn of a ring. */
static const guint16 *step_weights(Engine *e, gint64 step, gint64 *owner) {
  if (e->ops->same_row) {
    e->matrix_row = cs3_rotating_row(e->s.lines, e->s.rows, step, owner);
    if (!e->counts)
      return e->full;
    prefetch_row(e, step + 1);
    return e->counts->counts + e->matrix_row * e->counts->stride;
  }
  *owner = 0;
  if (step / e->s.lines < e->s.rows / e->s.lines)
    return ring_weights(e, step);
  return tail_weights(e, step);
}

/* What is the same for all lines in a step. */
typedef struct {
  gint32 arrive;
  gint32 service, control;
  gint32 vector;
  gint32 issue; /* of the reduction, after the row */
} Step;

/* acc, ready and x; returns the latest acc: the row has left the edge buffers. */
static inline __attribute__((always_inline)) gint32
row_body(gint64 n, const Step *step, const guint16 *weights, const gint32 *slot,
         const gint32 *passed, gint32 *x, gint32 *acc, gint32 *ready, gboolean narrow) {
  const gint32 arrive = step->arrive, service = step->service, control = step->control;
  const gint32 vector = step->vector, issue = step->issue;
  gint32 latest = CS3_NEVER;
  for (gint64 r = 0; r < n; r++) {
    gint32 start = x[r] > slot[r] + 1 ? x[r] : slot[r] + 1;
    start = start > arrive ? start : arrive;
    gint32 done = start + cs3_lines_work(weights[r], service, narrow) + control;
    gint32 free_at = passed[r] + vector;
    acc[r] = done;
    ready[r] = done > free_at ? done : free_at;
    x[r] = done + issue;
    latest = latest > done ? latest : done;
  }
  return latest;
}

CS3_VECTOR_CLONES
static gint32 run_wide(gint64 n, const Step *step, const guint16 *weights, const gint32 *slot,
                       const gint32 *passed, gint32 *x, gint32 *acc, gint32 *ready) {
  return row_body(n, step, weights, slot, passed, x, acc, ready, FALSE);
}

CS3_VECTOR_CLONES
static gint32 run_narrow(gint64 n, const Step *step, const guint16 *weights, const gint32 *slot,
                         const gint32 *passed, gint32 *x, gint32 *acc, gint32 *ready) {
  return row_body(n, step, weights, slot, passed, x, acc, ready, TRUE);
}

/* Without overlap the PE stands until its last element is sent; the owner then stores the row. */
static void block_until_sent(const Cs3Recurrence *s, gint64 owner) {
  const gint32 *sent = cs3_recurrence_sent(s, s->row);
  for (gint64 r = 0; r < s->lines; r++)
    s->x[r] = sent[r] + 1;
  s->x[owner] += s->costs->store;
}

static void take_out(Engine *e, gint64 by) {
  Cs3Recurrence *s = &e->s;
  cs3_lines_shift(s->lines, by, s->x);
  cs3_lines_shift(s->lines * s->costs->slots, by, s->sent);
  cs3_lines_shift((s->lines + 1) * s->depth, by, s->received);
  cs3_lines_shift(s->lines, by, s->spare);
  e->base += by;
}

/* Of all times. */
static gint32 latest_of(const Cs3Recurrence *s) {
  gint32 x = cs3_lines_latest(s->lines, s->x);
  gint32 sent = cs3_lines_latest(s->lines * s->costs->slots, s->sent);
  gint32 received = cs3_lines_latest((s->lines + 1) * s->depth, s->received);
  return MAX(x, MAX(sent, received));
}

/* Returns: whether the times lie close enough together for the rows until the next rebase. */
static gboolean rebase(Engine *e) {
  take_out(e, MAX(cs3_lines_earliest(e->s.lines, e->s.x), 0));
  return latest_of(&e->s) <= CS3_TIMES_HIGH;
}

/* The row's sum leaves the root for its owner, who stores it. */
static void store_row(Engine *e, gint64 owner) {
  const Cs3PassCosts *c = e->s.costs;
  gint64 root = e->ops->root(e->s.lines);
  if (e->s.vector == 0 || root < 0)
    return;
  gint64 there = e->base + e->s.latest[root] + ABS(root - owner) * c->hop + c->feed - c->hop;
  e->stored = MAX(e->stored, there + c->vector);
}

static gint32 whole_step(Engine *e, const Step *step, const guint16 *weights, gint64 owner) {
  Cs3Recurrence *s = &e->s;
  gint32 latest = (e->narrow ? run_narrow : run_wide)(
      s->lines, step, weights, cs3_recurrence_sent(s, s->row), s->latest, s->x, s->acc, s->ready);
  e->ops->advance(s);
  store_row(e, owner);
  if (!e->overlap)
    block_until_sent(s, owner);
  else if (e->reduce)
    e->ops->adjust(s->costs, owner, s->x);
  return latest;
}

static gint32 tail_step(Engine *e, const Step *step, const guint16 *weights) {
  if (e->tail == NULL)
    e->tail = cs3_ring_tail_new(&e->s);
  Cs3RingStep ring = {weights, e->has_row, step->arrive, step->issue};
  return cs3_ring_tail_step(e->tail, &ring);
}

/* Lines only get later, so that `earliest` holds for some rows more. */
static void note_arrival(Engine *e, gint64 row, gint64 arrival, const Cs3RowStream *ingress) {
  if (arrival == G_MININT64) /* no limit */
    return;
  if (row >= e->look_at) {
    e->earliest = e->base + cs3_lines_earliest(e->s.lines, e->s.x);
    e->look_at = cs3_pass_next_look(row);
  }
  if (row == 0) {
    e->begin = arrival;
    e->first = e->turns == NULL ? cs3_stream_total(ingress) : 0; /* turns do not look so closely */
  } else {
    e->waited |= arrival > e->earliest;
    e->first = arrival < e->earliest ? e->first : 0;
  }
  cs3_turns_note(e->turns, row, arrival, e->earliest);
}

static void note_taken(const Engine *e, gint64 row, gint64 cycle) {
  if (e->turns != NULL && row < e->turns->end)
    e->turns->taken[row % e->turns->rows] = cycle;
}

static void advance_row(Engine *e, gint64 row, Cs3RowStream *ingress) {
  const Cs3PassCosts *costs = e->s.costs;
  gint64 owner;
  gboolean tail = !e->ops->same_row && row / e->s.lines == e->s.rows / e->s.lines;
  const guint16 *weights = step_weights(e, row, &owner);
  gint64 arrival =
      cs3_stream_arrival(ingress, row, e->matrix_row, weights, tail ? e->has_row : NULL);
  note_arrival(e, row, arrival, ingress);
  if (arrival > e->base + CS3_TIMES_HIGH) /* all lines wait */
    take_out(e, arrival - e->base - CS3_TIMES_HIGH);
  Step step = {
      .arrive = arrival > e->base + CS3_NEVER ? (gint32)(arrival - e->base) : CS3_NEVER,
      .service = costs->service,
      .control = costs->control,
      .vector = e->s.vector,
      .issue = e->reduce ? e->ops->issue(costs, row) : 0,
  };
  e->s.row = row;
  gint32 latest = tail ? tail_step(e, &step, weights) : whole_step(e, &step, weights, owner);
  /* The first column has acted on the control wavelet, and its word is back at the edge. */
  gint64 taken = e->base + latest + 2 * costs->feed;
  cs3_stream_consumed(ingress, row, taken);
  note_taken(e, row, taken);
}

/* All that the rows from @step on depend on, the stream aside. */
static void list_times(Engine *e, gint64 step, gint32 zero) {
  const Cs3Recurrence *s = &e->s;
  cs3_turns_list(e->turns);
  cs3_turns_put(e->turns, s->lines, s->x, zero);
  cs3_turns_put(e->turns, s->lines, s->latest, zero);
  for (gint64 k = 1; k <= s->costs->slots; k++)
    cs3_turns_put(e->turns, s->lines, cs3_recurrence_sent(s, step - k), zero);
  for (gint64 k = 1; k <= s->depth; k++)
    cs3_turns_put(e->turns, s->lines + 1, cs3_recurrence_received(s, s->n_received - k), zero);
}

/* Whether the turn that ends before @step is one that will repeat: rows of it had slots that were
 * in use before, and no rebase in it can have found lines too far apart. */
static gboolean repeats(Engine *e, gint64 step) {
  gint32 zero = cs3_lines_earliest(e->s.lines, e->s.x);
  list_times(e, step, zero);
  return cs3_turns_compare(e->turns, e->base + zero) &&
         step - e->turns->rows >= e->s.costs->slots &&
         e->turns->by + latest_of(&e->s) - zero <= CS3_TIMES_HIGH;
}

/* @rows more in turns like the last, in which @taken_in were. */
static void move_on(Engine *e, gint64 rows, gint64 taken_in) {
  Cs3Recurrence *s = &e->s;
  gint64 turns = rows / e->turns->rows, by = turns * e->turns->by;
  gboolean spare = s->latest == s->spare;
  e->base += by;
  e->turns->zero += by;
  if (e->stored > 0) /* the last so far is the turn's own */
    e->stored += by;
  cs3_turns_rotate(s->sent, s->costs->slots, s->lines, rows);
  cs3_turns_rotate(s->received, s->depth, s->lines + 1, turns * taken_in);
  s->n_received += turns * taken_in;
  s->latest = spare ? s->spare : cs3_recurrence_received(s, s->n_received - 1);
}

/* At the beginning of a turn. Returns: rows, of whole turns, that need not be run. */
static gint64 repeat(Engine *e, gint64 step, Cs3RowStream *ingress) {
  Cs3Turns *turns = e->turns;
  gint64 taken_in = e->s.n_received - e->taken_in;
  e->taken_in = e->s.n_received;
  if (!repeats(e, step))
    return 0;
  gint64 left = (turns->end - step) / turns->rows;
  gint64 rows = cs3_stream_repeat(ingress, turns, step, left) * turns->rows;
  if (rows > 0)
    move_on(e, rows, taken_in);
  e->look_at = 0;
  return rows;
}

/* The least that the pass takes when @rest is still to be done: the mean line's work, issue slots
 * of the reduction included (the ends of a chain only send), or the stream. */
static gint64 least_end(const Engine *e, const Cs3PassRest *rest, const Cs3RowStream *ingress) {
  const Cs3PassCosts *c = e->s.costs;
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
static gint64 too_late(const Engine *e, gint64 step, Cs3PassRest *rest, const Cs3RowStream *ingress,
                       gint64 give_up) {
  if (!e->ops->same_row || !cs3_pass_rest_take(rest, e->s.costs, e->counts, e->matrix_row) ||
      step % CS3_GIVE_UP_ROWS != 0 || give_up == G_MAXINT64)
    return 0;
  gint64 least = least_end(e, rest, ingress);
  return least >= give_up ? least : 0;
}

Cs3PassTimes cs3_axpy_pass(const Cs3PassCosts *costs, const Cs3LayerCounts *counts,
                           gint64 give_up) {
  g_autoptr(Engine) e = engine_new(costs, counts);
  g_autoptr(Cs3RowStream) ingress = cs3_stream_new(costs, counts);
  Cs3PassRest rest = cs3_pass_rest(costs, counts);
  gint64 n = costs->lines;
  gint64 steps = cs3_reduction_steps(e->ops, n, costs->rows);
  for (gint64 step = 0; step < steps; step++) {
    gint64 repeated = cs3_turns_begins(e->turns, step) ? repeat(e, step, ingress) : 0;
    cs3_pass_rest_skip(&rest, costs, repeated);
    step += repeated;
    if (step >= steps)
      break;
    if ((step % e->rebase_rows == 0 || repeated > 0) && !rebase(e))
      return (Cs3PassTimes){.end = CS3_PASS_ADRIFT};
    advance_row(e, step, ingress);
    gint64 least = too_late(e, step, &rest, ingress, give_up);
    if (least > 0)
      return (Cs3PassTimes){.end = least, .given_up = TRUE};
  }
  gint64 threads = e->base + cs3_lines_latest(n, e->s.x);
  gint64 end = MAX(threads, e->stored);
  if (!e->ops->same_row) /* sums end at their owners */
    end = MAX(end, e->base + cs3_lines_latest(n, e->s.latest) + e->s.vector);
  return (Cs3PassTimes){.threads = threads,
                        .end = end,
                        .ingress_wavelets = cs3_stream_total(ingress),
                        .lines = threads,
                        .waits_in = e->waited,
                        .begin = e->begin,
                        .edge_wavelets = e->first};
}
