/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameter files of the Cerebras Model Zoo. What would change a result and is not understood is
 * refused by name; what cannot change one (initialisation, dropout, learning rates, data) is listed
 * as such. */
#include "config.h"

#include "workloads/model-zoo.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/plain-text.h"
#include "base/quantity.h"
#include "base/read-file.h"
#include "workloads/workload-error.h"
#include "workloads/yaml.h"

enum { MOST_BYTES = 1 << 20 };

typedef struct {
  const char *shown;
  const json_t *root, *model;
} Zoo;

static gboolean fail(const Zoo *zoo, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);
static gboolean fail(const Zoo *zoo, GError **error, const char *format, ...) {
  va_list args;
  va_start(args, format);
  g_autofree char *text = g_strdup_vprintf(format, args);
  va_end(args);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA, "%s: %s", zoo->shown, text);
  return FALSE;
}

static char *value_text(const json_t *value) {
  char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
  char *copy = g_strdup(text != NULL ? text : "");
  free(text);
  return copy;
}

/* (nullable): the value at @path, "trainer.init.model". null is none. */
static const json_t *at(const json_t *value, const char *path) {
  g_auto(GStrv) names = g_strsplit(path, ".", -1);
  for (char **name = names; *name != NULL; name++)
    value = json_object_get(value, *name);
  return json_is_null(value) ? NULL : value;
}

/* The layout with a trainer, else the one before. */
static const json_t *either(const Zoo *zoo, const char *now, const char *before) {
  const json_t *found = at(zoo->root, now);
  return found != NULL ? found : at(zoo->root, before);
}

/* --- the model ------------------------------------------------------------------------------- */

/* Keys of the model's shape, and the Hugging Face names they have in each family. */
static const struct {
  const char *zoo, *gpt2, *gptj, *llama;
} shapes[] = {
    {"hidden_size", "n_embd", "n_embd", "hidden_size"},
    {"num_hidden_layers", "n_layer", "n_layer", "num_hidden_layers"},
    {"num_heads", "n_head", "n_head", "num_attention_heads"},
    {"filter_size", "n_inner", "n_inner", "intermediate_size"},
    {"vocab_size", "vocab_size", "vocab_size", "vocab_size"},
    {"max_position_embeddings", "n_positions", "n_positions", "max_position_embeddings"},
    {"share_embedding_weights", "tie_word_embeddings", "tie_word_embeddings",
     "tie_word_embeddings"},
    {"rotary_dim", NULL, "rotary_dim", NULL},
    {"extra_attention_params", NULL, NULL, "num_key_value_heads"},
};

/* Beside those: no shape and no work of a step depends on them. */
static const char *const harmless[] = {"name",
                                       "mixed_precision",
                                       "fp16_type",
                                       "loss_scaling",
                                       "loss_weight",
                                       "dropout_rate",
                                       "embedding_dropout_rate",
                                       "attention_dropout_rate",
                                       "residual_dropout_rate",
                                       "layer_norm_epsilon",
                                       "embedding_initializer",
                                       "initializer",
                                       "initializer_range",
                                       "output_layer_initializer",
                                       "ffn_initializer",
                                       "ffn_output_layer_initializer",
                                       "attention_initializer",
                                       "position_embedding_initializer",
                                       "use_bias_in_output",
                                       "use_ffn_bias",
                                       "rope_theta",
                                       "use_projection_bias_in_attention",
                                       "use_ffn_bias_in_attention",
                                       "scale_qk_dot_by_d",
                                       "embeddings_scale",
                                       "output_logits_scale",
                                       "lr_adjustment_groups",
                                       "attention_logits_alpha",
                                       "pad_rope",
                                       "use_rms_norm",
                                       "max_sequence_length",
                                       NULL};

/* Keys that say what the family is, with the values that it has. */
static const struct {
  const char *key, *gpt2, *gptj, *llama;
} kinds[] = {
    {"position_embedding_type", "learned", "rotary", "rotary"},
    {"norm_type", "layernorm", "layernorm", "rmsnorm"},
    {"nonlinearity", "gelu", "gelu", "swiglu"},
    {"attention_type", "scaled_dot_product", "scaled_dot_product", "scaled_dot_product"},
};

typedef enum { GPT2, GPTJ, LLAMA, NONE } Family;

static Family family_of(const Zoo *zoo, GError **error) {
  const char *name = json_string_value(at(zoo->model, "name"));
  const char *position = json_string_value(at(zoo->model, "position_embedding_type"));
  if (name == NULL) /* files before the trainer do not name it */
    name = g_strcmp0(position, "learned") == 0 ? "gpt3" : "";
  if (strcmp(name, "gpt2") == 0 || strcmp(name, "gpt3") == 0)
    return GPT2;
  if (strcmp(name, "gptj") == 0)
    return GPTJ;
  if (strcmp(name, "llama") == 0)
    return LLAMA;
  fail(zoo, error,
       "model.name: '%s': models of the Model Zoo that are read: gpt2, gpt3, gptj, llama; "
       "give others as a config.json",
       CS3_CUT(name));
  return NONE;
}

static const char *of_family(Family family, const char *gpt2, const char *gptj, const char *llama) {
  return family == GPT2 ? gpt2 : family == GPTJ ? gptj : llama;
}

static gboolean check_kind(const Zoo *zoo, Family family, guint k, const json_t *value,
                           GError **error) {
  const char *wanted = of_family(family, kinds[k].gpt2, kinds[k].gptj, kinds[k].llama);
  if (g_strcmp0(json_string_value(value), wanted) == 0)
    return TRUE;
  g_autofree char *text = value_text(value);
  return fail(zoo, error, "model.%s: %s: models of this name are read with %s", kinds[k].key,
              CS3_CUT(text), wanted);
}

/* The number of groups of keys and values; nothing else of these parameters is read. */
static gboolean take_groups(const Zoo *zoo, const json_t *value, json_t **groups, GError **error) {
  *groups = json_object_get(value, "num_kv_groups");
  if (json_is_integer(*groups) && json_object_size(value) == 1)
    return TRUE;
  return fail(zoo, error, "model.extra_attention_params: num_kv_groups alone is read");
}

static gboolean take_shape(const Zoo *zoo, Family family, guint s, json_t *value, json_t *config,
                           GError **error) {
  const char *name = of_family(family, shapes[s].gpt2, shapes[s].gptj, shapes[s].llama);
  gboolean groups = strcmp(shapes[s].zoo, "extra_attention_params") == 0;
  /* Rotary embeddings of llama turn whole heads, whatever the key says. */
  if (name == NULL && strcmp(shapes[s].zoo, "rotary_dim") == 0 && family == LLAMA)
    return TRUE;
  if (name == NULL)
    return fail(zoo, error, "model.%s: not read for models of this name", shapes[s].zoo);
  if (groups && !take_groups(zoo, value, &value, error))
    return FALSE;
  json_object_set(config, name, value);
  return TRUE;
}

static gboolean take_key(const Zoo *zoo, Family family, const char *key, json_t *value,
                         json_t *config, GError **error) {
  for (guint s = 0; s < G_N_ELEMENTS(shapes); s++)
    if (strcmp(shapes[s].zoo, key) == 0)
      return take_shape(zoo, family, s, value, config, error);
  for (guint k = 0; k < G_N_ELEMENTS(kinds); k++)
    if (strcmp(kinds[k].key, key) == 0)
      return check_kind(zoo, family, k, value, error);
  if (g_strv_contains(harmless, key))
    return TRUE;
  return fail(zoo, error, "model.%s: not known; a key that changes the model cannot be left out",
              CS3_CUT(key));
}

static gboolean check_shapes(const Zoo *zoo, GError **error) {
  static const char *const needed[] = {"hidden_size", "num_hidden_layers",       "num_heads",
                                       "vocab_size",  "max_position_embeddings", "filter_size"};
  for (guint i = 0; i < G_N_ELEMENTS(needed); i++)
    if (!json_is_integer(at(zoo->model, needed[i])))
      return fail(zoo, error, "model.%s: expected a whole number", needed[i]);
  return TRUE;
}

/* (transfer full) (nullable). */
static json_t *config_of(const Zoo *zoo, GError **error) {
  static const char *const types[] = {"gpt2", "gptj", "llama"};
  Family family = family_of(zoo, error);
  if (family == NONE || !check_shapes(zoo, error))
    return NULL;
  json_auto_t *config = json_object();
  const char *key;
  json_t *value;
  json_object_set_new(config, "model_type", json_string(types[family]));
  /* The Model Zoo's default, not that of every family. */
  json_object_set_new(config, "tie_word_embeddings", json_true());
  json_object_foreach((json_t *)zoo->model, key,
                      value) if (!json_is_null(value) &&
                                 !take_key(zoo, family, key, value, config, error)) return NULL;
  return json_incref(config);
}

/* --- the step -------------------------------------------------------------------------------- */

static void add_number(GPtrArray *words, const char *option, const json_t *value) {
  g_autofree char *text = cs3_number_text(json_number_value(value));
  g_ptr_array_add(words, g_strdup_printf("--%s=%s", option, text));
}

/* A number, where there is one; a list has the same of several loaders. */
static gboolean take_number(const Zoo *zoo, const char *key, const json_t *value,
                            const char *option, GPtrArray *words, GError **error) {
  if (value == NULL)
    return TRUE;
  if (!json_is_integer(value))
    return fail(zoo, error, "%s: expected a whole number", key);
  add_number(words, option, value);
  return TRUE;
}

/* "auto" and "explore" leave the choice to the compiler, here to the mapper. */
static gboolean take_micro_batch(const Zoo *zoo, const json_t *value, GPtrArray *words,
                                 GError **error) {
  static const char *const free_choice[] = {"auto", "explore", NULL};
  const char *text = json_string_value(value);
  if (value == NULL || (text != NULL && g_strv_contains(free_choice, text)))
    return TRUE;
  if (!json_is_integer(value))
    return fail(zoo, error, "micro_batch_size: expected a whole number, auto or explore");
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
static gboolean take_sparsity(const Zoo *zoo, const json_t *group, GPtrArray *words,
                              GError **error) {
  const json_t *share = at(group, "sparsity"), *filter = at(group, "param_filter");
  if (json_is_array(group) && json_array_size(group) == 1)
    return take_sparsity(zoo, json_array_get(group, 0), words, error);
  if (group == NULL)
    return TRUE;
  if (!json_is_number(share))
    return fail(zoo, error,
                "sparsity: one group with one number is read; write --sparsity and "
                "--sparsity-filter for what it comes to");
  for (guint i = 0; filter != NULL && i < G_N_ELEMENTS(weights); i++)
    if (!any_matches(filter, weights[i]))
      return fail(zoo, error, "sparsity.param_filter leaves %s dense; write --sparsity-filter",
                  weights[i]);
  add_number(words, "sparsity", share);
  return TRUE;
}

/* --- the file -------------------------------------------------------------------------------- */

gboolean cs3_is_model_zoo(const char *path) {
  return g_str_has_suffix(path, ".yaml") || g_str_has_suffix(path, ".yml");
}

/* @root: (transfer none). */
static gboolean open_zoo(Zoo *zoo, const json_t *root, const char *shown, GError **error) {
  zoo->shown = shown;
  zoo->root = root;
  zoo->model = either(zoo, "trainer.init.model", "model");
  return json_is_object(zoo->model) ||
         fail(zoo, error, "no trainer.init.model: not a parameter file of the Model Zoo");
}

char *cs3_model_zoo_config(const char *text, gsize n, const char *shown, GError **error) {
  json_auto_t *root = cs3_yaml_parse(text, n, shown, error);
  Zoo zoo;
  if (root == NULL || !open_zoo(&zoo, root, shown, error))
    return NULL;
  json_auto_t *config = config_of(&zoo, error);
  return config != NULL ? value_text(config) : NULL;
}

static gboolean take_options(const Zoo *zoo, GPtrArray *words, GError **error) {
  const json_t *loader = either(zoo, "trainer.fit.train_dataloader", "train_input");
  const json_t *systems =
      either(zoo, "trainer.init.backend.cluster_config.num_csx", "runconfig.num_csx");
  const json_t *length = at(loader, "max_sequence_length");
  if (length == NULL)
    length = at(zoo->model, "max_position_embeddings");
  return take_number(zoo, "batch_size", at(loader, "batch_size"), "batch", words, error) &&
         take_number(zoo, "max_sequence_length", length, "seq", words, error) &&
         take_number(zoo, "num_csx", systems, "systems", words, error) &&
         take_micro_batch(zoo, at(loader, "micro_batch_size"), words, error) &&
         take_sparsity(zoo, either(zoo, "trainer.init.sparsity", "sparsity"), words, error);
}

gboolean cs3_model_zoo_options(const char *path, GPtrArray *words, GError **error) {
  g_autofree char *shown = cs3_plain_text(path);
  gsize n = 0;
  g_autofree char *text = cs3_read_file(path, MOST_BYTES, &n);
  Zoo zoo;
  if (text == NULL) {
    int code = errno;
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT, "cannot read %s: %s", shown,
                code == EFBIG ? "more than 1 MiB" : g_strerror(code));
    return FALSE;
  }
  json_auto_t *root = cs3_yaml_parse(text, n, shown, error);
  if (root == NULL || !open_zoo(&zoo, root, shown, error))
    return FALSE;
  g_ptr_array_add(words, g_strdup_printf("--model=%s", path));
  return take_options(&zoo, words, error);
}
