/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Estimates of attention, from the work of some places at some visits: too low, as a rule, for what
 * places wait for. */
#include "config.h"

#include "fabric/attention/search.h"

/* Places and visits whose work is looked at; without a mask all visits with keys are the same. */
enum { LOOK_PLACES = 2, LOOK_VISITS = 5, LOOK_UNMASKED = 2 };

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* A place's work on the tile at way @way, all its chunks. */
static gint64 tile_work(const Cs3AttentionCosts *c, gint64 place, gint64 way) {
  gint64 sum = 0;
  if (place == way && c->mapping.algorithm == CS3_ATTENTION_GATHER) /* it sends, too, this once */
    place = place > 0 ? place - 1 : c->places - 1;
  Cs3PlaceTokens queries = cs3_attention_queries(c, place);
  Cs3PlaceTokens tile = cs3_attention_tile(c, cs3_attention_tile_of(c, place, way * c->chunks));
  for (gint64 chunk = 0; chunk < c->chunks; chunk++) {
    Cs3PlaceTokens keys =
        cs3_place_slice(&tile, chunk * c->chunk_keys, (chunk + 1) * c->chunk_keys);
    Cs3AttentionWork w = cs3_attention_work_on(c, place, way * c->chunks + chunk, &queries, &keys);
    sum += cs3_attention_work_sum(&w);
  }
  return sum;
}

/* The @k-th place that is looked at: the middle, the last one that is full. */
static gint64 look_place(const Cs3AttentionCosts *c, gint64 k) {
  gboolean block = c->mapping.order == CS3_TOKENS_BLOCK;
  gint64 last = block ? c->queries.tokens / c->queries.most - 1 : c->places - 1;
  return (k + 1) * last / LOOK_PLACES;
}

/* Cycles from a visit to the next one of a place that works so long. */
static double pace_of(const Cs3AttentionCosts *c, gint64 work) {
  const Cs3AttentionOps *ops = cs3_attention_ops(c->mapping.algorithm);
  return c->rows > 0 ? ops->pace(c, (double)work / (double)c->chunks) : 0;
}

/* The way after which the @i-th tile of @looks is worked on. */
static gint64 look_way(const Cs3AttentionCosts *c, gint64 i, gint64 looks) {
  return (2 * i + 1) * c->tiles / (2 * looks);
}

/* Tiles with keys; the others are on their way in vain. */
static gint64 full_tiles(const Cs3AttentionCosts *c) {
  return MIN(c->places, div_up(c->keys.tokens, c->keys.most));
}

/* Gather: all places wait for the slowest at each visit. */
static double in_step(const Cs3AttentionCosts *c, gint64 looks) {
  double all = 0;
  for (gint64 i = 0; i < looks; i++) {
    gint64 most = 0;
    for (gint64 k = 0; k < LOOK_PLACES; k++)
      most = MAX(most, tile_work(c, look_place(c, k), look_way(c, i, looks)));
    all += MAX((double)most, pace_of(c, most));
  }
  return all / (double)looks * (double)c->tiles;
}

/* What the @k-th place does; the mean of tiles with keys. */
static double place_work(const Cs3AttentionCosts *c, gint64 looks, gint64 k) {
  gint64 place = look_place(c, k), full = full_tiles(c), all = 0;
  gboolean near = c->tiles < c->places; /* a mask leaves it so many */
  for (gint64 i = 0; i < looks; i++) {
    gint64 tile = (2 * i + 1) * full / (2 * looks), way = place - tile;
    all += tile_work(c, place, near ? look_way(c, i, looks) : way < 0 ? way + c->places : way);
  }
  return (double)all / (double)looks;
}

/* Backward: what is done with the @k-th tile with keys at all places, which send it on after. */
static double tile_way(const Cs3AttentionCosts *c, gint64 looks, gint64 k) {
  gint64 tile = k * (full_tiles(c) - 1) / LOOK_PLACES;
  double all = 0;
  for (gint64 i = 0; i < looks; i++) {
    gint64 way = look_way(c, i, looks), work = tile_work(c, (tile + way) % c->places, way);
    all += MAX((double)work, pace_of(c, work));
  }
  return all / (double)looks * (double)c->tiles;
}

/* Cycles of a job. Where rows go on as they come, places wait only at the end for what is slow;
 * backward a tile takes what its places take, one after the other. */
static double job_time(const Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gboolean masked = s->causal || s->window > 0 || s->document > 0;
  gint64 looks = MIN(masked ? LOOK_VISITS : LOOK_UNMASKED, c->tiles);
  double full = MIN((double)full_tiles(c), (double)c->tiles), most = 0, pace = pace_of(c, 0);
  if (c->mapping.algorithm == CS3_ATTENTION_GATHER)
    return in_step(c, looks);
  for (gint64 k = 0; k < LOOK_PLACES; k++) {
    double work = MAX(place_work(c, looks, k), pace);
    most = MAX(most, full * work + ((double)c->tiles - full) * pace);
    if (c->shape.backward)
      most = MAX(most, tile_way(c, looks, k));
  }
  return most;
}

/* Grid: what the sums of a job take a place of the second line, which does all there is to do. */
static double merge_time(const Cs3AttentionCosts *c) {
  if (c->parts == 1)
    return 0;
  Cs3AttentionWork w = cs3_attention_visit(c, c->parts > 2 ? c->places : 0, c->visits);
  return (double)cs3_attention_work_sum(&w);
}

double cs3_attention_merges_time(const Cs3AttentionCosts *c) {
  return merge_time(c) * (double)c->jobs +
         (double)(c->parts - 1) * (merge_time(c) + (double)c->merge_vector);
}

double cs3_attention_estimate(const Cs3AttentionCosts *c, gint64 bound) {
  double all = job_time(c) * (double)c->jobs + cs3_attention_merges_time(c);
  return MAX(all, (double)bound);
}

gboolean cs3_attention_rank(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                            const Cs3AttentionMapping *mapping, double *estimate, gint64 *bound) {
  if (!cs3_attention_check(hw, shape, mapping, NULL))
    return FALSE;
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  gint64 least = cs3_attention_least(&c);
  *estimate = cs3_attention_estimate(&c, least);
  if (bound != NULL)
    *bound = least;
  return TRUE;
}
