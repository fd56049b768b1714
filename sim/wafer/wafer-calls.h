/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the commands of this folder do, for those who call them within the program. */
#pragma once

#include <jansson.h>

#include "sim/machine/machine.h"
#include "sim/wafer/fabric-run.h"
#include "workloads/mask-file.h"

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

/** cs3_wafer_read_mask: the mask in @file or, where there is none of that name, in the example
 * called so. Errors: as cs3_mask_read(). */
Cs3Mask *cs3_wafer_read_mask(const char *file, const Cs3MaskChoice *choice,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_wafer_machine: @hardware with the PEs that @pes (nullable: all) of --pes says, and with @set
 * (nullable). Returns: (transfer full) (nullable). */
Cs3Machine *cs3_wafer_machine(const char *hardware, const char *pes, char **set,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_wafer_pair: read the value @text of --@option, "AxB", both from 1 to @max. @a, @b: (out).
 * Fails with CS3_CLI_ERROR_USAGE. */
gboolean cs3_wafer_pair(const char *option, const char *text, gint64 max, gint64 *a, gint64 *b,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
