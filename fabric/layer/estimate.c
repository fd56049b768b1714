/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Closed forms: a lower bound of a pass, and an estimate that ranks mappings before any mask is
 * drawn. */
#include "config.h"

#include <math.h>

#include "fabric/fabric-error.h"
#include "fabric/layer/passes.h"
#include "fabric/layer/recurrence.h"
#include "fabric/layer/stream.h"

typedef struct {
  double line; /* work of the line that counts */
  double link; /* reduction or broadcast vectors on one link */
  double ingress, egress;
} Limits;

/* Cycles per row of one line beside its weights, mean over the lines. */
static double row_work(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       const Cs3PassCosts *c) {
  double share =
      (double)(c->lines - 1) / c->lines; /* one end receives nothing, the other sends nothing */
  double cycles = c->control + c->block + (double)c->store / c->lines;
  if (!cs3_pass_has_gradients(shape->pass) && !mapping->overlap)
    return cycles + (c->lines > 1 ? c->last + 1 : 0); /* the PE stands while the vector passes */
  return cycles + share * (c->receive + c->send);
}

/* dW: dy of a row leaves its owner -> the owner knows that the slot is free again, when the
 * farthest of the lines is @lines_away and takes @work for the row. J rows can be on this way. */
static double round_trip(const Cs3PassCosts *c, double lines_away, double work) {
  return c->vector + c->feed + (lines_away - 1) * c->hop + work + 2.0 * c->feed + 2;
}

/* Cycles in which the vectors of all rows pass a link. In dW a row's owner, another line than the
 * one before, begins when it holds the vector of that one. */
static double link_work(const Cs3LayerShape *shape, const Cs3PassCosts *c) {
  if (c->lines == 1)
    return 0;
  if (!cs3_pass_has_gradients(shape->pass))
    return (double)shape->rows * c->vector;
  double stream = (double)shape->rows * (c->vector + c->feed - c->hop);
  double windows = (double)((shape->rows - 1) / c->slots);
  return MAX(stream,
             windows * round_trip(c, (double)(c->lines / 2), c->control + c->block + c->receive));
}

static double line_work(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                        const Cs3PassCosts *c, double line_nonzeros) {
  return line_nonzeros * c->service + (double)shape->rows * row_work(shape, mapping, c) + c->clear +
         c->finish;
}

static Limits limits(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                     const Cs3PassCosts *c, double nonzeros, double line_nonzeros) {
  double rows = shape->rows;
  double gradients =
      cs3_pass_has_gradients(shape->pass) ? nonzeros * hw->kernel.gradient_bits / 32 : 0;
  return (Limits){
      .line = line_work(shape, mapping, c, line_nonzeros),
      .link = link_work(shape, c),
      .ingress = rows * cs3_layer_row_wavelets(c, nonzeros / rows) * c->ingress_cycles,
      .egress = gradients * c->egress_cycles,
  };
}

static double longest(const Limits *l) {
  return MAX(MAX(l->line, l->link), MAX(l->ingress, l->egress));
}

gboolean cs3_layer_above_bound(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                               const Cs3Mapping *mapping, gint64 nonzeros, gint64 cycles,
                               GError **error) {
  gint64 bound = cs3_layer_bound(hw, shape, mapping, nonzeros);
  if (cycles >= bound)
    return TRUE;
  g_set_error(
      error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_MISTAKE,
      "a %s pass of %" G_GINT64_FORMAT " x %" G_GINT64_FORMAT " weights and %" G_GINT64_FORMAT
      " tokens would take %" G_GINT64_FORMAT " cycles, less than its lower bound of "
      "%" G_GINT64_FORMAT ": a mistake of the model, please report it",
      cs3_pass_name(shape->pass), shape->rows, shape->features, shape->tokens, cycles, bound);
  return FALSE;
}

/* The recurrence counts the links in fixed point: a bound on it must not be slower. */
static void count_links(Cs3PassCosts *c) {
  c->ingress_cycles = MIN(c->ingress_cycles, cs3_stream_rate(c->ingress_cycles));
  c->egress_cycles = MIN(c->egress_cycles, cs3_stream_rate(c->egress_cycles));
}

/* @nonzeros: of one group. @moves: cycles around the rounds, at least. */
static gint64 bound_of(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       const Cs3LayerCosts *costs, gint64 moves, gint64 nonzeros) {
  Cs3PassCosts c = costs->pass;
  count_links(&c);
  Limits l = limits(hw, shape, mapping, &c, nonzeros, (double)nonzeros / c.lines);
  return costs->rounds * ((gint64)floor(longest(&l)) + c.lead) + moves;
}

gint64 cs3_layer_bound(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       gint64 nonzeros) {
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  gint64 moves = cs3_layer_moves(hw, shape, mapping, &c, TRUE);
  return bound_of(hw, shape, mapping, &c, moves, nonzeros / cs3_shape_groups(shape));
}

void cs3_layer_bound_result(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                            const Cs3Mapping *mapping, gint64 nonzeros, Cs3LayerResult *result) {
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  count_links(&c.pass);
  gint64 groups = cs3_shape_groups(shape), weights = nonzeros / groups;
  double line = (double)weights / c.pass.lines;
  Limits l = limits(hw, shape, mapping, &c.pass, weights, line);
  *result = (Cs3LayerResult){
      .nonzeros = nonzeros,
      .ingress_wavelets =
          c.pass.ingress_cycles > 0 ? groups * llround(l.ingress / c.pass.ingress_cycles) : 0,
      .egress_wavelets =
          c.pass.egress_cycles > 0 ? groups * llround(l.egress / c.pass.egress_cycles) : 0,
      .imbalance = 1,
  };
  gint64 *causes = result->causes, height = 0;
  cs3_cause_climb(&height, cs3_ideal_cycles(hw, shape, weights * c.bands),
                  &causes[CS3_CAUSE_ARITHMETIC]);
  cs3_cause_climb(&height, (gint64)l.ingress, &causes[CS3_CAUSE_INGRESS]);
  cs3_cause_climb(&height, (gint64)l.egress, &causes[CS3_CAUSE_EGRESS]);
  cs3_cause_climb(&height, (gint64)(line * c.arithmetic + (double)(shape->rows * c.block_vector)),
                  &causes[CS3_CAUSE_MAPPING]);
  cs3_cause_climb(&height, (gint64)l.line, &causes[CS3_CAUSE_OVERHEAD]);
  cs3_cause_climb(&height, (gint64)l.link, &causes[CS3_CAUSE_REDUCTION]);
  causes[CS3_CAUSE_FILL] = c.pass.lead;
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    causes[cause] *= c.rounds;
  causes[CS3_CAUSE_HALO] = cs3_layer_moves(hw, shape, mapping, &c, TRUE);
  result->cycles = c.rounds * (height + c.pass.lead) + causes[CS3_CAUSE_HALO];
}

/* Expected non-zeros of the busiest line in @rows rows: independent weights, R lines; the maximum
 * of R normal variables lies sqrt(2 ln R) standard deviations out. Dense: the line with most
 * features.
 */
static double busiest_line(const Cs3PassCosts *c, double rows, double density) {
  double mean = rows * (double)c->features * density;
  return mean + sqrt(2 * log(c->lines) * mean * (1 - density));
}

/* The slowest of lines that are at most J rows apart changes about every 4 J rows: found by running
 * the recurrence on random masks; estimates come within some 10 % of it. They rank mappings, no
 * more. */
enum { WINDOW = 4 };

/* dW: lines wait for the slowest of a window, or every J rows for the round trip; the farthest line
 * is 3/4 of all away on average. */
static double dot_windows(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                          const Cs3PassCosts *c, double density) {
  double slots = MIN(c->slots, shape->rows), window = MIN(WINDOW * c->slots, shape->rows);
  double fixed = row_work(shape, mapping, c);
  double work = busiest_line(c, window, density) * c->service / window + fixed;
  double way =
      round_trip(c, 0.75 * (double)c->lines, busiest_line(c, 1, density) * c->service + fixed);
  return (double)shape->rows * MAX(work, c->lines > 1 ? way / slots : 0);
}

/* Cycles once a pass: the multicast, the reduction and the way to the farthest owner. */
static double latency(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                      const Cs3PassCosts *c) {
  double reduction = cs3_pass_has_gradients(shape->pass)
                         ? (double)c->reach
                         : cs3_reduction_ops(mapping->reduction)->latency(c, shape->rows);
  return c->lead + reduction + (double)c->lines * c->hop + c->vector + c->store;
}

static double estimate_of(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, const Cs3LayerCosts *costs, gint64 moves,
                          double density) {
  const Cs3PassCosts *c = &costs->pass;
  double nonzeros = (double)shape->rows * shape->features * density;
  Limits l = limits(hw, shape, mapping, c, nonzeros, busiest_line(c, (double)shape->rows, density));
  if (cs3_pass_has_gradients(shape->pass))
    l.line = MAX(l.line, dot_windows(shape, mapping, c, density) + c->clear + c->finish);
  else
    l.link *= cs3_reduction_ops(mapping->reduction)->vectors;
  return (double)costs->rounds * (longest(&l) + latency(shape, mapping, c)) + (double)moves;
}

double cs3_layer_estimate(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, double density) {
  Cs3LayerCosts costs;
  cs3_layer_costs(hw, shape, mapping, &costs);
  gint64 moves = cs3_layer_moves(hw, shape, mapping, &costs, TRUE);
  return estimate_of(hw, shape, mapping, &costs, moves, density);
}

/* Of the work alone, in the operations of estimate_of(), so that not even rounding makes it more:
 * the busiest line has at least as much to do as the mean line. */
static double least_estimate(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                             const Cs3LayerCosts *costs, double density) {
  double mean = (double)shape->rows * (double)costs->pass.features * density;
  return (double)costs->rounds * line_work(shape, mapping, &costs->pass, mean);
}

gboolean cs3_layer_rank(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3Mapping *mapping, double density, double enough, double *estimate,
                        gint64 *bound) {
  Cs3LayerCosts costs;
  cs3_layer_work(hw, shape, mapping, &costs);
  *estimate = least_estimate(shape, mapping, &costs, density);
  gboolean beaten = *estimate > enough;
  if (beaten && mapping->dw != CS3_DW_BLOCK)
    return TRUE;
  cs3_layer_ways(hw, shape, mapping, &costs);
  if (!cs3_costs_check(hw, shape, mapping, &costs, NULL))
    return FALSE;
  if (beaten)
    return TRUE;
  gint64 moves = cs3_layer_moves(hw, shape, mapping, &costs, TRUE);
  *estimate = estimate_of(hw, shape, mapping, &costs, moves, density);
  if (bound != NULL)
    *bound = bound_of(hw, shape, mapping, &costs, moves,
                      (gint64)((double)shape->rows * (double)shape->features * density));
  return TRUE;
}
