/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What members of an operator are worth where a document leaves them out. */
#include "config.h"

#include "workloads/graph-usual.h"

#include "workloads/attention-mask.h"

static double elements(const Cs3Graph *graph, const int *list, guint room) {
  double sum = 0;
  for (guint i = 0; i < room && list[i] >= 0; i++)
    sum += (double)cs3_graph_tensor(graph, list[i])->elements;
  return sum;
}

/* Elements of a row of the first that it writes; 0: it writes none. */
static double width(const Cs3Graph *graph, const Cs3Node *node) {
  return elements(graph, node->writes, 1);
}

static double kernel_of(const Cs3Convolution *c) {
  return (double)c->kernel[0] * (double)c->kernel[1];
}

double cs3_usual_out_features(const Cs3Graph *graph, const Cs3Segment *segment,
                              gconstpointer thing) {
  const Cs3Node *node = thing;
  const Cs3Convolution *c = cs3_graph_convolution(graph, node);
  if (node->kind == CS3_NODE_LINEAR)
    return elements(graph, node->writes, CS3_NODE_MAX_WRITES) *
           (c && c->transposed ? kernel_of(c) : 1);
  return node->kind == CS3_NODE_EMBEDDING ? width(graph, node) : 0;
}

double cs3_usual_in_features(const Cs3Graph *graph, const Cs3Segment *segment,
                             gconstpointer thing) {
  const Cs3Node *node = thing;
  const Cs3Convolution *c = cs3_graph_convolution(graph, node);
  if (node->kind != CS3_NODE_LINEAR)
    return 0;
  return elements(graph, node->reads, 1) * (c && !c->transposed ? kernel_of(c) : 1);
}

double cs3_usual_groups(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3Node *node = thing;
  return node->kind == CS3_NODE_LINEAR;
}

double cs3_usual_rows(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3Node *node = thing;
  const Cs3Convolution *c = cs3_graph_convolution(graph, node);
  gboolean reads = node->writes[0] < 0 || (c && c->transposed);
  int tensor = reads ? node->reads[0] : node->writes[0];
  return tensor >= 0 ? cs3_graph_tensor(graph, tensor)->rows / (double)node->copies : 0;
}

static double weights(const Cs3Node *node) {
  return (double)node->out_features * (double)node->in_features / (double)node->groups;
}

/* Numbers that are added to the output: one a channel. */
static double biases(const Cs3Graph *graph, const Cs3Node *node) {
  const Cs3Convolution *c = cs3_graph_convolution(graph, node);
  return !node->bias ? 0 : (double)(c ? c->out_channels : node->out_features);
}

double cs3_usual_parameters(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3Node *node = thing;
  if (node->kind == CS3_NODE_LINEAR)
    return weights(node) + biases(graph, node);
  if (node->kind == CS3_NODE_EMBEDDING)
    return node->table_rows * (double)node->out_features;
  return node->kind == CS3_NODE_NORM ? 2 * width(graph, node) : 0;
}

/* Scores of a query, all heads, in the tiles in which builder-attention.c counts them. */
static double scores(const Cs3AttentionSize *size) {
  Cs3AttentionSpan span = {.seq = (double)size->keys,
                           .causal = size->causal,
                           .window = size->window,
                           .document = size->document,
                           .tiles = size->tile > 1 ? (size->keys + size->tile - 1) / size->tile
                                                   : CS3_ATTENTION_TILES};
  return (double)size->heads * cs3_attention_keys(&span);
}

double cs3_usual_macs(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3Node *node = thing;
  const Cs3AttentionSize *size = cs3_graph_attention(graph, node);
  if (node->kind == CS3_NODE_LINEAR)
    return weights(node);
  if (size && node->kind == CS3_NODE_SCORES)
    return (double)size->head_dim * scores(size);
  return size && node->kind == CS3_NODE_VALUES ? (double)size->value_dim * scores(size) : 0;
}

/* Scale and maximum, shift, sum on every score; the division is applied to the heads' output. */
static double softmax_vector(const Cs3AttentionSize *size) {
  return (4 + size->score_elements) * scores(size) + (double)(size->heads * size->value_dim);
}

/* A bias for every element of the output; transposed: and a sum for all that falls on it. */
static double linear_vector(const Cs3Graph *graph, const Cs3Node *node) {
  const Cs3Convolution *c = cs3_graph_convolution(graph, node);
  double sums = c && c->transposed ? (double)node->out_features : 0;
  double share = 1; /* rows that are written for one of the operator's */
  if (c)
    share = cs3_graph_tensor(graph, node->writes[0])->rows / cs3_node_rows(node);
  return biases(graph, node) * share + sums;
}

double cs3_usual_vector(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3Node *node = thing;
  const Cs3AttentionSize *size = cs3_graph_attention(graph, node);
  if (node->kind == CS3_NODE_LINEAR)
    return linear_vector(graph, node);
  if (size)
    return node->kind == CS3_NODE_SOFTMAX ? softmax_vector(size) : 0;
  return (node->kind == CS3_NODE_NORM ? 4 : 1) * width(graph, node);
}

double cs3_usual_special(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3Node *node = thing;
  const Cs3AttentionSize *size = cs3_graph_attention(graph, node);
  if (size && node->kind == CS3_NODE_SOFTMAX)
    return (1 + size->score_specials) * scores(size) + (double)size->heads;
  return node->kind == CS3_NODE_NORM ? 2 : 0;
}

double cs3_usual_sparsifiable(const Cs3Graph *graph, const Cs3Segment *segment,
                              gconstpointer thing) {
  const Cs3Node *node = thing;
  return node->kind == CS3_NODE_LINEAR && segment->block;
}

void cs3_usual_keeps(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing,
                     int *list) {
  const Cs3Node *node = thing;
  if (node->kind == CS3_NODE_LINEAR)
    list[0] = node->reads[0];
}

char *cs3_usual_weight(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3Node *node = thing;
  if (node->kind != CS3_NODE_LINEAR)
    return NULL;
  return g_strdup_printf("%s.%s%s%s", segment->name, segment->repeat > 1 ? "*." : "", node->label,
                         node->copies > 1 ? ".*" : "");
}

double cs3_usual_tensor_rows(const Cs3Graph *graph, const Cs3Segment *segment,
                             gconstpointer thing) {
  return segment->rows;
}

double cs3_usual_kv_heads(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3AttentionSize *size = thing;
  return (double)size->heads;
}

double cs3_usual_value_dim(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3AttentionSize *size = thing;
  return (double)size->head_dim;
}

double cs3_usual_keys(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing) {
  const Cs3AttentionSize *size = thing;
  return (double)size->queries;
}

void cs3_usual_after(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing,
                     gint64 *pair) {
  const Cs3Convolution *c = thing;
  pair[0] = c->before[0];
  pair[1] = c->before[1];
}

void cs3_usual_positions(const Cs3Graph *graph, const Cs3Segment *segment, gconstpointer thing,
                         gint64 *pair) {
  const Cs3Convolution *c = thing;
  for (int axis = 0; axis < 2; axis++) {
    gint64 reach = c->dilation[axis] * (c->kernel[axis] - 1) + 1;
    gint64 zeros = c->before[axis] + c->after[axis];
    pair[axis] = c->transposed ? (c->input[axis] - 1) * c->stride[axis] + reach - zeros
                               : (c->input[axis] + zeros - reach) / c->stride[axis] + 1;
  }
}
