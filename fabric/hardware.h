/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Constants of one wafer-scale engine and of the kernels that run on it. Cycles are the
 * native unit; seconds appear only where the vendor states seconds. Values are read from
 * fabric/presets/<name>.ini; the table of units, ranges and sources is in hardware.c. */
#pragma once

#include <glib.h>

#include "base/param.h"

#define CS3_MAX_QUEUES 8

typedef enum {
  CS3_ACC_AUTO,  /* the mapper chooses */
  CS3_ACC_CACHE, /* all slots in the cache: as many as fit */
  CS3_ACC_SPILL, /* the active one in the cache, copied to an SRAM slot when its row ends */
  CS3_ACC_SRAM,
} Cs3AccPlacement;
typedef enum { CS3_ACC_FP16, CS3_ACC_FP32 } Cs3AccPrecision;
typedef enum {
  CS3_FACTOR_16_BITS, /* FP16, BF16, CB16: alike to the cycle */
  CS3_FACTOR_FP8,
} Cs3FactorPrecision;

/* The reductions: a row each. ROW(ID, name, text): CS3_REDUCTION_ID, cs3_reduction_NAME in
 * fabric/layer/reduction-*.c and cs3_layer_NAME in fabric/layer-event/axpy-*.c, and how people
 * write it. */
#define CS3_REDUCTIONS(ROW)                                                                        \
  ROW(CHAIN, chain, "chain")                                                                       \
  ROW(TWO_WAY, two_way, "two-way")                                                                 \
  ROW(RING, ring, "ring")

#define CS3_REDUCTION_ID(ID, name, text) CS3_REDUCTION_##ID,
typedef enum { CS3_REDUCTIONS(CS3_REDUCTION_ID) CS3_N_REDUCTIONS } Cs3Reduction;
#undef CS3_REDUCTION_ID

typedef enum { CS3_OVERLAP_NONE, CS3_OVERLAP_MICROTHREAD } Cs3ReductionOverlap;
typedef enum {
  CS3_BACKWARD_SEPARATE, /* dX and dW are two passes over the weights */
  CS3_BACKWARD_SHARED,   /* one */
} Cs3Backward;
typedef enum {
  CS3_DW_DOT,   /* a dot product over the PE's tokens for every live weight */
  CS3_DW_BLOCK, /* for every token, dy x added to a block of the row's gradients, zeros included */
  CS3_DW_AUTO,  /* the mapper chooses */
} Cs3DwAlgorithm;
typedef enum {
  CS3_WEIGHTS_INDEX16, /* 16-bit index and 16-bit value: one wavelet per non-zero */
  CS3_WEIGHTS_DELTA8,  /* 8-bit distance to the last non-zero and 16-bit value */
  CS3_WEIGHTS_BITMASK, /* one bit per position and a 16-bit value per non-zero */
} Cs3WeightFormat;
typedef enum {
  CS3_ATTENTION_KERNEL_AUTO, /* the fastest */
  CS3_ATTENTION_KERNEL_RING,
  CS3_ATTENTION_KERNEL_GRID,
} Cs3AttentionKernel;
typedef enum { CS3_AXIS_AUTO, CS3_AXIS_Y, CS3_AXIS_X } Cs3FeatureAxis; /* Y: features on rows */

/* PE code of the published MeshGEMM (fabric/programs/mesh-gemm.c), in cycles. */
typedef struct {
  gint64 step;       /* loop, dispatch of four transfers, join, swap of the buffers */
  gint64 skew;       /* the same with two transfers */
  gint64 repetition; /* once per product of the whole matrices */
  gint64 transfer;   /* more per step that communicates: dispatch and completion tasks */
  gint64 ring;       /* more per repetition that communicates: set-up of the rings */
  double map_short;  /* per mapped vector FMA of up to 8 elements */
  double map_long;   /* of more: three 64-bit words of the accumulator */
  double map_word;   /* and every further word */
} Cs3GemmCode;

typedef struct {
  struct {             /* [wafer] */
    gint64 pe_x, pe_y; /* mesh that a program can use */
    gint64 cores_peak; /* marketed cores: only for quoting peak FLOP/s */
    double clock_hz;
    double power_w;          /* one system, busy */
    double power_idle_ratio; /* idle power / busy power */
  } wafer;
  struct {                  /* [pe] */
    gint64 sram_bytes;      /* physical SRAM of a PE */
    gint64 sram_data_bytes; /* left for data beside code */
    gint64 banks;
    gint64 read_bytes;      /* SRAM bytes read per cycle */
    gint64 write_bytes;     /* SRAM bytes written per cycle */
    gint64 acc_cache_bytes; /* software-managed cache for accumulators */
    gint64 lanes_fp16;      /* FP16 FMAC lanes */
    gint64 lanes_mixed;     /* FP16 multiply, FP32 accumulate lanes */
    gint64 lanes_fp8;       /* lanes with FP8 factors, FP16 sums; 0: none */
    double fp32_fmac;       /* FP32 FMACs per cycle */
    gint64 microthreads;
    gint64 task_start;      /* cycles from activation to first instruction of a task */
    gint64 launch;          /* cycles of program start and time stamps in a published run */
    gint64 fabric_setup;    /* cycles before the first element when an operand is the fabric */
    gint64 vector_setup;    /* the same, of an element-wise operation in memory */
    gint64 copy_setup;      /* the same, of a move in memory */
    gint64 fma_setup;       /* the same, of a multiply-add in memory */
    gint64 wide_interval;   /* cycles between two issues of one 64-bit fabric operation */
    double vector_rate;     /* FP16 elements per cycle, element-wise add/multiply */
    double copy_rate;       /* FP16 elements per cycle of a move; half of it for 32-bit words */
    double special_rate;    /* elements per cycle of exp, division, square root */
    double sram_efficiency; /* share of the SRAM port rate that a multiply-add stream reaches */
    gint64 fp_latency;      /* cycles until a floating-point result can be used */
  } pe;
  struct {              /* [fabric] */
    double link_cycles; /* cycles per wavelet on a link: 1, or 9/8 on WSE-3 silicon */
    gint64 hop_cycles;  /* router to router */
    gint64 ramp_cycles; /* router <-> PE, each way (T_R) */
    gint64 colours;
    gint64 switch_positions;
    gint64 router_buffer;             /* wavelets per colour per input port */
    gint64 in_queue[CS3_MAX_QUEUES];  /* depth in wavelets of input queues 0..7 */
    gint64 out_queue[CS3_MAX_QUEUES]; /* depth in wavelets of output queues 0..7; 0: absent */
  } fabric;
  struct {                  /* [io] */
    double rate_bits_per_s; /* off-wafer links, each direction */
    double efficiency;      /* payload share after protocol headers */
    double factor;          /* generation factor on the rate (CS-3: 1.0..1.3) */
    gint64 channels;        /* entry points of the stream on the edges, one wavelet per link slot */
    double latency_s;       /* first byte from the network to the first PE */
    gint64 edge_buffer_bytes; /* per feature line, in the PEs at the wafer's edge */
  } io;
  struct {                    /* [kernel]: the sparse GEMM programs */
    gint64 weight_overhead;   /* t0: issue cycles per weight beside the vector work */
    gint64 control_cycles;    /* to act on the control wavelet that ends an output row */
    gint64 accumulator_slots; /* J */
    int acc_placement;        /* Cs3AccPlacement */
    int acc_precision;        /* Cs3AccPrecision */
    int weight_precision;     /* Cs3FactorPrecision: of what linear layers of blocks multiply */
    int activation_precision; /* the same: what they read forward */
    int gradient_precision;   /* and backward */
    int reduction;            /* Cs3Reduction: how partial sums reach the owner of an output row */
    int reduction_overlap;    /* Cs3ReductionOverlap: beside the next rows' arithmetic or not */
    int weight_format;        /* Cs3WeightFormat of a sparse weight on the wire */
    int dw_algorithm;         /* Cs3DwAlgorithm */
    int backward;             /* Cs3Backward */
    int backward_overlap;     /* Cs3ReductionOverlap: of the two operations of a shared pass */
    gint64 dense_weight_bits; /* on the wire per weight of a dense layer */
    gint64 reduce_lanes;      /* FP16 elements per issue slot of the reduction add (4: simd_64) */
    gint64
        reduce_issues; /* issue slots per group of reduce_lanes: 1 fused add-and-forward, 2 apart */
    gint64 dot_tail;   /* cycles to add the lanes of one dot product (dW) */
    gint64 chain_add;  /* issue cycles to add one scalar to a passing wavelet (dW) */
    gint64 gradient_bits;        /* on the wire per gradient */
    double attention_efficiency; /* share of dense peak reached by activation x activation GEMM; 0:
                                    by program */
    int attention_algorithm;     /* Cs3AttentionKernel: of the program */
    int layout_overlap;          /* Cs3ReductionOverlap: of activations that change their layout */
  } kernel;
  Cs3GemmCode gemm; /* [gemm] */
} Cs3Hardware;

/** cs3_reduction_names: (transfer none) (array zero-terminated=1): as people write them, by id. */
const char *const *cs3_reduction_names(void);

/**
 * cs3_hardware_table: the parameter table that describes #Cs3Hardware.
 * Returns: (transfer none): static table, one row per member; queue depths have one row each.
 */
const Cs3ParamTable *cs3_hardware_table(void);

/**
 * cs3_hardware_peak_flops: dense FP16 peak, cores x lanes x 2 x clock [FLOP/s].
 * (WSE-3: 900,000 x 8 x 2 x 1.1 GHz = 15.8 PFLOP/s.)
 */
double cs3_hardware_peak_flops(const Cs3Hardware *hw);

/**
 * cs3_hardware_io_wavelets: wavelets per cycle through the off-wafer links, one direction:
 * rate x factor x efficiency / (32 x clock), but never more than channels / link_cycles.
 * CS-3 at 1.1 GHz: 34 x 0.95.
 */
double cs3_hardware_io_wavelets(const Cs3Hardware *hw);

/**
 * cs3_hardware_link_ratio: fabric.link as @num / @den cycles a wavelet, @den at most 64.
 * Returns: %FALSE when it is no such ratio; then the nearest in units of 2^-20.
 */
gboolean cs3_hardware_link_ratio(const Cs3Hardware *hw, guint *num, guint *den);
