/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse Parallel: as many sparse branches as take the FLOPs of the dense layer, each behind a
 * batch norm of its own in convolutional networks, added up. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "workloads/transform.h"
#include "workloads/workload-error.h"

/* 1 / (1 - s), rounded. */
static gint64 branches(const Cs3Rewrite *r) {
  return MAX(1, (gint64)floor(1 / (1 - r->sparsity) + 0.5));
}

/* A number for the instance and one for the branch. */
static void name_branches(Cs3Rewrite *r, Cs3Node *node) {
  if (node->tensor == NULL || node->copies == 1)
    return;
  g_autofree char *name =
      g_strconcat(node->tensor, strchr(node->tensor, '*') ? ".*" : ".*.*", NULL);
  node->tensor = g_string_chunk_insert_const(r->to->strings, name);
}

static gboolean reads(const Cs3Node *node, int tensor) {
  for (guint i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++)
    if (node->reads[i] == tensor)
      return TRUE;
  return FALSE;
}

/* The batch norm that is all that becomes of what convolution @node writes. */
static const Cs3Node *own_norm(const Cs3Graph *graph, const Cs3Node *node) {
  const Cs3Segment *segment = cs3_node_segment(graph, node);
  const Cs3Node *norm = NULL;
  if (node->convolution == 0 || segment->output == node->writes[0])
    return NULL;
  for (guint i = 0; i < segment->count; i++) {
    const Cs3Node *other = cs3_graph_node(graph, segment->first + i);
    if (!reads(other, node->writes[0]))
      continue;
    if (norm || other->kind != CS3_NODE_NORM)
      return NULL;
    norm = other;
  }
  return norm;
}

/* Whether @norm stands behind a layer that has become branches. */
static gboolean is_branched(const Cs3Graph *graph, const Cs3Node *norm) {
  const Cs3Segment *segment = cs3_node_segment(graph, norm);
  for (guint i = 0; norm->kind == CS3_NODE_NORM && i < segment->count; i++) {
    const Cs3Node *node = cs3_graph_node(graph, segment->first + i);
    if (cs3_rewrite_is_target(node) && node->writes[0] == norm->reads[0])
      return own_norm(graph, node) == norm;
  }
  return FALSE;
}

/* Without a norm what the branches put out is added up where it arises. */
static void branch_layer(Cs3Rewrite *r, const Cs3Node *node) {
  gint64 k = branches(r);
  Cs3Node *layer = cs3_rewrite_add(r, node, NULL);
  layer->copies *= k;
  name_branches(r, layer);
  if (own_norm(r->from, node))
    cs3_rewrite_tensor(r, node->writes[0])->rows *= (double)k;
  else
    layer->vector_elements += (double)(k - 1) / (double)k * (double)node->out_features;
}

static void branch_norm(Cs3Rewrite *r, const Cs3Node *node) {
  gint64 k = branches(r);
  const Cs3Tensor *y = cs3_graph_tensor(r->from, node->writes[0]);
  int all = cs3_rewrite_act(r, node->label, "_branches", y->elements, y->rows * (double)k);
  Cs3Node *norm = cs3_rewrite_add(r, node, NULL);
  norm->copies = k;
  norm->writes[0] = all;
  name_branches(r, norm);
  if (node->writes[1] >= 0)
    cs3_rewrite_tensor(r, node->writes[1])->elements *= k;
  g_autofree char *label = g_strconcat(node->label, "_sum", NULL);
  cs3_rewrite_sum(r, label, &all, 1, node->writes[0], (double)(k - 1));
}

static void branch(Cs3Rewrite *r, const Cs3Node *node) {
  if (cs3_rewrite_is_target(node))
    branch_layer(r, node);
  else if (is_branched(r->from, node))
    branch_norm(r, node);
  else
    cs3_rewrite_same(r, node);
}

static gboolean apply(Cs3Rewrite *r, GError **error) {
  if (branches(r) < 2) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "sparse-parallel: expected a --sparsity from 1/3 on, where round(1 / (1 - S)) "
                "branches are two or more, got %g",
                r->sparsity);
    return FALSE;
  }
  cs3_rewrite_each(r, branch);
  return TRUE;
}

const Cs3TransformOps cs3_transform_parallel = {
    .name = "sparse-parallel",
    .summary = "every layer is several sparse branches, added up",
    .apply = apply,
};
