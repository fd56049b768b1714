/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What operators are described by when a layer graph is composed. */
#pragma once

#include <glib.h>

#include "workloads/graph.h"

typedef enum {
  CS3_NORM_LAYER,       /* mean and variance; scale and shift learned */
  CS3_NORM_LAYER_SCALE, /* the same without shift */
  CS3_NORM_LAYER_PLAIN, /* nothing learned */
  CS3_NORM_RMS,         /* mean square; scale learned */
  CS3_NORM_RMS_PLAIN,
} Cs3NormKind;

typedef enum {
  CS3_ACTIVATION_RELU,
  CS3_ACTIVATION_GELU,
  CS3_ACTIVATION_SILU,
  CS3_ACTIVATION_RELU2, /* ReLU, squared */
  CS3_ACTIVATION_TANH,
  CS3_ACTIVATION_CLIP, /* between two bounds */
  CS3_ACTIVATION_SIGMOID,
  CS3_ACTIVATION_HARD_SIGMOID, /* (x + 3) / 6 between 0 and 1 */
  CS3_ACTIVATION_HARD_SILU,    /* x times that */
} Cs3Activation;

typedef struct Cs3Builder Cs3Builder;
typedef int Cs3Act; /* index in graph->tensors */
enum { CS3_NO_ACT = -1 };

/* A stretch of operators to open. */
typedef struct {
  const char *name; /* "decoder"; unique in the graph */
  const char
      *prefix; /* put before the tensor names of its operators, "model.layers.*."; NULL: nothing */
  double rows; /* a sample */
  gint64 repeat;  /* instances; 0: 1 */
  gboolean block; /* of a stack of repeated blocks: linear weights are what --sparsity reaches */
  gboolean reversible;   /* its input can be computed from its output */
  const gint64 *numbers; /* [repeat]; copied; NULL: 0 .. repeat - 1 */
} Cs3SegmentSpec;

/* Keys that a query sees, and heads. */
typedef struct {
  const char *prefix; /* of the labels, "cross_"; NULL: nothing */
  gint64 heads, kv_heads, head_dim;
  gint64 value_dim; /* width of a value head; 0: head_dim */
  gint64 window;    /* tokens; 0: no limit. Causal: the last ones, itself included */
  gboolean causal;  /* the model's own mask, unless the lengths force one; windows that are not
                       causal reach to  both sides */
  gboolean cross;   /* keys of another sequence: never causal, never windowed */
  gboolean bias;    /* a number is added to every score (relative positions, ALiBi) */
  gboolean softcap; /* scores go through tanh */
  gboolean sinks;   /* one learned score a head joins the sum of the softmax */
} Cs3AttentionSpec;

/* Feed-forward networks of which a router chooses `top_k` for every token. */
typedef struct {
  gint64 experts, top_k;
} Cs3Mixture;
