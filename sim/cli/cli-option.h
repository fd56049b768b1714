/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Option tables: one const row per option is behind parsing (GOption), --help, the man pages and
 * the completion. */
#pragma once

#include <glib.h>

#include "base/memo.h"

typedef enum {
  CS3_OPTION_FLAG,   /* gboolean; no argument */
  CS3_OPTION_COUNT,  /* int; no argument, every use adds one (-vv) */
  CS3_OPTION_INT,    /* gint64: "4096" or "150e9" */
  CS3_OPTION_REAL,   /* double, finite */
  CS3_OPTION_TEXT,   /* char * */
  CS3_OPTION_LIST,   /* char **; may be repeated, NULL-terminated, %NULL when never given */
  CS3_OPTION_CHOICE, /* int, index into `choices` */
} Cs3OptionType;

typedef struct {
  const char *name; /* without dashes; %NULL ends a table */
  char letter;      /* short form, or 0 */
  Cs3OptionType type;
  gsize offset;               /* of the member in the struct of options */
  const char *metavar;        /* "FILE"; %NULL for flags */
  const char *help;           /* what it does; no full stop */
  double min, max;            /* INT and REAL: accepted range, inclusive; both 0: any value */
  gboolean keyed;             /* LIST: of KEY=VALUE, a key has one value */
  gboolean below_max;         /* REAL: max itself is refused */
  const char *const *choices; /* CHOICE: NULL-terminated */
  const char *default_text;   /* shown instead of the value in the struct of defaults */
  const char *environment;    /* variable that gives the value when the option is not used */
  gboolean writes;            /* TEXT: names a file that is written */
  const char *completes;      /* what completes the argument: "files" or a topic of `list` */
  gboolean no_result;         /* no result depends on it */
  gboolean terminal;          /* is about a terminal: no part of a request (cli-request.h) */
  gboolean sparse_only;       /* of a scenario: its dense side does not depend on it */
  /* TEXT: adds what @value stands for to @key, where that is more than the text: a file's contents,
   * not its name. */
  gboolean (*identity)(const char *value, Cs3MemoKey *key, GError **error);
  /* TEXT: adds to @words the options that @value stands for, "--batch=256". Those that are given on
   * the command line win. */
  gboolean (*expand)(const char *value, GPtrArray *words, GError **error);
} Cs3Option;

/* Options with one heading and one place to write to. */
typedef struct {
  const char *title;        /* "Scenario"; heads the list in --help */
  const Cs3Option *options; /* %NULL ends an array of groups */
  gsize base;               /* added to every offset: place of a shared struct in the command's */
} Cs3OptionGroup;

/* Where the values of a group go while a command line is read. */
typedef struct {
  const Cs3OptionGroup *group;
  void *values;
  const void *defaults; /* (nullable) same struct */
} Cs3OptionTarget;

/**
 * cs3_options_init: set @target's members to their defaults; texts are copied.
 */
void cs3_options_init(const Cs3OptionTarget *target);

/** cs3_options_clear: free the texts and lists that @target's members hold. */
void cs3_options_clear(const Cs3OptionTarget *target);

/**
 * cs3_options_parse: read @argv into @targets.
 * @argv: (inout): NULL-terminated, without the program and the command; what is left are the
 *   positional arguments. Options and arguments may be mixed; "--" ends the options.
 * @given: filled with the names of the options that were used; the values are %NULL.
 * An option that is not used takes its value from its environment variable, if that is set and not
 * empty; @given then has the option's name too, with the variable's as its value.
 * Fails in G_OPTION_ERROR: unknown option (with the nearest known), missing or malformed value,
 * value out of range, another value than the same option had before (but for lists). Options read
 * before the failure stay in @targets.
 */
gboolean cs3_options_parse(const Cs3OptionTarget *targets, guint n_targets, char ***argv,
                           GHashTable *given, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_options_words: words that give @target's options, those in @given but not in @without
 * (%NULL-terminated names), the values that they have.
 * @words: (element-type utf8): appended to.
 */
void cs3_options_words(const Cs3OptionTarget *target, GHashTable *given, const char *const *without,
                       GPtrArray *words);

/** cs3_option_find: the row called @name ("model", without dashes) among @targets, or %NULL. */
const Cs3Option *cs3_option_find(const Cs3OptionTarget *targets, guint n_targets, const char *name);

/** cs3_option_find_letter: the row whose short form is @letter, or %NULL. */
const Cs3Option *cs3_option_find_letter(const Cs3OptionTarget *targets, guint n_targets,
                                        char letter);

/**
 * cs3_options_expand: set the options that others stand for (Cs3Option.expand) and that are not in
 * @given; they then are, with the one that stood for them. Errors: those of expand(), and as
 * cs3_options_parse().
 */
gboolean cs3_options_expand(const Cs3OptionTarget *targets, guint n_targets, GHashTable *given,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_option_unknown: fails (G_OPTION_ERROR_UNKNOWN_OPTION): none of @targets is called @name;
 * names the nearest that is. */
gboolean cs3_option_unknown(const Cs3OptionTarget *targets, guint n_targets, const char *name,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_option_takes_value: whether an argument follows. */
gboolean cs3_option_takes_value(const Cs3Option *option);

/**
 * cs3_option_value_text: the value that @option has in @target, as one would write it.
 * Returns: (transfer full) (nullable): %NULL for a text or list that was never given.
 */
char *cs3_option_value_text(const Cs3Option *option, const Cs3OptionTarget *target);

/**
 * cs3_option_note: what a reader needs beside the help: choices, range and default.
 * Returns: (transfer full): "0 <= S < 1; default: 0", or "" when there is nothing to say.
 */
char *cs3_option_note(const Cs3Option *option, const Cs3OptionTarget *target);
