/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operators of ONNX: how each makes the shapes (and small numbers) of its outputs, which products
 * it is and what its work costs. A row of the table in onnx-ops.c an operator. */
#pragma once

#include "workloads/onnx/onnx-net.h"

/* What an operator is in a layer graph. */
typedef enum {
  CS3_ONNX_VIEW,      /* the same activation, seen otherwise: no work, no memory */
  CS3_ONNX_MOVE,      /* a part of it, or several side by side */
  CS3_ONNX_POINTWISE, /* a function of each element of one activation or more */
  CS3_ONNX_NORM,      /* normalises, with learned numbers */
  CS3_ONNX_SOFTMAX,
  CS3_ONNX_REDUCE,  /* pooling, sums along axes: fewer elements than it reads */
  CS3_ONNX_TABLE,   /* rows of a table */
  CS3_ONNX_PRODUCT, /* linear layers, convolutions, products of activations, attention */
} Cs3OnnxKind;

/* What backward needs of it. */
typedef enum {
  CS3_ONNX_KEEP_NOTHING,
  CS3_ONNX_KEEP_INPUT,
  CS3_ONNX_KEEP_BOTH, /* inputs, where both are activations */
  CS3_ONNX_KEEP_OUTPUT,
} Cs3OnnxKeep;

/* A node as it is evaluated. */
typedef struct {
  Cs3OnnxNet *net;
  const Onnx__NodeProto *node;
  const Cs3OnnxOp *op;
  gint64 opset;             /* of the operator's domain */
  Cs3OnnxValue **in, **out; /* NULL: left out; outputs are fresh */
  guint n_in, n_out;
  Cs3OnnxWork *work; /* filled in by products */
  GError **error;
} Cs3OnnxCall;

struct Cs3OnnxOp {
  const char *domain, *name; /* "": ai.onnx */
  guint inputs;              /* at least */
  gboolean (*infer)(Cs3OnnxCall *call);
  Cs3OnnxKind kind;
  double vector, special; /* operations an element of the larger of input and output, forward */
  Cs3OnnxKeep keep;
  double (*compute)(const double *x, guint n); /* (nullable): of numbers, element by element */
};

/** cs3_onnx_op_find: (transfer none) (nullable): the operator called so. */
const Cs3OnnxOp *cs3_onnx_op_find(const char *domain, const char *name);

/** cs3_onnx_call_fail: sets CS3_WORKLOAD_ERROR_DATA with the node's name. Returns: FALSE. */
gboolean cs3_onnx_call_fail(Cs3OnnxCall *call, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Attributes of a node. */

/** cs3_onnx_attribute: (transfer none) (nullable): of @node, called @name. */
const Onnx__AttributeProto *cs3_onnx_attribute(const Onnx__NodeProto *node, const char *name);

/** cs3_onnx_int: the number @name of @node, or @otherwise. */
gint64 cs3_onnx_int(const Onnx__NodeProto *node, const char *name, gint64 otherwise);

/** cs3_onnx_ints: (array): up to @n numbers @name of @node, into @values. Returns: how many. */
guint cs3_onnx_ints(const Onnx__NodeProto *node, const char *name, gint64 *values, guint n);

/* Values. */

/** cs3_onnx_set_shape: @out is @rank x @dims, of @type. */
void cs3_onnx_set_shape(Cs3OnnxValue *out, int type, int rank, const gint64 *dims);

/** cs3_onnx_set_numbers: (array): room for all numbers of @out, %NULL where they are too many. */
double *cs3_onnx_set_numbers(Cs3OnnxCall *call, Cs3OnnxValue *out);

/** cs3_onnx_axis: @axis of a @rank, negative ones from the end; -1: none. */
int cs3_onnx_axis(gint64 axis, int rank);

/** cs3_onnx_broadcast: the shape that @call's inputs have together, into @dims. Returns: its rank;
 * -1: not known; -2, with an error: they do not go together. */
int cs3_onnx_broadcast(Cs3OnnxCall *call, gint64 *dims);

/* Rules, by file. Each makes the outputs of @call. */
/* clang-format off */
#define CS3_ONNX_RULES(F) \
  F(same) F(elementwise) F(compare) F(where) F(cast) F(constant) F(constant_of_shape) F(range) \
  F(nothing_known) F(cumulate) F(instance_of_first) F(quantize_linear) F(dynamic_quantize) \
  F(reduce) F(arg) F(top_k) \
  F(shape) F(size) F(gather) F(gather_elements) F(one_hot) F(slice) F(concat) F(split) F(reshape) \
  F(flatten) F(transpose) F(squeeze) F(unsqueeze) F(expand) F(tile) F(pad) F(resize) \
  F(depth_to_space) F(space_to_depth) \
  F(matmul) F(matmul_integer) F(qlinear_matmul) F(qlinear) F(gemm) F(conv) F(conv_integer) \
  F(qlinear_conv) F(conv_transpose) F(einsum) F(recurrent) F(pool) F(global_pool) \
  F(norm) F(skip_norm) F(embed_norm) F(rotary) F(fused_attention) F(group_query) F(multi_head) \
  F(attention_op)
/* clang-format on */
#define CS3_DECLARE_RULE(NAME) gboolean cs3_onnx_infer_##NAME(Cs3OnnxCall *call);
CS3_ONNX_RULES(CS3_DECLARE_RULE)
