/* SPDX-License-Identifier: GPL-3.0-or-later */
/* "Did you mean": the known name nearest to a mistyped one. */
#pragma once

#include <glib.h>

/**
 * cs3_suggest: the candidate nearest to @word.
 * Distance is Damerau-Levenshtein (insert, delete, replace, swap neighbours) without regard to
 * case, with '_' and '-' equal; a candidate that begins with a @word of three letters or more
 * also counts. The first of equally near candidates wins.
 * @candidates: NULL-terminated.
 * Returns: (transfer none) (nullable): an element of @candidates; %NULL when none is within a
 *   third of the length of @word (at least one edit).
 */
const char *cs3_suggest(const char *word, const char *const *candidates);

/**
 * cs3_suggestion: the clause to append to an error message.
 * Returns: (transfer full): "; did you mean NEAREST?", or "; known: A, B, ..." when nothing is
 *   near, or "" when there are no candidates.
 */
char *cs3_suggestion(const char *word, const char *const *candidates);
