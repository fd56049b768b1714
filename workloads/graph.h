/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer graph of one training step. Knows shapes, FLOPs and bytes; knows no cycles. */
#pragma once

#include <glib.h>

#include "workloads/model.h"

typedef enum {
  CS3_NODE_LINEAR,     /* weight x activation: forward, dX and dW */
  CS3_NODE_SCORES,     /* Q K^T */
  CS3_NODE_VALUES,     /* P V */
  CS3_NODE_SOFTMAX,
  CS3_NODE_NORM,
  CS3_NODE_ROTARY,
  CS3_NODE_ACTIVATION, /* activation function, and the gate product of a gated MLP */
  CS3_NODE_RESIDUAL,
  CS3_NODE_EMBEDDING,
  CS3_NODE_LOSS,
} Cs3NodeKind;

/* One operator. Quantities are per token unless said otherwise; multiply by tokens. */
typedef struct {
  const char *tensor;   /* Hugging Face tensor name with '*' for the layer, e.g.
                           "model.layers.*.self_attn.q_proj.weight"; NULL without parameters;
                           owned by the graph */
  const char *label;    /* short name for tables, the same for every family, e.g. "q_proj" */
  Cs3NodeKind kind;
  gint64 repeat;        /* identical instances, one per decoder layer (1 outside the blocks) */
  gboolean in_block;    /* part of a decoder block */
  gint64 out_features;  /* N, linear only */
  gint64 in_features;   /* K, linear only */
  gboolean bias;
  gboolean sparsifiable;/* default target of --sparsity: linear weights of decoder blocks */
  gint64 parameters;    /* of one instance; a tied LM head has 0 here but still N x K weights */
  double macs;          /* forward MACs per token, one instance, dense */
  double vector_elements;  /* element-wise operations (add, multiply, multiply-add, compare) per
                              token, forward, one instance */
  double special_elements; /* exp, log, division, square root per token, forward, one instance */
  gint64 saved_elements;   /* 16-bit activations kept per token for backward, one instance; a tensor
                              read by several nodes is counted at the first */
} Cs3Node;

typedef struct {
  const Cs3Model *model; /* borrowed */
  gint64 seq;            /* tokens per sequence */
  gboolean causal;       /* count only the lower triangle of attention */
  GArray *nodes;         /* of Cs3Node, in forward order */
  GStringChunk *strings;
} Cs3Graph;

/**
 * cs3_graph_new: the graph of @model at @seq tokens a sequence.
 * @causal: attention FLOPs of the causal triangle only; the published FLOP identities use full.
 * A sliding window limits both. Attention is computed tile by tile with its softmax statistics
 * kept, so score maps are never stored: backward needs the scores once more, beside twice the
 * forward MACs of every product (Dao et al. 2022, arXiv 2205.14135); published FLOP counts leave
 * that repetition out.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_INVALID when @seq is outside
 *   [1, 2^24] or exceeds the rows of a learned position table.
 */
Cs3Graph *cs3_graph_new(const Cs3Model *model, gint64 seq, gboolean causal,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_graph_free(Cs3Graph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Graph, cs3_graph_free)

/** cs3_graph_node: (transfer none): node @index in forward order. */
static inline const Cs3Node *cs3_graph_node(const Cs3Graph *graph, guint index) {
  return &g_array_index(graph->nodes, Cs3Node, index);
}

/** cs3_node_kind_name: "linear", "scores", ... */
const char *cs3_node_kind_name(Cs3NodeKind kind);

/** cs3_node_tensor: (transfer full) (nullable): the tensor name of @instance of @node. */
char *cs3_node_tensor(const Cs3Node *node, gint64 instance);

/** cs3_graph_macs: forward MACs per token over all nodes, dense. */
double cs3_graph_macs(const Cs3Graph *graph);

/**
 * cs3_graph_theoretical_speedup: dense MACs over MACs with sparse weights, 1 / (1 - f s) for one
 * sparsity s on a share f of the MACs. Backward does twice forward in both, so it cancels.
 * @density: (array): live share of the weights of every node (its mean over instances), read for
 *   linear nodes only.
 */
double cs3_graph_theoretical_speedup(const Cs3Graph *graph, const double *density);

typedef enum { CS3_RECOMPUTE_NONE, CS3_RECOMPUTE_LAYER, CS3_RECOMPUTE_FULL } Cs3Recompute;

/* What a recompute policy costs. */
typedef struct {
  double resident_bytes;  /* kept from a block's forward to its backward, all blocks, per token */
  double working_bytes;   /* peak beside it, per token: the larger of one block's backward and the
                             head with its logits */
  double extra_forwards;  /* forward passes repeated in backward (1 = every block once more) */
} Cs3Memory;

/**
 * cs3_graph_memory: activation memory under @policy with FP16 activations, no dropout.
 * none: every block's saved activations. layer: only each block's input, the block is run
 * again in backward. full: inputs of every ceil(sqrt(L))-th block (Chen et al. 2016,
 * arXiv 1604.06174); blocks run twice more.
 */
Cs3Memory cs3_graph_memory(const Cs3Graph *graph, Cs3Recompute policy);
