/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim inspect: the layer graph of a model. */
#include "config.h"

#include "base/datadir.h"
#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/machine/precision.h"
#include "sim/run/inspect-weights.h"
#include "sim/run/inspect.h"
#include "sim/run/scenario.h"
#include "sim/run/transform-option.h"
#include "workloads/lora.h"

#include <string.h>

typedef struct {
  char *model, *weights, *lora;
  Cs3LengthOptions lengths;
  Cs3OnnxOptions onnx;
  double sparsity;
  int transform, precision;
  gint64 lines, jobs;
  int masked;
} InspectOptions;

static const InspectOptions defaults = {.model = (char *)"llama7b", .lines = 762};

static const char *const masked[] = {"zero", "nan", NULL};

static const Cs3Option options[] = {
    {.name = "model",
     .letter = 'm',
     .type = CS3_OPTION_TEXT,
     .offset = G_STRUCT_OFFSET(InspectOptions, model),
     .metavar = "NAME|FILE",
     .help = "model preset, a Hugging Face config.json, an ONNX file (doc/onnx.md), or "
             "a graph (doc/graph.md)",
     .completes = "models"},
    CS3_OPTIONS_LENGTHS(G_STRUCT_OFFSET(InspectOptions, lengths)),
    CS3_OPTIONS_ONNX(G_STRUCT_OFFSET(InspectOptions, onnx)),
    CS3_OPTION_TRANSFORM(G_STRUCT_OFFSET(InspectOptions, transform)),
    CS3_OPTION_LORA(G_STRUCT_OFFSET(InspectOptions, lora)),
    CS3_OPTION_PRECISION(G_STRUCT_OFFSET(InspectOptions, precision)),
    CS3_OPTION_SPARSITY(G_STRUCT_OFFSET(InspectOptions, sparsity),
                        .help = "of --transform: what it makes room for"),
    {NULL},
};

static const Cs3Option weight_options[] = {
    {.name = "weights",
     .type = CS3_OPTION_TEXT,
     .offset = G_STRUCT_OFFSET(InspectOptions, weights),
     .metavar = "PATH",
     .completes = "files",
     .help = "count zeros instead: a .safetensors file or its index, an HDF5 checkpoint (.mdl), or "
             "a folder; "
             "with a model: which of its weights are there"},
    {.name = "masked",
     .type = CS3_OPTION_CHOICE,
     .offset = G_STRUCT_OFFSET(InspectOptions, masked),
     .metavar = "VALUE",
     .choices = masked,
     .help = "what stands for a masked weight: zero, or NaN, too"},
    {.name = "lines",
     .type = CS3_OPTION_INT,
     .offset = G_STRUCT_OFFSET(InspectOptions, lines),
     .metavar = "N",
     .min = 1,
     .max = 1 << 20,
     .help = "blocks of input features whose load is compared"},
    CS3_OPTION_JOBS(G_STRUCT_OFFSET(InspectOptions, jobs)),
    {NULL},
};

/* What bears on a graph's rows says nothing about a checkpoint, and the other way round; blocks of
 * features say nothing about names. */
static gboolean check_subject(const InspectOptions *o, gboolean model, GError **error) {
  gboolean lengths = memcmp(&o->lengths, &defaults.lengths, sizeof o->lengths) != 0;
  gboolean lines = o->lines != defaults.lines;
  const char *wrong = NULL;
  if ((o->sparsity != 0) != (o->transform != 0))
    wrong = "--transform and --sparsity: a graph has no zeros, each needs the other";
  else if (o->weights != NULL && o->transform != 0)
    wrong = "--weights: --transform says nothing about weights";
  else if (o->lora != NULL && (o->weights != NULL || o->transform != 0))
    wrong = "--lora: adapts a graph as it is; leave --weights and --transform out";
  else if (o->weights != NULL && o->precision != 0)
    wrong = "--weights: --precision says nothing about weights";
  else if (o->weights != NULL && lengths)
    wrong = "--weights: the lengths of a sample say nothing about weights";
  else if (o->weights != NULL && model && lines)
    wrong = "--lines: are counted without a model";
  else if (o->weights == NULL && (o->masked || lines))
    wrong = "--masked and --lines: need --weights PATH to count in";
  if (wrong != NULL)
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "%s", wrong);
  return wrong == NULL;
}

/* @model: (nullable): whose weights they should be. */
static Cs3ExitStatus run_weights(const Cs3Context *context, const InspectOptions *o,
                                 const char *model, GError **error) {
  /* A file that is not there may be an example. */
  g_autofree char *example = cs3_datadir_locate(CS3_DATA_MASKS, o->weights);
  gboolean given = g_file_test(o->weights, G_FILE_TEST_EXISTS) || example == NULL;
  Cs3InspectWeights what = {.path = given ? o->weights : example,
                            .name = o->weights,
                            .lines = o->lines,
                            .nan_masked = o->masked,
                            .workers = o->jobs > 0 ? (guint)o->jobs : 0};
  if (model == NULL)
    return cs3_inspect_weights(context, &what, error) ? CS3_EXIT_OK : CS3_EXIT_DATA;
  g_autoptr(Cs3Model) read = cs3_model_find_sized(model, &o->onnx, error);
  g_autoptr(Cs3Graph) graph = read != NULL ? cs3_graph_new(read, NULL, error) : NULL;
  gboolean whole;
  if (graph == NULL || !cs3_inspect_match(context, graph, &what, &whole, error))
    return CS3_EXIT_DATA;
  return whole ? CS3_EXIT_OK : CS3_EXIT_NO;
}

/* Bytes alone: what a graph is does not depend on it, and 16 bits are 16 bits. */
static gboolean check_precision(const Cs3Context *context, const InspectOptions *o,
                                const Cs3Graph *graph, GError **error) {
  const char *where = NULL;
  if (o->precision == 0)
    return TRUE;
  if (context->format == CS3_FORMAT_GRAPH)
    where = "in a graph document, which has no bytes";
  else if (!cs3_precision_is_narrow(o->precision))
    where = "here: activations have 16 bits, as without it; fp8 narrows some";
  else if (!cs3_graph_has_factors(graph))
    where = "in a network without linear layers in blocks";
  if (where != NULL)
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--precision %s: changes nothing %s",
                cs3_precision_names[o->precision], where);
  return where == NULL;
}

static Cs3ExitStatus inspect_graph(const Cs3Context *context, const InspectOptions *o,
                                   const Cs3Graph *graph, GError **error) {
  Cs3Narrow narrow = {0.5, 0.5};
  if (!check_precision(context, o, graph, error))
    return CS3_EXIT_USAGE;
  cs3_inspect_write(graph, cs3_precision_is_narrow(o->precision) ? &narrow : NULL, context->output,
                    context->format);
  return CS3_EXIT_OK;
}

static Cs3ExitStatus inspect_transformed(const Cs3Context *context, const InspectOptions *o,
                                         const Cs3Graph *graph, GError **error) {
  const Cs3TransformOps *ops = cs3_transform_of(o->transform);
  g_autoptr(Cs3Model) model = cs3_transform_model(ops, graph, o->sparsity, error);
  g_autoptr(Cs3Graph) larger = model != NULL ? cs3_graph_new(model, NULL, error) : NULL;
  return larger != NULL ? inspect_graph(context, o, larger, error) : CS3_EXIT_USAGE;
}

static Cs3ExitStatus inspect_adapted(const Cs3Context *context, const InspectOptions *o,
                                     const Cs3Graph *graph, GError **error) {
  g_autoptr(Cs3Model) model = cs3_lora_model(graph, o->lora, error);
  g_autoptr(Cs3Graph) adapted = model != NULL ? cs3_graph_new(model, NULL, error) : NULL;
  return adapted != NULL ? inspect_graph(context, o, adapted, error) : CS3_EXIT_USAGE;
}

static Cs3ExitStatus run_inspect(const Cs3Context *context, const void *values, char **args,
                                 GError **error) {
  const InspectOptions *given = values;
  gboolean named = args[0] != NULL || cs3_cli_given(context, "model");
  if (!check_subject(given, named, error))
    return CS3_EXIT_USAGE;
  if (given->weights != NULL)
    return run_weights(context, given, !named ? NULL : args[0] ? args[0] : given->model, error);
  g_autoptr(Cs3Model) model =
      cs3_model_find_sized(args[0] ? args[0] : given->model, &given->onnx, error);
  if (model == NULL)
    return CS3_EXIT_DATA;
  g_autoptr(Cs3Graph) graph = cs3_length_options_graph(&given->lengths, model, error);
  if (graph == NULL)
    return CS3_EXIT_USAGE;
  if (!cs3_lora_is_none(given->lora))
    return inspect_adapted(context, given, graph, error);
  return given->transform != 0 ? inspect_transformed(context, given, graph, error)
                               : inspect_graph(context, given, graph, error);
}

static const Cs3Example examples[] = {
    {"the operators of Llama-2 7B", "cs3sim inspect --model llama7b"},
    {"a shorter sequence, as CSV", "cs3sim inspect mistral-7b --seq 2048 -o csv"},
    {"the graph of GPT-2, to edit and to give to --model",
     "cs3sim inspect gpt2-small --seq 128 -o graph"},
    {"zeros of a checkpoint, matrix by matrix",
     "cs3sim inspect --weights attention-50.safetensors"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_inspect = {
    .name = "inspect",
    .arguments = "[MODEL]",
    .summary = "Print the layer graph of a model, or the zeros of a checkpoint",
    .description = "One row per operator of a training step: shape, parameters, "
                   "multiply-accumulates, FLOPs of "
                   "forward and backward, and the activations that backward needs; then the "
                   "totals. Numbers are "
                   "per token and of one instance; the count says how many there are. Below: the "
                   "segments of the graph and its activations, with who writes them, who reads "
                   "them last, and in whose backward they are needed again.",
    .options_size = sizeof(InspectOptions),
    .defaults = &defaults,
    .groups = {{"Model", options, 0}, {"Weights", weight_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_CSV) | CS3_FORMAT_BIT(CS3_FORMAT_JSONL) |
               CS3_FORMAT_BIT(CS3_FORMAT_GRAPH),
    .answer_no = "weights of the model are missing in the checkpoint",
    .max_args = 1,
    .completes = "models",
    .examples = examples,
    .run = run_inspect,
};
