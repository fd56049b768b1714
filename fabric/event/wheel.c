/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The calendar: one slot per cycle for the next 64 cycles, one per 64 cycles for the next 65,536,
 * a list beyond; and the main loop. */
#include "config.h"

#include "fabric/event/internal.h"

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

/* Puts back into the calendar everything of @bucket; pairs still too far return to it. */
static void redistribute(Cs3Fabric *f, Cs3Bucket *bucket) {
  Cs3Bucket old = *bucket;
  *bucket = (Cs3Bucket){0};
  f->far_pending -= old.n / 2;
  for (guint i = 0; i < old.n; i += 2) {
    guint32 cycle = MAX(old.item[i], f->now);
    if (cycle == f->now) { /* the slot of this very cycle, about to be taken */
      guint64 bit = G_GUINT64_CONSTANT(1) << cycle % CS3_WHEEL;
      guint64 *queued = &f->cell[old.item[i + 1] >> 1].queued[old.item[i + 1] & 1];
      if (!(*queued & bit)) {
        *queued |= bit;
        f->wheel_used |= bit;
        cs3_bucket_add(&f->wheel[cycle % CS3_WHEEL], old.item[i + 1]);
      }
    } else {
      cs3_schedule(f, old.item[i + 1] & 1, old.item[i + 1] >> 1, cycle);
    }
  }
  g_free(old.item);
}

/* First cycle >= @from with something to do in the fine wheel, within the block of 64 cycles. */
static gboolean next_in_block(const Cs3Fabric *f, guint32 from, guint32 *cycle) {
  guint64 used = f->wheel_used & (~G_GUINT64_CONSTANT(0) << from % CS3_WHEEL);
  if (!used)
    return FALSE;
  *cycle = from - from % CS3_WHEEL + (guint32)__builtin_ctzll(used);
  return TRUE;
}

/* What was put aside for the block of 64 cycles that begins at @cycle comes into the fine wheel. */
static void enter_block(Cs3Fabric *f, guint32 cycle) {
  guint32 block = cycle / CS3_WHEEL;
  f->now = cycle;
  if (block % CS3_FAR == 0 && f->later.n)
    redistribute(f, &f->later);
  if (f->far[block % CS3_FAR].n)
    redistribute(f, &f->far[block % CS3_FAR]);
}

/* Advances f->now to the next busy cycle >= @from; FALSE: nothing is left. */
static gboolean advance(Cs3Fabric *f, guint32 from) {
  for (;;) {
    if (from % CS3_WHEEL == 0)
      enter_block(f, from);
    if (next_in_block(f, from, &f->now))
      return TRUE;
    if (!f->wheel_used && !f->far_pending)
      return FALSE;
    from += CS3_WHEEL - from % CS3_WHEEL;
    if (from >= CS3_EVENT_MAX_CYCLES) {
      f->now = from;
      return TRUE;
    }
  }
}

static void run_cycle(Cs3Fabric *f) {
  guint slot = f->now % CS3_WHEEL;
  guint64 bit = G_GUINT64_CONSTANT(1) << slot;
  Cs3Bucket *bucket = &f->wheel[slot];
  gboolean far = f->state_bytes > CS3_NEAR_BYTES;
  for (guint i = 0; i < bucket->n; i++) {
    if (far && i + 12 < bucket->n) {
      __builtin_prefetch(&f->cell[bucket->item[i + 12] >> 1], 1);
      cs3_router_prefetch(f, bucket->item[i + 7] >> 1, 0);
      cs3_router_prefetch(f, bucket->item[i + 3] >> 1, 1);
    }
    guint32 id = bucket->item[i] >> 1, kind = bucket->item[i] & 1;
    f->cell[id].queued[kind] &= ~bit;
    if (kind)
      cs3_pe_tick(f, id);
    else
      cs3_router_tick(f, id);
  }
  f->activations += bucket->n;
  bucket->n = 0;
  f->wheel_used &= ~bit;
}

static void start_tasks(Cs3Fabric *f) {
  for (guint32 id = 0; id < f->n_cells; id++) {
    const Cs3RoleInfo *info = cs3_role_of(f, &f->cell[id]);
    if (info->role.start_task < 0)
      continue;
    f->pe[id].active |= G_GUINT64_CONSTANT(1) << info->role.start_task;
    cs3_schedule(f, 1, id, 1);
  }
}

gboolean cs3_fabric_run(Cs3Fabric *fabric, GError **error) {
  if (!cs3_check_routes(fabric, error))
    return FALSE;
  cs3_lay_out_cells(fabric);
  start_tasks(fabric);
  /* Cycle 0 of the program is cycle 1 here, so that "never" can be 0. */
  guint32 from = 1;
  while (advance(fabric, from)) {
    if (fabric->now >= CS3_EVENT_MAX_CYCLES) {
      g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                  "the program still runs after %u cycles, the most the event core counts: "
                  "use fewer words, or the recurrence", CS3_EVENT_MAX_CYCLES);
      return FALSE;
    }
    run_cycle(fabric);
    fabric->last = fabric->now;
    if (fabric->error) {
      g_propagate_error(error, g_steal_pointer(&fabric->error));
      return FALSE;
    }
    from = fabric->now + 1;
  }
  g_autoptr(GError) left = NULL;
  cs3_explain_deadlock(fabric, &left);
  if (left) {
    g_propagate_error(error, g_steal_pointer(&left));
    return FALSE;
  }
  return TRUE;
}
