/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a sweep goes through: axes with their values, and the points they span. A value is text, as
 * one would write it on the command line. */
#pragma once

#include <glib.h>

#include "base/memo.h"
#include "sim/study/setting.h"

/* One value of an axis. */
typedef struct {
  char *text;
  Cs3MemoKey identity; /* of what the text stands for: a file's contents, not its name */
  Cs3MemoKey meaning;  /* the same for every way to write the value */
} Cs3AxisValue;

typedef struct {
  char *key;          /* "sparsity", "io.rate", "tokens" */
  GArray *values;     /* of Cs3AxisValue, never empty */
  gboolean for_dense; /* whether the dense baseline depends on it */
} Cs3Axis;

typedef struct {
  GPtrArray *axes; /* of Cs3Axis, the slowest first */
  gboolean zip;    /* the n-th values of all axes together, instead of all combinations */
} Cs3Axes;

/** cs3_axes_new: (transfer full): no axes yet. */
Cs3Axes *cs3_axes_new(void);
void cs3_axes_free(Cs3Axes *axes);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Axes, cs3_axes_free)

/**
 * cs3_axes_add: add the axis @key.
 * @values: values and ranges FIRST:LAST:STEP, separated by commas; the unit may stand at the last
 *   number of a range only.
 * @where: names the place in messages: "--sweep", "study.ini:7".
 * Fails (CS3_CONFIG_ERROR, CS3_CLI_ERROR_USAGE, G_OPTION_ERROR) with the nearest known key, the
 * accepted range, or what is wrong with a range: no step, a step away from the end, too many
 * values.
 */
gboolean cs3_axes_add(Cs3Axes *axes, const char *key, const char *values, const char *where,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_axes_add_texts: add axes written "KEY=VALUES", as --sweep has them.
 * @texts: (nullable). @given: options of the command line, and @base->set: none of them may be an
 * axis too, here or in a file; what another option stands for (--params) or a variable says, an
 * axis overrides.
 */
gboolean cs3_axes_add_texts(Cs3Axes *axes, char **texts, const Cs3ScenarioOptions *base,
                            GHashTable *given, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_axes_count: number of points. Fails when there are none, zipped axes differ in length, or a
 * point is there twice. */
gboolean cs3_axes_count(const Cs3Axes *axes, guint64 *points,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_axes_value: the value of axis number @axis at @point. */
const Cs3AxisValue *cs3_axes_value(const Cs3Axes *axes, guint64 point, guint axis);

/** cs3_axes_describe: (transfer full): "sparsity=0.7 io.rate=1.2 Tb/s". */
char *cs3_axes_describe(const Cs3Axes *axes, guint64 point);

/**
 * cs3_axes_key: names the configuration of @point: equal keys, equal results.
 * @base: names the settings that all points share.
 * @dense: the configuration of the dense baseline only.
 */
Cs3MemoKey cs3_axes_key(const Cs3Axes *axes, guint64 point, const Cs3MemoKey *base, gboolean dense);

/**
 * cs3_axes_scenario: the scenario of @point.
 * @options: (out): filled; must live as long as the scenario, then be cleared.
 */
Cs3Scenario *cs3_axes_scenario(const Cs3Axes *axes, guint64 point, const Cs3ScenarioOptions *base,
                               Cs3ScenarioOptions *options,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_axes_load: read a sweep file: [sweep] mode, [base] settings, [axes].
 * @given: (nullable): options of the command line, which win over [base].
 */
gboolean cs3_axes_load(Cs3Axes *axes, Cs3ScenarioOptions *base, const char *path, GHashTable *given,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;
