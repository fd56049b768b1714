/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parameter table of MemoryX and SwarmX: unit, ranges, evidence, source, meaning. */
#include "config.h"

#include "sim/system.h"

#include <stddef.h>

/* Columns as in fabric/hardware.c. */
#define ROW(type, unit, group, key, member, min, max, low, high, evidence, source, help)           \
  {                                                                                                \
    G_STRINGIFY(group), key, CS3_PARAM_##type, CS3_UNIT_##unit, offsetof(Cs3System, group.member), \
        min, max, low, high, NULL, CS3_EVIDENCE_##evidence, source, help                           \
  }

static const Cs3Param params[] = {
    ROW(REAL, BYTES, memoryx, "capacity", capacity_bytes, 1e6, 1e18, 0, 0, VENDOR,
        "Cerebras announcements of MemoryX: 1.5 and 12 TB for CS-2; 24, 36, 120 and 1,200 TB for "
        "CS-3",
        "Memory for weights and optimizer state."),
    ROW(REAL, BITS_PER_S, memoryx, "stream", stream_bits_per_s, 1e6, 1e18, 0, 0, VENDOR,
        "IEEE Micro 43(3), 2023, doi 10.1109/MM.2023.3256384: the full rate of one system",
        "Rate at which MemoryX sends weights and takes gradients, each direction."),
    ROW(REAL, PARAMS_PER_S, memoryx, "optimizer", optimizer_params_per_s, 1e3, 1e18, 18.75e9, 150e9,
        UNPUBLISHED,
        "no public value; proposal: keeps up with 16-bit weights at line rate, 12 nodes of 6.25 "
        "Gparam/s",
        "Parameters that MemoryX updates per second."),
    ROW(REAL, BYTES, memoryx, "bytes_per_param", bytes_per_param, 1, 1024, 12, 24, DERIVED,
        "Adam: FP32 master weight, two FP32 moments and an FP32 gradient; the announced capacities "
        "allow 20 to 50",
        "Memory per parameter for master weight, moments and gradient."),
    ROW(REAL, BITS_PER_S, swarmx, "link", link_bits_per_s, 1e6, 1e18, 0, 0, VENDOR,
        "12 x 100 GbE per system; SwarmX carries the full rate (weight-streaming white paper, "
        "2023)",
        "One link of the broadcast-reduce tree, each direction."),
    ROW(REAL, SECONDS, swarmx, "tier_latency", tier_latency_s, 0, 1, 1e-6, 10e-6, UNPUBLISHED,
        "no public value; proposal: 2 us; Hot Chips 2024 states less than 5 us over four switches",
        "Latency of one tier of the tree: a broadcast-reduce node and the switch in front of it."),
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
};

const Cs3ParamTable *cs3_system_table(void) {
  static const Cs3ParamTable table = {params, G_N_ELEMENTS(params)};
  return &table;
}
