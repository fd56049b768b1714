/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Geometry and costs of mapped attention. Equations: doc/attention.md. */
#include "config.h"

#include "fabric/attention/costs.h"

#include <math.h>

enum {
  /* Forward: scale, running maximum, difference to it, running sum. Backward: scale and difference
   * to the kept statistics, difference to D, product with the probabilities, scale. */
  ELEMENT_WISE = 4,
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
  c->ahead = 0;
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

/* What a line hands to the next: of every query o and, in FP32, its maximum and sum; backward: dQ.
 */
static void merge_rows(const Cs3AttentionBase *base, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 queries = c->queries.most * c->group;
  gint64 sums = div_up((s->backward ? s->head_dim : s->value_dim) * c->wide, 2);
  if (c->parts == 1)
    return;
  c->merge_elements = queries * (sums + (s->backward ? 0 : 2));
  c->merge_vector = cs3_link_cycles(base->link, c->merge_elements);
  c->merge_issue = div_up(2 * c->merge_elements, base->hw->kernel.reduce_lanes);
}

/* Where the tokens of a job lie, and so what goes from line to line. */
void cs3_attention_geometry(const Cs3AttentionBase *base, const Cs3AttentionMapping *mapping,
                            Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &base->costs.shape;
  *c = base->costs;
  c->mapping = *mapping;
  Cs3AttentionRectangle r = cs3_attention_rectangle(base->hw, s, mapping->axis, mapping->fold);
  c->lines = r.lines;
  c->columns = r.columns;
  c->jobs = r.jobs;
  gboolean grid = mapping->algorithm == CS3_ATTENTION_GRID;
  c->parts = grid ? at_most(MIN(c->lines, s->keys), mapping->lines) : 1;
  c->room = (grid ? 1 : c->lines) * c->columns;
  gint64 pes = at_most(c->room, mapping->places), keys = div_up(s->keys, c->parts);
  c->places = MAX(cs3_token_places(mapping->order, s->queries, pes),
                  cs3_token_places(mapping->order, keys, pes));
  c->mapping.lines = c->parts;
  c->mapping.places = c->places;
  c->queries = cs3_token_deal(mapping->order, s->queries, c->places);
  c->keys = cs3_token_deal(mapping->order, keys, c->places);
  merge_rows(base, c);
}

/* Chunks, and how often a place works on one. */
static void visits(Cs3AttentionCosts *c) {
  c->chunk_keys = div_up(c->keys.most, c->mapping.chunks);
  c->chunks = c->mapping.chunks = div_up(c->keys.most, c->chunk_keys);
  tiles_needed(c);
  c->visits = c->tiles * c->chunks;
}

/* Rows: K | V, backward K | V | dK | dV, each part in whole wavelets. */
static void rows(const Cs3AttentionBase *base, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 values = c->chunk_keys * (s->head_dim + s->value_dim);
  gint64 lanes = base->hw->kernel.reduce_lanes;
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
  c->kv_issue = div_up(values, lanes);
  c->sum_issue = s->backward ? div_up(values * c->wide, lanes) : 0;
  if (s->backward)
    c->elements += div_up(values * c->wide, 2);
  c->vector = cs3_link_cycles(base->link, c->elements);
}

/* When neighbours see each other's rows: what a run needs beside what estimates do. */
static void edges(const Cs3AttentionBase *base, Cs3AttentionCosts *c) {
  const Cs3Hardware *hw = base->hw;
  c->last = cs3_link_offset(base->link, c->elements - 1);
  c->token = cs3_link_cycles(base->link, 1);
  for (gint64 hops = 1; hops <= 2; hops++)
    c->edge[hops - 1] =
        cs3_layer_edge(hw, base->link, c->elements, hops, CS3_ATTENTION_QUEUE, CS3_ATTENTION_QUEUE);
  if (c->parts == 1)
    return;
  c->merge_last = cs3_link_offset(base->link, c->merge_elements - 1);
  c->merge_edge = cs3_layer_edge(hw, base->link, c->merge_elements, 1, CS3_ATTENTION_UP_QUEUE,
                                 CS3_ATTENTION_UP_QUEUE);
}

static void add_vectors(const Cs3AttentionBase *base, gint64 elements, double rate, gint64 tail,
                        Cs3PairCost *pair) {
  pair->arithmetic += quotient((double)elements, rate);
  pair->overhead += base->costs.issue + tail;
}

/* acc += p x, @elements long. */
static void add_axpy(const Cs3AttentionBase *base, gint64 elements, gboolean stays,
                     Cs3PairCost *pair) {
  const Cs3Hardware *hw = base->hw;
  gboolean cached = stays && elements * sum_bytes(hw) <= hw->pe.acc_cache_bytes;
  add_vectors(base, elements, cs3_axpy_rate(hw, cached), 0, pair);
}

/* A dot product, @elements long: one operand serves all keys of a chunk. */
static void add_dot(const Cs3AttentionBase *base, gint64 elements, Cs3PairCost *pair) {
  const Cs3Hardware *hw = base->hw;
  gboolean cached = 2 * elements <= hw->pe.acc_cache_bytes;
  add_vectors(base, elements, cs3_dot_rate(hw, cached), hw->kernel.dot_tail, pair);
}

/* By the way to multiply scores. */
static void pairs(Cs3AttentionBase *base) {
  const Cs3AttentionShape *s = &base->costs.shape;
  for (int scores = 0; scores < CS3_N_SCORES; scores++) {
    Cs3PairCost *pair = &base->pair[scores];
    if (scores == CS3_SCORES_DOT) {
      add_dot(base, s->head_dim, pair);
      if (s->backward)
        add_dot(base, s->value_dim, pair);
    }
    if (!s->backward) {
      add_axpy(base, s->value_dim, TRUE, pair);
      continue;
    }
    add_axpy(base, s->head_dim, TRUE, pair);  /* dQ, the query's */
    add_axpy(base, s->head_dim, FALSE, pair); /* dK and dV lie by key */
    add_axpy(base, s->value_dim, FALSE, pair);
  }
}

static Cs3PairCost statistic(const Cs3Hardware *hw, const Cs3AttentionShape *s) {
  return (Cs3PairCost){quotient((double)s->value_dim, cs3_dot_rate(hw, FALSE)),
                       hw->kernel.weight_overhead + hw->kernel.dot_tail};
}

void cs3_attention_base(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                        Cs3AttentionBase *base) {
  *base = (Cs3AttentionBase){.hw = hw,
                             .link = cs3_link_of(hw),
                             .costs = {.shape = *shape,
                                       .group = shape->heads / shape->kv_heads,
                                       .feed = cs3_feed_cycles(hw),
                                       .hop = hw->fabric.hop_cycles,
                                       .control = hw->kernel.control_cycles,
                                       .issue = hw->kernel.weight_overhead,
                                       .wide = sum_bytes(hw) / 2,
                                       .element_wise = ELEMENT_WISE,
                                       .vector_setup = hw->pe.vector_setup,
                                       .vector_rate = hw->pe.vector_rate,
                                       .special_rate = hw->pe.special_rate}};
  if (shape->backward)
    base->costs.statistic = statistic(hw, shape);
  for (int cached = 0; cached < 2; cached++)
    base->score_rate[cached] = cs3_axpy_rate(hw, cached);
  pairs(base);
}

void cs3_attention_pairs_by(const Cs3AttentionBase *base, Cs3Scores scores, Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  c->mapping.scores = scores;
  c->pair = base->pair[scores];
  c->products = 0;
  c->score_rate = 0;
  if (scores == CS3_SCORES_DOT)
    return;
  gint64 sums = c->queries.most * c->group * 2 * c->wide;
  c->products = s->head_dim + (s->backward ? s->value_dim : 0);
  c->score_rate = base->score_rate[sums <= base->hw->pe.acc_cache_bytes];
}

/* What a PE keeps of all its jobs, and of the one that it works on. */
static void sram(Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 a = 2 * c->wide, queries = c->queries.most * c->group, keys = c->keys.most;
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

void cs3_attention_estimate_costs(const Cs3AttentionBase *base, const Cs3AttentionMapping *mapping,
                                  Cs3AttentionCosts *c) {
  c->mapping.algorithm = mapping->algorithm;
  c->mapping.chunks = mapping->chunks;
  visits(c);
  rows(base, c);
  cs3_attention_pairs_by(base, mapping->scores, c);
  sram(c);
}

void cs3_attention_costs(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                         const Cs3AttentionMapping *mapping, Cs3AttentionCosts *c) {
  Cs3AttentionBase base;
  cs3_attention_base(hw, shape, &base);
  cs3_attention_geometry(&base, mapping, c);
  cs3_attention_estimate_costs(&base, mapping, c);
  edges(&base, c);
}
