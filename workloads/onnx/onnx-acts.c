/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Activations and parameters of a layer graph that is made of ONNX nodes. */
#include "config.h"

#include "workloads/config-reader.h"
#include "workloads/onnx/onnx-build.h"

/* --- parameters ------------------------------------------------------------------------------- */

/* Parameters behind @value that no node has yet. */
gint64 cs3_onnx_claim(Cs3OnnxBuild *build, const Cs3OnnxValue *value, guint depth) {
  enum { MAX_DEPTH = 64 };
  if (value == NULL || !value->constant || depth > MAX_DEPTH)
    return 0;
  const void *key = value->tensor != NULL ? (const void *)value->tensor : value;
  if (!g_hash_table_add(build->claimed, (gpointer)key))
    return 0;
  if (value->tensor != NULL) {
    Cs3OnnxClass class = cs3_onnx_class(value->type);
    return class == CS3_ONNX_FLOAT || class == CS3_ONNX_QUANTISED ? value->tensor->elements : 0;
  }
  gint64 n = 0;
  for (guint i = 0; i < value->n_maker_in; i++)
    n += cs3_onnx_claim(build, value->maker_in[i], depth + 1);
  return n;
}

gint64 cs3_onnx_claim_all(Cs3OnnxBuild *build, const Cs3OnnxWork *work) {
  gint64 n = 0;
  for (guint i = 0; i < work->n_in; i++)
    n += cs3_onnx_claim(build, work->in[i], 0);
  return n;
}

/* --- activations ------------------------------------------------------------------------------ */

/* Elements of one row: the channels of an image, the features of a token. */
static gint64 row_elements(const Cs3OnnxValue *v) {
  gint64 width = v->rank == 0 ? 1 : v->rank >= 4 ? v->dims[1] : v->dims[v->rank - 1];
  return MAX(1, width);
}

gint64 cs3_onnx_width(const Cs3OnnxBuild *build, const Cs3OnnxValue *root) {
  gpointer known = g_hash_table_lookup(build->widths, root);
  return known != NULL ? (gint64)GPOINTER_TO_SIZE(known) : row_elements(root);
}

void cs3_onnx_set_width(Cs3OnnxBuild *build, Cs3OnnxValue *value, gint64 width) {
  Cs3OnnxValue *root = cs3_onnx_root(value);
  if (root != NULL && width > 0 && cs3_onnx_value_elements(root) % width == 0)
    g_hash_table_insert(build->widths, root, GSIZE_TO_POINTER((gsize)width));
}

/* What slides over one axis has channels as what slides over two, whatever lies around it. */
void cs3_onnx_find_widths(Cs3OnnxBuild *build) {
  for (guint i = 0; i < build->net->works->len; i++) {
    const Cs3OnnxWork *work = &g_array_index(build->net->works, Cs3OnnxWork, i);
    if (work->window.axes != 1 || work->n_out == 0)
      continue;
    cs3_onnx_set_width(build, work->products[0].x, work->products[0].x->dims[1]);
    cs3_onnx_set_width(build, work->out[0], work->out[0]->dims[1]);
  }
}

Cs3Act cs3_onnx_new_act(Cs3OnnxBuild *build, const Cs3OnnxValue *root) {
  g_autofree char *name = cs3_config_clean(root->name);
  gint64 width = cs3_onnx_width(build, root);
  double rows = (double)cs3_onnx_value_elements(root) / (double)width;
  return cs3_builder_act(build->b, name, width, rows);
}

/* The activation of @value in the open segment; CS3_NO_ACT: it is none. */
Cs3Act cs3_onnx_act(Cs3OnnxBuild *build, Cs3OnnxValue *value) {
  Cs3OnnxValue *root = cs3_onnx_root(value);
  if (!cs3_onnx_is_activation(root))
    return CS3_NO_ACT;
  gpointer known = g_hash_table_lookup(build->acts, root);
  Cs3Act act = known != NULL ? GPOINTER_TO_INT(known) - 1 : cs3_onnx_new_act(build, root);
  g_hash_table_insert(build->acts, root, GINT_TO_POINTER(act + 1));
  return act;
}

/* What a node writes: later nodes find it. */
Cs3Act cs3_onnx_make_act(Cs3OnnxBuild *build, Cs3OnnxValue *value) {
  Cs3Act act = cs3_onnx_act(build, value);
  Cs3OnnxValue *root = cs3_onnx_root(value);
  if (act != CS3_NO_ACT && !g_ptr_array_find(build->alive, root, NULL))
    g_ptr_array_add(build->alive, root);
  return act;
}

/* Adds @act to what @node reads unless it is there or there is no room. */
void cs3_onnx_read_once(Cs3Node *node, Cs3Act act) {
  for (int i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++)
    if (node->reads[i] == act)
      return;
  if (node->reads[CS3_NODE_MAX_READS - 1] < 0)
    cs3_node_read(node, act);
}

void cs3_onnx_keep_once(Cs3Node *node, Cs3Act act) {
  for (int i = 0; i < CS3_NODE_MAX_KEEPS && node->keeps[i] >= 0; i++)
    if (node->keeps[i] == act)
      return;
  if (node->keeps[CS3_NODE_MAX_KEEPS - 1] < 0)
    cs3_node_keep(node, act);
}
