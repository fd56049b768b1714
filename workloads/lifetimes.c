/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What of a segment's activations can be kept or made again: operators, choices, and what a choice
 * means. */
#include "config.h"

#include "workloads/lifetimes-private.h"

enum { MAX_TENSORS = CS3_LIFETIMES_MAX_TENSORS, SMALL = 16 };

static int local(Cs3Lifetimes *l, int tensor) {
  for (guint i = 0; i < l->n_tensors; i++)
    if (l->tensor[i] == tensor)
      return (int)i;
  g_return_val_if_fail(l->n_tensors < MAX_TENSORS, 0);
  l->tensor[l->n_tensors] = tensor;
  l->producer[l->n_tensors] = -1;
  return (int)l->n_tensors++;
}

static Cs3Set set_of(Cs3Lifetimes *l, const int *list, int room) {
  Cs3Set set = 0;
  for (int i = 0; i < room && list[i] >= 0; i++)
    set |= CS3_SET(local(l, list[i]));
  return set;
}

static void add_node(Cs3Lifetimes *l, guint index) {
  const Cs3Node *node = cs3_graph_node(l->graph, index);
  gboolean attention = node->kind == CS3_NODE_SOFTMAX || node->kind == CS3_NODE_VALUES;
  Cs3LifetimesOp *op = attention ? &l->ops[l->n_ops - 1] : &l->ops[l->n_ops++];
  if (!attention)
    op->first = index;
  op->count++;
  op->reads |= set_of(l, node->reads, CS3_NODE_MAX_READS);
  op->writes |= set_of(l, node->writes, CS3_NODE_MAX_WRITES);
  op->keeps |= set_of(l, node->keeps, CS3_NODE_MAX_KEEPS);
  op->linear |= node->kind == CS3_NODE_LINEAR;
  op->narrow |= cs3_node_may_be_narrow(node);
  op->frozen |= node->frozen;
  op->in_place |= node->in_place;
  op->loss |= node->kind == CS3_NODE_LOSS;
  op->reads &= ~op->writes;
  if (node->kind == CS3_NODE_VALUES)
    l->tiled = l->n_ops;
}

static void find_ops(Cs3Lifetimes *l) {
  const Cs3Segment *segment = cs3_graph_segment(l->graph, l->segment);
  for (guint i = 0; i < segment->count; i++)
    add_node(l, segment->first + i);
  l->input = segment->input >= 0 ? local(l, segment->input) : -1;
  l->output = segment->output >= 0 ? local(l, segment->output) : -1;
  const Cs3Stage *last = &g_array_index(l->graph->order, Cs3Stage, l->graph->order->len - 1);
  for (guint o = 0; o < l->n_ops; o++) {
    l->saved |= l->ops[o].keeps;
    l->fused |= l->ops[o].loss && last->segment == l->segment;
    for (guint t = 0; t < l->n_tensors; t++)
      if (l->ops[o].writes & CS3_SET(t))
        l->producer[t] = (int)o;
  }
}

static double size_of(const Cs3Lifetimes *l, guint t) {
  const Cs3Tensor *tensor = cs3_graph_tensor(l->graph, l->tensor[t]);
  return (double)tensor->elements * tensor->rows;
}

/* Whether @t is several activations under one name. */
static gboolean is_packed(const Cs3Lifetimes *l, guint t) {
  gboolean packed = FALSE;
  for (guint o = 0; o < l->n_ops; o++) {
    const Cs3LifetimesOp *op = &l->ops[o];
    gboolean view = cs3_graph_node(l->graph, op->first)->kind == CS3_NODE_VIEW;
    packed |= view && ((op->reads | op->writes) & CS3_SET(t));
  }
  return packed;
}

/* What small ones are measured by: the input, or, where that is a pack, what is worked on. */
static double largest_of(const Cs3Lifetimes *l) {
  if (l->input >= 0 && !is_packed(l, (guint)l->input))
    return size_of(l, (guint)l->input);
  double largest = 0;
  for (guint t = 0; t < l->n_tensors; t++)
    if (l->input < 0 || !is_packed(l, t))
      largest = MAX(largest, size_of(l, t));
  return largest;
}

/* Activations that carry a gradient: not ids, labels and statistics. */
static void find_gradients(Cs3Lifetimes *l) {
  double largest = largest_of(l);
  for (guint t = 0; t < l->n_tensors; t++) {
    gboolean labels = FALSE;
    for (guint o = 0; o < l->n_ops; o++)
      labels |= l->ops[o].loss && l->producer[t] < 0 && (int)t != l->input &&
                (l->ops[o].reads & CS3_SET(t));
    gboolean small = SMALL * size_of(l, t) < largest;
    if (!labels && !small)
      l->gradients |= CS3_SET(t);
    if (l->producer[t] < 0 && (int)t != l->input && !small && !labels)
      l->outside |= CS3_SET(t);
    if (small && l->producer[t] >= 0)
      l->small |= CS3_SET(t);
  }
  l->small &= l->saved;
}

/* d(x + y) is both dx and dy, where whatever else adds to dx does so after dy has been used. */
static void share_gradients(Cs3Lifetimes *l) {
  for (guint t = 0; t < l->n_tensors; t++)
    l->buffer[t] = (int)t;
  for (guint o = l->n_ops; o-- > 0;) {
    const Cs3LifetimesOp *op = &l->ops[o];
    const Cs3Node *node = cs3_graph_node(l->graph, op->first);
    if (node->kind != CS3_NODE_RESIDUAL || op->keeps || node->reads[1] < 0)
      continue;
    int z = cs3_set_first(op->writes), x = local(l, node->reads[0]), y = local(l, node->reads[1]);
    gboolean ordered = TRUE;
    for (guint r = 0; r < l->n_ops; r++)
      ordered &= r == o || !(l->ops[r].reads & CS3_SET(x)) || (int)r < l->producer[y];
    l->buffer[x] = l->buffer[z];
    if (ordered)
      l->buffer[y] = l->buffer[z];
  }
}

static gboolean same_choice(const Cs3Lifetimes *l, guint t, guint u) {
  const Cs3LifetimesOp *x = &l->ops[l->producer[t]], *y = &l->ops[l->producer[u]];
  return x == y || (x->linear && y->linear && x->reads == y->reads);
}

/* Later ones join the last choice when there are too many. */
static void find_choices(Cs3Lifetimes *l) {
  for (guint t = 0; t < l->n_tensors; t++) {
    if (!(l->saved & CS3_SET(t)) || l->producer[t] < 0 || (l->small & CS3_SET(t)))
      continue;
    guint c = 0;
    while (c < l->n_choices && !same_choice(l, t, (guint)cs3_set_first(l->choice[c])))
      c++;
    c = MIN(c, CS3_LIFETIMES_MAX_CHOICES - 1);
    l->choice[c] |= CS3_SET(t);
    l->n_choices = MAX(l->n_choices, c + 1);
  }
}

static void find_inner(Cs3Lifetimes *l) {
  for (guint t = 0; t < l->n_tensors; t++) {
    gboolean inner = l->producer[t] >= (int)l->tiled && (int)t != l->output;
    for (guint o = 0; o < l->tiled; o++)
      inner &= !(l->ops[o].reads & CS3_SET(t));
    l->inner |= inner ? CS3_SET(t) : 0;
  }
}

static gboolean shares_buffer(const Cs3Lifetimes *l, guint t) {
  gboolean shares = l->buffer[t] != (int)t;
  for (guint u = 0; u < l->n_tensors; u++)
    shares |= u != t && l->buffer[u] == (int)t;
  return shares;
}

/* A gradient is rounded when it is whole: where one operator makes it and the layer alone reads it.
 */
static void find_factors(Cs3Lifetimes *l) {
  for (guint t = 0; t < l->n_tensors; t++) {
    if (l->producer[t] < 0 || (int)t == l->output)
      continue;
    guint readers = 0;
    for (guint o = 0; o < l->n_ops; o++)
      readers += (l->ops[o].reads & CS3_SET(t)) != 0;
    if (cs3_tensor_is_factor(l->graph, l->tensor[t]))
      l->factors |= CS3_SET(t);
    if (l->ops[l->producer[t]].narrow && readers == 1 && !shares_buffer(l, t))
      l->factor_gradients |= CS3_SET(t);
  }
}

Cs3Lifetimes *cs3_lifetimes_new(const Cs3Graph *graph, guint segment) {
  Cs3Lifetimes *l = g_new0(Cs3Lifetimes, 1);
  l->graph = graph;
  l->segment = segment;
  find_ops(l);
  find_gradients(l);
  share_gradients(l);
  find_choices(l);
  find_inner(l);
  find_factors(l);
  return l;
}

void cs3_lifetimes_free(Cs3Lifetimes *l) {
  g_free(l);
}

/* Members one by one: structures have padding. */
static void key_of_op(const Cs3Lifetimes *l, const Cs3LifetimesOp *op, GByteArray *key) {
  guint place = op->first - cs3_graph_segment(l->graph, l->segment)->first;
  int word[] = {(int)place, (int)op->count, op->linear, op->in_place, op->loss, op->frozen};
  Cs3Set sets[] = {op->reads, op->writes, op->keeps};
  g_byte_array_append(key, (const guint8 *)word, sizeof word);
  g_byte_array_append(key, (const guint8 *)sets, sizeof sets);
}

Cs3MemoKey cs3_lifetimes_key(const Cs3Lifetimes *l) {
  g_autoptr(GByteArray) key = g_byte_array_new();
  for (guint o = 0; o < l->n_ops; o++)
    key_of_op(l, &l->ops[o], key);
  for (guint t = 0; t < l->n_tensors; t++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(l->graph, l->tensor[t]);
    double size[] = {(double)tensor->elements, tensor->rows};
    int word[] = {l->producer[t], l->buffer[t]};
    g_byte_array_append(key, (const guint8 *)size, sizeof size);
    g_byte_array_append(key, (const guint8 *)word, sizeof word);
  }
  int word[] = {(int)l->n_ops, (int)l->n_tensors, (int)l->n_choices, l->input,
                l->output,     (int)l->tiled,     l->fused};
  Cs3Set sets[] = {l->saved, l->outside, l->gradients,       l->small,
                   l->inner, l->factors, l->factor_gradients};
  g_byte_array_append(key, (const guint8 *)word, sizeof word);
  g_byte_array_append(key, (const guint8 *)sets, sizeof sets);
  g_byte_array_append(key, (const guint8 *)l->choice, sizeof l->choice);
  return cs3_memo_key(NULL, key->data, key->len);
}

guint64 cs3_lifetimes_everything(const Cs3Lifetimes *l) {
  return CS3_SET(l->n_choices) - 1;
}

/* Operators that have to run so that all of @need is there beside @there, and what they read that
 * nobody in the segment writes (@wanted). */
Cs3Set cs3_lifetimes_closure(const Cs3Lifetimes *l, Cs3Set need, Cs3Set there, Cs3Set *wanted) {
  Cs3Set ops = 0;
  for (Cs3Set work = need & ~there; work != 0; work &= ~there) {
    int t = cs3_set_first(work);
    there |= CS3_SET(t);
    if (l->producer[t] < 0) {
      *wanted |= CS3_SET(t);
      continue;
    }
    const Cs3LifetimesOp *op = &l->ops[l->producer[t]];
    ops |= CS3_SET(l->producer[t]);
    there |= op->writes;
    work |= op->reads;
  }
  return ops;
}

Cs3Decision cs3_lifetimes_decide(const Cs3Lifetimes *l, guint64 again) {
  Cs3Set dropped = l->small, wanted = 0;
  for (guint c = 0; c < l->n_choices; c++)
    if (again & CS3_SET(c))
      dropped |= l->choice[c];
  Cs3Decision d = {.kept = l->saved & ~dropped & ~l->outside};
  d.ops = cs3_lifetimes_closure(l, dropped & ~l->small, d.kept | l->outside, &wanted);
  for (Cs3Set small = l->small; small; small &= small - 1) {
    int t = cs3_set_first(small);
    if (!(d.ops & CS3_SET(l->producer[t])))
      d.kept |= CS3_SET(t);
  }
  d.kept |= wanted & ~l->outside;
  return d;
}

Cs3Set cs3_lifetimes_nodes(const Cs3Lifetimes *l, guint64 again) {
  guint first = cs3_graph_segment(l->graph, l->segment)->first;
  Cs3Set nodes = 0;
  for (Cs3Set ops = cs3_lifetimes_decide(l, again).ops; ops; ops &= ops - 1) {
    const Cs3LifetimesOp *op = &l->ops[cs3_set_first(ops)];
    for (guint i = 0; i < op->count && op->first - first + i < CS3_SET_MAX; i++)
      nodes |= CS3_SET(op->first - first + i);
  }
  return nodes;
}

gboolean cs3_lifetimes_tiled(const Cs3Lifetimes *l, guint node) {
  return l->tiled < l->n_ops && node >= l->ops[l->tiled].first;
}

char *cs3_lifetimes_text(const Cs3Lifetimes *l, guint64 again) {
  Cs3Decision d = cs3_lifetimes_decide(l, again);
  GString *text = g_string_new(NULL);
  for (guint t = 0; t < l->n_tensors; t++)
    if ((d.kept & CS3_SET(t)) && !(l->small & CS3_SET(t)))
      g_string_append_printf(text, "%s%s", text->len ? ", " : "",
                             cs3_graph_tensor(l->graph, l->tensor[t])->name);
  return g_string_free(text, FALSE);
}

double cs3_lifetimes_width(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes, int t) {
  return bytes[l->tensor[t]] * (l->factors & CS3_SET(t) ? 1 - keep->narrow.inputs : 1);
}

double cs3_lifetimes_sum(const Cs3Lifetimes *l, const Cs3Keep *keep, Cs3Set set,
                         const double *bytes) {
  double sum = 0;
  for (; set; set &= set - 1)
    sum += cs3_lifetimes_width(l, keep, bytes, cs3_set_first(set));
  return sum;
}

double cs3_lifetimes_kept(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes) {
  Cs3Set kept = l->fused ? 0 : cs3_lifetimes_decide(l, keep->again).kept;
  return cs3_lifetimes_sum(l, keep, kept, bytes);
}

/* What several segments read stays as wide as it is. */
double cs3_lifetimes_outside(const Cs3Lifetimes *l, const double *bytes) {
  return 2 * cs3_lifetimes_sum(l, &(Cs3Keep){0}, l->outside, bytes);
}
