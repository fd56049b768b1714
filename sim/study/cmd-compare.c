/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim compare: machines side by side. */
#include "config.h"

#include "plots/plots.h"
#include "sim/cli/plot-file.h"
#include "sim/commands.h"
#include "sim/gpu/gpu.h"
#include "sim/study/compare.h"

typedef struct {
  Cs3ScenarioOptions scenario;
  Cs3CompareGpus gpus;
  char *plot, *posterior;
} CompareOptions;

#define AT(member) G_STRUCT_OFFSET(CompareOptions, member)

/* "fastest", then those of cs3_gpu_kernel_names. */
static const char *const kernels[] = {"fastest", "dense", "2:4", "csr", "blocks", NULL};

static const Cs3Option compare_options[] = {
    {.name = "plot",
     .type = CS3_OPTION_TEXT,
     .offset = AT(plot),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "draw it too: .svg, .png, .pdf or .txt"},
    CS3_OPTION_POSTERIOR(AT(posterior)),
    {.name = "gpu-precision",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(gpus.precision),
     .metavar = "PRECISION",
     .choices = cs3_gpu_precision_names,
     .help = "of the blocks' linear layers on GPUs"},
    {.name = "gpu-kernels",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(gpus.kernels),
     .metavar = "KERNELS",
     .choices = kernels,
     .help = "of weights with zeros on GPUs: the fastest that was measured and takes the pattern, "
             "or one of them"},
    {.name = "gpu-scaling",
     .type = CS3_OPTION_REAL,
     .offset = AT(gpus.scaling),
     .metavar = "SHARE",
     .min = 0.1,
     .max = 1,
     .default_text = "the GPU's: 0.97, an assumption",
     .help = "twice the GPUs do SHARE of twice the work (h200x8: its cube)"},
    {NULL},
};

static gboolean draw(const json_t *comparison, const char *path, GError **error) {
  json_auto_t *runs = cs3_compare_runs(comparison);
  gboolean ok = cs3_plot_to_file(&cs3_plot_compare, runs, path, error);
  return ok;
}

/* A picture has bars of runs. */
static gboolean check_plot(const CompareOptions *o, GError **error) {
  if (o->plot == NULL)
    return TRUE;
  g_auto(GStrv) names = g_strsplit(o->scenario.hardware, ",", -1);
  for (char **name = names; *name != NULL; name++) {
    g_autofree char *gpu = NULL;
    if (cs3_gpu_several(g_strstrip(*name), &gpu) == 0)
      continue;
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--plot: draws machines that are simulated; leave %s or the picture out", *name);
    return FALSE;
  }
  return cs3_plot_path_check("--plot", o->plot, error);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const CompareOptions *o = values;
  if (!check_plot(o, error))
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3PosteriorFile) posterior =
      o->posterior != NULL ? cs3_posterior_load(o->posterior, error) : NULL;
  if (o->posterior != NULL && posterior == NULL)
    return CS3_EXIT_USAGE;
  json_auto_t *comparison = cs3_compare(&o->scenario, &o->gpus, error);
  if (comparison == NULL ||
      (posterior != NULL && !cs3_compare_posterior(comparison, &o->scenario, posterior, error)))
    return CS3_EXIT_USAGE;
  if (context->format == CS3_FORMAT_TEXT)
    cs3_compare_text(comparison, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_compare_csv(comparison, context->output);
  else
    cs3_output_json(context->output, comparison, context->format);
  gboolean ok = o->plot == NULL || draw(comparison, o->plot, error);
  return ok ? CS3_EXIT_OK : CS3_EXIT_USAGE;
}

static const CompareOptions defaults = {
    .scenario = {.model = (char *)"llama7b",
                 .hardware = (char *)"cs2-silicon,cs3-silicon",
                 .pattern = (char *)"uniform",
                 .batch = 1024,
                 .seed = 1},
};

static const Cs3Example examples[] = {
    {"two generations", "cs3sim compare --model gpt2-small --sparsity 0.7 --batch 32"},
    {"machines that do not exist, for a spreadsheet",
     "cs3sim compare --model gpt2-small --sparsity 0.7 --batch 32 "
     "--hardware cs3,cs3-double-ingress,cs3-big-sram,cs3-16-lanes,cs3-fast -o csv"},
    {"beside one GPU, and beside eight in FP8",
     "cs3sim compare --model gpt2-small --sparsity 0.7 --batch 32 --hardware cs3,h200,h200x8 "
     "--gpu-precision fp8"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_compare = {
    .name = "compare",
    .summary = "Run the same step on several machines, side by side",
    .description =
        "Runs the same training step on every machine of --hardware, a list separated by commas, "
        "and prints a column for each with ratios to the first. The numbers are those of 'cs3sim "
        "run'; with -o json its records are in the result.\n\n"
        "A machine is a preset, an .ini file ('cs3sim help hardware'), or a GPU: h100, h200, or "
        "several that share the batch, h200x8. Of a GPU a step that was measured is shown as it "
        "is; all else is derived from a model of it, fitted to measured products and layers "
        "('cs3sim "
        "validate gpu'), and marked with ~: compiled, with AdamW, under the power limit. Weights "
        "with zeros run in the fastest kernels that were measured: dense ones, 2:4, CSR, blocks "
        "(--gpu-kernels).",
    .options_size = sizeof(CompareOptions),
    .defaults = &defaults,
    .groups = {{"Comparison", compare_options, 0},
               {"Scenario", cs3_scenario_options, AT(scenario)},
               {"Execution", cs3_execution_options, AT(scenario)}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .examples = examples,
    .run = run,
};
