/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse Doped: a sparse W beside a dense V U of low rank, which takes the FLOPs that the zeros
 * save. */
#include "config.h"

#include <math.h>

#include "workloads/transform.h"

/* s out x in / (out + in), rounded down. */
static gint64 rank_of(const Cs3Rewrite *r, const Cs3Node *node) {
  double out = (double)node->out_features, in = (double)node->in_features;
  return (gint64)floor(r->sparsity * out * in / (out + in) + 1e-9);
}

static void dope(Cs3Rewrite *r, const Cs3Node *node) {
  gint64 rank = cs3_rewrite_is_target(node) ? rank_of(r, node) : 0;
  if (rank == 0) {
    cs3_rewrite_same(r, node);
    return;
  }
  cs3_rewrite_beside(r, node, rank, "_u", "_v", NULL);
}

static gboolean apply(Cs3Rewrite *r, GError **error) {
  cs3_rewrite_each(r, dope);
  return TRUE;
}

const Cs3TransformOps cs3_transform_doped = {
    .name = "sparse-doped",
    .summary = "every layer is a sparse one beside a dense one of low rank",
    .apply = apply,
};
