/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event-core constants: from a machine description, or by generation. */
#include "config.h"

#include "fabric/event/timing.h"

#include <math.h>

#include "fabric/fabric-error.h"

/* WSE-2: the 512-PE reduce runs of pr0f3ss/SpMM_Cerebras (SDK 0.6 simulator) pin hop 1, ramp 2,
 * 18 cycles between two blocking vector operations of a group head, and 56 cycles of start,
 * set-up and time stamps around a single one: 56 = launch 34 + task start 4 + set-up 18. */
Cs3EventTiming cs3_event_timing_wse2(void) {
  return (Cs3EventTiming){
      .hop = 1, .ramp = 2, .link_num = 1, .link_den = 1, .router_buffer = 2,
      .in_queue = {6, 6, 4, 4, 2, 2, 2, 2}, .out_queue = {2, 2, 6, 6, 2, 2, 0, 0},
      .microthreads = 8, .task_start = 4, .fabric_setup = 18, .memory_setup = 18,
      .lanes16 = 4, .lanes32 = 2, .fma16_lanes = 4, .fma32_cycles = 1, .dot_cycles = 2, .wide_interval = 3,
      .launch = 34, .sram_bytes = 43000};
}

/* WSE-3: SDK simulator trace of an 8-word message (dispatch to first wavelet on the link 7 =
 * set-up 4 + element 1 + ramp 2; landing to completion 3 = ramp 2 + element 1), FABRICA
 * characterisation (arXiv 2608.25124); rates of single vector operations from the same source.
 * launch 17: the same message takes 19 cycles in the trace and 36 by time stamps. task_start 5:
 * what a whole-vector relay stage of B + 16 cycles leaves beside 3 + 7 + 2 - 1 (B + 11).
 * wide_interval 3: slopes of the communication-only MeshGEMM runs (junesookang/WaferLLM) in the tile
 * height, before and after the taller of two concurrent messages becomes the longer one. */
Cs3EventTiming cs3_event_timing_wse3(gboolean silicon) {
  return (Cs3EventTiming){
      .hop = 2, .ramp = 2, .link_num = silicon ? 9 : 1, .link_den = silicon ? 8 : 1,
      .router_buffer = 2, .in_queue = {8, 8, 4, 4, 4, 4, 4, 4},
      .out_queue = {8, 8, 8, 8, 8, 8, 8, 8}, .microthreads = 8, .task_start = 5,
      .fabric_setup = 4, .memory_setup = 15, .lanes16 = 8, .lanes32 = 4, .fma16_lanes = 4,
      .fma32_cycles = 2, .dot_cycles = 2,
      .wide_interval = 3, .launch = 17, .sram_bytes = 43000};
}

static gboolean in_range(const char *key, double value, double lo, double hi, GError **error) {
  if (value >= lo && value <= hi)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "fabric.%s = %g: the event core runs %g to %g; use the recurrence for other values",
              key, value, lo, hi);
  return FALSE;
}

/* Smallest denominator up to 64 that represents @cycles to 1e-9. */
static gboolean link_ratio(double cycles, guint *num, guint *den) {
  for (guint d = 1; d <= 64; d++)
    if (fabs(cycles * d - round(cycles * d)) < 1e-9 * d) {
      *num = (guint)round(cycles * d);
      *den = d;
      return TRUE;
    }
  return FALSE;
}

gboolean cs3_event_timing_init(Cs3EventTiming *timing, const Cs3Hardware *hw, GError **error) {
  if (!in_range("hop_cycles", (double)hw->fabric.hop_cycles, 1, 16, error) ||
      !in_range("ramp_cycles", (double)hw->fabric.ramp_cycles, 1, 16, error) ||
      !in_range("router_buffer", (double)hw->fabric.router_buffer, 1, 32, error) ||
      !in_range("link_cycles", hw->fabric.link_cycles, 1, 64, error))
    return FALSE;
  *timing = hw->fabric.hop_cycles > 1 ? cs3_event_timing_wse3(FALSE) : cs3_event_timing_wse2();
  timing->hop = (guint)hw->fabric.hop_cycles;
  timing->ramp = (guint)hw->fabric.ramp_cycles;
  timing->router_buffer = (guint)hw->fabric.router_buffer;
  if (!link_ratio(hw->fabric.link_cycles, &timing->link_num, &timing->link_den)) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
                "fabric.link_cycles = %.17g: must be a ratio with a denominator up to 64, as 1.125",
                hw->fabric.link_cycles);
    return FALSE;
  }
  for (guint q = 0; q < CS3_MAX_QUEUES; q++) {
    if (!in_range("in_queue", (double)hw->fabric.in_queue[q], 1, 32, error) ||
        !in_range("out_queue", (double)hw->fabric.out_queue[q], 0, 32, error))
      return FALSE;
    timing->in_queue[q] = (guint)hw->fabric.in_queue[q];
    timing->out_queue[q] = (guint)hw->fabric.out_queue[q];
  }
  timing->sram_bytes = (guint)hw->pe.sram_data_bytes;
  timing->microthreads = (guint)MIN(hw->pe.microthreads, CS3_EVENT_MICROTHREADS);
  timing->lanes16 = (guint)hw->pe.lanes_fp16;
  timing->lanes32 = MAX(1, timing->lanes16 / 2);
  return TRUE;
}
