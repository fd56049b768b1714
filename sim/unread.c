/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters that a command's results do not depend on. */
#include "config.h"

#include <string.h>

#include "sim/cli/cli.h"
#include "sim/machine/machine.h"

/* Whether @reader, a command or a command and its fidelity ("layer/event"), is of @command. */
static gboolean is_of(const char *reader, const char *command) {
  gsize n = strcspn(reader, "/");
  return strncmp(reader, command, n) == 0 && command[n] == '\0';
}

/* To run all fidelities is to run the one that @reader means. */
static gboolean is_run(const char *reader, const char *fidelity) {
  const char *only = strchr(reader, '/');
  return only == NULL || g_strcmp0(fidelity, only + 1) == 0 || g_strcmp0(fidelity, "all") == 0;
}

void cs3_cli_note_unread(const Cs3Context *context, const char *where, const char *key,
                         const char *fidelity) {
  const char *command = context->command->name;
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  const Cs3Param *param = cs3_params_find_name(bindings, key, NULL, NULL);
  if (param == NULL || param->readers == NULL || strcmp(command, "explain") == 0)
    return;
  g_auto(GStrv) readers = g_strsplit(param->readers, " ", -1);
  const char *other = NULL; /* fidelity of the command */
  for (char **reader = readers; *reader != NULL; reader++)
    if (is_of(*reader, command)) {
      if (is_run(*reader, fidelity))
        return;
      other = fidelity;
    }
  g_autofree char *all = cs3_param_readers(param);
  if (*param->readers == '\0')
    g_message("%s %s: changes no result: it only describes the machine", where, key);
  else
    g_message("%s %s: changes nothing in '%s'%s%s: read by %s", where, key, command,
              other != NULL ? " --fidelity " : "", other != NULL ? other : "", all);
}
