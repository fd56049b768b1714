/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Decoding out of a wafer's SRAM. */
#include "config.h"

#include "sim/inference/wafer-decode.h"

#include <math.h>

static double pes(const Cs3Hardware *hw) {
  return (double)hw->wafer.pe_x * (double)hw->wafer.pe_y;
}

/* Of the PEs of the mesh, not of the marketed cores. */
static double macs_per_s(const Cs3Hardware *hw) {
  return pes(hw) * (double)hw->pe.lanes_fp16 * hw->wafer.clock_hz;
}

/* Bytes a second that all PEs read of their SRAM. */
static double port_rate(const Cs3Hardware *hw) {
  return pes(hw) * (double)hw->pe.read_bytes * hw->pe.sram_efficiency * hw->wafer.clock_hz;
}

double cs3_wafer_memory(const Cs3Hardware *hw) {
  return pes(hw) * (double)hw->pe.sram_data_bytes;
}

double cs3_wafer_attention_s(const Cs3Hardware *hw, const Cs3DecodeWork *work, double batch,
                             double cache) {
  double macs = batch * cs3_decode_attention_macs(work, cache);
  double share = hw->kernel.attention_efficiency;
  if (share > 0)
    return macs / (macs_per_s(hw) * share);
  return MAX(macs / macs_per_s(hw), batch * cs3_decode_kv_bytes(work, cache) / port_rate(hw));
}

Cs3DecodeTime cs3_wafer_resident(const Cs3Hardware *hw, const Cs3DecodeWork *work,
                                 const Cs3WeightStorage *storage, Cs3Resident placement,
                                 double batch, double cache) {
  double regions = placement == CS3_RESIDENT_REGIONS ? MAX(work->blocks, 1) : 1;
  double side = (double)(hw->wafer.pe_x + hw->wafer.pe_y) / sqrt(regions);
  double kv = batch * cs3_decode_kv_bytes(work, cache);
  double macs = storage->store == CS3_STORE_DENSE ? work->macs : work->live_macs;
  macs = batch * (macs + cs3_decode_attention_macs(work, cache));
  Cs3DecodeTime time = {
      .memory_s = regions * (cs3_decode_weight_bytes(work, storage, batch) + kv) / port_rate(hw),
      .compute_s = regions * macs / macs_per_s(hw),
      .fixed_s = work->stages * 2 * side * (double)hw->fabric.hop_cycles / hw->wafer.clock_hz,
  };
  time.token_s = MAX(time.memory_s, time.compute_s) + time.fixed_s;
  return time;
}
