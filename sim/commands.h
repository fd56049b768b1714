/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every command of the program, one per sim/cmd-*.c. */
#pragma once

#include <jansson.h>

#include "sim/cli/cli.h"
#include "sim/wafer/fabric-run.h"

extern const Cs3Command cs3_cmd_compare;
extern const Cs3Command cs3_cmd_complete;
extern const Cs3Command cs3_cmd_explain;
extern const Cs3Command cs3_cmd_fabric;
extern const Cs3Command cs3_cmd_help;
extern const Cs3Command cs3_cmd_inspect;
extern const Cs3Command cs3_cmd_layer;
extern const Cs3Command cs3_cmd_list;
extern const Cs3Command cs3_cmd_optimize;
extern const Cs3Command cs3_cmd_plot;
extern const Cs3Command cs3_cmd_report;
extern const Cs3Command cs3_cmd_run;
extern const Cs3Command cs3_cmd_sweep;
extern const Cs3Command cs3_cmd_train;
extern const Cs3Command cs3_cmd_validate;
extern const Cs3Command cs3_cmd_version;

/**
 * cs3_cmd_layer_record: what `cs3sim layer -o json` prints.
 * @options: the struct of options of cs3_cmd_layer, as cs3_cli_call_parse() fills it.
 * Returns: (transfer full) (nullable).
 */
json_t *cs3_cmd_layer_record(const void *options, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_cmd_fabric_config: what `cs3sim fabric PROGRAM` runs, without files beside its output.
 * @options: the struct of options of cs3_cmd_fabric; must outlive @config.
 */
gboolean cs3_cmd_fabric_config(const void *options, const char *program, Cs3FabricConfig *config,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
