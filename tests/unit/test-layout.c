/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layouts of a plan: what a move costs, and that layouts chosen with moves in mind beat those that
 * are chosen without. */
#include "config.h"

#include "results/record.h"
#include "sim/map/plan-layout.h"
#include "sim/run/result.h"
#include "sim/run/scenario.h"
#include "tests/unit/fixture.h"

static Cs3Machine *machine(void) {
  g_autoptr(GError) error = NULL;
  Cs3Machine *found = cs3_machine_load("cs3-silicon", NULL, &error);
  ck_assert_msg(found != NULL, "%s", error ? error->message : "");
  return found;
}

static Cs3WaferLayout random_layout(GRand *random) {
  return (Cs3WaferLayout){g_rand_int_range(random, CS3_AXIS_Y, CS3_AXIS_X + 1),
                          g_rand_int_range(random, 1, 33)};
}

START_TEST(test_move) {
  g_autoptr(GRand) random = g_rand_new_with_seed(fixture_seed());
  g_autoptr(Cs3Machine) m = machine();
  for (int i = 0; i < 500; i++) {
    Cs3WaferLayout a = random_layout(random), b = random_layout(random);
    gint64 elements = g_rand_int_range(random, 1, 20000);
    gint64 rows = g_rand_int_range(random, 1, 300000);
    gint64 cycles = cs3_plan_move(&m->hw, elements, rows, a, b);
    ck_assert_int_eq(cs3_plan_move(&m->hw, elements, rows, a, a), 0);
    ck_assert_int_eq(cs3_plan_move(&m->hw, elements, rows, a, (Cs3WaferLayout){0}), 0);
    ck_assert_int_eq(cs3_plan_move(&m->hw, elements, rows, b, a), cycles);
    ck_assert(cycles > 0 || (a.axis == b.axis && a.fold == b.fold));
    ck_assert_int_ge(cs3_plan_move(&m->hw, 2 * elements, rows, a, b), cycles);
    ck_assert_int_ge(cs3_plan_move(&m->hw, elements, 2 * rows, a, b), cycles);
  }
}
END_TEST

START_TEST(test_slots) {
  for (guint pes = 0; pes < 1200; pes++) {
    guint32 slots = 0;
    for (guint distance = 1; distance < pes; distance++)
      slots += cs3_move_period(pes, distance);
    ck_assert_uint_eq(cs3_move_slots(pes), slots);
  }
}
END_TEST

/* A step of gpt2-small, attention at a share of the peak so that layers alone decide. */
static json_t *run(const char *overlap, gboolean forward, const char *fold, const char *axis) {
  g_autoptr(GError) error = NULL;
  g_autofree char *set = g_strconcat("kernel.layout_overlap=", overlap, NULL);
  char *sets[] = {(char *)"kernel.attention_efficiency=0.3", set, NULL};
  char *map[] = {(char *)"micro-batch=16", (char *)fold, (char *)axis, NULL};
  Cs3ScenarioOptions o = cs3_scenario_defaults;
  o.model = (char *)"gpt2-small";
  o.sparsity = 0.5;
  o.jobs = 1;
  o.batch = 16;
  o.lengths.seq = 512;
  o.forward = forward;
  o.set = sets;
  o.map = map;
  g_autoptr(Cs3Scenario) scenario = cs3_scenario_new(&o, &error);
  ck_assert_msg(scenario != NULL, "%s", error ? error->message : "");
  g_autoptr(Cs3Run) result = cs3_run(&scenario->config, &error);
  ck_assert_msg(result != NULL, "%s", error ? error->message : "");
  return cs3_result_json(result);
}

static double cycles_of(json_t *record) {
  double cycles = cs3_record_number(record, "step.cycles");
  json_decref(record);
  return cycles;
}

static double moves_of(json_t *record) {
  double cycles = cs3_record_number(record, "step.causes.layout");
  json_decref(record);
  return cycles;
}

/* What costs nothing to move is no slower than what does; with one layout for all, nothing moves,
 * and no such layout beats what was chosen by more than the mapper promises of a pass. */
START_TEST(test_chosen) {
  gboolean forward = _i;
  double hidden = cycles_of(run("microthread", forward, NULL, NULL));
  double charged = cycles_of(run("none", forward, NULL, NULL));
  ck_assert_double_ge(charged, 0.99 * hidden);
  ck_assert_double_eq(moves_of(run("microthread", forward, NULL, NULL)), 0);
  for (int fold = 1; fold <= 8; fold *= 2)
    for (int axis = 0; axis < 2; axis++) {
      g_autofree char *text = g_strdup_printf("fold=%d", fold);
      const char *on = axis == 0 ? "axis=y" : "axis=x";
      ck_assert_double_eq(moves_of(run("none", forward, text, on)), 0);
      ck_assert_double_le(charged, 1.01 * cycles_of(run("none", forward, text, on)));
    }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("layout");
  TCase *tcase = tcase_create("layout");
  tcase_set_timeout(tcase, 300);
  tcase_add_test(tcase, test_move);
  tcase_add_test(tcase, test_slots);
  tcase_add_loop_test(tcase, test_chosen, 0, 2);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
