/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a layer graph consists of: operators, the activations that they read, write and keep,
 * segments. */
#pragma once

#include <glib.h>

typedef enum {
  CS3_NODE_LINEAR, /* weight x activation: forward, dX and dW */
  CS3_NODE_SCORES, /* Q K^T */
  CS3_NODE_VALUES, /* P V */
  CS3_NODE_SOFTMAX,
  CS3_NODE_NORM,
  CS3_NODE_ROTARY,
  CS3_NODE_ACTIVATION, /* activation function, and the gate product of a gated MLP */
  CS3_NODE_RESIDUAL,
  CS3_NODE_EMBEDDING,
  CS3_NODE_ROUTING, /* top-k choice of experts, dispatch and weighted sum */
  CS3_NODE_POOLING, /* mean, or the row of one token, of a sample; windows of a feature map;
                       activations side by side */
  CS3_NODE_RESIZE,  /* a feature map on another grid of positions */
  CS3_NODE_VIEW,    /* activations under another name: no work, no room of its own */
  CS3_NODE_LOSS,
} Cs3NodeKind;

/* An activation: 16-bit elements of one row, and the rows a sample has of it. */
typedef struct {
  const char *name; /* "hidden", "q", "gate"; owned by the graph */
  gint64 elements;  /* a row */
  double rows; /* a sample; an expert's inputs: its mean share of the tokens, times the experts */
} Cs3Tensor;

enum { CS3_NODE_MAX_READS = 4, CS3_NODE_MAX_WRITES = 4, CS3_NODE_MAX_KEEPS = 6 };

/* What scores, softmax and values of one attention work on together. */
typedef struct {
  gint64 heads, kv_heads;     /* of queries; of keys and values */
  gint64 head_dim, value_dim; /* of queries and keys; of values */
  gint64 queries, keys;       /* tokens of a sequence */
  gboolean causal;            /* no key that comes later */
  gint64 window;         /* causal: the last so many keys, its own included; else so many around it;
                            0: all. Cs3Lengths.decoding: of the cache, keys may be fewer */
  gint64 document;       /* none of another document of so many tokens; 0: one document */
  gint64 tile;           /* tokens: scores are computed in squares of so many; 1: those that are
                                  seen, unless the lengths ask for tiles */
  double score_elements; /* element-wise operations a score beside those of softmax itself: biases,
                            caps; */
  double score_specials; /* exp, division and the like */
} Cs3AttentionSize;

/* How the weights of a linear node slide over a feature map (rows: positions, a sample's in raster
 * order; elements: channels). Pairs are height, width; a network of one dimension has height 1.
 * Not transposed: the node has a row for every position of the output, and
 * in_features = channels x kernel. Transposed: a row for every position of the input,
 * out_features = channels of the output x kernel, and what falls on the same position is added up.
 */
typedef struct {
  gint64 kernel[2], stride[2], dilation[2];
  gint64 before[2], after[2]; /* positions of zeros around the input */
  gint64 input[2], output[2]; /* positions */
  gint64 in_channels, out_channels;
  gboolean transposed;
} Cs3Convolution;

/* One operator. Quantities are per row (token, patch, frame) unless said otherwise. */
typedef struct {
  const char *tensor; /* weight's name in the checkpoint with '*' for the number in the list of
                         blocks, and a second
                         '*' for the expert; NULL without parameters; owned by the graph */
  const char *label;  /* short name for tables, "q_proj"; unique in its segment */
  Cs3NodeKind kind;
  guint segment;   /* index in graph->segments */
  double rows;     /* a sample sends through one copy of it */
  gint64 copies;   /* weight matrices of this shape in one instance, all streamed: experts; 1
                      otherwise */
  gboolean shared; /* one stored weight serves all instances (cross-layer sharing) */
  gint64 out_features, in_features; /* N, K of one copy; linear only */
  gint64 groups; /* linear only: block-diagonal weight of as many groups (1: none); N x K/groups are
                    stored */
  gboolean bias;
  gboolean sparsifiable; /* default target of --sparsity */
  gboolean frozen;       /* its parameters are not trained: no gradients, no optimizer state */
  gint64 parameters; /* stored, of one copy of one instance; 0 where they are another node's (tied
                        head) */
  double macs;       /* forward MACs per row, one copy, dense */
  double vector_elements; /* element-wise operations (add, multiply, multiply-add, compare) per row,
                             forward */
  double special_elements; /* exp, log, division, square root per row, forward */
  guint attention;         /* 1 + index in graph->attentions: it is part of that; 0: of none */
  guint convolution;       /* 1 + index in graph->convolutions: its weights slide; 0: they do not */
  double table_rows;       /* embedding: rows of the table; its width is out_features */
  int reads[CS3_NODE_MAX_READS]; /* activations, indices in graph->tensors; -1 ends the list */
  int writes[CS3_NODE_MAX_WRITES];
  int keeps[CS3_NODE_MAX_KEEPS]; /* of those read or written, or statistics of its own: what its
                                    backward needs */
  gboolean
      in_place; /* its output, and the gradient of its input, may take the place of what it reads */
} Cs3Node;

/* A stretch of operators that is run `repeat` times; instances need not follow each other
 * (graph->order). */
typedef struct {
  const char *name; /* "embedding", "decoder", "encoder", "decoder.moe", "head"; unique; owned by
                       the graph */
  gint64 repeat;    /* instances */
  const gint64 *number; /* [repeat]: what '*' in tensor names stands for; owned by the graph */
  double rows;          /* a sample, of its input */
  const char
      *stack; /* its blocks take turns with those of other segments of the same stack; NULL: none */
  gboolean block;      /* one of a stack of repeated blocks: the unit of recomputation */
  gboolean reversible; /* its input can be computed from its output (RevNet, RevBiFPN) */
  guint first, count;  /* its nodes in graph->nodes */
  int input, output;   /* the activation that one instance hands to the next; -1: none */
} Cs3Segment;

/* One instance of a segment. */
typedef struct {
  guint segment;
  gint64 instance;
} Cs3Stage;
