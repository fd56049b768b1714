/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A training step, or tokens of a decoder one by one, on a GPU. */
#pragma once

#include "sim/gpu/gpu.h"
#include "workloads/graph.h"

/* How the step is run. */
typedef struct {
  Cs3GpuPrecision precision; /* of the linear layers of blocks; all else is BF16 */
  gboolean fused;            /* compiled: element-wise operators share kernels */
  gboolean checkpoint;       /* blocks keep their input alone and run forward again */
  Cs3GpuKernels kernels;     /* of weights with zeros in forward and dX; dW is dense */
  int side;                  /* BLOCKS: place in cs3_gpu_block_sides */
  const double *density;     /* CSR, BLOCKS: of every node's weights; borrowed */
  gboolean update;           /* with AdamW */
  gboolean blocks;           /* blocks alone: no embedding, no head */
} Cs3GpuWay;

/* Seconds by kind of work. */
typedef struct {
  double linear_s, attention_s, vector_s, cast_s, again_s, update_s;
} Cs3GpuTime;

/** cs3_gpu_time_sum: all of it [s]. */
double cs3_gpu_time_sum(const Cs3GpuTime *time);

/**
 * cs3_gpu_step: forward, backward and update of @graph for @sequences on one GPU.
 * Products and attention as cs3_gpu_product_s() and cs3_gpu_attention_s() (backward of attention:
 * five products for two); element-wise operators move their operands, once forward and twice
 * backward. With FP8 every operand of a block's linear layers is converted once.
 */
Cs3GpuTime cs3_gpu_step(const Cs3Gpu *gpu, const Cs3Graph *graph, const Cs3GpuWay *way,
                        double sequences);

/** cs3_gpu_forward_s: seconds of forward alone, as cs3_gpu_step() counts it. */
double cs3_gpu_forward_s(const Cs3Gpu *gpu, const Cs3Graph *graph, const Cs3GpuWay *way,
                         double sequences);

/** cs3_gpu_memory: bytes that a step of @sequences needs: states of all parameters and what
 * backward reads. */
double cs3_gpu_memory(const Cs3Gpu *gpu, const Cs3Graph *graph, const Cs3GpuWay *way,
                      double sequences);

/* What GPUs do with a batch. */
typedef struct {
  Cs3GpuTime time;    /* of one of them */
  double step_s;      /* with what scaling costs */
  double joules;      /* of the boards */
  double memory;      /* bytes of one */
  gint64 gpus, micro; /* sequences at a time on one */
  gboolean checkpoint;
} Cs3GpuRun;

/**
 * cs3_gpu_run: a step of @batch sequences on @gpus that share it and the states of the parameters:
 * the most sequences at a time that fit, without checkpoints where one does.
 * Fails with CS3_CONFIG_ERROR_CONFLICT: not even one fits, the batch does not divide, or @gpu has
 * no such precision.
 */
gboolean cs3_gpu_run(const Cs3Gpu *gpu, const Cs3Graph *graph, Cs3GpuWay way, gint64 gpus,
                     gint64 batch, Cs3GpuRun *run, GError **error) G_GNUC_WARN_UNUSED_RESULT;
