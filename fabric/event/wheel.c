/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calendar: one slot per cycle for the next 32 cycles, one per 32 cycles for the next 65,536,
 * a list beyond; and the main loop.
 *
 * The slot of a cycle is a byte for every cell, in mesh order, one bit for each thing that may be
 * due in it, with a byte for every 64 of these and one for every 64 of those: a cycle costs what
 * happens in it. Bits rather than lists, for three reasons: what is due twice is done once; the
 * visits of a cycle walk through memory in one direction, where the neighbours' state lies close
 * by; and a router is told which channels to look at. */
#include "config.h"

#include "fabric/event/inline.h"

#include "fabric/fabric-error.h"

void cs3_bucket_grow(Cs3Bucket *bucket) {
  bucket->room = MAX(16, bucket->room * 2);
  bucket->item = g_realloc_n(bucket->item, bucket->room, sizeof *bucket->item);
}

static void add_pair(Cs3Bucket *bucket, guint32 cycle, guint32 item) {
  cs3_bucket_add(bucket, cycle);
  cs3_bucket_add(bucket, item);
}

void cs3_wheel_far(Cs3Fabric *f, guint kind, guint32 cell, guint32 cycle) {
  guint32 blocks = cycle / CS3_WHEEL - f->now / CS3_WHEEL;
  add_pair(blocks < CS3_FAR ? &f->far[cycle / CS3_WHEEL % CS3_FAR] : &f->later, cycle,
           cell << 1 | kind);
  f->far_pending++;
}

void cs3_wheel_init(Cs3Fabric *f) {
  gsize middle = ((gsize)f->n_cells + 63) / 64 + 63;
  f->agenda_middle = ((gsize)f->n_cells + 63) / 64 * 64;
  f->agenda_top = f->agenda_middle + middle / 64 * 64;
  f->agenda_bytes = f->agenda_top + (middle / 64 + 63) / 64 * 64;
  f->agenda = cs3_large_zeroed(f, CS3_WHEEL * f->agenda_bytes);
}

void cs3_wheel_clear(Cs3Fabric *f) {
  for (guint i = 0; i < CS3_FAR; i++)
    g_free(f->far[i].item);
  g_free(f->later.item);
  for (guint i = 0; i < CS3_AIR; i++)
    for (guint port = 0; port < CS3_N_PORTS; port++)
      g_free(f->air[i][port].flight);
}

/* Puts back into the calendar everything of @bucket, also what is due in this very cycle, whose
 * slot is about to be taken; pairs still too far return to it. */
static void redistribute(Cs3Fabric *f, Cs3Bucket *bucket) {
  Cs3Bucket old = *bucket;
  *bucket = (Cs3Bucket){0};
  f->far_pending -= old.n / 2;
  for (guint i = 0; i < old.n; i += 2)
    cs3_schedule(f, old.item[i + 1] & 1, old.item[i + 1] >> 1, MAX(old.item[i], f->now));
  g_free(old.item);
}

/* What was put aside for the block of cycles that begins at @cycle comes into the fine wheel. */
static void enter_block(Cs3Fabric *f, guint32 cycle) {
  guint32 block = cycle / CS3_WHEEL;
  f->now = cycle;
  if (block % CS3_FAR == 0 && f->later.n)
    redistribute(f, &f->later);
  if (f->far[block % CS3_FAR].n)
    redistribute(f, &f->far[block % CS3_FAR]);
}

guint32 cs3_next_cycle(const Cs3Fabric *f, guint32 from) {
  if (!f->wheel_used && !f->far_pending)
    return CS3_NEVER;
  if (from % CS3_WHEEL == 0)
    return from;
  guint64 used = f->wheel_used & (~G_GUINT64_CONSTANT(0) << from % CS3_WHEEL);
  return from - from % CS3_WHEEL + (used ? (guint32)__builtin_ctzll(used) : CS3_WHEEL);
}

gboolean cs3_enter_cycle(Cs3Fabric *f, guint32 cycle) {
  if (cycle % CS3_WHEEL == 0)
    enter_block(f, cycle);
  f->now = cycle;
  return f->wheel_used >> cycle % CS3_WHEEL & 1;
}

void cs3_start_tasks(Cs3Fabric *f) {
  for (guint32 id = f->begin; id < f->begin + f->own; id++) {
    const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
    if (info->role.start_task < 0)
      continue;
    f->pe[id].active |= G_GUINT64_CONSTANT(1) << info->role.start_task;
    cs3_schedule(f, 1, id, 1);
  }
}

void cs3_too_long(GError **error) {
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
              "the program still runs after %u cycles, the most the event core counts: "
              "use fewer words, or the recurrence",
              CS3_EVENT_MAX_CYCLES);
}

/* Cycle 0 of the program is cycle 1 here, so that "never" can be 0. */
static void run_whole(Cs3Fabric *f) {
  cs3_start_tasks(f);
  for (guint32 at = 1; !f->error && (at = cs3_next_cycle(f, at)) != CS3_NEVER; at++) {
    if (at >= CS3_EVENT_MAX_CYCLES) {
      cs3_too_long(&f->error);
      return;
    }
    if (!cs3_enter_cycle(f, at))
      continue;
    f->last = at;
    cs3_fly_all(f);
    cs3_visit_due(f);
  }
}

gboolean cs3_fabric_run(Cs3Fabric *fabric, GError **error) {
  if (!cs3_check_routes(fabric, error))
    return FALSE;
  cs3_lay_out_cells(fabric);
  if (fabric->jobs > 1 && fabric->datagrams && !fabric->trace)
    cs3_run_stripes(fabric);
  else
    run_whole(fabric);
  if (!fabric->error)
    cs3_explain_deadlock(fabric, &fabric->error);
  if (!fabric->error)
    return TRUE;
  g_propagate_error(error, g_steal_pointer(&fabric->error));
  return FALSE;
}
