/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From an error to the exit status of the program. */
#pragma once

#include <glib.h>

/* The values of <sysexits.h> that the program uses, and 1 for "no". */
typedef enum {
  CS3_EXIT_OK = 0,
  CS3_EXIT_NO = 1, /* well asked, well computed, and the answer is no */
  CS3_EXIT_USAGE = 64,
  CS3_EXIT_DATA = 65,
  CS3_EXIT_NO_INPUT = 66,
  CS3_EXIT_UNAVAILABLE = 69,
  CS3_EXIT_INTERNAL = 70,
  CS3_EXIT_OS = 71,
  CS3_EXIT_CANT_CREATE = 73,
  CS3_EXIT_IO = 74,
  CS3_EXIT_CONFIG = 78,
} Cs3ExitStatus;

/* One line of the documentation of the exit statuses. */
typedef struct {
  Cs3ExitStatus status;
  const char *meaning;
} Cs3ExitMeaning;

/** cs3_exit_meanings: (transfer none): every status, ascending; ends with a NULL meaning. */
const Cs3ExitMeaning *cs3_exit_meanings(void);

/**
 * cs3_exit_status: the status that @error stands for.
 * The one place that knows: G_OPTION_ERROR and CS3_CLI_ERROR, the domains of workloads/, fabric/
 * and sim/, and GLib's file and key-file errors. G_FILE_ERROR and G_IO_ERROR are taken as failures
 * to read; writing goes through base/output.h, which has a domain of its own.
 * An unknown domain is %CS3_EXIT_INTERNAL.
 */
Cs3ExitStatus cs3_exit_status(const GError *error);
