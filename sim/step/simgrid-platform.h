/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes the SimGrid platform of MemoryX, SwarmX, the wafers and their activation servers. */
#pragma once

#include "sim/step/step-plan.h"

/* Ids in the platform file. A tensor on its way down is one flow from MemoryX to BROADCAST over
 * all links of the multicast; a gradient on its way up one flow from REDUCE to MemoryX. The host of
 * wafer class i is WAFER followed by i, foreign traffic goes from SOURCE to TARGET followed by its
 * number, activations of class i from PORT to SERVERS followed by i and back. */
#define CS3_HOST_MEMORYX "memoryx"
#define CS3_HOST_BROADCAST "broadcast"
#define CS3_HOST_REDUCE "reduce"
#define CS3_HOST_WAFER "wafer"
#define CS3_HOST_SOURCE "source"
#define CS3_HOST_TARGET "target"
#define CS3_HOST_PORT "port"
#define CS3_HOST_SERVERS "servers"

/* What a link's rate or state does over time: a file beside the platform, named by it. */
typedef struct {
  char *link;       /* "swarmx_1_0_dn": one direction */
  const char *kind; /* the attribute that names the file: "bandwidth_file" or "state_file" */
  char *text;       /* lines of a time and a value */
  char *path;       /* as the platform names it; filled by the caller */
  int fd;           /* the caller's */
} Cs3Profile;

/** cs3_platform_profiles: (transfer full) (element-type Cs3Profile): of all links with faults that
 * have a time; no paths yet, fd is -1. */
GPtrArray *cs3_platform_profiles(const Cs3StepPlan *plan);

/**
 * cs3_platform_write: the platform as XML text, SimGrid DTD 4.1, numbers in full precision.
 * Links carry no latency: SimGrid would charge it to every flow before its first byte, whereas
 * tensors follow each other back to back and only their arrival is late. The actors delay the
 * arrivals by latency_s. Each direction has links of its own, so that the two never share.
 * All links of a tier carry the same bytes, so one stands for those without a fault, unless
 * plan->every_link asks for every one; likewise for the wafers' ports, unless activations pass
 * them: then every class has a port of its own.
 * @profiles: with their paths.
 * Returns: (transfer full): free with g_free().
 */
char *cs3_platform_write(const Cs3StepPlan *plan, const GPtrArray *profiles);
