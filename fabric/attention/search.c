/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mappings that there are: folds of both axes, of what these leave a rectangle all or some
 * lines and places, orders of tokens, algorithms, ways to multiply scores, chunks. */
#include "config.h"

#include "fabric/attention/search.h"

#include <math.h>

#include "fabric/fabric-error.h"

/* Chunks of a place's keys that are tried where fewer do. */
enum { MOST_CHUNKS = 4 };
/* A place and visit of a mask that is not the same for all, in those of one that is: measured. */
enum { MASKED_STEP = 8 };
/* Layouts on the way that may be worse than the one before. */
enum { BUMP = 1 };

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* An axis and a fold: what they leave a rectangle, and how much of that is used. */
typedef struct {
  Cs3AttentionMapping mapping; /* grid, or ring for all others; places and lines 0: all */
  gint64 places, parts, jobs;
  gint64 tokens; /* of a place: queries or keys, the more */
  double load;   /* queries that a PE works on with all keys, all jobs */
  double least;  /* cycles that no mapping in it can beat */
  gboolean wide; /* it has the lines and places that are forced */
} Layout;

static gboolean may(gint64 forced, gint64 value) {
  return forced < 0 || forced == value;
}

/* Lines are for the grid alone, unless another algorithm is forced and so refused by name. */
static gboolean may_take(const Cs3AttentionSearch *s, int algorithm) {
  gboolean lines = s->force.lines <= 1 || algorithm == CS3_ATTENTION_GRID;
  return may(s->force.algorithm, algorithm) && (lines || s->force.algorithm >= 0);
}

/* Rectangles of as many places for as many jobs are alike to the cycle. */
static gboolean is_known(const Cs3AttentionSearch *s, const Cs3AttentionCosts *c) {
  for (guint i = 0; i < s->candidates->len; i++) {
    const Cs3AttentionCandidate *other = &g_array_index(s->candidates, Cs3AttentionCandidate, i);
    const Cs3AttentionMapping *m = &other->mapping;
    if (other->places == c->places && other->parts == c->parts && other->jobs == c->jobs &&
        m->algorithm == c->mapping.algorithm && m->order == c->mapping.order &&
        m->chunks == c->mapping.chunks && m->scores == c->mapping.scores)
      return TRUE;
  }
  return FALSE;
}

/* Whether it holds no more beside its activations than it may. */
static gboolean is_lean(Cs3AttentionSearch *s, const Cs3AttentionCosts *c) {
  double around = cs3_attention_around(s->hw, c), most = s->force.around;
  if (most == 0 || around <= most)
    return TRUE;
  if (s->refusal == NULL)
    g_set_error(&s->refusal, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "attention would hold %.1f GB beside its activations, more than the %.1f GB that "
                "are left",
                around / 1e9, most / 1e9);
  return FALSE;
}

/* Tokens are dealt in whole numbers: fewer places or chunks may do as well as those forced. */
static gboolean is_as_forced(Cs3AttentionSearch *s, const Cs3AttentionCosts *c) {
  const Cs3AttentionForce *f = &s->force;
  gboolean places = may(f->places > 0 ? f->places : -1, c->places);
  if (places && may(f->chunks > 0 ? f->chunks : -1, c->chunks))
    return TRUE;
  if (s->refusal == NULL)
    g_set_error(&s->refusal, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "%" G_GINT64_FORMAT " %s: %" G_GINT64_FORMAT " hold the %s with as many each; use "
                "that",
                places ? f->chunks : f->places, places ? "chunks" : "places",
                places ? c->chunks : c->places, places ? "keys of a place" : "tokens");
  return FALSE;
}

double cs3_attention_part_steps(const Cs3AttentionCosts *c) {
  const Cs3AttentionShape *shape = &c->shape;
  gboolean ragged = shape->window > 0 || shape->document > 0;
  gboolean looked_at = ragged || (shape->causal && shape->tile > 1);
  return (looked_at ? MASKED_STEP : 1) * (double)c->places * (double)c->visits * (double)c->jobs;
}

/* @c: with its geometry. Returns: %FALSE: it does not fit, or takes no other chunks than @before.
 */
static gboolean consider(Cs3AttentionSearch *s, Cs3AttentionCosts *c,
                         const Cs3AttentionMapping *mapping, gint64 before, gint64 *chunks) {
  cs3_attention_estimate_costs(&s->base, mapping, c);
  *chunks = c->chunks;
  gboolean one_line = c->mapping.algorithm == CS3_ATTENTION_GRID && c->parts == 1; /* a ring */
  if (c->chunks == before ||
      !cs3_attention_costs_check(s->hw, c, mapping, s->refusal == NULL ? &s->refusal : NULL) ||
      !is_as_forced(s, c) || !is_lean(s, c) ||
      (one_line && s->force.algorithm != CS3_ATTENTION_GRID))
    return FALSE;
  s->considered++;
  gint64 bound = cs3_attention_least(c);
  s->beyond = (double)bound > s->hopeless * s->best;
  if (s->beyond || is_known(s, c))
    return TRUE;
  Cs3AttentionCandidate candidate = {.mapping = c->mapping,
                                     .estimate = cs3_attention_estimate(c, bound),
                                     .bound = bound,
                                     .places = c->places,
                                     .parts = c->parts,
                                     .jobs = c->jobs,
                                     .tokens = c->queries.most,
                                     .steps = (double)c->parts * cs3_attention_part_steps(c)};
  s->best = MIN(s->best, candidate.estimate);
  s->latest = MIN(s->latest, candidate.estimate);
  g_array_append_val(s->candidates, candidate);
  return TRUE;
}

static gint64 more_chunks(gint64 chunks, gint64 keys) {
  gint64 more = chunks < MOST_CHUNKS ? chunks + 1 : 2 * chunks;
  return chunks < keys ? MIN(more, keys) : keys + 1;
}

/* Chunks: 1, 2, 3, 4 of a place's keys; more, twice as many each time, only where fewer do not fit.
 */
static void consider_chunks(Cs3AttentionSearch *s, Cs3AttentionCosts *c,
                            Cs3AttentionMapping mapping) {
  gint64 chunks = 0, keys = c->keys.most;
  gboolean fits = FALSE;
  if (s->force.chunks > 0) {
    mapping.chunks = s->force.chunks;
    consider(s, c, &mapping, 0, &chunks);
    return;
  }
  s->beyond = FALSE;
  for (mapping.chunks = 1;
       mapping.chunks <= keys && !s->beyond && (!fits || mapping.chunks <= MOST_CHUNKS);
       mapping.chunks = more_chunks(mapping.chunks, keys))
    fits = consider(s, c, &mapping, chunks, &chunks) || fits;
}

static gboolean is_grid(const Layout *layout) {
  return layout->mapping.algorithm == CS3_ATTENTION_GRID;
}

static void consider_scores(Cs3AttentionSearch *s, gboolean grid, Cs3AttentionMapping mapping) {
  Cs3AttentionCosts c;
  cs3_attention_geometry(&s->base, &mapping, &c);
  for (int scores = 0; scores < CS3_N_SCORES; scores++)
    for (int algorithm = 0; algorithm < CS3_N_ATTENTION_ALGORITHMS; algorithm++)
      if (may(s->force.scores, scores) && may_take(s, algorithm) &&
          (algorithm == CS3_ATTENTION_GRID) == grid) {
        mapping.scores = (Cs3Scores)scores;
        mapping.algorithm = (Cs3AttentionAlgorithm)algorithm;
        consider_chunks(s, &c, mapping);
      }
}

/* Without a mask, too: the orders deal tokens that do not divide more or less evenly, to more or
 * fewer places. */
static void consider_orders(Cs3AttentionSearch *s, const Layout *layout) {
  Cs3AttentionMapping mapping = layout->mapping;
  s->latest = INFINITY;
  for (int order = 0; order < CS3_N_TOKEN_ORDERS; order++)
    if (may(s->force.order, order)) {
      mapping.order = (Cs3TokenOrder)order;
      consider_scores(s, is_grid(layout), mapping);
    }
}

static Layout layout_of(const Cs3AttentionSearch *s, const Cs3AttentionMapping *mapping) {
  Cs3AttentionCosts c;
  double least = INFINITY;
  cs3_attention_geometry(&s->base, mapping, &c);
  for (int scores = 0; scores < CS3_N_SCORES; scores++) {
    cs3_attention_pairs_by(&s->base, (Cs3Scores)scores, &c);
    least = MIN(least, (double)c.jobs * cs3_attention_pair_work(&c));
  }
  return (Layout){*mapping,
                  c.places,
                  c.parts,
                  c.jobs,
                  MAX(c.queries.most, c.keys.most),
                  (double)c.jobs * (double)c.queries.most / (double)c.parts,
                  least,
                  c.room >= s->force.places && c.parts >= s->force.lines};
}

static void add_layout(Cs3AttentionSearch *s, gboolean grid, int axis, gint64 fold) {
  Cs3AttentionMapping mapping = {.algorithm = grid ? CS3_ATTENTION_GRID : CS3_ATTENTION_RING,
                                 .axis = axis,
                                 .fold = fold,
                                 .lines = s->force.lines,
                                 .places = s->force.places,
                                 .chunks = 1};
  Layout layout = layout_of(s, &mapping);
  for (guint i = 0; i < s->layouts->len; i++) {
    const Layout *other = &g_array_index(s->layouts, Layout, i);
    if (other->places == layout.places && other->parts == layout.parts &&
        other->jobs == layout.jobs && other->wide == layout.wide)
      return;
  }
  g_array_append_val(s->layouts, layout);
}

static gint by_load(gconstpointer a, gconstpointer b) {
  const Layout *x = a, *y = b;
  return (x->load > y->load) - (x->load < y->load);
}

static gboolean same_rectangle(const Cs3AttentionRectangle *a, const Cs3AttentionRectangle *b) {
  return a->lines == b->lines && a->columns == b->columns && a->jobs == b->jobs;
}

/* All folds that leave other rectangles than the one before. */
static void add_folds(Cs3AttentionSearch *s, gboolean grid, int axis) {
  gint64 lines = axis == CS3_AXIS_Y ? s->hw->wafer.pe_y : s->hw->wafer.pe_x;
  gint64 most = MIN(lines, s->shape->sequences);
  Cs3AttentionRectangle before = {0};
  for (gint64 fold = 1; fold <= most; fold++) {
    Cs3AttentionRectangle r = cs3_attention_rectangle(s->hw, s->shape, axis, fold);
    if (!same_rectangle(&r, &before))
      add_layout(s, grid, axis, fold);
    before = r;
  }
}

static gboolean list_layouts(Cs3AttentionSearch *s, gboolean grid, GError **error) {
  g_array_set_size(s->layouts, 0);
  gint64 fold = s->force.fold;
  for (int axis = CS3_AXIS_Y; axis <= CS3_AXIS_X; axis++) {
    if (!may(s->force.axis, axis))
      continue;
    if (fold == 0)
      add_folds(s, grid, axis);
    else if (cs3_attention_fold_check(s->hw, s->shape, axis, fold, *error == NULL ? error : NULL))
      add_layout(s, grid, axis, fold);
  }
  g_array_sort(s->layouts, by_load);
  return s->layouts->len > 0;
}

/* Whether @layout is not hopeless; then its mappings were considered. */
static gboolean consider_layout(Cs3AttentionSearch *s, const Layout *layout) {
  if (layout->least > s->hopeless * s->best)
    return FALSE;
  consider_orders(s, layout);
  return TRUE;
}

/* On the way through layouts, the estimates of the last one, and how many in a row were worse. */
typedef struct {
  double latest;
  int worse;
} Descent;

/* Whether estimates have passed their valley: one step may be a bump. */
static gboolean climbs(const Cs3AttentionSearch *s, Descent *d) {
  gboolean worse = s->latest > d->latest && s->latest > s->hopeless * s->best;
  d->worse = worse ? d->worse + 1 : 0;
  d->latest = s->latest;
  return d->worse > BUMP;
}

/* The same rectangle with fewer places, on each of which there are half as many tokens more: less
 * work at a time, but fewer visits. Returns: their best estimate. */
static double consider_fewer_places(Cs3AttentionSearch *s, const Layout *all) {
  gint64 sequence = all->tokens * all->places;
  Descent d = {.latest = s->latest};
  double best = d.latest;
  if (s->force.places > 0)
    return best;
  for (gint64 tokens = all->tokens + div_up(all->tokens, 2); tokens < sequence + tokens / 2;
       tokens += div_up(tokens, 2)) {
    Cs3AttentionMapping mapping = all->mapping;
    mapping.places = div_up(sequence, MIN(tokens, sequence));
    Layout layout = layout_of(s, &mapping);
    if (!consider_layout(s, &layout) || climbs(s, &d))
      break;
    best = MIN(best, d.latest);
  }
  return best;
}

/* Grid: with fewer lines, too. */
static void consider_fewer(Cs3AttentionSearch *s, const Layout *all) {
  Descent d = {.latest = consider_fewer_places(s, all)};
  if (!is_grid(all) || s->force.lines > 0)
    return;
  for (gint64 lines = div_up(all->parts, 2); lines > 1; lines = div_up(lines, 2)) {
    Cs3AttentionMapping mapping = all->mapping;
    mapping.lines = lines;
    Layout layout = layout_of(s, &mapping);
    if (!consider_layout(s, &layout))
      break;
    s->latest = consider_fewer_places(s, &layout);
    if (climbs(s, &d))
      break;
  }
}

/* Whether none has larger rectangles for as many jobs: what fewer places of those are is the same.
 */
static gboolean is_widest(const Cs3AttentionSearch *s, const Layout *layout) {
  for (guint i = 0; i < s->layouts->len; i++) {
    const Layout *other = &g_array_index(s->layouts, Layout, i);
    if (other != layout && other->jobs == layout->jobs && other->places >= layout->places &&
        other->parts >= layout->parts)
      return FALSE;
  }
  return TRUE;
}

static void consider_all(Cs3AttentionSearch *s) {
  for (guint i = 0; i < s->layouts->len; i++) {
    const Layout *layout = &g_array_index(s->layouts, Layout, i);
    if (consider_layout(s, layout) && is_widest(s, layout))
      consider_fewer(s, layout);
  }
}

static gint by_estimate(gconstpointer a, gconstpointer b) {
  const Cs3AttentionCandidate *x = a, *y = b;
  return (x->estimate > y->estimate) - (x->estimate < y->estimate);
}

/* Candidates, the best estimate first. */
static gboolean rank_all(Cs3AttentionSearch *s, GError **error) {
  g_autoptr(GError) misfit = NULL;
  for (gboolean grid = FALSE; grid <= TRUE; grid++)
    if (list_layouts(s, grid, &misfit))
      consider_all(s);
  if (s->candidates->len == 0) {
    g_propagate_error(error,
                      s->refusal != NULL ? g_steal_pointer(&s->refusal) : g_steal_pointer(&misfit));
    return FALSE;
  }
  g_clear_error(&s->refusal);
  g_array_sort(s->candidates, by_estimate);
  return TRUE;
}

/* @n, or a @part-th more or less of it; @step: -1, 0, 1. */
static gint64 beside(gint64 n, int step, gint64 part) {
  return MAX(1, n + step * div_up(n, part));
}

void cs3_attention_add_neighbours(Cs3AttentionSearch *s, const Cs3AttentionMapping *mapping,
                                  gint64 part) {
  gboolean grid = mapping->algorithm == CS3_ATTENTION_GRID;
  Layout centre = layout_of(s, mapping);
  gint64 sequence = centre.tokens * centre.places;
  for (int line = -1; line <= 1; line++)
    for (int place = -1; place <= 1; place++) {
      Layout layout = {.mapping = *mapping};
      if ((line != 0 && (!grid || s->force.lines > 0)) || (place != 0 && s->force.places > 0))
        continue;
      layout.mapping.lines = beside(mapping->lines, line, part);
      layout.mapping.places = div_up(sequence, beside(centre.tokens, place, part));
      consider_orders(s, &layout);
    }
}

void cs3_attention_search_clear(Cs3AttentionSearch *s) {
  g_clear_error(&s->refusal);
  g_clear_pointer(&s->layouts, g_array_unref);
  g_clear_pointer(&s->candidates, g_array_unref);
}

gboolean cs3_attention_search(Cs3AttentionSearch *s, const Cs3Hardware *hw,
                              const Cs3AttentionShape *shape, const Cs3AttentionForce *force,
                              double hopeless, GError **error) {
  *s = (Cs3AttentionSearch){
      .hw = hw,
      .shape = shape,
      .force = *force,
      .layouts = g_array_new(FALSE, FALSE, sizeof(Layout)),
      .candidates = g_array_new(FALSE, FALSE, sizeof(Cs3AttentionCandidate)),
      .best = INFINITY,
      .hopeless = hopeless,
  };
  int kernel = hw->kernel.attention_algorithm;
  if (!cs3_attention_shape_check(shape, error))
    return FALSE;
  cs3_attention_base(hw, shape, &s->base);
  if (force->algorithm >= 0 || kernel == CS3_ATTENTION_KERNEL_AUTO)
    return rank_all(s, error);
  s->force.algorithm =
      kernel == CS3_ATTENTION_KERNEL_GRID ? CS3_ATTENTION_GRID : CS3_ATTENTION_RING;
  if (force->lines > 1) /* what is asked for does not go unheard for the machine's sake */
    return rank_all(s, error);
  if (rank_all(s, NULL))
    return TRUE;
  s->force = *force;
  return rank_all(s, error);
}
