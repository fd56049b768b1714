/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass and where its cycles went: the machine is run with its limits switched on one after the
 * other; every limit is charged the cycles it adds, so the causes add up to the pass. */
#include "config.h"

#include "fabric/layer/layer.h"

#include "fabric/fabric-error.h"
#include "fabric/layer/lines.h"
#include "fabric/layer/passes.h"
#include "fabric/layer/unhurried.h"

static const char *const cause_names[CS3_N_CAUSES] = {
    "arithmetic", "mapping", "overhead", "imbalance", "reduction",
    "ingress",    "egress",  "fill",     "halo",
};

const char *cs3_cause_name(Cs3Cause cause) {
  return cause_names[cause];
}

const char *cs3_pass_name(Cs3Pass pass) {
  static const char *const names[CS3_N_PASS_KINDS] = {"forward", "dx", "dw", "backward"};
  return names[pass];
}

const char *cs3_placement_name(Cs3AccPlacement placement) {
  static const char *const names[] = {"auto", "cache", "spill", "sram"};
  return names[placement];
}

const char *cs3_dw_name(Cs3DwAlgorithm algorithm) {
  static const char *const names[] = {"dot-row-chain", "local-block", "auto"};
  return names[algorithm];
}

/* Non-zeros of the whole matrix and of its busiest line. */
static void count_nonzeros(const Cs3LayerShape *shape, gint64 lines, const Cs3LayerCounts *counts,
                           gint64 *total, gint64 *busiest) {
  if (counts == NULL) {
    *total = shape->rows * shape->features;
    *busiest = shape->rows * ((shape->features + lines - 1) / lines);
    return;
  }
  g_autofree gint64 *line = g_new0(gint64, lines);
  for (gint64 i = 0; i < shape->rows; i++)
    for (gint64 r = 0; r < lines; r++)
      line[r] += counts->counts[i * counts->stride + r];
  *total = *busiest = 0;
  for (gint64 r = 0; r < lines; r++) {
    *total += line[r];
    *busiest = MAX(*busiest, line[r]);
  }
}

/* A pass on its way. */
typedef struct {
  const Cs3LayerShape *shape;
  const Cs3Mapping *mapping;
  const Cs3LayerWeights *weights;
  Cs3LayerCosts costs;
  gint64 nonzeros, busiest; /* of the matrix, of its busiest line */
} Pass;

Cs3PassCosts cs3_pass_limited(const Cs3PassCosts *costs, Cs3PassLimits limits) {
  Cs3PassCosts c = *costs;
  c.travels = limits >= CS3_LIMIT_REDUCTION;
  if (limits < CS3_LIMIT_INGRESS) {
    c.ingress_cycles = 0;
    c.edge_rows = 2;
  }
  if (limits < CS3_LIMIT_EGRESS || !c.gradients)
    c.egress_cycles = 0;
  if (c.egress_cycles == 0) /* how long a gradient travels matters to the edge alone */
    c.lead = c.reach = 0;
  return c;
}

static Cs3LayerCounts counts_of(const Pass *p) {
  const Cs3LayerWeights *w = p->weights;
  gboolean all = w->counts == NULL || p->shape->dense; /* zeros are multiplied, too */
  return all ? (Cs3LayerCounts){.counts = NULL} : w->counts(w->source, p->costs.pass.lines);
}

/* A pass that was stopped leaves the least that it takes: under a name of its own. */
static Cs3MemoKey least_key(const Cs3MemoKey *key) {
  return cs3_memo_key(key, "at least", sizeof "at least");
}

static Cs3MemoKey pass_key(const Pass *p, Cs3PassLimits limits, Cs3PassCosts *costs) {
  *costs = cs3_pass_limited(&p->costs.pass, limits);
  return cs3_memo_key(&p->weights->key, costs, sizeof *costs);
}

static void keep_times(const Pass *p, const Cs3MemoKey *key, const Cs3PassTimes *times) {
  gint64 answer[CS3_MEMO_VALUES] = {times->threads, times->end, times->ingress_wavelets,
                                    times->egress_wavelets};
  cs3_memo_keep(p->weights->memo, key, answer);
}

/* @times of the pass with @limits are those without the links that nobody waited for, too: each
 * cause of a pass that is chosen would run it once more. */
static void keep_unlimited(const Pass *p, Cs3PassLimits limits, const Cs3PassTimes *times) {
  Cs3PassCosts costs;
  Cs3PassTimes same = *times;
  if (limits < CS3_LIMIT_INGRESS || times->waits_out)
    return;
  if (p->costs.pass.gradients) { /* else the pass is the same one */
    same.threads = same.end = times->lines;
    Cs3MemoKey key = pass_key(p, CS3_LIMIT_INGRESS, &costs);
    keep_times(p, &key, &same);
  }
  if (times->waits_in)
    return;
  same.threads -= times->begin;
  same.end -= times->begin;
  same.ingress_wavelets = 0;
  Cs3MemoKey key = pass_key(p, CS3_LIMIT_REDUCTION, &costs);
  keep_times(p, &key, &same);
}

/* What the memory knows of the whole pass @key, or of one that is the same. */
static gboolean recall(const Pass *p, Cs3PassLimits limits, const Cs3MemoKey *key,
                       const Cs3PassCosts *costs, Cs3PassTimes *times) {
  gint64 known[CS3_MEMO_VALUES];
  if (cs3_memo_find(p->weights->memo, key, known)) {
    *times = (Cs3PassTimes){known[0], known[1], known[2], known[3]};
    return TRUE;
  }
  if (!cs3_unhurried_find(p->weights->memo, &p->weights->key, costs, times))
    return FALSE;
  keep_times(p, key, times);
  keep_unlimited(p, limits, times);
  return TRUE;
}

/* Whether the pass is known to take until @give_up. */
static gboolean recall_least(const Pass *p, const Cs3MemoKey *key, const Cs3PassCosts *costs,
                             gint64 give_up, Cs3PassTimes *times) {
  gint64 known[CS3_MEMO_VALUES];
  if (give_up == G_MAXINT64)
    return FALSE;
  Cs3MemoKey least = least_key(key);
  *times = (Cs3PassTimes){.end = cs3_memo_find(p->weights->memo, &least, known) ? known[1] : 0};
  if (times->end < give_up)
    times->end = cs3_unhurried_least(p->weights->memo, &p->weights->key, costs);
  return times->end >= give_up;
}

/* @times of the pass, of what it takes at least if it was given up. */
static void keep(const Pass *p, Cs3PassLimits limits, const Cs3MemoKey *key,
                 const Cs3PassCosts *costs, const Cs3PassTimes *times) {
  if (times->given_up) {
    Cs3MemoKey least = least_key(key);
    keep_times(p, &least, times);
    cs3_unhurried_keep_least(p->weights->memo, &p->weights->key, costs, times);
    return;
  }
  keep_times(p, key, times);
  cs3_unhurried_keep(p->weights->memo, &p->weights->key, costs, times);
  keep_unlimited(p, limits, times);
}

/* @give_up: of Cs3PassTimes.end. */
static Cs3PassTimes run(const Pass *p, Cs3PassLimits limits, gint64 give_up) {
  Cs3PassCosts costs;
  Cs3MemoKey key = pass_key(p, limits, &costs);
  Cs3PassTimes times;
  if (recall(p, limits, &key, &costs, &times) || recall_least(p, &key, &costs, give_up, &times))
    return times;
  Cs3LayerCounts made = counts_of(p);
  const Cs3LayerCounts *counts = made.counts != NULL ? &made : NULL;
  times = costs.gradients ? cs3_dot_pass(&costs, counts, give_up)
                          : cs3_axpy_pass(&costs, counts, give_up);
  if (times.end != CS3_PASS_ADRIFT)
    keep(p, limits, &key, &costs, &times);
  return times;
}

static Cs3PassTimes run_whole(const Pass *p, Cs3PassLimits limits) {
  return run(p, limits, G_MAXINT64);
}

/* How many weights the pass multiplies: added up once for every matrix and number of rows. */
static gint64 live_weights(const Pass *p) {
  const Cs3LayerShape *shape = p->shape;
  if (shape->dense || p->weights->counts == NULL)
    return shape->rows * shape->features;
  Cs3MemoKey key = cs3_memo_key(&p->weights->key, &shape->rows, sizeof shape->rows);
  gint64 answer[CS3_MEMO_VALUES] = {0};
  if (cs3_memo_find(p->weights->memo, &key, answer))
    return answer[0];
  Cs3LayerCounts counts = counts_of(p);
  if (counts.row_weights != NULL)
    answer[0] = cs3_pass_rest(&p->costs.pass, &counts).weights;
  else
    count_nonzeros(shape, p->costs.pass.lines, &counts, &answer[0], &answer[1]);
  cs3_memo_keep(p->weights->memo, &key, answer);
  return answer[0];
}

static void find_nonzeros(Pass *p) {
  gint64 question[] = {p->costs.pass.lines, p->shape->rows, p->shape->features};
  Cs3MemoKey key = cs3_memo_key(&p->weights->key, question, sizeof question);
  gint64 answer[CS3_MEMO_VALUES] = {0};
  if (!cs3_memo_find(p->weights->memo, &key, answer)) {
    Cs3LayerCounts made = counts_of(p);
    count_nonzeros(p->shape, p->costs.pass.lines, made.counts != NULL ? &made : NULL, &answer[0],
                   &answer[1]);
    cs3_memo_keep(p->weights->memo, &key, answer);
  }
  p->nonzeros = answer[0];
  p->busiest = answer[1];
}

/* What moves around the rounds: found out once for every layout. */
static gint64 moves_of(const Cs3Hardware *hw, const Pass *p) {
  if (!cs3_conv_is_one(&p->shape->conv) || cs3_conv_in_place(&p->shape->conv))
    return 0;
  Cs3ConvLayout layout = cs3_layer_layout(p->shape, p->mapping, &p->costs);
  gint64 words[] = {p->shape->pass, p->shape->rows, p->shape->features};
  Cs3MemoKey key = cs3_memo_key(NULL, "moves", sizeof "moves");
  key = cs3_memo_key(&key, hw, sizeof *hw);
  key = cs3_memo_key(&key, words, sizeof words);
  key = cs3_memo_key(&key, &layout.shape, sizeof layout.shape);
  gint64 rest[] = {layout.samples, layout.pes,    layout.lines,   layout.entries,
                   layout.tokens,  layout.rounds, layout.lowering};
  key = cs3_memo_key(&key, rest, sizeof rest);
  gint64 known[CS3_MEMO_VALUES] = {0};
  if (cs3_memo_find(p->weights->memo, &key, known))
    return known[0];
  known[0] = cs3_layer_moves(hw, p->shape, p->mapping, &p->costs, FALSE);
  cs3_memo_keep(p->weights->memo, &key, known);
  return known[0];
}

/* One round of one band becomes all of them, and what moves around them. Bands beyond the number of
 * groups stand idle in the last round: that is no arithmetic. */
static void all_rounds(const Cs3Hardware *hw, const Pass *p, gint64 moves, Cs3LayerResult *r) {
  gint64 rounds = p->costs.rounds, groups = cs3_shape_groups(p->shape);
  r->cycles = moves + rounds * r->cycles;
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    r->causes[cause] *= rounds;
  r->nonzeros *= groups;
  r->ingress_wavelets *= groups;
  r->egress_wavelets *= groups;
  r->causes[CS3_CAUSE_HALO] = moves;
  gint64 ideal = MIN(cs3_ideal_cycles(hw, p->shape, r->nonzeros), r->causes[CS3_CAUSE_ARITHMETIC]);
  if (groups > 1 && r->causes[CS3_CAUSE_ARITHMETIC] > 0) {
    r->causes[CS3_CAUSE_MAPPING] += r->causes[CS3_CAUSE_ARITHMETIC] - ideal;
    r->causes[CS3_CAUSE_ARITHMETIC] = ideal;
  }
}

/* Returns: %FALSE with an error when @times are none. */
static gboolean told(const Cs3PassTimes *times, GError **error) {
  if (times->end != CS3_PASS_ADRIFT)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
              "the lines of the layer drift more than %d cycles apart, further than the recurrence "
              "can follow; use fewer accumulator slots, or less work a row",
              CS3_TIMES_HIGH);
  return FALSE;
}

Cs3PassRest cs3_pass_rest(const Cs3PassCosts *costs, const Cs3LayerCounts *counts) {
  Cs3PassRest rest = {.rows = costs->rows};
  if (counts == NULL)
    rest.weights = costs->rows * costs->row_features;
  else if (counts->row_weights != NULL)
    for (gint64 row = 0; row < costs->rows; row++)
      rest.weights += counts->row_weights[row];
  return rest;
}

/* The rungs of the ladder: what the pass would take if only the limits up to here held. Each is at
 * least the one before, so that every cause is what its limit adds. The off-wafer stream comes
 * right after the arithmetic: work that hides behind it is not what the user waits for. */

static gboolean split_causes(const Cs3Hardware *hw, const Pass *p, const Cs3PassTimes *all,
                             gint64 *causes, GError **error) {
  const Cs3LayerCosts *c = &p->costs;
  gint64 per_line = p->nonzeros / c->pass.lines, height = 0;
  Cs3PassTimes slots = run_whole(p, CS3_LIMIT_SLOTS);
  Cs3PassTimes reduced = run_whole(p, CS3_LIMIT_REDUCTION), ingress = {0};
  if (cs3_pass_has_gradients(p->shape->pass))
    ingress = run_whole(p, CS3_LIMIT_INGRESS);
  if (!told(&slots, error) || !told(&reduced, error) || !told(&ingress, error))
    return FALSE;
  cs3_cause_climb(&height, cs3_ideal_cycles(hw, p->shape, p->nonzeros * c->bands),
                  &causes[CS3_CAUSE_ARITHMETIC]);
  cs3_cause_climb(&height, (gint64)(all->ingress_wavelets * c->pass.ingress_cycles),
                  &causes[CS3_CAUSE_INGRESS]);
  cs3_cause_climb(&height, (gint64)(all->egress_wavelets * c->pass.egress_cycles),
                  &causes[CS3_CAUSE_EGRESS]);
  gint64 rows = p->shape->rows;
  cs3_cause_climb(&height, per_line * c->arithmetic + rows * c->block_vector,
                  &causes[CS3_CAUSE_MAPPING]);
  cs3_cause_climb(&height,
                  per_line * c->pass.service + rows * (c->pass.control + c->pass.block) +
                      c->pass.clear + c->pass.finish,
                  &causes[CS3_CAUSE_OVERHEAD]);
  cs3_cause_climb(&height, slots.threads, &causes[CS3_CAUSE_IMBALANCE]);
  cs3_cause_climb(&height, reduced.threads, &causes[CS3_CAUSE_REDUCTION]);
  /* What the stream and the rest cost together beyond the larger of them. */
  if (cs3_pass_has_gradients(p->shape->pass)) {
    cs3_cause_climb(&height, ingress.threads, &causes[CS3_CAUSE_INGRESS]);
    cs3_cause_climb(&height, all->threads, &causes[CS3_CAUSE_EGRESS]);
  } else {
    cs3_cause_climb(&height, all->threads, &causes[CS3_CAUSE_INGRESS]);
  }
  causes[CS3_CAUSE_FILL] = c->pass.lead + all->end - height;
  return TRUE;
}

/* No pass is faster than its bound: one that is has been counted wrong. */
static gboolean above_bound(const Cs3Hardware *hw, const Pass *p, const Cs3LayerResult *result,
                            GError **error) {
  return cs3_layer_above_bound(hw, p->shape, p->mapping, result->nonzeros, result->cycles, error);
}

/* The cycles alone, or, if they are as many as @give_up, a number of them from there on. */
static gboolean find_cycles(const Cs3Hardware *hw, const Pass *p, gint64 give_up,
                            Cs3LayerResult *result, GError **error) {
  gint64 around = p->costs.pass.lead, moves = moves_of(hw, p), rounds = p->costs.rounds;
  gint64 round = (give_up - moves + rounds - 1) / rounds - around;
  Cs3PassTimes times = run(p, CS3_LIMIT_EGRESS, give_up > 0 ? MAX(round, 1) : G_MAXINT64);
  if (!told(&times, error))
    return FALSE;
  *result = (Cs3LayerResult){.cycles = around + times.end, .nonzeros = live_weights(p)};
  all_rounds(hw, p, moves, result);
  return (give_up > 0 && result->cycles >= give_up) || above_bound(hw, p, result, error);
}

/* Everything but the causes, of one round of one band. */
static gboolean find_times(Pass *p, Cs3PassTimes *all, Cs3LayerResult *result, GError **error) {
  find_nonzeros(p);
  *all = run_whole(p, CS3_LIMIT_EGRESS);
  if (!told(all, error))
    return FALSE;
  *result = (Cs3LayerResult){
      .cycles = p->costs.pass.lead + all->end,
      .nonzeros = p->nonzeros,
      .ingress_wavelets = all->ingress_wavelets,
      .egress_wavelets = all->egress_wavelets,
      .imbalance = p->nonzeros > 0 ? (double)p->busiest * p->costs.pass.lines / p->nonzeros : 1,
  };
  return TRUE;
}

gboolean cs3_layer_pass(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3Mapping *mapping, const Cs3LayerWeights *weights,
                        Cs3LayerWant want, Cs3LayerResult *result, GError **error) {
  static const Cs3LayerWeights all_alive = {.counts = NULL};
  Pass pass = {
      .shape = shape, .mapping = mapping, .weights = weights != NULL ? weights : &all_alive};
  Cs3PassTimes all;
  cs3_layer_costs(hw, shape, mapping, &pass.costs);
  if (want.detail == CS3_LAYER_CYCLES)
    return find_cycles(hw, &pass, want.give_up, result, error);
  if (!find_times(&pass, &all, result, error) ||
      (want.detail == CS3_LAYER_CAUSES && !split_causes(hw, &pass, &all, result->causes, error)))
    return FALSE;
  all_rounds(hw, &pass, moves_of(hw, &pass), result);
  return above_bound(hw, &pass, result, error);
}

static Cs3LayerCounts given(gpointer source, gint64 lines) {
  return *(const Cs3LayerCounts *)source;
}

Cs3LayerWeights cs3_layer_weights_given(const Cs3LayerCounts *counts) {
  return (Cs3LayerWeights){.counts = counts != NULL ? given : NULL, .source = (gpointer)counts};
}
