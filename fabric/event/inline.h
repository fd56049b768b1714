/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Small functions of the event core that every file needs: channels and routes. */
#pragma once

#include "fabric/event/calendar.h"

/* Channels. */
static inline Cs3Channel *cs3_channel(const Cs3Fabric *f, const Cs3Cell *cell,
                                      const Cs3Slot *slot) {
  return (Cs3Channel *)(void *)(f->channel_pool + (gsize)cell->channels * 8 + slot->offset);
}
static inline guint cs3_ring_size(const Cs3Channel *ch) {
  return ch->capacity + (guint)(ch->flags / CS3_CHANNEL_SPARE);
}
/* Entry @i after the head; @i up to the number of entries. */
static inline Cs3Entry *cs3_entry(Cs3Channel *ch, guint i) {
  guint at = ch->head + i, size = cs3_ring_size(ch);
  return &ch->ring[at >= size ? at - size : at];
}
static inline Cs3Entry *cs3_head(Cs3Channel *ch) {
  return &ch->ring[ch->head];
}
static inline void cs3_next_head(Cs3Channel *ch) {
  guint at = ch->head + 1u;
  ch->head = (guint8)(at == cs3_ring_size(ch) ? 0 : at);
}
static inline guint32 cs3_meta(Cs3Kind kind, guint32 ready) {
  return ready << 2 | (guint32)kind;
}
static inline Cs3Kind cs3_kind(const Cs3Entry *e) {
  return (Cs3Kind)(e->meta & 3);
}
static inline guint32 cs3_ready(const Cs3Entry *e) {
  return e->meta >> 2;
}
static inline Cs3Train *cs3_train(const Cs3Fabric *f, guint32 index) {
  return &g_array_index(f->train, Cs3Train, index);
}

/* Occupancy as the sender sees it: a pop of this cycle is not yet visible (credits take a cycle).
 */
static inline gboolean cs3_has_room(const Cs3Fabric *f, Cs3Channel *ch) {
  guint seen = ch->count + (ch->last_pop == f->now + 1);
  if (G_UNLIKELY(ch->flags & CS3_CHANNEL_TRAIN))
    seen = cs3_channel_trains(f, ch) + (ch->last_pop == f->now + 1);
  return seen < ch->capacity;
}
/* The same for channel @slot of the router of @cell, to which wavelets may be on the way. What
 * flies past is not noted as popped: where nothing has landed there is room in any case. */
static inline gboolean cs3_link_has_room(const Cs3Fabric *f, const Cs3Cell *cell, Cs3Channel *ch,
                                         guint slot) {
  if (!(cs3_role_of(f, cell)->express >> slot & 1))
    return cs3_has_room(f, ch);
  return ch->count + (ch->last_pop == f->now + 1) + f->gate[cell - f->cell].coming[slot] <
         ch->capacity;
}
static inline void cs3_push(Cs3Channel *ch, guint32 data, Cs3Kind kind, guint32 ready) {
  Cs3Entry *e = cs3_entry(ch, ch->count);
  e->data = data;
  e->meta = cs3_meta(kind, ready);
  ch->count++;
}
/* Removes the head; returns TRUE when the sender waits and must be queued for the next cycle. */
static inline gboolean cs3_pop(const Cs3Fabric *f, Cs3Cell *cell, Cs3Channel *ch, guint slot) {
  cs3_next_head(ch);
  ch->last_pop = f->now + 1;
  if (--ch->count == 0) {
    cell->nonempty &= ~(G_GUINT64_CONSTANT(1) << slot);
    if (slot < CS3_LANE_ROUTER)
      f->gate[cell - f->cell].landed &= (guint8) ~(1u << slot);
  }
  gboolean waited = ch->flags & CS3_CHANNEL_WAITED;
  ch->flags &= (guint8) ~(CS3_CHANNEL_WAITED | CS3_CHANNEL_STALLED);
  return waited;
}

/* Routes. */
#define CS3_OPPOSITE(port) ((port) ^ 2u) /* N-S, E-W */
/* Dimension order, x first. By table and without a branch: the way is as good as random. */
static inline guint cs3_address_port(guint x, guint y, guint32 data) {
  static const guint8 by_sign[16] = {
      [0] = CS3_RAMP, [1] = CS3_E, [2] = CS3_W, [4] = CS3_S, [5] = CS3_E,
      [6] = CS3_W,    [8] = CS3_N, [9] = CS3_E, [10] = CS3_W};
  guint32 dx = (data & 2047) - x, dy = (data >> 11 & 2047) - y;
  return by_sign[-dx >> 31 | dx >> 31 << 1 | -dy >> 31 << 2 | dy >> 31 << 3];
}
/* Where the head of a channel wants to go now; 0: its switch position does not take this input. */
static inline guint cs3_wanted(const Cs3Cell *cell, const Cs3RoleInfo *info, const Cs3Slot *slot,
                               const Cs3Entry *e) {
  if (info->by_address[slot->colour])
    return CS3_PORT_BIT(cs3_address_port(cell->x, cell->y, e->data));
  Cs3Route route = info->role.colour[slot->colour].route[cell->positions >> 2 * slot->colour & 3];
  return route.rx & CS3_PORT_BIT(slot->port) ? route.tx : 0;
}
/* The channel behind output @port, or NULL for a sink. */
static inline Cs3Channel *cs3_next_channel(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info,
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
/** Queues for the next cycle the sender of router channel or queue @slot of cell @id. */
void cs3_wake_sender(Cs3Fabric *f, guint32 id, const Cs3Slot *slot, gboolean is_queue);
/* Takes the head out of router channel @index. */
static inline void cs3_pop_head(Cs3Fabric *f, guint32 id, const Cs3Slot *slot, guint index) {
  Cs3Cell *cell = &f->cell[id];
  Cs3Channel *ch = cs3_channel(f, cell, slot);
  if (G_UNLIKELY(cs3_pop(f, cell, ch, index)))
    cs3_wake_sender(f, id, slot, FALSE);
  if (ch->count && (gint32)(cs3_head(ch)->meta - (f->now << 2)) < 8)
    cs3_schedule_head(f, index, id, f->now + 1);
}

/* Sends a wavelet on its way to express channel @slot, at @port, of cell @next. */
static inline void cs3_fly(Cs3Fabric *f, guint32 next, guint slot, guint port, guint32 data) {
  f->gate[next].coming[slot]++;
  *f->departing[port]++ = data;
  cs3_mark(f, f->agenda_hop, slot, next);
}
/* Puts a wavelet that leaves through @port into channel @ch, @slot of cell @next, which has room.
 */
static inline void cs3_enter(Cs3Fabric *f, guint port, guint32 next, guint slot, Cs3Channel *ch,
                             guint32 data, Cs3Kind kind) {
  Cs3Cell *cell = &f->cell[next];
  if (port != CS3_RAMP && cs3_role_of(f, cell)->express >> slot & 1) {
    cs3_fly(f, next, slot, CS3_OPPOSITE(port), data);
    return;
  }
  guint32 ready = f->now + (port == CS3_RAMP ? f->timing.ramp : f->timing.hop);
  cs3_push(ch, data, kind, ready);
  cell->nonempty |= G_GUINT64_CONSTANT(1) << slot;
  if (port == CS3_RAMP)
    cs3_schedule(f, 1, next, ready);
  else
    cs3_schedule_head(f, slot, next, ready);
}
