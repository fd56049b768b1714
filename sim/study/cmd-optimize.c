/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim optimize: the best of many points. */
#include "config.h"

#include <string.h>

#include "plots/plots.h"
#include "results/record.h"
#include "sim/cli/plot-file.h"
#include "sim/commands.h"
#include "sim/law/budget.h"
#include "sim/study/optimize.h"
#include "sim/study/sweep.h"

/* Every point is kept until the end: about 10 kB each. */
#define MAX_POINTS 100000

typedef struct {
  Cs3ScenarioOptions scenario;
  char **axes;
  gboolean zip;
  int goal;
  gint64 tokens, top;
  double max_kilowatts, max_days;
  char *plot, *posterior, *law, *budget;
  gint64 grid;
  double price;
} OptimizeOptions;

#define AT(member) G_STRUCT_OFFSET(OptimizeOptions, member)

static const char *const goals[] = {"tokens-per-s", "tokens-per-joule", "days", "speedup", NULL};

static const Cs3Option optimize_options[] = {
    {.name = "sweep",
     .type = CS3_OPTION_LIST,
     .offset = AT(axes),
     .metavar = "KEY=VALUES",
     .help = "an axis to search along, as 'cs3sim sweep' takes it"},
    {.name = "zip",
     .type = CS3_OPTION_FLAG,
     .offset = AT(zip),
     .help = "the first values of all axes together, then the second: not all combinations"},
    {.name = "goal",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(goal),
     .metavar = "GOAL",
     .choices = goals,
     .help =
         "what is sought: most tokens a second, most tokens a joule, fewest days, largest speed-up "
         "over dense"},
    {.name = "top",
     .type = CS3_OPTION_INT,
     .offset = AT(top),
     .metavar = "N",
     .min = 1,
     .max = MAX_POINTS,
     .default_text = "the front",
     .help = "print the N best points as text instead of the front; the other formats have all"},
    {.name = "train-tokens",
     .type = CS3_OPTION_INT,
     .offset = AT(tokens),
     .metavar = "N",
     .min = 0,
     .max = 9e15,
     .help = "tokens of the whole training, for days"},
    {.name = "max-days",
     .type = CS3_OPTION_REAL,
     .offset = AT(max_days),
     .metavar = "DAYS",
     .min = 0,
     .max = 1e9,
     .default_text = "any",
     .help = "only points that train on --train-tokens in this time"},
    {.name = "max-power",
     .type = CS3_OPTION_REAL,
     .offset = AT(max_kilowatts),
     .metavar = "KILOWATTS",
     .min = 0,
     .max = 1e9,
     .default_text = "any",
     .help = "only points whose systems take this on average, or less"},
    {.name = "plot",
     .type = CS3_OPTION_TEXT,
     .offset = AT(plot),
     .metavar = "FILE",
     .writes = TRUE,
     .completes = "files",
     .help = "draw the front: .svg, .png, .pdf or .txt"},
    CS3_OPTION_POSTERIOR(AT(posterior)),
    {NULL},
};

static const Cs3Option law_options[] = {
    {.name = "law",
     .type = CS3_OPTION_TEXT,
     .offset = AT(law),
     .metavar = "NAME|FILE",
     .completes = "laws",
     .help = "instead of a sweep: the loss over size, sparsity and data: t5, vit, or an .ini file"},
    {.name = "budget",
     .type = CS3_OPTION_TEXT,
     .offset = AT(budget),
     .metavar = "AMOUNT",
     .help = "what training may take: '30 system-days', '50 MWh', '1e22 FLOP', '1e5 money'"},
    {.name = "price",
     .type = CS3_OPTION_REAL,
     .offset = AT(price),
     .metavar = "MONEY",
     .min = 1e-6,
     .max = 1e9,
     .default_text = "none: there is no list price",
     .help = "what a system costs for an hour, in the currency of --budget"},
    {.name = "grid",
     .type = CS3_OPTION_INT,
     .offset = AT(grid),
     .metavar = "N",
     .min = 2,
     .max = 256,
     .help = "so many widths from 128 to 4096, and so many sparsities from 0 to 93.75 %"},
    {NULL},
};

static gboolean keep_line(gpointer data, const char *line, gsize n, GError **error) {
  return json_array_append_new(data, json_loadb(line, n, 0, NULL)) == 0;
}

static gboolean read_axes(const OptimizeOptions *o, char **files, Cs3ScenarioOptions *base,
                          Cs3Axes *axes, GHashTable *given, GError **error) {
  axes->zip = o->zip;
  if (files[0] != NULL && !cs3_axes_load(axes, base, files[0], given, error))
    return FALSE;
  return cs3_axes_add_texts(axes, o->axes, base, given, error);
}

/* The points of a search. */
typedef struct {
  Cs3ScenarioOptions base;
  Cs3Axes *axes;
  Cs3Sweep sweep;
  json_t *lines; /* as cs3_sweep_run() writes them */
} Search;

static void search_clear(Search *search) {
  cs3_scenario_options_clear(&search->base);
  g_clear_pointer(&search->axes, cs3_axes_free);
  g_clear_pointer(&search->lines, json_decref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

static gboolean prepare(const Cs3Context *context, const OptimizeOptions *o, char **files,
                        Search *search, GError **error) {
  Cs3Sweep *sweep = &search->sweep;
  cs3_scenario_options_copy(&search->base, &o->scenario);
  search->axes = cs3_axes_new();
  *sweep = (Cs3Sweep){.axes = search->axes, .base = &search->base, .brief = TRUE};
  if (!read_axes(o, files, &search->base, search->axes, context->given, error) ||
      !cs3_axes_count(search->axes, &sweep->after, error) ||
      !cs3_scenario_identity(&search->base, &sweep->identity, error))
    return FALSE;
  if (sweep->after > MAX_POINTS) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "%" G_GUINT64_FORMAT
                " points are more than the %d that optimize takes; use 'cs3sim "
                "sweep'",
                sweep->after, MAX_POINTS);
    return FALSE;
  }
  sweep->workers = search->base.jobs > 0 ? (guint)search->base.jobs : g_get_num_processors();
  return cs3_sweep_check(sweep, error);
}

static gboolean simulate(const Cs3Context *context, const OptimizeOptions *o, char **files,
                         Search *search, GError **error) {
  if (!prepare(context, o, files, search, error))
    return FALSE;
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "points", search->sweep.after);
  search->lines = json_array();
  return cs3_sweep_run(&search->sweep, progress, keep_line, search->lines, error);
}

static gboolean check(const OptimizeOptions *o, GError **error) {
  if ((o->goal == CS3_GOAL_DAYS || o->max_days > 0) && o->tokens == 0) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "days need --train-tokens, as in --train-tokens 2e12");
    return FALSE;
  }
  return o->plot == NULL || cs3_plot_path_check("--plot", o->plot, error);
}

/* The allowed points, in the order of the sweep. */
static gboolean draw(const json_t *lines, const json_t *record, const char *path, GError **error) {
  g_autofree gboolean *allowed = g_new0(gboolean, json_array_size(lines));
  json_auto_t *runs = json_array();
  json_t *value;
  size_t i;
  json_array_foreach(json_object_get(record, "points"), i, value)
      allowed[json_integer_value(json_object_get(value, "point"))] =
          json_is_true(json_object_get(value, "allowed"));
  json_array_foreach((json_t *)lines, i, value) if (allowed[i]) cs3_records_append(runs, value);
  gboolean ok = cs3_plot_to_file(&cs3_plot_pareto, runs, path, error);
  return ok;
}

static json_t *judge(const Cs3Context *context, const OptimizeOptions *o, const Search *search,
                     const Cs3PosteriorFile *posterior, GError **error) {
  Cs3Optimum optimum = {.goal = (Cs3Goal)o->goal,
                        .tokens = (double)o->tokens,
                        .max_watts = 1e3 * o->max_kilowatts,
                        .max_days = o->max_days};
  json_auto_t *record = cs3_optimize(search->lines, &optimum);
  if (posterior == NULL || !cs3_optimize_found(record))
    return json_incref(record);
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "bands", CS3_OPTIMIZE_POSTERIOR);
  return cs3_optimize_posterior(record, &search->sweep, search->lines, &optimum, (guint)o->top,
                                posterior, progress, error)
             ? json_incref(record)
             : NULL;
}

static void print_record(const Cs3Context *context, const OptimizeOptions *o,
                         const json_t *record) {
  if (context->format == CS3_FORMAT_TEXT)
    cs3_optimize_text(record, (guint)o->top, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_optimize_csv(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
}

/* What a law has no use for, rather than left out without a word. */
static gboolean check_law(const Cs3Context *context, char **args, GError **error) {
  static const char *const others[] = {
      "sweep",     "zip",       "goal",        "top",      "train-tokens",    "plot",    "max-days",
      "max-power", "posterior", "model",       "sparsity", "sparsity-filter", "weights", "forward",
      "lora",      "transform", "shape",       "value",    "unknown-ops",     "params",  "masked",
      "seq",       "image",     "encoder-seq", "fidelity", "exact",           "explicit"};
  for (guint i = 0; i < G_N_ELEMENTS(others); i++)
    if (cs3_cli_given(context, others[i])) {
      g_set_error(
          error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
          "--%s: says nothing beside --law, which has networks, lengths, sparsities and a fidelity "
          "of its own",
          others[i]);
      return FALSE;
    }
  if (args[0] == NULL)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "%s: a sweep says nothing beside --law",
              args[0]);
  return FALSE;
}

static Cs3ExitStatus run_law(const Cs3Context *context, const OptimizeOptions *o, char **args,
                             GError **error) {
  Cs3Budget budget;
  if (o->law == NULL || o->budget == NULL) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--law and --budget go together, as in --law t5 --budget '30 system-days'");
    return CS3_EXIT_USAGE;
  }
  if (!check_law(context, args, error) || !cs3_budget_parse(o->budget, o->price, &budget, error)) {
    return CS3_EXIT_USAGE;
  }
  g_autoptr(Cs3Law) law = cs3_law_load(o->law, error);
  if (law == NULL)
    return CS3_EXIT_USAGE;
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "widths", CS3_LAW_WIDTHS);
  json_auto_t *record = cs3_law_budget(law, &budget, &o->scenario, (guint)o->grid, progress, error);
  if (record == NULL)
    return CS3_EXIT_USAGE;
  if (context->format == CS3_FORMAT_TEXT)
    cs3_law_text(record, context->output);
  else if (context->format == CS3_FORMAT_CSV)
    cs3_law_csv(record, context->output);
  else
    cs3_output_json(context->output, record, context->format);
  return CS3_EXIT_OK;
}

/* And what a sweep has none for. */
static gboolean check_sweep(const Cs3Context *context, GError **error) {
  const char *other = cs3_cli_given(context, "grid")    ? "grid"
                      : cs3_cli_given(context, "price") ? "price"
                                                        : NULL;
  if (other == NULL)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--%s: says nothing without --law and --budget, as in --law t5 --budget '30 "
              "system-days'",
              other);
  return FALSE;
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const OptimizeOptions *o = values;
  if (o->law != NULL || o->budget != NULL)
    return run_law(context, o, args, error);
  g_auto(Search) search = {0};
  g_autoptr(Cs3PosteriorFile) posterior = NULL;
  if (!check_sweep(context, error) || !check(o, error) ||
      (o->posterior != NULL && (posterior = cs3_posterior_load(o->posterior, error)) == NULL) ||
      !simulate(context, o, args, &search, error))
    return CS3_EXIT_USAGE;
  json_auto_t *record = judge(context, o, &search, posterior, error);
  if (record == NULL)
    return CS3_EXIT_USAGE;
  print_record(context, o, record);
  Cs3ExitStatus status = cs3_optimize_found(record) ? CS3_EXIT_OK : CS3_EXIT_NO;
  gboolean ok =
      o->plot == NULL || status == CS3_EXIT_NO || draw(search.lines, record, o->plot, error);
  return ok ? status : CS3_EXIT_USAGE;
}

static const OptimizeOptions defaults = {.scenario = CS3_SCENARIO_DEFAULTS, .grid = 32};

static const Cs3Example examples[] = {
    {"the machine that trains a small model on 300 G tokens soonest",
     "cs3sim optimize --model gpt2-small --batch 32 --sparsity 0.7 --goal days --train-tokens "
     "300e9 "
     "--sweep hardware=cs2,cs3,cs3-fast"},
    {"the most tokens a joule among sparsities that stay below 24 kW",
     "cs3sim optimize --model gpt2-small --batch 32 --goal tokens-per-joule --max-power 24 "
     "--sweep sparsity=0.5:0.9:0.2"},
    {"the three machines on which sparse weights gain most over dense ones",
     "cs3sim optimize --model gpt2-small --batch 32 --sparsity 0.7 --goal speedup --top 3 --sweep "
     "hardware=cs2,cs3,cs3-silicon,cs3-fast"},
    {"the sparsity of least loss for eight hours of one system",
     "cs3sim optimize --law vit --budget '8 system-hours'"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_optimize = {
    .name = "optimize",
    .arguments = "[FILE.ini]",
    .summary = "Find the best point of a sweep under constraints, and the Pareto front",
    .description =
        "Simulates every point that the axes span, as 'cs3sim sweep' does, and prints the best by "
        "--goal among those that fit the machine and meet the constraints, and the front: the "
        "points than which no other is both faster and needs less energy a token.\n\n"
        "The search is exhaustive, because the axes are choices on which the result jumps; points "
        "share masks, passes and baselines, so that many cost little.\n\n"
        "With --law and --budget: of networks of many widths and sparsities, each trained on as "
        "much data as the budget pays for at its simulated rate, the one to which the law gives "
        "the least loss (doc/systems.md).",
    .options_size = sizeof(OptimizeOptions),
    .defaults = &defaults,
    .groups = {{"Search", optimize_options, 0},
               {"Law", law_options, 0},
               {"Scenario", cs3_scenario_options, AT(scenario)},
               {"Execution", cs3_execution_options, AT(scenario)}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_JSONL) | CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .max_args = 1,
    .completes = "files",
    .answer_no = "no point meets the constraints",
    .examples = examples,
    .run = run,
};
