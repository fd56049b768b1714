/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mapper of attention: estimates rank all mappings, the best are run until no bound is below
 * what was found. */
#include "config.h"

#include "fabric/attention/machine.h"
#include "fabric/fabric-error.h"

/* Places and visits whose work is looked at for an estimate. */
enum { LOOK_PLACES = 3, LOOK_VISITS = 5 };
/* Layouts that are looked at, of those that hold the shape; chunks tried where fewer do. */
enum { MOST_LAYOUTS = 3, MOST_CHUNKS = 4 };
/* Mappings that are run, and places x visits that they may take in all: some milliseconds. The best
 * by estimate and a rival are run in any case. */
enum { MOST_RUN = 4 };
#define MOST_STEPS_RUN 1e6
/* A rival that takes more is not run: half a second. */
#define MOST_STEPS_RIVAL 5e8

/* The slowest place's work on a whole tile at the visits from tile @way on, or the time until the
 * next tile comes. */
static double tile_time(const Cs3AttentionCosts *c, gint64 way) {
  double most = 0;
  for (gint64 i = 0; i < LOOK_PLACES; i++) {
    gint64 place = i * (c->places - 1) / (LOOK_PLACES - 1), sum = 0;
    if (place == way && c->mapping.algorithm == CS3_ATTENTION_GATHER) /* it sends, too, this once */
      place = place > 0 ? place - 1 : c->places - 1;
    for (gint64 chunk = 0; chunk < c->chunks; chunk++) {
      Cs3AttentionWork w = cs3_attention_visit(c, place, way * c->chunks + chunk);
      sum += cs3_attention_work_sum(&w);
    }
    most = MAX(most, (double)sum);
  }
  if (c->rows == 0)
    return most;
  return MAX(most, cs3_attention_ops(c->mapping.algorithm)->pace(c, most / (double)c->chunks));
}

/* Grid: what the sums of a job take a place of the second line, which does all there is to do. */
static double merge_time(const Cs3AttentionCosts *c) {
  if (c->parts == 1)
    return 0;
  Cs3AttentionWork w = cs3_attention_visit(c, c->parts > 2 ? c->places : 0, c->visits);
  return (double)cs3_attention_work_sum(&w);
}

static double estimate_of(const Cs3AttentionCosts *c) {
  gint64 looks = MIN(LOOK_VISITS, c->tiles);
  double sum = 0;
  for (gint64 i = 0; i < looks; i++)
    sum += tile_time(c, looks > 1 ? i * (c->tiles - 1) / (looks - 1) : 0);
  return (sum / (double)looks * (double)c->tiles + merge_time(c)) * (double)c->jobs +
         (double)(c->parts - 1) * (merge_time(c) + (double)c->merge_vector);
}

gboolean cs3_attention_rank(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                            const Cs3AttentionMapping *mapping, double *estimate, gint64 *bound) {
  if (!cs3_attention_check(hw, shape, mapping, NULL))
    return FALSE;
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  *estimate = estimate_of(&c);
  if (bound != NULL)
    *bound = cs3_attention_least(&c);
  return TRUE;
}

typedef struct {
  Cs3AttentionMapping mapping;
  double estimate, steps;
  gint64 bound, places, parts, jobs;
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
                                 s->refusal == NULL ? &s->refusal : NULL))
    return FALSE;
  Candidate candidate = {c.mapping,
                         estimate_of(&c),
                         (double)cs3_attention_all_places(&c) * (double)c.visits * (double)c.jobs,
                         cs3_attention_least(&c),
                         c.places,
                         c.parts,
                         c.jobs};
  if (!is_known(s, &c))
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
    fits = consider(s, &mapping, before, &chunks) || fits;
    if (chunks < mapping.chunks || chunks == before)
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

/* Without a mask it does not matter where tokens lie. */
static void consider_orders(Search *s, const Layout *layout) {
  const Cs3AttentionShape *shape = s->shape;
  gboolean masked = shape->causal || shape->window > 0 || shape->document > 0;
  Cs3AttentionMapping mapping = {.axis = layout->axis, .fold = layout->fold};
  for (int order = 0; order < CS3_N_TOKEN_ORDERS; order++)
    if (s->force.order < 0 ? masked || order == CS3_TOKENS_BLOCK : s->force.order == order) {
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
    for (gint64 fold = 1; f->fold == 0 && fold <= most; fold *= 2)
      add_layout(s, grid, axis, fold);
  }
  g_array_sort(s->layouts, by_load);
  return s->layouts->len > 0;
}

/* The least loaded layouts that hold it. */
static void consider_all(Search *s) {
  guint held = 0;
  for (guint i = 0; i < s->layouts->len && held < MOST_LAYOUTS; i++) {
    guint before = s->candidates->len;
    consider_orders(s, &g_array_index(s->layouts, Layout, i));
    held += s->candidates->len > before;
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

/* The best by estimate and what may be better, as far as the steps last, at least of each algorithm
 * the best; and a runner-up. @known: algorithms that have been run, a bit each. */
static gboolean worth(const Candidate *c, const Cs3AttentionChoice *choice, double steps,
                      guint known) {
  if (choice->run == 0)
    return TRUE;
  if (choice->runner_up.cycles == 0 && differ(&choice->best.mapping, &c->mapping))
    return c->steps <= MOST_STEPS_RIVAL;
  gboolean next = choice->run < MOST_RUN || !(known >> c->mapping.algorithm & 1);
  return next && steps + c->steps <= MOST_STEPS_RUN && c->bound < choice->best.cycles;
}

static gboolean run(const Search *s, Cs3AttentionRival *rival, GError **error) {
  Cs3AttentionCosts c;
  cs3_attention_costs(s->hw, s->shape, &rival->mapping, &c);
  g_autoptr(Cs3AttentionSteps) steps = cs3_attention_steps(&c);
  return cs3_attention_run_cycles(&c, steps, &rival->cycles, error);
}

static gboolean run_best(const Search *s, Cs3AttentionChoice *choice, GError **error) {
  double steps = 0;
  guint known = 0;
  for (guint i = 0; i < s->candidates->len; i++) {
    const Candidate *c = &g_array_index(s->candidates, Candidate, i);
    if (!worth(c, choice, steps, known))
      continue;
    known |= 1u << c->mapping.algorithm;
    Cs3AttentionRival rival = {c->mapping, 0};
    if (!run(s, &rival, error))
      return FALSE;
    steps += c->steps;
    choice->run++;
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
                       const Cs3AttentionForce *force, GError **error) {
  *s = (Search){hw,
                shape,
                *force,
                g_array_new(FALSE, FALSE, sizeof(Layout)),
                g_array_new(FALSE, FALSE, sizeof(Candidate)),
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
  if (!search(&s, hw, shape, force, error))
    return FALSE;
  choice->considered = s.candidates->len;
  return run_best(&s, choice, error);
}

gboolean cs3_attention_ranked(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3AttentionMapping *mapping,
                              double *estimate, gint64 *bound, GError **error) {
  g_auto(Search) s = {0};
  if (!search(&s, hw, shape, force, error))
    return FALSE;
  const Candidate *best = &g_array_index(s.candidates, Candidate, 0);
  *mapping = best->mapping;
  *estimate = best->estimate;
  *bound = best->bound;
  return TRUE;
}
