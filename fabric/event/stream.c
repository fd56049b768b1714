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

static Cs3Channel *input(const Cs3Fabric *f, guint32 id, guint colour, guint *slot) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  *slot = info->queue_of[colour];
  return cs3_channel(f, &f->cell[id], &info->slot[*slot]);
}

static Cs3Channel *output(const Cs3Fabric *f, guint32 id, guint colour, guint *slot) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  *slot = info->slot_of[CS3_RAMP][colour];
  return cs3_channel(f, &f->cell[id], &info->slot[*slot]);
}

void cs3_pe_grant(Cs3Pe *pe, guint stream, guint rows) {
  Cs3Fabric *f = pe->fabric;
  f->stream[f->pe[pe->id].streams + stream].granted += rows;
  cs3_schedule(f, 1, pe->id, f->now + 1);
}

void cs3_pe_grant_at(Cs3Pe *pe, guint x, guint y, guint stream, guint rows) {
  Cs3Pe other = {pe->fabric, cs3_cell_at(pe->fabric, x, y), pe->now};
  cs3_pe_grant(&other, stream, rows);
}

static gboolean takes_input(const Cs3StreamUse *use) {
  return use->kind != CS3_STREAM_SEND && use->kind != CS3_STREAM_SOURCE;
}

static gint output_colour(const Cs3StreamUse *use) {
  if (use->kind == CS3_STREAM_SEND || use->kind == CS3_STREAM_SOURCE)
    return use->colour;
  return use->kind == CS3_STREAM_RELAY ? use->to_colour : -1;
}

/* Link slots: element @e of a row lies floor(e link) cycles behind the first, a row of @n takes
 * ceil(n link). */
static guint32 pace(const Cs3Fabric *f, guint32 e) {
  return (guint32)((guint64)e * f->timing.link_num / f->timing.link_den);
}

static guint32 row_cycles(const Cs3Fabric *f, guint32 n) {
  return (guint32)(((guint64)n * f->timing.link_num + f->timing.link_den - 1) / f->timing.link_den);
}

static gboolean begin_row(Cs3Fabric *f, guint32 id, const Cs3StreamUse *use, Cs3StreamState *s) {
  if (s->row == s->granted)
    return FALSE;
  Cs3Pe pe = {f, id, f->now};
  Cs3StreamRow row = {.after = CS3_STREAM_FREE};
  use->row(&pe, s->row, &row);
  s->n = row.n;
  s->position = 0;
  s->address = row.address;
  s->after = row.after;
  s->dry = row.dry;
  s->start = MAX(s->start, (guint32)row.not_before + 1); /* cycle 0 is 1 here */
  return TRUE;
}

static gboolean input_ready(const Cs3Fabric *f, guint32 id, const Cs3StreamUse *use) {
  guint slot;
  Cs3Channel *in = input(f, id, use->colour, &slot);
  return in->count && cs3_ready(cs3_head(in)) <= f->now && cs3_kind(cs3_head(in)) == CS3_WAVELET;
}

/* Notes what the stream waits for when there is none. */
static gboolean output_room(Cs3Fabric *f, guint32 id, guint colour) {
  guint slot;
  Cs3Channel *out = output(f, id, colour, &slot);
  if (cs3_has_room(f, out))
    return TRUE;
  if (out->last_pop == f->now + 1)
    cs3_schedule(f, 1, id, f->now + 1);
  else
    out->flags |= CS3_CHANNEL_WAITED;
  return FALSE;
}

static gboolean can_move(Cs3Fabric *f, guint32 id, const Cs3StreamUse *use,
                         const Cs3StreamState *s) {
  if (s->start > f->now) {
    cs3_schedule(f, 1, id, s->start);
    return FALSE;
  }
  if (use->follows && s->after != CS3_STREAM_FREE &&
      f->stream[f->pe[id].streams + use->follows - 1u].moved <= s->after + s->position)
    return FALSE;
  if (takes_input(use) && !s->dry && !input_ready(f, id, use))
    return FALSE;
  gint colour = output_colour(use);
  return colour < 0 || output_room(f, id, (guint)colour);
}

static guint32 take(Cs3Fabric *f, guint32 id, guint colour) {
  guint slot;
  Cs3Channel *in = input(f, id, colour, &slot);
  guint32 wavelet = cs3_head(in)->data;
  if (cs3_pop(f, &f->cell[id], in, slot))
    cs3_wake_sender(f, id, NULL, TRUE);
  if (in->count && cs3_ready(cs3_head(in)) <= f->now + 1)
    cs3_schedule(f, 1, id, f->now + 1);
  return wavelet;
}

static void put(Cs3Fabric *f, guint32 id, guint colour, guint32 data, Cs3Kind kind) {
  guint slot;
  Cs3Channel *out = output(f, id, colour, &slot);
  guint32 ready = f->now + 1 + f->timing.ramp;
  cs3_push(out, data, kind, ready);
  f->cell[id].nonempty |= G_GUINT64_CONSTANT(1) << slot;
  f->injected++;
  cs3_schedule_head(f, slot, id, ready);
}

static void move(Cs3Fabric *f, guint32 id, const Cs3StreamUse *use, Cs3StreamState *s) {
  guint32 word = s->address / 4 + s->position, wavelet = 0;
  gboolean control = FALSE;
  Cs3Pe pe = {f, id, f->now};
  if (s->dry)
    return;
  if (takes_input(use))
    wavelet = take(f, id, use->colour);
  switch ((Cs3StreamKind)use->kind) {
  case CS3_STREAM_SEND:
    put(f, id, use->colour, cs3_memory_read(f, id, word), CS3_WAVELET);
    break;
  case CS3_STREAM_SOURCE:
    wavelet = use->source(&pe, s->row, s->position, &control);
    put(f, id, use->colour, wavelet, control ? CS3_CONTROL : CS3_WAVELET);
    break;
  case CS3_STREAM_ADD:
    cs3_memory_write(f, id)[word] =
        cs3_op_compute(CS3_OP_ADD, use->type, cs3_memory_read(f, id, word), wavelet, 0);
    break;
  case CS3_STREAM_RELAY:
    put(f, id, use->to_colour,
        cs3_op_compute(CS3_OP_ADD, use->type, cs3_memory_read(f, id, word), wavelet, 0),
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
static gboolean goes_on(const Cs3Fabric *f, guint32 id, const Cs3StreamUse *use,
                        const Cs3StreamState *s) {
  if (use->follows && s->after != CS3_STREAM_FREE)
    return f->stream[f->pe[id].streams + use->follows - 1u].moved > s->after + s->position;
  return s->dry || !takes_input(use);
}

static void move_one(Cs3Fabric *f, guint32 id, const Cs3StreamUse *use, Cs3StreamState *s) {
  move(f, id, use, s);
  if (s->position++ == 0)
    s->first = f->now;
  s->moved++;
  s->start = MAX(f->now + 1, s->first + pace(f, s->position));
  if (s->position < s->n) {
    if (goes_on(f, id, use, s))
      cs3_schedule(f, 1, id, s->start);
    return;
  }
  s->start = MAX(f->now + 1, s->first + row_cycles(f, s->n));
  s->over = use->kind == CS3_STREAM_ADD || use->kind == CS3_STREAM_STORE ? s->start : f->now + 1;
  s->over_row = s->row++;
  if (f->trace)
    f->trace(f->trace_data, stream_name[use->kind], f->cell[id].x, f->cell[id].y,
             1 + (guint)(s - &f->stream[f->pe[id].streams]), s->first, f->now + 1);
  s->n = 0;
  cs3_schedule(f, 1, id, s->over);
}

void cs3_streams_tick(Cs3Fabric *f, guint32 id) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  Cs3StreamState *stream = &f->stream[f->pe[id].streams];
  for (guint i = 0; i < info->role.n_streams; i++) {
    Cs3StreamState *s = &stream[i];
    if (!s->over || s->over > f->now)
      continue;
    s->over = 0;
    if (info->role.stream[i].task < CS3_EVENT_TASKS)
      cs3_call_task(f, id, info->role.stream[i].task, s->over_row, f->now);
  }
  for (guint i = 0; i < info->role.n_streams; i++) {
    const Cs3StreamUse *use = &info->role.stream[i];
    Cs3StreamState *s = &stream[i];
    if ((s->n || begin_row(f, id, use, s)) && can_move(f, id, use, s))
      move_one(f, id, use, s);
  }
}
