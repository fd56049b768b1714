/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dW and backward: for every output row the owner multicasts dy along the token line, each line
 * computes one dot product per live weight (or, at once, the products of all its weights: the local
 * block; backward: and adds dy to the weight's sum of dX, whose time is part of `service`) and the
 * row chain across the columns adds the partial sums on their way to the edge. The columns are
 * shifted copies of each other, so the chain costs its issue slots (in `service`) and, once, its
 * latency. Equations: doc/model.md, "dW". */
#include "config.h"

#include "fabric/layer/passes.h"

#include <math.h>
#include <string.h>

#include "fabric/layer/recurrence.h"
#include "fabric/layer/stream.h"
#include "fabric/layer/turns.h"

enum { FRACTION_BITS = 20 };

static gint64 to_fixed(double cycles) {
  return llround(ldexp(cycles, FRACTION_BITS));
}

/* Of a cycle, which may be before the pass: CS3_NEVER. */
static gint64 time_at(gint64 cycle) {
  return cycle * (1 << FRACTION_BITS);
}

/* The cycle that a fixed-point time lies in. */
static gint64 cycle_of(gint64 time) {
  return (time + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
}

/* The command that starts the pass leaves the edge in cycle 1; in the next dy may leave its owner.
 */
enum { BEGIN_CYCLES = 2 };

typedef struct {
  const Cs3PassCosts *costs;
  gint64 lines;
  gint64 base; /* cycles taken out of every 32-bit time so far */
  gint64 rebase_rows;
  gint32 *done; /* ring of J rows: line r has finished the row */
  gint32 *way;  /* way[lines + d]: a vector leaves its owner -> it has landed d lines away; the
                   ways from any owner are a window of it */
  gint32 least_way;
  gint32 *latest; /* ring of J rows: the last line had finished the row */
  gint32 sent;    /* dy of the last row started to leave its owner */
  gint64 owner;   /* of the last row */
  gint32 fixed;   /* cycles per row beside the dot products */
  gboolean broadcast, narrow;
  gint64 egress;      /* fixed point: the last row's gradients have left */
  gint64 per_wavelet; /* fixed point cycles per gradient wavelet; 0: no limit */
  gint64 depth;       /* rows of gradients the edge can hold */
  gint64 *left;       /* ring of them: cycle at which the row had left */
  gint64 egress_wavelets;
  gint64 row_wavelets;            /* of the last row */
  gint64 there;                   /* cycle at which its gradients are at the edge */
  gboolean queued;                /* behind those of the row before */
  Cs3Turns *turns;                /* NULL: none can repeat */
  gint64 earliest;                /* no line takes a row before: looked up some rows ago, ... */
  gint64 look_at;                 /* to be looked up again at this row */
  gboolean waited_in, waited_out; /* a row may have been waited for, or room for gradients */
} Engine;

static gint32 *done_row(const Engine *e, gint64 row) {
  return e->done + (row + e->costs->slots) % e->costs->slots * e->lines;
}

/* When the lines were done with a row. */
typedef struct {
  gint32 row;      /* all of it */
  gint32 gradient; /* the last dot product; CS3_NEVER: there was none */
} Latest;

/* What a row finds when it comes to the lines. */
typedef struct {
  gint32 sent, open, block, service, fixed;
} Row;

static inline __attribute__((always_inline)) Latest
lines_body(gint64 n, const Row *row, const gint32 *before, const gint32 *way,
           const guint16 *weights, gint32 *done, gboolean narrow) {
  const gint32 sent = row->sent, open = row->open, service = row->service, fixed = row->fixed;
  const gint32 block = row->block;
  gint32 latest = CS3_NEVER, gradient = CS3_NEVER;
  for (gint64 r = 0; r < n; r++) {
    gint32 start = before[r] > open ? before[r] : open;
    gint32 landed = sent + way[r];
    start = start > landed ? start : landed;
    gint32 dots = start + block + cs3_lines_work(weights[r], service, narrow);
    gint32 live = weights[r] ? dots : CS3_NEVER;
    done[r] = dots + fixed;
    latest = latest > done[r] ? latest : done[r];
    gradient = gradient > live ? gradient : live;
  }
  return (Latest){latest, gradient};
}

CS3_VECTOR_CLONES
static Latest run_wide(gint64 n, const Row *row, const gint32 *before, const gint32 *way,
                       const guint16 *weights, gint32 *done) {
  return lines_body(n, row, before, way, weights, done, FALSE);
}

CS3_VECTOR_CLONES
static Latest run_narrow(gint64 n, const Row *row, const gint32 *before, const gint32 *way,
                         const guint16 *weights, gint32 *done) {
  return lines_body(n, row, before, way, weights, done, TRUE);
}

CS3_VECTOR_CLONES
static gint64 sum(gint64 n, const guint16 *weights) {
  guint32 total = 0; /* 65,536 lines of 65,535 weights fit */
  for (gint64 r = 0; r < n; r++)
    total += weights[r];
  return total;
}

static void take_out(Engine *e, gint64 by) {
  cs3_lines_shift(e->lines * e->costs->slots, by, e->done);
  cs3_lines_shift(e->costs->slots, by, e->latest);
  cs3_lines_shift(1, by, &e->sent);
  e->base += by;
}

/* Returns: whether the times lie close enough together for the rows until the next rebase. */
static gboolean rebase(Engine *e, gint64 row) {
  take_out(e, MAX(cs3_lines_earliest(e->lines, done_row(e, row - 1)), 0));
  gint32 done = cs3_lines_latest(e->lines * e->costs->slots, e->done);
  return MAX(done, e->sent) <= CS3_TIMES_HIGH;
}

/* The row's gradients leave once the last one is at the edge and the previous row has left. */
static void leave(Engine *e, gint64 row, gint32 latest, gint64 live) {
  gint64 bits = live * e->costs->gradient_bits;
  gint64 wavelets = (bits + 31) / 32;
  e->egress_wavelets += wavelets;
  e->row_wavelets = wavelets;
  e->there = e->base + latest + e->costs->reach;
  e->queued = e->egress > time_at(e->there);
  if (wavelets > 0)
    e->egress = MAX(e->egress, time_at(e->there)) + wavelets * e->per_wavelet;
  e->left[row % e->depth] = cycle_of(e->egress);
}

static gint32 relative(const Engine *e, gint64 cycle) {
  return cycle > e->base + CS3_NEVER ? (gint32)(cycle - e->base) : CS3_NEVER;
}

/* The owner of @row sends dy once it holds the one before and the edge has told it that all lines
 * have a slot: their reports, its word and one cycle each to act on them. */
static void send_vector(Engine *e, gint64 row, gint64 owner) {
  const Cs3PassCosts *c = e->costs;
  gint32 clear =
      row > 0 ? e->sent + e->way[e->lines + owner - e->owner] : relative(e, BEGIN_CYCLES);
  gint32 free = row >= c->slots ? e->latest[row % c->slots] + 2 * c->feed + 2 : CS3_NEVER;
  e->sent = MAX(clear, free);
  e->owner = owner;
}

/* @room: for its gradients. Lines only get later, so that `earliest` holds for some rows more. */
static void note_arrival(Engine *e, gint64 row, gint64 arrival, gint64 room) {
  if (MAX(arrival, room) <= 0) /* no limit, or none yet */
    return;
  if (row >= e->look_at) {
    gint32 done = cs3_lines_earliest(e->lines, done_row(e, row - 1));
    e->earliest = e->base + (e->broadcast ? MAX(done, e->sent + e->least_way) : done);
    e->look_at = cs3_pass_next_look(row);
  }
  e->waited_in |= arrival > e->earliest;
  e->waited_out |= room > e->earliest;
  cs3_turns_note(e->turns, row, MAX(arrival, room), e->earliest);
}

static void note_done(const Engine *e, gint64 row, Latest latest) {
  if (e->turns == NULL || row >= e->turns->end)
    return;
  gint64 at = row % e->turns->rows;
  e->turns->taken[at] = e->base + latest.row + 2 * e->costs->feed;
  e->turns->gradient[at] = e->base + latest.gradient + e->costs->reach;
}

/* @open: cycle at which the row's indices are in. */
static Latest advance_row(Engine *e, gint64 row, gint64 owner, const guint16 *weights,
                          gint64 open) {
  const Cs3PassCosts *c = e->costs;
  gint64 n = e->lines;
  gint32 *done = done_row(e, row); /* holds row - J until overwritten */
  gint64 room = e->per_wavelet > 0 && row >= e->depth ? e->left[row % e->depth] + c->lead : 0;
  if (MAX(open, room) - e->base > CS3_TIMES_HIGH) /* all lines wait */
    take_out(e, MAX(open, room) - e->base - CS3_TIMES_HIGH);
  if (e->broadcast)
    send_vector(e, row, owner);
  note_arrival(e, row, open, room);
  Row at = {.sent = e->broadcast ? e->sent : CS3_NEVER / 2,
            .open = relative(e, MAX(open, room)),
            .block = c->block,
            .service = c->service,
            .fixed = e->fixed};
  const gint32 *before = done_row(e, row - 1), *way = e->way + n - owner;
  Latest latest = e->narrow ? run_narrow(n, &at, before, way, weights, done)
                            : run_wide(n, &at, before, way, weights, done);
  e->latest[row % c->slots] = latest.row;
  note_done(e, row, latest);
  return latest;
}

static void measure_ways(Engine *e) {
  const Cs3PassCosts *c = e->costs;
  gint64 n = e->lines;
  e->way = g_new(gint32, 2 * n + 1);
  for (gint64 d = -n; d <= n; d++)
    e->way[n + d] = (gint32)(c->vector + c->feed + (ABS(d) - 1) * c->hop);
  e->least_way = e->way[n];
}

static Engine *engine_new(const Cs3PassCosts *costs, const Cs3LayerCounts *counts) {
  Engine *e = g_new0(Engine, 1);
  gint64 n = costs->lines;
  e->costs = costs;
  e->lines = n;
  e->broadcast = costs->travels && n > 1;
  e->narrow = cs3_lines_narrow(costs->features, costs->service);
  e->rebase_rows = cs3_lines_rebase_rows(costs->longest_row);
  e->fixed = costs->control + (e->broadcast ? costs->receive : 0);
  e->done = g_new0(gint32, n * costs->slots);
  for (gint64 r = 0; r < n && costs->clear > 0; r++) /* before the first row */
    done_row(e, -1)[r] = 1 + costs->clear;
  e->latest = g_new0(gint32, costs->slots);
  measure_ways(e);
  e->depth = MIN(costs->edge_rows, costs->rows);
  e->left = g_new0(gint64, e->depth);
  e->egress = -costs->lead * (1 << FRACTION_BITS); /* cycle 0 of the edge */
  e->per_wavelet = to_fixed(costs->egress_cycles);
  e->turns = counts == NULL ? cs3_turns_new(costs) : NULL;
  return e;
}

static void engine_free(Engine *e) {
  g_free(e->done);
  g_free(e->way);
  g_free(e->latest);
  g_free(e->left);
  g_clear_pointer(&e->turns, cs3_turns_free);
  g_free(e);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Engine, engine_free)

/* All that the rows from @row on depend on, the edge aside. */
static void list_times(Engine *e, gint64 row, gint32 zero) {
  cs3_turns_list(e->turns);
  cs3_turns_put(e->turns, e->lines, done_row(e, row - 1), zero);
  if (!e->broadcast)
    return;
  cs3_turns_put(e->turns, 1, &e->sent, zero);
  for (gint64 k = 1; k <= e->costs->slots; k++)
    cs3_turns_put(e->turns, 1, &e->latest[(row + e->costs->slots - k) % e->costs->slots], zero);
}

/* Whether the turn that ends before @row is one that will repeat: rows of it had slots that were in
 * use before, and no rebase in it can have found lines too far apart. */
static gboolean repeats(Engine *e, gint64 row) {
  const gint32 *done = done_row(e, row - 1);
  gint32 zero = cs3_lines_earliest(e->lines, done);
  list_times(e, row, zero);
  gint32 latest = MAX(cs3_lines_latest(e->lines, done), e->sent);
  return cs3_turns_compare(e->turns, e->base + zero) && row - e->turns->rows >= e->costs->slots &&
         e->turns->by + latest - zero <= CS3_TIMES_HIGH;
}

/* The gradients of one more turn, @by cycles later than the last. Returns: whether no row waits for
 * them to leave. */
static gboolean leave_turn(Engine *e, gint64 row, gint64 by) {
  const Cs3Turns *last = e->turns;
  gint64 takes = e->row_wavelets * e->per_wavelet, at = row % e->depth;
  for (gint64 i = 0; i < last->rows; i++) {
    last->next[i] = row + i >= e->depth ? e->left[at] + e->costs->lead : 0;
    e->there = last->gradient[i] + by;
    e->queued = e->egress > time_at(e->there);
    if (e->row_wavelets > 0)
      e->egress = MAX(e->egress, time_at(e->there)) + takes;
    e->left[at] = cycle_of(e->egress);
    at = at + 1 < e->depth ? at + 1 : 0;
  }
  return !cs3_turns_waits(last, last->next, by);
}

/* Those of @turns turns, or of those before one in which a row waits. Returns: turns. */
static gint64 leave_turns(Engine *e, gint64 row, gint64 turns) {
  gsize size = (gsize)e->depth * sizeof *e->left;
  g_autofree gint64 *left = g_malloc(size);
  for (gint64 turn = 0; e->per_wavelet > 0 && turn < turns; turn++) {
    gint64 egress = e->egress;
    memcpy(left, e->left, size);
    if (leave_turn(e, row + turn * e->turns->rows, (turn + 1) * e->turns->by))
      continue;
    e->egress = egress;
    memcpy(e->left, left, size);
    return turn;
  }
  return turns;
}

/* At the beginning of a turn. Returns: rows, of whole turns, that need not be run. */
static gint64 repeat(Engine *e, gint64 row, Cs3RowStream *ingress) {
  if (!repeats(e, row))
    return 0;
  gsize size = (gsize)e->depth * sizeof *e->left;
  g_autofree gint64 *left = g_memdup2(e->left, size);
  gint64 egress = e->egress, found = leave_turns(e, row, (e->turns->end - row) / e->turns->rows);
  gint64 turns = cs3_stream_repeat(ingress, e->turns, row, found), rows = turns * e->turns->rows;
  if (turns < found) {
    memcpy(e->left, left, size);
    e->egress = egress;
    (void)leave_turns(e, row, turns);
  }
  e->look_at = 0;
  e->egress_wavelets += rows * e->row_wavelets;
  e->base += turns * e->turns->by;
  e->turns->zero += turns * e->turns->by;
  cs3_turns_rotate(e->done, e->costs->slots, e->lines, rows);
  cs3_turns_rotate(e->latest, e->costs->slots, 1, rows);
  return rows;
}

static Cs3PassTimes finish(const Engine *e, gint64 rows, const Cs3RowStream *ingress) {
  gint32 threads = cs3_lines_latest(e->lines, done_row(e, rows - 1)) + e->costs->finish;
  Cs3PassTimes times = {.threads = e->base + threads,
                        .lines = e->base + threads,
                        .waits_in = e->waited_in,
                        .waits_out = e->waited_out,
                        .ingress_wavelets = cs3_stream_total(ingress),
                        .egress_wavelets = e->egress_wavelets};
  if (e->per_wavelet > 0)
    times.threads = MAX(times.threads, cycle_of(e->egress));
  times.end = times.threads;
  times.edge_wavelets = e->queued ? 0 : e->row_wavelets;
  times.last_there = e->there;
  return times;
}

static gint64 live_weights(const Cs3PassCosts *costs, const Cs3LayerCounts *counts, gint64 row) {
  if (counts == NULL)
    return costs->row_features;
  if (counts->row_weights != NULL)
    return counts->row_weights[row];
  return sum(costs->lines, counts->counts + row * counts->stride);
}

/* The least that the pass takes when @rest is still to be done: the mean line's work, ... */
static gint64 least_lines(const Engine *e, gint64 row, const Cs3PassRest *rest) {
  const Cs3PassCosts *c = e->costs;
  gint64 work = rest->weights * c->service / e->lines + rest->rows * (c->block + e->fixed);
  return e->base + cs3_lines_mean(e->lines, done_row(e, row)) + work + c->finish;
}

/* ... or the links'. */
static Cs3PassTimes least_times(const Engine *e, gint64 row, const Cs3PassRest *rest,
                                const Cs3RowStream *ingress) {
  gint64 lines = least_lines(e, row, rest);
  gint64 wavelets = rest->weights * e->costs->gradient_bits / 32;
  gint64 out = (e->egress + wavelets * e->per_wavelet) >> FRACTION_BITS;
  return (Cs3PassTimes){.end = MAX(MAX(lines, e->per_wavelet > 0 ? out : 0),
                                   cs3_stream_least(ingress, rest->rows, rest->weights)),
                        .lines = lines,
                        .given_up = TRUE,
                        .waits_in = e->waited_in,
                        .waits_out = e->waited_out};
}

CS3_VECTOR_CLONES
static void add_row(gint64 n, const guint16 *weights, guint32 *sum) {
  for (gint64 r = 0; r < n; r++)
    sum[r] += weights[r];
}

/* Weights of the line that has most, of all rows; -1: more than 32 bits count. */
static gint64 busiest_line(const Cs3PassCosts *costs, const Cs3LayerCounts *counts) {
  if (counts == NULL)
    return costs->rows * costs->features;
  if (costs->rows * costs->features > G_MAXINT32)
    return -1;
  g_autofree guint32 *sum = g_new0(guint32, costs->lines);
  guint32 most = 0;
  for (gint64 row = 0; row < costs->rows; row++)
    add_row(costs->lines, counts->counts + row * counts->stride, sum);
  for (gint64 r = 0; r < costs->lines; r++)
    most = MAX(most, sum[r]);
  return most;
}

/* A pass in which lines wait for nothing: each does its own work and no line is ever further behind
 * another than by all of its weights. Returns: whether it is such a pass. */
static gboolean run_alone(const Engine *e, const Cs3LayerCounts *counts, Cs3PassTimes *times) {
  const Cs3PassCosts *c = e->costs;
  if (e->broadcast || c->ingress_cycles > 0 || e->per_wavelet > 0)
    return FALSE;
  gint64 busiest = busiest_line(c, counts);
  if (busiest < 0 || busiest * c->service > CS3_TIMES_HIGH / 2)
    return FALSE;
  gint64 begin = c->clear > 0 ? 1 + c->clear : 0;
  gint64 lines = begin + busiest * c->service + c->rows * (c->block + e->fixed) + c->finish;
  *times = (Cs3PassTimes){.threads = lines, .end = lines, .lines = lines};
  for (gint64 row = 0; row < c->rows; row++)
    times->egress_wavelets += (live_weights(c, counts, row) * c->gradient_bits + 31) / 32;
  return TRUE;
}

Cs3PassTimes cs3_dot_pass(const Cs3PassCosts *costs, const Cs3LayerCounts *counts, gint64 give_up) {
  gint64 n = costs->lines;
  g_autoptr(Engine) e = engine_new(costs, counts);
  Cs3PassTimes alone;
  if (run_alone(e, counts, &alone))
    return alone;
  g_autofree guint16 *full = cs3_lines_full(costs->row_features, n);
  g_autoptr(Cs3RowStream) ingress = cs3_stream_new(costs, counts);
  cs3_stream_begin(ingress, costs->token); /* behind the command that starts the pass */
  Cs3PassRest rest = cs3_pass_rest(costs, counts);
  gint64 owner, matrix_row = cs3_rotating_row(n, costs->rows, 0, &owner);
  for (gint64 row = 0; row < costs->rows; row++) {
    gint64 repeated = cs3_turns_begins(e->turns, row) ? repeat(e, row, ingress) : 0;
    if (repeated > 0) {
      cs3_pass_rest_skip(&rest, costs, repeated);
      row += repeated;
      matrix_row = cs3_rotating_row(n, costs->rows, row, &owner);
    }
    if (row >= costs->rows)
      break;
    if ((row % e->rebase_rows == 0 || repeated > 0) && !rebase(e, row))
      return (Cs3PassTimes){.end = CS3_PASS_ADRIFT};
    gint64 next_owner, next = cs3_rotating_row(n, costs->rows, row + 1, &next_owner);
    if (counts != NULL && next >= 0)
      cs3_lines_prefetch(n, counts->counts + next * counts->stride);
    const guint16 *weights = counts ? counts->counts + matrix_row * counts->stride : full;
    gint64 open = cs3_stream_arrival(ingress, row, matrix_row, weights, NULL);
    Latest latest = advance_row(e, row, owner, weights, open);
    cs3_stream_consumed(ingress, row, e->base + latest.row + 2 * costs->feed);
    leave(e, row, latest.gradient, live_weights(costs, counts, matrix_row));
    gboolean known = cs3_pass_rest_take(&rest, costs, counts, matrix_row);
    matrix_row = next;
    owner = next_owner;
    if (!known || row % CS3_GIVE_UP_ROWS != 0 || give_up == G_MAXINT64)
      continue;
    Cs3PassTimes least = least_times(e, row, &rest, ingress);
    if (least.end >= give_up)
      return least;
  }
  return finish(e, costs->rows, ingress);
}
