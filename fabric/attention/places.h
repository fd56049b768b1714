/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where tokens lie, and which keys a query sees. What the recurrence and the event programs share
 * beside costs. */
#pragma once

#include "fabric/attention/attention.h"

/* Tokens first, first + step, ... of them n. */
typedef struct {
  gint64 first, step, n;
} Cs3Stretch;

/* Tokens of a place in the order in which it holds them: one stretch after the other. */
typedef struct {
  Cs3Stretch stretch[2];
} Cs3PlaceTokens;

/* How a sequence of `tokens` is dealt to `places`. */
typedef struct {
  Cs3TokenOrder order;
  gint64 tokens, places;
  gint64 most; /* tokens of the fullest place */
} Cs3TokenDeal;

/* Keys lo .. hi - 1. */
typedef struct {
  gint64 lo, hi;
} Cs3KeyRange;

/** cs3_token_places: the fewest of @places on which none has more of @tokens than it must. */
gint64 cs3_token_places(Cs3TokenOrder order, gint64 tokens, gint64 places);

/** cs3_token_deal: @tokens on @places. */
Cs3TokenDeal cs3_token_deal(Cs3TokenOrder order, gint64 tokens, gint64 places);

/** cs3_place_tokens: those of @place. */
Cs3PlaceTokens cs3_place_tokens(const Cs3TokenDeal *deal, gint64 place);

/** cs3_place_count: how many. */
static inline gint64 cs3_place_count(const Cs3PlaceTokens *p) {
  return p->stretch[0].n + p->stretch[1].n;
}

/** cs3_place_token: the @local-th token. */
static inline gint64 cs3_place_token(const Cs3PlaceTokens *p, gint64 local) {
  const Cs3Stretch *s = &p->stretch[local >= p->stretch[0].n];
  return s->first + (local - (s == p->stretch ? 0 : p->stretch[0].n)) * s->step;
}

/** cs3_place_slice: the @from-th token and those after it up to the @end-th, itself not. */
Cs3PlaceTokens cs3_place_slice(const Cs3PlaceTokens *p, gint64 from, gint64 end);

/** cs3_place_within: how many of them lie in @range. */
gint64 cs3_place_within(const Cs3PlaceTokens *p, Cs3KeyRange range);

/** cs3_attention_seen: keys that @query sees. */
Cs3KeyRange cs3_attention_seen(const Cs3AttentionShape *shape, gint64 query);
/** cs3_attention_computed: keys with which scores of @query are computed: whole tiles. */
Cs3KeyRange cs3_attention_computed(const Cs3AttentionShape *shape, gint64 query);
/** cs3_attention_computers: queries with which scores of @key are computed. */
Cs3KeyRange cs3_attention_computers(const Cs3AttentionShape *shape, gint64 key);

/* How much of some keys some queries see. */
typedef enum { CS3_SEEN_NONE, CS3_SEEN_SOME, CS3_SEEN_ALL } Cs3Seen;

/** cs3_attention_seen_by: of scores that are computed; %CS3_SEEN_SOME may be said of all or none.
 */
Cs3Seen cs3_attention_seen_by(const Cs3AttentionShape *shape, Cs3KeyRange queries,
                              Cs3KeyRange keys);
