/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim explain: what is known of the machine's constants. */
#include "config.h"

#include "sim/commands.h"
#include "sim/machine/explain.h"

typedef struct {
  char *hardware;
  char **set;
  gboolean ini;
} ExplainOptions;

static const ExplainOptions defaults = {.hardware = (char *)CS3_DEFAULT_HARDWARE};

static const Cs3Option options[] = {
    {.name = "hardware",
     .type = CS3_OPTION_TEXT,
     .offset = G_STRUCT_OFFSET(ExplainOptions, hardware),
     .metavar = "NAME|FILE",
     .help = "the machine whose values are shown",
     .completes = "hardware"},
    {.name = "set",
     .type = CS3_OPTION_LIST,
     .offset = G_STRUCT_OFFSET(ExplainOptions, set),
     .metavar = "GROUP.KEY=VALUE",
     .keyed = TRUE,
     .help = "change a constant of the machine",
     .completes = "parameters"},
    {.name = "ini",
     .type = CS3_OPTION_FLAG,
     .offset = G_STRUCT_OFFSET(ExplainOptions, ini),
     .help = "print the whole machine as a file for --hardware, with the origin of every value"},
    {NULL},
};

static Cs3ExitStatus print_file(const Cs3Context *context, const Cs3Machine *machine, char **args,
                                GError **error) {
  if (args[0] != NULL || context->format != CS3_FORMAT_TEXT) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--ini prints the whole machine as text; give neither PARAMETER nor -o");
    return CS3_EXIT_USAGE;
  }
  g_autofree char *text = cs3_machine_format(machine);
  cs3_output_set_fold(context->output, FALSE);
  cs3_output_puts(context->output, text);
  return CS3_EXIT_OK;
}

static Cs3ExitStatus run_explain(const Cs3Context *context, const void *values, char **args,
                                 GError **error) {
  const ExplainOptions *given = values;
  g_autoptr(Cs3Machine) machine =
      cs3_machine_load(given->hardware, (const char *const *)given->set, error);
  if (machine == NULL)
    return CS3_EXIT_CONFIG;
  if (given->ini)
    return print_file(context, machine, args, error);
  if (context->format != CS3_FORMAT_TEXT) {
    g_autoptr(Cs3Table) table = cs3_explain_table(machine, args[0], error);
    if (table != NULL)
      cs3_table_write(table, context->output, context->format);
    return table != NULL ? CS3_EXIT_OK : CS3_EXIT_CONFIG;
  }
  g_autofree char *text =
      cs3_explain(machine, args[0], cs3_output_prose_width(context->output), error);
  if (text != NULL)
    cs3_output_puts(context->output, text);
  return text != NULL ? CS3_EXIT_OK : CS3_EXIT_CONFIG;
}

static const Cs3Example examples[] = {
    {"all parameters of the CS-3, with what may be wrong about them", "cs3sim explain"},
    {"one of them", "cs3sim explain wafer.clock"},
    {"those of the sparse kernels on the CS-2", "cs3sim explain --hardware cs2 'kernel.*'"},
    {"a machine of one's own, to be edited", "cs3sim explain --hardware cs3 --ini -O my-wafer.ini"},
    {NULL, NULL},
};

const Cs3Command cs3_cmd_explain = {
    .name = "explain",
    .arguments = "[PARAMETER]",
    .summary = "Print unit, value, range and source of a machine's constants",
    .description =
        "PARAMETER is 'group.key', a key, a group, or a pattern with * and ? over any of these. "
        "Without it, every parameter is listed with its value, how well it is known, and the range "
        "that is plausible.\n\n"
        "A value is vendor (stated by the vendor), measured (by others), derived (by arithmetic), "
        "disputed (several values in circulation) or unpublished (our proposal). Those with a "
        "plausible range are what --uncertainty samples.",
    .options_size = sizeof(ExplainOptions),
    .defaults = &defaults,
    .groups = {{"Machine", options, 0}},
    .endings = {"ini"},
    .formats = CS3_FORMAT_BIT(CS3_FORMAT_TEXT) | CS3_FORMAT_BIT(CS3_FORMAT_JSON) |
               CS3_FORMAT_BIT(CS3_FORMAT_CSV) | CS3_FORMAT_BIT(CS3_FORMAT_JSONL),
    .max_args = 1,
    .completes = "parameters",
    .examples = examples,
    .run = run_explain,
};
