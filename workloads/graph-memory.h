/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory of a training step under a recompute policy. */
#pragma once

#include "workloads/graph.h"

typedef enum { CS3_RECOMPUTE_NONE, CS3_RECOMPUTE_LAYER, CS3_RECOMPUTE_FULL } Cs3Recompute;

/* What a recompute policy costs. */
typedef struct {
  double resident_bytes; /* kept from a block's forward to its backward, all blocks, per sample */
  double working_bytes;  /* peak beside it, per sample: the largest of a block's backward and of
                            what follows the blocks, with its logits */
  double extra_forwards; /* forward passes repeated in backward (1 = every block once more) */
} Cs3Memory;

/**
 * cs3_graph_memory: activation memory under @policy with FP16 activations, no dropout.
 * none: every block's saved activations. layer: only each block's input, the block is run
 * again in backward. full: inputs of every ceil(sqrt(L))-th block (Chen et al. 2016,
 * arXiv 1604.06174); blocks run twice more.
 */
Cs3Memory cs3_graph_memory(const Cs3Graph *graph, Cs3Recompute policy);
