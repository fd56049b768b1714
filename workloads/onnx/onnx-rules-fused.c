/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules of norms, and of the fused operators that onnxruntime's transformer optimizer makes
 * (com.microsoft; github.com/microsoft/onnxruntime, docs/ContribOperators.md). */
#include "config.h"

#include <string.h>

#include "workloads/onnx/onnx-op.h"

enum { FLOAT = 1, INT32 = 6 };

static gboolean not_sized(Cs3OnnxCall *call) {
  return cs3_onnx_call_fail(call, "its sizes do not follow from those of the inputs; give more of "
                                  "them with --shape");
}

static Cs3OnnxValue *input(const Cs3OnnxCall *call, guint index) {
  return index < call->n_in ? call->in[index] : NULL;
}

static void set_output(Cs3OnnxCall *call, guint index, int type, int rank, const gint64 *dims) {
  if (index < call->n_out)
    cs3_onnx_set_shape(call->out[index], type, rank, dims);
}

/* Mean and variance follow, which nothing in inference reads. */
gboolean cs3_onnx_infer_norm(Cs3OnnxCall *call) {
  const Cs3OnnxValue *x = call->in[0];
  set_output(call, 0, x->type, x->rank, x->dims);
  return TRUE;
}

/* Outputs: the norm, mean, variance, the sum before it. */
gboolean cs3_onnx_infer_skip_norm(Cs3OnnxCall *call) {
  const Cs3OnnxValue *x = call->in[0];
  set_output(call, 0, x->type, x->rank, x->dims);
  set_output(call, 3, x->type, x->rank, x->dims);
  return TRUE;
}

/* Ids, segment ids, tables of words, positions and segments, scale, shift, mask. */
gboolean cs3_onnx_infer_embed_norm(Cs3OnnxCall *call) {
  const Cs3OnnxValue *ids = call->in[0], *words = input(call, 2);
  if (words == NULL || ids->rank != 2 || words->rank != 2)
    return not_sized(call);
  const gint64 dims[] = {ids->dims[0], ids->dims[1], words->dims[1]};
  set_output(call, 0, words->type, 3, dims);
  set_output(call, 1, INT32, 1, dims);
  set_output(call, 2, words->type, 3, dims);
  return TRUE;
}

gboolean cs3_onnx_infer_rotary(Cs3OnnxCall *call) {
  return cs3_onnx_infer_norm(call);
}

static gboolean attend(Cs3OnnxCall *call, const Cs3OnnxAttention *a) {
  const gint64 all[] = {a->heads,   a->kv_heads, a->head_dim, a->value_dim,
                        a->queries, a->keys,     a->batch};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    if (all[i] < 1 || all[i] > 1 << 30)
      return cs3_onnx_call_fail(call,
                                "heads, their widths or lengths do not follow from its inputs and "
                                "attributes");
  call->work->attends = TRUE;
  call->work->attention = *a;
  return TRUE;
}

/* Tokens that come before, in a cache batch x heads x length x width (or 2 x that). */
static gint64 past_of(const Cs3OnnxValue *past, int axis) {
  return past != NULL && past->rank > axis && past->dims[axis] > 0 ? past->dims[axis] : 0;
}

/* com.microsoft.Attention: input batch x length x hidden, weights hidden x (Q + K + V), bias, mask,
 * past. */
gboolean cs3_onnx_infer_fused_attention(Cs3OnnxCall *call) {
  Cs3OnnxValue *x = call->in[0], *w = call->in[1];
  gint64 heads = cs3_onnx_int(call->node, "num_heads", 0), sizes[3];
  if (x->rank != 3 || w->rank != 2 || cs3_onnx_value_elements(x) < 0 ||
      cs3_onnx_value_elements(w) < 0)
    return not_sized(call);
  if (cs3_onnx_ints(call->node, "qkv_hidden_sizes", sizes, 3) != 3)
    sizes[0] = sizes[1] = sizes[2] = w->dims[1] / 3;
  if (heads < 1 || sizes[0] < heads || x->dims[2] != w->dims[0] || sizes[2] < heads)
    return cs3_onnx_call_fail(call, "num_heads, or its weights, do not go with its input");
  gint64 past = past_of(input(call, 4), 3);
  Cs3OnnxProduct *p = &call->work->products[call->work->n_products++];
  *p = (Cs3OnnxProduct){.x = x, .weight = w, .part = "", .copies = 1, .groups = 1, .n_dims = 2};
  memset(p->copy_axes, -1, sizeof p->copy_axes + sizeof p->out_axes + sizeof p->in_axes);
  p->rows = (double)(x->dims[0] * x->dims[1]);
  p->in = p->dims[0] = w->dims[0];
  p->out = p->dims[1] = w->dims[1];
  p->out_axes[0] = 1;
  p->in_axes[0] = 0;
  const Cs3OnnxAttention a = {.heads = heads,
                              .kv_heads = heads,
                              .head_dim = sizes[0] / heads,
                              .value_dim = sizes[2] / heads,
                              .queries = x->dims[1],
                              .keys = x->dims[1] + past,
                              .batch = x->dims[0],
                              .causal = cs3_onnx_int(call->node, "unidirectional", 0) != 0};
  const gint64 out[] = {x->dims[0], x->dims[1], sizes[2]};
  const gint64 present[] = {2, x->dims[0], heads, x->dims[1] + past, sizes[1] / heads};
  set_output(call, 0, x->type, 3, out);
  set_output(call, 1, x->type, 5, present);
  return attend(call, &a);
}

/* Query (or Q, K, V packed), key, value, past key, past value, ...: batch x length x heads * width.
 */
gboolean cs3_onnx_infer_group_query(Cs3OnnxCall *call) {
  Cs3OnnxValue *q = call->in[0], *k = input(call, 1), *past = input(call, 3);
  gint64 heads = cs3_onnx_int(call->node, "num_heads", 0);
  gint64 kv_heads = cs3_onnx_int(call->node, "kv_num_heads", heads);
  if (q->rank != 3 || cs3_onnx_value_elements(q) < 0)
    return not_sized(call);
  gint64 parts = k != NULL ? heads : heads + 2 * kv_heads;
  if (heads < 1 || kv_heads < 1 || parts > 1 << 24)
    return cs3_onnx_call_fail(call, "num_heads, kv_num_heads: expected at least 1");
  gint64 width = q->dims[2] / parts, before = past_of(past, 2);
  const Cs3OnnxAttention a = {.heads = heads,
                              .kv_heads = kv_heads,
                              .head_dim = width,
                              .value_dim = width,
                              .queries = q->dims[1],
                              .keys = q->dims[1] + before,
                              .batch = q->dims[0],
                              .causal = TRUE};
  const gint64 out[] = {q->dims[0], q->dims[1], heads * width};
  const gint64 present[] = {q->dims[0], kv_heads, a.keys, width};
  set_output(call, 0, q->type, 3, out);
  set_output(call, 1, q->type, 4, present);
  set_output(call, 2, q->type, 4, present);
  return attend(call, &a);
}

/* com.microsoft.MultiHeadAttention: query, key, value of batch x length x hidden (or packed). */
gboolean cs3_onnx_infer_multi_head(Cs3OnnxCall *call) {
  Cs3OnnxValue *q = call->in[0], *k = input(call, 1), *v = input(call, 2);
  gint64 heads = cs3_onnx_int(call->node, "num_heads", 0);
  if (heads < 1 || q->rank != 3 || cs3_onnx_value_elements(q) < 0 || k == NULL || v == NULL ||
      k->rank != 3 || v->rank != 3)
    return cs3_onnx_call_fail(call,
                              "expected num_heads, and Q, K and V of batch x length x hidden");
  gint64 past = past_of(input(call, 6), 2);
  const Cs3OnnxAttention a = {.heads = heads,
                              .kv_heads = heads,
                              .head_dim = q->dims[2] / heads,
                              .value_dim = v->dims[2] / heads,
                              .queries = q->dims[1],
                              .keys = k->dims[1] + past,
                              .batch = q->dims[0],
                              .causal = cs3_onnx_int(call->node, "unidirectional", 0) != 0};
  const gint64 out[] = {q->dims[0], q->dims[1], v->dims[2]};
  const gint64 present[] = {q->dims[0], heads, a.keys, a.head_dim};
  set_output(call, 0, q->type, 3, out);
  set_output(call, 1, q->type, 4, present);
  set_output(call, 2, q->type, 4, present);
  return attend(call, &a);
}

/* ai.onnx Attention (opset 23): Q, K, V of batch x heads x length x width, or batch x length x
 * hidden with q_num_heads, kv_num_heads. */
gboolean cs3_onnx_infer_attention_op(Cs3OnnxCall *call) {
  const Cs3OnnxValue *q = call->in[0], *k = call->in[1], *v = call->in[2];
  gboolean split = q->rank == 4;
  gint64 heads = split ? q->dims[1] : cs3_onnx_int(call->node, "q_num_heads", 0);
  gint64 kv_heads = split ? k->dims[1] : cs3_onnx_int(call->node, "kv_num_heads", heads);
  if (q->rank < 3 || q->rank > 4 || k->rank != q->rank || v->rank != q->rank || heads < 1 ||
      kv_heads < 1)
    return not_sized(call);
  int last = q->rank - 1;
  const Cs3OnnxAttention a = {.heads = heads,
                              .kv_heads = kv_heads,
                              .head_dim = q->dims[last] / (split ? 1 : heads),
                              .value_dim = v->dims[last] / (split ? 1 : kv_heads),
                              .queries = q->dims[last - 1],
                              .keys = k->dims[last - 1] + past_of(input(call, 4), 2),
                              .batch = q->dims[0],
                              .causal = cs3_onnx_int(call->node, "is_causal", 0) != 0};
  gint64 out[4];
  memcpy(out, q->dims, sizeof out);
  out[last] = split ? a.value_dim : heads * a.value_dim;
  set_output(call, 0, q->type, q->rank, out);
  return attend(call, &a);
}
