/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A mesh in which every router passes on, by address, one colour of wavelets that PEs take as they
 * come: each wavelet wants one output, so outputs can be decided one by one, and whether there is
 * room behind one is a count that the sender keeps: what is parked there, and what left through it
 * in the last cycles. A visit touches its own cell and channels, writes to neighbours' cells and
 * reads nothing there. */
#include "config.h"

#include "fabric/event/inline.h"

enum { LANDINGS = 32 };

/* Of the flights that left through a port those that count for the room behind it: what left a hop
 * ago has landed, or flown on, when routers are visited; before that it is not known which. */
static inline guint in_flight(guint32 flights, guint port, guint cycles) {
  guint32 left = flights >> port >> CS3_N_PORTS & ((1u << cycles * CS3_N_PORTS) - 1);
  return (left & 1) + (left >> CS3_N_PORTS & 1) + (left >> 2 * CS3_N_PORTS & 1);
}

/* Flights of this cycle and the three before, a bit for each port, the latest lowest. */
static inline guint32 recent_flights(const Cs3Datagrams *d, guint32 now) {
  guint32 since = now - d->last_flight;
  return since < CS3_AIR ? d->flights << since * CS3_N_PORTS & ((1u << CS3_AIR * CS3_N_PORTS) - 1)
                         : 0;
}

static inline void note_flight(Cs3Datagrams *d, guint32 flights, guint port, guint32 now) {
  d->flights = flights | 1u << port;
  d->last_flight = now;
}

/* Puts a wavelet that left its sender through @left into the channel behind, where it waits: if the
 * output is taken, for the next cycle; if there may be room behind it, for a look in this one. */
static void land(Cs3Fabric *f, Cs3Flight flight, guint left) {
  guint slot = CS3_OPPOSITE(left);
  Cs3Cell *cell = &f->cell[flight.cell];
  Cs3Datagrams *d = &cell->datagrams;
  guint64 bit = G_GUINT64_CONSTANT(1) << slot;
  cs3_push(cs3_channel(f, cell, &cs3_role_of(f, cell)->slot[slot]), flight.data, CS3_WAVELET,
           f->now);
  guint32 sender = flight.cell + (guint32)f->step[slot];
  if (G_LIKELY(sender - f->begin < f->own))
    f->cell[sender].datagrams.parked[left]++;
  else
    cs3_bucket_add(&f->mail[sender > f->begin].landed, sender << 3 | left);
  if (cell->nonempty & bit)
    return;
  cell->nonempty |= bit;
  guint to = cs3_address_port(cell->x, cell->y, flight.data);
  if (d->wants >> to & 1) /* those before it have it looked at */
    return;
  guint taken = recent_flights(d, f->now) >> to & 1;
  d->wants |= (guint8)(taken << to);
  cs3_schedule_lane(f, CS3_LANE_ROUTER, flight.cell, f->now + taken);
}

/* Landings wait until memory has come. */
typedef struct {
  guint n;
  Cs3Flight flight[LANDINGS];
} Landings;

static void land_all(Cs3Fabric *f, Landings *landings, guint left) {
  for (guint i = 0; i < landings->n; i++)
    land(f, landings->flight[i], left);
  landings->n = 0;
}

static inline void land_later(Cs3Fabric *f, Landings *landings, const Cs3Flight *flight,
                              const guint8 *channels, guint left) {
  const guint8 *channel = channels + (gsize)f->cell[flight->cell].channels * 8;
  cs3_fetch(channel);
  cs3_fetch(channel + f->datagram_room * sizeof(Cs3Entry));
  landings->flight[landings->n++] = *flight;
  if (landings->n == LANDINGS)
    land_all(f, landings, left);
}

void cs3_datagrams_fly_on(Cs3Fabric *f, guint left) {
  Cs3Flights *air = &f->air[f->now % CS3_AIR][left];
  Cs3Flights *onward = f->air[(f->now + f->timing.hop) % CS3_AIR];
  Cs3Flight *end[CS3_N_PORTS];
  guint32 step[CS3_N_PORTS];
  for (guint port = 0; port < CS3_N_PORTS; port++) {
    cs3_flights_reserve(&onward[port], air->n);
    end[port] = onward[port].flight + onward[port].n;
    step[port] = (guint32)f->step[port];
  }
  Landings landings = {.n = 0};
  Cs3Cell *const cells = f->cell;
  const guint32 now = f->now;
  const guint slot = CS3_OPPOSITE(left), hop = f->timing.hop, room = f->datagram_room;
  const guint8 *channels = f->channel_pool + cs3_role_of(f, cells)->slot[slot].offset;
  for (const Cs3Flight *at = air->flight, *last = at + air->n; at < last; at++) {
    Cs3Cell *cell = &cells[at->cell];
    Cs3Datagrams *d = &cell->datagrams;
    cs3_fetch(&cells[at[CS3_AHEAD].cell]);
    guint to = cs3_address_port(cell->x, cell->y, at->data);
    guint32 flights = recent_flights(d, now);
    guint blocked = (guint)(cell->nonempty >> slot & 1) | d->wants >> to | flights >> to;
    if (G_UNLIKELY(blocked & 1) ||
        (G_UNLIKELY(d->parked[to]) && d->parked[to] + in_flight(flights, to, hop) >= room)) {
      land_later(f, &landings, at, channels, left);
      continue;
    }
    note_flight(d, flights, to, now);
    cell->sent[to]++;
    end[to]->cell = at->cell + step[to];
    end[to]++->data = at->data;
  }
  land_all(f, &landings, left);
  air->n = 0;
  for (guint port = 0; port < CS3_RAMP; port++) /* what went to the PE is dropped */
    onward[port].n = (guint)(end[port] - onward[port].flight);
}

/* Is there room behind @port? If not, its sender is woken when there is, or looks again in the next
 * cycle when something has left in this one: *@again. */
static inline gboolean has_room(const Cs3Fabric *f, Cs3Datagrams *d, guint32 flights, guint port,
                                gboolean *again) {
  gboolean freed = d->freed_at == f->now && d->freed >> port & 1;
  if (d->parked[port] + freed + in_flight(flights, port, f->timing.hop - 1) < f->datagram_room)
    return TRUE;
  if (freed)
    *again = TRUE;
  else
    d->asleep |= (guint8)(1u << port);
  return FALSE;
}

/* Room in channel @slot of cell @id has been freed: its sender sees it in the next cycle. */
static inline void tell_sender(Cs3Fabric *f, guint32 id, guint slot) {
  guint32 sender = id + (guint32)f->step[slot];
  if (G_UNLIKELY(sender - f->begin >= f->own)) {
    cs3_bucket_add(&f->mail[sender > f->begin].freed[f->step_parity],
                   sender << 3 | CS3_OPPOSITE(slot));
    return;
  }
  Cs3Datagrams *d = &f->cell[sender].datagrams;
  guint8 bit = (guint8)(1u << CS3_OPPOSITE(slot));
  d->parked[CS3_OPPOSITE(slot)]--;
  d->freed = d->freed_at == f->now ? d->freed | bit : bit;
  d->freed_at = f->now;
  if (!(d->asleep & bit))
    return;
  d->asleep &= (guint8)~bit;
  cs3_schedule_lane(f, CS3_LANE_ROUTER, sender, f->now + 1);
}

/* Takes the head out of channel @slot; returns the output that the next one waits for, as a set. */
static inline guint pop(Cs3Fabric *f, guint32 id, Cs3WaveletChannel *ch, guint slot) {
  Cs3Cell *cell = &f->cell[id];
  if (cs3_pop(f, cell, ch, slot))
    cs3_schedule(f, 1, id, f->now + 1);
  if (slot != CS3_RAMP)
    tell_sender(f, id, slot);
  if (!ch->count || cs3_ready(cs3_head(ch)) > f->now)
    return 0;
  return CS3_PORT_BIT(cs3_address_port(cell->x, cell->y, cs3_head(ch)->data));
}

static inline void leave(Cs3Fabric *f, guint32 id, guint port, guint32 data) {
  Cs3Cell *cell = &f->cell[id];
  cell->sent[port]++;
  if (port == CS3_RAMP)
    return;
  Cs3Flights *air = &f->air[(f->now + f->timing.hop) % CS3_AIR][port];
  if (G_UNLIKELY(air->n == air->room))
    cs3_flights_reserve(air, 1);
  air->flight[air->n++] = (Cs3Flight){id + (guint32)f->step[port], data};
}

/* Of the heads that want an output the oldest goes, ties in the order of the channels. */
static void tick(Cs3Fabric *f, guint32 id) {
  Cs3Cell *cell = &f->cell[id];
  Cs3Datagrams *d = &cell->datagrams;
  const Cs3Slot *slots = cs3_role_of(f, cell)->slot;
  guint64 first[CS3_N_PORTS] = {[0 ... CS3_N_PORTS - 1] = G_MAXUINT64};
  guint wanted = 0, waiting = 0;
  for (guint64 m = cell->nonempty; m; m &= m - 1) {
    guint slot = (guint)__builtin_ctzll(m);
    const Cs3Entry *e = cs3_head(cs3_channel(f, cell, &slots[slot]));
    if (cs3_ready(e) > f->now)
      continue;
    guint port = cs3_address_port(cell->x, cell->y, e->data);
    guint64 age = (guint64)e->meta << 8 | slot;
    waiting |= wanted & CS3_PORT_BIT(port);
    wanted |= CS3_PORT_BIT(port);
    first[port] = MIN(first[port], age);
  }
  guint32 flights = recent_flights(d, f->now);
  guint taken = wanted & flights;
  gboolean again = (waiting | taken) != 0;
  waiting |= taken;
  for (guint m = wanted & ~taken; m; m &= m - 1) {
    guint port = (guint)__builtin_ctz(m), slot = first[port] & 255;
    if (port != CS3_RAMP && !has_room(f, d, flights, port, &again)) {
      waiting |= CS3_PORT_BIT(port);
      continue;
    }
    Cs3WaveletChannel *ch = cs3_channel(f, cell, &slots[slot]);
    const Cs3Entry *e = cs3_head(ch);
    f->waited[id] += f->now - cs3_ready(e);
    leave(f, id, port, e->data);
    flights |= CS3_PORT_BIT(port);
    guint next = pop(f, id, ch, slot);
    again |= next != 0;
    waiting |= next;
  }
  d->flights = flights;
  d->last_flight = f->now;
  d->wants = (guint8)waiting;
  if (again)
    cs3_schedule_lane(f, CS3_LANE_ROUTER, id, f->now + 1);
}

/* A cell's channels to its router lie one behind the other; of the PE's, the last, its first line.
 */
void cs3_datagrams_visit(Cs3Fabric *f, const guint32 *item, guint n) {
  enum { CELL = CS3_AHEAD, CHANNELS = CS3_AHEAD / 2 };
  const guint8 *pool = f->channel_pool;
  const Cs3RoleInfo *info = cs3_role_of(f, f->cell);
  const guint bytes = f->state_bytes > CS3_NEAR_BYTES ? info->slot[CS3_RAMP].offset + 16u : 0;
  for (guint i = bytes ? 0 : CELL; i < n + CELL; i++) {
    if (i < n)
      cs3_fetch(&f->cell[item[i] >> 8]);
    if (i >= CELL - CHANNELS && i < n + CELL - CHANNELS) {
      const guint8 *at = pool + (gsize)f->cell[item[i - (CELL - CHANNELS)] >> 8].channels * 8;
      for (guint k = 0; k < bytes; k += 64)
        cs3_fetch(at + k);
    }
    if (i >= CELL)
      tick(f, item[i - CELL] >> 8);
  }
}
