/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs a function in a forked child and turns whatever happens to it into a result or an error. */
#pragma once

#include <glib.h>

/** Cs3RunnerFunc: runs in the child; fills @result. May abort, hang or exit. */
typedef void (*Cs3RunnerFunc)(gconstpointer input, gpointer result);

/**
 * cs3_runner_fork: call @run in a child process and copy its @result back.
 * @result: (out): @size bytes without pointers, at most PIPE_BUF (4096); starts as zeros.
 * @timeout_s: the child is killed after this time.
 * Neither output stream of the child reaches the user. No other thread may be running in the
 * caller: locks that it holds would stay locked in the child.
 * Returns: %FALSE with @error in CS3_STEP_ERROR: DIED (signal or status, with the first line that
 *   the child wrote to its standard error), TIMEOUT, RESOURCE (no process, pipe or memory file).
 */
gboolean cs3_runner_fork(Cs3RunnerFunc run, gconstpointer input, gpointer result, gsize size,
                         guint timeout_s, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct Cs3Runner Cs3Runner;

/**
 * cs3_runner_begin, cs3_runner_end: the same in two calls, between which the caller may do other
 * things, or begin another child; what @input leads to need not last. The time limit counts from
 * the second on, which frees @runner. A child is ended or killed.
 */
Cs3Runner *cs3_runner_begin(Cs3RunnerFunc run, gconstpointer input, gsize size,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean cs3_runner_end(Cs3Runner *runner, gpointer result, guint timeout_s,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_runner_kill: (transfer full): nobody wants the answer. */
void cs3_runner_kill(Cs3Runner *runner);

/**
 * cs3_runner_memory_file: an open file without a name that holds @text, rewound.
 * Returns: a descriptor to close(), or -1 with @error set to CS3_STEP_ERROR_RESOURCE.
 */
int cs3_runner_memory_file(const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_runner_put: in the child: write @array, of elements without pointers, to the end of a memory
 * file; ends the child when that fails. */
void cs3_runner_put(int fd, const GArray *array);

/** cs3_runner_take: (transfer full): in the caller: what the child has put into a memory file, for
 * results of any length. Fails with %CS3_STEP_ERROR_RESOURCE. */
GArray *cs3_runner_take(int fd, guint element_size, GError **error) G_GNUC_WARN_UNUSED_RESULT;
