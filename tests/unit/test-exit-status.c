/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From errors to exit statuses: every code of every domain, and their documentation. */
#include "config.h"

#include "sim/exit-status.h"

#include <gio/gio.h>

#include "fabric/fabric-error.h"
#include "base/config-error.h"
#include "base/output.h"
#include "sim/cli/cli.h"
#include "sim/step/step.h"
#include "tests/unit/fixture.h"
#include "workloads/workload-error.h"

static const struct {
  GQuark (*domain)(void);
  int code, status;
} cases[] = {
    {cs3_cli_error_quark, CS3_CLI_ERROR_USAGE, 64},
    {cs3_cli_error_quark, CS3_CLI_ERROR_UNAVAILABLE, 69},
    {cs3_output_error_quark, CS3_OUTPUT_ERROR_CREATE, 73},
    {cs3_output_error_quark, CS3_OUTPUT_ERROR_WRITE, 74},
    {cs3_config_error_quark, CS3_CONFIG_ERROR_NOT_FOUND, 66},
    {cs3_config_error_quark, CS3_CONFIG_ERROR_UNKNOWN, 78},
    {cs3_config_error_quark, CS3_CONFIG_ERROR_RANGE, 78},
    {cs3_step_error_quark, CS3_STEP_ERROR_INVALID, 78},
    {cs3_step_error_quark, CS3_STEP_ERROR_DIED, 70},
    {cs3_workload_error_quark, CS3_WORKLOAD_ERROR_NO_INPUT, 66},
    {cs3_workload_error_quark, CS3_WORKLOAD_ERROR_DATA, 65},
    {cs3_workload_error_quark, CS3_WORKLOAD_ERROR_INVALID, 64},
    {cs3_workload_error_quark, CS3_WORKLOAD_ERROR_TOO_LARGE, 65},
    {cs3_fabric_error_quark, CS3_FABRIC_ERROR_INVALID, 64},
    {cs3_fabric_error_quark, CS3_FABRIC_ERROR_INFEASIBLE, 1},
    {cs3_fabric_error_quark, CS3_FABRIC_ERROR_PROGRAM, 70},
    {cs3_fabric_error_quark, CS3_FABRIC_ERROR_DEADLOCK, 70},
    {g_option_error_quark, G_OPTION_ERROR_BAD_VALUE, 64},
    {g_key_file_error_quark, G_KEY_FILE_ERROR_PARSE, 78},
    {g_file_error_quark, G_FILE_ERROR_NOENT, 66},
    {g_file_error_quark, G_FILE_ERROR_ACCES, 66},
    {g_file_error_quark, G_FILE_ERROR_IO, 74},
    {g_io_error_quark, G_IO_ERROR_NOT_FOUND, 66},
    {g_io_error_quark, G_IO_ERROR_NO_SPACE, 74},
    {g_spawn_error_quark, G_SPAWN_ERROR_NOENT, 69},
    {g_spawn_error_quark, G_SPAWN_ERROR_FORK, 71},
    {g_spawn_error_quark, G_SPAWN_ERROR_NOMEM, 71},
    {cs3_step_error_quark, CS3_STEP_ERROR_RESOURCE, 71},
    {g_file_error_quark, G_FILE_ERROR_MFILE, 71},
    {g_file_error_quark, G_FILE_ERROR_NOMEM, 71},
    {g_io_error_quark, G_IO_ERROR_TOO_MANY_OPEN_FILES, 71},
    {g_convert_error_quark, G_CONVERT_ERROR_FAILED, 70},
};

static gboolean documented(int status) {
  for (const Cs3ExitMeaning *m = cs3_exit_meanings(); m->meaning != NULL; m++)
    if ((int)m->status == status)
      return TRUE;
  return FALSE;
}

START_TEST(test_status) {
  g_autoptr(GError) error = g_error_new_literal(cases[_i].domain(), cases[_i].code, "message");
  ck_assert_int_eq(cs3_exit_status(error), cases[_i].status);
  ck_assert(documented(cases[_i].status));
}
END_TEST

START_TEST(test_documentation_is_in_order) {
  int last = -1;
  for (const Cs3ExitMeaning *m = cs3_exit_meanings(); m->meaning != NULL; m++) {
    ck_assert_int_gt((int)m->status, last);
    last = (int)m->status;
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("exit-status");
  TCase *tcase = tcase_create("exit-status");
  tcase_add_loop_test(tcase, test_status, 0, G_N_ELEMENTS(cases));
  tcase_add_test(tcase, test_documentation_is_in_order);
  suite_add_tcase(suite, tcase);
  return fixture_run(suite);
}
