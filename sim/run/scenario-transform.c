/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A scenario of the larger network that --transform asks for. */
#include "config.h"

#include "sim/cli/cli.h"
#include "sim/run/scenario.h"
#include "sim/run/transform-option.h"

/* One sparsity for all layers, drawn, is what there is room for. */
static gboolean check(const Cs3ScenarioOptions *o, GError **error) {
  gboolean filtered = o->sparsity_filter != NULL && o->sparsity_filter[0] != NULL;
  if (o->weights == NULL && !filtered)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--transform %s: makes room for one --sparsity of all its layers; leave %s out",
              cs3_transform_choices[o->transform], filtered ? "--sparsity-filter" : "--weights");
  return FALSE;
}

gboolean cs3_scenario_transform(Cs3Scenario *s, const Cs3ScenarioOptions *o, double sparsity,
                                GError **error) {
  const Cs3TransformOps *ops = cs3_transform_of(o->transform);
  if (ops == NULL)
    return TRUE;
  if (!check(o, error))
    return FALSE;
  const Cs3Graph *from = s->original != NULL ? s->original : s->graph;
  g_autoptr(Cs3Model) model = cs3_transform_model(ops, from, sparsity, error);
  g_autoptr(Cs3Graph) graph = model != NULL ? cs3_graph_new(model, NULL, error) : NULL;
  if (graph == NULL)
    return FALSE;
  if (s->original == NULL) {
    s->original = g_steal_pointer(&s->graph);
    s->original_model = g_steal_pointer(&s->model);
  }
  g_clear_pointer(&s->graph, cs3_graph_free);
  g_clear_pointer(&s->model, cs3_model_free);
  s->model = g_steal_pointer(&model);
  s->config.graph = s->graph = g_steal_pointer(&graph);
  s->config.original = s->original;
  s->config.transform = ops;
  return TRUE;
}
