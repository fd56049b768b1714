/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The record of a run as JSON. */
#include "config.h"

#include <math.h>

#include "base/json.h"
#include "fabric/hardware.h"
#include "results/schema.h"
#include "sim/machine/machine.h"
#include "sim/run/inspect.h"
#include "sim/run/result-attention.h"
#include "sim/run/result.h"
#include "workloads/model.h"

static json_t *texts_json(char **texts) {
  json_t *array = json_array();
  for (char **text = texts; text != NULL && *text != NULL; text++)
    json_array_append_new(array, json_string(*text));
  return array;
}

static json_t *causes_json(const gint64 *causes, int n) {
  json_t *object = json_object();
  for (int i = 0; i < n; i++)
    if (cs3_cause_shown(i, (double)causes[i]))
      json_object_set_new(object, cs3_step_cause_name(i), json_integer(causes[i]));
  return object;
}

/* What makes this machine another than the preset whose name it bears. */
static json_t *overrides_json(const Cs3Machine *machine) {
  json_t *object = json_object();
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  for (guint t = 0; bindings[t].table != NULL; t++)
    for (guint i = 0; i < bindings[t].table->n_params; i++) {
      const Cs3Param *param = &bindings[t].table->params[i];
      const char *origin = cs3_machine_origin(machine, param);
      if (g_strcmp0(origin, "--set") != 0 && g_strcmp0(origin, "--precision") != 0)
        continue;
      g_autofree char *name = cs3_param_name(param);
      g_autofree char *value = cs3_param_format(param, cs3_machine_get(machine, param));
      json_object_set_new(object, name, json_string(value));
    }
  return object;
}

static json_t *hardware_json(const Cs3Run *run) {
  const Cs3Machine *machine = run->config.machine;
  return cs3_json_pack("{s:s, s:o, s:f, s:f, s:I, s:I}", "name", machine->name, "overrides",
                       overrides_json(machine), "clock_hz", machine->hw.wafer.clock_hz,
                       "dense_peak_flops", cs3_hardware_peak_flops(&machine->hw), "pe_x",
                       (json_int_t)machine->hw.wafer.pe_x, "pe_y",
                       (json_int_t)machine->hw.wafer.pe_y);
}

static json_t *step_json(const Cs3StepRun *step) {
  return cs3_json_pack(
      "{s:f, s:I, s:o, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f, s:f}", "time_s", step->time.step_s,
      "cycles", (json_int_t)step->cycles, "causes", causes_json(step->causes, CS3_N_STEP_CAUSES),
      "compute_s", step->time.compute_s, "stream_wait_s", step->time.stream_wait_s,
      "activation_wait_s", step->time.activation_wait_s, "boundary_s", step->time.boundary_s,
      "edge_s", step->time.edge_s, "fault_s", step->fault_s, "bytes_down", step->time.bytes_down,
      "bytes_up", step->time.bytes_up, "activation_bytes", step->time.activation_bytes);
}

/* What the stages keep, each way once: "20 x decoder: keeps hidden". */
static json_t *stages_json(const Cs3Graph *graph, const Cs3PlanMemory *memory) {
  json_t *ways = json_array();
  for (guint i = 0; i < memory->options->len; i++) {
    const Cs3StageOption *option = &g_array_index(memory->options, Cs3StageOption, i);
    g_autoptr(Cs3Lifetimes) l = cs3_lifetimes_new(graph, option->segment);
    g_autofree char *kept = cs3_lifetimes_text(l, option->keep.again);
    json_array_append_new(
        ways, cs3_json_pack("{s:s, s:I, s:s, s:b, s:I, s:f, s:f, s:f, s:f}", "segment",
                            cs3_graph_segment(graph, option->segment)->name, "stages",
                            (json_int_t)option->stages, "kept", kept, "sent", option->keep.away,
                            "parts", (json_int_t)option->keep.tiles, "kept_bytes",
                            option->room.kept, "sent_bytes", option->sent_bytes, "forward_bytes",
                            option->room.forward, "backward_bytes", option->room.backward));
  }
  return ways;
}

static json_t *sizing_json(const Cs3Graph *graph, const Cs3Plan *plan) {
  const Cs3PlanMemory *memory = &plan->memory;
  return cs3_json_pack("{s:I, s:I, s:I, s:s, s:f, s:f, s:f, s:f, s:f, s:o}", "micro_batch",
                       (json_int_t)plan->micro_batch, "micro_batches",
                       (json_int_t)plan->micro_batches, "tokens_on_wafer", (json_int_t)plan->tokens,
                       "recompute", cs3_recompute_name(memory->policy), "activation_bytes",
                       memory->peak_bytes, "activation_bytes_per_token",
                       memory->peak_bytes / plan->tokens, "resident_bytes", memory->resident_bytes,
                       "sent_bytes", memory->sent_bytes, "memory_bytes", memory->capacity_bytes,
                       "stages", stages_json(graph, memory));
}

static json_t *throughput_json(const Cs3Run *run, const Cs3StepRun *step) {
  double sequences = run->config.batch / step->time.step_s;
  return cs3_json_pack("{s:f, s:f}", "tokens_per_s", sequences * run->config.graph->tokens,
                       "sequences_per_s", sequences);
}

static json_t *flops_json(const Cs3Run *run, const Cs3StepRun *step) {
  double achieved = step->flops / step->time.step_s;
  double peak =
      cs3_hardware_peak_flops(&run->config.machine->hw) * (double)cs3_run_systems(&run->config);
  return cs3_json_pack("{s:f, s:f, s:f, s:f}", "per_step", step->flops, "achieved", achieved,
                       "dense_peak", peak, "dense_peak_fraction", achieved / peak);
}

/* Weak scaling: one system alone with the same share of the batch would need single_s. */
static json_t *cluster_json(const Cs3Run *run) {
  const Cs3RunConfig *c = &run->config;
  const Cs3System *system = &c->machine->system;
  gint64 systems = cs3_run_systems(c);
  Cs3Tree tree = {systems, system->swarmx.fan_out};
  json_t *object = cs3_json_pack(
      "{s:I, s:I, s:I, s:s, s:I, s:f, s:f, s:b, s:f, s:f, s:o}", "systems", (json_int_t)systems,
      "batch_per_system", (json_int_t)(c->batch / systems), "tiers",
      (json_int_t)cs3_tree_tiers(&tree), "optimizer", cs3_optimizer_name(system->memoryx.algorithm),
      "memoryx_units", (json_int_t)system->memoryx.units, "memoryx_bytes", cs3_run_state_bytes(c),
      "memoryx_capacity_bytes", cs3_system_capacity(system), "explicit", c->each, "single_step_s",
      run->sparse.single_s, "weak_efficiency", run->sparse.single_s / run->sparse.time.step_s,
      "faults", texts_json(c->fault_texts));
  if (cs3_step_has_timed(c->faults))
    json_object_set_new(
        object, "disturbance",
        cs3_json_pack("{s:f, s:I}", "lost_s", run->lost_s, "retries", (json_int_t)run->retries));
  return object;
}

static json_t *energy_json(const Cs3Run *run, const Cs3StepRun *step) {
  double systems = (double)cs3_run_systems(&run->config);
  double tokens = run->config.batch * run->config.graph->tokens;
  return cs3_json_pack("{s:f, s:f, s:f}", "joules_per_step", step->joules, "joules_per_token",
                       step->joules / tokens, "watts_per_system",
                       step->joules / step->time.step_s / systems);
}

/* Cycles of the sparse step beyond dense / theory, by cause; they add up to the gap. A negative
 * entry is time that the dense run wastes and the sparse run does not. */
static json_t *gap_json(const Cs3Run *run) {
  json_t *object = json_object();
  for (int i = 0; i < CS3_N_STEP_CAUSES; i++) {
    double gap = run->sparse.causes[i] - run->dense.causes[i] / run->theoretical;
    if (cs3_cause_shown(i, gap) || cs3_cause_shown(i, (double)run->sparse.causes[i]))
      json_object_set_new(object, cs3_step_cause_name(i), json_real(gap));
  }
  return object;
}

static json_t *speedup_json(const Cs3Run *run) {
  return cs3_json_pack("{s:f, s:f, s:f, s:{s:f, s:f}, s:o}", "simulated", run->speedup,
                       "theoretical", run->theoretical, "share_of_theory",
                       run->speedup / run->theoretical, "linear", "simulated", run->linear_speedup,
                       "theoretical", run->linear_theoretical, "gap_cycles", gap_json(run));
}

/* The largest cause of the step besides the arithmetic itself. */
static const char *bottleneck(const Cs3StepRun *step) {
  int worst = CS3_CAUSE_MAPPING;
  for (int i = 0; i < CS3_N_STEP_CAUSES; i++)
    if (i != CS3_CAUSE_ARITHMETIC && step->causes[i] > step->causes[worst])
      worst = i;
  return cs3_step_cause_name(worst);
}

static json_t *pass_json(const Cs3PlanPass *pass, const Cs3PlanPass *dense, double scale) {
  json_t *object = cs3_json_pack(
      "{s:I, s:I, s:I, s:o, s:f, s:I, s:I, s:f, s:o}", "cycles", (json_int_t)pass->result.cycles,
      "bound_cycles", (json_int_t)pass->bound, "nonzeros", (json_int_t)pass->result.nonzeros,
      "causes", causes_json(pass->result.causes, CS3_N_CAUSES), "imbalance", pass->result.imbalance,
      "ingress_wavelets", (json_int_t)pass->result.ingress_wavelets, "egress_wavelets",
      (json_int_t)pass->result.egress_wavelets, "speedup",
      (double)dense->result.cycles / pass->result.cycles * scale, "mapping",
      cs3_map_json(&pass->choice.best));
  if (pass->choice.runner_up.cycles > 0)
    json_object_set_new(object, "runner_up", cs3_map_json(&pass->choice.runner_up));
  return object;
}

static const Cs3PlanLinear *dense_twin(const Cs3Run *run, guint node) {
  GArray *linears = run->dense.plan->linears;
  guint k = 0; /* both plans are of one graph, so it is there */
  while (k + 1 < linears->len && g_array_index(linears, Cs3PlanLinear, k).node != node)
    k++;
  return &g_array_index(linears, Cs3PlanLinear, k);
}

/* The passes of @linear with as many zeros anywhere; 0: no such run. */
static gint64 uniform_cycles(const Cs3Run *run, const Cs3PlanLinear *linear) {
  const GArray *linears = run->uniform.plan != NULL ? run->uniform.plan->linears : NULL;
  for (guint k = 0; linears != NULL && k < linears->len; k++) {
    const Cs3PlanLinear *twin = &g_array_index(linears, Cs3PlanLinear, k);
    if (twin->node != linear->node || twin->layer != linear->layer)
      continue;
    gint64 cycles = 0;
    for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++)
      cycles += twin->passes[pass].result.cycles;
    return cycles;
  }
  return 0;
}

static void add_uniform(const Cs3Run *run, const Cs3PlanLinear *linear, json_t *object) {
  gint64 uniform = uniform_cycles(run, linear);
  if (uniform > 0)
    json_object_set_new(object, "uniform_cycles", json_integer(uniform));
}

static json_t *layer_json(const Cs3Run *run, const Cs3PlanLinear *linear) {
  const Cs3Node *node = cs3_graph_node(run->config.graph, linear->node);
  const Cs3PlanLinear *dense = dense_twin(run, linear->node);
  /* Brings the dense cycles to the sparse run's rows on the wafer. */
  double scale = (double)linear->rows / (double)dense->rows;
  json_t *object = cs3_json_pack(
      "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:f}", "name", node->label, "segment",
      cs3_node_segment(run->config.graph, node)->name, "tensor", node->tensor ? node->tensor : "",
      "repeat", (json_int_t)(linear->repeat * linear->tiles), "rows", (json_int_t)linear->rows,
      "out_features", (json_int_t)node->out_features, "in_features", (json_int_t)node->in_features,
      "sparsity", 1 - linear->density);
  if (linear->layer >= 0)
    json_object_set_new(object, "layer", json_integer(linear->layer));
  add_uniform(run, linear, object);
  gint64 cycles = 0, dense_cycles = 0, causes[CS3_N_CAUSES] = {0};
  for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
    cycles += linear->passes[pass].result.cycles;
    dense_cycles += dense->passes[pass].result.cycles;
    for (int i = 0; i < CS3_N_CAUSES; i++)
      causes[i] += linear->passes[pass].result.causes[i];
  }
  json_object_set_new(object, "cycles", json_integer(cycles));
  json_object_set_new(object, "backward_cycles",
                      json_integer(cycles - linear->passes[CS3_PASS_FORWARD].result.cycles));
  json_object_set_new(object, "speedup", json_real((double)dense_cycles / cycles * scale));
  json_object_set_new(object, "causes", causes_json(causes, CS3_N_CAUSES));
  json_t *passes = json_object();
  for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++)
    if (linear->passes[pass].result.cycles > 0)
      json_object_set_new(passes, cs3_pass_name(pass),
                          pass_json(&linear->passes[pass], &dense->passes[pass], scale));
  json_object_set_new(object, "passes", passes);
  return object;
}

static json_t *layers_json(const Cs3Run *run) {
  const Cs3Plan *plan = run->sparse.plan;
  json_t *layers = json_array();
  for (guint k = 0; k < plan->linears->len; k++)
    json_array_append_new(layers, layer_json(run, &g_array_index(plan->linears, Cs3PlanLinear, k)));
  return layers;
}

static json_t *others_json(const Cs3Run *run) {
  const Cs3Plan *plan = run->sparse.plan;
  json_t *array = json_array();
  for (guint k = 0; k < plan->others->len; k++) {
    const Cs3PlanOther *other = &g_array_index(plan->others, Cs3PlanOther, k);
    const Cs3Node *node = cs3_graph_node(run->config.graph, other->node);
    json_array_append_new(
        array, cs3_json_pack("{s:s, s:s, s:s, s:I, s:I, s:I}", "name", node->label, "segment",
                             cs3_node_segment(run->config.graph, node)->name, "kind",
                             cs3_node_kind_name(node->kind), "repeat",
                             (json_int_t)cs3_node_segment(run->config.graph, node)->repeat,
                             "forward_cycles", (json_int_t)other->forward, "backward_cycles",
                             (json_int_t)other->backward));
  }
  return array;
}

static json_t *dense_json(const Cs3Run *run) {
  return cs3_json_pack("{s:o, s:o, s:o, s:o, s:o, s:s}", "step", step_json(&run->dense),
                       "throughput", throughput_json(run, &run->dense), "flops",
                       flops_json(run, &run->dense), "energy", energy_json(run, &run->dense),
                       "mapping", sizing_json(run->config.graph, run->dense.plan), "bottleneck",
                       bottleneck(&run->dense));
}

/* Every parameter of the machine as it can be given to --set. */
static json_t *configuration_json(const Cs3Machine *machine) {
  json_t *object = json_object();
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  for (guint t = 0; bindings[t].table != NULL; t++) {
    for (guint i = 0; i < bindings[t].table->n_params; i++) {
      const Cs3Param *param = &bindings[t].table->params[i];
      g_autofree char *name = cs3_param_name(param);
      g_autofree char *value = cs3_param_format(param, cs3_machine_get(machine, param));
      json_object_set_new(object, name, json_string(value));
    }
  }
  return object;
}

static json_t *provenance_json(const Cs3Run *run) {
  return cs3_json_pack("{s:s, s:I, s:I, s:o, s:o, s:o}", "version", PACKAGE_VERSION,
                       "model_version", (json_int_t)CS3_MODEL_VERSION, "seed",
                       (json_int_t)run->config.seed, "map", texts_json(run->config.map_texts),
                       "sparsity_filter", texts_json(run->config.filter_texts), "configuration",
                       configuration_json(run->config.machine));
}

static gint64 masked_nan(const Cs3WeightMatch *match) {
  gint64 masked = 0;
  for (guint i = 0; i < match->set->entries->len; i++)
    masked += match->used[i] ? cs3_weight_set_entry(match->set, i)->counts.masked : 0;
  return masked;
}

/* What the weights were, what of them is no weight of the model, and what their zeros cost. */
static json_t *weights_json(const Cs3Run *run) {
  const Cs3WeightMatch *match = run->config.weights;
  json_t *unused = json_array();
  for (guint i = 0; i < match->set->entries->len; i++)
    if (!match->used[i])
      json_array_append_new(unused, json_string(cs3_weight_set_entry(match->set, i)->name));
  json_t *object =
      cs3_json_pack("{s:s, s:s, s:I, s:I, s:o}", "file", run->config.weights_text, "kind",
                    match->set->statistics           ? "statistics"
                    : match->set->checkpoint != NULL ? "checkpoint"
                                                     : "masks",
                    "matched", (json_int_t)match->found->len, "masked_nan",
                    (json_int_t)masked_nan(match), "unused", unused);
  if (run->uniform.plan != NULL)
    json_object_set_new(object, "uniform",
                        cs3_json_pack("{s:f, s:f, s:f}", "step_s", run->uniform.time.step_s,
                                      "speedup", run->dense.time.step_s / run->uniform.time.step_s,
                                      "cost",
                                      run->sparse.time.step_s / run->uniform.time.step_s - 1));
  return object;
}

/* Multiply-accumulates a sample forward: of the network as it was, of the larger one with masks. */
static json_t *transform_json(const Cs3RunConfig *c) {
  return cs3_json_pack("{s:s, s:f, s:f, s:f}", "name", c->transform->name, "sparsity",
                       c->sparsity_asked, "original_macs_per_sample", cs3_graph_macs(c->original),
                       "macs_per_sample", cs3_transform_macs(c->graph, 1 - c->sparsity_asked));
}

static json_t *lora_json(const Cs3RunConfig *c) {
  double frozen = cs3_graph_frozen_parameters(c->graph);
  return cs3_json_pack("{s:s, s:f, s:f}", "adapters", c->lora, "trained_parameters",
                       (double)cs3_model_parameters(c->graph->model) - frozen, "frozen_parameters",
                       frozen);
}

json_t *cs3_result_json(const Cs3Run *run) {
  const Cs3RunConfig *c = &run->config;
  json_t *record =
      cs3_json_pack("{s:s, s:o, s:o, s:f, s:s, s:I}", "schema", CS3_RESULT_SCHEMA, "model",
                    cs3_inspect_model(c->graph->model), "hardware", hardware_json(run), "sparsity",
                    c->sparsity_asked, "pattern", c->weights != NULL ? "measured" : c->pattern.text,
                    "batch", (json_int_t)c->batch);
  if (c->precision != NULL)
    json_object_set_new(record, "precision", json_string(c->precision));
  if (c->lora != NULL)
    json_object_set_new(record, "lora", lora_json(c));
  if (c->transform != NULL)
    json_object_set_new(record, "transform", transform_json(c));
  if (c->weights != NULL)
    json_object_set_new(record, "weights", weights_json(run));
  cs3_inspect_lengths(c->graph, record);
  json_object_set_new(record, "fidelity", json_string(cs3_plan_fidelities[c->fidelity]));
  json_object_set_new(record, "exact", json_boolean(c->exact));
  json_object_set_new(record, "forward", json_boolean(c->forward));
  json_object_set_new(record, "step", step_json(&run->sparse));
  json_object_set_new(record, "throughput", throughput_json(run, &run->sparse));
  json_object_set_new(record, "flops", flops_json(run, &run->sparse));
  json_object_set_new(record, "cluster", cluster_json(run));
  json_object_set_new(record, "energy", energy_json(run, &run->sparse));
  json_object_set_new(record, "speedup", speedup_json(run));
  json_object_set_new(record, "bottleneck", json_string(bottleneck(&run->sparse)));
  json_object_set_new(record, "mapping", sizing_json(run->config.graph, run->sparse.plan));
  json_object_set_new(record, "dense", dense_json(run));
  json_object_set_new(record, "layers", layers_json(run));
  json_t *attentions = cs3_result_attentions(run);
  json_object_set_new(json_object_get(record, "step"), "attention",
                      cs3_result_attention_kinds(run, attentions));
  json_object_set_new(record, "attentions", attentions);
  json_object_set_new(record, "other", others_json(run));
  json_object_set_new(record, "provenance", provenance_json(run));
  return record;
}
