/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of element-wise operators, constants and reductions, and what all rules use. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "workloads/onnx/onnx-op.h"

enum { FLOAT = 1, UINT8 = 2, INT32 = 6, INT64 = 7, BOOL = 9 };

/* --- attributes ------------------------------------------------------------------------------- */

const Onnx__AttributeProto *cs3_onnx_attribute(const Onnx__NodeProto *node, const char *name) {
  for (gsize i = 0; i < node->n_attribute; i++)
    if (g_strcmp0(node->attribute[i]->name, name) == 0)
      return node->attribute[i];
  return NULL;
}

gint64 cs3_onnx_int(const Onnx__NodeProto *node, const char *name, gint64 otherwise) {
  const Onnx__AttributeProto *attribute = cs3_onnx_attribute(node, name);
  return attribute != NULL && attribute->has_i ? attribute->i : otherwise;
}

guint cs3_onnx_ints(const Onnx__NodeProto *node, const char *name, gint64 *values, guint n) {
  const Onnx__AttributeProto *attribute = cs3_onnx_attribute(node, name);
  guint found = attribute != NULL ? (guint)MIN(attribute->n_ints, n) : 0;
  for (guint i = 0; i < found; i++)
    values[i] = attribute->ints[i];
  return found;
}

/* --- values ----------------------------------------------------------------------------------- */

void cs3_onnx_set_shape(Cs3OnnxValue *out, int type, int rank, const gint64 *dims) {
  if (out == NULL)
    return;
  out->type = type;
  out->rank = rank > CS3_ONNX_MAX_RANK ? -1 : rank;
  for (int i = 0; i < out->rank; i++)
    out->dims[i] = dims[i];
}

double *cs3_onnx_set_numbers(Cs3OnnxCall *call, Cs3OnnxValue *out) {
  gint64 n = cs3_onnx_value_elements(out);
  if (n < 0 || n > CS3_ONNX_NUMBERS)
    return NULL;
  out->n_numbers = n;
  return out->numbers = cs3_onnx_keep(call->net, g_new0(double, MAX(1, n)));
}

int cs3_onnx_axis(gint64 axis, int rank) {
  if (axis < 0)
    axis += rank;
  return axis >= 0 && axis < rank ? (int)axis : -1;
}

/* Extents @x and @y of one axis; -1: not known; -2: they do not go together. */
static gint64 together(gint64 x, gint64 y) {
  if (x == 1 || x == y)
    return y;
  if (y == 1)
    return x;
  return x < 0 ? y : y < 0 ? x : -2;
}

int cs3_onnx_broadcast(Cs3OnnxCall *call, gint64 *dims) {
  int rank = 0;
  for (guint k = 0; k < call->n_in; k++) {
    if (call->in[k] != NULL && call->in[k]->rank < 0)
      return -1;
    rank = MAX(rank, call->in[k] != NULL ? call->in[k]->rank : 0);
  }
  for (int i = 0; i < rank; i++)
    dims[i] = 1;
  for (guint k = 0; k < call->n_in; k++)
    for (int i = 0; call->in[k] != NULL && i < call->in[k]->rank; i++) {
      gint64 *extent = &dims[rank - call->in[k]->rank + i], before = *extent;
      *extent = together(before, call->in[k]->dims[i]);
      if (*extent != -2)
        continue;
      cs3_onnx_call_fail(call,
                         "extents %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT
                         " of its inputs do not go together",
                         before, call->in[k]->dims[i]);
      return -2;
    }
  return rank;
}

/* --- element-wise ----------------------------------------------------------------------------- */

static gboolean broadcast_as(Cs3OnnxCall *call, int type) {
  gint64 dims[CS3_ONNX_MAX_RANK];
  int rank = cs3_onnx_broadcast(call, dims);
  if (rank == -2)
    return FALSE;
  if (call->n_out > 0)
    cs3_onnx_set_shape(call->out[0], type, rank, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_elementwise(Cs3OnnxCall *call) {
  return broadcast_as(call, call->in[0]->type);
}

gboolean cs3_onnx_infer_compare(Cs3OnnxCall *call) {
  return broadcast_as(call, BOOL);
}

gboolean cs3_onnx_infer_where(Cs3OnnxCall *call) {
  return broadcast_as(call, call->in[1]->type);
}

/* The first output like the first input; others (masks, statistics) are not followed. */
gboolean cs3_onnx_infer_same(Cs3OnnxCall *call) {
  if (call->n_out == 0 || call->out[0] == NULL)
    return TRUE;
  const Cs3OnnxValue *in = call->in[0];
  cs3_onnx_set_shape(call->out[0], in->type, in->rank, in->dims);
  if (call->op->kind == CS3_ONNX_VIEW) {
    call->out[0]->same = call->in[0];
    call->out[0]->numbers = in->numbers;
    call->out[0]->n_numbers = in->n_numbers;
  }
  return TRUE;
}

gboolean cs3_onnx_infer_cast(Cs3OnnxCall *call) {
  if (!cs3_onnx_infer_same(call) || call->n_out == 0 || call->out[0] == NULL)
    return TRUE;
  Cs3OnnxValue *out = call->out[0];
  out->type = (int)cs3_onnx_int(call->node, "to", call->in[0]->type);
  if (call->n_in > 1 && call->in[1] != NULL) /* CastLike */
    out->type = call->in[1]->type;
  double *numbers = out->numbers != NULL && cs3_onnx_class(out->type) == CS3_ONNX_INTEGER
                        ? cs3_onnx_set_numbers(call, out)
                        : NULL;
  for (gint64 i = 0; numbers != NULL && i < out->n_numbers; i++)
    numbers[i] = out->type == BOOL ? call->in[0]->numbers[i] != 0 : trunc(call->in[0]->numbers[i]);
  return TRUE;
}

gboolean cs3_onnx_infer_nothing_known(Cs3OnnxCall *call) {
  return TRUE;
}

gboolean cs3_onnx_infer_instance_of_first(Cs3OnnxCall *call) {
  for (guint i = 0; i < call->n_out; i++)
    cs3_onnx_set_shape(call->out[i], call->in[0]->type, call->in[0]->rank, call->in[0]->dims);
  return TRUE;
}

gboolean cs3_onnx_infer_cumulate(Cs3OnnxCall *call) {
  return cs3_onnx_infer_instance_of_first(call);
}

/* Scale and zero point beside the values; a float comes back from what is smaller. */
gboolean cs3_onnx_infer_quantize_linear(Cs3OnnxCall *call) {
  gboolean back = g_str_has_prefix(call->op->name, "Dequantize");
  int type = back ? call->in[1]->type : UINT8;
  if (!back && call->n_in > 2 && call->in[2] != NULL)
    type = call->in[2]->type;
  if (g_str_equal(call->op->name, "Quant") || g_str_equal(call->op->name, "BipolarQuant") ||
      g_str_equal(call->op->name, "FloatQuant"))
    type = call->in[0]->type;
  if (call->n_out > 0)
    cs3_onnx_set_shape(call->out[0], type, call->in[0]->rank, call->in[0]->dims);
  return TRUE;
}

gboolean cs3_onnx_infer_dynamic_quantize(Cs3OnnxCall *call) {
  const int types[] = {UINT8, FLOAT, UINT8};
  for (guint i = 0; i < call->n_out && i < 3; i++)
    cs3_onnx_set_shape(call->out[i], types[i], i == 0 ? call->in[0]->rank : 0, call->in[0]->dims);
  return TRUE;
}

/* --- constants -------------------------------------------------------------------------------- */

static gboolean constant_of(Cs3OnnxCall *call, const Onnx__TensorProto *proto) {
  Cs3OnnxTensor *tensor = cs3_onnx_keep(call->net, g_new0(Cs3OnnxTensor, 1));
  if (!cs3_onnx_tensor_open(call->net->file, proto, tensor, call->error))
    return FALSE;
  const char *name = call->out[0]->name;
  tensor->name = name;
  *call->out[0] = *cs3_onnx_value_of_tensor(call->net, name, tensor);
  return TRUE;
}

static gboolean constant_sparse(Cs3OnnxCall *call, const Onnx__SparseTensorProto *proto) {
  Cs3OnnxTensor *tensor = cs3_onnx_keep(call->net, g_new0(Cs3OnnxTensor, 1));
  gboolean ok = cs3_onnx_tensor_open_sparse(call->net->file, proto, tensor, call->error);
  if (tensor->live != NULL)
    cs3_onnx_keep(call->net, (gpointer)tensor->live);
  if (ok)
    *call->out[0] = *cs3_onnx_value_of_tensor(call->net, call->out[0]->name, tensor);
  return ok;
}

/* value_float, value_ints and the like: numbers in the attribute itself. */
static gboolean constant_numbers(Cs3OnnxCall *call, const Onnx__AttributeProto *a) {
  Cs3OnnxValue *out = call->out[0];
  gsize n = MAX(a->n_floats, a->n_ints);
  gint64 extent = (gint64)n;
  gboolean whole = a->n_ints > 0 || a->has_i;
  cs3_onnx_set_shape(out, whole ? INT64 : FLOAT, n > 0 ? 1 : 0, &extent);
  double *numbers = cs3_onnx_set_numbers(call, out);
  for (gint64 i = 0; numbers != NULL && i < out->n_numbers; i++)
    numbers[i] = a->n_floats > 0 ? (double)a->floats[i]
                 : a->n_ints > 0 ? (double)a->ints[i]
                 : a->has_i      ? (double)a->i
                                 : (double)a->f;
  return TRUE;
}

gboolean cs3_onnx_infer_constant(Cs3OnnxCall *call) {
  if (call->n_out == 0 || call->out[0] == NULL)
    return TRUE;
  if (call->node->n_attribute == 0)
    return cs3_onnx_call_fail(call, "has no value");
  const Onnx__AttributeProto *a = call->node->attribute[0];
  for (gsize i = 0; i < call->node->n_attribute; i++)
    if (g_str_has_prefix(call->node->attribute[i]->name ? call->node->attribute[i]->name : "",
                         "value"))
      a = call->node->attribute[i];
  call->out[0]->constant = TRUE;
  if (a->sparse_tensor != NULL)
    return constant_sparse(call, a->sparse_tensor);
  return a->t != NULL ? constant_of(call, a->t) : constant_numbers(call, a);
}

/* The shape that the numbers of @from are; -1 as rank: not known. */
static int shape_from(const Cs3OnnxValue *from, gint64 *dims) {
  if (from->numbers == NULL || from->n_numbers > CS3_ONNX_MAX_RANK)
    return -1;
  for (gint64 i = 0; i < from->n_numbers; i++)
    dims[i] = from->numbers[i] >= 0 && from->numbers[i] < 1e15 ? (gint64)from->numbers[i] : -1;
  return (int)from->n_numbers;
}

gboolean cs3_onnx_infer_constant_of_shape(Cs3OnnxCall *call) {
  gint64 dims[CS3_ONNX_MAX_RANK];
  int rank = shape_from(call->in[0], dims);
  const Onnx__AttributeProto *value = cs3_onnx_attribute(call->node, "value");
  Cs3OnnxTensor fill = {.type = FLOAT};
  if (value != NULL && value->t != NULL &&
      !cs3_onnx_tensor_open(call->net->file, value->t, &fill, call->error))
    return FALSE;
  Cs3OnnxValue *out = call->out[0];
  if (out == NULL)
    return TRUE;
  cs3_onnx_set_shape(out, fill.type, rank, dims);
  double *numbers = cs3_onnx_set_numbers(call, out);
  for (gint64 i = 0; numbers != NULL && i < out->n_numbers; i++)
    numbers[i] = fill.elements > 0 ? cs3_onnx_tensor_number(&fill, 0) : 0;
  return TRUE;
}

gboolean cs3_onnx_infer_range(Cs3OnnxCall *call) {
  const Cs3OnnxValue *start = call->in[0], *limit = call->in[1], *delta = call->in[2];
  gint64 n = -1;
  gboolean known = start->n_numbers == 1 && limit->n_numbers == 1 && delta->n_numbers == 1;
  if (known && delta->numbers[0] != 0)
    n = (gint64)MAX(0, ceil((limit->numbers[0] - start->numbers[0]) / delta->numbers[0]));
  cs3_onnx_set_shape(call->out[0], start->type, 1, &n);
  double *numbers = known && call->out[0] != NULL ? cs3_onnx_set_numbers(call, call->out[0]) : NULL;
  for (gint64 i = 0; numbers != NULL && i < n; i++)
    numbers[i] = start->numbers[0] + (double)i * delta->numbers[0];
  return TRUE;
}

/* --- reductions ------------------------------------------------------------------------------- */

/* Which axes of @rank go: an attribute, or an input in later opsets; none: all. */
static gboolean reduced_axes(const Cs3OnnxCall *call, int rank, gboolean *gone) {
  gint64 axes[CS3_ONNX_MAX_RANK];
  guint n = cs3_onnx_ints(call->node, "axes", axes, CS3_ONNX_MAX_RANK);
  if (n == 0 && call->n_in > 1 && call->in[1] != NULL) {
    if (call->in[1]->numbers == NULL || call->in[1]->n_numbers > CS3_ONNX_MAX_RANK)
      return FALSE;
    n = (guint)call->in[1]->n_numbers;
    for (guint i = 0; i < n; i++)
      axes[i] = (gint64)call->in[1]->numbers[i];
  }
  gboolean all = n == 0 && cs3_onnx_int(call->node, "noop_with_empty_axes", 0) == 0;
  for (int d = 0; d < rank; d++)
    gone[d] = all;
  for (guint i = 0; i < n; i++) {
    int axis = cs3_onnx_axis(axes[i], rank);
    if (axis >= 0)
      gone[axis] = TRUE;
  }
  return TRUE;
}

static void drop_axes(Cs3OnnxCall *call, const gboolean *gone, int type) {
  const Cs3OnnxValue *in = call->in[0];
  gboolean stay = cs3_onnx_int(call->node, "keepdims", 1) != 0;
  gint64 dims[CS3_ONNX_MAX_RANK];
  int rank = 0;
  for (int d = 0; d < in->rank; d++) {
    if (!gone[d])
      dims[rank++] = in->dims[d];
    else if (stay)
      dims[rank++] = 1;
  }
  for (guint i = 0; i < call->n_out; i++)
    cs3_onnx_set_shape(call->out[i], type, rank, dims);
}

/* Sum, product, largest or smallest of all numbers of a small tensor: sizes are made so. */
static void reduce_numbers(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  if (in->numbers == NULL || in->n_numbers < 1 || cs3_onnx_value_elements(call->out[0]) != 1)
    return;
  double *number = cs3_onnx_set_numbers(call, call->out[0]), x = in->numbers[0];
  for (gint64 i = 1; i < in->n_numbers; i++)
    x = strstr(call->op->name, "Prod")  ? x * in->numbers[i]
        : strstr(call->op->name, "Max") ? MAX(x, in->numbers[i])
        : strstr(call->op->name, "Min") ? MIN(x, in->numbers[i])
                                        : x + in->numbers[i];
  *number = strstr(call->op->name, "Mean") ? x / (double)in->n_numbers : x;
}

gboolean cs3_onnx_infer_reduce(Cs3OnnxCall *call) {
  gboolean gone[CS3_ONNX_MAX_RANK];
  const Cs3OnnxValue *in = call->in[0];
  if (in->rank < 0 || call->n_out == 0 || call->out[0] == NULL ||
      !reduced_axes(call, in->rank, gone))
    return TRUE;
  drop_axes(call, gone, in->type);
  if (g_str_equal(call->op->name, "ReduceProd") || g_str_equal(call->op->name, "ReduceMax") ||
      g_str_equal(call->op->name, "ReduceMin") || g_str_equal(call->op->name, "ReduceSum") ||
      g_str_equal(call->op->name, "ReduceMean"))
    reduce_numbers(call);
  return TRUE;
}

gboolean cs3_onnx_infer_arg(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gboolean gone[CS3_ONNX_MAX_RANK] = {FALSE};
  int axis = in->rank < 0 ? -1 : cs3_onnx_axis(cs3_onnx_int(call->node, "axis", 0), in->rank);
  if (axis < 0)
    return TRUE;
  gone[axis] = TRUE;
  drop_axes(call, gone, INT64);
  return TRUE;
}

gboolean cs3_onnx_infer_top_k(Cs3OnnxCall *call) {
  Cs3OnnxValue *in = call->in[0];
  int axis = in->rank < 0 ? -1 : cs3_onnx_axis(cs3_onnx_int(call->node, "axis", -1), in->rank);
  const Cs3OnnxValue *k = call->n_in > 1 ? call->in[1] : NULL;
  if (axis < 0)
    return TRUE;
  gint64 dims[CS3_ONNX_MAX_RANK];
  memcpy(dims, in->dims, sizeof dims);
  dims[axis] =
      k != NULL && k->n_numbers == 1 ? (gint64)k->numbers[0] : cs3_onnx_int(call->node, "k", -1);
  for (guint i = 0; i < call->n_out; i++)
    cs3_onnx_set_shape(call->out[i], i == 0 ? in->type : INT64, in->rank, dims);
  return TRUE;
}
