/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The choice of one value for each of some variables that makes a sum of terms least, where a term
 * knows one variable or two: dynamic programming by elimination of variables (R. Dechter, "Bucket
 * elimination", 1999). On a chain it is the textbook's; on a graph its cost grows with the most
 * variables that one elimination brings together. */
#pragma once

#include <glib.h>

typedef struct Cs3MinSum Cs3MinSum;

/** cs3_minsum_new: (transfer full): no variables yet. */
Cs3MinSum *cs3_minsum_new(void);
void cs3_minsum_free(Cs3MinSum *sum);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3MinSum, cs3_minsum_free)

/** cs3_minsum_add: a variable of @values values, at least 1, each with its @cost (array), which may
 * be infinite. Returns: its index, from 0 on. */
guint cs3_minsum_add(Cs3MinSum *sum, guint values, const double *cost);

/** cs3_minsum_pair: @cost (array of values of @a x values of @b, those of @b next to each other) on
 * top of what the pair costs already; @a and @b differ. */
void cs3_minsum_pair(Cs3MinSum *sum, guint a, guint b, const double *cost);

/**
 * cs3_minsum_solve: the least sum, by elimination, a variable of fewest neighbours first; exact
 * unless a table would have more than @most entries: then the variable with most neighbours takes
 * the value that is best without its neighbours, and the others follow.
 * @value: (out) (array): by variable. @exact: (out) (optional). Returns: the sum.
 */
double cs3_minsum_solve(const Cs3MinSum *sum, double most, guint *value, gboolean *exact);
