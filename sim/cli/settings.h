/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The effective configuration, as --dry-run prints it: every setting, its value, where it is from.
 */
#pragma once

#include <glib.h>

#include "base/table.h"
#include "sim/cli/cli-option.h"

/** cs3_settings_new: (transfer full): an empty table of setting, value, origin. */
Cs3Table *cs3_settings_new(void);

/** cs3_settings_add: one row. */
void cs3_settings_add(Cs3Table *settings, const char *name, const char *value, const char *origin);

/**
 * cs3_settings_add_options: the options of @target; the origin is "command line", the environment
 * variable or the option that gave the value, or "default".
 * @given: as cs3_options_parse() filled it.
 */
void cs3_settings_add_options(Cs3Table *settings, const Cs3OptionTarget *target, GHashTable *given);
