/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Making a layer graph for samples of given lengths, and sums over it. */
#include "config.h"

#include "workloads/graph.h"

#include "workloads/family.h"
#include "workloads/graph-model.h"
#include "workloads/workload-error.h"

#include <string.h>

typedef struct {
  const char *name;
  gint64 *length;
  gint64 usual, limit, step;
  const char *why;
} LengthRule;

static gboolean fill_length(const Cs3Model *model, const LengthRule *rule, GError **error) {
  if (*rule->length == 0)
    *rule->length = rule->usual;
  if (rule->limit == 0 && *rule->length == 0)
    return TRUE;
  if (rule->limit == 0) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: a %s network has no such length, got %" G_GINT64_FORMAT, rule->name,
                model->family, *rule->length);
    return FALSE;
  }
  if (*rule->length < 1 || *rule->length > rule->limit) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: expected 1 to %" G_GINT64_FORMAT "%s%s%s, got %" G_GINT64_FORMAT, rule->name,
                rule->limit, rule->why ? " (" : "", rule->why ? rule->why : "",
                rule->why ? ")" : "", *rule->length);
    return FALSE;
  }
  if (rule->step > 1 && *rule->length % rule->step != 0) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "%s: expected a multiple of %" G_GINT64_FORMAT " (the model's patches), got"
                " %" G_GINT64_FORMAT,
                rule->name, rule->step, *rule->length);
    return FALSE;
  }
  return TRUE;
}

static gboolean fill_lengths(const Cs3Model *model, Cs3Lengths *lengths, GError **error) {
  Cs3LengthRules r = cs3_family_rules(model->ops, model->config);
  const LengthRule rules[] = {
      {"sequence length", &lengths->seq, r.seq, r.seq_limit, 1, r.limit_why},
      {"encoder length", &lengths->encoder_seq, r.encoder_seq, r.encoder_limit, 1, r.limit_why},
      {"image", &lengths->image, r.image, r.image_limit, r.image_step, NULL},
  };
  for (guint i = 0; i < G_N_ELEMENTS(rules); i++)
    if (!fill_length(model, &rules[i], error))
      return FALSE;
  if (lengths->capacity == 0)
    lengths->capacity = 1;
  if (lengths->capacity >= 1 && lengths->capacity <= 1e6)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "experts' capacity: expected 1 to 1e6 times the mean load, got %g",
              lengths->capacity);
  return FALSE;
}

Cs3Graph *cs3_graph_new(const Cs3Model *model, const Cs3Lengths *lengths, GError **error) {
  if (model->graph)
    return cs3_graph_fixed(model, lengths, error);
  Cs3Lengths filled = lengths ? *lengths : (Cs3Lengths){0};
  if (!fill_lengths(model, &filled, error))
    return NULL;
  Cs3Builder *builder = cs3_builder_new(model, &filled);
  model->ops->build(builder, model->config);
  return cs3_builder_finish(builder);
}

void cs3_graph_free(Cs3Graph *graph) {
  if (!graph)
    return;
  g_array_unref(graph->segments);
  g_array_unref(graph->nodes);
  g_array_unref(graph->tensors);
  g_array_unref(graph->attentions);
  g_array_unref(graph->convolutions);
  g_array_unref(graph->order);
  g_string_chunk_free(graph->strings);
  g_ptr_array_unref(graph->memory);
  g_free(graph);
}

const char *const cs3_node_kind_names[] = {
    [CS3_NODE_LINEAR] = "linear",
    [CS3_NODE_SCORES] = "scores",
    [CS3_NODE_VALUES] = "values",
    [CS3_NODE_SOFTMAX] = "softmax",
    [CS3_NODE_NORM] = "norm",
    [CS3_NODE_ROTARY] = "rotary",
    [CS3_NODE_ACTIVATION] = "activation",
    [CS3_NODE_RESIDUAL] = "residual",
    [CS3_NODE_EMBEDDING] = "embedding",
    [CS3_NODE_ROUTING] = "routing",
    [CS3_NODE_POOLING] = "pooling",
    [CS3_NODE_RESIZE] = "resize",
    [CS3_NODE_VIEW] = "view",
    [CS3_NODE_LOSS] = "loss",
    [CS3_NODE_LOSS + 1] = NULL,
};

const char *cs3_node_kind_name(Cs3NodeKind kind) {
  return cs3_node_kind_names[kind];
}

char *cs3_node_tensor(const Cs3Graph *graph, const Cs3Node *node, gint64 instance, gint64 copy) {
  if (!node->tensor)
    return NULL;
  const Cs3Segment *segment = cs3_node_segment(graph, node);
  GString *name = g_string_new(NULL);
  gint64 number = segment->number[instance];
  for (const char *p = node->tensor; *p; p++) {
    if (*p != '*') {
      g_string_append_c(name, *p);
      continue;
    }
    g_string_append_printf(name, "%" G_GINT64_FORMAT, number);
    number = copy;
  }
  return g_string_free(name, FALSE);
}

/* Whether a node before @node keeps @tensor. */
static gboolean kept_before(const Cs3Graph *graph, const Cs3Node *node, int tensor) {
  const Cs3Segment *segment = cs3_node_segment(graph, node);
  for (guint i = segment->first; cs3_graph_node(graph, i) != node; i++)
    for (int k = 0; k < CS3_NODE_MAX_KEEPS; k++)
      if (cs3_graph_node(graph, i)->keeps[k] == tensor)
        return TRUE;
  return FALSE;
}

static gboolean lists(const int *list, int room, int tensor) {
  for (int i = 0; i < room && list[i] >= 0; i++)
    if (list[i] == tensor)
      return TRUE;
  return FALSE;
}

gboolean cs3_tensor_is_factor(const Cs3Graph *graph, int tensor) {
  gboolean read = FALSE;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    gboolean reads = lists(node->reads, CS3_NODE_MAX_READS, tensor);
    if ((reads || lists(node->keeps, CS3_NODE_MAX_KEEPS, tensor)) && !cs3_node_may_be_narrow(node))
      return FALSE;
    read |= reads;
  }
  for (guint s = 0; s < graph->segments->len && read; s++)
    read = cs3_graph_segment(graph, s)->input != tensor &&
           cs3_graph_segment(graph, s)->output != tensor;
  return read;
}

gboolean cs3_graph_has_factors(const Cs3Graph *graph) {
  for (guint i = 0; i < graph->nodes->len; i++)
    if (cs3_node_may_be_narrow(cs3_graph_node(graph, i)))
      return TRUE;
  return FALSE;
}

double cs3_node_saved_elements(const Cs3Graph *graph, const Cs3Node *node, double narrow) {
  double saved = 0;
  for (int k = 0; k < CS3_NODE_MAX_KEEPS && node->keeps[k] >= 0; k++) {
    const Cs3Tensor *tensor = cs3_graph_tensor(graph, node->keeps[k]);
    double rows = cs3_node_rows(node);
    /* Per row without rounding where tensor and operator have as many rows. */
    double share = tensor->rows == rows ? 1 : tensor->rows / rows;
    if (!kept_before(graph, node, node->keeps[k]))
      saved += (double)tensor->elements * share *
               (cs3_tensor_is_factor(graph, node->keeps[k]) ? 1 - narrow : 1);
  }
  return saved;
}

double cs3_graph_frozen_parameters(const Cs3Graph *graph) {
  double frozen = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double instances = node->shared ? 1 : (double)cs3_node_segment(graph, node)->repeat;
    frozen += node->frozen ? instances * (double)(node->parameters * node->copies) : 0;
  }
  return frozen;
}

/* Forward MACs of all instances of @node for one sample. */
static double node_macs(const Cs3Graph *graph, const Cs3Node *node) {
  return (double)cs3_node_segment(graph, node)->repeat * node->macs * cs3_node_rows(node);
}

double cs3_graph_macs(const Cs3Graph *graph) {
  double macs = 0;
  for (guint i = 0; i < graph->nodes->len; i++)
    macs += node_macs(graph, cs3_graph_node(graph, i));
  return macs;
}

double cs3_graph_theoretical_speedup(const Cs3Graph *graph, const double *density) {
  double sparse = 0, dense = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    double macs = cs3_node_passes(node) / 3.0 * node_macs(graph, node);
    sparse += macs * (node->kind == CS3_NODE_LINEAR ? density[i] : 1);
    dense += macs;
  }
  return dense / sparse;
}
