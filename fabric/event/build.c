/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building a mesh: memory layout of the cells, statistics. */
#include "config.h"

#include "fabric/event/inline.h"

#include "base/pages.h"
#include "fabric/fabric-error.h"

/* Of cs3_pages_new(), or where it is small, beginning with a line of cache. */
typedef struct {
  gpointer at;
  gsize bytes;
} Pool;

enum { LARGE = 1 << 20 };

static void pool_free(gpointer data) {
  const Pool *pool = data;
  if (pool->bytes < LARGE)
    g_aligned_free(pool->at);
  else
    cs3_pages_free(pool->at, pool->bytes);
}

GArray *cs3_pools_new(void) {
  GArray *pools = g_array_new(FALSE, FALSE, sizeof(Pool));
  g_array_set_clear_func(pools, pool_free);
  return pools;
}

gpointer cs3_large_zeroed(Cs3Fabric *f, gsize bytes) {
  Pool pool = {.bytes = bytes};
  pool.at = bytes < LARGE ? g_aligned_alloc0(1, MAX(bytes, 64), 64) : cs3_pages_new(pool.bytes);
  if (!pool.at)
    g_error("no memory for %" G_GSIZE_FORMAT " bytes of a mesh", bytes); /* as GLib does */
  g_array_append_val(f->pools, pool);
  return pool.at;
}

Cs3Fabric *cs3_fabric_new(guint width, guint height, const Cs3EventTiming *timing, gpointer user,
                          GError **error) {
  if (width < 1 || height < 1 || width > 2047 || height > 2047) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
                "--pes %ux%u: each side must be 1 to 2047 (the WSE-3 fabric is 762x1172)", width,
                height);
    return NULL;
  }
  Cs3Fabric *f = g_new0(Cs3Fabric, 1);
  f->pools = cs3_pools_new();
  f->timing = *timing;
  f->width = width;
  f->height = height;
  f->n_cells = f->own = width * height;
  f->user = user;
  f->step[CS3_N] = -1;
  f->step[CS3_S] = 1;
  f->step[CS3_E] = (gint)height;
  f->step[CS3_W] = -(gint)height;
  f->cell = cs3_large_zeroed(f, (gsize)f->n_cells * sizeof *f->cell);
  f->waited = cs3_large_zeroed(f, (gsize)f->n_cells * sizeof *f->waited);
  f->pe = cs3_large_zeroed(f, (gsize)f->n_cells * sizeof *f->pe);
  f->tally = cs3_large_zeroed(f, (gsize)f->n_cells * sizeof *f->tally);
  cs3_wheel_init(f);
  f->train = g_array_new(FALSE, TRUE, sizeof(Cs3Train));
  f->free_train = g_array_new(FALSE, FALSE, sizeof(guint32));
  f->role = g_ptr_array_new_with_free_func(g_free);
  f->op_block = g_ptr_array_new_with_free_func(g_free);
  f->trains = timing->link_num == timing->link_den;
  for (guint32 id = 0; id < f->n_cells; id++) {
    f->cell[id].x = id / height & 2047;
    f->cell[id].y = id % height & 2047;
  }
  if (!f->trains)
    f->link_free = cs3_large_zeroed(f, (gsize)f->n_cells * 4 * sizeof *f->link_free);
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
  cs3_wheel_clear(f);
  for (guint i = 0; i < f->train->len; i++)
    if (cs3_train(f, i)->payload)
      cs3_payload_unref(cs3_train(f, i)->payload);
  for (guint32 id = 0; id < f->n_cells; id++)
    cs3_memory_unref(f->pe[id].memory);
  g_array_unref(f->train);
  g_array_unref(f->free_train);
  g_ptr_array_unref(f->role);
  g_ptr_array_unref(f->op_block);
  g_free(f->op_bucket);
  g_array_unref(f->pools);
  g_clear_error(&f->error);
  g_free(f);
}

/* Do wavelets of the first colour fly? Only where all colours are routed by address: one that is
 * not lets the PE's own wavelets go first. */
static gboolean is_express(const Cs3Fabric *f, const Cs3RoleInfo *info) {
  gboolean express = f->trains && info->n_router > 0 && cs3_event_flies(&f->timing);
  for (guint s = 0; s < info->n_router; s++)
    express &= info->by_address[info->slot[s].colour] &&
               info->role.colour[info->slot[s].colour].lane == CS3_LANE_SHARED;
  return express;
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
  f->plain = !on;
}

void cs3_fabric_set_jobs(Cs3Fabric *f, guint jobs) {
  f->jobs = jobs;
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

/* Is there nothing but routers that pass on one colour, by address, to PEs that drop it? */
static gboolean only_datagrams(const Cs3Fabric *f) {
  for (guint32 id = 0; id < f->n_cells; id++) {
    const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
    if (!info->express || info->n_slots != CS3_N_PORTS || info->filtered ||
        info->slot[0].colour != cs3_role_of(f, f->cell)->slot[0].colour)
      return FALSE;
  }
  return TRUE;
}

/* Gives every cell its channels, threads and registers, in mesh order. */
void cs3_lay_out_cells(Cs3Fabric *f) {
  gboolean any_express = FALSE;
  for (guint i = 0; i < f->role->len; i++)
    any_express |= f->roles[i]->express = is_express(f, f->roles[i]);
  for (guint i = 0; i < f->role->len; i++) /* nobody looks whether to let a wavelet fly */
    f->roles[i]->apart &= !any_express && !f->plain;
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
  f->channel_pool = cs3_large_zeroed(f, units * 8);
  f->thread = cs3_large_zeroed(f, threads * sizeof *f->thread);
  f->traced_start = cs3_large_zeroed(f, f->trace ? threads * sizeof *f->traced_start : 0);
  f->thread_flow = cs3_large_zeroed(f, threads * sizeof *f->thread_flow);
  f->stream = cs3_large_zeroed(f, streams * sizeof *f->stream);
  f->reg = cs3_large_zeroed(f, registers * sizeof *f->reg);
  for (guint32 id = 0; id < f->n_cells; id++) {
    init_channels(f, &f->cell[id], cs3_role_of(f, &f->cell[id]));
    f->cell[id].open = open_ports(f, id) & 31;
  }
  f->datagrams = only_datagrams(f);
  f->datagram_room = f->timing.router_buffer + f->timing.hop;
  f->state_bytes = units * 8 + CS3_WHEEL * f->agenda_bytes + threads * sizeof(Cs3Thread) +
                   registers * 4 + streams * sizeof(Cs3StreamState) +
                   f->n_cells * (sizeof(Cs3Cell) + sizeof(Cs3PeState) + sizeof(Cs3PeTally)) +
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
    stats->datapath_busy += f->tally[id].busy;
    stats->cycles = MAX(stats->cycles, f->tally[id].end);
  }
  stats->wavelet_hops = stats->injected + stats->link_hops;
  stats->cycles = stats->cycles ? stats->cycles - 1 : MAX(f->last, 1) - 1;
}

guint64 cs3_fabric_link_count(const Cs3Fabric *f, guint x, guint y, Cs3Port port) {
  return f->cell[cs3_cell_at(f, x, y)].sent[port];
}

guint64 cs3_fabric_pe_busy(const Cs3Fabric *f, guint x, guint y) {
  return f->tally[cs3_cell_at(f, x, y)].busy;
}

guint64 cs3_fabric_pe_waited(const Cs3Fabric *f, guint x, guint y) {
  return f->waited[cs3_cell_at(f, x, y)];
}

guint32 cs3_fabric_word(const Cs3Fabric *f, guint x, guint y, guint word) {
  return cs3_memory_read(f, cs3_cell_at(f, x, y), word);
}
