/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Manual pages in roff, from the same tables as --help. */
#include "config.h"

#include "sim/cli/cli-man.h"

#include "sim/cli/cli-call.h"
#include "sim/cli/cli-help.h"
#include "sim/cs3sim.h"

/* Backslashes and hyphens are escaped everywhere, dots and quotes where they begin a line. */
static void append_escaped(GString *out, const char *line) {
  if (*line == '.' || *line == '\'')
    g_string_append(out, "\\&");
  for (const char *c = line; *c != '\0'; c++) {
    if (*c == '\\')
      g_string_append(out, "\\e");
    else if (*c == '-')
      g_string_append(out, "\\-");
    else
      g_string_append_c(out, *c);
  }
}

static char *escaped(const char *line) {
  GString *out = g_string_new(NULL);
  append_escaped(out, line);
  return g_string_free(out, FALSE);
}

static void append_paragraph(GString *out, const char *paragraph) {
  gboolean kept = g_str_has_prefix(paragraph, "  ");
  if (kept)
    g_string_append(out, ".nf\n");
  g_auto(GStrv) lines = g_strsplit(paragraph, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    if (**line != '\0') {
      append_escaped(out, *line);
      g_string_append_c(out, '\n');
    }
  if (kept)
    g_string_append(out, ".fi\n");
}

char *cs3_man_text(const char *text) {
  GString *out = g_string_new(NULL);
  g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);
  for (char **p = paragraphs; *p != NULL; p++) {
    if (out->len > 0)
      g_string_append(out, ".PP\n");
    append_paragraph(out, *p);
  }
  return g_string_free(out, FALSE);
}

static void write_text(Cs3Output *output, const char *text) {
  g_autofree char *roff = cs3_man_text(text);
  cs3_output_puts(output, roff);
}

/* No date: the page belongs to a version, and the same source gives the same bytes. */
static void write_title(Cs3Output *output, const char *page, const char *summary) {
  g_autofree char *upper = g_ascii_strup(page, -1);
  g_autofree char *title = escaped(upper), *name = escaped(page), *what = escaped(summary);
  cs3_output_printf(output, ".TH %s 1 \"\" \"cs3sim %s\" \"User Commands\"\n", title,
                    cs3sim_version());
  cs3_output_printf(output, ".SH NAME\n%s \\- %s\n", name, what);
}

static void write_option(Cs3Output *output, const Cs3Option *option,
                         const Cs3OptionTarget *target) {
  g_autofree char *note = cs3_option_note(option, target);
  g_autofree char *name = escaped(option->name), *help = escaped(option->help);
  g_autofree char *extra = escaped(note);
  cs3_output_puts(output, ".TP\n");
  if (option->letter != 0)
    cs3_output_printf(output, "\\fB\\-%c\\fR, ", option->letter);
  cs3_output_printf(output, "\\fB\\-\\-%s\\fR", name);
  if (option->metavar != NULL)
    cs3_output_printf(output, "=\\fI%s\\fR", option->metavar);
  cs3_output_printf(output, "\n%s", help);
  cs3_output_printf(output, *note != '\0' ? " (%s).\n" : ".\n", extra);
}

static void write_options(Cs3Output *output, const Cs3Command *command) {
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  cs3_output_puts(output, ".SH OPTIONS\n");
  for (guint t = 0; t < call->n_targets; t++) {
    const Cs3OptionTarget *target = &call->targets[t];
    cs3_output_printf(output, ".SS %s\n", target->group->title);
    for (const Cs3Option *o = target->group->options; o->name != NULL; o++)
      write_option(output, o, target);
  }
}

static void write_examples(Cs3Output *output, const Cs3Example *examples) {
  if (examples == NULL)
    return;
  cs3_output_puts(output, ".SH EXAMPLES\n");
  for (const Cs3Example *e = examples; e->command != NULL; e++) {
    g_autofree char *what = escaped(e->what), *command = escaped(e->command);
    cs3_output_printf(output, ".TP\n%s:\n.B %s\n", what, command);
  }
}

static void write_exit_status(Cs3Output *output, const Cs3Command *command) {
  cs3_output_puts(output, ".SH EXIT STATUS\n");
  for (const Cs3ExitMeaning *m = cs3_exit_meanings(); m->meaning != NULL; m++) {
    if (m->status == CS3_EXIT_NO && command != NULL && command->answer_no == NULL)
      continue;
    gboolean own = m->status == CS3_EXIT_NO && command != NULL;
    g_autofree char *meaning = escaped(own ? command->answer_no : m->meaning);
    cs3_output_printf(output, ".TP\n.B %d\n%s\n", (int)m->status, meaning);
  }
}

void cs3_man_command(const Cs3Command *command, Cs3Output *output) {
  g_autofree char *page = g_strdup_printf("cs3sim-%s", command->name);
  g_autofree char *name = escaped(command->name);
  write_title(output, page, command->summary);
  cs3_output_printf(output, ".SH SYNOPSIS\n.B cs3sim %s\n[\\fIOPTION\\fR...]", name);
  if (command->arguments != NULL)
    cs3_output_printf(output, " %s", command->arguments);
  cs3_output_puts(output, "\n.SH DESCRIPTION\n");
  write_text(output, command->description);
  write_options(output, command);
  write_examples(output, command->examples);
  write_exit_status(output, command);
  cs3_output_puts(output, ".SH SEE ALSO\n.BR cs3sim (1)\n");
}

static void write_commands(Cs3Output *output) {
  cs3_output_puts(output, ".SH COMMANDS\n");
  for (const Cs3Command *const *c = cs3_commands(); *c != NULL; c++) {
    if ((*c)->hidden)
      continue;
    g_autofree char *name = escaped((*c)->name), *summary = escaped((*c)->summary);
    cs3_output_printf(output, ".TP\n.BR cs3sim\\-%s (1)\n%s.\n", name, summary);
  }
}

static void write_topics(Cs3Output *output) {
  for (const Cs3Topic *t = cs3_topics(); t->name != NULL; t++) {
    if (g_str_equal(t->name, "exit-status"))
      continue;
    g_autofree char *upper = g_ascii_strup(t->name, -1);
    g_autofree char *title = escaped(upper), *text = cs3_topic_text(t);
    cs3_output_printf(output, ".SH %s\n", title);
    write_text(output, text);
  }
}

void cs3_man_program(Cs3Output *output) {
  write_title(output, "cs3sim", "predict how fast a Cerebras CS-3 trains a sparse neural network");
  cs3_output_puts(output, ".SH SYNOPSIS\n.B cs3sim\n\\fICOMMAND\\fR [\\fIOPTION\\fR...] "
                          "[\\fIARGUMENT\\fR...]\n.br\n.B cs3sim \\-\\-model\n\\fIMODEL\\fR "
                          "[\\fIOPTION\\fR...]\n.SH DESCRIPTION\n");
  write_text(output, "Simulates one training step of a sparse neural network on the wafer-scale "
                     "engine, and says how long it takes and which resource limits it. Without a "
                     "command the options are those of cs3sim-run(1).");
  write_commands(output);
  write_topics(output);
  write_exit_status(output, NULL);
}
