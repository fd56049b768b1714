/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every command of the program, one per sim/cmd-*.c. */
#pragma once

#include "sim/cli/cli.h"

extern const Cs3Command cs3_cmd_attention;
extern const Cs3Command cs3_cmd_compare;
extern const Cs3Command cs3_cmd_complete;
extern const Cs3Command cs3_cmd_explain;
extern const Cs3Command cs3_cmd_fabric;
extern const Cs3Command cs3_cmd_help;
extern const Cs3Command cs3_cmd_infer;
extern const Cs3Command cs3_cmd_inspect;
extern const Cs3Command cs3_cmd_layer;
extern const Cs3Command cs3_cmd_list;
extern const Cs3Command cs3_cmd_mask;
extern const Cs3Command cs3_cmd_optimize;
extern const Cs3Command cs3_cmd_plot;
extern const Cs3Command cs3_cmd_report;
extern const Cs3Command cs3_cmd_run;
extern const Cs3Command cs3_cmd_sweep;
extern const Cs3Command cs3_cmd_train;
extern const Cs3Command cs3_cmd_calibrate;
extern const Cs3Command cs3_cmd_validate;
extern const Cs3Command cs3_cmd_version;
