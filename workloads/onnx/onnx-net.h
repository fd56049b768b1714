/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An ONNX model for inputs of given shapes: its values with their shapes, small integer tensors
 * with their numbers, and the work that its nodes are, branches chosen. Knows no layer graph. */
#pragma once

#include "workloads/onnx/onnx-tensor.h"

/* Largest tensor whose numbers are followed: shapes, indices, scalars. */
#define CS3_ONNX_NUMBERS ((gint64)4096)

typedef struct Cs3OnnxOp Cs3OnnxOp;
typedef struct Cs3OnnxNet Cs3OnnxNet;
typedef struct Cs3OnnxValue Cs3OnnxValue;

struct Cs3OnnxValue {
  const char *name;
  int type;                       /* Onnx__TensorProto__DataType; 0: not known */
  int rank;                       /* -1: not known */
  gint64 dims[CS3_ONNX_MAX_RANK]; /* -1: depends on data */
  double *numbers;                /* (nullable): all of them, where they are few and known */
  gint64 n_numbers;
  gboolean constant;            /* does not depend on the inputs */
  const Cs3OnnxTensor *tensor;  /* (nullable): stored */
  const Onnx__NodeProto *maker; /* (nullable): of a constant that is not stored: the node, ... */
  const Cs3OnnxOp *maker_op;
  Cs3OnnxValue **maker_in; /* ... and what it reads, an array that ends with its length ... */
  guint n_maker_in;
  Cs3OnnxValue *same; /* (nullable): it is this one in another shape or order */
};

/* A product of @x (rows x in) with a weight (in x out), or with another activation. The weight's
 * elements, in extents `dims`, go by `copies`, then output, then input features; which extents
 * those are say the lists, ends with -1. */
typedef struct {
  Cs3OnnxValue *x, *weight; /* weight: constant, or an activation */
  const char *part;         /* of a node with several: ".W"; "" */
  double rows;              /* of x that each copy takes */
  gint64 copies, out, in, groups;
  guint n_dims;
  gint64 dims[CS3_ONNX_MAX_RANK + 2];
  gint8 copy_axes[CS3_ONNX_MAX_RANK + 2], out_axes[CS3_ONNX_MAX_RANK + 2],
      in_axes[CS3_ONNX_MAX_RANK + 2];
} Cs3OnnxProduct;

/* Attention in one node. */
typedef struct {
  gint64 heads, kv_heads, head_dim, value_dim, queries, keys, batch;
  gboolean causal;
} Cs3OnnxAttention;

/* The window of a convolution. */
typedef struct {
  gint64 kernel[3], stride[3], dilation[3], before[3], after[3];
  gint64 in[3], out[3]; /* extents of image and result */
  guint axes;           /* 1 to 3; 0: no convolution */
  gboolean transposed;
} Cs3OnnxWindow;

/* One executed node that does something to activations. */
typedef struct {
  const Cs3OnnxOp *op;
  const Onnx__NodeProto *node;
  guint number;             /* in the order of execution, from 0 */
  Cs3OnnxValue **in, **out; /* NULL: left out; the first output is there, if any is */
  guint n_in, n_out;
  guint n_products;
  Cs3OnnxProduct products[2];
  gboolean attends;
  Cs3OnnxAttention attention;
  Cs3OnnxWindow window;
} Cs3OnnxWork;

/* What a user says about the inputs. */
typedef struct {
  const char *const *shapes; /* (nullable): "input=1x3x224x224"; ends with %NULL */
  const char *const *values; /* (nullable): "sr=16000": a scalar, of an input or any value */
  gboolean ignore_unknown;   /* operators that are not known do nothing */
} Cs3OnnxGiven;

/* Sums over a file, all branches. */
typedef struct {
  gint64 floats;    /* elements of initialisers and Constant nodes that are weights or biases */
  gint64 zeros;     /* of them */
  gint64 quantised; /* of 8 bits and fewer, zero points apart */
  gint64 floats_constants; /* of `floats`, in Constant nodes */
} Cs3OnnxCounts;

struct Cs3OnnxNet {
  Cs3OnnxFile *file;
  GArray *works;       /* of Cs3OnnxWork, in the order of execution */
  GPtrArray *inputs;   /* of Cs3OnnxValue: what is not an initialiser */
  GPtrArray *outputs;  /* of Cs3OnnxValue */
  GPtrArray *notes;    /* of char * */
  GHashTable *unknown; /* "domain.Op" -> times, as a pointer */
  guint depth;         /* of calls of functions, while it is made */
  guint known;         /* nodes that are known and run */
  double unsized;      /* nodes whose results depend on data, which count nothing */
  Cs3OnnxCounts counts;
  GPtrArray *memory;        /* of everything above */
  GHashTable *opsets;       /* domain -> version, as a pointer */
  GHashTable *given_values; /* name -> double * */
  GHashTable *given_used;   /* names of them that were there */
  Cs3OnnxGiven given;       /* borrowed while it is made */
};

void cs3_onnx_net_free(Cs3OnnxNet *net);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3OnnxNet, cs3_onnx_net_free)

/** cs3_onnx_product_macs: multiply-accumulates of all copies of @product. */
static inline double cs3_onnx_product_macs(const Cs3OnnxProduct *product) {
  return product->rows * (double)product->copies * (double)product->out * (double)product->in /
         (double)product->groups;
}

/** cs3_onnx_attention_macs: of scores and values together, by the square. */
double cs3_onnx_attention_macs(const Cs3OnnxAttention *attention);

/** cs3_onnx_work_macs: of all that one node does. */
double cs3_onnx_work_macs(const Cs3OnnxWork *work);

/** cs3_onnx_net_macs: of all nodes that are executed. */
double cs3_onnx_net_macs(const Cs3OnnxNet *net);

/** cs3_onnx_range_macs: of works @first to @end - 1. */
double cs3_onnx_range_macs(const Cs3OnnxNet *net, guint first, guint end);

/** cs3_onnx_value_elements: of @value; -1: not known. */
gint64 cs3_onnx_value_elements(const Cs3OnnxValue *value);

/** cs3_onnx_count: fill net->counts, all subgraphs included. */
gboolean cs3_onnx_count(Cs3OnnxNet *net, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_keep: @memory, freed with @net. */
gpointer cs3_onnx_keep(Cs3OnnxNet *net, gpointer memory);

/** cs3_onnx_value_new: (transfer none): a value of which nothing is known. @name: borrowed. */
Cs3OnnxValue *cs3_onnx_value_new(Cs3OnnxNet *net, const char *name);

/** cs3_onnx_value_of_tensor: (transfer none): the constant that @tensor, which the net keeps, is.
 */
Cs3OnnxValue *cs3_onnx_value_of_tensor(Cs3OnnxNet *net, const char *name,
                                       const Cs3OnnxTensor *tensor);
