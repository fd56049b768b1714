/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What moves before and behind a convolution's pass, as programs on the event fabric: every wavelet
 * passes routers and queues and carries two FP16 numbers. The cycles equal those of
 * cs3_exchange_cycles() and of the way along lines in cs3_conv_moves(). */
#pragma once

#include "fabric/conv/exchange.h"
#include "fabric/event/event.h"

typedef struct Cs3ConvEvent Cs3ConvEvent;

typedef struct {
  const Cs3Hardware *hw;       /* borrowed */
  const Cs3ConvLayout *layout; /* (nullable): %NULL: along lines */
  gboolean mirrored;           /* what comes from higher PEs */
  gint64 span;  /* > 0: along so many lines that share a channel, instead of the exchange */
  gint64 words; /* of a position; along lines: of all that a PE holds */
  gboolean sums;
  guint64 seed;     /* of the numbers */
  gboolean singles; /* every wavelet by itself: the same to the cycle */
} Cs3ConvEventConfig;

typedef struct {
  gint64 cycles;
  gint64 wrong; /* words that differ from what a plain loop says */
  Cs3FabricStats stats;
} Cs3ConvEventResult;

/** cs3_conv_event_new: a line of PEs with the program loaded. Returns: (transfer full) (nullable):
 * %NULL with INFEASIBLE (more than the memory of a PE) or INVALID (beyond what the event core
 * runs).
 */
Cs3ConvEvent *cs3_conv_event_new(const Cs3ConvEventConfig *config,
                                 GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_conv_event_free(Cs3ConvEvent *event);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3ConvEvent, cs3_conv_event_free)

/** cs3_conv_event_run: runs it and compares the memory of all PEs. Errors: cs3_fabric_run(). */
gboolean cs3_conv_event_run(Cs3ConvEvent *event, Cs3ConvEventResult *result,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_conv_event_value: FP16 bits of element @element of a position of the map, as PEs own it. */
guint16 cs3_conv_event_value(guint64 seed, gint64 position, gint64 element);

/** cs3_conv_event_word: what PE @pe has of word @word of @position after the run; it must own or
 * have received it. */
guint32 cs3_conv_event_word(const Cs3ConvEvent *event, gint64 pe, gint64 position, gint64 word);

/** cs3_conv_event_moves: all that cs3_conv_moves() counts, wavelets by programs: adds cycles, wrong
 * words and wavelet hops to @sum. Errors: those of the programs. */
gboolean cs3_conv_event_moves(const Cs3Hardware *hw, const Cs3ConvLayout *layout, gint64 bytes,
                              gboolean sums, guint64 seed, Cs3ConvEventResult *sum,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;
