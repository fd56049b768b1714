/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operators on rows: linear layers, norms, activation functions, tables, losses; what each costs
 * and keeps. */
#include "config.h"

#include "workloads/builder-private.h"

Cs3Node *cs3_builder_linear(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                            gint64 in, gint64 out, gint64 groups, gboolean bias, double rows) {
  gboolean block = cs3_graph_segment(b->graph, b->graph->segments->len - 1)->block;
  gint64 weights = out * (in / groups);
  Cs3Node *node = cs3_builder_add(b,
                                  (Cs3Node){.label = label,
                                            .kind = CS3_NODE_LINEAR,
                                            .out_features = out,
                                            .in_features = in,
                                            .groups = groups,
                                            .bias = bias,
                                            .sparsifiable = block,
                                            .parameters = weights + (bias ? out : 0),
                                            .macs = (double)weights,
                                            .vector_elements = bias ? (double)out : 0},
                                  rows, tensor);
  cs3_node_read(node, x);
  cs3_node_keep(node, x);
  return node;
}

/* One weight of one group. */
static Cs3Node *add_linear(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                           gint64 in, gint64 out, gboolean bias, double rows) {
  return cs3_builder_linear(b, label, tensor, x, in, out, 1, bias, rows);
}

Cs3Act cs3_build_linear(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x, gint64 out,
                        gboolean bias) {
  double rows = cs3_build_rows(b, x);
  Cs3Act y = cs3_builder_act(b, label, out, rows);
  cs3_node_write(add_linear(b, label, tensor, x, cs3_build_width(b, x), out, bias, rows), y);
  return y;
}

void cs3_build_linear_split(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x, int n,
                            const gint64 *widths, gboolean bias, Cs3Act *parts) {
  double rows = cs3_build_rows(b, x);
  gint64 out = 0;
  for (int i = 0; i < n; i++) {
    parts[i] = cs3_builder_act(b, label, widths[i], rows);
    out += widths[i];
  }
  Cs3Node *node = add_linear(b, label, tensor, x, cs3_build_width(b, x), out, bias, rows);
  for (int i = 0; i < n; i++)
    cs3_node_write(node, parts[i]);
}

Cs3Act cs3_build_tied_linear(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                             gint64 out, gboolean bias) {
  Cs3Act y = cs3_build_linear(b, label, tensor, x, out, bias);
  cs3_build_last(b)->parameters = bias ? out : 0;
  return y;
}

Cs3Act cs3_build_convolution(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                             gint64 out, gint64 kernel, gint64 stride, gboolean bias) {
  double rows = cs3_build_rows(b, x) / (double)stride;
  gint64 in = kernel * cs3_build_width(b, x);
  Cs3Act y = cs3_builder_act(b, label, out, rows);
  cs3_node_write(add_linear(b, label, tensor, x, in, out, bias, rows), y);
  return y;
}

/* Layer norm: sum, squared deviations, normalise, scale and shift. RMS norm: squares, normalise,
 * scale. Kept: the input and the statistics of every piece. */
static Cs3Act add_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x, gint64 width,
                       Cs3NormKind kind) {
  gboolean layer = kind != CS3_NORM_RMS && kind != CS3_NORM_RMS_PLAIN;
  gboolean learned = kind != CS3_NORM_LAYER_PLAIN && kind != CS3_NORM_RMS_PLAIN;
  gint64 elements = cs3_build_width(b, x), pieces = MAX(elements / width, 1);
  double rows = cs3_build_rows(b, x), passes = (layer ? 3 : 2) + (learned ? 1 : 0);
  g_autofree char *name = g_strconcat(label, " statistics", NULL);
  Cs3Act statistics = cs3_builder_act(b, name, pieces * (layer ? 2 : 1) * CS3_WORD_ELEMENTS, rows);
  Cs3Act y = cs3_builder_act(b, label, elements, rows);
  Cs3Node *node = cs3_builder_add(
      b,
      (Cs3Node){.label = label,
                .kind = CS3_NODE_NORM,
                .parameters = !learned                 ? 0
                              : kind == CS3_NORM_LAYER ? 2 * width
                                                       : width,
                .vector_elements = passes * (double)elements,
                .special_elements = 2 * (double)pieces}, /* square root and reciprocal */
      rows, tensor);
  cs3_node_read(node, x);
  cs3_node_write(node, y);
  cs3_node_write(node, statistics);
  cs3_node_keep(node, x);
  cs3_node_keep(node, statistics);
  return y;
}

Cs3Act cs3_build_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                      Cs3NormKind kind) {
  return add_norm(b, label, tensor, x, cs3_build_width(b, x), kind);
}

Cs3Act cs3_build_head_norm(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                           gint64 width, Cs3NormKind kind) {
  return add_norm(b, label, tensor, x, width, kind);
}

/* Per element. GELU by tanh: x (c0 + c1 x^2), 1 + tanh, x / 2 times it; SiLU: 1 + exp(-x), x
 * times the reciprocal; tanh and reciprocal are an exponential and a division; the hard ones: a
 * multiply-add, two bounds, x times that. */
static const struct {
  double vector, special;
} activation_work[] = {
    [CS3_ACTIVATION_RELU] = {1, 0},      [CS3_ACTIVATION_GELU] = {6, 2},
    [CS3_ACTIVATION_SILU] = {2, 2},      [CS3_ACTIVATION_RELU2] = {2, 0},
    [CS3_ACTIVATION_TANH] = {1, 2},      [CS3_ACTIVATION_CLIP] = {2, 0},
    [CS3_ACTIVATION_SIGMOID] = {1, 2},   [CS3_ACTIVATION_HARD_SIGMOID] = {3, 0},
    [CS3_ACTIVATION_HARD_SILU] = {4, 0},
};

static Cs3Node *add_activation(Cs3Builder *b, const char *label, Cs3Activation kind, Cs3Act x,
                               double products) {
  double width = (double)cs3_build_width(b, x);
  Cs3Node *node = cs3_builder_add(
      b,
      (Cs3Node){.label = label,
                .kind = CS3_NODE_ACTIVATION,
                .vector_elements = (activation_work[kind].vector + products) * width,
                .special_elements = activation_work[kind].special * width,
                .in_place = TRUE},
      cs3_build_rows(b, x), NULL);
  cs3_node_read(node, x);
  return node;
}

Cs3Act cs3_build_activation(Cs3Builder *b, const char *label, Cs3Activation kind, Cs3Act x) {
  Cs3Act y = cs3_builder_act(b, label, cs3_build_width(b, x), cs3_build_rows(b, x));
  Cs3Node *node = add_activation(b, label, kind, x, 0);
  cs3_node_write(node, y);
  /* ReLU, clamping: its output, which the next layer keeps, tells where the gradient passes. */
  if (kind != CS3_ACTIVATION_RELU && kind != CS3_ACTIVATION_CLIP)
    cs3_node_keep(node, x);
  return y;
}

/* Both factors are needed; the gate's derivative follows from its input. */
Cs3Act cs3_build_gate(Cs3Builder *b, const char *label, Cs3Activation kind, Cs3Act gate,
                      Cs3Act up) {
  Cs3Act y = cs3_builder_act(b, label, cs3_build_width(b, up), cs3_build_rows(b, up));
  Cs3Node *node = add_activation(b, label, kind, gate, 1);
  cs3_node_read(node, up);
  cs3_node_write(node, y);
  cs3_node_keep(node, gate);
  cs3_node_keep(node, up);
  return y;
}

/* An element-wise operator on @x and perhaps @y. */
static Cs3Act add_pointwise(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x,
                            Cs3Act y, double operations, gboolean keep) {
  Cs3Act z = cs3_builder_act(b, label, cs3_build_width(b, x), cs3_build_rows(b, x));
  double width = (double)cs3_build_width(b, x);
  Cs3Node *node = cs3_builder_add(b,
                                  (Cs3Node){.label = label,
                                            .kind = CS3_NODE_RESIDUAL,
                                            .parameters = tensor ? (gint64)width : 0,
                                            .vector_elements = operations * width,
                                            .in_place = TRUE},
                                  cs3_build_rows(b, x), tensor);
  cs3_node_read(node, x);
  cs3_node_read(node, y);
  cs3_node_write(node, z);
  if (keep)
    cs3_node_keep(node, x);
  return z;
}

Cs3Act cs3_build_residual(Cs3Builder *b, const char *label, Cs3Act x, Cs3Act y) {
  return add_pointwise(b, label, NULL, x, y, 1, FALSE);
}

Cs3Act cs3_build_scale(Cs3Builder *b, const char *label, const char *tensor, Cs3Act x) {
  return add_pointwise(b, label, tensor, x, CS3_NO_ACT, 1, tensor != NULL);
}

Cs3Act cs3_build_modulate(Cs3Builder *b, const char *label, Cs3Act x, int operations) {
  return add_pointwise(b, label, NULL, x, CS3_NO_ACT, operations, TRUE);
}

static Cs3Node *add_table(Cs3Builder *b, const char *label, const char *tensor, gint64 table_rows,
                          gint64 width, double rows) {
  return cs3_builder_add(b,
                         (Cs3Node){.label = label,
                                   .kind = CS3_NODE_EMBEDDING,
                                   .out_features = width,
                                   .parameters = table_rows * width,
                                   .vector_elements = (double)width,
                                   .table_rows = (double)table_rows},
                         rows, tensor);
}

Cs3Act cs3_build_embedding(Cs3Builder *b, const char *label, const char *tensor, gint64 table_rows,
                           gint64 width) {
  double rows = cs3_graph_segment(b->graph, b->graph->segments->len - 1)->rows;
  Cs3Act ids = cs3_builder_act(b, "ids", CS3_WORD_ELEMENTS, rows);
  Cs3Act y = cs3_builder_act(b, label, width, rows);
  Cs3Node *node = add_table(b, label, tensor, table_rows, width, rows);
  cs3_node_read(node, ids);
  cs3_node_write(node, y);
  cs3_node_keep(node, ids);
  return y;
}

Cs3Act cs3_build_positions(Cs3Builder *b, const char *label, const char *tensor, gint64 table_rows,
                           Cs3Act x) {
  gint64 width = cs3_build_width(b, x);
  double rows = cs3_build_rows(b, x);
  Cs3Act y = cs3_builder_act(b, label, width, rows);
  Cs3Node *node = add_table(b, label, tensor, table_rows, width, rows);
  cs3_node_read(node, x);
  cs3_node_write(node, y);
  node->in_place = TRUE;
  return y;
}

void cs3_build_bias_table(Cs3Builder *b, const char *label, const char *tensor, gint64 buckets,
                          gint64 heads) {
  cs3_node_write(add_table(b, label, tensor, buckets, heads, (double)buckets),
                 cs3_builder_act(b, label, heads, (double)buckets));
}

Cs3Act cs3_build_prepend(Cs3Builder *b, const char *label, const char *tensor, gint64 count,
                         Cs3Act x) {
  gint64 width = cs3_build_width(b, x);
  Cs3Act y = cs3_builder_act(b, label, width, cs3_build_rows(b, x) + (double)count);
  Cs3Node *node = add_table(b, label, tensor, count, width, (double)count);
  cs3_node_read(node, x);
  cs3_node_write(node, y);
  return y;
}

Cs3Act cs3_build_pool(Cs3Builder *b, const char *label, Cs3Act x, gboolean mean) {
  gint64 width = cs3_build_width(b, x);
  Cs3Act y = cs3_builder_act(b, label, width, 1);
  Cs3Node *node = cs3_builder_add(
      b, (Cs3Node){.label = label, .kind = CS3_NODE_POOLING, .vector_elements = (double)width},
      mean ? cs3_build_rows(b, x) : 1, NULL);
  cs3_node_read(node, x);
  cs3_node_write(node, y);
  return y;
}

Cs3Act cs3_build_join(Cs3Builder *b, const char *label, Cs3Act x, Cs3Act y) {
  Cs3Act z = cs3_builder_act(b, label, cs3_build_width(b, x) + cs3_build_width(b, y),
                             cs3_build_rows(b, x));
  Cs3Node *node = cs3_builder_add(b, (Cs3Node){.label = label, .kind = CS3_NODE_POOLING},
                                  cs3_build_rows(b, x), NULL);
  cs3_node_read(node, x);
  cs3_node_read(node, y);
  cs3_node_write(node, z);
  return z;
}

static void add_loss(Cs3Builder *b, Cs3Act x, gint64 label_elements, double vector,
                     double special) {
  double rows = cs3_build_rows(b, x);
  Cs3Act labels = cs3_builder_act(b, "labels", label_elements, rows);
  Cs3Node *node = cs3_builder_add(b,
                                  (Cs3Node){.label = "loss",
                                            .kind = CS3_NODE_LOSS,
                                            .vector_elements = vector,
                                            .special_elements = special,
                                            .in_place = TRUE},
                                  rows, NULL);
  cs3_node_read(node, x);
  cs3_node_read(node, labels);
  cs3_node_keep(node, x);
  cs3_node_keep(node, labels);
}

/* Maximum, shift, sum; the logits become their own gradient. */
void cs3_build_loss(Cs3Builder *b, Cs3Act x) {
  double width = (double)cs3_build_width(b, x);
  add_loss(b, x, CS3_WORD_ELEMENTS, 3 * width, width + 1);
}

/* Difference, square, sum; the target is as wide as what it is compared with. */
void cs3_build_square_loss(Cs3Builder *b, Cs3Act x) {
  double width = (double)cs3_build_width(b, x);
  add_loss(b, x, cs3_build_width(b, x), 3 * width, 0);
}
