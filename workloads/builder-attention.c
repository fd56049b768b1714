/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention and mixtures of experts: operators that mix rows or choose among them. */
#include "config.h"

#include <math.h>

#include "workloads/attention-mask.h"
#include "workloads/builder-private.h"

/* What a query sees of @k: the model's own mask unless the lengths force one. */
static Cs3AttentionSpan span_of(const Cs3Builder *b, const Cs3AttentionSpec *spec, Cs3Act k) {
  const Cs3Lengths *l = &b->graph->lengths;
  Cs3AttentionSpan span = {.seq = cs3_build_rows(b, k)};
  if (spec->cross)
    return span;
  span.causal = spec->causal;
  span.window = spec->window;
  if (l->attention == CS3_MASK_FULL) {
    span.causal = FALSE;
    return span;
  }
  span.tiles = l->tiles > 0 ? l->tiles : CS3_ATTENTION_TILES;
  span.causal |= l->attention == CS3_MASK_CAUSAL;
  if (l->attention == CS3_MASK_WINDOW)
    span.window = span.window > 0 ? MIN(span.window, l->reach) : l->reach;
  if (l->attention == CS3_MASK_PACKED)
    span.document = l->reach;
  return span;
}

/* Of whole tokens; what is as long as the sequence limits nothing. Of a token that is decoded the
 * window is that of its cache, which is no part of the graph. */
static guint add_attention(Cs3Builder *b, const Cs3AttentionSpec *spec,
                           const Cs3AttentionSpan *span, double rows) {
  gint64 keys = MAX(1, llround(span->seq));
  gint64 tiles = CLAMP(span->tiles, 1, keys);
  Cs3AttentionSize size = {
      .heads = spec->heads,
      .kv_heads = spec->kv_heads,
      .head_dim = spec->head_dim,
      .value_dim = spec->value_dim > 0 ? spec->value_dim : spec->head_dim,
      .queries = MAX(1, llround(rows)),
      .keys = keys,
      .causal = span->causal,
      .window = span->window < keys || b->graph->lengths.decoding ? span->window : 0,
      .document = span->document < keys ? span->document : 0,
      .tile = b->graph->lengths.tiles > 0 ? (keys + tiles - 1) / tiles : 1,
      .score_elements = (spec->bias ? 1 : 0) + (spec->softcap ? 3 : 0),
      .score_specials = spec->softcap ? 2 : 0,
  };
  g_array_append_val(b->graph->attentions, size);
  return b->graph->attentions->len;
}

/* Each rotated pair (x, y): x cos - y sin, y cos + x sin. */
void cs3_build_rotary(Cs3Builder *b, Cs3Act *q, gint64 q_elements, Cs3Act *k, gint64 k_elements) {
  if (q_elements + k_elements == 0)
    return;
  Cs3Act rotated_q = cs3_builder_act(b, "rotated q", cs3_build_width(b, *q), cs3_build_rows(b, *q));
  Cs3Act rotated_k = cs3_builder_act(b, "rotated k", cs3_build_width(b, *k), cs3_build_rows(b, *k));
  Cs3Node *node =
      cs3_builder_add(b,
                      (Cs3Node){.label = "rotary",
                                .kind = CS3_NODE_ROTARY,
                                .vector_elements = 2.0 * (double)(q_elements + k_elements),
                                .in_place = TRUE},
                      cs3_build_rows(b, *q), NULL);
  cs3_node_read(node, *q);
  cs3_node_read(node, *k);
  cs3_node_write(node, *q = rotated_q);
  cs3_node_write(node, *k = rotated_k);
}

static Cs3Node *add_product(Cs3Builder *b, const char *prefix, const char *label, Cs3NodeKind kind,
                            guint attention, double macs, double rows) {
  g_autofree char *full = g_strconcat(prefix ? prefix : "", label, NULL);
  return cs3_builder_add(
      b, (Cs3Node){.label = full, .kind = kind, .macs = macs, .attention = attention}, rows, NULL);
}

/* Scale and maximum, shift, sum on every score; the division is applied to the head's output. */
static Cs3Act add_softmax(Cs3Builder *b, const Cs3AttentionSpec *spec, guint attention, double span,
                          double rows) {
  double scores = (double)spec->heads * span;
  gint64 out = spec->heads * (spec->value_dim > 0 ? spec->value_dim : spec->head_dim);
  g_autofree char *name = g_strconcat(spec->prefix ? spec->prefix : "", "softmax statistics", NULL);
  Cs3Act statistics = cs3_builder_act(b, name, spec->heads * CS3_WORD_ELEMENTS, rows);
  Cs3Node *node = add_product(b, spec->prefix, "softmax", CS3_NODE_SOFTMAX, attention, 0, rows);
  node->vector_elements = (spec->bias ? 5 : 4) * scores + (double)out;
  node->special_elements = scores + (double)spec->heads;
  if (spec->softcap) { /* scale, tanh, scale */
    node->vector_elements += 3 * scores;
    node->special_elements += 2 * scores;
  }
  if (spec->sinks) {
    node->vector_elements += (double)spec->heads;
    node->special_elements += (double)spec->heads;
    node->parameters = spec->heads;
  }
  cs3_node_write(node, statistics);
  cs3_node_keep(node, statistics);
  return statistics;
}

Cs3Act cs3_build_attention(Cs3Builder *b, const Cs3AttentionSpec *spec, Cs3Act q, Cs3Act k,
                           Cs3Act v) {
  double rows = cs3_build_rows(b, q);
  Cs3AttentionSpan seen = span_of(b, spec, k);
  guint attention = add_attention(b, spec, &seen, rows);
  double span = spec->cross ? seen.seq : cs3_attention_keys(&seen);
  gint64 value_dim = spec->value_dim > 0 ? spec->value_dim : spec->head_dim;
  double score_macs = (double)(spec->heads * spec->head_dim) * span;
  Cs3Node *scores =
      add_product(b, spec->prefix, "scores", CS3_NODE_SCORES, attention, score_macs, rows);
  cs3_node_read(scores, q);
  cs3_node_read(scores, k);
  cs3_node_keep(scores, q);
  cs3_node_keep(scores, k);
  Cs3Act statistics = add_softmax(b, spec, attention, span, rows);
  Cs3Act y = cs3_builder_act(b, "attention", spec->heads * value_dim, rows);
  double value_macs = (double)(spec->heads * value_dim) * span;
  Cs3Node *values =
      add_product(b, spec->prefix, "values", CS3_NODE_VALUES, attention, value_macs, rows);
  cs3_node_read(values, statistics);
  cs3_node_read(values, v);
  cs3_node_write(values, y);
  cs3_node_keep(values, v);
  return y;
}

/* Softmax over the experts, then as many passes for the largest as a token has experts. */
void cs3_build_router(Cs3Builder *b, const char *tensor, Cs3Act x, const Cs3Mixture *mixture,
                      gboolean bias) {
  Cs3Act logits = cs3_build_linear(b, "router", tensor, x, mixture->experts, bias);
  cs3_build_last(b)->sparsifiable = FALSE;
  double rows = cs3_build_rows(b, x), experts = (double)mixture->experts;
  Cs3Node *node =
      cs3_builder_add(b,
                      (Cs3Node){.label = "top_k",
                                .kind = CS3_NODE_ROUTING,
                                .vector_elements = (3 + (double)mixture->top_k) * experts,
                                .special_elements = experts + 1},
                      rows, NULL);
  cs3_node_read(node, logits);
  cs3_node_keep(node, logits);
}

Cs3Act cs3_build_experts(Cs3Builder *b, Cs3Act x, const Cs3Mixture *mixture) {
  gint64 width = cs3_build_width(b, x);
  double rows = cs3_build_rows(b, x);
  double sent = rows * (double)mixture->top_k * b->graph->lengths.capacity;
  Cs3Act y = cs3_builder_act(b, "expert input", width, sent);
  Cs3Node *node = cs3_builder_add(b,
                                  (Cs3Node){.label = "dispatch",
                                            .kind = CS3_NODE_ROUTING,
                                            .vector_elements = (double)(mixture->top_k * width)},
                                  rows, NULL);
  cs3_node_read(node, x);
  cs3_node_write(node, y);
  b->copies = mixture->experts;
  b->top_k = mixture->top_k;
  b->outer_rows = rows;
  return y;
}

Cs3Act cs3_build_combine(Cs3Builder *b, Cs3Act x) {
  gint64 width = cs3_build_width(b, x);
  b->copies = 1;
  Cs3Act y = cs3_builder_act(b, "expert output", width, b->outer_rows);
  Cs3Node *node = cs3_builder_add(b,
                                  (Cs3Node){.label = "combine",
                                            .kind = CS3_NODE_ROUTING,
                                            .vector_elements = (double)(b->top_k * width)},
                                  b->outer_rows, NULL);
  cs3_node_read(node, x);
  cs3_node_write(node, y);
  cs3_node_keep(node, x);
  return y;
}
