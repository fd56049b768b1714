/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A sweep: the same run at every point of some axes, by forked workers, as lines of JSON in the
 * order of the points. Schema cs3sim.sweep/1, doc/result.md. */
#pragma once

#include <glib.h>

#include "sim/cli/progress.h"
#include "sim/study/sweep-axes.h"

typedef struct {
  const Cs3Axes *axes;
  const Cs3ScenarioOptions *base;
  Cs3MemoKey identity;  /* of @base: cs3_scenario_identity() */
  guint64 first, after; /* points [first, after) */
  guint workers;
  gboolean brief; /* without layers and configuration */
} Cs3Sweep;

/** cs3_sweep_part: leave of @sweep's points the @i-th of @n parts, 1 <= @i <= @n: neighbours, which
 * share masks and baselines. */
void cs3_sweep_part(Cs3Sweep *sweep, guint64 i, guint64 n);

/** cs3_sweep_key: (transfer full): the key of @point as its line has it: 32 hexadecimal digits. */
char *cs3_sweep_key(const Cs3Sweep *sweep, guint64 point);

/** cs3_sweep_line_begin: (transfer full): what the line of @point begins with, up to its place on
 * the axes. */
char *cs3_sweep_line_begin(const Cs3Sweep *sweep, guint64 point);

/**
 * cs3_sweep_check: whether the options and constants of every point make sense together, before any
 * is simulated. Of very many points, those are checked that have each value of an axis with the
 * first and with the last values of the others. Fails with the first bad point's error.
 */
gboolean cs3_sweep_check(const Cs3Sweep *sweep, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What a process keeps from point to point. */
typedef struct Cs3SweepWorker Cs3SweepWorker;

/** cs3_sweep_worker_new: @sweep and @cache are borrowed. */
Cs3SweepWorker *cs3_sweep_worker_new(const Cs3Sweep *sweep, Cs3RunCache *cache);
void cs3_sweep_worker_free(Cs3SweepWorker *worker);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3SweepWorker, cs3_sweep_worker_free)

/**
 * cs3_sweep_point: simulate @point.
 * Returns: (transfer full): its line, with the line end. A model that does not fit is an answer,
 * not an error: "status":"infeasible" with the reason. Errors are those of cs3_run(), prefixed by
 * the point.
 */
char *cs3_sweep_point(Cs3SweepWorker *worker, guint64 point,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** Cs3SweepWrite: takes the next point's line; %FALSE with @error ends the sweep. */
typedef gboolean (*Cs3SweepWrite)(gpointer data, const char *line, gsize n, GError **error);

/**
 * cs3_sweep_run: simulate all points, handing their lines to @write in the order of the points.
 * Bytes and order do not depend on the number of workers. No other thread may be running.
 * Fails with the first failing point's error once the points before it are written.
 */
gboolean cs3_sweep_run(const Cs3Sweep *sweep, Cs3Progress *progress, Cs3SweepWrite write,
                       gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;
