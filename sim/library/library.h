/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the two sides of libcs3sim share: the program that calls, and the worker in which a call
 * runs.
 *
 * The worker's arguments are the version of the library, its caller's process and the command; its
 * standard input is the request, its standard output the result. Descriptor CS3_EVENTS, its
 * standard error too, takes a line of JSON for each event: {"progress": [label, done, total]},
 * {"note": text}, and at the end
 * {"end": status}, with {"message": text, "key": path or null} beside it when it failed. Other
 * lines are complaints of a process that is about to die. */
#pragma once

#include <glib.h>

#include "sim/cs3sim.h"

enum { CS3_EVENTS = 3 };

/** cs3sim_worker_main: what main() of the worker does. Exported for it alone. */
int cs3sim_worker_main(int argc, char **argv);

/** cs3_library_fail: sets @error (nullable) to a copy of @message. @key: (nullable). Returns:
 * @code. */
int cs3_library_fail(cs3sim_error **error, int code, const char *key, const char *message);

/* A worker at work. Descriptors are the caller's to read to their ends. */
typedef struct {
  pid_t pid;
  int result, events;
} Cs3Worker;

/**
 * cs3_worker_start: the worker @program (a path) at @command, with the @n bytes of @request.
 * Returns: 0 or an errno.
 */
int cs3_worker_start(Cs3Worker *worker, const char *program, const char *command,
                     const char *request);

/** cs3_worker_end: wait for the worker, killed first when @kill_it. Returns: as waitpid(2) has it,
 * -1 when another has waited. */
int cs3_worker_end(Cs3Worker *worker, gboolean kill_it);
