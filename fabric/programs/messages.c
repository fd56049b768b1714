/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Point to point along a row: message, stream, ping-pong, store-and-forward relay, two senders on
 * one link. Times count from the dispatch of the first send unless said otherwise. */
#include "config.h"

#include "fabric/programs/common.h"
#include "fabric/programs/registry.h"

enum { TASK_START, TASK_DONE, TASK_SEND, TASK_TURN };
enum { REG_ROUNDS };
#define MAX_WORDS 10752u

static gboolean check_pair(const Cs3ProgramParams *params, GError **error) {
  return cs3_check_line(params, 2, MAX_WORDS, error);
}

static void base_role(Cs3Role *role, guint words, Cs3TaskFunc start) {
  cs3_role_clear(role);
  role->memory_bytes = words * 4;
  role->registers = 1;
  role->start_task = TASK_START;
  role->task[TASK_START] = start;
  role->task[TASK_DONE] = cs3_task_finish;
}

static Cs3VectorOp move(Cs3Operand dst, Cs3Operand a, guint n, Cs3Done done, guint task) {
  return (Cs3VectorOp){.code = CS3_OP_MOVE,
                       .type = CS3_TYPE_U32,
                       .n = n,
                       .dst = dst,
                       .a = a,
                       .done = (guint8)done,
                       .done_task = (guint8)task};
}

/* message: from PE P-1 westwards to PE 0 on colour 0. */
static guint message_start(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  Cs3VectorOp send = move(CS3_FAB(0), CS3_MEM(0), p->words, CS3_DONE_NOTHING, 0);
  Cs3VectorOp receive = move(CS3_MEM(0), CS3_FAB(0), p->words, CS3_DONE_CALL, TASK_DONE);
  cs3_pe_launch(pe, 0, cs3_pe_x(pe) ? &send : &receive);
  return 0;
}

static gboolean message_build(Cs3ProgramRun *run, GError **error) {
  guint end = run->params.width - 1;
  run->clock_start = run->timing.task_start;
  for (guint x = 0; x <= end; x++) {
    Cs3Role role;
    base_role(&role, run->params.words, message_start);
    role.init = x == end ? cs3_data_init : NULL;
    if (x > 0 && x < end)
      role.start_task = -1;
    cs3_role_route(&role, 0, 0, x == end ? CS3_AT(CS3_RAMP) : CS3_AT(CS3_E),
                   x == 0 ? CS3_AT(CS3_RAMP) : CS3_AT(CS3_W));
    if (!cs3_place(run, x, 0, &role, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean same_words(const Cs3ProgramRun *run, guint from, guint to) {
  for (guint i = 0; i < run->params.words; i++)
    if (cs3_fabric_word(run->fabric, to, 0, i) !=
        cs3_bits_of_float((float)cs3_data_value(from, 0, i)))
      return FALSE;
  return TRUE;
}

static gboolean message_verify(const Cs3ProgramRun *run) {
  return same_words(run, run->params.width - 1, 0);
}

static gboolean message_model(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  *form =
      cs3_form_message(run->params.words, run->params.width - 1, run->timing.ramp, run->timing.hop);
  return TRUE;
}

/* stream: any number of words between neighbours; the receiver adds them up. */
static gboolean stream_check(const Cs3ProgramParams *params, GError **error) {
  return cs3_check_line(params, 2, 1u << 24, error);
}

static guint stream_start(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  Cs3VectorOp op = move(CS3_FAB(0), CS3_SCALAR(3), p->words, CS3_DONE_NOTHING, 0);
  if (cs3_pe_x(pe) == 0) {
    op = move(CS3_CELL(0), CS3_CELL(0), p->words, CS3_DONE_CALL, TASK_DONE);
    op.code = CS3_OP_ADD;
    op.b = CS3_FAB(0);
  }
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

static gboolean stream_build(Cs3ProgramRun *run, GError **error) {
  guint end = run->params.width - 1;
  run->clock_start = run->timing.task_start;
  for (guint x = 0; x <= end; x++) {
    Cs3Role role;
    base_role(&role, 1, stream_start);
    if (x > 0 && x < end)
      role.start_task = -1;
    cs3_role_route(&role, 0, 0, x == end ? CS3_AT(CS3_RAMP) : CS3_AT(CS3_E),
                   x == 0 ? CS3_AT(CS3_RAMP) : CS3_AT(CS3_W));
    if (!cs3_place(run, x, 0, &role, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean stream_verify(const Cs3ProgramRun *run) {
  return cs3_fabric_word(run->fabric, 0, 0, 0) == 3 * run->params.words;
}

/* ping-pong: PE 0 sends east on colour 0, PE P-1 answers west on colour 1. */
static guint ping(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  Cs3VectorOp op = move(CS3_FAB(0), CS3_MEM(0), p->words, CS3_DONE_CALL, TASK_TURN);
  if (cs3_pe_x(pe))
    op = move(CS3_MEM(0), CS3_FAB(0), p->words, CS3_DONE_CALL, TASK_TURN);
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

static guint pong(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  guint round = ++*cs3_pe_register(pe, REG_ROUNDS);
  guint after = round == p->rounds ? TASK_DONE : TASK_SEND;
  Cs3VectorOp op = move(CS3_MEM(0), CS3_FAB(1), p->words, CS3_DONE_CALL, after);
  if (cs3_pe_x(pe))
    op = move(CS3_FAB(1), CS3_MEM(0), p->words, CS3_DONE_CALL, after);
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

static gboolean ping_check(const Cs3ProgramParams *params, GError **error) {
  if (params->rounds < 1 || params->rounds > 1000000)
    return cs3_program_invalid(error, "--rounds %u: 1 to 1000000", params->rounds);
  return check_pair(params, error);
}

static gboolean ping_build(Cs3ProgramRun *run, GError **error) {
  guint end = run->params.width - 1;
  run->clock_start = run->timing.task_start;
  for (guint x = 0; x <= end; x++) {
    Cs3Role role;
    base_role(&role, run->params.words, ping);
    role.init = x == 0 ? cs3_data_init : NULL;
    role.task[TASK_SEND] = ping;
    role.task[TASK_TURN] = pong;
    if (x > 0 && x < end)
      role.start_task = -1;
    guint ramp = CS3_AT(CS3_RAMP);
    cs3_role_route(&role, 0, 0, x == 0 ? ramp : CS3_AT(CS3_W), x == end ? ramp : CS3_AT(CS3_E));
    cs3_role_route(&role, 1, 0, x == end ? ramp : CS3_AT(CS3_E), x == 0 ? ramp : CS3_AT(CS3_W));
    if (!cs3_place(run, x, 0, &role, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean ping_model(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  message_model(run, form);
  *form = cs3_form_times(*form, 2 * run->params.rounds);
  form->links *= 2; /* there and back */
  return TRUE;
}

static gboolean ping_verify(const Cs3ProgramRun *run) {
  return same_words(run, 0, run->params.width - 1) && same_words(run, 0, 0);
}

/* relay: every PE takes the whole vector, then, in a task of its own, sends it on. */
static guint relay_send(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramRun *run = cs3_run_of(pe);
  guint x = cs3_pe_x(pe);
  if (x + 1 < run->params.width) {
    Cs3VectorOp op = move(CS3_FAB(x % 2), CS3_MEM(0), run->params.words, CS3_DONE_NOTHING, 0);
    cs3_pe_launch(pe, 0, &op);
  }
  return 0;
}

static guint relay_start(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramRun *run = cs3_run_of(pe);
  guint x = cs3_pe_x(pe);
  if (x == 0) {
    cs3_pe_after(pe, run->timing.launch, TASK_SEND);
    return 0;
  }
  gboolean last = x + 1 == run->params.width;
  Cs3VectorOp op = move(CS3_MEM(0), CS3_FAB((x + 1) % 2), run->params.words,
                        last ? CS3_DONE_CALL : CS3_DONE_ACTIVATE, last ? TASK_DONE : TASK_SEND);
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

static gboolean relay_build(Cs3ProgramRun *run, GError **error) {
  guint end = run->params.width - 1;
  for (guint x = 0; x <= end; x++) {
    Cs3Role role;
    base_role(&role, run->params.words, relay_start);
    role.init = x == 0 ? cs3_data_init : NULL;
    role.task[TASK_SEND] = relay_send;
    if (x < end)
      cs3_role_route(&role, x % 2, 0, CS3_AT(CS3_RAMP), CS3_AT(CS3_E));
    if (x > 0)
      cs3_role_route(&role, (x + 1) % 2, 0, CS3_AT(CS3_W), CS3_AT(CS3_RAMP));
    if (!cs3_place(run, x, 0, &role, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean relay_model(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  guint stages = run->params.width - 1;
  Cs3ClosedForm stage = cs3_form_message(run->params.words, 1, run->timing.ramp, run->timing.hop);
  *form = cs3_form_times(stage, stages);
  form->links = stages;
  return TRUE;
}

static gboolean relay_verify(const Cs3ProgramRun *run) {
  return same_words(run, 0, run->params.width - 1);
}

/* two-senders: PE 0 through PE 1 and PE 1 itself, both to PE 2 over the same link. */
static guint two_start(Cs3Pe *pe, guint32 wavelet) {
  guint words = cs3_run_of(pe)->params.words, x = cs3_pe_x(pe);
  for (guint c = 0; c < 2; c++) {
    Cs3VectorOp op = move(CS3_MEM(c * words * 4), CS3_FAB(c), words, CS3_DONE_ACTIVATE, TASK_DONE);
    if (x < 2)
      op = move(CS3_FAB(x), CS3_MEM(0), words, CS3_DONE_NOTHING, 0);
    if (x == 2 || x == c)
      cs3_pe_launch(pe, x < 2 ? 0 : 1 + c, &op);
  }
  return 0;
}

static gboolean two_check(const Cs3ProgramParams *params, GError **error) {
  if (params->width != 3)
    return cs3_program_invalid(error, "--pes %ux%u: two-senders runs on --pes 3x1", params->width,
                               params->height);
  return cs3_check_line(params, 3, MAX_WORDS / 2, error);
}

static gboolean two_build(Cs3ProgramRun *run, GError **error) {
  guint ramp = CS3_AT(CS3_RAMP), e = CS3_AT(CS3_E), w = CS3_AT(CS3_W);
  run->clock_start = run->timing.task_start;
  for (guint x = 0; x < 3; x++) {
    Cs3Role role;
    base_role(&role, run->params.words * (x == 2 ? 2 : 1), two_start);
    role.init = x < 2 ? cs3_data_init : NULL;
    role.n_threads = x == 2 ? 3 : 1;
    if (x != 1)
      cs3_role_route(&role, 0, 0, x ? w : ramp, x ? ramp : e);
    else
      cs3_role_route(&role, 0, 0, w, e);
    if (x)
      cs3_role_route(&role, 1, 0, x == 1 ? ramp : w, x == 1 ? e : ramp);
    if (!cs3_place(run, x, 0, &role, error))
      return FALSE;
  }
  return TRUE;
}

/* All words pass one link and one ramp. */
static gboolean two_model(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  *form = (Cs3ClosedForm){.energy = 3.0 * run->params.words,
                          .contention = 2.0 * run->params.words,
                          .distance = 2,
                          .depth = 1,
                          .links = 2};
  form->cycles = cs3_form_reduce_time(form, run->timing.ramp, run->timing.hop);
  return TRUE;
}

static gboolean two_verify(const Cs3ProgramRun *run) {
  guint words = run->params.words;
  for (guint i = 0; i < 2 * words; i++)
    if (cs3_fabric_word(run->fabric, 2, 0, i) !=
        cs3_bits_of_float((float)cs3_data_value(i / words, 0, i % words)))
      return FALSE;
  return TRUE;
}

const Cs3ProgramOps cs3_program_message = {
    "message",
    "one message from PE P-1 westwards to PE 0, from dispatch to the receive task",
    "--pes Px1 --words B",
    check_pair,
    message_build,
    message_verify,
    message_model};
const Cs3ProgramOps cs3_program_stream = {
    "stream",
    "a stream of any length from PE P-1 to PE 0, added up on arrival",
    "--pes Px1 --words B",
    stream_check,
    stream_build,
    stream_verify,
    message_model};
const Cs3ProgramOps cs3_program_ping_pong = {"ping-pong",
                                             "round trips between PE 0 and PE P-1, on one clock",
                                             "--pes Px1 --words B --rounds N",
                                             ping_check,
                                             ping_build,
                                             ping_verify,
                                             ping_model};
const Cs3ProgramOps cs3_program_relay = {
    "relay",
    "store-and-forward of a whole vector from PE to PE along a row",
    "--pes Px1 --words B",
    check_pair,
    relay_build,
    relay_verify,
    relay_model};
const Cs3ProgramOps cs3_program_two_senders = {"two-senders",
                                               "two streams that share one link",
                                               "--pes 3x1 --words B",
                                               two_check,
                                               two_build,
                                               two_verify,
                                               two_model};
