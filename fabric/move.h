/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activations that change their layout: what lies on the PEs of a line in one way comes to lie on
 * them in another. */
#pragma once

#include "fabric/hardware.h"

/* How an activation lies on the wafer: features over the lines of a group, tokens along the other
 * axis and over the groups. */
typedef struct {
  int axis;    /* CS3_AXIS_Y: features on rows */
  gint64 fold; /* groups of lines; 0: not known */
} Cs3WaferLayout;

/** cs3_layout_equal: whether nothing moves from one to the other. */
static inline gboolean cs3_layout_equal(Cs3WaferLayout a, Cs3WaferLayout b) {
  return a.axis == b.axis && a.fold == b.fold;
}

/* A slot of the timetable is so many eighths of a link's cycle longer, so that links catch up. */
enum { CS3_MOVE_SLACK = 8 };

/** cs3_move_shortest: slots that ramps need from word to word, where the flows of two directions
 * end. */
static inline guint cs3_move_shortest(guint pes) {
  enum { SHORTEST = 8 };
  return MIN(SHORTEST, MAX(pes / 4, 1));
}

/** cs3_move_period: slots from word to word of a PE to the one @distance away on a line of @pes:
 * as many as flows share a link, and no fewer than ramps need. */
static inline guint cs3_move_period(guint pes, guint distance) {
  return MAX(MIN(distance, pes - distance), cs3_move_shortest(pes));
}

/** cs3_move_slots: slots of a round, in which every PE of a line sends one word to every other:
 * the sum of cs3_move_period() over distances. */
guint32 cs3_move_slots(guint pes);

/**
 * cs3_move_cycles: every PE of a line of @pes hands its @words, 32 bits each, in equal parts to all
 * of them: program `transpose`, an all-to-all by timetable, or the issue slots of sending and
 * taking in, `kernel.reduce_lanes` 16-bit elements each, whichever is longer. 0 for one PE.
 * cycles = max(slots(pes) words / pes x 9/8 link, 2 x 2 words (pes - 1) / pes / lanes)
 *          + (pes - 1) hop + feed.
 */
gint64 cs3_move_cycles(const Cs3Hardware *hw, gint64 pes, gint64 words);
