/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of a parameter: its value on a machine, where that comes from, how sure it is. */
#pragma once

#include <glib.h>

#include "base/table.h"
#include "sim/machine/machine.h"

/**
 * cs3_explain: parameters of @machine as text for people, at most @width columns; 0, and at
 * most: 80.
 * @pattern: (nullable): "group.key", a key, a group, or a glob over any of them ("kernel.*"): a
 *   paragraph for each. %NULL: one line for every parameter, by group.
 * Returns: (transfer full): %NULL with %CS3_CONFIG_ERROR_UNKNOWN and the nearest known name when
 *   nothing matches.
 */
char *cs3_explain(const Cs3Machine *machine, const char *pattern, guint width,
                  GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_explain_table: the same as records: name, value in the base unit, text, unit, origin, source,
 * accepted and plausible range, evidence, help. A value without a plausible range, or a choice, has
 * null there.
 */
Cs3Table *cs3_explain_table(const Cs3Machine *machine, const char *pattern,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
