/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products and attention of an ONNX graph as operators of a layer graph. */
#include "config.h"

#include <math.h>
#include <string.h>

#include "workloads/attention-mask.h"
#include "workloads/builder-conv.h"
#include "workloads/config-reader.h"
#include "workloads/onnx/onnx-build.h"
#include "workloads/onnx/onnx-graph.h"

/* --- products --------------------------------------------------------------------------------- */

/* Two axes at most, a third stays without geometry: its kernel is among the features all the same.
 */
static void add_geometry(Cs3OnnxBuild *build, const Cs3OnnxWork *work, Cs3Node *node) {
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

static Cs3Node *add_product(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const Cs3OnnxProduct *p,
                            const char *label, Cs3Act x) {
  Cs3Builder *b = build->b;
  g_autofree char *tensor = cs3_onnx_weight_name(label, p);
  gboolean weight = p->weight->constant;
  Cs3Act second = weight ? CS3_NO_ACT : cs3_onnx_act(build, p->weight);
  b->copies = p->copies;
  Cs3Node *node = cs3_builder_linear(b, tensor, tensor, x, p->in, p->out, p->groups, FALSE,
                                     p->rows * (double)p->copies);
  b->copies = 1;
  node->sparsifiable = weight;
  node->parameters = cs3_onnx_claim(build, p->weight, 0) / p->copies;
  if (second != CS3_NO_ACT) { /* backward needs both */
    cs3_onnx_read_once(node, second);
    cs3_onnx_keep_once(node, second);
  }
  return node;
}

/* One product and the biases behind it; of @x where it is not the activation that ONNX names. */
static void add_linear(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const Cs3OnnxProduct *p,
                       const char *label, Cs3Act x, Cs3Act y) {
  Cs3Node *node = add_product(build, work, p, label, x);
  gboolean bias = has_bias(work), up = work->window.transposed;
  double outputs = up ? (double)cs3_onnx_value_elements(work->out[0]) / p->rows : (double)p->out;
  node->bias = bias;
  node->vector_elements = (bias ? outputs : 0) + (up ? (double)p->out : 0);
  node->parameters += cs3_onnx_claim_all(build, work);
  add_geometry(build, work, node);
  cs3_node_write(node, y);
}

/* Functions of the gates, which both products add to: a multiply-add and an exponential each, and a
 * division (Hochreiter and Schmidhuber 1997; as ONNX has them). */
static void add_gates(Cs3OnnxBuild *build, const char *label, const char *part, Cs3Act gates,
                      Cs3Act y) {
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
static void add_recurrent(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label) {
  const Cs3OnnxProduct *w = &work->products[0], *r = &work->products[1];
  Cs3Act inputs = cs3_builder_act(build->b, "gates of inputs", w->out, w->rows);
  Cs3Act states = cs3_builder_act(build->b, "states", r->in, r->rows);
  Cs3Act gates = cs3_builder_act(build->b, "gates of states", r->out, r->rows);
  add_linear(build, work, w, label, cs3_onnx_act(build, w->x), inputs);
  add_gates(build, label, ".state", inputs, states);
  add_linear(build, work, r, label, states, gates);
  Cs3Act sequence = cs3_builder_act(build->b, "sequence", r->in, r->rows);
  add_gates(build, label, ".output", gates, sequence);
  g_autofree char *name = g_strconcat(label, ".pick", NULL); /* all steps, or the last state */
  Cs3Act y = cs3_onnx_make_act(build, work->out[0]);
  Cs3Node node = {.label = name, .kind = CS3_NODE_POOLING};
  Cs3Node *pick = cs3_builder_add(build->b, node, cs3_build_rows(build->b, y), NULL);
  cs3_node_read(pick, sequence);
  cs3_node_write(pick, y);
}

void cs3_onnx_add_products(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label) {
  const Cs3OnnxProduct *p = &work->products[0];
  if (work->n_products > 1)
    add_recurrent(build, work, label);
  else
    add_linear(build, work, p, label, cs3_onnx_act(build, p->x),
               cs3_onnx_make_act(build, work->out[0]));
}

/* --- attention -------------------------------------------------------------------------------- */

/* What the queries see: the model's own mask, or what the lengths ask for, where queries are as
 * many as keys. */
static Cs3AttentionSpan span_of(const Cs3OnnxBuild *build, const Cs3OnnxAttention *a) {
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

static guint add_size(Cs3OnnxBuild *build, const Cs3OnnxAttention *a, const Cs3AttentionSpan *span,
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

static Cs3Node *add_part(Cs3OnnxBuild *build, const char *label, const char *part, Cs3NodeKind kind,
                         guint attention, double macs, double rows) {
  g_autofree char *full = g_strdup_printf("%s:%s", label, part);
  return cs3_builder_add(
      build->b, (Cs3Node){.label = full, .kind = kind, .macs = macs, .attention = attention}, rows,
      NULL);
}

/* As cs3_build_attention(): rows are queries, batches as further heads. */
static void add_attention(Cs3OnnxBuild *build, const Cs3OnnxAttention *a, const Cs3OnnxPlace *place,
                          const char *label, const Cs3Act in[3], Cs3OnnxValue *out) {
  Cs3AttentionSpan span = span_of(build, a);
  guint attention = add_size(build, a, &span, place);
  double rows = (double)a->queries, heads = (double)(a->heads * a->batch);
  double keys = cs3_attention_keys(&span), scores = heads * keys;
  Cs3Node *node = add_part(build, label, "scores", CS3_NODE_SCORES, attention,
                           scores * (double)a->head_dim, rows);
  for (int i = 0; i < 2; i++) {
    cs3_onnx_read_once(node, in[i]);
    cs3_onnx_keep_once(node, in[i]);
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
  cs3_onnx_read_once(node, in[2]);
  cs3_onnx_keep_once(node, in[2]);
  Cs3Act y = cs3_onnx_make_act(build, out);
  cs3_node_write(cs3_build_last(build->b), y);
}

/* One node: its own product first, whose result is Q, K and V. */
void cs3_onnx_add_fused(Cs3OnnxBuild *build, const Cs3OnnxWork *work, const char *label) {
  static const Cs3OnnxPlace nothing = {.score_elements = 0};
  const Cs3OnnxAttention *a = &work->attention;
  Cs3Act in[3];
  for (guint i = 0; i < 3; i++) {
    Cs3Act act = i < work->n_in ? cs3_onnx_act(build, work->in[i]) : CS3_NO_ACT;
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
    add_linear(build, work, p, label, cs3_onnx_act(build, p->x), in[0]);
    cs3_node_write(cs3_build_last(build->b), in[1]);
    cs3_node_write(cs3_build_last(build->b), in[2]);
  }
  add_attention(build, a, &nothing, label, in, work->out[0]);
}

void cs3_onnx_add_found(Cs3OnnxBuild *build, guint index, const char *label) {
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
  Cs3Act in[] = {cs3_onnx_act(build, s->x), cs3_onnx_act(build, s->weight),
                 cs3_onnx_act(build, v->weight)};
  cs3_onnx_set_width(build, work->out[0], a.heads * a.value_dim);
  add_attention(build, &a, place, label, in, work->out[0]);
}
