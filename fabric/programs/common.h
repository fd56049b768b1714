/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shared by the programs: test data, checks, roles by PE. */
#pragma once

#include "fabric/event/half.h"
#include "fabric/event/pe.h"
#include "fabric/programs/program.h"

#define CS3_AT(port) CS3_PORT_BIT(port)

/** cs3_data_value: input word @word of PE (@x, @y) as a small integer: sums of FP32 stay exact. */
static inline guint cs3_data_value(guint x, guint y, guint word) {
  return (x * 7 + y * 13 + word * 5 + (word >> 3)) & 7;
}
/** cs3_data_init: the same as FP32 memory content. */
guint32 cs3_data_init(gpointer user, guint x, guint y, guint word);

/** cs3_check_words, cs3_check_line: words 1..max_words; and @params describe one row of at least
 * @least PEs. */
gboolean cs3_check_words(const Cs3ProgramParams *params, guint max_words,
                         GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean cs3_check_line(const Cs3ProgramParams *params, guint least, guint max_words,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_program_invalid: sets INVALID with a formatted message; returns %FALSE. */
gboolean cs3_program_invalid(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);
/** cs3_place: adds @role (shared when known) and gives it to PE (@x, @y). */
gboolean cs3_place(Cs3ProgramRun *run, guint x, guint y, const Cs3Role *role,
                   GError **error) G_GNUC_WARN_UNUSED_RESULT;
/** cs3_run_of: the program run of a PE. */
static inline Cs3ProgramRun *cs3_run_of(const Cs3Pe *pe) {
  return cs3_pe_user(pe);
}
/** cs3_verify_sum: PE (@x, @y) holds in its first words the sum of all PEs' input vectors. */
gboolean cs3_verify_sum(const Cs3ProgramRun *run, const float *sum, guint x, guint y);
/** cs3_sum_inputs: (transfer full): the sum of all input vectors, by a plain loop. */
float *cs3_sum_inputs(const Cs3ProgramRun *run);
/** cs3_task_finish: task body: the PE is done. */
guint cs3_task_finish(Cs3Pe *pe, guint32 wavelet);
