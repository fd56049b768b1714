/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The visits of one cycle, and the frequent cases of a router: nobody waits in it, no train flows
 * through it, and the wavelets that become ready do not meet. Everything else is in router.c.
 *
 * Wavelets routed by address fly: a router that sends one does not write it into the channel of the
 * next, which only counts it as coming, but appends it to the arrival list of the port and of the
 * cycle at which it can leave there. The visits of a cycle go through the mesh in one order, so
 * that a list is written and read front to back, and a wavelet that meets nobody leaves no trace in
 * the channels. One that must wait lands: it is put into its channel, with the cycle that it had.
 */
#include "config.h"

#include "fabric/event/inline.h"

/* Ends the flight of a wavelet that becomes ready now: it goes into its channel. */
static void land(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint slot, guint32 data) {
  Cs3Cell *cell = &f->cell[id];
  f->gate[id].coming[slot]--;
  f->gate[id].landed |= (guint8)(1u << slot);
  cs3_push(cs3_channel(f, cell, &info->slot[slot]), data, CS3_WAVELET, f->now);
  cell->nonempty |= G_GUINT64_CONSTANT(1) << slot;
}

/* What the visits of a cycle use over and over, in registers. */
typedef struct {
  Cs3Fabric *f;
  Cs3Gate *gate;
  guint32 (*sent)[CS3_N_PORTS];
  guint8 *low, *middle, *top; /* agenda of the cycle a hop ahead */
  guint capacity;             /* of a channel between routers */
} Sweep;

/* Sends a wavelet of the colour of channel @slot off through @port. FALSE: that cannot be done, or
 * not that simply. Where nothing has landed there is room, for what is on the way are the registers
 * of the link; whether something left in this cycle matters only when the last place is at stake.
 */
static inline gboolean send_off(const Sweep *s, guint32 id, const Cs3Gate *gate,
                                const Cs3RoleInfo *info, guint slot, guint port, guint32 data) {
  guint colour = info->slot[slot].colour;
  if (G_UNLIKELY(!(gate->alike >> port & 1))) /* a neighbour of another role, or the PE */
    return port == CS3_RAMP && info->queue_of[colour] == CS3_NO_SLOT &&
           !(info->filtered >> colour & 1);
  guint32 next = id + (guint32)s->f->step[port];
  guint onward = info->onward[slot][port];
  Cs3Gate *there = &s->gate[next];
  if (G_UNLIKELY(onward >= CS3_LANE_ROUTER || there->landed >> onward & 1 ||
                 there->coming[onward] + 1u >= s->capacity))
    return FALSE;
  there->coming[onward]++;
  *s->f->departing[CS3_OPPOSITE(port)]++ = data;
  s->low[next] |= (guint8)(1u << onward);
  s->middle[next / 64] = 1;
  s->top[next / 4096] = 1;
  return TRUE;
}

/* The wavelet that is due in channel @slot goes; @used: outputs taken in this cycle, also returned.
 */
static inline guint fly_on(const Sweep *s, guint32 id, Cs3Gate *gate, const Cs3RoleInfo *info,
                           guint slot, guint used) {
  Cs3Fabric *f = s->f;
  guint32 data = *f->arrived[info->port[slot]]++;
  guint port = cs3_address_port(gate->x, gate->y, data);
  if (G_LIKELY(!(used >> port & 1)) && G_LIKELY(send_off(s, id, gate, info, slot, port, data))) {
    gate->coming[slot]--;
    s->sent[id][port]++;
    return used | 1u << port;
  }
  land(f, id, info, slot, data);
  return cs3_router_move(f, id, info, slot, used);
}

/* The same for a wavelet that comes from the PE. */
static guint fly_out(const Sweep *s, guint32 id, const Cs3RoleInfo *info, guint slot, guint used) {
  Cs3Fabric *f = s->f;
  const Cs3Cell *cell = &f->cell[id];
  if (!(cell->nonempty >> slot & 1))
    return used;
  const Cs3Entry *e = cs3_head(cs3_channel(f, cell, &info->slot[slot]));
  guint port = cs3_address_port(cell->x, cell->y, e->data);
  if (cs3_kind(e) != CS3_WAVELET || used >> port & 1 ||
      !send_off(s, id, &s->gate[id], info, slot, port, e->data))
    return cs3_router_move(f, id, info, slot, used);
  s->sent[id][port]++;
  cs3_pop_head(f, id, &info->slot[slot], slot);
  return used | 1u << port;
}

/* All that is due in a router where somebody waits, or in which the order in which wavelets became
 * ready matters. */
static void land_all(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint lanes) {
  for (guint m = lanes & info->express; m; m &= m - 1) {
    guint slot = (guint)__builtin_ctz(m);
    land(f, id, info, slot, *f->arrived[info->port[slot]]++);
  }
  cs3_router_tick(f, id);
}

/* Is the head of a channel from the PE older than what arrives now? */
static gboolean older(const Cs3Fabric *f, const Cs3Cell *cell, const Cs3RoleInfo *info, guint m) {
  for (m &= (guint)cell->nonempty; m; m &= m - 1)
    if (cs3_ready(cs3_head(cs3_channel(f, cell, &info->slot[__builtin_ctz(m)]))) != f->now)
      return TRUE;
  return FALSE;
}

/* Nobody waits: what is due became ready in this cycle, and goes in the order of its channels. */
static inline void visit_router(const Sweep *s, guint32 id, guint lanes) {
  Cs3Fabric *f = s->f;
  Cs3Gate *gate = &s->gate[id];
  const Cs3RoleInfo *info = f->roles[gate->role];
  if (G_UNLIKELY(lanes & ~(guint)info->addressed || gate->landed & lanes || gate->held ||
                 gate->train_out)) {
    if (!gate->held && !gate->train_out && !(lanes & (lanes - 1)) && f->cell[id].nonempty & lanes &&
        lanes < 1u << CS3_LANE_ROUTER)
      cs3_router_move(f, id, info, (guint)__builtin_ctz(lanes), 0);
    else
      land_all(f, id, info, lanes);
    return;
  }
  guint others = lanes & ~(guint)info->express;
  if (G_UNLIKELY(others) && others != lanes && older(f, &f->cell[id], info, others)) {
    land_all(f, id, info, lanes);
    return;
  }
  guint used = 0;
  for (guint m = lanes; m; m &= m - 1) {
    guint slot = (guint)__builtin_ctz(m);
    used = G_LIKELY(info->express >> slot & 1) ? fly_on(s, id, gate, info, slot, used)
                                               : fly_out(s, id, info, slot, used);
  }
}

/* A visit sends at most one wavelet through each port: makes room for as many as there may be. */
static void reserve(Cs3Fabric *f, guint n) {
  for (guint port = 0; port < CS3_RAMP; port++) {
    Cs3Bucket *list = &f->arrival[f->hop_slot][port];
    list->n = list->item ? (guint)(f->departing[port] - list->item) : 0;
    while (list->room < list->n + n)
      cs3_bucket_grow(list);
    f->departing[port] = list->item + list->n;
  }
}

/* Fetches what the visit of a cell needs beside its gate, each thing when the one that says where
 * it lies has come: cell and PE, channels and threads, trains. */
static inline void fetch_cell(const Cs3Fabric *f, guint32 item) {
  if (!(item & f->landed_lanes))
    return;
  __builtin_prefetch(&f->cell[item >> 8], 1);
  if (item >> CS3_LANE_PE & 1) {
    __builtin_prefetch(&f->pe[item >> 8], 1);
    __builtin_prefetch((const char *)&f->pe[item >> 8] + 64, 1);
  }
}

static inline void fetch_channels(const Cs3Fabric *f, guint32 item) {
  if (!(item & f->landed_lanes))
    return;
  const Cs3Cell *cell = &f->cell[item >> 8];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  if (item >> CS3_LANE_PE & 1) {
    const Cs3Thread *thread = &f->thread[f->pe[item >> 8].threads];
    __builtin_prefetch(thread, 1);
    __builtin_prefetch((const char *)thread + 64, 1);
  }
  for (guint64 m = cell->nonempty; m; m &= m - 1) {
    const Cs3Channel *ch = cs3_channel(f, cell, &info->slot[__builtin_ctzll(m)]);
    __builtin_prefetch(ch, 1);
    __builtin_prefetch((const char *)ch + 64, 1);
  }
}

/* Items beyond the end are what was there before, or have no lanes: harmless hints. */
static inline void fetch_ahead(const Sweep *s, const guint32 *item) {
  guint32 ahead = item[CS3_AHEAD] >> 8;
  __builtin_prefetch(&s->gate[ahead + s->f->height], 1);
  __builtin_prefetch(&s->sent[ahead], 1);
  fetch_cell(s->f, item[CS3_AHEAD]);
  fetch_channels(s->f, item[CS3_AHEAD * 5 / 8]);
}

static void visit(Cs3Fabric *f, const guint32 *item, guint n) {
  const Sweep sweep = {f,
                       f->gate,
                       f->sent,
                       f->agenda_hop,
                       f->agenda_hop + f->agenda_middle,
                       f->agenda_hop + f->agenda_top,
                       f->timing.router_buffer + f->timing.hop};
  gboolean far = f->state_bytes > CS3_NEAR_BYTES;
  reserve(f, n);
  for (guint i = 0; i < n; i++) {
    if (far)
      fetch_ahead(&sweep, item + i);
    guint lanes = item[i] & ((1u << CS3_LANE_PE) - 1);
    if (lanes)
      visit_router(&sweep, item[i] >> 8, lanes);
  }
  for (guint i = 0; i < n; i++)
    if (item[i] >> CS3_LANE_PE & 1)
      cs3_pe_tick(f, item[i] >> 8);
  f->activations += n;
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

static void begin_cycle(Cs3Fabric *f) {
  f->hop_slot = (f->now + f->timing.hop) % CS3_WHEEL;
  f->agenda_hop = f->agenda + f->hop_slot * f->agenda_bytes;
  for (guint port = 0; port < CS3_RAMP; port++) {
    f->arrived[port] = f->arrival[f->now % CS3_WHEEL][port].item;
    f->departing[port] = f->arrival[f->hop_slot][port].item;
  }
}

static void end_cycle(Cs3Fabric *f) {
  guint slot = f->now % CS3_WHEEL;
  for (guint port = 0; port < CS3_RAMP; port++)
    if (f->departing[port] != f->arrival[f->hop_slot][port].item)
      f->wheel_used |= G_GUINT64_CONSTANT(1) << f->hop_slot;
  f->wheel_used &= ~(G_GUINT64_CONSTANT(1) << slot);
}

/* Nothing is added to the slot of the cycle meanwhile: what is due in CS3_WHEEL cycles goes to the
 * coarse wheel. */
void cs3_run_cycle(Cs3Fabric *f) {
  guint8 *low = f->agenda + f->now % CS3_WHEEL * f->agenda_bytes;
  guint8 *middle = low + f->agenda_middle, *top = low + f->agenda_top;
  guint32 item[CS3_BATCH + 72 + CS3_AHEAD] = {0}, middles[72], tops[72];
  guint n = 0;
  begin_cycle(f);
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
  end_cycle(f);
}
