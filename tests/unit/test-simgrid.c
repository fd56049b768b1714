/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The process that SimGrid runs in: its platform, and every way for it to end. */
#include "config.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "sim/step/simgrid-engine.h"
#include "sim/step/simgrid-runner.h"
#include "sim/step/step-plan.h"
#include "sim/step/step-platform.h"
#include "tests/unit/step-fixture.h"

static void answer_quietly(gconstpointer input, gpointer result) {
  printf("noise\n");
  fflush(stdout);
  fprintf(stderr, "noise\n");
  *(double *)result = 2 * *(const double *)input;
}

static void die(gconstpointer input, gpointer result) {
  fprintf(stderr, "first\tline\nsecond line\n");
  abort();
}

static void leave(gconstpointer input, gpointer result) {
  _exit(3);
}

static void hang(gconstpointer input, gpointer result) {
  for (;;)
    pause();
}

static void load_bad_platform(gconstpointer input, gpointer result) {
  g_autoptr(GError) error = NULL;
  int fd = cs3_runner_memory_file("<platform version=\"4.1\"><nonsense/></platform>", &error);
  cs3_engine_load(fd);
}

static void put_nowhere(gconstpointer input, gpointer result) {
  g_autoptr(GArray) array = g_array_new(FALSE, TRUE, sizeof(double));
  g_array_set_size(array, 1);
  cs3_runner_put(-1, array);
}

/* Also in a program that lets the kernel reap its children. */
START_TEST(child_answers) {
  signal(SIGCHLD, _i == 0 ? SIG_DFL : SIG_IGN);
  double input = 21, result = 0;
  g_autoptr(GError) error = NULL;
  ck_assert(cs3_runner_fork(answer_quietly, &input, &result, sizeof result, 60, &error));
  ck_assert_double_eq(result, 42);
}
END_TEST

static const struct {
  Cs3RunnerFunc run;
  int limit_s;
  int code;
  const char *text;
} ends[] = {
    {die, 60, CS3_STEP_ERROR_DIED, "signal 6 (Aborted): first?line"},
    {leave, 60, CS3_STEP_ERROR_DIED, "status 3 and no result: it left no message"},
    {hang, 1, CS3_STEP_ERROR_TIMEOUT, "no result within 1 s"},
    {put_nowhere, 60, CS3_STEP_ERROR_DIED, "status 71 and no result: no memory for its results: "},
    {load_bad_platform, 60, CS3_STEP_ERROR_DIED, "signal 6 (Aborted): "},
};
enum { N_ENDS = G_N_ELEMENTS(ends) };

START_TEST(child_fails) {
  double input = 0, result = 0;
  g_autoptr(GError) error = NULL;
  ck_assert(
      !cs3_runner_fork(ends[_i].run, &input, &result, sizeof result, ends[_i].limit_s, &error));
  fixture_error_in(error, CS3_STEP_ERROR, ends[_i].code, ends[_i].text);
}
END_TEST

/* SimGrid itself ends a deadlock in silence and success. Here the group waits for one gradient more
 * than the schedule sends. */
START_TEST(deadlock) {
  Cs3Use use = {.stream_bytes = 1e6,
                .compute_cycles = 1e6,
                .gradient_bytes = 1e6,
                .update_params = 1e6,
                .weight_group = 0};
  Cs3Schedule schedule = simple_schedule(&use, 1, 3);
  Cs3System system = simple_system(2);
  g_autoptr(Cs3StepPlan) plan = cs3_step_plan_new(&schedule, &system);
  plan->group_gradients[0]++;
  Cs3StepTime time;
  g_autoptr(GError) error = NULL;
  ck_assert(!cs3_step_simulate_plan(plan, FALSE, &time, NULL, &error));
  fixture_error_in(error, CS3_STEP_ERROR, CS3_STEP_ERROR_DEADLOCK, "deadlock after 3 uses");
}
END_TEST

static gpointer spin(gpointer data) {
  g_free(g_strdup("allocates, and ends"));
  return NULL;
}

static void simulate_fractions(void) {
  Model model;
  model_init(&model, 2);
  model.schedule.clock_hz /= 3;
  model.schedule.port_bytes_per_s /= 7;
  Cs3StepTime oracle, simulated;
  g_autoptr(GError) error = NULL;
  cs3_step_oracle(&model.schedule, &model.system, &oracle);
  ck_assert_msg(cs3_step_simulate(&model.schedule, &model.system, &simulated, &error), "%s",
                error ? error->message : "?");
  assert_time(&simulated, &oracle);
}

START_TEST(after_threads) {
  GThread *threads[4];
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    threads[i] = g_thread_new("spin", spin, NULL);
  for (guint i = 0; i < G_N_ELEMENTS(threads); i++)
    g_thread_join(threads[i]);
  simulate_fractions();
}
END_TEST

/* SimGrid's parser must read decimal points also where the user writes commas. The locale is built
 * here, as machines rarely have it. */
START_TEST(german_locale) {
  g_autofree char *dir = g_dir_make_tmp("cs3sim-locale-XXXXXX", NULL);
  g_autofree char *build = g_strdup_printf("localedef -i de_DE -f UTF-8 %s/de_DE.UTF-8", dir);
  if (!g_spawn_command_line_sync(build, NULL, NULL, NULL, NULL))
    g_printerr("# no localedef: tested in the C locale only\n");
  g_setenv("LOCPATH", dir, TRUE);
  gboolean german = setlocale(LC_ALL, "de_DE.UTF-8") != NULL;
  if (german)
    ck_assert_str_eq(localeconv()->decimal_point, ",");
  simulate_fractions();
  g_autofree char *tidy = g_strdup_printf("rm -r %s", dir);
  g_spawn_command_line_sync(tidy, NULL, NULL, NULL, NULL);
}
END_TEST

START_TEST(platform_text) {
  Model model;
  model_init(&model, 1);
  model.schedule.clock_hz = 1e9 / 3;
  g_autoptr(GPtrArray) files = cs3_step_platform(&model.schedule, &model.system, "p.xml");
  const char *xml = ((Cs3StepFile *)files->pdata[0])->text;
  static const char *const expected[] = {
      "<host id=\"wafer0\" speed=\"333333333.33333331f\"/>",
      "<link id=\"port_dn\" bandwidth=\"142500000000Bps\" latency=\"0s\"/>",
      "<link id=\"memoryx_up\" bandwidth=\"150000000000Bps\" latency=\"0s\"/>",
      "<prop id=\"latency_s\" value=\"4.9999999999999996e-06\"/>",
  };
  for (guint i = 0; i < G_N_ELEMENTS(expected); i++)
    ck_assert_msg(strstr(xml, expected[i]) != NULL, "%s not in:\n%s", expected[i], xml);
}
END_TEST

static Suite *simgrid_suite(void) {
  Suite *suite = suite_create("simgrid");
  TCase *process = tcase_create("process");
  tcase_set_timeout(process, 30);
  tcase_add_loop_test(process, child_answers, 0, 2);
  tcase_add_loop_test(process, child_fails, 0, N_ENDS);
  tcase_add_test(process, deadlock);
  tcase_add_test(process, after_threads);
  tcase_add_test(process, german_locale);
  tcase_add_test(process, platform_text);
  suite_add_tcase(suite, process);
  return suite;
}

int main(void) {
  return fixture_run(simgrid_suite());
}
