/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a training run takes. */
#include "config.h"

#include "sim/training/training.h"

#include <math.h>

#include "base/config-error.h"
#include "sim/training/teacher.h"
#include "workloads/workload-error.h"

/* Sparsities at which a phase of gradual pruning is simulated. */
enum { LEVELS = 8 };

/* Steps of a phase that are alike. */
typedef struct {
  double steps; /* may be a fraction: levels divide the phase evenly */
  double step_s, joules, flops;
} Segment;

/* What is needed of the steps of a phase beside the sums. */
typedef struct {
  GArray *segments; /* of Segment */
  double dense_step_s, dense_joules, dense_flops;
  double change_s, change_joules, change_flops; /* one change of the mask, beyond a step */
  double dense_checkpoint_s, idle_w;            /* idle_w: all systems */
} Costs;

static void costs_clear(Costs *costs) {
  g_clear_pointer(&costs->segments, g_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Costs, costs_clear)

typedef struct {
  Cs3Training *training;
  const Cs3TrainingOptions *options;
  Cs3ScenarioOptions step; /* of a phase: borrowed texts */
  Cs3WeightSet *weights;   /* (nullable) of the phase */
  /* The dense side of the latest run serves the next one of the same batch and length. */
  Cs3Scenario *baseline_scenario;
  Cs3Run *baseline;
} Job;

/* --- the steps of a phase -------------------------------------------------------------------- */

/* The model and the machine of a recipe may be files that its author, not its user, has named. */
static Cs3Scenario *scenario_of(Job *job, GError **error) {
  GError *problem = NULL;
  Cs3Scenario *scenario = cs3_scenario_new(&job->step, &problem);
  if (scenario != NULL)
    return scenario;
  cs3_config_hide(&problem, job->step.model, "a network that can be read", "cs3sim inspect");
  cs3_config_hide(&problem, job->step.hardware, "a hardware file", "cs3sim explain --hardware");
  g_propagate_error(error, problem);
  return NULL;
}

static Cs3Run *run_step(Job *job, double sparsity, Cs3Scenario **scenario, GError **error) {
  job->step.sparsity = sparsity;
  *scenario = scenario_of(job, error);
  if (*scenario == NULL)
    return NULL;
  const Cs3Scenario *known = job->baseline_scenario;
  gboolean alike = known != NULL && known->config.batch == (*scenario)->config.batch &&
                   known->graph->lengths.seq == (*scenario)->graph->lengths.seq;
  return cs3_run_against(&(*scenario)->config, alike ? job->baseline : NULL, error);
}

static void keep_baseline(Job *job, Cs3Scenario *scenario, Cs3Run *run) {
  g_clear_pointer(&job->baseline, cs3_run_free);
  g_clear_pointer(&job->baseline_scenario, cs3_scenario_free);
  job->baseline = run;
  job->baseline_scenario = scenario;
}

/* Stored parameters of all instances and copies. */
static double stored_params(const Cs3Graph *graph, const Cs3Node *node) {
  gint64 instances = node->shared ? 1 : cs3_node_segment(graph, node)->repeat;
  return (double)node->parameters * (double)(instances * node->copies);
}

static double live_params(const Cs3Scenario *s) {
  double live = (double)cs3_model_parameters(s->model) - cs3_graph_frozen_parameters(s->graph);
  for (guint i = 0; i < s->graph->nodes->len; i++) {
    const Cs3Node *node = cs3_graph_node(s->graph, i);
    if (node->kind == CS3_NODE_LINEAR && !node->frozen)
      live -= stored_params(s->graph, node) * (1 - s->sparsity->node_density[i]);
  }
  return live;
}

/* A pass over the weights takes MemoryX as long as their update. */
static gboolean cost_change(const Cs3Phase *phase, const Cs3Run *run, double params, Costs *costs,
                            GError **error) {
  const Cs3System *system = &run->config.machine->system;
  if (run->config.lora != NULL) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT,
                "mask = %s changes weights that --lora %s freezes; take mask = static",
                cs3_mask_schedule_names[phase->mask], run->config.lora);
    return FALSE;
  }
  double pass_s = params / cs3_system_optimizer_rate(system);
  costs->change_s = pass_s;
  costs->change_joules = pass_s * costs->idle_w;
  if (phase->mask != CS3_MASK_RIGL)
    return TRUE;
  Cs3StepTime time;
  if (!cs3_run_dense_gradient(run, &time, error))
    return FALSE;
  costs->change_s += time.step_s - run->sparse.time.step_s;
  costs->change_joules += cs3_run_joules(&run->config, &time) - run->sparse.joules;
  /* Forward and dX as they are, dW as if dense. */
  costs->change_flops = (run->dense.flops - run->sparse.flops) / 3;
  return TRUE;
}

/* What @steps of @run take longer on each machine of the posterior than on the nominal one. */
static gboolean add_samples(Job *job, const Cs3Run *run, double steps, GError **error) {
  const Cs3PosteriorFile *posterior = job->options->posterior;
  GArray *samples = job->training->samples;
  Cs3RunTimes whole = {run->dense.time.step_s, run->sparse.time.step_s};
  g_auto(Cs3PosteriorTimes) t = {0};
  if (posterior == NULL || steps <= 0)
    return TRUE;
  if (!cs3_posterior_times(posterior, &run->config, whole, CS3_POSTERIOR_FEW, NULL, NULL, &t,
                           error))
    return FALSE;
  g_array_set_size(samples, t.n);
  for (guint k = 0; k < t.n; k++) {
    Cs3RunTimes *sum = &g_array_index(samples, Cs3RunTimes, k);
    sum->dense_s += steps * (t.times[k].dense_s - whole.dense_s);
    sum->sparse_s += steps * (t.times[k].sparse_s - whole.sparse_s);
  }
  return TRUE;
}

static void add_segment(Costs *costs, double steps, const Cs3StepRun *step,
                        const Cs3Teacher *teacher) {
  Segment segment = {steps, step->time.step_s + teacher->time_s, step->joules + teacher->joules,
                     step->flops + teacher->flops};
  g_array_append_val(costs->segments, segment);
}

/* The steps of the phase at one sparsity; the last call of a phase is for its end. */
static gboolean simulate_level(Job *job, Cs3PhaseRun *p, double sparsity, double steps,
                               Costs *costs, GError **error) {
  Cs3Scenario *scenario = NULL;
  Cs3Run *run = run_step(job, sparsity, &scenario, error);
  if (run == NULL) {
    g_clear_pointer(&scenario, cs3_scenario_free);
    return FALSE;
  }
  Cs3Teacher teacher = {0};
  if (p->phase->teacher != NULL &&
      !cs3_teacher_cost(&job->step, scenario, run, p->phase->teacher, &teacher, error)) {
    keep_baseline(job, scenario, run);
    return FALSE;
  }
  p->teacher_s = teacher.time_s;
  const Cs3System *system = &scenario->machine->system;
  const Cs3Hardware *hw = &scenario->machine->hw;
  double rate = system->recovery.checkpoint_bits_per_s / 8;
  p->live_params = live_params(scenario);
  p->sparsity = scenario->config.sparsity_asked;
  p->checkpoint_s = cs3_system_state_bytes(system, p->live_params) / rate;
  costs->dense_checkpoint_s =
      cs3_system_state_bytes(system, (double)cs3_model_parameters(scenario->model)) / rate;
  costs->dense_step_s = run->dense.time.step_s;
  costs->dense_joules = run->dense.joules;
  costs->dense_flops = run->dense.flops;
  costs->idle_w =
      hw->wafer.power_w * hw->wafer.power_idle_ratio * (double)cs3_run_systems(&scenario->config);
  if (steps > 0)
    add_segment(costs, steps, &run->sparse, &teacher);
  double ranked = p->phase->mask == CS3_MASK_RIGL ? (double)cs3_model_parameters(scenario->model)
                                                  : p->live_params;
  gboolean ok =
      (p->phase->mask == CS3_MASK_STATIC || cost_change(p->phase, run, ranked, costs, error)) &&
      add_samples(job, run, steps, error);
  keep_baseline(job, scenario, run);
  return ok;
}

static gboolean simulate_phase(Job *job, Cs3PhaseRun *p, Costs *costs, GError **error) {
  const Cs3Phase *phase = p->phase;
  costs->segments = g_array_new(FALSE, FALSE, sizeof(Segment));
  if (phase->mask != CS3_MASK_GRADUAL)
    return simulate_level(job, p, phase->sparsity, (double)p->steps, costs, error);
  for (int level = 0; level < LEVELS; level++) {
    double middle = (level + 0.5) / LEVELS * phase->mask_until;
    if (!simulate_level(job, p, cs3_phase_sparsity(phase, middle),
                        (double)p->steps * phase->mask_until / LEVELS, costs, error))
      return FALSE;
  }
  return simulate_level(job, p, phase->sparsity, (double)p->steps * (1 - phase->mask_until), costs,
                        error);
}

/* --- from steps to legs ---------------------------------------------------------------------- */

/* Changes of the mask in the first @steps steps of the phase. */
static gint64 changes_until(const Cs3PhaseRun *p, gint64 steps) {
  if (p->phase->mask == CS3_MASK_STATIC)
    return 0;
  gint64 last = (gint64)floor((double)p->steps * p->phase->mask_until);
  return MIN(steps, last) / p->phase->mask_every;
}

static double steps_time(const Costs *costs, double from, double to) {
  double time_s = 0, begin = 0;
  for (guint i = 0; i < costs->segments->len; i++) {
    const Segment *segment = &g_array_index(costs->segments, Segment, i);
    /* The last segment takes what rounding leaves. */
    double end = i + 1 == costs->segments->len ? MAX(to, begin) : begin + segment->steps;
    double steps = MIN(to, end) - MAX(from, begin);
    time_s += MAX(steps, 0) * segment->step_s;
    begin = end;
  }
  return time_s;
}

static void add_legs(const Cs3Training *t, guint index, const Costs *costs, GArray *legs) {
  Cs3PhaseRun *p = &g_array_index(t->phases, Cs3PhaseRun, index);
  for (gint64 done = 0; done < p->steps;) {
    gint64 next = MIN(done + t->checkpoint_every, p->steps);
    gint64 changes = changes_until(p, next) - changes_until(p, done);
    const Cs3Leg *before = legs->len > 0 ? &g_array_index(legs, Cs3Leg, legs->len - 1) : NULL;
    Cs3Leg leg = {.phase = index,
                  .steps = next - done,
                  .train_s = steps_time(costs, (double)done, (double)next) +
                             (double)changes * costs->change_s,
                  .checkpoint_s = p->checkpoint_s,
                  .load_s = before != NULL ? before->checkpoint_s : p->checkpoint_s};
    g_array_append_val(legs, leg);
    p->checkpoints++;
    done = next;
  }
}

static void sum_phase(Cs3PhaseRun *p, const Costs *costs) {
  double steps = (double)p->steps;
  p->mask_changes = changes_until(p, p->steps);
  p->mask_s = (double)p->mask_changes * costs->change_s;
  p->step_s = steps_time(costs, 0, steps) / steps;
  for (guint i = 0; i < costs->segments->len; i++) {
    const Segment *segment = &g_array_index(costs->segments, Segment, i);
    p->sum.joules += segment->steps * segment->joules;
    p->sum.flops += segment->steps * segment->flops;
  }
  p->sum.joules += (double)p->mask_changes * costs->change_joules;
  p->sum.flops += (double)p->mask_changes * costs->change_flops;
  double checkpoints = (double)p->checkpoints;
  p->dense = (Cs3TrainingSum){
      .wall_s = steps * costs->dense_step_s + checkpoints * costs->dense_checkpoint_s,
      .flops = steps * costs->dense_flops,
      .joules =
          steps * costs->dense_joules + checkpoints * costs->dense_checkpoint_s * costs->idle_w,
  };
}

/* --- the run --------------------------------------------------------------------------------- */

static gboolean is_loss(const char *text) {
  return g_str_has_prefix(text, "system:");
}

/* --fault without the losses of systems, which are not for steps. (transfer full) */
static char **step_faults(char **texts) {
  GPtrArray *kept = g_ptr_array_new();
  for (; texts != NULL && *texts != NULL; texts++)
    if (!is_loss(*texts))
      g_ptr_array_add(kept, g_strdup(*texts));
  g_ptr_array_add(kept, NULL);
  return (char **)g_ptr_array_free(kept, FALSE);
}

static gboolean lasting_only(const Cs3Scenario *scenario, char **texts, GError **error) {
  if (!cs3_step_has_timed(scenario->faults))
    return TRUE;
  g_autofree char *all = g_strjoinv(" ", texts);
  g_set_error(
      error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
      "--fault %s: what links do for a time is simulated within a step, by 'cs3sim run'; a "
      "whole run takes straggler:SYSTEM=SPEED, link:TIER.INDEX=SHARE and system:SYSTEM@TIME",
      all);
  return FALSE;
}

/* @calm_s: the run without losses, which their shares of time refer to. */
static gboolean read_losses(const Cs3Training *t, char **texts, double calm_s, GArray *losses,
                            GError **error) {
  Cs3Tree tree = {t->systems, 2};
  for (; texts != NULL && *texts != NULL; texts++) {
    Cs3Fault fault;
    if (!is_loss(*texts))
      continue;
    if (!cs3_fault_parse(*texts, &fault, error) || !cs3_fault_check(&fault, *texts, &tree, error)) {
      g_prefix_error(error, "--fault ");
      return FALSE;
    }
    Cs3Loss loss = {fault.index, fault.from_share >= 0 ? fault.from_share * calm_s : fault.from_s};
    if (loss.at_s >= calm_s) {
      g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                  "--fault %s: the run is over after %.4g days", *texts, calm_s / 86400);
      return FALSE;
    }
    g_array_append_val(losses, loss);
  }
  return TRUE;
}

static double last_end(const GArray *events) {
  return g_array_index(events, Cs3Event, events->len - 1).end_s;
}

static gboolean simulate_run(Cs3Training *t, GArray *legs, char **faults, GError **error) {
  const Cs3System *system = &t->scenario->machine->system;
  g_autoptr(GArray) losses = g_array_new(FALSE, FALSE, sizeof(Cs3Loss));
  Cs3TrainingPlan plan = {legs, losses, system->recovery.detection_s, system->recovery.restart_s};
  if (!cs3_training_simulate(&plan, &t->events, error) ||
      !read_losses(t, faults, last_end(t->events), losses, error))
    return FALSE;
  if (losses->len == 0)
    return TRUE;
  g_clear_pointer(&t->events, g_array_unref);
  return cs3_training_simulate(&plan, &t->events, error);
}

/* Steps that are done again draw what steps draw; all other time beside the steps is idle. */
static void sum_events(Cs3Training *t, const GArray *all_costs) {
  for (guint i = 0; i < t->events->len; i++) {
    const Cs3Event *event = &g_array_index(t->events, Cs3Event, i);
    Cs3PhaseRun *p = &g_array_index(t->phases, Cs3PhaseRun, event->phase);
    const Costs *costs = &g_array_index(all_costs, Costs, event->phase);
    double time_s = event->end_s - event->begin_s;
    p->sum.wall_s += time_s;
    if (event->kind == CS3_EVENT_TRAIN)
      continue;
    double busy_w = g_array_index(costs->segments, Segment, 0).joules /
                    g_array_index(costs->segments, Segment, 0).step_s;
    p->sum.joules += time_s * (event->kind == CS3_EVENT_LOST ? busy_w : costs->idle_w);
    if (event->kind == CS3_EVENT_CHECKPOINT)
      continue;
    p->lost_s += time_s;
    p->lost_steps += event->steps;
  }
}

static void add_sum(Cs3TrainingSum *to, const Cs3TrainingSum *from) {
  to->wall_s += from->wall_s;
  to->flops += from->flops;
  to->joules += from->joules;
}

/* Steps are whole. What is less than one is more likely a number without its exponent. */
static gboolean check_least(const Cs3PhaseRun *p, GError **error) {
  double step = (double)p->batch * (double)p->seq;
  if (p->phase->tokens >= step)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "%.15g tokens are less than a step of %" G_GINT64_FORMAT
              " sequences of %" G_GINT64_FORMAT " tokens; take %.15g or more, or a smaller --batch",
              p->phase->tokens, p->batch, p->seq, step);
  return FALSE;
}

static gboolean check_length(const Cs3Training *t, const Cs3PhaseRun *p, GError **error) {
  double checkpoints = (double)p->steps / (double)t->checkpoint_every;
  if (p->steps <= G_MAXINT32 && checkpoints < CS3_TRAINING_MAX_LEGS)
    return TRUE;
  g_set_error(
      error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
      "%.3g steps with %.3g checkpoints are too many, at most %d and %d; take fewer tokens, "
      "a larger --batch or --checkpoint-every",
      (double)p->steps, checkpoints, G_MAXINT32, CS3_TRAINING_MAX_LEGS);
  return FALSE;
}

static gboolean prepare_phase(Job *job, const Cs3Phase *phase, Cs3PhaseRun *p, GError **error) {
  p->phase = phase;
  job->step.batch = phase->batch > 0 ? phase->batch : job->options->scenario.batch;
  job->step.lengths.seq = phase->seq > 0 ? phase->seq : job->options->scenario.lengths.seq;
  job->step.pattern = phase->pattern != NULL ? phase->pattern : job->options->scenario.pattern;
  job->step.weights = phase->weights;
  g_clear_pointer(&job->weights, cs3_weight_set_free);
  job->step.weight_set = job->weights = cs3_scenario_open_weights(&job->step, error);
  return phase->weights == NULL || job->weights != NULL;
}

static gboolean run_phase(Job *job, guint index, Costs *costs, GArray *legs, GError **error) {
  Cs3Training *t = job->training;
  Cs3PhaseRun *p = &g_array_index(t->phases, Cs3PhaseRun, index);
  if (!prepare_phase(job, t->recipe->phases->pdata[index], p, error))
    return FALSE;
  /* The length that stands for 0 is the model's; a transformation makes room for zeros. */
  job->step.sparsity = job->step.transform != 0 ? p->phase->sparsity : 0;
  g_autoptr(Cs3Scenario) scenario = scenario_of(job, error);
  if (scenario == NULL || !lasting_only(scenario, job->step.fault, error))
    return FALSE;
  p->batch = scenario->config.batch;
  p->seq = llround(scenario->graph->tokens);
  p->steps = (gint64)ceil(p->phase->tokens / ((double)p->batch * (double)p->seq));
  t->systems = scenario->config.systems;
  if (!check_least(p, error) || !check_length(t, p, error) || !simulate_phase(job, p, costs, error))
    return FALSE;
  add_legs(t, index, costs, legs);
  sum_phase(p, costs);
  return TRUE;
}

/* One network is made larger once, for one sparsity. */
static gboolean check_transform(const Job *job, GError **error) {
  const GPtrArray *phases = job->training->recipe->phases;
  const Cs3Phase *first = phases->pdata[0];
  for (guint i = 0; job->step.transform != 0 && i < phases->len; i++) {
    const Cs3Phase *phase = phases->pdata[i];
    if (phase->sparsity > 0 && phase->sparsity == first->sparsity)
      continue;
    g_autofree char *other =
        i > 0 ? g_strdup_printf(", phase %s %.4g", first->name, first->sparsity) : g_strdup("");
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "--transform: makes one network larger for one sparsity above 0; phase %s has "
                "%.4g%s; take a recipe whose phases share one, or leave it out",
                phase->name, phase->sparsity, other);
    return FALSE;
  }
  return TRUE;
}

static gboolean run_phases(Job *job, GArray *all_costs, GArray *legs, Cs3Progress *progress,
                           GError **error) {
  for (guint i = 0; i < job->training->phases->len; i++) {
    if (!run_phase(job, i, &g_array_index(all_costs, Costs, i), legs, error)) {
      const Cs3Phase *phase = job->training->recipe->phases->pdata[i];
      g_prefix_error(error, "phase %s: ", phase->name);
      return FALSE;
    }
    if (progress != NULL)
      cs3_progress_update(progress, i + 1);
  }
  return TRUE;
}

static gboolean run_all(Job *job, Cs3Progress *progress, GError **error) {
  Cs3Training *t = job->training;
  g_autoptr(GArray) legs = g_array_new(FALSE, FALSE, sizeof(Cs3Leg));
  g_autoptr(GArray) all_costs = g_array_new(FALSE, TRUE, sizeof(Costs));
  g_array_set_clear_func(all_costs, (GDestroyNotify)costs_clear);
  g_array_set_size(all_costs, t->phases->len);
  if (!check_transform(job, error) || !run_phases(job, all_costs, legs, progress, error))
    return FALSE;
  t->scenario = g_steal_pointer(&job->baseline_scenario);
  if (!simulate_run(t, legs, job->options->scenario.fault, error))
    return FALSE;
  sum_events(t, all_costs);
  for (guint i = 0; i < t->phases->len; i++) {
    const Cs3PhaseRun *p = &g_array_index(t->phases, Cs3PhaseRun, i);
    add_sum(&t->sum, &p->sum);
    add_sum(&t->dense, &p->dense);
  }
  for (guint k = 0; k < t->samples->len; k++) {
    g_array_index(t->samples, Cs3RunTimes, k).dense_s += t->dense.wall_s;
    g_array_index(t->samples, Cs3RunTimes, k).sparse_s += t->sum.wall_s;
  }
  return TRUE;
}

Cs3Training *cs3_training_new(const Cs3Recipe *recipe, const Cs3TrainingOptions *options,
                              Cs3Progress *progress, GError **error) {
  g_autoptr(Cs3Training) t = g_new0(Cs3Training, 1);
  t->recipe = recipe;
  t->checkpoint_every = options->checkpoint_every;
  t->faults = g_strdupv(options->scenario.fault);
  t->posterior = options->posterior;
  t->samples = g_array_new(FALSE, TRUE, sizeof(Cs3RunTimes));
  t->phases = g_array_new(FALSE, TRUE, sizeof(Cs3PhaseRun));
  g_array_set_size(t->phases, recipe->phases->len);
  g_auto(GStrv) faults = step_faults(options->scenario.fault);
  Job job = {.training = t, .options = options, .step = options->scenario};
  job.step.fault = faults;
  gboolean ok = run_all(&job, progress, error);
  keep_baseline(&job, NULL, NULL);
  cs3_weight_set_free(job.weights);
  return ok ? g_steal_pointer(&t) : NULL;
}

void cs3_training_free(Cs3Training *t) {
  if (t == NULL)
    return;
  g_array_unref(t->phases);
  g_array_unref(t->samples);
  g_clear_pointer(&t->events, g_array_unref);
  g_clear_pointer(&t->scenario, cs3_scenario_free);
  g_strfreev(t->faults);
  g_free(t);
}
