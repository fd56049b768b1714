/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The linear layers of a plan: which share a mask, the masks, and the passes over them in parallel.
 * By default one mask stands for all tensors of the same shape and density; exact draws every
 * layer's own. The random stream is named by the tensor, so results do not depend on who runs when.
 */
#include "config.h"

#include <math.h>

#include "sim/map/plan-internal.h"
#include "sim/map/plan-layout.h"
#include "workloads/parallel.h"

/* A weight matrix, used by three passes. */
typedef struct {
  guint node;
  gint64 tiles;              /* parts of the rows */
  gint64 layer, copy, group; /* whose random stream is drawn, whose weights are read */
  double density;
  Cs3PlanPass passes[CS3_N_PASS_KINDS];
  GError *error;
} Matrix;

static void matrix_clear(gpointer data) {
  Matrix *m = data;
  g_clear_error(&m->error);
}

typedef struct {
  const Cs3PlanInput *input;
  const Cs3Plan *plan;
  GArray *matrices; /* of Matrix */
} Job;

/* A mask in the place of measured ones: one for all of a shape whose densities differ by less than
 * 0.14 %. */
static double drawn_density(const Cs3PlanInput *input, double density) {
  enum { PER_OCTAVE = 512 };
  if (input->sparsity == NULL || !input->sparsity->measured || density >= 1)
    return density;
  return exp2(-MAX(round(-log2(density) * PER_OCTAVE), 0.5) / PER_OCTAVE);
}

static Cs3WeightsSpec spec_of(const Job *job, const Matrix *m) {
  const Cs3PlanInput *input = job->input;
  const Cs3Node *node = cs3_graph_node(input->graph, m->node);
  gboolean shared = input->sparsity != NULL && input->sparsity->measured;
  g_autofree char *tensor = cs3_node_tensor(input->graph, node, m->layer, m->copy);
  return (Cs3WeightsSpec){
      .rows = node->out_features / node->groups,
      .cols = node->in_features / node->groups,
      .seed = input->seed,
      .match = input->weights,
      .node = m->node,
      .layer = m->layer,
      .copy = m->copy,
      .group = m->group,
      .pattern = *input->pattern,
      .density = drawn_density(input, m->density),
      .stream = cs3_pattern_stream(shared ? "" : tensor),
  };
}

static gboolean draw(const Job *job, const Matrix *m, GError **error) {
  if (m->density >= 1 || job->input->fidelity == CS3_PLAN_BOUND)
    return TRUE;
  Cs3WeightsSpec spec = spec_of(job, m);
  return cs3_weights_prepare(job->input->store, &spec, job->input->workers, error);
}

static gboolean run_chosen(const Cs3PlanInput *input, const Cs3WeightsLoan *live, Cs3PlanPass *out,
                           GError **error) {
  const Cs3Hardware *hw = &input->machine->hw;
  const Cs3MapCandidate *best = &out->choice.best;
  const Cs3LayerWant want = {input->trial ? CS3_LAYER_TIMES : CS3_LAYER_CAUSES};
  Cs3LayerWeights weights = cs3_map_weights(&best->shape, live, input->memo);
  if (!cs3_layer_pass(hw, &best->shape, &best->mapping, &weights, want, &out->result, error))
    return FALSE;
  /* The dense format multiplies the zeros too; the work that counts is the live weights. */
  gint64 sent = out->result.nonzeros;
  out->result.nonzeros = live ? live->nonzeros * cs3_shape_groups(&best->shape) : sent;
  out->bound = cs3_layer_bound(hw, &best->shape, &best->mapping, sent);
  return TRUE;
}

/* What @few and twice as many rows took, continued to all rows. */
static gint64 continued(gint64 few, gint64 twice, double rows_over_few) {
  return twice + (gint64)llround((double)(twice - few) * (rows_over_few - 2));
}

/* Half of the rows that are run, in whole blocks of the reduction. */
static gint64 rows_to_run(const Cs3PlanInput *input, const Cs3MapCandidate *best) {
  gint64 half = input->sample_rows / 2;
  if (cs3_conv_is_one(&best->shape.conv)) /* rows may be taps of a map */
    return 0;
  if (cs3_pass_has_gradients(best->shape.pass))
    return half;
  gint64 lines = cs3_mapping_lines(&input->machine->hw, &best->shape, &best->mapping);
  gint64 block = cs3_reduction_row_block(best->mapping.reduction, lines);
  return (half + block - 1) / block * block;
}

static gboolean run_times(const Cs3PlanInput *input, const Cs3MapCandidate *best,
                          const Cs3LayerWeights *weights, Cs3LayerResult *result, GError **error) {
  const Cs3Hardware *hw = &input->machine->hw;
  const Cs3LayerWant times = {CS3_LAYER_TIMES};
  gint64 rows = best->shape.rows, few = rows_to_run(input, best);
  if (few <= 0 || rows <= 2 * few)
    return cs3_layer_pass(hw, &best->shape, &best->mapping, weights, times, result, error);
  Cs3LayerShape shape = best->shape;
  Cs3LayerResult half;
  double share = (double)rows / few;
  shape.rows = few;
  if (!cs3_layer_pass(hw, &shape, &best->mapping, weights, times, &half, error))
    return FALSE;
  shape.rows = 2 * few;
  if (!cs3_layer_pass(hw, &shape, &best->mapping, weights, times, result, error))
    return FALSE;
  result->cycles = continued(half.cycles, result->cycles, share);
  result->nonzeros = continued(half.nonzeros, result->nonzeros, share);
  result->ingress_wavelets = continued(half.ingress_wavelets, result->ingress_wavelets, share);
  result->egress_wavelets = continued(half.egress_wavelets, result->egress_wavelets, share);
  if (result->cycles >= cs3_layer_bound(hw, &best->shape, &best->mapping, result->nonzeros))
    return TRUE;
  /* The first rows are too good to be all of them. */
  return cs3_layer_pass(hw, &best->shape, &best->mapping, weights, times, result, error);
}

static gboolean run_ranked(const Cs3PlanInput *input, const Cs3MapForce *force,
                           const Cs3LayerShape *shape, const Cs3WeightsLoan *live, Cs3PlanPass *out,
                           GError **error) {
  Cs3MapWafer fed = cs3_plan_fed_wafer(input);
  double density = live ? (double)live->nonzeros / ((double)shape->rows * shape->features) : 1;
  if (!cs3_map_best(&fed, shape, density, force, input->memo, NULL, &out->choice.best, error))
    return FALSE;
  Cs3LayerWeights weights = cs3_map_weights(&out->choice.best.shape, live, input->memo);
  if (!run_times(input, &out->choice.best, &weights, &out->result, error))
    return FALSE;
  out->choice.considered = 1;
  if (live != NULL)
    out->result.nonzeros = live->nonzeros * cs3_shape_groups(shape);
  return TRUE;
}

/* No mask is drawn: the bound depends on the number of live weights alone. */
static gboolean run_bound(const Cs3PlanInput *input, const Cs3MapForce *force,
                          const Cs3LayerShape *shape, double density, Cs3PlanPass *out,
                          GError **error) {
  const Cs3Hardware *hw = &input->machine->hw;
  Cs3MapWafer fed = cs3_plan_fed_wafer(input);
  Cs3MapCandidate *best = &out->choice.best;
  if (!cs3_map_best(&fed, shape, density, force, input->memo, NULL, best, error))
    return FALSE;
  double all = (double)shape->rows * (double)shape->features * (double)cs3_shape_groups(shape);
  gint64 live = llround(all * density), sent = best->shape.dense ? (gint64)all : live;
  cs3_layer_bound_result(hw, &best->shape, &best->mapping, sent, &out->result);
  best->cycles = out->bound = out->result.cycles;
  out->result.nonzeros = live;
  out->choice.considered = 1;
  return TRUE;
}

/* Chosen for how fast weights come, told in the cycles of the wafer itself. */
static gboolean choose(const Cs3PlanInput *input, const Cs3MapForce *force,
                       const Cs3LayerShape *shape, const Cs3WeightsLoan *live, gboolean best_only,
                       Cs3MapChoice *choice, GError **error) {
  const Cs3Hardware *hw = &input->machine->hw;
  Cs3MapWafer fed = cs3_plan_fed_wafer(input);
  const Cs3MapWant want = {.best_only = best_only, .links_vary = input->links_vary};
  if (!cs3_map_choose(&fed.hw, shape, live, input->memo, force, want, choice, error))
    return FALSE;
  if (fed.hw.io.rate_bits_per_s == hw->io.rate_bits_per_s)
    return TRUE;
  Cs3MapCandidate *candidates[] = {&choice->best, &choice->runner_up};
  for (guint i = 0; i < G_N_ELEMENTS(candidates); i++) {
    Cs3MapCandidate *c = candidates[i];
    Cs3LayerWeights weights = cs3_map_weights(&c->shape, live, input->memo);
    if (c->cycles == 0)
      continue;
    Cs3LayerResult result;
    if (!cs3_layer_pass(hw, &c->shape, &c->mapping, &weights, (Cs3LayerWant){CS3_LAYER_CYCLES},
                        &result, error))
      return FALSE;
    c->cycles = result.cycles;
  }
  return TRUE;
}

static gboolean run_pass(const Job *job, Matrix *m, Cs3Pass pass, GError **error) {
  const Cs3PlanInput *input = job->input;
  const Cs3Node *node = cs3_graph_node(input->graph, m->node);
  gint64 rows = cs3_plan_part_rows(node, job->plan->micro_batch, m->tiles);
  Cs3LayerShape shape = cs3_plan_shape(input->graph, node, pass, rows);
  Cs3PlanPass *out = &m->passes[pass];
  const Cs3MapForce force = cs3_plan_layout_force(input, job->plan, m->node, pass);
  if (!cs3_plan_has_pass(input, node, pass)) {
    out->choice.considered = 1;
    return TRUE;
  }
  if (input->fidelity == CS3_PLAN_BOUND)
    return run_bound(input, &force, &shape, m->density, out, error);
  g_auto(Cs3WeightsLoan) loan = {0};
  Cs3WeightsSpec spec = spec_of(job, m);
  gboolean sparse = m->density < 1;
  if (sparse && !cs3_weights_lend(input->store, &spec, pass == CS3_PASS_DX, &loan, error))
    return FALSE;
  const Cs3WeightsLoan *live = sparse ? &loan : NULL;
  if (input->fidelity == CS3_PLAN_RANKED)
    return run_ranked(input, &force, &shape, live, out, error) && cs3_weights_check(&loan, error);
  /* A matrix that comes with a choice keeps it (exact: the mapping of its shape). */
  if (out->choice.considered == 0 &&
      !choose(input, &force, &shape, live, input->trial, &out->choice, error))
    return FALSE;
  return run_chosen(input, live, out, error) && cs3_weights_check(&loan, error);
}

/* By closed forms, without a mask. */
static gboolean estimate_trial(const Cs3PlanInput *input, const Cs3LayerShape *shape,
                               double density, const Cs3MapForce *force, Cs3MapCandidate *best) {
  Cs3MapWafer fed = cs3_plan_fed_wafer(input);
  if (!cs3_map_best(&fed, shape, density, force, input->memo, NULL, best, NULL))
    return FALSE;
  best->cycles = llround(best->estimate);
  return TRUE;
}

gboolean cs3_plan_try_pass(const Cs3PlanInput *input, const Cs3PlanTrial *trial,
                           const Cs3MapForce *force, Cs3MapCandidate *best) {
  Job job = {.input = input};
  Matrix m = {.node = trial->node, .layer = trial->group.first, .density = trial->group.density};
  const Cs3Node *node = cs3_graph_node(input->graph, m.node);
  Cs3LayerShape shape = cs3_plan_shape(input->graph, node, trial->pass, trial->rows);
  if (input->fidelity == CS3_PLAN_RANKED)
    return estimate_trial(input, &shape, m.density, force, best);
  g_auto(Cs3WeightsLoan) loan = {0};
  Cs3WeightsSpec spec = spec_of(&job, &m);
  Cs3MapChoice choice = {0};
  gboolean sparse = m.density < 1;
  if (!draw(&job, &m, NULL) ||
      (sparse && !cs3_weights_lend(input->store, &spec, trial->pass == CS3_PASS_DX, &loan, NULL)))
    return FALSE;
  const Cs3WeightsLoan *live = sparse ? &loan : NULL;
  if (!choose(input, force, &shape, live, TRUE, &choice, NULL))
    return FALSE;
  *best = choice.best;
  return cs3_weights_check(&loan, NULL);
}

/* One item per (matrix, pass): three passes share drawn masks. */
static void run_passes(gint64 first, gint64 last, guint worker, gpointer data) {
  const Job *job = data;
  for (gint64 item = first; item < last; item++) {
    Matrix *m = &g_array_index(job->matrices, Matrix, item / CS3_N_PASS_KINDS);
    if (!run_pass(job, m, item % CS3_N_PASS_KINDS, NULL))
      m->passes[item % CS3_N_PASS_KINDS].choice.considered = 0;
  }
}

/* One item per matrix: its passes one after the other, so that its mask is used while it is kept.
 */
static void run_matrices(gint64 first, gint64 last, guint worker, gpointer data) {
  const Job *job = data;
  for (gint64 item = first; item < last; item++) {
    Matrix *m = &g_array_index(job->matrices, Matrix, item);
    for (int pass = 0; pass < CS3_N_PASS_KINDS && m->error == NULL; pass++)
      if (!run_pass(job, m, pass, &m->error))
        break;
  }
}

static gboolean lie_alike(const Cs3Plan *plan, guint x, guint y) {
  for (int backward = 0; backward < 2; backward++)
    if (!cs3_layout_equal(cs3_plan_layout(plan, x, backward), cs3_plan_layout(plan, y, backward)))
      return FALSE;
  return TRUE;
}

static Matrix *find_like(const Cs3PlanInput *input, const Cs3Plan *plan, GArray *matrices,
                         guint node, gint64 tiles, double density) {
  const Cs3Node *x = cs3_graph_node(input->graph, node);
  for (guint k = 0; k < matrices->len; k++) {
    Matrix *m = &g_array_index(matrices, Matrix, k);
    if (cs3_plan_alike(input->graph, x, cs3_graph_node(input->graph, m->node)) &&
        m->density == density && m->tiles == tiles && lie_alike(plan, node, m->node))
      return m;
  }
  return NULL;
}

static GArray *new_matrices(void) {
  GArray *matrices = g_array_new(FALSE, TRUE, sizeof(Matrix));
  g_array_set_clear_func(matrices, matrix_clear);
  return matrices;
}

static GArray *distinct_matrices(const Cs3PlanInput *input, const Cs3Plan *plan) {
  GArray *matrices = new_matrices();
  for (guint i = 0; i < input->graph->nodes->len; i++) {
    if (cs3_graph_node(input->graph, i)->kind != CS3_NODE_LINEAR)
      continue;
    gint64 tiles = cs3_plan_memory_tiles(&plan->memory, input->graph, i);
    g_autoptr(GArray) groups = cs3_plan_groups(input, i);
    for (guint g = 0; g < groups->len; g++) {
      const Cs3SparsityGroup *group = &g_array_index(groups, Cs3SparsityGroup, g);
      Matrix m = {.node = i, .tiles = tiles, .layer = group->first, .density = group->density};
      if (find_like(input, plan, matrices, i, tiles, group->density) != NULL)
        continue;
      g_array_append_val(matrices, m);
    }
  }
  return matrices;
}

/* Bands of a round may be unequal by their masks; what is counted is their mean. Rounded up; what
 * that adds is imbalance. */
static void take_part(Cs3LayerResult *r, gint64 parts) {
  gint64 sum = 0;
  r->cycles = (r->cycles + parts - 1) / parts;
  for (int cause = 0; cause < CS3_N_CAUSES; cause++)
    sum += r->causes[cause] /= parts;
  if (sum > 0)
    r->causes[CS3_CAUSE_IMBALANCE] += r->cycles - sum;
  r->nonzeros /= parts;
  r->ingress_wavelets /= parts;
  r->egress_wavelets /= parts;
}

static void append_linear(const Cs3PlanInput *input, Cs3Plan *plan, const Matrix *m, guint node,
                          gint64 layer, gint64 repeat, gint64 parts) {
  Cs3PlanLinear linear = {
      .node = node,
      .layer = layer,
      .repeat = repeat,
      .parts = parts,
      .tiles = m->tiles,
      .rows = cs3_plan_part_rows(cs3_graph_node(input->graph, node), plan->micro_batch, m->tiles),
      .density = m->density,
  };
  memcpy(linear.passes, m->passes, sizeof linear.passes);
  for (int pass = 0; pass < CS3_N_PASS_KINDS && parts > 1; pass++)
    take_part(&linear.passes[pass].result, parts);
  g_array_append_val(plan->linears, linear);
}

static gboolean first_error(GArray *matrices, GError **error) {
  for (guint k = 0; k < matrices->len; k++) {
    Matrix *m = &g_array_index(matrices, Matrix, k);
    if (m->error) {
      g_propagate_error(error, g_steal_pointer(&m->error));
      return FALSE;
    }
  }
  return TRUE;
}

/* A pass without a mapping: say why, in the words of the search. */
static gboolean all_mapped(const Job *job, GError **error) {
  for (guint k = 0; k < job->matrices->len; k++) {
    Matrix *m = &g_array_index(job->matrices, Matrix, k);
    for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
      if (m->passes[pass].choice.considered > 0)
        continue;
      if (run_pass(job, m, pass, error))
        continue; /* memory was short for a moment */
      g_prefix_error(error, "%s, %s: ", cs3_graph_node(job->input->graph, m->node)->label,
                     cs3_pass_name(pass));
      return FALSE;
    }
  }
  return TRUE;
}

/* Groups of a block-diagonal weight with a mask each: those that are drawn share one. */
static gint64 own_groups(const Cs3PlanInput *input, const Cs3Node *node) {
  return input->weights != NULL ? node->groups : 1;
}

/* The copies of an instance of a sparse linear node, each with its own mask, on the mapping chosen
 * for their shape. */
static void every_copy(const Cs3PlanInput *input, const Cs3Plan *plan, GArray *distinct,
                       guint index, gint64 layer, GArray *all) {
  gint64 tiles = cs3_plan_memory_tiles(&plan->memory, input->graph, index);
  const Cs3Node *node = cs3_graph_node(input->graph, index);
  double density = cs3_plan_density(input, index, layer), class = cs3_plan_class(input, density);
  for (gint64 copy = 0; density < 1 && copy < node->copies; copy++)
    for (gint64 group = 0; group < own_groups(input, node); group++) {
      Matrix m = {.node = index,
                  .tiles = tiles,
                  .layer = layer,
                  .copy = copy,
                  .group = group,
                  .density = density};
      memcpy(m.passes, find_like(input, plan, distinct, index, tiles, class)->passes,
             sizeof m.passes);
      g_array_append_val(all, m);
    }
}

static GArray *every_layer(const Cs3PlanInput *input, const Cs3Plan *plan, GArray *distinct) {
  GArray *all = new_matrices();
  for (guint i = 0; i < input->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(input->graph, i);
    gint64 repeat = cs3_node_segment(input->graph, node)->repeat;
    for (gint64 layer = 0; node->kind == CS3_NODE_LINEAR && layer < repeat; layer++)
      every_copy(input, plan, distinct, i, layer, all);
  }
  return all;
}

/* Results into the plan, in graph order: a group of instances from @distinct, or each from @every.
 */
static void collect(const Cs3PlanInput *input, GArray *distinct, GArray *every, Cs3Plan *plan) {
  guint next = 0;
  for (guint i = 0; i < input->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(input->graph, i);
    if (node->kind != CS3_NODE_LINEAR)
      continue;
    gint64 tiles = cs3_plan_memory_tiles(&plan->memory, input->graph, i);
    g_autoptr(GArray) groups = cs3_plan_groups(input, i);
    for (guint g = 0; g < groups->len; g++) {
      const Cs3SparsityGroup *group = &g_array_index(groups, Cs3SparsityGroup, g);
      if (every == NULL || group->density >= 1)
        append_linear(input, plan, find_like(input, plan, distinct, i, tiles, group->density), i,
                      -1, group->count * cs3_plan_matrices(node), 1);
    }
    for (; every && next < every->len && g_array_index(every, Matrix, next).node == i; next++) {
      const Matrix *m = &g_array_index(every, Matrix, next);
      append_linear(input, plan, m, i, m->layer, 1, own_groups(input, node));
    }
  }
}

gboolean cs3_plan_run_linears(const Cs3PlanInput *input, Cs3Plan *plan, GError **error) {
  g_autoptr(GArray) distinct = distinct_matrices(input, plan);
  Job job = {input, plan, distinct};
  for (guint k = 0; k < distinct->len; k++)
    if (!draw(&job, &g_array_index(distinct, Matrix, k), error))
      return FALSE;
  cs3_parallel_for((gint64)distinct->len * CS3_N_PASS_KINDS, 1, input->workers, run_passes, &job);
  if (!all_mapped(&job, error))
    return FALSE;
  if (!input->exact) {
    collect(input, distinct, NULL, plan);
    return TRUE;
  }
  g_autoptr(GArray) every = every_layer(input, plan, distinct);
  job.matrices = every;
  cs3_parallel_for(every->len, 1, input->workers, run_matrices, &job);
  if (!first_error(every, error))
    return FALSE;
  collect(input, distinct, every, plan);
  return TRUE;
}
