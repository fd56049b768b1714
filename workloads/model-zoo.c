/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameter files of the Cerebras Model Zoo: their sections, and what of them is an option. What
 * would change a result and is not understood is refused by name; what cannot is listed. */
#include "config.h"

#include "workloads/model-zoo.h"

#include <errno.h>
#include <string.h>

#include "base/plain-text.h"
#include "base/quantity.h"
#include "base/read-file.h"
#include "workloads/model-zoo-private.h"
#include "workloads/workload-error.h"
#include "workloads/yaml.h"

enum { MOST_BYTES = 1 << 20 };

gboolean cs3_zoo_fail(const Cs3Zoo *zoo, GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: %s", zoo->shown, text);
  return FALSE;
}

char *cs3_zoo_text(const json_t *value) {
  if (json_is_string(value))
    return g_strdup(json_string_value(value));
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  char *copy = g_strdup(text != NULL ? text : "");
  free(text);
  return copy;
}

const json_t *cs3_zoo_at(const json_t *value, const char *path) {
  g_auto(GStrv) names = g_strsplit(path, ".", -1);
  for (char **name = names; *name != NULL; name++)
    value = json_object_get(value, *name);
  return json_is_null(value) ? NULL : value;
}

gboolean cs3_zoo_lists(const char *const *patterns, guint n, const char *key) {
  for (guint i = 0; i < n && patterns[i] != NULL; i++)
    if (patterns[i][0] == '*' ? g_str_has_suffix(key, patterns[i] + 1)
                              : strcmp(patterns[i], key) == 0)
      return TRUE;
  return FALSE;
}

void cs3_zoo_idle(const Cs3Zoo *zoo, const char *section, const char *key) {
  g_autofree char *plain = cs3_plain_text(key);
  if (zoo->idle != NULL)
    g_ptr_array_add(zoo->idle, g_strdup_printf("%s: %s", section, CS3_CUT(plain)));
}

/* The layout with a trainer, else the one before. */
static const json_t *either(const Cs3Zoo *zoo, const char *now, const char *before) {
  const json_t *found = cs3_zoo_at(zoo->root, now);
  return found != NULL ? found : cs3_zoo_at(zoo->root, before);
}

/* --- the sections ---------------------------------------------------------------------------- */

/* What stands where: keys that are read, and those that nothing depends on; others are refused. The
 * model has rows of its own. */
static const struct {
  const char *section; /* "": the document */
  const char *read[7], *idle[9];
} sections[] = {
    {"",
     {"trainer", "model", "train_input", "runconfig", "sparsity", "optimizer"},
     {"eval_input", "inference_input"}},
    {"trainer", {"init", "fit"}, {"validate", "validate_all"}},
    {"trainer.init",
     {"backend", "callbacks", "model", "optimizer", "precision", "sparsity"},
     {"checkpoint", "logging", "loggers", "loop", "model_dir", "schedulers", "seed"}},
    {"trainer.init.backend", {"backend_type", "cluster_config"}, {"*"}},
    {"trainer.init.backend.cluster_config", {"num_csx"}, {"*"}},
    {"trainer.init.precision", {"enabled"}, {"*"}},
    {"trainer.init.sparsity", {"sparsity", "param_filter"}, {"*"}},
    {"sparsity", {"sparsity", "param_filter"}, {"*"}},
    {"trainer.fit", {"train_dataloader"}, {"val_dataloader", "ckpt_path"}},
    {"trainer.fit.train_dataloader",
     {"batch_size", "micro_batch_size", "max_sequence_length", "use_vsl"},
     {"*"}},
    {"train_input", {"batch_size", "micro_batch_size", "max_sequence_length", "use_vsl"}, {"*"}},
    {"runconfig", {"num_csx"}, {"*"}},
};

static gboolean check_section(const Cs3Zoo *zoo, guint s, GError **error) {
  const char *section = sections[s].section, *key;
  const json_t *found = *section != '\0' ? cs3_zoo_at(zoo->root, section) : zoo->root;
  json_t *value;
  json_object_foreach((json_t *)found, key, value) {
    if (cs3_zoo_lists(sections[s].read, G_N_ELEMENTS(sections[s].read), key) || json_is_null(value))
      continue;
    if (!cs3_zoo_lists(sections[s].idle, G_N_ELEMENTS(sections[s].idle), key))
      return cs3_zoo_fail(zoo, error, "%s%s%s: not known; what it changes cannot be left out",
                          section, *section != '\0' ? "." : "", CS3_CUT(key));
    cs3_zoo_idle(zoo, *section != '\0' ? section : "file", key);
  }
  return TRUE;
}

/* What is simulated is a wafer that computes in 16 bits, on sequences of one document. */
static gboolean check_values(const Cs3Zoo *zoo, GError **error) {
  static const struct {
    const char *path, *value;
  } wanted[] = {{"trainer.init.backend.backend_type", "CSX"},
                {"trainer.init.precision.enabled", "true"},
                {"trainer.fit.train_dataloader.use_vsl", "false"},
                {"train_input.use_vsl", "false"}};
  for (guint i = 0; i < G_N_ELEMENTS(wanted); i++) {
    const json_t *value = cs3_zoo_at(zoo->root, wanted[i].path);
    g_autofree char *text = value != NULL ? cs3_zoo_text(value) : NULL;
    if (text != NULL && strcmp(text, wanted[i].value) != 0)
      return cs3_zoo_fail(zoo, error, "%s: %s: what is simulated has %s", wanted[i].path,
                          CS3_CUT(text), wanted[i].value);
  }
  return TRUE;
}

/* {AdamW: {...}}, before the trainer {optimizer_type: AdamW, ...}. */
static gboolean check_optimizer(const Cs3Zoo *zoo, GError **error) {
  const json_t *now = cs3_zoo_at(zoo->root, "trainer.init.optimizer");
  const char *before = json_string_value(cs3_zoo_at(zoo->root, "optimizer.optimizer_type"));
  const char *name = json_object_iter_key(json_object_iter((json_t *)now));
  if (name == NULL)
    name = before;
  if (name == NULL)
    return TRUE;
  if (json_object_size(now) > 1 ||
      (g_ascii_strcasecmp(name, "Adam") != 0 && g_ascii_strcasecmp(name, "AdamW") != 0))
    return cs3_zoo_fail(zoo, error,
                        "optimizer: '%s': Adam and AdamW are read; leave others out and give "
                        "--set memoryx.algorithm",
                        CS3_CUT(name));
  cs3_zoo_idle(zoo, "optimizer", name);
  return TRUE;
}

/* --- the step -------------------------------------------------------------------------------- */

static void add_number(GPtrArray *words, const char *option, const json_t *value) {
  g_autofree char *text = cs3_number_text(json_number_value(value));
  g_ptr_array_add(words, g_strdup_printf("--%s=%s", option, text));
}

/* A number, where there is one; a list has the same of several loaders. */
static gboolean take_number(const Cs3Zoo *zoo, const char *key, const json_t *value,
                            const char *option, GPtrArray *words, GError **error) {
  if (value == NULL)
    return TRUE;
  if (!json_is_integer(value))
    return cs3_zoo_fail(zoo, error, "%s: expected a whole number", key);
  add_number(words, option, value);
  return TRUE;
}

/* "auto" and "explore" leave the choice to the compiler, here to the mapper. */
static gboolean take_micro_batch(const Cs3Zoo *zoo, const json_t *value, GPtrArray *words,
                                 GError **error) {
  static const char *const free_choice[] = {"auto", "explore", NULL};
  const char *text = json_string_value(value);
  if (value == NULL || (text != NULL && g_strv_contains(free_choice, text)))
    return TRUE;
  if (!json_is_integer(value))
    return cs3_zoo_fail(zoo, error, "micro_batch_size: expected a whole number, auto or explore");
  g_ptr_array_add(
      words, g_strdup_printf("--map=micro-batch=%" JSON_INTEGER_FORMAT, json_integer_value(value)));
  return TRUE;
}

/* Weights of a decoder's block as the Model Zoo names them. */
static const char *const weights[] = {
    "model.transformer_decoder.layers.0.self_attn.proj_q_dense_layer.weight",
    "model.transformer_decoder.layers.0.self_attn.proj_k_dense_layer.weight",
    "model.transformer_decoder.layers.0.self_attn.proj_v_dense_layer.weight",
    "model.transformer_decoder.layers.0.self_attn.proj_output_dense_layer.weight",
    "model.transformer_decoder.layers.0.ffn.ffn.0.linear_layer.weight",
    "model.transformer_decoder.layers.0.ffn.ffn.1.linear_layer.weight",
};

/* Whether @name is matched by @glob: *, ? and sets, as in the shell. */
static gboolean matches(const char *glob, const char *name) {
  for (; *glob != '\0' && *glob != '*'; glob++, name++) {
    const char *close = *glob == '[' ? strchr(glob, ']') : NULL;
    if (*name == '\0')
      return FALSE;
    if (close != NULL && memchr(glob + 1, *name, (gsize)(close - glob - 1)) == NULL)
      return FALSE;
    if (close == NULL && *glob != '?' && *glob != *name)
      return FALSE;
    glob = close != NULL ? close : glob;
  }
  if (*glob == '\0')
    return *name == '\0';
  for (;; name++) {
    if (matches(glob + 1, name))
      return TRUE;
    if (*name == '\0')
      return FALSE;
  }
}

static gboolean any_matches(const json_t *filter, const char *name) {
  for (gsize i = 0; i < json_array_size(filter); i++) {
    const char *glob = json_string_value(json_array_get(filter, i));
    if (glob != NULL && strlen(glob) < 200 && matches(glob, name))
      return TRUE;
  }
  return json_is_string(filter) && strlen(json_string_value(filter)) < 200 &&
         matches(json_string_value(filter), name);
}

/* One share for all of a block's weights is --sparsity; another choice is the user's to write. */
static gboolean take_sparsity(const Cs3Zoo *zoo, const json_t *group, GPtrArray *words,
                              GError **error) {
  const json_t *share = cs3_zoo_at(group, "sparsity"), *filter = cs3_zoo_at(group, "param_filter");
  if (json_is_array(group) && json_array_size(group) == 1)
    return take_sparsity(zoo, json_array_get(group, 0), words, error);
  if (group == NULL)
    return TRUE;
  if (!json_is_number(share))
    return cs3_zoo_fail(zoo, error,
                        "sparsity: one group with one number is read; write --sparsity and "
                        "--sparsity-filter for what it comes to");
  for (guint i = 0; filter != NULL && i < G_N_ELEMENTS(weights); i++)
    if (!any_matches(filter, weights[i]))
      return cs3_zoo_fail(
          zoo, error, "sparsity.param_filter leaves %s dense; write --sparsity-filter", weights[i]);
  add_number(words, "sparsity", share);
  return TRUE;
}

/* --- callbacks ------------------------------------------------------------------------------- */

static const char micro_batch_flag[] = "csx.performance.micro_batch_size";

/* Flags of the compiler: one is an option. */
static gboolean take_flags(const Cs3Zoo *zoo, const json_t *flags, GPtrArray *words,
                           GError **error) {
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)flags, key, value) {
    if (strcmp(key, micro_batch_flag) != 0)
      cs3_zoo_idle(zoo, "trainer.init.callbacks", key);
    else if (!take_micro_batch(zoo, value, words, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean take_callback(const Cs3Zoo *zoo, const char *name, const json_t *value,
                              GPtrArray *words, GError **error) {
  /* They look, report, load and save. */
  static const char *const idle[] = {"*CheckLoss",
                                     "*CheckpointState",
                                     "*CheckpointStates",
                                     "*Checkpoints",
                                     "*Listener",
                                     "*Notification",
                                     "*Profiler",
                                     "ComputeNorm",
                                     "ComputeNormGNS",
                                     "CountParams",
                                     "DebugArgsPath",
                                     "DumpActivations",
                                     "DumpAvailableTensorNames",
                                     "FlopUtilization",
                                     "LogInputSummaries",
                                     "LogOptimizerParamGroup",
                                     "LogSparsity",
                                     "ModelEvalMetrics",
                                     "ModelZooParamsMetadata",
                                     "NaNChecker",
                                     "SavePerformanceData",
                                     "ScopedValidateFlags",
                                     "SkipSamples"};
  if (strcmp(name, "GlobalFlags") == 0 || strcmp(name, "ScopedTrainFlags") == 0)
    return take_flags(zoo, value, words, error);
  if (!cs3_zoo_lists(idle, G_N_ELEMENTS(idle), name))
    return cs3_zoo_fail(zoo, error,
                        "trainer.init.callbacks: '%s': not read; what it changes "
                        "cannot be left out",
                        CS3_CUT(name));
  cs3_zoo_idle(zoo, "trainer.init.callbacks", name);
  return TRUE;
}

static gboolean take_callbacks(const Cs3Zoo *zoo, GPtrArray *words, GError **error) {
  const json_t *callbacks = cs3_zoo_at(zoo->root, "trainer.init.callbacks");
  for (gsize i = 0; i < json_array_size(callbacks); i++) {
    const char *name;
    json_t *value;
    json_object_foreach(json_array_get(callbacks, i), name, value) {
      if (!take_callback(zoo, name, value, words, error))
        return FALSE;
    }
  }
  return TRUE;
}

/* --- the file -------------------------------------------------------------------------------- */

gboolean cs3_is_model_zoo(const char *path) {
  return g_str_has_suffix(path, ".yaml") || g_str_has_suffix(path, ".yml");
}

/* @root: (transfer none). */
static gboolean open_zoo(Cs3Zoo *zoo, const json_t *root, const char *shown, GError **error) {
  *zoo = (Cs3Zoo){.shown = shown, .root = root};
  zoo->model = either(zoo, "trainer.init.model", "model");
  return json_is_object(zoo->model) ||
         cs3_zoo_fail(zoo, error, "no trainer.init.model: not a parameter file of the Model Zoo");
}

char *cs3_model_zoo_config(const char *text, gsize n, const char *shown, GError **error) {
  json_auto_t *root = cs3_yaml_parse(text, n, shown, error);
  Cs3Zoo zoo;
  if (root == NULL || !open_zoo(&zoo, root, shown, error))
    return NULL;
  json_auto_t *config = cs3_zoo_config(&zoo, error);
  return config != NULL ? cs3_zoo_text(config) : NULL;
}

static gboolean check_file(const Cs3Zoo *zoo, GError **error) {
  json_auto_t *config = cs3_zoo_config(zoo, error);
  for (guint s = 0; config != NULL && s < G_N_ELEMENTS(sections); s++)
    if (!check_section(zoo, s, error))
      return FALSE;
  return config != NULL && check_values(zoo, error) && check_optimizer(zoo, error);
}

static gboolean take_options(const Cs3Zoo *zoo, GPtrArray *words, GError **error) {
  const json_t *loader = either(zoo, "trainer.fit.train_dataloader", "train_input");
  const json_t *systems =
      either(zoo, "trainer.init.backend.cluster_config.num_csx", "runconfig.num_csx");
  const json_t *length = cs3_zoo_at(loader, "max_sequence_length");
  if (length == NULL)
    length = cs3_zoo_at(zoo->model, "max_position_embeddings");
  return take_number(zoo, "batch_size", cs3_zoo_at(loader, "batch_size"), "batch", words, error) &&
         take_number(zoo, "max_sequence_length", length, "seq", words, error) &&
         take_number(zoo, "num_csx", systems, "systems", words, error) &&
         take_micro_batch(zoo, cs3_zoo_at(loader, "micro_batch_size"), words, error) &&
         take_callbacks(zoo, words, error) &&
         take_sparsity(zoo, either(zoo, "trainer.init.sparsity", "sparsity"), words, error);
}

/* "model: loss_weight, rope_theta; trainer.init: seed": a section once for all that follow. */
static char *idle_text(const GPtrArray *idle) {
  GString *text = g_string_new(NULL);
  gsize before = 0;
  for (guint i = 0; i < idle->len; i++) {
    const char *entry = idle->pdata[i], *last = i > 0 ? idle->pdata[i - 1] : "";
    gsize section = strcspn(entry, " ") + 1;
    gboolean same = section == before && strncmp(entry, last, section) == 0;
    g_string_append_printf(text, "%s%s",
                           i == 0 ? ""
                           : same ? ", "
                                  : "; ",
                           same ? entry + section : entry);
    before = section;
  }
  return g_string_free(text, FALSE);
}

gboolean cs3_model_zoo_options(const char *path, GPtrArray *words, char **idle, GError **error) {
  g_autofree char *shown = cs3_plain_text(path);
  g_autoptr(GPtrArray) keys = g_ptr_array_new_with_free_func(g_free);
  gsize n = 0;
  g_autofree char *text = cs3_read_file(path, MOST_BYTES, &n);
  Cs3Zoo zoo;
  if (text == NULL) {
    int code = errno;
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "cannot read %s: %s", shown,
                code == EFBIG ? "more than 1 MiB" : g_strerror(code));
    return FALSE;
  }
  json_auto_t *root = cs3_yaml_parse(text, n, shown, error);
  if (root == NULL || !open_zoo(&zoo, root, shown, error))
    return FALSE;
  zoo.idle = keys;
  g_ptr_array_add(words, g_strdup_printf("--model=%s", path));
  if (!check_file(&zoo, error) || !take_options(&zoo, words, error))
    return FALSE;
  *idle = keys->len > 0 ? idle_text(keys) : NULL;
  return TRUE;
}
