/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters of a model, counted over its graph. */
#include "config.h"

#include "workloads/model-count.h"

#include "workloads/workload-error.h"

/* Parameters of one instance that a token meets: of `copies` experts those that its rows are sent
 * to. */
static gint64 active_copies(const Cs3Graph *graph, const Cs3Node *node) {
  if (node->copies == 1)
    return 1;
  double rows = cs3_node_segment(graph, node)->rows * MAX(graph->lengths.capacity, 1);
  double sent = cs3_node_rows(node) / rows;
  return (gint64)(sent + 0.5);
}

gboolean cs3_model_count(Cs3Model *model, const Cs3Graph *graph, const char *source,
                         GError **error) {
  double rough = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    gint64 repeat = node->shared ? 1 : cs3_node_segment(graph, node)->repeat;
    gint64 each = (gint64)((guint64)node->parameters * (guint64)repeat);
    rough += (double)node->parameters * (double)repeat * (double)node->copies;
    if (rough > (double)CS3_MODEL_MAX_PARAMETERS) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                  "%s: more than 2^62 parameters", source);
      return FALSE;
    }
    model->parameters += each * node->copies;
    model->active_parameters += each * active_copies(graph, node);
  }
  model->lengths = graph->lengths;
  return TRUE;
}
