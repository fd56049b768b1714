/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters of an ONNX file: what its initialisers and Constant nodes hold, in all branches. */
#include "config.h"

#include "workloads/onnx/onnx-net.h"

/* Inputs that are zero points. */
static const struct {
  const char *op;
  guint inputs[3];
} zero_points[] = {
    {"QuantizeLinear", {2}},   {"DequantizeLinear", {2}},  {"ConvInteger", {2, 3}},
    {"MatMulInteger", {2, 3}}, {"QLinearConv", {2, 5, 7}}, {"QLinearMatMul", {2, 5, 7}},
    {"QLinearAdd", {2, 5, 7}}, {"QLinearMul", {2, 5, 7}},  {"MatMulIntegerToFloat", {4, 5}},
};

static void note_zero_points(const Onnx__NodeProto *node, GHashTable *names) {
  for (guint i = 0; i < G_N_ELEMENTS(zero_points); i++)
    for (guint k = 0; k < 3 && g_strcmp0(node->op_type, zero_points[i].op) == 0; k++) {
      guint at = zero_points[i].inputs[k];
      if (at > 0 && at < node->n_input)
        g_hash_table_add(names, node->input[at]);
    }
}

static void count_tensor(Cs3OnnxNet *net, const Cs3OnnxTensor *tensor, gboolean constant,
                         gboolean zero_point) {
  Cs3OnnxCounts *c = &net->counts;
  if (cs3_onnx_class(tensor->type) == CS3_ONNX_QUANTISED && !zero_point)
    c->quantised += tensor->elements;
  if (cs3_onnx_class(tensor->type) != CS3_ONNX_FLOAT)
    return;
  c->floats += tensor->elements;
  c->floats_constants += constant ? tensor->elements : 0;
  c->zeros += cs3_onnx_tensor_zeros(tensor);
}

static gboolean count_stored(Cs3OnnxNet *net, const Onnx__TensorProto *proto, gboolean constant,
                             GHashTable *zeros, const char *name, GError **error) {
  Cs3OnnxTensor tensor;
  if (!cs3_onnx_tensor_open(net->file, proto, &tensor, error))
    return FALSE;
  count_tensor(net, &tensor, constant, name != NULL && g_hash_table_contains(zeros, name));
  return TRUE;
}

static gboolean count_sparse(Cs3OnnxNet *net, const Onnx__SparseTensorProto *proto,
                             gboolean constant, GError **error) {
  Cs3OnnxTensor tensor;
  gboolean ok = cs3_onnx_tensor_open_sparse(net->file, proto, &tensor, error);
  if (ok)
    count_tensor(net, &tensor, constant, FALSE);
  g_free((gpointer)tensor.live);
  return ok;
}

static gboolean count_graph(Cs3OnnxNet *net, const Onnx__GraphProto *graph, GError **error);

static gboolean count_attribute(Cs3OnnxNet *net, const Onnx__NodeProto *node,
                                const Onnx__AttributeProto *a, GHashTable *zeros, GError **error) {
  gboolean constant = g_strcmp0(node->op_type, "Constant") == 0;
  const char *name = node->n_output > 0 ? node->output[0] : NULL;
  if (constant && a->t != NULL && !count_stored(net, a->t, TRUE, zeros, name, error))
    return FALSE;
  if (constant && a->sparse_tensor != NULL && !count_sparse(net, a->sparse_tensor, TRUE, error))
    return FALSE;
  if (constant && (a->n_floats > 0 || a->has_f)) {
    gint64 n = (gint64)MAX(1, a->n_floats);
    net->counts.floats += n;
    net->counts.floats_constants += n;
    for (gint64 i = 0; i < n; i++)
      net->counts.zeros += (a->n_floats > 0 ? a->floats[i] : a->f) == 0;
  }
  if (a->g != NULL && !count_graph(net, a->g, error))
    return FALSE;
  for (gsize i = 0; i < a->n_graphs; i++)
    if (!count_graph(net, a->graphs[i], error))
      return FALSE;
  return TRUE;
}

static gboolean count_graph(Cs3OnnxNet *net, const Onnx__GraphProto *graph, GError **error) {
  g_autoptr(GHashTable) zeros = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize i = 0; i < graph->n_node; i++)
    note_zero_points(graph->node[i], zeros);
  for (gsize i = 0; i < graph->n_initializer; i++)
    if (!count_stored(net, graph->initializer[i], FALSE, zeros, graph->initializer[i]->name, error))
      return FALSE;
  for (gsize i = 0; i < graph->n_sparse_initializer; i++)
    if (!count_sparse(net, graph->sparse_initializer[i], FALSE, error))
      return FALSE;
  for (gsize i = 0; i < graph->n_node; i++)
    for (gsize k = 0; k < graph->node[i]->n_attribute; k++)
      if (!count_attribute(net, graph->node[i], graph->node[i]->attribute[k], zeros, error))
        return FALSE;
  return TRUE;
}

/* Constants in a function are there once, however often it is called. */
gboolean cs3_onnx_count(Cs3OnnxNet *net, GError **error) {
  const Onnx__ModelProto *model = net->file->proto;
  for (gsize i = 0; i < model->n_functions; i++) {
    Onnx__GraphProto body = {.n_node = model->functions[i]->n_node,
                             .node = model->functions[i]->node};
    if (!count_graph(net, &body, error))
      return FALSE;
  }
  return count_graph(net, model->graph, error);
}
