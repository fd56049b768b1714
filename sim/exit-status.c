/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From an error to the exit status of the program. */
#include "config.h"

#include "sim/exit-status.h"

#include <gio/gio.h>

#include "fabric/fabric-error.h"
#include "plots/plot.h"
#include "results/record.h"
#include "base/config-error.h"
#include "base/output.h"
#include "sim/cli/cli.h"
#include "sim/step/step.h"
#include "workloads/workload-error.h"

static const Cs3ExitMeaning meanings[] = {
    {CS3_EXIT_OK, "success"},
    {CS3_EXIT_NO, "the answer is no: the model does not fit, or a validation tolerance is missed"},
    {CS3_EXIT_USAGE, "the command line is wrong"},
    {CS3_EXIT_DATA, "an input file has wrong content"},
    {CS3_EXIT_NO_INPUT, "an input file does not exist or cannot be read"},
    {CS3_EXIT_UNAVAILABLE, "a needed program is not installed or does not do its work (gnuplot)"},
    {CS3_EXIT_INTERNAL, "a mistake in cs3sim itself: please report it"},
    {CS3_EXIT_OS, "the system lacks memory, file descriptors or processes"},
    {CS3_EXIT_CANT_CREATE, "an output file cannot be created"},
    {CS3_EXIT_IO, "writing failed, as on a full disk"},
    {CS3_EXIT_CONFIG, "a hardware or scenario setting is wrong"},
    {0, NULL},
};

const Cs3ExitMeaning *cs3_exit_meanings(void) {
  return meanings;
}

static Cs3ExitStatus cli_status(int code) {
  switch ((Cs3CliError)code) {
  case CS3_CLI_ERROR_USAGE:
    return CS3_EXIT_USAGE;
  case CS3_CLI_ERROR_UNAVAILABLE:
    return CS3_EXIT_UNAVAILABLE;
  case CS3_CLI_ERROR_DATA:
    return CS3_EXIT_DATA;
  }
  return CS3_EXIT_INTERNAL;
}

static Cs3ExitStatus option_status(int code) {
  return CS3_EXIT_USAGE;
}

static Cs3ExitStatus output_status(int code) {
  return code == CS3_OUTPUT_ERROR_CREATE ? CS3_EXIT_CANT_CREATE : CS3_EXIT_IO;
}

static Cs3ExitStatus record_status(int code) {
  return CS3_EXIT_DATA;
}

static Cs3ExitStatus config_status(int code) {
  return code == CS3_CONFIG_ERROR_NOT_FOUND ? CS3_EXIT_NO_INPUT : CS3_EXIT_CONFIG;
}

static Cs3ExitStatus step_status(int code) {
  if (code == CS3_STEP_ERROR_RESOURCE)
    return CS3_EXIT_OS;
  return code == CS3_STEP_ERROR_INVALID ? CS3_EXIT_CONFIG : CS3_EXIT_INTERNAL;
}

static Cs3ExitStatus workload_status(int code) {
  switch ((Cs3WorkloadError)code) {
  case CS3_WORKLOAD_ERROR_NO_INPUT:
    return CS3_EXIT_NO_INPUT;
  case CS3_WORKLOAD_ERROR_DATA:
  case CS3_WORKLOAD_ERROR_TOO_LARGE:
    return CS3_EXIT_DATA;
  case CS3_WORKLOAD_ERROR_INVALID:
    return CS3_EXIT_USAGE;
  }
  return CS3_EXIT_INTERNAL;
}

static Cs3ExitStatus fabric_status(int code) {
  switch ((Cs3FabricError)code) {
  case CS3_FABRIC_ERROR_INVALID:
    return CS3_EXIT_USAGE;
  case CS3_FABRIC_ERROR_INFEASIBLE:
    return CS3_EXIT_NO;
  case CS3_FABRIC_ERROR_PROGRAM:
  case CS3_FABRIC_ERROR_DEADLOCK:
  case CS3_FABRIC_ERROR_MISTAKE:
    return CS3_EXIT_INTERNAL;
  }
  return CS3_EXIT_INTERNAL;
}

static Cs3ExitStatus plot_status(int code) {
  switch ((Cs3PlotError)code) {
  case CS3_PLOT_ERROR_NO_GNUPLOT:
  case CS3_PLOT_ERROR_BROKEN:
    return CS3_EXIT_UNAVAILABLE;
  case CS3_PLOT_ERROR_GNUPLOT:
    return CS3_EXIT_INTERNAL;
  }
  return CS3_EXIT_INTERNAL;
}

static Cs3ExitStatus file_status(int code) {
  switch (code) {
  case G_FILE_ERROR_INVAL: /* cs3_read_text_file(): no such text has so many bytes */
    return CS3_EXIT_DATA;
  case G_FILE_ERROR_NOMEM:
  case G_FILE_ERROR_MFILE:
  case G_FILE_ERROR_NFILE:
  case G_FILE_ERROR_AGAIN:
    return CS3_EXIT_OS;
  case G_FILE_ERROR_NOENT:
  case G_FILE_ERROR_NOTDIR:
  case G_FILE_ERROR_ISDIR:
  case G_FILE_ERROR_ACCES:
  case G_FILE_ERROR_PERM:
  case G_FILE_ERROR_LOOP:
  case G_FILE_ERROR_NAMETOOLONG:
    return CS3_EXIT_NO_INPUT;
  default:
    return CS3_EXIT_IO;
  }
}

static Cs3ExitStatus io_status(int code) {
  switch (code) {
  case G_IO_ERROR_TOO_MANY_OPEN_FILES:
    return CS3_EXIT_OS;
  case G_IO_ERROR_NOT_FOUND:
  case G_IO_ERROR_PERMISSION_DENIED:
  case G_IO_ERROR_IS_DIRECTORY:
  case G_IO_ERROR_NOT_DIRECTORY:
  case G_IO_ERROR_NOT_REGULAR_FILE:
    return CS3_EXIT_NO_INPUT;
  default:
    return CS3_EXIT_IO;
  }
}

static Cs3ExitStatus key_file_status(int code) {
  return CS3_EXIT_CONFIG;
}

static Cs3ExitStatus spawn_status(int code) {
  if (code == G_SPAWN_ERROR_FORK || code == G_SPAWN_ERROR_NOMEM)
    return CS3_EXIT_OS;
  return code == G_SPAWN_ERROR_NOENT ? CS3_EXIT_UNAVAILABLE : CS3_EXIT_INTERNAL;
}

static const struct {
  GQuark (*domain)(void);
  Cs3ExitStatus (*status)(int code);
} domains[] = {
    {cs3_cli_error_quark, cli_status},           {cs3_output_error_quark, output_status},
    {cs3_config_error_quark, config_status},     {cs3_step_error_quark, step_status},
    {cs3_workload_error_quark, workload_status}, {cs3_fabric_error_quark, fabric_status},
    {cs3_plot_error_quark, plot_status},         {cs3_record_error_quark, record_status},
    {g_option_error_quark, option_status},       {g_key_file_error_quark, key_file_status},
    {g_file_error_quark, file_status},           {g_io_error_quark, io_status},
    {g_spawn_error_quark, spawn_status},
};

Cs3ExitStatus cs3_exit_status(const GError *error) {
  for (gsize i = 0; i < G_N_ELEMENTS(domains); i++)
    if (error->domain == domains[i].domain())
      return domains[i].status(error->code);
  return CS3_EXIT_INTERNAL;
}
