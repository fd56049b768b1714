/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parameters that a command's results do not depend on. */
#include "config.h"

#include <string.h>

#include "sim/cli/cli.h"
#include "sim/machine/machine.h"

void cs3_cli_note_unread(const Cs3Context *context, const char *where, const char *key) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  const Cs3Param *param = cs3_params_find_name(bindings, key, NULL, NULL);
  if (param == NULL || param->readers == NULL || strcmp(context->command->name, "explain") == 0)
    return;
  g_auto(GStrv) readers = g_strsplit(param->readers, " ", -1);
  if (g_strv_contains((const char *const *)readers, context->command->name))
    return;
  g_autofree char *all = g_strjoinv(", ", readers);
  if (*all == '\0')
    g_message("%s %s: changes no result: it only describes the machine", where, key);
  else
    g_message("%s %s: changes nothing in '%s': read by %s", where, key, context->command->name,
              all);
}
