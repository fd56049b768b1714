/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long wavelets take on links. */
#include "config.h"

#include "fabric/link.h"

/* Cycles beyond 32 bits stay at their end, where cs3_mapping_check() refuses them. */
static gint32 within(gint64 cycles) {
  return (gint32)CLAMP(cycles, 0, G_MAXINT32);
}

Cs3Link cs3_link_of(const Cs3Hardware *hw) {
  Cs3Link link;
  cs3_hardware_link_ratio(hw, &link.num, &link.den);
  return link;
}

gint32 cs3_link_offset(Cs3Link link, gint64 e) {
  return within(e * link.num / link.den);
}

gint32 cs3_link_cycles(Cs3Link link, gint64 n) {
  return within((n * link.num + link.den - 1) / link.den);
}

gint64 cs3_feed_cycles(const Cs3Hardware *hw) {
  return hw->fabric.hop_cycles + 2 * hw->fabric.ramp_cycles + 1;
}
