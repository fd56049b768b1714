/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activations that change their layout. */
#include "config.h"

#include "fabric/move.h"

#include <math.h>

/* The sum of min(d, p - d) over d, floor(p^2 / 4), and what the shortest lack. */
guint32 cs3_move_slots(guint pes) {
  guint64 p = pes, shortest = cs3_move_shortest(pes);
  return (guint32)(p * p / 4 + shortest * (shortest - 1));
}

gint64 cs3_move_cycles(const Cs3Hardware *hw, gint64 pes, gint64 words) {
  if (pes < 2 || words == 0)
    return 0;
  double part = (double)words / (double)pes, slack = (CS3_MOVE_SLACK + 1.0) / CS3_MOVE_SLACK;
  double links = (double)cs3_move_slots((guint)pes) * part * slack * hw->fabric.link_cycles;
  double elements = 2 * part * (double)(pes - 1);
  double issue = 2 * elements / (double)hw->kernel.reduce_lanes;
  gint64 feed = hw->fabric.hop_cycles + 2 * hw->fabric.ramp_cycles + 1;
  return (gint64)ceil(MAX(links, issue)) + (pes - 1) * hw->fabric.hop_cycles + feed;
}
