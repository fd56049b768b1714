/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where tokens lie, and which keys a query sees. */
#include "config.h"

#include "fabric/attention/places.h"

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* Stretches that a place has of the sequence. */
static gint64 per_place(Cs3TokenOrder order) {
  return order == CS3_TOKENS_ZIGZAG ? 2 : 1;
}

gint64 cs3_token_places(Cs3TokenOrder order, gint64 tokens, gint64 places) {
  gint64 parts = per_place(order), most = div_up(tokens, places * parts);
  return div_up(div_up(tokens, most), parts);
}

Cs3TokenDeal cs3_token_deal(Cs3TokenOrder order, gint64 tokens, gint64 places) {
  gint64 parts = per_place(order);
  return (Cs3TokenDeal){order, tokens, places, parts * div_up(tokens, places * parts)};
}

static Cs3Stretch stretch_of(gint64 index, gint64 size, gint64 tokens) {
  gint64 first = MIN(index * size, tokens);
  return (Cs3Stretch){first, 1, MIN(size, tokens - first)};
}

Cs3PlaceTokens cs3_place_tokens(const Cs3TokenDeal *deal, gint64 place) {
  gint64 size = deal->most / per_place(deal->order), last = 2 * deal->places - 1;
  switch (deal->order) {
  case CS3_TOKENS_STRIPED:
    return (Cs3PlaceTokens){
        {{place, deal->places, div_up(MAX(deal->tokens - place, 0), deal->places)}}};
  case CS3_TOKENS_ZIGZAG:
    return (Cs3PlaceTokens){
        {stretch_of(place, size, deal->tokens), stretch_of(last - place, size, deal->tokens)}};
  default:
    return (Cs3PlaceTokens){{stretch_of(place, size, deal->tokens)}};
  }
}

static Cs3Stretch slice(const Cs3Stretch *s, gint64 from, gint64 end) {
  from = CLAMP(from, 0, s->n);
  end = CLAMP(end, from, s->n);
  return (Cs3Stretch){s->first + from * s->step, s->step, end - from};
}

Cs3PlaceTokens cs3_place_slice(const Cs3PlaceTokens *p, gint64 from, gint64 end) {
  gint64 n = p->stretch[0].n;
  return (Cs3PlaceTokens){
      {slice(&p->stretch[0], from, end), slice(&p->stretch[1], from - n, end - n)}};
}

/* Tokens of a stretch below @bound. */
static gint64 below(const Cs3Stretch *s, gint64 bound) {
  if (s->n == 0 || bound <= s->first)
    return 0;
  gint64 n = s->step == 1 ? bound - s->first : div_up(bound - s->first, s->step);
  return MIN(n, s->n);
}

gint64 cs3_place_within(const Cs3PlaceTokens *p, Cs3KeyRange r) {
  gint64 n = 0;
  for (int i = 0; i < 2 && r.hi > r.lo; i++)
    n += below(&p->stretch[i], r.hi) - below(&p->stretch[i], r.lo);
  return n;
}

/* What @token sees among @others, keys of a query or queries of a key: so many before it and after
 * it, in its document. */
static Cs3KeyRange around(const Cs3AttentionShape *shape, gint64 token, gint64 others,
                          gint64 before, gint64 after) {
  gint64 lo = 0, hi = others;
  if (shape->document > 0) {
    lo = token / shape->document * shape->document;
    hi = MIN(lo + shape->document, others);
  }
  if (before >= 0)
    lo = MAX(lo, token - before);
  if (after >= 0)
    hi = MIN(hi, token + after + 1);
  return (Cs3KeyRange){lo, hi};
}

/* How far a query sees back and ahead; -1: to the end. */
static gint64 back(const Cs3AttentionShape *shape) {
  if (shape->window == 0)
    return -1;
  return shape->causal ? shape->window - 1 : shape->window / 2;
}

static gint64 ahead(const Cs3AttentionShape *shape) {
  if (shape->causal)
    return 0;
  return shape->window == 0 ? -1 : shape->window / 2;
}

Cs3KeyRange cs3_attention_seen(const Cs3AttentionShape *shape, gint64 query) {
  return around(shape, query, shape->keys, back(shape), ahead(shape));
}

static Cs3KeyRange seers(const Cs3AttentionShape *shape, gint64 key) {
  return around(shape, key, shape->queries, ahead(shape), back(shape));
}

typedef Cs3KeyRange (*Range)(const Cs3AttentionShape *shape, gint64 token);

/* Whole tiles: ranges of neighbours overlap or meet, so those of a tile's tokens are one range. */
static Cs3KeyRange in_tiles(const Cs3AttentionShape *shape, Range range, gint64 token,
                            gint64 tokens, gint64 others) {
  gint64 tile = shape->tile, first = token / tile * tile;
  if (tile == 1)
    return range(shape, token);
  gint64 lo = range(shape, first).lo, hi = range(shape, MIN(first + tile, tokens) - 1).hi;
  return (Cs3KeyRange){lo / tile * tile, MIN(div_up(hi, tile) * tile, others)};
}

Cs3KeyRange cs3_attention_computed(const Cs3AttentionShape *shape, gint64 query) {
  return in_tiles(shape, cs3_attention_seen, query, shape->queries, shape->keys);
}

Cs3KeyRange cs3_attention_computers(const Cs3AttentionShape *shape, gint64 key) {
  return in_tiles(shape, seers, key, shape->keys, shape->queries);
}

/* Ranges of later queries begin and end later. */
Cs3Seen cs3_attention_seen_by(const Cs3AttentionShape *shape, Cs3KeyRange queries,
                              Cs3KeyRange keys) {
  Cs3KeyRange first = cs3_attention_computed(shape, queries.lo);
  Cs3KeyRange last = cs3_attention_computed(shape, queries.hi - 1);
  if (keys.hi <= first.lo || keys.lo >= last.hi)
    return CS3_SEEN_NONE;
  return keys.lo >= last.lo && keys.hi <= first.hi ? CS3_SEEN_ALL : CS3_SEEN_SOME;
}
