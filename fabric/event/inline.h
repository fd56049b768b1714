/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small functions of the event core that every file needs: channels and routes. */
#pragma once

#include "fabric/event/calendar.h"

/** cs3_channel: channels. */
static inline Cs3WaveletChannel *cs3_channel(const Cs3Fabric *f, const Cs3Cell *cell,
                                             const Cs3Slot *slot) {
  return (Cs3WaveletChannel *)(void *)(f->channel_pool + (gsize)cell->channels * 8 + slot->offset);
}
/** cs3_ring_size: entries that the ring has place for. */
static inline guint cs3_ring_size(const Cs3WaveletChannel *ch) {
  return ch->capacity + (guint)(ch->flags / CS3_CHANNEL_SPARE);
}
/** cs3_entry: entry @i after the head; @i up to the number of entries. */
static inline Cs3Entry *cs3_entry(Cs3WaveletChannel *ch, guint i) {
  guint at = ch->head + i, size = cs3_ring_size(ch);
  return &ch->ring[at >= size ? at - size : at];
}
/** cs3_head: the entry that leaves next; there must be one. */
static inline Cs3Entry *cs3_head(Cs3WaveletChannel *ch) {
  return &ch->ring[ch->head];
}
/** cs3_next_head: the head has been taken. */
static inline void cs3_next_head(Cs3WaveletChannel *ch) {
  guint at = ch->head + 1u;
  ch->head = (guint8)(at == cs3_ring_size(ch) ? 0 : at);
}
/** cs3_meta: kind and cycle of readiness in a word. */
static inline guint32 cs3_meta(Cs3Kind kind, guint32 ready) {
  return ready << 2 | (guint32)kind;
}
/** cs3_kind: what an entry is. */
static inline Cs3Kind cs3_kind(const Cs3Entry *e) {
  return (Cs3Kind)(e->meta & 3);
}
/** cs3_ready: cycle from which an entry may leave. */
static inline guint32 cs3_ready(const Cs3Entry *e) {
  return e->meta >> 2;
}
/** cs3_train: train @index of the table; valid until the next is made. */
static inline Cs3Train *cs3_train(const Cs3Fabric *f, guint32 index) {
  return &g_array_index(f->train, Cs3Train, index);
}

/** cs3_flow: what thread @number, or stream @number - CS3_STREAM_FLOW, of PE @id does with trains.
 */
static inline Cs3Flow *cs3_flow(const Cs3Fabric *f, guint32 id, guint number) {
  return number < CS3_STREAM_FLOW ? &f->thread_flow[f->pe[id].threads + number]
                                  : &f->stream[f->pe[id].streams + number - CS3_STREAM_FLOW].flow;
}

/** cs3_has_room: occupancy as the sender sees it: a pop of this cycle is not yet visible (credits
 * take a cycle). */
static inline gboolean cs3_has_room(const Cs3Fabric *f, Cs3WaveletChannel *ch) {
  guint seen = ch->count + (ch->last_pop == f->now + 1);
  if (G_UNLIKELY(ch->flags & CS3_CHANNEL_TRAIN))
    seen = cs3_channel_trains(f, ch) + (ch->last_pop == f->now + 1);
  return seen < ch->capacity;
}
/** cs3_push: append to @ch, which has room. */
static inline void cs3_push(Cs3WaveletChannel *ch, guint32 data, Cs3Kind kind, guint32 ready) {
  Cs3Entry *e = cs3_entry(ch, ch->count);
  e->data = data;
  e->meta = cs3_meta(kind, ready);
  ch->count++;
}
/** cs3_pop: removes the head; returns TRUE when the sender waits and must be queued for the next
 * cycle. */
static inline gboolean cs3_pop(const Cs3Fabric *f, Cs3Cell *cell, Cs3WaveletChannel *ch,
                               guint slot) {
  cs3_next_head(ch);
  ch->last_pop = f->now + 1;
  if (--ch->count == 0) {
    ch->head = 0; /* in the line of cache of the rest */
    cell->nonempty &= ~(G_GUINT64_CONSTANT(1) << slot);
  }
  gboolean waited = ch->flags & CS3_CHANNEL_WAITED;
  ch->flags &= (guint8) ~(CS3_CHANNEL_WAITED | CS3_CHANNEL_STALLED);
  return waited;
}

/* Routes. */
#define CS3_OPPOSITE(port) ((port) ^ 2u) /* N-S, E-W */
/** cs3_address_port: dimension order, x first. By table and without a branch: the way is as good as
 * random. */
static inline guint cs3_address_port(guint x, guint y, guint32 data) {
  static const guint8 by_sign[16] = {
      [0] = CS3_RAMP, [1] = CS3_E, [2] = CS3_W, [4] = CS3_S, [5] = CS3_E,
      [6] = CS3_W,    [8] = CS3_N, [9] = CS3_E, [10] = CS3_W};
  guint32 dx = (data & 2047) - x, dy = (data >> 11 & 2047) - y;
  return by_sign[-dx >> 31 | dx >> 31 << 1 | -dy >> 31 << 2 | dy >> 31 << 3];
}
/** cs3_wanted: where the head of a channel wants to go now; 0: its switch position does not take
 * this input. */
static inline guint cs3_wanted(const Cs3Cell *cell, const Cs3RoleInfo *info, const Cs3Slot *slot,
                               const Cs3Entry *e) {
  if (info->by_address[slot->colour])
    return CS3_PORT_BIT(cs3_address_port(cell->x, cell->y, e->data));
  Cs3Route route = info->role.colour[slot->colour].route[cell->positions >> 2 * slot->colour & 3];
  return route.rx & CS3_PORT_BIT(slot->port) ? route.tx : 0;
}
/** cs3_taken: of the outputs @tx those that a wavelet takes from others in its cycle. */
static inline guint cs3_taken(const Cs3ColourUse *use, guint tx) {
  return use->lane == CS3_LANE_SHARED  ? tx
         : use->lane == CS3_LANE_LINKS ? tx & ~CS3_PORT_BIT(CS3_RAMP)
                                       : 0;
}
/** cs3_filter_count: wavelets of @colour that a counting filter of the PE has seen; in its last
 * private registers. */
static inline guint32 *cs3_filter_count(const Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info,
                                        guint colour) {
  return &f->reg[f->pe[id].registers + info->role.registers + colour];
}
/** cs3_next_channel: the channel behind output @port, or NULL for a sink. */
static inline Cs3WaveletChannel *cs3_next_channel(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info,
                                                  guint colour, guint port, guint32 *next,
                                                  guint *next_slot) {
  if (port == CS3_RAMP) {
    *next = id;
    *next_slot = info->queue_of[colour];
    return *next_slot == CS3_NO_SLOT ? NULL : cs3_channel(f, &f->cell[id], &info->slot[*next_slot]);
  }
  *next = id + (guint32)f->step[port];
  const Cs3Cell *cell = &f->cell[*next];
  const Cs3RoleInfo *there = cs3_role_of(f, cell);
  *next_slot = there->slot_of[CS3_OPPOSITE(port)][colour];
  return cs3_channel(f, cell, &there->slot[*next_slot]);
}
/** cs3_memory_write: memory. */
static inline guint32 *cs3_memory_write(Cs3Fabric *f, guint32 id) {
  const Cs3PeState *pe = &f->pe[id];
  return pe->own_memory ? pe->memory->w : cs3_memory_take(f, id);
}
/** cs3_memory_read: word @word of PE @id. */
static inline guint32 cs3_memory_read(const Cs3Fabric *f, guint32 id, guint32 word) {
  const Cs3PeMemory *m = f->pe[id].memory;
  return m ? m->w[word] : cs3_memory_initial(f, id, word);
}

/** cs3_stream_in: colours that a stream takes and sends; -1: none. */
static inline gint cs3_stream_in(const Cs3StreamUse *use) {
  return use->kind == CS3_STREAM_SEND || use->kind == CS3_STREAM_SOURCE ? -1 : use->colour;
}
/** cs3_stream_out: the colour that a stream sends on; -1: none. */
static inline gint cs3_stream_out(const Cs3StreamUse *use) {
  if (use->kind == CS3_STREAM_SEND || use->kind == CS3_STREAM_SOURCE)
    return use->colour;
  return use->kind == CS3_STREAM_RELAY ? use->to_colour : -1;
}
/** cs3_input: the queue from which a PE takes @colour, and the one into which it sends it. */
static inline Cs3WaveletChannel *cs3_input(const Cs3Fabric *f, guint32 id, guint colour,
                                           guint *slot) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  *slot = info->queue_of[colour];
  return cs3_channel(f, &f->cell[id], &info->slot[*slot]);
}
/** cs3_output: the queue into which PE @id sends @colour. */
static inline Cs3WaveletChannel *cs3_output(const Cs3Fabric *f, guint32 id, guint colour,
                                            guint *slot) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  *slot = info->slot_of[CS3_RAMP][colour];
  return cs3_channel(f, &f->cell[id], &info->slot[*slot]);
}
/** cs3_before: flights. Of each output its last one: the cycle, four later, above two bits that say
 * whether one left a cycle and two cycles before. A flight takes up to three cycles. */
static inline guint32 cs3_before(guint32 departed, guint32 now) {
  guint32 since = now + 4 - (departed >> 2);
  return (4 | (departed & 3)) >> MIN(since, 3) & 3;
}
/** cs3_departs: @departed with a flight that leaves now. */
static inline guint32 cs3_departs(guint32 departed, guint32 now) {
  return (now + 4) << 2 | cs3_before(departed, now);
}
/** cs3_has_departed: whether one has left in this cycle. */
static inline gboolean cs3_has_departed(guint32 departed, guint32 now) {
  return departed >> 2 == now + 4;
}
/** cs3_is_express: whether wavelets fly to channel @slot of @cell. */
static inline gboolean cs3_is_express(const Cs3Fabric *f, const Cs3Cell *cell, guint slot) {
  return slot < CS3_RAMP && cs3_role_of(f, cell)->express;
}
/** cs3_link_has_room: is there room in channel @ch, @slot of @there, for what leaves @cell through
 * @port now? What has left before and is due now has landed if it did not fly on. */
static inline gboolean cs3_link_has_room(const Cs3Fabric *f, const Cs3Cell *cell, guint port,
                                         const Cs3Cell *there, Cs3WaveletChannel *ch, guint slot) {
  if (!cs3_is_express(f, there, slot))
    return cs3_has_room(f, ch);
  guint32 before = cs3_before(cell->departed[port], f->now) >> (3 - f->timing.hop);
  return ch->count + (ch->last_pop == f->now + 1) + (guint)__builtin_popcount(before) <
         ch->capacity;
}
/** cs3_flown_through: outputs of @cell that flights took in this cycle. */
static inline guint cs3_flown_through(const Cs3Fabric *f, const Cs3Cell *cell) {
  guint ports = 0;
  for (guint port = 0; port < CS3_N_PORTS; port++)
    ports |= (guint)cs3_has_departed(cell->departed[port], f->now) << port;
  return ports;
}
/** cs3_after_pop: a channel to which wavelets fly has been popped: they may again pass by it when
 * it is empty, and must not overtake the next when that is older than they. */
static inline void cs3_after_pop(Cs3Fabric *f, guint32 id, guint slot) {
  Cs3Cell *cell = &f->cell[id];
  if (cell->nonempty >> slot & 1) {
    cell->held |=
        cs3_ready(cs3_head(cs3_channel(f, cell, &cs3_role_of(f, cell)->slot[slot]))) <= f->now;
  } else if (slot < CS3_RAMP) {
    Cs3Cell *sender = &f->cell[id + (guint32)f->step[slot]];
    if (sender->role == cell->role)
      sender->open |= CS3_PORT_BIT(CS3_OPPOSITE(slot));
  }
}

/** cs3_wake_sender: queues for the next cycle the sender of router channel or queue @slot of cell
 * @id. */
void cs3_wake_sender(Cs3Fabric *f, guint32 id, const Cs3Slot *slot, gboolean is_queue);
/** cs3_train_flows: whether its wavelets leave, one a cycle. */
static inline gboolean cs3_train_flows(const Cs3Train *train) {
  return train->out || train->taken;
}
/** cs3_wait_for: cell @id, its router (@kind 0) or PE (1), found no room in @ch: it looks again in
 * the next cycle if something has left or a train flows out, else when something leaves. */
static inline void cs3_wait_for(Cs3Fabric *f, guint kind, guint32 id, Cs3WaveletChannel *ch) {
  const Cs3Entry *head = cs3_head(ch);
  gboolean flows = ch->flags & CS3_CHANNEL_TRAIN && cs3_kind(head) == CS3_TRAIN &&
                   cs3_train_flows(cs3_train(f, head->data));
  if (ch->last_pop == f->now + 1 || flows)
    cs3_schedule(f, kind, id, f->now + 1);
  else
    ch->flags |= CS3_CHANNEL_WAITED;
}
/** cs3_flow_begins: the train at the head of channel @slot begins to flow. */
static inline void cs3_flow_begins(Cs3Fabric *f, guint32 id, guint slot) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  Cs3WaveletChannel *ch = cs3_channel(f, &f->cell[id], &info->slot[slot]);
  if (!(ch->flags & CS3_CHANNEL_WAITED))
    return;
  ch->flags &= (guint8)~CS3_CHANNEL_WAITED;
  cs3_wake_sender(f, id, &info->slot[slot], slot >= info->n_router);
}
/** cs3_pop_head: takes the head out of router channel @index. */
static inline void cs3_pop_head(Cs3Fabric *f, guint32 id, const Cs3Slot *slot, guint index) {
  Cs3Cell *cell = &f->cell[id];
  Cs3WaveletChannel *ch = cs3_channel(f, cell, slot);
  if (G_UNLIKELY(cs3_pop(f, cell, ch, index)))
    cs3_wake_sender(f, id, slot, FALSE);
  if (ch->count && (gint32)(cs3_head(ch)->meta - (f->now << 2)) < 8)
    cs3_schedule_head(f, index, id, f->now + 1);
  if (cs3_role_of(f, cell)->express)
    cs3_after_pop(f, id, index);
}

/** cs3_fly: sends a wavelet from cell @id through @port on its way to cell @next. */
static inline void cs3_fly(Cs3Fabric *f, guint32 id, guint port, guint32 next, guint32 data) {
  Cs3Flights *air = &f->air[(f->now + f->timing.hop) % CS3_AIR][port];
  f->cell[id].departed[port] = cs3_departs(f->cell[id].departed[port], f->now);
  if (G_UNLIKELY(air->n == air->room))
    cs3_flights_reserve(air, 1);
  air->flight[air->n++] = (Cs3Flight){next, data};
}
/** cs3_schedule_arrival: enters PE @id for what it can do with the wavelet that becomes ready in
 * queue @slot: no sooner than the main thread is free, and nothing as long as no stream that takes
 * it is granted a row. */
static inline void cs3_schedule_arrival(Cs3Fabric *f, guint32 id, guint slot, guint32 ready) {
  const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
  const Cs3PeState *pe = &f->pe[id];
  guint64 bit = G_GUINT64_CONSTANT(1) << slot;
  if (info->main_queues & bit)
    ready = MAX(ready, pe->main_free);
  else if (!(info->task_queues & bit) &&
           !(info->queue_streams[slot - info->n_router] & pe->set.armed))
    return;
  cs3_schedule(f, 1, id, ready);
}
/** cs3_enter_channel: puts a wavelet into channel @ch, @slot of cell @next, which has room: of its
 * router, a hop away, or of its PE, a ramp away. */
static inline void cs3_enter_channel(Cs3Fabric *f, guint32 next, guint slot, Cs3WaveletChannel *ch,
                                     guint32 data, Cs3Kind kind, gboolean to_pe) {
  guint32 ready = f->now + (to_pe ? f->timing.ramp : f->timing.hop);
  cs3_push(ch, data, kind, ready);
  f->cell[next].nonempty |= G_GUINT64_CONSTANT(1) << slot;
  if (to_pe)
    cs3_schedule_arrival(f, next, slot, ready);
  else
    cs3_schedule_head(f, slot, next, ready);
}
/** cs3_enter: what leaves cell @id through @port enters channel @ch, or flies there. */
static inline void cs3_enter(Cs3Fabric *f, guint32 id, guint port, guint32 next, guint slot,
                             Cs3WaveletChannel *ch, guint32 data, Cs3Kind kind) {
  if (port != CS3_RAMP && cs3_is_express(f, &f->cell[next], slot))
    cs3_fly(f, id, port, next, data);
  else
    cs3_enter_channel(f, next, slot, ch, data, kind, port == CS3_RAMP);
}
