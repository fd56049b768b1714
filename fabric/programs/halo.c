/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Exchange with the four neighbours, as a stencil makes it: every PE sends its words to each
 * neighbour, takes theirs, and adds them to its own. Its time must not grow with the mesh. */
#include "config.h"

#include "fabric/programs/common.h"
#include "fabric/programs/registry.h"

enum { TASK_START, TASK_ARRIVED, TASK_ADDED };
enum { REG_PENDING, REG_NEXT, N_REG };
/* Words in memory: own, then what came from the neighbour on side 0..3. */
enum { BUFFERS = 1 + CS3_RAMP };
#define MAX_WORDS 2048u

static const gint step_x[CS3_RAMP] = {[CS3_E] = 1, [CS3_W] = -1};
static const gint step_y[CS3_RAMP] = {[CS3_S] = 1, [CS3_N] = -1};

static gboolean inside(const Cs3ProgramParams *p, guint x, guint y, guint side) {
  gint nx = (gint)x + step_x[side], ny = (gint)y + step_y[side];
  return nx >= 0 && ny >= 0 && nx < (gint)p->width && ny < (gint)p->height;
}

/* Neighbours must differ in the colour on which they send to the same side. */
static guint colour(guint x, guint y, guint side) {
  return 2 * side + (step_x[side] != 0 ? x : y) % 2;
}

static guint opposite(guint side) {
  return side ^ 2u;
}

/* The colour on which the neighbour on @side sends here. */
static guint colour_from(guint x, guint y, guint side) {
  return colour(x + (guint)step_x[side], y + (guint)step_y[side], opposite(side));
}

static void transfer(Cs3Pe *pe, guint thread, Cs3Operand to, Cs3Operand from) {
  Cs3VectorOp op = {.code = CS3_OP_MOVE,
                    .type = CS3_TYPE_F32,
                    .n = cs3_run_of(pe)->params.words,
                    .dst = to,
                    .a = from,
                    .done = CS3_DONE_CALL,
                    .done_task = TASK_ARRIVED};
  ++*cs3_pe_register(pe, REG_PENDING);
  cs3_pe_launch(pe, thread, &op);
}

static guint start(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  guint x = cs3_pe_x(pe), y = cs3_pe_y(pe);
  for (guint side = 0; side < CS3_RAMP; side++) {
    if (!inside(p, x, y, side))
      continue;
    transfer(pe, 1 + side, CS3_FAB(colour(x, y, side)), CS3_MEM(0));
    transfer(pe, 5 + side, CS3_MEM((1 + side) * p->words * 4), CS3_FAB(colour_from(x, y, side)));
  }
  if (*cs3_pe_register(pe, REG_PENDING) == 0)
    cs3_pe_finish(pe);
  return 0;
}

/* Adds the next neighbour's words; the last addition ends the PE's part. */
static guint add_next(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  guint32 *next = cs3_pe_register(pe, REG_NEXT);
  while (*next < CS3_RAMP && !inside(p, cs3_pe_x(pe), cs3_pe_y(pe), *next))
    ++*next;
  if (*next == CS3_RAMP) {
    cs3_pe_finish(pe);
    return 0;
  }
  Cs3VectorOp op = {.code = CS3_OP_ADD,
                    .type = CS3_TYPE_F32,
                    .n = p->words,
                    .dst = CS3_MEM(0),
                    .a = CS3_MEM(0),
                    .b = CS3_MEM((1 + *next) * p->words * 4),
                    .done = CS3_DONE_CALL,
                    .done_task = TASK_ADDED};
  ++*next;
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

static guint arrived(Cs3Pe *pe, guint32 wavelet) {
  return --*cs3_pe_register(pe, REG_PENDING) == 0 ? add_next(pe, wavelet) : 0;
}

static gboolean check(const Cs3ProgramParams *p, GError **error) {
  return cs3_check_words(p, MAX_WORDS, error);
}

static guint32 init(gpointer user, guint x, guint y, guint word) {
  return word < ((const Cs3ProgramRun *)user)->params.words ? cs3_data_init(user, x, y, word) : 0;
}

static gboolean build(Cs3ProgramRun *run, GError **error) {
  const Cs3ProgramParams *p = &run->params;
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++) {
      Cs3Role role;
      cs3_role_clear(&role);
      role.n_threads = 9;
      role.registers = N_REG;
      role.memory_bytes = BUFFERS * p->words * 4;
      role.init = init;
      role.start_task = TASK_START;
      role.task[TASK_START] = start;
      role.task[TASK_ARRIVED] = arrived;
      role.task[TASK_ADDED] = add_next;
      for (guint side = 0; side < CS3_RAMP; side++) {
        if (!inside(p, x, y, side))
          continue;
        guint out = colour(x, y, side), in = colour_from(x, y, side);
        cs3_role_route(&role, out, 0, CS3_AT(CS3_RAMP), CS3_AT(side));
        cs3_role_route(&role, in, 0, CS3_AT(side), CS3_AT(CS3_RAMP));
        role.colour[out].most = role.colour[in].most =
            p->words <= G_MAXUINT8 ? (guint8)p->words : 0;
      }
      if (!cs3_place(run, x, y, &role, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean verify(const Cs3ProgramRun *run) {
  const Cs3ProgramParams *p = &run->params;
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++)
      for (guint i = 0; i < p->words; i++) {
        guint sum = cs3_data_value(x, y, i);
        for (guint side = 0; side < CS3_RAMP; side++)
          if (inside(p, x, y, side))
            sum += cs3_data_value(x + (guint)step_x[side], y + (guint)step_y[side], i);
        if (cs3_fabric_word(run->fabric, x, y, i) != cs3_bits_of_float((float)sum))
          return FALSE;
      }
  return TRUE;
}

const Cs3ProgramOps cs3_program_halo = {
    .name = "halo",
    .summary = "every PE exchanges its words with its four neighbours and adds theirs",
    .options = "--pes WxH --words B",
    .check = check,
    .build = build,
    .verify = verify,
};
