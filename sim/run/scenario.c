/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The options that name what is simulated. */
#include "config.h"

#include "sim/run/scenario.h"

#include <string.h>

#include "base/datadir.h"
#include "sim/cli/cli.h"
#include "sim/cli/common-options.h"
#include "sim/cli/settings.h"
#include "sim/machine/precision.h"
#include "sim/run/model-name.h"
#include "workloads/model-zoo.h"
#include "workloads/lora.h"
#include "workloads/onnx/onnx-model.h"
#include "sim/run/transform-option.h"
#include "workloads/workload-error.h"

#define AT(member) G_STRUCT_OFFSET(Cs3ScenarioOptions, member)

static const char *const masked[] = {"zero", "nan", NULL};

/* Shapes and values are options of their own. */
static gboolean onnx_identity(const char *name, Cs3MemoKey *key, GError **error) {
  g_autofree char *identity = cs3_onnx_identity(name, error);
  g_autofree char *base = g_path_get_basename(name);
  if (identity == NULL)
    return FALSE;
  cs3_memo_key_text(key, base);
  cs3_memo_key_text(key, identity);
  return TRUE;
}

static gboolean model_identity(const char *name, Cs3MemoKey *key, GError **error) {
  if (cs3_onnx_is_file(name))
    return onnx_identity(name, key, error);
  g_autoptr(Cs3Model) model = cs3_model_find(name, error);
  if (model == NULL)
    return FALSE;
  cs3_memo_key_text(key, model->name);
  cs3_memo_key_text(key, model->family);
  cs3_memo_key_text(key, model->identity);
  return TRUE;
}

static gboolean take_params(const char *path, GPtrArray *words, GError **error) {
  g_autofree char *idle = NULL;
  if (!cs3_model_zoo_options(path, words, &idle, error))
    return FALSE;
  if (idle != NULL)
    g_message("--params %s: nothing simulated depends on %s", path, idle);
  return TRUE;
}

const Cs3Option cs3_scenario_options[] = {
    {.name = "model",
     .letter = 'm',
     .type = CS3_OPTION_TEXT,
     .offset = AT(model),
     .metavar = "NAME|FILE",
     .completes = "models",
     .identity = model_identity,
     .help = "model preset, a Hugging Face config.json, an ONNX file (doc/onnx.md), or "
             "a graph (doc/graph.md)"},
    {.name = "params",
     .type = CS3_OPTION_TEXT,
     .offset = AT(params),
     .metavar = "FILE",
     .completes = "files",
     .no_result = TRUE,
     .expand = take_params,
     .help = "a parameter file of the Cerebras Model Zoo (params_*.yaml): model, batch, sequence, "
             "systems, micro-batch and sparsity that are not given otherwise"},
    CS3_OPTION_HARDWARE(AT(hardware), .identity = cs3_machine_identity),
    CS3_OPTION_PRECISION(AT(precision)),
    CS3_OPTION_SET(AT(set)),
    CS3_OPTION_SPARSITY(
        AT(sparsity), .sparse_only = TRUE,
        .help =
            "share of zero weights in the matrices and convolutions of blocks (of an ONNX file, in "
            "all); embedding, first convolution, norms, LM head or classifier stay dense"),
    {.name = "sparsity-filter",
     .type = CS3_OPTION_LIST,
     .offset = AT(sparsity_filter),
     .metavar = "GLOB=S",
     .sparse_only = TRUE,
     .help = "sparsity of the tensors whose name matches; the last that matches wins"},
    CS3_OPTION_PATTERN(AT(pattern)),
    CS3_OPTION_TRANSFORM(AT(transform)),
    CS3_OPTION_LORA(AT(lora)),
    {.name = "weights",
     .type = CS3_OPTION_TEXT,
     .offset = AT(weights),
     .sparse_only = TRUE,
     .identity = cs3_scenario_weights_identity,
     .metavar = "PATH",
     .completes = "files",
     .help = "the zeros of real weights instead: a checkpoint (.safetensors, its index, .mdl, a "
             "folder) "
             "or its statistics (.json from 'inspect --weights')"},
    {.name = "masked",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(masked),
     .sparse_only = TRUE,
     .metavar = "VALUE",
     .choices = masked,
     .help = "what stands for a masked weight in --weights: zero, or NaN, too"},
    {.name = "batch",
     .letter = 'b',
     .type = CS3_OPTION_INT,
     .offset = AT(batch),
     .metavar = "N",
     .min = 1,
     .max = 1 << 24,
     .help = "samples (sequences, images) per training step, on all systems"},
    CS3_OPTIONS_LENGTHS(AT(lengths)),
    CS3_OPTIONS_ONNX(AT(onnx)),
    {.name = "forward",
     .type = CS3_OPTION_FLAG,
     .offset = AT(forward),
     .help = "evaluation: forward passes alone, no backward, gradients or update"},
    {.name = "systems",
     .type = CS3_OPTION_INT,
     .offset = AT(systems),
     .metavar = "N",
     .min = 1,
     .max = 1 << 20,
     .default_text = "the machine's",
     .help = "systems that train together, each on its share of the batch"},
    {.name = "fault",
     .type = CS3_OPTION_LIST,
     .offset = AT(fault),
     .metavar = "KIND:WHERE=WHAT",
     .help = "something wrong with the cluster: straggler:SYSTEM=SPEED, "
             "link:TIER.INDEX=SHARE[@FROM..TO], traffic:TIER.INDEX=BYTES[@FROM] (see 'cs3sim help "
             "faults')"},
    {NULL},
};

const Cs3Option cs3_execution_options[] = {
    CS3_OPTION_SEED(AT(seed), "seed of the random masks"),
    {.name = "exact",
     .type = CS3_OPTION_FLAG,
     .offset = AT(exact),
     .help = "draw every layer's own mask instead of one per distinct shape"},
    {.name = "explicit",
     .type = CS3_OPTION_FLAG,
     .offset = AT(explicit_wafers),
     .help = "simulate every wafer of the cluster by itself instead of classes of equal ones; the "
             "result is the same"},
    {.name = "fidelity",
     .type = CS3_OPTION_CHOICE,
     .offset = AT(fidelity),
     .metavar = "FIDELITY",
     .choices = cs3_plan_fidelities,
     .help =
         "exact recurrences of every pass, or their closed-form lower bounds: for a first look at "
         "very many points"},
    CS3_OPTION_JOBS(AT(jobs)),
    {.name = "map",
     .type = CS3_OPTION_LIST,
     .offset = AT(map),
     .metavar = "KEY=VALUE",
     .keyed = TRUE,
     .completes = "map",
     .help = "force a choice of the mapper: fold, axis, placement, reduction, overlap, format, dw, "
             "lowering (of convolutions: halo, copies), recompute, activations, micro-batch; of "
             "attention: attention-KEY, keys as in 'attention --help'"},
    {NULL},
};

const Cs3ScenarioOptions cs3_scenario_defaults = CS3_SCENARIO_DEFAULTS;

gboolean cs3_scenario_map(char **map, Cs3MapForce *force, GError **error) {
  *force = CS3_MAP_FREE;
  for (char **text = map; text != NULL && *text != NULL; text++)
    if (!cs3_map_force_parse(force, *text, error))
      return FALSE;
  return TRUE;
}

static gboolean simulates_attention(const Cs3Scenario *s) {
  return s->graph->attentions->len > 0 && s->machine->hw.kernel.attention_efficiency == 0;
}

static gboolean no_attention(const Cs3Scenario *s, const char *option, const char *value,
                             GError **error) {
  g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
              "%s %s changes nothing: %s has no attention", option, value, s->model->name);
  return FALSE;
}

/* What is said of attention is of none. */
static gboolean check_no_attention(const Cs3Scenario *s, const Cs3ScenarioOptions *o,
                                   GError **error) {
  for (char **map = o->map; map != NULL && *map != NULL; map++)
    if (g_str_has_prefix(*map, "attention-"))
      return no_attention(s, "--map", *map, error);
  for (char **set = o->set; set != NULL && *set != NULL; set++)
    if (g_str_has_prefix(*set, "kernel.attention_"))
      return no_attention(s, "--set", *set, error);
  return TRUE;
}

/* That can be sequences of their own. */
static gboolean has_documents(const Cs3Graph *graph) {
  gboolean has = FALSE;
  for (guint i = 0; i < graph->attentions->len; i++) {
    const Cs3AttentionSize *size = &g_array_index(graph->attentions, Cs3AttentionSize, i);
    has |= size->document < size->keys &&
           cs3_attention_documents_fill(size->document, size->keys, size->tile);
  }
  return has;
}

/* A part of attention's mapping that is forced, or an algorithm, where nothing asks for one. */
static gboolean check_attention(const Cs3Scenario *s, const Cs3ScenarioOptions *o, GError **error) {
  static const char documents[] = "attention-documents=";
  static const char algorithm[] = "kernel.attention_algorithm";
  if (s->graph->attentions->len == 0)
    return check_no_attention(s, o, error);
  double efficiency = s->machine->hw.kernel.attention_efficiency;
  gboolean asked = s->machine->hw.kernel.attention_algorithm != CS3_ATTENTION_KERNEL_AUTO;
  gboolean idle = asked && !simulates_attention(s);
  for (char **set = o->set; set != NULL && *set != NULL && idle; set++)
    if (g_str_has_prefix(*set, algorithm)) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--set %s changes nothing: no attention of %s runs as a program of the PEs", *set,
                  s->model->name);
      return FALSE;
    }
  for (char **text = o->map; text != NULL && *text != NULL && !has_documents(s->graph); text++)
    if (g_str_has_prefix(*text, documents)) {
      g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                  "--map %s changes nothing: no attention of %s has documents that fill its "
                  "sequences; add --attention packed:TOKENS, of which they are a multiple",
                  *text, s->model->name);
      return FALSE;
    }
  for (char **text = o->map; text != NULL && *text != NULL && efficiency > 0; text++)
    if (g_str_has_prefix(*text, "attention-")) {
      g_set_error(
          error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
          "--map %s changes nothing: attention takes kernel.attention_efficiency = %g of the "
          "peak; add --set kernel.attention_efficiency=0 to run it as a program of the PEs",
          *text, efficiency);
      return FALSE;
    }
  return TRUE;
}

gboolean cs3_pattern_sparsity(const Cs3Pattern *pattern, double *sparsity, GError **error) {
  double imposed = pattern->ops->density(pattern);
  if (imposed < 0)
    return TRUE;
  if (*sparsity != 0 && ABS(1 - imposed - *sparsity) > 1e-9) {
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "--pattern %s has sparsity %.4g, --sparsity asks for %.4g; leave one of them out",
                pattern->text, 1 - imposed, *sparsity);
    return FALSE;
  }
  *sparsity = 1 - imposed;
  return TRUE;
}

/* A sparsity without filters must be that of something. */
static gboolean check_reach(const Cs3Scenario *s, const Cs3ScenarioOptions *options,
                            double sparsity, const Cs3Sparsity *next, GError **error) {
  gboolean reached = sparsity == 0 || options->sparsity_filter != NULL;
  for (guint i = 0; i < s->graph->nodes->len && !reached; i++)
    reached = next->node_density[i] < 1;
  if (!reached)
    g_set_error(
        error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
        "--sparsity %g: reaches no weight of %s: it is of the matrices of blocks (in a graph "
        "file: operators that are sparsifiable); see --sparsity-filter",
        sparsity, s->model->name);
  return reached;
}

gboolean cs3_scenario_set_sparsity(Cs3Scenario *s, const Cs3ScenarioOptions *options,
                                   double sparsity, GError **error) {
  if (options->weights != NULL || cs3_scenario_own_zeros(s, options, sparsity))
    return cs3_scenario_transform(s, options, sparsity, error) &&
           cs3_scenario_find_weights(s, options, error);
  if (!cs3_pattern_sparsity(&s->config.pattern, &sparsity, error) ||
      !cs3_scenario_transform(s, options, sparsity, error))
    return FALSE;
  Cs3Sparsity *next = cs3_sparsity_new(
      s->graph, sparsity, (const char *const *)options->sparsity_filter, &s->config.pattern, error);
  if (next == NULL)
    return FALSE;
  if (!check_reach(s, options, sparsity, next, error)) {
    cs3_sparsity_free(next);
    return FALSE;
  }
  g_clear_pointer(&s->sparsity, cs3_sparsity_free);
  s->config.sparsity = s->sparsity = next;
  s->config.sparsity_asked = sparsity;
  s->config.weights = NULL;
  return TRUE;
}

/* The multiples of @systems on both sides of @batch. */
static void explain_batch(gint64 batch, gint64 systems, GError **error) {
  gint64 below = batch / systems * systems;
  g_autofree char *lower =
      below > 0 ? g_strdup_printf("%" G_GINT64_FORMAT " or ", below) : g_strdup("");
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "--batch %" G_GINT64_FORMAT ": does not divide over %" G_GINT64_FORMAT
              " systems; take %s%" G_GINT64_FORMAT,
              batch, systems, lower, below + systems);
}

static gboolean check_systems(const Cs3Machine *machine, gint64 systems, GError **error) {
  gint64 most = machine->system.swarmx.max_systems;
  if (systems <= most)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "--systems %" G_GINT64_FORMAT ": a cluster of %s has 1 to %" G_GINT64_FORMAT
              " systems (swarmx.max_systems)",
              systems, machine->name, most);
  return FALSE;
}

/* A step has no checkpoint to go back to. */
static gboolean only_in_steps(const GArray *faults, char **texts, GError **error) {
  for (guint i = 0; i < faults->len; i++) {
    if (g_array_index(faults, Cs3Fault, i).kind != CS3_FAULT_SYSTEM)
      continue;
    g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
                "--fault %s: losing a system concerns a whole run, not a step; see 'cs3sim train'",
                texts[i]);
    return FALSE;
  }
  return TRUE;
}

gboolean cs3_scenario_set_systems(Cs3Scenario *s, const Cs3ScenarioOptions *options, gint64 systems,
                                  gint64 batch, GError **error) {
  Cs3Tree tree = {systems, s->machine->system.swarmx.fan_out};
  if (!check_systems(s->machine, systems, error))
    return FALSE;
  if (batch % systems != 0) {
    explain_batch(batch, systems, error);
    return FALSE;
  }
  GArray *faults = cs3_faults_parse((const char *const *)options->fault, &tree, "--fault", error);
  if (faults == NULL || !only_in_steps(faults, options->fault, error)) {
    g_clear_pointer(&faults, g_array_unref);
    return FALSE;
  }
  g_clear_pointer(&s->faults, g_array_unref);
  s->config.faults = s->faults = faults;
  g_strfreev(s->fault_texts);
  s->config.fault_texts = s->fault_texts = g_strdupv(options->fault);
  s->config.systems = systems;
  s->config.batch = batch;
  return TRUE;
}

static gboolean only_in_training(const char *option, const char *value, GError **error) {
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "%s %s: changes nothing in a step of forward passes; leave it or --forward out",
              option, value);
  return FALSE;
}

/* Parameters of backward, gradients and updates: keys, or groups that end in a dot. */
static gboolean is_of_training(const Cs3Scenario *s, const char *name) {
  static const char *const names[] = {"activations.",
                                      "kernel.backward",
                                      "kernel.backward_overlap",
                                      "kernel.chain_add",
                                      "kernel.dw_algorithm",
                                      "kernel.gradient_bits",
                                      "memoryx.optimizer",
                                      "memoryx.optimizer_momentum",
                                      "memoryx.optimizer_sgd"};
  for (guint i = 0; i < G_N_ELEMENTS(names); i++)
    if (g_str_has_suffix(names[i], ".") ? g_str_has_prefix(name, names[i])
                                        : strcmp(name, names[i]) == 0)
      return TRUE;
  /* Attention's scores are dot products in forward, too. */
  return strcmp(name, "kernel.dot_tail") == 0 && !simulates_attention(s);
}

/* What is asked for must matter to a step without backward. */
static gboolean check_forward(const Cs3Scenario *s, const Cs3ScenarioOptions *o, GError **error) {
  static const char *const maps[] = {"dw=", "recompute="};
  for (char **map = o->map; map != NULL && *map != NULL; map++)
    for (guint i = 0; i < G_N_ELEMENTS(maps); i++)
      if (g_str_has_prefix(*map, maps[i]))
        return only_in_training("--map", *map, error);
  for (char **set = o->set; set != NULL && *set != NULL; set++) {
    g_autofree char *name = g_strndup(*set, strcspn(*set, "= "));
    if (is_of_training(s, name))
      return only_in_training("--set", name, error);
  }
  return TRUE;
}

static gboolean check_lowering(const Cs3Scenario *s, GError **error) {
  if (s->config.force.lowering < 0 || s->graph->convolutions->len > 0)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "--map lowering: %s has no convolution; leave it out", s->model->name);
  return FALSE;
}

static gboolean check_recompute(const Cs3Scenario *s, GError **error) {
  if (s->config.force.recompute != CS3_RECOMPUTE_REVERSIBLE || cs3_graph_reversible(s->graph))
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "--map recompute=reversible: no block of %s says that it is reversible, as those of "
              "revbifpn-s0 do",
              s->model->name);
  return FALSE;
}

/* An ONNX file may hold anything. */
static gboolean check_work(const Cs3Graph *graph, GError **error) {
  if (cs3_graph_macs(graph) > 0)
    return TRUE;
  g_set_error(error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
              "%s has no multiply-accumulates: nothing to simulate", graph->model->name);
  return FALSE;
}

static Cs3Model *model_of(const Cs3ScenarioOptions *o, GError **error) {
  if (o->model_text != NULL)
    return cs3_model_parse(o->model_text, strlen(o->model_text), o->model, o->model, error);
  return cs3_model_find_sized(o->model, &o->onnx, error);
}

static gboolean adapt(Cs3Scenario *s, const Cs3ScenarioOptions *o, GError **error) {
  if (o->transform != 0 || o->forward) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                o->forward ? "--lora %s: says what is trained, --forward trains nothing"
                           : "--lora %s: adapts a network as it is; leave --transform out",
                o->lora);
    return FALSE;
  }
  g_autoptr(Cs3Model) model = cs3_lora_model(s->graph, o->lora, error);
  Cs3Graph *graph = model != NULL ? cs3_graph_new(model, NULL, error) : NULL;
  if (graph == NULL)
    return FALSE;
  cs3_graph_free(s->graph);
  cs3_model_free(s->model);
  s->model = g_steal_pointer(&model);
  s->config.graph = s->graph = graph;
  s->config.lora = s->lora = g_strdup(o->lora);
  return TRUE;
}

/* Precisions that no layer of the network has. */
static gboolean check_factors(const Cs3Scenario *s, const Cs3ScenarioOptions *o, GError **error) {
  if (!cs3_precision_is_narrow(o->precision) || cs3_graph_has_factors(s->graph))
    return TRUE;
  g_set_error(
      error, CS3_WORKLOAD_ERROR, CS3_WORKLOAD_ERROR_INVALID,
      "--precision %s: %s has no linear layer in a block (convolutions keep 16 bits); leave it out",
      cs3_precision_names[o->precision], s->model->name);
  return FALSE;
}

Cs3Scenario *cs3_scenario_new(const Cs3ScenarioOptions *o, GError **error) {
  g_autoptr(Cs3Scenario) s = g_new0(Cs3Scenario, 1);
  s->model = model_of(o, error);
  if (s->model == NULL)
    return NULL;
  s->machine = cs3_machine_load_as(o->hardware, cs3_precision_settings(o->precision), "--precision",
                                   (const char *const *)o->set, error);
  if (s->machine == NULL)
    return NULL;
  s->graph = cs3_length_options_graph(&o->lengths, s->model, error);
  if (s->graph == NULL)
    return NULL;
  s->config = (Cs3RunConfig){
      .machine = s->machine,
      .graph = s->graph,
      .each = o->explicit_wafers,
      .seed = (guint64)o->seed,
      .map_texts = s->map = g_strdupv(o->map),
      .filter_texts = s->filters = g_strdupv(o->sparsity_filter),
      .precision = o->precision != 0 ? cs3_precision_names[o->precision] : NULL,
      .forward = o->forward,
      .exact = o->exact,
      .fidelity = (Cs3PlanFidelity)o->fidelity,
      .workers = o->jobs > 0 ? (guint)o->jobs : g_get_num_processors(),
  };
  if (o->forward && !check_forward(s, o, error))
    return NULL;
  if (!cs3_lora_is_none(o->lora) && !adapt(s, o, error))
    return NULL;
  if (!check_work(s->graph, error) || !check_factors(s, o, error))
    return NULL;
  if (o->weights == NULL && o->masked) {
    g_set_error(error, CS3_CLI_ERROR, CS3_CLI_ERROR_USAGE,
                "--masked nan: needs --weights PATH to look in");
    return NULL;
  }
  gint64 systems = o->systems > 0 ? o->systems : s->machine->system.swarmx.systems;
  if (!cs3_scenario_map(o->map, &s->config.force, error) || !check_attention(s, o, error) ||
      !check_recompute(s, error) || !check_lowering(s, error) ||
      !cs3_scenario_set_systems(s, o, systems, o->batch, error) ||
      !cs3_pattern_parse(&s->config.pattern, o->pattern, error) ||
      !cs3_scenario_set_sparsity(s, o, o->sparsity, error))
    return NULL;
  return g_steal_pointer(&s);
}

static void add_dimensions(Cs3Table *settings, const Cs3ScenarioOptions *o, const Cs3Model *model) {
  g_autofree char *path =
      g_file_test(o->model, G_FILE_TEST_EXISTS) ? NULL : cs3_model_path(o->model);
  g_autofree char *file = g_path_get_basename(path != NULL ? path : o->model);
  g_autoptr(GArray) facts = cs3_model_facts(model);
  Cs3Fact parameters = {"parameters", cs3_model_parameters(model)};
  g_array_append_val(facts, parameters);
  for (guint i = 0; i < facts->len; i++) {
    const Cs3Fact *fact = &g_array_index(facts, Cs3Fact, i);
    g_autofree char *name = g_strdup_printf("model.%s", fact->key);
    g_autofree char *value = g_strdup_printf("%" G_GINT64_FORMAT, fact->value);
    cs3_settings_add(settings, name, value, file);
  }
}

/* Every constant, with the file and line or the --set that gave it. */
static void add_machine(Cs3Table *settings, const Cs3Machine *machine) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  cs3_machine_bind(NULL, bindings);
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *param = &b->table->params[i];
      g_autofree char *name = cs3_param_name(param);
      g_autofree char *value = cs3_param_format(param, cs3_machine_get(machine, param));
      cs3_settings_add(settings, name, value, cs3_machine_origin(machine, param));
    }
}

gboolean cs3_scenario_check(const void *options, Cs3Table *settings, GError **error) {
  const Cs3ScenarioOptions *o = options;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(o, error);
  if (scenario == NULL)
    return FALSE;
  add_dimensions(settings, o, scenario->model);
  add_machine(settings, scenario->machine);
  return TRUE;
}

void cs3_scenario_free(Cs3Scenario *s) {
  if (s == NULL)
    return;
  cs3_sparsity_free(s->sparsity);
  cs3_weight_match_free(s->weights);
  cs3_weight_set_free(s->weight_set);
  g_clear_pointer(&s->graph, cs3_graph_free);
  g_clear_pointer(&s->original, cs3_graph_free);
  g_clear_pointer(&s->original_model, cs3_model_free);
  cs3_model_free(s->model);
  cs3_machine_free(s->machine);
  g_clear_pointer(&s->faults, g_array_unref);
  g_strfreev(s->map);
  g_strfreev(s->filters);
  g_strfreev(s->fault_texts);
  g_free(s->weights_text);
  g_free(s->lora);
  g_free(s);
}
