/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim inspect: the layer graph of a model. */
#include "config.h"

#include "sim/commands.h"
#include "sim/run/inspect.h"
#include "sim/run/scenario.h"

typedef struct {
  char *model;
  Cs3LengthOptions lengths;
} InspectOptions;

static const InspectOptions defaults = {.model = (char *)"llama7b"};

static const Cs3Option options[] = {
    {.name = "model",
     .letter = 'm',
     .type = CS3_OPTION_TEXT,
     .offset = G_STRUCT_OFFSET(InspectOptions, model),
     .metavar = "NAME|FILE",
     .help = "model preset, or a Hugging Face config.json",
     .completes = "models"},
    CS3_OPTIONS_LENGTHS(G_STRUCT_OFFSET(InspectOptions, lengths)),
    {NULL},
};

static Cs3ExitStatus run_inspect(const Cs3Context *context, const void *values, char **args,
                                 GError **error) {
  const InspectOptions *given = values;
  g_autoptr(Cs3Model) model = cs3_model_find(args[0] ? args[0] : given->model, error);
  if (model == NULL)
    return CS3_EXIT_DATA;
  g_autoptr(Cs3Graph) graph = cs3_length_options_graph(&given->lengths, model, error);
  if (graph == NULL)
    return CS3_EXIT_USAGE;
  cs3_inspect_write(graph, context->output, context->format);
  return CS3_EXIT_OK;
}

static const Cs3Example examples[] = {
    {"the operators of Llama-2 7B", "cs3sim inspect --model llama7b"},
    {"a shorter sequence, as CSV", "cs3sim inspect mistral-7b --seq 2048 -o csv"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_inspect = {
    .name = "inspect",
    .arguments = "[MODEL]",
    .summary = "Print the layer graph of a model",
    .description = "One row per operator of a training step: shape, parameters, "
                   "multiply-accumulates, FLOPs of "
                   "forward and backward, and the activations that backward needs; then the "
                   "totals. Numbers are "
                   "per token and of one instance; the count says how many there are. Below: the "
                   "segments of the graph and its activations, with who writes them, who reads "
                   "them last, and in whose backward they are needed again.",
    .options_size = sizeof(InspectOptions),
    .defaults = &defaults,
    .groups = {{"Model", options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_CSV) | CS3_FORMAT_BIT(CS3_FORMAT_JSONL),
    .max_args = 1,
    .completes = "models",
    .examples = examples,
    .run = run_inspect,
};
