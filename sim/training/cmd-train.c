/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim train: a whole training run. */
#include "config.h"

#include "sim/commands.h"
#include "sim/training/training.h"

typedef struct {
  Cs3TrainingOptions training;
  double tokens;
  int mask;
  gint64 mask_every;
  char *trace, *posterior;
} TrainOptions;

#define AT(member) G_STRUCT_OFFSET(TrainOptions, member)

static const Cs3Option run_options[] = {
    {.name = "tokens",
     .type = CS3_OPTION_REAL,
     .offset = AT(tokens),
     .metavar = "N",
     .min = 1,
     .max = 1e18,
     .default_text = "the recipe's",
     .help = "without RECIPE: a run of one phase over so many tokens, for example 150e9"},
    {.name = "mask",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(mask),
     .metavar = "KIND",
     .choices = cs3_mask_schedule_names,
     .help = "without RECIPE: how the mask changes"},
    {.name = "mask-every",
     .type = CS3_OPTION_INT,
     .offset = AT(mask_every),
     .metavar = "STEPS",
     .min = 1,
     .max = 1e9,
     .help = "without RECIPE: steps between two changes of the mask"},
    {.name = "checkpoint-every",
     .type = CS3_OPTION_INT,
     .offset = AT(training.checkpoint_every),
     .metavar = "STEPS",
     .min = 1,
     .max = 1e9,
     .help = "steps between two checkpoints; what a lost system costs at most"},
    {.name = "trace",
     .type = CS3_OPTION_TEXT,
     .offset = AT(trace),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "write the run from checkpoint to checkpoint as Chrome trace events (JSON)"},
    CS3_OPTION_POSTERIOR(AT(posterior)),
    {NULL},
};

static const TrainOptions defaults = {
    .training = {.scenario = CS3_SCENARIO_DEFAULTS, .checkpoint_every = 1000}, .mask_every = 100};

static gboolean usage(GError **error, const char *message) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "%s", message);
  return FALSE;
}

/* The phase that the command line describes. */
static Cs3Recipe *recipe_of_options(const TrainOptions *o, GError **error) {
  if (o->tokens == 0) {
    usage(error, "what is trained? name a RECIPE ('cs3sim list recipes') or give --tokens 150e9");
    return NULL;
  }
  gboolean weights = o->training.scenario.weights != NULL;
  if (weights && (o->mask == CS3_MASK_GRADUAL || o->training.scenario.sparsity != 0)) {
    usage(error,
          "--weights: have their own zeros, at one sparsity: no --sparsity, no --mask gradual");
    return NULL;
  }
  if (o->mask != CS3_MASK_STATIC && o->training.scenario.sparsity == 0 && !weights) {
    usage(error, "--mask: a mask that changes needs a --sparsity above 0");
    return NULL;
  }
  Cs3Recipe *recipe = cs3_recipe_new("training");
  Cs3Phase *phase = cs3_recipe_add(recipe, "training");
  phase->tokens = o->tokens;
  phase->sparsity = o->training.scenario.sparsity;
  phase->weights = g_strdup(o->training.scenario.weights);
  phase->mask = o->mask;
  phase->mask_every = o->mask_every;
  phase->mask_until = o->mask == CS3_MASK_RIGL ? 0.75 : 1;
  return recipe;
}

/* A phase's own values are the recipe: what would be lost without a word is refused. */
static gboolean check_given(const Cs3Context *context, GError **error) {
  static const char *const options[] = {"tokens", "mask", "mask-every", "sparsity", "weights"};
  for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
    if (!cs3_cli_given(context, options[i]))
      continue;
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--%s: the recipe's phases say that; leave one of them out", options[i]);
    return FALSE;
  }
  return TRUE;
}

/* The command line goes before the recipe, the recipe before the defaults. */
static void apply_recipe(const Cs3Context *context, const Cs3Recipe *recipe, TrainOptions *o) {
  Cs3ScenarioOptions *s = &o->training.scenario;
  if (recipe->model != NULL && !cs3_cli_given(context, "model"))
    s->model = recipe->model;
  if (recipe->hardware != NULL && !cs3_cli_given(context, "hardware"))
    s->hardware = recipe->hardware;
  const struct {
    const char *option;
    gint64 value, *target;
  } numbers[] = {
      {"systems", recipe->systems, &s->systems},
      {"batch", recipe->batch, &s->batch},
      {"seq", recipe->seq, &s->lengths.seq},
      {"checkpoint-every", recipe->checkpoint_every, &o->training.checkpoint_every},
  };
  for (guint i = 0; i < G_N_ELEMENTS(numbers); i++)
    if (numbers[i].value > 0 && !cs3_cli_given(context, numbers[i].option))
      *numbers[i].target = numbers[i].value;
}

static gboolean check_forward(const TrainOptions *o, GError **error) {
  if (!o->training.scenario.forward)
    return TRUE;
  usage(error, "--forward: a step of forward passes trains nothing; see 'cs3sim run --forward'");
  return FALSE;
}

static Cs3Recipe *find_recipe(const Cs3Context *context, const char *name, TrainOptions *o,
                              GError **error) {
  if (name == NULL)
    return recipe_of_options(o, error);
  if (!check_given(context, error))
    return NULL;
  Cs3Recipe *recipe = cs3_recipe_load(name, error);
  if (recipe != NULL)
    apply_recipe(context, recipe, o);
  return recipe;
}

static gboolean write_trace(Cs3Output *output, const Cs3Training *training, GError **error) {
  if (output == NULL)
    return TRUE;
  json_auto_t *events = cs3_training_events(training);
  cs3_output_json(output, events, CS3_FORMAT_JSONL);
  return cs3_output_finish(output, error);
}

static void print_record(const Cs3Context *context, const Cs3Training *training) {
  json_auto_t *record = cs3_training_json(training);
  if (context->format == CS3_FORMAT_TEXT)
    cs3_training_text(record, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_training_csv(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  TrainOptions o = *(const TrainOptions *)values;
  g_autoptr(Cs3Recipe) recipe =
      check_forward(&o, error) ? find_recipe(context, args[0], &o, error) : NULL;
  if (recipe == NULL)
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3PosteriorFile) posterior = NULL;
  if (o.posterior != NULL && (posterior = cs3_posterior_load(o.posterior, error)) == NULL)
    return CS3_EXIT_USAGE;
  o.training.posterior = posterior;
  g_autoptr(Cs3Output) trace = NULL;
  if (o.trace != NULL && (trace = cs3_output_new(o.trace, error)) == NULL)
    return CS3_EXIT_CANT_CREATE;
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "phases", recipe->phases->len);
  g_autoptr(Cs3Training) training = cs3_training_new(recipe, &o.training, progress, error);
  if (training == NULL || !write_trace(trace, training, error))
    return CS3_EXIT_INTERNAL;
  print_record(context, training);
  return CS3_EXIT_OK;
}

static const Cs3Example examples[] = {
    {"ten billion tokens of a small model at 75 % sparsity, the mask chosen anew by RigL",
     "cs3sim train --model gpt2-small --tokens 10e9 --sparsity 0.75 --batch 64 --mask rigl"},
    {"a recipe of sparse pre-training, then dense fine-tuning", "cs3sim train spdf-gpt3-xl"},
    {"16 systems, one of which is lost in the middle of the run",
     "cs3sim train --model gpt2-small --tokens 10e9 --systems 16 --batch 256 --fault system:3@50%"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_train = {
    .name = "train",
    .arguments = "[RECIPE]",
    .summary = "Simulate a whole training run: days, system-hours, energy, cost",
    .description =
        "Simulates a training run in phases, each with its own number of tokens, sparsity, batch, "
        "sequence length and way to change the mask, and says what each and the whole run takes, "
        "beside the same tokens with dense weights. RECIPE is a preset (see 'cs3sim list recipes') "
        "or an .ini file (see 'cs3sim help recipes'); without it --tokens and --sparsity describe "
        "a single phase. Options "
        "given "
        "on the command line go before the recipe's.\n\n"
        "Checkpoints are written every so many steps, while training waits. A system that is lost "
        "(--fault system:5@50%) is noticed and replaced, and all go back to the last checkpoint.",
    .options_size = sizeof(TrainOptions),
    .defaults = &defaults,
    .groups = {{"Run", run_options, 0},
               {"Scenario", cs3_scenario_options, AT(training.scenario)},
               {"Execution", cs3_execution_options, AT(training.scenario)}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .max_args = 1,
    .completes = "recipes",
    .answer_no = "the model does not fit the machine",
    .examples = examples,
    .run = run,
};
