/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of ONNX tensors, in whichever of its fields or files they are stored. */
#pragma once

#include "workloads/onnx/onnx-file.h"

enum { CS3_ONNX_MAX_RANK = 8 };

typedef enum {
  CS3_ONNX_OTHER,    /* text, complex numbers: no weights */
  CS3_ONNX_FLOAT,    /* of any width */
  CS3_ONNX_INTEGER,  /* indices, shapes */
  CS3_ONNX_QUANTISED /* 8 bits and fewer: a weight with a zero point, or a byte */
} Cs3OnnxClass;

/* A tensor that is checked: its values are all there. */
typedef struct {
  const char *name; /* never NULL */
  int type;         /* Onnx__TensorProto__DataType, or a later one's number */
  guint rank;
  gint64 dims[CS3_ONNX_MAX_RANK];
  gint64 elements;
  const guint8 *bytes; /* (nullable): none where all elements are not stored (sparse) */
  guint stride;        /* bytes from one to the next; 0: two in a byte */
  guint bits;          /* of a value */
  const guint8 *live;  /* (nullable): sparse: one byte an element, owned */
} Cs3OnnxTensor;

/** cs3_onnx_class: what elements of @type are. cs3_onnx_type_name: "FLOAT16", or "type 99". */
Cs3OnnxClass cs3_onnx_class(int type);
const char *cs3_onnx_type_name(int type);

/** cs3_onnx_type_bits: of an element; 0: none that is read. */
guint cs3_onnx_type_bits(int type);

/**
 * cs3_onnx_tensor_open: fill @tensor with @proto. Fails with CS3_WORKLOAD_ERROR_DATA (extents below
 * 0 or too many, fewer values than they say) or the errors of cs3_onnx_file_beside().
 */
gboolean cs3_onnx_tensor_open(Cs3OnnxFile *file, const Onnx__TensorProto *proto,
                              Cs3OnnxTensor *tensor, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_tensor_open_sparse: the same of a sparse initialiser: what it does not list is zero. Up
 * to 2^31 elements. */
gboolean cs3_onnx_tensor_open_sparse(Cs3OnnxFile *file, const Onnx__SparseTensorProto *proto,
                                     Cs3OnnxTensor *tensor,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_onnx_tensor_number: element @index; not of sparse ones. */
double cs3_onnx_tensor_number(const Cs3OnnxTensor *tensor, gint64 index);

/** cs3_onnx_tensor_live: one byte an element of @tensor: 1: it is not zero. */
void cs3_onnx_tensor_live(const Cs3OnnxTensor *tensor, guint8 *live);

/** cs3_onnx_tensor_zeros: elements that are zero. */
gint64 cs3_onnx_tensor_zeros(const Cs3OnnxTensor *tensor);
