/* SPDX-License-Identifier: GPL-3.0-or-later */
/* All-reduce: the ring along a row, and the centre-rooted one of a whole mesh.
 *
 * Ring: PE i sends to i + 1 on a colour by parity, the last one to PE 0 past all others. P - 1
 * steps of reduce-scatter and P - 1 of all-gather move P-ths of the vector; in a step a microthread
 * sends while the main thread receives, and both share the datapath.
 *
 * Centre: every half row sends to its centre column, every half of the two centre columns to the
 * centre rows, the four PEs there meet at one, which broadcasts (Rocki et al., SC'20). Senders are
 * stars: a router passes its own word first, then the farther ones. */
#include "config.h"

#include "fabric/programs/common.h"
#include "fabric/programs/registry.h"

enum { TASK_START, TASK_NEXT, TASK_JOIN, TASK_DONE };
enum { REG_STEP, REG_PENDING, N_REG };
enum { COLOUR_EVEN, COLOUR_ODD, COLOUR_BACK };
#define MAX_WORDS 10752u

static guint chunk_start(const Cs3ProgramParams *p, guint chunk) {
  return (guint)((guint64)p->words * chunk / p->width);
}

static void ring_launch(Cs3Pe *pe, guint thread, gboolean sends, guint chunk, gboolean adds) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  guint x = cs3_pe_x(pe), from = chunk_start(p, chunk), n = chunk_start(p, chunk + 1) - from;
  if (!n)
    return;
  guint out = x + 1 == p->width ? COLOUR_BACK : x % 2, in = x == 0 ? COLOUR_BACK : (x + 1) % 2;
  Cs3VectorOp op = {.code = adds ? CS3_OP_ADD : CS3_OP_MOVE,
                    .type = CS3_TYPE_F32,
                    .n = n,
                    .dst = sends ? CS3_FAB(out) : CS3_MEM(4 * from),
                    .a = sends ? CS3_MEM(4 * from) : CS3_FAB(in),
                    .done = CS3_DONE_CALL,
                    .done_task = TASK_JOIN};
  if (adds)
    op.b = CS3_MEM(4 * from);
  cs3_pe_launch(pe, thread, &op);
  ++*cs3_pe_register(pe, REG_PENDING);
}

static guint ring_step(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  guint P = p->width, x = cs3_pe_x(pe), step = *cs3_pe_register(pe, REG_STEP);
  while (step < 2 * (P - 1)) {
    gboolean adds = step < P - 1;
    guint s = adds ? step : step - (P - 1), send = (x + (adds ? 0 : 1) + P - s) % P;
    ring_launch(pe, 1, TRUE, send, FALSE);
    ring_launch(pe, 0, FALSE, (send + P - 1) % P, adds);
    *cs3_pe_register(pe, REG_STEP) = ++step;
    if (*cs3_pe_register(pe, REG_PENDING))
      return 0;
  }
  cs3_pe_finish(pe);
  return 0;
}

static guint ring_join(Cs3Pe *pe, guint32 wavelet) {
  return --*cs3_pe_register(pe, REG_PENDING) ? 0 : ring_step(pe, 0);
}

static guint launch_after(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_after(pe, cs3_run_of(pe)->timing.launch, TASK_NEXT);
  return 0;
}

static void base_role(Cs3Role *role, guint words) {
  cs3_role_clear(role);
  role->memory_bytes = words * 4;
  role->init = cs3_data_init;
  role->registers = N_REG;
  role->start_task = TASK_START;
  role->task[TASK_START] = launch_after;
  role->task[TASK_DONE] = cs3_task_finish;
}

static gboolean ring_build(Cs3ProgramRun *run, GError **error) {
  guint P = run->params.width, ramp = CS3_AT(CS3_RAMP), e = CS3_AT(CS3_E), w = CS3_AT(CS3_W);
  for (guint x = 0; x < P; x++) {
    Cs3Role role;
    base_role(&role, run->params.words);
    role.n_threads = 2;
    role.task[TASK_NEXT] = ring_step;
    role.task[TASK_JOIN] = ring_join;
    if (x + 1 < P)
      cs3_role_route(&role, x % 2, 0, ramp, e);
    if (x > 0)
      cs3_role_route(&role, (x + 1) % 2, 0, w, ramp);
    if (P > 1)
      cs3_role_route(&role, COLOUR_BACK, 0, x + 1 == P ? ramp : e, x == 0 ? ramp : w);
    if (!cs3_place(run, x, 0, &role, error))
      return FALSE;
  }
  return TRUE;
}

static gboolean ring_check(const Cs3ProgramParams *p, GError **error) {
  return cs3_check_line(p, 1, MAX_WORDS, error);
}

static gboolean verify_everywhere(const Cs3ProgramRun *run) {
  g_autofree float *sum = cs3_sum_inputs(run);
  for (guint y = 0; y < run->params.height; y++)
    for (guint x = 0; x < run->params.width; x++)
      if (!cs3_verify_sum(run, sum, x, y))
        return FALSE;
  return TRUE;
}

static gboolean ring_model(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  *form = cs3_form_ring_all_reduce(run->params.words, run->params.width, run->timing.ramp,
                                   run->timing.hop);
  return run->params.width > 1;
}

/* Centre-rooted. Colours: to the centre column, to the centre row, the two last meetings,
 * broadcast. */
enum { C_ROW, C_COLUMN, C_MEET_X, C_MEET_Y, C_CAST };

typedef struct {
  guint left, top; /* the pair of centre columns is left and left + 1, of rows top and top + 1 */
} Centre;

static Centre centre_of(const Cs3ProgramParams *p) {
  return (Centre){(p->width - 1) / 2, (p->height - 1) / 2};
}

/* Along one line of @n: does position @i send, and towards higher positions? */
static gboolean line_sends(guint i, guint n, guint middle, gboolean *up) {
  *up = i < middle;
  return i != middle && !(i == middle + 1 && n > 1);
}

/* Vectors that centre position @i takes from its half of a line of @n. */
static guint line_children(guint i, guint n, guint middle) {
  return i == middle ? middle : i == middle + 1 && i < n ? n - 1 - i : 0;
}

static void add_star(Cs3Role *role, guint colour, guint i, guint n, guint middle,
                     guint toward_high) {
  gboolean up;
  guint high = CS3_AT(toward_high), low = CS3_AT(toward_high ^ 2u), ramp = CS3_AT(CS3_RAMP);
  if (!line_sends(i, n, middle, &up)) {
    if (line_children(i, n, middle))
      cs3_role_route(role, colour, 0, i == middle ? low : high, ramp);
    return;
  }
  cs3_role_route(role, colour, 0, ramp, up ? high : low);
  if (i > 0 && i + 1 < n)
    cs3_role_route(role, colour, 1, up ? low : high, up ? high : low);
}

/* What PE (x, y) does, in order; FALSE: nothing more. */
static gboolean centre_op(const Cs3ProgramParams *p, guint x, guint y, guint step,
                          Cs3VectorOp *op) {
  Centre c = centre_of(p);
  gboolean up, mid_x = !line_sends(x, p->width, c.left, &up);
  gboolean mid_y = !line_sends(y, p->height, c.top, &up);
  gboolean second_x = x == c.left + 1, second_y = y == c.top + 1;
  gboolean meets_x = mid_x && mid_y && !second_x && c.left + 1 < p->width;
  gboolean meets_y = x == c.left && y == c.top && c.top + 1 < p->height;
  guint row = mid_x ? line_children(x, p->width, c.left) : 0;
  guint column = mid_x && mid_y ? line_children(y, p->height, c.top) : 0;
  *op = (Cs3VectorOp){.code = CS3_OP_ADD,
                      .type = CS3_TYPE_F32,
                      .n = p->words,
                      .dst = CS3_MEM(0),
                      .a = CS3_MEM(0),
                      .done = CS3_DONE_CALL,
                      .done_task = TASK_NEXT};
  gboolean scalar = p->words == 1; /* then one operation takes the words of a whole half line */
  guint row_words = scalar ? row : p->words, column_words = scalar ? column : p->words;
  row = scalar ? row > 0 : row;
  column = scalar ? column > 0 : column;
  if (step < row + column + meets_x + meets_y) {
    op->n = step < row ? row_words : step < row + column ? column_words : p->words;
    if (scalar)
      op->dst = op->a = CS3_CELL(0);
    op->b = CS3_FAB(step < row                      ? C_ROW
                    : step < row + column           ? C_COLUMN
                    : step < row + column + meets_x ? C_MEET_X
                                                    : C_MEET_Y);
    return TRUE;
  }
  step -= row + column + meets_x + meets_y;
  gboolean root = x == c.left && y == c.top, alone = p->width * p->height == 1;
  op->code = CS3_OP_MOVE;
  if (step == 0 && !(root && alone)) {
    guint to = root       ? C_CAST
               : !mid_x   ? C_ROW
               : !mid_y   ? C_COLUMN
               : second_x ? C_MEET_X
               : second_y ? C_MEET_Y
                          : C_CAST;
    op->dst = CS3_FAB(to);
    op->tail = to <= C_COLUMN ? CS3_TAIL_STEP : CS3_TAIL_NONE;
    return TRUE;
  }
  op->a = CS3_FAB(C_CAST);
  return step == 1 && !root;
}

static guint centre_next(Cs3Pe *pe, guint32 wavelet) {
  Cs3VectorOp op;
  if (centre_op(&cs3_run_of(pe)->params, cs3_pe_x(pe), cs3_pe_y(pe),
                (*cs3_pe_register(pe, REG_STEP))++, &op))
    cs3_pe_launch(pe, 0, &op);
  else
    cs3_pe_finish(pe);
  return 0;
}

/* From the root along its column both ways, and from the column along the rows. */
static void add_cast(const Cs3ProgramParams *p, Cs3Role *role, guint x, guint y) {
  Centre c = centre_of(p);
  guint rx = CS3_AT(CS3_RAMP), tx = 0;
  if (x <= c.left && x > 0)
    tx |= CS3_AT(CS3_W);
  if (x >= c.left && x + 1 < p->width)
    tx |= CS3_AT(CS3_E);
  if (x != c.left)
    rx = x < c.left ? CS3_AT(CS3_E) : CS3_AT(CS3_W);
  if (x == c.left) {
    if (y <= c.top && y > 0)
      tx |= CS3_AT(CS3_N);
    if (y >= c.top && y + 1 < p->height)
      tx |= CS3_AT(CS3_S);
    if (y != c.top)
      rx = y < c.top ? CS3_AT(CS3_S) : CS3_AT(CS3_N);
  }
  if (x != c.left || y != c.top)
    tx |= CS3_AT(CS3_RAMP);
  if (tx)
    cs3_role_route(role, C_CAST, 0, rx, tx);
}

static gboolean centre_build(Cs3ProgramRun *run, GError **error) {
  const Cs3ProgramParams *p = &run->params;
  Centre c = centre_of(p);
  guint ramp = CS3_AT(CS3_RAMP);
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++) {
      Cs3Role role;
      gboolean up, mid_y = !line_sends(y, p->height, c.top, &up);
      base_role(&role, p->words);
      role.task[TASK_NEXT] = centre_next;
      add_star(&role, C_ROW, x, p->width, c.left, CS3_E);
      if (x == c.left || x == c.left + 1)
        add_star(&role, C_COLUMN, y, p->height, c.top, CS3_S);
      if (mid_y && c.left + 1 < p->width && (x == c.left || x == c.left + 1))
        cs3_role_route(&role, C_MEET_X, 0, x == c.left ? CS3_AT(CS3_E) : ramp,
                       x == c.left ? ramp : CS3_AT(CS3_W));
      if (x == c.left && c.top + 1 < p->height && (y == c.top || y == c.top + 1))
        cs3_role_route(&role, C_MEET_Y, 0, y == c.top ? CS3_AT(CS3_S) : ramp,
                       y == c.top ? ramp : CS3_AT(CS3_N));
      add_cast(p, &role, x, y);
      if (!cs3_place(run, x, y, &role, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean centre_check(const Cs3ProgramParams *p, GError **error) {
  return cs3_check_words(p, MAX_WORDS, error);
}

const Cs3ProgramOps cs3_program_ring = {
    "ring",
    "all-reduce on a ring along a row: reduce-scatter, then all-gather",
    "--pes Px1 --words B",
    ring_check,
    ring_build,
    verify_everywhere,
    ring_model};
const Cs3ProgramOps cs3_program_centre = {
    "centre",
    "all-reduce of a mesh: rows to the centre columns, those to the centre, broadcast",
    "--pes WxH --words B",
    centre_check,
    centre_build,
    verify_everywhere,
    NULL};
