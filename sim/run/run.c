/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The main job: one training step, sparse and dense. */
#include "config.h"

#include "sim/run/run.h"

#include <math.h>
#include <string.h>

#include "fabric/fabric-error.h"
#include "sim/run/schedule.h"
#include "workloads/model.h"

/* A frozen weight is there as it is sent. */
enum { FROZEN_BYTES = 2 };

const char *cs3_step_cause_name(int cause) {
  static const char *const names[] = {
      [CS3_STEP_LAYOUT] = "layout",
      [CS3_STEP_ATTENTION] = "attention",
      [CS3_STEP_VECTOR] = "vector",
      [CS3_STEP_EMBEDDING] = "embedding",
      [CS3_STEP_RECOMPUTE] = "recompute",
      [CS3_STEP_PADDING] = "padding",
      [CS3_STEP_STREAM_WAIT] = "stream_wait",
      [CS3_STEP_BOUNDARY] = "boundary",
      [CS3_STEP_EDGE] = "edge",
      [CS3_STEP_FAULTS] = "faults",
  };
  return cause < CS3_N_CAUSES ? cs3_cause_name(cause) : names[cause];
}

/* Forward passes of @linear that backward asks for: its share of those of its node's instances. */
static double runs_again(const Cs3Graph *graph, const Cs3Plan *plan, const Cs3PlanLinear *linear) {
  const Cs3Node *node = cs3_graph_node(graph, linear->node);
  double matrices = (double)(cs3_node_segment(graph, node)->repeat * cs3_plan_matrices(node));
  return cs3_plan_memory_repeats(&plan->memory, graph, linear->node) *
         (double)(linear->repeat * linear->tiles) * (double)cs3_plan_matrices(node) / matrices;
}

/* Causes of one micro-batch: every pass, every repeat. */
static void count_linear(const Cs3Graph *graph, const Cs3Plan *plan, const Cs3PlanLinear *linear,
                         gint64 *causes) {
  gint64 passes = linear->repeat * linear->tiles;
  for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++)
    for (int cause = 0; cause < CS3_N_CAUSES; cause++)
      causes[cause] += passes * linear->passes[pass].result.causes[cause];
  causes[CS3_STEP_RECOMPUTE] +=
      llround(runs_again(graph, plan, linear) * linear->passes[CS3_PASS_FORWARD].result.cycles);
}

/* @forwards: what the MACs of a step are of those of forward. */
static void count_other(const Cs3Graph *graph, const Cs3Plan *plan, const Cs3PlanOther *other,
                        double forwards, gint64 *causes) {
  const Cs3Node *node = cs3_graph_node(graph, other->node);
  const Cs3Segment *segment = cs3_node_segment(graph, node);
  gint64 total = segment->repeat * (other->forward + other->backward);
  if (node->kind == CS3_NODE_SCORES || node->kind == CS3_NODE_VALUES) {
    gint64 ideal = MIN(total, (gint64)(forwards * segment->repeat * other->ideal));
    causes[CS3_CAUSE_ARITHMETIC] += ideal;
    causes[CS3_STEP_ATTENTION] += total - ideal;
  } else {
    causes[node->kind == CS3_NODE_EMBEDDING ? CS3_STEP_EMBEDDING : CS3_STEP_VECTOR] += total;
  }
  causes[CS3_STEP_RECOMPUTE] +=
      llround(cs3_plan_memory_repeats(&plan->memory, graph, other->node) * (double)other->forward);
}

static void count_move(const Cs3Graph *graph, const Cs3Plan *plan, const Cs3PlanOther *move,
                       gint64 *causes) {
  const Cs3Segment *segment = cs3_node_segment(graph, cs3_graph_node(graph, move->node));
  causes[CS3_STEP_LAYOUT] += segment->repeat * (move->forward + move->backward);
  causes[CS3_STEP_RECOMPUTE] +=
      llround(cs3_plan_memory_repeats(&plan->memory, graph, move->node) * (double)move->forward);
}

/* Causes of the step: all micro-batches, the share of samples that do not exist as padding, and
 * what the system adds. */
static void account(const Cs3PlanInput *input, Cs3StepRun *run) {
  const Cs3Plan *plan = run->plan;
  gint64 causes[CS3_N_STEP_CAUSES] = {0};
  for (guint k = 0; k < plan->linears->len; k++)
    count_linear(input->graph, plan, &g_array_index(plan->linears, Cs3PlanLinear, k), causes);
  for (guint k = 0; k < plan->others->len; k++)
    count_other(input->graph, plan, &g_array_index(plan->others, Cs3PlanOther, k),
                cs3_plan_forwards(input), causes);
  for (guint k = 0; k < plan->moves->len; k++)
    count_move(input->graph, plan, &g_array_index(plan->moves, Cs3PlanOther, k), causes);

  gint64 slots = plan->micro_batches * plan->micro_batch;
  double padding = (double)(slots - input->batch) / slots;
  gint64 padded = 0;
  for (int cause = 0; cause < CS3_N_STEP_CAUSES; cause++) {
    gint64 total = causes[cause] * plan->micro_batches;
    gint64 wasted = (gint64)(total * padding);
    run->causes[cause] = total - wasted;
    padded += wasted;
  }
  run->causes[CS3_STEP_PADDING] = padded;
  double clock_hz = input->machine->hw.wafer.clock_hz;
  run->causes[CS3_STEP_STREAM_WAIT] = llround(run->time.stream_wait_s * clock_hz);
  run->causes[CS3_STEP_BOUNDARY] = llround(run->time.boundary_s * clock_hz);
  run->causes[CS3_STEP_EDGE] = llround(run->time.edge_s * clock_hz);
  run->causes[CS3_STEP_FAULTS] = llround(run->fault_s * clock_hz);
  run->cycles = 0;
  for (int cause = 0; cause < CS3_N_STEP_CAUSES; cause++)
    run->cycles += run->causes[cause];
}

/* FLOPs of the step (2 a MAC of every pass) and the cycles a token spends in the blocks'
 * linear layers. */
static void count_work(const Cs3PlanInput *input, gint64 systems, Cs3StepRun *run) {
  const Cs3Graph *graph = input->graph;
  double macs = 0, cycles = 0;
  for (guint k = 0; k < run->plan->linears->len; k++) {
    const Cs3PlanLinear *linear = &g_array_index(run->plan->linears, Cs3PlanLinear, k);
    const Cs3Node *node = cs3_graph_node(graph, linear->node);
    macs += cs3_node_passes(node) / 3.0 * (double)linear->repeat *
            (double)linear->passes[CS3_PASS_FORWARD].result.nonzeros * node->rows;
    if (!cs3_node_segment(graph, node)->block)
      continue;
    for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++)
      cycles += (double)(linear->repeat * linear->tiles) * linear->passes[pass].result.cycles;
    cycles += runs_again(graph, run->plan, linear) *
              (double)linear->passes[CS3_PASS_FORWARD].result.cycles;
  }
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    if (node->kind != CS3_NODE_LINEAR)
      macs += cs3_node_segment(graph, node)->repeat * node->macs * cs3_node_rows(node);
  }
  run->flops = 2 * cs3_plan_forwards(input) * macs * input->batch * systems;
  run->linear_cycles_per_token = cycles / run->plan->tokens;
}

Cs3Schedule cs3_run_schedule(const Cs3RunConfig *config, const Cs3Plan *plan, const GArray *uses) {
  Cs3PlanInput input = cs3_run_input(config);
  Cs3Schedule schedule = cs3_schedule(&input, plan, uses);
  schedule.systems = cs3_run_systems(config);
  schedule.each = config->each;
  schedule.faults = config->faults;
  return schedule;
}

/* By the recurrence of the system, with @faults (nullable). */
static gboolean time_plan(const Cs3RunConfig *config, const Cs3PlanInput *input,
                          const Cs3Plan *plan, const GArray *faults, Cs3StepTime *time,
                          GError **error) {
  g_autoptr(GArray) uses = cs3_schedule_uses(input, plan, NULL, NULL);
  Cs3Schedule schedule = cs3_run_schedule(config, plan, uses);
  schedule.faults = faults;
  if (!cs3_step_check(&schedule, &input->machine->system, error))
    return FALSE;
  cs3_step_oracle(&schedule, &input->machine->system, time);
  return TRUE;
}

/* Everything that a step without faults depends on. */
static Cs3MemoKey step_key(const Cs3Schedule *schedule, const Cs3System *system) {
  const gint64 counts[] = {schedule->n_uses, schedule->micro_batches, schedule->systems,
                           schedule->each};
  const double rates[] = {schedule->clock_hz, schedule->port_bytes_per_s, schedule->port_latency_s};
  Cs3MemoKey key = cs3_memo_key(NULL, "step", sizeof "step");
  key = cs3_memo_key(&key, counts, sizeof counts);
  key = cs3_memo_key(&key, rates, sizeof rates);
  key = cs3_memo_key(&key, system, sizeof *system);
  return cs3_memo_key(&key, schedule->uses, schedule->n_uses * sizeof *schedule->uses);
}

/* What decides between plans. */
typedef struct {
  double step_s, stream_wait_s;
} Trial;

/* The step of @plan without faults, once for all plans that are alike in it. Returns: %FALSE where
 * it cannot be simulated, or is not shorter than @enough seconds by its lower bound. */
static gboolean time_trial(const Cs3RunConfig *config, const Cs3PlanInput *input,
                           const Cs3Plan *plan, double enough, Trial *trial, GError **error) {
  g_autoptr(GArray) uses = cs3_schedule_uses(input, plan, NULL, NULL);
  Cs3Schedule schedule = cs3_run_schedule(config, plan, uses);
  const Cs3System *system = &input->machine->system;
  gint64 known[CS3_MEMO_VALUES] = {0};
  schedule.faults = NULL;
  if (cs3_step_least(&schedule, system) >= enough)
    return FALSE;
  Cs3MemoKey key = step_key(&schedule, system);
  if (!cs3_memo_find(input->memo, &key, known)) {
    Cs3StepTime time;
    if (!cs3_step_check(&schedule, system, error))
      return FALSE;
    cs3_step_oracle(&schedule, system, &time);
    *trial = (Trial){time.step_s, time.stream_wait_s};
    memcpy(known, trial, sizeof *trial);
    cs3_memo_keep(input->memo, &key, known);
  }
  memcpy(trial, known, sizeof *trial);
  return TRUE;
}

/* Seconds of the step of @plan without faults; INFINITY where it cannot be simulated. */
static double step_seconds(const Cs3PlanInput *input, const Cs3Plan *plan, double enough,
                           gconstpointer config) {
  Trial trial;
  return time_trial(config, input, plan, enough, &trial, NULL) ? trial.step_s : INFINITY;
}

Cs3PlanInput cs3_run_input(const Cs3RunConfig *config) {
  return (Cs3PlanInput){
      .graph = config->graph,
      .machine = config->machine,
      .sparsity = config->sparsity,
      .pattern = &config->pattern,
      .weights = config->weights,
      .batch = config->batch / cs3_run_systems(config),
      .seed = config->seed,
      .forward = config->forward,
      .exact = config->exact,
      .fidelity = config->fidelity,
      .workers = config->workers,
      .force = config->force,
      .judge = step_seconds,
      .judge_data = config,
  };
}

static gboolean any_lasting(const GArray *faults) {
  for (guint i = 0; faults != NULL && i < faults->len; i++) {
    const Cs3Fault *fault = &g_array_index(faults, Cs3Fault, i);
    if (fault->kind == CS3_FAULT_STRAGGLER || (fault->kind == CS3_FAULT_LINK && !fault->timed))
      return TRUE;
  }
  return FALSE;
}

/* The step as it should be is simulated from here on. */
static Cs3StepSimulation *begin_step(const Cs3RunConfig *config, const Cs3PlanInput *input,
                                     const Cs3Plan *plan, GError **error) {
  g_autoptr(GArray) uses = cs3_schedule_uses(input, plan, NULL, NULL);
  Cs3Schedule sound = cs3_run_schedule(config, plan, uses);
  sound.faults = NULL;
  return cs3_step_begin(&sound, &input->machine->system, error);
}

/* @simulation: (transfer full): of the step as it should be. Then with the faults that last. */
static gboolean time_step(const Cs3Schedule *with_faults, const Cs3System *system,
                          Cs3StepSimulation *simulation, Cs3StepRun *run, GError **error) {
  Cs3Schedule single = *with_faults;
  Cs3StepTime time;
  single.faults = NULL;
  single.systems = 1;
  cs3_step_oracle(&single, system, &time);
  if (!cs3_step_end(simulation, &run->time, error))
    return FALSE;
  run->single_s = time.step_s;
  if (!any_lasting(with_faults->faults))
    return TRUE;
  if (!cs3_step_simulate(with_faults, system, &time, error))
    return FALSE;
  run->fault_s = time.step_s - run->time.step_s;
  run->time.step_s = time.step_s;
  return TRUE;
}

double cs3_run_joules(const Cs3RunConfig *config, const Cs3StepTime *time) {
  const Cs3Hardware *hw = &config->machine->hw;
  double idle_w = hw->wafer.power_w * hw->wafer.power_idle_ratio;
  double busy_s = time->compute_s * (double)cs3_run_systems(config);
  for (guint i = 0; config->faults != NULL && i < config->faults->len; i++) {
    const Cs3Fault *fault = &g_array_index(config->faults, Cs3Fault, i);
    if (fault->kind == CS3_FAULT_STRAGGLER)
      busy_s += time->compute_s * (1 / fault->share - 1);
  }
  return idle_w * time->step_s * (double)cs3_run_systems(config) +
         (hw->wafer.power_w - idle_w) * busy_s;
}

/* The rate of the path to the port over the port's own, at most 1. */
static double feed_of(const Cs3RunConfig *config) {
  const Cs3Hardware *hw = &config->machine->hw;
  double path = cs3_step_path_rate(&config->machine->system, cs3_run_systems(config));
  double port = cs3_schedule_port_rate(hw);
  return MIN(1, path / port);
}

/* The fastest plan so far: that of a trial. */
typedef struct {
  Cs3Plan *plan;      /* owned */
  Cs3PlanInput input; /* that it is of */
  Trial time;
} Best;

/* Replaces @best when @input gives a faster step. A way that does not fit is none. */
static gboolean try_plan(const Cs3RunConfig *config, const Cs3PlanInput *input, Best *best,
                         GError **error) {
  g_autoptr(Cs3Plan) plan = cs3_plan_new(input, error);
  if (plan == NULL)
    return FALSE;
  Trial time;
  double enough = best->plan != NULL ? best->time.step_s : INFINITY;
  if (!time_trial(config, input, plan, enough, &time, error))
    return FALSE;
  if (time.step_s >= enough)
    return TRUE;
  cs3_plan_free(best->plan);
  *best = (Best){g_steal_pointer(&plan), *input, time};
  return TRUE;
}

/* Whether all passes of @plan are in the weight format that @input forces: then that forces nothing
 * more. */
static gboolean has_format(const Cs3Plan *plan, const Cs3PlanInput *input) {
  for (guint k = 0; k < plan->linears->len; k++)
    for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
      const Cs3PlanPass *p = &g_array_index(plan->linears, Cs3PlanLinear, k).passes[pass];
      if (p->result.cycles > 0 && p->choice.best.shape.dense != input->force.dense)
        return FALSE;
    }
  return TRUE;
}

/* Time that the wafer waits for weights, of the step, from which on other formats and layouts may
 * pay: less waiting is what they can win. */
#define WAITING_FOR_FORMATS 1e-3
#define WAITING_FOR_LAYOUTS 1e-2

/* The ways of a step that compete with @best: what is best for the port, what is best at the path's
 * rate, each weight format alone. */
static void try_formats(const Cs3RunConfig *config, const Cs3PlanInput *input, double feed,
                        Best *best) {
  gboolean one_format = input->sparsity == NULL || input->force.dense >= 0;
  for (int dense = -1; dense <= (one_format ? -1 : 1); dense++)
    for (int slow = dense < 0; slow <= 1; slow++) {
      Cs3PlanInput way = *input;
      way.feed = slow ? feed : 1;
      way.force.dense = dense < 0 ? input->force.dense : dense;
      if (dense < 0 || !has_format(best->plan, &way))
        (void)!try_plan(config, &way, best, NULL);
    }
}

/* @choice, a member of @way->force, forced to each of its values from @first to @last. */
static void try_forced(const Cs3RunConfig *config, Cs3PlanInput *way, int *choice, int first,
                       int last, double feed, Best *best) {
  int own = *choice;
  for (int value = first; own < 0 && value <= last; value++)
    for (int slow = 0; slow <= 1; slow++) {
      way->feed = slow ? feed : 1;
      *choice = value;
      (void)!try_plan(config, way, best, NULL);
    }
  *choice = own;
}

/* And accumulators in one place alone (from SRAM a pass asks for more weights at a time), features
 * along one axis alone. */
static void try_layouts(const Cs3RunConfig *config, const Cs3PlanInput *input, double feed,
                        Best *best) {
  Cs3PlanInput way = *input;
  try_forced(config, &way, &way.force.placement, CS3_ACC_CACHE, CS3_ACC_SRAM, feed, best);
  try_forced(config, &way, &way.force.axis, CS3_AXIS_Y, CS3_AXIS_X, feed, best);
}

/* The mapper sees passes one by one. Where the path from MemoryX is slower than the port, whether
 * the wafer waits depends on what else runs while weights come: ways of the whole step compete by
 * its time, where there is time to win. */
static Cs3Plan *choose_plan(const Cs3RunConfig *config, const Cs3PlanInput *input, GError **error) {
  double feed = feed_of(config);
  if (feed >= 1)
    return cs3_plan_new(input, error);
  Best best = {0};
  Cs3PlanInput trial = *input;
  trial.trial = TRUE;
  if (!try_plan(config, &trial, &best, error))
    return NULL;
  if (best.time.stream_wait_s > WAITING_FOR_FORMATS * best.time.step_s)
    try_formats(config, &trial, feed, &best);
  if (best.time.stream_wait_s > WAITING_FOR_LAYOUTS * best.time.step_s &&
      input->fidelity != CS3_PLAN_RANKED)
    try_layouts(config, &trial, feed, &best);
  best.input.trial = input->trial;
  if (!input->trial && !cs3_plan_complete(&best.input, best.plan, error))
    g_clear_pointer(&best.plan, cs3_plan_free);
  return best.plan;
}

/* A plan on its way. */
typedef struct {
  const Cs3RunConfig *config;
  Cs3PlanInput input;
  Cs3Plan *plan; /* NULL: error says why */
  GError *error;
} Planning;

static void planning_clear(Planning *p) {
  cs3_plan_free(p->plan);
  g_clear_error(&p->error);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Planning, planning_clear)

static gpointer make_plan(gpointer data) {
  Planning *p = data;
  p->plan = choose_plan(p->config, &p->input, &p->error);
  return NULL;
}

static gboolean take_plan(Planning *p, Cs3StepRun *run, GError **error) {
  run->plan = g_steal_pointer(&p->plan);
  if (run->plan == NULL)
    g_propagate_error(error, g_steal_pointer(&p->error));
  return run->plan != NULL;
}

/* @simulation: (transfer full): of the step of run->plan. */
static gboolean end_step(const Cs3RunConfig *config, const Cs3PlanInput *input,
                         Cs3StepSimulation *simulation, Cs3StepRun *run, GError **error) {
  g_autoptr(GArray) uses = cs3_schedule_uses(input, run->plan, NULL, NULL);
  Cs3Schedule schedule = cs3_run_schedule(config, run->plan, uses);
  if (!time_step(&schedule, &input->machine->system, simulation, run, error))
    return FALSE;
  account(input, run);
  count_work(input, cs3_run_systems(config), run);
  run->joules = cs3_run_joules(config, &run->time);
  return TRUE;
}

/* The step of run->plan. */
static gboolean simulate_plan(const Cs3RunConfig *config, const Cs3PlanInput *input,
                              Cs3StepRun *run, GError **error) {
  Cs3StepSimulation *simulation = begin_step(config, input, run->plan, error);
  return simulation != NULL && end_step(config, input, simulation, run, error);
}

static gboolean simulate(const Cs3RunConfig *config, const Cs3PlanInput *input, Cs3StepRun *run,
                         GError **error) {
  run->plan = choose_plan(config, input, error);
  return run->plan != NULL && simulate_plan(config, input, run, error);
}

static double block_macs(const Cs3Graph *graph, const double *density) {
  double macs = 0;
  for (guint i = 0; i < graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(graph, i);
    const Cs3Segment *segment = cs3_node_segment(graph, node);
    if (node->kind == CS3_NODE_LINEAR && segment->block)
      macs += segment->repeat * node->macs * cs3_node_rows(node) * (density ? density[i] : 1);
  }
  return macs;
}

double cs3_run_state_bytes(const Cs3RunConfig *config) {
  double frozen = cs3_graph_frozen_parameters(config->graph);
  double trained = (double)cs3_model_parameters(config->graph->model) - frozen;
  return cs3_system_state_bytes(&config->machine->system, trained) + FROZEN_BYTES * frozen;
}

static gboolean check_memoryx(const Cs3RunConfig *config, GError **error) {
  const Cs3Model *model = config->graph->model;
  double missing, parameters = (double)cs3_model_parameters(model);
  if (cs3_system_fits(&config->machine->system, cs3_run_state_bytes(config), &missing))
    return TRUE;
  g_set_error(
      error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE,
      "%s does not fit MemoryX: weights and optimizer state of %.3g parameters lack %.3g GB "
      "(memoryx.capacity is %.3g GB in all); use a larger unit with --set memoryx.capacity=... or "
      "more with --set memoryx.units=...",
      model->name, parameters, missing / 1e9, cs3_system_capacity(&config->machine->system) / 1e9);
  return FALSE;
}

static gboolean any_sparse(const Cs3RunConfig *config) {
  const double *density = config->sparsity->node_density;
  gboolean any = FALSE;
  for (guint i = 0; i < config->graph->nodes->len; i++)
    any |= cs3_graph_node(config->graph, i)->kind == CS3_NODE_LINEAR && density[i] < 1;
  return any;
}

static void share(const Cs3StepRun *from, Cs3StepRun *to) {
  *to = *from;
  cs3_plan_ref(to->plan);
}

struct Cs3RunCache {
  Cs3Memo *memo;
  Cs3WeightStore *store;
  Cs3KeepStore *keeps;
};

/* One run asks for about 200 passes. Counting again what does not fit here takes less time than the
 * pages for twice as much. */
enum { RUN_PASSES = 1 << 12, RUN_MASK_BYTES = 40 << 20 };

Cs3RunCache *cs3_run_cache_new(gsize passes, gsize mask_bytes) {
  Cs3RunCache *cache = g_new0(Cs3RunCache, 1);
  cache->memo = cs3_memo_new(passes);
  cache->store = cs3_weight_store_new(cache->memo, mask_bytes);
  cache->keeps = cs3_keep_store_new();
  return cache;
}

void cs3_run_cache_free(Cs3RunCache *cache) {
  if (cache == NULL)
    return;
  cs3_weight_store_free(cache->store);
  cs3_keep_store_free(cache->keeps);
  cs3_memo_free(cache->memo);
  g_free(cache);
}

Cs3Memo *cs3_run_cache_memo(Cs3RunCache *cache) {
  return cache->memo;
}

/* The dense step. */
static Cs3PlanInput plan_input(const Cs3RunConfig *config, const Cs3RunCache *cache) {
  Cs3PlanInput input = cs3_run_input(config);
  input.store = cache->store;
  input.memo = cache->memo;
  input.keeps = cache->keeps;
  input.links_vary = config->cache != NULL;
  input.sparsity = NULL;
  return input;
}

/* What happens at some time happens to the sparse step. */
static gboolean disturb(Cs3Run *run, const Cs3PlanInput *input, GError **error) {
  if (!cs3_step_has_timed(run->config.faults))
    return TRUE;
  g_autoptr(GArray) uses = cs3_schedule_uses(input, run->sparse.plan, NULL, NULL);
  Cs3Schedule schedule = cs3_run_schedule(&run->config, run->sparse.plan, uses);
  return cs3_step_disturbed(&schedule, &input->machine->system, &run->lost_s, &run->retries, error);
}

/* What the place of the zeros costs is the difference to this. */
static gboolean simulate_uniform(const Cs3RunConfig *config, const Cs3PlanInput *sparse,
                                 Cs3Run *run, GError **error) {
  if (config->weights == NULL || config->fidelity == CS3_PLAN_BOUND)
    return TRUE;
  Cs3PlanInput input = *sparse;
  input.weights = NULL;
  if (any_sparse(config))
    return simulate(config, &input, &run->uniform, error);
  share(&run->dense, &run->uniform);
  return TRUE;
}

/* A graph may have no block, or none with a matrix: nothing of it gets faster. */
static double ratio(double dense, double sparse) {
  return sparse > 0 ? dense / sparse : 1;
}

/* Both plans (nullable: not needed), and what simulates steps, beside each other where more than
 * one thread may run: half of a plan is a single thread's work. Processes are forked for steps when
 * all threads have ended. */
static void make_plans(const Cs3RunConfig *config, Planning *dense, Planning *sparse) {
  guint workers = config->workers > 0 ? config->workers : g_get_num_processors();
  GThread *loading = workers > 1 ? cs3_step_load_ahead() : NULL, *beside = NULL;
  if (dense != NULL && sparse != NULL && workers > 1)
    beside = g_thread_try_new("cs3-plan", make_plan, dense, NULL);
  if (dense != NULL && beside == NULL)
    make_plan(dense);
  if (sparse != NULL)
    make_plan(sparse);
  g_clear_pointer(&beside, g_thread_join);
  g_clear_pointer(&loading, g_thread_join);
}

/* Two steps beside each other, each a process of one thread. */
static gboolean simulate_two(const Cs3RunConfig *config, const Cs3PlanInput *dense,
                             const Cs3PlanInput *sparse, Cs3Run *run, GError **error) {
  g_autoptr(Cs3StepSimulation) first = begin_step(config, dense, run->dense.plan, error);
  if (first == NULL)
    return FALSE;
  g_autoptr(Cs3StepSimulation) second = begin_step(config, sparse, run->sparse.plan, error);
  return second != NULL && end_step(config, dense, g_steal_pointer(&first), &run->dense, error) &&
         end_step(config, sparse, g_steal_pointer(&second), &run->sparse, error);
}

static gboolean simulate_both(const Cs3RunConfig *config, const Cs3Run *baseline,
                              const Cs3PlanInput *input, Cs3Run *run, GError **error) {
  gboolean sparse = any_sparse(config);
  g_auto(Planning) dense_plan = {.config = config, .input = *input};
  g_auto(Planning) sparse_plan = dense_plan;
  sparse_plan.input.sparsity = config->sparsity;
  make_plans(config, baseline == NULL ? &dense_plan : NULL, sparse ? &sparse_plan : NULL);
  if (baseline != NULL)
    share(&baseline->dense, &run->dense);
  else if (!take_plan(&dense_plan, &run->dense, error))
    return FALSE;
  if (sparse && !take_plan(&sparse_plan, &run->sparse, error))
    return FALSE;
  if (sparse && baseline == NULL)
    return simulate_two(config, input, &sparse_plan.input, run, error);
  if (sparse)
    return simulate_plan(config, &sparse_plan.input, &run->sparse, error);
  if (baseline == NULL && !simulate_plan(config, input, &run->dense, error))
    return FALSE;
  share(&run->dense, &run->sparse);
  return TRUE;
}

Cs3Run *cs3_run_against(const Cs3RunConfig *config, const Cs3Run *baseline, GError **error) {
  g_autoptr(Cs3Run) run = g_new0(Cs3Run, 1);
  g_autoptr(Cs3RunCache) own =
      config->cache == NULL ? cs3_run_cache_new(RUN_PASSES, RUN_MASK_BYTES) : NULL;
  run->config = *config;
  Cs3PlanInput input = plan_input(config, config->cache != NULL ? config->cache : own);
  if (!check_memoryx(config, error) || !simulate_both(config, baseline, &input, run, error))
    return NULL;
  input.sparsity = config->sparsity;
  if (!disturb(run, &input, error) || !simulate_uniform(config, &input, run, error))
    return NULL;
  const double *density = config->sparsity->node_density;
  run->speedup = run->dense.time.step_s / run->sparse.time.step_s;
  run->theoretical = cs3_graph_theoretical_speedup(config->graph, density);
  run->linear_speedup =
      ratio(run->dense.linear_cycles_per_token, run->sparse.linear_cycles_per_token);
  run->linear_theoretical =
      ratio(block_macs(config->graph, NULL), block_macs(config->graph, density));
  return g_steal_pointer(&run);
}

Cs3Run *cs3_run(const Cs3RunConfig *config, GError **error) {
  return cs3_run_against(config, NULL, error);
}

static gboolean find_step(const Cs3RunConfig *config, const Cs3PlanInput *input, double *step_s,
                          double *joules, GError **error) {
  g_autoptr(Cs3Plan) plan = choose_plan(config, input, error);
  Cs3StepTime time;
  if (plan == NULL || !time_plan(config, input, plan, config->faults, &time, error))
    return FALSE;
  *step_s = time.step_s;
  *joules = cs3_run_joules(config, &time);
  return TRUE;
}

gboolean cs3_run_times(const Cs3RunConfig *config, gint64 sample_rows, Cs3RunTimes *times,
                       GError **error) {
  g_return_val_if_fail(config->cache != NULL, FALSE);
  Cs3PlanInput input = plan_input(config, config->cache);
  input.fidelity = CS3_PLAN_RANKED;
  input.trial = TRUE;
  input.exact = FALSE;
  input.sample_rows = sample_rows;
  if (!check_memoryx(config, error) ||
      !find_step(config, &input, &times->dense_s, &times->dense_joules, error))
    return FALSE;
  times->sparse_s = times->dense_s;
  times->sparse_joules = times->dense_joules;
  input.sparsity = config->sparsity;
  return !any_sparse(config) ||
         find_step(config, &input, &times->sparse_s, &times->sparse_joules, error);
}

/* A dense gradient needs no indices, so its weights come in once already (doc/model.md 1.5): dX and
 * dW are two passes here whatever the machine does otherwise. */
gboolean cs3_run_dense_gradient(const Cs3Run *run, Cs3StepTime *time, GError **error) {
  Cs3Machine machine = *run->config.machine;
  machine.hw.kernel.backward = CS3_BACKWARD_SEPARATE;
  g_autoptr(Cs3RunCache) own =
      run->config.cache == NULL ? cs3_run_cache_new(RUN_PASSES, RUN_MASK_BYTES) : NULL;
  Cs3PlanInput dense = plan_input(&run->config, own != NULL ? own : run->config.cache);
  dense.machine = &machine;
  dense.force.micro_batch = run->sparse.plan->micro_batch;
  Cs3PlanInput input = dense;
  input.sparsity = run->config.sparsity;
  g_autoptr(Cs3Plan) sparse = cs3_plan_new(&input, error);
  g_autoptr(Cs3Plan) gradient = sparse != NULL ? cs3_plan_new(&dense, error) : NULL;
  if (gradient == NULL)
    return FALSE;
  g_autoptr(GArray) uses = cs3_schedule_uses(&input, sparse, gradient, NULL);
  Cs3Schedule schedule = cs3_run_schedule(&run->config, sparse, uses);
  return cs3_step_simulate(&schedule, &machine.system, time, error);
}

void cs3_run_free(Cs3Run *run) {
  if (run == NULL)
    return;
  cs3_plan_free(run->sparse.plan);
  cs3_plan_free(run->dense.plan);
  if (run->uniform.plan != NULL)
    cs3_plan_free(run->uniform.plan);
  g_free(run);
}
