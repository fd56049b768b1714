/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activations that change their layout. */
#include "config.h"

#include "fabric/move.h"

#include <math.h>

guint32 cs3_move_slots(guint pes) {
  guint32 slots = 0;
  for (guint d = 1; d < pes; d++)
    slots += cs3_move_period(pes, d);
  return slots;
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
