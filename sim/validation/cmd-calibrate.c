/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim calibrate: what measured rates say of unpublished constants. */
#include "config.h"

#include "sim/cli/common-options.h"
#include "sim/commands.h"
#include "sim/validation/calibrate.h"
#include "sim/validation/measured.h"

typedef struct {
  char *measurements, *prediction, *points;
  gint64 first, rounds, more, samples, coverage, seed, jobs;
} CalibrateOptions;

#define AT(member) G_STRUCT_OFFSET(CalibrateOptions, member)
#define COUNT(option, member, least, most, text)                                                   \
  {                                                                                                \
    .name = option, .type = CS3_OPTION_INT, .offset = AT(member), .metavar = "N", .min = least,    \
    .max = most, .help = text                                                                      \
  }

static const Cs3Option options[] = {
    {.name = "measurements",
     .type = CS3_OPTION_TEXT,
     .offset = AT(measurements),
     .metavar = "FILE",
     .completes = "files",
     .default_text = "the shipped rows",
     .help = "measured rates instead of those that are shipped: a CSV file with the columns model, "
             "machine, batch, rate (sequences a second), error (relative), and, if wanted, seq, "
             "options (of 'cs3sim run'), source"},
    {.name = "prediction",
     .type = CS3_OPTION_TEXT,
     .offset = AT(prediction),
     .metavar = "OPTIONS",
     .help = "what is at stake, as options of 'cs3sim run': its band before and after"},
    {.name = "points",
     .type = CS3_OPTION_TEXT,
     .offset = AT(points),
     .metavar = "FILE",
     .completes = "files",
     .default_text = "none",
     .help = "keep simulated points in FILE, and go on behind those that it holds"},
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
                                          .first = 448,
                                          .rounds = 2,
                                          .more = 96,
                                          .samples = 256,
                                          .seed = 1};

static void show(guint done, gpointer progress) {
  cs3_progress_update(progress, done);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const CalibrateOptions *o = values;
  Cs3Calibration how = {.first = (guint)o->first,
                        .rounds = (guint)o->rounds,
                        .more = (guint)o->more,
                        .samples = (guint)o->samples,
                        .trials = (guint)o->coverage,
                        .workers = o->jobs > 0 ? (guint)o->jobs : g_get_num_processors(),
                        .seed = (guint64)o->seed,
                        .prediction = o->prediction,
                        .points = o->points};
  g_autoptr(GPtrArray) rows = cs3_measured_load(o->measurements, error);
  if (rows == NULL)
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3Progress) progress =
      cs3_cli_progress(context, "machines", how.first + (guint64)how.rounds * how.more);
  json_auto_t *posterior = cs3_calibrate(&how, rows, show, progress, error);
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
        "sampling). The shipped rows take minutes; --points keeps what has been simulated. "
        "doc/calibration.md describes method, prior and checks.",
    .options_size = sizeof(CalibrateOptions),
    .defaults = &defaults,
    .groups = {{"Measurements", options, 0}, {"Sampling", sampling_options, 0}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .run = run,
};
