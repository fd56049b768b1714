/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The work of all places at every visit of a job. */
#include "config.h"

#include "fabric/attention/steps.h"

#include <string.h>

gboolean cs3_attention_alike(const Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  if (!s->causal && s->window == 0 && s->document == 0)
    return TRUE;
  if (s->document > 0 || c->parts > 1)
    return FALSE;
  if (c->mapping.algorithm == CS3_ATTENTION_GATHER) /* places before and after the one tile */
    return s->window == 0 && s->tile == 1;
  switch (c->mapping.order) {
  case CS3_TOKENS_BLOCK: /* a shift by a place is one by whole tiles */
    return c->queries.most % s->tile == 0;
  case CS3_TOKENS_STRIPED:
    return s->tile == 1;
  default: /* stretches of two places are before or after each other, whatever lies between */
    return s->tile == 1 && s->window == 0;
  }
}

/* Of a part: which tokens its places have. And a visit: which chunks they work on. */
typedef struct {
  const Cs3AttentionCosts *c;
  gint64 part;
  Cs3PlaceTokens *queries, *tiles, *chunks; /* by place; chunks: of each tile after each other */
  gboolean alike;
  GArray *known;            /* of KnownWork, of all parts; %NULL: every visit is computed */
  guint latest;             /* the one asked for last */
  gint64 visit, way, chunk; /* way: how many places tiles have come */
} Part;

static void part_init(Part *p, const Cs3AttentionCosts *c, gint64 part, GArray *known) {
  gint64 first = part * c->places;
  *p = (Part){.c = c,
              .part = part,
              .queries = g_new(Cs3PlaceTokens, c->places),
              .tiles = g_new(Cs3PlaceTokens, c->places),
              .chunks = g_new(Cs3PlaceTokens, c->places * c->chunks),
              .alike = cs3_attention_alike(c),
              .known = known};
  for (gint64 place = 0; place < c->places; place++) {
    p->queries[place] = cs3_attention_queries(c, place);
    p->tiles[place] = cs3_attention_tile(c, first + place);
    for (gint64 chunk = 0; chunk < c->chunks; chunk++)
      p->chunks[place * c->chunks + chunk] = cs3_attention_chunk(c, first + place, chunk);
  }
}

static void part_clear(Part *p) {
  g_free(p->queries);
  g_free(p->tiles);
  g_free(p->chunks);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Part, part_clear)

/* As cs3_attention_tile_of(), of a part's own places. */
static gint64 tile_of(const Part *p, gint64 place) {
  if (p->c->mapping.algorithm == CS3_ATTENTION_GATHER)
    return p->way;
  return place < p->way ? place - p->way + p->c->places : place - p->way;
}

static const Cs3PlaceTokens *keys_of(const Part *p, gint64 place) {
  return &p->chunks[tile_of(p, place) * p->c->chunks + p->chunk];
}

static gboolean same_size(const Cs3PlaceTokens *a, const Cs3PlaceTokens *b) {
  return a->stretch[0].n == b->stretch[0].n && a->stretch[1].n == b->stretch[1].n;
}

/* Tokens of a stretch of two places, and of all places between them. */
static Cs3KeyRange hull(const Cs3Stretch *a, const Cs3Stretch *b) {
  const Cs3Stretch *low = a->first < b->first ? a : b, *high = low == a ? b : a;
  return (Cs3KeyRange){low->first, high->first + (high->n - 1) * high->step + 1};
}

/* Whether of places @a to @b all queries see all keys that they work on, or none: stretch by
 * stretch, those of all places taken together. */
static gboolean sees_alike(const Part *p, gint64 a, gint64 b) {
  const Cs3PlaceTokens *keys[2] = {keys_of(p, a), keys_of(p, b)};
  for (int i = 0; i < 2; i++)
    for (int k = 0; k < 2; k++) {
      if (p->queries[a].stretch[i].n == 0 || keys[0]->stretch[k].n == 0)
        continue;
      Cs3KeyRange q = hull(&p->queries[a].stretch[i], &p->queries[b].stretch[i]);
      if (cs3_attention_seen_by(&p->c->shape, q,
                                hull(&keys[0]->stretch[k], &keys[1]->stretch[k])) == CS3_SEEN_SOME)
        return FALSE;
    }
  return TRUE;
}

static gint64 floor_of(gint64 a, gint64 b) {
  return a >= 0 ? a / b : -((b - 1 - a) / b);
}

/* Causal stripes: queries are P apart and keys a multiple of that, so that a query sees as many
 * wherever the first ones lie between the same two multiples of P from each other. */
static gboolean stripes_alike(const Part *p, gint64 a, gint64 b) {
  const Cs3AttentionShape *s = &p->c->shape;
  if (p->c->mapping.order != CS3_TOKENS_STRIPED || !s->causal || s->window > 0 || s->document > 0 ||
      s->tile > 1)
    return FALSE;
  gint64 of_a = p->queries[a].stretch[0].first - keys_of(p, a)->stretch[0].first;
  gint64 of_b = p->queries[b].stretch[0].first - keys_of(p, b)->stretch[0].first;
  return floor_of(of_a, p->c->places) == floor_of(of_b, p->c->places);
}

/* Whether places @a to @b, which follow each other as their tiles do, have the same work. */
static gboolean are_alike(const Part *p, gint64 a, gint64 b) {
  if (!same_size(&p->queries[a], &p->queries[b]))
    return FALSE;
  if (p->visit == p->c->visits)
    return TRUE;
  return same_size(&p->tiles[tile_of(p, a)], &p->tiles[tile_of(p, b)]) &&
         (p->alike || stripes_alike(p, a, b) || sees_alike(p, a, b));
}

static void limit(gint64 *end, gint64 from, gint64 barrier) {
  if (barrier > from)
    *end = MIN(*end, barrier);
}

/* Where places from @from on stop to be alike in any case: where tiles come from the other end, and
 * where keys do. Gather: at the tile's owner and behind it, and behind the place that sends one way
 * alone. */
static gint64 barrier(const Part *p, gint64 from) {
  gint64 end = p->c->places, keys = p->way - p->c->ahead;
  limit(&end, from, p->way);
  limit(&end, from, keys < 0 ? keys + p->c->places : keys);
  if (p->c->mapping.algorithm != CS3_ATTENTION_GATHER)
    return end;
  limit(&end, from, p->way + 1);
  limit(&end, from, 1);
  return end;
}

/* The end of the places from @from on that are alike: twice as far until they are not, then
 * halves. */
static gint64 run_end(const Part *p, gint64 from) {
  gint64 end = barrier(p, from), same = from, step = 1;
  while (same + step < end && are_alike(p, from, same + step)) {
    same += step;
    step *= 2;
  }
  for (gint64 other = MIN(same + step, end); other - same > 1;) {
    gint64 middle = same + (other - same) / 2;
    if (are_alike(p, from, middle))
      same = middle;
    else
      other = middle;
  }
  return same + 1;
}

static void add_work(Cs3AttentionWork *sum, const Cs3AttentionWork *w, gint64 times) {
  sum->arithmetic += times * w->arithmetic;
  sum->softmax += times * w->softmax;
  sum->overhead += times * w->overhead;
  sum->movement += times * w->movement;
  sum->reduction += times * w->reduction;
}

static void add_run(GArray *runs, gint64 first, Cs3WorkRun run) {
  Cs3WorkRun *last =
      runs->len > (guint64)first ? &g_array_index(runs, Cs3WorkRun, runs->len - 1) : NULL;
  if (last != NULL && last->work == run.work)
    last->end = run.end;
  else
    g_array_append_val(runs, run);
}

/* What the work of a visit depends on where places are alike and no window counts distances. */
typedef struct {
  gint64 queries[2], keys[2]; /* in stretches */
  gint64 chunk, order;        /* order: whether the tile lies before the place, on it, after it */
  gint64 streams;             /* rows that are charged */
  gint64 ends;                /* the first visit of the job, the last one, the merge behind it */
  gint64 side;                /* of the merge: the first part, the last one */
} WorkKey;

typedef struct {
  WorkKey key;
  Cs3AttentionWork work;
} KnownWork;

static WorkKey work_key(const Part *p, gint64 place, gint64 tile) {
  const Cs3AttentionCosts *c = p->c;
  const Cs3PlaceTokens *q = &p->queries[place], *k = &p->tiles[tile];
  return (WorkKey){{q->stretch[0].n, q->stretch[1].n},
                   {k->stretch[0].n, k->stretch[1].n},
                   p->chunk,
                   (tile > place) - (tile < place),
                   cs3_attention_streams(c, place, p->visit),
                   (p->visit == 0) + 2 * (p->visit == c->visits - 1) + 4 * (p->visit == c->visits),
                   (p->part == 0) + 2 * (p->part == c->parts - 1)};
}

/* As cs3_attention_visit(). */
static Cs3AttentionWork compute(const Part *p, gint64 place) {
  const Cs3AttentionCosts *c = p->c;
  gint64 of_all = p->part * c->places + place;
  if (p->visit == c->visits)
    return cs3_attention_visit(c, of_all, p->visit);
  return cs3_attention_work_on(c, of_all, p->visit, &p->queries[place], keys_of(p, place));
}

/* Once for all that are alike. */
static Cs3AttentionWork work_of(Part *p, gint64 place) {
  if (p->known == NULL)
    return compute(p, place);
  WorkKey key = work_key(p, place, tile_of(p, place));
  for (guint i = 0, at = p->latest; i < p->known->len; i++, at++) {
    at = at == p->known->len ? 0 : at;
    const KnownWork *known = &g_array_index(p->known, KnownWork, at);
    if (memcmp(&known->key, &key, sizeof key) == 0) {
      p->latest = at;
      return known->work;
    }
  }
  KnownWork made = {key, compute(p, place)};
  g_array_append_val(p->known, made);
  return made.work;
}

static void add_visit(Part *p, Cs3AttentionSteps *steps) {
  gint64 first = steps->runs->len;
  steps->first[cs3_attention_step(p->c, p->part, p->visit)] = first;
  for (gint64 from = 0, end; from < p->c->places; from = end) {
    Cs3AttentionWork w = work_of(p, from);
    end = run_end(p, from);
    add_run(steps->runs, first, (Cs3WorkRun){end, cs3_attention_work_sum(&w)});
    add_work(&steps->total, &w, end - from);
  }
}

static void add_part(Part *p, Cs3AttentionSteps *steps) {
  const Cs3AttentionCosts *c = p->c;
  for (p->visit = 0; p->visit < cs3_attention_job_steps(c); p->visit++) {
    p->way = p->visit / c->chunks;
    p->chunk = p->visit % c->chunks;
    add_visit(p, steps);
  }
}

Cs3AttentionSteps *cs3_attention_steps(const Cs3AttentionCosts *c, gint64 parts) {
  gboolean few = cs3_attention_alike(c) && c->shape.window == 0;
  g_autoptr(GArray) known = few ? g_array_new(FALSE, FALSE, sizeof(KnownWork)) : NULL;
  Cs3AttentionSteps *steps = g_new0(Cs3AttentionSteps, 1);
  gint64 n = cs3_attention_step(c, parts, 0);
  steps->runs = g_array_new(FALSE, FALSE, sizeof(Cs3WorkRun));
  steps->first = g_new(gint64, n + 1);
  for (gint64 part = 0; part < parts; part++) {
    g_auto(Part) p = {0};
    part_init(&p, c, part, known);
    add_part(&p, steps);
  }
  steps->first[n] = steps->runs->len;
  return steps;
}

void cs3_attention_steps_free(Cs3AttentionSteps *steps) {
  g_array_unref(steps->runs);
  g_free(steps->first);
  g_free(steps);
}
