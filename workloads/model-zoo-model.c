/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The model of a parameter file of the Model Zoo. Every key is of one of three kinds: of the
 * model's shape; of what a family has, so that another value, or what leaving it out means, would
 * be another model; or without a bearing on shapes and work. */
#include "config.h"

#include <string.h>

#include "base/json.h"
#include "base/plain-text.h"
#include "workloads/model-zoo-private.h"

enum { FAMILIES = CS3_ZOO_NONE };

/* Hugging Face's names of the families, and of their shapes: gpt2, gptj, llama. */
static const char *const types[FAMILIES] = {"gpt2", "gptj", "llama"};

static const struct {
  const char *zoo, *name[FAMILIES];
} shapes[] = {
    {"hidden_size", {"n_embd", "n_embd", "hidden_size"}},
    {"num_hidden_layers", {"n_layer", "n_layer", "num_hidden_layers"}},
    {"num_heads", {"n_head", "n_head", "num_attention_heads"}},
    {"filter_size", {"n_inner", "n_inner", "intermediate_size"}},
    {"vocab_size", {"vocab_size", "vocab_size", "vocab_size"}},
    {"max_position_embeddings", {"n_positions", "n_positions", "max_position_embeddings"}},
    {"share_embedding_weights",
     {"tie_word_embeddings", "tie_word_embeddings", "tie_word_embeddings"}},
};

/* What a family has, and what it means that a key is left out: GPT2LMHeadModelConfig and
 * GPTJSubModelConfig of models/nlp, whose defaults are these. */
static const struct {
  const char *key, *value[FAMILIES], *left_out[FAMILIES];
} fixed[] = {
    {"position_embedding_type", {"learned", "rotary", "rotary"}, {"learned", "rotary", "learned"}},
    {"norm_type", {"layernorm", "layernorm", "rmsnorm"}, {"layernorm", "layernorm", "layernorm"}},
    {"nonlinearity", {"gelu", "gelu", "swiglu"}, {"gelu", "gelu", "gelu"}},
    {"attention_type",
     {"scaled_dot_product", "scaled_dot_product", "scaled_dot_product"},
     {"scaled_dot_product", "scaled_dot_product", "scaled_dot_product"}},
    {"use_projection_bias_in_attention", {"true", "false", "false"}, {"true", "true", "true"}},
    {"use_ffn_bias_in_attention", {"true", "false", "false"}, {"true", "true", "true"}},
    {"use_ffn_bias", {"true", "true", "false"}, {"true", "false", "true"}},
    {"use_bias_in_output", {"false", "true", "false"}, {"false", "false", "false"}},
    {"use_untied_layer_norm", {"false", "false", "false"}, {"false", "false", "false"}},
    {"embedding_layer_norm", {"false", "false", "false"}, {"false", "false", "false"}},
    {"norm_first_sandwich", {"false", "false", "false"}, {"false", "false", "false"}},
    {"use_sink_token", {"false", "false", "false"}, {"false", "false", "false"}},
    {"num_extra_input_vocab_tokens", {"0", "0", "0"}, {"0", "0", "0"}},
    /* Of files before the trainer: without it, arithmetic in 32 bits. */
    {"mixed_precision", {"true", "true", "true"}, {"true", "true", "true"}},
};

/* Keys that no shape and no work of a step depends on: where weights begin, what is dropped at
 * random, constants by which something is multiplied anyway (scales, rotary angles, what muP
 * derives). */
static const char *const idle[] = {"*dropout_rate",
                                   "*initializer",
                                   "*_scale",
                                   "attention_kernel",
                                   "attention_logits_alpha",
                                   "attention_softmax_fp32",
                                   "fold_rope_consts",
                                   "fp16_type",
                                   "initializer_range",
                                   "layer_norm_epsilon",
                                   "loss_scaling",
                                   "loss_weight",
                                   "lr_adjustment_groups",
                                   "mup_base_filter_size",
                                   "mup_base_hidden_size",
                                   "output_logits_alpha",
                                   "pos_scaling_extra_args",
                                   "pos_scaling_factor",
                                   "pos_scaling_type",
                                   "rope_theta",
                                   "scale_output_logits_by_d",
                                   "scale_qk_dot_by_d",
                                   "scale_qk_dot_by_layer_idx"};

static Cs3ZooFamily family_of(const Cs3Zoo *zoo, GError **error) {
  const char *name = json_string_value(cs3_zoo_at(zoo->model, "name"));
  const char *position = json_string_value(cs3_zoo_at(zoo->model, "position_embedding_type"));
  if (name == NULL) /* files before the trainer do not name it */
    name = g_strcmp0(position, "learned") == 0 ? "gpt3" : "";
  if (strcmp(name, "gpt2") == 0 || strcmp(name, "gpt3") == 0)
    return CS3_ZOO_GPT2;
  if (strcmp(name, "gptj") == 0)
    return CS3_ZOO_GPTJ;
  if (strcmp(name, "llama") == 0)
    return CS3_ZOO_LLAMA;
  (void)!cs3_zoo_fail(zoo, error,
                      "model.name: '%s': models of the Model Zoo that are read: gpt2, gpt3, gptj, "
                      "llama; give others as a config.json",
                      CS3_CUT(name));
  return CS3_ZOO_NONE;
}

/* @value: (nullable): left out. */
static gboolean check_fixed(const Cs3Zoo *zoo, Cs3ZooFamily family, guint f, const json_t *value,
                            GError **error) {
  const char *key = fixed[f].key, *wanted = fixed[f].value[family];
  const char *usual = fixed[f].left_out[family];
  g_autofree char *text = value != NULL ? cs3_zoo_text(value) : g_strdup(usual);
  if (strcmp(text, wanted) == 0)
    return TRUE;
  if (value == NULL)
    return cs3_zoo_fail(zoo, error,
                        "model.%s: left out, it is %s in the Model Zoo; models of this name are "
                        "read with %s",
                        key, usual, wanted);
  return cs3_zoo_fail(zoo, error, "model.%s: %s: models of this name are read with %s", key,
                      CS3_CUT(text), wanted);
}

static gboolean check_all_fixed(const Cs3Zoo *zoo, Cs3ZooFamily family, GError **error) {
  for (guint f = 0; f < G_N_ELEMENTS(fixed); f++)
    if (!check_fixed(zoo, family, f, cs3_zoo_at(zoo->model, fixed[f].key), error))
      return FALSE;
  return TRUE;
}

static gboolean check_shapes(const Cs3Zoo *zoo, GError **error) {
  static const char *const needed[] = {"hidden_size", "num_hidden_layers",       "num_heads",
                                       "vocab_size",  "max_position_embeddings", "filter_size"};
  for (guint i = 0; i < G_N_ELEMENTS(needed); i++)
    if (!json_is_integer(cs3_zoo_at(zoo->model, needed[i])))
      return cs3_zoo_fail(zoo, error, "model.%s: expected a whole number", needed[i]);
  return TRUE;
}

/* Attention whose heads share keys and values is a module of its own. */
static gboolean take_groups(const Cs3Zoo *zoo, Cs3ZooFamily family, json_t *config,
                            GError **error) {
  const json_t *module = cs3_zoo_at(zoo->model, "attention_module");
  const json_t *more = cs3_zoo_at(zoo->model, "extra_attention_params");
  json_t *groups = json_object_get(more, "num_kv_groups");
  g_autofree char *name = module != NULL ? cs3_zoo_text(module) : g_strdup("aiayn_attention");
  gboolean shared = family == CS3_ZOO_LLAMA && strcmp(name, "multiquery_attention") == 0;
  if (json_object_size(more) != (groups != NULL) || (more != NULL && !json_is_object(more)) ||
      (groups != NULL && !json_is_integer(groups)))
    return cs3_zoo_fail(zoo, error,
                        "model.extra_attention_params: num_kv_groups alone is read, a whole "
                        "number");
  if (!shared && strcmp(name, "aiayn_attention") != 0)
    return cs3_zoo_fail(zoo, error, "model.attention_module: %s: not read for models of this name",
                        CS3_CUT(name));
  if (shared && groups == NULL)
    return cs3_zoo_fail(
        zoo, error, "model.attention_module: %s needs extra_attention_params.num_kv_groups", name);
  if (!shared && groups != NULL)
    return cs3_zoo_fail(zoo, error,
                        "model.extra_attention_params: read with attention_module: "
                        "multiquery_attention alone");
  if (shared)
    json_object_set(config, "num_key_value_heads", groups);
  return TRUE;
}

/* How much of a head turns: a quarter when it is not said. */
static gboolean take_rotation(const Cs3Zoo *zoo, Cs3ZooFamily family, json_t *config,
                              GError **error) {
  const json_t *given = cs3_zoo_at(zoo->model, "rotary_dim");
  json_int_t heads = json_integer_value(cs3_zoo_at(zoo->model, "num_heads"));
  json_int_t width = json_integer_value(cs3_zoo_at(zoo->model, "hidden_size"));
  json_int_t whole = heads > 0 ? width / heads : 0;
  json_int_t turned = given != NULL ? json_integer_value(given) : whole / 4;
  if (given != NULL && !json_is_integer(given))
    return cs3_zoo_fail(zoo, error, "model.rotary_dim: expected a whole number");
  if (family == CS3_ZOO_GPT2)
    return given == NULL ||
           cs3_zoo_fail(zoo, error, "model.rotary_dim: not read for models of this name");
  if (family == CS3_ZOO_LLAMA && turned != whole)
    return cs3_zoo_fail(zoo, error,
                        "model.rotary_dim: %" JSON_INTEGER_FORMAT
                        "%s: models of this name are read with whole heads, %" JSON_INTEGER_FORMAT,
                        turned, given == NULL ? " when left out" : "", whole);
  if (family == CS3_ZOO_GPTJ)
    json_object_set_new(config, "rotary_dim", json_integer(turned));
  return TRUE;
}

/* Keys that the checks above have seen. */
static gboolean is_checked(const char *key) {
  static const char *const others[] = {"name", "attention_module", "extra_attention_params",
                                       "rotary_dim", NULL};
  for (guint f = 0; f < G_N_ELEMENTS(fixed); f++)
    if (strcmp(fixed[f].key, key) == 0)
      return TRUE;
  return g_strv_contains(others, key);
}

static gboolean take_key(const Cs3Zoo *zoo, Cs3ZooFamily family, const char *key, json_t *value,
                         json_t *config, GError **error) {
  for (guint s = 0; s < G_N_ELEMENTS(shapes); s++)
    if (strcmp(shapes[s].zoo, key) == 0)
      return json_object_set(config, shapes[s].name[family], value) == 0;
  if (is_checked(key))
    return TRUE;
  if (!cs3_zoo_lists(idle, G_N_ELEMENTS(idle), key))
    return cs3_zoo_fail(zoo, error,
                        "model.%s: not known; a key that changes the model cannot be left out",
                        CS3_CUT(key));
  cs3_zoo_idle(zoo, "model", key);
  return TRUE;
}

json_t *cs3_zoo_config(const Cs3Zoo *zoo, GError **error) {
  Cs3ZooFamily family = family_of(zoo, error);
  if (family == CS3_ZOO_NONE || !check_shapes(zoo, error) || !check_all_fixed(zoo, family, error))
    return NULL;
  json_auto_t *config = cs3_json_pack("{s:s}", "model_type", types[family]);
  const char *key;
  json_t *value;
  /* The Model Zoo's default, not that of every family. */
  json_object_set_new(config, "tie_word_embeddings", json_true());
  if (!take_groups(zoo, family, config, error) || !take_rotation(zoo, family, config, error))
    return NULL;
  json_object_foreach((json_t *)zoo->model, key, value) {
    if (!json_is_null(value) && !take_key(zoo, family, key, value, config, error))
      return NULL;
  }
  return json_incref(config);
}
