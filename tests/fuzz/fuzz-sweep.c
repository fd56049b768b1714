/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sweep files: settings, axes, their points. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/study/sweep-axes.h"

static const char *const seeds[] = {"tests/fuzz/seeds/sweep.ini", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_auto(Cs3ScenarioOptions) base = {0};
  cs3_scenario_options_copy(&base, &cs3_scenario_defaults);
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  guint64 points = 0;
  gboolean ok =
      cs3_axes_load(axes, &base, path, NULL, error) && cs3_axes_count(axes, &points, error);
  if (!ok)
    return FALSE;
  g_assert(points > 0);
  g_autofree char *first = cs3_axes_describe(axes, 0), *last = cs3_axes_describe(axes, points - 1);
  g_assert(*first != '\0' && *last != '\0');
  return TRUE;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".ini", .read = read_input};
