/* SPDX-License-Identifier: GPL-3.0-or-later */
/* No dead knobs: every parameter, changed, moves a result of what its row says reads it, and a step
 * only where its row does not name other commands. */
#include "config.h"

#include "tests/unit/fixture.h"

#include <math.h>

#include "base/quantity.h"
#include "fabric/programs/program.h"
#include "fabric/programs/registry.h"
#include "sim/run/result.h"
#include "sim/run/scenario.h"
#include "sim/training/training.h"
#include "sim/wafer/fabric-run.h"
#include "sim/wafer/layer-run.h"

/* A result as text: a record without what only repeats the options, or why there is none. */
static char *text_of(json_t *record, GError *error) {
  if (record == NULL) {
    char *text = g_strdup(error != NULL ? error->message : "");
    g_clear_error(&error);
    return text;
  }
  static const char *const repeated[] = {"provenance", "hardware", NULL};
  for (const char *const *key = repeated; *key != NULL; key++)
    json_object_del(record, *key);
  char *text = json_dumps(record, JSON_REAL_PRECISION(15) | JSON_SORT_KEYS);
  json_decref(record);
  return text;
}

static void add(GString *all, json_t *record, GError *error) {
  g_autofree char *text = text_of(record, error);
  g_string_append_printf(all, "%s\n", text);
}

static const char *const maps[] = {"axis=auto", "reduction=ring", "reduction=two-way",
                                   "placement=sram", "dw=local-block"};

static void layers(const Cs3Machine *machine, GString *all) {
  for (guint i = 0; i < 3 * G_N_ELEMENTS(maps); i++) {
    Cs3Machine *small = cs3_machine_copy(machine);
    small->hw.wafer.pe_x = MIN(small->hw.wafer.pe_x, 12);
    small->hw.wafer.pe_y = MIN(small->hw.wafer.pe_y, 12);
    Cs3LayerConfig config = {.machine = small,
                             .out_features = 96,
                             .in_features = 80,
                             .tokens = 600,
                             .pass = i % 3,
                             .sparsity = 0.6,
                             .pattern_text = "uniform",
                             .seed = 1,
                             .workers = 1,
                             .force = CS3_MAP_FREE,
                             .fidelity = i / 3 == 0 ? CS3_FIDELITY_EVENT : CS3_FIDELITY_RECURRENCE};
    GError *error = NULL;
    ck_assert(cs3_pattern_parse(&config.pattern, "uniform", NULL));
    ck_assert(cs3_map_force_parse(&config.force, maps[i / 3], NULL));
    json_t *record = cs3_layer_run(&config, &error);
    add(all, record, error);
    cs3_machine_free(small);
  }
}

static const struct {
  const char *program;
  guint width, height, words;
} programs[] = {{"message", 5, 1, 8}, {"relay", 5, 1, 16},   {"chain", 9, 1, 32},
                {"ring", 8, 1, 64},   {"centre", 6, 6, 32},  {"halo", 5, 5, 8},
                {"stream", 5, 1, 40}, {"mesh-gemm", 4, 4, 1}};

static void run_programs(const Cs3Machine *machine, GString *all) {
  for (guint i = 0; i < G_N_ELEMENTS(programs); i++) {
    Cs3FabricConfig config = {.ops = cs3_program_find(programs[i].program, NULL),
                              .params = cs3_program_defaults(),
                              .hardware = "x",
                              .clock_hz = 1e9,
                              .trains = TRUE};
    ck_assert_ptr_nonnull(config.ops);
    config.params.width = programs[i].width;
    config.params.height = programs[i].height;
    config.params.words = programs[i].words;
    GError *error = NULL;
    json_t *record = cs3_event_timing_init(&config.timing, &machine->hw, &error)
                         ? cs3_fabric_execute(&config, &error)
                         : NULL;
    add(all, record, error);
  }
}

static void step(const char *set, GString *all) {
  char *sets[] = {(char *)set, NULL};
  Cs3ScenarioOptions o = cs3_scenario_defaults;
  o.model = (char *)"gpt2-small";
  o.set = set != NULL ? sets : NULL;
  o.sparsity = 0.7;
  o.lengths.seq = 64;
  o.batch = 16;
  o.systems = 8;
  o.jobs = 1;
  GError *error = NULL;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o, &error);
  g_autoptr(Cs3Run) run = scenario != NULL ? cs3_run(&scenario->config, &error) : NULL;
  add(all, run != NULL ? cs3_result_json(run) : NULL, error);
}

static void training(const char *set, GString *all) {
  char *sets[] = {(char *)set, NULL};
  char *faults[] = {(char *)"system:0@50%", NULL};
  g_autoptr(Cs3Recipe) recipe = cs3_recipe_new("knobs");
  Cs3Phase *phase = cs3_recipe_add(recipe, "one");
  phase->tokens = 64 * 8 * 100;
  phase->mask_until = 1;
  Cs3TrainingOptions options = {.scenario = CS3_SCENARIO_DEFAULTS, .checkpoint_every = 10};
  options.scenario.model = (char *)"gpt2-small";
  options.scenario.set = set != NULL ? sets : NULL;
  options.scenario.fault = faults;
  options.scenario.lengths.seq = 64;
  options.scenario.batch = 8;
  options.scenario.systems = 2;
  options.scenario.jobs = 1;
  GError *error = NULL;
  g_autoptr(Cs3Training) run = cs3_training_new(recipe, &options, NULL, &error);
  add(all, run != NULL ? cs3_training_json(run) : NULL, error);
}

/* What the commands that @param names would show with @set (NULL: as the preset is). */
static char *results(const Cs3Param *param, const char *set) {
  const char *const sets[] = {set, NULL};
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", set != NULL ? sets : NULL, NULL);
  if (machine == NULL)
    return NULL;
  GString *all = g_string_new(NULL);
  if (param->readers == NULL)
    step(set, all);
  else if (strcmp(param->readers, "train") == 0)
    training(set, all);
  else {
    run_programs(machine, all);
    layers(machine, all);
  }
  return g_string_free(all, FALSE);
}

static char *set_text(const Cs3Param *param, double value) {
  g_autofree char *name = cs3_param_name(param), *text = cs3_param_format(param, value);
  return g_strdup_printf("%s=%s", name, text);
}

/* Other values of @param: near, then far. */
static guint others(const Cs3Param *param, double value, double *other) {
  const double tries[] = {value * 2,  value / 2,  value + 1, value - 1, value * 16, value / 16,
                          param->min, param->max, 0,         1,         2};
  guint n = 0;
  for (guint i = 0; i < G_N_ELEMENTS(tries); i++)
    if (tries[i] != value && cs3_param_check(param, tries[i], NULL))
      other[n++] = tries[i];
  return n;
}

static gboolean moves(const Cs3Param *param, double value) {
  double other[16];
  g_autofree char *before = results(param, NULL);
  guint n = others(param, value, other);
  for (guint i = 0; i < n; i++) {
    g_autofree char *set = set_text(param, other[i]), *after = results(param, set);
    if (after != NULL && strcmp(before, after) != 0)
      return TRUE;
  }
  return FALSE;
}

static gboolean moves_step(const Cs3Param *param, double value) {
  double other[16];
  guint n = others(param, value, other);
  g_autofree char *set = n > 0 ? set_text(param, other[0]) : NULL;
  g_autoptr(GString) before = g_string_new(NULL), after = g_string_new(NULL);
  step(NULL, before);
  step(set, after);
  return strcmp(before->str, after->str) != 0;
}

/* Only the other optimizers, the published measurements of single PEs, and a queue or a fan-out
 * that a program of this size does not fill need more than is run here. */
static gboolean needs_more(const Cs3Param *param) {
  static const char *const keys[] = {"optimizer_momentum", "optimizer_sgd",
                                     "bytes_per_param_momentum", "bytes_per_param_sgd", NULL};
  return g_strv_contains(keys, param->key) || g_strcmp0(param->readers, "validate") == 0;
}

START_TEST(test_no_dead_knob) {
  Cs3ParamBinding bindings[CS3_MACHINE_TABLES + 1];
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", NULL, NULL);
  ck_assert_ptr_nonnull(machine);
  cs3_machine_bind(machine, bindings);
  guint dead = 0;
  for (const Cs3ParamBinding *b = bindings; b->table != NULL; b++)
    for (guint i = 0; i < b->table->n_params; i++) {
      const Cs3Param *param = &b->table->params[i];
      double value = cs3_param_get(param, b->base);
      gboolean descriptive = param->readers != NULL && *param->readers == '\0';
      gboolean wrong = !descriptive && !needs_more(param) && !moves(param, value);
      gboolean leaks = param->readers != NULL && moves_step(param, value);
      if (wrong || leaks)
        g_printerr("# %s.%s %s\n", param->group, param->key,
                   leaks ? "moves a step that it is not said to" : "moves nothing");
      dead += wrong || leaks;
    }
  ck_assert_uint_eq(dead, 0);
}
END_TEST

int main(void) {
  Suite *s = suite_create("knobs");
  TCase *t = tcase_create("knobs");
  tcase_set_timeout(t, 1200);
  tcase_add_test(t, test_no_dead_knob);
  suite_add_tcase(s, t);
  return fixture_run(s);
}
