/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Command lines: every line of the input is one, its words as a shell without quotes splits them.
 * They are read, not run. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <string.h>

#include "sim/cli/cli-call.h"

static const char *const seeds[] = {"tests/fuzz/seeds/commands", NULL};

static void try_command(const Cs3Command *command, char **words) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  g_auto(GStrv) argv = g_strdupv(words);
  gboolean ok = cs3_cli_call_parse(call, &argv, &error);
  fuzz_verdict(ok, error);
  if (!ok)
    return;
  Cs3Format format;
  g_autoptr(GError) problem = NULL;
  gboolean known = cs3_cli_call_format(call, &format, &problem);
  fuzz_verdict(known, problem);
}

static void try_line(const char *line) {
  /* What is printed of a message is made valid text by the frame of the command line. */
  g_autofree char *text = g_utf8_make_valid(line, -1);
  g_auto(GStrv) words = g_strsplit(text, " ", 64);
  for (const Cs3Command *const *c = cs3_commands(); words[0] != NULL && *c != NULL; c++)
    if (strcmp((*c)->name, words[0]) == 0)
      try_command(*c, words + 1);
}

const FuzzTarget fuzz_target = {.seeds = seeds, .line = try_line};
