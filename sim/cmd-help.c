/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim help: the text of a command or a topic, or its manual page. */
#include "config.h"

#include <string.h>

#include "base/suggest.h"
#include "sim/cli/cli-help.h"
#include "sim/cli/cli-man.h"
#include "sim/cli/cli-request.h"
#include "sim/commands.h"

typedef struct {
  gboolean man, schema;
} HelpOptions;

static const Cs3Option options[] = {
    {.name = "man",
     .type = CS3_OPTION_FLAG,
     .offset = G_STRUCT_OFFSET(HelpOptions, man),
     .help = "write the manual page (roff source) instead"},
    {.name = "schema",
     .type = CS3_OPTION_FLAG,
     .offset = G_STRUCT_OFFSET(HelpOptions, schema),
     .help = "write the JSON Schema of a command's requests (libcs3sim) instead"},
    {NULL},
};

static const Cs3Command *find_command(const char *name) {
  for (const Cs3Command *const *c = cs3_commands(); *c != NULL; c++)
    if (strcmp((*c)->name, name) == 0)
      return *c;
  return NULL;
}

static const Cs3Topic *find_topic(const char *name) {
  for (const Cs3Topic *t = cs3_topics(); t->name != NULL; t++)
    if (strcmp(t->name, name) == 0)
      return t;
  return NULL;
}

static gboolean unknown(const char *name, GError **error) {
  g_autoptr(GPtrArray) names = g_ptr_array_new();
  for (const Cs3Command *const *c = cs3_commands(); *c != NULL; c++)
    if (!(*c)->hidden)
      g_ptr_array_add(names, (gpointer)(*c)->name);
  for (const Cs3Topic *t = cs3_topics(); t->name != NULL; t++)
    g_ptr_array_add(names, (gpointer)t->name);
  g_ptr_array_add(names, NULL);
  g_autofree char *hint = cs3_suggestion(name, (const char *const *)names->pdata);
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "no command or topic is called '%s'%s",
              name, hint);
  return FALSE;
}

static gboolean write_text(const char *name, Cs3Output *output, GError **error) {
  const Cs3Command *command = find_command(name);
  if (command != NULL) {
    cs3_help_command(command, output);
    return TRUE;
  }
  const Cs3Topic *topic = find_topic(name);
  if (topic == NULL)
    return unknown(name, error);
  g_autofree char *text = cs3_topic_text(topic);
  cs3_output_prose(output, text);
  return TRUE;
}

static gboolean write_man(const char *name, Cs3Output *output, GError **error) {
  if (strcmp(name, "hardware") == 0) {
    cs3_man_hardware(output);
    return TRUE;
  }
  const Cs3Command *command = find_command(name);
  if (command == NULL)
    return unknown(name, error);
  cs3_man_command(command, output);
  return TRUE;
}

/* Of a command by its name. */
static gboolean write_schema(const char *name, Cs3Output *output, GError **error) {
  const Cs3Command *command = name != NULL ? cs3_command_find(name, error) : NULL;
  if (name == NULL)
    g_set_error_literal(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE, "--schema: of which command?");
  if (command == NULL)
    return FALSE;
  json_auto_t *schema = cs3_request_schema(command);
  cs3_output_json(output, schema, CS3_FORMAT_JSON);
  return TRUE;
}

static gboolean check_form(const HelpOptions *help, GError **error) {
  if (!help->man || !help->schema)
    return TRUE;
  g_set_error_literal(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                      "--man and --schema are two forms; give one");
  return FALSE;
}

static Cs3ExitStatus run_help(const Cs3Context *context, const void *values, char **args,
                              GError **error) {
  const HelpOptions *help = values;
  if (!check_form(help, error))
    return CS3_EXIT_USAGE;
  cs3_output_set_fold(context->output, !help->man && !help->schema);
  if (help->schema)
    return write_schema(args[0], context->output, error) ? CS3_EXIT_OK : CS3_EXIT_USAGE;
  if (args[0] == NULL && help->man)
    cs3_man_program(context->output);
  else if (args[0] == NULL)
    cs3_help_program(context->output);
  else if (help->man ? !write_man(args[0], context->output, error)
                     : !write_text(args[0], context->output, error))
    return CS3_EXIT_USAGE;
  return CS3_EXIT_OK;
}

static const Cs3Example examples[] = {
    {"what a command does, and its options", "cs3sim help list"},
    {"what the exit status says", "cs3sim help exit-status"},
    {"the keys of a request to libcs3sim", "cs3sim help --schema run"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_help = {
    .name = "help",
    .arguments = "[COMMAND|TOPIC]",
    .summary = "Explain a command or a topic",
    .description = "'cs3sim help COMMAND' is the same as 'cs3sim COMMAND --help'. Without an "
                   "argument: all commands and topics.",
    .options_size = sizeof(HelpOptions),
    .groups = {{"Options", options, 0}},
    .max_args = 1,
    .completes = "help",
    .examples = examples,
    .run = run_help,
};
