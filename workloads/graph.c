/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Building the layer graph of a decoder-only transformer. */
#include "config.h"

#include "workloads/graph.h"

#include "workloads/family.h"
#include "workloads/workload-error.h"

#include <string.h>

/* 16-bit elements that one 32-bit statistic, token id or label takes. */
enum { WORD_ELEMENTS = 2 };

typedef struct {
  Cs3Graph *graph;
  const Cs3Model *m;
  const Cs3TensorNames *names;
  double span;    /* keys that a token attends to, on average */
  gboolean block; /* nodes added now belong to the decoder block */
} Builder;

/* Mean over positions 1..seq of the keys a token sees. */
static double attention_span(gint64 seq, gint64 window, gboolean causal) {
  double s = (double)seq, w = window > 0 && window < seq ? (double)window : s;
  return causal ? (w * (w + 1) / 2 + (s - w) * w) / s : w;
}

static void add(Builder *b, Cs3Node node, const char *tensor) {
  if (tensor) {
    g_autofree char *full = g_strconcat(b->block ? b->names->block : "", tensor, NULL);
    node.tensor = g_string_chunk_insert_const(b->graph->strings, full);
  }
  node.in_block = b->block;
  node.repeat = b->block ? b->m->layers : 1;
  g_array_append_val(b->graph->nodes, node);
}

static void add_linear(Builder *b, const char *label, const char *tensor, gint64 out, gint64 in,
                       gboolean bias, gint64 saved) {
  add(b,
      (Cs3Node){.label = label,
                .kind = CS3_NODE_LINEAR,
                .out_features = out,
                .in_features = in,
                .bias = bias,
                .sparsifiable = b->block,
                .parameters = out * in + (bias ? out : 0),
                .macs = (double)out * (double)in,
                .vector_elements = bias ? (double)out : 0,
                .saved_elements = saved},
      tensor);
}

/* Layer norm: sum, squared deviations, normalise, scale and shift. RMS norm: squares, normalise,
 * scale. Kept: the input and the statistics. */
static void add_norm(Builder *b, const char *label, const char *tensor, gboolean saves_input) {
  gint64 h = b->m->hidden;
  gboolean layer = b->m->norm == CS3_NORM_LAYER;
  double passes = (layer ? 3 : 2) + (b->m->norm_affine ? 1 : 0);
  add(b,
      (Cs3Node){.label = label,
                .kind = CS3_NODE_NORM,
                .parameters = cs3_norm_parameters(b->m),
                .vector_elements = passes * (double)h,
                .special_elements = 2, /* square root and reciprocal */
                .saved_elements = (saves_input ? h : 0) + (layer ? 2 : 1) * WORD_ELEMENTS},
      tensor);
}

static void add_residual(Builder *b, const char *label) {
  add(b,
      (Cs3Node){
          .label = label, .kind = CS3_NODE_RESIDUAL, .vector_elements = (double)b->m->hidden},
      NULL);
}

static void add_embedding(Builder *b) {
  const Cs3Model *m = b->m;
  add(b,
      (Cs3Node){.label = "embed_tokens",
                .kind = CS3_NODE_EMBEDDING,
                .parameters = m->vocab * m->embed_dim,
                .vector_elements = (double)m->embed_dim,
                .saved_elements = WORD_ELEMENTS},
      b->names->embedding);
  if (m->embed_dim != m->hidden)
    add_linear(b, "project_in", b->names->project_in, m->hidden, m->embed_dim, FALSE, m->embed_dim);
  if (m->position_rows > 0)
    add(b,
        (Cs3Node){.label = "embed_positions",
                  .kind = CS3_NODE_EMBEDDING,
                  .parameters = m->position_rows * m->hidden,
                  .vector_elements = (double)m->hidden},
        b->names->positions);
}

static void add_projections(Builder *b) {
  const Cs3Model *m = b->m;
  gint64 h = m->hidden, q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;
  if (b->names->qkv) {
    add_linear(b, "qkv_proj", b->names->qkv, q + 2 * kv, h, m->qkv_bias, h);
  } else {
    add_linear(b, "q_proj", b->names->q, q, h, m->qkv_bias, h);
    add_linear(b, "k_proj", b->names->k, kv, h, m->qkv_bias, 0);
    add_linear(b, "v_proj", b->names->v, kv, h, m->qkv_bias, 0);
  }
  /* Each rotated pair (x, y): x cos - y sin, y cos + x sin. */
  if (m->rotary_dim > 0)
    add(b,
        (Cs3Node){.label = "rotary",
                  .kind = CS3_NODE_ROTARY,
                  .vector_elements = 2.0 * (double)((m->heads + m->kv_heads) * m->rotary_dim)},
        NULL);
}

/* Scale and maximum, shift, sum on every score; the division is applied to the head's output. */
static void add_attention(Builder *b) {
  const Cs3Model *m = b->m;
  gint64 q = m->heads * m->head_dim, kv = m->kv_heads * m->head_dim;
  double scores = (double)m->heads * b->span;
  add(b,
      (Cs3Node){.label = "scores",
                .kind = CS3_NODE_SCORES,
                .macs = (double)q * b->span,
                .saved_elements = q + kv},
      NULL);
  add(b,
      (Cs3Node){.label = "softmax",
                .kind = CS3_NODE_SOFTMAX,
                .vector_elements = 4 * scores + (double)q,
                .special_elements = scores + (double)m->heads,
                .saved_elements = m->heads * WORD_ELEMENTS},
      NULL);
  add(b,
      (Cs3Node){.label = "values",
                .kind = CS3_NODE_VALUES,
                .macs = (double)q * b->span,
                .saved_elements = kv},
      NULL);
  add_linear(b, "o_proj", b->names->out, m->hidden, q, m->attn_out_bias, q);
}

/* Per element. GELU by tanh: x (c0 + c1 x^2), 1 + tanh, x / 2 times it; SiLU: 1 + exp(-x), x
 * times the reciprocal; tanh and reciprocal are an exponential and a division. */
static void add_activation(Builder *b) {
  const Cs3Model *m = b->m;
  static const double vector[] = {
      [CS3_ACTIVATION_RELU] = 1, [CS3_ACTIVATION_GELU] = 6, [CS3_ACTIVATION_SILU] = 2};
  static const double special[] = {
      [CS3_ACTIVATION_RELU] = 0, [CS3_ACTIVATION_GELU] = 2, [CS3_ACTIVATION_SILU] = 2};
  double ffn = (double)m->ffn;
  /* ReLU: its output, which the next layer keeps, tells where the gradient passes. With a gate,
   * both factors are needed; the gate's derivative follows from its input. */
  gint64 inputs = m->gated_mlp ? 2 : m->activation == CS3_ACTIVATION_RELU ? 0 : 1;
  add(b,
      (Cs3Node){.label = "activation",
                .kind = CS3_NODE_ACTIVATION,
                .vector_elements = (vector[m->activation] + (m->gated_mlp ? 1 : 0)) * ffn,
                .special_elements = special[m->activation] * ffn,
                .saved_elements = inputs * m->ffn},
      NULL);
}

static void add_mlp(Builder *b) {
  const Cs3Model *m = b->m;
  /* Behind a single norm the MLP reads what the attention read. */
  gint64 input = m->norms_per_layer == 1 ? 0 : m->hidden;
  if (m->gated_mlp)
    add_linear(b, "gate_proj", b->names->gate, m->ffn, m->hidden, m->mlp_bias, input);
  add_linear(b, "up_proj", b->names->up, m->ffn, m->hidden, m->mlp_bias, m->gated_mlp ? 0 : input);
  add_activation(b);
  add_linear(b, "down_proj", b->names->down, m->hidden, m->ffn, m->mlp_bias, m->ffn);
}

static void add_block(Builder *b) {
  const Cs3Model *m = b->m;
  b->block = TRUE;
  add_norm(b, "norm_1", b->names->norm1, TRUE);
  add_projections(b);
  add_attention(b);
  add_residual(b, "residual_1");
  if (m->norms_per_layer > 1)
    add_norm(b, "norm_2", b->names->norm2, !m->parallel_residual);
  add_mlp(b);
  add_residual(b, "residual_2");
  b->block = FALSE;
}

static void add_head(Builder *b) {
  const Cs3Model *m = b->m;
  if (m->final_norm)
    add_norm(b, "final_norm", b->names->final_norm, TRUE);
  if (m->embed_dim != m->hidden)
    add_linear(b, "project_out", b->names->project_out, m->embed_dim, m->hidden, FALSE, m->hidden);
  add_linear(b, "lm_head", b->names->lm_head, m->vocab, m->embed_dim, m->lm_head_bias,
             m->embed_dim);
  if (m->tied_embedding) {
    Cs3Node *head = &g_array_index(b->graph->nodes, Cs3Node, b->graph->nodes->len - 1);
    head->parameters -= m->vocab * m->embed_dim;
  }
  /* Softmax cross-entropy: maximum, shift, sum; the logits become their own gradient. */
  add(b,
      (Cs3Node){.label = "loss",
                .kind = CS3_NODE_LOSS,
                .vector_elements = 3 * (double)m->vocab,
                .special_elements = (double)m->vocab + 1,
                .saved_elements = m->vocab + WORD_ELEMENTS},
      NULL);
}

static gboolean check_seq(const Cs3Model *m, gint64 seq, GError **error) {
  gint64 limit = m->position_rows > 0 ? m->max_seq : CS3_MODEL_MAX_SEQ;
  if (seq >= 1 && seq <= limit)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "sequence length: expected 1 to %" G_GINT64_FORMAT "%s, got %" G_GINT64_FORMAT, limit,
              m->position_rows > 0 ? " (the model's learned position table)" : "", seq);
  return FALSE;
}

Cs3Graph *cs3_graph_new(const Cs3Model *model, gint64 seq, gboolean causal, GError **error) {
  const Cs3Family *family = cs3_family_find(model->family);
  g_return_val_if_fail(family != NULL, NULL);
  if (!check_seq(model, seq, error))
    return NULL;
  Cs3Graph *graph = g_new0(Cs3Graph, 1);
  graph->model = model;
  graph->seq = seq;
  graph->causal = causal;
  graph->nodes = g_array_new(FALSE, TRUE, sizeof(Cs3Node));
  graph->strings = g_string_chunk_new(1024);
  Builder builder = {.graph = graph,
                     .m = model,
                     .names = family->names,
                     .span = attention_span(seq, model->window, causal)};
  add_embedding(&builder);
  add_block(&builder);
  add_head(&builder);
  return graph;
}

void cs3_graph_free(Cs3Graph *graph) {
  if (!graph)
    return;
  g_array_unref(graph->nodes);
  g_string_chunk_free(graph->strings);
  g_free(graph);
}

const char *cs3_node_kind_name(Cs3NodeKind kind) {
  static const char *const names[] = {
      [CS3_NODE_LINEAR] = "linear",         [CS3_NODE_SCORES] = "scores",
      [CS3_NODE_VALUES] = "values",         [CS3_NODE_SOFTMAX] = "softmax",
      [CS3_NODE_NORM] = "norm",             [CS3_NODE_ROTARY] = "rotary",
      [CS3_NODE_ACTIVATION] = "activation", [CS3_NODE_RESIDUAL] = "residual",
      [CS3_NODE_EMBEDDING] = "embedding",   [CS3_NODE_LOSS] = "loss",
  };
  return names[kind];
}

char *cs3_node_tensor(const Cs3Node *node, gint64 instance) {
  const char *star = node->tensor ? strchr(node->tensor, '*') : NULL;
  if (!star)
    return g_strdup(node->tensor);
  return g_strdup_printf("%.*s%" G_GINT64_FORMAT "%s", (int)(star - node->tensor), node->tensor,
                         instance, star + 1);
}

double cs3_graph_macs(const Cs3Graph *graph) {
  double macs = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    macs += (double)node->repeat * node->macs;
  }
  return macs;
}

double cs3_graph_theoretical_speedup(const Cs3Graph *graph, const double *density) {
  double sparse = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double live = node->kind == CS3_NODE_LINEAR ? density[i] : 1;
    sparse += (double)node->repeat * node->macs * live;
  }
  return cs3_graph_macs(graph) / sparse;
}
