/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ways to count the live weights of lines, of which a processor has one or more. */
#pragma once

#include "workloads/mask.h"

typedef struct {
  const char *name;
  gboolean (*usable)(void); /* on this processor */
  /* (transfer full) (nullable): what rows have in common. */
  gpointer (*prepare)(const gint64 *starts, gint64 n_lines);
  void (*count)(gconstpointer prepared, const Cs3Mask *mask, gint64 row, gint64 n_rows,
                const gint64 *starts, gint64 n_lines, guint16 *counts);
} Cs3MaskWay;

#if defined(__x86_64__) && defined(__GNUC__)
#define CS3_MASK_WAYS(ROW) ROW(wide) ROW(spread) ROW(portable)
#else
#define CS3_MASK_WAYS(ROW) ROW(portable)
#endif
#define CS3_MASK_WAY(name) extern const Cs3MaskWay cs3_mask_way_##name;
CS3_MASK_WAYS(CS3_MASK_WAY)
#undef CS3_MASK_WAY

/** cs3_mask_ways: (transfer none): NULL-terminated, the fastest first; the first that is usable is
 * what cs3_line_counter_new() takes. */
const Cs3MaskWay *const *cs3_mask_ways(void);

/* Shared by the ways. */

/** cs3_bits_count_range: bits from @begin and before @end that are set in the words of @row: fewer
 * than 65536. */
guint16 cs3_bits_count_range(const guint64 *row, gint64 begin, gint64 end);
