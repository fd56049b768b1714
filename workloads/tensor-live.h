/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loops from values to live bits, one set for each kind of processor. Internal to tensor-dtype.c.
 */
#pragma once

#include "workloads/tensor-dtype.h"

typedef struct {
  guint64 magnitude, largest; /* mask of a value's magnitude, and its largest that is a weight */
} Cs3LiveRange;

/* @words x 64 values. Returns: values beyond the largest. */
typedef gint64 (*Cs3LiveWords)(const Cs3LiveRange *range, const guint8 *values, gint64 words,
                               guint64 *bits);

/* By width: 1, 2, 4, 8 bytes. */
extern const Cs3LiveWords cs3_live_portable[4];

/** cs3_live_words: (transfer none): the loops of @way, which this processor must have. */
const Cs3LiveWords *cs3_live_words(Cs3LiveWay way);
