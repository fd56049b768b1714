/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Streams that take or send trains. The memory of a row belongs to its stream from the grant until
 * the task is told that the row is over: so what a train brings is written when it has passed, and
 * what one takes along is read when it starts.
 *
 * A stream that follows another flows
 * - in step with it, from the same cycle and for as many elements: what it reads is what the other
 *   has just computed. If one of the two is disturbed both go on singly;
 * - or fed by it: the other moves singly, the follower promises a train of the rest of its row and
 *   ends it in the cycle in which the other does not move. Of its payload only the words of past
 *   cycles are known; receivers need no more;
 * - or from memory, where the other is far ahead. */
#include "config.h"

#include "fabric/event/inline.h"

#include <string.h>

static const Cs3StreamUse *use_of(const Cs3Fabric *f, guint32 id, guint i) {
  return &cs3_role_of(f, &f->cell[id])->role.stream[i];
}

static Cs3StreamState *state_of(const Cs3Fabric *f, guint32 id, guint i) {
  return &f->stream[f->pe[id].streams + i];
}

/* 1 + the stream that flows in step with @i; 0: none. */
static guint partner(const Cs3Fabric *f, guint32 id, guint i) {
  if (!(f->pe[id].set.fused >> i & 1))
    return 0;
  guint follows = use_of(f, id, i)->follows;
  return follows ? follows : cs3_role_of(f, &f->cell[id])->follower[i];
}

static guint32 word_of(const Cs3StreamState *s) {
  return s->address / 4 + s->position;
}

/* What memory holds after the next @n elements of an adding stream, with what train @in brings. */
static Cs3Payload *sums(const Cs3Fabric *f, guint32 id, guint i, guint32 in, guint32 n) {
  Cs3Payload *payload = cs3_payload_new(n);
  cs3_memory_read_run(f, id, word_of(state_of(f, id, i)), n, payload->w);
  if (in == CS3_NO_TRAIN)
    return payload;
  payload->known = 0;
  payload->type = use_of(f, id, i)->type;
  payload->from = cs3_train(f, in)->payload;
  payload->from->refs++;
  return payload;
}

static void begin_flow(Cs3Fabric *f, guint32 id, guint i, guint32 in, guint32 n) {
  Cs3StreamState *s = state_of(f, id, i);
  s->flow = (Cs3Flow){.in = in, .out = CS3_NO_TRAIN, .start = f->now, .n = n};
  f->pe[id].set.flowing |= (guint8)(1u << i);
  if (s->position == 0)
    s->first = f->now;
  if (in != CS3_NO_TRAIN) {
    cs3_train(f, in)->taken = 1;
    cs3_train(f, in)->start = f->now;
    cs3_flow_begins(f, id, cs3_train(f, in)->slot);
    cs3_train(f, in)->flow = (guint16)(CS3_STREAM_FLOW + i);
  }
  cs3_schedule(f, 1, id, f->now + n);
}

static void send(Cs3Fabric *f, guint32 id, guint i, Cs3Payload *payload, guint32 n) {
  guint slot, lat = 1 + f->timing.ramp;
  cs3_output(f, id, use_of(f, id, i)->colour, &slot);
  guint32 out = cs3_train_new(f, id, slot, payload, n, f->now + lat, lat);
  cs3_train(f, out)->from_cell = id;
  cs3_train(f, out)->flow = (guint16)(CS3_STREAM_FLOW + i);
  state_of(f, id, i)->flow.out = out;
  cs3_schedule(f, 0, id, f->now + lat);
}

static gboolean way_is_free(const Cs3Fabric *f, guint32 id, guint i, guint32 n) {
  guint slot;
  return cs3_train_can_enter(f, cs3_output(f, id, use_of(f, id, i)->colour, &slot), n);
}

/* From memory; a follower: what the followed one has left behind. */
static void flow_out(Cs3Fabric *f, guint32 id, guint i, guint32 n) {
  Cs3Payload *payload = cs3_payload_new(n);
  cs3_memory_read_run(f, id, word_of(state_of(f, id, i)), n, payload->w);
  begin_flow(f, id, i, CS3_NO_TRAIN, n);
  send(f, id, i, payload, n);
  cs3_payload_unref(payload);
}

/* Word by word, close behind the followed stream: if that one moves in every cycle, what leaves is
 * a train, whatever has arrived. */
static void flow_fed(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i, guint32 n) {
  Cs3StreamState *s = state_of(f, id, i);
  s->words = cs3_payload_new(n);
  s->words->known = 0;
  begin_flow(f, id, i, CS3_NO_TRAIN, n);
  send(f, id, i, s->words, n);
  f->pe[id].set.fed |= (guint8)(1u << i);
  cs3_stream_feed(f, id, info, i);
}

static gboolean flow_from_memory(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i,
                                 guint32 n) {
  const Cs3StreamUse *use = use_of(f, id, i);
  const Cs3StreamState *s = state_of(f, id, i);
  guint32 ready = n;
  if (use->follows && s->after != CS3_STREAM_FREE)
    ready = MIN(n, state_of(f, id, use->follows - 1)->moved - s->after - s->position);
  if (!way_is_free(f, id, i, n))
    return FALSE;
  if (ready >= CS3_STREAM_TRAIN_MIN || ready == n)
    flow_out(f, id, i, ready);
  else
    flow_fed(f, id, info, i, n);
  return TRUE;
}

void cs3_stream_feed(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i) {
  const Cs3StreamState *s = state_of(f, id, i);
  const Cs3StreamState *followed = state_of(f, id, info->role.stream[i].follows - 1u);
  guint32 k = f->now - s->flow.start;
  if (followed->moved <= s->after + s->position + k) {
    cs3_stream_break(f, id, i);
    return;
  }
  s->words->w[k] = cs3_memory_read(f, id, word_of(s) + k);
  s->words->known = k + 1;
  cs3_schedule(f, 1, id, f->now + 1);
}

/* What the follower of stream @i does meanwhile. */
typedef enum { IN_STEP, ELSEWHERE, BEHIND } Step;
static Step step_of(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i, guint32 n) {
  guint j = info->follower[i] - 1u;
  const Cs3StreamState *s = state_of(f, id, i), *t = state_of(f, id, j);
  if (f->pe[id].set.fed >> j & 1 && t->after + t->position + (f->now - t->flow.start) == s->moved)
    cs3_stream_break(f, id, j);
  if (!cs3_stream_begin_row(f, id, info, j) || t->after == CS3_STREAM_FREE ||
      t->after + t->n <= s->moved || t->after + t->position >= s->moved + n)
    return ELSEWHERE;
  gboolean aligned = t->after + t->position == s->moved && t->start <= f->now;
  return aligned && t->n - t->position >= n && way_is_free(f, id, j, n) ? IN_STEP : BEHIND;
}

/* Starts stream @i and its follower @j together. */
static void flow_in_step(Cs3Fabric *f, guint32 id, guint i, guint j, guint32 in, guint32 n) {
  Cs3StreamState *s = state_of(f, id, i);
  Cs3Payload *payload = sums(f, id, i, in, n);
  begin_flow(f, id, i, in, n);
  begin_flow(f, id, j, CS3_NO_TRAIN, n);
  send(f, id, j, payload, n);
  f->pe[id].set.fused |= (guint8)(1u << i | 1u << j);
  s->words = payload;
}

/* The train that stream @i can take whole, if it takes one; its length becomes @n. */
static gboolean takes_train(const Cs3Fabric *f, guint32 id, guint i, guint32 *in, guint32 *n) {
  guint slot;
  *in = CS3_NO_TRAIN;
  if (f->pe[id].set.dry >> i & 1)
    return TRUE;
  const Cs3Entry *e = cs3_head(cs3_input(f, id, use_of(f, id, i)->colour, &slot));
  if (cs3_kind(e) != CS3_TRAIN)
    return FALSE;
  *in = e->data;
  const Cs3Train *train = cs3_train(f, *in);
  gboolean whole = train->ready <= f->now && !train->base && train->n <= *n;
  *n = train->n;
  return whole;
}

gboolean cs3_stream_flow(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i) {
  const Cs3StreamState *s = state_of(f, id, i);
  guint kind = info->role.stream[i].kind, j = info->follower[i];
  guint32 in, n = MIN(s->n - s->position, CS3_TRAIN_MAX);
  if (n < CS3_STREAM_TRAIN_MIN || info->followed_twice >> i & 1)
    return FALSE;
  if (kind == CS3_STREAM_SEND)
    return flow_from_memory(f, id, info, i, n);
  if (info->role.stream[i].follows || (kind != CS3_STREAM_ADD && kind != CS3_STREAM_STORE) ||
      !takes_train(f, id, i, &in, &n))
    return FALSE;
  Step step = j ? step_of(f, id, info, i, n) : ELSEWHERE;
  if (step == BEHIND)
    return FALSE;
  if (step == IN_STEP)
    flow_in_step(f, id, i, j - 1, in, n);
  else
    begin_flow(f, id, i, in, n);
  return TRUE;
}

/* Writes the first @k elements to memory. */
static void book(Cs3Fabric *f, guint32 id, guint i, guint32 k) {
  Cs3StreamState *s = state_of(f, id, i);
  if (f->pe[id].set.dry >> i & 1 || k == 0)
    return;
  guint32 *w = cs3_memory_write(f, id) + word_of(s);
  Cs3Payload *payload = s->words ? s->words : cs3_train(f, s->flow.in)->payload;
  cs3_payload_know(payload, k);
  if (s->words || use_of(f, id, i)->kind == CS3_STREAM_STORE)
    memcpy(w, payload->w, k * sizeof *w);
  else
    cs3_op_add_run(use_of(f, id, i)->type, k, w, payload->w);
}

/* Books the first @k elements of what flows in stream @i, and detaches what it sends. */
static void close_flow(Cs3Fabric *f, guint32 id, guint i, guint32 k, gboolean cut) {
  Cs3StreamState *s = state_of(f, id, i);
  guint32 out = s->flow.out;
  if (use_of(f, id, i)->kind == CS3_STREAM_SEND)
    f->injected += k;
  else
    book(f, id, i, k);
  if (out != CS3_NO_TRAIN) {
    cs3_train(f, out)->from_cell = G_MAXUINT32;
    if (cut)
      cs3_train_cut(f, out, k);
  }
  g_clear_pointer(&s->words, cs3_payload_unref);
  f->pe[id].set.fused &= (guint8) ~(1u << i);
  f->pe[id].set.flowing &= (guint8) ~(1u << i);
  f->pe[id].set.fed &= (guint8) ~(1u << i);
  s->flow.n = s->flow.stop = 0;
  s->position += k;
  s->moved += k;
  s->start = MAX(s->start, s->flow.start + k);
  if (s->position == s->n)
    cs3_stream_end_row(f, id, i);
}

/* Closes what flows in stream @i and in the one in step with it; returns the train that came in. */
static guint32 close_both(Cs3Fabric *f, guint32 id, guint i, guint32 k, gboolean cut) {
  guint other = partner(f, id, i);
  guint32 in = state_of(f, id, i)->flow.in;
  if (other && in == CS3_NO_TRAIN)
    in = state_of(f, id, other - 1)->flow.in;
  close_flow(f, id, i, k, cut);
  if (other)
    close_flow(f, id, other - 1, k, cut);
  return in;
}

void cs3_stream_break(Cs3Fabric *f, guint32 id, guint i) {
  const Cs3Flow *flow = &state_of(f, id, i)->flow;
  guint32 in = close_both(f, id, i, MIN(f->now - flow->start, flow->n), TRUE);
  if (in != CS3_NO_TRAIN)
    cs3_train_break_channel(f, id, cs3_train(f, in)->slot);
}

void cs3_stream_cut(Cs3Fabric *f, guint32 id, guint i, guint32 n) {
  Cs3StreamState *s = state_of(f, id, i);
  guint other = partner(f, id, i);
  s->flow.n = n;
  cs3_schedule(f, 1, id, MAX(f->now + 1, s->flow.start + n));
  if (!other)
    return;
  Cs3Flow *flow = &state_of(f, id, other - 1)->flow;
  flow->n = n;
  if (flow->out != CS3_NO_TRAIN)
    cs3_train_cut(f, flow->out, n);
}

/* A stream that flows alone while its follower comes to what it brings. */
static gboolean is_caught_up(const Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint i) {
  const Cs3StreamSets *set = &f->pe[id].set;
  guint j = info->follower[i];
  const Cs3StreamState *s = state_of(f, id, i), *t = j ? state_of(f, id, j - 1) : NULL;
  if (!t)
    return FALSE;
  return set->begun >> (j - 1) & 1
             ? t->after != CS3_STREAM_FREE && t->after + t->position >= s->moved
             : set->armed >> (j - 1) & 1;
}

void cs3_streams_finish_trains(Cs3Fabric *f, guint32 id) {
  const Cs3StreamSets *set = &f->pe[id].set;
  for (guint m = set->flowing; m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    const Cs3Flow *flow = &state_of(f, id, i)->flow;
    if (!(set->flowing >> i & 1)) /* ended with the one in step */
      continue;
    if (f->now >= flow->start + flow->n) {
      guint32 in = close_both(f, id, i, flow->n, FALSE);
      if (in != CS3_NO_TRAIN)
        cs3_train_end(f, in);
    } else if (flow->stop) {
      cs3_stream_break(f, id, i);
    }
  }
}

void cs3_streams_catch_up(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  const Cs3StreamSets *set = &f->pe[id].set;
  for (guint m = set->flowing & ~set->fused; m; m &= m - 1) {
    guint i = (guint)__builtin_ctz(m);
    if (is_caught_up(f, id, info, i))
      cs3_stream_break(f, id, i);
  }
}
