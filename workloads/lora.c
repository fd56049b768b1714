/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Low-rank adaptation. */
#include "config.h"

#include "workloads/lora.h"

#include <string.h>

#include "workloads/graph-check.h"
#include "workloads/graph-model.h"
#include "workloads/rewrite.h"
#include "workloads/workload-error.h"

enum { MOST_RANK = 1 << 16 };

/* The rewrite first: it is what the callback gets. */
typedef struct {
  Cs3Rewrite rewrite;
  gint64 rank;
  char **names; /* (nullable): patterns; %NULL: all */
} Lora;

static gboolean may_be_target(const Cs3Node *node) {
  return cs3_rewrite_is_target(node) && node->convolution == 0;
}

static gboolean is_target(const Lora *lora, const Cs3Node *node) {
  gboolean named = lora->names == NULL;
  for (char **name = lora->names; name != NULL && *name != NULL; name++)
    named |= g_pattern_match_simple(*name, node->label);
  return named && may_be_target(node);
}

static gboolean invalid(GError **error, const char *text, const char *what) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID, "--lora %s: %s", text, what);
  return FALSE;
}

/* Names of layers that adapters may stand beside, each once. */
static char *known_names(const Cs3Graph *graph) {
  g_autoptr(GString) names = g_string_new(NULL);
  g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (may_be_target(node) && g_hash_table_add(seen, (gpointer)node->label))
      g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", node->label);
  }
  return g_strdup(names->str);
}

static gboolean check_name(const Cs3Graph *graph, const char *text, const char *name,
                           GError **error) {
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (may_be_target(node) && g_pattern_match_simple(name, node->label))
      return TRUE;
  }
  g_autofree char *known = known_names(graph);
  g_autofree char *what = g_strdup_printf("no layer of %s is called '%s'; there are %s",
                                          graph->model->name, name, known);
  return invalid(error, text, what);
}

static gboolean check_rank(const Lora *lora, const Cs3Graph *graph, const char *text,
                           GError **error) {
  guint targets = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    gint64 side = MIN(node->in_features, node->out_features);
    if (!is_target(lora, node))
      continue;
    targets++;
    if (lora->rank < side)
      continue;
    g_autofree char *what =
        g_strdup_printf("%s is %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT
                        "; expected a rank below %" G_GINT64_FORMAT,
                        node->label, node->out_features, node->in_features, side);
    return invalid(error, text, what);
  }
  return targets > 0 || invalid(error, text, "the network has no linear layer in a block");
}

static gboolean parse(const char *text, const Cs3Graph *graph, Lora *lora, GError **error) {
  char *end = NULL;
  lora->rank = g_ascii_strtoll(text, &end, 10);
  if (end == text || (*end != '\0' && *end != ':') || lora->rank < 1 || lora->rank > MOST_RANK)
    return invalid(error, text, "write RANK or RANK:NAME,NAME, as in 16:q_proj,v_proj");
  if (*end == ':')
    lora->names = g_strsplit(end + 1, ",", -1);
  if (lora->names != NULL &&
      (lora->names[0] == NULL || g_strv_contains((const char *const *)lora->names, "")))
    return invalid(error, text, "a name is missing; write RANK for all, or as in 16:q_proj,v_proj");
  for (char **name = lora->names; name != NULL && *name != NULL; name++)
    if (!check_name(graph, text, g_strstrip(*name), error))
      return FALSE;
  return check_rank(lora, graph, text, error);
}

/* dX needs no input. */
static void freeze(Cs3Node *node) {
  node->frozen = node->kind == CS3_NODE_LINEAR || node->parameters > 0;
  if (node->kind == CS3_NODE_LINEAR)
    memset(node->keeps, 0xff, sizeof node->keeps);
}

static void adapt(Cs3Rewrite *r, const Cs3Node *node) {
  const Lora *lora = (const Lora *)r;
  if (is_target(lora, node))
    cs3_rewrite_beside(r, node, lora->rank, "_lora_a", "_lora_b", freeze);
  else
    freeze(cs3_rewrite_add(r, node, NULL));
}

static GPtrArray *notes_of(const Lora *lora, const char *text) {
  const Cs3Graph *from = lora->rewrite.from, *to = lora->rewrite.to;
  GPtrArray *notes = g_ptr_array_new_with_free_func(g_free);
  for (guint i = 0; from->model->notes != NULL && i < from->model->notes->len; i++)
    g_ptr_array_add(notes, g_strdup(from->model->notes->pdata[i]));
  double trained = 0;
  for (guint i = 0; i < to->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(to, i);
    double instances = (double)cs3_node_segment(to, node)->repeat;
    trained += node->frozen ? 0 : instances * (double)(node->parameters * node->copies);
  }
  g_ptr_array_add(notes,
                  g_strdup_printf("LoRA %s: %.4g M parameters are trained, %.4g M frozen", text,
                                  trained / 1e6, cs3_graph_frozen_parameters(to) / 1e6));
  return notes;
}

gboolean cs3_lora_is_none(const char *text) {
  return text == NULL || strcmp(text, "0") == 0;
}

Cs3Model *cs3_lora_model(const Cs3Graph *graph, const char *text, GError **error) {
  Lora lora = {.rewrite = {.from = graph}};
  g_autofree char *source = g_strdup_printf("--lora of %s", graph->model->name);
  if (!parse(text, graph, &lora, error)) {
    g_strfreev(lora.names);
    return NULL;
  }
  lora.rewrite.to = cs3_graph_copy(graph);
  cs3_rewrite_each(&lora.rewrite, adapt);
  g_strfreev(lora.names);
  if (!cs3_graph_check(lora.rewrite.to, source, error)) {
    cs3_graph_free(lora.rewrite.to);
    return NULL;
  }
  g_autoptr(GArray) facts = cs3_model_facts(graph->model);
  g_autoptr(GPtrArray) notes = notes_of(&lora, text);
  Cs3GraphNames names = {graph->model->name, graph->model->family, source, facts, notes};
  return cs3_model_from_graph(lora.rewrite.to, &names, error);
}
