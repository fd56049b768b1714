/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim infer: prompts and tokens instead of training steps. */
#include "config.h"

#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/machine/precision.h"
#include "sim/inference/inference.h"

#define AT(member) G_STRUCT_OFFSET(Cs3InferenceOptions, member)

static const char *const kv_places[] = {"sram", "away", NULL};

static const Cs3Option infer_options[] = {
    {.name = "model",
     .letter = 'm',
     .type = CS3_OPTION_TEXT,
     .offset = AT(scenario.model),
     .metavar = "NAME|FILE",
     .completes = "models",
     .help = "model preset, or a Hugging Face config.json"},
    CS3_OPTION_SPARSITY(AT(scenario.sparsity),
                        .help = "share of zero weights in the linear layers of the blocks"),
    CS3_OPTION_PATTERN(AT(scenario.pattern)),
    {.name = "batch",
     .letter = 'b',
     .type = CS3_OPTION_INT,
     .offset = AT(scenario.batch),
     .metavar = "N",
     .min = 1,
     .max = 1 << 20,
     .help = "sequences at a time"},
    {.name = "prompt",
     .type = CS3_OPTION_INT,
     .offset = AT(prompt),
     .metavar = "TOKENS",
     .min = 1,
     .max = 1 << 24,
     .default_text = "512; of a decoder behind an encoder 1",
     .help = "tokens that every sequence begins with; of an encoder-decoder, its decoder's"},
    {.name = "encoder-seq",
     .type = CS3_OPTION_INT,
     .offset = AT(scenario.lengths.encoder_seq),
     .metavar = "TOKENS",
     .min = 1,
     .max = 1 << 24,
     .default_text = "the model's",
     .help = "tokens or frames that the encoder of an encoder-decoder reads, once"},
    {.name = "generate",
     .type = CS3_OPTION_INT,
     .offset = AT(generate),
     .metavar = "TOKENS",
     .min = 1,
     .max = 1 << 24,
     .help = "tokens that are generated for every sequence"},
    {.name = "kv",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(kv),
     .metavar = "PLACE",
     .choices = kv_places,
     .help = "keys and values of the streaming wafer: in its SRAM, or sent away and back"},
    {.name = "beside",
     .type = CS3_OPTION_TEXT,
     .offset = AT(beside),
     .metavar = "NAME,...",
     .completes = "decoders",
     .help = "machines beside the wafer: h100, h200, a100, cpu-32, or none"},
    {NULL},
};

static const Cs3Option machine_options[] = {
    CS3_OPTION_HARDWARE(AT(scenario.hardware)),
    CS3_OPTION_PRECISION(AT(scenario.precision)),
    CS3_OPTION_SET(AT(scenario.set)),
    CS3_OPTION_SEED(AT(scenario.seed), "seed of the random masks"),
    CS3_OPTION_JOBS(AT(scenario.jobs)),
    {NULL},
};

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  json_auto_t *record = cs3_inference(values, error);
  if (record == NULL)
    return CS3_EXIT_USAGE;
  if (context->format == CS3_FORMAT_TEXT)
    cs3_inference_text(record, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_inference_csv(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
  return CS3_EXIT_OK;
}

static const Cs3InferenceOptions defaults = {.scenario = {.model = (char *)"llama7b",
                                                          .hardware = (char *)CS3_DEFAULT_HARDWARE,
                                                          .pattern = (char *)"uniform",
                                                          .batch = 1,
                                                          .seed = 1},
                                             .generate = 128,
                                             .beside = (char *)"h100,h200,cpu-32"};

static const Cs3Example examples[] = {
    {"what sparse weights gain where they are read for every token",
     "cs3sim infer --model llama7b --sparsity 0.7"},
    {"many sequences at a time, 2:4 weights",
     "cs3sim infer --model llama3-8b --sparsity 0.5 --pattern 2:4 --batch 32 --prompt 2048"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_infer = {
    .name = "infer",
    .summary = "Prefill and decode with a sparse model, beside GPUs and CPUs",
    .description =
        "Runs prompts through the model and generates tokens one by one. The wafer streams all "
        "weights for every token, as it does in training, those of all experts too; held in SRAM "
        "they are a hypothesis, bounded from below, in two placements. Systems of a cluster share "
        "the "
        "sequences. Beside it stand machines "
        "that read their weights out of memory for every token, in formats whose bytes are "
        "counted: dense, a bit mask and the live values, 2:4; 16, 8 and 4 bits; of experts those "
        "that the tokens of a step are expected to choose. Where weights, keys, values and "
        "activations do not fit, there is no rate but a reason. An encoder-decoder runs its "
        "encoder once, for the prompt. Constants come from measured or published rows ('cs3sim "
        "validate inference').",
    .options_size = sizeof(Cs3InferenceOptions),
    .defaults = &defaults,
    .groups = {{"Inference", infer_options, 0}, {"Machine", machine_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .answer_no = "keys and values do not fit the wafer",
    .examples = examples,
    .run = run,
};
