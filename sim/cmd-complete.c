/* SPDX-License-Identifier: GPL-3.0-or-later */
/* cs3sim complete: what the shell's completion asks. */
#include "config.h"

#include <string.h>

#include "sim/cli/cli-call.h"
#include "sim/cli/cli-help.h"
#include "sim/cmd-list.h"
#include "sim/commands.h"
#include "sim/map/mapper.h"

/* Candidates that begin with the word under the cursor, one a line. */
typedef struct {
  Cs3Output *output;
  const char *prefix;
  const char *head; /* what stands in front of it: earlier parts of a list */
} Offer;

static void offer(const char *name, const char *what, gpointer data) {
  const Offer *to = data;
  if (g_str_has_prefix(name, to->prefix))
    cs3_output_printf(to->output, "%s%s\n", to->head, name);
}

static void offer_commands(Offer *to) {
  for (const Cs3Command *const *c = cs3_commands(); *c != NULL; c++)
    if (!(*c)->hidden)
      offer((*c)->name, NULL, to);
}

/* Names of the kind that an option's or an argument's table row says. Files are the shell's own
 * business: no candidates, and the script falls back to them. */
static void offer_kind(const char *kind, Offer *to) {
  if (kind == NULL || strcmp(kind, "files") == 0)
    return;
  if (strcmp(kind, "help") == 0) {
    offer_commands(to);
    for (const Cs3Topic *t = cs3_topics(); t->name != NULL; t++)
      offer(t->name, NULL, to);
  }
  if (strcmp(kind, "map") == 0) {
    g_auto(GStrv) words = cs3_map_force_words();
    for (char **word = words; *word != NULL; word++)
      offer(*word, NULL, to);
  }
  for (const Cs3List *l = cs3_lists(); l->name != NULL; l++) {
    if (strcmp(kind, "lists") == 0)
      offer(l->name, NULL, to);
    /* A preset folder that cannot be read leaves the shell without candidates, not with an error.
     */
    else if (strcmp(kind, l->name) == 0 && !l->visit(offer, to, NULL))
      return;
  }
}

static void offer_options(const Cs3CliCall *call, Offer *to) {
  for (guint t = 0; t < call->n_targets; t++)
    for (const Cs3Option *o = call->targets[t].group->options; o->name != NULL; o++) {
      g_autofree char *name = g_strdup_printf("--%s", o->name);
      offer(name, NULL, to);
    }
}

static void offer_value(const Cs3Option *option, Offer *to) {
  /* "cs2,cs" goes on behind the comma. */
  const char *comma = strrchr(to->prefix, ',');
  g_autofree char *head =
      comma != NULL ? g_strndup(to->prefix, (gsize)(comma - to->prefix) + 1) : g_strdup("");
  to->head = head;
  to->prefix += strlen(head);
  for (guint i = 0; option->choices != NULL && option->choices[i] != NULL; i++)
    offer(option->choices[i], NULL, to);
  offer_kind(option->completes, to);
  to->head = "";
}

/* The option whose value is being typed, when the word before is one that takes a value. */
static const Cs3Option *pending_option(const Cs3CliCall *call, const char *before) {
  const Cs3Option *option = NULL;
  if (g_str_has_prefix(before, "--"))
    option = cs3_option_find(call->targets, call->n_targets, before + 2);
  else if (before[0] == '-' && before[1] != '\0' && before[2] == '\0')
    option = cs3_option_find_letter(call->targets, call->n_targets, before[1]);
  return option != NULL && cs3_option_takes_value(option) ? option : NULL;
}

static const Cs3Command *command_called(const char *name) {
  for (const Cs3Command *const *c = cs3_commands(); *c != NULL; c++)
    if (strcmp((*c)->name, name[0] == '-' ? "run" : name) == 0)
      return *c;
  return NULL;
}

/* @words: what follows `cs3sim` on the line, up to and with the word under the cursor. */
static Cs3ExitStatus run_complete(const Cs3Context *context, const void *options, char **words,
                                  GError **error) {
  guint n = g_strv_length(words);
  cs3_output_set_fold(context->output, FALSE);
  Offer to = {.output = context->output, .prefix = words[n - 1], .head = ""};
  if (n == 1 && to.prefix[0] != '-') {
    offer_commands(&to);
    return CS3_EXIT_OK;
  }
  const Cs3Command *command = command_called(words[0]);
  if (command == NULL)
    return CS3_EXIT_OK;
  g_autoptr(Cs3CliCall) call = cs3_cli_call_new(command);
  const Cs3Option *option = n >= 2 ? pending_option(call, words[n - 2]) : NULL;
  if (option != NULL)
    offer_value(option, &to);
  else if (to.prefix[0] == '-')
    offer_options(call, &to);
  else
    offer_kind(command->completes, &to);
  return CS3_EXIT_OK;
}

const Cs3Command cs3_cmd_complete = {
    .name = "complete",
    .arguments = "-- WORD...",
    .summary = "Print what may stand at the end of a command line",
    .description = "For the shell's completion.",
    .min_args = 1,
    .max_args = G_MAXUINT,
    .hidden = TRUE,
    .run = run_complete,
};
