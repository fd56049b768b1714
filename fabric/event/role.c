/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Roles: what a program asks of a PE and its router, checked, and laid out as channels. */
#include "config.h"

#include "fabric/event/inline.h"

#include <string.h>

#include "fabric/fabric-error.h"

/* Cs3Cell.role has 16 bits; the registers of all PEs are counted in 32. */
enum { MAX_ROLES = 65535, MAX_REGISTERS = 1023 };

static void invalid(GError **error, Cs3FabricError code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void invalid(GError **error, Cs3FabricError code, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *what = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error_literal(error, CS3_FABRIC_ERROR, (gint)code, what);
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

/* The sets of inputs and outputs of a colour over all positions. */
static void ports_used(const Cs3ColourUse *use, guint *rx, guint *tx) {
  *rx = *tx = use->by_address ? 31 : 0;
  for (guint p = 0; p < use->n_positions; p++) {
    *rx |= use->route[p].rx;
    *tx |= use->route[p].tx;
  }
}

/* One number of a role and the numbers that it may be. */
typedef struct {
  const char *what;
  gint64 value, min, max;
} Limit;

/* @where: "colour 3"; a limit without a name ends @limits. */
static gboolean within(const Limit *limits, const char *where, guint index, GError **error) {
  for (; limits->what != NULL; limits++)
    if (limits->value < limits->min || limits->value > limits->max) {
      invalid(error, CS3_FABRIC_ERROR_INVALID,
              "a role, %s %u: %s is %" G_GINT64_FORMAT " (accepted: %" G_GINT64_FORMAT
              " to %" G_GINT64_FORMAT ")",
              where, index, limits->what, limits->value, limits->min, limits->max);
      return FALSE;
    }
  return TRUE;
}

static gboolean check_use(const Cs3ColourUse *use, guint colour, GError **error) {
  const Limit limits[] = {
      {"the number of switch positions", use->n_positions, 0, CS3_EVENT_POSITIONS},
      {"the pop mode", use->pop, CS3_POP_NONE, CS3_POP_ON_ADVANCE_NOP},
      {"the binding", use->binding, CS3_BIND_VECTOR, CS3_BIND_SINK},
      {"the data task", use->task, 0, CS3_EVENT_TASKS - 1},
      {"the control task", use->control_task, -1, CS3_EVENT_TASKS - 1},
      {"the lane", use->lane, CS3_LANE_SHARED, CS3_LANE_OWN},
      {"the input queue", use->in_queue, 0, CS3_MAX_QUEUES},
      {"the output queue", use->out_queue, 0, CS3_MAX_QUEUES},
      {"the filter", use->filter.kind, CS3_FILTER_NONE, CS3_FILTER_SPARSE},
      {"the filter's period", use->filter.period, use->filter.kind == CS3_FILTER_COUNTER,
       G_MAXUINT32},
      {NULL, 0, 0, 0},
  };
  if (!within(limits, "colour", colour, error))
    return FALSE;
  for (guint p = 0; p < use->n_positions; p++) {
    const Limit ports[] = {{"the set of inputs", use->route[p].rx, 0, 31},
                           {"the set of outputs", use->route[p].tx, 0, 31},
                           {NULL, 0, 0, 0}};
    if (!within(ports, "colour", colour, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean check_stream(const Cs3StreamUse *use, guint stream, GError **error) {
  const Limit limits[] = {
      {"the kind", use->kind, CS3_STREAM_SEND, CS3_STREAM_SINK},
      {"the colour", use->colour, 0, CS3_EVENT_COLOURS - 1},
      {"the colour of a relay", use->to_colour, 0, CS3_EVENT_COLOURS - 1},
      {"the followed stream, from 1,", use->follows, 0, stream},
      {"the task", use->task, 0, CS3_EVENT_TASKS},
      {NULL, 0, 0, 0},
  };
  return within(limits, "stream", stream, error);
}

/* Numbers that index tables of the core. */
static gboolean check_numbers(const Cs3Role *role, GError **error) {
  const Limit limits[] = {
      {"the number of streams", role->n_streams, 0, CS3_EVENT_STREAMS},
      {"the number of threads", role->n_threads, 1, G_MAXUINT32},
      {"the start task", role->start_task, -1, CS3_EVENT_TASKS - 1},
      {"the number of registers", role->registers, 0, MAX_REGISTERS},
      {NULL, 0, 0, 0},
  };
  if (!within(limits, "PE", 0, error))
    return FALSE;
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++)
    if (!check_use(&role->colour[c], c, error))
      return FALSE;
  for (guint i = 0; i < role->n_streams; i++)
    if (!check_stream(&role->stream[i], i, error))
      return FALSE;
  return TRUE;
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
  return TRUE;
}

static gboolean check_role(const Cs3Fabric *f, const Cs3Role *role, GError **error) {
  if (!check_numbers(role, error))
    return FALSE;
  if (f->role->len > MAX_ROLES) {
    invalid(error, CS3_FABRIC_ERROR_INFEASIBLE, "a program has more than %d roles", MAX_ROLES);
    return FALSE;
  }
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
  if (role->memory_bytes % 4 != 0) {
    invalid(error, CS3_FABRIC_ERROR_INVALID, "a role's memory is of whole words, not %u bytes",
            role->memory_bytes);
    return FALSE;
  }
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++)
    if (!check_colour(f, &role->colour[c], c, error))
      return FALSE;
  return TRUE;
}

/* A channel that trains may enter holds one entry more: the rest of a train of which it is not yet
 * known whether it was sent. One that few wavelets pass needs no more places than these, for it
 * begins anew at its first place whenever it is empty; trains are longer. */
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
  guint places = capacity + slot->spare, most = info->role.colour[colour].most;
  info->channel_units += 1 + (most > 0 && most < CS3_STREAM_TRAIN_MIN ? MIN(places, most) : places);
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
