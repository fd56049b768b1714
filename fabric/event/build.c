/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building a mesh: roles, memory layout of the cells, statistics. */
#include "config.h"

#include "fabric/event/inline.h"

#include <string.h>
#include <sys/mman.h>

#include "fabric/fabric-error.h"

static void invalid(GError **error, Cs3FabricError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void invalid(GError **error, Cs3FabricError code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, CS3_FABRIC_ERROR, (gint)code, what);
}

gpointer cs3_large_zeroed(gsize bytes) {
  gsize page = 1 << 21, rounded = (bytes + page - 1) / page * page;
  if (bytes < page)
    return g_aligned_alloc0(1, MAX(bytes, 64), 64);
  gpointer p = g_aligned_alloc(1, rounded, page);
#ifdef MADV_HUGEPAGE
  (void)madvise(p, rounded, MADV_HUGEPAGE); /* only a hint: its refusal changes nothing */
#endif
  memset(p, 0, bytes);
  return p;
}

void cs3_role_clear(Cs3Role *role) {
  memset(role, 0, sizeof *role);
  role->n_threads = 1;
  role->start_task = -1;
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++)
    role->colour[c].control_task = -1;
}

void cs3_role_route(Cs3Role *role, guint colour, guint position, guint rx, guint tx) {
  g_return_if_fail(colour < CS3_EVENT_COLOURS && position < CS3_EVENT_POSITIONS);
  Cs3ColourUse *use = &role->colour[colour];
  use->route[position] = (Cs3Route){(guint8)rx, (guint8)tx};
  use->n_positions = MAX(use->n_positions, (guint8)(position + 1));
}

Cs3Fabric *cs3_fabric_new(guint width, guint height, const Cs3EventTiming *timing, gpointer user,
                          GError **error) {
  if (width < 1 || height < 1 || width > 2047 || height > 2047) {
    invalid(error, CS3_FABRIC_ERROR_INVALID,
            "--pes %ux%u: each side must be 1 to 2047 (the WSE-3 fabric is 762x1172)", width,
            height);
    return NULL;
  }
  Cs3Fabric *f = g_new0(Cs3Fabric, 1);
  f->timing = *timing;
  f->width = width;
  f->height = height;
  f->n_cells = width * height;
  f->user = user;
  f->step[CS3_N] = -1;
  f->step[CS3_S] = 1;
  f->step[CS3_E] = (gint)height;
  f->step[CS3_W] = -(gint)height;
  f->cell = cs3_large_zeroed((gsize)f->n_cells * sizeof *f->cell);
  f->waited = g_new0(guint32, f->n_cells);
  f->pe = cs3_large_zeroed((gsize)f->n_cells * sizeof *f->pe);
  cs3_wheel_init(f);
  f->train = g_array_new(FALSE, TRUE, sizeof(Cs3Train));
  f->free_train = g_array_new(FALSE, FALSE, sizeof(guint32));
  f->role = g_ptr_array_new_with_free_func(g_free);
  f->trains = timing->link_num == timing->link_den;
  for (guint32 id = 0; id < f->n_cells; id++) {
    f->cell[id].x = id / height & 2047;
    f->cell[id].y = id % height & 2047;
  }
  if (!f->trains)
    f->link_free = g_new0(guint32, (gsize)f->n_cells * 4);
  Cs3Role none;
  cs3_role_clear(&none);
  guint id;
  if (!cs3_fabric_add_role(f, &none, &id, error))
    g_clear_pointer(&f, cs3_fabric_free);
  return f;
}

void cs3_fabric_free(Cs3Fabric *f) {
  if (!f)
    return;
  g_aligned_free(f->agenda);
  for (guint i = 0; i < CS3_FAR; i++)
    g_free(f->far[i].item);
  g_free(f->later.item);
  for (guint i = 0; i < CS3_AIR; i++)
    for (guint port = 0; port < CS3_N_PORTS; port++)
      g_free(f->air[i][port].flight);
  for (guint i = 0; i < f->train->len; i++)
    if (cs3_train(f, i)->payload)
      cs3_payload_unref(cs3_train(f, i)->payload);
  for (guint32 id = 0; id < f->n_cells; id++)
    cs3_memory_unref(f->pe[id].memory);
  g_array_unref(f->train);
  g_array_unref(f->free_train);
  g_ptr_array_unref(f->role);
  g_aligned_free(f->cell);
  g_free(f->waited);
  g_aligned_free(f->pe);
  g_aligned_free(f->channel_pool);
  g_aligned_free(f->memory_pool);
  g_aligned_free(f->thread);
  g_aligned_free(f->stream);
  g_free(f->reg);
  g_free(f->link_free);
  g_clear_error(&f->error);
  g_free(f);
}

/* The sets of inputs and outputs of a colour over all positions. */
static void ports_used(const Cs3ColourUse *use, guint *rx, guint *tx) {
  *rx = *tx = use->by_address ? 31 : 0;
  for (guint p = 0; p < use->n_positions; p++) {
    *rx |= use->route[p].rx;
    *tx |= use->route[p].tx;
  }
}

static gboolean check_colour(const Cs3Fabric *f, const Cs3ColourUse *use, guint colour,
                             GError **error) {
  guint rx, tx;
  ports_used(use, &rx, &tx);
  if ((rx | tx) != 0 && colour >= f->timing.colours) {
    invalid(error, CS3_FABRIC_ERROR_INFEASIBLE,
            "the program uses colour %u; fabric.colours has %u, from 0", colour, f->timing.colours);
    return FALSE;
  }
  if (use->n_positions > f->timing.positions) {
    invalid(error, CS3_FABRIC_ERROR_INFEASIBLE,
            "colour %u: %u switch positions; fabric.switch_positions has %u", colour,
            use->n_positions, f->timing.positions);
    return FALSE;
  }
  if (use->filter.kind != CS3_FILTER_COUNTER || use->filter.period > 0)
    return TRUE;
  invalid(error, CS3_FABRIC_ERROR_INVALID, "colour %u: a counter filter needs a period", colour);
  return FALSE;
}

static gboolean check_role(const Cs3Fabric *f, const Cs3Role *role, GError **error) {
  if (role->memory_bytes > f->timing.sram_bytes) {
    invalid(error, CS3_FABRIC_ERROR_INFEASIBLE,
            "the program needs %u bytes of memory in a PE, which leaves %u for data: use fewer "
            "words per PE (--words)",
            role->memory_bytes, f->timing.sram_bytes);
    return FALSE;
  }
  if (role->n_threads + role->n_streams > 1 + f->timing.microthreads) {
    invalid(error, CS3_FABRIC_ERROR_INFEASIBLE, "a role uses %u microthreads; a PE has %u",
            role->n_threads + role->n_streams - 1, f->timing.microthreads);
    return FALSE;
  }
  if (role->n_threads < 1 || role->memory_bytes % 4 || role->start_task >= CS3_EVENT_TASKS) {
    invalid(error, CS3_FABRIC_ERROR_INVALID,
            "a role needs a main thread, memory in whole words and a start task below %d",
            CS3_EVENT_TASKS);
    return FALSE;
  }
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++)
    if (!check_colour(f, &role->colour[c], c, error))
      return FALSE;
  return TRUE;
}

/* A channel that trains may enter holds one entry more: the rest of a train of which it is not yet
 * known whether it was sent. */
static gboolean add_slot(Cs3RoleInfo *info, guint colour, guint port, guint capacity,
                         GError **error) {
  if (info->n_slots == CS3_MAX_SLOTS) {
    invalid(error, CS3_FABRIC_ERROR_INFEASIBLE,
            "a role uses more than %u (colour, input port) pairs", CS3_MAX_SLOTS);
    return FALSE;
  }
  Cs3Slot *slot = &info->slot[info->n_slots++];
  *slot = (Cs3Slot){.offset = (guint16)(info->channel_units * 8),
                    .colour = (guint8)colour,
                    .port = (guint8)port,
                    .capacity = (guint8)capacity,
                    .spare = !info->by_address[colour]};
  Cs3Route route = info->role.colour[colour].route[0];
  slot->tx = route.rx & CS3_PORT_BIT(port) ? route.tx : 0;
  info->channel_units += 1 + capacity + slot->spare;
  return TRUE;
}

/* Output queues, deepest first. */
static guint out_queue(const Cs3EventTiming *timing, guint rank) {
  guint8 sorted[CS3_MAX_QUEUES] = {0};
  for (guint q = 0; q < CS3_MAX_QUEUES; q++) {
    guint at = q;
    for (; at > 0 && sorted[at - 1] < timing->out_queue[q]; at--)
      sorted[at] = sorted[at - 1];
    sorted[at] = (guint8)timing->out_queue[q];
  }
  return rank < CS3_MAX_QUEUES ? sorted[rank] : 0;
}

static gboolean lay_out_router(const Cs3EventTiming *timing, Cs3RoleInfo *info, GError **error) {
  guint sending = 0;
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++) {
    guint rx, tx;
    ports_used(&info->role.colour[c], &rx, &tx);
    info->by_address[c] = info->role.colour[c].by_address != 0;
    info->filtered |= (guint32)(info->role.colour[c].filter.kind != CS3_FILTER_NONE) << c;
    for (guint port = 0; port < CS3_N_PORTS; port++) {
      info->slot_of[port][c] = CS3_NO_SLOT;
      if (!(rx & CS3_PORT_BIT(port)))
        continue;
      guint capacity = timing->router_buffer + timing->hop;
      if (port == CS3_RAMP) {
        guint number = info->role.colour[c].out_queue;
        guint depth = number ? timing->out_queue[number - 1] : out_queue(timing, sending++);
        if (!depth) {
          invalid(error, CS3_FABRIC_ERROR_INFEASIBLE,
                  "a PE sends on %u colours; it has fewer output queues", sending);
          return FALSE;
        }
        capacity = depth + timing->ramp + 1;
      }
      info->slot_of[port][c] = (guint8)info->n_slots;
      if (!add_slot(info, c, port, capacity, error))
        return FALSE;
    }
  }
  info->n_router = info->n_slots;
  info->router_mask =
      info->n_router == 64 ? ~G_GUINT64_CONSTANT(0) : (G_GUINT64_CONSTANT(1) << info->n_router) - 1;
  return TRUE;
}

/* Do wavelets of the first colour fly? Only where all colours are routed by address: one that is
 * not lets the PE's own wavelets go first. */
static gboolean is_express(const Cs3Fabric *f, const Cs3RoleInfo *info) {
  gboolean express = f->trains && info->n_router > 0 && f->timing.hop < CS3_AIR;
  for (guint s = 0; s < info->n_router; s++)
    express &= info->by_address[info->slot[s].colour] &&
               info->role.colour[info->slot[s].colour].lane == CS3_LANE_SHARED;
  return express;
}

/* Do all colours have routes of their own? */
static gboolean are_apart(Cs3RoleInfo *info) {
  guint32 colours = 0;
  guint taken = 0;
  for (guint s = 0; s < info->n_router; s++) {
    guint colour = info->slot[s].colour;
    const Cs3ColourUse *use = &info->role.colour[colour];
    guint takes = cs3_taken(use, use->route[0].tx), rx = use->route[0].rx;
    if (rx & (rx - 1))
      info->twins |= G_GUINT64_CONSTANT(1) << s;
    if (use->by_address || use->n_positions != 1 || (!(colours >> colour & 1) && taken & takes))
      return FALSE;
    colours |= 1u << colour;
    taken |= takes;
  }
  return TRUE;
}

static gboolean lay_out_queues(const Cs3EventTiming *timing, Cs3RoleInfo *info, GError **error) {
  guint n = 0;
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++) {
    guint rx, tx;
    ports_used(&info->role.colour[c], &rx, &tx);
    info->queue_of[c] = CS3_NO_SLOT;
    if (!(tx & CS3_PORT_BIT(CS3_RAMP)) || info->role.colour[c].binding == CS3_BIND_SINK)
      continue;
    if (n == CS3_MAX_QUEUES) {
      invalid(error, CS3_FABRIC_ERROR_INFEASIBLE,
              "a PE receives on more than %d colours, one input queue each", CS3_MAX_QUEUES);
      return FALSE;
    }
    info->queue_of[c] = (guint8)info->n_slots;
    guint number = info->role.colour[c].in_queue, queue = number ? number - 1 : n;
    n++;
    if (!add_slot(info, c, CS3_RAMP, timing->in_queue[queue] + timing->ramp, error))
      return FALSE;
  }
  return TRUE;
}

/* Which queues only the main thread takes from, and whether control wavelets may vanish. */
static void note_controls(Cs3RoleInfo *info) {
  for (guint slot = info->n_router; slot < info->n_slots; slot++) {
    const Cs3ColourUse *use = &info->role.colour[info->slot[slot].colour];
    guint64 bit = G_GUINT64_CONSTANT(1) << slot;
    if (use->control_task < 0)
      info->drops_controls |= (info->task_queues & bit) != 0;
    else if (use->binding == CS3_BIND_TASK)
      info->main_queues |= bit;
  }
}

/* Which queues the streams use, and who follows whom. */
static void lay_out_streams(Cs3RoleInfo *info) {
  info->task_queues = ~info->router_mask;
  for (guint i = 0; i < info->role.n_streams; i++) {
    const Cs3StreamUse *use = &info->role.stream[i];
    gint in = cs3_stream_in(use), out = cs3_stream_out(use);
    info->stream_queue[i] = in < 0 ? CS3_NO_SLOT : info->queue_of[in];
    info->stream_out[i] = out < 0 ? CS3_NO_SLOT : info->slot_of[CS3_RAMP][out];
    if (in < 0)
      info->senders |= (guint8)(1u << i);
    else if (info->stream_queue[i] != CS3_NO_SLOT)
      info->queue_streams[info->stream_queue[i] - info->n_router] |= (guint8)(1u << i);
    if (use->kind == CS3_STREAM_ADD)
      info->adders |= (guint8)(1u << i);
    if (in >= 0 && info->stream_queue[i] != CS3_NO_SLOT &&
        info->role.colour[in].binding != CS3_BIND_TASK && info->role.colour[in].control_task < 0)
      info->task_queues &= ~(G_GUINT64_CONSTANT(1) << info->stream_queue[i]);
    if (use->follows) {
      guint8 *follower = &info->follower[use->follows - 1];
      info->followed_twice |= (guint32)(*follower != 0) << (use->follows - 1);
      *follower = (guint8)(1 + i);
    }
  }
}

gboolean cs3_fabric_add_role(Cs3Fabric *f, const Cs3Role *role, guint *id, GError **error) {
  for (guint i = 0; i < f->role->len; i++) {
    const Cs3RoleInfo *known = f->role->pdata[i];
    if (memcmp(&known->role, role, sizeof *role) == 0) {
      *id = i;
      return TRUE;
    }
  }
  if (!check_role(f, role, error))
    return FALSE;
  Cs3RoleInfo *info = g_new0(Cs3RoleInfo, 1);
  info->role = *role;
  if (!lay_out_router(&f->timing, info, error) || !lay_out_queues(&f->timing, info, error)) {
    g_free(info);
    return FALSE;
  }
  lay_out_streams(info);
  note_controls(info);
  info->apart = are_apart(info);
  *id = f->role->len;
  g_ptr_array_add(f->role, info);
  f->roles = (Cs3RoleInfo **)f->role->pdata;
  return TRUE;
}

void cs3_fabric_set_role(Cs3Fabric *f, guint x, guint y, guint id) {
  g_return_if_fail(x < f->width && y < f->height && id < f->role->len);
  f->cell[cs3_cell_at(f, x, y)].role = id & 0xffff;
}

void cs3_fabric_set_data(Cs3Fabric *f, gpointer data, gsize bytes) {
  f->data = data;
  f->data_bytes = bytes;
}

void cs3_fabric_set_trains(Cs3Fabric *f, gboolean on) {
  f->trains = on && !f->link_free;
}

void cs3_fabric_set_trace(Cs3Fabric *f, Cs3TraceFunc trace, gpointer data) {
  f->trace = trace;
  f->trace_data = data;
}

static guint registers_of(const Cs3RoleInfo *info) {
  guint n = info->role.registers;
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++)
    if (info->role.colour[c].filter.kind >= CS3_FILTER_COUNTER)
      n = info->role.registers + CS3_EVENT_COLOURS;
  return n;
}

static void init_channels(Cs3Fabric *f, const Cs3Cell *cell, const Cs3RoleInfo *info) {
  for (guint s = 0; s < info->n_slots; s++) {
    Cs3WaveletChannel *ch = cs3_channel(f, cell, &info->slot[s]);
    ch->capacity = info->slot[s].capacity;
    ch->flags = info->slot[s].spare ? CS3_CHANNEL_SPARE : 0;
  }
}

/* Ports through which a flight may leave without a look at what lies behind: to a router of the
 * same role, which is empty, or to a PE that drops the wavelet. */
static guint open_ports(const Cs3Fabric *f, guint32 id) {
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  if (!info->express)
    return 0;
  const gboolean inside[CS3_RAMP] = {cell->y > 0, cell->x + 1u < f->width, cell->y + 1u < f->height,
                                     cell->x > 0};
  guint colour = info->slot[0].colour;
  gboolean drops = info->queue_of[colour] == CS3_NO_SLOT && !(info->filtered >> colour & 1);
  guint ports = drops ? CS3_PORT_BIT(CS3_RAMP) : 0;
  for (guint port = 0; port < CS3_RAMP; port++)
    if (inside[port] && f->cell[id + (guint32)f->step[port]].role == cell->role)
      ports |= CS3_PORT_BIT(port);
  return ports;
}

/* Gives every cell its channels, threads and registers, in mesh order. */
void cs3_lay_out_cells(Cs3Fabric *f) {
  gboolean any_express = FALSE;
  for (guint i = 0; i < f->role->len; i++)
    any_express |= f->roles[i]->express = is_express(f, f->roles[i]);
  for (guint i = 0; i < f->role->len; i++) /* nobody looks whether to let a wavelet fly */
    f->roles[i]->apart &= !any_express;
  gsize units = 0, threads = 0, registers = 0, streams = 0;
  for (guint32 id = 0; id < f->n_cells; id++) {
    const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
    f->cell[id].channels = units & 0x7fffffff;
    f->pe[id].threads = (guint32)threads;
    f->pe[id].registers = (guint32)registers;
    f->pe[id].streams = (guint32)streams;
    f->pe[id].blocked = info->role.blocked;
    units += info->channel_units;
    /* A PE that only computes has no colours, but threads. */
    threads += info->n_slots || info->role.start_task >= 0 ? info->role.n_threads : 0;
    registers += registers_of(info);
    streams += info->role.n_streams;
  }
  f->channel_pool = cs3_large_zeroed(units * 8);
  f->thread = cs3_large_zeroed(threads * sizeof *f->thread);
  f->stream = cs3_large_zeroed(MAX(streams, 1) * sizeof *f->stream);
  f->reg = g_new0(guint32, MAX(registers, 1));
  for (guint32 id = 0; id < f->n_cells; id++) {
    init_channels(f, &f->cell[id], cs3_role_of(f, &f->cell[id]));
    f->cell[id].open = open_ports(f, id) & 31;
  }
  f->state_bytes = units * 8 + CS3_WHEEL * f->agenda_bytes + threads * sizeof(Cs3Thread) +
                   registers * 4 + streams * sizeof(Cs3StreamState) +
                   f->n_cells * (sizeof(Cs3Cell) + sizeof(Cs3PeState)) +
                   (f->link_free ? f->n_cells * (gsize)16 : 0);
}

void cs3_fabric_stats(const Cs3Fabric *f, Cs3FabricStats *stats) {
  *stats = (Cs3FabricStats){.injected = f->injected, .state_bytes = f->state_bytes};
  for (guint32 id = 0; id < f->n_cells; id++) {
    const guint32 *sent = f->cell[id].sent;
    for (guint port = 0; port < CS3_RAMP; port++) {
      stats->link_hops += sent[port];
      stats->links_used += sent[port] > 0;
      stats->busiest_link = MAX(stats->busiest_link, sent[port]);
    }
    stats->deliveries += sent[CS3_RAMP];
    stats->contention = MAX(stats->contention, sent[CS3_RAMP]);
    stats->datapath_busy += f->pe[id].busy;
    stats->cycles = MAX(stats->cycles, f->pe[id].end);
  }
  stats->wavelet_hops = stats->injected + stats->link_hops;
  stats->cycles = stats->cycles ? stats->cycles - 1 : MAX(f->last, 1) - 1;
}

guint64 cs3_fabric_link_count(const Cs3Fabric *f, guint x, guint y, Cs3Port port) {
  return f->cell[cs3_cell_at(f, x, y)].sent[port];
}

guint64 cs3_fabric_pe_busy(const Cs3Fabric *f, guint x, guint y) {
  return f->pe[cs3_cell_at(f, x, y)].busy;
}

guint64 cs3_fabric_pe_waited(const Cs3Fabric *f, guint x, guint y) {
  return f->waited[cs3_cell_at(f, x, y)];
}

guint32 cs3_fabric_word(const Cs3Fabric *f, guint x, guint y, guint word) {
  return cs3_memory_read(f, cs3_cell_at(f, x, y), word);
}
