/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a visit of a place costs. Equations: doc/attention.md. */
#include "config.h"

#include <math.h>

#include "fabric/attention/costs.h"

/* Of two lines' maxima and sums: the larger one, two differences to it, the sum. */
enum { MERGE_ELEMENT_WISE = 4 };

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

static gint64 quotient(double a, double rate) {
  return (gint64)ceil(a / rate);
}

Cs3PlaceTokens cs3_attention_queries(const Cs3AttentionCosts *c, gint64 place) {
  return cs3_place_tokens(&c->queries, place % c->places);
}

Cs3PlaceTokens cs3_attention_tile(const Cs3AttentionCosts *c, gint64 place) {
  gint64 part = cs3_attention_part(c, place);
  gint64 keys = div_up(c->shape.keys - part, c->parts);
  Cs3TokenDeal deal = cs3_token_deal(c->mapping.order, keys, c->places);
  Cs3PlaceTokens tile = cs3_place_tokens(&deal, (place + c->ahead) % c->places);
  for (int i = 0; i < 2 && c->parts > 1; i++) {
    tile.stretch[i].first = tile.stretch[i].first * c->parts + part;
    tile.stretch[i].step *= c->parts;
  }
  return tile;
}

Cs3PlaceTokens cs3_attention_chunk(const Cs3AttentionCosts *c, gint64 place, gint64 chunk) {
  Cs3PlaceTokens tile = cs3_attention_tile(c, place);
  return cs3_place_slice(&tile, chunk * c->chunk_keys, (chunk + 1) * c->chunk_keys);
}

/* Scores as vectors over the queries that see a key: one operation a feature. */
static void key_vectors(const Cs3AttentionCosts *c, const Cs3PlaceTokens *queries,
                        const Cs3PlaceTokens *keys, Cs3AttentionWork *w) {
  gint64 n = cs3_place_count(keys);
  for (gint64 l = 0; l < n; l++) {
    gint64 key = cs3_place_token(keys, l);
    gint64 live = c->group * cs3_place_within(queries, cs3_attention_computers(&c->shape, key));
    if (live == 0)
      continue;
    w->arithmetic += c->products * quotient((double)live, c->score_rate);
    w->overhead += c->products * c->issue;
  }
}

/* Multiplications of @vectors of @elements sums, each by a scalar of its own. */
static void scale_vectors(const Cs3AttentionCosts *c, gint64 vectors, gint64 elements,
                          Cs3AttentionWork *w) {
  w->softmax += vectors * quotient((double)(elements * c->wide), c->vector_rate);
  w->overhead += vectors * c->issue;
}

static Cs3KeyRange stretch_range(const Cs3Stretch *s) {
  return (Cs3KeyRange){s->first, s->first + (s->n - 1) * s->step + 1};
}

/* Pairs of a stretch of queries with @keys, and queries that see any: query by query only where a
 * mask cuts through. */
static void stretch_pairs(const Cs3AttentionCosts *c, const Cs3Stretch *queries,
                          const Cs3PlaceTokens *keys, gint64 *pairs, gint64 *live) {
  Cs3Seen most = CS3_SEEN_NONE;
  gint64 all = 0;
  for (int i = 0; i < 2 && most != CS3_SEEN_SOME; i++) {
    if (keys->stretch[i].n == 0)
      continue;
    Cs3Seen seen =
        cs3_attention_seen_by(&c->shape, stretch_range(queries), stretch_range(&keys->stretch[i]));
    all += seen == CS3_SEEN_ALL ? keys->stretch[i].n : 0;
    most = seen == CS3_SEEN_NONE ? most : seen;
  }
  for (gint64 l = 0; l < queries->n && most == CS3_SEEN_SOME; l++) {
    gint64 query = queries->first + l * queries->step;
    gint64 seen = cs3_place_within(keys, cs3_attention_computed(&c->shape, query));
    *pairs += seen;
    *live += seen > 0;
  }
  if (most == CS3_SEEN_ALL) {
    *pairs += queries->n * all;
    *live += queries->n;
  }
}

static void add_pairs(const Cs3AttentionCosts *c, const Cs3PlaceTokens *queries,
                      const Cs3PlaceTokens *keys, Cs3AttentionWork *w) {
  gint64 pairs = 0, live = 0;
  for (int i = 0; i < 2; i++)
    if (queries->stretch[i].n > 0)
      stretch_pairs(c, &queries->stretch[i], keys, &pairs, &live);
  if (pairs == 0)
    return;
  pairs *= c->group;
  live *= c->group;
  w->arithmetic += pairs * c->pair.arithmetic;
  w->overhead += pairs * c->pair.overhead;
  if (c->products > 0)
    key_vectors(c, queries, keys, w);
  w->softmax +=
      c->element_wise * (c->vector_setup + quotient((double)(pairs * c->wide), c->vector_rate));
  if (c->shape.backward) {
    w->softmax += quotient((double)pairs, c->special_rate);
    return;
  }
  /* One exponential more a query: the factor of what was summed so far. */
  w->softmax += quotient((double)(pairs + live), c->special_rate);
  scale_vectors(c, live, c->shape.value_dim, w);
}

static gint64 width_of_sums(const Cs3AttentionCosts *c) {
  return c->shape.backward ? c->shape.head_dim : c->shape.value_dim;
}

/* Forward ends with the division by a query's sum; what goes out is rounded. */
static void add_end(const Cs3AttentionCosts *c, gint64 queries, Cs3AttentionWork *w) {
  if (!c->shape.backward)
    w->softmax += quotient((double)queries, c->special_rate);
  scale_vectors(c, queries, width_of_sums(c), w);
}

/* Backward begins with D = dO . O of every query. */
static void add_ends(const Cs3AttentionCosts *c, gint64 queries, gint64 visit,
                     Cs3AttentionWork *w) {
  if (c->shape.backward && visit == 0) {
    w->arithmetic += queries * c->statistic.arithmetic;
    w->overhead += queries * c->statistic.overhead;
  }
  if (visit == c->visits - 1 && c->parts == 1)
    add_end(c, queries, w);
}

/* What another line has summed: both are brought to the larger maximum, then added. */
static void add_merge(const Cs3AttentionCosts *c, gint64 queries, Cs3AttentionWork *w) {
  if (queries > 0 && !c->shape.backward) {
    w->softmax += MERGE_ELEMENT_WISE *
                  (c->vector_setup + quotient((double)(queries * c->wide), c->vector_rate));
    w->softmax += quotient((double)(2 * queries), c->special_rate);
    scale_vectors(c, 2 * queries, c->shape.value_dim, w);
  }
  scale_vectors(c, queries, width_of_sums(c), w);
}

/* The sums of a job, from the last line to the first, which finishes them. */
static Cs3AttentionWork merge(const Cs3AttentionCosts *c, gint64 place) {
  Cs3AttentionWork w = {.overhead = c->control};
  Cs3PlaceTokens tokens = cs3_attention_queries(c, place);
  gint64 part = cs3_attention_part(c, place), queries = cs3_place_count(&tokens) * c->group;
  if (part + 1 < c->parts) {
    add_merge(c, queries, &w);
    w.reduction += c->merge_issue;
  }
  if (part > 0)
    w.reduction += c->merge_issue;
  else
    add_end(c, queries, &w);
  return w;
}

/* Ring: a visit's row is taken in, unless the chunk is the place's own, and sent on. The rows that
 * come home at the end are charged to the last visit. */
static gint64 ring_streams(const Cs3AttentionCosts *c, gint64 visit) {
  gboolean home = c->shape.backward && visit == c->visits - 1;
  return (visit >= c->chunks) + (visit < c->rows) + (home ? c->chunks : 0);
}

/* Gather: every row is taken in; its owner sends it both ways. */
static gint64 gather_streams(const Cs3AttentionCosts *c, gint64 place, gint64 visit) {
  gboolean owns = cs3_attention_tile_of(c, place, visit) == place;
  return 1 + (owns ? 1 + (place > 0) : 0);
}

gint64 cs3_attention_streams(const Cs3AttentionCosts *c, gint64 place, gint64 visit) {
  if (c->places == 1)
    return 0;
  gboolean gathers = c->mapping.algorithm == CS3_ATTENTION_GATHER;
  return gathers ? gather_streams(c, place, visit) : ring_streams(c, visit);
}

static void add_streams(const Cs3AttentionCosts *c, gint64 place, gint64 visit,
                        Cs3AttentionWork *w) {
  gint64 streams = cs3_attention_streams(c, place, visit);
  w->movement += streams * c->kv_issue;
  w->reduction += streams * c->sum_issue;
}

Cs3AttentionWork cs3_attention_work_on(const Cs3AttentionCosts *c, gint64 place, gint64 visit,
                                       const Cs3PlaceTokens *queries, const Cs3PlaceTokens *keys) {
  Cs3AttentionWork w = {.overhead = c->control};
  add_pairs(c, queries, keys, &w);
  add_ends(c, cs3_place_count(queries) * c->group, visit, &w);
  add_streams(c, place, visit, &w);
  return w;
}

Cs3AttentionWork cs3_attention_visit(const Cs3AttentionCosts *c, gint64 place, gint64 visit) {
  if (visit == c->visits)
    return merge(c, place);
  Cs3PlaceTokens queries = cs3_attention_queries(c, place);
  Cs3PlaceTokens keys =
      cs3_attention_chunk(c, cs3_attention_tile_of(c, place, visit), visit % c->chunks);
  return cs3_attention_work_on(c, place, visit, &queries, &keys);
}
