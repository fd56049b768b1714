/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geometry and costs of mapped attention. Equations: doc/attention.md. */
#include "config.h"

#include "fabric/attention/costs.h"

#include <math.h>

enum {
  /* Forward: scale, running maximum, difference to it, running sum. Backward: scale and difference
   * to the kept statistics, difference to D, product with the probabilities, scale. */
  ELEMENT_WISE = 4,
  /* Of two lines' maxima and sums: the larger one, two differences to it, the sum. */
  MERGE_ELEMENT_WISE = 4,
};

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

static gint64 quotient(double a, double rate) {
  return (gint64)ceil(a / rate);
}

static gint64 sum_bytes(const Cs3Hardware *hw) {
  return hw->kernel.acc_precision == CS3_ACC_FP32 ? 4 : 2;
}

/* Tiles that a place has to see: in blocks, with windows or documents, those from so many places
 * before it to so many ahead; the one farthest ahead lies there to begin with. dK and dV go all the
 * way round to come home. */
static void tiles_needed(Cs3AttentionCosts *c) {
  gint64 back = 0, ahead = 0, block = c->queries.most;
  gboolean near = c->shape.window > 0 || c->shape.document > 0;
  c->tiles = c->places;
  if (c->shape.backward || c->mapping.order != CS3_TOKENS_BLOCK || !near ||
      c->mapping.algorithm != CS3_ATTENTION_RING)
    return;
  /* A window by itself reaches farthest back at the last place, farthest ahead at the first. */
  gboolean window_alone = c->shape.document == 0 && c->shape.tile == 1;
  gint64 step = window_alone ? MAX(c->places - 1, 1) : 1;
  for (gint64 place = 0; place < c->places; place += step) {
    gint64 end = MIN((place + 1) * block, c->shape.queries);
    back = MAX(back, place - cs3_attention_computed(&c->shape, place * block).lo / block);
    ahead = MAX(ahead, (cs3_attention_computed(&c->shape, end - 1).hi - 1) / block - place);
  }
  if (back + ahead + 1 >= c->places)
    return;
  c->tiles = back + ahead + 1;
  c->ahead = ahead;
}

/* @limit: 0: none. */
static gint64 at_most(gint64 value, gint64 limit) {
  return limit > 0 ? MIN(value, limit) : value;
}

Cs3AttentionRectangle cs3_attention_rectangle(const Cs3Hardware *hw, const Cs3AttentionShape *s,
                                              int axis, gint64 fold) {
  gboolean rows = axis != CS3_AXIS_X;
  gint64 feature_pes = rows ? hw->wafer.pe_y : hw->wafer.pe_x;
  gint64 token_pes = rows ? hw->wafer.pe_x : hw->wafer.pe_y;
  gint64 lines = feature_pes / fold, sequences = div_up(s->sequences, fold);
  Cs3AttentionRectangle r = {MAX(1, lines / s->kv_heads), MAX(1, token_pes / sequences), 0};
  r.jobs = div_up(s->kv_heads, lines / r.lines) * div_up(sequences, token_pes / r.columns);
  return r;
}

/* Rectangles and what is left for each. */
static void geometry(const Cs3Hardware *hw, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  Cs3AttentionRectangle r = cs3_attention_rectangle(hw, s, c->mapping.axis, c->mapping.fold);
  c->lines = r.lines;
  c->columns = r.columns;
  c->jobs = r.jobs;
  c->group = s->heads / s->kv_heads;
  gboolean grid = c->mapping.algorithm == CS3_ATTENTION_GRID;
  c->parts = grid ? at_most(MIN(c->lines, s->keys), c->mapping.lines) : 1;
  c->room = (grid ? 1 : c->lines) * c->columns;
  gint64 pes = at_most(c->room, c->mapping.places), keys = div_up(s->keys, c->parts);
  c->places = MAX(cs3_token_places(c->mapping.order, s->queries, pes),
                  cs3_token_places(c->mapping.order, keys, pes));
  c->mapping.lines = c->parts;
  c->mapping.places = c->places;
  c->queries = cs3_token_deal(c->mapping.order, s->queries, c->places);
  c->keys = cs3_token_deal(c->mapping.order, keys, c->places);
  c->chunk_keys = div_up(c->keys.most, c->mapping.chunks);
  c->chunks = c->mapping.chunks = div_up(c->keys.most, c->chunk_keys);
  tiles_needed(c);
  c->visits = c->tiles * c->chunks;
}

/* Rows: K | V, backward K | V | dK | dV, each part in whole wavelets. */
static void rows(const Cs3Hardware *hw, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 values = c->chunk_keys * (s->head_dim + s->value_dim);
  Cs3Link link;
  cs3_hardware_link_ratio(hw, &link.num, &link.den);
  if (c->mapping.algorithm == CS3_ATTENTION_GATHER) {
    c->rows = c->places > 1 ? c->visits : 0;
    c->buffers = 2 * c->chunks; /* two tiles */
    c->streams = c->rows + (c->places > 1 ? c->chunks : 0);
  } else {
    c->rows = c->places > 1 ? (s->backward ? c->visits : c->visits - c->chunks) : 0;
    c->buffers = c->chunks + 1; /* as many as arrive before the first can be sent on, and one */
    c->streams = 2 * c->rows;
  }
  c->kv_elements = c->elements = div_up(values, 2);
  c->kv_issue = div_up(values, hw->kernel.reduce_lanes);
  if (s->backward) {
    c->elements += div_up(values * c->wide, 2);
    c->sum_issue = div_up(values * c->wide, hw->kernel.reduce_lanes);
  }
  c->vector = cs3_link_cycles(link, c->elements);
  c->last = cs3_link_offset(link, c->elements - 1);
  c->feed = cs3_feed_cycles(hw);
  c->hop = hw->fabric.hop_cycles;
  c->token = cs3_link_cycles(link, 1);
  for (gint64 hops = 1; hops <= 2; hops++)
    c->edge[hops - 1] =
        cs3_layer_edge(hw, link, c->elements, hops, CS3_ATTENTION_QUEUE, CS3_ATTENTION_QUEUE);
}

/* What a line hands to the next: of every query o and, in FP32, its maximum and sum; backward: dQ.
 */
static void merge_rows(const Cs3Hardware *hw, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 queries = c->queries.most * c->group;
  gint64 sums = div_up((s->backward ? s->head_dim : s->value_dim) * c->wide, 2);
  Cs3Link link;
  if (c->parts == 1)
    return;
  cs3_hardware_link_ratio(hw, &link.num, &link.den);
  c->merge_elements = queries * (sums + (s->backward ? 0 : 2));
  c->merge_vector = cs3_link_cycles(link, c->merge_elements);
  c->merge_last = cs3_link_offset(link, c->merge_elements - 1);
  c->merge_issue = div_up(2 * c->merge_elements, hw->kernel.reduce_lanes);
  c->merge_edge = cs3_layer_edge(hw, link, c->merge_elements, 1, CS3_ATTENTION_UP_QUEUE,
                                 CS3_ATTENTION_UP_QUEUE);
}

static void add_vectors(Cs3AttentionCosts *c, gint64 elements, double rate, gint64 tail) {
  c->pair.arithmetic += quotient((double)elements, rate);
  c->pair.overhead += c->issue + tail;
}

/* acc += p x, @elements long. */
static void add_axpy(const Cs3Hardware *hw, Cs3AttentionCosts *c, gint64 elements, gboolean stays) {
  gboolean cached = stays && elements * sum_bytes(hw) <= hw->pe.acc_cache_bytes;
  add_vectors(c, elements, cs3_axpy_rate(hw, cached), 0);
}

/* A dot product, @elements long: one operand serves all keys of a chunk. */
static void add_dot(const Cs3Hardware *hw, Cs3AttentionCosts *c, gint64 elements) {
  gboolean cached = 2 * elements <= hw->pe.acc_cache_bytes;
  add_vectors(c, elements, cs3_dot_rate(hw, cached), hw->kernel.dot_tail);
}

static void scores(const Cs3Hardware *hw, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  if (c->mapping.scores == CS3_SCORES_DOT) {
    add_dot(hw, c, s->head_dim);
    if (s->backward)
      add_dot(hw, c, s->value_dim);
    return;
  }
  gint64 sums = c->queries.most * c->group * sum_bytes(hw);
  c->products = s->head_dim + (s->backward ? s->value_dim : 0);
  c->score_rate = cs3_axpy_rate(hw, sums <= hw->pe.acc_cache_bytes);
}

static Cs3PairCost statistic(const Cs3Hardware *hw, const Cs3AttentionShape *s) {
  return (Cs3PairCost){quotient((double)s->value_dim, cs3_dot_rate(hw, FALSE)),
                       hw->kernel.weight_overhead + hw->kernel.dot_tail};
}

static void pairs(const Cs3Hardware *hw, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  scores(hw, c);
  if (!s->backward) {
    add_axpy(hw, c, s->value_dim, TRUE);
    return;
  }
  c->statistic = statistic(hw, s);
  add_axpy(hw, c, s->head_dim, TRUE);  /* dQ, the query's */
  add_axpy(hw, c, s->head_dim, FALSE); /* dK and dV lie by key */
  add_axpy(hw, c, s->value_dim, FALSE);
}

/* What a PE keeps of all its jobs, and of the one that it works on. */
static void sram(const Cs3Hardware *hw, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 a = sum_bytes(hw), queries = c->queries.most * c->group, keys = c->keys.most;
  gint64 statistics = 4; /* log of the sum of exponentials, FP32 */
  gint64 kept = queries * (2 * (s->head_dim + s->value_dim) + statistics), wide = 0;
  gint64 scores_bytes = queries * c->chunk_keys * a, buffers = c->buffers, work;
  if (s->backward) {
    kept += queries * 2 * (s->value_dim + s->head_dim) + c->chunks * 4 * c->elements;
    wide = c->chunks * 4 * (c->elements - 2 * c->kv_elements); /* sums of dK and dV */
    buffers = 1;                                               /* rows that have left make room */
    work = queries * (s->head_dim * a + statistics) + 2 * scores_bytes;
  } else {
    kept += keys * 2 * (s->head_dim + s->value_dim);
    work = queries * (s->value_dim * a + 2 * statistics) + scores_bytes;
  }
  /* A row of sums that comes from the line before, and the one that goes to the next. */
  work += 2 * 4 * c->merge_elements;
  work += c->places > 1 ? buffers * 4 * c->elements : 0;
  c->sram_bytes = c->jobs * kept + work;
  c->around_bytes = c->jobs * wide + work;
}

void cs3_attention_work_costs(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionMapping *mapping, Cs3AttentionCosts *c) {
  *c = (Cs3AttentionCosts){.shape = *shape,
                           .mapping = *mapping,
                           .control = hw->kernel.control_cycles,
                           .issue = hw->kernel.weight_overhead,
                           .wide = sum_bytes(hw) / 2,
                           .element_wise = ELEMENT_WISE,
                           .vector_setup = hw->pe.vector_setup,
                           .vector_rate = hw->pe.vector_rate,
                           .special_rate = hw->pe.special_rate};
  geometry(hw, c);
  pairs(hw, c);
}

void cs3_attention_costs(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                         const Cs3AttentionMapping *mapping, Cs3AttentionCosts *c) {
  cs3_attention_work_costs(hw, shape, mapping, c);
  rows(hw, c);
  merge_rows(hw, c);
  sram(hw, c);
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
