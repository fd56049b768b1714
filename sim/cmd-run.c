/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim run: one training step. */
#include "config.h"

#include "sim/commands.h"
#include "sim/result.h"
#include "sim/scenario.h"

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(values, error);
  if (scenario == NULL)
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3Run) result = cs3_run(&scenario->config, error);
  if (result == NULL)
    return CS3_EXIT_INTERNAL;
  json_t *record = cs3_result_json(result);
  if (context->format == CS3_FORMAT_TEXT)
    cs3_result_text(record, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_result_csv(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
  json_decref(record);
  return CS3_EXIT_OK;
}

static const Cs3Example examples[] = {
    {"Llama-2 7B at 70 % sparsity on one CS-3", "cs3sim run --model llama7b --sparsity 0.7"},
    {"the same as JSON, fewer and shorter sequences",
     "cs3sim run --model llama7b --sparsity 0.7 --batch 64 --seq 2048 -o json"},
    {"a machine with twice the ingress",
     "cs3sim run --model llama7b --sparsity 0.7 --set io.rate='2.4 Tb/s'"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_run = {
    .name = "run",
    .summary = "Simulate one training step and its speed-up over dense",
    .description =
        "Simulates a training step of a model with sparse weights on one system, and the same step "
        "with dense weights as its baseline. Prints step time, throughput, the speed-up beside "
        "the theoretical one (MACs alone), and where the cycles of both went.\n\n"
        "The batch is split into micro-batches that fit the wafer's memory; micro-batch, recompute "
        "policy and the mapping of every layer are chosen for the shortest step, separately for "
        "the "
        "sparse and the dense run.",
    .options_size = sizeof(Cs3ScenarioOptions),
    .defaults = &cs3_scenario_defaults,
    .groups = {{"Scenario", cs3_scenario_options, 0}, {"Execution", cs3_execution_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .check = cs3_scenario_check,
    .answer_no = "the model does not fit the machine",
    .examples = examples,
    .run = run,
};
