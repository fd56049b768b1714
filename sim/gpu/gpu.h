/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A GPU as rates and bandwidths: what its kernels take for matrix products, attention, element-wise
 * work and updates. Every constant of a GPU (gpus/NAME.ini) is a vendor's statement or follows from
 * rows that were measured; the suite `gpu` of validate has the rows, and which were used. */
#pragma once

#include <glib.h>

#include "base/param.h"

typedef enum { CS3_GPU_BF16, CS3_GPU_FP8, CS3_N_GPU_PRECISIONS } Cs3GpuPrecision;

/* What multiplies by weights with zeros: the dense kernels, with all zeros; those of half-empty
 * groups of four; of rows of indices (cuSPARSE); of square blocks (Triton). The last two were
 * measured in BF16. */
typedef enum {
  CS3_GPU_DENSE,
  CS3_GPU_TWO_OF_FOUR,
  CS3_GPU_CSR,
  CS3_GPU_BLOCKS,
  CS3_N_GPU_KERNELS
} Cs3GpuKernels;

/* "dense", "2:4", "csr", "blocks"; indexed by #Cs3GpuKernels. */
extern const char *const cs3_gpu_kernel_names[];

enum { CS3_N_GPU_BLOCKS = 4 };

/* Sides of the blocks whose kernels were measured, ascending. */
extern const gint64 cs3_gpu_block_sides[CS3_N_GPU_BLOCKS];

/* NULL-terminated, indexed by #Cs3GpuPrecision. */
extern const char *const cs3_gpu_precision_names[];

/* Matrix products of one precision. Rates are FLOP/s of the dense product. */
typedef struct {
  double burst;          /* until the board's power limit slows the clock; 0: no such kernels */
  double burst_s;        /* time of work after which it does */
  double sustained;      /* from then on */
  double rows_4, rows_2; /* where rows of an operand start at multiples of 4 or 8 bytes, of 2 */
  double two_of_four;    /* a product with a 2:4 operand is as many times faster; 0: not measured */
} Cs3GpuProducts;

typedef struct {
  char *name, *description, *source; /* source: who measured it */
  double memory_bytes, bandwidth;    /* of the device; bytes/s, the vendor's */
  double power_w;                    /* of the board under such work */
  gint64 processors;                 /* streaming multiprocessors */
  gint64 tile_rows, tile_columns;    /* of the output that one of them computes at a time */
  Cs3GpuProducts products[CS3_N_GPU_PRECISIONS];
  double csr, csr_outputs; /* FLOP/s of live weights; elements of the result a second; 0: not
                              measured */
  double blocks[CS3_N_GPU_BLOCKS]; /* FLOP/s of live blocks, by side; 0: not measured */
  double stream;                   /* bytes/s that kernels reach that only move */
  double eager, fused;     /* bytes that element-wise kernels move over those of their operands, one
                              kernel an operator or compiled */
  double cast, cast_bytes; /* bytes/s of conversion to FP8; bytes it moves an element */
  double loss_bytes;       /* of cross entropy, forward and backward, an element of the logits */
  double layer_s;          /* decode: time of a block's kernels beside the bytes they move */
  double attention_forward, attention_backward; /* FLOP/s on long sequences, heads of 128 */
  double half_forward, half_backward;     /* tokens of a sequence at which it is half of that */
  double narrow_forward, narrow_backward; /* share of that with heads of 64 */
  double update_bytes, update;            /* of AdamW: bytes a parameter, bytes/s */
  double state_bytes;                     /* a parameter: weight, gradient, states */
  double scaling; /* two GPUs do so much of twice the work of one, four of twice two, ... */
} Cs3Gpu;

/** cs3_gpu_params: (transfer none): the table of a GPU's constants; members of #Cs3Gpu. */
const Cs3ParamTable *cs3_gpu_params(void);

/** cs3_gpu_exists: whether @name is a GPU that cs3_gpu_load() knows. */
gboolean cs3_gpu_exists(const char *name);

/**
 * cs3_gpu_several: what "h200x8" names: @name: (out) (transfer full): "h200"; how many of them:
 * "h200" is one. 0: @text does not name a GPU that cs3_gpu_load() knows, or more than 65,536.
 */
gint64 cs3_gpu_several(const char *text, char **name);

/**
 * cs3_gpu_load: by name, from gpus/NAME.ini.
 * Returns: (transfer full) (nullable): %NULL with CS3_CONFIG_ERROR: not found, or file:line, the
 *   key and what is accepted.
 */
Cs3Gpu *cs3_gpu_load(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_gpu_free(Cs3Gpu *gpu);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Gpu, cs3_gpu_free)

/** cs3_gpu_check_precision: fails (CS3_CONFIG_ERROR_CONFLICT) where @gpu has no such kernels. */
gboolean cs3_gpu_check_precision(const Cs3Gpu *gpu, Cs3GpuPrecision precision,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_gpu_has_kernels: whether such were measured on @gpu; of blocks, of any side. */
gboolean cs3_gpu_has_kernels(const Cs3Gpu *gpu, Cs3GpuKernels kernels, Cs3GpuPrecision precision);

/**
 * cs3_gpu_product_s: seconds of one product of @m x @k times @k x @n [elements] among @repeats of
 * its kind that follow each other without a pause; 0: without end, under the power limit.
 * Output tiles go to processors in waves, the last of which may not be full; a product that is
 * bound by memory takes what its operands take to move.
 */
double cs3_gpu_product_s(const Cs3Gpu *gpu, Cs3GpuPrecision precision, double m, double n, double k,
                         double repeats);

/** cs3_gpu_block_side: place in cs3_gpu_block_sides of the largest that was measured on @gpu and
 * divides blocks of @rows x @columns; -1: none. */
int cs3_gpu_block_side(const Cs3Gpu *gpu, gint64 rows, gint64 columns);

/** cs3_gpu_csr_s: seconds of @m x @k times a sparse @k x @n of which @density are alive, the dense
 * operand and the result row-major in what is not shared: every live weight meets every row, and
 * every element of the result costs for itself. */
double cs3_gpu_csr_s(const Cs3Gpu *gpu, double m, double n, double k, double density);

/** cs3_gpu_blocks_s: the same where whole blocks of side @side (a place in cs3_gpu_block_sides)
 * are alive: their arithmetic, and moving the operand and the result. */
double cs3_gpu_blocks_s(const Cs3Gpu *gpu, int side, double m, double n, double k, double density);

/** cs3_gpu_attention_s: seconds of attention that does @flops on sequences of @seq tokens with
 * heads @width wide. */
double cs3_gpu_attention_s(const Cs3Gpu *gpu, double flops, double seq, double width,
                           gboolean backward);
