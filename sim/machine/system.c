/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parameter table of MemoryX, SwarmX and activation servers: unit, ranges, evidence, source,
 * meaning. */
#include "config.h"

#include "sim/machine/system.h"

#include <stddef.h>

/* Columns as in fabric/hardware.c. */
#define FULL(readers, type, unit, group, key, member, min, max, low, high, choices, evidence,      \
             source, help)                                                                         \
  {                                                                                                \
    G_STRINGIFY(group), key, CS3_PARAM_##type, CS3_UNIT_##unit, offsetof(Cs3System, group.member), \
        min, max, low, high, choices, CS3_EVIDENCE_##evidence, source, help, readers               \
  }
#define ROW(type, unit, group, key, member, min, max, low, high, evidence, source, help)           \
  FULL(NULL, type, unit, group, key, member, min, max, low, high, NULL, evidence, source, help)
/* Of whole training runs. */
#define TRAINING(type, unit, group, key, member, min, max, low, high, evidence, source, help)      \
  FULL("train", type, unit, group, key, member, min, max, low, high, NULL, evidence, source, help)

/* Of whole steps. */
#define SERVER(type, unit, group, key, member, min, max, low, high, evidence, source, help)        \
  FULL(NULL, type, unit, group, key, member, min, max, low, high, NULL, evidence, source, help)

static const char *const optimizers[] = {"adam", "momentum", "sgd", NULL};

/* Beside Adam the same memory traffic is assumed: bytes read and written per update. */
#define TRAFFIC                                                                                    \
  "no public value; derived from Adam's by bytes moved per update: Adam 30, momentum 22, SGD 14 "  \
  "(FP32 gradient, master weight and state, 16-bit copy)"

static const Cs3Param params[] = {
    ROW(INT, NONE, memoryx, "units", units, 1, 4096, 0, 0, VENDOR,
        "ALCF CS-3 guide: two groups of 12 MemoryX nodes in a cluster of four CS-3",
        "MemoryX units; weights and optimizer state are spread over them evenly."),
    ROW(REAL, BYTES, memoryx, "capacity", capacity_bytes, 1e6, 1e18, 0, 0, VENDOR,
        "Cerebras announcements of MemoryX: 1.5 and 12 TB for CS-2; 24, 36, 120 and 1,200 TB for "
        "CS-3",
        "Memory of one unit for weights and optimizer state."),
    ROW(REAL, BITS_PER_S, memoryx, "stream", stream_bits_per_s, 1e6, 1e18, 0, 0, VENDOR,
        "IEEE Micro 43(3), 2023, doi 10.1109/MM.2023.3256384: the full rate of one system",
        "Rate at which one unit sends weights and takes gradients, each direction."),
    FULL(NULL, ENUM, NONE, memoryx, "algorithm", algorithm, 0, G_N_ELEMENTS(optimizers) - 2, 0, 0,
         optimizers, VENDOR, "Cerebras training documentation: any optimizer runs on MemoryX",
         "The optimizer: decides update rate and memory per parameter."),
    ROW(REAL, PARAMS_PER_S, memoryx, "optimizer", optimizer_params_per_s[CS3_OPTIMIZER_ADAM], 1e3,
        1e18, 18.75e9, 150e9, UNPUBLISHED,
        "no public value; proposal: keeps up with 16-bit weights at line rate, 12 nodes of 6.25 "
        "Gparam/s",
        "Parameters that one unit updates per second with Adam."),
    ROW(REAL, PARAMS_PER_S, memoryx, "optimizer_momentum",
        optimizer_params_per_s[CS3_OPTIMIZER_MOMENTUM], 1e3, 1e18, 25e9, 205e9, UNPUBLISHED,
        TRAFFIC, "Parameters that one unit updates per second with SGD and momentum."),
    ROW(REAL, PARAMS_PER_S, memoryx, "optimizer_sgd", optimizer_params_per_s[CS3_OPTIMIZER_SGD],
        1e3, 1e18, 40e9, 322e9, UNPUBLISHED, TRAFFIC,
        "Parameters that one unit updates per second with plain SGD."),
    ROW(REAL, BYTES, memoryx, "bytes_per_param", bytes_per_param[CS3_OPTIMIZER_ADAM], 1, 1024, 12,
        24, DERIVED,
        "Adam: FP32 master weight, two FP32 moments and an FP32 gradient; the announced capacities "
        "allow 20 to 50",
        "Memory per parameter for master weight, moments and gradient with Adam."),
    ROW(REAL, BYTES, memoryx, "bytes_per_param_momentum", bytes_per_param[CS3_OPTIMIZER_MOMENTUM],
        1, 1024, 8, 20, DERIVED, "FP32 master weight, FP32 momentum and an FP32 gradient",
        "Memory per parameter with SGD and momentum."),
    ROW(REAL, BYTES, memoryx, "bytes_per_param_sgd", bytes_per_param[CS3_OPTIMIZER_SGD], 1, 1024, 4,
        16, DERIVED, "FP32 master weight and an FP32 gradient",
        "Memory per parameter with plain SGD."),
    ROW(INT, NONE, swarmx, "systems", systems, 1, 1048576, 0, 0, VENDOR,
        "what the installation is said to have; presets of a single system have 1",
        "Systems that train together, unless --systems says otherwise."),
    ROW(REAL, BITS_PER_S, swarmx, "link", link_bits_per_s, 1e6, 1e18, 0, 0, VENDOR,
        "12 x 100 GbE per system; SwarmX carries the full rate (weight-streaming white paper, "
        "2023)",
        "One link between a system and its broadcast-reduce node, each direction."),
    ROW(REAL, NONE, swarmx, "oversubscription", oversubscription, 1, 1024, 0, 0, DERIVED,
        "1: every link of the tree carries one copy of the stream at full rate, as the reported "
        "near-linear scaling needs",
        "Rate of a system's link over the rate of a link between two tiers of the tree."),
    ROW(REAL, SECONDS, swarmx, "tier_latency", tier_latency_s, 0, 1, 1e-6, 10e-6, UNPUBLISHED,
        "no public value; proposal: 2 us; Hot Chips 2024 states less than 5 us over four switches",
        "Latency of one tier of the tree: a broadcast-reduce node and the switch in front of it."),
    ROW(REAL, SECONDS, swarmx, "retry", retry_s, 1e-6, 3600, 1e-3, 1, UNPUBLISHED,
        "no public value; proposal: 100 ms, of the order of RDMA transport time-outs",
        "Time from a transfer's failure to the next attempt to send the whole tensor."),
    ROW(INT, NONE, swarmx, "fan_out", fan_out, 2, 65536, 0, 0, VENDOR,
        "weight-streaming white paper (2023): one broadcast-reduce node serves 1:4 or two 1:2",
        "Systems or nodes below one broadcast-reduce node."),
    ROW(INT, NONE, swarmx, "prefetch", prefetch, 1, 65536, 1, 8, UNPUBLISHED,
        "no public value; proposal: one tensor in use and one arriving (Cerebras training "
        "documentation: loading the next layer overlaps with compute)",
        "Tensors staged in front of a wafer's port."),
    ROW(INT, NONE, swarmx, "max_systems", max_systems, 1, 1048576, 0, 0, VENDOR,
        "Hot Chips 33 (2021): 192 CS-2; Cerebras announcement of CS-3 (2024): 2,048",
        "Systems that one cluster can hold."),
    ROW(REAL, SECONDS, step, "edge", edge_s, 0, 3600, 0, 0.2, UNPUBLISHED,
        "no public value and no known cause (host hand-over, update, fill); steps of several "
        "batches "
        "in logs leave 0.12 to 0.20 s on a CS-3, about 0.13 s on a CS-2; 0 until it is fitted",
        "Fixed time between the last update of a step and the first weights of the next."),
    TRAINING(
        REAL, BITS_PER_S, recovery, "checkpoint", checkpoint_bits_per_s, 1e6, 1e18, 10e9, 1.2e12,
        UNPUBLISHED, "no public value; proposal: 100 Gb/s, one Ethernet port to a file server",
        "Rate at which checkpoints go from MemoryX to storage and back; training waits for them."),
    TRAINING(REAL, SECONDS, recovery, "detection", detection_s, 0, 86400, 1, 600, UNPUBLISHED,
             "no public value; proposal: 60 s, a missed heartbeat",
             "Time from the loss of a system to its being noticed."),
    TRAINING(REAL, SECONDS, recovery, "restart", restart_s, 0, 604800, 60, 3600, UNPUBLISHED,
             "no public value; proposal: 600 s to take a spare system and load the program again",
             "Time from a loss being noticed to training being ready to read the checkpoint."),
    TRAINING(
        REAL, NONE, cost, "system_hour", system_hour, 0, 1e6, 100, 400, UNPUBLISHED,
        "no list price; proposal: 250, a few million dollars over three years and their running",
        "US dollars for one system for an hour, its electricity aside."),
    TRAINING(REAL, NONE, cost, "kwh", kwh, 0, 100, 0.05, 0.3, UNPUBLISHED,
             "depends on the place; proposal: 0.1", "US dollars for a kWh of electricity."),
    SERVER(INT, NONE, activations, "servers", servers, 1, 65536, 20, 59, MEASURED,
           "logs of training runs at ALCF and EPCC: 20 to 59 activation servers started for one "
           "system",
           "Activation servers of one system; what it sends away is spread over them evenly."),
    SERVER(REAL, BYTES, activations, "capacity", capacity_bytes, 1e6, 1e18, 16e9, 256e9,
           UNPUBLISHED,
           "no public value; proposal: 64 GB, of the order of a weight server's share of its node "
           "(ALCF "
           "CS-3 guide: nodes of 183 and 1,128 GiB)",
           "Memory of one server for activations, which stay until backward fetches them."),
    SERVER(REAL, BITS_PER_S, activations, "link", link_bits_per_s, 1e6, 1e18, 10e9, 100e9,
           UNPUBLISHED,
           "no public value; proposal: 60 Gb/s, 20 of which keep up with the 12 x 100 GbE of a "
           "system, as "
           "MemoryX does; at most a 100 GbE port each, less where servers share one",
           "Rate at which one server takes activations and gives them back, each direction."),
    SERVER(
        REAL, SECONDS, activations, "latency", latency_s, 0, 1, 2e-6, 20e-6, UNPUBLISHED,
        "no public value; proposal: 5 us; Hot Chips 2024 states less than 5 us over four switches",
        "Latency between the wafer's port and an activation server, one way."),
    SERVER(INT, NONE, activations, "staged", staged, 1, 65536, 1, 8, UNPUBLISHED,
           "no public value; proposal: 2, one tensor in use and one on its way, as for weights",
           "Tensors of activations on the wafer on their way out, and as many on their way back."),
};

const Cs3ParamTable *cs3_system_table(void) {
  static const Cs3ParamTable table = {params, G_N_ELEMENTS(params)};
  return &table;
}

const char *cs3_optimizer_name(int optimizer) {
  return optimizers[optimizer];
}
