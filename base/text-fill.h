/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Prose broken into lines. Widths count characters. */
#pragma once

#include <glib.h>

/* Of prose where no terminal says more. */
#define CS3_TEXT_WIDTH 80

/**
 * cs3_text_fill: (transfer full): paragraphs filled to @width columns, indented; those that begin
 * with two spaces are kept. Ends with a line end. A word wider than a line has a line of its own.
 */
char *cs3_text_fill(const char *text, guint indent, guint width);

/**
 * cs3_line_fold: (transfer full): @line, without its end, over as many lines of at most @width
 * columns as it takes. What follows goes below the text that a label ("throughput     4 tokens/s")
 * stands in front of, else two columns further in than the line. A terminal's colours take no room.
 */
char *cs3_line_fold(const char *line, guint width);
