/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass of attention and where its cycles went: the machine is run with its limits switched on one
 * after the other; every limit is charged the cycles that it adds. */
#include "config.h"

#include "fabric/attention/attention.h"

#include <math.h>

#include "fabric/attention/machine.h"
#include "fabric/fabric-error.h"

const char *cs3_attention_algorithm_name(Cs3AttentionAlgorithm algorithm) {
#define NAME(ID, name, text) [CS3_ATTENTION_##ID] = text,
  static const char *const names[] = {CS3_ATTENTION_ALGORITHMS(NAME)};
#undef NAME
  return names[algorithm];
}

const char *cs3_token_order_name(Cs3TokenOrder order) {
  static const char *const names[CS3_N_TOKEN_ORDERS] = {"block", "striped", "zigzag"};
  return names[order];
}

const char *cs3_scores_name(Cs3Scores scores) {
  static const char *const names[CS3_N_SCORES] = {"dot", "axpy"};
  return names[scores];
}

const char *cs3_attention_cause_name(Cs3AttentionCause cause) {
  static const char *const names[CS3_N_ATTENTION_CAUSES] = {
      "arithmetic", "mapping", "softmax", "overhead", "imbalance", "movement", "reduction", "fill"};
  return names[cause];
}

const Cs3AttentionOps *cs3_attention_ops(Cs3AttentionAlgorithm algorithm) {
#define ROW(ID, name, text) [CS3_ATTENTION_##ID] = &cs3_attention_##name,
  static const Cs3AttentionOps *const table[] = {CS3_ATTENTION_ALGORITHMS(ROW)};
#undef ROW
  return table[algorithm];
}

gint64 cs3_attention_products(const Cs3AttentionShape *s) {
  return s->backward ? 3 * s->head_dim + 2 * s->value_dim : s->head_dim + s->value_dim;
}

/* Sum of min(i, most) over i = 0 .. n - 1. */
static gint64 capped_sum(gint64 n, gint64 most) {
  gint64 m = MIN(n, most + 1);
  return m * (m - 1) / 2 + (n - m) * most;
}

/* Pairs that are seen in a document of @n tokens. */
static gint64 document_pairs(const Cs3AttentionShape *s, gint64 n) {
  if (s->causal)
    return n + capped_sum(n, s->window > 0 ? s->window - 1 : n);
  return s->window > 0 ? n + 2 * capped_sum(n, s->window / 2) : n * n;
}

static gint64 seen_pairs(const Cs3AttentionShape *s) {
  if (s->queries != s->keys)
    return s->queries * s->keys;
  gint64 n = s->document > 0 ? s->document : s->queries;
  return s->queries / n * document_pairs(s, n) + document_pairs(s, s->queries % n);
}

/* Pairs of a job's queries of one head. */
static gint64 head_pairs(const Cs3AttentionShape *s, gboolean computed) {
  gint64 pairs = 0;
  if (!computed || s->tile == 1)
    return seen_pairs(s);
  for (gint64 query = 0; query < s->queries; query += s->tile) {
    Cs3KeyRange r = cs3_attention_computed(s, query);
    pairs += (r.hi - r.lo) * MIN(s->tile, s->queries - query);
  }
  return pairs;
}

double cs3_attention_pairs(const Cs3AttentionShape *s, gboolean computed) {
  return (double)head_pairs(s, computed) * (double)s->heads * (double)s->sequences;
}

double cs3_attention_efficiency(const Cs3Hardware *hw, const Cs3AttentionShape *s, gint64 cycles) {
  double macs = cs3_attention_pairs(s, FALSE) * (double)cs3_attention_products(s);
  double lanes = (double)hw->wafer.pe_x * (double)hw->wafer.pe_y * (double)hw->pe.lanes_fp16;
  return cycles > 0 ? macs / (lanes * (double)cycles) : 0;
}

/* Cycles of one score by vectors over queries, at least. */
static double least_score(const Cs3AttentionCosts *c) {
  double vectors = (double)c->products, queries = (double)(c->queries.most * c->group);
  return vectors / c->score_rate + vectors * (double)c->issue / queries;
}

double cs3_attention_pair_work(const Cs3AttentionCosts *c) {
  const Cs3AttentionShape *s = &c->shape;
  double pair = (double)(c->pair.arithmetic + c->pair.overhead) + 1 / c->special_rate +
                (double)(c->element_wise * c->wide) / c->vector_rate;
  if (c->products > 0)
    pair += least_score(c);
  double places = (double)cs3_attention_all_places(c);
  return (double)head_pairs(s, TRUE) * (double)c->group / places * pair;
}

/* The mean place's work, roundings of chunks left out. */
static double mean_work(const Cs3AttentionCosts *c) {
  return cs3_attention_pair_work(c) + (double)(c->visits * c->control) +
         (double)(c->streams * (c->kv_issue + c->sum_issue));
}

gint64 cs3_attention_least(const Cs3AttentionCosts *c) {
  gint64 links = cs3_attention_ops(c->mapping.algorithm)->links(c);
  return MAX((gint64)floor((double)c->jobs * mean_work(c) * (1 - 1e-12)), links);
}

double cs3_attention_around(const Cs3Hardware *hw, const Cs3AttentionCosts *c) {
  return (double)hw->wafer.pe_x * (double)hw->wafer.pe_y * (double)c->around_bytes;
}

double cs3_attention_around_bytes(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                                  const Cs3AttentionMapping *mapping) {
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  return cs3_attention_around(hw, &c);
}

gint64 cs3_attention_bound(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                           const Cs3AttentionMapping *mapping) {
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  return cs3_attention_least(&c);
}

static void climb(gint64 *height, gint64 end, gint64 rung, gint64 *cause) {
  gint64 next = CLAMP(rung, *height, end);
  *cause += next - *height;
  *height = next;
}

/* The mean place's issue cycles so far up the ladder. */
static gint64 mean_of(const Cs3AttentionCosts *c, double cycles) {
  return (gint64)(cycles * (double)c->jobs / (double)cs3_attention_all_places(c));
}

static void split_causes(const Cs3Hardware *hw, const Cs3AttentionCosts *c,
                         const Cs3AttentionSteps *steps, Cs3AttentionResult *result) {
  const Cs3AttentionOps *ops = cs3_attention_ops(c->mapping.algorithm);
  const Cs3AttentionWork *w = &steps->total;
  gint64 *causes = result->causes, height = 0, end = result->cycles;
  double peak = (double)hw->wafer.cores_peak * (double)hw->pe.lanes_fp16, sum = 0;
  climb(&height, end, (gint64)((double)result->macs / peak), &causes[CS3_ATTENTION_ARITHMETIC]);
  const struct {
    gint64 cycles;
    Cs3AttentionCause cause;
  } shares[] = {{w->arithmetic, CS3_ATTENTION_MAPPING},
                {w->softmax, CS3_ATTENTION_SOFTMAX},
                {w->overhead, CS3_ATTENTION_OVERHEAD},
                {w->movement, CS3_ATTENTION_MOVEMENT},
                {w->reduction, CS3_ATTENTION_REDUCTION}};
  for (guint i = 0; i < G_N_ELEMENTS(shares); i++) {
    sum += (double)shares[i].cycles;
    climb(&height, end, mean_of(c, sum), &causes[shares[i].cause]);
  }
  climb(&height, end, ops->run(c, steps, CS3_ATTENTION_LIMIT_WORK),
        &causes[CS3_ATTENTION_IMBALANCE]);
  climb(&height, end, ops->run(c, steps, CS3_ATTENTION_LIMIT_MOVEMENT),
        &causes[CS3_ATTENTION_MOVEMENT]);
  if (c->shape.backward || c->parts > 1)
    climb(&height, end, ops->run(c, steps, CS3_ATTENTION_LIMIT_REDUCTION),
          &causes[CS3_ATTENTION_REDUCTION]);
  climb(&height, end, end, &causes[CS3_ATTENTION_FILL]);
}

/* Pairs of the busiest place over those of the mean one. */
static double imbalance(const Cs3AttentionCosts *c) {
  gint64 all = 0, most = 0, places = cs3_attention_all_places(c);
  for (gint64 place = 0; place < places; place++) {
    Cs3PlaceTokens queries = cs3_attention_queries(c, place);
    gint64 part = cs3_attention_part(c, place), n = cs3_place_count(&queries), pairs = 0;
    const Cs3PlaceTokens keys = {{{part, c->parts, c->shape.keys}}}; /* of all its places */
    for (gint64 l = 0; l < n; l++)
      pairs +=
          cs3_place_within(&keys, cs3_attention_computed(&c->shape, cs3_place_token(&queries, l)));
    all += pairs;
    most = MAX(most, pairs);
  }
  return all > 0 ? (double)most * (double)places / (double)all : 1;
}

static void describe(const Cs3AttentionCosts *c, Cs3AttentionResult *result) {
  const Cs3AttentionShape *s = &c->shape;
  gint64 jobs = s->kv_heads * s->sequences;
  *result = (Cs3AttentionResult){.places = cs3_attention_all_places(c),
                                 .jobs = c->jobs,
                                 .pairs = head_pairs(s, TRUE) * s->heads * s->sequences,
                                 .imbalance = imbalance(c),
                                 .sram_bytes = c->sram_bytes};
  result->macs = result->pairs * cs3_attention_products(s);
  result->received = jobs * (cs3_attention_all_places(c) * c->rows * c->elements +
                             (c->parts - 1) * c->places * c->merge_elements);
  result->wavelets = jobs * cs3_attention_ops(c->mapping.algorithm)->wavelets(c);
}

static gboolean above_bound(const Cs3AttentionCosts *c, gint64 cycles, GError **error) {
  gint64 bound = cs3_attention_least(c);
  if (cycles >= bound)
    return TRUE;
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_MISTAKE,
              "attention of %" G_GINT64_FORMAT " tokens would take %" G_GINT64_FORMAT
              " cycles, less than its lower bound of %" G_GINT64_FORMAT
              ": a mistake of the model, please report it",
              c->shape.queries, cycles, bound);
  return FALSE;
}

gboolean cs3_attention_run_cycles(const Cs3AttentionCosts *c, const Cs3AttentionSteps *steps,
                                  gint64 *cycles, GError **error) {
  *cycles = cs3_attention_ops(c->mapping.algorithm)->run(c, steps, CS3_ATTENTION_LIMIT_ALL);
  return above_bound(c, *cycles, error);
}

gboolean cs3_attention_pass(const Cs3Hardware *hw, const Cs3AttentionShape *shape,
                            const Cs3AttentionMapping *mapping, gboolean causes,
                            Cs3AttentionResult *result, GError **error) {
  Cs3AttentionCosts c;
  cs3_attention_costs(hw, shape, mapping, &c);
  g_autoptr(Cs3AttentionSteps) steps = cs3_attention_steps(&c, c.parts);
  describe(&c, result);
  if (!cs3_attention_run_cycles(&c, steps, &result->cycles, error))
    return FALSE;
  if (causes)
    split_causes(hw, &c, steps, result);
  return TRUE;
}
