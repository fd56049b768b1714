/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Broadcast along a row and over a mesh: one colour, copied by the routers. Times count from the
 * activation of the send task to the body of the last completion task. */
#include "config.h"

#include "fabric/programs/common.h"
#include "fabric/programs/registry.h"

enum { TASK_START, TASK_DONE };

static guint start(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  gboolean root = cs3_pe_x(pe) == 0 && cs3_pe_y(pe) == 0;
  if (root && p->width * p->height == 1) {
    cs3_pe_finish(pe);
    return 0;
  }
  Cs3VectorOp op = {.code = CS3_OP_MOVE,
                    .type = CS3_TYPE_U32,
                    .n = p->words,
                    .dst = root ? CS3_FAB(0) : CS3_MEM(0),
                    .a = root ? CS3_MEM(0) : CS3_FAB(0),
                    .done = CS3_DONE_ACTIVATE,
                    .done_task = TASK_DONE};
  cs3_pe_launch(pe, 1, &op);
  return 0;
}

static void route(const Cs3ProgramParams *p, guint x, guint y, guint *rx, guint *tx) {
  *rx = x == 0 && y == 0 ? CS3_AT(CS3_RAMP) : y == 0 ? CS3_AT(CS3_W) : CS3_AT(CS3_N);
  *tx = x == 0 && y == 0 ? 0 : CS3_AT(CS3_RAMP);
  if (y == 0 && x + 1 < p->width)
    *tx |= CS3_AT(CS3_E);
  if (y + 1 < p->height)
    *tx |= CS3_AT(CS3_S);
}

static gboolean build(Cs3ProgramRun *run, GError **error) {
  const Cs3ProgramParams *p = &run->params;
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++) {
      Cs3Role role;
      guint rx, tx;
      cs3_role_clear(&role);
      role.memory_bytes = p->words * 4;
      role.n_threads = 2;
      role.start_task = TASK_START;
      role.task[TASK_START] = start;
      role.task[TASK_DONE] = cs3_task_finish;
      role.init = x == 0 && y == 0 ? cs3_data_init : NULL;
      route(p, x, y, &rx, &tx);
      if (tx)
        cs3_role_route(&role, 0, 0, rx, tx);
      if (!cs3_place(run, x, y, &role, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean verify(const Cs3ProgramRun *run) {
  const Cs3ProgramParams *p = &run->params;
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++)
      for (guint i = 0; i < p->words; i++)
        if (cs3_fabric_word(run->fabric, x, y, i) !=
            cs3_bits_of_float((float)cs3_data_value(0, 0, i)))
          return FALSE;
  return TRUE;
}

#define MAX_WORDS 10752u
static gboolean check_line(const Cs3ProgramParams *params, GError **error) {
  return cs3_check_line(params, 1, MAX_WORDS, error);
}

static gboolean check_mesh(const Cs3ProgramParams *params, GError **error) {
  return cs3_check_words(params, MAX_WORDS, error);
}

static gboolean model_line(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  *form =
      cs3_form_broadcast(run->params.words, run->params.width, run->timing.ramp, run->timing.hop);
  return TRUE;
}

static gboolean model_mesh(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  *form = cs3_form_broadcast_2d(run->params.words, run->params.width, run->params.height,
                                run->timing.ramp, run->timing.hop);
  return TRUE;
}

const Cs3ProgramOps cs3_program_broadcast = {"broadcast",
                                             "PE 0 sends its words to all PEs of the row",
                                             "--pes Px1 --words B",
                                             check_line,
                                             build,
                                             verify,
                                             model_line};
const Cs3ProgramOps cs3_program_broadcast_2d = {
    "broadcast-2d",
    "PE (0,0) sends its words to all PEs: along row 0, then down the columns",
    "--pes WxH --words B",
    check_mesh,
    build,
    verify,
    model_mesh};
