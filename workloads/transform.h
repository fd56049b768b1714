/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse Iso-FLOP Transformations (Thangarasa et al. 2023, arXiv 2303.11525; code
 * CerebrasResearch/Sparse-IFT): a dense layer becomes a larger one that is as sparse as keeps its
 * FLOPs. Each is one file (transform-*.c) behind Cs3TransformOps, a rewrite of the layer graph. */
#pragma once

#include "workloads/model.h"
#include "workloads/rewrite.h"

typedef struct {
  const char *name;    /* "sparse-wide" */
  const char *summary; /* one line */
  /* Fills r->to from r->from; fails with CS3_WORKLOAD_ERROR_INVALID on what it cannot express. */
  gboolean (*apply)(Cs3Rewrite *r, GError **error);
} Cs3TransformOps;

/* The transformations, in the order in which messages list them. */
#define CS3_TRANSFORMS(ROW) ROW(wide) ROW(parallel) ROW(factorized) ROW(doped)
#define CS3_TRANSFORM_OPS(NAME) extern const Cs3TransformOps cs3_transform_##NAME;
CS3_TRANSFORMS(CS3_TRANSFORM_OPS)
#undef CS3_TRANSFORM_OPS

/** cs3_transform_registry: (transfer none): NULL-terminated array of all. */
const Cs3TransformOps *const *cs3_transform_registry(void);

/**
 * cs3_transform_model: @graph with every layer that --sparsity reaches made larger by @ops, so that
 * masks of @sparsity leave it the multiply-accumulates of the dense layer, to the rounding of the
 * formulas. Depthwise and grouped convolutions stay as they are, dense. The model is a graph
 * (graph-model.h) for the lengths of @graph and has a note of what it is.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_INVALID (a sparsity outside
 *   (0, 1), nothing to transform), DATA (a segment would have too many activations).
 */
Cs3Model *cs3_transform_model(const Cs3TransformOps *ops, const Cs3Graph *graph, double sparsity,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_transform_macs: forward MACs a sample of @graph where what --sparsity reaches is at
 * @density. */
double cs3_transform_macs(const Cs3Graph *graph, double density);
