/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Strict reading of .ini files: what GKeyFile would pass over is an error with file and line. */
#include "config.h"

#include <check.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config-error.h"
#include "base/ini.h"

/* Loads @content (@length -1: up to its NUL) from a temporary file called "f.ini" in messages. */
static Cs3Ini *load(const char *content, gssize length, GError **error) {
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp("cs3sim-XXXXXX.ini", &path, NULL);
  ck_assert_int_ge(fd, 0);
  ck_assert(g_close(fd, NULL));
  ck_assert(g_file_set_contents(path, content, length, NULL));
  Cs3Ini *ini = cs3_ini_load(path, "f.ini", error);
  g_unlink(path);
  return ini;
}

static const char sample[] = "# About the file.\n"
                             "\n"
                             "[a]\n"
                             "# Why one,\n"
                             "#   in two lines.\n"
                             "one = 1.1 GHz  \n"
                             "two=2\n"
                             "\n"
                             "three = a\\tb\n"
                             "# Nothing about four.\n"
                             "\n"
                             "four = [x] = y\r\n"
                             "[b]\n"
                             "one = other\n";

START_TEST(values_lines_comments) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Ini) ini = load(sample, -1, &error);
  ck_assert_msg(ini != NULL, "%s", error != NULL ? error->message : "");
  ck_assert_str_eq(cs3_ini_take(ini, "a", "one"), "1.1 GHz");
  ck_assert_str_eq(cs3_ini_take(ini, "a", "three"), "a\\tb");
  ck_assert_str_eq(cs3_ini_take(ini, "a", "four"), "[x] = y");
  ck_assert_str_eq(cs3_ini_take(ini, "b", "one"), "other");
  ck_assert_ptr_null(cs3_ini_take(ini, "b", "two"));
  ck_assert_ptr_null(cs3_ini_take(ini, "c", "one"));

  ck_assert_str_eq(cs3_ini_comment(ini, "a", "one"), "Why one, in two lines.");
  ck_assert_str_eq(cs3_ini_comment(ini, "a", "two"), "Why one, in two lines.");
  ck_assert_ptr_null(cs3_ini_comment(ini, "a", "three"));
  ck_assert_ptr_null(cs3_ini_comment(ini, "a", "four"));
  ck_assert_ptr_null(cs3_ini_comment(ini, "b", "one"));

  g_autofree char *where = cs3_ini_where(ini, "b", "one");
  ck_assert_str_eq(where, "f.ini:14");
  g_autofree char *nowhere = cs3_ini_where(ini, "b", "two");
  ck_assert_str_eq(nowhere, "f.ini");
}
END_TEST

START_TEST(left_over) {
  g_autoptr(Cs3Ini) ini = load("[b]\nx = 1\ny = 2\n[a]\nx = 3\n", -1, NULL);
  ck_assert_ptr_nonnull(ini);
  const char *group = NULL, *key = NULL;
  ck_assert_ptr_nonnull(cs3_ini_take(ini, "b", "x"));
  ck_assert(cs3_ini_left(ini, &group, &key));
  ck_assert_str_eq(group, "b");
  ck_assert_str_eq(key, "y");
  ck_assert_ptr_nonnull(cs3_ini_take(ini, "b", "y"));
  ck_assert_ptr_nonnull(cs3_ini_take(ini, "a", "x"));
  ck_assert(!cs3_ini_left(ini, &group, &key));
}
END_TEST

static const struct {
  const char *content;
  gssize length;
  Cs3ConfigError code;
  const char *message;
} bad[] = {
    {"[a]\nx = 1\n\n[b]\nx = 1\n[a]\nx = 2\n", -1, CS3_CONFIG_ERROR_DUPLICATE,
     "f.ini:7: a.x is given twice, first in line 2; keep one"},
    {"x = 1\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:1: a key before the first [group]: 'x = 1'"},
    {"[a]\nx = \n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:2: a.x: no value behind '='"},
    {"[a]\nx\n", -1, CS3_CONFIG_ERROR_SYNTAX,
     "f.ini:2: neither [group], key = value nor # comment: 'x'"},
    {"[a]\n; x = 1\ny = 2\nx\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:4: neither"},
    {"[a]\n= 1\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:2: neither"},
    {"[a]\nx[de] = 1\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:2: a key has no brackets"},
    {"[a\nx = 1\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:1: a group is written [name]: '[a'"},
    {"[]\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:1: a group is written [name]"},
    {"[a] x\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini:1: a group is written [name]"},
    {"[a]\nx = \xff\n", -1, CS3_CONFIG_ERROR_SYNTAX, "f.ini: not an .ini file: not UTF-8 text"},
    {"[a]\nx = \0\n", 10, CS3_CONFIG_ERROR_SYNTAX, "f.ini: not an .ini file: not UTF-8 text"},
};

START_TEST(refuses) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Ini) ini = load(bad[_i].content, bad[_i].length, &error);
  ck_assert_ptr_null(ini);
  ck_assert_msg(g_error_matches(error, CS3_CONFIG_ERROR, bad[_i].code), "%s", error->message);
  ck_assert_msg(g_str_has_prefix(error->message, bad[_i].message), "%s", error->message);
  ck_assert_ptr_null(strchr(error->message, '\n'));
}
END_TEST

START_TEST(no_such_file) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_ini_load("/nowhere/f.ini", "f.ini", &error));
  ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND));
  ck_assert_str_eq(error->message, "cannot read '/nowhere/f.ini': No such file or directory");
  g_clear_error(&error);
  ck_assert_ptr_null(cs3_ini_load("/", "f.ini", &error));
  ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_NOT_FOUND));
}
END_TEST

/* A device that never ends must not fill memory. */
START_TEST(endless_file) {
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_ini_load("/dev/zero", "f.ini", &error));
  ck_assert(g_error_matches(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_SYNTAX));
  ck_assert_str_eq(error->message, "f.ini: not an .ini file: larger than 1 MiB");
}
END_TEST

static Suite *ini_suite(void) {
  Suite *suite = suite_create("ini");
  TCase *tcase = tcase_create("strict");
  tcase_add_test(tcase, values_lines_comments);
  tcase_add_test(tcase, left_over);
  tcase_add_loop_test(tcase, refuses, 0, G_N_ELEMENTS(bad));
  tcase_add_test(tcase, no_such_file);
  tcase_add_test(tcase, endless_file);
  suite_add_tcase(suite, tcase);
  return suite;
}

int main(void) {
  SRunner *runner = srunner_create(ini_suite());
  srunner_run_all(runner, CK_ENV);
  int failed = srunner_ntests_failed(runner);
  srunner_free(runner);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
