/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Work that streams no weights. */
#include "config.h"

#include "fabric/vector.h"

#include <math.h>

static double mapped_pes(const Cs3Hardware *hw) {
  return (double)hw->wafer.pe_x * hw->wafer.pe_y;
}

gint64 cs3_vector_cycles(const Cs3Hardware *hw, double elements, double specials,
                         gint64 reductions) {
  double pes = mapped_pes(hw);
  double vector = ceil(elements / pes) / hw->pe.vector_rate;
  double special = ceil(specials / pes) / hw->pe.special_rate;
  gint64 stage = hw->fabric.hop_cycles + 2 * hw->fabric.ramp_cycles + 1;
  gint64 line = MAX(hw->wafer.pe_x, hw->wafer.pe_y) * (stage + hw->fabric.hop_cycles);
  return hw->pe.vector_setup + (gint64)ceil(vector + special) + reductions * line;
}

gint64 cs3_attention_cycles(const Cs3Hardware *hw, double macs) {
  double rate = mapped_pes(hw) * hw->pe.lanes_fp16 * hw->kernel.attention_efficiency;
  return (gint64)ceil(macs / rate);
}
