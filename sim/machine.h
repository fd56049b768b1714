/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine: wafer, kernels, MemoryX and SwarmX constants, read from an .ini file, with the origin
 * of every value. */
#pragma once

#include <glib.h>

#include "fabric/hardware.h"
#include "sim/system.h"

typedef struct {
  char *name;          /* "cs3" or the file's stem */
  Cs3Hardware hw;
  Cs3System system;
  GHashTable *origins; /* "group.key" -> "cs3.ini:12", "--set", as text */
} Cs3Machine;

/**
 * cs3_machine_load: a preset name or a path, then overrides.
 * @name_or_path: "cs3", or a file (anything with a '/' or ending in .ini). `[machine] base = NAME`
 *   inherits; a cycle of bases is an error.
 * @overrides: (nullable): NULL-terminated "group.key=value" strings, applied in order.
 * Returns: (transfer full) (nullable): %NULL with @error set: unknown preset or key (with the
 *   nearest known one), missing or wrong unit, value out of range, a key never given a value.
 */
Cs3Machine *cs3_machine_load(const char *name_or_path, const char *const *overrides,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;
Cs3Machine *cs3_machine_copy(const Cs3Machine *machine);
void cs3_machine_free(Cs3Machine *machine);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Machine, cs3_machine_free)
