/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Progress: a line on standard error, or told to a function. */
#pragma once

#include <glib.h>
#include <stdio.h>

typedef enum { CS3_WHEN_AUTO, CS3_WHEN_ALWAYS, CS3_WHEN_NEVER } Cs3When;

typedef enum {
  CS3_PROGRESS_OFF,
  CS3_PROGRESS_LINE,  /* a terminal: one line, redrawn */
  CS3_PROGRESS_LOG,   /* not a terminal: a line for every tenth */
  CS3_PROGRESS_HEARD, /* a function is called */
} Cs3ProgressStyle;

/** cs3_progress_style: how to show progress on @stream. */
Cs3ProgressStyle cs3_progress_style(Cs3When when, gboolean quiet, FILE *stream);

typedef struct Cs3Progress Cs3Progress;

/**
 * cs3_progress_new: progress over @total steps (at least 1) on @stream, which is borrowed.
 * A line is drawn at most ten times a second and not in the first second; a log has a line for
 * every tenth of the work.
 * @clock_us: (nullable): microseconds, monotonic; %NULL: the system's. For tests.
 */
Cs3Progress *cs3_progress_new(Cs3ProgressStyle style, FILE *stream, const char *label,
                              guint64 total, gint64 (*clock_us)(void));

/** Cs3ProgressHear: of the work called @label, @done of @total steps are finished. */
typedef void (*Cs3ProgressHear)(gpointer data, const char *label, guint64 done, guint64 total);

/** cs3_progress_new_heard: progress that @hear is told, at most a hundred times a second and at the
 * end. */
Cs3Progress *cs3_progress_new_heard(Cs3ProgressHear hear, gpointer data, const char *label,
                                    guint64 total);

/** cs3_progress_update: @done steps are finished. Cheap enough to call for each. */
void cs3_progress_update(Cs3Progress *progress, guint64 done);

/** cs3_progress_free: wipe the line. */
void cs3_progress_free(Cs3Progress *progress);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Progress, cs3_progress_free)
