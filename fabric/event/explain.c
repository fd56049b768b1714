/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Errors found before and after a run: routes that lead nowhere, and deadlock. */
#include "config.h"

#include "fabric/event/inline.h"

#include "fabric/fabric-error.h"

static const char *const port_name[] = {"N", "E", "S", "W", "RAMP"};

static gboolean leaves_mesh(const Cs3Fabric *f, const Cs3Cell *cell, guint port) {
  return (port == CS3_N && cell->y == 0) || (port == CS3_S && cell->y + 1u == f->height) ||
         (port == CS3_W && cell->x == 0) || (port == CS3_E && cell->x + 1u == f->width);
}

static gboolean route_error(const Cs3Cell *cell, guint colour, guint port, const char *what,
                            GError **error) {
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_PROGRAM,
              "PE (%u,%u), colour %u: the route to %s %s", cell->x, cell->y, colour,
              port_name[port], what);
  return FALSE;
}

static gboolean check_cell(const Cs3Fabric *f, guint32 id, GError **error) {
  const Cs3Cell *cell = &f->cell[id];
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  for (guint c = 0; c < CS3_EVENT_COLOURS; c++) {
    const Cs3ColourUse *use = &info->role.colour[c];
    guint tx = 0;
    for (guint p = 0; p < use->n_positions; p++)
      tx |= use->route[p].tx;
    for (guint m = tx & 15; m; m &= m - 1) {
      guint port = (guint)__builtin_ctz(m);
      if (leaves_mesh(f, cell, port))
        return route_error(cell, c, port, "leaves the wafer", error);
      const Cs3RoleInfo *next = cs3_role_of(f, &f->cell[id + (guint32)f->step[port]]);
      if (next->slot_of[port ^ 2u][c] == CS3_NO_SLOT)
        return route_error(cell, c, port, "meets a PE that takes nothing of the colour from there",
                           error);
    }
    if (use->by_address)
      for (guint port = 0; port < CS3_RAMP; port++)
        if (!leaves_mesh(f, cell, port) &&
            !cs3_role_of(f, &f->cell[id + (guint32)f->step[port]])->by_address[c])
          return route_error(cell, c, port, "meets a PE that does not route by address", error);
  }
  return TRUE;
}

/* Depth-first search along the initial routes of @colour; a cell seen twice on one path loops. */
static gboolean check_loops(const Cs3Fabric *f, guint colour, guint8 *seen, GError **error) {
  enum { NEW, OPEN, CLOSED };
  g_autoptr(GArray) stack = g_array_new(FALSE, FALSE, sizeof(guint32));
  for (guint32 root = 0; root < f->n_cells; root++) {
    if (seen[root] != NEW)
      continue;
    g_array_append_val(stack, root);
    while (stack->len) {
      guint32 id = g_array_index(stack, guint32, stack->len - 1);
      if (seen[id] != NEW) {
        seen[id] = CLOSED;
        g_array_set_size(stack, stack->len - 1);
        continue;
      }
      seen[id] = OPEN;
      Cs3Route route = cs3_role_of(f, &f->cell[id])->role.colour[colour].route[0];
      for (guint m = route.tx & 15; m; m &= m - 1) {
        guint port = (guint)__builtin_ctz(m);
        guint32 next = id + (guint32)f->step[port];
        Cs3Route there = cs3_role_of(f, &f->cell[next])->role.colour[colour].route[0];
        if (!(there.rx & CS3_PORT_BIT(port ^ 2u)))
          continue;
        if (seen[next] == OPEN)
          return route_error(&f->cell[id], colour, port, "closes a loop", error);
        if (seen[next] == NEW)
          g_array_append_val(stack, next);
      }
    }
  }
  return TRUE;
}

gboolean cs3_check_routes(Cs3Fabric *f, GError **error) {
  guint32 used = 0;
  for (guint i = 0; i < f->role->len; i++) {
    const Cs3RoleInfo *info = f->role->pdata[i];
    for (guint c = 0; c < CS3_EVENT_COLOURS; c++)
      if (info->role.colour[c].n_positions)
        used |= 1u << c;
  }
  for (guint32 id = 0; id < f->n_cells; id++)
    if (!check_cell(f, id, error))
      return FALSE;
  g_autofree guint8 *seen = g_malloc(f->n_cells);
  for (guint m = used; m; m &= m - 1) {
    for (guint32 id = 0; id < f->n_cells; id++)
      seen[id] = 0;
    if (!check_loops(f, (guint)__builtin_ctz(m), seen, error))
      return FALSE;
  }
  return TRUE;
}

static void explain_thread(const Cs3Fabric *f, const Cs3Cell *cell, const Cs3Thread *t,
                           GString *text) {
  const Cs3VectorOp *op = cs3_op_of(f, t);
  gint in = op->a.kind == CS3_OPERAND_FABRIC   ? op->a.colour
            : op->b.kind == CS3_OPERAND_FABRIC ? op->b.colour
                                               : -1;
  g_string_append_printf(text, "; PE (%u,%u) has done %u of %u elements and waits for ", cell->x,
                         cell->y, t->position, op->n);
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  if (in >= 0 && !cs3_channel(f, cell, &info->slot[info->queue_of[in]])->count)
    g_string_append_printf(text, "a wavelet on colour %d", in);
  else
    g_string_append_printf(text, "room on colour %u", op->dst.colour);
}

static void explain_channel(const Cs3Fabric *f, const Cs3Cell *cell, guint index, GString *text) {
  const Cs3RoleInfo *info = cs3_role_of(f, cell);
  const Cs3Slot *slot = &info->slot[index];
  const Cs3WaveletChannel *ch = cs3_channel(f, cell, slot);
  guint position = cell->positions >> 2 * slot->colour & 3;
  Cs3Route route = info->role.colour[slot->colour].route[position];
  g_string_append_printf(text, "; PE (%u,%u) holds %u wavelet%s of colour %u ", cell->x, cell->y,
                         ch->count, ch->count == 1 ? "" : "s", slot->colour);
  if (index >= info->n_router)
    g_string_append(text, "that no operation or task takes");
  else if (!info->by_address[slot->colour] && !(route.rx & CS3_PORT_BIT(slot->port)))
    g_string_append_printf(text, "from %s, which switch position %u does not take",
                           port_name[slot->port], position);
  else
    g_string_append_printf(text, "from %s that find no room", port_name[slot->port]);
}

#define SHOWN 4
void cs3_explain_deadlock(Cs3Fabric *f, GError **error) {
  g_autoptr(GString) text = g_string_new(NULL);
  guint stuck = 0;
  guint64 wavelets = 0;
  for (guint32 id = 0; id < f->n_cells; id++) {
    const Cs3Cell *cell = &f->cell[id];
    const Cs3PeState *pe = &f->pe[id];
    for (guint m = cs3_threads_running(pe); m; m &= m - 1)
      if (stuck++ < SHOWN)
        explain_thread(f, cell, &f->thread[pe->threads + (guint)__builtin_ctz(m)], text);
    for (guint64 m = cell->nonempty; m; m &= m - 1) {
      guint index = (guint)__builtin_ctzll(m);
      wavelets += cs3_channel(f, cell, &cs3_role_of(f, cell)->slot[index])->count;
      if (stuck++ < SHOWN)
        explain_channel(f, cell, index, text);
    }
  }
  if (stuck)
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_DEADLOCK,
                "deadlock at cycle %u: %" G_GUINT64_FORMAT " wavelet%s in flight and nothing can "
                "move%s%s",
                f->last - 1, wavelets, wavelets == 1 ? "" : "s", text->str,
                stuck > SHOWN ? "; and others" : "");
}
