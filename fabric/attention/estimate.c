/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Estimates of attention, from the work of some places at some visits: too low, as a rule, for what
 * places wait for. */
#include "config.h"

#include "fabric/attention/search.h"

/* Places and visits whose work is looked at; without a mask all visits with keys are the same, with
 * windows or documents they differ most. */
enum { LOOK_PLACES = 2, LOOK_VISITS = 5, LOOK_UNMASKED = 2, LOOK_RAGGED = 8 };

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

/* The last place with as many queries as there can be; in zig-zags, with any. */
static gint64 last_place(const Cs3AttentionCosts *c) {
  gint64 tokens = c->queries.tokens, most = c->queries.most;
  switch (c->mapping.order) {
  case CS3_TOKENS_STRIPED:
    return tokens - c->places * (most - 1) - 1;
  case CS3_TOKENS_ZIGZAG:
    return MIN(c->places - 1, (tokens - 1) / (most / 2));
  default:
    return tokens / most - 1;
  }
}

/* The @k-th place that is looked at: the middle and the last one; of stripes the first one, which
 * has most, and the last one. */
static gint64 look_place(const Cs3AttentionCosts *c, gint64 k) {
  gint64 last = last_place(c);
  return c->mapping.order == CS3_TOKENS_STRIPED ? k * last / (LOOK_PLACES - 1)
                                                : (k + 1) * last / LOOK_PLACES;
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

/* From the first to the last, of tiles that a place sees something of or places that see something
 * of a tile. */
typedef struct {
  gint64 first, last;
} Span;

static gboolean is_ragged(const Cs3AttentionShape *s) {
  return s->window > 0 || s->document > 0;
}

/* In blocks a window or a document leaves a place some tiles, wherever they come from. */
static gboolean is_near(const Cs3AttentionCosts *c) {
  return is_ragged(&c->shape) && c->mapping.order == CS3_TOKENS_BLOCK;
}

static Span span(Cs3KeyRange first, Cs3KeyRange last, gint64 block, gint64 most) {
  return (Span){MIN(first.lo / block, most), CLAMP((last.hi - 1) / block, first.lo / block, most)};
}

static Span tiles_seen(const Cs3AttentionCosts *c, gint64 place) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 from = place * c->queries.most, end = MIN(from + c->queries.most, s->queries);
  if (!is_near(c))
    return (Span){0, full_tiles(c) - 1};
  return span(cs3_attention_computed(s, from), cs3_attention_computed(s, end - 1),
              c->keys.most * c->parts, full_tiles(c) - 1);
}

static Span places_seeing(const Cs3AttentionCosts *c, gint64 tile) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 block = c->keys.most * c->parts, from = tile * block, end = MIN(from + block, s->keys);
  if (!is_near(c))
    return (Span){0, c->places - 1};
  return span(cs3_attention_computers(s, from), cs3_attention_computers(s, end - 1),
              c->queries.most, c->places - 1);
}

/* The @i-th of @looks in the middle of as many parts of a span. */
static gint64 look_at(Span span, gint64 i, gint64 looks) {
  return span.first + (2 * i + 1) * (span.last - span.first + 1) / (2 * looks);
}

/* How many places tiles have come from @tile to @place. */
static gint64 way_between(const Cs3AttentionCosts *c, gint64 tile, gint64 place) {
  gint64 way = place + c->ahead - tile;
  return way < 0 ? way + c->places : way;
}

/* Gather: all places wait for the slowest at each visit. */
static double in_step(const Cs3AttentionCosts *c, gint64 looks) {
  double all = 0;
  for (gint64 i = 0; i < looks; i++) {
    gint64 way = look_way(c, i, looks), most = is_near(c) ? tile_work(c, way, way) : 0;
    for (gint64 k = 0; k < LOOK_PLACES; k++)
      most = MAX(most, tile_work(c, look_place(c, k), way));
    all += MAX((double)most, pace_of(c, most));
  }
  return all / (double)looks * (double)c->tiles;
}

/* A place takes in a tile, finds nothing for it and sends it on: of one next to those that it sees
 * something of. */
static double idle_visit(const Cs3AttentionCosts *c, gint64 place) {
  Span seen = tiles_seen(c, place);
  gint64 way = way_between(c, (seen.last + 1) % c->places, place);
  if (way >= c->tiles)
    way = way_between(c, (seen.first + c->places - 1) % c->places, place);
  gint64 work = tile_work(c, place, way);
  return MAX((double)work, pace_of(c, work));
}

/* So many of all visits are to tiles with something to do, @busy cycles each in the mean. */
static double all_visits(const Cs3AttentionCosts *c, gint64 place, Span busy, double mean) {
  gint64 n = MIN(busy.last - busy.first + 1, c->tiles), idle = c->tiles - n;
  return (double)n * mean + (idle > 0 ? (double)idle * idle_visit(c, place) : 0);
}

/* What the @k-th place does. */
static double place_time(const Cs3AttentionCosts *c, gint64 looks, gint64 k) {
  gint64 place = look_place(c, k);
  Span seen = tiles_seen(c, place);
  double sum = 0;
  for (gint64 i = 0; i < looks; i++)
    sum += (double)tile_work(c, place, way_between(c, look_at(seen, i, looks), place));
  return all_visits(c, place, seen, MAX(sum / (double)looks, pace_of(c, 0)));
}

/* Backward: what is done with the @k-th tile with keys at all places, which send it on after. */
static double tile_way(const Cs3AttentionCosts *c, gint64 looks, gint64 k) {
  gint64 tile = k * (full_tiles(c) - 1) / LOOK_PLACES;
  Span seeing = places_seeing(c, tile);
  double sum = 0;
  for (gint64 i = 0; i < looks; i++) {
    gint64 place = look_at(seeing, i, looks);
    gint64 work = tile_work(c, place, way_between(c, tile, place));
    sum += MAX((double)work, pace_of(c, work));
  }
  return all_visits(c, look_place(c, k), seeing, sum / (double)looks);
}

/* Cycles of a job. Where rows go on as they come, places wait only at the end for what is slow;
 * backward a tile takes what its places take, one after the other. */
static double job_time(const Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  gboolean masked = s->causal || is_ragged(s);
  gint64 looks = is_ragged(s) ? LOOK_RAGGED : masked ? LOOK_VISITS : LOOK_UNMASKED;
  double most = 0;
  looks = MIN(looks, c->tiles);
  if (c->mapping.algorithm == CS3_ATTENTION_GATHER)
    return in_step(c, looks);
  for (gint64 k = 0; k < LOOK_PLACES; k++) {
    most = MAX(most, place_time(c, looks, k));
    if (s->backward)
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
