/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From argv to an exit status. */
#include "config.h"

#include "sim/cli/cli.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/plain-text.h"
#include "sim/cli/cli-call.h"
#include "sim/cli/cli-help.h"
#include "sim/cli/settings.h"

G_DEFINE_QUARK(cs3 - cli - error - quark, cs3_cli_error)

gboolean cs3_cli_given(const Cs3Context *context, const char *option) {
  return g_hash_table_contains(context->given, option);
}

/* NO_COLOR: https://no-color.org. */
static gboolean may_color(Cs3When when, FILE *stream) {
  if (when != CS3_WHEN_AUTO)
    return when == CS3_WHEN_ALWAYS;
  const char *no_color = g_getenv("NO_COLOR"), *term = g_getenv("TERM");
  return isatty(fileno(stream)) && (no_color == NULL || *no_color == '\0') && term != NULL &&
         strcmp(term, "dumb") != 0;
}

gboolean cs3_cli_color(const Cs3Context *context) {
  gboolean to_file = cs3_output_path(context->output) != NULL && context->color == CS3_WHEN_AUTO;
  return context->format == CS3_FORMAT_TEXT && !to_file && may_color(context->color, stdout);
}

/* (transfer full) (nullable): what --fidelity says, where there is one. */
static char *fidelity_of(const Cs3CliCall *call) {
  for (guint t = 0; t < call->n_targets; t++) {
    const Cs3Option *option = cs3_option_find(&call->targets[t], 1, "fidelity");
    if (option != NULL)
      return cs3_option_value_text(option, &call->targets[t]);
  }
  return NULL;
}

static void note_unread_sets(const Cs3CliCall *call, const Cs3Context *context) {
  g_autofree char *fidelity = fidelity_of(call);
  for (guint t = 0; t < call->n_targets; t++) {
    const Cs3OptionTarget *target = &call->targets[t];
    const Cs3Option *set = cs3_option_find(target, 1, "set");
    if (set == NULL || set->type != CS3_OPTION_LIST)
      continue;
    char **texts = G_STRUCT_MEMBER(char **, target->values, target->group->base + set->offset);
    for (; texts != NULL && *texts != NULL; texts++) {
      g_autofree char *key = g_strndup(*texts, strcspn(*texts, "="));
      cs3_cli_note_unread(context, "--set", g_strstrip(key), fidelity);
    }
  }
}

Cs3Progress *cs3_cli_progress(const Cs3Context *context, const char *label, guint64 total) {
  const Cs3Listener *listener = context->listener;
  if (listener != NULL)
    return cs3_progress_new_heard(listener->progress, listener->data, label, total);
  Cs3ProgressStyle style = cs3_progress_style(context->progress, context->quiet, stderr);
  return cs3_progress_new(style, stderr, label, total, NULL);
}

/* What a message quotes may hold line ends or terminal codes; a message is one line. */
static char *one_line(const char *message) {
  return g_strchomp(cs3_plain_text(message));
}

/* Written as bytes, since g_printerr() would drop what the locale cannot show. */
static void print_failure(const Cs3Command *command, Cs3ExitStatus status, const char *line) {
  g_autofree char *name =
      g_strconcat("cs3sim", command != NULL ? " " : "", command != NULL ? command->name : "", NULL);
  gboolean color = may_color(CS3_WHEN_AUTO, stderr);
  fprintf(stderr, "%s%s:%s %s", color ? "\033[1;31m" : "", name, color ? "\033[m" : "", line);
  if (status == CS3_EXIT_USAGE)
    fprintf(stderr, " (see '%s --help')", name);
  fputc('\n', stderr);
}

/* @call: (nullable): whose options the message may be about. */
static Cs3ExitStatus report(const Cs3Command *command, const Cs3CliCall *call,
                            const Cs3Listener *listener, const GError *error) {
  Cs3ExitStatus status = cs3_exit_status(error);
  g_autofree char *line = one_line(error->message);
  if (listener == NULL) {
    print_failure(command, status, line);
  } else {
    g_autofree char *key = call != NULL ? cs3_cli_call_key(call, line) : NULL;
    listener->failed(listener->data, status, line, key);
  }
  return status;
}

/* What is said meanwhile: from where the options are read, which may have something to say. */
typedef struct {
  const Cs3CliCall *call;
  const Cs3Listener *listener;
} Saying;

static void say(const Saying *saying, const char *kind, const char *message) {
  g_autofree char *line = one_line(message);
  g_autofree char *text = g_strconcat(kind, line, NULL);
  if (saying->listener != NULL)
    saying->listener->note(saying->listener->data, text);
  else
    fprintf(stderr, "cs3sim: %s\n", text);
}

/* Every message is one line; which levels are shown is the user's choice. */
static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize n_fields,
                                  gpointer data) {
  const Saying *saying = data;
  int verbose = saying->call->common.verbose;
  GLogLevelFlags shown = G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING |
                         (saying->call->common.quiet ? 0 : G_LOG_LEVEL_MESSAGE) |
                         (verbose >= 1 ? G_LOG_LEVEL_INFO : 0) |
                         (verbose >= 2 ? G_LOG_LEVEL_DEBUG : 0);
  if ((level & shown) == 0)
    return G_LOG_WRITER_HANDLED;
  const char *kind = (level & (G_LOG_LEVEL_MESSAGE | G_LOG_LEVEL_INFO | G_LOG_LEVEL_DEBUG)) != 0
                         ? ""
                     : (level & G_LOG_LEVEL_WARNING) != 0 ? "warning: "
                                                          : "internal error: ";
  for (gsize i = 0; i < n_fields; i++)
    if (strcmp(fields[i].key, "MESSAGE") == 0)
      say(saying, kind, fields[i].value);
  return G_LOG_WRITER_HANDLED;
}

/* Whether @word is one of the common options (or several short ones together). */
static const Cs3Option *common_option(const char *word) {
  Cs3OptionTarget common = {.group = cs3_common_group()};
  if (g_str_has_prefix(word, "--")) {
    g_autofree char *name = g_strndup(word + 2, strcspn(word + 2, "="));
    return cs3_option_find(&common, 1, name);
  }
  const Cs3Option *option = NULL;
  for (const char *letter = word + 1; *letter != '\0'; letter++) {
    option = cs3_option_find_letter(&common, 1, *letter);
    if (option == NULL)
      return NULL;
  }
  return option;
}

/* Options may stand before the command; what begins with any other option is short for `run`. */
static const char *command_name(char **argv, guint *position) {
  guint i = 1;
  for (; argv[i] != NULL && argv[i][0] == '-'; i++) {
    if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)
      break;
    const Cs3Option *option = common_option(argv[i]);
    if (option == NULL)
      break;
    if (strcmp(option->name, "help") == 0)
      break;
    if (cs3_option_takes_value(option) && strchr(argv[i], '=') == NULL && argv[i + 1] != NULL)
      i++;
  }
  *position = i;
  if (argv[i] == NULL)
    return NULL;
  if (argv[i][0] != '-')
    return argv[i];
  if (strcmp(argv[i], "--version") == 0 || strcmp(argv[i], "-V") == 0)
    return "version";
  const Cs3Option *option = common_option(argv[i]);
  if (option != NULL && strcmp(option->name, "help") == 0)
    return "help";
  *position = 0;
  return "run";
}

/* The words that the command gets: all but the program's and the command's name. */
static char **command_words(char **argv, guint position) {
  g_autoptr(GPtrArray) words = g_ptr_array_new();
  for (guint i = 1; argv[i] != NULL; i++)
    if (i != position)
      g_ptr_array_add(words, g_strdup(argv[i]));
  g_ptr_array_add(words, NULL);
  return (char **)g_ptr_array_steal(words, NULL);
}

/* As any program that a reader leaves: `cs3sim ... | head` has nothing to complain about. */
static void follow_reader(const Cs3Output *output) {
  if (!cs3_output_reader_gone(output))
    return;
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
}

static Cs3ExitStatus finish(const Cs3CliCall *call, const Cs3Context *context, Cs3ExitStatus status,
                            GError *problem) {
  g_autoptr(GError) error = problem;
  if (error == NULL && cs3_output_finish(context->output, &error))
    return status;
  follow_reader(context->output);
  return report(context->command, call, context->listener, error);
}

static Cs3ExitStatus dry_run(const Cs3CliCall *call, const Cs3Context *context) {
  GError *error = NULL;
  g_autoptr(Cs3Table) settings = cs3_settings_new();
  for (guint t = 0; call->targets[t].values == call->own; t++)
    cs3_settings_add_options(settings, &call->targets[t], call->given);
  if (call->command->check(call->own, settings, &error))
    cs3_table_write(settings, context->output, context->format);
  return finish(call, context, CS3_EXIT_OK, error);
}

static Cs3ExitStatus run_command(Cs3CliCall *call, Cs3Context *context, char **args) {
  if (call->common.help) {
    cs3_help_command(call->command, context->output);
    return finish(call, context, CS3_EXIT_OK, NULL);
  }
  if (call->output.dry_run)
    return dry_run(call, context);
  GError *error = NULL;
  Cs3ExitStatus status = call->command->run(context, call->own, args, &error);
  /* Of a value that was refused there is one thing to say. */
  if (error == NULL)
    note_unread_sets(call, context);
  return finish(call, context, status, error);
}

Cs3ExitStatus cs3_cli_execute(const Cs3Command *command, char **words,
                              const Cs3Listener *listener) {
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) args = words;
  Saying saying = {call, listener};
  g_log_set_writer_func(write_log, &saying, NULL);
  if (!cs3_cli_call_parse(call, &args, &error))
    return report(command, call, listener, error);
  Cs3Context context = {.command = command,
                        .listener = listener,
                        .quiet = call->common.quiet,
                        .verbose = call->common.verbose,
                        .color = (Cs3When)call->common.color,
                        .progress = (Cs3When)call->common.progress,
                        .given = call->given};
  if (!cs3_cli_call_format(call, &context.format, &error))
    return report(command, call, listener, error);
  gboolean elsewhere = call->common.help || command->appends;
  context.append_path = command->appends ? call->output.path : NULL;
  g_autoptr(Cs3Output) output = cs3_output_new(elsewhere ? NULL : call->output.path, &error);
  if (output == NULL)
    return report(command, call, listener, error);
  context.output = output;
  cs3_output_set_color(output, cs3_cli_color(&context));
  cs3_output_set_plain(output, context.format == CS3_FORMAT_TEXT);
  return run_command(call, &context, args);
}

int cs3_cli_main(int argc, char **argv) {
  g_autoptr(GError) error = NULL;
  guint position = 0;
  const char *name = argc > 0 ? command_name(argv, &position) : NULL;
  if (name == NULL) {
    g_set_error(&error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "give a command, or a model: cs3sim --model llama7b");
    return report(NULL, NULL, NULL, error);
  }
  const Cs3Command *command = cs3_command_find(name, &error);
  if (command == NULL)
    return report(NULL, NULL, NULL, error);
  return cs3_cli_execute(command, command_words(argv, position), NULL);
}
