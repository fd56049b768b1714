/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The training step on many systems: SimGrid against the recurrence, classes of wafers against
 * every wafer on its own, faults against numbers worked out by hand. */
#include "config.h"

#include <math.h>

#include <simgrid/plugins/energy.h>

#include "base/config-error.h"
#include "sim/run/run.h"
#include "sim/step/simgrid-engine.h"
#include "sim/step/simgrid-runner.h"
#include "sim/step/step-plan.h"
#include "sim/step/step-trace.h"
#include "tests/unit/step-fixture.h"

#define MS 1e-3

static const gint64 sizes[] = {1, 4, 16, 64, 256, 1024, 2048};

static Cs3StepTime simulate(const Cs3Schedule *schedule, const Cs3System *system) {
  Cs3StepTime time;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_simulate(schedule, system, &time, &error), "%s",
                error ? error->message : "?");
  return time;
}

static Cs3StepTime recurrence(const Cs3Schedule *schedule, const Cs3System *system) {
  Cs3StepTime time;
  cs3_step_oracle(schedule, system, &time);
  return time;
}

static void add_fault(GArray *faults, const char *text) {
  Cs3Fault fault;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_fault_parse(text, &fault, &error), "%s", error ? error->message : "?");
  g_array_append_val(faults, fault);
}

static GArray *faults_new(const char *text) {
  GArray *faults = g_array_new(FALSE, TRUE, sizeof(Cs3Fault));
  if (text != NULL)
    add_fault(faults, text);
  return faults;
}

/* --- the tree ------------------------------------------------------------------------------- */

START_TEST(tree_shape) {
  static const struct {
    gint64 systems, fan_out;
    guint tiers;
    gint64 links[6];
  } trees[] = {
      {1, 4, 1, {1}},         {2, 4, 1, {2}},      {4, 4, 1, {4}},
      {5, 4, 2, {5, 2}},      {8, 4, 2, {8, 2}},   {16, 4, 2, {16, 4}},
      {17, 4, 3, {17, 5, 2}}, {64, 8, 2, {64, 8}}, {2048, 4, 6, {2048, 512, 128, 32, 8, 2}},
  };
  for (guint i = 0; i < G_N_ELEMENTS(trees); i++) {
    Cs3Tree tree = {trees[i].systems, trees[i].fan_out};
    ck_assert_uint_eq(cs3_tree_tiers(&tree), trees[i].tiers);
    for (guint tier = 1; tier <= trees[i].tiers; tier++)
      ck_assert_int_eq(cs3_tree_links(&tree, tier), trees[i].links[tier - 1]);
  }
}
END_TEST

/* --- against the recurrence ------------------------------------------------------------------ */

START_TEST(sound_cluster) {
  Model model;
  model_init(&model, 5);
  model.schedule.systems = sizes[_i];
  Cs3StepTime expected = recurrence(&model.schedule, &model.system);
  Cs3StepTime time = simulate(&model.schedule, &model.system);
  assert_time(&time, &expected);
  if (!fixture_slow()) /* classes_and_each has up to 64 */
    return;
  model.schedule.each = TRUE;
  time = simulate(&model.schedule, &model.system);
  assert_time(&time, &expected);
}
END_TEST

static Cs3StepTime simulate_every_link(const Cs3Schedule *schedule, const Cs3System *system) {
  Cs3StepTime time;
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(schedule, system);
  plan->every_link = TRUE;
  ck_assert_msg(cs3_step_simulate_plan(plan, FALSE, &time, NULL, &error), "%s",
                error ? error->message : "?");
  return time;
}

/* Every wafer, then every link of the tree too on its own. */
START_TEST(classes_and_each) {
  static const gint64 few[] = {1, 4, 16, 64};
  Model model;
  model_init(&model, 3);
  g_autoptr(GArray) faults = faults_new(NULL);
  model.schedule.faults = faults;
  model.schedule.systems = few[_i % G_N_ELEMENTS(few)];
  if (_i >= (int)G_N_ELEMENTS(few)) {
    add_fault(faults, "straggler:0=0.75");
    if (model.schedule.systems > 1)
      add_fault(faults, "straggler:3=0.9");
    add_fault(faults, "link:1.0=0.5");
  }
  Cs3StepTime expected = recurrence(&model.schedule, &model.system);
  Cs3StepTime by_class = simulate(&model.schedule, &model.system);
  model.schedule.each = TRUE;
  Cs3StepTime each = simulate(&model.schedule, &model.system);
  Cs3StepTime links = simulate_every_link(&model.schedule, &model.system);
  assert_time(&by_class, &expected);
  assert_time(&each, &expected);
  assert_time(&links, &expected);
}
END_TEST

static void random_system(GRand *rand, Cs3System *system, Cs3Schedule *schedule) {
  *system = simple_system(g_rand_int_range(rand, 1, 5));
  system->swarmx.fan_out = g_rand_int_range(rand, 2, 6);
  system->swarmx.oversubscription = g_rand_double_range(rand, 1, 3);
  system->swarmx.link_bits_per_s *= g_rand_double_range(rand, 0.5, 2);
  system->memoryx.units = g_rand_int_range(rand, 1, 4);
  system->memoryx.stream_bits_per_s *= g_rand_double_range(rand, 0.3, 1.5);
  schedule->systems = g_rand_int_range(rand, 1, 40);
  schedule->port_latency_s = g_rand_int_range(rand, 0, 3) * 3e-5;
  system->step.edge_s = g_rand_int_range(rand, 0, 3) * 4e-3;
}

static void random_faults(GRand *rand, GArray *faults, gint64 systems) {
  for (int n = g_rand_int_range(rand, 0, 4); n > 0; n--) {
    Cs3Fault slow = {.kind = CS3_FAULT_STRAGGLER,
                     .index = g_rand_int_range(rand, 0, (gint32)systems),
                     .share = g_rand_double_range(rand, 0.3, 1)};
    g_array_append_val(faults, slow);
  }
  if (g_rand_boolean(rand)) {
    Cs3Fault link = {.kind = CS3_FAULT_LINK, .tier = 1, .share = g_rand_double_range(rand, 0.3, 1)};
    g_array_append_val(faults, link);
  }
}

static guint random_uses(GRand *rand, Cs3Use *uses, guint most) {
  guint n = (guint)g_rand_int_range(rand, 1, (gint32)most + 1);
  for (guint k = 0; k < n; k++) {
    gboolean updates = g_rand_boolean(rand);
    uses[k] = (Cs3Use){.stream_bytes = g_rand_double_range(rand, -2e6, 5e6),
                       .compute_cycles = g_rand_double_range(rand, 0.1e6, 5e6),
                       .gradient_bytes = updates ? g_rand_double_range(rand, 0, 3e6) : 0,
                       .update_params = updates ? g_rand_double_range(rand, 0, 3e6) : 0,
                       .weight_group = g_rand_int_range(rand, 0, 3)};
    uses[k].stream_bytes = MAX(uses[k].stream_bytes, 0);
  }
  return n;
}

START_TEST(random_clusters) {
  enum { CASES = 40 };
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < CASES; i++) {
    Cs3Use uses[8];
    guint n = random_uses(rand, uses, G_N_ELEMENTS(uses));
    Cs3Schedule schedule = simple_schedule(uses, n, g_rand_int_range(rand, 1, 6));
    Cs3System system;
    random_system(rand, &system, &schedule);
    g_autoptr(GArray) faults = faults_new(NULL);
    random_faults(rand, faults, schedule.systems);
    schedule.faults = faults;
    Cs3StepTime expected = recurrence(&schedule, &system);
    for (int each = 0; each <= 2; each++) {
      schedule.each = each > 0;
      Cs3StepTime time =
          each < 2 ? simulate(&schedule, &system) : simulate_every_link(&schedule, &system);
      ck_assert_msg(fabs(time.step_s - expected.step_s) <= 1e-9 * expected.step_s,
                    "case %d, each %d: %.15g, recurrence %.15g", i, each, time.step_s,
                    expected.step_s);
    }
  }
}
END_TEST

/* --- worked out by hand ---------------------------------------------------------------------- */

/* 1 ms of stream, 4 ms of arithmetic on all wafers but one, which takes 5 ms: the others wait 1 ms
 * for its slot, and see it as waiting for weights: boundary, in a schedule of one use. */
START_TEST(straggler) {
  Cs3Use use = {.stream_bytes = 1e6, .compute_cycles = 4e6, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 1);
  Cs3System system = simple_system(1);
  g_autoptr(GArray) faults = faults_new("straggler:5=0.8");
  schedule.systems = 16;
  schedule.faults = faults;
  double latency = 3e-6 + 2 * 2e-6; /* two tiers */
  Cs3StepTime time = simulate(&schedule, &system);
  assert_time(&time, &(Cs3StepTime){.step_s = 5 * MS + latency,
                                    .compute_s = 4 * MS,
                                    .boundary_s = 1 * MS + latency,
                                    .bytes_down = 1e6});
}
END_TEST

/* Trunks at a third of the links' rate: 1 MB takes 3 ms, 1 ms of arithmetic waits 2 ms. A single
 * tier has no trunks. */
START_TEST(oversubscribed) {
  Cs3Use use = {.stream_bytes = 1e6, .compute_cycles = 1e6, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 1);
  Cs3System system = simple_system(2);
  system.swarmx.oversubscription = 3;
  for (schedule.systems = 4; schedule.systems <= 16; schedule.systems += 12) {
    double stream = schedule.systems == 4 ? 1 : 3;
    Cs3StepTime time = simulate(&schedule, &system);
    assert_time(&time, &(Cs3StepTime){.step_s = stream * MS,
                                      .compute_s = 1 * MS,
                                      .stream_wait_s = (stream - 1) * MS,
                                      .bytes_down = 1e6});
  }
}
END_TEST

/* Two MemoryX units stream and update twice as fast: the links and ports, at 2 GB/s, carry 2 MB in
 * 1 ms; the gradient of 2 MB takes 1 ms, the update 2e6 / 2e9 s. */
START_TEST(memoryx_units) {
  Cs3Use uses[] = {
      {.stream_bytes = 2e6, .compute_cycles = 2e6, .weight_group = 0},
      {.compute_cycles = 2e6, .gradient_bytes = 2e6, .update_params = 2e6, .weight_group = 0},
  };
  Cs3Schedule schedule = simple_schedule(uses, 2, 1);
  Cs3System system = simple_system(2);
  schedule.port_bytes_per_s = 2e9;
  system.swarmx.link_bits_per_s = 16e9;
  system.memoryx.units = 2;
  double exposed = 1 * MS + 1 * MS + 2 * 5e-6;
  Cs3StepTime time = simulate(&schedule, &system);
  assert_time(&time, &(Cs3StepTime){.step_s = 4 * MS + exposed,
                                    .compute_s = 4 * MS,
                                    .boundary_s = exposed,
                                    .bytes_down = 2e6,
                                    .bytes_up = 2e6});
}
END_TEST

/* One stream of 1 ms a step, arithmetic of 3 ms under which it hides but for the latency (one
 * slot): a step is 3.005 ms, and the stream begins with it.
 *  traffic: half of the stream's bytes on the same link at the same time: both at half the rate
 *           until the other is through at 1 ms; the stream ends at 1.5 ms, still hidden.
 *  halved at 0.5 ms: the rest at half the rate: 1.5 ms.
 *  down at 0.5 ms until 2 ms, retry after 1 ms: attempts at 1.5 (still down), 2.5; ends at 3.5 ms.
 * With arithmetic of 1 ms the stream is not hidden: 0.5, 0.5, 2.5 ms are lost. */
START_TEST(disturbed) {
  static const struct {
    const char *fault;
    double lost_ms;
    guint64 retries;
  } cases[] = {
      {"traffic:1.0=500kB", 0.5, 0},        {"traffic:1.0=500kB@0s", 0.5, 0},
      {"link:1.0=0.5@0.5ms..10ms", 0.5, 0}, {"link:2.1=0.5@0.5ms..1.5ms", 0.5, 0},
      {"link:1.7=0@0.5ms..2ms", 2.5, 2},
  };
  Cs3Use use = {.stream_bytes = 1e6, .compute_cycles = 1e6, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 1);
  Cs3System system = simple_system(1);
  schedule.systems = 16;
  g_autoptr(GArray) faults = faults_new(cases[_i / 2].fault);
  schedule.faults = faults;
  schedule.each = _i % 2;
  double lost_s = 0, expected = cases[_i / 2].lost_ms * MS;
  guint64 retries = 0;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_disturbed(&schedule, &system, &lost_s, &retries, &error), "%s",
                error ? error->message : "?");
  /* The link at half its rate until 10 ms slows eight steps down, each by the 1 ms of a stream at
   * half the rate, but for the first, half of which had passed. */
  if (_i / 2 == 2)
    expected = (0.5 + floor((10 - 1.507) / 2.007) + fmod(10 - 1.507, 2.007) / 2) * MS;
  ck_assert_msg(fabs(lost_s - expected) < 1e-9, "%s: lost %.12g s, expected %.12g",
                cases[_i / 2].fault, lost_s, expected);
  ck_assert_uint_eq(retries, cases[_i / 2].retries);
}
END_TEST

START_TEST(too_long_disturbed) {
  Cs3Use use = {.stream_bytes = 1e6, .compute_cycles = 1e6, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 1);
  Cs3System system = simple_system(1);
  g_autoptr(GArray) faults = faults_new("link:1.0=0.5@0s..10s");
  schedule.faults = faults;
  double lost_s;
  guint64 retries;
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_step_disturbed(&schedule, &system, &lost_s, &retries, &error));
  fixture_error_in(error, CS3_STEP_ERROR, CS3_STEP_ERROR_INVALID, "faults last until 10 s");
}
END_TEST

/* --- the timeline ---------------------------------------------------------------------------- */

/* What the wafers do fills the step without gaps, links and MemoryX do one thing at a time. */
START_TEST(trace_is_complete) {
  Model model;
  model_init(&model, 2);
  g_autoptr(GArray) faults = faults_new("straggler:1=0.5");
  model.schedule.systems = 4;
  model.schedule.faults = faults;
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3StepTrace) trace = cs3_step_trace(&model.schedule, &model.system, &error);
  ck_assert_msg(trace != NULL, "%s", error ? error->message : "?");
  Cs3StepTime time = simulate(&model.schedule, &model.system);
  assert_near("step", trace->step_s, time.step_s, time.step_s);
  ck_assert_uint_eq(trace->classes->len, 2);
  ck_assert_int_eq(g_array_index(trace->classes, gint64, 0), 3);
  double wafers[2] = {0}, ends[CS3_N_SPANS] = {0};
  for (guint i = 0; i < trace->spans->len; i++) {
    const Cs3Span *span = &g_array_index(trace->spans, Cs3Span, i);
    if (span->kind >= CS3_SPAN_COMPUTE) {
      assert_near("no gap", span->begin_s, wafers[span->wafer_class], time.step_s);
      wafers[span->wafer_class] = span->end_s;
    } else {
      ck_assert(span->begin_s >= ends[span->kind] - 1e-12);
      ends[span->kind] = span->end_s;
    }
  }
  assert_near("to the end", wafers[0], time.step_s, time.step_s);
}
END_TEST

/* --- energy ---------------------------------------------------------------------------------- */

typedef struct {
  int platform_fd;
  double busy_s, idle_s;
} EnergyJob;

static void work_and_rest(int argc, char **argv) {
  const EnergyJob *job = sg_actor_self_get_data();
  for (int i = 0; i < 3; i++) {
    sg_actor_execute(1e9 * job->busy_s / 3);
    sg_actor_sleep_for(job->idle_s / 3);
  }
}

/* What SimGrid's own plugin says of a host that draws 23 kW busy and 0.35 of it idle. */
static void measure_energy(gconstpointer input, gpointer joules) {
  EnergyJob job = *(const EnergyJob *)input;
  cs3_engine_start();
  sg_host_energy_plugin_init();
  cs3_engine_platform(job.platform_fd);
  cs3_engine_actor("worker", "wafer", &job, FALSE, work_and_rest);
  cs3_engine_run();
  *(double *)joules = sg_host_get_consumed_energy(sg_host_by_name("wafer"));
}

START_TEST(energy_like_the_plugin) {
  g_autoptr(GError) error = NULL;
  static const char *const none[] = {NULL};
  g_autoptr(Cs3Machine) machine = cs3_machine_load("cs3", none, &error);
  ck_assert_msg(machine != NULL, "%s", error ? error->message : "?");
  double busy_w = machine->hw.wafer.power_w;
  double idle_w = busy_w * machine->hw.wafer.power_idle_ratio;
  g_autofree char *xml = g_strdup_printf(
      "<?xml version='1.0'?><!DOCTYPE platform SYSTEM \"https://simgrid.org/simgrid.dtd\">"
      "<platform version=\"4.1\"><zone id=\"root\" routing=\"None\"><host id=\"wafer\" "
      "speed=\"1e9f\"><prop id=\"wattage_per_state\" value=\"%.3f:%.3f:%.3f\"/></host></zone>"
      "</platform>",
      idle_w, idle_w, busy_w);
  EnergyJob job = {cs3_runner_memory_file(xml, &error), 2.5, 1.25};
  double joules = 0;
  ck_assert_msg(cs3_runner_fork(measure_energy, &job, &joules, sizeof joules, 60, &error), "%s",
                error ? error->message : "?");
  Cs3RunConfig config = {.machine = machine, .systems = 3};
  Cs3StepTime time = {.step_s = 3.75, .compute_s = 2.5};
  assert_near("joules", cs3_run_joules(&config, &time), 3 * joules, 3 * joules);
  /* A straggler at 0.8 of the speed computes for 1.25 times as long. */
  g_autoptr(GArray) faults = faults_new("straggler:1=0.8");
  config.faults = faults;
  assert_near("straggler", cs3_run_joules(&config, &time),
              3 * joules + 0.25 * 2.5 * (busy_w - idle_w), joules);
}
END_TEST

/* --- faults as text -------------------------------------------------------------------------- */

START_TEST(good_faults) {
  Cs3Fault f;
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_fault_parse("link:2.13=0.25@1ms..2 ms", &f, &error));
  ck_assert(f.kind == CS3_FAULT_LINK && f.tier == 2 && f.index == 13 && f.share == 0.25 &&
            f.timed && f.from_s == 1 * MS && f.to_s == 2 * MS);
  ck_assert(cs3_fault_parse("traffic:1.0=10GB@3us", &f, &error));
  ck_assert(f.kind == CS3_FAULT_TRAFFIC && f.bytes == 1e10 && f.from_s == 3e-6);
  ck_assert(cs3_fault_parse("system:5@25%", &f, &error));
  ck_assert(f.kind == CS3_FAULT_SYSTEM && f.index == 5 && f.from_share == 0.25);
  ck_assert(cs3_fault_parse("system:5@1.5d", &f, &error));
  ck_assert(f.from_share < 0 && f.from_s == 1.5 * 86400);
}
END_TEST

static const struct {
  const char *text, *message;
  int code;
} bad_faults[] = {
    {"", "no fault of this kind", CS3_CONFIG_ERROR_UNKNOWN},
    {"stragler:1=0.5", "did you mean straggler", CS3_CONFIG_ERROR_UNKNOWN},
    {"straggler:1=1.5", "a share from 1e-6 to 1", CS3_CONFIG_ERROR_SYNTAX},
    {"straggler:1=0", "a share from 1e-6 to 1", CS3_CONFIG_ERROR_SYNTAX},
    {"straggler:x=0.5", "names no system", CS3_CONFIG_ERROR_SYNTAX},
    {"straggler:16=0.5", "no such system; this cluster has 0 to 15", CS3_CONFIG_ERROR_RANGE},
    {"straggler:99999999999=0.5", "names no system", CS3_CONFIG_ERROR_SYNTAX},
    {"link:1=0.5", "names no link", CS3_CONFIG_ERROR_SYNTAX},
    {"link:0.1=0.5", "names no link", CS3_CONFIG_ERROR_SYNTAX},
    {"link:1.16=0.5", "no such link in tier 1; this cluster has 0 to 15", CS3_CONFIG_ERROR_RANGE},
    {"link:2.4=0.5", "no such link in tier 2; this cluster has 0 to 3", CS3_CONFIG_ERROR_RANGE},
    {"link:3.0=0.5", "no link in tier 3; the tree over 16 systems has tiers 1 to 2",
     CS3_CONFIG_ERROR_RANGE},
    {"link:1.0=nan", "is 0, or a share from 1e-6 to 1", CS3_CONFIG_ERROR_SYNTAX},
    {"link:1.0=0", "stays down", CS3_CONFIG_ERROR_SYNTAX},
    {"link:1.0=0.5@1ms", "without an end", CS3_CONFIG_ERROR_SYNTAX},
    {"link:1.0=0.5@2ms..1ms", "ends before it begins", CS3_CONFIG_ERROR_SYNTAX},
    {"link:1.0=0.5@2..3ms", "unit", CS3_CONFIG_ERROR_VALUE},
    {"traffic:1.0=-1GB", "above 0", CS3_CONFIG_ERROR_SYNTAX},
    {"traffic:1.0", "lacks an amount", CS3_CONFIG_ERROR_SYNTAX},
    {"system:3", "lacks the time", CS3_CONFIG_ERROR_SYNTAX},
    {"system:3@100%", "below 100%", CS3_CONFIG_ERROR_SYNTAX},
    {"system:3@-2h", "is not a time", CS3_CONFIG_ERROR_VALUE},
};
enum { N_BAD_FAULTS = G_N_ELEMENTS(bad_faults) };

START_TEST(bad_fault) {
  const char *texts[] = {bad_faults[_i].text, NULL};
  Cs3Tree tree = {16, 4};
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) faults = cs3_faults_parse(texts, &tree, "--fault", &error);
  ck_assert_ptr_null(faults);
  fixture_error_in(error, CS3_CONFIG_ERROR, bad_faults[_i].code, bad_faults[_i].message);
}
END_TEST

static const struct {
  const char *texts[3];
  gboolean good;
} pairs[] = {
    {{"straggler:1=0.9", "straggler:1=0.8"}, FALSE},
    {{"straggler:1=0.9", "straggler:2=0.9"}, TRUE},
    {{"link:1.0=0.5", "link:1.0=0.4"}, FALSE},
    {{"link:1.0=0.5", "link:1.0=0.4@1ms..2ms"}, TRUE},
    {{"link:1.0=0.5@5ms..6ms", "link:1.0=0.4@1ms..2ms"}, TRUE},
    {{"link:1.0=0@5ms..6ms", "link:1.0=0.4@1ms..5ms"}, FALSE},
    {{"traffic:1.0=1GB", "traffic:1.0=1GB"}, TRUE},
};
enum { N_PAIRS = G_N_ELEMENTS(pairs) };

START_TEST(fault_pairs) {
  Cs3Tree tree = {16, 4};
  g_autoptr(GError) error = NULL;
  g_autoptr(GArray) faults = cs3_faults_parse(pairs[_i].texts, &tree, "--fault", &error);
  if (pairs[_i].good) {
    ck_assert_msg(faults != NULL, "%s", error ? error->message : "?");
    return;
  }
  ck_assert_ptr_null(faults);
  fixture_error_in(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_CONFLICT, "already a fault");
}
END_TEST

/* Two times of the same link, the later given first: half a millisecond at half the rate costs a
 * quarter each. */
START_TEST(disturbed_twice) {
  Cs3Use use = {.stream_bytes = 1e6, .compute_cycles = 1e6, .weight_group = -1};
  Cs3Schedule schedule = simple_schedule(&use, 1, 1);
  Cs3System system = simple_system(1);
  g_autoptr(GArray) faults = faults_new("link:1.0=0.5@4.5ms..5ms");
  add_fault(faults, "link:1.0=0.5@0.5ms..1ms");
  schedule.faults = faults;
  double lost_s;
  guint64 retries;
  g_autoptr(GError) error = NULL;
  ck_assert_msg(cs3_step_disturbed(&schedule, &system, &lost_s, &retries, &error), "%s",
                error ? error->message : "?");
  ck_assert_msg(fabs(lost_s - 0.5 * MS) < 1e-9, "lost %.12g s", lost_s);
}
END_TEST

static Suite *cluster_suite(void) {
  Suite *suite = suite_create("cluster");
  TCase *tree = tcase_create("tree");
  tcase_add_test(tree, tree_shape);
  suite_add_tcase(suite, tree);
  TCase *step = tcase_create("step");
  tcase_set_timeout(step, 300);
  tcase_add_loop_test(step, sound_cluster, 0, G_N_ELEMENTS(sizes));
  tcase_add_loop_test(step, classes_and_each, 0, 8);
  tcase_add_test(step, random_clusters);
  suite_add_tcase(suite, step);
  TCase *by_hand = tcase_create("by-hand");
  tcase_set_timeout(by_hand, 60);
  tcase_add_test(by_hand, straggler);
  tcase_add_test(by_hand, oversubscribed);
  tcase_add_test(by_hand, memoryx_units);
  tcase_add_loop_test(by_hand, disturbed, 0, 10);
  tcase_add_test(by_hand, disturbed_twice);
  tcase_add_test(by_hand, too_long_disturbed);
  tcase_add_test(by_hand, trace_is_complete);
  tcase_add_test(by_hand, energy_like_the_plugin);
  suite_add_tcase(suite, by_hand);
  TCase *text = tcase_create("text");
  tcase_add_test(text, good_faults);
  tcase_add_loop_test(text, bad_fault, 0, N_BAD_FAULTS);
  tcase_add_loop_test(text, fault_pairs, 0, N_PAIRS);
  suite_add_tcase(suite, text);
  return suite;
}

int main(void) {
  return fixture_run(cluster_suite());
}
