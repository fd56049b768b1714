/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring: a place takes in chunks of the tiles of the places before it, works on them in the order in
 * which they come, and sends them on. Even positions of the snake pass on the way out, odd ones
 * back, over the router between them. Four colours: what a router sends, receives and lets through
 * differ. */
#include "config.h"

#include "fabric/attention-event/machine.h"

#define AT(port) CS3_PORT_BIT(port)

enum { TASK_BEGIN, TASK_VISITED, TASK_ARRIVED, TASK_SENT };
enum { STREAM_IN, STREAM_OUT, N_STREAMS };

static guint colour(gint64 position) {
  return (guint)(position % 2 * 2 + position / 2 % 2);
}

static guint side(const Cs3AttentionEvent *m, gint64 position, gint64 of) {
  return AT(cs3_attention_towards(m, position, of < position ? position - 1 : position + 1));
}

/* Has this row a reason to wait no longer? Row @row of all jobs is that of this visit. */
static gboolean may_send(const Cs3AttentionCosts *c, const Cs3PlaceData *d, gint64 row) {
  gint64 job = row / c->rows, visit = row % c->rows;
  if (c->shape.backward)
    return d->visited > job * c->visits + visit;
  return visit < c->chunks || d->arrived > job * c->rows + visit - c->chunks;
}

/* Worked on and, if it goes on, sent. */
static gboolean has_left(const Cs3AttentionCosts *c, const Cs3PlaceData *d, gint64 job,
                         gint64 visit) {
  return d->visited > job * c->visits + visit &&
         (visit >= c->rows || d->sent > job * c->rows + visit);
}

/* Is there a place for it? */
static gboolean may_arrive(const Cs3AttentionCosts *c, const Cs3PlaceData *d, gint64 row) {
  if (c->shape.backward)
    return row == 0 || has_left(c, d, (row - 1) / c->rows, (row - 1) % c->rows);
  gint64 before = row - c->buffers;
  return before < 0 || has_left(c, d, before / c->rows, c->chunks + before % c->rows);
}

static void grant(Cs3Pe *pe, const Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 rows = c->jobs * c->rows;
  for (; d->may_send < rows && may_send(c, d, d->may_send); d->may_send++)
    cs3_pe_grant(pe, STREAM_OUT, 1);
  for (; d->may_arrive < rows && may_arrive(c, d, d->may_arrive); d->may_arrive++)
    cs3_pe_grant(pe, STREAM_IN, 1);
}

static gboolean is_there(const Cs3AttentionCosts *c, const Cs3PlaceData *d) {
  gint64 job = d->visited / c->visits, visit = d->visited % c->visits;
  return visit < c->chunks || d->arrived > job * c->rows + visit - c->chunks;
}

/* The datapath takes the next chunk when it is there. */
static void go_on(Cs3Pe *pe, Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  while (!d->busy && d->visited < m->total && is_there(c, d))
    if (!cs3_attention_work(pe, m, d, TASK_VISITED))
      cs3_attention_visited(pe, m, d);
  grant(pe, m, d);
}

static guint begin(Cs3Pe *pe, guint32 wavelet) {
  go_on(pe, cs3_attention_machine(pe), cs3_pe_data(pe));
  return 0;
}

static guint visited(Cs3Pe *pe, guint32 wavelet) {
  Cs3AttentionEvent *m = cs3_attention_machine(pe);
  Cs3PlaceData *d = cs3_pe_data(pe);
  cs3_attention_visited(pe, m, d);
  go_on(pe, m, d);
  return 0;
}

static guint arrived(Cs3Pe *pe, guint32 row) {
  Cs3AttentionEvent *m = cs3_attention_machine(pe);
  Cs3PlaceData *d = cs3_pe_data(pe);
  if (++d->arrived == m->costs.jobs * m->costs.rows)
    cs3_pe_finish(pe);
  go_on(pe, m, d);
  return 0;
}

static guint sent(Cs3Pe *pe, guint32 row) {
  Cs3PlaceData *d = cs3_pe_data(pe);
  d->sent++;
  go_on(pe, cs3_attention_machine(pe), d);
  return 0;
}

static void in_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  const Cs3AttentionCosts *c = &m->costs;
  out->n = m->row_words;
  out->address = 4 * cs3_attention_slot(m, row / c->rows, row % c->rows + c->chunks);
}

static void out_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  const Cs3AttentionCosts *c = &m->costs;
  out->n = m->row_words;
  out->address = 4 * cs3_attention_slot(m, row / c->rows, row % c->rows);
}

static void streams(Cs3Role *role, gint64 from, gint64 at) {
  role->colour[colour(from)].in_queue = CS3_ATTENTION_QUEUE + 1;
  role->colour[colour(at)].out_queue = CS3_ATTENTION_QUEUE + 1;
  role->n_streams = N_STREAMS;
  role->stream[STREAM_IN] = (Cs3StreamUse){.kind = CS3_STREAM_STORE,
                                           .colour = (guint8)colour(from),
                                           .task = TASK_ARRIVED,
                                           .row = in_row};
  role->stream[STREAM_OUT] = (Cs3StreamUse){
      .kind = CS3_STREAM_SEND, .colour = (guint8)colour(at), .task = TASK_SENT, .row = out_row};
}

static void wire(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role) {
  gint64 n = m->costs.places;
  gint64 at = cs3_ring_place(n, place), from = cs3_ring_place(n, (place + n - 1) % n);
  gint64 to = cs3_ring_place(n, (place + 1) % n);
  cs3_role_route(role, colour(from), 0, side(m, at, from), AT(CS3_RAMP));
  cs3_role_route(role, colour(at), 0, AT(CS3_RAMP), side(m, at, to));
  streams(role, from, at);
  if (at == 0 || at + 1 == n)
    return;
  /* Between two neighbours of the other kind: those pass by. */
  gint64 before = at % 2 ? at - 1 : at + 1, after = at % 2 ? at + 1 : at - 1;
  cs3_role_route(role, colour(before), 0, side(m, at, before), side(m, at, after));
}

static void make_role(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role) {
  role->task[TASK_BEGIN] = begin;
  role->task[TASK_VISITED] = visited;
  role->task[TASK_ARRIVED] = arrived;
  role->task[TASK_SENT] = sent;
  role->start_task = TASK_BEGIN;
  if (m->costs.places > 1)
    wire(m, place, role);
}

const Cs3AttentionProgram cs3_attention_event_ring = {make_role};
