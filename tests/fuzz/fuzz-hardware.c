/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hardware files. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/machine/machine.h"

const char *const fuzz_seeds[] = {"fabric/presets/cs3.ini", "fabric/presets/wse.ini", NULL};

int LLVMFuzzerTestOneInput(const guint8 *data, gsize size) {
  g_autoptr(GError) error = NULL;
  g_autoptr(Cs3Machine) machine = cs3_machine_load(fuzz_file(".ini", data, size), NULL, &error);
  fuzz_verdict(machine != NULL, error);
  return 0;
}
