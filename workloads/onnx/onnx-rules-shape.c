/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of operators that move and reshape, numbers included: what exporters compute shapes with.
 */
#include "config.h"

#include <math.h>
#include <string.h>

#include "workloads/onnx/onnx-op.h"

enum { FLOAT = 1, INT64 = 7 };

/* Steps in elements from one index of each axis to the next. */
static void steps_of(const Cs3OnnxValue *value, gint64 *steps) {
  gint64 step = 1;
  for (int d = value->rank - 1; d >= 0; d--) {
    steps[d] = step;
    step *= value->dims[d];
  }
}

/* Numbers of @out, element by element: at @first plus @steps along its axes, of @in. */
static void pick_numbers(Cs3OnnxCall *call, const Cs3OnnxValue *in, Cs3OnnxValue *out, gint64 first,
                         const gint64 *steps) {
  double *numbers = in->numbers != NULL ? cs3_onnx_set_numbers(call, out) : NULL;
  for (gint64 i = 0; numbers != NULL && i < out->n_numbers; i++) {
    gint64 at = first, rest = i;
    for (int d = out->rank - 1; d >= 0; d--) {
      at += rest % out->dims[d] * steps[d];
      rest /= out->dims[d];
    }
    if (at < 0 || at >= in->n_numbers) {
      out->numbers = NULL;
      return;
    }
    numbers[i] = in->numbers[at];
  }
}

/* The numbers of @value as whole ones; FALSE: not known. */
static gboolean whole_numbers(const Cs3OnnxValue *value, gint64 *numbers, guint most, guint *n) {
  if (value == NULL || value->numbers == NULL || value->n_numbers > most)
    return FALSE;
  *n = (guint)value->n_numbers;
  for (guint i = 0; i < *n; i++)
    numbers[i] = value->numbers[i] > 9e18    ? G_MAXINT64
                 : value->numbers[i] < -9e18 ? G_MININT64 + 1
                                             : (gint64)value->numbers[i];
  return TRUE;
}

/* Axes as an attribute, or as input @index in later opsets. */
static gboolean find_axes(const Cs3OnnxCall *call, guint index, gint64 *axes, guint *n) {
  *n = cs3_onnx_ints(call->node, "axes", axes, CS3_ONNX_MAX_RANK);
  if (*n > 0 || call->n_in <= index || call->in[index] == NULL)
    return TRUE;
  return whole_numbers(call->in[index], axes, CS3_ONNX_MAX_RANK, n);
}

static void same_numbers(const Cs3OnnxCall *call) {
  call->out[0]->numbers = call->in[0]->numbers;
  call->out[0]->n_numbers = call->in[0]->n_numbers;
  call->out[0]->same = call->in[0];
}

gboolean cs3_onnx_infer_shape(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  if (in->rank < 0 || call->out[0] == NULL)
    return TRUE;
  gint64 start = cs3_onnx_int(call->node, "start", 0),
         end = cs3_onnx_int(call->node, "end", in->rank);
  start = CLAMP(start < 0 ? start + in->rank : start, 0, in->rank);
  end = CLAMP(end < 0 ? end + in->rank : end, start, in->rank);
  gint64 n = end - start;
  gboolean known = TRUE;
  for (gint64 i = start; i < end; i++)
    known = known && in->dims[i] >= 0;
  cs3_onnx_set_shape(call->out[0], INT64, 1, &n);
  double *numbers = known ? cs3_onnx_set_numbers(call, call->out[0]) : NULL;
  for (gint64 i = 0; numbers != NULL && i < n; i++)
    numbers[i] = (double)in->dims[start + i];
  return TRUE;
}

gboolean cs3_onnx_infer_size(Cs3OnnxCall *call) {
  gint64 n = cs3_onnx_value_elements(call->in[0]);
  cs3_onnx_set_shape(call->out[0], INT64, 0, NULL);
  if (n >= 0 && call->out[0] != NULL)
    *cs3_onnx_set_numbers(call, call->out[0]) = (double)n;
  return TRUE;
}

/* Along @axis; one index after the other where there are several. */
static void gather_numbers(Cs3OnnxCall *call, int axis) {
  const Cs3OnnxValue *data = call->in[0], *indices = call->in[1];
  double *numbers =
      data->numbers != NULL && indices->numbers != NULL && data->rank == 1 && axis == 0
          ? cs3_onnx_set_numbers(call, call->out[0])
          : NULL;
  for (gint64 i = 0; numbers != NULL && i < call->out[0]->n_numbers; i++) {
    gint64 at = (gint64)indices->numbers[i];
    at += at < 0 ? data->n_numbers : 0;
    numbers[i] = at >= 0 && at < data->n_numbers ? data->numbers[at] : 0;
  }
}

gboolean cs3_onnx_infer_gather(Cs3OnnxCall *call) {
  const Cs3OnnxValue *data = call->in[0], *indices = call->in[1];
  if (data->rank < 0 || indices->rank < 0 || call->out[0] == NULL)
    return TRUE;
  int axis = cs3_onnx_axis(cs3_onnx_int(call->node, "axis", 0), data->rank), rank = 0;
  gint64 dims[2 * CS3_ONNX_MAX_RANK];
  if (axis < 0)
    return cs3_onnx_call_fail(call, "its axis is none of %d", data->rank);
  for (int d = 0; d < axis; d++)
    dims[rank++] = data->dims[d];
  for (int d = 0; d < indices->rank; d++)
    dims[rank++] = indices->dims[d];
  for (int d = axis + 1; d < data->rank; d++)
    dims[rank++] = data->dims[d];
  cs3_onnx_set_shape(call->out[0], data->type, rank, dims);
  gather_numbers(call, axis);
  return TRUE;
}

gboolean cs3_onnx_infer_gather_elements(Cs3OnnxCall *call) {
  if (g_str_equal(call->op->name, "GatherElements"))
    cs3_onnx_set_shape(call->out[0], call->in[0]->type, call->in[1]->rank, call->in[1]->dims);
  else if (!g_str_equal(call->op->name, "GatherND")) /* scatters */
    cs3_onnx_set_shape(call->out[0], call->in[0]->type, call->in[0]->rank, call->in[0]->dims);
  return TRUE;
}

gboolean cs3_onnx_infer_one_hot(Cs3OnnxCall *call) {
  const Cs3OnnxValue *indices = call->in[0], *depth = call->in[1];
  if (indices->rank < 0 || indices->rank >= CS3_ONNX_MAX_RANK)
    return TRUE;
  gint64 dims[CS3_ONNX_MAX_RANK + 1];
  int at = cs3_onnx_axis(cs3_onnx_int(call->node, "axis", -1), indices->rank + 1);
  for (int d = 0, from = 0; d <= indices->rank; d++)
    dims[d] = d != at                 ? indices->dims[from++]
              : depth->n_numbers == 1 ? (gint64)depth->numbers[0]
                                      : -1;
  cs3_onnx_set_shape(call->out[0], call->in[2]->type, indices->rank + 1, dims);
  return TRUE;
}

/* --- slices ----------------------------------------------------------------------------------- */

typedef struct {
  gint64 starts[CS3_ONNX_MAX_RANK], ends[CS3_ONNX_MAX_RANK], axes[CS3_ONNX_MAX_RANK],
      steps[CS3_ONNX_MAX_RANK];
  guint n;
} Slices;

static gboolean find_slices(const Cs3OnnxCall *call, Slices *s) {
  guint n_axes = 0, n_steps = 0, n_ends = 0;
  if (call->n_in < 3) {
    s->n = cs3_onnx_ints(call->node, "starts", s->starts, CS3_ONNX_MAX_RANK);
    n_ends = cs3_onnx_ints(call->node, "ends", s->ends, CS3_ONNX_MAX_RANK);
    n_axes = cs3_onnx_ints(call->node, "axes", s->axes, CS3_ONNX_MAX_RANK);
  } else if (!whole_numbers(call->in[1], s->starts, CS3_ONNX_MAX_RANK, &s->n) ||
             !whole_numbers(call->in[2], s->ends, CS3_ONNX_MAX_RANK, &n_ends)) {
    return FALSE;
  }
  if (call->n_in > 3 && call->in[3] != NULL &&
      !whole_numbers(call->in[3], s->axes, CS3_ONNX_MAX_RANK, &n_axes))
    return FALSE;
  if (call->n_in > 4 && call->in[4] != NULL &&
      !whole_numbers(call->in[4], s->steps, CS3_ONNX_MAX_RANK, &n_steps))
    return FALSE;
  for (guint i = n_axes; i < s->n; i++)
    s->axes[i] = i;
  for (guint i = n_steps; i < s->n; i++)
    s->steps[i] = 1;
  return n_ends == s->n;
}

/* Begin and length along an axis of @extent, as numpy counts. */
static gint64 slice_length(gint64 extent, gint64 *start, gint64 end, gint64 step) {
  gint64 low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1;
  *start = CLAMP(*start < 0 ? *start + extent : *start, MAX(low, 0), high);
  end = end < 0 ? (end < -extent ? low : end + extent) : end;
  end = CLAMP(end, low, extent);
  gint64 span = step > 0 ? end - *start : *start - end;
  return span <= 0 ? 0 : (span + ABS(step) - 1) / ABS(step);
}

gboolean cs3_onnx_infer_slice(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  Cs3OnnxValue *out = call->out[0];
  Slices s = {.n = 0};
  if (in->rank < 0 || out == NULL)
    return TRUE;
  gboolean known = find_slices(call, &s);
  gint64 dims[CS3_ONNX_MAX_RANK], steps[CS3_ONNX_MAX_RANK], first = 0;
  for (int d = 0; d < in->rank; d++)
    dims[d] = known ? in->dims[d] : -1;
  steps_of(in, steps);
  for (guint i = 0; known && i < s.n; i++) {
    int axis = cs3_onnx_axis(s.axes[i], in->rank);
    if (axis < 0 || s.steps[i] == 0 || s.steps[i] == G_MININT64)
      return cs3_onnx_call_fail(call,
                                "axis %" G_GINT64_FORMAT " or step %" G_GINT64_FORMAT
                                ": expected an axis of %d and a step",
                                s.axes[i], s.steps[i], in->rank);
    if (in->dims[axis] < 0)
      continue;
    dims[axis] = slice_length(in->dims[axis], &s.starts[i], s.ends[i], s.steps[i]);
    first += s.starts[i] * steps[axis];
    steps[axis] *= s.steps[i];
  }
  cs3_onnx_set_shape(out, in->type, in->rank, dims);
  pick_numbers(call, in, out, first, steps);
  return TRUE;
}

gboolean cs3_onnx_infer_concat(Cs3OnnxCall *call) {
  Cs3OnnxValue *out = call->out[0];
  int rank = call->in[0]->rank;
  int axis = cs3_onnx_axis(cs3_onnx_int(call->node, "axis", 1), MAX(rank, 0));
  gint64 dims[CS3_ONNX_MAX_RANK];
  gboolean numbers = axis == 0 && rank == 1;
  if (rank < 0 || axis < 0 || out == NULL)
    return TRUE;
  memcpy(dims, call->in[0]->dims, sizeof dims);
  for (guint i = 0; i < call->n_in; i++) {
    const Cs3OnnxValue *in = call->in[i];
    numbers = numbers && in != NULL && in->numbers != NULL;
    if (in == NULL || in->rank < 0)
      return TRUE;
    if (in->rank != rank)
      return cs3_onnx_call_fail(call, "joins values of %d and %d extents", rank, in->rank);
    for (int d = 0; d < rank; d++)
      dims[d] = i == 0 || d != axis              ? MAX(dims[d], in->dims[d])
                : dims[d] < 0 || in->dims[d] < 0 ? -1
                                                 : dims[d] + in->dims[d];
  }
  cs3_onnx_set_shape(out, call->in[0]->type, rank, dims);
  double *all = numbers ? cs3_onnx_set_numbers(call, out) : NULL;
  for (guint i = 0; all != NULL && i < call->n_in; all += call->in[i++]->n_numbers)
    memcpy(all, call->in[i]->numbers, (gsize)call->in[i]->n_numbers * sizeof *all);
  return TRUE;
}

gboolean cs3_onnx_infer_split(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 parts[256], dims[CS3_ONNX_MAX_RANK];
  guint n = cs3_onnx_ints(call->node, "split", parts, G_N_ELEMENTS(parts));
  int axis = in->rank < 0 ? -1 : cs3_onnx_axis(cs3_onnx_int(call->node, "axis", 0), in->rank);
  if (axis < 0 || call->n_out == 0 || call->n_out > G_N_ELEMENTS(parts))
    return TRUE;
  if (n == 0 && call->n_in > 1 && call->in[1] != NULL &&
      !whole_numbers(call->in[1], parts, G_N_ELEMENTS(parts), &n))
    return TRUE;
  gint64 each = (in->dims[axis] + call->n_out - 1) / call->n_out, steps[CS3_ONNX_MAX_RANK], at = 0;
  memcpy(dims, in->dims, sizeof dims);
  steps_of(in, steps);
  for (guint i = 0; i < call->n_out; i++) {
    dims[axis] = i < n ? parts[i] : in->dims[axis] < 0 ? -1 : MIN(each, in->dims[axis] - each * i);
    cs3_onnx_set_shape(call->out[i], in->type, in->rank, dims);
    if (call->out[i] != NULL)
      pick_numbers(call, in, call->out[i], at * steps[axis], steps);
    at += dims[axis];
  }
  return TRUE;
}

/* --- shapes ----------------------------------------------------------------------------------- */

gboolean cs3_onnx_infer_reshape(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 dims[CS3_ONNX_MAX_RANK], total = cs3_onnx_value_elements(in), rest = 1;
  guint n = cs3_onnx_ints(call->node, "shape", dims, CS3_ONNX_MAX_RANK);
  int open = -1;
  if (call->out[0] == NULL ||
      (n == 0 && (call->n_in < 2 || !whole_numbers(call->in[1], dims, CS3_ONNX_MAX_RANK, &n))))
    return TRUE;
  gboolean copies = cs3_onnx_int(call->node, "allowzero", 0) == 0;
  for (guint i = 0; i < n; i++) {
    if (dims[i] == 0 && copies)
      dims[i] = (int)i < in->rank ? in->dims[i] : -1;
    else if (dims[i] < 0)
      open = (int)i;
    if ((int)i != open && (dims[i] < 0 || __builtin_mul_overflow(rest, dims[i], &rest)))
      total = -1;
  }
  if (open >= 0)
    dims[open] = total >= 0 && rest > 0 ? total / rest : -1;
  else if (total >= 0 && rest != total)
    return cs3_onnx_call_fail(call, "%" G_GINT64_FORMAT " elements in a shape of %" G_GINT64_FORMAT,
                              total, rest);
  cs3_onnx_set_shape(call->out[0], in->type, (int)n, dims);
  same_numbers(call);
  return TRUE;
}

gboolean cs3_onnx_infer_flatten(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 axis = cs3_onnx_int(call->node, "axis", 1), dims[2] = {1, 1};
  if (in->rank < 0 || call->out[0] == NULL)
    return TRUE;
  axis += axis < 0 ? in->rank : 0;
  for (int d = 0; d < in->rank; d++) {
    gint64 *extent = &dims[d >= axis];
    *extent = *extent < 0 || in->dims[d] < 0 ? -1 : *extent * in->dims[d];
  }
  cs3_onnx_set_shape(call->out[0], in->type, 2, dims);
  same_numbers(call);
  return TRUE;
}

gboolean cs3_onnx_infer_transpose(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  Cs3OnnxValue *out = call->out[0];
  gint64 order[CS3_ONNX_MAX_RANK], dims[CS3_ONNX_MAX_RANK], steps[CS3_ONNX_MAX_RANK],
      turned[CS3_ONNX_MAX_RANK];
  guint n = cs3_onnx_ints(call->node, "perm", order, CS3_ONNX_MAX_RANK);
  if (in->rank < 0 || out == NULL)
    return TRUE;
  steps_of(in, steps);
  for (int d = 0; d < in->rank; d++) {
    int from = n == 0 ? in->rank - 1 - d : d < (int)n ? cs3_onnx_axis(order[d], in->rank) : -1;
    if (from < 0)
      return cs3_onnx_call_fail(call, "perm: expected the %d axes in some order", in->rank);
    dims[d] = in->dims[from];
    turned[d] = steps[from];
  }
  cs3_onnx_set_shape(out, in->type, in->rank, dims);
  pick_numbers(call, in, out, 0, turned);
  out->same = call->in[0];
  return TRUE;
}

gboolean cs3_onnx_infer_squeeze(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 axes[CS3_ONNX_MAX_RANK], dims[CS3_ONNX_MAX_RANK];
  gboolean gone[CS3_ONNX_MAX_RANK] = {FALSE};
  guint n;
  int rank = 0;
  if (in->rank < 0 || call->out[0] == NULL || !find_axes(call, 1, axes, &n))
    return TRUE;
  for (guint i = 0; i < n; i++) {
    int axis = cs3_onnx_axis(axes[i], in->rank);
    if (axis < 0 || in->dims[axis] > 1)
      return cs3_onnx_call_fail(call, "axis %" G_GINT64_FORMAT " is none of 1 element", axes[i]);
    gone[axis] = TRUE;
  }
  for (int d = 0; d < in->rank; d++)
    if (!(n > 0 ? gone[d] : in->dims[d] == 1))
      dims[rank++] = in->dims[d];
  cs3_onnx_set_shape(call->out[0], in->type, rank, dims);
  same_numbers(call);
  return TRUE;
}

gboolean cs3_onnx_infer_unsqueeze(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 axes[CS3_ONNX_MAX_RANK], dims[CS3_ONNX_MAX_RANK];
  gboolean fresh[CS3_ONNX_MAX_RANK] = {FALSE};
  guint n;
  if (in->rank < 0 || call->out[0] == NULL || !find_axes(call, 1, axes, &n) ||
      in->rank + (int)n > CS3_ONNX_MAX_RANK)
    return TRUE;
  int rank = in->rank + (int)n, from = 0;
  for (guint i = 0; i < n; i++) {
    int axis = cs3_onnx_axis(axes[i], rank);
    if (axis < 0 || fresh[axis])
      return cs3_onnx_call_fail(call, "axis %" G_GINT64_FORMAT " is none of %d, or there twice",
                                axes[i], rank);
    fresh[axis] = TRUE;
  }
  for (int d = 0; d < rank; d++)
    dims[d] = fresh[d] ? 1 : in->dims[from++];
  cs3_onnx_set_shape(call->out[0], in->type, rank, dims);
  same_numbers(call);
  return TRUE;
}

gboolean cs3_onnx_infer_expand(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  Cs3OnnxValue shape = {.rank = -1};
  gint64 dims[CS3_ONNX_MAX_RANK];
  guint n;
  if (in->rank < 0 || !whole_numbers(call->in[1], shape.dims, CS3_ONNX_MAX_RANK, &n))
    return TRUE;
  shape.rank = (int)n;
  Cs3OnnxValue *both[] = {call->in[0], &shape};
  Cs3OnnxCall pair = *call;
  pair.in = both;
  pair.n_in = 2;
  int rank = cs3_onnx_broadcast(&pair, dims);
  if (rank == -2)
    return FALSE;
  cs3_onnx_set_shape(call->out[0], in->type, rank, dims);
  if (in->n_numbers == 1 && call->out[0] != NULL) {
    const gint64 nowhere[CS3_ONNX_MAX_RANK] = {0};
    pick_numbers(call, in, call->out[0], 0, nowhere);
  }
  return TRUE;
}

gboolean cs3_onnx_infer_tile(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 times[CS3_ONNX_MAX_RANK], dims[CS3_ONNX_MAX_RANK];
  guint n;
  if (in->rank < 0 || !whole_numbers(call->in[1], times, CS3_ONNX_MAX_RANK, &n) ||
      (int)n != in->rank)
    return TRUE;
  for (int d = 0; d < in->rank; d++)
    if (in->dims[d] < 0 || __builtin_mul_overflow(in->dims[d], times[d], &dims[d]))
      dims[d] = -1;
  cs3_onnx_set_shape(call->out[0], in->type, in->rank, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_pad(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 pads[2 * CS3_ONNX_MAX_RANK], axes[CS3_ONNX_MAX_RANK], dims[CS3_ONNX_MAX_RANK];
  guint n = cs3_onnx_ints(call->node, "pads", pads, G_N_ELEMENTS(pads)), n_axes = 0;
  if (in->rank < 0 ||
      (n == 0 && (call->n_in < 2 || !whole_numbers(call->in[1], pads, G_N_ELEMENTS(pads), &n))))
    return TRUE;
  if (call->n_in > 3 && call->in[3] != NULL &&
      !whole_numbers(call->in[3], axes, CS3_ONNX_MAX_RANK, &n_axes))
    return TRUE;
  memcpy(dims, in->dims, sizeof dims);
  guint half = n / 2;
  for (guint i = 0; i < half; i++) {
    int d = n_axes > 0 ? cs3_onnx_axis(i < n_axes ? axes[i] : -99, in->rank) : (int)i;
    if (d < 0 || d >= in->rank || ABS(pads[i]) > (gint64)1 << 40 ||
        ABS(pads[half + i]) > (gint64)1 << 40)
      return cs3_onnx_call_fail(call, "pads: expected two for each of %d axes", in->rank);
    dims[d] = in->dims[d] < 0 ? -1 : MAX(0, in->dims[d] + pads[i] + pads[half + i]);
  }
  cs3_onnx_set_shape(call->out[0], in->type, in->rank, dims);
  return TRUE;
}

/* Input 1 is scales in opset 9 and in Upsample; later 2: scales, 3: sizes. */
gboolean cs3_onnx_infer_resize(Cs3OnnxCall *call) {
  const Cs3OnnxValue *in = call->in[0];
  guint place = call->n_in > 2 ? 2 : 1;
  const Cs3OnnxValue *scales = call->n_in > place ? call->in[place] : NULL;
  const Cs3OnnxValue *sizes = call->n_in > 3 ? call->in[3] : NULL;
  const Onnx__AttributeProto *fixed = cs3_onnx_attribute(call->node, "scales");
  gint64 dims[CS3_ONNX_MAX_RANK];
  if (in->rank < 0)
    return TRUE;
  for (int d = 0; d < in->rank; d++) {
    double scale = fixed != NULL && d < (int)fixed->n_floats ? (double)fixed->floats[d] : -1;
    if (scales != NULL && scales->numbers != NULL && scales->n_numbers == in->rank)
      scale = scales->numbers[d];
    dims[d] = in->dims[d] < 0 || !(scale > 0 && scale < 1e9)
                  ? -1
                  : (gint64)floor((double)in->dims[d] * scale);
    if (sizes != NULL && sizes->numbers != NULL && sizes->n_numbers == in->rank)
      dims[d] = (gint64)sizes->numbers[d];
  }
  cs3_onnx_set_shape(call->out[0], in->type, in->rank, dims);
  return TRUE;
}

static gboolean blocks(Cs3OnnxCall *call, gboolean to_depth) {
  const Cs3OnnxValue *in = call->in[0];
  gint64 size = cs3_onnx_int(call->node, "blocksize", 1);
  if (in->rank != 4)
    return TRUE;
  if (size < 1 || size > 1 << 20)
    return cs3_onnx_call_fail(call, "blocksize: expected at least 1");
  gint64 many = size * size;
  gint64 dims[] = {in->dims[0], in->dims[1], in->dims[2], in->dims[3]};
  for (int d = 1; d < 4; d++) {
    gint64 by = d == 1 ? many : size;
    gboolean grows = (d == 1) == to_depth;
    dims[d] = dims[d] < 0 ? -1 : grows ? dims[d] * by : dims[d] / by;
  }
  cs3_onnx_set_shape(call->out[0], in->type, 4, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_depth_to_space(Cs3OnnxCall *call) {
  return blocks(call, FALSE);
}

gboolean cs3_onnx_infer_space_to_depth(Cs3OnnxCall *call) {
  return blocks(call, TRUE);
}
