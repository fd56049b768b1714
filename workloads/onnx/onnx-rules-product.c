/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of products: matrices, convolutions, recurrent layers, sums of Einstein. MACs count padding
 * and no biases. */
#include "config.h"

#include <string.h>

#include "workloads/onnx/onnx-op.h"

enum { FLOAT = 1, INT32 = 6 };

static gint64 product_of(const gint64 *dims, int first, int end) {
  gint64 n = 1;
  for (int d = first; d < end; d++)
    if (dims[d] < 0 || __builtin_mul_overflow(n, dims[d], &n) || n > (gint64)1 << 48)
      return -1;
  return n;
}

static Cs3OnnxProduct *add_product(Cs3OnnxCall *call, Cs3OnnxValue *x, Cs3OnnxValue *weight,
                                   const char *part) {
  Cs3OnnxProduct *p = &call->work->products[call->work->n_products++];
  *p = (Cs3OnnxProduct){.x = x, .weight = weight, .part = part, .copies = 1, .groups = 1};
  memset(p->copy_axes, -1, sizeof p->copy_axes);
  memset(p->out_axes, -1, sizeof p->out_axes);
  memset(p->in_axes, -1, sizeof p->in_axes);
  return p;
}

static gboolean not_sized(Cs3OnnxCall *call) {
  return cs3_onnx_call_fail(call, "its sizes do not follow from those of the inputs; give more of "
                                  "them with --shape or --value");
}

static gboolean sized(const Cs3OnnxValue *value) {
  return cs3_onnx_value_elements(value) >= 0;
}

/* --- matrices --------------------------------------------------------------------------------- */

/* Extents of a matrix; a vector is a row (of the left) or a column (of the right). */
static void matrix_of(const Cs3OnnxValue *v, gboolean left, gint64 *rows, gint64 *cols) {
  *rows = v->rank == 1 ? (left ? 1 : v->dims[0]) : v->dims[v->rank - 2];
  *cols = v->rank == 1 ? (left ? v->dims[0] : 1) : v->dims[v->rank - 1];
}

static gint64 batch_of(const Cs3OnnxValue *v) {
  return product_of(v->dims, 0, MAX(0, v->rank - 2));
}

/* The weight's extents, leading ones as copies, then two; @turned: input x output features. */
static void lay_matrix(Cs3OnnxProduct *p, const Cs3OnnxValue *w, gboolean turned) {
  gint64 rows, cols;
  matrix_of(w, FALSE, &rows, &cols);
  const gint64 dims[] = {batch_of(w), rows, cols};
  memcpy(p->dims, dims, sizeof dims);
  p->n_dims = 3;
  p->copy_axes[0] = 0;
  p->out_axes[0] = turned ? 2 : 1;
  p->in_axes[0] = turned ? 1 : 2;
}

/* @m x @k times @k x @n, @batch times. A constant stands for a weight, on either side; one that all
 * share is applied to all rows. */
static void multiply(Cs3OnnxCall *call, Cs3OnnxValue *a, Cs3OnnxValue *b, gint64 batch, gint64 m,
                     gint64 k, gint64 n) {
  gboolean left = a->constant && !b->constant;
  Cs3OnnxValue *w = left ? a : b;
  Cs3OnnxProduct *p = add_product(call, left ? b : a, w, "");
  gint64 copies = batch_of(w);
  p->copies = copies == batch && copies > 1 ? copies : 1;
  if (!w->constant)
    p->copies = batch;
  p->rows = (double)(left ? n : m) * (double)batch / (double)p->copies;
  p->out = left ? m : n;
  p->in = k;
  lay_matrix(p, w, !left);
}

static gboolean matmul_of(Cs3OnnxCall *call, Cs3OnnxValue *a, Cs3OnnxValue *b, int type) {
  gint64 m, k, k2, n, dims[CS3_ONNX_MAX_RANK];
  if (a->rank < 1 || b->rank < 1 || !sized(a) || !sized(b))
    return not_sized(call);
  matrix_of(a, TRUE, &m, &k);
  matrix_of(b, FALSE, &k2, &n);
  if (k != k2)
    return cs3_onnx_call_fail(call,
                              "%" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " times %" G_GINT64_FORMAT
                              " x %" G_GINT64_FORMAT,
                              m, k, k2, n);
  Cs3OnnxValue lead_a = *a, lead_b = *b, *both[] = {&lead_a, &lead_b};
  lead_a.rank = MAX(0, a->rank - 2);
  lead_b.rank = MAX(0, b->rank - 2);
  Cs3OnnxCall pair = *call;
  pair.in = both;
  pair.n_in = 2;
  int rank = cs3_onnx_broadcast(&pair, dims);
  if (rank == -2)
    return FALSE;
  multiply(call, a, b, product_of(dims, 0, rank), m, k, n);
  if (a->rank > 1)
    dims[rank++] = m;
  if (b->rank > 1)
    dims[rank++] = n;
  if (call->n_out > 0)
    cs3_onnx_set_shape(call->out[0], type, rank, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_matmul(Cs3OnnxCall *call) {
  return matmul_of(call, call->in[0], call->in[1], call->in[0]->type);
}

gboolean cs3_onnx_infer_matmul_integer(Cs3OnnxCall *call) {
  gboolean to_float = g_str_has_suffix(call->op->name, "ToFloat");
  return matmul_of(call, call->in[0], call->in[1], to_float ? FLOAT : INT32);
}

/* a, its scale and zero point, b, its scale and zero point, those of y. */
gboolean cs3_onnx_infer_qlinear_matmul(Cs3OnnxCall *call) {
  return matmul_of(call, call->in[0], call->in[3], call->in[0]->type);
}

/* Of two, with scales between: a, scale, zero point, b, scale, zero point. */
gboolean cs3_onnx_infer_qlinear(Cs3OnnxCall *call) {
  Cs3OnnxValue *both[] = {call->in[0], call->n_in > 3 ? call->in[3] : NULL};
  Cs3OnnxCall pair = *call;
  gint64 dims[CS3_ONNX_MAX_RANK];
  pair.in = both;
  pair.n_in = both[1] != NULL && strstr(call->op->name, "Sigmoid") == NULL &&
                      strstr(call->op->name, "Relu") == NULL
                  ? 2
                  : 1;
  int rank = cs3_onnx_broadcast(&pair, dims);
  if (rank == -2)
    return FALSE;
  if (call->n_out > 0)
    cs3_onnx_set_shape(call->out[0], call->in[0]->type, rank, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_gemm(Cs3OnnxCall *call) {
  Cs3OnnxValue *a = call->in[0], *b = call->in[1];
  gboolean turn_a = cs3_onnx_int(call->node, "transA", 0) != 0;
  gboolean turn_b = cs3_onnx_int(call->node, "transB", 0) != 0;
  if (a->rank != 2 || b->rank != 2 || !sized(a) || !sized(b))
    return not_sized(call);
  gint64 m = a->dims[turn_a], k = a->dims[!turn_a], n = b->dims[!turn_b];
  if (k != b->dims[turn_b])
    return cs3_onnx_call_fail(call, "%" G_GINT64_FORMAT " and %" G_GINT64_FORMAT " input features",
                              k, b->dims[turn_b]);
  gboolean left = a->constant && !b->constant;
  multiply(call, a, b, 1, m, k, n);
  Cs3OnnxProduct *p = &call->work->products[0];
  gboolean turned = left ? turn_a : !turn_b;
  p->out_axes[0] = turned ? 2 : 1;
  p->in_axes[0] = turned ? 1 : 2;
  const gint64 dims[] = {m, n};
  cs3_onnx_set_shape(call->out[0], a->type, 2, dims);
  return TRUE;
}

/* --- convolutions ----------------------------------------------------------------------------- */

/* Kernel, strides, dilations and pads of a node on @axes axes. */
typedef struct {
  gint64 kernel[3], stride[3], dilation[3], before[3], after[3], more[3];
  gboolean same; /* auto_pad: as large as the input over the stride */
} Window;

static gboolean read_window(Cs3OnnxCall *call, guint axes, const gint64 *kernel, Window *w) {
  gint64 pads[6] = {0};
  const Onnx__AttributeProto *pad = cs3_onnx_attribute(call->node, "auto_pad");
  guint n = cs3_onnx_ints(call->node, "pads", pads, 2 * axes);
  *w = (Window){.stride = {1, 1, 1}, .dilation = {1, 1, 1}};
  cs3_onnx_ints(call->node, "strides", w->stride, axes);
  cs3_onnx_ints(call->node, "dilations", w->dilation, axes);
  cs3_onnx_ints(call->node, "output_padding", w->more, axes);
  if (cs3_onnx_ints(call->node, "kernel_shape", w->kernel, axes) == 0)
    memcpy(w->kernel, kernel, axes * sizeof *kernel);
  w->same = pad != NULL && pad->has_s && pad->s.len > 4 && memcmp(pad->s.data, "SAME", 4) == 0;
  for (guint i = 0; i < axes; i++) {
    w->before[i] = n == 2 * axes ? pads[i] : 0;
    w->after[i] = n == 2 * axes ? pads[axes + i] : 0;
    const gint64 all[] = {w->kernel[i], w->stride[i], w->dilation[i]};
    for (guint k = 0; k < 3; k++)
      if (all[k] < 1 || all[k] > 1 << 30 || ABS(w->before[i]) > 1 << 30 ||
          ABS(w->after[i]) > 1 << 30)
        return cs3_onnx_call_fail(
            call, "kernel, strides, dilations: expected at least 1, pads below 2^30");
  }
  return TRUE;
}

static gint64 windows_along(const Window *w, guint i, gint64 extent, gboolean up) {
  gint64 span = (w->kernel[i] - 1) * w->dilation[i] + 1;
  gint64 room = extent + w->before[i] + w->after[i] - span;
  if (w->same)
    return (extent + w->stride[i] - 1) / w->stride[i];
  return room < 0 ? 0 : (room + (up ? w->stride[i] - 1 : 0)) / w->stride[i] + 1;
}

/* What auto_pad adds: as much as the last window needs, the odd one behind. */
static void pad_same(Window *w, guint axes, const gint64 *in, const gint64 *out) {
  for (guint i = 0; w->same && i < axes; i++) {
    gint64 span = (w->kernel[i] - 1) * w->dilation[i] + 1;
    gint64 zeros = MAX(0, (out[i] - 1) * w->stride[i] + span - in[i]);
    w->before[i] = zeros / 2;
    w->after[i] = zeros - zeros / 2;
  }
}

static void describe(Cs3OnnxCall *call, const Window *w, guint axes, const gint64 *in,
                     const gint64 *out, gboolean transposed) {
  Cs3OnnxWindow *window = &call->work->window;
  window->axes = axes;
  window->transposed = transposed;
  for (guint i = 0; i < axes; i++) {
    window->kernel[i] = w->kernel[i];
    window->stride[i] = w->stride[i];
    window->dilation[i] = w->dilation[i];
    window->before[i] = w->before[i];
    window->after[i] = w->after[i];
    window->in[i] = in[i];
    window->out[i] = out[i];
  }
}

/* N x C x ... with weights M x C/group x kernel. */
static gboolean conv_of(Cs3OnnxCall *call, Cs3OnnxValue *x, Cs3OnnxValue *w, int type) {
  gint64 groups = cs3_onnx_int(call->node, "group", 1), dims[CS3_ONNX_MAX_RANK];
  guint axes = x->rank > 2 ? (guint)x->rank - 2 : 0;
  Window window;
  if (x->rank < 0 || w->rank < 0 || !sized(x) || !sized(w))
    return not_sized(call);
  if (axes < 1 || axes > 3 || w->rank != x->rank || groups < 1 || w->dims[0] % groups != 0 ||
      x->dims[1] != w->dims[1] * groups)
    return cs3_onnx_call_fail(
        call,
        "expected an image of 1 to 3 axes and weights for its %" G_GINT64_FORMAT
        " channels in %" G_GINT64_FORMAT " groups",
        x->rank > 1 ? x->dims[1] : 0, groups);
  if (!read_window(call, axes, w->dims + 2, &window))
    return FALSE;
  dims[0] = x->dims[0];
  dims[1] = w->dims[0];
  for (guint i = 0; i < axes; i++)
    dims[2 + i] = windows_along(&window, i, x->dims[2 + i], FALSE);
  pad_same(&window, axes, x->dims + 2, dims + 2);
  Cs3OnnxProduct *p = add_product(call, x, w, "");
  p->rows = (double)x->dims[0] * (double)product_of(dims, 2, x->rank);
  p->out = w->dims[0];
  p->in = product_of(w->dims, 1, w->rank) * groups;
  p->groups = groups;
  p->n_dims = 2;
  p->dims[0] = p->out;
  p->dims[1] = p->in / groups;
  p->out_axes[0] = 0;
  p->in_axes[0] = 1;
  describe(call, &window, axes, x->dims + 2, dims + 2, FALSE);
  if (call->n_out > 0)
    cs3_onnx_set_shape(call->out[0], type, x->rank, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_conv(Cs3OnnxCall *call) {
  return conv_of(call, call->in[0], call->in[1], call->in[0]->type);
}

gboolean cs3_onnx_infer_conv_integer(Cs3OnnxCall *call) {
  return conv_of(call, call->in[0], call->in[1], INT32);
}

/* x, scale, zero point, w, scale, zero point, those of y, bias. */
gboolean cs3_onnx_infer_qlinear_conv(Cs3OnnxCall *call) {
  return conv_of(call, call->in[0], call->in[3], call->in[0]->type);
}

/* Extents of the result, and the padding that makes them so where they are asked for: ONNX's
 * formulas, the odd one behind (before, with SAME_LOWER; the sizes are the same). */
static gboolean transposed_extents(Cs3OnnxCall *call, Window *w, guint axes, gint64 *dims) {
  const Cs3OnnxValue *x = call->in[0];
  gint64 asked[3];
  guint n = cs3_onnx_ints(call->node, "output_shape", asked, 3);
  for (guint i = 0; i < axes; i++) {
    gint64 span = (w->kernel[i] - 1) * w->dilation[i] + 1;
    gint64 all = w->stride[i] * (x->dims[2 + i] - 1) + w->more[i] + span;
    gboolean fixed = n == axes || w->same;
    dims[i] = n == axes ? asked[i] : x->dims[2 + i] * w->stride[i];
    if (fixed) {
      w->before[i] = (all - dims[i]) / 2;
      w->after[i] = all - dims[i] - w->before[i];
    }
    dims[i] = all - w->before[i] - w->after[i];
    if (dims[i] < 1 || dims[i] > (gint64)1 << 40)
      return cs3_onnx_call_fail(call, "nothing is left of axis %u", i);
  }
  return TRUE;
}

/* Weights C x M/group x kernel: every position of the image makes M kernels, which are added where
 * they overlap. */
gboolean cs3_onnx_infer_conv_transpose(Cs3OnnxCall *call) {
  Cs3OnnxValue *x = call->in[0], *w = call->in[1];
  gint64 groups = cs3_onnx_int(call->node, "group", 1), dims[CS3_ONNX_MAX_RANK];
  guint axes = x->rank > 2 ? (guint)x->rank - 2 : 0;
  Window window;
  if (x->rank < 0 || w->rank < 0 || !sized(x) || !sized(w))
    return not_sized(call);
  if (axes < 1 || axes > 3 || w->rank != x->rank || groups < 1 || x->dims[1] != w->dims[0] ||
      w->dims[0] % groups != 0)
    return cs3_onnx_call_fail(call,
                              "expected an image of 1 to 3 axes and weights for its channels");
  if (!read_window(call, axes, w->dims + 2, &window) ||
      !transposed_extents(call, &window, axes, dims + 2))
    return FALSE;
  dims[0] = x->dims[0];
  dims[1] = w->dims[1] * groups;
  gint64 filters = product_of(w->dims, 1, w->rank);
  Cs3OnnxProduct *p = add_product(call, x, w, "");
  p->rows = (double)x->dims[0] * (double)product_of(x->dims, 2, x->rank);
  p->out = filters * groups;
  p->in = w->dims[0];
  p->groups = groups;
  p->n_dims = 3;
  p->dims[0] = groups;
  p->dims[1] = p->in / groups;
  p->dims[2] = filters;
  p->out_axes[0] = 0;
  p->out_axes[1] = 2;
  p->in_axes[0] = 1;
  describe(call, &window, axes, x->dims + 2, dims + 2, TRUE);
  if (call->n_out > 0)
    cs3_onnx_set_shape(call->out[0], x->type, x->rank, dims);
  return TRUE;
}

/* --- Einstein sums ---------------------------------------------------------------------------- */

enum { LETTERS = 128 };

/* Extents by letter, of an operand without ellipsis. */
static gboolean read_term(Cs3OnnxCall *call, const char *term, gsize length, const Cs3OnnxValue *v,
                          gint64 *extent) {
  if (!sized(v))
    return not_sized(call);
  if ((gsize)v->rank != length)
    return cs3_onnx_call_fail(call, "its equation does not have as many letters as extents");
  for (gsize i = 0; i < length; i++) {
    gint64 *known = &extent[(guint)term[i] % LETTERS];
    if (!g_ascii_isalpha(term[i]) || (*known > 1 && v->dims[i] > 1 && *known != v->dims[i]))
      return cs3_onnx_call_fail(
          call, "its equation does not go with its inputs (an ellipsis is not read)");
    *known = MAX(*known, v->dims[i]);
  }
  return TRUE;
}

static gboolean has(const char *term, gsize length, char letter) {
  return memchr(term, letter, length) != NULL;
}

/* Letters of the weight @term by what they are: copies are in all three, features in or out. */
static void lay_letters(Cs3OnnxProduct *p, const char *term, gsize length, const char *other,
                        gsize other_length, const char *result, const gint64 *extent) {
  guint n_copies = 0, n_out = 0, n_in = 0;
  p->out = p->in = 1;
  for (gsize i = 0; i < length; i++) {
    gint64 size = p->dims[i] = extent[(guint)term[i] % LETTERS];
    gboolean kept = strchr(result, term[i]) != NULL, shared = has(other, other_length, term[i]);
    if (kept && shared) {
      p->copy_axes[n_copies++] = (gint8)i;
      p->copies *= size;
    } else if (kept) {
      p->out_axes[n_out++] = (gint8)i;
      p->out *= size;
    } else {
      p->in_axes[n_in++] = (gint8)i;
      p->in *= size;
    }
  }
  p->n_dims = (guint)length;
  p->rows = 1;
  for (gsize i = 0; i < other_length; i++)
    if (!has(term, length, other[i]))
      p->rows *= (double)extent[(guint)other[i] % LETTERS];
}

/* (transfer full): the equation of @call without blanks. */
static char *equation_of(const Cs3OnnxCall *call) {
  const Onnx__AttributeProto *a = cs3_onnx_attribute(call->node, "equation");
  g_autoptr(GString) text = g_string_new(NULL);
  for (gsize i = 0; a != NULL && a->has_s && i < a->s.len; i++)
    if (!g_ascii_isspace(a->s.data[i]) && a->s.data[i] != '\0')
      g_string_append_c(text, (char)a->s.data[i]);
  return g_strdup(text->str);
}

gboolean cs3_onnx_infer_einsum(Cs3OnnxCall *call) {
  g_autofree char *text = equation_of(call);
  g_auto(GStrv) parts = g_strsplit(text, "->", 2);
  const char *left = parts[0] != NULL ? parts[0] : "",
             *result = parts[0] && parts[1] ? parts[1] : "";
  g_auto(GStrv) terms = g_strsplit(left, ",", -1);
  gint64 extent[LETTERS] = {0}, dims[CS3_ONNX_MAX_RANK];
  if (g_strv_length(terms) != call->n_in || call->n_in > 2 || call->n_in < 1 || !parts[0] ||
      !parts[1] || strlen(result) > CS3_ONNX_MAX_RANK)
    return cs3_onnx_call_fail(call, "equation: expected one or two operands and '->'");
  for (guint i = 0; i < call->n_in; i++)
    if (call->in[i] == NULL || !read_term(call, terms[i], strlen(terms[i]), call->in[i], extent))
      return call->in[i] != NULL ? FALSE : cs3_onnx_call_fail(call, "lacks an operand");
  int rank = 0;
  for (const char *c = result; *c != '\0'; c++)
    dims[rank++] = extent[(guint)*c % LETTERS];
  if (call->n_in == 2) {
    guint w = call->in[0]->constant && !call->in[1]->constant ? 0 : 1;
    Cs3OnnxProduct *p = add_product(call, call->in[!w], call->in[w], "");
    lay_letters(p, terms[w], strlen(terms[w]), terms[!w], strlen(terms[!w]), result, extent);
  }
  cs3_onnx_set_shape(call->out[0], call->in[0]->type, rank, dims);
  return TRUE;
}

/* --- recurrent layers ------------------------------------------------------------------------- */

/* X: steps x batch x input, W: directions x gates x input, R: directions x gates x hidden. The
 * products of all steps; that each waits for the one before is not followed. */
gboolean cs3_onnx_infer_recurrent(Cs3OnnxCall *call) {
  Cs3OnnxValue *x = call->in[0], *w = call->in[1], *r = call->in[2];
  if (x->rank != 3 || w->rank != 3 || r->rank != 3 || !sized(x) || !sized(w) || !sized(r))
    return not_sized(call);
  gint64 directions = w->dims[0], gates = w->dims[1], hidden = r->dims[2];
  if (x->dims[2] != w->dims[2] || r->dims[0] != directions || r->dims[1] != gates)
    return cs3_onnx_call_fail(call, "W and R do not go with each other or with X");
  gboolean batch_first = cs3_onnx_int(call->node, "layout", 0) != 0;
  gint64 steps = x->dims[batch_first ? 1 : 0], batch = x->dims[batch_first ? 0 : 1];
  Cs3OnnxProduct *p = add_product(call, x, w, ".W");
  lay_matrix(p, w, FALSE);
  p->rows = (double)(steps * batch);
  p->out = directions * gates;
  p->in = x->dims[2];
  p->out_axes[0] = 0;
  p->out_axes[1] = 1;
  p->copy_axes[0] = -1;
  p = add_product(call, x, r, ".R");
  lay_matrix(p, r, FALSE);
  p->rows = (double)(steps * batch);
  p->out = directions * gates;
  p->in = directions * hidden;
  p->groups = directions;
  p->out_axes[0] = 0;
  p->out_axes[1] = 1;
  p->copy_axes[0] = -1;
  gint64 all[] = {steps, directions, batch, hidden}, last[] = {directions, batch, hidden};
  for (guint i = 0; i < call->n_out; i++)
    cs3_onnx_set_shape(call->out[i], x->type, i == 0 ? 4 : 3, i == 0 ? all : last);
  return TRUE;
}

/* --- pooling ---------------------------------------------------------------------------------- */

gboolean cs3_onnx_infer_pool(Cs3OnnxCall *call) {
  const Cs3OnnxValue *x = call->in[0];
  gint64 dims[CS3_ONNX_MAX_RANK];
  guint axes = x->rank > 2 ? (guint)x->rank - 2 : 0;
  const gint64 one[] = {1, 1, 1};
  Window w;
  if (axes < 1 || axes > 3 || !read_window(call, axes, one, &w))
    return axes >= 1 && axes <= 3 ? FALSE : TRUE;
  memcpy(dims, x->dims, sizeof dims);
  for (guint i = 0; i < axes; i++)
    dims[2 + i] = x->dims[2 + i] < 0 ? -1
                                     : windows_along(&w, i, x->dims[2 + i],
                                                     cs3_onnx_int(call->node, "ceil_mode", 0) != 0);
  for (guint i = 0; i < call->n_out; i++)
    cs3_onnx_set_shape(call->out[i], x->type, x->rank, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_global_pool(Cs3OnnxCall *call) {
  const Cs3OnnxValue *x = call->in[0];
  gint64 dims[CS3_ONNX_MAX_RANK];
  for (int d = 0; d < x->rank; d++)
    dims[d] = d < 2 ? x->dims[d] : 1;
  if (call->n_out > 0)
    cs3_onnx_set_shape(call->out[0], x->type, x->rank, dims);
  return TRUE;
}
