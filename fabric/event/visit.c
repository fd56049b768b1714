/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One cycle: flights first, then the routers in which something else is due, then the PEs.
 *
 * Wavelets routed by address fly: a router that sends one does not write it into the channel of the
 * next, but appends it to a list of what left through that port in that cycle. When they arrive the
 * list is gone through, and most of them are appended to another, having touched nothing but the
 * cell. Ports go in the order of a router's channels, so that of wavelets that become ready in one
 * cycle the right one goes first; the order within a list does not matter, for each is in another
 * cell. One that must wait lands: it is put into its channel, with the cycle that it had. So does
 * one that finds somebody waiting, for the older go first: router.c does what is left.
 */
#include "config.h"

#include "fabric/event/inline.h"

#include <string.h>

void cs3_flights_reserve(Cs3Flights *flights, guint n) {
  if (flights->n + n <= flights->room)
    return;
  guint room = MAX(flights->n + n, flights->room * 2);
  flights->flight = g_realloc_n(flights->flight, room + CS3_AHEAD, sizeof *flights->flight);
  memset(flights->flight + flights->room, 0,
         (room + CS3_AHEAD - flights->room) * sizeof *flights->flight);
  flights->room = room;
}

/* Ends a flight that left its sender through @left: the wavelet goes into its channel. */
static void land(Cs3Fabric *f, Cs3Flight flight, guint left) {
  Cs3Cell *cell = &f->cell[flight.cell];
  guint slot = CS3_OPPOSITE(left);
  cs3_push(cs3_channel(f, cell, &cs3_role_of(f, cell)->slot[slot]), flight.data, CS3_WAVELET,
           f->now);
  cell->nonempty |= G_GUINT64_CONSTANT(1) << slot;
  f->cell[flight.cell + (guint32)f->step[slot]].open &= ~CS3_PORT_BIT(left) & 31;
  cs3_schedule_lane(f, CS3_LANE_ROUTER, flight.cell, f->now);
}

/* Wavelets that left through @left and are due now. Where a port is open there is room: what is on
 * the way are the registers of the link. */
static void fly_on(Cs3Fabric *f, guint left) {
  Cs3Flights *air = &f->air[f->now % CS3_AIR][left];
  Cs3Flights *onward = f->air[(f->now + f->timing.hop) % CS3_AIR];
  Cs3Flight *end[CS3_N_PORTS];
  guint32 step[CS3_N_PORTS];
  for (guint port = 0; port < CS3_N_PORTS; port++) {
    cs3_flights_reserve(&onward[port], air->n);
    end[port] = onward[port].flight + onward[port].n;
    step[port] = (guint32)f->step[port];
  }
  Cs3Cell *const cells = f->cell;
  const guint32 now = f->now;
  for (const Cs3Flight *at = air->flight, *last = at + air->n; at < last; at++) {
    Cs3Cell *cell = &cells[at->cell];
    cs3_fetch(&cells[at[CS3_AHEAD].cell]);
    guint to = cs3_address_port(cell->x, cell->y, at->data);
    guint32 departed = cell->departed[to];
    if (G_UNLIKELY(!(cell->open >> to & 1) || cell->held || cs3_has_departed(departed, now))) {
      land(f, *at, left);
      continue;
    }
    cell->departed[to] = cs3_departs(departed, now);
    cell->sent[to]++;
    end[to]->cell = at->cell + step[to];
    end[to]++->data = at->data;
  }
  air->n = 0;
  for (guint port = 0; port < CS3_RAMP; port++) /* what went to the PE is dropped */
    onward[port].n = (guint)(end[port] - onward[port].flight);
}

/* The same for a wavelet of the first colour that comes from the PE. FALSE: it cannot, or not that
 * simply. */
static gboolean fly_out(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info) {
  Cs3Cell *cell = &f->cell[id];
  const Cs3Slot *slot = &info->slot[CS3_RAMP];
  guint32 data = cs3_head(cs3_channel(f, cell, slot))->data;
  guint to = cs3_address_port(cell->x, cell->y, data);
  if (!(cell->open >> to & 1) || to == CS3_RAMP || cs3_has_departed(cell->departed[to], f->now))
    return FALSE;
  cell->sent[to]++;
  cs3_fly(f, id, to, id + (guint32)f->step[to], data);
  cs3_pop_head(f, id, slot, CS3_RAMP);
  return TRUE;
}

/* Where colours share nothing each goes, but a colour that comes from two sides is looked at. Else:
 * nobody waits and one channel is due, it goes; or the order matters. */
static inline void visit_router(Cs3Fabric *f, guint32 id, guint lanes) {
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  guint64 twins = cell->nonempty & info->twins;
  if (info->apart && !(twins & (twins - 1))) {
    cs3_router_pass(f, id, info, lanes);
    return;
  }
  gboolean alone = !(lanes & (lanes - 1)) && lanes < 1u << CS3_LANE_ROUTER;
  if (!alone || cell->held || cell->train_out || !(cell->nonempty & lanes))
    cs3_router_tick(f, id);
  else if (!info->express)
    cs3_router_move(f, id, info, (guint)__builtin_ctz(lanes), 0);
  else if (lanes != CS3_PORT_BIT(CS3_RAMP) || !fly_out(f, id, info))
    cs3_router_move(f, id, info, (guint)__builtin_ctz(lanes), cs3_flown_through(f, cell));
}

/* What a visit needs is fetched in steps, each when what says where it lies has come: the cell; its
 * channels that are due, and the cells behind them; trains, and the channels behind. */
static inline guint64 due_channels(const Cs3Cell *cell, const Cs3RoleInfo *info, guint32 item) {
  guint64 due = item >> CS3_LANE_ROUTER & 1 ? info->router_mask : item & 63;
  return cell->nonempty & due;
}

static inline void fetch_channels(const Cs3Fabric *f, guint32 item) {
  guint32 id = item >> 8;
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  for (guint64 m = due_channels(cell, info, item); m; m &= m - 1) {
    const Cs3Slot *slot = &info->slot[__builtin_ctzll(m)];
    const Cs3WaveletChannel *ch = cs3_channel(f, cell, slot);
    cs3_fetch(ch);
    cs3_fetch(&ch->ring[2]);
    for (guint out = info->apart ? slot->tx & 15 : 0; out; out &= out - 1)
      cs3_fetch(&f->cell[id + (guint32)f->step[__builtin_ctz(out)]]);
  }
}

static inline void fetch_behind(Cs3Fabric *f, guint32 item) {
  guint32 id = item >> 8, next;
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  guint to;
  for (guint64 m = due_channels(cell, info, item); m; m &= m - 1) {
    const Cs3Slot *slot = &info->slot[__builtin_ctzll(m)];
    const Cs3Entry *e = cs3_head(cs3_channel(f, cell, slot));
    if (cs3_kind(e) == CS3_TRAIN) {
      cs3_fetch(cs3_train(f, e->data));
      cs3_fetch((const char *)cs3_train(f, e->data) + 63);
    }
    if (slot->tx & CS3_PORT_BIT(CS3_RAMP))
      cs3_fetch(&f->pe[id]);
    for (guint out = info->apart ? slot->tx : 0; out; out &= out - 1) {
      const Cs3WaveletChannel *ch =
          cs3_next_channel(f, id, info, slot->colour, (guint)__builtin_ctz(out), &next, &to);
      cs3_fetch(ch);
      cs3_fetch(ch ? &ch->ring[2] : NULL);
    }
  }
}

/* Steps, in visits ahead. */
enum { STEP_0 = CS3_AHEAD, STEP_1 = STEP_0 * 5 / 8, STEP_2 = STEP_0 * 2 / 8 };

static void visit_routers(Cs3Fabric *f, const guint32 *item, guint n) {
  gboolean far = f->state_bytes > CS3_NEAR_BYTES;
  for (guint i = far ? 0 : STEP_0; i < n + STEP_0; i++) {
    if (far && i < n)
      cs3_fetch(&f->cell[item[i] >> 8]);
    if (far && i >= STEP_0 - STEP_1 && i < n + STEP_0 - STEP_1)
      fetch_channels(f, item[i - (STEP_0 - STEP_1)]);
    if (far && i >= STEP_0 - STEP_2 && i < n + STEP_0 - STEP_2)
      fetch_behind(f, item[i - (STEP_0 - STEP_2)]);
    if (i >= STEP_0)
      visit_router(f, item[i - STEP_0] >> 8, item[i - STEP_0] & ((1u << CS3_LANE_PE) - 1));
  }
}

/* The same of a PE: its state; its streams, threads, queues and the program's data; trains and
 * memory. */
static inline void fetch_streams(const Cs3Fabric *f, guint32 id) {
  const Cs3PeState *pe = &f->pe[id];
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  for (guint m = pe->set.armed | pe->set.over; m; m &= m - 1)
    cs3_fetch(&f->stream[pe->streams + (guint)__builtin_ctz(m)]);
  for (guint64 m = cell->nonempty & ~info->router_mask; m; m &= m - 1) {
    const Cs3WaveletChannel *ch = cs3_channel(f, cell, &info->slot[__builtin_ctzll(m)]);
    cs3_fetch(ch);
    cs3_fetch(&ch->ring[2]);
  }
  if (pe->running | pe->running8) {
    const Cs3Thread *thread = &f->thread[pe->threads];
    cs3_fetch(thread);
    cs3_fetch((const char *)thread + 64);
  }
  for (gsize at = 0; at < MIN(f->data_bytes, 128); at += 63)
    cs3_fetch((const char *)f->data + id * f->data_bytes + at);
}

static inline void fetch_memory(Cs3Fabric *f, guint32 id) {
  const Cs3PeState *pe = &f->pe[id];
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  for (guint m = pe->trains_in; m; m &= m - 1) {
    const Cs3Slot *slot = &info->slot[info->n_router + (guint)__builtin_ctz(m)];
    const Cs3Entry *e = cs3_head(cs3_channel(f, cell, slot));
    if (cs3_kind(e) != CS3_TRAIN)
      continue;
    cs3_fetch(cs3_train(f, e->data));
    cs3_fetch((const char *)cs3_train(f, e->data) + 63);
  }
  for (guint m = pe->set.begun & ~pe->set.flowing; m && pe->memory; m &= m - 1) {
    const Cs3StreamState *s = &f->stream[pe->streams + (guint)__builtin_ctz(m)];
    cs3_fetch(pe->memory->w + s->address / 4 + s->position);
  }
  Cs3Pe at = {f, id, f->now};
  if (info->role.fetch && pe->memory)
    info->role.fetch(&at);
}

static void visit_pes(Cs3Fabric *f, const guint32 *id, guint n) {
  gboolean far = f->state_bytes > CS3_NEAR_BYTES;
  for (guint i = far ? 0 : STEP_0; i < n + STEP_0; i++) {
    if (far && i < n) {
      cs3_fetch(&f->cell[id[i]]);
      cs3_fetch(&f->pe[id[i]]);
    }
    if (far && i >= STEP_0 - STEP_1 && i < n + STEP_0 - STEP_1)
      fetch_streams(f, id[i - (STEP_0 - STEP_1)]);
    if (far && i >= STEP_0 - STEP_2 && i < n + STEP_0 - STEP_2)
      fetch_memory(f, id[i - (STEP_0 - STEP_2)]);
    if (i >= STEP_0)
      cs3_pe_tick(f, id[i - STEP_0]);
  }
}

/* @item has place for 8 more. */
static void visit(Cs3Fabric *f, guint32 *item, guint n) {
  guint32 pe[CS3_BATCH + 72];
  guint routers = 0, pes = 0;
  for (guint i = 0; i < n; i++) {
    guint32 at = item[i];
    pe[pes] = at >> 8;
    pes += at >> CS3_LANE_PE & 1;
    item[routers] = at;
    routers += (at & ((1u << CS3_LANE_PE) - 1)) != 0;
  }
  (f->datagrams ? cs3_datagrams_visit : visit_routers)(f, item, routers);
  visit_pes(f, pe, pes);
}

/* Takes the bytes that are not zero of 64 at @bytes to @item: place, from @first on, and byte.
 * Writes up to 8 items more than it finds: which of eight are zero is as good as random. */
static guint take_bytes(guint8 *bytes, guint32 first, guint32 *item) {
  guint64 *words = (guint64 *)(void *)bytes;
  guint found = 0;
  for (guint w = 0; w < 8; w++, first += 8) {
    guint64 m = GUINT64_FROM_LE(words[w]);
    if (!m)
      continue;
    words[w] = 0;
    for (guint at = 0; at < 8; at++, m >>= 8) {
      item[found] = (first + at) << 8 | (guint32)(m & 0xff);
      found += (m & 0xff) != 0;
    }
  }
  return found;
}

static void end_cycle(Cs3Fabric *f) {
  guint32 due = f->now + f->timing.hop;
  f->wheel_used &= ~(G_GUINT64_CONSTANT(1) << f->now % CS3_WHEEL);
  for (guint port = 0; port < CS3_RAMP; port++)
    if (f->air[due % CS3_AIR][port].n)
      f->wheel_used |= G_GUINT64_CONSTANT(1) << due % CS3_WHEEL;
}

void cs3_fly_all(Cs3Fabric *f) {
  for (guint port = 0; port < CS3_RAMP; port++)
    (f->datagrams ? cs3_datagrams_fly_on : fly_on)(f, CS3_OPPOSITE(port));
}

/* Nothing is added to the slot of the cycle meanwhile: what is due in CS3_WHEEL cycles goes to the
 * coarse wheel. */
void cs3_visit_due(Cs3Fabric *f) {
  guint8 *low = f->agenda + f->now % CS3_WHEEL * f->agenda_bytes;
  guint8 *middle = low + f->agenda_middle, *top = low + f->agenda_top;
  guint32 item[CS3_BATCH + 72], middles[72], tops[72];
  guint n = 0;
  for (guint32 t = 0; t < f->agenda_bytes - f->agenda_top; t += 64) {
    guint n_tops = take_bytes(top + t, t, tops);
    for (guint i = 0; i < n_tops; i++) {
      guint32 at_middle = (tops[i] >> 8) * 64;
      guint n_middles = take_bytes(middle + at_middle, at_middle, middles);
      for (guint j = 0; j < n_middles; j++) {
        guint32 at_low = (middles[j] >> 8) * 64;
        n += take_bytes(low + at_low, at_low, item + n);
        if (n >= CS3_BATCH) {
          visit(f, item, n);
          n = 0;
        }
      }
    }
  }
  visit(f, item, n);
  if (f->mail)
    cs3_hand_over(f);
  end_cycle(f);
}
