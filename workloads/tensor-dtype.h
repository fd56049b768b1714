/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Number formats of stored weights: which bytes are a zero, a live weight, or no weight at all. */
#pragma once

#include <glib.h>

typedef struct {
  const char *name; /* as safetensors spells it */
  guint bits;       /* of a value */
  guint64 sign;     /* left out of the magnitude: minus zero is zero */
  /* Largest magnitude that is a weight. What lies beyond is NaN, or, in an integer that is not a
   * weight by itself, something other than the 0 and 1 of a mask. */
  guint64 largest;
  gboolean is_mask; /* an integer in which only 0 and 1 mean something by themselves */
} Cs3Dtype;

/** cs3_dtype_find: (transfer none) (nullable): the format called @name. */
const Cs3Dtype *cs3_dtype_find(const char *name);

/** cs3_dtype_names: (transfer full): all names, for messages. */
char *cs3_dtype_names(void);

/* How a processor can do it; the results are the same. */
typedef enum { CS3_LIVE_PORTABLE, CS3_LIVE_AVX2, CS3_LIVE_AVX512, CS3_N_LIVE_WAYS } Cs3LiveWay;

/** cs3_live_best: the fastest way of this processor; all below it work, too. */
Cs3LiveWay cs3_live_best(void);

/**
 * cs3_dtype_live: one bit per value, 1 = alive: 0 < magnitude <= dtype->largest.
 * @values: @n values, the first at a byte's beginning; @bits: (@n + 63) / 64 words, bits beyond @n
 * are zero. Returns: values beyond the largest magnitude.
 */
gint64 cs3_dtype_live(const Cs3Dtype *dtype, Cs3LiveWay way, const guint8 *values, gint64 n,
                      guint64 *bits);
