/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What moves before and behind the pass of a convolution. */
#include "config.h"

#include "fabric/conv/moves.h"

#include <math.h>

#include "fabric/conv/exchange.h"

enum { WORD_BYTES = 4 };

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* Rows that a PE in the middle of the line takes in from one side, one after the other at best. */
static gint64 least_exchange(const Cs3ConvLayout *l, const Cs3ExchangeCosts *c) {
  const Cs3ConvShape *s = &l->shape;
  gint64 positions = l->samples * cs3_conv_positions(s), tokens = l->samples * cs3_conv_tokens(s);
  gint64 p = l->pes / 2, from, to, cycles = 0;
  if (l->pes < 2 || !cs3_conv_reach(s, p * tokens / l->pes, (p + 1) * tokens / l->pes, &from, &to))
    return 0;
  gint64 rows[] = {p * positions / l->pes - from, to - (p + 1) * positions / l->pes};
  for (int side = 0; side < 2; side++)
    if (rows[side] > 0)
      cycles += 1 + c->feed + rows[side] * c->vector;
  return cycles;
}

gint64 cs3_conv_words(const Cs3ConvLayout *l, gint64 bytes) {
  return div_up(cs3_conv_hold(l).home * l->rounds * bytes, WORD_BYTES);
}

gint64 cs3_conv_shared_words(const Cs3ConvLayout *l, gint64 bytes) {
  return div_up(cs3_conv_hold(l).held * l->rounds * bytes, WORD_BYTES);
}

/* Two 16-bit elements a wavelet, in and out. */
gint64 cs3_conv_issue(const Cs3Hardware *hw, gint64 rows, gint64 words) {
  return div_up(4 * rows * words, MAX(hw->kernel.reduce_lanes, 1));
}

gint64 cs3_conv_copying(const Cs3Hardware *hw, const Cs3ConvLayout *l) {
  if (l->lowering == CS3_LOWERING_HALO)
    return 0;
  gint64 vector = (gint64)ceil((double)l->tokens / hw->pe.vector_rate);
  return l->rounds * div_up(l->entries, l->lines) * (hw->kernel.weight_overhead + vector);
}

static gint64 exchange(const Cs3Hardware *hw, const Cs3ConvLayout *l, gint64 words, gboolean sums,
                       gboolean closed) {
  Cs3ExchangeCosts costs = cs3_exchange_costs(hw, words);
  if (closed)
    return least_exchange(l, &costs);
  gint64 cycles = 0;
  for (int mirrored = 0; mirrored < 2; mirrored++) {
    g_autoptr(Cs3ExchangeLine) line = cs3_exchange_line(l, mirrored);
    gint64 issue = cs3_conv_issue(hw, cs3_exchange_most_rows(line), words);
    cycles += MAX(cs3_exchange_cycles(line, &costs, sums), issue);
  }
  return cycles;
}

gint64 cs3_conv_along_lines(const Cs3Hardware *hw, const Cs3ConvHold *hold, gint64 words,
                            gboolean sums) {
  if (hold->span < 2)
    return 0;
  Cs3ExchangeCosts c = cs3_exchange_costs(hw, words);
  gint64 hops = hold->span - 1, feed = c.feed;
  gint64 way = sums ? hops * feed : feed + (hops - 1) * hw->fabric.hop_cycles;
  return 1 + way + c.vector;
}

gint64 cs3_conv_moves(const Cs3Hardware *hw, const Cs3ConvLayout *l, gint64 bytes, gboolean sums,
                      gboolean closed) {
  if (cs3_conv_in_place(&l->shape))
    return 0;
  Cs3ConvHold hold = cs3_conv_hold(l);
  gint64 words = div_up(hold.home * l->rounds * bytes, WORD_BYTES);
  gint64 shared = div_up(hold.held * l->rounds * bytes, WORD_BYTES);
  return exchange(hw, l, words, sums, closed) + cs3_conv_along_lines(hw, &hold, shared, sums) +
         cs3_conv_copying(hw, l);
}
