/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Help texts, made from the tables. Always 80 columns wide and in English: the same bytes in every
 * terminal and locale. */
#include "config.h"

#include "sim/cli/cli-help.h"

#include <string.h>

#include "sim/cli/cli-call.h"

#define WIDTH 80
#define OPTION_COLUMN 30
#define NAME_COLUMN 19

static void fill_paragraph(GString *out, const char *paragraph, guint indent) {
  g_auto(GStrv) words = g_strsplit_set(paragraph, " \n", -1);
  guint column = 0;
  for (char **word = words; *word != NULL; word++) {
    guint length = (guint)g_utf8_strlen(*word, -1);
    if (length == 0)
      continue;
    if (column > 0 && column + 1 + length > WIDTH) {
      g_string_append_c(out, '\n');
      column = 0;
    }
    if (column == 0)
      g_string_append_printf(out, "%*s", (int)indent, "");
    else
      g_string_append_c(out, ' ');
    column = (column == 0 ? indent : column + 1) + length;
    g_string_append(out, *word);
  }
  g_string_append_c(out, '\n');
}

static void keep_paragraph(GString *out, const char *paragraph, guint indent) {
  g_auto(GStrv) lines = g_strsplit(paragraph, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0')
      g_string_append_printf(out, "%*s%s\n", (int)indent, "", *line);
}

char *cs3_text_fill(const char *text, guint indent) {
  GString *out = g_string_new(NULL);
  g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);
  for (char **p = paragraphs; *p != NULL; p++) {
    if (out->len > 0)
      g_string_append_c(out, '\n');
    if (g_str_has_prefix(*p, "  "))
      keep_paragraph(out, *p, indent);
    else
      fill_paragraph(out, *p, indent);
  }
  return g_string_free(out, FALSE);
}

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
  g_autofree char *filled = cs3_text_fill(text, column);
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

void cs3_help_command(const Cs3Command *command, Cs3Output *output) {
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  g_autofree char *description = cs3_text_fill(command->description, 0);
  cs3_output_printf(output, "Usage: cs3sim %s [OPTION...]%s%s\n\n%s.\n\n%s", command->name,
                    command->arguments != NULL ? " " : "",
                    command->arguments != NULL ? command->arguments : "", command->summary,
                    description);
  for (guint t = 0; t < call->n_targets; t++) {
    const Cs3OptionTarget *target = &call->targets[t];
    print_title(output, target->group->title);
    for (const Cs3Option *o = target->group->options; o->name != NULL; o++)
      print_option(output, o, target);
  }
  if (command->examples != NULL)
    print_title(output, "Examples");
  for (const Cs3Example *e = command->examples; e != NULL && e->command != NULL; e++)
    cs3_output_printf(output, "  # %s\n  %s\n", e->what, e->command);
  if (command->answer_no == NULL)
    return;
  g_autofree char *text =
      g_strdup_printf("Exit status 1: %s. Others: 'cs3sim help exit-status'.", command->answer_no);
  g_autofree char *filled = cs3_text_fill(text, 0);
  cs3_output_printf(output, "\n%s", filled);
}
