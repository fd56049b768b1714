/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Event-core constants from a machine description. */
#include "config.h"

#include "fabric/event/timing.h"

#include <math.h>

#include "fabric/fabric-error.h"

static gboolean in_range(const char *key, double value, double lo, double hi, GError **error) {
  if (value >= lo && value <= hi)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
              "fabric.%s = %g: the event core runs %g to %g; use the recurrence for other values",
              key, value, lo, hi);
  return FALSE;
}

/* Elements of an FP16 multiply-add per cycle with all streams in SRAM: two are read, one written.
 */
static guint fma16_lanes(const Cs3Hardware *hw) {
  gint64 ports = MIN(hw->pe.read_bytes / 4, hw->pe.write_bytes / 2);
  return (guint)CLAMP(ports, 1, hw->pe.lanes_fp16);
}

static void copy_pe(Cs3EventTiming *timing, const Cs3Hardware *hw) {
  timing->microthreads = (guint)MIN(hw->pe.microthreads, CS3_EVENT_MICROTHREADS);
  timing->task_start = (guint)hw->pe.task_start;
  timing->launch = (guint)hw->pe.launch;
  timing->fabric_setup = (guint)hw->pe.fabric_setup;
  timing->vector_setup = (guint)hw->pe.vector_setup;
  timing->copy_setup = (guint)hw->pe.copy_setup;
  timing->fma_setup = (guint)hw->pe.fma_setup;
  timing->wide_interval = (guint)hw->pe.wide_interval;
  timing->lanes16 = (guint)hw->pe.lanes_fp16;
  timing->lanes32 = MAX(1, timing->lanes16 / 2);
  timing->fma16_lanes = fma16_lanes(hw);
  timing->fma32_cycles = (guint)MAX(1, lround(1 / hw->pe.fp32_fmac));
  timing->dot_cycles = (guint)hw->pe.fp_latency;
  timing->sram_bytes = (guint)hw->pe.sram_data_bytes;
}

static gboolean copy_queues(Cs3EventTiming *timing, const Cs3Hardware *hw, GError **error) {
  for (guint q = 0; q < CS3_MAX_QUEUES; q++) {
    if (!in_range("in_queue", (double)hw->fabric.in_queue[q], 1, 32, error) ||
        !in_range("out_queue", (double)hw->fabric.out_queue[q], 0, 32, error))
      return FALSE;
    timing->in_queue[q] = (guint)hw->fabric.in_queue[q];
    timing->out_queue[q] = (guint)hw->fabric.out_queue[q];
  }
  return TRUE;
}

gboolean cs3_event_timing_init(Cs3EventTiming *timing, const Cs3Hardware *hw, GError **error) {
  if (!in_range("hop_cycles", (double)hw->fabric.hop_cycles, 1, 16, error) ||
      !in_range("ramp_cycles", (double)hw->fabric.ramp_cycles, 1, 16, error) ||
      !in_range("router_buffer", (double)hw->fabric.router_buffer, 1, 32, error) ||
      !in_range("link_cycles", hw->fabric.link_cycles, 1, 64, error))
    return FALSE;
  *timing = (Cs3EventTiming){0};
  copy_pe(timing, hw);
  timing->hop = (guint)hw->fabric.hop_cycles;
  timing->ramp = (guint)hw->fabric.ramp_cycles;
  timing->router_buffer = (guint)hw->fabric.router_buffer;
  timing->colours = (guint)MIN(hw->fabric.colours, CS3_EVENT_COLOURS);
  timing->positions = (guint)MIN(hw->fabric.switch_positions, CS3_EVENT_POSITIONS);
  if (!cs3_hardware_link_ratio(hw, &timing->link_num, &timing->link_den)) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID,
                "fabric.link_cycles = %.17g: must be a ratio with a denominator up to 64, as 1.125",
                hw->fabric.link_cycles);
    return FALSE;
  }
  return copy_queues(timing, hw, error);
}
