/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The progress line: when it is drawn, how often, and what it says. */
#include "config.h"

#include "sim/cli/progress.h"

#include <stdio.h>

#include "tests/unit/fixture.h"

/* A clock that the test moves. */
static gint64 now_us;

static gint64 test_clock(void) {
  return now_us;
}

/* What a progress of @total steps writes when one step takes @step_us. */
static char *drawn(Cs3ProgressStyle style, guint64 total, gint64 step_us) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  now_us = 5000000;
  Cs3Progress *progress = cs3_progress_new(style, stream, "sweep", total, test_clock);
  for (guint64 done = 1; done <= total; done++) {
    now_us += step_us;
    cs3_progress_update(progress, done);
  }
  cs3_progress_free(progress);
  fclose(stream);
  char *copy = g_strdup(text);
  free(text);
  return copy;
}

static guint occurrences(const char *text, const char *part) {
  guint n = 0;
  for (const char *at = text; (at = strstr(at, part)) != NULL; at++)
    n++;
  return n;
}

START_TEST(test_short_work_is_silent) {
  g_autofree char *text = drawn(CS3_PROGRESS_LINE, 999, 1000);
  ck_assert_str_eq(text, "");
}
END_TEST

/* 4 s of work after the first second: at most ten a second. */
START_TEST(test_rate_is_bounded) {
  g_autofree char *text = drawn(CS3_PROGRESS_LINE, 5000, 1000);
  guint lines = occurrences(text, "\rsweep");
  ck_assert_msg(lines >= 39 && lines <= 41, "%u lines", lines);
  ck_assert(g_str_has_suffix(text, "\r\033[K"));
}
END_TEST

START_TEST(test_rate_and_time_left) {
  g_autofree char *text = drawn(CS3_PROGRESS_LINE, 200, 500000);
  ck_assert_ptr_nonnull(strstr(text, "\rsweep: 2/200 (1%), 2/s, 1:39 left\033[K"));
  ck_assert_ptr_nonnull(strstr(text, "\rsweep: 200/200 (100%), 2/s, 0:00 left\033[K"));
  g_autofree char *slow = drawn(CS3_PROGRESS_LINE, 3, 3600000000);
  ck_assert_ptr_nonnull(strstr(slow, "sweep: 1/3 (33%), 0.000278/s, 2:00:00 left"));
}
END_TEST

START_TEST(test_log_has_a_line_a_tenth) {
  g_autofree char *text = drawn(CS3_PROGRESS_LOG, 1234, 10000);
  ck_assert_uint_eq(occurrences(text, "\n"), 10);
  ck_assert_ptr_nonnull(strstr(text, "sweep: 1234/1234 (100%), 100/s, 0:00 left\n"));
  ck_assert_ptr_null(strchr(text, '\r'));
}
END_TEST

START_TEST(test_off) {
  g_autofree char *text = drawn(CS3_PROGRESS_OFF, 1000, 1000000);
  ck_assert_str_eq(text, "");
}
END_TEST

static const struct {
  Cs3When when;
  gboolean quiet;
  Cs3ProgressStyle style;
} styles[] = {
    {CS3_WHEN_AUTO, FALSE, CS3_PROGRESS_OFF}, /* a file is no terminal */
    {CS3_WHEN_ALWAYS, FALSE, CS3_PROGRESS_LOG},
    {CS3_WHEN_ALWAYS, TRUE, CS3_PROGRESS_LOG},
    {CS3_WHEN_NEVER, FALSE, CS3_PROGRESS_OFF},
};

START_TEST(test_style_of_a_file) {
  FILE *file = tmpfile();
  ck_assert_int_eq(cs3_progress_style(styles[_i].when, styles[_i].quiet, file), styles[_i].style);
  fclose(file);
}
END_TEST

int main(void) {
  Suite *suite = suite_create("progress");
  TCase *tcase = tcase_create("progress");
  tcase_add_test(tcase, test_short_work_is_silent);
  tcase_add_test(tcase, test_rate_is_bounded);
  tcase_add_test(tcase, test_rate_and_time_left);
  tcase_add_test(tcase, test_log_has_a_line_a_tenth);
  tcase_add_test(tcase, test_off);
  tcase_add_loop_test(tcase, test_style_of_a_file, 0, G_N_ELEMENTS(styles));
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
