/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The main job: conservation of cycles, limits of the speed-up, reproducibility. */
#include "config.h"

#include "base/datadir.h"
#include "results/record.h"
#include "tests/unit/fixture.h"

#include <math.h>
#include <string.h>

#include "fabric/fabric-error.h"
#include "sim/map/plan-attention.h"
#include "sim/run/memory-walk.h"
#include "sim/run/result.h"
#include "sim/run/scenario.h"
#include "sim/wafer/layer-run.h"

static Cs3ScenarioOptions options(const char *model, double sparsity) {
  Cs3ScenarioOptions o = cs3_scenario_defaults;
  o.model = (char *)model;
  o.sparsity = sparsity;
  o.jobs = 1;
  return o;
}

/* For what holds at any fidelity: the bound, or with `make check-slow` the recurrence. */
static int fast_fidelity(void) {
  return fixture_slow() ? 0 : CS3_PLAN_BOUND;
}

static json_t *run(const Cs3ScenarioOptions *o) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(o, &error);
  ck_assert_msg(scenario != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3Run) result = cs3_run(&scenario->config, &error);
  ck_assert_msg(result != NULL, "%s", error ? error->message : "");
  return cs3_result_json(result);
}

static double sum_of(const json_t *object) {
  double sum = 0;
  const char *key;
  json_t *value;
  json_object_foreach((json_t *)object, key, value) sum += json_number_value(value);
  return sum;
}

static const json_t *member(const json_t *record, const char *a, const char *b) {
  return json_object_get(json_object_get(record, a), b);
}

START_TEST(test_breakdown_adds_up) {
  Cs3ScenarioOptions o = options("gpt2-small", 0.7);
  char *map[] = {(char *)"micro-batch=7", NULL};
  o.map = map;
  o.batch = 100; /* 15 micro-batches of 7 hold 105 sequences */
  json_t *r = run(&o);
  ck_assert(cs3_record_number(r, "step.causes.padding") >
            0.04 *
                (cs3_record_number(r, "step.cycles") - cs3_record_number(r, "step.causes.edge")));
  double cycles = cs3_record_number(r, "step.cycles");
  double clock = cs3_record_number(r, "hardware.clock_hz");
  ck_assert(sum_of(member(r, "step", "causes")) == cycles);
  ck_assert(fabs(cs3_record_number(r, "step.time_s") * clock - cycles) < 3);
  double gap = cycles - cs3_record_number(r, "dense.step.cycles") /
                            cs3_record_number(r, "speedup.theoretical");
  ck_assert_double_eq_tol(sum_of(member(r, "speedup", "gap_cycles")), gap, 1e-6 * cycles);
  json_decref(r);
}
END_TEST

static double without_edge(const json_t *record) {
  return cs3_record_number(record, "step.time_s") - cs3_record_number(record, "step.edge_s");
}

static json_t *run_forced(const char *model, char **map, gboolean forward) {
  Cs3ScenarioOptions o = options(model, 0.7);
  o.fidelity = strcmp(model, "vit-b-16") == 0 ? 0 : fast_fidelity();
  o.map = map;
  o.batch = 10;
  o.forward = forward;
  return run(&o);
}

/* Forward alone: the forward passes of training, a third of its FLOPs, nothing up, nothing kept. */
START_TEST(test_forward) {
  static const char *const models[] = {"gpt2-small", "t5-base", "vit-b-16", "deepseek-v2-lite"};
  char *map[] = {(char *)"micro-batch=4", NULL};
  json_t *training = run_forced(models[_i], map, FALSE), *r = run_forced(models[_i], map, TRUE);
  double cycles = cs3_record_number(r, "step.cycles");
  ck_assert(json_is_true(json_object_get(r, "forward")));
  ck_assert(sum_of(member(r, "step", "causes")) == cycles);
  ck_assert(fabs(cs3_record_number(r, "step.time_s") * cs3_record_number(r, "hardware.clock_hz") -
                 cycles) < 3);
  ck_assert_double_eq_tol(3 * cs3_record_number(r, "flops.per_step"),
                          cs3_record_number(training, "flops.per_step"),
                          1e-9 * cs3_record_number(training, "flops.per_step"));
  ck_assert(cs3_record_number(r, "speedup.theoretical") ==
            cs3_record_number(training, "speedup.theoretical"));
  ck_assert(cs3_record_number(r, "step.bytes_up") == 0);
  ck_assert(cs3_record_number(r, "step.causes.egress") == 0);
  ck_assert(cs3_record_number(r, "step.causes.recompute") == 0);
  ck_assert(without_edge(r) < without_edge(training) / 2);
  ck_assert(cs3_record_number(r, "mapping.activation_bytes") <
            cs3_record_number(training, "mapping.activation_bytes"));
  json_t *layers = json_object_get(r, "layers"), *layer;
  size_t i;
  json_array_foreach(layers, i, layer) {
    const json_t *twin = json_array_get(json_object_get(training, "layers"), i);
    ck_assert_uint_eq(json_object_size(json_object_get(layer, "passes")), 1);
    ck_assert(cs3_record_number(layer, "passes.forward.cycles") ==
              cs3_record_number(twin, "passes.forward.cycles"));
  }
  json_decref(r);
  json_decref(training);
}
END_TEST

static const struct {
  const char *model, *map;
  gint64 batch;
  gboolean forward;
} walks[] = {
    {"llama7b", "micro-batch=64", 64, FALSE},
    {"gpt2-small", "recompute=none", 64, FALSE},
    {"gpt3-xl", "recompute=layer", 64, FALSE},
    {"gpt3-xl", "recompute=full", 64, FALSE},
    {"t5-base", NULL, 64, FALSE},
    {"vit-b-16", NULL, 512, FALSE},
    {"deepseek-v2-lite", NULL, 64, FALSE},
    {"llama7b", NULL, 64, TRUE},
};

/* Moment by moment: the plan's peak is the largest sum, nothing is left at the end, time passes. */
START_TEST(test_memory_walk) {
  Cs3ScenarioOptions o = options(walks[_i].model, 0.7);
  char *map[] = {(char *)walks[_i].map, NULL};
  o.map = map;
  o.batch = walks[_i].batch;
  o.forward = walks[_i].forward;
  o.fidelity = fast_fidelity();
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o, &error);
  g_autoptr(Cs3Run) result = scenario != NULL ? cs3_run(&scenario->config, &error) : NULL;
  ck_assert_msg(result != NULL, "%s", error ? error->message : "");
  json_t *walk = cs3_memory_walk(result), *moment;
  const Cs3PlanMemory *memory = &result->sparse.plan->memory;
  double largest = 0, at_s = 0, most_sent = 0;
  size_t i;
  json_array_foreach(json_object_get(walk, "moments"), i, moment) {
    largest = MAX(largest,
                  cs3_record_number(moment, "resident") + cs3_record_number(moment, "kept") +
                      cs3_record_number(moment, "values") + cs3_record_number(moment, "gradients"));
    ck_assert(cs3_record_number(moment, "begin_s") == at_s);
    at_s = cs3_record_number(moment, "end_s");
    most_sent = MAX(most_sent, cs3_record_number(moment, "sent"));
  }
  ck_assert_double_eq_tol(largest, memory->peak_bytes, 1e-9 * largest);
  ck_assert_double_eq_tol(cs3_record_number(walk, "peak_bytes"), largest, 1e-9 * largest);
  ck_assert_double_eq_tol(most_sent, memory->sent_bytes, 1e-9 * largest);
  ck_assert(largest <= memory->capacity_bytes && at_s > 0);
  json_decref(walk);
}
END_TEST

/* At most the logits beside the hidden states that they are made from, and the labels; less where
 * the rows are worked through in parts. */
START_TEST(test_forward_memory) {
  Cs3ScenarioOptions o = options("gpt2-small", 0);
  char *set[] = {(char *)"kernel.attention_efficiency=0.35", NULL}; /* holds nothing beside them */
  o.set = set;
  o.forward = TRUE;
  o.batch = 1;
  json_t *r = run(&o);
  double bytes = cs3_record_number(r, "mapping.activation_bytes_per_token");
  ck_assert(bytes >= 2 * 768 && bytes < 1.15 * 2 * (50257 + 768 + 2));
  json_decref(r);
}
END_TEST

static const struct {
  char *map[2], *set[2];
} training_only[] = {
    {.map = {(char *)"recompute=layer"}},
    {.map = {(char *)"dw=local-block"}},
    {.set = {(char *)"activations.servers=3"}},
    {.set = {(char *)"memoryx.optimizer = 1 Gparam/s"}},
};

START_TEST(test_forward_refuses) {
  Cs3ScenarioOptions o = options("gpt2-small", 0);
  o.map = (char **)training_only[_i].map;
  o.set = (char **)training_only[_i].set;
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o, &error);
  ck_assert_msg(scenario != NULL, "%s", error ? error->message : "");
  o.forward = TRUE;
  ck_assert(cs3_scenario_new(&o, &error) == NULL);
  ck_assert_msg(strstr(error->message, "changes nothing in a step of forward passes") != NULL, "%s",
                error->message);
}
END_TEST

START_TEST(test_dense_is_its_own_baseline) {
  Cs3ScenarioOptions o = options("gpt2-small", 0);
  o.batch = 32;
  json_t *r = run(&o);
  ck_assert(cs3_record_number(r, "speedup.simulated") == 1);
  ck_assert(cs3_record_number(r, "speedup.theoretical") == 1);
  json_decref(r);
}
END_TEST

/* No cause is negative, and they add up to the step. */
static void check_causes(const char *name, const json_t *side, double clock_hz) {
  const json_t *step = json_object_get(side, "step");
  json_t *causes = json_object_get(step, "causes"), *value;
  const char *cause;
  json_object_foreach(causes, cause, value) ck_assert_msg(
      json_number_value(value) >= 0, "%s: %s is %g", name, cause, json_number_value(value));
  double cycles = cs3_record_number(step, "cycles");
  ck_assert_msg(sum_of(causes) == cycles, "%s: %.0f, not %.0f", name, sum_of(causes), cycles);
  ck_assert_msg(fabs(cs3_record_number(step, "time_s") * clock_hz - cycles) < 3, "%s", name);
}

/* Every preset, sparse and dense: at the bound, and small ones as they run. */
START_TEST(test_causes_of_every_preset) {
  g_auto(GStrv) names = cs3_datadir_list(CS3_DATA_MODELS);
  double largest = fixture_slow() ? 3e8 : 5e7;
  gboolean small = TRUE;
  for (char **name = names; *name != NULL; name++)
    for (int fidelity = CS3_PLAN_BOUND; fidelity >= !small; fidelity--) {
      Cs3ScenarioOptions o = options(*name, 0.75);
      o.batch = 3;
      o.fidelity = fidelity;
      json_t *r = run(&o);
      double clock_hz = cs3_record_number(r, "hardware.clock_hz");
      check_causes(*name, r, clock_hz);
      check_causes(*name, json_object_get(r, "dense"), clock_hz);
      small = cs3_record_number(r, "model.parameters") < largest;
      json_decref(r);
    }
}
END_TEST

static const struct {
  const char *model;
  gint64 seq;
  double sparsity, theory;
} identities[] = {
    /* SPDF (arXiv 2303.10464): 2.5x fewer FLOPs; the Llama values follow from the same count. */
    {"gpt3-xl", 2048, 0.75, 2.50},
    {"llama7b", 4096, 0.70, 2.44},
    {"llama7b", 2048, 0.70, 2.74},
};

START_TEST(test_theory) {
  Cs3ScenarioOptions o = options(identities[_i].model, identities[_i].sparsity);
  o.lengths.attention = (char *)"full"; /* as the identities count it */
  o.lengths.seq = identities[_i].seq;
  o.fidelity = fast_fidelity();
  o.batch = 16;
  json_t *r = run(&o);
  double theory = cs3_record_number(r, "speedup.theoretical");
  ck_assert_double_eq_tol(theory, identities[_i].theory, 0.01 * identities[_i].theory);
  ck_assert(cs3_record_number(r, "speedup.simulated") <= theory);
  json_decref(r);
}
END_TEST

START_TEST(test_workers_do_not_matter) {
  Cs3ScenarioOptions o = options("gpt2-small", 0.8);
  o.batch = 24;
  o.lengths.seq = 128;
  o.exact = TRUE;
  g_autofree char *first = NULL;
  for (gint64 jobs = 1; jobs <= 7; jobs += 3) {
    o.jobs = jobs;
    json_t *r = run(&o);
    g_autofree char *text = json_dumps(r, JSON_REAL_PRECISION(15));
    if (first != NULL)
      ck_assert_str_eq(text, first);
    else
      first = g_steal_pointer(&text);
    json_decref(r);
  }
}
END_TEST

START_TEST(test_filters_by_layer) {
  char *filters[] = {(char *)"transformer.h.0.*=0", (char *)"*.mlp.*=0.9", NULL};
  Cs3ScenarioOptions o = options("gpt2-small", 0.5);
  o.sparsity_filter = filters;
  o.batch = 8;
  json_t *r = run(&o);
  /* q, k, v and the output projection of 11 layers at 50 %, the first layer's dense; MLPs at 90 %.
   */
  double attention = 0, mlp = 0;
  size_t i;
  json_t *layer;
  json_array_foreach(json_object_get(r, "layers"), i, layer) {
    double repeat = cs3_record_number(layer, "repeat"), s = cs3_record_number(layer, "sparsity");
    gboolean is_mlp = strstr(cs3_record_string(layer, "tensor"), ".mlp.") != NULL;
    gboolean in_block = strstr(cs3_record_string(layer, "tensor"), ".h.") != NULL;
    *(is_mlp ? &mlp : &attention) += in_block ? repeat * s : 0;
  }
  ck_assert_double_eq_tol(mlp, 2 * 12 * 0.9, 1e-9);
  ck_assert(fabs(fmod(attention, 11 * 0.5)) < 1e-9 && attention > 0);
  json_decref(r);
}
END_TEST

static json_t *run_layer(gint64 tokens, double sparsity, const char *hardware) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load(hardware, NULL, &error);
  ck_assert_msg(machine != NULL, "%s", error ? error->message : "");
  Cs3LayerConfig config = {.machine = machine,
                           .out_features = 12288,
                           .in_features = 12288,
                           .tokens = tokens,
                           .sparsity = sparsity,
                           .seed = 1,
                           .workers = 1,
                           .force = CS3_MAP_FREE};
  ck_assert(cs3_pattern_parse(&config.pattern, "uniform", NULL));
  json_t *r = cs3_layer_run(&config, &error);
  ck_assert_msg(r != NULL, "%s", error ? error->message : "");
  return r;
}

/* Few tokens: the stream of 32-bit wavelets decides, sparsity pays 1 / (2 d). */
START_TEST(test_ingress_limit) {
  json_t *r = run_layer(4096, 0.75, "cs2");
  ck_assert_double_eq_tol(cs3_record_number(r, "speedup.simulated"), 1 / (2 * 0.25), 0.1);
  ck_assert_str_eq(cs3_record_string(r, "bottleneck"), "ingress");
  json_decref(r);
}
END_TEST

/* Many tokens: close to 1 / d. */
START_TEST(test_arithmetic_limit) {
  json_t *r = run_layer(131072, 0.7, "cs2");
  double speedup = cs3_record_number(r, "speedup.simulated");
  ck_assert_msg(speedup > 0.85 / 0.3 && speedup < 1 / 0.3, "speed-up %g", speedup);
  ck_assert(cs3_record_number(r, "bound_cycles") <= cs3_record_number(r, "cycles"));
  json_decref(r);
}
END_TEST

START_TEST(test_does_not_fit) {
  Cs3ScenarioOptions o = options("gpt3-175b", 0.7);
  char *small[] = {(char *)"pe.sram_data=600 B", NULL};
  o.set = small;
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o, &error);
  ck_assert_ptr_nonnull(scenario);
  g_autoptr(Cs3Run) result = cs3_run(&scenario->config, &error);
  ck_assert_ptr_null(result);
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INFEASIBLE, "GB missing");
}
END_TEST

/* Every key of a record stands in doc/result.md, so that the page cannot fall behind. */
static void check_documented(const char *doc, const char *parent, const json_t *value) {
  static const char *const open_sets[] = {"causes", "gap_cycles", "configuration", NULL};
  if (json_is_array(value) && json_array_size(value) > 0)
    check_documented(doc, parent, json_array_get(value, 0));
  const char *key;
  json_t *child;
  json_object_foreach((json_t *)value, key, child) {
    if ((json_is_object(child) || json_is_array(child)) && !g_strv_contains(open_sets, key)) {
      check_documented(doc, key, child);
      continue;
    }
    g_autofree char *quoted = g_strdup_printf("%s`", key);
    ck_assert_msg(strstr(doc, quoted) != NULL, "doc/result.md lacks %s.%s", parent, key);
  }
}

/* Attention as a program: its cycles are those of the two products, parts and moves included; no
 * forced order of tokens is faster than the free choice by more than the mapper promises; and the
 * record has it whole. */
START_TEST(test_attention_program) {
  Cs3ScenarioOptions o = options("gpt2-small", 0.7);
  char *set[] = {(char *)"kernel.layout_overlap=none", NULL};
  char *block[] = {(char *)"micro-batch=8", (char *)"attention-order=block", NULL};
  char *free_map[] = {(char *)"micro-batch=8", NULL};
  o.batch = 8;
  o.lengths.seq = 256;
  o.set = set;
  o.map = free_map;
  json_t *r = run(&o);
  const json_t *a = json_array_get(json_object_get(r, "attentions"), 0);
  double cycles = 0, causes = sum_of(member(a, "forward", "causes"));
  size_t i;
  json_t *other;
  json_array_foreach(json_object_get(r, "other"), i, other) {
    const char *kind = cs3_record_string(other, "kind");
    if (strcmp(kind, "scores") == 0 || strcmp(kind, "values") == 0)
      cycles += cs3_record_number(other, "forward_cycles");
  }
  ck_assert_int_eq((gint64)cycles, (gint64)cs3_record_number(a, "forward.cycles"));
  ck_assert_int_eq((gint64)cycles, (gint64)(cs3_record_number(a, "parts") * causes +
                                            cs3_record_number(a, "forward.moves_cycles")));
  o.map = block;
  json_t *forced = run(&o);
  ck_assert(cs3_record_number(forced, "step.cycles") >= 0.99 * cs3_record_number(r, "step.cycles"));
  json_decref(forced);
  json_decref(r);
}
END_TEST

START_TEST(test_keys_are_documented) {
  g_autofree char *path = g_build_filename(g_getenv("CS3SIM_DATA_DIR"), "doc", "result.md", NULL);
  g_autofree char *doc = NULL;
  ck_assert_msg(g_file_get_contents(path, &doc, NULL, NULL), "%s", path);
  Cs3ScenarioOptions o = options("gpt2-small", 0.7);
  o.batch = 4;
  o.lengths.seq = 128;
  o.exact = TRUE;
  json_t *r = run(&o);
  check_documented(doc, "", r);
  json_decref(r);
}
END_TEST

static double step_of(Cs3ScenarioOptions o, const char *map) {
  char *maps[] = {(char *)"micro-batch=4", (char *)map, NULL};
  o.map = maps;
  json_t *r = run(&o);
  double step_s = cs3_record_number(r, "step.time_s");
  json_decref(r);
  return step_s;
}

/* The port, MemoryX or the tree may be the slowest link, or none of them matter. What the mapper
 * takes by itself is at most 1 % behind what it is forced to, pass by pass: mappings that gain no
 * more are not run; the step may be a little more behind, but less in the mean. One
 * micro-batch for all: its size is chosen by the step, but of passes by closed forms. */
START_TEST(test_forced_is_never_faster) {
  static const char *const forced[] = {"format=dense",   "format=sparse", "placement=cache",
                                       "placement=sram", "axis=x",        "axis=y"};
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed());
  double behind = 0;
  int machines = fixture_slow() ? 12 : 2;
  for (int machine = 0; machine < machines; machine++) {
    Cs3ScenarioOptions o = options("gpt2-small", g_rand_double_range(random, 0.05, 0.9));
    char *set[] = {
        g_strdup_printf("io.rate=%.3f Tb/s", exp(g_rand_double_range(random, -2, 2))),
        g_strdup_printf("memoryx.stream=%.3f Tb/s", exp(g_rand_double_range(random, -3, 2))),
        g_strdup_printf("swarmx.link=%.3f Tb/s", exp(g_rand_double_range(random, -3, 2))),
        g_strdup_printf("swarmx.oversubscription=%d", g_rand_int_range(random, 1, 4)), NULL};
    o.set = set;
    o.lengths.seq = 256;
    o.systems = machine % 2 == 0 ? 1 : 8;
    o.batch = o.systems * 4 * g_rand_int_range(random, 1, 6);
    double free_s = step_of(o, NULL);
    for (guint i = 0; i < G_N_ELEMENTS(forced); i++) {
      double forced_s = step_of(o, forced[i]);
      behind += MAX(0, free_s / forced_s - 1);
      ck_assert_msg(free_s <= 1.02 * forced_s,
                    "sparsity %g, %s, %s, %s, %s, batch %d: %s takes "
                    "%.6g s, the mapper's own choice %.6g s",
                    o.sparsity, set[0], set[1], set[2], set[3], (int)o.batch, forced[i], forced_s,
                    free_s);
    }
    for (char **text = set; *text != NULL; text++)
      g_free(*text);
  }
  ck_assert_double_le(behind / (machines * (int)G_N_ELEMENTS(forced)), 0.008);
}
END_TEST

/* At 90 % the sums of closed forms think least of the largest micro-batch that keeps all on the
 * wafer; the step, of one that sends some away and waits for it now and then. */
START_TEST(test_size_knows_waits) {
  Cs3ScenarioOptions o = options("llama7b", 0.9);
  o.lengths.seq = 4096;
  o.batch = 256;
  json_t *free = run(&o);
  double free_s = cs3_record_number(free, "step.time_s");
  gint64 own = (gint64)cs3_record_number(free, "mapping.micro_batch");
  json_decref(free);
  for (gint64 percent = 50; percent <= 150; percent += 50) {
    g_autofree char *text = g_strdup_printf("micro-batch=%" G_GINT64_FORMAT, own * percent / 100);
    char *maps[] = {text, NULL};
    o.map = maps;
    json_t *r = run(&o);
    ck_assert_double_le(free_s, 1.005 * cs3_record_number(r, "step.time_s"));
    json_decref(r);
  }
}
END_TEST

/* However many micro-batches it takes: a sample of a larger batch takes no longer. */
START_TEST(test_larger_batches) {
  double before_s = INFINITY;
  for (gint64 batch = 1024; batch <= 16384; batch *= 4) {
    Cs3ScenarioOptions o = options("llama7b", 0.7);
    o.batch = batch;
    double sample_s = step_of(o, NULL) / (double)batch;
    ck_assert_double_le(sample_s, 1.03 * before_s);
    before_s = sample_s;
  }
}
END_TEST

/* So many samples of Whisper at once, in one chunk, would leave attention no room for what it works
 * on. */
START_TEST(test_attention_in_parts) {
  Cs3ScenarioOptions o = options("whisper-small", 0);
  char *map[] = {(char *)"micro-batch=800", (char *)"attention-chunks=1", NULL};
  o.batch = 4096;
  o.map = map;
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o, &error);
  g_autoptr(Cs3Run) result = scenario != NULL ? cs3_run(&scenario->config, &error) : NULL;
  ck_assert_msg(result != NULL, "%s", error ? error->message : "");
  const Cs3Plan *plan = result->sparse.plan;
  const Cs3PlanAttention *attention = &g_array_index(plan->attentions, Cs3PlanAttention, 0);
  ck_assert_int_gt(attention->parts, 1);
  ck_assert_int_ge(attention->parts, plan->memory.attention_parts);
  ck_assert_int_ge(attention->parts * attention->pass[0].shape.sequences, plan->micro_batch);
  for (int backward = 0; backward < 2; backward++) {
    const Cs3PlanAttentionPass *pass = &attention->pass[backward];
    double around = cs3_attention_around_bytes(&scenario->config.machine->hw, &pass->shape,
                                               &pass->choice.best.mapping);
    ck_assert_double_gt(around, 0);
    ck_assert_double_le(around, plan->memory.capacity_bytes);
  }
}
END_TEST

/* Weights that come at a third of the port's rate: the dense format takes fewer bytes at 10 %. */
START_TEST(test_slowest_link_decides) {
  Cs3ScenarioOptions o = options("gpt2-small", 0.1);
  char *set[] = {(char *)"io.rate=3.6 Tb/s", NULL};
  o.set = set;
  o.lengths.seq = 256;
  o.batch = 8;
  double dense_s = step_of(o, "format=dense"), sparse_s = step_of(o, "format=sparse");
  ck_assert_double_lt(dense_s, sparse_s);
  ck_assert_double_le(step_of(o, NULL), dense_s);
}
END_TEST

static Suite *suite(void) {
  Suite *s = suite_create("run");
  TCase *t = tcase_create("step");
  tcase_set_timeout(t, 300);
  tcase_add_test(t, test_breakdown_adds_up);
  tcase_add_loop_test(t, test_forward, 0, 4);
  tcase_add_test(t, test_forward_memory);
  tcase_add_loop_test(t, test_memory_walk, 0, G_N_ELEMENTS(walks));
  tcase_add_loop_test(t, test_forward_refuses, 0, G_N_ELEMENTS(training_only));
  tcase_add_test(t, test_causes_of_every_preset);
  tcase_add_test(t, test_dense_is_its_own_baseline);
  tcase_add_loop_test(t, test_theory, 0, G_N_ELEMENTS(identities));
  tcase_add_test(t, test_workers_do_not_matter);
  tcase_add_test(t, test_filters_by_layer);
  tcase_add_test(t, test_does_not_fit);
  tcase_add_test(t, test_attention_program);
  tcase_add_test(t, test_keys_are_documented);
  tcase_add_test(t, test_forced_is_never_faster);
  tcase_add_test(t, test_size_knows_waits);
  tcase_add_test(t, test_larger_batches);
  tcase_add_test(t, test_attention_in_parts);
  tcase_add_test(t, test_slowest_link_decides);
  suite_add_tcase(s, t);
  t = tcase_create("layer");
  tcase_set_timeout(t, 300);
  tcase_add_test(t, test_ingress_limit);
  tcase_add_test(t, test_arithmetic_limit);
  suite_add_tcase(s, t);
  return s;
}

int main(void) {
  return fixture_run(suite());
}
