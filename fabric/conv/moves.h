/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What moves before and behind the pass of a convolution, and how long it takes. */
#pragma once

#include "fabric/conv/conv.h"

/**
 * cs3_conv_moves: cycles until every PE has what its tokens read (@sums: until what tokens added up
 * for positions of other PEs has come home): the exchange along the token axis, both ways one after
 * the other; the multicast (sums: the chain) along lines that share a channel; the copies.
 * @bytes: of an element. @closed: no more than one PE is looked at: a lower bound.
 */
gint64 cs3_conv_moves(const Cs3Hardware *hw, const Cs3ConvLayout *layout, gint64 bytes,
                      gboolean sums, gboolean closed);

/** cs3_conv_words: 32-bit words of a position that a PE exchanges: its home channels, @bytes an
 * element. cs3_conv_shared_words: of what goes along the lines that share a channel. */
gint64 cs3_conv_words(const Cs3ConvLayout *layout, gint64 bytes);
gint64 cs3_conv_shared_words(const Cs3ConvLayout *layout, gint64 bytes);

/** cs3_conv_issue: issue cycles of the exchange of @rows rows of @words one way: a PE in the middle
 * takes a row in and sends one on, `kernel.reduce_lanes` 16-bit elements a cycle. */
gint64 cs3_conv_issue(const Cs3Hardware *hw, gint64 rows, gint64 words);

/** cs3_conv_copying: cycles in which a PE makes the copies of the taps, or adds them up. 0: halo.
 */
gint64 cs3_conv_copying(const Cs3Hardware *hw, const Cs3ConvLayout *layout);

/** cs3_conv_along_lines: cycles in which @words of a channel reach the lines that share it by
 * multicast, or sums of theirs are added from line to line: 1 + (feed + (span - 2) hop, or
 * (span - 1) feed) + the vector. 0 where lines share nothing. */
gint64 cs3_conv_along_lines(const Cs3Hardware *hw, const Cs3ConvHold *hold, gint64 words,
                            gboolean sums);
