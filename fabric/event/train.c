/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trains: a run of back-to-back wavelets of one colour that is handled as one object.
 *
 * A train flows through a router or an operation as long as one of its wavelets leaves in every
 * cycle. Then nothing about it changes but the count, and no event is needed. It may have waited
 * before, and may enter a channel in which others still wait, if one of these left in the cycle
 * before: whether the next one leaves is known in this cycle. Exactness: the receiver that fails to
 * pass a wavelet on in cycle t turns the train into single wavelets in t, and tells its sender,
 * which does so in t + 1: the cycle in which it would first see the missing room. What it had sent
 * by then fits into the buffer, for the buffer holds the latency of the link and at least one more.
 * Whether the sender sends in t itself is not known before it was visited: that one wavelet stays
 * behind as a train of length one. */
#include "config.h"

#include "fabric/event/inline.h"

Cs3Payload *cs3_payload_new(guint32 n) {
  Cs3Payload *payload = g_malloc(sizeof *payload + n * sizeof payload->w[0]);
  *payload = (Cs3Payload){.refs = 1, .n = n, .known = n};
  return payload;
}

void cs3_payload_know(Cs3Payload *payload, guint32 n) {
  guint32 known = payload->known;
  if (n <= known)
    return;
  g_assert(payload->from && n <= payload->n);
  cs3_payload_know(payload->from, n);
  cs3_op_add_run(payload->type, n - known, payload->w + known, payload->from->w + known);
  payload->known = n;
  if (n == payload->n)
    g_clear_pointer(&payload->from, cs3_payload_unref);
}

void cs3_payload_unref(Cs3Payload *payload) {
  if (--payload->refs)
    return;
  cs3_memory_unref(payload->shared);
  cs3_memory_unref(payload->shared_from);
  if (payload->from)
    cs3_payload_unref(payload->from);
  g_free(payload);
}

static Cs3WaveletChannel *channel_of(const Cs3Fabric *f, guint32 id, guint slot) {
  const Cs3Cell *cell = &f->cell[id];
  return cs3_channel(f, cell, &cs3_role_of(f, cell)->slot[slot]);
}

static void note_trains_in(Cs3Fabric *f, guint32 id, guint slot, gboolean any) {
  guint n_router = cs3_role_of(f, &f->cell[id])->n_router;
  if (slot < n_router)
    return;
  guint8 bit = (guint8)(1u << (slot - n_router));
  f->pe[id].trains_in = any ? f->pe[id].trains_in | bit : f->pe[id].trains_in & (guint8)~bit;
}

guint32 cs3_train_new(Cs3Fabric *f, guint32 cell, guint slot, Cs3Payload *payload, guint32 n,
                      guint32 ready, guint lat) {
  guint32 index;
  if (f->free_train->len) {
    index = g_array_index(f->free_train, guint32, f->free_train->len - 1);
    g_array_set_size(f->free_train, f->free_train->len - 1);
  } else {
    index = f->train->len;
    g_array_set_size(f->train, index + 1);
  }
  Cs3Train *train = cs3_train(f, index);
  *train = (Cs3Train){.payload = payload,
                      .n = n,
                      .ready = ready,
                      .cell = cell,
                      .lat = (guint8)lat,
                      .slot = (guint8)slot,
                      .prev = CS3_NO_TRAIN,
                      .from_cell = G_MAXUINT32};
  for (guint port = 0; port < CS3_N_PORTS; port++)
    train->next[port] = CS3_NO_TRAIN;
  payload->refs++;
  Cs3WaveletChannel *ch = channel_of(f, cell, slot);
  cs3_push(ch, index, CS3_TRAIN, ready);
  ch->flags |= CS3_CHANNEL_TRAIN;
  note_trains_in(f, cell, slot, TRUE);
  f->cell[cell].nonempty |= G_GUINT64_CONSTANT(1) << slot;
  return index;
}

static void train_free(Cs3Fabric *f, guint32 index) {
  cs3_payload_unref(cs3_train(f, index)->payload);
  cs3_train(f, index)->payload = NULL;
  g_array_append_val(f->free_train, index);
}

/* Wavelets of @train that left its channel before this cycle. */
static guint32 passed_of(const Cs3Fabric *f, const Cs3Train *train) {
  return cs3_train_flows(train) ? MIN(f->now - train->start, train->n) : 0;
}

/* Wavelets of @train in its channel, as a sender sees them in this cycle. */
static guint in_channel(const Cs3Fabric *f, const Cs3Train *train) {
  gint64 sent = MIN((gint64)f->now - train->ready + train->lat, (gint64)train->n);
  return (guint)MAX(sent - (gint64)passed_of(f, train), 0);
}

guint cs3_channel_trains(const Cs3Fabric *f, Cs3WaveletChannel *ch) {
  guint seen = 0;
  for (guint i = 0; i < ch->count; i++) {
    const Cs3Entry *e = cs3_entry(ch, i);
    seen += cs3_kind(e) == CS3_TRAIN ? in_channel(f, cs3_train(f, e->data)) : 1;
  }
  return seen;
}

gboolean cs3_train_can_enter(const Cs3Fabric *f, Cs3WaveletChannel *ch, guint32 n) {
  if (ch->flags & CS3_CHANNEL_STALLED || !cs3_has_room(f, ch))
    return FALSE;
  if (!ch->count)
    return TRUE;
  const Cs3Entry *head = cs3_head(ch);
  if (cs3_kind(head) == CS3_TRAIN && cs3_train_flows(cs3_train(f, head->data)))
    return TRUE;
  gboolean backlog = FALSE;
  for (guint i = 0; i < ch->count; i++)
    backlog |= cs3_ready(cs3_entry(ch, i)) < f->now;
  return !backlog || (n >= CS3_TRAIN_MIN && ch->last_pop >= f->now);
}

/* The sender of @index takes no further part. */
static void forget_sender(Cs3Fabric *f, guint32 index) {
  if (index == CS3_NO_TRAIN)
    return;
  cs3_train(f, index)->prev = CS3_NO_TRAIN;
  cs3_train(f, index)->from_cell = G_MAXUINT32;
}

/* The sender of @index must go on singly from the next cycle. */
static void stop_sender(Cs3Fabric *f, guint32 index) {
  const Cs3Train *train = cs3_train(f, index);
  if (train->prev != CS3_NO_TRAIN) {
    Cs3Train *prev = cs3_train(f, train->prev);
    prev->stop = 1;
    cs3_schedule(f, 0, prev->cell, f->now + 1);
  } else if (train->from_cell != G_MAXUINT32) {
    cs3_flow(f, train->from_cell, train->flow)->stop = 1;
    cs3_schedule(f, 1, train->from_cell, f->now + 1);
  }
}

/* Undoes the mutual references of @index and whoever sends it. */
static void leave_sender(Cs3Fabric *f, guint32 index) {
  const Cs3Train *train = cs3_train(f, index);
  if (train->prev != CS3_NO_TRAIN)
    cs3_train(f, train->prev)->next[train->from_port] = CS3_NO_TRAIN;
  else if (train->from_cell != G_MAXUINT32)
    cs3_flow(f, train->from_cell, train->flow)->out = CS3_NO_TRAIN;
}

guint cs3_ways_of_trains(const Cs3Fabric *f, const Cs3Cell *cell, const Cs3RoleInfo *info,
                         guint *taken) {
  guint ways = 0;
  for (guint64 m = cell->nonempty & info->router_mask; m; m &= m - 1) {
    const Cs3Slot *slot = &info->slot[__builtin_ctzll(m)];
    const Cs3Entry *e = cs3_head(cs3_channel(f, cell, slot));
    guint out = cs3_kind(e) == CS3_TRAIN ? cs3_train(f, e->data)->out : 0;
    ways |= out;
    *taken |= cs3_taken(&info->role.colour[slot->colour], out);
  }
  return ways;
}

/* Counts @k wavelets of a router's train and ends its flow. */
static void close_flow(Cs3Fabric *f, guint32 index, guint32 k, gboolean cut) {
  Cs3Train *train = cs3_train(f, index);
  Cs3Cell *cell = &f->cell[train->cell];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  guint colour = info->slot[train->slot].colour;
  f->waited[train->cell] += k * (train->start - train->ready);
  if (train->counts)
    *cs3_filter_count(f, train->cell, info, colour) += k;
  for (guint m = train->out; m; m &= m - 1) {
    guint port = (guint)__builtin_ctz(m);
    if (port == CS3_RAMP && train->drops)
      continue;
    cell->sent[port] += k;
    guint32 next = train->next[port];
    if (next == CS3_NO_TRAIN)
      continue;
    forget_sender(f, next);
    if (cut)
      cs3_train_cut(f, next, k);
  }
  train->out = train->counts = train->drops = 0;
  guint taken = 0;
  cell->train_out = cs3_ways_of_trains(f, cell, info, &taken) & 31;
}

static void refresh_channel(Cs3Fabric *f, guint32 id, guint slot) {
  Cs3WaveletChannel *ch = channel_of(f, id, slot);
  gboolean trains = FALSE;
  for (guint i = 0; i < ch->count; i++)
    trains |= cs3_kind(cs3_entry(ch, i)) == CS3_TRAIN;
  if (!trains) {
    ch->flags &= (guint8)~CS3_CHANNEL_TRAIN;
    note_trains_in(f, id, slot, FALSE);
  }
  if (!ch->count)
    f->cell[id].nonempty &= ~(G_GUINT64_CONSTANT(1) << slot);
}

void cs3_train_end(Cs3Fabric *f, guint32 index) {
  Cs3Train *train = cs3_train(f, index);
  guint32 id = train->cell;
  guint slot = train->slot;
  if (train->out)
    close_flow(f, index, train->n, FALSE);
  leave_sender(f, index);
  train_free(f, index);
  Cs3WaveletChannel *ch = channel_of(f, id, slot);
  cs3_next_head(ch);
  ch->count--;
  refresh_channel(f, id, slot);
  if (ch->count)
    cs3_schedule(f, slot >= cs3_role_of(f, &f->cell[id])->n_router, id,
                 MAX(f->now + 1, cs3_ready(cs3_head(ch))));
}

/* Writes to @out what becomes of @index: its wavelets that were sent before this cycle and not
 * passed on, then a train of the one that may be sent in this cycle. */
static guint dissolve(Cs3Fabric *f, guint32 index, Cs3Entry *out) {
  Cs3Train *train = cs3_train(f, index);
  guint32 passed = passed_of(f, train);
  guint32 sent = (guint32)CLAMP((gint64)f->now - train->ready + train->lat, 0, (gint64)train->n);
  guint n = 0;
  cs3_payload_know(train->payload, train->base + sent);
  for (guint32 i = passed; i < sent; i++)
    out[n++] =
        (Cs3Entry){train->payload->w[train->base + i], cs3_meta(CS3_WAVELET, train->ready + i)};
  if (train->out)
    close_flow(f, index, passed, TRUE);
  if (sent == cs3_train(f, index)->n) {
    leave_sender(f, index);
    train_free(f, index);
    return n;
  }
  train = cs3_train(f, index);
  train->taken = 0;
  train->stop = 0;
  train->base += sent;
  train->ready += sent;
  train->n = 1;
  out[n++] = (Cs3Entry){index, cs3_meta(CS3_TRAIN, train->ready)};
  stop_sender(f, index);
  return n;
}

static void break_flow(Cs3Fabric *f, guint32 id, guint number) {
  if (number < CS3_STREAM_FLOW)
    cs3_thread_break(f, id, number);
  else
    cs3_stream_break(f, id, number - CS3_STREAM_FLOW);
}

static void cut_flow(Cs3Fabric *f, guint32 id, guint number, guint32 n) {
  if (number < CS3_STREAM_FLOW)
    cs3_thread_cut(f, id, number, n);
  else
    cs3_stream_cut(f, id, number - CS3_STREAM_FLOW, n);
}

void cs3_train_break_channel(Cs3Fabric *f, guint32 id, guint slot) {
  Cs3WaveletChannel *ch = channel_of(f, id, slot);
  if (!(ch->flags & CS3_CHANNEL_TRAIN))
    return;
  Cs3Entry *head = cs3_head(ch);
  if (cs3_kind(head) == CS3_TRAIN && cs3_train(f, head->data)->taken) {
    guint number = cs3_train(f, head->data)->flow;
    if (cs3_flow(f, id, number)->n) {
      break_flow(f, id, number); /* comes back here with the flow's account closed */
      return;
    }
  }
  Cs3Entry all[256];
  guint n = 0;
  for (guint i = 0; i < ch->count; i++) {
    Cs3Entry e = *cs3_entry(ch, i);
    if (cs3_kind(&e) == CS3_TRAIN)
      n += dissolve(f, e.data, all + n);
    else
      all[n++] = e;
  }
  g_assert(n <= cs3_ring_size(ch));
  ch->head = 0;
  ch->count = (guint8)n;
  for (guint i = 0; i < n; i++)
    ch->ring[i] = all[i];
  refresh_channel(f, id, slot);
  if (n)
    cs3_schedule(f, slot >= cs3_role_of(f, &f->cell[id])->n_router, id,
                 MAX(f->now + 1, cs3_ready(&all[0])));
}

void cs3_router_train_stop(Cs3Fabric *f, guint32 id, guint slot) {
  cs3_train_break_channel(f, id, slot);
}

/* Takes the train @index, of which nothing was sent, out of its channel. */
static void remove_empty(Cs3Fabric *f, guint32 index) {
  guint32 id = cs3_train(f, index)->cell;
  guint slot = cs3_train(f, index)->slot, n = 0;
  Cs3WaveletChannel *ch = channel_of(f, id, slot);
  for (guint i = 0; i < ch->count; i++) {
    Cs3Entry e = *cs3_entry(ch, i);
    if (cs3_kind(&e) != CS3_TRAIN || e.data != index)
      *cs3_entry(ch, n++) = e;
  }
  ch->count = (guint8)n;
  train_free(f, index);
  refresh_channel(f, id, slot);
}

void cs3_train_cut(Cs3Fabric *f, guint32 index, guint32 n) {
  Cs3Train *train = cs3_train(f, index);
  n -= MIN(n, train->base);
  if (n >= train->n)
    return;
  train->n = n;
  if (n == 0) {
    remove_empty(f, index);
    return;
  }
  if (train->taken) {
    cut_flow(f, train->cell, train->flow, n);
    return;
  }
  if (!train->out)
    return;
  cs3_schedule(f, 0, train->cell, MAX(f->now + 1, train->start + n));
  for (guint port = 0; port < CS3_N_PORTS; port++)
    if (cs3_train(f, index)->next[port] != CS3_NO_TRAIN)
      cs3_train_cut(f, cs3_train(f, index)->next[port], n);
}
