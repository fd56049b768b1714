/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text of files, made fit to be shown: on a terminal, in a picture, in a page. */
#pragma once

#include <glib.h>

/**
 * cs3_plain_text: (transfer full): @text as valid UTF-8 on one line, in which nothing steers what
 * shows it: control characters (C0, DEL, C1), line and paragraph separators, the marks, embeddings,
 * overrides and isolates of bidirectional text and what is no character become spaces.
 */
char *cs3_plain_text(const char *text);

/** cs3_plain_lines: (transfer full): the same of every line of @text; its line ends and tabs stay.
 */
char *cs3_plain_lines(const char *text);

/* Letters of a text that a message quotes. */
#define CS3_CUT_LETTERS 80

typedef struct {
  char text[CS3_CUT_LETTERS * 4 + sizeof "..."]; /* a letter has at most four bytes */
} Cs3Cut;

/**
 * cs3_cut: @text as a message quotes it: as cs3_plain_text() has it and, where it is longer than
 * %CS3_CUT_LETTERS, its first letters and "...". Returns: @to's text.
 */
const char *cs3_cut(Cs3Cut *to, const char *text);

/** CS3_CUT: the same in a buffer of its own, which lasts as long as the block around it. */
#define CS3_CUT(text) cs3_cut(&(Cs3Cut){""}, (text))
