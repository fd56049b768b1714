/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Machines that were measured: read, then asked for the speed-up of every product it holds. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <math.h>

#include "sim/machine/baseline.h"

static const char *const seeds[] = {"sim/machine/baselines/h100.json", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autofree char *text = g_strndup((const char *)data, size);
  g_autoptr(Cs3Baseline) baseline = cs3_baseline_parse(text, "input", error);
  for (guint i = 0; baseline != NULL && i < baseline->products->len; i++) {
    const Cs3BaselineProduct *p = baseline->products->pdata[i];
    g_autoptr(GError) problem = NULL;
    Cs3BaselineValue value = {.value = NAN};
    gboolean ok =
        cs3_baseline_speedup(baseline, p->layer, p->format, p->sparsity, &value, &problem);
    fuzz_verdict(ok, problem);
    g_assert(!ok || (isfinite(value.value) && value.value > 0));
  }
  return baseline != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .read = read_input};
