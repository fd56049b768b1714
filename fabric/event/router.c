/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One cycle of one router. Rules:
 * - A wavelet leaves when every output of its route is free in this cycle and every next buffer
 *   has room; a multicast leaves through all its outputs at once.
 * - Of the wavelets that compete for an output, the PE's own go first, then the others in the order
 *   in which they became ready; ties by colour, then by input port. The order is a function of the
 *   wavelets, not of the simulator. (Own first: with oldest first, the published two-phase runs
 *   with long vectors come out late by half a group, as passing words delay a PE's last ones.)
 * - Between two routers lie `router_buffer` parked wavelets and the `hop` registers of the link;
 *   room freed in a cycle is seen by the sender in the next. So depth 1 sustains the full rate. */
#include "config.h"

#include "fabric/event/inline.h"

#include <stdarg.h>

#include "fabric/fabric-error.h"

static const char *const port_name[] = {"N", "E", "S", "W", "RAMP"};

void cs3_program_error(Cs3Fabric *f, guint32 id, const char *format, ...) {
  if (f->error)
    return;
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  f->error = g_error_new(CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_PROGRAM, "PE (%u,%u), cycle %u: %s",
                         f->cell[id].x, f->cell[id].y, f->now - 1, what);
}

void cs3_wake_sender(Cs3Fabric *f, guint32 id, const Cs3Slot *slot, gboolean is_queue) {
  if (is_queue)
    cs3_schedule(f, 0, id, f->now + 1);
  else if (slot->port == CS3_RAMP)
    cs3_schedule(f, 1, id, f->now + 1);
  else
    cs3_schedule(f, 0, id + (guint32)f->step[slot->port], f->now + 1);
}

static gboolean link_is_free(const Cs3Fabric *f, guint32 id, guint port) {
  return !f->link_free || port == CS3_RAMP ||
         f->link_free[id * 4 + port] / f->timing.link_den <= f->now;
}

static void take_link(Cs3Fabric *f, guint32 id, guint port) {
  if (port == CS3_RAMP)
    return;
  guint32 *at = &f->link_free[id * 4 + port];
  *at = MAX(*at, f->now * f->timing.link_den) + f->timing.link_num;
}

static gboolean filtered(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint colour,
                         guint32 data, Cs3Kind kind) {
  const Cs3Filter *filter = &info->role.colour[colour].filter;
  if (kind != CS3_WAVELET)
    return FALSE;
  const Cs3Cell *cell = &f->cell[id];
  if (filter->kind == CS3_FILTER_SPARSE) {
    Cs3Pe pe = {f, id, f->now};
    return !filter->keep(&pe, (*cs3_filter_count(f, id, info, colour))++);
  }
  gint64 shift = (gint64)filter->per_x * cell->x + (gint64)filter->per_y * cell->y;
  gint64 key = data >> 16;
  if (filter->kind == CS3_FILTER_COUNTER)
    key = (*cs3_filter_count(f, id, info, colour))++ % filter->period;
  return key < filter->first + shift || key > filter->last + shift;
}

/* What lies behind an output. */
typedef struct {
  Cs3WaveletChannel *ch; /* NULL: a sink */
  guint32 next;
  guint port, slot;
} Way;

static inline guint find_ways(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint colour,
                              guint tx, Way *ways) {
  guint n = 0;
  for (guint m = tx; m; m &= m - 1, n++) {
    ways[n].port = (guint)__builtin_ctz(m);
    ways[n].ch = cs3_next_channel(f, id, info, colour, ways[n].port, &ways[n].next, &ways[n].slot);
  }
  return n;
}

/* May the wavelet leave through all @ways now? Notes for which buffer it waits. */
static inline gboolean can_leave(Cs3Fabric *f, guint32 id, const Cs3ColourUse *use, const Way *ways,
                                 guint n) {
  gboolean free = TRUE;
  for (const Way *way = ways; way < ways + n; way++) {
    if (!link_is_free(f, id, way->port) && use->lane != CS3_LANE_OWN) {
      cs3_schedule(f, 0, id, f->now + 1);
      return FALSE;
    }
    Cs3WaveletChannel *ch = way->ch;
    if (!ch || (way->port == CS3_RAMP ? cs3_has_room(f, ch)
                                      : cs3_link_has_room(f, &f->cell[id], way->port,
                                                          &f->cell[way->next], ch, way->slot)))
      continue;
    free = FALSE;
    cs3_wait_for(f, 0, id, ch);
  }
  return free;
}

static inline void send(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint colour,
                        const Way *ways, guint n, guint32 data, Cs3Kind kind) {
  const Cs3ColourUse *use = &info->role.colour[colour];
  for (const Way *way = ways; way < ways + n; way++) {
    if (way->port == CS3_RAMP && use->filter.kind != CS3_FILTER_NONE &&
        filtered(f, id, info, colour, data, kind))
      continue;
    f->cell[id].sent[way->port]++;
    if (f->link_free && use->lane != CS3_LANE_OWN)
      take_link(f, id, way->port);
    if (way->ch)
      cs3_enter(f, id, way->port, way->next, way->slot, way->ch, data, kind);
  }
}

/* Obeys a control wavelet that has just been routed; returns the wavelet's command list after it.
 */
static guint32 obey(Cs3Fabric *f, Cs3Cell *cell, const Cs3ColourUse *use, guint colour,
                    guint32 data) {
  guint shift = 2 * colour, position = cell->positions >> shift & 3, command = data & 3;
  if (use->n_positions < 2)
    return data;
  guint next = position;
  if (command == CS3_CMD_ADVANCE)
    next = position + 1 < use->n_positions ? position + 1 : use->ring ? 0 : position;
  else if (command == CS3_CMD_RESET)
    next = 0;
  cell->positions ^= (guint64)(position ^ next) << shift;
  gboolean pop = use->pop == CS3_POP_ALWAYS ||
                 (use->pop == CS3_POP_ON_ADVANCE && command == CS3_CMD_ADVANCE) ||
                 (use->pop == CS3_POP_ON_ADVANCE_NOP && command != CS3_CMD_RESET);
  return pop ? (data & 0xffff0000) | (data & 0xffff) >> 2 : data;
}

/* A position moved in this cycle: whoever waited for it looks again in the next. */
static void after_step(Cs3Fabric *f, guint32 id) {
  cs3_schedule(f, 0, id, f->now + 1);
}

/* What the PE's filter does with the next @n wavelets: keeps all, drops all, or neither is sure. */
typedef enum { KEEPS, DROPS, UNSURE } Sorting;
static Sorting sorts(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint colour, guint32 n) {
  const Cs3Filter *filter = &info->role.colour[colour].filter;
  if (filter->kind == CS3_FILTER_NONE)
    return KEEPS;
  if (filter->kind != CS3_FILTER_SPARSE || !filter->run)
    return UNSURE;
  guint32 count = *cs3_filter_count(f, id, info, colour);
  if (count / filter->run != (count + n - 1) / filter->run)
    return UNSURE;
  Cs3Pe pe = {f, id, f->now};
  return filter->keep(&pe, count) ? KEEPS : DROPS;
}

/* Can a train of @n wavelets that wants @tx flow? @ways, *@n_ways of them: where it goes on. What a
 * filter drops still needs room in the queue: an empty one has it, since nothing else comes there.
 */
static gboolean train_can_leave(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint colour,
                                guint tx, guint32 n, Way *ways, guint *n_ways) {
  gboolean to_task = info->role.colour[colour].binding == CS3_BIND_TASK;
  *n_ways = find_ways(f, id, info, colour, tx, ways);
  for (guint i = 0; i < *n_ways; i++) {
    const Way *way = &ways[i];
    Sorting sorting = way->port == CS3_RAMP ? sorts(f, id, info, colour, n) : KEEPS;
    if (!way->ch || sorting == UNSURE)
      return FALSE;
    if (sorting == DROPS) { /* the ramp is the last of the ports */
      --*n_ways;
      return way->ch->count == 0;
    }
    gboolean task_queue = way->port == CS3_RAMP && to_task;
    if (!cs3_train_can_enter(f, way->ch, task_queue ? 0 : n))
      return FALSE;
  }
  return TRUE;
}

/* Train @number flows out through @way. */
static void send_train(Cs3Fabric *f, guint32 number, const Way *way) {
  const Cs3Train *train = cs3_train(f, number);
  guint lat = way->port == CS3_RAMP ? f->timing.ramp : f->timing.hop;
  guint32 onward =
      cs3_train_new(f, way->next, way->slot, train->payload, train->n, f->now + lat, lat);
  cs3_train(f, number)->next[way->port] = onward;
  cs3_train(f, onward)->prev = number;
  cs3_train(f, onward)->from_port = (guint8)way->port;
  cs3_schedule(f, way->port == CS3_RAMP, way->next, f->now + lat);
}

/* A train at the head, its first wavelet due: flows on when nothing can disturb its first
 * cycle; later disturbances end it. */
static gboolean start_train(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint index,
                            guint tx) {
  const Cs3Slot *slot = &info->slot[index];
  const Cs3ColourUse *use = &info->role.colour[slot->colour];
  guint32 number = cs3_head(cs3_channel(f, &f->cell[id], slot))->data;
  const Cs3Train *train = cs3_train(f, number);
  Way ways[CS3_N_PORTS];
  guint n_ways;
  if (train->ready > f->now || train->base ||
      !train_can_leave(f, id, info, slot->colour, tx, train->n, ways, &n_ways))
    return FALSE;
  for (guint i = 0; i < n_ways; i++)
    send_train(f, number, &ways[i]);
  Cs3Train *from = cs3_train(f, number);
  from->out = (guint8)tx;
  from->start = f->now;
  cs3_flow_begins(f, id, index);
  from->drops = n_ways < (guint)__builtin_popcount(tx);
  from->counts = tx & CS3_PORT_BIT(CS3_RAMP) && use->filter.kind != CS3_FILTER_NONE;
  f->cell[id].train_out |= tx & 31;
  cs3_schedule(f, 0, id, f->now + from->n);
  return TRUE;
}

static void stall(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint index) {
  Cs3WaveletChannel *ch = cs3_channel(f, &f->cell[id], &info->slot[index]);
  ch->flags |= CS3_CHANNEL_STALLED;
  f->cell[id].held = TRUE;
  if (ch->flags & CS3_CHANNEL_TRAIN)
    cs3_train_break_channel(f, id, index);
}

/* The same as the rest of cs3_router_move() for a single wavelet that leaves through one link, if
 * there is room behind it. FALSE: it is not that simple. */
static inline gboolean hop(Cs3Fabric *f, guint32 id, const Cs3Slot *slot, guint index, guint tx) {
  if (tx & (tx - 1) || tx & CS3_PORT_BIT(CS3_RAMP) || f->link_free)
    return FALSE;
  Cs3Cell *cell = &f->cell[id];
  const Cs3Entry e = *cs3_head(cs3_channel(f, cell, slot));
  guint port = (guint)__builtin_ctz(tx);
  guint32 next = id + (guint32)f->step[port];
  const Cs3RoleInfo *there = cs3_role_of(f, &f->cell[next]);
  guint to = there->slot_of[CS3_OPPOSITE(port)][slot->colour];
  Cs3WaveletChannel *behind = cs3_channel(f, &f->cell[next], &there->slot[to]);
  if (there->express || !cs3_has_room(f, behind))
    return FALSE;
  if (cs3_ready(&e) != f->now)
    f->waited[id] += f->now - cs3_ready(&e);
  cell->sent[port]++;
  cs3_enter_channel(f, next, to, behind, e.data, CS3_WAVELET, FALSE);
  cs3_pop_head(f, id, slot, index);
  return TRUE;
}

guint cs3_router_move(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint index, guint used) {
  Cs3Cell *cell = &f->cell[id];
  const Cs3Slot *slot = &info->slot[index];
  Cs3WaveletChannel *ch = cs3_channel(f, cell, slot);
  Cs3Entry *e = cs3_head(ch);
  Cs3Kind kind = cs3_kind(e);
  guint tx = cs3_wanted(cell, info, slot, e);
  const Cs3ColourUse *use = &info->role.colour[slot->colour];
  if (kind == CS3_STEP && tx) { /* a step command to the own router: goes nowhere */
    obey(f, cell, use, slot->colour, CS3_CMD_ADVANCE);
    after_step(f, id);
    cs3_pop_head(f, id, slot, index);
    return used;
  }
  guint takes = cs3_taken(use, tx);
  if (kind == CS3_WAVELET && tx && !(takes & used) && hop(f, id, slot, index, tx))
    return used | takes;
  if (takes & used)
    cs3_schedule(f, 0, id, f->now + 1);
  if (!tx || takes & used) {
    stall(f, id, info, index);
    return used;
  }
  if (kind == CS3_TRAIN) {
    if (start_train(f, id, info, index, tx))
      return used | takes;
    cs3_train_break_channel(f, id, index);
    e = cs3_head(ch); /* now its first wavelet */
    kind = cs3_kind(e);
  }
  Way ways[CS3_N_PORTS];
  guint n_ways = find_ways(f, id, info, slot->colour, tx, ways);
  if (!can_leave(f, id, use, ways, n_ways)) {
    stall(f, id, info, index);
    return used;
  }
  guint32 data = e->data;
  if (cs3_ready(e) != f->now)
    f->waited[id] += f->now - cs3_ready(e);
  if (kind == CS3_CONTROL) {
    /* It is routed first; the position that it sets holds from the next cycle. */
    guint32 after = obey(f, cell, use, slot->colour, data);
    send(f, id, info, slot->colour, ways, n_ways, after, kind);
    after_step(f, id);
  } else {
    send(f, id, info, slot->colour, ways, n_ways, data, kind);
  }
  cs3_pop_head(f, id, slot, index);
  return used | takes;
}

/* The head of channel @index that may move; NULL: there is none. A finished train is removed, one
 * that must stop becomes single wavelets, one that flows does so by itself. */
static inline Cs3Entry *movable_head(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info,
                                     guint index) {
  Cs3WaveletChannel *ch = cs3_channel(f, &f->cell[id], &info->slot[index]);
  Cs3Entry *e = cs3_head(ch);
  if (G_LIKELY(cs3_kind(e) != CS3_TRAIN))
    return e;
  const Cs3Train *train = cs3_train(f, e->data);
  if (!train->out)
    return e;
  if (f->now >= train->start + train->n)
    cs3_train_end(f, e->data);
  else if (train->stop)
    cs3_router_train_stop(f, id, index);
  else
    return NULL;
  return ch->count ? cs3_head(ch) : NULL;
}

/* Ready heads, oldest first. */
static guint ready_heads(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, guint8 *order) {
  Cs3Cell *cell = &f->cell[id];
  gint32 age[CS3_MAX_SLOTS];
  guint n = 0;
  for (guint64 m = cell->nonempty & info->router_mask; m; m &= m - 1) {
    guint index = (guint)__builtin_ctzll(m);
    const Cs3Entry *e = movable_head(f, id, info, index);
    gint32 wait = e ? (gint32)((f->now << 2 | 3) - e->meta) >> 2 : -1;
    if (wait < 0)
      continue;
    guint at = n++;
    wait |= info->slot[index].port == CS3_RAMP && !info->by_address[info->slot[index].colour]
                ? 1 << 30
                : 0;
    for (; at > 0 && age[at - 1] < wait; at--) {
      age[at] = age[at - 1];
      order[at] = order[at - 1];
    }
    age[at] = wait;
    order[at] = (guint8)index;
  }
  return n;
}

/* Trains that flow through an output that a ready wavelet wants must compete singly. */
static gboolean break_contended(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info,
                                const guint8 *order, guint n) {
  Cs3Cell *cell = &f->cell[id];
  guint wanted = 0;
  guint32 colours = 0;
  for (guint i = 0; i < n; i++) {
    const Cs3Slot *slot = &info->slot[order[i]];
    guint tx = cs3_wanted(cell, info, slot, cs3_head(cs3_channel(f, cell, slot)));
    wanted |= cs3_taken(&info->role.colour[slot->colour], tx);
    colours |= (guint32)(tx != 0) << slot->colour;
  }
  gboolean broken = FALSE;
  for (guint64 m = cell->nonempty & info->router_mask; m; m &= m - 1) {
    guint index = (guint)__builtin_ctzll(m);
    Cs3Entry *e = cs3_head(cs3_channel(f, cell, &info->slot[index]));
    if (cs3_kind(e) != CS3_TRAIN)
      continue;
    const Cs3Train *train = cs3_train(f, e->data);
    guint colour = info->slot[index].colour;
    if (train->out &&
        (cs3_taken(&info->role.colour[colour], train->out) & wanted || colours >> colour & 1)) {
      cs3_train_break_channel(f, id, index);
      broken = TRUE;
    }
  }
  return broken;
}

/* Static routes: at most one input may bring a colour in a cycle. */
static gboolean two_inputs(Cs3Fabric *f, guint32 id, const Cs3RoleInfo *info, const guint8 *order,
                           guint n) {
  const Cs3Cell *cell = &f->cell[id];
  guint32 seen = 0;
  for (guint i = 0; i < n; i++) {
    const Cs3Slot *slot = &info->slot[order[i]];
    if (info->by_address[slot->colour] ||
        !cs3_wanted(cell, info, slot, cs3_head(cs3_channel(f, cell, slot))))
      continue;
    if (seen >> slot->colour & 1) {
      cs3_program_error(f, id,
                        "two inputs on colour %u in one cycle, one of them from %s: "
                        "give the second stream a colour of its own or a switch position",
                        slot->colour, port_name[slot->port]);
      return TRUE;
    }
    seen |= 1u << slot->colour;
  }
  return FALSE;
}

void cs3_router_tick(Cs3Fabric *f, guint32 id) {
  Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  cell->held = FALSE;
  guint8 order[CS3_MAX_SLOTS];
  guint n = ready_heads(f, id, info, order);
  if (G_UNLIKELY(cell->train_out) && n && break_contended(f, id, info, order, n))
    n = ready_heads(f, id, info, order);
  if (n > 1 && two_inputs(f, id, info, order, n))
    return;
  guint used = info->express ? cs3_flown_through(f, cell) : 0;
  if (cell->train_out)
    cs3_ways_of_trains(f, cell, info, &used);
  for (guint i = 0; i < n && !f->error; i++)
    used = cs3_router_move(f, id, info, order[i], used);
}

/* The same as cs3_router_move() for a single wavelet of a colour that shares nothing and has one
 * position. @f is restricted: what is written through other pointers leaves its members alone. */
static inline void pass(Cs3Fabric *restrict f, guint32 id, const Cs3RoleInfo *restrict info,
                        guint index) {
  Cs3Cell *cell = &f->cell[id];
  const Cs3Slot *slot = &info->slot[index];
  const guint tx = slot->tx, colour = slot->colour;
  Cs3WaveletChannel *behind[CS3_N_PORTS];
  guint32 next[CS3_N_PORTS];
  guint to[CS3_N_PORTS];
  gboolean free = tx != 0;
  for (guint m = tx; m; m &= m - 1) {
    guint port = (guint)__builtin_ctz(m);
    behind[port] = cs3_next_channel(f, id, info, colour, port, &next[port], &to[port]);
    if (!behind[port] || G_LIKELY(cs3_has_room(f, behind[port])))
      continue;
    cs3_wait_for(f, 0, id, behind[port]);
    free = FALSE;
  }
  if (!free) {
    stall(f, id, info, index);
    return;
  }
  const Cs3Entry e = *cs3_head(cs3_channel(f, cell, slot));
  if (cs3_ready(&e) != f->now)
    f->waited[id] += f->now - cs3_ready(&e);
  for (guint m = tx; m; m &= m - 1) {
    guint port = (guint)__builtin_ctz(m);
    gboolean to_pe = port == CS3_RAMP;
    if (to_pe && info->filtered >> colour & 1 &&
        filtered(f, id, info, colour, e.data, cs3_kind(&e)))
      continue;
    cell->sent[port]++;
    if (behind[port])
      cs3_enter_channel(f, next[port], to[port], behind[port], e.data, cs3_kind(&e), to_pe);
  }
  cs3_pop_head(f, id, slot, index);
}

void cs3_router_pass(Cs3Fabric *restrict f, guint32 id, const Cs3RoleInfo *restrict info,
                     guint lanes) {
  guint64 due = lanes >> CS3_LANE_ROUTER & 1 ? info->router_mask : lanes;
  for (guint64 m = f->cell[id].nonempty & due; m && !f->error; m &= m - 1) {
    guint index = (guint)__builtin_ctzll(m);
    const Cs3Entry *e = movable_head(f, id, info, index);
    if (!e || cs3_ready(e) > f->now)
      continue;
    if (cs3_kind(e) <= CS3_CONTROL && !f->link_free)
      pass(f, id, info, index);
    else
      cs3_router_move(f, id, info, index, 0);
  }
}
