/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mapper of attention. Estimates rank all mappings; what is run teaches how far estimates of
 * its kind are off, until none that is left looks better than what was found, or its bound says so.
 */
#include "config.h"

#include <math.h>

#include "fabric/attention/machine.h"
#include "fabric/fabric-error.h"

/* Places and visits whose work is looked at for an estimate. */
enum { LOOK_PLACES = 3, LOOK_VISITS = 8 };
/* Chunks of a place's keys that are tried where fewer do. */
enum { MOST_CHUNKS = 4 };
/* Mappings that are run, and places x visits that they may take in all: some milliseconds. The best
 * by estimate and a rival are run in any case. */
enum { MOST_RUN = 24 };
#define MOST_STEPS_RUN 1.2e7
/* A rival that takes more is not run: half a second. */
#define MOST_STEPS_RIVAL 5e8
/* Estimates of a kind of which nothing was run may be this much too high, and from then on those of
 * the kind, beside what the runs said. */
#define UNKNOWN_KIND 0.7
#define KNOWN_KIND 0.95

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

/* The @k-th place that is looked at: the first, the middle, the last one that is full. */
static gint64 look_place(const Cs3AttentionCosts *c, gint64 k) {
  gboolean block = c->mapping.order == CS3_TOKENS_BLOCK;
  gint64 last = block ? c->queries.tokens / c->queries.most - 1 : c->places - 1;
  return k * last / (LOOK_PLACES - 1);
}

/* Cycles between two tiles, some of all: those of the slowest place, or those after which the next
 * tile comes. Where rows go on as they come, places wait only at the end for what is slow. */
static double mean_tile(const Cs3AttentionCosts *c) {
  gboolean free_way = !c->shape.backward && c->mapping.algorithm != CS3_ATTENTION_GATHER;
  const Cs3AttentionOps *ops = cs3_attention_ops(c->mapping.algorithm);
  gint64 looks = MIN(LOOK_VISITS, c->tiles), sum[LOOK_PLACES] = {0}, slowest = 0;
  double all = 0;
  for (gint64 i = 0; i < looks; i++) {
    gint64 way = (2 * i + 1) * c->tiles / (2 * looks), most = 0;
    for (gint64 k = 0; k < LOOK_PLACES; k++) {
      gint64 work = tile_work(c, look_place(c, k), way);
      sum[k] += work;
      most = MAX(most, work);
      slowest = MAX(slowest, sum[k]);
    }
    double pace = c->rows > 0 ? ops->pace(c, (double)most / (double)c->chunks) : 0;
    all += free_way ? 0 : MAX((double)most, pace);
  }
  if (!free_way)
    return all / (double)looks;
  return MAX((double)slowest / (double)looks, c->rows > 0 ? ops->pace(c, 0) : 0);
}

/* Grid: what the sums of a job take a place of the second line, which does all there is to do. */
static double merge_time(const Cs3AttentionCosts *c) {
  if (c->parts == 1)
    return 0;
  Cs3AttentionWork w = cs3_attention_visit(c, c->parts > 2 ? c->places : 0, c->visits);
  return (double)cs3_attention_work_sum(&w);
}

/* @bound: no fewer cycles than this. */
static double estimate_of(const Cs3AttentionCosts *c, gint64 bound) {
  double all = (mean_tile(c) * (double)c->tiles + merge_time(c)) * (double)c->jobs +
               (double)(c->parts - 1) * (merge_time(c) + (double)c->merge_vector);
  return MAX(all, (double)bound);
}

gboolean cs3_attention_rank(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                            const Cs3AttentionMapping *mapping, double *estimate, gint64 *bound) {
  if (!cs3_attention_check(hw, shape, mapping, NULL))
    return FALSE;
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  gint64 least = cs3_attention_least(&c);
  *estimate = estimate_of(&c, least);
  if (bound != NULL)
    *bound = least;
  return TRUE;
}

typedef struct {
  Cs3AttentionMapping mapping;
  double estimate, steps;
  gint64 bound, places, parts, jobs;
  gboolean run;
} Candidate;

/* An axis and a fold: what they leave a rectangle. */
typedef struct {
  int axis;
  gboolean grid; /* for that algorithm */
  gint64 fold, places, parts, jobs;
  double load; /* queries that a PE works on with all keys, all jobs */
} Layout;

typedef struct {
  const Cs3Hardware *hw;
  const Cs3AttentionShape *shape;
  Cs3AttentionForce force;
  GArray *layouts, *candidates;
  double best;     /* estimate */
  double hopeless; /* a bound so many times the best estimate is not looked at */
  gboolean beyond; /* the one considered last had such a bound: so will more chunks */
  gint64 considered;
  GError *refusal; /* of the first mapping that was refused */
} Search;

static gboolean may(gint64 forced, gint64 value) {
  return forced < 0 || forced == value;
}

/* Rectangles of as many places for as many jobs are alike to the cycle. */
static gboolean is_known(const Search *s, const Cs3AttentionCosts *c) {
  for (guint i = 0; i < s->candidates->len; i++) {
    const Candidate *other = &g_array_index(s->candidates, Candidate, i);
    const Cs3AttentionMapping *m = &other->mapping;
    if (other->places == c->places && other->parts == c->parts && other->jobs == c->jobs &&
        m->algorithm == c->mapping.algorithm && m->order == c->mapping.order &&
        m->chunks == c->mapping.chunks && m->scores == c->mapping.scores)
      return TRUE;
  }
  return FALSE;
}

/* Whether it holds no more beside its activations than it may. */
static gboolean is_lean(Search *s, const Cs3AttentionCosts *c) {
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

/* Returns: %FALSE: it does not fit, or takes no other chunks than @before. */
static gboolean consider(Search *s, const Cs3AttentionMapping *mapping, gint64 before,
                         gint64 *chunks) {
  Cs3AttentionCosts c;
  cs3_attention_costs(s->hw, s->shape, mapping, &c);
  *chunks = c.chunks;
  gboolean one_line = c.mapping.algorithm == CS3_ATTENTION_GRID && c.parts == 1; /* a ring */
  if (c.chunks == before || (one_line && s->force.algorithm != CS3_ATTENTION_GRID))
    return FALSE;
  if (!cs3_attention_costs_check(s->hw, &c, mapping->chunks,
                                 s->refusal == NULL ? &s->refusal : NULL) ||
      !is_lean(s, &c))
    return FALSE;
  s->considered++;
  gint64 bound = cs3_attention_least(&c);
  s->beyond = (double)bound > s->hopeless * s->best;
  if (s->beyond || is_known(s, &c))
    return TRUE;
  Candidate candidate = {c.mapping,
                         estimate_of(&c, bound),
                         (double)cs3_attention_all_places(&c) * (double)c.visits * (double)c.jobs,
                         bound,
                         c.places,
                         c.parts,
                         c.jobs,
                         FALSE};
  s->best = MIN(s->best, candidate.estimate);
  g_array_append_val(s->candidates, candidate);
  return TRUE;
}

/* Chunks: 1, 2, 4, ... of a place's keys; more of them than MOST_CHUNKS only where fewer do not
 * fit. */
static void consider_chunks(Search *s, Cs3AttentionMapping mapping) {
  gint64 chunks = 0;
  gboolean fits = FALSE;
  if (s->force.chunks > 0) {
    mapping.chunks = s->force.chunks;
    consider(s, &mapping, 0, &chunks);
    return;
  }
  for (mapping.chunks = 1; !fits || mapping.chunks <= MOST_CHUNKS; mapping.chunks *= 2) {
    gint64 before = chunks;
    s->beyond = FALSE;
    fits = consider(s, &mapping, before, &chunks) || fits;
    if (chunks < mapping.chunks || chunks == before || s->beyond)
      break;
  }
}

static void consider_scores(Search *s, gboolean grid, Cs3AttentionMapping mapping) {
  for (int scores = 0; scores < CS3_N_SCORES; scores++)
    for (int algorithm = 0; algorithm < CS3_N_ATTENTION_ALGORITHMS; algorithm++)
      if (may(s->force.scores, scores) && may(s->force.algorithm, algorithm) &&
          (algorithm == CS3_ATTENTION_GRID) == grid) {
        mapping.scores = (Cs3Scores)scores;
        mapping.algorithm = (Cs3AttentionAlgorithm)algorithm;
        consider_chunks(s, mapping);
      }
}

/* Without a mask, too: the orders deal tokens that do not divide more or less evenly, to more or
 * fewer places. */
static void consider_orders(Search *s, const Layout *layout) {
  Cs3AttentionMapping mapping = {.axis = layout->axis, .fold = layout->fold};
  for (int order = 0; order < CS3_N_TOKEN_ORDERS; order++)
    if (may(s->force.order, order)) {
      mapping.order = (Cs3TokenOrder)order;
      consider_scores(s, layout->grid, mapping);
    }
}

static void add_layout(Search *s, gboolean grid, int axis, gint64 fold) {
  Cs3AttentionCosts c;
  Cs3AttentionMapping mapping = {.algorithm = grid ? CS3_ATTENTION_GRID : CS3_ATTENTION_RING,
                                 .axis = axis,
                                 .fold = fold,
                                 .chunks = 1};
  cs3_attention_costs(s->hw, s->shape, &mapping, &c);
  Layout layout = {axis,
                   grid,
                   fold,
                   c.places,
                   c.parts,
                   c.jobs,
                   (double)c.jobs * (double)c.queries.most / (double)c.parts};
  for (guint i = 0; i < s->layouts->len; i++) {
    const Layout *other = &g_array_index(s->layouts, Layout, i);
    if (other->grid == grid && other->places == layout.places && other->parts == layout.parts &&
        other->jobs == layout.jobs)
      return;
  }
  g_array_append_val(s->layouts, layout);
}

static gint by_load(gconstpointer a, gconstpointer b) {
  const Layout *x = a, *y = b;
  return (x->load > y->load) - (x->load < y->load);
}

static gboolean list_layouts(Search *s, gboolean grid, GError **error) {
  g_array_set_size(s->layouts, 0);
  const Cs3AttentionForce *f = &s->force;
  for (int axis = CS3_AXIS_Y; axis <= CS3_AXIS_X; axis++) {
    gint64 lines = axis == CS3_AXIS_Y ? s->hw->wafer.pe_y : s->hw->wafer.pe_x;
    gint64 most = MIN(lines, s->shape->sequences);
    if (!may(f->axis, axis))
      continue;
    if (f->fold > 0 &&
        cs3_attention_fold_check(s->hw, s->shape, axis, f->fold, *error == NULL ? error : NULL))
      add_layout(s, grid, axis, f->fold);
    for (gint64 fold = 1; f->fold == 0 && fold <= most; fold++)
      add_layout(s, grid, axis, fold);
  }
  g_array_sort(s->layouts, by_load);
  return s->layouts->len > 0;
}

/* Cycles that no mapping in @layout can beat. */
static double least_of(const Search *s, const Layout *layout) {
  double least = INFINITY;
  for (int scores = 0; scores < CS3_N_SCORES; scores++) {
    Cs3AttentionMapping mapping = {.algorithm =
                                       layout->grid ? CS3_ATTENTION_GRID : CS3_ATTENTION_RING,
                                   .axis = layout->axis,
                                   .fold = layout->fold,
                                   .chunks = 1,
                                   .scores = (Cs3Scores)scores};
    Cs3AttentionCosts c;
    cs3_attention_costs(s->hw, s->shape, &mapping, &c);
    least = MIN(least, (double)c.jobs * cs3_attention_pair_work(&c));
  }
  return least;
}

static void consider_all(Search *s) {
  for (guint i = 0; i < s->layouts->len; i++) {
    const Layout *layout = &g_array_index(s->layouts, Layout, i);
    if (s->best == INFINITY || least_of(s, layout) <= s->hopeless * s->best)
      consider_orders(s, layout);
  }
}

static gint by_estimate(gconstpointer a, gconstpointer b) {
  const Candidate *x = a, *y = b;
  return (x->estimate > y->estimate) - (x->estimate < y->estimate);
}

static gboolean differ(const Cs3AttentionMapping *a, const Cs3AttentionMapping *b) {
  return a->algorithm != b->algorithm || a->axis != b->axis || a->fold != b->fold ||
         a->order != b->order || a->scores != b->scores;
}

static void enter(Cs3AttentionChoice *choice, const Cs3AttentionRival *rival) {
  if (choice->best.cycles == 0 || rival->cycles < choice->best.cycles) {
    if (choice->best.cycles > 0 && differ(&choice->best.mapping, &rival->mapping))
      choice->runner_up = choice->best;
    choice->best = *rival;
  } else if (differ(&choice->best.mapping, &rival->mapping) &&
             (choice->runner_up.cycles == 0 || rival->cycles < choice->runner_up.cycles)) {
    choice->runner_up = *rival;
  }
}

/* What runs said of estimates, by algorithm, order of tokens, way to multiply scores, and by how
 * many lines share keys, to a power of two. */
enum { PART_KINDS = 16 };
enum { N_KINDS = CS3_N_ATTENTION_ALGORITHMS * CS3_N_TOKEN_ORDERS * CS3_N_SCORES * PART_KINDS };

typedef struct {
  double ratio[N_KINDS]; /* least cycles / estimate of what was run; 0: nothing */
  double steps;          /* of all runs */
} Lessons;

static double *lesson(Lessons *l, const Candidate *c) {
  const Cs3AttentionMapping *m = &c->mapping;
  int kind =
      ((int)m->algorithm * CS3_N_TOKEN_ORDERS + (int)m->order) * CS3_N_SCORES + (int)m->scores;
  int parts = MIN((int)g_bit_storage((gulong)c->parts), PART_KINDS) - 1;
  return &l->ratio[kind * PART_KINDS + parts];
}

static void learn(Lessons *l, const Candidate *c, gint64 cycles) {
  double *known = lesson(l, c), ratio = (double)cycles / c->estimate;
  *known = *known > 0 ? MIN(*known, ratio) : ratio;
}

/* Cycles that are hoped for. */
static double hope(Lessons *l, const Candidate *c) {
  double ratio = *lesson(l, c);
  double cycles = c->estimate * (ratio > 0 ? KNOWN_KIND * ratio : UNKNOWN_KIND);
  return MAX(cycles, (double)c->bound);
}

/* What there is no runner-up without. */
static gboolean is_rival(const Cs3AttentionChoice *choice, const Candidate *c) {
  return choice->runner_up.cycles == 0 && differ(&choice->best.mapping, &c->mapping) &&
         c->steps <= MOST_STEPS_RIVAL;
}

static gboolean is_worth(const Cs3AttentionChoice *choice, Lessons *l, const Candidate *c) {
  return choice->run < MOST_RUN && l->steps + c->steps <= MOST_STEPS_RUN &&
         hope(l, c) < (double)choice->best.cycles;
}

/* The first one is the best by estimate. Returns: %NULL: none is worth it. */
static Candidate *next_to_run(const Search *s, Lessons *l, const Cs3AttentionChoice *choice) {
  Candidate *next = NULL, *rival = NULL;
  for (guint i = 0; i < s->candidates->len; i++) {
    Candidate *c = &g_array_index(s->candidates, Candidate, i);
    if (choice->run == 0)
      return c;
    if (c->run)
      continue;
    if (is_worth(choice, l, c) && (next == NULL || hope(l, c) < hope(l, next)))
      next = c;
    if (is_rival(choice, c) && (rival == NULL || hope(l, c) < hope(l, rival)))
      rival = c;
  }
  return next != NULL ? next : rival;
}

static gboolean run(const Search *s, Cs3AttentionRival *rival, GError **error) {
  Cs3AttentionCosts c;
  cs3_attention_costs(s->hw, s->shape, &rival->mapping, &c);
  g_autoptr(Cs3AttentionSteps) steps = cs3_attention_steps(&c);
  return cs3_attention_run_cycles(&c, steps, &rival->cycles, error);
}

static gboolean run_best(const Search *s, Cs3AttentionChoice *choice, GError **error) {
  Lessons lessons = {0};
  for (Candidate *c; (c = next_to_run(s, &lessons, choice)) != NULL; choice->run++) {
    Cs3AttentionRival rival = {c->mapping, 0};
    if (!run(s, &rival, error))
      return FALSE;
    c->run = TRUE;
    lessons.steps += c->steps;
    learn(&lessons, c, rival.cycles);
    enter(choice, &rival);
  }
  return TRUE;
}

/* Candidates, the best estimate first. */
static gboolean rank_all(Search *s, GError **error) {
  g_autoptr(GError) misfit = NULL;
  if (!cs3_attention_shape_check(s->shape, error))
    return FALSE;
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

static void search_clear(Search *s) {
  g_array_unref(s->layouts);
  g_array_unref(s->candidates);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Search, search_clear)

/* @force, with the machine's algorithm where none is forced and something fits with it. */
static gboolean search(Search *s, const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                       const Cs3AttentionForce *force, double hopeless, GError **error) {
  *s = (Search){hw,
                shape,
                *force,
                g_array_new(FALSE, FALSE, sizeof(Layout)),
                g_array_new(FALSE, FALSE, sizeof(Candidate)),
                INFINITY,
                hopeless,
                FALSE,
                0,
                NULL};
  int kernel = hw->kernel.attention_algorithm;
  if (force->algorithm >= 0 || kernel == CS3_ATTENTION_KERNEL_AUTO)
    return rank_all(s, error);
  s->force.algorithm =
      kernel == CS3_ATTENTION_KERNEL_GRID ? CS3_ATTENTION_GRID : CS3_ATTENTION_RING;
  if (rank_all(s, NULL))
    return TRUE;
  s->force = *force;
  return rank_all(s, error);
}

gboolean cs3_attention_choose(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3AttentionChoice *choice,
                              GError **error) {
  g_auto(Search) s = {0};
  *choice = (Cs3AttentionChoice){0};
  if (!search(&s, hw, shape, force, 1 / UNKNOWN_KIND, error))
    return FALSE;
  choice->considered = s.considered;
  return run_best(&s, choice, error);
}

gboolean cs3_attention_ranked(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3AttentionMapping *mapping,
                              double *estimate, gint64 *bound, GError **error) {
  g_auto(Search) s = {0};
  if (!search(&s, hw, shape, force, 1, error))
    return FALSE;
  const Candidate *best = &g_array_index(s.candidates, Candidate, 0);
  *mapping = best->mapping;
  *estimate = best->estimate;
  *bound = best->bound;
  return TRUE;
}
