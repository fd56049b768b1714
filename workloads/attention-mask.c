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

static gboolean alive(const Cs3AttentionSpan *s, Range query, Range key) {
  double back = distance(query, key), ahead = distance(key, query);
  double window = s->window > 0 ? (double)s->window : 2 * s->seq;
  double document = s->document > 0 ? (double)s->document : s->seq;
  if (back > (s->causal ? window - 1 : floor(window / 2)))
    return FALSE;
  if (ahead > (s->causal ? 0 : floor(window / 2)))
    return FALSE;
  return floor(query.first / document) <= floor((key.last - 1) / document) &&
         floor(key.first / document) <= floor((query.last - 1) / document);
}

static double exact(const Cs3AttentionSpan *s) {
  double w = s->window > 0 && (double)s->window < s->seq ? (double)s->window : s->seq;
  return s->causal ? (w * (w + 1) / 2 + (s->seq - w) * w) / s->seq : w;
}

double cs3_attention_keys(const Cs3AttentionSpan *s) {
  g_return_val_if_fail(s->tiles > 0 || s->document == 0, 0);
  if (s->tiles == 0)
    return exact(s);
  gint64 tiles = MIN(s->tiles, MAX((gint64)s->seq, 1));
  double scores = 0;
  for (gint64 q = 0; q < tiles; q++) {
    Range query = range_of(s, tiles, q);
    for (gint64 k = 0; k < tiles; k++) {
      Range key = range_of(s, tiles, k);
      if (alive(s, query, key))
        scores += (query.last - query.first) * (key.last - key.first);
    }
  }
  return scores / s->seq;
}
