/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file that a sweep appends to: whole lines in the order of the points, whatever happens. */
#pragma once

#include <glib.h>

#include "sim/study/sweep.h"

typedef struct Cs3SweepFile Cs3SweepFile;

/**
 * cs3_sweep_file_open: open or create @path for @sweep, for one process at a time.
 * @resume: go on behind the points that it holds: they must be this sweep's first ones, told by
 *   their keys. A last line that was not finished is cut off, if it begins like the next point's.
 * Without it the file must be empty.
 * @done: (out): points of @sweep that the file holds.
 * Fails with CS3_OUTPUT_ERROR_CREATE (cannot be created, in use, not empty) or
 * CS3_CLI_ERROR_DATA (another sweep's, another version's, not a sweep's lines).
 */
Cs3SweepFile *cs3_sweep_file_open(const char *path, const Cs3Sweep *sweep, gboolean resume,
                                  guint64 *done, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_sweep_file_write: a #Cs3SweepWrite: append a line; on failure the file ends with the line
 * before. @file: a #Cs3SweepFile. */
gboolean cs3_sweep_file_write(gpointer file, const char *line, gsize n,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_sweep_file_close: all lines to the disk. Fails with CS3_OUTPUT_ERROR_WRITE. */
gboolean cs3_sweep_file_close(Cs3SweepFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void cs3_sweep_file_free(Cs3SweepFile *file);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3SweepFile, cs3_sweep_file_free)
