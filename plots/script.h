/* SPDX-License-Identifier: GPL-3.0-or-later */
/* gnuplot's text, scripts and data alike, put together from parts whose kind is known. What comes
 * from a file can only be in quotes or be a number: nothing that takes a runtime text leaves it
 * bare, and bare words are literals of the program. */
#pragma once

#include <glib.h>

typedef struct Cs3Script Cs3Script;

/* Bare words in a table of the program: initialise with CS3_WORDS("literal"). */
typedef struct {
  const char *literal;
} Cs3Words;
#define CS3_WORDS(text)                                                                            \
  { "" text "" }

typedef enum {
  CS3_PART_END,
  CS3_PART_WORDS,
  CS3_PART_TEXT,
  CS3_PART_TIC,
  CS3_PART_FIELD,
  CS3_PART_COMMENT,
  CS3_PART_NUMBER,
  CS3_PART_DATA,
  CS3_PART_PICTURE,
} Cs3PartKind;

typedef struct {
  Cs3PartKind kind;
  const char *text;
  double number;
} Cs3Part;

/* The parts. Bare words: a literal, or words of a table. */
#define SAY(words) ((Cs3Part){CS3_PART_WORDS, "" words "", 0})
#define PUT(words) ((Cs3Part){CS3_PART_WORDS, (words).literal, 0})
/* Any text, in single quotes, in which gnuplot substitutes nothing; on one line, cut when it is too
 * long to be read (cs3_plain_text(), CS3_SCRIPT_TEXT characters). */
#define QUOTE(any) ((Cs3Part){CS3_PART_TEXT, (any), 0})
/* The same as the label of a tic, which gnuplot takes for a format of numbers. */
#define TIC(any) ((Cs3Part){CS3_PART_TIC, (any), 0})
/* The same as a column of data, in double quotes; its own become single ones. */
#define FIELD(any) ((Cs3Part){CS3_PART_FIELD, (any), 0})
/* The same as a comment to the end of the line, uncut. */
#define COMMENT(any) ((Cs3Part){CS3_PART_COMMENT, (any), 0})
/* 15 significant digits in every locale; NaN for what is not finite. */
#define NUM(value) ((Cs3Part){CS3_PART_NUMBER, NULL, (double)(value)})
/* The file of data. */
#define DATA ((Cs3Part){CS3_PART_DATA, NULL, 0})
/* The line that names the picture's file, if it is to have one. */
#define PICTURE ((Cs3Part){CS3_PART_PICTURE, NULL, 0})

#define CS3_SCRIPT_TEXT 400

/** cs3_script_new: (transfer full): an empty script, or an empty file of data. */
Cs3Script *cs3_script_new(void);
void cs3_script_free(Cs3Script *script);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Script, cs3_script_free)

/** cs3_script_add: append parts: cs3_script_add(script, SAY("set title "), QUOTE(title)). */
#define cs3_script_add(script, ...)                                                                \
  cs3_script_add_parts(script, (const Cs3Part[]){__VA_ARGS__, {CS3_PART_END, NULL, 0}})
/** cs3_script_add_parts: what cs3_script_add() calls: @parts up to CS3_PART_END. */
void cs3_script_add_parts(Cs3Script *script, const Cs3Part *parts);

/** cs3_script_say: append bare words. */
#define cs3_script_say(script, words) cs3_script_add(script, SAY(words))

/** cs3_script_row: append @n numbers with blanks between them, and a line end. */
void cs3_script_row(Cs3Script *script, const double *values, guint n);

/** cs3_script_join: append what @other holds. */
void cs3_script_join(Cs3Script *script, const Cs3Script *other);

/**
 * cs3_script_file: (transfer full): the text of a script that draws the file @data_name into
 * @picture_name, both beside it. Names may be anything without control characters.
 */
char *cs3_script_file(const Cs3Script *script, const char *picture_name, const char *data_name);

/** cs3_script_inline: (transfer full): the text of a script that holds @data and draws to standard
 * output, so that gnuplot needs no files. */
char *cs3_script_inline(const Cs3Script *script, const char *data);

/** cs3_script_text: (transfer full): the text as it was added, for files of data. */
char *cs3_script_text(const Cs3Script *script);
