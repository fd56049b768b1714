/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making a layer graph from another, operator by operator. */
#include "config.h"

#include "workloads/rewrite.h"

#include <string.h>

void cs3_rewrite_each(Cs3Rewrite *r, void (*replace)(Cs3Rewrite *r, const Cs3Node *node)) {
  g_array_set_size(r->to->nodes, 0);
  for (r->segment = 0; r->segment < r->from->segments->len; r->segment++) {
    const Cs3Segment *old = cs3_graph_segment(r->from, r->segment);
    Cs3Segment *segment = &g_array_index(r->to->segments, Cs3Segment, r->segment);
    segment->first = r->to->nodes->len;
    segment->count = 0;
    for (guint i = 0; i < old->count; i++)
      replace(r, cs3_graph_node(r->from, old->first + i));
  }
}

static const char *text(Cs3Rewrite *r, const char *a, const char *b) {
  g_autofree char *both = a ? g_strconcat(a, b, NULL) : NULL;
  return both ? g_string_chunk_insert_const(r->to->strings, both) : NULL;
}

Cs3Node *cs3_rewrite_add(Cs3Rewrite *r, const Cs3Node *node, const char *suffix) {
  Cs3Node copy = *node;
  copy.segment = r->segment;
  copy.label = text(r, node->label, suffix ? suffix : "");
  copy.tensor = text(r, node->tensor, suffix ? suffix : "");
  g_array_append_val(r->to->nodes, copy);
  g_array_index(r->to->segments, Cs3Segment, r->segment).count++;
  return &g_array_index(r->to->nodes, Cs3Node, r->to->nodes->len - 1);
}

int cs3_rewrite_act(Cs3Rewrite *r, const char *label, const char *suffix, gint64 elements,
                    double rows) {
  Cs3Tensor tensor = {text(r, label, suffix), elements, rows};
  g_array_append_val(r->to->tensors, tensor);
  return (int)r->to->tensors->len - 1;
}

Cs3Tensor *cs3_rewrite_tensor(Cs3Rewrite *r, int index) {
  return &g_array_index(r->to->tensors, Cs3Tensor, index);
}

gboolean cs3_rewrite_is_target(const Cs3Node *node) {
  return node->kind == CS3_NODE_LINEAR && node->sparsifiable && node->groups == 1;
}

gboolean cs3_rewrite_is_grouped(const Cs3Node *node) {
  return node->kind == CS3_NODE_LINEAR && node->sparsifiable && node->groups > 1;
}

void cs3_rewrite_same(Cs3Rewrite *r, const Cs3Node *node) {
  Cs3Node *copy = cs3_rewrite_add(r, node, NULL);
  copy->sparsifiable = cs3_rewrite_is_target(copy);
}

/* The geometry of a layer of other channels. */
static Cs3Convolution geometry(const Cs3Convolution *like, gint64 in, gint64 out, gboolean slides) {
  Cs3Convolution c = *like;
  c.in_channels = in;
  c.out_channels = out;
  if (slides)
    return c;
  c.transposed = FALSE;
  for (int axis = 0; axis < 2; axis++) {
    c.kernel[axis] = c.stride[axis] = c.dilation[axis] = 1;
    c.before[axis] = c.after[axis] = 0;
    c.input[axis] = c.output[axis] = like->transposed ? like->input[axis] : like->output[axis];
  }
  return c;
}

/* Features that become one element of @tensor, or that one becomes: those of the kernel. */
static gint64 features(const Cs3Rewrite *r, int tensor, gint64 kernel) {
  return cs3_graph_tensor(r->to, tensor)->elements * kernel;
}

static void set_features(Cs3Rewrite *r, Cs3Node *node, const Cs3Convolution *c, gint64 kernel) {
  node->in_features = features(r, node->reads[0], c && c->transposed ? 1 : kernel);
  node->out_features = features(r, node->writes[0], c && c->transposed ? kernel : 1);
  node->parameters = node->in_features * node->out_features;
  node->macs = (double)node->parameters;
  node->vector_elements = c && c->transposed ? (double)node->out_features : 0;
}

Cs3Node *cs3_rewrite_linear(Cs3Rewrite *r, const Cs3Node *like, const char *suffix, int in, int out,
                            gboolean slides) {
  Cs3Node *node = cs3_rewrite_add(r, like, suffix);
  const Cs3Convolution *old = cs3_graph_convolution(r->from, like);
  gint64 read = cs3_graph_tensor(r->from, like->reads[0])->elements;
  gint64 kernel = old ? old->kernel[0] * old->kernel[1] : like->in_features / read;
  memset(node->reads, 0xff, sizeof node->reads);
  memset(node->writes, 0xff, sizeof node->writes);
  memset(node->keeps, 0xff, sizeof node->keeps);
  node->reads[0] = node->keeps[0] = in;
  node->writes[0] = out;
  node->bias = FALSE;
  if (!old) {
    set_features(r, node, NULL, slides ? kernel : 1);
    return node;
  }
  Cs3Convolution c = geometry(old, cs3_graph_tensor(r->to, in)->elements,
                              cs3_graph_tensor(r->to, out)->elements, slides);
  g_array_append_val(r->to->convolutions, c);
  node->convolution = r->to->convolutions->len;
  set_features(r, node, &c, slides ? kernel : 1);
  return node;
}

void cs3_rewrite_bias(Cs3Rewrite *r, Cs3Node *node, const Cs3Node *like) {
  const Cs3Convolution *c = cs3_graph_convolution(r->from, like);
  double sums = c && c->transposed ? (double)like->out_features : 0;
  gint64 stored = like->parameters - like->out_features * like->in_features;
  node->bias = like->bias;
  node->parameters += MAX(stored, 0);
  node->vector_elements += like->vector_elements - sums;
}

void cs3_rewrite_sum(Cs3Rewrite *r, const char *label, const int *acts, guint n, int to,
                     double operations) {
  const Cs3Tensor *y = cs3_graph_tensor(r->to, to);
  Cs3Node node = {.label = label,
                  .kind = CS3_NODE_RESIDUAL,
                  .rows = y->rows,
                  .copies = 1,
                  .vector_elements = operations * (double)y->elements,
                  .in_place = n > 1};
  memset(node.reads, 0xff, sizeof node.reads);
  memset(node.writes, 0xff, sizeof node.writes);
  memset(node.keeps, 0xff, sizeof node.keeps);
  for (guint i = 0; i < n; i++)
    node.reads[i] = acts[i];
  node.writes[0] = to;
  cs3_rewrite_add(r, &node, NULL);
}

/* Activations like those that @node writes, under the names of a part of it. */
static void like_writes(Cs3Rewrite *r, const Cs3Node *node, const char *suffix, int *acts) {
  for (guint i = 0; i < CS3_NODE_MAX_WRITES; i++) {
    acts[i] = -1;
    if (node->writes[i] < 0)
      continue;
    Cs3Tensor y = *cs3_graph_tensor(r->to, node->writes[i]);
    acts[i] = cs3_rewrite_act(r, node->label, suffix, y.elements, y.rows);
  }
}

/* V writes as many activations as the layer does. */
static void add_low_rank(Cs3Rewrite *r, const Cs3Node *node, gint64 rank, const char *u_name,
                         const char *v_name, const int *low) {
  const Cs3Convolution *c = cs3_graph_convolution(r->from, node);
  gboolean late = c && c->transposed;
  int u = cs3_rewrite_act(r, node->label, u_name, rank, cs3_node_rows(node));
  cs3_rewrite_linear(r, node, u_name, node->reads[0], u, !late)->sparsifiable = FALSE;
  Cs3Node *v = cs3_rewrite_linear(r, node, v_name, u, low[0], late);
  for (guint i = 0; i < CS3_NODE_MAX_WRITES; i++)
    v->writes[i] = low[i];
  if (!c)
    v->out_features = node->out_features;
  v->parameters = v->out_features * v->in_features;
  v->macs = (double)v->parameters;
  v->sparsifiable = FALSE;
}

void cs3_rewrite_beside(Cs3Rewrite *r, const Cs3Node *node, gint64 rank, const char *u,
                        const char *v, void (*change)(Cs3Node *layer)) {
  int parts[CS3_NODE_MAX_WRITES], low[CS3_NODE_MAX_WRITES];
  like_writes(r, node, "_sparse", parts);
  like_writes(r, node, "_low", low);
  Cs3Node *layer = cs3_rewrite_add(r, node, NULL);
  for (guint i = 0; i < CS3_NODE_MAX_WRITES; i++)
    layer->writes[i] = parts[i];
  if (change != NULL)
    change(layer);
  add_low_rank(r, node, rank, u, v, low);
  for (guint i = 0; i < CS3_NODE_MAX_WRITES && node->writes[i] >= 0; i++) {
    g_autofree char *label = i == 0 ? g_strconcat(node->label, "_sum", NULL)
                                    : g_strdup_printf("%s_sum_%u", node->label, i + 1);
    cs3_rewrite_sum(r, label, (int[]){parts[i], low[i]}, 2, node->writes[i], 1);
  }
}
