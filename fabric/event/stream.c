/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams: microthreads that are armed for the whole program and work through rows of elements as
 * tasks grant them. Rules:
 * - An element moves when its row is granted, its input has arrived, its output queue has room and
 *   the followed stream's element has moved (in this cycle at the latest).
 * - A stream keeps to the link's rate: element e of a row that began in cycle t moves at
 *   t + floor(e link) at the earliest, the next row begins at t + ceil(n link) at the earliest.
 * - A row that is taken into memory is over at t + ceil(n link); another one cycle after its last
 *   element moved. Then the task is called, before anything moves in that cycle.
 * - No issue slots are taken: they are charged to tasks. */
#include "config.h"

#include "fabric/event/inline.h"

#include "fabric/event/half.h"

static const char *const stream_name[] = {"send", "add", "store", "relay", "arrive", "leave"};

void cs3_pe_grant(Cs3Pe *pe, guint stream, guint rows) {
  Cs3Fabric *f = pe->fabric;
  Cs3PeState *state = &f->pe[pe->id];
  f->stream[state->streams + stream].granted += rows;
  if (rows)
    state->set.armed |= (guint8)(1u << stream);
  /* Without input there is nothing to do before it arrives. */
  const Cs3Cell *cell = &f->cell[pe->id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  guint queue = info->stream_queue[stream];
  if (queue == CS3_NO_SLOT || info->adders >> stream & 1 || cell->nonempty >> queue & 1)
    cs3_schedule(f, 1, pe->id, f->now + 1);
}

void cs3_pe_grant_at(Cs3Pe *pe, guint x, guint y, guint stream, guint rows) {
  Cs3Pe other = {pe->fabric, cs3_cell_at(pe->fabric, x, y), pe->now};
  cs3_pe_grant(&other, stream, rows);
}

/* Link slots: element @e of a row lies floor(e link) cycles behind the first, a row of @n takes
 * ceil(n link). */
static guint32 pace(const Cs3Fabric *f, guint32 e) {
  if (!f->link_free)
    return e;
  return (guint32)((guint64)e * f->timing.link_num / f->timing.link_den);
}

static guint32 row_cycles(const Cs3Fabric *f, guint32 n) {
  if (!f->link_free)
    return n;
  return (guint32)(((guint64)n * f->timing.link_num + f->timing.link_den - 1) / f->timing.link_den);
}

gboolean cs3_stream_begin_row(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i) {
  Cs3StreamSets *set = &f->pe[id].set;
  guint8 bit = (guint8)(1u << i);
  if (set->begun & bit)
    return TRUE;
  if (!(set->armed & bit))
    return FALSE;
  Cs3StreamState *s = &f->stream[f->pe[id].streams + i];
  Cs3Pe pe = {f, id, f->now};
  Cs3StreamRow row = {.after = CS3_STREAM_FREE};
  info->role.stream[i].row(&pe, s->row, &row);
  s->n = row.n;
  s->position = 0;
  s->address = row.address;
  s->after = row.after;
  s->start = MAX(s->start, (guint32)row.not_before + 1); /* cycle 0 is 1 here */
  set->begun |= bit;
  if (row.dry)
    set->dry |= bit;
  return TRUE;
}

/* A stream and what it works on. */
typedef struct {
  Cs3Fabric *f;
  guint32 id;
  guint i;
  const Cs3StreamUse *use;
  Cs3StreamState *s;
  Cs3WaveletChannel *in, *out; /* NULL: none; in: none is taken, either */
  guint in_slot, out_slot;
} Stream;

static Stream stream_of(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i) {
  Stream stream = {f,
                   id,
                   i,
                   &info->role.stream[i],
                   &f->stream[f->pe[id].streams + i],
                   NULL,
                   NULL,
                   info->stream_queue[i],
                   info->stream_out[i]};
  const Cs3Cell *cell = &f->cell[id];
  if (stream.in_slot != CS3_NO_SLOT && !(f->pe[id].set.dry >> i & 1))
    stream.in = cs3_channel(f, cell, &info->slot[stream.in_slot]);
  if (stream.out_slot != CS3_NO_SLOT)
    stream.out = cs3_channel(f, cell, &info->slot[stream.out_slot]);
  return stream;
}

/* Is there a wavelet to take? Control wavelets vanish. */
static gboolean input_ready(Cs3Fabric *f, guint32 id, Cs3WaveletChannel *in, guint slot) {
  if (!in->count)
    return FALSE;
  if (cs3_ready(cs3_head(in)) > f->now) {
    cs3_schedule(f, 1, id, cs3_ready(cs3_head(in)));
    return FALSE;
  }
  if (cs3_kind(cs3_head(in)) != CS3_CONTROL)
    return TRUE;
  if (in->last_pop == f->now + 1)
    return FALSE;
  if (cs3_pop(f, &f->cell[id], in, slot))
    cs3_wake_sender(f, id, NULL, TRUE);
  cs3_schedule(f, 1, id, f->now + 1);
  return FALSE;
}

/* Notes what the stream waits for when there is none. */
static gboolean output_room(Cs3Fabric *f, guint32 id, Cs3WaveletChannel *out) {
  if (cs3_has_room(f, out))
    return TRUE;
  cs3_wait_for(f, 1, id, out);
  return FALSE;
}

/* Has the stream that @stream follows moved the element that is next here? */
static gboolean is_ahead(const Stream *stream) {
  const Cs3StreamState *s = stream->s;
  return stream->f->stream[stream->f->pe[stream->id].streams + stream->use->follows - 1u].moved >
         s->after + s->position;
}

static gboolean can_move(const Stream *stream) {
  const Cs3StreamState *s = stream->s;
  if (s->start > stream->f->now) {
    cs3_schedule(stream->f, 1, stream->id, s->start);
    return FALSE;
  }
  if (stream->use->follows && s->after != CS3_STREAM_FREE && !is_ahead(stream))
    return FALSE;
  return (!stream->in || input_ready(stream->f, stream->id, stream->in, stream->in_slot)) &&
         (!stream->out || output_room(stream->f, stream->id, stream->out));
}

static guint32 take(const Stream *stream) {
  Cs3Fabric *f = stream->f;
  Cs3WaveletChannel *in = stream->in;
  if (cs3_kind(cs3_head(in)) == CS3_TRAIN)
    cs3_train_break_channel(f, stream->id, stream->in_slot);
  guint32 wavelet = cs3_head(in)->data;
  if (cs3_pop(f, &f->cell[stream->id], in, stream->in_slot))
    cs3_wake_sender(f, stream->id, NULL, TRUE);
  if (in->count)
    cs3_schedule(f, 1, stream->id, MAX(f->now + 1, cs3_ready(cs3_head(in))));
  return wavelet;
}

static void put(const Stream *stream, guint32 data, Cs3Kind kind) {
  Cs3Fabric *f = stream->f;
  guint32 ready = f->now + 1 + f->timing.ramp;
  cs3_push(stream->out, data, kind, ready);
  f->cell[stream->id].nonempty |= G_GUINT64_CONSTANT(1) << stream->out_slot;
  f->injected++;
  cs3_schedule_head(f, stream->out_slot, stream->id, ready);
}

static void move(const Stream *stream) {
  Cs3Fabric *f = stream->f;
  const Cs3StreamUse *use = stream->use;
  const Cs3StreamState *s = stream->s;
  guint32 id = stream->id, word = s->address / 4 + s->position;
  guint32 wavelet = stream->in ? take(stream) : 0, *w;
  gboolean control = FALSE;
  Cs3Pe pe = {f, id, f->now};
  switch ((Cs3StreamKind)use->kind) {
  case CS3_STREAM_SEND:
    put(stream, cs3_memory_read(f, id, word), CS3_WAVELET);
    break;
  case CS3_STREAM_SOURCE:
    wavelet = use->source(&pe, s->row, s->position, &control);
    put(stream, wavelet, control ? CS3_CONTROL : CS3_WAVELET);
    break;
  case CS3_STREAM_ADD:
    if (!stream->in)
      break;
    w = &cs3_memory_write(f, id)[word];
    *w = cs3_op_compute(CS3_OP_ADD, use->type, *w, wavelet, 0);
    break;
  case CS3_STREAM_RELAY:
    put(stream, cs3_op_compute(CS3_OP_ADD, use->type, cs3_memory_read(f, id, word), wavelet, 0),
        CS3_WAVELET);
    break;
  case CS3_STREAM_STORE:
    cs3_memory_write(f, id)[word] = wavelet;
    break;
  case CS3_STREAM_SINK:
    use->sink(&pe, s->row, s->position, wavelet);
    break;
  }
}

/* More of the row may move without any arrival to wake the PE. */
static gboolean goes_on(const Stream *stream) {
  if (stream->use->follows && stream->s->after != CS3_STREAM_FREE)
    return is_ahead(stream);
  return !stream->in;
}

void cs3_stream_end_row(Cs3Fabric *f, guint32 id, guint i) {
  const Cs3StreamUse *use = &cs3_role_of(f, &f->cell[id])->role.stream[i];
  guint kind = use->kind;
  Cs3StreamState *s = &f->stream[f->pe[id].streams + i];
  Cs3StreamSets *set = &f->pe[id].set;
  guint8 bit = (guint8)(1u << i);
  guint32 last = s->start; /* cycle after the last element's */
  s->start = MAX(last, s->first + row_cycles(f, s->n));
  s->over = kind == CS3_STREAM_ADD || kind == CS3_STREAM_STORE ? s->start : last;
  s->row++;
  if (f->trace)
    f->trace(f->trace_data, stream_name[kind], f->cell[id].x, f->cell[id].y, 1 + i, s->first, last);
  set->begun &= (guint8)~bit;
  set->dry &= (guint8)~bit;
  if (s->row == s->granted)
    set->armed &= (guint8)~bit;
  gboolean tells = use->task < CS3_EVENT_TASKS;
  if (tells)
    set->over |= bit;
  if ((tells || set->armed & bit) && s->over > f->now)
    cs3_schedule(f, 1, id, s->over);
}

static void move_one(const Stream *stream) {
  Cs3Fabric *f = stream->f;
  Cs3StreamState *s = stream->s;
  move(stream);
  if (s->position++ == 0)
    s->first = f->now;
  s->moved++;
  s->start = f->now + 1;
  if (s->position == s->n) {
    cs3_stream_end_row(f, stream->id, stream->i);
    return;
  }
  s->start = MAX(s->start, s->first + pace(f, s->position));
  if (goes_on(stream))
    cs3_schedule(f, 1, stream->id, s->start);
}

/* Tells the tasks whose rows are over. */
static void tell(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  Cs3PeState *pe = &f->pe[id];
  for (guint m = pe->set.over; m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    const Cs3StreamState *s = &f->stream[pe->streams + i];
    if (s->over > f->now)
      continue;
    pe->set.over &= (guint8) ~(1u << i);
    cs3_call_task(f, id, info->role.stream[i].task, s->row - 1, f->now);
  }
}

/* Streams that may have something to do: the others of those that are armed wait for input. */
static guint due(const Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  const Cs3StreamSets *set = &f->pe[id].set;
  guint arrived = 0;
  for (guint m = (guint)(f->cell[id].nonempty >> info->n_router); m; m &= m - 1)
    arrived |= info->queue_streams[__builtin_ctz(m)];
  return set->armed & (arrived | info->senders | set->dry | (info->adders & ~(guint)set->begun));
}

void cs3_streams_tick(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  const Cs3StreamSets *set = &f->pe[id].set;
  if (set->flowing)
    cs3_streams_finish_trains(f, id);
  if (set->over)
    tell(f, id, info);
  if (set->flowing & ~set->fused)
    cs3_streams_catch_up(f, id, info);
  for (guint m = due(f, id, info); m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    if (set->fed >> i & 1)
      cs3_stream_feed(f, id, info, i);
    if (set->flowing >> i & 1 || !cs3_stream_begin_row(f, id, info, i))
      continue;
    Stream stream = stream_of(f, id, info, i);
    if (can_move(&stream) && !(f->trains && cs3_stream_flow(f, id, info, i)))
      move_one(&stream);
  }
}
