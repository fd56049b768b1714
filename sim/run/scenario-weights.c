/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Real weights in the place of drawn masks. */
#include "config.h"

#include "base/datadir.h"
#include "sim/cli/cli.h"
#include "sim/run/scenario.h"
#include "workloads/onnx/onnx-model.h"

/* (transfer full): a file that is not there may be an example. */
static char *path_of(const char *weights) {
  char *example =
      g_file_test(weights, G_FILE_TEST_EXISTS) ? NULL : cs3_datadir_locate(CS3_DATA_MASKS, weights);
  return example != NULL ? example : g_strdup(weights);
}

Cs3WeightSet *cs3_scenario_open_weights(const Cs3ScenarioOptions *o, GError **error) {
  if (o->weights == NULL)
    return NULL;
  g_autofree char *path = path_of(o->weights);
  return cs3_weight_set_open(path, o->masked, error);
}

gboolean cs3_scenario_weights_identity(const char *path, Cs3MemoKey *key, GError **error) {
  /* Whether NaN are allowed is a setting of its own. */
  Cs3ScenarioOptions options = {.weights = (char *)path, .masked = TRUE};
  g_autoptr(Cs3WeightSet) set = cs3_scenario_open_weights(&options, NULL);
  options.masked = FALSE;
  if (set == NULL) /* or it has no NaN */
    set = cs3_scenario_open_weights(&options, error);
  if (set == NULL)
    return FALSE;
  cs3_memo_key_text(key, set->statistics ? "statistics" : "weights");
  for (guint i = 0; i < set->entries->len; i++) {
    const Cs3WeightEntry *entry = cs3_weight_set_entry(set, i);
    if (entry->weight != NULL && entry->weight->refusal != NULL)
      continue; /* it can be in no result */
    if (!cs3_weight_set_count(set, i, 0, error))
      return FALSE;
    cs3_memo_key_text(key, entry->name);
    *key = cs3_memo_key(key, &entry->counts.digest, sizeof entry->counts.digest);
  }
  return TRUE;
}

/* (nullable): an axis of a sweep may have changed what the options name. */
static Cs3WeightSet *opened(const Cs3ScenarioOptions *o) {
  g_autofree char *path = path_of(o->weights);
  Cs3WeightSet *set = o->weight_set;
  gboolean same = set != NULL && g_str_equal(set->path, path) && set->nan_masked == o->masked;
  return same ? set : NULL;
}

/* The weights say where their zeros are: nothing that contradicts them is silently passed over. */
static gboolean check_alone(const Cs3ScenarioOptions *o, GError **error) {
  const struct {
    gboolean given;
    const char *name;
  } others[] = {
      {o->sparsity != 0, "sparsity"},
      {o->sparsity_filter != NULL && o->sparsity_filter[0] != NULL, "sparsity-filter"},
      {!g_str_equal(o->pattern, cs3_scenario_defaults.pattern), "pattern"},
      {o->exact, "exact"},
  };
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    if (others[i].given) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--weights %s: cannot be combined with --%s: every weight has its own zeros",
                  o->weights, others[i].name);
      return FALSE;
    }
  return TRUE;
}

/* Share of zeros of the blocks' linear weights, all copies. */
static double blocks_sparsity(const Cs3WeightMatch *match) {
  double live = 0, all = 0;
  for (guint i = 0; i < match->found->len; i++) {
    const Cs3WeightFound *found = &g_array_index(match->found, Cs3WeightFound, i);
    const Cs3Node *node = cs3_graph_node(match->graph, found->node);
    if (!node->sparsifiable)
      continue;
    live += (double)found->live;
    all += (double)node->out_features * (double)node->in_features / (double)node->groups;
  }
  return all > 0 ? 1 - live / all : 0;
}

gboolean cs3_scenario_own_zeros(const Cs3Scenario *s, const Cs3ScenarioOptions *o,
                                double sparsity) {
  const Cs3OnnxNet *net = cs3_onnx_model_net(s->model);
  gboolean filters = o->sparsity_filter != NULL && o->sparsity_filter[0] != NULL;
  return net != NULL && net->counts.zeros + net->counts.quantised > 0 && sparsity == 0 &&
         !filters && g_str_equal(o->pattern, cs3_scenario_defaults.pattern);
}

/* The weights that the options name, or the model's own. */
static Cs3WeightSet *find_set(Cs3Scenario *s, const Cs3ScenarioOptions *o, GError **error) {
  Cs3WeightSet *set = o->weights != NULL ? opened(o) : NULL;
  if (set != NULL)
    return set;
  return s->weight_set = o->weights != NULL ? cs3_scenario_open_weights(o, error)
                                            : cs3_onnx_model_weights(s->model, error);
}

gboolean cs3_scenario_find_weights(Cs3Scenario *s, const Cs3ScenarioOptions *o, GError **error) {
  if (o->weights != NULL && !check_alone(o, error))
    return FALSE;
  if (o->weights != NULL && s->weights != NULL) { /* found before: another sparsity is wanted */
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--weights %s: goes through sparsities, but weights have their own zeros",
                o->weights);
    return FALSE;
  }
  Cs3WeightSet *set = s->weights == NULL ? find_set(s, o, error) : NULL;
  if (s->weights == NULL && set == NULL)
    return FALSE;
  if (s->weights == NULL)
    s->weights = cs3_weight_match_new(s->graph, set);
  if (!cs3_weight_match_count(s->weights, s->config.workers, error))
    return FALSE;
  g_clear_pointer(&s->sparsity, cs3_sparsity_free);
  s->config.sparsity = s->sparsity = cs3_sparsity_measured(s->graph, s->weights);
  s->config.weights = s->weights;
  g_free(s->weights_text);
  s->config.weights_text = s->weights_text = g_strdup(o->weights != NULL ? o->weights : o->model);
  s->config.sparsity_asked = blocks_sparsity(s->weights);
  s->config.exact = TRUE;
  return TRUE;
}
