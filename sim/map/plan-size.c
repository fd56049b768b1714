/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many samples a micro-batch holds, and what is recomputed. Tokens on the wafer decide
 * whether a pass is bound by ingress or by arithmetic; memory bounds the tokens; recomputing buys
 * memory with a forward pass. Closed forms are good enough to choose, the recurrences then run the
 * choice. */
#include "config.h"

#include <math.h>

#include "fabric/fabric-error.h"
#include "sim/map/plan-internal.h"
#include "workloads/forward-memory.h"
#include "workloads/model.h"

/* Smaller micro-batches than the largest that fits, to find one that divides the batch. */
enum { MAX_EXTRA_SPLITS = 8, RANKED_EXTRA_SPLITS = 3 };

typedef struct {
  const Cs3PlanInput *input;
  double best;   /* cycles of the best step so far */
  Cs3Plan *plan; /* its choice */
} Search;

static double estimate_pass(const Cs3PlanInput *input, guint index, double density, Cs3Pass pass,
                            gint64 micro_batch) {
  const Cs3Node *node = cs3_graph_node(input->graph, index);
  Cs3LayerShape shape = cs3_plan_shape(node, pass, cs3_plan_rows(node, micro_batch));
  Cs3Hardware hw = cs3_plan_fed_wafer(input);
  Cs3MapCandidate best;
  gboolean fits = cs3_map_best(&hw, &shape, density, &input->force, input->memo, &best, NULL);
  return fits ? best.estimate : INFINITY;
}

/* Cycles of a matrix by closed forms; nodes that share shape, rows and density share the entry. */
typedef struct {
  const Cs3Node *node;
  double density, forward, backward;
} Known;

static const Known *estimate_matrix(const Cs3PlanInput *input, GArray *known, guint index,
                                    double density, gint64 micro_batch) {
  const Cs3Node *node = cs3_graph_node(input->graph, index);
  for (guint k = 0; k < known->len; k++) {
    const Known *old = &g_array_index(known, Known, k);
    if (cs3_plan_alike(old->node, node) && old->density == density)
      return old;
  }
  Known fresh = {
      .node = node,
      .density = density,
      .forward = estimate_pass(input, index, density, CS3_PASS_FORWARD, micro_batch),
  };
  for (int pass = CS3_PASS_DX; pass < cs3_plan_passes(input); pass++)
    fresh.backward += estimate_pass(input, index, density, (Cs3Pass)pass, micro_batch);
  g_array_append_val(known, fresh);
  return &g_array_index(known, Known, known->len - 1);
}

/* Cycles of one micro-batch: forward, backward, and what is run again; or as many as are @enough to
 * know that it is too slow. */
static double estimate_micro_batch(const Cs3PlanInput *input, gint64 micro_batch,
                                   double extra_forwards, double enough) {
  double total = 0;
  g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(Known));
  for (guint i = 0; i < input->graph->nodes->len && total < enough; i++) {
    const Cs3Node *node = cs3_graph_node(input->graph, i);
    const Cs3Segment *segment = cs3_node_segment(input->graph, node);
    double again = segment->block ? extra_forwards : 0;
    if (node->kind != CS3_NODE_LINEAR) {
      Cs3PlanOther other = cs3_plan_other(input, i, micro_batch);
      total += segment->repeat * (other.forward * (1 + again) + other.backward);
      continue;
    }
    g_autoptr(GArray) groups = cs3_plan_groups(input, i);
    for (guint g = 0; g < groups->len; g++) {
      const Cs3SparsityGroup *group = &g_array_index(groups, Cs3SparsityGroup, g);
      const Known *matrix = estimate_matrix(input, known, i, group->density, micro_batch);
      total += group->count * cs3_plan_matrices(node) *
               (matrix->forward * (1 + again) + matrix->backward);
    }
  }
  return total;
}

static void try_size(Search *search, Cs3Recompute policy, const Cs3Memory *memory,
                     gint64 micro_batch) {
  const Cs3PlanInput *input = search->input;
  gint64 micro_batches = (input->batch + micro_batch - 1) / micro_batch;
  double enough = search->best / micro_batches;
  double cycles =
      micro_batches * estimate_micro_batch(input, micro_batch, memory->extra_forwards, enough);
  if (cycles >= search->best)
    return;
  search->best = cycles;
  search->plan->micro_batch = micro_batch;
  search->plan->micro_batches = micro_batches;
  search->plan->tokens = llround((double)micro_batch * input->graph->tokens);
  search->plan->recompute = policy;
  search->plan->memory = *memory;
}

/* Largest micro-batch that fits, then splits of the batch into a few more parts. */
static void try_policy(Search *search, Cs3Recompute policy, const Cs3Memory *memory, gint64 fits) {
  gint64 batch = search->input->batch;
  if (search->input->force.micro_batch > 0) {
    if (search->input->force.micro_batch <= fits)
      try_size(search, policy, memory, search->input->force.micro_batch);
    return;
  }
  gint64 largest = MIN(fits, batch), tried = 0;
  if (largest < 1)
    return;
  gint64 parts = (batch + largest - 1) / largest;
  gint64 extras = search->input->ranked ? RANKED_EXTRA_SPLITS : MAX_EXTRA_SPLITS;
  for (gint64 extra = 0; extra < extras && parts + extra <= batch; extra++) {
    gint64 size = (batch + parts + extra - 1) / (parts + extra);
    if (size != tried)
      try_size(search, policy, memory, size);
    tried = size;
  }
}

static void explain_no_fit(const Cs3PlanInput *input, double least_bytes, double capacity,
                           GError **error) {
  gint64 sequences = MAX(1, input->force.micro_batch);
  gint64 tokens = llround(input->graph->tokens);
  double needed = least_bytes * sequences;
  if (needed <= capacity) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "%s: no mapping of its layers fits the PEs at %" G_GINT64_FORMAT
                " tokens a micro-batch; use shorter sequences or fewer forced --map choices",
                input->graph->model->name, tokens * sequences);
    return;
  }
  g_set_error(
      error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
      "%s does not fit: a micro-batch of %" G_GINT64_FORMAT " sequence%s of %" G_GINT64_FORMAT
      " tokens needs %.1f GB of activations, %s holds %.1f GB (%.1f GB missing); use a shorter "
      "--seq%s",
      input->graph->model->name, sequences, sequences == 1 ? "" : "s", tokens, needed / 1e9,
      input->machine->name, capacity / 1e9, (needed - capacity) / 1e9,
      input->force.micro_batch > 1 ? " or a smaller --map micro-batch" : "");
}

gboolean cs3_plan_choose_size(const Cs3PlanInput *input, Cs3Plan *plan, GError **error) {
  const Cs3Hardware *hw = &input->machine->hw;
  Search search = {input, INFINITY, plan};
  double least = INFINITY;
  plan->capacity_bytes = (double)hw->wafer.pe_x * hw->wafer.pe_y * hw->pe.sram_data_bytes;
  for (int policy = CS3_RECOMPUTE_NONE; policy <= CS3_RECOMPUTE_FULL; policy++) {
    if (input->force.recompute >= 0 && input->force.recompute != policy)
      continue;
    if (input->forward && policy != CS3_RECOMPUTE_NONE)
      continue;
    Cs3Memory memory = input->forward
                           ? (Cs3Memory){.working_bytes = cs3_graph_forward_bytes(input->graph)}
                           : cs3_graph_memory(input->graph, policy);
    double per_sample = memory.resident_bytes + memory.working_bytes;
    least = MIN(least, per_sample);
    gint64 fits = (gint64)(plan->capacity_bytes / per_sample);
    try_policy(&search, policy, &memory, fits);
  }
  if (isfinite(search.best))
    return TRUE;
  explain_no_fit(input, least, plan->capacity_bytes, error);
  return FALSE;
}
