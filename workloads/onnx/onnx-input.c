/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Inputs of an ONNX model: which they are, how large, and what a user says of them. */
#include "config.h"

#include "workloads/onnx/onnx-input.h"

#include <string.h>

#include "workloads/config-reader.h"
#include "workloads/workload-error.h"

/* "name", "1x3x..." of "name=1x3x...": names may hold '='. */
static char *split(const char *text, const char **rest) {
  const char *sign = strrchr(text, '=');
  *rest = sign != NULL ? sign + 1 : NULL;
  return sign != NULL ? g_strndup(text, (gsize)(sign - text)) : NULL;
}

static gboolean bad_option(GError **error, const char *option, const char *given,
                           const char *expected) {
  g_autofree char *text = cs3_config_clean(given);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID, "--%s %s: expected %s", option,
              text, expected);
  return FALSE;
}

static const Onnx__ValueInfoProto *find_input(const Onnx__GraphProto *graph, const char *name) {
  for (gsize i = 0; i < graph->n_input; i++)
    if (g_strcmp0(graph->input[i]->name, name) == 0)
      return graph->input[i];
  return NULL;
}

/* Initialisers may be listed among the inputs. */
static gboolean is_initialiser(const Onnx__GraphProto *graph, const char *name) {
  for (gsize i = 0; i < graph->n_initializer; i++)
    if (g_strcmp0(graph->initializer[i]->name, name) == 0)
      return TRUE;
  for (gsize i = 0; i < graph->n_sparse_initializer; i++) {
    const Onnx__TensorProto *values = graph->sparse_initializer[i]->values;
    if (values != NULL && g_strcmp0(values->name, name) == 0)
      return TRUE;
  }
  return FALSE;
}

/* (transfer full): "input, state, sr". */
static char *input_names(const Onnx__GraphProto *graph) {
  g_autoptr(GString) names = g_string_new(NULL);
  for (gsize i = 0; i < graph->n_input; i++)
    if (graph->input[i]->name != NULL && !is_initialiser(graph, graph->input[i]->name))
      g_string_append_printf(names, "%s%s", names->len > 0 ? ", " : "", graph->input[i]->name);
  return g_strdup(names->str);
}

/* Whether a name before @text in @list is @name. */
static gboolean is_repeated(const char *const *list, const char *const *text, const char *name) {
  gboolean repeated = FALSE;
  for (; list < text; list++) {
    const char *rest;
    g_autofree char *other = split(*list, &rest);
    repeated |= g_strcmp0(other, name) == 0;
  }
  return repeated;
}

gboolean cs3_onnx_read_given(Cs3OnnxNet *net, GError **error) {
  const Onnx__GraphProto *graph = net->file->proto->graph;
  for (const char *const *text = net->given.shapes; text != NULL && *text != NULL; text++) {
    const char *rest;
    g_autofree char *name = split(*text, &rest);
    if (name == NULL)
      return bad_option(error, "shape", *text, "INPUT=1x3x224x224");
    g_autofree char *names = input_names(graph), *shown = cs3_config_clean(names);
    g_autofree char *expected = g_strdup_printf("an input of the model: %s", shown);
    if (find_input(graph, name) == NULL || is_initialiser(graph, name))
      return bad_option(error, "shape", *text, expected);
    if (is_repeated(net->given.shapes, text, name))
      return bad_option(error, "shape", *text, "each input once");
  }
  for (const char *const *text = net->given.values; text != NULL && *text != NULL; text++) {
    const char *rest;
    char *name = split(*text, &rest), *end = NULL;
    double *value = g_new(double, 1);
    *value = rest != NULL ? g_ascii_strtod(rest, &end) : 0;
    gboolean ok = name != NULL && end != rest && *end == '\0';
    gboolean repeated = is_repeated(net->given.values, text, name);
    if (name != NULL)
      g_hash_table_replace(net->given_values, name, value);
    else
      g_free(value);
    if (!ok)
      return bad_option(error, "value", *text, "NAME=NUMBER, a scalar of the graph");
    if (repeated)
      return bad_option(error, "value", *text, "each name once");
  }
  return TRUE;
}

void cs3_onnx_apply_given(Cs3OnnxNet *net, Cs3OnnxValue *value) {
  const double *given = g_hash_table_lookup(net->given_values, value->name);
  gint64 n = given != NULL ? cs3_onnx_value_elements(value) : -1;
  if (given == NULL || n > CS3_ONNX_NUMBERS)
    return;
  value->n_numbers = MAX(1, n);
  value->numbers = cs3_onnx_keep(net, g_new(double, value->n_numbers));
  for (gint64 i = 0; i < value->n_numbers; i++)
    value->numbers[i] = *given;
  g_hash_table_add(net->given_used, g_strdup(value->name));
}

/* --- shapes ----------------------------------------------------------------------------------- */

static const Onnx__TypeProto__Tensor *tensor_of(const Onnx__ValueInfoProto *info) {
  const Onnx__TypeProto *type = info->type;
  return type != NULL && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type
                                                                                 : NULL;
}

void cs3_onnx_declared(Cs3OnnxValue *value, const Onnx__ValueInfoProto *info) {
  const Onnx__TypeProto__Tensor *tensor = tensor_of(info);
  if (tensor == NULL)
    return;
  if (value->type == 0)
    value->type = tensor->elem_type;
  const Onnx__TensorShapeProto *shape = tensor->shape;
  if (shape == NULL || shape->n_dim > CS3_ONNX_MAX_RANK || value->rank >= 0)
    return;
  value->rank = (int)shape->n_dim;
  for (gsize i = 0; i < shape->n_dim; i++)
    value->dims[i] =
        shape->dim[i]->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE &&
                shape->dim[i]->dim_value >= 0
            ? shape->dim[i]->dim_value
            : -1;
}

static const char *symbol_of(const Onnx__ValueInfoProto *info, int axis) {
  const Onnx__TypeProto__Tensor *tensor = tensor_of(info);
  const Onnx__TensorShapeProto *shape = tensor != NULL ? tensor->shape : NULL;
  if (shape == NULL || (gsize)axis >= shape->n_dim ||
      shape->dim[axis]->value_case != ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM)
    return NULL;
  return shape->dim[axis]->dim_param;
}

static const char *given_shape(const Cs3OnnxNet *net, const char *name) {
  const char *found = NULL;
  for (const char *const *text = net->given.shapes; text != NULL && *text != NULL; text++) {
    const char *rest;
    g_autofree char *own = split(*text, &rest);
    if (g_strcmp0(own, name) == 0)
      found = rest;
  }
  return found;
}

/* "1x3x224x224"; "" is a scalar. */
static gboolean take_shape(Cs3OnnxValue *value, const char *text, GError **error) {
  g_auto(GStrv) words = g_strsplit_set(text, "x,", -1);
  int rank = *text == '\0' ? 0 : (int)g_strv_length(words);
  gboolean ok = rank <= CS3_ONNX_MAX_RANK && (value->rank < 0 || value->rank == rank);
  for (int i = 0; ok && i < rank; i++) {
    gint64 extent = 0;
    ok = g_ascii_string_to_signed(words[i], 10, 0, (gint64)1 << 40, &extent, NULL) &&
         (value->rank < 0 || value->dims[i] < 0 || value->dims[i] == extent);
    value->dims[i] = extent;
  }
  if (!ok) {
    g_autofree char *given = g_strdup_printf("%s=%s", value->name, text);
    return bad_option(error, "shape", given,
                      "as many extents as the model declares, those that it states unchanged");
  }
  value->rank = rank;
  return TRUE;
}

static void learn_symbols(GHashTable *symbols, const Onnx__ValueInfoProto *info,
                          const Cs3OnnxValue *value) {
  for (int i = 0; i < value->rank; i++) {
    const char *symbol = symbol_of(info, i);
    if (symbol != NULL && *symbol != '\0')
      g_hash_table_insert(symbols, (gpointer)symbol, (gpointer)&value->dims[i]);
  }
}

/* A batch is one sample: --batch says how many a step has. */
static void fill_batch(Cs3OnnxValue *value, const Onnx__ValueInfoProto *info, GHashTable *symbols) {
  for (int i = 0; i < value->rank; i++) {
    const char *symbol = symbol_of(info, i);
    const gint64 *known = symbol != NULL ? g_hash_table_lookup(symbols, symbol) : NULL;
    if (value->dims[i] < 0 && known != NULL)
      value->dims[i] = *known;
    if (value->dims[i] < 0 && (i == 0 || (symbol != NULL && g_str_has_prefix(symbol, "batch"))))
      value->dims[i] = 1;
  }
}

/* "input 'x': 1 x 3 x ? (height) x ? (width)". */
static gboolean check_known(const Cs3OnnxValue *value, const Onnx__ValueInfoProto *info,
                            GError **error) {
  g_autoptr(GString) shape = g_string_new(NULL), example = g_string_new(value->name);
  gboolean known = value->rank >= 0;
  for (int i = 0; i < value->rank; i++) {
    const char *symbol = symbol_of(info, i);
    g_string_append(shape, i > 0 ? " x " : "");
    g_string_append_c(example, i > 0 ? 'x' : '=');
    if (value->dims[i] >= 0) {
      g_string_append_printf(shape, "%" G_GINT64_FORMAT, value->dims[i]);
      g_string_append_printf(example, "%" G_GINT64_FORMAT, value->dims[i]);
      continue;
    }
    known = FALSE;
    g_string_append_printf(shape, "? (%s)", symbol != NULL && *symbol ? symbol : "no name");
    g_string_append_c(example, 'N');
  }
  if (known)
    return TRUE;
  g_autofree char *name = cs3_config_clean(value->name);
  g_autofree char *size = cs3_config_clean(value->rank < 0 ? "of any shape" : shape->str);
  g_autofree char *option = cs3_config_clean(value->rank < 0 ? "INPUT=1xN" : example->str);
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "input '%s' is %s: give the sizes that the model leaves open with --shape %s", name,
              size, option);
  return FALSE;
}

gboolean cs3_onnx_add_inputs(Cs3OnnxNet *net, GError **error) {
  const Onnx__GraphProto *graph = net->file->proto->graph;
  g_autoptr(GHashTable) symbols = g_hash_table_new(g_str_hash, g_str_equal);
  for (gsize i = 0; i < graph->n_input; i++) {
    const Onnx__ValueInfoProto *info = graph->input[i];
    if (info->name == NULL || is_initialiser(graph, info->name))
      continue;
    Cs3OnnxValue *value = cs3_onnx_value_new(net, info->name);
    cs3_onnx_declared(value, info);
    const char *shape = given_shape(net, info->name);
    if (shape != NULL && !take_shape(value, shape, error))
      return FALSE;
    if (shape != NULL)
      learn_symbols(symbols, info, value);
    g_ptr_array_add(net->inputs, value);
  }
  for (guint i = 0; i < net->inputs->len; i++) {
    Cs3OnnxValue *value = net->inputs->pdata[i];
    const Onnx__ValueInfoProto *info = find_input(graph, value->name);
    fill_batch(value, info, symbols);
    cs3_onnx_apply_given(net, value);
    if (!check_known(value, info, error))
      return FALSE;
  }
  return TRUE;
}
