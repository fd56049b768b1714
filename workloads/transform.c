/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The transformations there are, and applying one. */
#include "config.h"

#include "workloads/transform.h"

#include "workloads/graph-check.h"
#include "workloads/graph-model.h"
#include "workloads/workload-error.h"

#define ROW(NAME) &cs3_transform_##NAME,
static const Cs3TransformOps *const registry[] = {CS3_TRANSFORMS(ROW) NULL};
#undef ROW

const Cs3TransformOps *const *cs3_transform_registry(void) {
  return registry;
}

double cs3_transform_macs(const Cs3Graph *graph, double density) {
  double macs = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    macs += (double)cs3_node_segment(graph, node)->repeat * node->macs * cs3_node_rows(node) *
            (node->sparsifiable ? density : 1);
  }
  return macs;
}

static gboolean check(const Cs3TransformOps *ops, const Cs3Graph *graph, double sparsity,
                      GError **error) {
  guint targets = 0;
  for (guint i = 0; i < graph->nodes->len; i++)
    targets += cs3_rewrite_is_target(cs3_graph_node(graph, i));
  if (targets > 0 && sparsity > 0 && sparsity < 1)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              targets > 0 ? "%s: expected a --sparsity above 0 and below 1, which it makes room for"
                          : "%s: there is no layer that --sparsity reaches",
              ops->name);
  return FALSE;
}

static GPtrArray *notes_of(const Cs3TransformOps *ops, const Cs3Rewrite *r) {
  GPtrArray *notes = g_ptr_array_new_with_free_func(g_free);
  const GPtrArray *old = r->from->model->notes;
  for (guint i = 0; old && i < old->len; i++)
    g_ptr_array_add(notes, g_strdup(old->pdata[i]));
  g_ptr_array_add(
      notes, g_strdup_printf("%s at %.4g %%: %s; masks leave %.4g G MACs a sample forward, the "
                             "network as it was has %.4g G; the dense side is the larger network",
                             ops->name, 100 * r->sparsity, ops->summary,
                             cs3_transform_macs(r->to, 1 - r->sparsity) / 1e9,
                             cs3_graph_macs(r->from) / 1e9));
  return notes;
}

Cs3Model *cs3_transform_model(const Cs3TransformOps *ops, const Cs3Graph *graph, double sparsity,
                              GError **error) {
  if (!check(ops, graph, sparsity, error))
    return NULL;
  Cs3Rewrite r = {.from = graph, .to = cs3_graph_copy(graph), .sparsity = sparsity};
  g_autofree char *source = g_strdup_printf("%s of %s", ops->name, graph->model->name);
  if (!ops->apply(&r, error) || !cs3_graph_check(r.to, source, error)) {
    cs3_graph_free(r.to);
    return NULL;
  }
  g_autoptr(GArray) facts = cs3_model_facts(graph->model);
  g_autoptr(GPtrArray) notes = notes_of(ops, &r);
  Cs3GraphNames names = {graph->model->name, graph->model->family, source, facts, notes};
  return cs3_model_from_graph(r.to, &names, error);
}
