/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim run: one training step. */
#include "config.h"

#include "sim/commands.h"
#include "sim/run/result.h"
#include "sim/run/scenario.h"
#include "sim/run/schedule.h"
#include "sim/run/posterior.h"
#include "sim/run/tornado.h"
#include "sim/run/uncertainty.h"
#include "sim/step/step-chakra.h"
#include "sim/step/step-platform.h"
#include "sim/step/step-trace.h"

/* The scenario comes first: sim/validation/validate-measure.c reads these options as one. */
typedef struct {
  Cs3ScenarioOptions scenario;
  char *trace, *chakra, *keep_platform;
  gint64 uncertainty;
  gboolean tornado;
  char *posterior;
} RunOptions;

#define AT(member) G_STRUCT_OFFSET(RunOptions, member)

static const Cs3Option file_options[] = {
    {.name = "trace",
     .type = CS3_OPTION_TEXT,
     .offset = AT(trace),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "write what MemoryX, SwarmX and the wafers do during the step, as Chrome trace events "
             "(JSON; Perfetto shows them)"},
    {.name = "chakra",
     .type = CS3_OPTION_TEXT,
     .offset = AT(chakra),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "write the step of one wafer as an execution trace of Chakra (protobuf, .et), for "
             "ASTRA-sim "
             "(doc/files.md)"},
    {.name = "keep-platform",
     .type = CS3_OPTION_TEXT,
     .offset = AT(keep_platform),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "write the SimGrid platform of the step (XML)"},
    {NULL},
};

static const Cs3Option analysis_options[] = {
    {.name = "uncertainty",
     .type = CS3_OPTION_INT,
     .offset = AT(uncertainty),
     .metavar = "N",
     .min = 2,
     .max = CS3_MAX_SAMPLES,
     .default_text = "none",
     .help = "sample N machines over the ranges of all constants that are unpublished or disputed: "
             "10 to 90 % band, and which constants it comes from"},
    {.name = "tornado",
     .type = CS3_OPTION_FLAG,
     .offset = AT(tornado),
     .help = "each of these constants at the ends of its range, the others as they are: change of "
             "step time and speed-up, the largest first"},
    CS3_OPTION_POSTERIOR(AT(posterior)),
    {NULL},
};

static const RunOptions defaults = {.scenario = CS3_SCENARIO_DEFAULTS};

static gboolean write_text(const char *path, const char *text, GError **error) {
  g_autoptr(Cs3Output) output = cs3_output_new(path, error);
  if (output == NULL)
    return FALSE;
  cs3_output_puts(output, text);
  return cs3_output_finish(output, error);
}

/* The platform, and beside it the profiles that it names. */
static gboolean keep_platform(const char *path, const Cs3Schedule *schedule,
                              const Cs3System *system, GError **error) {
  g_autofree char *name = g_path_get_basename(path), *folder = g_path_get_dirname(path);
  g_autoptr(GPtrArray) files = cs3_step_platform(schedule, system, name);
  for (guint i = files->len; i-- > 0;) { /* the platform last: it is then complete */
    const Cs3StepFile *file = files->pdata[i];
    g_autofree char *place = i == 0 ? g_strdup(path) : g_build_filename(folder, file->name, NULL);
    if (!write_text(place, file->text, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean write_trace(const char *path, const Cs3Schedule *schedule, const Cs3System *system,
                            const GPtrArray *labels, GError **error) {
  g_autoptr(Cs3Output) output = cs3_output_new(path, error);
  if (output == NULL)
    return FALSE;
  g_autoptr(Cs3StepTrace) trace = cs3_step_trace(schedule, system, error);
  if (trace == NULL)
    return FALSE;
  json_auto_t *events = cs3_step_trace_events(trace, (const char *const *)labels->pdata);
  cs3_output_json(output, events, CS3_FORMAT_JSONL);
  return cs3_output_finish(output, error);
}

static gboolean write_chakra(const char *path, const Cs3Schedule *schedule, const GPtrArray *labels,
                             GError **error) {
  g_autoptr(Cs3Output) output = cs3_output_new(path, error);
  return output != NULL &&
         cs3_step_chakra(schedule, (const char *const *)labels->pdata, output, error) &&
         cs3_output_finish(output, error);
}

/* What the step leaves behind besides its record. */
static gboolean write_files(const RunOptions *o, const Cs3Run *run, GError **error) {
  const Cs3RunConfig *config = &run->config;
  Cs3PlanInput input = cs3_run_input(config);
  g_autoptr(GPtrArray) labels = g_ptr_array_new_with_free_func(g_free);
  g_autoptr(GArray) uses = cs3_schedule_uses(&input, run->sparse.plan, NULL, labels);
  Cs3Schedule schedule = cs3_run_schedule(config, run->sparse.plan, uses);
  const Cs3System *system = &config->machine->system;
  return (o->keep_platform == NULL || keep_platform(o->keep_platform, &schedule, system, error)) &&
         (o->trace == NULL || write_trace(o->trace, &schedule, system, labels, error)) &&
         (o->chakra == NULL || write_chakra(o->chakra, &schedule, labels, error));
}

static void show_progress(guint64 done, guint64 total, gpointer progress) {
  /* The total shrinks when constants turn out to have no influence: shown as per mille. */
  cs3_progress_update(progress, done * 1000 / total);
}

/* Adds the object "uncertainty" to @record. */
static gboolean analyse(const Cs3Context *context, const Cs3Scenario *scenario, guint samples,
                        json_t *record, GError **error) {
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "uncertainty", 1000);
  json_t *object = cs3_uncertainty(&scenario->config, cs3_uncertainty_whole(record), samples, TRUE,
                                   show_progress, progress, error);
  return object != NULL && json_object_set_new(record, "uncertainty", object) == 0;
}

/* Adds the object "tornado" to @record. */
static gboolean add_tornado(const Cs3Context *context, const Cs3Scenario *scenario, json_t *record,
                            GError **error) {
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "machines", 1000);
  json_t *object =
      cs3_tornado(&scenario->config, cs3_uncertainty_whole(record), show_progress, progress, error);
  return object != NULL && json_object_set_new(record, "tornado", object) == 0;
}

/* Adds the object "posterior" to @record. */
static gboolean add_posterior(const Cs3Context *context, const Cs3Scenario *scenario,
                              const Cs3PosteriorFile *file, json_t *record, GError **error) {
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "posterior", 1000);
  json_t *object = cs3_posterior_band(file, &scenario->config, cs3_uncertainty_whole(record),
                                      show_progress, progress, error);
  return object != NULL && json_object_set_new(record, "posterior", object) == 0;
}

static void write_record(const Cs3Context *context, const json_t *record) {
  const json_t *uncertainty = json_object_get(record, "uncertainty");
  const json_t *tornado = json_object_get(record, "tornado");
  const json_t *posterior = json_object_get(record, "posterior");
  if (context->format == CS3_FORMAT_CSV && tornado != NULL) {
    cs3_tornado_write(tornado, context->output, CS3_FORMAT_CSV);
  } else if (context->format == CS3_FORMAT_CSV) {
    cs3_result_csv(record, context->output);
  } else if (context->format == CS3_FORMAT_TEXT) {
    cs3_result_text(record, context->output);
    if (uncertainty != NULL)
      cs3_uncertainty_text(uncertainty, context->output);
    if (posterior != NULL)
      cs3_posterior_text(posterior, uncertainty, context->output);
    if (tornado != NULL)
      cs3_tornado_write(tornado, context->output, CS3_FORMAT_TEXT);
  } else {
    cs3_output_json(context->output, record, context->format);
  }
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const RunOptions *o = values;
  g_autoptr(Cs3PosteriorFile) posterior =
      o->posterior != NULL ? cs3_posterior_load(o->posterior, error) : NULL;
  if (o->posterior != NULL && posterior == NULL)
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o->scenario, error);
  if (scenario == NULL)
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3Run) result = cs3_run(&scenario->config, error);
  if (result == NULL || !write_files(o, result, error))
    return CS3_EXIT_INTERNAL;
  json_auto_t *record = cs3_result_json(result);
  gboolean ok =
      (o->uncertainty == 0 || analyse(context, scenario, (guint)o->uncertainty, record, error)) &&
      (posterior == NULL || add_posterior(context, scenario, posterior, record, error)) &&
      (!o->tornado || add_tornado(context, scenario, record, error));
  if (ok)
    write_record(context, record);
  return ok ? CS3_EXIT_OK : CS3_EXIT_INTERNAL;
}

static const Cs3Example examples[] = {
    {"Llama-2 7B at 70 % sparsity on one CS-3", "cs3sim run --model llama7b --sparsity 0.7"},
    {"the same as JSON, fewer and shorter sequences",
     "cs3sim run --model llama7b --sparsity 0.7 --batch 64 --seq 2048 -o json"},
    {"how wide unpublished constants make the prediction",
     "cs3sim run --model gpt2-small --batch 8 --seq 256 --sparsity 0.7 --uncertainty 4"},
    {"what each of them does for itself",
     "cs3sim run --model gpt2-small --batch 8 --seq 256 --sparsity 0.7 --tornado"},
    {"an evaluation: forward passes alone", "cs3sim run --model llama7b --sparsity 0.7 --forward"},
    {"a machine with twice the ingress",
     "cs3sim run --model llama7b --sparsity 0.7 --set io.rate='2.4 Tb/s'"},
    {"a cluster of 16 systems, one of them slow, and the timeline of its step",
     "cs3sim run --model gpt2-small --systems 16 --batch 256 --fault straggler:3=0.9 --trace "
     "step.json"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_run = {
    .name = "run",
    .arguments = "[MODEL]",
    .argument_option = "model",
    .completes = "models",
    .summary = "Simulate one training step and its speed-up over dense",
    .description =
        "Simulates a training step of a model with sparse weights on a system or a cluster of "
        "them, "
        "and the same step "
        "with dense weights as its baseline. Prints step time, throughput, the speed-up beside "
        "the theoretical one (MACs alone), and where the cycles of both went.\n\n"
        "The batch is split into micro-batches that fit the wafer's memory; micro-batch, recompute "
        "policy and the mapping of every layer are chosen for the shortest step, separately for "
        "the "
        "sparse and the dense run.",
    .options_size = sizeof(RunOptions),
    .defaults = &defaults,
    .groups = {{"Scenario", cs3_scenario_options, AT(scenario)},
               {"Analysis", analysis_options, 0},
               {"Execution", cs3_execution_options, AT(scenario)},
               {"Files", file_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .check = cs3_scenario_check,
    .answer_no = "the model does not fit the machine",
    .examples = examples,
    .run = run,
};
