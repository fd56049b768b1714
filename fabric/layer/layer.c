/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass and where its cycles went: the machine is run with its limits switched on one after the
 * other; every limit is charged the cycles it adds, so the causes add up to the pass. */
#include "config.h"

#include "fabric/layer/layer.h"

#include <math.h>

#include "fabric/layer/passes.h"

static const char *const cause_names[CS3_N_CAUSES] = {
    "arithmetic", "mapping", "overhead", "imbalance", "reduction", "ingress", "egress", "fill",
};

const char *cs3_cause_name(Cs3Cause cause) {
  return cause_names[cause];
}

const char *cs3_pass_name(Cs3Pass pass) {
  static const char *const names[CS3_N_PASSES] = {"forward", "dx", "dw"};
  return names[pass];
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

static Cs3PassTimes run(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                        const Cs3LayerCosts *costs, const Cs3LayerCounts *counts,
                        Cs3PassLimits limits) {
  if (shape->pass == CS3_PASS_DW)
    return cs3_dot_pass(shape, costs, counts, limits);
  return cs3_axpy_pass(shape, mapping, costs, counts, limits);
}

/* After the threads are done: the store at the farthest owner, or the row chain to the edge. */
static gint64 drain(const Cs3LayerShape *shape, const Cs3LayerCosts *c) {
  if (shape->pass == CS3_PASS_DW)
    return (c->columns - 1) * (c->stage - c->hop) + c->stage;
  return c->lines > 1 ? (c->lines - 1) * c->hop + c->stage - c->hop + c->store : c->store;
}

void cs3_layer_recurrence(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, const Cs3LayerCounts *counts,
                          Cs3LayerResult *result) {
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  gint64 total, busiest;
  count_nonzeros(shape, c.lines, counts, &total, &busiest);

  Cs3PassTimes slots = run(shape, mapping, &c, counts, CS3_LIMIT_SLOTS);
  Cs3PassTimes reduction = run(shape, mapping, &c, counts, CS3_LIMIT_REDUCTION);
  Cs3PassTimes ingress = run(shape, mapping, &c, counts, CS3_LIMIT_INGRESS);
  gboolean dw = shape->pass == CS3_PASS_DW;
  Cs3PassTimes all = dw ? run(shape, mapping, &c, counts, CS3_LIMIT_EGRESS) : ingress;

  double peak_macs = (double)hw->wafer.cores_peak * hw->pe.lanes_fp16;
  gint64 mean_macs = total / c.lines * c.arithmetic;
  gint64 mean_work = total / c.lines * c.service + shape->rows * c.control;
  gint64 ideal = MIN(mean_macs, (gint64)((double)total * shape->tokens / peak_macs));

  *result = (Cs3LayerResult){
      .cycles = c.lead + all.end + drain(shape, &c),
      .nonzeros = total,
      .ingress_wavelets = all.ingress_wavelets,
      .egress_wavelets = all.egress_wavelets,
      .imbalance = total > 0 ? (double)busiest * c.lines / total : 1,
  };
  result->causes[CS3_CAUSE_ARITHMETIC] = ideal;
  result->causes[CS3_CAUSE_MAPPING] = mean_macs - ideal;
  result->causes[CS3_CAUSE_OVERHEAD] = mean_work - mean_macs;
  result->causes[CS3_CAUSE_IMBALANCE] = slots.threads - mean_work;
  result->causes[CS3_CAUSE_REDUCTION] = reduction.threads - slots.threads;
  result->causes[CS3_CAUSE_INGRESS] = ingress.threads - reduction.threads;
  result->causes[CS3_CAUSE_EGRESS] = all.threads - ingress.threads;
  result->causes[CS3_CAUSE_FILL] = result->cycles - all.threads;
}
