/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One use of a command: its option tables bound to places for the values. */
#pragma once

#include <glib.h>

#include "sim/cli/cli.h"

typedef struct {
  const Cs3Command *command;
  struct {
    gboolean help, quiet;
    int verbose, color, progress;
  } common;
  struct {
    int format; /* index into format_choices */
    char *path;
    gboolean dry_run;
  } output;
  gpointer own; /* the command's struct of options */
  GHashTable *given;
  Cs3OptionTarget targets[8];
  guint n_targets;
  /* -o accepts what the command can write, so its row is made for the command. */
  Cs3Option output_options[4];
  Cs3OptionGroup output_group;
  const char *format_choices[9];
} Cs3CliCall;

/** cs3_cli_call_new: (transfer full): every option of @command at its default. */
Cs3CliCall *cs3_cli_call_new(const Cs3Command *command);
void cs3_cli_call_free(Cs3CliCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3CliCall, cs3_cli_call_free)

/**
 * cs3_cli_call_parse: read @argv (inout, NULL-terminated, without program and command); what is
 * left are the positional arguments, whose number is checked unless --help is given.
 */
gboolean cs3_cli_call_parse(Cs3CliCall *call, char ***argv,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_cli_call_format: the format asked for by -o, else by the extension of -O, else the first.
 * Fails (CS3_CLI_ERROR_USAGE) when the extension names a format that the command does not write.
 */
gboolean cs3_cli_call_format(const Cs3CliCall *call, Cs3Format *format,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_cli_call_key: the option that a message about the call begins with, or quotes the value of:
 * "sparsity", "set.io.rate". Returns: (transfer full) (nullable).
 */
char *cs3_cli_call_key(const Cs3CliCall *call, const char *message);

/** cs3_common_group: (transfer none): the options that every command has. */
const Cs3OptionGroup *cs3_common_group(void);
