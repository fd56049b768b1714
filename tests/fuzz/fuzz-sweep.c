/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sweep files: settings, axes, their points. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/study/sweep-axes.h"

const char *const fuzz_seeds[] = {"tests/fuzz/seeds/sweep.ini", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  g_auto(Cs3ScenarioOptions) base = {0};
  cs3_scenario_options_copy(&base, &cs3_scenario_defaults);
  g_autoptr(Cs3Axes) axes = cs3_axes_new();
  guint64 points = 0;
  gboolean ok = cs3_axes_load(axes, &base, fuzz_file(".ini", data, size), NULL, &error) &&
                cs3_axes_count(axes, &points, &error);
  fuzz_verdict(ok, error);
  if (!ok)
    return 0;
  g_assert(points > 0);
  g_autofree char *first = cs3_axes_describe(axes, 0), *last = cs3_axes_describe(axes, points - 1);
  g_assert(*first != '\0' && *last != '\0');
  return 0;
}
