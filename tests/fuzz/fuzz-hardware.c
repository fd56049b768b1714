/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Hardware files. */
#include "config.h"

#include "tests/fuzz/fuzz.h"

#include "sim/machine/machine.h"

static const char *const seeds[] = {"fabric/presets/cs3.ini", "fabric/presets/wse.ini", NULL};

static gboolean read_input(const char *path, const guint8 *data, gsize size, GError **error) {
  g_autoptr(Cs3Machine) machine = cs3_machine_load(path, NULL, error);
  return machine != NULL;
}

const FuzzTarget fuzz_target = {.seeds = seeds, .suffix = ".ini", .read = read_input};
