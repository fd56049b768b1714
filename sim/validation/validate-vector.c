/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Suite "pe", method "vector": one vector operation in the memory of one PE of the event fabric. */
#include "config.h"

#include "sim/validation/validate-vector.h"

#include <string.h>

#include "fabric/event/pe.h"
#include "base/config-error.h"

/* What the PE is to do; its tasks read it through the fabric's user pointer. */
typedef struct {
  guint code, type, elements, repeats;
  guint done;
} Work;

enum { TASK_NEXT };
enum { MAX_ELEMENTS = 10752 };

static guint next(Cs3Pe *pe, guint32 wavelet) {
  Work *work = cs3_pe_user(pe);
  if (work->done++ == work->repeats) {
    cs3_pe_finish(pe);
    return 0;
  }
  Cs3VectorOp op = {.code = (guint8)work->code,
                    .type = (guint8)work->type,
                    .n = work->elements,
                    .dst = work->code == CS3_OP_DOT ? CS3_CELL(0) : CS3_MEM(0),
                    .a = CS3_MEM(0), /* one vector for all operands: only the time is asked for */
                    .b = CS3_MEM(0),
                    .done = CS3_DONE_CALL,
                    .done_task = TASK_NEXT};
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

/* Cycles from the first dispatch to the end of the last operation. */
static gboolean run(const Cs3EventTiming *timing, Work work, double *cycles, GError **error) {
  g_autoptr(Cs3Fabric) fabric = cs3_fabric_new(1, 1, timing, &work, error);
  Cs3Role role;
  guint id;
  cs3_role_clear(&role);
  role.memory_bytes = 4 * work.elements;
  role.start_task = TASK_NEXT;
  role.task[TASK_NEXT] = next;
  if (fabric == NULL || !cs3_fabric_add_role(fabric, &role, &id, error))
    return FALSE;
  cs3_fabric_set_role(fabric, 0, 0, id);
  if (!cs3_fabric_run(fabric, error))
    return FALSE;
  Cs3FabricStats stats;
  cs3_fabric_stats(fabric, &stats);
  *cycles = (double)stats.cycles - timing->task_start;
  return TRUE;
}

/* Index of @word in @names, or -1. */
static int find(const char *word, const char *const *names) {
  for (int i = 0; word != NULL && names[i] != NULL; i++)
    if (strcmp(word, names[i]) == 0)
      return i;
  return -1;
}

static gboolean bad_work(const Cs3ValidationRow *row, GError **error) {
  g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_VALUE,
              "%s: arguments: expected move, add, mul, fma or dot, then u32, f32 or f16, then "
              "elements=1..%d and repeats=1..1000",
              row->where, MAX_ELEMENTS);
  return FALSE;
}

static gboolean read_work(const Cs3ValidationRow *row, Work *work, char ***rest, GError **error) {
  static const char *const keys[] = {"elements", "repeats", NULL};
  static const char *const codes[] = {
      [CS3_OP_MOVE] = "move", [CS3_OP_ADD] = "add", [CS3_OP_MUL] = "mul",
      [CS3_OP_FMA] = "fma",   [CS3_OP_DOT] = "dot", NULL};
  static const char *const types[] = {[CS3_TYPE_U32] = "u32",
                                      [CS3_TYPE_F32] = "f32",
                                      [CS3_TYPE_F16X2] = "-",
                                      [CS3_TYPE_F16] = "f16",
                                      NULL};
  double v[2];
  if (!cs3_validation_values(row, keys, v, rest, error))
    return FALSE;
  int code = find((*rest)[0], codes), type = code >= 0 ? find((*rest)[1], types) : -1;
  if (type < 0 || type == CS3_TYPE_F16X2 || !(v[0] >= 1 && v[0] <= MAX_ELEMENTS) ||
      !(v[1] >= 1 && v[1] <= 1000))
    return bad_work(row, error);
  *work = (Work){
      .code = (guint)code, .type = (guint)type, .elements = (guint)v[0], .repeats = (guint)v[1]};
  return TRUE;
}

gboolean cs3_validation_vector(Cs3ValidationSession *session, const Cs3ValidationRow *row,
                               double *value, GError **error) {
  static const char *const results[] = {"cycles", "rate", "setup", "cost", NULL};
  g_auto(GStrv) rest = NULL;
  Work work;
  Cs3EventTiming timing;
  double once, half = 0;
  if (!read_work(row, &work, &rest, error))
    return FALSE;
  g_autoptr(Cs3Scenario) scenario =
      cs3_validation_scenario(session, row, (const char *const *)rest + 2, error);
  if (scenario == NULL || !cs3_event_timing_init(&timing, &scenario->machine->hw, error) ||
      !run(&timing, work, &once, error))
    return FALSE;
  int wanted = find(row->result, results);
  if (wanted < 0) {
    g_set_error(error, CS3_CONFIG_ERROR, CS3_CONFIG_ERROR_UNKNOWN,
                "%s: result: '%s' is not one of cycles, rate, setup, cost", row->where,
                row->result);
    return FALSE;
  }
  work.elements /= 2;
  if (wanted > 0 && !run(&timing, work, &half, error))
    return FALSE;
  double elements = work.elements;
  *value = wanted == 0   ? once
           : wanted == 1 ? elements / (once - half)
           : wanted == 2 ? 2 * half - once
                         : (once - half) / elements;
  return TRUE;
}
