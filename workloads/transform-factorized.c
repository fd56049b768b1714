/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sparse Factorized: W becomes V U, both sparse, with an inner width that keeps the FLOPs; ReLU
 * between, behind a batch norm in convolutions (Sparse-IFT's `nonlinear_relu`). */
#include "config.h"

#include <math.h>
#include <string.h>

#include "workloads/transform.h"

/* out x in / ((1 - s) (out + in)), rounded up. */
static gint64 inner_width(const Cs3Rewrite *r, const Cs3Node *node) {
  double out = (double)node->out_features, in = (double)node->in_features;
  return MAX(1, (gint64)ceil(out * in / ((1 - r->sparsity) * (out + in)) - 1e-9));
}

static Cs3Node pointwise(Cs3Node node, int x, int y) {
  memset(node.reads, 0xff, sizeof node.reads);
  memset(node.writes, 0xff, sizeof node.writes);
  memset(node.keeps, 0xff, sizeof node.keeps);
  node.reads[0] = x;
  node.writes[0] = y;
  return node;
}

/* Mean and variance of a channel, 32 bits each; sum, squares, normalise, scale and shift. */
static int add_norm(Cs3Rewrite *r, const Cs3Node *like, int x) {
  Cs3Tensor t = *cs3_graph_tensor(r->to, x);
  int y = cs3_rewrite_act(r, like->label, "_u_norm", t.elements, t.rows);
  int statistics = cs3_rewrite_act(r, like->label, "_u_norm statistics", 4 * t.elements, 1);
  Cs3Node node = pointwise((Cs3Node){.label = like->label,
                                     .tensor = like->tensor,
                                     .kind = CS3_NODE_NORM,
                                     .rows = t.rows,
                                     .copies = 1,
                                     .shared = like->shared,
                                     .parameters = 2 * t.elements,
                                     .vector_elements = 4 * (double)t.elements,
                                     .special_elements = 2 * (double)t.elements / t.rows},
                           x, y);
  node.writes[1] = node.keeps[1] = statistics;
  node.keeps[0] = x;
  cs3_rewrite_add(r, &node, "_u_norm");
  return y;
}

static int add_relu(Cs3Rewrite *r, const Cs3Node *like, int x) {
  Cs3Tensor t = *cs3_graph_tensor(r->to, x);
  int y = cs3_rewrite_act(r, like->label, "_u_relu", t.elements, t.rows);
  Cs3Node node = pointwise((Cs3Node){.label = like->label,
                                     .kind = CS3_NODE_ACTIVATION,
                                     .rows = t.rows / (double)like->copies,
                                     .copies = like->copies,
                                     .vector_elements = (double)t.elements,
                                     .in_place = TRUE},
                           x, y);
  cs3_rewrite_add(r, &node, "_u_relu");
  return y;
}

/* A convolution slides in U, a transposed one in V: the inner width has the fewer positions. */
static void factorize(Cs3Rewrite *r, const Cs3Node *node) {
  const Cs3Convolution *c = cs3_graph_convolution(r->from, node);
  if (!cs3_rewrite_is_target(node)) {
    cs3_rewrite_same(r, node);
    return;
  }
  gboolean late = c && c->transposed;
  int u = cs3_rewrite_act(r, node->label, "_u", inner_width(r, node), cs3_node_rows(node));
  cs3_rewrite_linear(r, node, "_u", node->reads[0], u, !late);
  int x = add_relu(r, node, c ? add_norm(r, node, u) : u);
  Cs3Node *v = cs3_rewrite_linear(r, node, "_v", x, node->writes[0], late);
  memcpy(v->writes, node->writes, sizeof v->writes);
  if (!c)
    v->out_features = node->out_features;
  v->parameters = v->out_features * v->in_features;
  v->macs = (double)v->parameters;
  cs3_rewrite_bias(r, v, node);
}

static gboolean apply(Cs3Rewrite *r, GError **error) {
  cs3_rewrite_each(r, factorize);
  return TRUE;
}

const Cs3TransformOps cs3_transform_factorized = {
    .name = "sparse-factorized",
    .summary = "every layer is two sparse ones, with a wider activation between them",
    .apply = apply,
};
