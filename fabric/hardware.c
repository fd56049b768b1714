/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The parameter table of one wafer and its kernels: unit, ranges, evidence, source, meaning. */
#include "config.h"

#include "fabric/hardware.h"

#include <math.h>

#include <stddef.h>

/* min and max are what the models can work with; low and high bound what the real machine may be
 * (0, 0: known well enough not to be sampled). A preset narrows low..high in its [range]. */
#define ROW(readers, type, unit, group, key, member, min, max, low, high, choices, evidence,       \
            source, help)                                                                          \
  {                                                                                                \
    G_STRINGIFY(group), key, CS3_PARAM_##type, CS3_UNIT_##unit,                                    \
        offsetof(Cs3Hardware, group.member), min, max, low, high, choices,                         \
        CS3_EVIDENCE_##evidence, source, help, readers                                             \
  }
#define INT_OF(readers, group, key, member, unit, min, max, low, high, evidence, source, help)     \
  ROW(readers, INT, unit, group, key, member, min, max, low, high, NULL, evidence, source, help)
#define REAL_OF(readers, group, key, member, unit, min, max, low, high, evidence, source, help)    \
  ROW(readers, REAL, unit, group, key, member, min, max, low, high, NULL, evidence, source, help)
#define INT(...) INT_OF(NULL, __VA_ARGS__)
#define REAL(...) REAL_OF(NULL, __VA_ARGS__)
#define ENUM_OF(readers, group, key, member, choices, evidence, source, help)                      \
  ROW(readers, ENUM, NONE, group, key, member, 0, G_N_ELEMENTS(choices) - 2, 0, 0, choices,        \
      evidence, source, help)
#define ENUM(...) ENUM_OF(NULL, __VA_ARGS__)
/* Nobody knows which of the choices the machine has. */
#define ANY_OF(group, key, member, choices, evidence, source, help)                                \
  ROW(NULL, ENUM, NONE, group, key, member, 0, G_N_ELEMENTS(choices) - 2, 0,                       \
      G_N_ELEMENTS(choices) - 2, choices, evidence, source, help)

/* Rules of PEs and routers of which the closed forms and recurrences of a step need none. */
#define EVENT_CORE "fabric validate plot"
/* What a program may use of a PE: a layer's and attention's fit or are refused. */
#define EVENT_LIMIT "fabric layer/event attention/event validate plot"
/* Whole steps run dX and dW one after the other. */
#define ONE_LAYER "layer"
#define DESCRIPTIVE ""
#define SIXTEEN_BITS "Cerebras training documentation: FP16, BF16 or CB16; FP8 is hypothetical"

#define CHARACTERISATION "WSE-3 characterisation on the ALCF CS-3 (agrees with arXiv 2608.25124)"
#define NO_PUBLIC_VALUE "no public value; proposal: "

/* PE code of one published program; of no other generation is anything known. */
#define MESH_GEMM "fitted on the 99 runs of MeshGEMM on the WSE-3 simulator (WaferLLM repository)"
#define GEMM(type, key, help)                                                                      \
  type##_OF("fabric validate plot", gemm, #key, key, CYCLES, 0, 10000, 0, 0, DERIVED, MESH_GEMM,   \
            help)

/* The kernels of a layer bind all input queues and the first six output queues. */
#define IN_QUEUE(n)                                                                                \
  INT(fabric, "in_queue_" #n, in_queue[n], NONE, 1, 1024, 0, 0, VENDOR,                            \
      "Cerebras SDK documentation, appendix", "Depth of the PE's input queue " #n " in wavelets.")
#define OUT_QUEUE(n, least)                                                                        \
  INT(fabric, "out_queue_" #n, out_queue[n], NONE, least, 1024, 0, 0, VENDOR,                      \
      "Cerebras SDK documentation, appendix",                                                      \
      "Depth of the PE's output queue " #n " in wavelets; 0 when the queue does not exist.")

static const char *const acc_placements[] = {"auto", "cache", "spill", "sram", NULL};
static const char *const acc_precisions[] = {"fp16", "fp32", NULL};
static const char *const factor_precisions[] = {"16-bit", "fp8", NULL};
#define REDUCTION_NAME(ID, name, text) text,
static const char *const reductions[] = {CS3_REDUCTIONS(REDUCTION_NAME) NULL};
static const char *const overlaps[] = {"none", "microthread", NULL};
static const char *const weight_formats[] = {"index16", "delta8", "bitmask", NULL};
static const char *const dw_algorithms[] = {"dot-row-chain", "local-block", "auto", NULL};

static const char *const attention_kernels[] = {"auto", "ring", "grid", NULL};
static const char *const backwards[] = {"separate", "shared", NULL};

static const Cs3Param params[] = {
    INT(wafer, "pe_x", pe_x, NONE, 1, 65536, 0, 0, VENDOR,
        "Cerebras SDK documentation and csl-examples: fabric less the host-transfer margin",
        "Columns of the PE mesh that a program can use."),
    INT(wafer, "pe_y", pe_y, NONE, 1, 65536, 0, 0, VENDOR,
        "Cerebras SDK documentation and csl-examples: fabric less the host-transfer margin",
        "Rows of the PE mesh that a program can use."),
    INT(wafer, "cores_peak", cores_peak, NONE, 1, 1e9, 0, 0, VENDOR,
        "Hot Chips 31 (2019), 34 (2022) and 2024",
        "Cores as marketed; used only to quote peak FLOP/s."),
    REAL(wafer, "clock", clock_hz, HZ, 1e6, 1e11, 0.75e9, 1.4e9, DISPUTED,
         "WSE-2: 1.1 GHz (Hot Chips 34, 2022) or 850 MHz (csl-examples, arXiv 2404.15888); WSE-3: "
         "never published, 0.75 to 1.4 GHz in circulation",
         "Wafer clock; converts cycles to seconds and sets how many wavelets arrive per cycle."),
    REAL(wafer, "power", power_w, WATTS, 1, 1e7, 0, 0, VENDOR,
         "Cerebras CS-1, CS-2 and CS-3 datasheets", "Power of one busy system."),
    REAL(wafer, "power_idle_ratio", power_idle_ratio, NONE, 0, 1, 0.2, 0.6, UNPUBLISHED,
         NO_PUBLIC_VALUE "linear between 0.35 and 1.0 of the busy power",
         "Power of an idle system as a share of its busy power."),

    INT(pe, "sram", sram_bytes, BYTES, 1024, 16777216, 0, 0, VENDOR,
        "arXiv 2010.03660; Hot Chips 34, 2022; 49,152 B is the largest program that links for "
        "WSE-3",
        "SRAM of one PE."),
    INT(pe, "sram_data", sram_data_bytes, BYTES, 256, 16777216, 40e3, 44976, DERIVED,
        "48 KiB less about 5.8 kB of code in real kernels; " CHARACTERISATION,
        "SRAM of one PE that is left for data beside code."),
    INT_OF(DESCRIPTIVE, pe, "banks", banks, NONE, 1, 256, 0, 0, VENDOR, "Hot Chips 34, 2022",
           "Single-ported SRAM banks of one PE."),
    INT(pe, "read_width", read_bytes, BYTES, 2, 4096, 0, 0, VENDOR,
        "Hot Chips 34, 2022: two 64-bit reads, which fits the marketed bandwidth and the measured "
        "four FP16 multiply-adds per cycle; the 32 bits of the SDK appendix would feed two",
        "SRAM bytes that one PE reads per cycle."),
    INT(pe, "write_width", write_bytes, BYTES, 1, 4096, 0, 0, VENDOR,
        "Hot Chips 34, 2022: one 64-bit write, which fits the marketed bandwidth and the measured "
        "four FP16 multiply-adds per cycle; the 32 bits of the SDK appendix would take two",
        "SRAM bytes that one PE writes per cycle."),
    INT(pe, "acc_cache", acc_cache_bytes, BYTES, 0, 1048576, 0, 0, VENDOR,
        "Hot Chips 34, 2022 (256 B); Hot Chips 2024 (512 B)",
        "Software-managed cache of one PE, meant for accumulators."),
    INT(pe, "lanes_fp16", lanes_fp16, NONE, 1, 1024, 0, 0, VENDOR,
        "Cerebras SDK documentation, table of vector widths",
        "FP16 multiply-add lanes; the SRAM ports may feed fewer."),
    INT(pe, "lanes_mixed", lanes_mixed, NONE, 1, 1024, 0, 0, VENDOR,
        "Cerebras SDK documentation, table of vector widths",
        "Multiply-add lanes with FP16 factors and an FP32 accumulator."),
    INT(pe, "lanes_fp8", lanes_fp8, NONE, 0, 1024, 0, 0, DERIVED,
        "Cerebras SDK documentation: no type of 8 bits among the vector operations",
        "Multiply-add lanes with FP8 factors and FP16 sums, 0: none; with FP32 sums the same share "
        "of them as lanes_mixed is of lanes_fp16."),
    REAL_OF(EVENT_CORE, pe, "fp32_fmac", fp32_fmac, NONE, 0.001, 1024, 0, 0, MEASURED,
            "WSE-2: 5,130 cycles for 5,124 elements (SpMM study, arXiv 2604.27985); WSE-3: "
            "0.50, " CHARACTERISATION,
            "FP32 multiply-adds per cycle."),
    INT_OF(EVENT_LIMIT, pe, "microthreads", microthreads, NONE, 1, 64, 0, 0, VENDOR,
           "Hot Chips 34, 2022; Cerebras SDK documentation",
           "Vector operations that can be in flight beside the main thread; a layer's weight "
           "gradients "
           "use six."),
    INT_OF(EVENT_CORE, pe, "task_start", task_start, CYCLES, 0, 1000, 3, 20, UNPUBLISHED,
           NO_PUBLIC_VALUE "4 to 8 cycles on WSE-2, 3 to 6 on WSE-3",
           "From the activation of a task, or the last wavelet of a receive, to its first "
           "instruction."),
    INT_OF(
        EVENT_CORE, pe, "launch", launch, CYCLES, 0, 10000, 0, 0, DERIVED,
        "WSE-2: 34 of the 56 cycles that the logged reduce runs take beside their wavelets; WSE-3: "
        "an 8-word message takes 36 cycles by time stamps, 19 in the trace; " CHARACTERISATION,
        "Program start and time stamps, in the runs that published cycle counts describe."),
    INT_OF(
        EVENT_CORE, pe, "fabric_setup", fabric_setup, CYCLES, 0, 1000, 0, 0, DERIVED,
        "WSE-2: 18 cycles between two blocking vector operations in the logged reduce runs; WSE-3 "
        "trace: 7 cycles from dispatch to the link, ramp and first element "
        "included; " CHARACTERISATION,
        "Cycles from dispatch to the first element of a vector operation on the fabric."),
    INT(pe, "vector_setup", vector_setup, CYCLES, 0, 1000, 5, 20, MEASURED,
        "WSE-3 vendor simulator: 9 cycles; WSE-2: 6; " CHARACTERISATION,
        "Cycles before the first element of an element-wise vector operation."),
    INT_OF(EVENT_CORE, pe, "copy_setup", copy_setup, CYCLES, 0, 1000, 5, 20, MEASURED,
           "WSE-3 vendor simulator: 15 cycles, 8 in a tighter harness; " CHARACTERISATION,
           "Cycles before the first element of a vector move."),
    INT_OF(
        EVENT_CORE, pe, "fma_setup", fma_setup, CYCLES, 0, 1000, 5, 20, MEASURED,
        "WSE-3 vendor simulator: 16 cycles, 13 in a tighter harness; WSE-2: 6; " CHARACTERISATION,
        "Cycles before the first element of a vector multiply-add."),
    INT_OF(EVENT_CORE, pe, "wide_interval", wide_interval, CYCLES, 1, 1000, 0, 0, DERIVED,
           "fitted on the communication-only MeshGEMM runs of the WSE-3 simulator (WaferLLM "
           "repository); other generations: no data",
           "Cycles between two issues of one 64-bit vector operation on the fabric."),
    REAL(pe, "vector_rate", vector_rate, NONE, 0.001, 1024, 0, 0, MEASURED,
         "WSE-3 vendor simulator: 3.96; WSE-2: the four lanes of the SDK table; " CHARACTERISATION,
         "FP16 elements per cycle of an element-wise addition or multiplication in SRAM."),
    REAL_OF("validate", pe, "copy_rate", copy_rate, NONE, 0.001, 1024, 0, 0, MEASURED,
            "WSE-3: 8.00 in the vendor simulator, 4.82 on silicon; WSE-2: the SDK "
            "table; " CHARACTERISATION,
            "FP16 elements per cycle of a vector move; 32-bit words move at half this rate."),
    REAL(pe, "special_rate", special_rate, NONE, 1e-6, 1024, 0.02, 0.5, UNPUBLISHED,
         NO_PUBLIC_VALUE "between a scalar FP32 division (about 50 cycles, csl-examples) and a "
                         "polynomial of about eight vector operations at four elements per cycle",
         "Elements per cycle of exponential, division and square root."),
    REAL(pe, "sram_efficiency", sram_efficiency, NONE, 0.01, 1, 0, 0, MEASURED,
         "FP16 multiply-add in SRAM, WSE-3: 2.92 elements per cycle on silicon against 4 in the "
         "vendor "
         "simulator; " CHARACTERISATION,
         "Share of the SRAM port rate that a vector multiply-add reaches."),
    INT_OF(EVENT_CORE, pe, "fp_latency", fp_latency, CYCLES, 1, 1000, 0, 0, MEASURED,
           "WSE-3 vendor simulator: a dependent addition every 2 cycles; " CHARACTERISATION,
           "Cycles until the result of a floating-point operation can be used."),

    REAL(fabric, "link", link_cycles, CYCLES, 1, 1000, 0, 0, MEASURED,
         "Cerebras SDK documentation: 1; CS-3 silicon: 1.125 sustained; " CHARACTERISATION,
         "Cycles that one wavelet occupies a link."),
    INT(fabric, "hop", hop_cycles, CYCLES, 1, 1000, 0, 0, MEASURED,
        "WSE-1 and WSE-2: 1 cycle (Cerebras SDK documentation; arXiv 2404.15888); CS-3: 2.000 "
        "cycles; " CHARACTERISATION,
        "Latency from router to router."),
    INT(fabric, "ramp", ramp_cycles, CYCLES, 0, 1000, 0, 0, MEASURED,
        "arXiv 2404.15888 (HPDC 2024): 2 cycles; exact in 33 logged reduce runs",
        "Latency between router and PE, each way (T_R)."),
    INT_OF(EVENT_LIMIT, fabric, "colours", colours, NONE, 1, 64, 0, 0, VENDOR,
           "Cerebras SDK documentation", "Routable colours (virtual channels)."),
    INT_OF(EVENT_LIMIT, fabric, "switch_positions", switch_positions, NONE, 1, 64, 0, 0, VENDOR,
           "Cerebras SDK documentation; US patent 12177133",
           "Routes that a router can hold per colour and step through by control wavelets."),
    INT(fabric, "router_buffer", router_buffer, NONE, 1, 1024, 1, 4, UNPUBLISHED,
        NO_PUBLIC_VALUE "2; csl-examples pipeline-01 holds about 14 wavelets in queues and router",
        "Wavelets that a router buffers per colour and input port."),
    IN_QUEUE(0),
    IN_QUEUE(1),
    IN_QUEUE(2),
    IN_QUEUE(3),
    IN_QUEUE(4),
    IN_QUEUE(5),
    IN_QUEUE(6),
    IN_QUEUE(7),
    OUT_QUEUE(0, 1),
    OUT_QUEUE(1, 1),
    OUT_QUEUE(2, 1),
    OUT_QUEUE(3, 1),
    OUT_QUEUE(4, 1),
    OUT_QUEUE(5, 1),
    OUT_QUEUE(6, 0),
    OUT_QUEUE(7, 0),

    REAL(io, "rate", rate_bits_per_s, BITS_PER_S, 1e6, 1e18, 0, 0, VENDOR,
         "Cerebras CS-1, CS-2 and CS-3 datasheets: 12 x 100 GbE",
         "Off-wafer links of one system, each direction."),
    REAL(io, "efficiency", efficiency, NONE, 0.01, 1, 0.8, 1, UNPUBLISHED,
         NO_PUBLIC_VALUE "Ethernet and RDMA headers leave 0.9 to 0.95",
         "Payload share of the off-wafer links after protocol headers."),
    REAL(io, "factor", factor, NONE, 0.01, 1000, 0, 0, DISPUTED,
         "Cerebras training documentation: 30 % more ingress on CS-3, at unchanged 12 x 100 GbE",
         "Multiplies the off-wafer rate."),
    INT(io, "channels", channels, NONE, 1, 1e6, 0, 0, DISPUTED,
        "a repackaged SDK document: 60 (WSE-2) or 62 (WSE-3) channels per edge; two edges assumed",
        "Entry points on the wafer's edges, each one wavelet per link slot: an upper bound on "
        "ingress."),
    REAL(io, "latency", latency_s, SECONDS, 0, 1, 2e-6, 10e-6, UNPUBLISHED,
         NO_PUBLIC_VALUE
         "Hot Chips 2024 states less than 5 us from wafer to wafer over four switches",
         "From the network to the first PE."),
    INT(io, "edge_buffer", edge_buffer_bytes, BYTES, 4, 1e12, 4096, 301e3, UNPUBLISHED,
        NO_PUBLIC_VALUE "the data memory of one PE; the SDK leaves seven margin PEs per line",
        "Weights that wait at the wafer's edge per feature line."),

    INT(kernel, "weight_overhead", weight_overhead, CYCLES, 0, 10000, 0, 16, UNPUBLISHED,
        NO_PUBLIC_VALUE
        "2; the vendor claims full rate (0), a re-dispatched vector operation takes 6 "
        "to 16",
        "Issue cycles per streamed weight beside the vector work (t0)."),
    INT(kernel, "control", control_cycles, CYCLES, 0, 10000, 1, 7, UNPUBLISHED,
        NO_PUBLIC_VALUE "1 to 3 cycles, and a task start when a task is used",
        "Cycles to act on the control wavelet that ends an output row."),
    INT(kernel, "accumulator_slots", accumulator_slots, NONE, 1, 65536, 1, 64, UNPUBLISHED,
        NO_PUBLIC_VALUE "16; bounded by accumulator memory",
        "Partial sums of different output rows that a PE can hold at once (J)."),
    ENUM(kernel, "acc_placement", acc_placement, acc_placements, UNPUBLISHED,
         NO_PUBLIC_VALUE "the cache when the accumulators fit",
         "Where accumulators live: in the cache, in SRAM (whose ports they share with the "
         "activations), "
         "or spilled from the cache to SRAM when a row ends."),
    ANY_OF(kernel, "acc_precision", acc_precision, acc_precisions, UNPUBLISHED,
           NO_PUBLIC_VALUE "the SDK offers both; FP32 gives the measured dense rates",
           "Precision of partial sums; FP32 halves the lanes and doubles the reduction."),
    ENUM(kernel, "weight_precision", weight_precision, factor_precisions, DERIVED, SIXTEEN_BITS,
         "Weights of the blocks' linear layers, on the wire and as factors."),
    ENUM(kernel, "activation_precision", activation_precision, factor_precisions, DERIVED,
         SIXTEEN_BITS,
         "Activations as the blocks' linear layers read them, and as they are kept where these "
         "alone do."),
    ENUM(kernel, "gradient_precision", gradient_precision, factor_precisions, DERIVED, SIXTEEN_BITS,
         "Gradients of activations as the blocks' linear layers read them in backward."),
    ANY_OF(kernel, "reduction", reduction, reductions, UNPUBLISHED,
           NO_PUBLIC_VALUE "a pipelined chain; the vendor's is said to be a ring",
           "How the partial sums of an output row reach its owner."),
    ANY_OF(kernel, "reduction_overlap", reduction_overlap, overlaps, UNPUBLISHED,
           NO_PUBLIC_VALUE "microthread; the vendor's is said to overlap with the next row",
           "Whether partial sums move beside the arithmetic of the next rows."),
    ENUM(kernel, "weight_format", weight_format, weight_formats, VENDOR,
         "Cerebras SDK white paper: a sparse wavelet is a 16-bit index and a 16-bit value",
         "How a non-zero weight travels; the others are hypothetical."),
    /* Sampled between the two ways; the faster of them is no third one. */
    ROW(NULL, ENUM, NONE, kernel, "dw_algorithm", dw_algorithm, CS3_DW_DOT, CS3_DW_AUTO, CS3_DW_DOT,
        CS3_DW_BLOCK, dw_algorithms, UNPUBLISHED,
        NO_PUBLIC_VALUE "dot products; a local block is the other way to do it",
        "How weight gradients are computed: a dot product over the PE's tokens for each live "
        "weight, a multiply-add of all of a row's gradients for each token, or what is faster."),
    ANY_OF(
        kernel, "backward", backward, backwards, DISPUTED,
        "Cerebras training documentation: weights come in once for forward and once for backward "
        "(shared); how the kernels do that is not public",
        "Passes over the weights in a layer's backward: one for dX and one for dW, or one for "
        "both."),
    ANY_OF(kernel, "backward_overlap", backward_overlap, overlaps, UNPUBLISHED,
           NO_PUBLIC_VALUE "microthread; Hot Chips 34, 2022: eight of them beside the main thread",
           "Shared backward: whether a weight's multiply-add (dX) and dot product (dW) take turns "
           "on the datapath cycle by cycle, so that one issues while the other waits for SRAM, or "
           "run one after the other."),
    INT(kernel, "dense_weight_bits", dense_weight_bits, NONE, 1, 32, 0, 0, DERIVED,
        "FP16 weights need no index: two in a 32-bit wavelet",
        "Bits on the wire per 16-bit weight of a dense layer; FP8 takes half of them."),
    INT(kernel, "reduce_lanes", reduce_lanes, NONE, 1, 1024, 2, 4, DERIVED,
        "Cerebras SDK documentation: 64-bit fabric mode adds four FP16 per slot, 32-bit mode two",
        "FP16 elements per issue slot when partial sums are added."),
    INT(kernel, "reduce_issues", reduce_issues, NONE, 1, 2, 1, 2, UNPUBLISHED,
        NO_PUBLIC_VALUE "a fused vector operation adds and forwards in one",
        "Issue slots per group of partial sums: 1 to add and forward at once, 2 one after the "
        "other."),
    INT(kernel, "dot_tail", dot_tail, CYCLES, 0, 10000, 6, 10, UNPUBLISHED,
        NO_PUBLIC_VALUE "6 to 10 cycles",
        "Cycles to add the lanes of one dot product (weight gradient)."),
    INT(kernel, "chain_add", chain_add, CYCLES, 0, 10000, 1, 4, UNPUBLISHED,
        NO_PUBLIC_VALUE "1 to 4 issue slots",
        "Issue cycles to add one scalar to a passing wavelet (weight gradient)."),
    INT(kernel, "gradient_bits", gradient_bits, NONE, 1, 128, 16, 48, UNPUBLISHED,
        "weight-streaming white paper (2023): 32 bits per parameter and direction; with an index "
        "48, "
        "FP16 alone 16",
        "Bits on the wire per weight gradient."),
    REAL(kernel, "attention_efficiency", attention_efficiency, NONE, 0, 1, 0, 0, DERIVED,
         "what comes out of attention as a program of the PEs, 0.12 to 0.26 of a CS-3 where tokens "
         "are many "
         "(doc/attention.md); the vendor's mapping is not public",
         "Share of dense peak that products of two activations reach; 0: as the program of the PEs "
         "gives it."),
    ANY_OF(kernel, "attention_algorithm", attention_algorithm, attention_kernels, UNPUBLISHED,
           NO_PUBLIC_VALUE "what is fastest for the shape",
           "How attention is shared out where it runs as a program: tiles of keys on a ring of PEs "
           "(arXiv 2310.01889), a grid of queries and keys, or what is faster; the other where one "
           "does not fit."),
    ANY_OF(kernel, "layout_overlap", layout_overlap, overlaps, UNPUBLISHED,
           NO_PUBLIC_VALUE
           "microthread: Llama-2 7B on a CS-3 as measured comes out 3 to 12 % below "
           "its measured dense rates, without 7 to 19 %",
           "Activations that go from one pass's layout to another's: beside the arithmetic of the "
           "passes, hidden, or before them, charged, for which the plan then chooses layouts."),
    GEMM(INT, step, "MeshGEMM: loop, dispatch of four transfers, join, swap of the buffers."),
    GEMM(INT, skew, "MeshGEMM: the same in a step of the skew, with two transfers."),
    GEMM(INT, repetition, "MeshGEMM: once per product of the whole matrices."),
    GEMM(INT, transfer, "MeshGEMM: more per step that communicates."),
    GEMM(INT, ring, "MeshGEMM: more per repetition that communicates, to set up the rings."),
    GEMM(REAL, map_short, "MeshGEMM: a mapped vector multiply-add of up to 8 elements."),
    GEMM(REAL, map_long, "MeshGEMM: one of more, with three 64-bit words of the accumulator."),
    GEMM(REAL, map_word, "MeshGEMM: and for every further 64-bit word."),
};

const char *const *cs3_reduction_names(void) {
  return reductions;
}

const Cs3ParamTable *cs3_hardware_table(void) {
  static const Cs3ParamTable table = {params, G_N_ELEMENTS(params)};
  return &table;
}

double cs3_hardware_peak_flops(const Cs3Hardware *hw) {
  return (double)hw->wafer.cores_peak * (double)hw->pe.lanes_fp16 * 2 * hw->wafer.clock_hz;
}

double cs3_hardware_io_wavelets(const Cs3Hardware *hw) {
  double bits_per_s = hw->io.rate_bits_per_s * hw->io.factor * hw->io.efficiency;
  return MIN(bits_per_s / (32 * hw->wafer.clock_hz),
             (double)hw->io.channels / hw->fabric.link_cycles);
}

/* A ratio this close with so small a denominator is a convergent of the continued fraction. */
gboolean cs3_hardware_link_ratio(const Cs3Hardware *hw, guint *num, guint *den) {
  double cycles = hw->fabric.link_cycles, rest = cycles, before = 0, d = 1;
  while (d <= 64) {
    double n = floor(cycles * d + 0.5);
    if (fabs(cycles * d - n) < 1e-9 * d) {
      *num = (guint)n;
      *den = (guint)d;
      return TRUE;
    }
    rest = 1 / (rest - floor(rest));
    double next = floor(rest) * d + before;
    before = d;
    d = next;
  }
  *den = 1 << 20;
  *num = (guint)floor(cycles * *den + 0.5);
  return FALSE;
}
