/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "flops": that the layer graph counts work as the publications do. Says nothing of hardware.
 */
#include "config.h"

#include <string.h>

#include "base/config-error.h"
#include "sim/validation/validate-measure.h"

/* Linear weights that are alive, and all parameters, over the dense parameter count. */
static double parameter_reduction(const Cs3Scenario *scenario) {
  double all = cs3_model_parameters(scenario->model), masked = 0;
  for (guint i = 0; i < scenario->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(scenario->graph, i);
    if (node->kind == CS3_NODE_LINEAR && node->parameters > 0)
      masked += cs3_node_segment(scenario->graph, node)->repeat * (double)node->copies *
                node->out_features * node->in_features / (double)node->groups *
                (1 - scenario->sparsity->node_density[i]);
  }
  return all / (all - masked);
}

/* Method "count": `cs3sim run` options; result: "flops" (dense / sparse) or "parameters". */
static gboolean count(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error) {
  static const char *const no_keys[] = {NULL};
  g_auto(GStrv) words = NULL;
  if (!cs3_validation_values(row, no_keys, NULL, &words, error))
    return FALSE;
  g_autoptr(Cs3Scenario) scenario =
      cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (scenario == NULL)
    return FALSE;
  if (strcmp(row->result, "flops") == 0)
    *value = cs3_graph_theoretical_speedup(scenario->graph, scenario->sparsity->node_density);
  else if (strcmp(row->result, "parameters") == 0)
    *value = parameter_reduction(scenario);
  else
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "%s: result: '%s' is not one of flops, parameters", row->where, row->result);
  return strcmp(row->result, "flops") == 0 || strcmp(row->result, "parameters") == 0;
}

/* Method "saved": `cs3sim run` options, sparse-steps=N and dense-steps=N: training FLOPs that the
 * recipe saves, in percent of sparse-steps dense steps (the dense run that it is compared with). */
static gboolean saved(Cs3ValidationSession *session, const Cs3ValidationRow *row, double *value,
                      GError **error) {
  static const char *const keys[] = {"sparse-steps", "dense-steps", NULL};
  double steps[2];
  g_auto(GStrv) words = NULL;
  if (!cs3_validation_values(row, keys, steps, &words, error))
    return FALSE;
  g_autoptr(Cs3Scenario) scenario =
      cs3_validation_scenario(session, row, (const char *const *)words, error);
  if (scenario == NULL)
    return FALSE;
  double reduction =
      cs3_graph_theoretical_speedup(scenario->graph, scenario->sparsity->node_density);
  *value = 100 * (1 - (steps[0] / reduction + steps[1]) / steps[0]);
  return TRUE;
}

static const Cs3ValidationMethod methods[] = {{"count", count}, {"saved", saved}, {NULL, NULL}};

const Cs3ValidationSuite cs3_suite_flops = {
    .name = "flops",
    .summary = "published reductions of training work, against the layer graph's count",
    .methods = methods,
};
