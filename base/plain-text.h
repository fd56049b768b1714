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
