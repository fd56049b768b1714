/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long wavelets take on links. */
#pragma once

#include "fabric/hardware.h"

/* Cycles a wavelet takes on a link, as a ratio. */
typedef struct {
  guint num, den;
} Cs3Link;

/** cs3_link_of: of @hw. */
Cs3Link cs3_link_of(const Cs3Hardware *hw);
/** cs3_link_offset: element @e of a row lies floor(@e link) cycles behind the first. */
gint32 cs3_link_offset(Cs3Link link, gint64 e);
/** cs3_link_cycles: a row of @n takes ceil(@n link). */
gint32 cs3_link_cycles(Cs3Link link, gint64 n);

/** cs3_feed_cycles: a PE sends -> the PE one hop further takes in. */
gint64 cs3_feed_cycles(const Cs3Hardware *hw);
