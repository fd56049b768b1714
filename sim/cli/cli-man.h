/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Manual pages in roff, from the same tables as --help. */
#pragma once

#include "sim/cli/cli.h"

/** cs3_man_program: cs3sim(1). */
void cs3_man_program(Cs3Output *output);

/** cs3_man_command: cs3sim-COMMAND(1). */
void cs3_man_command(const Cs3Command *command, Cs3Output *output);

/** cs3_man_hardware: cs3sim-hardware(5). */
void cs3_man_hardware(Cs3Output *output);

/** cs3_hardware_file_text: (transfer none): how a hardware file is written, as paragraphs. */
const char *cs3_hardware_file_text(void);

/** cs3_man_text: (transfer full): @text with what is special to roff escaped; paragraphs are
 * separated by .PP, indented lines are kept. */
char *cs3_man_text(const char *text);
