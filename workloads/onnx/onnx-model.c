/* SPDX-License-Identifier: GPL-3.0-or-later */
/* ONNX files as models. */
#include "config.h"

#include "workloads/onnx/onnx-model.h"

#include <string.h>

#include "workloads/family.h"
#include "workloads/onnx/onnx-follow.h"
#include "workloads/onnx/onnx-graph.h"
#include "workloads/onnx/onnx-live.h"
#include "workloads/weight-names.h"
#include "workloads/workload-error.h"

/* Weights of a node that the file computes and does not hold. */
#define MOST_MADE 0x1p30

/* Dimensions first, as every family's: all are 0 but `layers`, the weights. */
typedef struct {
  Cs3Dims dims;
  gint64 macs, zeros, quantised;
  Cs3OnnxNet *net;
} Config;

static void build(Cs3Builder *b, gconstpointer config) {
  cs3_onnx_build(b, ((const Config *)config)->net);
}

static void clear(gpointer config) {
  cs3_onnx_net_free(((Config *)config)->net);
}

/* The inputs have their sizes. */
static void lengths(gconstpointer config, Cs3LengthRules *rules) {
  *rules = (Cs3LengthRules){0};
}

static const Cs3FactField facts[] = {
    {"macs", offsetof(Config, macs)},
    {"zero_parameters", offsetof(Config, zeros)},
    {"quantised_parameters", offsetof(Config, quantised)},
    {NULL, 0},
};

/* Not in the registry: no config.json says that it is one. */
static const Cs3Family onnx = {
    .name = "onnx",
    .config_size = sizeof(Config),
    .facts = facts,
    .lengths = lengths,
    .build = build,
    .clear = clear,
};

gboolean cs3_onnx_is_file(const char *path) {
  g_autofree char *lower = g_ascii_strdown(path, -1);
  return g_str_has_suffix(lower, ".onnx") || g_str_has_suffix(lower, ".ort.onnx");
}

const Cs3OnnxNet *cs3_onnx_model_net(const Cs3Model *model) {
  return model->ops == &onnx ? ((const Config *)model->config)->net : NULL;
}

/* --- notes ------------------------------------------------------------------------------------ */

static void note_inputs(const Cs3OnnxNet *net, GPtrArray *notes) {
  g_autoptr(GString) text = g_string_new("a sample is");
  for (guint i = 0; i < net->inputs->len; i++) {
    const Cs3OnnxValue *v = net->inputs->pdata[i];
    g_autofree char *name = cs3_config_clean(v->name);
    g_string_append_printf(text, "%s %s", i > 0 ? "," : "", name);
    for (int d = 0; d < v->rank; d++)
      g_string_append_printf(text, "%s%" G_GINT64_FORMAT, d > 0 ? "x" : " ", v->dims[d]);
  }
  g_ptr_array_add(notes, g_strdup(text->str));
}

/* What is not followed, by nodes of the graph. */
static void note_limits(const Cs3OnnxNet *net, GPtrArray *notes) {
  guint unsized = 0, recurrent = 0, deep = 0, pairs = 0;
  for (guint i = 0; i < net->works->len; i++) {
    const Cs3OnnxWork *work = &g_array_index(net->works, Cs3OnnxWork, i);
    unsized += work->n_out > 0 && work->out[0] != NULL && cs3_onnx_value_elements(work->out[0]) < 0;
    recurrent += work->n_products > 1;
    deep += work->window.axes > 2;
    for (guint k = 0; k < work->n_products; k++)
      pairs += !work->products[k].weight->constant;
  }
  if (unsized > 0)
    g_ptr_array_add(
        notes,
        g_strdup_printf("%u nodes have sizes that depend on data and count no work", unsized));
  if (recurrent > 0)
    g_ptr_array_add(notes,
                    g_strdup_printf("%u recurrent layers run as the products of all their steps, "
                                    "not one step after the other",
                                    recurrent));
  if (deep > 0)
    g_ptr_array_add(notes,
                    g_strdup_printf("%u convolutions over three axes have no geometry: their "
                                    "neighbours come for nothing",
                                    deep));
}

static gint64 parameters_of(const Cs3Graph *graph) {
  gint64 n = 0;
  for (guint i = 0; i < graph->nodes->len; i++)
    n += cs3_graph_node(graph, i)->parameters * cs3_graph_node(graph, i)->copies;
  return n;
}

/* Parameters that no operator has: of other branches, or that only sizes are made of. */
static void note_unused(const Cs3Model *model, const Cs3Graph *graph) {
  gint64 unused = model->parameters - parameters_of(graph);
  if (unused > 0)
    g_ptr_array_add(model->notes,
                    g_strdup_printf("%" G_GINT64_FORMAT " of the file's %" G_GINT64_FORMAT
                                    " parameters are in no operator that is run",
                                    unused, model->parameters));
}

/* --- loading ---------------------------------------------------------------------------------- */

static char *stem(const char *path) {
  g_autofree char *base = g_path_get_basename(path);
  char *dot = strrchr(base, '.');
  if (dot != NULL && dot != base)
    *dot = '\0';
  return cs3_config_clean(base);
}

static gboolean finish(Cs3Model *model, Config *config, GError **error) {
  const Cs3OnnxNet *net = config->net;
  for (guint i = 0; i < net->works->len; i++)
    config->dims.layers += g_array_index(net->works, Cs3OnnxWork, i).n_products > 0;
  config->macs = (gint64)cs3_onnx_net_macs(net);
  config->zeros = net->counts.zeros;
  config->quantised = net->counts.quantised;
  model->parameters = model->active_parameters = net->counts.floats + net->counts.quantised;
  note_inputs(net, model->notes);
  for (guint i = 0; i < net->notes->len; i++)
    g_ptr_array_add(model->notes, g_strdup(net->notes->pdata[i]));
  note_limits(net, model->notes);
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, NULL, error);
  if (graph == NULL)
    return FALSE;
  note_unused(model, graph);
  return TRUE;
}

Cs3Model *cs3_onnx_model_load(const char *path, const Cs3OnnxGiven *given, GError **error) {
  Cs3OnnxFile *file = cs3_onnx_file_open(path, error);
  Cs3OnnxNet *net = file != NULL ? cs3_onnx_net_new(file, given, error) : NULL;
  if (net == NULL)
    return NULL;
  g_autoptr(Cs3Model) model = g_new0(Cs3Model, 1);
  Config *config = model->config = g_new0(Config, 1);
  config->net = net;
  model->ops = &onnx;
  model->notes = g_ptr_array_new_with_free_func(g_free);
  model->name = stem(path);
  model->family = g_strdup(onnx.name);
  return finish(model, config, error) ? g_steal_pointer(&model) : NULL;
}

/* --- weights ---------------------------------------------------------------------------------- */

static gboolean add_weights(Cs3WeightSet *set, const Cs3OnnxNet *net, const Cs3OnnxWork *work,
                            const Cs3OnnxProduct *p, const char *node, GError **error) {
  g_autofree char *name = cs3_onnx_weight_name(node, p);
  g_autofree guint8 *live = cs3_onnx_product_live(net, work, p);
  double weights = (double)p->copies * (double)p->out * (double)(p->in / p->groups);
  if (live == NULL && weights > MOST_MADE) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_TOO_LARGE,
                "%s: %g weights of %s that are not stored; at most 2^30 are kept as a mask (give "
                "--sparsity to draw others)",
                net->file->path, weights, node);
    return FALSE;
  }
  for (gint64 copy = 0; copy < p->copies; copy++) {
    Cs3Mask *mask = cs3_onnx_product_mask(p, live, copy, error);
    if (mask != NULL && cs3_mask_nnz(mask) == 0) { /* never trained: its zeros mean nothing */
      cs3_mask_free(mask);
      mask = cs3_onnx_product_mask(p, NULL, copy, error);
    }
    if (mask == NULL)
      return FALSE;
    g_autofree char *own = p->copies > 1 ? cs3_weight_name_of_expert(name, copy) : g_strdup(name);
    cs3_weight_set_add(set, own, mask);
  }
  return TRUE;
}

Cs3WeightSet *cs3_onnx_model_weights(const Cs3Model *model, GError **error) {
  const Cs3OnnxNet *net = cs3_onnx_model_net(model);
  g_autoptr(Cs3WeightSet) set = cs3_weight_set_new(net->file->path);
  g_autoptr(GPtrArray) names = cs3_onnx_names(net);
  for (guint i = 0; i < net->works->len; i++) {
    const Cs3OnnxWork *work = &g_array_index(net->works, Cs3OnnxWork, i);
    for (guint k = 0; k < work->n_products; k++)
      if (!add_weights(set, net, work, &work->products[k], names->pdata[i], error))
        return NULL;
  }
  return g_steal_pointer(&set);
}

/* --- identity --------------------------------------------------------------------------------- */

static void add_map(GChecksum *sum, GMappedFile *map) {
  g_checksum_update(sum, (const guchar *)g_mapped_file_get_contents(map),
                    (gssize)g_mapped_file_get_length(map));
}

/* Files beside it are open once its tensors have been. */
char *cs3_onnx_identity(const char *path, GError **error) {
  g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
  g_autoptr(Cs3OnnxFile) file = cs3_onnx_file_open(path, error);
  Cs3OnnxNet net = {.file = file};
  g_autoptr(GMappedFile) map = file != NULL ? g_mapped_file_new(path, FALSE, error) : NULL;
  if (map == NULL || !cs3_onnx_count(&net, error))
    return NULL;
  add_map(sum, map);
  g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(file->beside), (GCompareFunc)strcmp);
  for (GList *name = names; name != NULL; name = name->next)
    add_map(sum, g_hash_table_lookup(file->beside, name->data));
  return g_strdup(g_checksum_get_string(sum));
}
