/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From ONNX nodes to operators of a layer graph. */
#include "config.h"

#include "workloads/onnx/onnx-graph.h"

#include <math.h>
#include <string.h>

#include "workloads/attention-mask.h"
#include "workloads/builder-conv.h"
#include "workloads/builder-private.h"
#include "workloads/config-reader.h"
#include "workloads/onnx/onnx-cut.h"
#include "workloads/onnx/onnx-op.h"

/* A graph as it is composed. */
typedef struct {
  Cs3Builder *b;
  const Cs3OnnxNet *net;
  const Cs3OnnxPlace *places;
  GHashTable *acts;    /* root -> 1 + activation of the open segment */
  GHashTable *claimed; /* constants whose parameters a node has */
  GHashTable *last;    /* cs3_onnx_last_uses() */
  GHashTable *widths;  /* root -> elements a row: what all heads put out, side by side */
  GPtrArray *alive;    /* roots, in the order in which they were made */
  GPtrArray *names;
  gint64 absorbed; /* parameters of what lies between scores and values */
} Build;

/* --- names ------------------------------------------------------------------------------------ */

GPtrArray *cs3_onnx_names(const Cs3OnnxNet *net) {
  GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < net->works->len; i++) {
    const Onnx__NodeProto *node = g_array_index(net->works, Cs3OnnxWork, i).node;
    gboolean named = node->name != NULL && *node->name != '\0';
    char *name = cs3_config_clean(named ? node->name : node->op_type);
    g_strdelimit(name, "*", '_');
    g_autofree char *canonical = g_strdelimit(g_strdup(name), "/.", '.');
    if (!named || !g_hash_table_add(seen, g_strdup(canonical))) {
      char *numbered = g_strdup_printf("%s#%u", name, i);
      g_free(name);
      name = numbered;
    }
    g_ptr_array_add(names, name);
  }
  return names;
}

char *cs3_onnx_weight_name(const char *name, const Cs3OnnxProduct *product) {
  return g_strdup_printf("%s%s", name, product->part);
}

/* --- parameters ------------------------------------------------------------------------------- */

/* Parameters behind @value that no node has yet. */
static gint64 claim(Build *build, const Cs3OnnxValue *value, guint depth) {
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
    n += claim(build, value->maker_in[i], depth + 1);
  return n;
}

static gint64 claim_all(Build *build, const Cs3OnnxWork *work) {
  gint64 n = 0;
  for (guint i = 0; i < work->n_in; i++)
    n += claim(build, work->in[i], 0);
  return n;
}

/* --- activations ------------------------------------------------------------------------------ */

/* Elements of one row: the channels of an image, the features of a token. */
static gint64 row_elements(const Cs3OnnxValue *v) {
  gint64 width = v->rank == 0 ? 1 : v->rank >= 4 ? v->dims[1] : v->dims[v->rank - 1];
  return MAX(1, width);
}

static gint64 width_of(const Build *build, const Cs3OnnxValue *root) {
  gpointer known = g_hash_table_lookup(build->widths, root);
  return known != NULL ? (gint64)GPOINTER_TO_SIZE(known) : row_elements(root);
}

static void set_width(Build *build, Cs3OnnxValue *value, gint64 width) {
  Cs3OnnxValue *root = cs3_onnx_root(value);
  if (root != NULL && width > 0 && cs3_onnx_value_elements(root) % width == 0)
    g_hash_table_insert(build->widths, root, GSIZE_TO_POINTER((gsize)width));
}

/* What slides over one axis has channels as what slides over two, whatever lies around it. */
static void find_widths(Build *build) {
  for (guint i = 0; i < build->net->works->len; i++) {
    const Cs3OnnxWork *work = &g_array_index(build->net->works, Cs3OnnxWork, i);
    if (work->window.axes != 1 || work->n_out == 0)
      continue;
    set_width(build, work->products[0].x, work->products[0].x->dims[1]);
    set_width(build, work->out[0], work->out[0]->dims[1]);
  }
}

static Cs3Act new_act(Build *build, const Cs3OnnxValue *root) {
  g_autofree char *name = cs3_config_clean(root->name);
  gint64 width = width_of(build, root);
  double rows = (double)cs3_onnx_value_elements(root) / (double)width;
  return cs3_builder_act(build->b, name, width, rows);
}

/* The activation of @value in the open segment; CS3_NO_ACT: it is none. */
static Cs3Act act_of(Build *build, Cs3OnnxValue *value) {
  Cs3OnnxValue *root = cs3_onnx_root(value);
  if (!cs3_onnx_is_activation(root))
    return CS3_NO_ACT;
  gpointer known = g_hash_table_lookup(build->acts, root);
  Cs3Act act = known != NULL ? GPOINTER_TO_INT(known) - 1 : new_act(build, root);
  g_hash_table_insert(build->acts, root, GINT_TO_POINTER(act + 1));
  return act;
}

/* What a node writes: later nodes find it. */
static Cs3Act make_act(Build *build, Cs3OnnxValue *value) {
  Cs3Act act = act_of(build, value);
  Cs3OnnxValue *root = cs3_onnx_root(value);
  if (act != CS3_NO_ACT && !g_ptr_array_find(build->alive, root, NULL))
    g_ptr_array_add(build->alive, root);
  return act;
}

/* Adds @act to what @node reads unless it is there or there is no room. */
static void read_once(Cs3Node *node, Cs3Act act) {
  for (int i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++)
    if (node->reads[i] == act)
      return;
  if (node->reads[CS3_NODE_MAX_READS - 1] < 0)
    cs3_node_read(node, act);
}

static void keep_once(Cs3Node *node, Cs3Act act) {
  for (int i = 0; i < CS3_NODE_MAX_KEEPS && node->keeps[i] >= 0; i++)
    if (node->keeps[i] == act)
      return;
  if (node->keeps[CS3_NODE_MAX_KEEPS - 1] < 0)
    cs3_node_keep(node, act);
}

/* --- products --------------------------------------------------------------------------------- */

/* Two axes at most, a third stays without geometry: its kernel is among the features all the same.
 */
static void add_geometry(Build *build, const Cs3OnnxWork *work, Cs3Node *node) {
  const Cs3OnnxWindow *w = &work->window;
  const Cs3OnnxProduct *p = &work->products[0];
  if (w->axes < 1 || w->axes > 2)
    return;
  Cs3Convolution c = {.kernel = {1, 1},
                      .stride = {1, 1},
                      .dilation = {1, 1},
                      .input = {1, 1},
                      .output = {1, 1},
                      .transposed = w->transposed};
  gint64 kernel = 1;
  for (guint i = 0; i < w->axes; i++) {
    guint axis = 2 - w->axes + i;
    c.kernel[axis] = w->kernel[i];
    c.stride[axis] = w->stride[i];
    c.dilation[axis] = w->dilation[i];
    c.before[axis] = w->before[i];
    c.after[axis] = w->after[i];
    c.input[axis] = w->in[i];
    c.output[axis] = w->out[i];
    kernel *= w->kernel[i];
  }
  c.in_channels = w->transposed ? p->in : p->in / kernel;
  c.out_channels = w->transposed ? p->out / kernel : p->out;
  gboolean padded = c.before[0] >= 0 && c.before[1] >= 0 && c.after[0] >= 0 && c.after[1] >= 0;
  if (!padded) /* cropped: ONNX allows it, no layer has it */
    return;
  g_array_append_val(build->b->graph->convolutions, c);
  node->convolution = build->b->graph->convolutions->len;
}

/* Whether a node has a constant behind its weights: a bias. */
static gboolean has_bias(const Cs3OnnxWork *work) {
  guint at = g_str_equal(work->op->name, "QLinearConv") ? 8 : 2;
  gboolean takes = work->window.axes > 0 || g_str_equal(work->op->name, "Gemm") ||
                   g_str_equal(work->op->name, "FusedGemm") || work->attends;
  return takes && at < work->n_in && work->in[at] != NULL;
}

static Cs3Node *add_product(Build *build, const Cs3OnnxWork *work, const Cs3OnnxProduct *p,
                            const char *label, Cs3Act x) {
  Cs3Builder *b = build->b;
  g_autofree char *tensor = cs3_onnx_weight_name(label, p);
  gboolean weight = p->weight->constant;
  Cs3Act second = weight ? CS3_NO_ACT : act_of(build, p->weight);
  b->copies = p->copies;
  Cs3Node *node = cs3_builder_linear(b, tensor, tensor, x, p->in, p->out, p->groups, FALSE,
                                     p->rows * (double)p->copies);
  b->copies = 1;
  node->sparsifiable = weight;
  node->parameters = claim(build, p->weight, 0) / p->copies;
  if (second != CS3_NO_ACT) { /* backward needs both */
    read_once(node, second);
    keep_once(node, second);
  }
  return node;
}

/* One product and the biases behind it; of @x where it is not the activation that ONNX names. */
static void add_linear(Build *build, const Cs3OnnxWork *work, const Cs3OnnxProduct *p,
                       const char *label, Cs3Act x, Cs3Act y) {
  Cs3Node *node = add_product(build, work, p, label, x);
  gboolean bias = has_bias(work), up = work->window.transposed;
  double outputs = up ? (double)cs3_onnx_value_elements(work->out[0]) / p->rows : (double)p->out;
  node->bias = bias;
  node->vector_elements = (bias ? outputs : 0) + (up ? (double)p->out : 0);
  node->parameters += claim_all(build, work);
  add_geometry(build, work, node);
  cs3_node_write(node, y);
}

/* Functions of the gates, which both products add to: a multiply-add and an exponential each, and a
 * division (Hochreiter and Schmidhuber 1997; as ONNX has them). */
static void add_gates(Build *build, const char *label, const char *part, Cs3Act gates, Cs3Act y) {
  double width = (double)cs3_build_width(build->b, gates);
  g_autofree char *name = g_strconcat(label, part, NULL);
  Cs3Node node = {.label = name,
                  .kind = CS3_NODE_ACTIVATION,
                  .vector_elements = width,
                  .special_elements = width};
  Cs3Node *added = cs3_builder_add(build->b, node, cs3_build_rows(build->b, gates), NULL);
  cs3_node_read(added, gates);
  cs3_node_keep(added, gates);
  cs3_node_write(added, y);
}

/* All steps of a recurrent layer at once: W of the inputs, R of the states, gates behind each. */
static void add_recurrent(Build *build, const Cs3OnnxWork *work, const char *label) {
  const Cs3OnnxProduct *w = &work->products[0], *r = &work->products[1];
  Cs3Act inputs = cs3_builder_act(build->b, "gates of inputs", w->out, w->rows);
  Cs3Act states = cs3_builder_act(build->b, "states", r->in, r->rows);
  Cs3Act gates = cs3_builder_act(build->b, "gates of states", r->out, r->rows);
  add_linear(build, work, w, label, act_of(build, w->x), inputs);
  add_gates(build, label, ".state", inputs, states);
  add_linear(build, work, r, label, states, gates);
  Cs3Act sequence = cs3_builder_act(build->b, "sequence", r->in, r->rows);
  add_gates(build, label, ".output", gates, sequence);
  g_autofree char *name = g_strconcat(label, ".pick", NULL); /* all steps, or the last state */
  Cs3Act y = make_act(build, work->out[0]);
  Cs3Node node = {.label = name, .kind = CS3_NODE_POOLING};
  Cs3Node *pick = cs3_builder_add(build->b, node, cs3_build_rows(build->b, y), NULL);
  cs3_node_read(pick, sequence);
  cs3_node_write(pick, y);
}

static void add_products(Build *build, const Cs3OnnxWork *work, const char *label) {
  const Cs3OnnxProduct *p = &work->products[0];
  if (work->n_products > 1)
    add_recurrent(build, work, label);
  else
    add_linear(build, work, p, label, act_of(build, p->x), make_act(build, work->out[0]));
}

/* --- attention -------------------------------------------------------------------------------- */

/* What the queries see: the model's own mask, or what the lengths ask for, where queries are as
 * many as keys. */
static Cs3AttentionSpan span_of(const Build *build, const Cs3OnnxAttention *a) {
  const Cs3Lengths *l = &build->b->graph->lengths;
  Cs3AttentionSpan span = {.seq = (double)a->keys};
  if (a->queries != a->keys || l->attention == CS3_MASK_FULL)
    return span;
  span.causal = a->causal || l->attention == CS3_MASK_CAUSAL;
  span.tiles = l->tiles > 0 ? l->tiles : CS3_ATTENTION_TILES;
  span.window = l->attention == CS3_MASK_WINDOW ? l->reach : 0;
  span.document = l->attention == CS3_MASK_PACKED ? l->reach : 0;
  return span;
}

static guint add_size(Build *build, const Cs3OnnxAttention *a, const Cs3AttentionSpan *span,
                      const Cs3OnnxPlace *place) {
  const Cs3Lengths *l = &build->b->graph->lengths;
  gint64 tiles = CLAMP(span->tiles, 1, a->keys);
  Cs3AttentionSize size = {.heads = a->heads * a->batch,
                           .kv_heads = a->kv_heads * a->batch,
                           .head_dim = a->head_dim,
                           .value_dim = a->value_dim,
                           .queries = a->queries,
                           .keys = a->keys,
                           .causal = span->causal,
                           .window = span->window < a->keys ? span->window : 0,
                           .document = span->document < a->keys ? span->document : 0,
                           .tile = l->tiles > 0 ? (a->keys + tiles - 1) / tiles : 1,
                           .score_elements = place->score_elements,
                           .score_specials = place->score_specials};
  g_array_append_val(build->b->graph->attentions, size);
  return build->b->graph->attentions->len;
}

static Cs3Node *add_part(Build *build, const char *label, const char *part, Cs3NodeKind kind,
                         guint attention, double macs, double rows) {
  g_autofree char *full = g_strdup_printf("%s:%s", label, part);
  return cs3_builder_add(
      build->b, (Cs3Node){.label = full, .kind = kind, .macs = macs, .attention = attention}, rows,
      NULL);
}

/* As cs3_build_attention(): rows are queries, batches as further heads. */
static void add_attention(Build *build, const Cs3OnnxAttention *a, const Cs3OnnxPlace *place,
                          const char *label, const Cs3Act in[3], Cs3OnnxValue *out) {
  Cs3AttentionSpan span = span_of(build, a);
  guint attention = add_size(build, a, &span, place);
  double rows = (double)a->queries, heads = (double)(a->heads * a->batch);
  double keys = cs3_attention_keys(&span), scores = heads * keys;
  Cs3Node *node = add_part(build, label, "scores", CS3_NODE_SCORES, attention,
                           scores * (double)a->head_dim, rows);
  for (int i = 0; i < 2; i++) {
    read_once(node, in[i]);
    keep_once(node, in[i]);
  }
  Cs3Act statistics = cs3_builder_act(build->b, "softmax statistics",
                                      a->heads * a->batch * CS3_WORD_ELEMENTS, rows);
  node = add_part(build, label, "softmax", CS3_NODE_SOFTMAX, attention, 0, rows);
  node->vector_elements = (4 + place->score_elements) * scores + heads * (double)a->value_dim;
  node->special_elements = (1 + place->score_specials) * scores + heads;
  node->parameters = build->absorbed;
  build->absorbed = 0;
  cs3_node_write(node, statistics);
  cs3_node_keep(node, statistics);
  node = add_part(build, label, "values", CS3_NODE_VALUES, attention, scores * (double)a->value_dim,
                  rows);
  cs3_node_read(node, statistics);
  read_once(node, in[2]);
  keep_once(node, in[2]);
  Cs3Act y = make_act(build, out);
  cs3_node_write(cs3_build_last(build->b), y);
}

/* One node: its own product first, whose result is Q, K and V. */
static void add_fused(Build *build, const Cs3OnnxWork *work, const char *label) {
  static const Cs3OnnxPlace nothing = {.score_elements = 0};
  const Cs3OnnxAttention *a = &work->attention;
  Cs3Act in[3];
  for (guint i = 0; i < 3; i++) {
    Cs3Act act = i < work->n_in ? act_of(build, work->in[i]) : CS3_NO_ACT;
    in[i] = act != CS3_NO_ACT ? act : i > 0 ? in[0] : CS3_NO_ACT;
  }
  if (work->n_products > 0) {
    const Cs3OnnxProduct *p = &work->products[0];
    const gint64 kv = a->kv_heads * a->head_dim;
    const gint64 widths[] = {p->out - kv - a->kv_heads * a->value_dim, kv,
                             a->kv_heads * a->value_dim};
    for (guint i = 0; i < 3; i++)
      in[i] = cs3_builder_act(build->b,
                              i == 0   ? "q"
                              : i == 1 ? "k"
                                       : "v",
                              MAX(1, widths[i]), p->rows);
    add_linear(build, work, p, label, act_of(build, p->x), in[0]);
    cs3_node_write(cs3_build_last(build->b), in[1]);
    cs3_node_write(cs3_build_last(build->b), in[2]);
  }
  add_attention(build, a, &nothing, label, in, work->out[0]);
}

static void add_found(Build *build, guint index, const char *label) {
  const Cs3OnnxPlace *place = &build->places[index];
  const Cs3OnnxWork *work = &g_array_index(build->net->works, Cs3OnnxWork, index);
  const Cs3OnnxProduct *s =
      &g_array_index(build->net->works, Cs3OnnxWork, place->scores).products[0];
  const Cs3OnnxProduct *v = &work->products[0];
  gint64 kv = cs3_onnx_value_elements(s->weight) / MAX(1, s->in * s->out);
  const Cs3OnnxAttention a = {.heads = s->copies,
                              .kv_heads = CLAMP(kv, 1, s->copies),
                              .head_dim = s->in,
                              .value_dim = v->out,
                              .queries = (gint64)s->rows,
                              .keys = s->out,
                              .batch = 1};
  Cs3Act in[] = {act_of(build, s->x), act_of(build, s->weight), act_of(build, v->weight)};
  set_width(build, work->out[0], a.heads * a.value_dim);
  add_attention(build, &a, place, label, in, work->out[0]);
}

/* --- the rest --------------------------------------------------------------------------------- */

static void keep_inputs(Build *build, const Cs3OnnxWork *work, Cs3Node *node) {
  guint activations = 0;
  for (guint i = 0; i < work->n_in; i++)
    activations += cs3_onnx_is_activation(cs3_onnx_root(work->in[i]));
  if (work->op->keep == CS3_ONNX_KEEP_INPUT ||
      (work->op->keep == CS3_ONNX_KEEP_BOTH &&
       (activations > 1 || work->op->kind == CS3_ONNX_REDUCE)))
    for (int i = 0; i < CS3_NODE_MAX_READS && node->reads[i] >= 0; i++)
      keep_once(node, node->reads[i]);
}

static gint64 largest_input(const Cs3OnnxWork *work) {
  gint64 most = 0;
  for (guint i = 0; i < work->n_in; i++)
    if (cs3_onnx_is_activation(cs3_onnx_root(work->in[i])))
      most = MAX(most, cs3_onnx_value_elements(cs3_onnx_root(work->in[i])));
  return most;
}

static Cs3NodeKind kind_of(const Build *build, const Cs3OnnxWork *work) {
  static const Cs3NodeKind kinds[] = {
      [CS3_ONNX_VIEW] = CS3_NODE_VIEW,
      [CS3_ONNX_MOVE] = CS3_NODE_POOLING,
      [CS3_ONNX_POINTWISE] = CS3_NODE_ACTIVATION,
      [CS3_ONNX_NORM] = CS3_NODE_NORM,
      [CS3_ONNX_SOFTMAX] = CS3_NODE_ACTIVATION,
      [CS3_ONNX_REDUCE] = CS3_NODE_POOLING,
      [CS3_ONNX_TABLE] = CS3_NODE_EMBEDDING,
      [CS3_ONNX_PRODUCT] = CS3_NODE_LINEAR,
  };
  guint alike = 0;
  for (guint i = 0; i < work->n_in; i++)
    alike += cs3_onnx_is_activation(cs3_onnx_root(work->in[i])) &&
             cs3_onnx_value_elements(work->in[i]) == cs3_onnx_value_elements(work->out[0]);
  gboolean sum = g_str_equal(work->op->name, "Add") || g_str_equal(work->op->name, "Sum");
  gboolean twice = work->n_in == 2 && cs3_onnx_root(work->in[0]) == cs3_onnx_root(work->in[1]);
  return sum && alike == work->n_in && alike > 1 && !twice ? CS3_NODE_RESIDUAL
                                                           : kinds[work->op->kind];
}

/* A table whose rows ids select. */
static gboolean is_table(const Cs3OnnxWork *work) {
  return work->op->kind == CS3_ONNX_TABLE && work->in[0]->constant && work->in[0]->rank == 2;
}

/* A fused norm of table rows reads ids: it is no norm of what it reads. */
static Cs3NodeKind kind_written(Build *build, const Cs3OnnxWork *work, gint64 width) {
  Cs3NodeKind kind = kind_of(build, work);
  Cs3OnnxValue *first = cs3_onnx_root(work->in[0]);
  gboolean other =
      kind == CS3_NODE_NORM && cs3_onnx_is_activation(first) && width_of(build, first) != width;
  return other ? CS3_NODE_POOLING : kind;
}

static Cs3Node *add_node(Build *build, const Cs3OnnxWork *work, const char *label) {
  Cs3OnnxValue *out = work->out[0];
  gint64 elements = cs3_onnx_value_elements(out), width = width_of(build, cs3_onnx_root(out));
  double rows = (double)elements / (double)width;
  double each = (double)MAX(elements, largest_input(work)) / rows;
  gboolean table = is_table(work);
  Cs3Node node = {.label = label,
                  .kind = work->op->kind == CS3_ONNX_TABLE && !table
                              ? CS3_NODE_POOLING
                              : kind_written(build, work, width),
                  .vector_elements = work->op->vector * each,
                  .special_elements = work->op->special * each};
  if (work->op->kind == CS3_ONNX_NORM)
    node.special_elements = 2; /* square root and reciprocal */
  if (table) {
    node.out_features = width;
    node.table_rows = (double)work->in[0]->dims[0];
    node.vector_elements = (double)width;
  }
  node.parameters = claim_all(build, work);
  node.in_place = work->op->kind == CS3_ONNX_POINTWISE && largest_input(work) == elements;
  return cs3_builder_add(build->b, node, rows, node.parameters > 0 ? label : NULL);
}

/* Activations that @work reads, each once; more than an operator of the graph reads are joined some
 * at a time. Returns: how many. */
static guint find_reads(Build *build, const Cs3OnnxWork *work, const char *label,
                        Cs3Act reads[CS3_NODE_MAX_READS]) {
  g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Cs3Act));
  for (guint i = 0; i < work->n_in; i++) {
    Cs3Act act = act_of(build, work->in[i]);
    gboolean there = act == CS3_NO_ACT;
    for (guint k = 0; k < all->len && !there; k++)
      there = g_array_index(all, Cs3Act, k) == act;
    if (!there)
      g_array_append_val(all, act);
  }
  for (guint part = 0; all->len > CS3_NODE_MAX_READS; part++) {
    g_autofree char *name = g_strdup_printf("%s:%u", label, part);
    Cs3Act joined =
        cs3_build_pack(build->b, name, (Cs3Act *)(gpointer)all->data, CS3_NODE_MAX_READS);
    g_array_remove_range(all, 0, CS3_NODE_MAX_READS);
    g_array_prepend_val(all, joined);
  }
  for (guint i = 0; i < all->len; i++)
    reads[i] = g_array_index(all, Cs3Act, i);
  return all->len;
}

/* Statistics of a norm; the sum that a fused one makes, too. */
static void add_statistics(Build *build, const Cs3OnnxWork *work) {
  double rows = cs3_build_last(build->b)->rows;
  Cs3Act statistics = cs3_builder_act(build->b, "statistics", 2 * CS3_WORD_ELEMENTS, rows);
  cs3_node_write(cs3_build_last(build->b), statistics);
  cs3_node_keep(cs3_build_last(build->b), statistics);
  Cs3Act sum = work->n_out > 3 ? make_act(build, work->out[3]) : CS3_NO_ACT;
  cs3_node_write(cs3_build_last(build->b), sum);
}

static void add_other(Build *build, const Cs3OnnxWork *work, const char *label) {
  Cs3Act reads[CS3_NODE_MAX_READS];
  guint n = find_reads(build, work, label, reads);
  Cs3Node *node = add_node(build, work, label);
  for (guint i = 0; i < n; i++)
    cs3_node_read(node, reads[i]);
  keep_inputs(build, work, node);
  Cs3Act y = make_act(build, work->out[0]);
  cs3_node_write(cs3_build_last(build->b), y);
  if (work->op->keep == CS3_ONNX_KEEP_OUTPUT)
    keep_once(cs3_build_last(build->b), y);
  if (work->op->kind == CS3_ONNX_NORM)
    add_statistics(build, work);
  for (guint i = 1; i < work->n_out && i < CS3_NODE_MAX_WRITES && work->op->kind != CS3_ONNX_NORM;
       i++) {
    Cs3Act more = make_act(build, work->out[i]);
    cs3_node_write(cs3_build_last(build->b), more);
  }
}

static void add_work(Build *build, guint index) {
  const Cs3OnnxWork *work = &g_array_index(build->net->works, Cs3OnnxWork, index);
  const char *label = build->names->pdata[index];
  Cs3OnnxPart part = build->places[index].part;
  gboolean sized = work->n_out > 0 && cs3_onnx_is_activation(work->out[0]);
  gboolean view = work->op->kind == CS3_ONNX_VIEW && sized && work->out[0]->same != NULL;
  if (part == CS3_ONNX_ABSORBED)
    build->absorbed += claim_all(build, work);
  if (part == CS3_ONNX_ABSORBED || view || !sized)
    return;
  if (part == CS3_ONNX_ATTENDS)
    add_found(build, index, label);
  else if (work->attends)
    add_fused(build, work, label);
  else if (work->n_products > 0)
    add_products(build, work, label);
  else
    add_other(build, work, label);
}

/* --- segments --------------------------------------------------------------------------------- */

/* What is alive behind work @index - 1: made, and read from there on. */
static void drop_dead(Build *build, guint index) {
  for (guint i = build->alive->len; i-- > 0;)
    if (GPOINTER_TO_UINT(g_hash_table_lookup(build->last, build->alive->pdata[i])) <= index)
      g_ptr_array_remove_index(build->alive, i);
}

/* All that is alive as one activation: the edge to the next segment. */
static Cs3Act pack_alive(Build *build) {
  Cs3Act packed = CS3_NO_ACT;
  for (guint i = 0; i < build->alive->len;) {
    Cs3Act acts[CS3_NODE_MAX_READS];
    int n = 0;
    if (packed != CS3_NO_ACT)
      acts[n++] = packed;
    for (; n < CS3_NODE_MAX_READS && i < build->alive->len; i++)
      acts[n++] = act_of(build, build->alive->pdata[i]);
    packed = n == 1 ? acts[0] : cs3_build_pack(build->b, "pack", acts, n);
  }
  return packed;
}

/* The other way round: pairs of the first and the rest, in the order of pack_alive(). */
static void unpack_alive(Build *build, Cs3Act packed) {
  Cs3Builder *b = build->b;
  for (guint i = 0; i < build->alive->len; i++) {
    Cs3OnnxValue *root = build->alive->pdata[i];
    if (i + 1 == build->alive->len) {
      g_hash_table_insert(build->acts, root, GINT_TO_POINTER(packed + 1));
      return;
    }
    gint64 rest = 0;
    for (guint k = i + 1; k < build->alive->len; k++)
      rest += cs3_onnx_value_elements(build->alive->pdata[k]);
    gboolean last = i + 2 == build->alive->len;
    Cs3Act like =
        last ? new_act(build, build->alive->pdata[i + 1]) : cs3_builder_act(b, "rest", rest, 1);
    Cs3Act as[] = {new_act(build, root), like}, acts[2];
    cs3_build_unpack(b, "unpack", packed, as, 2, acts);
    g_hash_table_insert(build->acts, root, GINT_TO_POINTER(acts[0] + 1));
    packed = acts[1];
  }
}

/* Segments of one stack, whose tensors have their own names. */
static void open_part(Build *build, gint64 number, double rows) {
  GArray *segments = build->b->graph->segments;
  g_autofree char *name = g_strdup_printf("part %" G_GINT64_FORMAT, number);
  const Cs3SegmentSpec spec = {.name = name, .rows = rows, .block = TRUE, .numbers = &number};
  cs3_build_open(build->b, &spec);
  g_array_index(segments, Cs3Segment, segments->len - 1).stack = "parts";
}

static void open_first(Build *build) {
  const Cs3OnnxNet *net = build->net;
  Cs3OnnxValue *input = NULL;
  for (guint i = 0; i < net->inputs->len; i++) {
    Cs3OnnxValue *value = net->inputs->pdata[i];
    gboolean used = g_hash_table_lookup(build->last, value) != NULL;
    if (used && (input == NULL || cs3_onnx_value_elements(value) > cs3_onnx_value_elements(input)))
      input = value;
  }
  double rows =
      input != NULL ? (double)cs3_onnx_value_elements(input) / (double)width_of(build, input) : 1;
  open_part(build, 0, rows);
  if (input == NULL)
    return;
  g_autofree char *name = cs3_config_clean(input->name);
  Cs3Act act = cs3_build_input(build->b, name, width_of(build, input));
  g_hash_table_insert(build->acts, input, GINT_TO_POINTER(act + 1));
}

/* A segment from work @index on. */
static void open_next(Build *build, guint index, gint64 number) {
  drop_dead(build, index);
  Cs3Act output = pack_alive(build);
  cs3_build_output(build->b, output);
  Cs3Tensor edge =
      output != CS3_NO_ACT ? *cs3_builder_tensor(build->b, output) : (Cs3Tensor){.rows = 1};
  g_hash_table_remove_all(build->acts);
  open_part(build, number, edge.rows);
  if (output != CS3_NO_ACT)
    unpack_alive(build, cs3_build_input(build->b, edge.name, edge.elements));
}

/* The last operator that adds something to a segment may be none: segments without operators are
 * not opened. */
static gboolean has_operators(const Build *build) {
  const GArray *segments = build->b->graph->segments;
  return g_array_index(segments, Cs3Segment, segments->len - 1).count > 0;
}

void cs3_onnx_build(Cs3Builder *b, const Cs3OnnxNet *net) {
  g_autofree Cs3OnnxPlace *places = cs3_onnx_cut(net);
  g_autoptr(GHashTable) acts = g_hash_table_new(NULL, NULL), claimed = g_hash_table_new(NULL, NULL),
                        last = cs3_onnx_last_uses(net), widths = g_hash_table_new(NULL, NULL);
  g_autoptr(GPtrArray) alive = g_ptr_array_new(), names = cs3_onnx_names(net);
  Build build = {.b = b,
                 .net = net,
                 .places = places,
                 .acts = acts,
                 .claimed = claimed,
                 .last = last,
                 .widths = widths,
                 .alive = alive,
                 .names = names};
  gint64 number = 0;
  find_widths(&build);
  open_first(&build);
  for (guint i = 0; i < net->works->len; i++) {
    if (places[i].opens && has_operators(&build))
      open_next(&build, i, ++number);
    add_work(&build, i);
  }
  drop_dead(&build, net->works->len);
  cs3_build_output(b, alive->len > 0 ? act_of(&build, alive->pdata[alive->len - 1]) : CS3_NO_ACT);
  cs3_build_tokens(b, 1);
}
