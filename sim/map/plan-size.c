/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many samples a micro-batch holds, and what is recomputed. Tokens on the wafer decide
 * whether a pass is bound by ingress or by arithmetic; memory bounds the tokens; recomputing buys
 * memory with a forward pass. Closed forms are good enough to choose, the recurrences then run the
 * choice. */
#include "config.h"

#include <math.h>

#include "fabric/fabric-error.h"
#include "sim/map/plan-internal.h"
#include "workloads/model.h"

/* Parts of the batch are tried in rungs, each so many times the one before, until some in a row are
 * no better; then on both sides of the best, ever closer. */
typedef struct {
  double rung;
  gint64 most_worse;
  gint64 aside;  /* tried on a side */
  gint64 closer; /* each time */
  gboolean far;  /* on both sides of a known best even if it does not gain itself */
} Pace;

static const Pace exact_pace = {1.25, 4, 4, 4, TRUE}, ranked_pace = {1.25, 3, 1, 2, FALSE};
/* Parts in which attention takes a micro-batch: twice as many while that helps. Bytes that it holds
 * beside its activations: so many times fewer while that helps, if they are a share of the wafer
 * that matters. */
enum { MOST_ATTENTION_PARTS = 16, LEANER = 2, LEAN_ENOUGH = 50 };

typedef struct {
  const Cs3PlanInput *input;
  double best;            /* cycles of the best step so far */
  gint64 parts;           /* of the batch in that step, under the policy that is tried; 0: none */
  gint64 attention_parts; /* that are tried */
  double around;          /* bytes beside an attention, at most, that are tried; 0: as it comes */
  double around_best;     /* that the best step has, of the attention with most */
  GHashTable *tried;      /* sizes, under that policy */
  GArray *rivals;         /* of Cs3PlanRival: what fits and is not much worse */
  Cs3MapHints *hints;     /* by node and pass: of the number of samples before */
} Search;

/* Of a matrix by closed forms; nodes that share shape, rows and density share the entry. */
typedef struct {
  const Cs3Node *node;
  gint64 tiles;
  double density;
  Cs3NodeCost cost;
} Known;

/* One micro-batch whose costs are asked for. */
typedef struct {
  const Cs3PlanInput *input;
  gint64 micro_batch;
  gint64 attention_parts;
  double around;
  Cs3MapWafer wafer;  /* as weights come */
  GArray *known;      /* of Known */
  Cs3MapHints *hints; /* the search's */
} Costs;

/* Cycles of the best mapping of a pass, those that its weights need of the port, and bytes that it
 * needs beside its tensors. */
static double estimate_pass(const Costs *c, guint index, gint64 tiles, double density, Cs3Pass pass,
                            double *in, double *around) {
  const Cs3Node *node = cs3_graph_node(c->input->graph, index);
  gint64 rows = cs3_plan_part_rows(node, c->micro_batch, tiles);
  Cs3LayerShape shape = cs3_plan_shape(c->input->graph, node, pass, rows);
  Cs3MapCandidate best;
  if (!cs3_map_best(&c->wafer, &shape, density, &c->input->force, c->input->memo,
                    &c->hints[index * CS3_N_PASS_KINDS + pass], &best, NULL))
    return INFINITY;
  double all = (double)shape.rows * (double)shape.features * (double)cs3_shape_groups(&shape);
  double weights = all * (best.shape.dense ? 1 : density);
  Cs3LayerResult bound;
  cs3_layer_bound_result(&c->wafer.hw, &best.shape, &best.mapping, llround(weights), &bound);
  *in += (double)bound.ingress_wavelets / cs3_hardware_io_wavelets(&c->wafer.hw);
  *around = MAX(*around, cs3_layer_around_bytes(&c->wafer.hw, &best.shape, &best.mapping));
  return best.estimate;
}

static Cs3NodeCost estimate_matrix(const Costs *c, guint index, gint64 tiles, double density) {
  const Cs3Node *node = cs3_graph_node(c->input->graph, index);
  for (guint k = 0; k < c->known->len; k++) {
    const Known *old = &g_array_index(c->known, Known, k);
    if (cs3_plan_alike(c->input->graph, old->node, node) && old->density == density &&
        old->tiles == tiles)
      return old->cost;
  }
  Known fresh = {.node = node, .density = density, .tiles = tiles};
  double n = (double)tiles;
  double *around = fresh.cost.around;
  fresh.cost.forward = n * estimate_pass(c, index, tiles, density, CS3_PASS_FORWARD,
                                         &fresh.cost.forward_in, &around[0]);
  for (int pass = CS3_PASS_FORWARD + 1; pass < CS3_N_PASS_KINDS; pass++)
    if (cs3_plan_has_pass(c->input, node, pass))
      fresh.cost.backward +=
          n * estimate_pass(c, index, tiles, density, pass, &fresh.cost.backward_in, &around[1]);
  fresh.cost.forward_in *= n;
  fresh.cost.backward_in *= n;
  g_array_append_val(c->known, fresh);
  return fresh.cost;
}

/* Of one instance, the mean over instances that are sparse in different ways. */
static Cs3NodeCost node_cost(guint index, gint64 tiles, gpointer data) {
  const Costs *c = data;
  const Cs3Node *node = cs3_graph_node(c->input->graph, index);
  if (node->kind != CS3_NODE_LINEAR) {
    Cs3PlanAttentionAsk ask = {.samples = c->micro_batch,
                               .parts = c->attention_parts,
                               .around = {c->around, c->around},
                               .closed = TRUE};
    Cs3PlanOther other = cs3_plan_other(c->input, index, &ask);
    if (MAX(other.forward, other.backward) >= CS3_PLAN_NEVER)
      return (Cs3NodeCost){.forward = INFINITY};
    return (Cs3NodeCost){.forward = (double)other.forward,
                         .backward = (double)other.backward,
                         .around = {other.around[0], other.around[1]}};
  }
  double instances = (double)cs3_node_segment(c->input->graph, node)->repeat;
  double matrices = (double)cs3_plan_matrices(node);
  g_autoptr(GArray) groups = cs3_plan_groups(c->input, index);
  Cs3NodeCost sum = {0};
  for (guint g = 0; g < groups->len; g++) {
    const Cs3SparsityGroup *group = &g_array_index(groups, Cs3SparsityGroup, g);
    Cs3NodeCost cost = estimate_matrix(c, index, tiles, group->density);
    double share = matrices * (double)group->count / instances;
    sum.forward += share * cost.forward;
    sum.backward += share * cost.backward;
    sum.forward_in += share * cost.forward_in;
    sum.backward_in += share * cost.backward_in;
    for (guint i = 0; i < G_N_ELEMENTS(sum.around); i++)
      sum.around[i] = MAX(sum.around[i], cost.around[i]);
  }
  return sum;
}

static void clear_rival(gpointer data) {
  cs3_plan_memory_clear(&((Cs3PlanRival *)data)->memory);
}

/* Bytes beside the attention that has most. */
static double around_attention(const Cs3PlanInput *input, const Cs3PlanMemory *memory) {
  double most = 0;
  for (guint i = 0; i < input->graph->nodes->len; i++)
    for (int d = 0; d < 2 && cs3_graph_node(input->graph, i)->attention > 0; d++)
      most = MAX(most, memory->around[d][i]);
  return most;
}

static const Pace *pace_of(const Search *search) {
  return search->input->fidelity == CS3_PLAN_RANKED ? &ranked_pace : &exact_pace;
}

/* Returns: whether @micro_batch fits, or is too slow for that to matter. */
static gboolean try_size(Search *search, Cs3KeepSearch *keep, gint64 micro_batch) {
  const Cs3PlanInput *input = search->input;
  gint64 micro_batches = (input->batch + micro_batch - 1) / micro_batch;
  g_autoptr(GArray) known = g_array_new(FALSE, FALSE, sizeof(Known));
  Costs costs = {.input = input,
                 .micro_batch = micro_batch,
                 .attention_parts = search->attention_parts,
                 .around = search->around,
                 .wafer = cs3_plan_fed_wafer(input),
                 .known = known,
                 .hints = search->hints};
  double close = cs3_plan_judged(input) ? CS3_PLAN_CLOSE : 1;
  double enough = close * search->best / (double)micro_batches;
  gboolean fits = FALSE;
  Cs3PlanRival rival = {.micro_batch = micro_batch};
  rival.cycles =
      cs3_keep_choose(keep, micro_batch, node_cost, &costs, enough, &fits, &rival.memory);
  if (!isfinite(rival.cycles))
    return fits;
  rival.cycles *= (double)micro_batches;
  rival.memory.attention_parts = search->attention_parts;
  if (rival.cycles < search->best) {
    search->best = rival.cycles;
    search->around_best = around_attention(input, &rival.memory);
  }
  g_array_append_val(search->rivals, rival);
  return TRUE;
}

/* The batch in @parts. Returns: as try_size(); %FALSE of a size that was tried. */
static gboolean try_parts(Search *search, Cs3KeepSearch *keep, gint64 parts) {
  gint64 batch = search->input->batch, size = (batch + parts - 1) / parts;
  double before = search->best;
  if (!g_hash_table_add(search->tried, GSIZE_TO_POINTER((gsize)size)))
    return FALSE;
  gboolean fits = try_size(search, keep, size);
  if (search->best < before)
    search->parts = parts;
  return fits;
}

/* Large micro-batches need memory, small ones every weight more often: somewhere between the step
 * is shortest, give or take what is left over when the batch is cut. */
static void climb(Search *search, Cs3KeepSearch *keep, gint64 least) {
  gint64 batch = search->input->batch, worse = 0;
  const Pace *pace = pace_of(search);
  for (gint64 parts = least; parts <= batch && worse < pace->most_worse;
       parts = MAX(parts + 1, (gint64)ceil((double)parts * pace->rung))) {
    gboolean fits = try_parts(search, keep, parts);
    worse = search->parts == parts ? 0 : worse + fits;
  }
}

static void look_around(Search *search, Cs3KeepSearch *keep, gint64 least) {
  const Pace *pace = pace_of(search);
  double reach = (double)search->parts * (pace->rung - 1);
  for (gint64 step = MAX(llround(reach / (double)pace->aside), 1); step > 0; step /= pace->closer) {
    gint64 middle = search->parts;
    for (gint64 i = -pace->aside; i <= pace->aside; i++)
      if (middle + i * step >= least && middle + i * step <= search->input->batch)
        try_parts(search, keep, middle + i * step);
  }
}

static void try_sizes(Search *search, Cs3KeepSearch *keep, gint64 least) {
  g_autoptr(GHashTable) tried = g_hash_table_new(NULL, NULL);
  gint64 forced = search->input->force.micro_batch, known = search->parts;
  double before = search->best;
  search->tried = tried;
  if (forced > 0)
    try_size(search, keep, forced);
  else if (known > 0)
    try_parts(search, keep, known);
  else
    climb(search, keep, least);
  if (search->parts > 0 && (known == 0 || search->best < before || pace_of(search)->far))
    look_around(search, keep, least);
}

/* Fewer sequences at a time through attention hold less beside their activations: whether that is
 * possible, and the step so far is one of this policy that was shorter than with half the parts, or
 * there is none. */
static gboolean may_part(const Search *search, double before) {
  const Cs3PlanInput *input = search->input;
  gint64 forced = input->force.micro_batch, samples = forced > 0 ? forced : input->batch;
  if (!cs3_plan_attention_simulated(input) || input->graph->attentions->len == 0 ||
      2 * search->attention_parts > MIN(samples, MOST_ATTENTION_PARTS))
    return FALSE;
  return search->best < before || !isfinite(search->best);
}

/* As may_part(), of mappings of attention that hold less beside their activations, slower by
 * themselves. */
static gboolean may_be_leaner(const Search *search, double before) {
  double capacity = cs3_wafer_capacity(&search->input->machine->hw);
  return cs3_plan_attention_simulated(search->input) &&
         (search->best < before || !isfinite(search->best)) &&
         search->around_best > capacity / LEAN_ENOUGH;
}

/* The closed forms of memory say where to begin; rounding to whole PEs may ask for smaller ones. */
static void try_policy(Search *search, const Cs3KeepInput *keep_input) {
  g_autoptr(Cs3KeepSearch) keep = cs3_keep_search_new(keep_input);
  double per_sample = cs3_keep_least(keep, 1), batch = (double)search->input->batch;
  double capacity = cs3_wafer_capacity(&search->input->machine->hw), before = search->best;
  if (per_sample > capacity)
    return;
  gint64 least = (gint64)ceil(batch / floor(capacity / per_sample));
  search->parts = 0;
  search->attention_parts = 1;
  search->around = search->around_best = 0;
  try_sizes(search, keep, least);
  for (double begin = before; may_be_leaner(search, begin);) {
    begin = search->best;
    search->around = search->around_best / LEANER;
    try_sizes(search, keep, least);
  }
  search->around = 0;
  while (may_part(search, before)) {
    before = search->best;
    search->attention_parts *= 2;
    try_sizes(search, keep, least);
  }
}

/* What makes a sample smaller. */
static const char *shorter(const Cs3PlanInput *input, const char *seq, const char *image) {
  const Cs3Lengths *l = &input->graph->lengths;
  return l->seq == 0 && l->image > 0 ? image : seq;
}

static void explain_no_fit(const Cs3PlanInput *input, double needed, double capacity,
                           GError **error) {
  gint64 sequences = MAX(1, input->force.micro_batch);
  gint64 tokens = llround(input->graph->tokens);
  if (needed <= capacity && !cs3_plan_attention_possible(input, error)) {
    g_prefix_error(error, "%s: no mapping of attention: ", input->graph->model->name);
    return;
  }
  if (needed <= capacity) {
    g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
                "%s: no mapping of its layers fits the PEs at %" G_GINT64_FORMAT
                " tokens a micro-batch; use %s or fewer forced --map choices",
                input->graph->model->name, tokens * sequences,
                shorter(input, "shorter sequences", "a smaller --image"));
    return;
  }
  g_autofree char *of =
      tokens > 1 ? g_strdup_printf(" of %" G_GINT64_FORMAT " tokens", tokens) : g_strdup("");
  g_set_error(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
              "%s does not fit: a micro-batch of %" G_GINT64_FORMAT
              " %s%s%s needs %.1f GB of activations, %s holds %.1f GB (%.1f GB missing); use %s%s",
              input->graph->model->name, sequences, tokens > 1 ? "sequence" : "sample",
              sequences == 1 ? "" : "s", of, needed / 1e9, input->machine->name, capacity / 1e9,
              (needed - capacity) / 1e9, shorter(input, "a shorter --seq", "a smaller --image"),
              input->force.micro_batch > 1 ? " or a smaller --map micro-batch" : "");
}

enum { MOST_POLICIES = 3 };

/* Without a policy, the search by operator and, where nothing can be sent away, checkpoints of
 * every few blocks and inputs that are computed from outputs. Returns: how many. */
static guint policies_of(const Cs3PlanInput *input, Cs3KeepInput policies[MOST_POLICIES]) {
  for (guint i = 0; i < MOST_POLICIES; i++)
    policies[i] = (Cs3KeepInput){.graph = input->graph,
                                 .machine = input->machine,
                                 .policy = input->force.recompute,
                                 .away = input->force.send,
                                 .forward = input->forward,
                                 .store = input->keeps};
  policies[1].policy = CS3_RECOMPUTE_FULL;
  policies[2].policy = CS3_RECOMPUTE_REVERSIBLE;
  policies[1].away = policies[2].away = 0;
  if (input->force.recompute >= 0 || input->forward || input->force.send > 0)
    return 1;
  return cs3_graph_reversible(input->graph) ? MOST_POLICIES : MOST_POLICIES - 1;
}

/* Bytes of the smallest micro-batch under the leanest policy. */
static double least_need(const Cs3PlanInput *input, const Cs3KeepInput *policies, guint n) {
  double need = INFINITY;
  for (guint i = 0; i < n; i++) {
    g_autoptr(Cs3KeepSearch) keep = cs3_keep_search_new(&policies[i]);
    need = MIN(need, cs3_keep_need(keep, MAX(1, input->force.micro_batch)));
  }
  return need;
}

gboolean cs3_plan_choose_size(const Cs3PlanInput *input, Cs3Plan *plan, GError **error) {
  g_autofree Cs3MapHints *hints = g_new0(Cs3MapHints, input->graph->nodes->len * CS3_N_PASS_KINDS);
  g_autoptr(GArray) rivals = g_array_new(FALSE, FALSE, sizeof(Cs3PlanRival));
  g_array_set_clear_func(rivals, clear_rival);
  Search search = {.input = input, .best = INFINITY, .rivals = rivals, .hints = hints};
  Cs3KeepInput policies[MOST_POLICIES];
  guint n = policies_of(input, policies);
  for (guint i = 0; i < n; i++)
    try_policy(&search, &policies[i]);
  if (rivals->len > 0) {
    cs3_plan_take(input, cs3_plan_judge(input, rivals), plan);
    return TRUE;
  }
  if (error != NULL) /* what nobody reads would take longer than the search */
    explain_no_fit(input, least_need(input, policies, n), cs3_wafer_capacity(&input->machine->hw),
                   error);
  return FALSE;
}
