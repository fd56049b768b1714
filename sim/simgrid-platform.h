/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the SimGrid platform of MemoryX, SwarmX and the wafers. */
#pragma once

#include <glib.h>

/* Ids in the platform file. A tensor on its way down is one flow from MemoryX to BROADCAST over
 * all links of the multicast; a gradient on its way up one flow from REDUCE to MemoryX. */
#define CS3_HOST_MEMORYX "memoryx"
#define CS3_HOST_BROADCAST "broadcast"
#define CS3_HOST_REDUCE "reduce"
#define CS3_HOST_WAFER "wafer"

typedef struct {
  double memoryx_bytes_per_s, link_bytes_per_s, port_bytes_per_s; /* each direction */
  double optimizer_params_per_s; /* speed of the MemoryX host: 1 flop is 1 parameter */
  double clock_hz;               /* speed of the wafer host: 1 flop is 1 cycle */
  double latency_s;              /* MemoryX to first PE; kept as a property, see below */
} Cs3Platform;

/**
 * cs3_platform_write: the platform as XML text, SimGrid DTD 4.1, numbers in full precision.
 * Links carry no latency: SimGrid would charge it to every flow before its first byte, whereas
 * tensors follow each other back to back and only their arrival is late. The actors delay the
 * arrivals by latency_s. Each direction has links of its own, so that the two never share.
 * Returns: (transfer full): free with g_free().
 */
char *cs3_platform_write(const Cs3Platform *platform);
