/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of the operators or activations of a segment, by their places in it. */
#pragma once

#include <glib.h>

enum { CS3_SET_MAX = 128 };
typedef unsigned __int128 Cs3Set;

/* The set of @i alone, below CS3_SET_MAX. */
#define CS3_SET(i) ((Cs3Set)1 << (i))

/** cs3_set_has: whether @i is in @set. */
static inline gboolean cs3_set_has(Cs3Set set, guint i) {
  return i < CS3_SET_MAX && (set >> i & 1) != 0;
}

/** cs3_set_first: the least of @set, which is not empty. for (; set; set &= set - 1) visits all. */
static inline int cs3_set_first(Cs3Set set) {
  guint64 low = (guint64)set;
  return low ? __builtin_ctzll(low) : 64 + __builtin_ctzll((guint64)(set >> 64));
}
