/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live weights of ONNX models. */
#include "config.h"

#include "workloads/onnx/onnx-live.h"

#include <math.h>
#include <string.h>

#include "workloads/onnx/onnx-op.h"

enum { MAX_DEPTH = 64 };

/* One weight that is followed back: elements that may still be looked at. */
typedef struct {
  double left;
  guint depth;
} Trace;

static guint8 *live_of(Trace *trace, const Cs3OnnxValue *value);

static guint8 *fresh(Trace *trace, const Cs3OnnxValue *value) {
  gint64 n = cs3_onnx_value_elements(value);
  trace->left -= (double)n + 64;
  return n < 0 || trace->left < 0 ? NULL : g_try_malloc0((gsize)MAX(1, n));
}

/* @value against a zero point: one, or one for every index of @axis. */
static guint8 *live_against(Trace *trace, const Cs3OnnxValue *value, const Cs3OnnxValue *zero,
                            int axis) {
  const Cs3OnnxTensor *t = value->tensor;
  if (zero == NULL || zero->numbers == NULL || t == NULL || t->bytes == NULL)
    return live_of(trace, value);
  guint8 *live = fresh(trace, value);
  gint64 inner = 1;
  for (int d = axis + 1; d < value->rank; d++)
    inner *= value->dims[d];
  for (gint64 i = 0; live != NULL && i < t->elements; i++) {
    gint64 at = zero->n_numbers == 1 ? 0 : i / MAX(1, inner) % MAX(1, zero->n_numbers);
    live[i] = cs3_onnx_tensor_number(t, i) != zero->numbers[at];
  }
  return live;
}

/* Quant of QONNX and Brevitas: nearest multiple of a scale. */
static guint8 *live_quant(Trace *trace, Cs3OnnxValue *const *in, guint n) {
  const Cs3OnnxTensor *t = in[0]->tensor;
  const Cs3OnnxValue *scale = n > 1 ? in[1] : NULL;
  if (t == NULL || t->bytes == NULL || scale == NULL || scale->n_numbers != 1)
    return live_of(trace, in[0]);
  guint8 *live = fresh(trace, in[0]);
  for (gint64 i = 0; live != NULL && i < t->elements; i++)
    live[i] = fabs(cs3_onnx_tensor_number(t, i)) > 0.5 * scale->numbers[0];
  return live;
}

/* Elements of @from along @steps, first at @first. */
static void copy_along(const Cs3OnnxValue *out, const guint8 *from, gint64 first,
                       const gint64 *steps, guint8 *live) {
  gint64 at[CS3_ONNX_MAX_RANK] = {0}, n = cs3_onnx_value_elements(out), place = first;
  for (gint64 i = 0; i < n; i++) {
    live[i] = from[place];
    for (int d = out->rank - 1; d >= 0; d--) {
      place += steps[d];
      if (++at[d] < out->dims[d])
        break;
      place -= at[d] * steps[d];
      at[d] = 0;
    }
  }
}

static void steps_of(const Cs3OnnxValue *value, gint64 *steps) {
  gint64 step = 1;
  for (int d = value->rank - 1; d >= 0; d--) {
    steps[d] = step;
    step *= value->dims[d];
  }
}

static guint8 *live_transposed(Trace *trace, const Cs3OnnxValue *value) {
  const Cs3OnnxValue *in = value->maker_in[0];
  gint64 order[CS3_ONNX_MAX_RANK], steps[CS3_ONNX_MAX_RANK], turned[CS3_ONNX_MAX_RANK];
  guint n = cs3_onnx_ints(value->maker, "perm", order, CS3_ONNX_MAX_RANK);
  g_autofree guint8 *from = live_of(trace, in);
  guint8 *live = from != NULL ? fresh(trace, value) : NULL;
  steps_of(in, steps);
  for (int d = 0; d < in->rank; d++)
    turned[d] = steps[n == 0 ? in->rank - 1 - d : cs3_onnx_axis(order[d], in->rank)];
  if (live != NULL)
    copy_along(value, from, 0, turned, live);
  return live;
}

/* Numbers @name of a Slice: an attribute, or input @index. */
static guint slice_list(const Cs3OnnxValue *value, const char *name, guint index, gint64 *list) {
  const Cs3OnnxValue *in = index < value->n_maker_in ? value->maker_in[index] : NULL;
  if (value->n_maker_in < 3)
    return cs3_onnx_ints(value->maker, name, list, CS3_ONNX_MAX_RANK);
  guint n = in != NULL && in->numbers != NULL ? (guint)MIN(in->n_numbers, CS3_ONNX_MAX_RANK) : 0;
  for (guint i = 0; i < n; i++)
    list[i] = (gint64)CLAMP(in->numbers[i], -9e18, 9e18);
  return n;
}

static guint8 *live_slice(Trace *trace, const Cs3OnnxValue *value) {
  const Cs3OnnxValue *in = value->maker_in[0];
  gint64 starts[CS3_ONNX_MAX_RANK], axes[CS3_ONNX_MAX_RANK], by[CS3_ONNX_MAX_RANK],
      steps[CS3_ONNX_MAX_RANK], first = 0;
  guint n = slice_list(value, "starts", 1, starts), n_axes = slice_list(value, "axes", 3, axes);
  guint n_by = slice_list(value, "steps", 4, by);
  g_autofree guint8 *from = live_of(trace, in);
  guint8 *live = from != NULL ? fresh(trace, value) : NULL;
  steps_of(in, steps);
  for (guint i = 0; i < n && i < (guint)in->rank; i++) {
    int d = cs3_onnx_axis(i < n_axes ? axes[i] : i, in->rank);
    gint64 step = i < n_by ? by[i] : 1, extent = in->dims[d];
    gint64 start = starts[i] < 0 ? starts[i] + extent : starts[i];
    first += CLAMP(start, 0, step > 0 ? extent : extent - 1) * steps[d];
    steps[d] *= step;
  }
  if (live != NULL)
    copy_along(value, from, first, steps, live);
  return live;
}

static guint8 *live_concat(Trace *trace, const Cs3OnnxValue *value) {
  int axis = cs3_onnx_axis(cs3_onnx_int(value->maker, "axis", 1), value->rank);
  guint8 *live = axis >= 0 ? fresh(trace, value) : NULL;
  gint64 inner = 1, outer = 1, at = 0;
  for (int d = 0; live != NULL && d < value->rank; d++) {
    inner *= d > axis ? value->dims[d] : 1;
    outer *= d < axis ? value->dims[d] : 1;
  }
  for (guint i = 0; live != NULL && i < value->n_maker_in; i++) {
    const Cs3OnnxValue *in = value->maker_in[i];
    gsize run = (gsize)(in->dims[axis] * inner);
    g_autofree guint8 *part = live_of(trace, in);
    if (part == NULL)
      g_clear_pointer(&live, g_free);
    for (gint64 o = 0; part != NULL && o < outer; o++)
      memcpy(live + o * value->dims[axis] * inner + at, part + (gsize)o * run, run);
    at += (gint64)run;
  }
  return live;
}

static guint8 *live_filled(Trace *trace, const Cs3OnnxValue *value) {
  const Onnx__AttributeProto *fill = cs3_onnx_attribute(value->maker, "value");
  const Onnx__TensorProto *t = fill != NULL ? fill->t : NULL;
  gboolean zero = t == NULL || (t->n_float_data > 0 && t->float_data[0] == 0);
  for (gsize i = 0; t != NULL && t->has_raw_data && i <= t->raw_data.len; i++)
    if (i == t->raw_data.len)
      zero = TRUE;
    else if (t->raw_data.data[i] != 0)
      break;
  guint8 *live = fresh(trace, value);
  if (live != NULL && !zero)
    memset(live, 1, (gsize)cs3_onnx_value_elements(value));
  return live;
}

static guint8 *live_made(Trace *trace, const Cs3OnnxValue *value) {
  const char *op = value->maker_op->name;
  Cs3OnnxValue *const *in = value->maker_in;
  if (g_str_equal(op, "ConstantOfShape"))
    return live_filled(trace, value);
  if (value->n_maker_in < 1 || in[0] == NULL)
    return NULL;
  if (g_str_equal(op, "Transpose"))
    return live_transposed(trace, value);
  if (g_str_equal(op, "Slice"))
    return live_slice(trace, value);
  if (g_str_equal(op, "Concat"))
    return live_concat(trace, value);
  if (g_str_equal(op, "Quant"))
    return live_quant(trace, in, value->n_maker_in);
  if (g_str_equal(op, "DequantizeLinear"))
    return live_against(trace, in[0], value->n_maker_in > 2 ? in[2] : NULL,
                        MAX(0, cs3_onnx_axis(cs3_onnx_int(value->maker, "axis", 1), in[0]->rank)));
  gboolean same = value->maker_op->kind == CS3_ONNX_VIEW || g_str_equal(op, "QuantizeLinear");
  return same && cs3_onnx_value_elements(in[0]) == cs3_onnx_value_elements(value)
             ? live_of(trace, in[0])
             : NULL;
}

/* (transfer full) (nullable) */
static guint8 *live_of(Trace *trace, const Cs3OnnxValue *value) {
  if (cs3_onnx_value_elements(value) < 0)
    return NULL;
  if (value->tensor != NULL) {
    guint8 *live = fresh(trace, value);
    if (live != NULL)
      cs3_onnx_tensor_live(value->tensor, live);
    return live;
  }
  if (value->maker == NULL || trace->depth >= MAX_DEPTH)
    return NULL;
  trace->depth++;
  guint8 *live = live_made(trace, value);
  trace->depth--;
  return live;
}

/* The zero point of a weight that is multiplied as it is stored. */
static const Cs3OnnxValue *zero_point(const Cs3OnnxWork *work) {
  static const struct {
    const char *op;
    guint input;
  } places[] = {{"ConvInteger", 3}, {"MatMulInteger", 3}, {"QLinearConv", 5}, {"QLinearMatMul", 5}};
  for (guint i = 0; i < G_N_ELEMENTS(places); i++)
    if (g_str_equal(work->op->name, places[i].op) && places[i].input < work->n_in)
      return work->in[places[i].input];
  return NULL;
}

guint8 *cs3_onnx_product_live(const Cs3OnnxNet *net, const Cs3OnnxWork *work,
                              const Cs3OnnxProduct *product) {
  const Cs3OnnxValue *zero = zero_point(work);
  gboolean conv = work->window.axes > 0;
  Trace trace = {.left = 64 * ((double)net->file->bytes + (1 << 22))};
  if (!product->weight->constant)
    return NULL;
  return zero != NULL
             ? live_against(&trace, product->weight, zero, conv ? 0 : product->weight->rank - 1)
             : live_of(&trace, product->weight);
}

/* (transfer full): where the elements that @axes count through lie. */
static gint64 *places_of(const Cs3OnnxProduct *p, const gint8 *axes, gint64 n) {
  gint64 steps[CS3_ONNX_MAX_RANK + 2], step = 1;
  for (int d = (int)p->n_dims - 1; d >= 0; d--) {
    steps[d] = step;
    step *= p->dims[d];
  }
  gint64 *places = g_new0(gint64, MAX(1, n));
  for (gint64 i = 0; i < n; i++) {
    gint64 rest = i;
    int last = 0;
    while (axes[last] >= 0)
      last++;
    while (last-- > 0) {
      places[i] += rest % p->dims[axes[last]] * steps[axes[last]];
      rest /= p->dims[axes[last]];
    }
  }
  return places;
}

/* 64 input features of all rows at a time. */
static void fill(Cs3Mask *mask, const guint8 *live, const gint64 *rows, const gint64 *cols) {
  for (gint64 tile = 0; tile < mask->cols; tile += 64)
    for (gint64 n = 0; n < mask->rows; n++) {
      guint64 word = 0;
      for (gint64 k = tile; k < MIN(tile + 64, mask->cols); k++)
        word |= (guint64)(live == NULL || live[rows[n] + cols[k]]) << (k - tile);
      cs3_mask_row(mask, n)[tile / 64] = word;
    }
}

Cs3Mask *cs3_onnx_product_mask(const Cs3OnnxProduct *p, const guint8 *live, gint64 copy,
                               GError **error) {
  gint64 in = p->in / p->groups;
  Cs3Mask *mask = cs3_mask_new(p->out, in, error);
  if (mask == NULL)
    return NULL;
  g_autofree gint64 *rows = places_of(p, p->out_axes, p->out), *cols = places_of(p, p->in_axes, in);
  g_autofree gint64 *copies = places_of(p, p->copy_axes, p->copies);
  fill(mask, live != NULL ? live + copies[copy] : NULL, rows, cols);
  return mask;
}
