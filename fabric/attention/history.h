/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Times of all places at the latest visits or rows. Internal to fabric/attention/. */
#pragma once

#include <glib.h>

/* Before the beginning of time, with room to subtract. */
#define CS3_BEFORE_TIME (G_MININT64 / 8)

typedef struct {
  gint64 places, depth;
  gint64 *at;
} Cs3History;

/** cs3_history: of the last @depth; all CS3_BEFORE_TIME; `at` is the caller's to free. */
static inline Cs3History cs3_history(gint64 places, gint64 depth) {
  Cs3History h = {places, depth, g_new(gint64, places * depth)};
  for (gint64 i = 0; i < places * depth; i++)
    h.at[i] = CS3_BEFORE_TIME;
  return h;
}

/** cs3_history_at: those of @index, from -depth on. */
static inline gint64 *cs3_history_at(const Cs3History *h, gint64 index) {
  return h->at + (index + h->depth) % h->depth * h->places;
}
