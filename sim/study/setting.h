/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One setting of a scenario by name, whatever it is: an option or a parameter of the machine. */
#pragma once

#include <glib.h>

#include "base/memo.h"
#include "sim/run/scenario.h"

/** cs3_setting_names: (transfer full): every name that cs3_setting_apply() takes. */
char **cs3_setting_names(void);

/**
 * cs3_setting_param: the parameter that @key ("io.rate") names, or %NULL when it is an option.
 * Fails (returns %FALSE) with CS3_CONFIG_ERROR_UNKNOWN and the nearest known name.
 */
gboolean cs3_setting_param(const char *key, const Cs3Param **param,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_setting_apply: @options with one setting changed: an option's name, a parameter's
 * "group.key", or "tokens" (per training step).
 */
gboolean cs3_setting_apply(Cs3ScenarioOptions *options, const char *key, const char *value,
                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_setting_for_dense: whether the dense side of a run depends on @key. */
gboolean cs3_setting_for_dense(const char *key);

/** cs3_setting_is_file: whether a value of @key stands for what a file says. */
gboolean cs3_setting_is_file(const char *key);

/** cs3_setting_text: (transfer full) (nullable): the value of option @key in @options, in the one
 * way to write it; %NULL when @key is no option. */
char *cs3_setting_text(const Cs3ScenarioOptions *options, const char *key);

/** cs3_scenario_options_copy, _clear: texts and lists are the copy's own. */
void cs3_scenario_options_copy(Cs3ScenarioOptions *to, const Cs3ScenarioOptions *from);
void cs3_scenario_options_clear(Cs3ScenarioOptions *options);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3ScenarioOptions, cs3_scenario_options_clear)

/**
 * cs3_setting_identity: names what @value stands for: a model or a machine by what its file says,
 * weights by which of them are alive, which takes reading them once.
 */
gboolean cs3_setting_identity(const char *key, const char *value, Cs3MemoKey *identity,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_scenario_identity: names everything that a result depends on, files by their contents. */
gboolean cs3_scenario_identity(const Cs3ScenarioOptions *options, Cs3MemoKey *identity,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
