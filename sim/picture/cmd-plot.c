/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim plot: simulate what a plot needs, or read it, and draw. */
#include "config.h"

#include <math.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fabric/fabric-error.h"
#include "plots/gnuplot.h"
#include "plots/plot.h"
#include "results/record.h"
#include "base/suggest.h"
#include "sim/commands.h"
#include "sim/machine/precision.h"
#include "sim/picture/plot-runs.h"
#include "sim/picture/sparsity-curves.h"
#include "sim/run/result.h"
#include "sim/run/posterior.h"
#include "sim/run/tornado.h"
#include "sim/run/uncertainty.h"
#include "sim/study/compare.h"
#include "sim/study/sweep.h"
#include "sim/validation/validate-summary.h"

/* Runs of a sweep: more are hardly meant. */
#define MAX_RUNS 1000
#define DEFAULT_SYSTEMS 1024

typedef struct {
  Cs3ScenarioOptions scenario;
  double from, to, step;
  int scaling;
  gint64 systems_step;
  gint64 uncertainty;
  char *posterior;
} PlotOptions;

#define AT(member) G_STRUCT_OFFSET(PlotOptions, member)

static const Cs3Option sweep_options[] = {
    {.name = "from",
     .type = CS3_OPTION_REAL,
     .offset = AT(from),
     .metavar = "S",
     .min = 0,
     .max = 1,
     .below_max = TRUE,
     .help = "first sparsity"},
    {.name = "to",
     .type = CS3_OPTION_REAL,
     .offset = AT(to),
     .metavar = "S",
     .min = 0,
     .max = 1,
     .below_max = TRUE,
     .help = "last sparsity"},
    {.name = "step",
     .type = CS3_OPTION_REAL,
     .offset = AT(step),
     .metavar = "S",
     .min = 0.001,
     .max = 1,
     .help = "distance of two sparsities"},
    {.name = "uncertainty",
     .type = CS3_OPTION_INT,
     .offset = AT(uncertainty),
     .metavar = "N",
     .min = 2,
     .max = CS3_MAX_SAMPLES,
     .default_text = "none",
     .help = "at each sparsity sample N machines over the ranges of uncertain constants; speedup "
             "draws the 10 to 90 % band"},
    CS3_OPTION_POSTERIOR(AT(posterior)),
    {NULL},
};

static const char *const scalings[] = {"strong", "weak", NULL};

static const Cs3Option scaling_options[] = {
    {.name = "scaling",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(scaling),
     .metavar = "KIND",
     .choices = scalings,
     .help = "plot scaling, up to --systems: strong: the batch is shared by all systems; weak: its "
             "share on --systems goes to every system"},
    {.name = "systems-step",
     .type = CS3_OPTION_INT,
     .offset = AT(systems_step),
     .metavar = "N",
     .min = 1,
     .max = 1 << 20,
     .default_text = "powers of two",
     .help = "plot scaling: distance of two numbers of systems"},
    {NULL},
};

static const Cs3Plot *find_plot(const char *name, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Cs3Plot *const *plot = cs3_plots(); *plot != NULL; plot++) {
    if (strcmp((*plot)->name, name) == 0)
      return *plot;
    g_ptr_array_add(names, (gpointer)(*plot)->name);
  }
  g_ptr_array_add(names, NULL);
  g_autofree char *hint = cs3_suggestion(name, (const char *const *)names->pdata);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "no plot is called '%s'%s", name, hint);
  return NULL;
}

/* The sparsities of a sweep, free of the rounding that 0.1 + 0.2 shows. (element-type double) */
static GArray *sparsities(const PlotOptions *o, GError **error) {
  double n = floor((o->to - o->from) / o->step + 1e-9) + 1;
  if (n < 2 || n > MAX_RUNS) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--from %.4g --to %.4g --step %.4g: a plot takes 2 to %d sparsities, not %.0f",
                o->from, o->to, o->step, MAX_RUNS, MAX(n, 0));
    return NULL;
  }
  GArray *values = g_array_new(FALSE, FALSE, sizeof(double));
  for (guint i = 0; i < (guint)n; i++) {
    double value = round((o->from + i * o->step) * 1e9) / 1e9;
    g_array_append_val(values, value);
  }
  return values;
}

static gboolean can_sweep(const Cs3Context *context, const Cs3Scenario *scenario, GError **error) {
  const Cs3Pattern *pattern = &scenario->config.pattern;
  if (cs3_cli_given(context, "sparsity")) {
    g_set_error(
        error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
        "--sparsity: this plot goes through sparsities; choose them with --from, --to, --step");
    return FALSE;
  }
  if (pattern->ops->density(pattern) >= 0) {
    g_set_error(
        error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
        "--pattern %s: has one sparsity, %.4g, and this plot goes through many; take another "
        "pattern",
        pattern->text, 1 - pattern->ops->density(pattern));
    return FALSE;
  }
  return TRUE;
}

static gboolean collect(gpointer data, const char *line, gsize n, GError **error) {
  json_t *records = data, *point = json_loadb(line, n, 0, NULL);
  json_t *result = json_object_get(point, "result");
  if (result != NULL)
    json_array_append(records, result);
  else
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE, "at sparsity %s: %s",
                cs3_record_string(point, "axes.sparsity"), cs3_record_string(point, "reason"));
  json_decref(point);
  return result != NULL;
}

static char *values_text(const GArray *values) {
  GString *text = g_string_new(NULL);
  for (guint i = 0; i < values->len; i++)
    g_string_append_printf(text, "%s%.12g", i > 0 ? "," : "", g_array_index(values, double, i));
  return g_string_free(text, FALSE);
}

static gboolean run_sweep(const Cs3Context *context, const PlotOptions *o, const GArray *values,
                          json_t *records, GError **error) {
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  g_autofree char *text = values_text(values);
  Cs3Sweep sweep = {.axes = axes, .base = &o->scenario};
  if (!cs3_axes_add(axes, "sparsity", text, "--from", error) ||
      !cs3_axes_count(axes, &sweep.after, error) ||
      !cs3_scenario_identity(sweep.base, &sweep.identity, error))
    return FALSE;
  sweep.workers = o->scenario.jobs > 0 ? (guint)o->scenario.jobs : g_get_num_processors();
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "runs", values->len);
  return cs3_sweep_run(&sweep, progress, collect, records, error);
}

/* Adds the band of an uncertainty analysis to every record. */
static gboolean add_bands(const Cs3Context *context, const PlotOptions *o, Cs3Scenario *scenario,
                          json_t *records, GError **error) {
  g_autoptr(Cs3Progress) progress =
      cs3_cli_progress(context, "uncertainty", json_array_size(records));
  size_t i;
  json_t *record;
  json_array_foreach(records, i, record) {
    if (!cs3_scenario_set_sparsity(scenario, &o->scenario, cs3_record_number(record, "sparsity"),
                                   error))
      return FALSE;
    json_t *band = cs3_uncertainty(&scenario->config, cs3_uncertainty_whole(record),
                                   (guint)o->uncertainty, FALSE, NULL, NULL, error);
    if (band == NULL || json_object_set_new(record, "uncertainty", band) != 0)
      return FALSE;
    cs3_progress_update(progress, i + 1);
  }
  return TRUE;
}

/* Adds the band of a posterior to every record. */
static gboolean add_posterior(const Cs3Context *context, const PlotOptions *o,
                              Cs3Scenario *scenario, json_t *records, GError **error) {
  g_autoptr(Cs3PosteriorFile) file = cs3_posterior_load(o->posterior, error);
  g_autoptr(Cs3Progress) progress =
      cs3_cli_progress(context, "posterior", json_array_size(records));
  size_t i;
  json_t *record;
  json_array_foreach(records, i, record) {
    if (file == NULL || !cs3_scenario_set_sparsity(scenario, &o->scenario,
                                                   cs3_record_number(record, "sparsity"), error))
      return FALSE;
    json_t *band = cs3_posterior_band(file, &scenario->config, cs3_uncertainty_whole(record), NULL,
                                      NULL, error);
    if (band == NULL || json_object_set_new(record, "posterior", band) != 0)
      return FALSE;
    cs3_progress_update(progress, i + 1);
  }
  return TRUE;
}

static gboolean simulate_sparsities(const Cs3Context *context, const PlotOptions *o,
                                    json_t *records, GError **error) {
  g_autoptr(GArray) values = sparsities(o, error);
  if (values == NULL)
    return FALSE;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o->scenario, error);
  return scenario != NULL && can_sweep(context, scenario, error) &&
         run_sweep(context, o, values, records, error) &&
         (o->uncertainty == 0 || add_bands(context, o, scenario, records, error)) &&
         (o->posterior == NULL || add_posterior(context, o, scenario, records, error));
}

static gboolean simulate_run(const PlotOptions *o, json_t *records, GError **error) {
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o->scenario, error);
  g_autoptr(Cs3Run) run = scenario != NULL ? cs3_run(&scenario->config, error) : NULL;
  if (run == NULL)
    return FALSE;
  json_array_append_new(records, cs3_result_json(run));
  return TRUE;
}

static gboolean simulate_tornado(const PlotOptions *o, json_t *records, GError **error) {
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o->scenario, error);
  g_autoptr(Cs3Run) run = scenario != NULL ? cs3_run(&scenario->config, error) : NULL;
  if (run == NULL)
    return FALSE;
  json_t *record = cs3_result_json(run);
  json_array_append_new(records, record);
  json_t *tornado =
      cs3_tornado(&scenario->config, cs3_uncertainty_whole(record), NULL, NULL, error);
  return tornado != NULL && json_object_set_new(record, "tornado", tornado) == 0;
}

static gboolean simulate_machines(const PlotOptions *o, json_t *records, GError **error) {
  json_auto_t *comparison = cs3_compare(&o->scenario, NULL, error);
  if (comparison == NULL)
    return FALSE;
  json_auto_t *runs = cs3_compare_runs(comparison);
  json_array_extend(records, runs);
  return TRUE;
}

/* @options: what only other plots take. @why: "goes through ..., ...". */
static gboolean none_of(const Cs3Context *context, const Cs3Plot *plot, const Cs3Option *options,
                        const char *why, GError **error) {
  for (const Cs3Option *option = options; option->name != NULL; option++)
    if (cs3_cli_given(context, option->name)) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--%s: plot %s does not go through %s",
                  option->name, plot->name, why);
      return FALSE;
    }
  return TRUE;
}

/* Options that shape runs, where none are made. @reason: "--seed: @reason; leave it out". */
static gboolean no_options(const Cs3Context *context, const char *reason, GError **error) {
  for (const Cs3OptionGroup *group = context->command->groups; group->options != NULL; group++)
    for (const Cs3Option *option = group->options; option->name != NULL; option++)
      /* The number of workers, which the environment may have given, shapes nothing. */
      if (cs3_cli_given(context, option->name) && !option->no_result) {
        g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--%s: %s", option->name, reason);
        return FALSE;
      }
  return TRUE;
}

/* Plots of what they are about, whatever the options. */
static gboolean fixed_records(const Cs3Context *context, const Cs3Plot *plot, const PlotOptions *o,
                              json_t *records, GError **error) {
  guint workers = o->scenario.jobs > 0 ? (guint)o->scenario.jobs : g_get_num_processors();
  g_autofree char *reason =
      g_strdup_printf("plot %s shows the same whatever the scenario; leave it out", plot->name);
  if (!no_options(context, reason, error))
    return FALSE;
  if (plot->needs == CS3_PLOT_NEEDS_CURVES)
    return cs3_sparsity_curves(workers, records, error);
  if (plot->needs == CS3_PLOT_NEEDS_POSTERIOR) {
    g_autofree char *path = cs3_posterior_path(CS3_DEFAULT_POSTERIOR, error);
    return path != NULL && cs3_records_load(path, records, error);
  }
  json_t *record = cs3_validate_recorded(error);
  return record != NULL && json_array_append_new(records, record) == 0;
}

/* Without --systems up to what the machine has, or to 1,024. */
static gboolean simulate_systems(const Cs3Context *context, const PlotOptions *o, json_t *records,
                                 GError **error) {
  g_autoptr(Cs3Machine) machine =
      cs3_machine_load_as(o->scenario.hardware, cs3_precision_settings(o->scenario.precision),
                          "--precision", (const char *const *)o->scenario.set, error);
  if (machine == NULL)
    return FALSE;
  gint64 own = machine->system.swarmx.systems;
  Cs3SystemSweep sweep = {.scaling = o->scaling, .step = o->systems_step};
  sweep.most = o->scenario.systems > 0 ? o->scenario.systems : own > 1 ? own : DEFAULT_SYSTEMS;
  gint64 limit = machine->system.swarmx.max_systems;
  if (o->scenario.systems > limit) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--systems %" G_GINT64_FORMAT ": a cluster of %s has 1 to %" G_GINT64_FORMAT
                " systems (swarmx.max_systems)",
                o->scenario.systems, machine->name, limit);
    return FALSE;
  }
  sweep.most = MIN(sweep.most, limit);
  g_autoptr(GArray) points = cs3_system_sweep_points(&sweep, o->scenario.batch);
  if (points->len < 2 || points->len > MAX_RUNS) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--systems %" G_GINT64_FORMAT ": a plot takes 2 to %d numbers of systems, not %u",
                sweep.most, MAX_RUNS, points->len);
    return FALSE;
  }
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "runs", points->len);
  return cs3_system_sweep_run(&sweep, &o->scenario, points, progress, records, error);
}

static gboolean simulate(const Cs3Context *context, const Cs3Plot *plot, const PlotOptions *o,
                         json_t *records, GError **error) {
  if (plot->needs != CS3_PLOT_NEEDS_SYSTEMS &&
      !none_of(context, plot, scaling_options, "numbers of systems; leave it out", error))
    return FALSE;
  if (plot->needs == CS3_PLOT_NEEDS_SPARSITIES)
    return simulate_sparsities(context, o, records, error);
  if (plot->needs == CS3_PLOT_NEEDS_CURVES || plot->needs == CS3_PLOT_NEEDS_VALIDATION ||
      plot->needs == CS3_PLOT_NEEDS_POSTERIOR)
    return fixed_records(context, plot, o, records, error);
  if (!none_of(context, plot, sweep_options, "sparsities; choose one with --sparsity", error))
    return FALSE;
  switch (plot->needs) {
  case CS3_PLOT_NEEDS_SYSTEMS:
    return simulate_systems(context, o, records, error);
  case CS3_PLOT_NEEDS_TIMELINE:
    return cs3_timeline_run(&o->scenario, records, error);
  case CS3_PLOT_NEEDS_MEMORY:
    return cs3_memory_run(&o->scenario, records, error);
  case CS3_PLOT_NEEDS_TRANSFORMS:
    return cs3_transforms_run(&o->scenario, records, error);
  case CS3_PLOT_NEEDS_TORNADO:
    return simulate_tornado(o, records, error);
  case CS3_PLOT_NEEDS_MACHINES:
    return simulate_machines(o, records, error);
  default:
    return simulate_run(o, records, error);
  }
}

/* Runs that were made before; options that would have shaped them come too late. */
static gboolean read_files(const Cs3Context *context, char **files, json_t *records,
                           GError **error) {
  g_autofree char *reason =
      g_strdup_printf("the runs are read from %s; leave one of them out", files[0]);
  if (!no_options(context, reason, error))
    return FALSE;
  for (; *files != NULL; files++)
    if (!cs3_records_load(*files, records, error))
      return FALSE;
  return TRUE;
}

/* What lies beside the picture: data and script. Absent where nothing can lie beside it. */
typedef struct {
  char *stem; /* of the file names in the script */
  char *picture_name, *data_name;
  Cs3Output *data, *script;
} Companions;

static void companions_clear(Companions *c) {
  cs3_output_free(c->data);
  cs3_output_free(c->script);
  g_free(c->stem);
  g_free(c->picture_name);
  g_free(c->data_name);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Companions, companions_clear)

/* "a/speedup.svg" to "a/speedup"; a name that begins with its only dot stays. */
static char *stem_of(const char *path) {
  const char *slash = strrchr(path, '/');
  const char *dot = strrchr(path, '.');
  if (dot == NULL || dot <= (slash != NULL ? slash + 1 : path))
    return g_strdup(path);
  return g_strndup(path, (gsize)(dot - path));
}

static gboolean check_name(const Cs3Context *context, const char *path, GError **error) {
  for (const char *c = path; *c != '\0'; c++)
    if (g_ascii_iscntrl(*c)) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--output: the name %s holds a control character, which gnuplot cannot take",
                  path);
      return FALSE;
    }
  if (g_str_has_suffix(path, ".dat") || g_str_has_suffix(path, ".gp")) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--output: %s is the place of the plot's data or script; name the picture "
                ".svg, .png, .pdf or .txt",
                path);
    return FALSE;
  }
  if (!cs3_cli_given(context, "output-format") && cs3_format_from_path(path) < 0) {
    g_set_error(
        error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
        "--output: the name %s does not say what to write; let it end in .svg, .png, .pdf or "
        ".txt, or choose with -o",
        path);
    return FALSE;
  }
  return TRUE;
}

static gboolean open_companions(Companions *c, GError **error) {
  g_autofree char *data = g_strconcat(c->stem, ".dat", NULL);
  g_autofree char *script = g_strconcat(c->stem, ".gp", NULL);
  c->data = cs3_output_new(data, error);
  c->script = c->data != NULL ? cs3_output_new(script, error) : NULL;
  return c->script != NULL;
}

/* Names for the script, and the places checked before the long work begins. */
static gboolean place_files(const Cs3Context *context, const Cs3Plot *plot, Companions *c,
                            GError **error) {
  const char *path = cs3_output_path(context->output);
  const char *extension =
      context->format == CS3_FORMAT_TEXT ? "txt" : cs3_format_names()[context->format];
  gboolean to_file = path != NULL && (g_file_test(path, G_FILE_TEST_IS_REGULAR) ||
                                      !g_file_test(path, G_FILE_TEST_EXISTS));
  if (to_file && !check_name(context, path, error))
    return FALSE;
  c->stem = to_file ? stem_of(path) : g_strdup(plot->name);
  g_autofree char *base = g_path_get_basename(c->stem);
  c->picture_name = to_file ? g_path_get_basename(path) : g_strdup_printf("%s.%s", base, extension);
  c->data_name = g_strdup_printf("%s.dat", base);
  return !to_file || open_companions(c, error);
}

/* Written, not yet in place. */
static gboolean write_companions(Companions *c, const char *data, const Cs3Script *script,
                                 GError **error) {
  if (c->data == NULL)
    return TRUE;
  g_autofree char *text = cs3_script_file(script, c->picture_name, c->data_name);
  cs3_output_puts(c->data, data);
  cs3_output_puts(c->script, text);
  return cs3_output_complete(c->data, error) && cs3_output_complete(c->script, error);
}

static gboolean finish_companions(Companions *c, GError **error) {
  return c->data == NULL ||
         (cs3_output_finish(c->data, error) && cs3_output_finish(c->script, error));
}

/* Whether a picture of before, its data or its script would be replaced. */
static gboolean has_older(const Cs3Context *context, const Companions *c) {
  const char *const files[] = {cs3_output_path(context->output), cs3_output_path(c->data),
                               cs3_output_path(c->script)};
  for (guint i = 0; i < G_N_ELEMENTS(files); i++)
    if (g_file_test(files[i], G_FILE_TEST_EXISTS))
      return TRUE;
  return FALSE;
}

static Cs3PlotTarget target_of(const Cs3Context *context) {
  static const Cs3PlotFormat formats[] = {
      [CS3_FORMAT_TEXT] = CS3_PLOT_TEXT,
      [CS3_FORMAT_SVG] = CS3_PLOT_SVG,
      [CS3_FORMAT_PNG] = CS3_PLOT_PNG,
      [CS3_FORMAT_PDF] = CS3_PLOT_PDF,
  };
  Cs3PlotTarget target = {.format = formats[context->format],
                          .columns = 79,
                          .rows = 40,
                          .color = cs3_cli_color(context)};
  struct winsize size;
  if (cs3_output_path(context->output) == NULL && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0) {
    target.columns = CLAMP(size.ws_col, 60, 160) - 1;
    target.rows = CLAMP(size.ws_row, 30, 50) - 1;
  }
  return target;
}

/* Without gnuplot there is no picture, but everything that it is made from: beside an older picture
 * it would not belong to it. */
static void offer_rest(const Cs3Context *context, Companions *c, const char *data, GError **error) {
  if (!g_error_matches(*error, CS3_PLOT_ERROR, CS3_PLOT_ERROR_NO_GNUPLOT))
    return;
  g_autofree char *rest = NULL;
  if (c->data != NULL) {
    if (has_older(context, c))
      rest = g_strdup_printf("; the older files of %s stay as they were", c->stem);
    else if (finish_companions(c, NULL))
      rest = g_strdup_printf("; %s.dat and %s.gp are written", c->stem, c->stem);
  } else if (context->format == CS3_FORMAT_TEXT) {
    cs3_output_set_fold(context->output, FALSE);
    cs3_output_puts(context->output, data);
    cs3_output_flush(context->output);
    rest = g_strdup("; its data are printed instead");
  }
  char *message = g_strconcat((*error)->message, rest, NULL);
  g_free((*error)->message);
  (*error)->message = message;
}

static gboolean draw(const Cs3Context *context, const Cs3Plot *plot, const json_t *records,
                     Companions *c, GError **error) {
  Cs3PlotTarget target = target_of(context);
  g_autofree char *data = NULL;
  g_autoptr(Cs3Script) script = NULL;
  if (!cs3_plot_make(plot, records, &target, &data, &script, error) ||
      !write_companions(c, data, script, error))
    return FALSE;
  GError *problem = NULL;
  g_autoptr(GBytes) picture =
      cs3_gnuplot_draw(&target, script, data, CS3_GNUPLOT_LIMIT_S, &problem);
  if (picture == NULL) {
    offer_rest(context, c, data, &problem);
    g_propagate_error(error, problem);
    return FALSE;
  }
  gsize n;
  const void *bytes = g_bytes_get_data(picture, &n);
  cs3_output_write(context->output, bytes, n);
  return cs3_output_complete(context->output, error) && finish_companions(c, error);
}

static gboolean fits_terminal(const Cs3Context *context, GError **error) {
  if (cs3_output_path(context->output) != NULL || !isatty(STDOUT_FILENO) ||
      (context->format != CS3_FORMAT_PNG && context->format != CS3_FORMAT_PDF))
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "%s is not for a terminal; name a file with -O", cs3_format_names()[context->format]);
  return FALSE;
}

static gboolean has_files(const Cs3Plot *plot, char **files, GError **error) {
  const char *origin =
      plot->needs == CS3_PLOT_NEEDS_LAYERS    ? "'cs3sim layer -o jsonl' writes"
      : plot->needs == CS3_PLOT_NEEDS_POINTS  ? "'cs3sim sweep' writes"
      : plot->needs == CS3_PLOT_NEEDS_LAW     ? "'cs3sim optimize --law -o json' writes"
      : plot->needs == CS3_PLOT_NEEDS_DECODE  ? "'cs3sim infer -o json' writes"
      : plot->needs == CS3_PLOT_NEEDS_WEIGHTS ? "'cs3sim inspect --weights PATH -o json' writes"
                                              : NULL;
  if (origin == NULL || files[0] != NULL)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "plot %s needs RESULT files, which %s",
              plot->name, origin);
  return FALSE;
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const Cs3Plot *plot = find_plot(args[0], error);
  g_auto(Companions) companions = {NULL};
  if (plot == NULL || !has_files(plot, args + 1, error) || !fits_terminal(context, error) ||
      !place_files(context, plot, &companions, error))
    return CS3_EXIT_USAGE;
  json_auto_t *records = json_array();
  gboolean ok = (args[1] != NULL ? read_files(context, args + 1, records, error)
                                 : simulate(context, plot, values, records, error)) &&
                draw(context, plot, records, &companions, error);
  return ok ? CS3_EXIT_OK : CS3_EXIT_INTERNAL;
}

static const PlotOptions defaults = {
    .scenario = CS3_SCENARIO_DEFAULTS, .from = 0, .to = 0.95, .step = 0.05};

static const Cs3Example examples[] = {
    {"the speed-up of a small model, on the terminal",
     "cs3sim plot speedup --model gpt2-small --batch 32 --step 0.3"},
    {"where its step goes, as a picture with data and gnuplot script beside it",
     "cs3sim plot breakdown --model gpt2-small --batch 32 --step 0.3 -O gpt2.svg"},
    {"what every layer of one run costs, and what holds it",
     "cs3sim plot layers --model gpt2-small --batch 32 --sparsity 0.7"},
    {"three machines", "cs3sim plot compare --model gpt2-small --batch 32 --sparsity 0.7 "
                       "--hardware cs2,cs3,cs3-double-ingress"},
    {"its scaling over systems", "cs3sim plot scaling --model gpt2-small --batch 256 --systems 64"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_plot = {
    .name = "plot",
    .arguments = "NAME [RESULT...]",
    .summary = "Draw a plot: speed-up, breakdown, roofline, heatmap, scaling and more",
    .description =
        "Simulates what the plot NAME needs (see 'cs3sim list plots') and draws it with gnuplot: "
        "for the terminal, or with -O as SVG, PNG, PDF or text. Beside the file lie its data "
        "(.dat) "
        "and the gnuplot script (.gp), from which 'gnuplot NAME.gp' in that folder draws it "
        "again.\n\n"
        "With RESULT files nothing is simulated: they hold what 'cs3sim run -o json', 'compare -o "
        "json' or 'sweep' has written. Some plots take other records: layer-speedup those of "
        "'layer "
        "-o jsonl', heatmap and pareto a sweep's, lines one of 'inspect --weights PATH -o json', "
        "isoloss one of 'optimize --law -o "
        "json', decode one of 'infer -o json', posterior one of 'calibrate'. For speedup "
        "and breakdown the runs must be alike in everything "
        "but "
        "the sparsity, for compare in everything but the machine. The plot validation shows the "
        "validation that came with this version, or one that 'cs3sim validate -o json' has "
        "written; "
        "sparsity-hardware is one layer on the wafers cs2 and cs3 and on the measured h200.",
    .options_size = sizeof(PlotOptions),
    .defaults = &defaults,
    .groups = {{"Sweep", sweep_options, 0},
               {"Scaling", scaling_options, 0},
               {"Scenario", cs3_scenario_options, AT(scenario)},
               {"Execution", cs3_execution_options, AT(scenario)}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_SVG) |
               CS3_FORMAT_BIT(CS3_FORMAT_PNG) | CS3_FORMAT_BIT(CS3_FORMAT_PDF),
    .min_args = 1,
    .max_args = G_MAXUINT,
    .completes = "plots",
    .answer_no = "the model does not fit the machine",
    .examples = examples,
    .run = run,
};
