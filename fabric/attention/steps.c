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

static gboolean same_size(Cs3PlaceTokens a, Cs3PlaceTokens b) {
  return a.stretch[0].n == b.stretch[0].n && a.stretch[1].n == b.stretch[1].n;
}

/* Places of @part whose number of tokens differs from that of the one before. */
static GArray *size_changes(const Cs3AttentionCosts *c, gint64 part) {
  GArray *changes = g_array_new(FALSE, FALSE, sizeof(gint64));
  gboolean alike = cs3_attention_alike(c);
  for (gint64 place = 1; place < c->places; place++) {
    gint64 at = part * c->places + place;
    if (!alike || !same_size(cs3_attention_queries(c, at - 1), cs3_attention_queries(c, at)) ||
        !same_size(cs3_attention_tile(c, at - 1), cs3_attention_tile(c, at)))
      g_array_append_val(changes, place);
  }
  return changes;
}

static gint compare(gconstpointer a, gconstpointer b) {
  const gint64 *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

/* Where runs of places may end when tiles have come @way places far: at a change of the place's own
 * size, at one of its tile's, and where tiles come from the other end. Gather: when tile @way is
 * there. */
static void ends_of_runs(const Cs3AttentionCosts *c, const GArray *changes, gint64 way,
                         GArray *ends) {
  gboolean gathers = c->mapping.algorithm == CS3_ATTENTION_GATHER;
  g_array_set_size(ends, 0);
  for (guint i = 0; i < changes->len; i++) {
    gint64 own = g_array_index(changes, gint64, i), tile = (own + way) % c->places;
    g_array_append_val(ends, own);
    if (!gathers && changes->len + 1 < (guint64)c->places && tile > 0) /* else all end one */
      g_array_append_val(ends, tile);
  }
  gint64 after = way + 1, first = 1; /* gather: the owner, and the place that sends one way alone */
  if (way > 0)
    g_array_append_val(ends, way);
  if (gathers && after < c->places)
    g_array_append_val(ends, after);
  if (gathers && first < c->places)
    g_array_append_val(ends, first);
  g_array_append_val(ends, c->places);
  g_array_sort(ends, compare);
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

static WorkKey work_key(const Cs3AttentionCosts *c, gint64 place, gint64 visit) {
  gint64 tile = cs3_attention_tile_of(c, place, visit), part = cs3_attention_part(c, place);
  Cs3PlaceTokens q = cs3_attention_queries(c, place), k = cs3_attention_tile(c, tile);
  return (WorkKey){{q.stretch[0].n, q.stretch[1].n},
                   {k.stretch[0].n, k.stretch[1].n},
                   visit % c->chunks,
                   (tile > place) - (tile < place),
                   cs3_attention_streams(c, place, visit),
                   (visit == 0) + 2 * (visit == c->visits - 1) + 4 * (visit == c->visits),
                   (part == 0) + 2 * (part == c->parts - 1)};
}

/* As cs3_attention_visit(), computed once for all that are alike. */
static Cs3AttentionWork work_of(const Cs3AttentionCosts *c, GArray *known, gint64 place,
                                gint64 visit) {
  if (known == NULL)
    return cs3_attention_visit(c, place, visit);
  WorkKey key = work_key(c, place, visit);
  for (guint i = 0; i < known->len; i++)
    if (memcmp(&g_array_index(known, KnownWork, i).key, &key, sizeof key) == 0)
      return g_array_index(known, KnownWork, i).work;
  KnownWork made = {key, cs3_attention_visit(c, place, visit)};
  g_array_append_val(known, made);
  return made.work;
}

static void add_visit(const Cs3AttentionCosts *c, const GArray *ends, GArray *known, gint64 part,
                      gint64 visit, Cs3AttentionSteps *steps) {
  gint64 from = 0, base = part * c->places;
  gint64 first = steps->first[cs3_attention_step(c, part, visit)] = steps->runs->len;
  for (guint i = 0; i < ends->len; i++) {
    gint64 end = g_array_index(ends, gint64, i);
    if (end == from)
      continue;
    Cs3AttentionWork w = work_of(c, known, base + from, visit);
    add_run(steps->runs, first, (Cs3WorkRun){end, cs3_attention_work_sum(&w)});
    add_work(&steps->total, &w, end - from);
    from = end;
  }
}

static void add_part(const Cs3AttentionCosts *c, GArray *known, gint64 part,
                     Cs3AttentionSteps *steps) {
  g_autoptr(GArray) changes = size_changes(c, part);
  g_autoptr(GArray) ends = g_array_new(FALSE, FALSE, sizeof(gint64));
  for (gint64 visit = 0; visit < cs3_attention_job_steps(c); visit++) {
    if (visit % c->chunks == 0)
      ends_of_runs(c, changes, visit / c->chunks, ends);
    add_visit(c, ends, known, part, visit, steps);
  }
}

Cs3AttentionSteps *cs3_attention_steps(const Cs3AttentionCosts *c) {
  gboolean few = cs3_attention_alike(c) && c->shape.window == 0;
  g_autoptr(GArray) known = few ? g_array_new(FALSE, FALSE, sizeof(KnownWork)) : NULL;
  Cs3AttentionSteps *steps = g_new0(Cs3AttentionSteps, 1);
  gint64 n = cs3_attention_step(c, c->parts, 0);
  steps->runs = g_array_new(FALSE, FALSE, sizeof(Cs3WorkRun));
  steps->first = g_new(gint64, n + 1);
  for (gint64 part = 0; part < c->parts; part++)
    add_part(c, known, part, steps);
  steps->first[n] = steps->runs->len;
  return steps;
}

void cs3_attention_steps_free(Cs3AttentionSteps *steps) {
  g_array_unref(steps->runs);
  g_free(steps->first);
  g_free(steps);
}
