/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Gather: the places of the snake multicast their chunks one after the other, up and down the
 * snake, and take in all of them, their own ones too. A row is sent when the one before has passed
 * its owner and two tokens have: one from either end, which every place lets pass when it has room
 * for the row. Tokens have lanes of their own. */
#include "config.h"

#include "fabric/attention-event/machine.h"

#define AT(port) CS3_PORT_BIT(port)

enum { TASK_BEGIN, TASK_VISITED, TASK_ABOVE, TASK_BELOW, TASK_TOLD_ABOVE, TASK_TOLD_BELOW };
enum {
  STREAM_ABOVE,
  STREAM_BELOW,
  STREAM_SEND_DOWN,
  STREAM_SEND_UP,
  STREAM_TOKEN_DOWN,
  STREAM_TOKEN_UP,
  N_STREAMS
};
/* Tokens: two colours each way, by turns. */
enum { COLOUR_DOWN, COLOUR_UP, COLOUR_TOKEN_DOWN, COLOUR_TOKEN_UP = COLOUR_TOKEN_DOWN + 2 };

/* Rows of a job whose owner is @place or before it; after it. */
static gint64 rows_above(const Cs3AttentionCosts *c, gint64 place) {
  return (place + 1) * c->chunks;
}

static gint64 rows_below(const Cs3AttentionCosts *c, gint64 place) {
  return c->rows - rows_above(c, place);
}

/* The @k-th row of all jobs that comes from above or from here, from below. */
static gint64 above(const Cs3AttentionCosts *c, gint64 place, gint64 k) {
  gint64 n = rows_above(c, place);
  return k / n * c->rows + k % n;
}

static gint64 below(const Cs3AttentionCosts *c, gint64 place, gint64 k) {
  gint64 n = rows_below(c, place);
  return k / n * c->rows + rows_above(c, place) + k % n;
}

/* The next row is this place's, the one before has passed, all have room. */
static void try_send(Cs3Pe *pe, const Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 row = d->arrived;
  if (row >= c->jobs * c->rows || row % c->rows / c->chunks != d->place || d->may_send > row ||
      d->above <= row || d->below <= row)
    return;
  d->may_send = row + 1;
  cs3_pe_grant(pe, STREAM_SEND_DOWN, 1);
  if (d->place > 0)
    cs3_pe_grant(pe, STREAM_SEND_UP, 1);
}

/* Tokens of rows for which there is a buffer. */
static void let_tokens_pass(Cs3Pe *pe, const Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 rows = MIN(c->jobs * c->rows, d->visited + c->buffers);
  cs3_pe_grant(pe, STREAM_TOKEN_DOWN, (guint)(rows - d->may_arrive));
  cs3_pe_grant(pe, STREAM_TOKEN_UP, (guint)(rows - d->may_arrive));
  d->may_arrive = rows;
}

static void go_on(Cs3Pe *pe, Cs3AttentionEvent *m, Cs3PlaceData *d) {
  gboolean alone = m->costs.places == 1;
  while (!d->busy && d->visited < m->total && (alone || d->arrived > d->visited))
    if (!cs3_attention_work(pe, m, d, d->visited % m->costs.visits, TASK_VISITED))
      cs3_attention_visited(pe, m, d);
  if (alone)
    return;
  let_tokens_pass(pe, m, d);
  try_send(pe, m, d);
}

static guint begin(Cs3Pe *pe, guint32 wavelet) {
  Cs3AttentionEvent *m = cs3_attention_machine(pe);
  Cs3PlaceData *d = cs3_pe_data(pe);
  const Cs3AttentionCosts *c = &m->costs;
  if (c->places > 1) { /* no row comes for which there is no room */
    cs3_pe_grant(pe, STREAM_ABOVE, (guint)(c->jobs * rows_above(c, d->place)));
    cs3_pe_grant(pe, STREAM_BELOW, (guint)(c->jobs * rows_below(c, d->place)));
  }
  go_on(pe, m, d);
  return 0;
}

static guint visited(Cs3Pe *pe, guint32 wavelet) {
  Cs3AttentionEvent *m = cs3_attention_machine(pe);
  Cs3PlaceData *d = cs3_pe_data(pe);
  cs3_attention_visited(pe, m, d);
  go_on(pe, m, d);
  return 0;
}

static guint landed(Cs3Pe *pe, gint64 row) {
  Cs3AttentionEvent *m = cs3_attention_machine(pe);
  Cs3PlaceData *d = cs3_pe_data(pe);
  if (row != d->arrived) {
    cs3_pe_fail(pe, "rows of keys overtook each other");
    return 0;
  }
  d->arrived++;
  go_on(pe, m, d);
  return 0;
}

static gint64 place_of(const Cs3Pe *pe) {
  const Cs3PlaceData *d = cs3_pe_data(pe);
  return d->place;
}

static guint landed_above(Cs3Pe *pe, guint32 row) {
  return landed(pe, above(&cs3_attention_machine(pe)->costs, place_of(pe), row));
}

static guint landed_below(Cs3Pe *pe, guint32 row) {
  return landed(pe, below(&cs3_attention_machine(pe)->costs, place_of(pe), row));
}

static guint told_above(Cs3Pe *pe, guint32 row) {
  Cs3PlaceData *d = cs3_pe_data(pe);
  d->above = row + 1;
  try_send(pe, cs3_attention_machine(pe), d);
  return 0;
}

static guint told_below(Cs3Pe *pe, guint32 row) {
  Cs3PlaceData *d = cs3_pe_data(pe);
  d->below = row + 1;
  try_send(pe, cs3_attention_machine(pe), d);
  return 0;
}

static void describe(const Cs3AttentionEvent *m, gint64 row, Cs3StreamRow *out) {
  out->n = m->row_words;
  out->address = 4 * cs3_attention_slot(m, row / m->costs.rows, row % m->costs.rows);
}

static void above_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  describe(m, above(&m->costs, place_of(pe), row), out);
}

static void below_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  describe(m, below(&m->costs, place_of(pe), row), out);
}

/* Own rows lie in the order in which they are sent. */
static void own_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  out->n = m->row_words;
  out->address = 4 * row * m->row_words;
}

/* A token's word says nothing: it is added to one of the first row, and dropped at the end. */
static void token_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  out->n = 1;
}

static void drop(Cs3Pe *pe, guint32 row, guint32 element, guint32 wavelet) {}

/* Own rows, on their way up, are not for this place: they came the other way. */
static gboolean not_own(Cs3Pe *pe, guint32 count) {
  const Cs3AttentionEvent *m = cs3_attention_machine(pe);
  const Cs3AttentionCosts *c = &m->costs;
  gint64 passing = (c->places - place_of(pe)) * c->chunks;
  return count / m->row_words % passing >= c->chunks;
}

static void bind(Cs3Role *role, guint colour, guint queue, Cs3Lane lane) {
  role->colour[colour].in_queue = role->colour[colour].out_queue = (guint8)(queue + 1);
  role->colour[colour].lane = (guint8)lane;
}

static void row_role(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role) {
  gboolean first = place == 0, last = place + 1 == m->costs.places;
  guint up = first ? 0 : AT(cs3_attention_towards(m, place, place - 1));
  guint down = last ? 0 : AT(cs3_attention_towards(m, place, place + 1));
  cs3_role_route(role, COLOUR_DOWN, 0, AT(CS3_RAMP) | up, AT(CS3_RAMP) | down);
  cs3_role_route(role, COLOUR_UP, 0, (first ? 0 : AT(CS3_RAMP)) | down,
                 (last ? 0 : AT(CS3_RAMP)) | up);
  bind(role, COLOUR_DOWN, CS3_ATTENTION_QUEUE, CS3_LANE_LINKS);
  bind(role, COLOUR_UP, CS3_ATTENTION_UP_QUEUE, CS3_LANE_LINKS);
  if (!first && !last)
    role->colour[COLOUR_UP].filter =
        (Cs3Filter){.kind = CS3_FILTER_SPARSE, .keep = not_own, .run = m->row_words};
  role->stream[STREAM_ABOVE] = (Cs3StreamUse){
      .kind = CS3_STREAM_STORE, .colour = COLOUR_DOWN, .task = TASK_ABOVE, .row = above_row};
  role->stream[STREAM_BELOW] = (Cs3StreamUse){
      .kind = CS3_STREAM_STORE, .colour = COLOUR_UP, .task = TASK_BELOW, .row = below_row};
  role->stream[STREAM_SEND_DOWN] = (Cs3StreamUse){
      .kind = CS3_STREAM_SEND, .colour = COLOUR_DOWN, .task = CS3_EVENT_TASKS, .row = own_row};
  role->stream[STREAM_SEND_UP] = (Cs3StreamUse){
      .kind = CS3_STREAM_SEND, .colour = COLOUR_UP, .task = CS3_EVENT_TASKS, .row = own_row};
}

/* Tokens one way: from @from (-1: they begin here) to @to (-1: they end here). */
static void token_role(const Cs3AttentionEvent *m, gint64 place, gint64 from, gint64 to,
                       guint colour, guint queue, Cs3StreamUse *use, Cs3Role *role) {
  guint out = colour + (guint)place % 2, in = colour + (guint)(place + 1) % 2;
  use->row = token_row;
  use->type = CS3_TYPE_U32;
  if (to >= 0) {
    cs3_role_route(role, out, 0, AT(CS3_RAMP), AT(cs3_attention_towards(m, place, to)));
    bind(role, out, queue, CS3_LANE_OWN);
  }
  if (from >= 0) {
    cs3_role_route(role, in, 0, AT(cs3_attention_towards(m, place, from)), AT(CS3_RAMP));
    bind(role, in, queue, CS3_LANE_OWN);
  }
  use->kind = from < 0 ? CS3_STREAM_SEND : to < 0 ? CS3_STREAM_SINK : CS3_STREAM_RELAY;
  use->colour = (guint8)(from < 0 ? out : in);
  use->to_colour = (guint8)out;
  use->sink = to < 0 ? drop : NULL;
}

static void make_role(const Cs3AttentionEvent *m, gint64 place, Cs3Role *role) {
  gint64 before = place - 1, after = place + 1 < m->costs.places ? place + 1 : -1;
  role->task[TASK_BEGIN] = begin;
  role->task[TASK_VISITED] = visited;
  role->task[TASK_ABOVE] = landed_above;
  role->task[TASK_BELOW] = landed_below;
  role->task[TASK_TOLD_ABOVE] = told_above;
  role->task[TASK_TOLD_BELOW] = told_below;
  role->start_task = TASK_BEGIN;
  if (m->costs.places == 1)
    return;
  role->n_streams = N_STREAMS;
  row_role(m, place, role);
  role->stream[STREAM_TOKEN_DOWN].task = TASK_TOLD_ABOVE;
  role->stream[STREAM_TOKEN_UP].task = TASK_TOLD_BELOW;
  token_role(m, place, before, after, COLOUR_TOKEN_DOWN, CS3_ATTENTION_TOKEN_QUEUE,
             &role->stream[STREAM_TOKEN_DOWN], role);
  token_role(m, place, after, before, COLOUR_TOKEN_UP, CS3_ATTENTION_TOKEN_QUEUE + 1,
             &role->stream[STREAM_TOKEN_UP], role);
}

const Cs3AttentionProgram cs3_attention_event_gather = {make_role};
