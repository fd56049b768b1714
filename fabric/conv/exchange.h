/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Neighbouring positions on their way along the token axis, as a max-plus recurrence. */
#pragma once

#include "fabric/conv/conv.h"

/* One way along a line of PEs: what comes from lower PEs. Rows are positions. */
typedef struct {
  gint64 pes;
  gint64 *own;  /* [pes + 1]: PE p owns positions own[p] to own[p + 1] - 1 */
  gint64 *need; /* [pes]: the first position that PE p or one behind it reads */
} Cs3ExchangeLine;

/* Of a row. */
typedef struct {
  gint64 vector; /* from one row's first wavelet to the next one's */
  gint64 feed;   /* sent -> taken in one hop further */
} Cs3ExchangeCosts;

/** cs3_exchange_line: (transfer full): of a group of lines of @layout; @mirrored: seen from the
 * other end, what comes from higher PEs. */
Cs3ExchangeLine *cs3_exchange_line(const Cs3ConvLayout *layout, gboolean mirrored);
void cs3_exchange_line_free(Cs3ExchangeLine *line);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3ExchangeLine, cs3_exchange_line_free)

/** cs3_exchange_rows: rows between PE @p - 1 and PE @p >= 1. */
static inline gint64 cs3_exchange_rows(const Cs3ExchangeLine *line, gint64 p) {
  return MAX(line->own[p] - line->need[p], 0);
}

/** cs3_exchange_most_rows: between any two PEs. */
gint64 cs3_exchange_most_rows(const Cs3ExchangeLine *line);

/** cs3_exchange_costs: rows of @words. */
Cs3ExchangeCosts cs3_exchange_costs(const Cs3Hardware *hw, gint64 words);

/**
 * cs3_exchange_cycles: until the last row is where it belongs.
 * Without @sums a PE sends the PE behind it the nearest positions first, its own, then those that
 * it gets: row j of PE p - 1 leaves at
 *   S(p, j) = max(S(p, j - 1) + v, j < own rows ? 1 : S(p - 1, j - own rows) + feed).
 * With @sums the farthest go first, towards lower PEs, and every PE adds its own to what comes.
 */
gint64 cs3_exchange_cycles(const Cs3ExchangeLine *line, const Cs3ExchangeCosts *costs,
                           gboolean sums);
