/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How much of attention's square a mask leaves. */
#include "config.h"

#include "workloads/attention-mask.h"

#include <math.h>

const char *const cs3_attention_mask_names[] = {
    [CS3_MASK_MODEL] = "model",   [CS3_MASK_FULL] = "full",     [CS3_MASK_CAUSAL] = "causal",
    [CS3_MASK_WINDOW] = "window", [CS3_MASK_PACKED] = "packed", [CS3_MASK_PACKED + 1] = NULL,
};

/* Tokens first .. last - 1 of a tile. */
typedef struct {
  double first, last;
} Range;

static Range range_of(const Cs3AttentionSpan *s, gint64 tiles, gint64 index) {
  double edge = s->seq / (double)tiles;
  return (Range){floor((double)index * edge), MAX(floor((double)(index + 1) * edge), 1)};
}

/* The least distance of a token of @from to one of @to before it; 0 where some token is of both or
 * comes later. */
static double distance(Range from, Range to) {
  return MAX(from.first - (to.last - 1), 0);
}

static double window_of(const Cs3AttentionSpan *s) {
  return s->window > 0 ? (double)s->window : 2 * s->seq;
}

static double document_of(const Cs3AttentionSpan *s, double token) {
  return floor(token / (s->document > 0 ? (double)s->document : s->seq));
}

/* Whether @key does not lie too far back for @query: then none after it does. */
static gboolean late_enough(const Cs3AttentionSpan *s, Range query, Range key) {
  double most = s->causal ? window_of(s) - 1 : floor(window_of(s) / 2);
  return distance(query, key) <= most &&
         document_of(s, query.first) <= document_of(s, key.last - 1);
}

/* Whether it does not lie too far ahead: then none before it does. */
static gboolean early_enough(const Cs3AttentionSpan *s, Range query, Range key) {
  double most = s->causal ? 0 : floor(window_of(s) / 2);
  return distance(key, query) <= most &&
         document_of(s, key.first) <= document_of(s, query.last - 1);
}

static double exact(const Cs3AttentionSpan *s) {
  double w = s->window > 0 && (double)s->window < s->seq ? (double)s->window : s->seq;
  return s->causal ? (w * (w + 1) / 2 + (s->seq - w) * w) / s->seq : w;
}

/* The tiles with scores follow one another, and begin and end no earlier than those of the query
 * tile before. */
double cs3_attention_keys(const Cs3AttentionSpan *s) {
  g_return_val_if_fail(s->tiles > 0 || s->document == 0, 0);
  if (s->tiles == 0)
    return exact(s);
  gint64 tiles = MIN(s->tiles, MAX((gint64)s->seq, 1)), begin = 0, end = 0;
  double scores = 0;
  for (gint64 q = 0; q < tiles; q++) {
    Range query = range_of(s, tiles, q);
    while (begin < tiles && !late_enough(s, query, range_of(s, tiles, begin)))
      begin++;
    while (end < tiles && early_enough(s, query, range_of(s, tiles, end)))
      end++;
    if (begin < end)
      scores += (query.last - query.first) *
                (range_of(s, tiles, end - 1).last - range_of(s, tiles, begin).first);
  }
  return scores / s->seq;
}
