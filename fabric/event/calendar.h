/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entering what is due into the calendar, see wheel.c; fetching what it needs. */
#pragma once

#include "fabric/event/internal.h"

/** cs3_fetch: asks for the line of cache at @p, which will be written. The empty statement is for
 * gcc 12: functions that only prefetch count as without effect, and calls of them vanish. */
static inline void cs3_fetch(gconstpointer p) {
  __builtin_prefetch(p, 1);
  __asm__ volatile("" : : "r"(p));
}
/** cs3_role_of: what the router of @cell plays. */
static inline const Cs3RoleInfo *cs3_role_of(const Cs3Fabric *f, const Cs3Cell *cell) {
  return f->roles[cell->role];
}

/** cs3_bucket_add: append @value. */
static inline void cs3_bucket_add(Cs3Bucket *bucket, guint32 value) {
  if (G_UNLIKELY(bucket->n == bucket->room))
    cs3_bucket_grow(bucket);
  bucket->item[bucket->n++] = value;
}
/** cs3_mark: cell @id in @agenda, with its summaries. */
static inline void cs3_mark(const Cs3Fabric *f, guint8 *agenda, guint lane, guint32 id) {
  agenda[id] |= (guint8)(1u << lane);
  agenda[f->agenda_middle + id / 64] = 1;
  agenda[f->agenda_top + id / 4096] = 1;
}
/** cs3_schedule_lane: cell @id looks at @lane in @cycle, less than CS3_WHEEL away. */
static inline void cs3_schedule_lane(Cs3Fabric *f, guint lane, guint32 id, guint32 cycle) {
  guint slot = cycle % CS3_WHEEL;
  cs3_mark(f, f->agenda + slot * f->agenda_bytes, lane, id);
  f->wheel_used |= G_GUINT64_CONSTANT(1) << slot;
}
/** cs3_schedule: the router (@kind 0) or PE (1) of cell @id is visited in @cycle. */
static inline void cs3_schedule(Cs3Fabric *f, guint kind, guint32 id, guint32 cycle) {
  if (G_UNLIKELY(cycle - f->now >= CS3_WHEEL))
    cs3_wheel_far(f, kind, id, cycle);
  else
    cs3_schedule_lane(f, CS3_LANE_ROUTER + kind, id, cycle);
}
/** cs3_schedule_head: the head of router channel @slot of cell @id becomes ready at @cycle, at most
 * a hop or a ramp away. */
static inline void cs3_schedule_head(Cs3Fabric *f, guint slot, guint32 id, guint32 cycle) {
  cs3_schedule_lane(f, MIN(slot, CS3_LANE_ROUTER), id, cycle);
}
