/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The registry of commands, in the order in which help shows them. */
#include "config.h"

#include "sim/commands.h"

#include <string.h>

#include "base/suggest.h"

static const Cs3Command *const commands[] = {
    &cs3_cmd_run,       &cs3_cmd_train,    &cs3_cmd_layer,
    &cs3_cmd_attention, &cs3_cmd_compare,  &cs3_cmd_infer,
    &cs3_cmd_sweep,     &cs3_cmd_optimize, &cs3_cmd_plot,
    &cs3_cmd_report,    &cs3_cmd_validate, &cs3_cmd_calibrate,
    &cs3_cmd_inspect,   &cs3_cmd_mask,     &cs3_cmd_fabric,
    &cs3_cmd_explain,   &cs3_cmd_list,     &cs3_cmd_help,
    &cs3_cmd_version,   &cs3_cmd_complete, NULL,
};

const Cs3Command *const *cs3_commands(void) {
  return commands;
}

const Cs3Command *cs3_command_find(const char *name, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Cs3Command *const *c = commands; *c != NULL; c++) {
    if (strcmp((*c)->name, name) == 0)
      return *c;
    if (!(*c)->hidden)
      g_ptr_array_add(names, (gpointer)(*c)->name);
  }
  g_ptr_array_add(names, NULL);
  g_autofree char *hint = cs3_suggestion(name, (const char *const *)names->pdata);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "unknown command '%s'%s", name, hint);
  return NULL;
}
