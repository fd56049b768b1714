/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring: a place takes in chunks of the tiles of the places before it, works on them in the order in
 * which they come, and sends them on. Even positions of the snake pass on the way out, odd ones
 * back, over the router between them. Four colours: what a router sends, receives and lets through
 * differ. Grid: a ring in every line, and behind each job rows of sums from line to line, on two
 * colours that take turns, in a lane of their own. */
#include "config.h"

#include "fabric/attention-event/machine.h"

#define AT(port) CS3_PORT_BIT(port)

enum {
  TASK_BEGIN,
  TASK_VISITED,
  TASK_ARRIVED,
  TASK_SENT,
  TASK_MERGED,
  TASK_SUMS_ARRIVED,
  TASK_SUMS_SENT
};
enum { STREAM_IN, STREAM_OUT, N_STREAMS };
enum { SUMS_COLOUR = 4 };

/* @position: from the beginning of the ring's path. */
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

/* Sums come from the line after this one, and go to the one before. */
static gboolean takes_sums(const Cs3AttentionCosts *c, const Cs3PlaceData *d) {
  return cs3_attention_part(c, d->place) + 1 < c->parts;
}

static gboolean sends_sums(const Cs3AttentionCosts *c, const Cs3PlaceData *d) {
  return cs3_attention_part(c, d->place) > 0;
}

/* Streams of rows come first, where there are any. */
static guint sums_in(const Cs3AttentionCosts *c) {
  return c->places > 1 ? N_STREAMS : 0;
}

static guint sums_out(const Cs3AttentionCosts *c, const Cs3PlaceData *d) {
  return sums_in(c) + (takes_sums(c, d) ? 1 : 0);
}

static void grant(Cs3Pe *pe, const Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 rows = c->jobs * c->rows;
  for (; d->may_send < rows && may_send(c, d, d->may_send); d->may_send++)
    cs3_pe_grant(pe, STREAM_OUT, 1);
  for (; d->may_arrive < rows && may_arrive(c, d, d->may_arrive); d->may_arrive++)
    cs3_pe_grant(pe, STREAM_IN, 1);
  /* What sums land in is free when those before have been merged. */
  for (; takes_sums(c, d) && d->sums_may_arrive < MIN(d->merged + 1, c->jobs); d->sums_may_arrive++)
    cs3_pe_grant(pe, sums_in(c), 1);
}

/* Are all visits of a job over whose sums are not merged yet? */
static gboolean merge_is_due(const Cs3AttentionCosts *c, const Cs3PlaceData *d) {
  return c->parts > 1 && d->visited == (d->merged + 1) * c->visits;
}

static gboolean may_merge(const Cs3AttentionCosts *c, const Cs3PlaceData *d) {
  return (!takes_sums(c, d) || d->sums_arrived > d->merged) &&
         (!sends_sums(c, d) || d->sums_sent == d->merged);
}

static void merge(Cs3Pe *pe, Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  guint32 *sums = cs3_pe_memory(pe) + m->sums_word;
  cs3_attention_merge(m, d, takes_sums(c, d) ? sums : NULL,
                      sends_sums(c, d) ? sums + c->merge_elements : NULL);
  if (!sends_sums(c, d))
    cs3_attention_end_job(m, d, d->merged);
  d->busy = FALSE;
  if (++d->merged == c->jobs)
    cs3_pe_finish(pe);
  if (sends_sums(c, d))
    cs3_pe_grant(pe, sums_out(c, d), 1);
}

static gboolean is_there(const Cs3AttentionCosts *c, const Cs3PlaceData *d) {
  gint64 job = d->visited / c->visits, visit = d->visited % c->visits;
  return visit < c->chunks || d->arrived > job * c->rows + visit - c->chunks;
}

/* The datapath takes the next chunk, or the sums of a job that is over, when they are there.
 * Returns: %FALSE: it has to wait. */
static gboolean next(Cs3Pe *pe, Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  if (merge_is_due(c, d)) {
    if (!may_merge(c, d))
      return FALSE;
    if (!cs3_attention_work(pe, m, d, c->visits, TASK_MERGED))
      merge(pe, m, d);
    return TRUE;
  }
  if (d->visited == m->total || !is_there(c, d))
    return FALSE;
  if (!cs3_attention_work(pe, m, d, d->visited % c->visits, TASK_VISITED))
    cs3_attention_visited(pe, m, d);
  return TRUE;
}

static void go_on(Cs3Pe *pe, Cs3AttentionEvent *m, Cs3PlaceData *d) {
  while (!d->busy && next(pe, m, d))
    continue;
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

static guint merged(Cs3Pe *pe, guint32 wavelet) {
  Cs3AttentionEvent *m = cs3_attention_machine(pe);
  Cs3PlaceData *d = cs3_pe_data(pe);
  merge(pe, m, d);
  go_on(pe, m, d);
  return 0;
}

static guint sums_arrived(Cs3Pe *pe, guint32 row) {
  Cs3PlaceData *d = cs3_pe_data(pe);
  d->sums_arrived++;
  go_on(pe, cs3_attention_machine(pe), d);
  return 0;
}

static guint sums_sent(Cs3Pe *pe, guint32 row) {
  Cs3PlaceData *d = cs3_pe_data(pe);
  d->sums_sent++;
  go_on(pe, cs3_attention_machine(pe), d);
  return 0;
}

static void sums_in_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  out->n = (guint)m->costs.merge_elements;
  out->address = 4 * m->sums_word;
}

static void sums_out_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  out->n = (guint)m->costs.merge_elements;
  out->address = 4 * (m->sums_word + (guint)m->costs.merge_elements);
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

static void bind_sums(Cs3Role *role, guint colour, gboolean in) {
  role->colour[colour].lane = CS3_LANE_OWN;
  if (in)
    role->colour[colour].in_queue = CS3_ATTENTION_UP_QUEUE + 1;
  else
    role->colour[colour].out_queue = CS3_ATTENTION_UP_QUEUE + 1;
}

/* Parts lie in the lines from the first on. */
static void wire_sums(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role) {
  const Cs3AttentionCosts *c = &m->costs;
  const Cs3PlaceData d = {.place = place};
  gint64 part = cs3_attention_part(c, place);
  guint own = SUMS_COLOUR + (guint)(part % 2), other = SUMS_COLOUR + (guint)((part + 1) % 2);
  role->task[TASK_MERGED] = merged;
  role->task[TASK_SUMS_ARRIVED] = sums_arrived;
  role->task[TASK_SUMS_SENT] = sums_sent;
  if (takes_sums(c, &d)) {
    cs3_role_route(role, other, 0, AT(CS3_S), AT(CS3_RAMP));
    bind_sums(role, other, TRUE);
    role->stream[role->n_streams++] = (Cs3StreamUse){.kind = CS3_STREAM_STORE,
                                                     .colour = (guint8)other,
                                                     .task = TASK_SUMS_ARRIVED,
                                                     .row = sums_in_row};
  }
  if (sends_sums(c, &d)) {
    cs3_role_route(role, own, 0, AT(CS3_RAMP), AT(CS3_N));
    bind_sums(role, own, FALSE);
    role->stream[role->n_streams++] = (Cs3StreamUse){.kind = CS3_STREAM_SEND,
                                                     .colour = (guint8)own,
                                                     .task = TASK_SUMS_SENT,
                                                     .row = sums_out_row};
  }
}

static void wire(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role) {
  gint64 n = m->costs.places, local = place % n, base = place - local;
  gint64 at = base + cs3_ring_place(n, local);
  gint64 from = base + cs3_ring_place(n, (local + n - 1) % n);
  gint64 to = base + cs3_ring_place(n, (local + 1) % n);
  cs3_role_route(role, colour(from - base), 0, side(m, at, from), AT(CS3_RAMP));
  cs3_role_route(role, colour(at - base), 0, AT(CS3_RAMP), side(m, at, to));
  streams(role, from - base, at - base);
  if (at == base || at + 1 == base + n)
    return;
  /* Between two neighbours of the other kind: those pass by. */
  gint64 before = (at - base) % 2 ? at - 1 : at + 1, after = (at - base) % 2 ? at + 1 : at - 1;
  cs3_role_route(role, colour(before - base), 0, side(m, at, before), side(m, at, after));
}

static void make_role(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role) {
  role->task[TASK_BEGIN] = begin;
  role->task[TASK_VISITED] = visited;
  role->task[TASK_ARRIVED] = arrived;
  role->task[TASK_SENT] = sent;
  role->start_task = TASK_BEGIN;
  if (m->costs.places > 1)
    wire(m, place, role);
  if (m->costs.parts > 1)
    wire_sums(m, place, role);
}

const Cs3AttentionProgram cs3_attention_event_ring = {make_role};
const Cs3AttentionProgram cs3_attention_event_grid = {make_role};
