/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One setting of a scenario by name, through the tables of options and parameters. */
#include "config.h"

#include "sim/study/setting.h"

#include <math.h>
#include <string.h>

#include "base/config-error.h"
#include "base/suggest.h"
#include "results/schema.h"
#include "sim/run/result.h"
#include "workloads/model.h"
#include "workloads/workload-error.h"

#define TOKENS "tokens"

static const Cs3OptionGroup groups[] = {
    {"Scenario", cs3_scenario_options, 0},
    {"Execution", cs3_execution_options, 0},
};

/* Parameters have names of their own. */
static gboolean is_setting(const Cs3Option *option) {
  return cs3_option_takes_value(option) && !option->no_result && strcmp(option->name, "set") != 0;
}

static void bind(Cs3OptionTarget targets[G_N_ELEMENTS(groups)], Cs3ScenarioOptions *values,
                 const Cs3ScenarioOptions *defaults) {
  for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
    targets[i] = (Cs3OptionTarget){&groups[i], values, defaults};
}

static const Cs3Option *find_option(const char *name) {
  Cs3OptionTarget targets[G_N_ELEMENTS(groups)];
  bind(targets, NULL, NULL);
  return cs3_option_find(targets, G_N_ELEMENTS(targets), name);
}

void cs3_scenario_options_copy(Cs3ScenarioOptions *to, const Cs3ScenarioOptions *from) {
  Cs3OptionTarget targets[G_N_ELEMENTS(groups)];
  *to = *from;
  bind(targets, to, from);
  for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
    cs3_options_init(&targets[i]);
}

void cs3_scenario_options_clear(Cs3ScenarioOptions *options) {
  Cs3OptionTarget targets[G_N_ELEMENTS(groups)];
  bind(targets, options, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
    cs3_options_clear(&targets[i]);
}

char **cs3_setting_names(void) {
  GPtrArray *names = g_ptr_array_new();
  for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
    for (const Cs3Option *o = groups[i].options; o->name != NULL; o++)
      if (is_setting(o))
        g_ptr_array_add(names, g_strdup(o->name));
  g_ptr_array_add(names, g_strdup(TOKENS));
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++)
      g_ptr_array_add(names, cs3_param_name(&b->table->params[i]));
  g_ptr_array_add(names, NULL);
  return (char **)g_ptr_array_free(names, FALSE);
}

gboolean cs3_setting_param(const char *key, const Cs3Param **param, GError **error) {
  *param = NULL;
  g_auto(GStrv) names = cs3_setting_names();
  if (!g_strv_contains((const char *const *)names, key)) {
    g_autofree char *hint = NULL;
    const char *nearest = cs3_suggest(key, (const char *const *)names);
    hint = nearest != NULL ? g_strdup_printf("; did you mean %s?", nearest)
                           : g_strdup("; any parameter of 'cs3sim explain' can be swept, and "
                                      "model, hardware, sparsity, pattern, batch, seq, tokens");
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN, "unknown key '%s'%s", key, hint);
    return FALSE;
  }
  if (strchr(key, '.') == NULL)
    return TRUE;
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  *param = cs3_params_find_name(bindings, key, NULL, error);
  return *param != NULL;
}

static gint64 tokens_per_sample(const Cs3ScenarioOptions *options, GError **error) {
  g_autoptr(Cs3Model) model = cs3_model_find_sized(options->model, &options->onnx, error);
  g_autoptr(Cs3Graph) graph =
      model != NULL ? cs3_length_options_graph(&options->lengths, model, error) : NULL;
  return graph != NULL ? llround(graph->tokens) : 0;
}

static gboolean apply_tokens(Cs3ScenarioOptions *options, const char *text, GError **error) {
  char *end = NULL;
  double tokens = g_ascii_strtod(text, &end);
  gint64 seq = tokens_per_sample(options, error);
  if (seq == 0)
    return FALSE;
  double sequences = tokens / (double)seq;
  if (end == text || *end != '\0' || !(sequences >= 1 && sequences <= 1 << 24) ||
      sequences != floor(sequences)) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "tokens: '%s' is not a whole number of sequences of %" G_GINT64_FORMAT
                " tokens; take a multiple of it, or another seq",
                text, seq);
    return FALSE;
  }
  options->batch = (gint64)sequences;
  return TRUE;
}

static void append(char ***list, char *text) {
  guint n = *list != NULL ? g_strv_length(*list) : 0;
  *list = g_renew(char *, *list, n + 2);
  (*list)[n] = text;
  (*list)[n + 1] = NULL;
}

gboolean cs3_setting_apply(Cs3ScenarioOptions *options, const char *key, const char *value,
                           GError **error) {
  const Cs3Param *param;
  if (!cs3_setting_param(key, &param, error))
    return FALSE;
  if (param != NULL) {
    append(&options->set, g_strdup_printf("%s=%s", key, value));
    return TRUE;
  }
  if (strcmp(key, TOKENS) == 0)
    return apply_tokens(options, value, error);
  Cs3OptionTarget targets[G_N_ELEMENTS(groups)];
  bind(targets, options, NULL);
  g_auto(GStrv) words = g_new0(char *, 2);
  words[0] = g_strdup_printf("--%s=%s", key, value);
  g_autoptr(GHashTable) given = g_hash_table_new(g_str_hash, g_str_equal);
  return cs3_options_parse(targets, G_N_ELEMENTS(targets), &words, given, error);
}

gboolean cs3_setting_for_dense(const char *key) {
  const Cs3Option *option = find_option(key);
  return option == NULL || !option->sparse_only;
}

gboolean cs3_setting_is_file(const char *key) {
  const Cs3Option *option = find_option(key);
  return option != NULL && option->identity != NULL;
}

char *cs3_setting_text(const Cs3ScenarioOptions *options, const char *key) {
  Cs3OptionTarget targets[G_N_ELEMENTS(groups)];
  bind(targets, (Cs3ScenarioOptions *)options, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(groups); i++) {
    const Cs3Option *option = cs3_option_find(&targets[i], 1, key);
    if (option != NULL)
      return cs3_option_value_text(option, &targets[i]);
  }
  return NULL;
}

/* --- identity ------------------------------------------------------------------------------- */

gboolean cs3_setting_identity(const char *key, const char *value, Cs3MemoKey *identity,
                              GError **error) {
  const Cs3Option *option = find_option(key);
  *identity = (Cs3MemoKey){{0, 0}};
  cs3_memo_key_text(identity, key);
  if (option != NULL && option->identity != NULL)
    return option->identity(value, identity, error);
  cs3_memo_key_text(identity, value);
  return TRUE;
}

gboolean cs3_scenario_identity(const Cs3ScenarioOptions *options, Cs3MemoKey *identity,
                               GError **error) {
  Cs3OptionTarget targets[G_N_ELEMENTS(groups)];
  bind(targets, (Cs3ScenarioOptions *)options, NULL);
  *identity = (Cs3MemoKey){{0, 0}};
  cs3_memo_key_text(identity, CS3_RESULT_SCHEMA);
  cs3_memo_key_number(identity, CS3_MODEL_VERSION);
  for (guint i = 0; i < G_N_ELEMENTS(groups); i++)
    for (const Cs3Option *o = groups[i].options; o->name != NULL; o++) {
      if (o->no_result)
        continue;
      g_autofree char *value = cs3_option_value_text(o, &targets[i]);
      Cs3MemoKey setting;
      if (value == NULL)
        continue;
      if (!cs3_setting_identity(o->name, value, &setting, error))
        return FALSE;
      *identity = cs3_memo_key(identity, &setting, sizeof setting);
    }
  return TRUE;
}
