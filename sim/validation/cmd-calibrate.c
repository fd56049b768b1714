/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim calibrate: what measured rates say of unpublished constants. */
#include "config.h"

#include <string.h>

#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/run/posterior.h"
#include "sim/validation/calibrate.h"
#include "sim/validation/measured.h"

typedef struct {
  char *measurements, *prediction, *points, *candidates, *posterior;
  gint64 next, first, rounds, more, samples, coverage, seed, jobs;
} CalibrateOptions;

#define AT(member) G_STRUCT_OFFSET(CalibrateOptions, member)
#define COUNT(option, member, least, most, text)                                                   \
  {                                                                                                \
    .name = option, .type = CS3_OPTION_INT, .offset = AT(member), .metavar = "N", .min = least,    \
    .max = most, .help = text                                                                      \
  }
#define FILE_OPTION(option, member, none, text)                                                    \
  {                                                                                                \
    .name = option, .type = CS3_OPTION_TEXT, .offset = AT(member), .metavar = "FILE",              \
    .completes = "files", .default_text = none, .help = text                                       \
  }

static const Cs3Option options[] = {
    FILE_OPTION("measurements", measurements, "the shipped rows",
                "measured rates instead of those that are shipped: a CSV file with the columns "
                "model, machine, batch, rate (sequences a second), error (relative), and, if "
                "wanted, seq, options (of 'cs3sim run'), source"),
    {.name = "prediction",
     .type = CS3_OPTION_TEXT,
     .offset = AT(prediction),
     .metavar = "OPTIONS",
     .help = "what is at stake, as options of 'cs3sim run': its band before and after"},
    FILE_OPTION("points", points, "none",
                "keep simulated points in FILE, and go on behind those that it holds"),
    {.name = "next",
     .type = CS3_OPTION_INT,
     .offset = AT(next),
     .metavar = "N",
     .min = 1,
     .max = 1000,
     .default_text = "none",
     .help = "say which N measurements would narrow the predicted speed-up most, were they made"},
    FILE_OPTION("candidates", candidates, "a shipped list",
                "what --next chooses from: a CSV file as of --measurements, without a rate"),
    FILE_OPTION("posterior", posterior, "none",
                "say what FILE says, which an earlier call has written (default: the one that is "
                "shipped), instead of inferring anew"),
    {NULL},
};

static const Cs3Option sampling_options[] = {
    COUNT("first", first, 16, 65536, "machines drawn from the ranges to begin with"),
    COUNT("rounds", rounds, 0, 1000, "further rounds, drawn where the posterior lies"),
    COUNT("more", more, 8, 65536, "machines of each further round"),
    COUNT("samples", samples, 16, 65536, "machines that the posterior is written with"),
    COUNT("coverage", coverage, 0, 65536,
          "draw N machines, measure each with noise, infer it: how often intervals of 80 % hold "
          "the truth"),
    COUNT("seed", seed, 0, 4294967295.0, "of what is drawn"),
    CS3_OPTION_JOBS(AT(jobs)),
    {NULL},
};

static const CalibrateOptions defaults = {.prediction = (char *)CS3_HEADLINE,
                                          .first = 832,
                                          .rounds = 2,
                                          .more = 96,
                                          .samples = 256,
                                          .seed = 1};

static void show(guint done, gpointer progress) {
  cs3_progress_update(progress, done);
}

/* What was inferred stands in the file: an option that would have made it another is refused. */
static gboolean check_table(const Cs3Context *context, const Cs3Option *option, const char *file,
                            GError **error) {
  for (; option->name != NULL; option++) {
    if (!cs3_cli_given(context, option->name) || strcmp(option->name, "posterior") == 0 ||
        option->no_result)
      continue;
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--%s: changes nothing of what --posterior %s says; leave one of them out",
                option->name, file);
    return FALSE;
  }
  return TRUE;
}

static gboolean check_given(const Cs3Context *context, const CalibrateOptions *o, GError **error) {
  if (o->candidates != NULL && o->next == 0) {
    g_set_error_literal(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                        "--candidates: --next says how many of them to name; add --next 10");
    return FALSE;
  }
  return o->posterior == NULL || (check_table(context, options, o->posterior, error) &&
                                  check_table(context, sampling_options, o->posterior, error));
}

static json_t *infer(const Cs3Context *context, const CalibrateOptions *o, GError **error) {
  g_autoptr(GPtrArray) candidates = NULL;
  g_autoptr(GPtrArray) rows = cs3_measured_load(o->measurements, CS3_ROWS_MEASURED, error);
  if (rows == NULL)
    return NULL;
  if (o->next > 0 &&
      (candidates = cs3_measured_load(o->candidates, CS3_ROWS_TO_COME, error)) == NULL)
    return NULL;
  Cs3Calibration how = {.first = (guint)o->first,
                        .rounds = (guint)o->rounds,
                        .more = (guint)o->more,
                        .samples = (guint)o->samples,
                        .trials = (guint)o->coverage,
                        .workers = o->jobs > 0 ? (guint)o->jobs : g_get_num_processors(),
                        .seed = (guint64)o->seed,
                        .candidates = candidates,
                        .next = (guint)o->next,
                        .prediction = o->prediction,
                        .points = o->points};
  g_autoptr(Cs3Progress) progress =
      cs3_cli_progress(context, "machines", how.first + (guint64)how.rounds * how.more);
  return cs3_calibrate(&how, rows, show, progress, error);
}

static json_t *load(const char *path, GError **error) {
  g_autoptr(Cs3PosteriorFile) file = cs3_posterior_load(path, error);
  return file != NULL ? json_incref((json_t *)cs3_posterior_document(file)) : NULL;
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const CalibrateOptions *o = values;
  if (!check_given(context, o, error))
    return CS3_EXIT_USAGE;
  json_auto_t *posterior =
      o->posterior != NULL ? load(o->posterior, error) : infer(context, o, error);
  if (posterior == NULL)
    return CS3_EXIT_INTERNAL;
  g_autoptr(GPtrArray) warnings = cs3_calibrate_warnings(posterior);
  for (guint i = 0; i < warnings->len; i++)
    g_message("%s", (const char *)warnings->pdata[i]);
  if (context->format == CS3_FORMAT_TEXT)
    cs3_calibrate_text(posterior, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_calibrate_csv(posterior, context->output);
  else
    cs3_output_json(context->output, posterior, context->format);
  return CS3_EXIT_OK;
}

static const Cs3Example examples[] = {
    {"what the shipped rates say, and what to measure next",
     "cs3sim calibrate --posterior default"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_calibrate = {
    .name = "calibrate",
    .summary = "Infer unpublished constants from measured rates",
    .description =
        "Simulates measured rates on many machines in the ranges of all constants that are "
        "unpublished or disputed, choices included, and weighs each machine by how well it agrees "
        "(likelihood: normal in the logarithm; the simulator's own discrepancy, by network and by "
        "row, is inferred too). Prints what the rows say of the constants, of a sparse prediction, "
        "and of each network when it is left out; as JSON the posterior, which --posterior of "
        "other "
        "commands takes.\n\n"
        "Further rounds draw machines where the posterior lies (adaptive multiple importance "
        "sampling). The shipped rows take minutes; --points keeps what has been simulated, and "
        "--posterior default says at once what came of them. "
        "doc/calibration.md describes method, prior and checks.",
    .options_size = sizeof(CalibrateOptions),
    .defaults = &defaults,
    .groups = {{"Measurements", options, 0}, {"Sampling", sampling_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .examples = examples,
    .run = run,
};
