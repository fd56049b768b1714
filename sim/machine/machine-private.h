/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between sim/machine/machine.c and sim/machine/machine-file.c only. */
#pragma once

#include "base/ini.h"
#include "sim/machine/machine.h"

/** cs3_machine_note: record who gave @param the value it has; all texts are copied. */
void cs3_machine_note(Cs3Machine *machine, const Cs3Param *param, const char *origin,
                      const char *source, const Cs3Range *range);

/**
 * cs3_machine_read: fill @machine from a preset or a file and the files it builds on.
 * Parameters that no file gives are left without an origin.
 */
gboolean cs3_machine_read(Cs3Machine *machine, const char *name_or_path,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_machine_move_data: pe.sram was @sram_before bytes: pe.sram_data follows it, the code beside
 * the data keeps its size. For when pe.sram is given and pe.sram_data is not.
 */
gboolean cs3_machine_move_data(Cs3Machine *machine, gint64 sram_before,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
