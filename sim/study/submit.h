/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep on a cluster: its parts as tasks of a job, put together when all are there. What a task
 * has written is what counts, not what the scheduler says of it. */
#pragma once

#include <glib.h>

#include "sim/study/sweep.h"

/* Slurm's MaxArraySize is 1001 where nobody has set it: indices up to 1000. */
#define CS3_MAX_TASKS 1000

typedef struct {
  const char *path;   /* of the whole sweep; parts and logs lie beside it, in PATH.parts */
  gboolean resume;    /* go on with those */
  char **words;       /* of the sweep, without what says which part */
  guint64 tasks;      /* 0: not said */
  GPtrArray *options; /* of char *: long options of sbatch: "--time=60" */
} Cs3Submission;

/** cs3_submission_parse: read "slurm[:KEY=VALUE,...]" into @submission's tasks and options. Fails
 * with CS3_CLI_ERROR_USAGE: another scheduler, tasks out of range, options that the sweep gives
 * itself. */
gboolean cs3_submission_parse(Cs3Submission *submission, const char *text,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_submission_clear: free what cs3_submission_parse() made. */
void cs3_submission_clear(Cs3Submission *submission);

/**
 * cs3_sweep_submit: have all points of @sweep simulated and write them to the submission's path,
 * whole and in order, as cs3_sweep_run() would. Parts that come back unfinished (a node that died,
 * a time limit) are submitted again as long as points are added. @progress: in tasks. Fails with
 * CS3_CLI_ERROR_UNAVAILABLE (no Slurm, or it does not answer), CS3_STEP_ERROR_DIED (parts that do
 * not get further, with the last words of one), CS3_OUTPUT_ERROR; a later call with `resume` goes
 * on.
 */
gboolean cs3_sweep_submit(const Cs3Sweep *sweep, const Cs3Submission *submission,
                          Cs3Progress *progress, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_slurm_submit: an array job of @tasks ("1-8,11") that runs the file @script in the current
 * folder.
 * @log: names of logs, with Slurm's %a. Returns: (transfer full) (nullable): its number. */
char *cs3_slurm_submit(const char *script, const char *tasks, const char *log,
                       const GPtrArray *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_slurm_active: tasks of @job that run or wait, -1 with @error when Slurm does not answer for
 * minutes. */
gint64 cs3_slurm_active(const char *job, GError **error) G_GNUC_WARN_UNUSED_RESULT;
