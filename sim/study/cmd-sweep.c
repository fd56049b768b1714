/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim sweep: the same run at many points. */
#include "config.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sim/commands.h"
#include "sim/run/scenario.h"
#include "sim/study/submit.h"
#include "sim/study/sweep-file.h"
#include "sim/study/sweep-table.h"

typedef struct {
  Cs3ScenarioOptions scenario;
  char **axes;
  gboolean zip, resume, dry_run, brief;
  char *shard, *submit;
} SweepOptions;

#define AT(member) G_STRUCT_OFFSET(SweepOptions, member)

static const Cs3Option sweep_options[] = {
    {.name = "sweep",
     .type = CS3_OPTION_LIST,
     .offset = AT(axes),
     .metavar = "KEY=VALUES",
     .help = "an axis: values and ranges FIRST:LAST:STEP separated by commas; the key is a "
             "parameter of 'cs3sim explain', or model, hardware, sparsity, pattern, batch, seq, "
             "tokens or another option of run; the first axis varies slowest"},
    {.name = "zip",
     .type = CS3_OPTION_FLAG,
     .offset = AT(zip),
     .help = "the first values of all axes together, then the second: not all combinations"},
    {.name = "shard",
     .type = CS3_OPTION_TEXT,
     .offset = AT(shard),
     .metavar = "I/N",
     .help = "part I of N of the points, for many machines; the parts' files follow on each other"},
    {.name = "submit",
     .type = CS3_OPTION_TEXT,
     .offset = AT(submit),
     .metavar = "slurm[:OPTIONS]",
     .default_text = "simulate here",
     .no_result = TRUE,
     .help = "parts as an array job of Slurm, waited for and put together in --output FILE; "
             "OPTIONS, separated "
             "by commas: tasks=N parts, and long options of sbatch, as in "
             "slurm:tasks=64,cpus-per-task=4,time=60"},
    {.name = "resume",
     .type = CS3_OPTION_FLAG,
     .offset = AT(resume),
     .help = "go on with --output FILE behind the points that it holds"},
    {.name = "brief",
     .type = CS3_OPTION_FLAG,
     .offset = AT(brief),
     .help = "leave layers and configuration out of the records: 3 kB a point instead of 25"},
    {.name = "dry-run",
     .type = CS3_OPTION_FLAG,
     .offset = AT(dry_run),
     .help = "check everything, list the points, and stop"},
    {NULL},
};

static gboolean read_shard(const char *text, guint64 points, Cs3Sweep *sweep, GError **error) {
  sweep->after = points;
  if (text == NULL)
    return TRUE;
  guint64 i = 0, n = 0;
  g_auto(GStrv) parts = g_strsplit(text, "/", -1);
  if (g_strv_length(parts) != 2 ||
      !g_ascii_string_to_unsigned(parts[0], 10, 1, G_MAXUINT32, &i, NULL) ||
      !g_ascii_string_to_unsigned(parts[1], 10, 1, G_MAXUINT32, &n, NULL) || i > n) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--shard: '%s' is not I/N with 1 <= I <= N, as in 2/8", text);
    return FALSE;
  }
  cs3_sweep_part(sweep, i, n);
  return TRUE;
}

static gboolean read_axes(const Cs3Context *context, const SweepOptions *o, char **files,
                          Cs3Axes *axes, Cs3ScenarioOptions *base, GError **error) {
  axes->zip = o->zip;
  if (files[0] != NULL && !cs3_axes_load(axes, base, files[0], context->given, error))
    return FALSE;
  return cs3_axes_add_texts(axes, o->axes, base, context->given, error);
}

static const Cs3Column point_columns[] = {
    {.key = "point", .title = "point", .type = CS3_COLUMN_INT},
    {.key = "key", .title = "key", .type = CS3_COLUMN_TEXT},
    {.key = "configuration", .title = "configuration", .type = CS3_COLUMN_TEXT},
};

/* In bits: a table is laid out whole. */
static void list_points(const Cs3Context *context, const Cs3Sweep *sweep) {
  enum { ROWS = 10000 };
  for (guint64 begin = sweep->first; begin < sweep->after; begin += ROWS) {
    g_autoptr(Cs3Table) table = cs3_table_new(point_columns, G_N_ELEMENTS(point_columns));
    for (guint64 point = begin; point < MIN(begin + ROWS, sweep->after); point++) {
      g_autofree char *key = cs3_sweep_key(sweep, point);
      g_autofree char *text = cs3_axes_describe(sweep->axes, point);
      cs3_table_add_int(table, (gint64)point);
      cs3_table_add_text(table, key);
      cs3_table_add_text(table, text);
    }
    cs3_table_write(table, context->output, CS3_FORMAT_TEXT);
  }
}

static gboolean print_line(gpointer data, const char *line, gsize n, GError **error) {
  Cs3Output *output = data;
  cs3_output_write(output, line, n);
  cs3_output_flush(output);
  if (!cs3_output_reader_gone(output))
    return TRUE;
  g_set_error_literal(error, CS3_OUTPUT_ERROR, CS3_OUTPUT_ERROR_WRITE, "nobody reads on");
  return FALSE;
}

static gboolean run_to_output(const Cs3Context *context, const Cs3Sweep *sweep, GError **error) {
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "sweep", sweep->after - sweep->first);
  return cs3_sweep_run(sweep, progress, print_line, context->output, error);
}

/* What was written stays, and is worth knowing about. */
static void on_interrupt(int number) {
  static const char text[] =
      "\ncs3sim sweep: interrupted; the same command with --resume goes on\n";
  (void)!write(STDERR_FILENO, text, sizeof text - 1);
  signal(number, SIG_DFL);
  raise(number);
}

static gboolean run_to_file(const Cs3Context *context, Cs3Sweep *sweep, gboolean resume,
                            GError **error) {
  guint64 done;
  g_autoptr(Cs3SweepFile) file =
      cs3_sweep_file_open(context->append_path, sweep, resume, &done, error);
  if (file == NULL)
    return FALSE;
  if (done > 0)
    g_message("%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT " points are there",
              context->append_path, done, sweep->after - sweep->first);
  sweep->first += done;
  signal(SIGINT, on_interrupt);
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "sweep", sweep->after - sweep->first);
  gboolean ok = cs3_sweep_run(sweep, progress, cs3_sweep_file_write, file, error);
  return cs3_sweep_file_close(file, ok ? error : NULL) && ok;
}

/* What a task is asked for: the same without what is about this process. */
static char **task_words(const Cs3Context *context, const SweepOptions *o, char **args) {
  static const char *const without[] = {"submit", "shard", "resume", "jobs", NULL};
  g_autoptr(GPtrArray) words = g_ptr_array_new_with_free_func(g_free);
  for (const Cs3OptionGroup *g = context->command->groups; g->options != NULL; g++)
    cs3_options_words(&(Cs3OptionTarget){.group = g, .values = (gpointer)o}, context->given,
                      without, words);
  for (; *args != NULL; args++)
    g_ptr_array_add(words, g_strdup(*args));
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_steal(words, NULL);
}

static gboolean submit(const Cs3Context *context, const SweepOptions *o, char **args,
                       const Cs3Sweep *sweep, GError **error) {
  if (context->append_path == NULL || o->shard != NULL) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--submit %s",
                o->shard != NULL ? "makes the parts by itself; leave --shard out"
                                 : "needs --output FILE");
    return FALSE;
  }
  Cs3Submission submission = {.path = context->append_path, .resume = o->resume};
  if (!cs3_submission_parse(&submission, o->submit, error))
    return FALSE;
  g_auto(GStrv) words = task_words(context, o, args);
  submission.words = words;
  submission.tasks =
      MIN(submission.tasks != 0 ? submission.tasks : sweep->after / 32 + 1, sweep->after);
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "tasks", submission.tasks);
  gboolean ok = cs3_sweep_submit(sweep, &submission, progress, error);
  cs3_submission_clear(&submission);
  return ok;
}

/* Tables are written whole, so nothing goes on with them. */
static gboolean run_to_table(const Cs3Context *context, const Cs3Sweep *sweep, GError **error) {
  g_autoptr(Cs3Output) file =
      context->append_path != NULL ? cs3_output_new(context->append_path, error) : NULL;
  if (context->append_path != NULL && file == NULL)
    return FALSE;
  g_autoptr(Cs3SweepTable) table = cs3_sweep_table_new(sweep);
  g_autoptr(Cs3Progress) progress = cs3_cli_progress(context, "sweep", sweep->after - sweep->first);
  if (!cs3_sweep_run(sweep, progress, cs3_sweep_table_take, table, error))
    return FALSE;
  cs3_sweep_table_write(table, file != NULL ? file : context->output, context->format);
  return file == NULL || cs3_output_finish(file, error);
}

static gboolean check_format(const Cs3Context *context, const SweepOptions *o, GError **error) {
  const char *needs = o->resume ? "resume" : o->submit != NULL ? "submit" : NULL;
  if (context->format == CS3_FORMAT_JSONL || needs == NULL)
    return TRUE;
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "--%s: needs lines (jsonl); %s is written whole, at the end", needs,
              cs3_format_names()[context->format]);
  return FALSE;
}

static gboolean sweep_points(const Cs3Context *context, const SweepOptions *o, char **args,
                             Cs3Sweep *sweep, GError **error) {
  if (o->resume && context->append_path == NULL) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--resume needs --output FILE");
    return FALSE;
  }
  if (!check_format(context, o, error) ||
      !cs3_scenario_identity(sweep->base, &sweep->identity, error) ||
      !cs3_sweep_check(sweep, error))
    return FALSE;
  if (o->dry_run) {
    list_points(context, sweep);
    return TRUE;
  }
  if (context->format != CS3_FORMAT_JSONL)
    return run_to_table(context, sweep, error);
  if (o->submit != NULL)
    return submit(context, o, args, sweep, error);
  return context->append_path != NULL ? run_to_file(context, sweep, o->resume, error)
                                      : run_to_output(context, sweep, error);
}

static Cs3ExitStatus run(const Cs3Context *context, const void *values, char **args,
                         GError **error) {
  const SweepOptions *o = values;
  g_auto(Cs3ScenarioOptions) base = {0};
  cs3_scenario_options_copy(&base, &o->scenario);
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  guint64 points;
  Cs3Sweep sweep = {.axes = axes, .base = &base, .brief = o->brief};
  if (!read_axes(context, o, args, axes, &base, error) || !cs3_axes_count(axes, &points, error) ||
      !read_shard(o->shard, points, &sweep, error))
    return CS3_EXIT_USAGE;
  for (guint a = 0; a < axes->axes->len; a++)
    cs3_cli_note_unread(context, "axis", ((const Cs3Axis *)axes->axes->pdata[a])->key, NULL);
  /* Read once, for all points. */
  g_autoptr(Cs3WeightSet) weights = cs3_scenario_open_weights(&base, error);
  if (base.weights != NULL && weights == NULL)
    return CS3_EXIT_USAGE;
  base.weight_set = weights;
  sweep.workers = base.jobs > 0 ? (guint)base.jobs : g_get_num_processors();
  return sweep_points(context, o, args, &sweep, error) ? CS3_EXIT_OK : CS3_EXIT_USAGE;
}

static const SweepOptions defaults = {.scenario = CS3_SCENARIO_DEFAULTS};

static const Cs3Example examples[] = {
    {"two axes, six points", "cs3sim sweep --model gpt2-small --batch 8 --sweep sparsity=0.5,0.75 "
                             "--sweep io.rate='0.6:1.8:0.6 Tb/s' --brief"},
    {"to a file that a second call would go on with",
     "cs3sim sweep --model gpt2-small --batch 8 --sweep hardware=cs2,cs3 --resume -O s.jsonl"},
    {"on a cluster that Slurm runs, in 64 parts (as far as this checks them)",
     "cs3sim sweep --sweep sparsity=0:0.9:0.01 --submit slurm:tasks=64,cpus-per-task=4 -O s.jsonl "
     "--dry-run"},
    {"the first of two parts; what will be simulated",
     "cs3sim sweep --sweep sparsity=0:0.9:0.1 --shard 1/2 --dry-run"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_sweep = {
    .name = "sweep",
    .arguments = "[FILE.ini]",
    .summary = "Simulate many points: any option or parameter as an axis",
    .description =
        "Simulates the same run at every point that the axes span, with one worker process per "
        "processor, and writes a line of JSON for each in the order of the points: its place on "
        "the axes and the record that 'cs3sim run -o jsonl' gives for it. Bytes and order do not "
        "depend on --jobs.\n\n"
        "With --output the lines are appended as they come. A sweep that was interrupted, in "
        "whatever way, goes on with --resume and ends with the same file. On many machines, give "
        "each a --shard: the files, one after the other, are the sweep. A point that does not fit "
        "the machine is recorded as such.\n\n"
        "CSV and JSON (an array a column) have a row a point: its place on the axes, ten numbers, "
        "the "
        "bottleneck; they are written whole, at the end.\n\n"
        "FILE.ini holds axes and settings: [axes] KEY = VALUES, [base] OPTION = VALUE or "
        "GROUP.KEY = VALUE, [sweep] mode = cartesian or zip. Masks are drawn anew when model, "
        "sparsity or pattern changes: axes that vary slowest should come first.",
    .options_size = sizeof(SweepOptions),
    .defaults = &defaults,
    .groups = {{"Sweep", sweep_options, 0},
               {"Scenario", cs3_scenario_options, AT(scenario)},
               {"Execution", cs3_execution_options, AT(scenario)}},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_JSON) | CS3_FORMAT_BIT(CS3_FORMAT_JSONL) |
               CS3_FORMAT_BIT(CS3_FORMAT_CSV),
    .default_format = CS3_FORMAT_JSONL,
    .appends = TRUE,
    .max_args = 1,
    .completes = "files",
    .examples = examples,
    .run = run,
};
