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

/* Activations like those that @node writes, under the names of a part of it. */
static void like_writes(Cs3Rewrite *r, const Cs3Node *node, const char *suffix, int *acts) {
  for (guint i = 0; i < CS3_NODE_MAX_WRITES; i++) {
    acts[i] = -1;
    if (node->writes[i] < 0)
      continue;
    Cs3Tensor y = *cs3_graph_tensor(r->to, node->writes[i]);
    acts[i] = cs3_rewrite_act(r, node->label, suffix, y.elements, y.rows);
  }
}

/* V writes as many activations as the layer does. */
static void add_low_rank(Cs3Rewrite *r, const Cs3Node *node, gint64 rank, const int *low) {
  const Cs3Convolution *c = cs3_graph_convolution(r->from, node);
  gboolean late = c && c->transposed;
  int u = cs3_rewrite_act(r, node->label, "_u", rank, cs3_node_rows(node));
  cs3_rewrite_linear(r, node, "_u", node->reads[0], u, !late)->sparsifiable = FALSE;
  Cs3Node *v = cs3_rewrite_linear(r, node, "_v", u, low[0], late);
  for (guint i = 0; i < CS3_NODE_MAX_WRITES; i++)
    v->writes[i] = low[i];
  if (!c)
    v->out_features = node->out_features;
  v->parameters = v->out_features * v->in_features;
  v->macs = (double)v->parameters;
  v->sparsifiable = FALSE;
}

static void dope(Cs3Rewrite *r, const Cs3Node *node) {
  gint64 rank = cs3_rewrite_is_target(node) ? rank_of(r, node) : 0;
  if (rank == 0) {
    cs3_rewrite_same(r, node);
    return;
  }
  int parts[CS3_NODE_MAX_WRITES], low[CS3_NODE_MAX_WRITES];
  like_writes(r, node, "_sparse", parts);
  like_writes(r, node, "_low", low);
  Cs3Node *sparse = cs3_rewrite_add(r, node, NULL);
  for (guint i = 0; i < CS3_NODE_MAX_WRITES; i++)
    sparse->writes[i] = parts[i];
  add_low_rank(r, node, rank, low);
  for (guint i = 0; i < CS3_NODE_MAX_WRITES && node->writes[i] >= 0; i++) {
    g_autofree char *label = i == 0 ? g_strconcat(node->label, "_sum", NULL)
                                    : g_strdup_printf("%s_sum_%u", node->label, i + 1);
    cs3_rewrite_sum(r, label, (int[]){parts[i], low[i]}, 2, node->writes[i], 1);
  }
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
