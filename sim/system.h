/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Constants of the system around the wafers: MemoryX and SwarmX. */
#pragma once

#include <glib.h>

#include "fabric/param.h"

typedef struct {
  struct {                         /* [memoryx] */
    double capacity_bytes;         /* weights and optimizer state */
    double stream_bits_per_s;      /* weights out; full system rate */
    double optimizer_params_per_s; /* Adam updates per second */
    double bytes_per_param;        /* master weight and moments */
  } memoryx;
  struct {                  /* [swarmx] */
    double link_bits_per_s; /* one tree link, each direction */
    double tier_latency_s;  /* one broadcast-reduce tier */
    gint64 fan_out;         /* systems or nodes under one broadcast-reduce node */
    gint64 prefetch;        /* tensors staged in front of a wafer's port */
    gint64 max_systems;     /* wafers that one cluster can hold */
  } swarmx;
} Cs3System;

/** cs3_system_table: (transfer none): the parameter table that describes #Cs3System. */
const Cs3ParamTable *cs3_system_table(void);
