/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers with units: every line of the input, in every unit; what is read can be written and read
 * again as the same number. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include <math.h>
#include <string.h>

#include "base/quantity.h"

static const char *const seeds[] = {"tests/fuzz/seeds/numbers", NULL};

static void try_unit(const char *text, Cs3Unit unit) {
  g_autoptr(GError) error = NULL;
  double value = NAN, again = NAN;
  gboolean ok = cs3_quantity_parse(text, unit, &value, &error);
  fuzz_verdict(ok, error);
  if (!ok)
    return;
  g_autofree char *written = cs3_quantity_format(value, unit);
  g_assert(cs3_quantity_parse(written, unit, &again, NULL) && again == value);
}

static void try_line(const char *line) {
  double share = NAN;
  for (int unit = CS3_UNIT_NONE; unit <= CS3_UNIT_PARAMS_PER_S; unit++)
    try_unit(line, (Cs3Unit)unit);
  g_assert(!cs3_percent(line, &share) || isfinite(share));
  for (int is_share = FALSE; is_share <= TRUE; is_share++) {
    g_autofree char *hint = cs3_number_hint(line, is_share);
    g_assert(hint[0] == '\0' || g_str_has_prefix(hint, "; "));
  }
}

const FuzzTarget fuzz_target = {.seeds = seeds, .line = try_line};
