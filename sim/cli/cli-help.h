/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a reader is told about commands and topics: --help, `cs3sim help`, manual pages. All of it
 * comes from the command and option tables. */
#pragma once

#include "sim/cli/cli.h"

/* A subject of `cs3sim help` that is not a command. */
typedef struct {
  const char *name;
  const char *summary;
  const char *text;    /* paragraphs; a line that begins with two spaces is kept as it is */
  char *(*make)(void); /* makes the text instead: (transfer full) */
} Cs3Topic;

/** cs3_topics: (transfer none): every topic; ends with a %NULL name. */
const Cs3Topic *cs3_topics(void);

/** cs3_topic_text: (transfer full): the text of @topic. */
char *cs3_topic_text(const Cs3Topic *topic);

/** cs3_help_program: what `cs3sim --help` prints. */
void cs3_help_program(Cs3Output *output);

/** cs3_help_command: what `cs3sim COMMAND --help` prints. */
void cs3_help_command(const Cs3Command *command, Cs3Output *output);

/** cs3_option_usage: (transfer full): "-o, --output-format=FORMAT". */
char *cs3_option_usage(const Cs3Option *option);
