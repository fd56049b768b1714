/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a model and counting its parameters. */
#include "config.h"

#include "workloads/model.h"

#include "base/read-file.h"
#include "base/suggest.h"
#include "workloads/config-reader.h"
#include "workloads/family.h"
#include "workloads/graph-read.h"
#include "workloads/layer-table.h"
#include "workloads/model-count.h"
#include "workloads/model-zoo.h"
#include "workloads/workload-error.h"

#include <errno.h>
#include <string.h>

enum { MAX_FILE_BYTES = 16 << 20 };

void cs3_model_free(Cs3Model *model) {
  if (!model)
    return;
  g_free(model->name);
  g_free(model->family);
  g_free(model->identity);
  if (model->ops)
    cs3_family_clear(model->ops, model->config);
  if (model->notes)
    g_ptr_array_unref(model->notes);
  if (model->facts)
    g_array_unref(model->facts);
  cs3_graph_free(model->graph);
  g_free(model);
}

static char *read_model(const char *path, const char *shown, gsize *length, GError **error) {
  char *text = cs3_read_file(path, MAX_FILE_BYTES, length);
  int code = errno;
  if (text == NULL && code == EFBIG)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
                "model file %s is larger than 16 MiB; a config.json is a few KiB", shown);
  else if (text == NULL)
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_NO_INPUT,
                "cannot read model file %s: %s", shown, g_strerror(code));
  return text;
}

/* "a/b/llama.json" gives "llama", "a/b/config.json" gives "b". */
static char *stem(const char *path) {
  g_autofree char *base = g_path_get_basename(path);
  if (g_str_equal(base, "config.json")) {
    g_autofree char *folder = g_path_get_dirname(path);
    g_autofree char *name = g_path_get_basename(folder);
    if (!g_str_equal(name, ".") && !g_str_equal(name, "/"))
      return g_steal_pointer(&name);
  }
  char *dot = strrchr(base, '.');
  if (dot && dot != base)
    *dot = '\0';
  return cs3_config_clean(base);
}

Cs3Model *cs3_model_load(const char *path, const char *name, GError **error) {
  g_autofree char *file = g_file_test(path, G_FILE_TEST_IS_DIR)
                              ? g_build_filename(path, "config.json", NULL)
                              : g_strdup(path);
  g_autofree char *shown = cs3_config_clean(file);
  g_autofree char *model_name = name ? g_strdup(name) : stem(file);
  gsize length;
  g_autofree char *text = read_model(file, shown, &length, error);
  if (!text)
    return NULL;
  if (cs3_is_model_zoo(file)) {
    g_autofree char *config = cs3_model_zoo_config(text, length, shown, error);
    return config != NULL ? cs3_model_parse(config, strlen(config), shown, model_name, error)
                          : NULL;
  }
  if (g_str_has_suffix(file, CS3_LAYER_TABLE_SUFFIX))
    return cs3_layer_table_parse(text, length, shown, model_name, error);
  return cs3_model_parse(text, length, shown, model_name, error);
}

/* Types that hold a language model in `text_config`, and that model's type where it does not say.
 */
static const struct {
  const char *type, *text;
} multimodal[] = {
    {"gemma3", "gemma3_text"}, {"llava", "llama"},       {"llava_next", "llama"},
    {"mistral3", "mistral"},   {"pixtral", "mistral"},   {"paligemma", "gemma"},
    {"qwen2_vl", "qwen2"},     {"qwen2_5_vl", "qwen2"},  {"mllama", "llama"},
    {"idefics2", "mistral"},   {"idefics3", "llama"},    {"smolvlm", "llama"},
    {"aya_vision", "cohere2"}, {"video_llava", "llama"}, {"vipllava", "llama"},
    {"internvl", "qwen2"},     {"glm4v", "glm4"},        {"gemma3n", "gemma3n_text"},
};

static const char *text_type(const char *type) {
  for (guint i = 0; i < G_N_ELEMENTS(multimodal); i++)
    if (g_str_equal(multimodal[i].type, type))
      return multimodal[i].text;
  return NULL;
}

/* The known families, the nearest one, and what to do where none is meant. */
static void fail_family(json_t *type, const char *source, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Cs3Family *const *f = cs3_family_registry(); *f; f++)
    g_ptr_array_add(names, (gpointer)(*f)->name);
  g_ptr_array_add(names, NULL);
  const char *const *known = (const char *const *)names->pdata;
  g_autofree char *all = g_strjoinv(", ", (char **)known);
  g_autofree char *got = type ? cs3_config_show(type) : g_strdup("no such key");
  const char *near = json_is_string(type) ? cs3_suggest(json_string_value(type), known) : NULL;
  g_autofree char *hint = near ? g_strdup_printf(" (did you mean %s?)", near) : g_strdup("");
  g_set_error(
      error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
      "%s: model_type: expected a family that is known, got %s%s; write the network with the"
      " keys of one that has the same layers: %s",
      source, got, hint, all);
}

/* The language model of a file with several towers; NULL with @error unset: @root is no such file.
 */
static const Cs3Family *find_text(json_t **root, const char *type, const char *source,
                                  GPtrArray *notes, GError **error) {
  json_t *text = json_object_get(*root, "text_config");
  const char *usual = text_type(type);
  if (!text && !usual)
    return NULL;
  if (!json_is_object(text) || json_object_get(text, "text_config")) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_DATA,
                "%s: text_config: expected the language model of this %s (an object without another"
                " text_config), got %s",
                source, type,
                !text                  ? "no such key"
                : json_is_object(text) ? "one within another"
                                       : "something else");
    return NULL;
  }
  json_t *inner = json_object_get(text, "model_type");
  const char *name = json_is_string(inner) ? json_string_value(inner) : usual;
  const Cs3Family *family = name ? cs3_family_find(name) : NULL;
  if (!family) {
    g_autofree char *where = g_strconcat(source, ": text_config", NULL);
    fail_family(inner, where, error);
    return NULL;
  }
  g_ptr_array_add(notes, g_strdup_printf("of this %s file only text_config is simulated, its"
                                         " language model (%s)",
                                         type, name));
  *root = text;
  return family;
}

static const Cs3Family *find_family(json_t **root, const char *source, GPtrArray *notes,
                                    GError **error) {
  json_t *type = json_object_get(*root, "model_type");
  const char *name = json_string_value(type);
  const Cs3Family *family = name ? cs3_family_find(name) : NULL;
  g_autoptr(GError) why = NULL;
  if (!family && name)
    family = find_text(root, name, source, notes, &why);
  if (family)
    return family;
  if (why)
    g_propagate_error(error, g_steal_pointer(&why));
  else
    fail_family(type, source, error);
  return NULL;
}

/* What a file says about its weights that does not shape a training step. */
static void note_storage(json_t *root, GPtrArray *notes) {
  json_t *quantization = json_object_get(root, "quantization_config");
  json_t *sparsity = json_object_get(root, "sparsity_config");
  if (!json_is_object(sparsity))
    sparsity = json_object_get(quantization, "sparsity_config");
  json_t *share = json_object_get(sparsity, "global_sparsity");
  if (json_is_number(share))
    g_ptr_array_add(notes, g_strdup_printf("sparsity_config says that %.1f %% of this checkpoint's"
                                           " weights are zero; the simulation takes --sparsity",
                                           100 * json_number_value(share)));
  else if (json_is_object(quantization) && json_object_size(quantization) > 0)
    g_ptr_array_add(notes,
                    g_strdup("quantization_config: weights are simulated in the machine's own"
                             " precision"));
}

static char *identify(const Cs3Family *family, json_t *root) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  char *text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
  g_checksum_update(sum, (const guchar *)family->name, -1);
  g_checksum_update(sum, (const guchar *)text, -1);
  free(text);
  return g_strdup(g_checksum_get_string(sum));
}

/* Sums over the graph at the default lengths. */
static gboolean count(Cs3Model *model, const char *source, GError **error) {
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, error);
  return graph && cs3_model_count(model, graph, source, error);
}

static gboolean fill(Cs3Model *model, json_t *root, const char *source, GError **error) {
  const Cs3Family *family = model->ops = find_family(&root, source, model->notes, error);
  if (!family)
    return FALSE;
  model->config = cs3_family_read(family, root, source, model->notes, error);
  if (!model->config || !count(model, source, error))
    return FALSE;
  model->family = g_strdup(family->name);
  model->identity = identify(family, root);
  note_storage(root, model->notes);
  return TRUE;
}

Cs3Model *cs3_model_parse(const char *text, gsize size, const char *source, const char *name,
                          GError **error) {
  json_auto_t *root = cs3_config_read_object(text, size, source, error);
  if (!root)
    return NULL;
  if (cs3_graph_is_document(root))
    return cs3_graph_read(root, source, name, error);
  g_autoptr(Cs3Model) model = g_new0(Cs3Model, 1);
  model->notes = g_ptr_array_new_with_free_func(g_free);
  gboolean ok = fill(model, root, source, error);
  if (!ok)
    return NULL;
  model->name = g_utf8_make_valid(name, -1); /* a file's name may be any bytes */
  return g_steal_pointer(&model);
}
