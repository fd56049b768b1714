/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim validate: published measurements, replayed. */
#include "config.h"

#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/machine/machine.h"
#include "sim/validation/validate-perturb.h"
#include "sim/validation/validate-summary.h"
#include "sim/validation/validate.h"

typedef struct {
  gint64 jobs;
  gboolean summary, recorded;
  char *perturb;
} ValidateOptions;

static const Cs3Option options[] = {
    {.name = "summary",
     .letter = 's',
     .type = CS3_OPTION_FLAG,
     .offset = G_STRUCT_OFFSET(ValidateOptions, summary),
     .help = "one line for every group of rows instead of the rows"},
    {.name = "recorded",
     .letter = 'r',
     .type = CS3_OPTION_FLAG,
     .offset = G_STRUCT_OFFSET(ValidateOptions, recorded),
     .help = "show the validation that was made with this version instead of simulating"},
    {.name = "perturb",
     .type = CS3_OPTION_TEXT,
     .offset = G_STRUCT_OFFSET(ValidateOptions, perturb),
     .metavar = "HARDWARE",
     .completes = "hardware",
     .help = "change every constant of a preset by 20 % and say which row notices; takes minutes"},
    CS3_OPTION_JOBS(G_STRUCT_OFFSET(ValidateOptions, jobs)),
    {NULL},
};

/* (transfer container) (nullable): the suites named, or all. */
static GPtrArray *choose(char **names, GError **error) {
  g_autoptr(GPtrArray) chosen = g_ptr_array_new();
  const Cs3ValidationSuite *const *all = cs3_validation_suites();
  for (; names[0] == NULL && *all != NULL; all++)
    g_ptr_array_add(chosen, (gpointer)*all);
  for (char **name = names; *name != NULL; name++) {
    const Cs3ValidationSuite *suite = cs3_validation_suite_find(*name, error);
    if (suite == NULL)
      return NULL;
    g_ptr_array_add(chosen, (gpointer)suite);
  }
  g_ptr_array_add(chosen, NULL);
  return g_steal_pointer(&chosen);
}

static gboolean count_rows(GPtrArray *chosen, guint64 *rows, GError **error) {
  *rows = 0;
  for (guint i = 0; chosen->pdata[i] != NULL; i++) {
    g_autoptr(GPtrArray) loaded = cs3_validation_load(chosen->pdata[i], error);
    if (loaded == NULL)
      return FALSE;
    *rows += loaded->len;
  }
  return TRUE;
}

static void show(guint done, gpointer progress) {
  cs3_progress_update(progress, done);
}

static guint workers_of(const ValidateOptions *o) {
  return o->jobs > 0 ? (guint)o->jobs : g_get_num_processors();
}

static json_t *simulate(const Cs3Context *context, const ValidateOptions *o, GPtrArray *chosen,
                        GError **error) {
  guint64 rows;
  guint missed;
  if (!count_rows(chosen, &rows, error))
    return NULL;
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "validate", MAX(rows, 1));
  return cs3_validate((const Cs3ValidationSuite *const *)chosen->pdata, workers_of(o), show,
                      progress, &missed, error);
}

static void write_record(const Cs3Context *context, const ValidateOptions *o,
                         const json_t *record) {
  if (o->summary)
    cs3_validate_summary(record, context->output, context->format);
  else if (context->format == CS3_FORMAT_JSON || context->format == CS3_FORMAT_JSONL)
    cs3_output_json(context->output, record, context->format);
  else
    cs3_validate_write(record, context->output, context->format);
}

static gboolean perturb(const Cs3Context *context, const ValidateOptions *o, GError **error) {
  g_autoptr(Cs3Machine) machine = cs3_machine_load(o->perturb, NULL, error);
  if (machine == NULL)
    return FALSE;
  g_autoptr(Cs3Progress) progress =
      cs3_cli_progress(context, "constants", cs3_validation_perturb_count());
  json_auto_t *constants = cs3_validation_perturb(machine, workers_of(o), show, progress, error);
  if (constants == NULL)
    return FALSE;
  cs3_validation_perturb_write(constants, context->output, context->format);
  return TRUE;
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const ValidateOptions *o = values;
  if (o->perturb != NULL)
    return perturb(context, o, error) ? CS3_EXIT_OK : CS3_EXIT_INTERNAL;
  g_autoptr(GPtrArray) chosen = choose(args, error);
  if (chosen == NULL)
    return CS3_EXIT_USAGE;
  json_auto_t *record =
      o->recorded ? cs3_validate_recorded(error) : simulate(context, o, chosen, error);
  if (record == NULL)
    return CS3_EXIT_INTERNAL;
  cs3_validate_keep(record, args);
  write_record(context, o, record);
  guint missed = cs3_validate_missed(record);
  return missed > 0 ? CS3_EXIT_NO : CS3_EXIT_OK;
}

static const Cs3Example examples[] = {
    {"published reductions of training work", "cs3sim validate flops"},
    {"how accurate this version is, without simulating anything",
     "cs3sim validate --recorded --summary"},
    {"two suites, for another program", "cs3sim validate flops pe -o csv"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_validate = {
    .name = "validate",
    .arguments = "[SUITE]...",
    .summary = "Replay published measurements and compare",
    .description =
        "Simulates what has been published and prints source, published and simulated value, "
        "error, what is accepted and the verdict. Without SUITE: all of them ('cs3sim list "
        "suites').\n\n"
        "Evidence is silicon (timed on a machine), vendor-simulator, paper (stated in a "
        "publication, not timed), vendor (claimed without data) or derived (arithmetic on "
        "published values). Rows without a claim are predictions: the error is shown and cannot "
        "be missed. The simulator is not fitted to these measurements; doc/validation.md discusses "
        "them.",
    .options_size = sizeof(ValidateOptions),
    .groups = {{"Options", options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .max_args = G_MAXUINT,
    .completes = "suites",
    .answer_no = "a tolerance is missed",
    .examples = examples,
    .run = run,
};
