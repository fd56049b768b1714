/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the validation suites share: running the program's own commands, each once, and key=value
 * arguments. Internal to sim/validate*. */
#pragma once

#include "sim/cli/cli-call.h"
#include "sim/run/scenario.h"
#include "sim/validation/validate.h"

/** cs3_validation_session_new: nothing has been run yet. (transfer full) */
Cs3ValidationSession *cs3_validation_session_new(guint workers);
void cs3_validation_session_free(Cs3ValidationSession *session);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3ValidationSession, cs3_validation_session_free)

/** cs3_validation_workers: threads that a method may use. */
guint cs3_validation_workers(const Cs3ValidationSession *session);

/**
 * cs3_validation_keep: a place for what several rows need: *slot is what an earlier call for @key
 * put there, or %NULL. Freed with @free_value at the end of the session.
 */
gpointer *cs3_validation_keep(Cs3ValidationSession *session, const char *key,
                              GDestroyNotify free_value);

/** cs3_validation_names: whether a run in @arguments is on @machine ("--hardware MACHINE"). */
gboolean cs3_validation_names(const char *arguments, const char *machine);

/** cs3_validation_replace: (transfer full): @arguments with @words for every "--hardware MACHINE".
 */
char *cs3_validation_replace(const char *arguments, const char *machine, const char *words);

/**
 * cs3_validation_on_silicon: (transfer full): @arguments on the machines with what was measured on
 * silicon instead of what the vendor states or simulates (presets cs2-silicon, cs3-silicon).
 */
char *cs3_validation_on_silicon(const char *arguments);

/**
 * cs3_validation_run: method "run": `cs3sim run ARGUMENTS`, then the number at the dotted path
 * row->result of its JSON. Runs that differ in nothing but --sparsity share their dense side.
 */
gboolean cs3_validation_run(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                            double *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validation_layer: method "layer": the same for `cs3sim layer`. */
gboolean cs3_validation_layer(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                              double *value, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validation_scenario: (transfer full) (nullable): what the words @argv of `cs3sim run` name;
 * its runs share the session's cache, and so must not outlive it. */
Cs3Scenario *cs3_validation_scenario(const Cs3ValidationSession *session,
                                     const Cs3ValidationRow *row, const char *const *argv,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_validation_words: (transfer full) (nullable): the words of row->arguments, as a shell reads
 * them. */
char **cs3_validation_words(const Cs3ValidationRow *row, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_validation_parse_call: the options that the words @argv (inout; what is left are the
 * positional arguments) give to @command.
 * Returns: (transfer full) (nullable).
 */
Cs3CliCall *cs3_validation_parse_call(const Cs3Command *command, const Cs3ValidationRow *row,
                                      char ***argv, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_validation_values: the words KEY=NUMBER of row->arguments, each of @keys once, in any order.
 * @rest: (out) (optional) (transfer full): the other words; without it they are an error.
 */
gboolean cs3_validation_values(const Cs3ValidationRow *row, const char *const *keys, double *values,
                               char ***rest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
