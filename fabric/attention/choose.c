/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mapper of attention. Estimates rank what there is; sketches and runs of the most promising
 * teach how far estimates of their kind are off, until none that is left looks better than what was
 * found, or its bound says so. */
#include "config.h"

#include <math.h>

#include "fabric/attention/ring.h"
#include "fabric/attention/search.h"

/* Mappings whose run takes so many steps are sketched before, on some more places than these, if
 * they have them. */
enum { SKETCH_STEPS = 100000, SKETCH_PLACES = 96 };
/* Runs and sketches, and steps (cs3_attention_part_steps()) that they may take in all: some
 * hundredths of a second. The best and a rival are run in any case. */
enum { MOST_LOOKS = 400 };
#define MOST_STEPS 2e7
/* What takes so few steps is run without hope, so many times: estimates of small layers may be a
 * third too high. */
enum { FREE_LOOKS = 32, FREE_STEPS = 50000 };
/* Sketches where nothing is run. */
enum { MOST_SKETCHES_RANKED = 8 };
/* A rival that takes more is not run: half a second. So many are, while one promises to be the
 * better runner-up. */
#define MOST_STEPS_RIVAL 5e8
enum { MOST_RIVALS = 3 };
/* Cycles may be so many times the estimate, where nothing of its kind was looked at; the least
 * ratio that was seen of its kind; a sketch. */
#define UNKNOWN_KIND 0.88
#define KNOWN_KIND 0.85
#define SKETCHED 0.98

static gint64 div_up(gint64 a, gint64 b) {
  return (a + b - 1) / b;
}

/* Without a mask orders of tokens are alike. */
static gboolean differ(const Cs3AttentionShape *s, const Cs3AttentionMapping *a,
                       const Cs3AttentionMapping *b) {
  gboolean masked = s->causal || s->window > 0 || s->document > 0;
  return a->algorithm != b->algorithm || a->axis != b->axis || a->fold != b->fold ||
         (masked && a->order != b->order) || a->scores != b->scores;
}

static void enter(const Cs3AttentionSearch *s, Cs3AttentionChoice *choice,
                  const Cs3AttentionRival *rival) {
  if (choice->best.cycles == 0 || rival->cycles < choice->best.cycles) {
    if (choice->best.cycles > 0 && differ(s->shape, &choice->best.mapping, &rival->mapping))
      choice->runner_up = choice->best;
    choice->best = *rival;
  } else if (differ(s->shape, &choice->best.mapping, &rival->mapping) &&
             (choice->runner_up.cycles == 0 || rival->cycles < choice->runner_up.cycles)) {
    choice->runner_up = *rival;
  }
}

/* What is known of estimates of a kind: by algorithm, order of tokens, way to multiply scores, and
 * by how many lines share keys, to a power of two. */
enum { PART_KINDS = 16 };
enum { N_KINDS = CS3_N_ATTENTION_ALGORITHMS * CS3_N_TOKEN_ORDERS * CS3_N_SCORES * PART_KINDS };

typedef struct {
  double ratio[N_KINDS]; /* least cycles / estimate of what was looked at; 0: nothing */
  double steps;          /* of all runs and sketches */
  gint64 looks;          /* their number */
  gint64 rivals;         /* of these, for a runner-up alone */
} Lessons;

static double *lesson(Lessons *l, const Cs3AttentionCandidate *c) {
  const Cs3AttentionMapping *m = &c->mapping;
  int kind =
      ((int)m->algorithm * CS3_N_TOKEN_ORDERS + (int)m->order) * CS3_N_SCORES + (int)m->scores;
  int parts = MIN((int)g_bit_storage((gulong)c->parts), PART_KINDS) - 1;
  return &l->ratio[kind * PART_KINDS + parts];
}

static void learn(Lessons *l, const Cs3AttentionCandidate *c, double cycles) {
  double *known = lesson(l, c), ratio = cycles / c->estimate;
  *known = *known > 0 ? MIN(*known, ratio) : ratio;
}

/* Cycles that are hoped for. */
static double hope(Lessons *l, const Cs3AttentionCandidate *c) {
  double ratio = *lesson(l, c);
  double least = ratio > 0 ? KNOWN_KIND * ratio : UNKNOWN_KIND;
  double cycles = c->sketch > 0 ? SKETCHED * c->sketch : c->estimate * least;
  return MAX(cycles, (double)c->bound);
}

static gboolean is_affordable(const Lessons *l, const Cs3AttentionCandidate *c) {
  return l->looks < MOST_LOOKS && l->steps + c->steps <= MOST_STEPS;
}

/* What there is no best or no runner-up without, or may be a better one. */
static gboolean is_due(const Cs3AttentionSearch *s, Lessons *l, const Cs3AttentionChoice *choice,
                       const Cs3AttentionCandidate *c) {
  if (choice->best.cycles == 0)
    return TRUE;
  if (!differ(s->shape, &choice->best.mapping, &c->mapping) || c->steps > MOST_STEPS_RIVAL)
    return FALSE;
  return choice->runner_up.cycles == 0 || (l->rivals < MOST_RIVALS && is_affordable(l, c) &&
                                           hope(l, c) < (double)choice->runner_up.cycles);
}

static gboolean is_worth(const Cs3AttentionChoice *choice, Lessons *l,
                         const Cs3AttentionCandidate *c) {
  gboolean none = choice->best.cycles == 0, free = l->looks < FREE_LOOKS && c->steps <= FREE_STEPS;
  return none || free || hope(l, c) < (double)choice->best.cycles;
}

/* What most is hoped of. Returns: %NULL: none is worth it. */
static Cs3AttentionCandidate *next_to_look_at(const Cs3AttentionSearch *s, Lessons *l,
                                              const Cs3AttentionChoice *choice) {
  Cs3AttentionCandidate *next = NULL, *due = NULL;
  for (guint i = 0; i < s->candidates->len; i++) {
    Cs3AttentionCandidate *c = &g_array_index(s->candidates, Cs3AttentionCandidate, i);
    if (c->run)
      continue;
    if (is_affordable(l, c) && is_worth(choice, l, c) &&
        (next == NULL || hope(l, c) < hope(l, next)))
      next = c;
    if (is_due(s, l, choice, c) && (due == NULL || hope(l, c) < hope(l, due)))
      due = c;
  }
  l->rivals += next == NULL && due != NULL && choice->best.cycles > 0;
  return next != NULL ? next : due;
}

static gboolean run(const Cs3AttentionSearch *s, Cs3AttentionRival *rival, GError **error) {
  Cs3AttentionCosts c;
  cs3_attention_costs(s->hw, s->shape, &rival->mapping, &c);
  g_autoptr(Cs3AttentionSteps) steps = cs3_attention_steps(&c, c.parts);
  return cs3_attention_run_cycles(&c, steps, &rival->cycles, error);
}

/* The first part of @jobs jobs. */
static gint64 part_time(const Cs3AttentionCosts *costs, const Cs3AttentionSteps *steps,
                        gint64 jobs) {
  Cs3AttentionCosts c = *costs;
  c.jobs = jobs;
  if (c.mapping.algorithm != CS3_ATTENTION_GRID)
    return cs3_attention_ops(c.mapping.algorithm)->run(&c, steps, CS3_ATTENTION_LIMIT_ALL);
  g_autoptr(Cs3Ring) ring = cs3_ring_new(&c, CS3_ATTENTION_LIMIT_ALL);
  for (gint64 job = 0; job < jobs; job++)
    cs3_ring_job(ring, steps, 0, job, NULL);
  return cs3_ring_end(ring);
}

/* Of all that costs tell, what these runs read: neither how many jobs there are nor which rectangle
 * the places lie in. */
static Cs3MemoKey question(const Cs3AttentionCosts *costs) {
  Cs3AttentionCosts read = *costs;
  read.jobs = read.jobs > 1 ? 2 : 1;
  read.lines = read.columns = read.room = read.sram_bytes = read.around_bytes = 0;
  read.shape.sequences = read.mapping.fold = read.mapping.axis = 0;
  Cs3MemoKey key = cs3_memo_key(NULL, "attention sketch", sizeof "attention sketch");
  return cs3_memo_key(&key, &read, sizeof read);
}

/* Of a job and, where there are more, of two. Numbers of sequences share them. */
static void part_times(const Cs3AttentionSearch *s, const Cs3AttentionCosts *costs,
                       gint64 times[CS3_MEMO_VALUES]) {
  Cs3MemoKey key = question(costs);
  if (cs3_memo_find(s->memo, &key, times))
    return;
  g_autoptr(Cs3AttentionSteps) work = cs3_attention_steps(costs, 1);
  for (gint64 jobs = 1; jobs <= CS3_MEMO_VALUES; jobs++)
    times[jobs - 1] = jobs <= MIN(costs->jobs, 2) ? part_time(costs, work, jobs) : 0;
  cs3_memo_keep(s->memo, &key, times);
}

/* A sequence of 1 / @scale of the tokens on as many places, each of which has as many as before.
 * @steps: (inout). Returns: cycles. */
static double scaled(const Cs3AttentionSearch *s, const Cs3AttentionCandidate *c, gint64 scale,
                     gint64 *places, double *steps) {
  Cs3AttentionShape shape = *s->shape;
  Cs3AttentionMapping mapping = c->mapping;
  Cs3AttentionCosts costs;
  shape.queries = div_up(shape.queries, scale);
  shape.keys = div_up(shape.keys, scale);
  shape.window = div_up(shape.window, scale);
  shape.document = div_up(shape.document, scale);
  if (shape.tile > c->tokens) /* of several places: as many times fewer */
    shape.tile = MAX(c->tokens, div_up(shape.tile, scale));
  mapping.places = div_up(mapping.places, scale);
  cs3_attention_costs(s->hw, &shape, &mapping, &costs);
  gint64 times[CS3_MEMO_VALUES];
  part_times(s, &costs, times);
  double one = (double)times[0], more = (double)(costs.jobs - 1) * (double)(times[1] - times[0]);
  *places = costs.places;
  *steps += cs3_attention_part_steps(&costs) / (double)costs.jobs * (costs.jobs > 1 ? 3 : 1);
  return one + more;
}

/* Cycles grow with the places as those of two short sequences do, within some percent, for some
 * hundredths of the steps. */
static void sketch(const Cs3AttentionSearch *s, Lessons *l, Cs3AttentionCandidate *c) {
  Cs3AttentionCosts costs;
  gint64 scale = MAX(1, c->places / SKETCH_PLACES), few, fewer;
  double more = scaled(s, c, scale, &few, &l->steps);
  double less = scale > 1 ? scaled(s, c, 2 * scale, &fewer, &l->steps) : more;
  double slope = few > fewer ? (more - less) / (double)(few - fewer) : more / (double)few;
  cs3_attention_costs(s->hw, s->shape, &c->mapping, &costs);
  c->sketch = more + slope * (double)(c->places - few) + cs3_attention_merges_time(&costs);
}

static gboolean look_at(const Cs3AttentionSearch *s, Lessons *l, Cs3AttentionCandidate *c,
                        Cs3AttentionChoice *choice, GError **error) {
  Cs3AttentionRival rival = {c->mapping, 0};
  l->looks++;
  if (c->sketch == 0 && c->steps >= SKETCH_STEPS) {
    sketch(s, l, c);
    learn(l, c, c->sketch);
    return TRUE;
  }
  if (!run(s, &rival, error))
    return FALSE;
  c->run = TRUE;
  choice->run++;
  l->steps += c->steps;
  learn(l, c, (double)rival.cycles);
  enter(s, choice, &rival);
  return TRUE;
}

static gboolean run_best(const Cs3AttentionSearch *s, Lessons *l, Cs3AttentionChoice *choice,
                         GError **error) {
  for (Cs3AttentionCandidate *c; (c = next_to_look_at(s, l, choice)) != NULL;)
    if (!look_at(s, l, c, choice, error))
      return FALSE;
  return TRUE;
}

/* How far neighbours are: a quarter, then a sixteenth. */
static const gint64 closer[] = {4, 16};

/* From the best on, neighbours of neighbours while they are better; then closer ones. */
static gboolean refine(Cs3AttentionSearch *s, Lessons *l, Cs3AttentionChoice *choice,
                       GError **error) {
  for (guint i = 0; i < G_N_ELEMENTS(closer);) {
    gint64 before = choice->best.cycles;
    cs3_attention_add_neighbours(s, &choice->best.mapping, closer[i]);
    if (!run_best(s, l, choice, error))
      return FALSE;
    i += choice->best.cycles == before;
  }
  choice->considered = s->considered;
  return TRUE;
}

gboolean cs3_attention_choose(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3Memo *memo,
                              Cs3AttentionChoice *choice, GError **error) {
  g_auto(Cs3AttentionSearch) s = {0};
  *choice = (Cs3AttentionChoice){0};
  if (!cs3_attention_search(&s, hw, shape, force, 1 / UNKNOWN_KIND, error))
    return FALSE;
  s.memo = memo;
  Lessons lessons = {0};
  return run_best(&s, &lessons, choice, error) && refine(&s, &lessons, choice, error);
}

/* Cycles that are likely: of what was sketched, or by the estimates of its kind. */
static double likely(Lessons *l, const Cs3AttentionCandidate *c) {
  double ratio = *lesson(l, c);
  return c->sketch > 0 ? c->sketch : c->estimate * MAX(ratio, 1);
}

/* Estimates are too low; sketches of the likeliest tell by how much, of some. */
static const Cs3AttentionCandidate *best_sketch(const Cs3AttentionSearch *s) {
  Lessons l = {0};
  Cs3AttentionCandidate *best = NULL;
  for (int looks = 0; looks <= MOST_SKETCHES_RANKED; looks++) {
    best = &g_array_index(s->candidates, Cs3AttentionCandidate, 0);
    for (guint i = 1; i < s->candidates->len; i++) {
      Cs3AttentionCandidate *c = &g_array_index(s->candidates, Cs3AttentionCandidate, i);
      if (likely(&l, c) < likely(&l, best))
        best = c;
    }
    if (best->sketch > 0 || looks == MOST_SKETCHES_RANKED)
      break;
    sketch(s, &l, best);
    learn(&l, best, best->sketch);
  }
  return best;
}

gboolean cs3_attention_ranked(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3Memo *memo,
                              Cs3AttentionMapping *mapping, double *estimate, GError **error) {
  g_auto(Cs3AttentionSearch) s = {0};
  if (!cs3_attention_search(&s, hw, shape, force, 1, error))
    return FALSE;
  s.memo = memo;
  const Cs3AttentionCandidate *best = best_sketch(&s);
  *mapping = best->mapping;
  *estimate = best->sketch > 0 ? MAX(best->sketch, (double)best->bound) : best->estimate;
  return TRUE;
}

/* Of candidates of an order and a way to multiply scores. */
static void take_least_bound(const Cs3AttentionSearch *s, Cs3TokenOrder order, Cs3Scores scores,
                             Cs3AttentionRival *best) {
  for (guint i = 0; i < s->candidates->len; i++) {
    const Cs3AttentionCandidate *c = &g_array_index(s->candidates, Cs3AttentionCandidate, i);
    gboolean same = c->mapping.order == order && c->mapping.scores == scores;
    if (same && (best->cycles == 0 || c->bound < best->cycles))
      *best = (Cs3AttentionRival){c->mapping, c->bound};
  }
}

/* From the least of them on to neighbours while these are lower; cycles 0: there are none. */
static Cs3AttentionRival least_bound(Cs3AttentionSearch *s, Cs3TokenOrder order, Cs3Scores scores) {
  Cs3AttentionRival best = {.cycles = 0};
  take_least_bound(s, order, scores, &best);
  for (guint i = 0; i < G_N_ELEMENTS(closer) && best.cycles > 0;) {
    gint64 before = best.cycles;
    cs3_attention_add_neighbours(s, &best.mapping, closer[i]);
    take_least_bound(s, order, scores, &best);
    i += best.cycles == before;
  }
  return best;
}

gboolean cs3_attention_bounded(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                               const Cs3AttentionForce *force, Cs3AttentionChoice *choice,
                               GError **error) {
  g_auto(Cs3AttentionSearch) s = {0};
  *choice = (Cs3AttentionChoice){0};
  if (!cs3_attention_search(&s, hw, shape, force, INFINITY, error)) /* whatever its estimate is */
    return FALSE;
  for (int order = 0; order < CS3_N_TOKEN_ORDERS; order++)
    for (int scores = 0; scores < CS3_N_SCORES; scores++) {
      Cs3AttentionRival one = least_bound(&s, (Cs3TokenOrder)order, (Cs3Scores)scores);
      if (one.cycles > 0 && (choice->best.cycles == 0 || one.cycles < choice->best.cycles))
        choice->best = one;
    }
  choice->considered = s.considered;
  return TRUE;
}
