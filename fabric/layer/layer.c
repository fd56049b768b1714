/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A pass and where its cycles went: the machine is run with its limits switched on one after the
 * other; every limit is charged the cycles it adds, so the causes add up to the pass. */
#include "config.h"

#include "fabric/layer/layer.h"

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

const char *cs3_placement_name(Cs3AccPlacement placement) {
  static const char *const names[] = {"auto", "cache", "spill", "sram"};
  return names[placement];
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

gint64 cs3_layer_cycles(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3Mapping *mapping, const Cs3LayerCounts *counts) {
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  return c.lead + run(shape, mapping, &c, counts, CS3_LIMIT_EGRESS).end + drain(shape, &c);
}

/* The rungs of the ladder: what the pass would take if only the limits up to here held. Each is at
 * least the one before, so that every cause is what its limit adds. The off-wafer stream comes
 * right after the arithmetic: work that hides behind it is not what the user waits for. */
typedef struct {
  const Cs3LayerShape *shape;
  const Cs3Mapping *mapping;
  const Cs3LayerCosts *costs;
  const Cs3LayerCounts *counts;
  gint64 nonzeros;
} Pass;

static gint64 ideal_cycles(const Cs3Hardware *hw, const Pass *p) {
  double peak_macs = (double)hw->wafer.cores_peak * hw->pe.lanes_fp16;
  return (gint64)((double)p->nonzeros * p->shape->tokens / peak_macs);
}

static void climb(gint64 *height, gint64 rung, gint64 *cause) {
  gint64 next = MAX(*height, rung);
  *cause += next - *height;
  *height = next;
}

static void split_causes(const Cs3Hardware *hw, const Pass *p, const Cs3PassTimes *all,
                         gint64 *causes) {
  const Cs3LayerCosts *c = p->costs;
  gint64 per_line = p->nonzeros / c->lines, height = 0;
  gint64 threads = run(p->shape, p->mapping, c, p->counts, CS3_LIMIT_SLOTS).threads;
  gint64 reduced = run(p->shape, p->mapping, c, p->counts, CS3_LIMIT_REDUCTION).threads;
  climb(&height, ideal_cycles(hw, p), &causes[CS3_CAUSE_ARITHMETIC]);
  climb(&height, (gint64)(all->ingress_wavelets * c->ingress_cycles), &causes[CS3_CAUSE_INGRESS]);
  climb(&height, (gint64)(all->egress_wavelets * c->egress_cycles), &causes[CS3_CAUSE_EGRESS]);
  climb(&height, per_line * c->arithmetic, &causes[CS3_CAUSE_MAPPING]);
  climb(&height, per_line * c->service + p->shape->rows * c->control, &causes[CS3_CAUSE_OVERHEAD]);
  climb(&height, threads, &causes[CS3_CAUSE_IMBALANCE]);
  climb(&height, reduced, &causes[CS3_CAUSE_REDUCTION]);
  /* What the stream and the rest cost together beyond the larger of them. */
  if (p->shape->pass == CS3_PASS_DW) {
    gint64 fed = run(p->shape, p->mapping, c, p->counts, CS3_LIMIT_INGRESS).threads;
    climb(&height, fed, &causes[CS3_CAUSE_INGRESS]);
    climb(&height, all->threads, &causes[CS3_CAUSE_EGRESS]);
  } else {
    climb(&height, all->threads, &causes[CS3_CAUSE_INGRESS]);
  }
  causes[CS3_CAUSE_FILL] = c->lead + all->end + drain(p->shape, c) - height;
}

void cs3_layer_recurrence(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, const Cs3LayerCounts *counts,
                          Cs3LayerResult *result) {
  Cs3LayerCosts c;
  cs3_layer_costs(hw, shape, mapping, &c);
  gint64 total, busiest;
  count_nonzeros(shape, c.lines, counts, &total, &busiest);
  Cs3PassTimes all = run(shape, mapping, &c, counts, CS3_LIMIT_EGRESS);
  *result = (Cs3LayerResult){
      .cycles = c.lead + all.end + drain(shape, &c),
      .nonzeros = total,
      .ingress_wavelets = all.ingress_wavelets,
      .egress_wavelets = all.egress_wavelets,
      .imbalance = total > 0 ? (double)busiest * c.lines / total : 1,
  };
  Pass pass = {shape, mapping, &c, counts, total};
  split_causes(hw, &pass, &all, result->causes);
}
