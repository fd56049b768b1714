/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Help texts, made from the tables. In English in every locale, and 80 columns wide where the
 * terminal is not narrower. */
#include "config.h"

#include "sim/cli/cli-help.h"

#include <string.h>

#include "base/text-fill.h"
#include "sim/cli/cli-call.h"

#define OPTION_COLUMN 30
#define NAME_COLUMN 19

char *cs3_topic_text(const Cs3Topic *topic) {
  return topic->make != NULL ? topic->make() : g_strdup(topic->text);
}

char *cs3_option_usage(const Cs3Option *option) {
  g_autofree char *letter =
      option->letter != 0 ? g_strdup_printf("-%c, ", option->letter) : g_strdup("    ");
  return g_strdup_printf("%s--%s%s%s", letter, option->name, option->metavar != NULL ? "=" : "",
                         option->metavar != NULL ? option->metavar : "");
}

/* A name at the left margin, its explanation in a column to the right. */
static void print_entry(Cs3Output *output, const char *name, guint column, const char *text) {
  g_autofree char *filled = cs3_text_fill(text, column, cs3_output_prose_width(output));
  int padding = (int)column - 2 - (int)strlen(name);
  if (padding < 1)
    cs3_output_printf(output, "  %s\n%s", name, filled);
  else
    cs3_output_printf(output, "  %s%*s%s", name, padding, "", filled + column);
}

static void print_option(Cs3Output *output, const Cs3Option *option,
                         const Cs3OptionTarget *target) {
  g_autofree char *usage = cs3_option_usage(option);
  g_autofree char *note = cs3_option_note(option, target);
  g_autofree char *text =
      *note == '\0' ? g_strdup(option->help) : g_strdup_printf("%s (%s)", option->help, note);
  print_entry(output, usage, OPTION_COLUMN, text);
}

static void print_title(Cs3Output *output, const char *title) {
  cs3_output_puts(output, "\n");
  cs3_output_heading(output, title);
  cs3_output_puts(output, ":\n");
}

static void print_commands(Cs3Output *output) {
  for (const Cs3Command *const *c = cs3_commands(); *c != NULL; c++)
    if (!(*c)->hidden)
      print_entry(output, (*c)->name, NAME_COLUMN, (*c)->summary);
}

void cs3_help_program(Cs3Output *output) {
  cs3_output_puts(output,
                  "Usage: cs3sim COMMAND [OPTION...] [ARGUMENT...]\n"
                  "       cs3sim --model MODEL [OPTION...]      (short for: cs3sim run)\n\n"
                  "Predicts how fast a Cerebras CS-3 trains a sparse neural network, and why.\n");
  print_title(output, "Commands");
  print_commands(output);
  print_title(output, "Topics");
  for (const Cs3Topic *t = cs3_topics(); t->name != NULL; t++)
    print_entry(output, t->name, NAME_COLUMN, t->summary);
  cs3_output_puts(output, "\n'cs3sim help COMMAND' and 'cs3sim help TOPIC' tell more; "
                          "'cs3sim --version' names the version.\n");
}

/* The last blank of @command outside of quotes, up to @room columns; else the first; else NULL. */
static const char *break_command(const char *command, gsize room) {
  const char *found = NULL;
  char quote = '\0';
  for (const char *c = command; *c != '\0' && (found == NULL || (gsize)(c - command) <= room); c++)
    if (quote != '\0')
      quote = *c == quote ? '\0' : quote;
    else if (*c == '\'' || *c == '"')
      quote = *c;
    else if (*c == ' ')
      found = c;
  return found;
}

/* A command that is folded can still be copied: its lines end as the shell reads them on. */
static void print_example(Cs3Output *output, const Cs3Example *example) {
  gsize width = (gsize)cs3_output_width(output), indent = 2;
  const char *rest = example->command, *end = NULL;
  cs3_output_printf(output, "  # %s\n", example->what);
  while (width > 0 && indent + strlen(rest) > width &&
         (end = break_command(rest, width - indent - strlen(" \\"))) != NULL) {
    g_autofree char *line = g_strndup(rest, (gsize)(end - rest));
    cs3_output_printf(output, "%*s%s \\\n", (int)indent, "", line);
    rest = end + 1;
    indent = 6;
  }
  cs3_output_printf(output, "%*s%s\n", (int)indent, "", rest);
}

void cs3_help_command(const Cs3Command *command, Cs3Output *output) {
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  cs3_output_printf(output, "Usage: cs3sim %s [OPTION...]%s%s\n\n%s.\n\n", command->name,
                    command->arguments != NULL ? " " : "",
                    command->arguments != NULL ? command->arguments : "", command->summary);
  cs3_output_prose(output, command->description);
  for (guint t = 0; t < call->n_targets; t++) {
    const Cs3OptionTarget *target = &call->targets[t];
    print_title(output, target->group->title);
    for (const Cs3Option *o = target->group->options; o->name != NULL; o++)
      print_option(output, o, target);
  }
  if (command->examples != NULL)
    print_title(output, "Examples");
  for (const Cs3Example *e = command->examples; e != NULL && e->command != NULL; e++)
    print_example(output, e);
  if (command->answer_no == NULL)
    return;
  g_autofree char *text =
      g_strdup_printf("Exit status 1: %s. Others: 'cs3sim help exit-status'.", command->answer_no);
  cs3_output_puts(output, "\n");
  cs3_output_prose(output, text);
}
