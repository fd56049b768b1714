/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The constants of the wavelet-level machine, in the form in which the event core uses them. */
#pragma once

#include <glib.h>

#include "fabric/hardware.h"

#define CS3_EVENT_COLOURS 24
#define CS3_EVENT_POSITIONS 4
#define CS3_EVENT_MICROTHREADS 8
/* Cycles are kept in 30 bits beside each wavelet; half of that range is usable. */
#define CS3_EVENT_MAX_CYCLES (1u << 29)
#define CS3_EVENT_FLIGHT_CYCLES 3u

/* All times in cycles, all depths in wavelets. */
typedef struct {
  guint hop;                /* router to router */
  guint ramp;               /* router to PE and PE to router, each */
  guint link_num, link_den; /* a link carries link_den wavelets in link_num cycles */
  guint router_buffer; /* parked wavelets per colour and input port, beside the link's registers */
  guint in_queue[CS3_MAX_QUEUES];
  guint out_queue[CS3_MAX_QUEUES];
  guint microthreads, colours, positions;
  guint task_start; /* activation to first instruction */
  guint
      fabric_setup; /* dispatch of a vector operation with a fabric operand to its first element */
  guint vector_setup, copy_setup, fma_setup; /* the same, all operands in memory */
  guint lanes16,
      lanes32;         /* elements per issue slot: move, add, multiply of 16-bit and 32-bit types */
  guint fma16_lanes;   /* FP16 FMAC with all three streams in SRAM (port limit) */
  guint fma32_cycles;  /* cycles per FP32 FMAC element */
  guint dot_cycles;    /* cycles per element of a reduction to a scalar (dependent adds) */
  guint wide_interval; /* between two issues of one 64-bit fabric operation */
  guint launch;     /* program start and time stamps, in the runs that published figures describe */
  guint sram_bytes; /* left for data in a PE */
} Cs3EventTiming;

/**
 * cs3_event_timing_init: constants of the event core from a machine description.
 * @timing: (out): filled from @hw alone; nothing is chosen by generation. FP16 multiply-adds are
 *   limited by lanes and by the SRAM ports (two streams read, one written).
 * Returns: %FALSE with %CS3_FABRIC_ERROR_INVALID when a value is outside what the core can run
 *   (hop 1..16, ramp 1..16, link rate a ratio with denominator up to 64, buffers 1..32).
 */
gboolean cs3_event_timing_init(Cs3EventTiming *timing, const Cs3Hardware *hw,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_event_flies: whether what is routed by address flies: a link carries a wavelet a cycle, and
 * a hop takes no more cycles than the core keeps lists of flights for. */
static inline gboolean cs3_event_flies(const Cs3EventTiming *timing) {
  return timing->link_num == timing->link_den && timing->hop <= CS3_EVENT_FLIGHT_CYCLES;
}
