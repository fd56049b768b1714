/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activation memory of a training step under a recompute policy. */
#pragma once

#include "workloads/lifetimes.h"

typedef enum {
  CS3_RECOMPUTE_NONE,       /* everything is kept */
  CS3_RECOMPUTE_LAYER,      /* of a block its input alone; the block runs again */
  CS3_RECOMPUTE_FULL,       /* inputs of every ceil(sqrt(L))-th block (Chen et al. 2016, arXiv
                               1604.06174); blocks run twice more */
  CS3_RECOMPUTE_OPERATION,  /* operator by operator, stage by stage: no policy of a whole graph */
  CS3_RECOMPUTE_REVERSIBLE, /* reversible blocks keep nothing: their inputs are computed from their
                               outputs (Gomez et al. 2017, arXiv 1707.04585) */
} Cs3Recompute;

/* What a recompute policy costs. */
typedef struct {
  double resident_bytes; /* kept from a block's forward to its backward, all blocks, per sample */
  double working_bytes;  /* peak beside it, per sample */
  double extra_forwards; /* forward passes repeated in backward (1 = every block once more) */
} Cs3Memory;

/** cs3_graph_tensor_bytes: (array) (transfer full): by tensor, of all its rows of one sample. */
double *cs3_graph_tensor_bytes(const Cs3Graph *graph);

/** cs3_graph_reversible: whether any of its blocks is. */
gboolean cs3_graph_reversible(const Cs3Graph *graph);

/** cs3_graph_follows_reversible: whether an instance of @segment, not reversible itself, gets what
 * a reversible one writes: that must be there still when it is done backward. */
gboolean cs3_graph_follows_reversible(const Cs3Graph *graph, guint segment);

/** cs3_recompute_stride: blocks from one checkpoint of CS3_RECOMPUTE_FULL to the next. */
double cs3_recompute_stride(const Cs3Graph *graph);

/**
 * cs3_graph_memory: activation memory under @policy (not CS3_RECOMPUTE_OPERATION) with FP16
 * activations, no dropout, by lifetimes (lifetimes.h). @narrow: (nullable): what is narrower.
 */
Cs3Memory cs3_graph_memory(const Cs3Graph *graph, Cs3Recompute policy, const Cs3Narrow *narrow);
