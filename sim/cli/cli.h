/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The frame of the command line: a const row per command, what a command is given when it runs, and
 * the way from argv to an exit status. */
#pragma once

#include <glib.h>

#include "base/output.h"
#include "sim/cli/progress.h"
#include "base/table.h"
#include "sim/cli/cli-option.h"
#include "sim/exit-status.h"

#define CS3_CLI_ERROR (cs3_cli_error_quark())
GQuark cs3_cli_error_quark(void);

typedef enum {
  CS3_CLI_ERROR_USAGE,       /* the command line makes no sense: status 64 */
  CS3_CLI_ERROR_UNAVAILABLE, /* something that is needed is not installed: status 69 */
  CS3_CLI_ERROR_DATA,        /* an input file has wrong content: status 65 */
} Cs3CliError;

typedef struct Cs3Command Cs3Command;

/* Who hears what a command says beside its result. Texts are one line of valid UTF-8. */
typedef struct {
  /* The command failed. @key: (nullable): the option that the message is about. */
  void (*failed)(gpointer data, Cs3ExitStatus status, const char *message, const char *key);
  void (*note)(gpointer data, const char *text);
  Cs3ProgressHear progress;
  gpointer data;
} Cs3Listener;

/* What a command finds when it runs. */
typedef struct {
  const Cs3Command *command;
  const Cs3Listener *listener; /* (nullable): %NULL: a person at a terminal */
  gboolean quiet;              /* -q: no progress, no notes */
  int verbose;                 /* number of -v */
  Cs3When color;
  Cs3When progress;
  Cs3Format format;        /* one of the command's formats */
  Cs3Output *output;       /* where the result goes; finished by the frame after run() */
  const char *append_path; /* (nullable): the file of -O, when the command appends */
  GHashTable *given;       /* options that were used, as cs3_options_parse() fills it */
} Cs3Context;

/* An example in --help and the man page; the tests run it. */
typedef struct {
  const char *what;
  const char *command; /* %NULL ends an array */
} Cs3Example;

struct Cs3Command {
  const char *name;
  const char *arguments;   /* positional, as shown in the usage line: "[TOPIC]"; may be %NULL */
  const char *summary;     /* one line, no full stop */
  const char *description; /* paragraphs, separated by empty lines; wrapped when shown */
  gsize options_size;      /* of the struct that the groups describe; 0: no options of its own */
  const void *defaults;    /* (nullable) a struct of that size */
  Cs3OptionGroup groups[5];
  guint formats; /* CS3_FORMAT_BIT()s that -o accepts; the lowest is the default; 0: no -o, -O */
  Cs3Format default_format; /* where it is not the lowest; CS3_FORMAT_TEXT: it is */
  const char *endings[5];   /* of files that the command writes beside its formats: {"ini"} */
  gboolean appends; /* writes the file of -O itself, bit by bit; context->output is stdout then */
  guint min_args, max_args;    /* G_MAXUINT: any number */
  const char *argument_option; /* (nullable) the TEXT option that one positional argument gives */
  const char *completes;       /* what completes positional arguments, as in Cs3Option */
  /**
   * Optional, gives the command a --dry-run: check what run() would check before it computes, and
   * add the settings that the options stand for (sim/cli/settings.h) to those of the options
   * themselves.
   */
  gboolean (*check)(const void *options, Cs3Table *settings, GError **error);
  const char *answer_no; /* when the exit status is 1; %NULL: never */
  const Cs3Example *examples;
  gboolean hidden; /* not listed */
  /**
   * Do it. @options: the filled struct; @args: positional arguments, %NULL-terminated, their number
   * already checked. Results go to context->output, nowhere else; notes for people through
   * g_message(), g_info(). Returns %CS3_EXIT_OK or %CS3_EXIT_NO, or anything with @error set.
   */
  Cs3ExitStatus (*run)(const Cs3Context *context, const void *options, char **args, GError **error);
};

/** cs3_commands: (transfer none): every command; ends with %NULL. (The registry: commands.c.) */
const Cs3Command *const *cs3_commands(void);

/** cs3_command_find: the command called @name; fails with a suggestion (CS3_CLI_ERROR_USAGE). */
const Cs3Command *cs3_command_find(const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_cli_given: whether @option ("seed", without dashes) is on the command line. */
gboolean cs3_cli_given(const Cs3Context *context, const char *option);

/**
 * cs3_cli_note_unread: tells the user when @key ("pe.banks") is a parameter that the results of the
 * command do not depend on. @where: how it was given: "--set". @fidelity: (nullable): of the
 * command. (sim/unread.c.)
 */
void cs3_cli_note_unread(const Cs3Context *context, const char *where, const char *key,
                         const char *fidelity);

/** cs3_cli_color: whether the result may be coloured: terminal, NO_COLOR, TERM, --color. */
gboolean cs3_cli_color(const Cs3Context *context);

/**
 * cs3_cli_progress: (transfer full): a progress line for @total steps of work, shown or not as the
 * terminal, -q and --progress say.
 */
Cs3Progress *cs3_cli_progress(const Cs3Context *context, const char *label, guint64 total);

/**
 * cs3_cli_execute: run @command with the words behind its name; its result goes where they say, or
 * to standard output.
 * @words: (transfer full): NULL-terminated.
 * @listener: (nullable): as in #Cs3Context.
 */
Cs3ExitStatus cs3_cli_execute(const Cs3Command *command, char **words, const Cs3Listener *listener);

/** cs3_cli_main: what main() does. Returns: the exit status of the process. */
int cs3_cli_main(int argc, char **argv);
