/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring attention (arXiv 2310.01889) as a max-plus recurrence over (place x visit). Tiles travel
 * from place to place in rows, a chunk each; queries stay. Equations: doc/attention.md. */
#include "config.h"

#include <string.h>

#include "fabric/attention/history.h"
#include "fabric/attention/ring.h"
#include "fabric/layer/lines.h"

struct Cs3Ring {
  const Cs3AttentionCosts *c;
  gint64 places, chunks, rows, visits;
  gint64 buffered; /* rows of a job that take a buffer: all but those that come home */
  gint64 vector, last, stage[2], look_rows[2], look[2]; /* as of the costs, under the limits */
  Cs3History done;                                      /* D: by visit */
  Cs3History over; /* by visit: its row has been sent, the buffer is free; CS3_BEFORE_TIME: none */
  Cs3History landed; /* S: by row: first element taken in */
  gint64 *sent;      /* U: first element of the latest row sent, were there room */
  gint64 *never;     /* CS3_BEFORE_TIME, for all places */
  gint64 *spare;     /* U of visits without a row */
  gint64 turn;       /* the place whose way to the next is a single hop; the last one's is,
                        too */
};

void cs3_ring_free(Cs3Ring *r) {
  if (r == NULL)
    return;
  g_free(r->done.at);
  g_free(r->over.at);
  g_free(r->landed.at);
  g_free(r->sent);
  g_free(r->never);
  g_free(r->spare);
  g_free(r);
}

static void set_limits(Cs3Ring *r, Cs3AttentionLimits limits) {
  const Cs3AttentionCosts *c = r->c;
  gboolean all = limits == CS3_ATTENTION_LIMIT_ALL;
  double share = limits >= CS3_ATTENTION_LIMIT_REDUCTION  ? 1
                 : limits >= CS3_ATTENTION_LIMIT_MOVEMENT ? (double)c->kv_elements / c->elements
                                                          : 0;
  r->vector = (gint64)(share * (double)c->vector);
  r->last = all ? c->last : r->vector - 1;
  for (int hops = 0; hops < 2 && all; hops++) {
    r->stage[hops] = c->edge[hops].stage;
    r->look_rows[hops] = c->edge[hops].look_rows;
    r->look[hops] = c->edge[hops].look;
  }
  for (int hops = 0; hops < 2 && !all; hops++) /* room for everything */
    r->look[hops] = CS3_BEFORE_TIME;
}

Cs3Ring *cs3_ring_new(const Cs3AttentionCosts *c, Cs3AttentionLimits limits) {
  gint64 n = c->places;
  Cs3Ring *r = g_new(Cs3Ring, 1);
  *r = (Cs3Ring){.c = c, .places = n, .chunks = c->chunks, .rows = c->rows, .visits = c->visits};
  set_limits(r, limits);
  r->done = cs3_history(n, 2 * c->buffers + 1);
  r->over = cs3_history(n, 2 * c->buffers + 1);
  r->landed = cs3_history(n, c->buffers + 1 + MAX(r->look_rows[0], r->look_rows[1]));
  r->sent = g_new(gint64, n);
  r->never = g_new(gint64, n);
  r->spare = g_new0(gint64, n);
  for (gint64 p = 0; p < n; p++)
    r->sent[p] = r->never[p] = CS3_BEFORE_TIME;
  for (gint64 p = 0; p + 1 < n; p++)
    if (cs3_ring_hops(n, p) == 1)
      r->turn = p;
  return r;
}

/* What a loop over places reads and writes, by place. */
typedef struct {
  const gint64 *before, *in; /* D of the visit before; S of the row, CS3_BEFORE_TIME for own ones */
  gint64 *done, *sent;       /* D, U */
  gint64 vector;
} Visit;

/* D(v) = max(D(v - 1), the row is in) + work; U = max(the row may go, U of the row before + v).
 * Forward a row goes on when it has come in, backward with what this place adds to dK and dV;
 * streams that tasks of the first cycle grant move from the second on. */
CS3_VECTOR_CLONES
static void visit_forward(const Visit *v, gint64 from, gint64 end, gint64 work) {
  const gint64 *restrict before = v->before, *restrict in = v->in, vector = v->vector;
  gint64 *restrict done = v->done, *restrict sent = v->sent;
  for (gint64 p = from; p < end; p++) {
    gint64 there = in[p] + vector;
    done[p] = MAX(MAX(before[p], 0), there) + work;
    sent[p] = MAX(MAX(there, 1), sent[p] + vector);
  }
}

CS3_VECTOR_CLONES
static void visit_backward(const Visit *v, gint64 from, gint64 end, gint64 work) {
  const gint64 *restrict before = v->before, *restrict in = v->in, vector = v->vector;
  gint64 *restrict done = v->done, *restrict sent = v->sent;
  for (gint64 p = from; p < end; p++) {
    done[p] = MAX(MAX(before[p], 0), in[p] + vector) + work;
    sent[p] = MAX(MAX(done[p], 1), sent[p] + vector);
  }
}

static void make_visits(const Visit *v, gboolean backward, const Cs3AttentionSteps *steps,
                        gint64 number) {
  gint64 from = 0;
  for (gint64 i = steps->first[number]; i < steps->first[number + 1]; i++) {
    const Cs3WorkRun *run = &g_array_index(steps->runs, Cs3WorkRun, i);
    if (backward)
      visit_backward(v, from, run->end, run->work);
    else
      visit_forward(v, from, run->end, run->work);
    from = run->end;
  }
}

/* The visit of a job's row whose buffer row @row takes: forward, that of the row c + 1 rows before;
 * backward, the one of which a place has just sent the row, its own ones first. Returns: -1: none.
 */
static gint64 visit_before(const Cs3Ring *r, gint64 job, gint64 row) {
  if (r->c->shape.backward)
    return job * r->visits + row - 1;
  gint64 before = job * r->rows + row - r->c->buffers;
  return before < 0 ? -1 : before / r->rows * r->visits + r->chunks + before % r->rows;
}

/* Rows of @n places on their way to the next ones. */
typedef struct {
  gint64 n, vector, stage, last, look;
  const gint64 *sent;            /* U, of the senders */
  const gint64 *visited, *freed; /* D and `over` of what the receiver's buffer held */
  const gint64 *before;          /* S of the row before */
  gint64 *landed;                /* S */
  const gint64 *taken;           /* S of the row that must have been taken in */
  gint64 *over;
} Ways;

/* S = max(its buffer is free, S of the row before + v, U + stage). */
CS3_VECTOR_CLONES
static void land(const Ways *w) {
  const gint64 *restrict sent = w->sent, *restrict visited = w->visited, *restrict freed = w->freed;
  const gint64 *restrict before = w->before, vector = w->vector, stage = w->stage;
  const gint64 n = w->n;
  gint64 *restrict landed = w->landed;
  for (gint64 q = 0; q < n; q++)
    landed[q] = MAX(MAX(before[q] + vector, sent[q] + stage), MAX(visited[q], freed[q]));
}

/* One more than the last element's time: U + last, or later when there is no room for it at the
 * next place. */
CS3_VECTOR_CLONES
static void leave(const Ways *w) {
  const gint64 *restrict sent = w->sent, *restrict taken = w->taken, last = w->last;
  const gint64 look = w->look, n = w->n;
  gint64 *restrict over = w->over;
  for (gint64 p = 0; p < n; p++)
    over[p] = MAX(sent[p] + last, taken[p] + look) + 1;
}

/* From place @p on, over @hops links. @buffer: the visit whose row the receivers' buffer held; -1:
 * none. */
static Ways ways(const Cs3Ring *r, gint64 row, gint64 buffer, gint64 p, gint64 n, gint64 hops,
                 gint64 *over) {
  gint64 q = p + 1 == r->places ? 0 : p + 1;
  return (Ways){.n = n,
                .vector = r->vector,
                .stage = r->stage[hops - 1],
                .last = r->last,
                .look = r->look[hops - 1],
                .sent = r->sent + p,
                .visited = (buffer < 0 ? r->never : cs3_history_at(&r->done, buffer)) + q,
                .freed = (buffer < 0 ? r->never : cs3_history_at(&r->over, buffer)) + q,
                .before = cs3_history_at(&r->landed, row - 1) + q,
                .landed = cs3_history_at(&r->landed, row) + q,
                .taken = cs3_history_at(&r->landed, row - r->look_rows[hops - 1]) + q,
                .over = over + p};
}

/* Ways between neighbours: two links but for the last place's and that at the turn. A row may have
 * to wait for its own first elements: all have landed first. */
static void travel(const Cs3Ring *r, gint64 row, gint64 buffer, gint64 *over) {
  gint64 n = r->places, turn = r->turn;
  const Ways parts[] = {ways(r, row, buffer, 0, turn, 2, over),
                        ways(r, row, buffer, turn, 1, 1, over),
                        ways(r, row, buffer, turn + 1, n - 2 - turn, 2, over),
                        ways(r, row, buffer, n - 1, 1, 1, over)};
  for (guint i = 0; i < G_N_ELEMENTS(parts); i++) {
    land(&parts[i]);
    leave(&parts[i]);
  }
}

/* What a step is: a visit of a job, and from when on its places may make it. */
typedef struct {
  gint64 part, job, visit;
  const gint64 *before; /* by place */
} Step;

static void make_step(Cs3Ring *r, const Cs3AttentionSteps *steps, const Step *step) {
  gint64 n = r->places, visit = step->visit, row = step->job * r->rows + visit;
  gint64 index = step->job * r->visits + visit;
  gint64 *over = cs3_history_at(&r->over, index);
  Visit v = {.before = step->before,
             .in = visit < r->chunks ? r->never : cs3_history_at(&r->landed, row - r->chunks),
             .done = cs3_history_at(&r->done, index),
             .sent = visit < r->rows ? r->sent : r->spare,
             .vector = r->vector};
  make_visits(&v, r->c->shape.backward, steps, cs3_attention_step(r->c, step->part, visit));
  if (visit < r->rows)
    travel(r, row, visit_before(r, step->job, visit), over);
  else
    memcpy(over, r->never, sizeof *over * n);
}

void cs3_ring_job(Cs3Ring *r, const Cs3AttentionSteps *steps, gint64 part, gint64 job,
                  const gint64 *resume) {
  for (gint64 visit = 0; visit < r->visits; visit++) {
    Step step = {part, job, visit, cs3_history_at(&r->done, job * r->visits + visit - 1)};
    if (visit == 0 && resume != NULL)
      step.before = resume;
    make_step(r, steps, &step);
  }
}

const gint64 *cs3_ring_done(const Cs3Ring *r, gint64 job) {
  return cs3_history_at(&r->done, (job + 1) * r->visits - 1);
}

static gint64 latest(gint64 n, const gint64 *at) {
  gint64 most = 0;
  for (gint64 p = 0; p < n; p++)
    most = MAX(most, at[p]);
  return most;
}

gint64 cs3_ring_end(const Cs3Ring *r) {
  const Cs3AttentionCosts *c = r->c;
  gint64 end = latest(r->places, cs3_ring_done(r, c->jobs - 1));
  if (c->shape.backward && c->rows > 0) /* dK and dV are home */
    end =
        MAX(end, latest(r->places, cs3_history_at(&r->landed, c->jobs * c->rows - 1)) + r->vector);
  return end;
}

static gint64 run(const Cs3AttentionCosts *c, const Cs3AttentionSteps *steps,
                  Cs3AttentionLimits limits) {
  g_autoptr(Cs3Ring) r = cs3_ring_new(c, limits);
  for (gint64 job = 0; job < c->jobs; job++)
    cs3_ring_job(r, steps, 0, job, NULL);
  return cs3_ring_end(r);
}

static gint64 links(const Cs3AttentionCosts *c) {
  return c->jobs * c->rows * c->vector;
}

/* A row goes on when it has come in, backward when it has been worked on. */
double cs3_ring_pace(const Cs3AttentionCosts *c, double chunk) {
  double hop = (double)(c->vector + c->feed + c->hop) + (c->shape.backward ? chunk : 0);
  return MAX(hop, (double)(c->chunks * c->vector));
}

static gint64 wavelets(const Cs3AttentionCosts *c) {
  return c->places * c->rows * c->elements;
}

const Cs3AttentionOps cs3_attention_ring = {run, links, cs3_ring_pace, wavelets};
