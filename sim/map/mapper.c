/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mapper: branch and bound. The space is small (folds x axes x placements x formats x ways
 * to compute dW, some hundred points a layer) and closed forms cost a fraction of a microsecond, so
 * every mapping gets an estimate and a lower bound. In the order of the estimates mappings are run
 * through the recurrence, except those whose bound shows that they could not gain more than one per
 * cent. */
#include "config.h"

#include "sim/map/mapper.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "fabric/fabric-error.h"

/* Folds beyond these are looked at only while their fewer lines might do the work in about the time
 * of the best mapping so far: in layers of a few hundred features, and for local blocks. */
enum { SURE_FOLDS = 32 };
#define TOO_SLOW 1.1
#define HOPELESS 2
/* A mapping is worth a run when it might be faster than the best one by this factor. Behind an
 * ingress limit dozens of mappings tie within it. */
#define WORTH_A_RUN 1.01

typedef struct {
  const Cs3Hardware *hw;
  double density;
  double fastest;          /* estimate of all so far */
  GArray *found;           /* all that fit, or NULL: */
  Cs3MapCandidate best;    /* only the best; estimate 0: none yet */
  Cs3MapCandidate refused; /* the last that does not fit: most folds, accumulators in SRAM */
} Search;

/* Behind an ingress limit many mappings tie: prefer fewer folds, then the cheaper placement; in all
 * a strict order, whichever is looked at first. */
static gint by_estimate(gconstpointer a, gconstpointer b) {
  const Cs3MapCandidate *x = a, *y = b;
  if (x->estimate != y->estimate)
    return x->estimate > y->estimate ? 1 : -1;
  if (x->mapping.fold != y->mapping.fold)
    return x->mapping.fold > y->mapping.fold ? 1 : -1;
  if (x->mapping.placement != y->mapping.placement)
    return x->mapping.placement > y->mapping.placement ? 1 : -1;
  if (x->mapping.lowering != y->mapping.lowering)
    return x->mapping.lowering > y->mapping.lowering ? 1 : -1;
  if (x->mapping.dw != y->mapping.dw)
    return x->mapping.dw > y->mapping.dw ? 1 : -1;
  return (x->mapping.axis > y->mapping.axis) - (x->mapping.axis < y->mapping.axis);
}

/* Where only the best is asked for. Returns: whether @mapping fits, or cannot be it. */
static gboolean consider_best(Search *search, const Cs3LayerShape *shape,
                              const Cs3Mapping *mapping) {
  double density = shape->dense ? 1 : search->density, estimate;
  double enough = search->best.estimate > 0 ? search->best.estimate : INFINITY;
  gboolean fits = cs3_layer_rank(search->hw, shape, mapping, density, enough, &estimate, NULL);
  if (fits && estimate > enough)
    return TRUE;
  Cs3MapCandidate candidate = {.shape = *shape, .mapping = *mapping, .estimate = estimate};
  if (!fits)
    search->refused = candidate;
  else if (search->best.estimate == 0 || by_estimate(&candidate, &search->best) < 0)
    search->best = candidate;
  if (fits)
    search->fastest = MIN(search->fastest, estimate);
  return fits;
}

/* Returns: whether @mapping fits. */
static gboolean consider(Search *search, const Cs3LayerShape *shape, const Cs3Mapping *mapping) {
  if (search->found == NULL)
    return consider_best(search, shape, mapping);
  double density = shape->dense ? 1 : search->density;
  Cs3MapCandidate candidate = {.shape = *shape, .mapping = *mapping};
  if (!cs3_layer_rank(search->hw, shape, mapping, density, INFINITY, &candidate.estimate,
                      &candidate.bound)) {
    search->refused = candidate;
    return FALSE;
  }
  search->fastest = MIN(search->fastest, candidate.estimate);
  g_array_append_val(search->found, candidate);
  return TRUE;
}

static gboolean allowed(int forced, int value) {
  return forced < 0 || forced == value;
}

/* A hardware file may fix the placement; --map overrides it. */
static gboolean placement_allowed(const Cs3Hardware *hw, const Cs3MapForce *force, int placement) {
  if (force->placement >= 0)
    return force->placement == placement;
  return hw->kernel.acc_placement == CS3_ACC_AUTO || hw->kernel.acc_placement == placement;
}

/* The least work of a line under @mapping at @tokens a PE; at one token also that of any of more
 * folds. */
static double least_work(const Search *search, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping, double tokens) {
  const Cs3Hardware *hw = search->hw;
  gint64 feature_pes = mapping->axis == CS3_AXIS_X ? hw->wafer.pe_x : hw->wafer.pe_y;
  double features = (double)shape->features * (double)mapping->fold / (double)feature_pes;
  double overhead = (double)hw->kernel.weight_overhead;
  double lanes = (double)cs3_layer_lanes(hw, shape);
  if (mapping->dw == CS3_DW_BLOCK)
    return (double)shape->rows * tokens * (overhead + features / lanes);
  double weights = features * (shape->dense ? 1 : search->density);
  return (double)shape->rows * weights * (overhead + MAX(tokens / lanes, 1));
}

static double least_of_mapping(const Search *search, const Cs3LayerShape *shape,
                               const Cs3Mapping *mapping) {
  const Cs3Hardware *hw = search->hw;
  gint64 token_pes = mapping->axis == CS3_AXIS_X ? hw->wafer.pe_y : hw->wafer.pe_x;
  gint64 tokens = (shape->tokens - 1) / (token_pes * mapping->fold) + 1;
  return least_work(search, shape, mapping, (double)tokens);
}

/* Whether @mapping, of many folds, may be left out; @enough: all of more folds too. */
static gboolean too_slow(const Search *search, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping, gboolean *enough) {
  *enough = least_work(search, shape, mapping, 1) > HOPELESS * search->fastest;
  return *enough || least_of_mapping(search, shape, mapping) > TOO_SLOW * search->fastest;
}

/* Whether @mapping cannot be the best, where only that is asked for. */
static gboolean is_beaten(const Search *search, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping) {
  return search->found == NULL && search->best.estimate > 0 &&
         least_of_mapping(search, shape, mapping) > search->best.estimate;
}

static void consider_folds(Search *search, const Cs3LayerShape *shape, Cs3Mapping mapping,
                           const Cs3MapForce *force) {
  gint64 first = force->fold > 0 ? force->fold : 1;
  gint64 feature_pes = cs3_mapping_most_folds(search->hw, shape, &mapping);
  gint64 last = force->fold > 0 ? force->fold : feature_pes;
  gboolean enough = first > feature_pes;
  if (enough)
    search->refused = (Cs3MapCandidate){.shape = *shape, .mapping = mapping};
  for (mapping.fold = first; mapping.fold <= last && !enough; mapping.fold++) {
    gboolean many = force->fold <= 0 && mapping.fold > SURE_FOLDS;
    if (many ? too_slow(search, shape, &mapping, &enough) : is_beaten(search, shape, &mapping))
      continue;
    gboolean fits = consider(search, shape, &mapping);
    /* A local block only grows with the folds. */
    enough = many && !fits && mapping.dw == CS3_DW_BLOCK;
  }
}

static void consider_placements(Search *search, const Cs3LayerShape *shape, Cs3Mapping mapping,
                                const Cs3MapForce *force) {
  for (int placement = CS3_ACC_CACHE; placement <= CS3_ACC_SRAM; placement++) {
    if (!placement_allowed(search->hw, force, placement))
      continue;
    mapping.placement = placement;
    consider_folds(search, shape, mapping, force);
  }
}

static void consider_axes(Search *search, const Cs3LayerShape *shape, Cs3Mapping mapping,
                          const Cs3MapForce *force) {
  for (mapping.axis = CS3_AXIS_Y; mapping.axis <= CS3_AXIS_X; mapping.axis++)
    if (allowed(force->axis, mapping.axis))
      consider_placements(search, shape, mapping, force);
}

/* How weight gradients may be computed; the other passes know one way. */
static gboolean dw_allowed(const Search *search, const Cs3LayerShape *shape,
                           const Cs3MapForce *force, int dw) {
  if (!cs3_pass_has_gradients(shape->pass))
    return dw == CS3_DW_DOT;
  int wanted = force->dw >= 0 ? force->dw : search->hw->kernel.dw_algorithm;
  return wanted == CS3_DW_AUTO || wanted == dw;
}

/* Whether the weight format of @shape is one to look at. */
static gboolean format_allowed(const Cs3LayerShape *shape, double density,
                               const Cs3MapForce *force) {
  if (density >= 1)
    return shape->dense;
  return allowed(force->dense, shape->dense);
}

/* Ways of a convolution to get at what its taps read; other layers have none. */
static gboolean lowering_allowed(const Cs3LayerShape *shape, const Cs3MapForce *force,
                                 int lowering) {
  if (!cs3_conv_is_one(&shape->conv) || cs3_conv_in_place(&shape->conv))
    return lowering == CS3_LOWERING_HALO;
  return allowed(force->lowering, lowering);
}

/* What no search chooses. */
static Cs3Mapping mapping_asked(const Cs3Hardware *hw, const Cs3MapForce *force) {
  return (Cs3Mapping){
      .reduction = force->reduction >= 0 ? (Cs3Reduction)force->reduction
                                         : (Cs3Reduction)hw->kernel.reduction,
      .overlap = force->overlap >= 0 ? force->overlap
                                     : hw->kernel.reduction_overlap == CS3_OVERLAP_MICROTHREAD,
  };
}

/* All mappings in the weight format of @shape. */
static void consider_format(Search *search, const Cs3LayerShape *shape, const Cs3MapForce *force) {
  Cs3Mapping mapping = mapping_asked(search->hw, force);
  for (mapping.dw = CS3_DW_DOT; mapping.dw <= CS3_DW_BLOCK; mapping.dw++)
    for (int lowering = CS3_LOWERING_HALO; lowering <= CS3_LOWERING_COPIES; lowering++) {
      mapping.lowering = (Cs3Lowering)lowering;
      if (dw_allowed(search, shape, force, mapping.dw) && lowering_allowed(shape, force, lowering))
        consider_axes(search, shape, mapping, force);
    }
}

/* Why nothing fits; words for each of the many that do not would take longer than the search. */
static void explain_refusal(const Search *search, GError **error) {
  const Cs3MapCandidate *c = &search->refused;
  gboolean fits = cs3_mapping_check(search->hw, &c->shape, &c->mapping, error);
  g_return_if_fail(!fits);
}

GArray *cs3_map_candidates(const Cs3Hardware *hw, const Cs3LayerShape *shape, double density,
                           const Cs3MapForce *force, GError **error) {
  Search search = {.hw = hw,
                   .density = density,
                   .fastest = G_MAXDOUBLE,
                   .found = g_array_new(FALSE, FALSE, sizeof(Cs3MapCandidate))};
  Cs3LayerShape s = *shape;
  for (s.dense = FALSE; s.dense <= TRUE; s.dense++)
    if (format_allowed(&s, density, force))
      consider_format(&search, &s, force);
  if (search.found->len == 0) {
    g_array_unref(search.found);
    explain_refusal(&search, error);
    return NULL;
  }
  g_array_sort(search.found, by_estimate);
  return search.found;
}

/* In the place of a density: of what does not depend on it. */
#define ANY_DENSITY (-1.0)

/* Everything that the best mapping in a weight format depends on. */
static Cs3MemoKey question_key(double density, const Cs3MemoKey *wafer, const Cs3LayerShape *shape,
                               const Cs3MapForce *force) {
  gint64 words[] = {0,
                    shape->pass,
                    shape->rows,
                    shape->features,
                    shape->tokens,
                    shape->dense,
                    cs3_shape_groups(shape),
                    shape->wide,
                    force->fold,
                    force->axis,
                    force->placement,
                    force->reduction,
                    force->overlap,
                    force->dw,
                    force->lowering};
  memcpy(&words[0], &density, sizeof density);
  Cs3MemoKey key = cs3_memo_key(wafer, words, sizeof words);
  return cs3_memo_key(&key, &shape->conv, sizeof shape->conv);
}

/* Whether @best, of unlimited links, fits and is as fast on search->hw. */
static gboolean stays_best(const Search *search, const Cs3MapCandidate *best) {
  double density = best->shape.dense ? 1 : search->density, estimate;
  return best->estimate > 0 &&
         cs3_layer_rank(search->hw, &best->shape, &best->mapping, density, INFINITY, &estimate,
                        NULL) &&
         estimate == best->estimate;
}

/* @hint: (nullable): looked at first; fold 0: none. */
static Cs3MapCandidate seek_format(Search *search, const Cs3LayerShape *shape,
                                   const Cs3MapForce *force, const Cs3Mapping *hint) {
  search->best.estimate = 0;
  search->fastest = G_MAXDOUBLE;
  if (hint != NULL && hint->fold > 0)
    consider(search, shape, hint);
  consider_format(search, shape, force);
  Cs3MapCandidate none = {.shape = *shape, .mapping = mapping_asked(search->hw, force)};
  return search->best.estimate > 0 ? search->best : none;
}

/* What closed forms need of a wafer to answer a question. */
typedef struct {
  const Cs3Hardware *hw;
  const Cs3MemoKey *key;
} Wafer;

/* Returns: whether the answer to @key is known. */
static gboolean recall(Cs3Memo *memo, const Cs3MemoKey *key, Cs3MapCandidate *best) {
  gint64 known[CS3_MEMO_VALUES];
  if (!cs3_memo_find(memo, key, known))
    return FALSE;
  memcpy(&best->estimate, &known[0], sizeof best->estimate);
  best->mapping.fold = known[1];
  best->mapping.axis = (int)known[2];
  best->mapping.lowering = (Cs3Lowering)(known[3] >> 16);
  best->mapping.placement = (Cs3AccPlacement)(known[3] >> 8 & 0xff);
  best->mapping.dw = (Cs3DwAlgorithm)(known[3] & 0xff);
  return TRUE;
}

static void remember(Cs3Memo *memo, const Cs3MemoKey *key, const Cs3MapCandidate *best) {
  gint64 known[CS3_MEMO_VALUES] = {0, best->mapping.fold, best->mapping.axis,
                                   (gint64)best->mapping.lowering << 16 |
                                       (gint64)best->mapping.placement << 8 |
                                       (gint64)best->mapping.dw};
  memcpy(&known[0], &best->estimate, sizeof best->estimate);
  cs3_memo_keep(memo, key, known);
}

/* The best of all mappings, where that is known and one that @force allows, is the best of those.
 */
static gboolean recall_of_all(double density, Wafer wafer, const Cs3LayerShape *shape,
                              const Cs3MapForce *force, Cs3Memo *memo, Cs3MapCandidate *best) {
  if (force->axis < 0 && force->placement < 0)
    return FALSE;
  Cs3MapForce all = *force;
  all.axis = all.placement = -1;
  Cs3MemoKey key = question_key(density, wafer.key, shape, &all);
  Cs3MapCandidate known = *best;
  if (!recall(memo, &key, &known) || known.estimate <= 0 ||
      !allowed(force->axis, known.mapping.axis) ||
      !allowed(force->placement, (int)known.mapping.placement))
    return FALSE;
  *best = known;
  return TRUE;
}

/* Whether no mapping fits: whatever the density, and on slower links, too. */
static gboolean recall_none(Wafer wafer, const Cs3LayerShape *shape, const Cs3MapForce *force,
                            Cs3Memo *memo) {
  gint64 known[CS3_MEMO_VALUES];
  Cs3MemoKey key = question_key(ANY_DENSITY, wafer.key, shape, force);
  return cs3_memo_find(memo, &key, known);
}

static void remember_none(Wafer wafer, const Cs3LayerShape *shape, const Cs3MapForce *force,
                          Cs3Memo *memo) {
  const gint64 none[CS3_MEMO_VALUES] = {0};
  Cs3MemoKey key = question_key(ANY_DENSITY, wafer.key, shape, force);
  cs3_memo_keep(memo, &key, none);
}

/* The best mapping of @shape in its weight format; estimate 0: none fits. @unlimited: (nullable):
 * the wafer with links that are never waited for. No mapping is faster on slower links, so that the
 * best there, where it is as fast here, is the best here: it need not be sought for every rate. */
static Cs3MapCandidate best_of_format(Search *search, Wafer wafer, const Wafer *unlimited,
                                      const Cs3LayerShape *shape, const Cs3MapForce *force,
                                      Cs3Memo *memo, const Cs3Mapping *hint) {
  double density = shape->dense ? 1 : search->density;
  Cs3MemoKey key = question_key(density, wafer.key, shape, force);
  Cs3MapCandidate best = {.shape = *shape, .mapping = mapping_asked(wafer.hw, force)};
  if (recall(memo, &key, &best) || recall_none(wafer, shape, force, memo))
    return best;
  gboolean none = FALSE;
  if (!recall_of_all(density, wafer, shape, force, memo, &best)) {
    if (unlimited != NULL)
      best = best_of_format(search, *unlimited, NULL, shape, force, memo, hint);
    none = unlimited != NULL && best.estimate <= 0; /* on slower links neither */
    search->hw = wafer.hw;
    if (!none && (unlimited == NULL || !stays_best(search, &best)))
      best = seek_format(search, shape, force, unlimited != NULL ? &best.mapping : hint);
  }
  remember(memo, &key, &best);
  if (best.estimate <= 0 && !none)
    remember_none(wafer, shape, force, memo);
  return best;
}

/* Without what no closed form of such a pass reads. The search sees nothing else, so that a number
 * which it does read cannot be missing in the name. */
static Cs3Hardware read_of(const Cs3Hardware *hw, gboolean gradients) {
  Cs3Hardware read = *hw;
  read.wafer.power_w = read.wafer.power_idle_ratio = 0;
  read.pe.vector_setup = read.pe.copy_setup = read.pe.fma_setup = 0;
  read.pe.special_rate = read.pe.copy_rate = 0;
  read.io.latency_s = 0;
  read.io.edge_buffer_bytes = 0;
  read.kernel.attention_efficiency = 0;
  memset(&read.gemm, 0, sizeof read.gemm);
  if (gradients)
    return read;
  read.kernel.dw_algorithm = read.kernel.backward = read.kernel.backward_overlap = 0;
  read.kernel.dot_tail = read.kernel.chain_add = 0;
  return read;
}

/* With links off the wafer that are never waited for. */
static Cs3Hardware without_links(const Cs3Hardware *hw) {
  Cs3Hardware unlimited = *hw;
  unlimited.io.rate_bits_per_s = INFINITY;
  unlimited.io.channels = G_MAXINT64;
  unlimited.io.factor = unlimited.io.efficiency = unlimited.wafer.clock_hz = 1;
  return unlimited;
}

Cs3MapWafer cs3_map_wafer(const Cs3Hardware *hw) {
  Cs3MapWafer wafer = {.hw = *hw};
  const double links[] = {cs3_hardware_io_wavelets(hw)};
  for (int gradients = 0; gradients <= 1; gradients++) {
    Cs3Hardware *read = &wafer.of[gradients].read, *unlimited = &wafer.of[gradients].unlimited;
    *read = read_of(hw, gradients);
    *unlimited = without_links(read);
    wafer.of[gradients].unlimited_key = cs3_memo_key(NULL, unlimited, sizeof *unlimited);
    wafer.of[gradients].key = cs3_memo_key(&wafer.of[gradients].unlimited_key, links, sizeof links);
  }
  return wafer;
}

gboolean cs3_map_best(const Cs3MapWafer *wafer, const Cs3LayerShape *shape, double density,
                      const Cs3MapForce *force, Cs3Memo *memo, Cs3MapHints *hints,
                      Cs3MapCandidate *best, GError **error) {
  int gradients = cs3_pass_has_gradients(shape->pass) ? 1 : 0;
  Search search = {.density = density};
  Wafer read = {&wafer->of[gradients].read, &wafer->of[gradients].key};
  Wafer unlimited = {&wafer->of[gradients].unlimited, &wafer->of[gradients].unlimited_key};
  Cs3LayerShape s = *shape;
  best->estimate = 0;
  for (s.dense = FALSE; s.dense <= TRUE; s.dense++) {
    if (!format_allowed(&s, density, force))
      continue;
    Cs3Mapping *hint = hints != NULL ? &hints->best[s.dense ? 1 : 0] : NULL;
    Cs3MapCandidate c =
        best_of_format(&search, read, memo != NULL ? &unlimited : NULL, &s, force, memo, hint);
    if (hint != NULL && c.estimate > 0)
      *hint = c.mapping;
    if (c.estimate > 0 && (best->estimate == 0 || by_estimate(&c, best) < 0))
      *best = c;
  }
  if (best->estimate > 0)
    return TRUE;
  if (error != NULL && memo != NULL) /* remembered, but not why */
    return cs3_map_best(wafer, shape, density, force, NULL, NULL, best, error);
  if (error != NULL)
    explain_refusal(&search, error);
  return FALSE;
}

Cs3LayerWeights cs3_map_weights(const Cs3LayerShape *shape, const Cs3WeightsLoan *weights,
                                Cs3Memo *memo) {
  if (weights == NULL || shape->dense)
    return (Cs3LayerWeights){.memo = memo};
  return weights->layer;
}

/* Memory is planned with what the first of the ranking holds around its tensors. */
static gboolean holds_more(const Cs3Hardware *hw, const Cs3MapCandidate *c, double most) {
  return cs3_layer_around_bytes(hw, &c->shape, &c->mapping) > most;
}

/* What the recurrences of a layer are run on. */
typedef struct {
  const Cs3Hardware *hw;
  const Cs3Hardware *unlimited; /* (nullable): the same with links that are never waited for */
  const Cs3WeightsLoan *weights;
  Cs3Memo *memo;
} Trial;

/* @give_up: 0: never. */
static gboolean run(const Trial *t, const Cs3Hardware *hw, Cs3MapCandidate *candidate,
                    gint64 give_up, GError **error) {
  Cs3LayerWeights weights = cs3_map_weights(&candidate->shape, t->weights, t->memo);
  Cs3LayerWant want = {CS3_LAYER_CYCLES, .give_up = give_up};
  Cs3LayerResult result;
  if (!cs3_layer_pass(hw, &candidate->shape, &candidate->mapping, &weights, want, &result, error))
    return FALSE;
  candidate->cycles = result.cycles;
  return TRUE;
}

/* The same, first on the wafer of unlimited links: no pass is faster on slower ones, so that what
 * is too slow there need not be run for every rate. */
static gboolean run_against(const Trial *t, Cs3MapCandidate *candidate, gint64 give_up,
                            GError **error) {
  if (give_up > 0 && t->unlimited != NULL) {
    if (!run(t, t->unlimited, candidate, give_up, error))
      return FALSE;
    if (candidate->cycles >= give_up)
      return TRUE;
  }
  return run(t, t->hw, candidate, give_up, error);
}

/* Runs what of @found may win. What is no better than the runner-up, or, where that is not asked
 * for, the best, is of no interest, so it need not be run to its end. */
static gboolean run_found(const Trial *t, const GArray *found, gboolean best_only,
                          Cs3MapChoice *choice, GError **error) {
  const Cs3MapCandidate *first = &g_array_index(found, Cs3MapCandidate, 0);
  double most = cs3_layer_around_bytes(t->hw, &first->shape, &first->mapping);
  for (guint i = 0; i < found->len; i++) {
    Cs3MapCandidate c = g_array_index(found, Cs3MapCandidate, i);
    if (choice->run >= 2 && (double)c.bound * WORTH_A_RUN >= (double)choice->best.cycles)
      continue;
    if (holds_more(t->hw, &c, most))
      continue;
    gint64 give_up = best_only ? choice->best.cycles : choice->runner_up.cycles;
    if (!run_against(t, &c, give_up, error))
      return FALSE;
    choice->run++;
    if (choice->best.cycles == 0 || c.cycles < choice->best.cycles) {
      choice->runner_up = choice->best;
      choice->best = c;
    } else if (choice->runner_up.cycles == 0 || c.cycles < choice->runner_up.cycles) {
      choice->runner_up = c;
    }
  }
  return TRUE;
}

gboolean cs3_map_choose(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3WeightsLoan *weights, Cs3Memo *memo, const Cs3MapForce *force,
                        Cs3MapWant want, Cs3MapChoice *choice, GError **error) {
  double matrix = (double)shape->rows * shape->features;
  double density = weights ? weights->nonzeros / matrix : 1;
  g_autoptr(GArray) found = cs3_map_candidates(hw, shape, density, force, error);
  if (found == NULL)
    return FALSE;
  *choice = (Cs3MapChoice){.considered = found->len};
  Cs3Hardware unlimited = without_links(hw);
  const Trial t = {hw, want.links_vary ? &unlimited : NULL, weights, memo};
  if (!run_found(&t, found, want.best_only, choice, error))
    return FALSE;
  if (want.best_only)
    choice->runner_up = (Cs3MapCandidate){0};
  return TRUE;
}

/* What the partial results of a pass go through. */
static const char *way_of(const Cs3MapCandidate *c) {
  return cs3_pass_has_gradients(c->shape.pass) ? cs3_dw_name(c->mapping.dw)
                                               : cs3_reduction_name(c->mapping.reduction);
}

/* Returns: (nullable): nothing moves around other layers. */
static const char *lowering_of(const Cs3MapCandidate *c) {
  const Cs3ConvShape *conv = &c->shape.conv;
  return cs3_conv_is_one(conv) && !cs3_conv_in_place(conv) ? cs3_lowering_name(c->mapping.lowering)
                                                           : NULL;
}

char *cs3_map_describe(const Cs3MapCandidate *c) {
  gboolean stands = !c->mapping.overlap && !cs3_pass_has_gradients(c->shape.pass);
  const char *lowering = lowering_of(c);
  return g_strdup_printf("fold %" G_GINT64_FORMAT " on %s, %s, %s%s, %s%s%s", c->mapping.fold,
                         c->mapping.axis == CS3_AXIS_X ? "x" : "y",
                         cs3_placement_name(c->mapping.placement), way_of(c),
                         stands ? " not overlapped" : "", c->shape.dense ? "dense" : "sparse",
                         lowering != NULL ? ", " : "", lowering != NULL ? lowering : "");
}

json_t *cs3_map_json(const Cs3MapCandidate *c) {
  g_autofree char *text = cs3_map_describe(c);
  json_t *object =
      cs3_json_pack("{s:I, s:s, s:s, s:s, s:b, s:s, s:I, s:s}", "fold", (json_int_t)c->mapping.fold,
                    "features_on", c->mapping.axis == CS3_AXIS_X ? "x" : "y", "accumulators",
                    cs3_placement_name(c->mapping.placement), "reduction", way_of(c), "overlap",
                    c->mapping.overlap, "weights", c->shape.dense ? "dense" : "sparse", "cycles",
                    (json_int_t)c->cycles, "text", text);
  if (lowering_of(c) != NULL)
    json_object_set_new(object, "lowering", json_string(lowering_of(c)));
  return object;
}
