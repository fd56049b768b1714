/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The layer graph of one training step, as data: segments of operators in the order in which they
 * run, the activations that the operators read, write and keep. Knows shapes, FLOPs and bytes;
 * knows no cycles, and nothing behind it asks for a family, a layer count or a sequence length. */
#pragma once

#include <glib.h>

#include "workloads/graph-node.h"

/* Attention's mask where the model leaves a choice. */
typedef enum {
  CS3_MASK_MODEL,  /* what the model does, in tiles: causal in decoders, the square in encoders,
                      windows */
  CS3_MASK_FULL,   /* the square, or the model's window of it, by the score */
  CS3_MASK_CAUSAL, /* causal everywhere, the model's windows kept; in tiles, as all that follow */
  CS3_MASK_WINDOW, /* the model's, cut to a window of `reach` */
  CS3_MASK_PACKED, /* the model's, cut to documents of `reach` tokens */
} Cs3AttentionMask;

/* Tiles a side in which the vendor's compiler leaves out masked work: ranges of sequence/256. */
#define CS3_ATTENTION_TILES ((gint64)256)
#define CS3_ATTENTION_MAX_TILES ((gint64)4096)

/* Lengths of a sample; 0: the model's own default. */
typedef struct {
  gint64 seq;         /* tokens of the (decoder's) sequence */
  gint64 encoder_seq; /* tokens or frames of the encoder of an encoder-decoder */
  gint64 image;       /* pixels on a side, or latent positions of a diffusion transformer */
  double capacity;    /* of experts: rows that are run over the mean rows an expert gets, >= 1 */
  Cs3AttentionMask attention;
  gint64 reach;      /* tokens of a window or a document */
  gint64 tiles;      /* a side of attention's square; 0: CS3_ATTENTION_TILES */
  gboolean decoding; /* no encoder: keys and values of it are kept from before */
} Cs3Lengths;

typedef struct Cs3Model Cs3Model;
typedef struct {
  const Cs3Model *model; /* borrowed */
  Cs3Lengths lengths;    /* as used, defaults filled in */
  double tokens; /* that a sample counts for in throughput: of the decoder, the encoder where there
                    is no decoder, the patches of an image */
  GArray *segments;     /* of Cs3Segment */
  GArray *nodes;        /* of Cs3Node, by segment, in forward order within it */
  GArray *tensors;      /* of Cs3Tensor */
  GArray *attentions;   /* of Cs3AttentionSize */
  GArray *convolutions; /* of Cs3Convolution */
  GArray *order;        /* of Cs3Stage: forward order of the whole step */
  GStringChunk *strings;
  GPtrArray *memory; /* arrays owned: Cs3Segment.number */
} Cs3Graph;

/**
 * cs3_graph_new: the graph of @model for samples of @lengths.
 * @lengths: (nullable): %NULL, or 0 in a member: the model's own default (cs3_model_lengths()).
 * Attention is computed tile by tile with its softmax statistics kept, so score maps are never
 * stored: backward needs the scores once more, beside twice the forward MACs of every product
 * (Dao et al. 2022, arXiv 2205.14135); published FLOP counts leave that repetition out.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_INVALID when a length is out
 *   of range, exceeds a learned position table or is none of this model's.
 */
Cs3Graph *cs3_graph_new(const Cs3Model *model, const Cs3Lengths *lengths,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_graph_free(Cs3Graph *graph);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Graph, cs3_graph_free)

/** cs3_graph_node: (transfer none): node @index in forward order. */
static inline const Cs3Node *cs3_graph_node(const Cs3Graph *graph, guint index) {
  return &g_array_index(graph->nodes, Cs3Node, index);
}

/** cs3_graph_segment: (transfer none): segment @index. */
static inline const Cs3Segment *cs3_graph_segment(const Cs3Graph *graph, guint index) {
  return &g_array_index(graph->segments, Cs3Segment, index);
}

/** cs3_graph_tensor: (transfer none): activation @index. */
static inline const Cs3Tensor *cs3_graph_tensor(const Cs3Graph *graph, int index) {
  return &g_array_index(graph->tensors, Cs3Tensor, index);
}

/** cs3_graph_attention: (transfer none) (nullable): what @node, scores, softmax or values, is part
 * of. */
static inline const Cs3AttentionSize *cs3_graph_attention(const Cs3Graph *graph,
                                                          const Cs3Node *node) {
  return node->attention == 0
             ? NULL
             : &g_array_index(graph->attentions, Cs3AttentionSize, node->attention - 1);
}

/** cs3_graph_convolution: (transfer none) (nullable): how the weights of linear @node slide. */
static inline const Cs3Convolution *cs3_graph_convolution(const Cs3Graph *graph,
                                                          const Cs3Node *node) {
  return node->convolution == 0
             ? NULL
             : &g_array_index(graph->convolutions, Cs3Convolution, node->convolution - 1);
}

/** cs3_node_segment: (transfer none): the segment that @node is part of. */
static inline const Cs3Segment *cs3_node_segment(const Cs3Graph *graph, const Cs3Node *node) {
  return cs3_graph_segment(graph, node->segment);
}

/** cs3_node_may_be_narrow: whether @node multiplies what may have 8 bits: a linear layer of a block
 * that is no convolution. */
static inline gboolean cs3_node_may_be_narrow(const Cs3Node *node) {
  return node->kind == CS3_NODE_LINEAR && node->sparsifiable && node->convolution == 0;
}

/** cs3_tensor_is_factor: whether activation @tensor is made for such layers alone: nothing else
 * reads it or needs it in backward. */
gboolean cs3_tensor_is_factor(const Cs3Graph *graph, int tensor);

/** cs3_graph_has_factors: whether any layer of @graph may be narrow. */
gboolean cs3_graph_has_factors(const Cs3Graph *graph);

/** cs3_node_rows: rows that a sample sends through one instance of @node, all its copies. */
static inline double cs3_node_rows(const Cs3Node *node) {
  return node->rows * (double)node->copies;
}

/* "linear", "scores", ...: indexed by kind, ends with NULL. */
extern const char *const cs3_node_kind_names[];

/** cs3_node_kind_name: the one of @kind. */
const char *cs3_node_kind_name(Cs3NodeKind kind);

/** cs3_node_tensor: (transfer full) (nullable): the tensor name of @copy in @instance of @node. */
char *cs3_node_tensor(const Cs3Graph *graph, const Cs3Node *node, gint64 instance, gint64 copy);

/**
 * cs3_node_saved_elements: 16-bit elements that @node keeps for backward, per row of
 * cs3_node_rows(). A tensor that several nodes keep is counted at the first; one that is a factor
 * (cs3_tensor_is_factor()) does without the share @narrow of them: 0, or 0.5 in FP8.
 */
double cs3_node_saved_elements(const Cs3Graph *graph, const Cs3Node *node, double narrow);

/** cs3_graph_frozen_parameters: of all instances. */
double cs3_graph_frozen_parameters(const Cs3Graph *graph);

/** cs3_node_passes: products of a step of training with the weights of @node: forward, dX, and,
 * unless it is frozen, dW. Nodes without weights count as three. */
static inline int cs3_node_passes(const Cs3Node *node) {
  return node->kind == CS3_NODE_LINEAR && node->frozen ? 2 : 3;
}

/** cs3_graph_macs: forward MACs per sample over all nodes and instances, dense. */
double cs3_graph_macs(const Cs3Graph *graph);

/**
 * cs3_graph_theoretical_speedup: dense MACs over MACs with sparse weights, 1 / (1 - f s) for one
 * sparsity s on a share f of the MACs. Backward does twice forward in both, so it cancels.
 * @density: (array): live share of the weights of every node (its mean over instances), read for
 *   linear nodes only.
 */
double cs3_graph_theoretical_speedup(const Cs3Graph *graph, const double *density);
