/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim inspect: the layer graph of a model. */
#include "config.h"

#include "sim/commands.h"
#include "sim/run/inspect.h"
#include "sim/run/scenario.h"

typedef struct {
  char *model;
  gint64 seq;
  int attention;
} InspectOptions;

static const InspectOptions defaults = {.model = (char *)"llama7b"};

static const char *const attentions[] = {"full", "causal", NULL};

static const Cs3Option options[] = {
    {.name = "model",
     .letter = 'm',
     .type = CS3_OPTION_TEXT,
     .offset = G_STRUCT_OFFSET(InspectOptions, model),
     .metavar = "NAME|FILE",
     .help = "model preset, or a Hugging Face config.json",
     .completes = "models"},
    {.name = "seq",
     .type = CS3_OPTION_INT,
     .offset = G_STRUCT_OFFSET(InspectOptions, seq),
     .metavar = "TOKENS",
     .min = 1,
     .max = 1 << 24,
     .default_text = "the model's longest",
     .help = "tokens per sequence"},
    {.name = "attention",
     .type = CS3_OPTION_CHOICE,
     .offset = G_STRUCT_OFFSET(InspectOptions, attention),
     .metavar = "KIND",
     .choices = attentions,
     .help = "count all scores, or those of earlier tokens only"},
    {NULL},
};

static Cs3ExitStatus run_inspect(const Cs3Context *context, const void *values, char **args,
                                 GError **error) {
  const InspectOptions *given = values;
  g_autoptr(Cs3Model) model = cs3_model_find(args[0] ? args[0] : given->model, error);
  if (model == NULL)
    return CS3_EXIT_DATA;
  gint64 seq = given->seq > 0 ? given->seq : model->max_seq;
  g_autoptr(Cs3Graph) graph = cs3_graph_new(model, seq, given->attention == 1, error);
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
                   "per token and of one instance; the count says how many there are.",
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
