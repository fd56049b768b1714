/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Constants of the system around the wafers: MemoryX, SwarmX and activation servers. */
#pragma once

#include <glib.h>

#include "base/param.h"

typedef enum { CS3_OPTIMIZER_ADAM, CS3_OPTIMIZER_MOMENTUM, CS3_OPTIMIZER_SGD } Cs3Optimizer;
enum { CS3_N_OPTIMIZERS = CS3_OPTIMIZER_SGD + 1 };

typedef struct {
  struct {                                           /* [memoryx] */
    gint64 units;                                    /* a tensor is spread over them evenly */
    double capacity_bytes;                           /* of one unit: weights and optimizer state */
    double stream_bits_per_s;                        /* of one unit, each direction */
    int algorithm;                                   /* Cs3Optimizer */
    double optimizer_params_per_s[CS3_N_OPTIMIZERS]; /* updates per second of one unit */
    double bytes_per_param[CS3_N_OPTIMIZERS];        /* master weight and optimizer state */
  } memoryx;
  struct {                   /* [swarmx] */
    gint64 systems;          /* of this installation */
    double link_bits_per_s;  /* one tree link, each direction */
    double oversubscription; /* rate of a system's link / rate of a link between tiers */
    double tier_latency_s;   /* one broadcast-reduce tier */
    double retry_s;          /* until a tensor that a failing link has lost is sent again */
    gint64 fan_out;          /* systems or nodes under one broadcast-reduce node */
    gint64 prefetch;         /* tensors staged in front of a wafer's port */
    gint64 max_systems;      /* wafers that one cluster can hold */
  } swarmx;
  struct {                  /* [activations], of one system */
    gint64 servers;         /* a tensor is spread over them evenly */
    double capacity_bytes;  /* of one server */
    double link_bits_per_s; /* of one server, each direction */
    double latency_s;       /* between the wafer's port and a server */
    gint64 staged; /* tensors on the wafer on their way out, and as many on their way back */
  } activations;
  struct {         /* [step] */
    double edge_s; /* between the last update of a step and the first weights of the next */
  } step;
  struct {                        /* [recovery] */
    double checkpoint_bits_per_s; /* MemoryX to storage and back */
    double detection_s;           /* until a lost system is noticed */
    double restart_s;             /* until its replacement runs, without reading the checkpoint */
  } recovery;
  struct {              /* [cost], US dollars */
    double system_hour; /* one system for an hour, all included but its electricity */
    double kwh;         /* electricity */
  } cost;
} Cs3System;

/** cs3_system_table: (transfer none): the parameter table that describes #Cs3System. */
const Cs3ParamTable *cs3_system_table(void);

/** cs3_optimizer_name: (transfer none): "adam", ... */
const char *cs3_optimizer_name(int optimizer);

/** cs3_system_optimizer_rate: parameters that all MemoryX units update per second. */
static inline double cs3_system_optimizer_rate(const Cs3System *system) {
  return (double)system->memoryx.units *
         system->memoryx.optimizer_params_per_s[system->memoryx.algorithm];
}

/** cs3_system_stream_rate: bytes per second that all MemoryX units send, each direction. */
static inline double cs3_system_stream_rate(const Cs3System *system) {
  return (double)system->memoryx.units * system->memoryx.stream_bits_per_s / 8;
}

/** cs3_system_state_bytes: MemoryX's memory for @params parameters with their optimizer state. */
static inline double cs3_system_state_bytes(const Cs3System *system, double params) {
  return params * system->memoryx.bytes_per_param[system->memoryx.algorithm];
}

/** cs3_system_activation_rate: bytes per second between one wafer's port and its activation
 * servers, each direction. */
static inline double cs3_system_activation_rate(const Cs3System *system) {
  return (double)system->activations.servers * system->activations.link_bits_per_s / 8;
}

/** cs3_system_activation_capacity: bytes that the activation servers of one system hold. */
static inline double cs3_system_activation_capacity(const Cs3System *system) {
  return (double)system->activations.servers * system->activations.capacity_bytes;
}

/** cs3_system_capacity: bytes that all MemoryX units hold. */
static inline double cs3_system_capacity(const Cs3System *system) {
  return (double)system->memoryx.units * system->memoryx.capacity_bytes;
}
