/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reductions along a line of PEs in pre-order trees: star, chain, binary tree, two-phase,
 * auto-generated; X-Y and snake on a mesh; reduce then broadcast.
 *
 * A PE receives from its children nearest first, adds all but the last into its memory, streams the
 * last (adding while forwarding), and then lets the others pass. Two colours alternate with the
 * depth in the tree. A PE's own colour takes its RAMP first and, stepped after its last word, the
 * line. The colour of its children goes to its RAMP, and passes once the last child's control
 * wavelet has moved it (HPDC 2024 artifact, spcl/spatial-collectives). */
#include "config.h"

#include "fabric/programs/common.h"
#include "fabric/programs/registry.h"

#include <math.h>
#include <string.h>

/* One PE's place in the tree of one line. */
typedef struct {
  guint16 children;
  guint8 odd;  /* depth parity: which colour it receives on */
  guint8 tail; /* Cs3Tail after its last word */
  gboolean root, last;
  gboolean passes;     /* wavelets of others pass the line later: second switch positions exist */
  gboolean store;      /* adds every child into memory and sends in a second operation */
  guint8 toward, from; /* ports to the root and away from it */
} Place;

typedef struct {
  guint n_stages;  /* 1: x; 2: x then y */
  Place *stage[2]; /* [0] by x (or snake index), [1] by y */
  gboolean snake, broadcast;
  guint extra; /* cycles of role code beyond `launch` */
} Plan;

enum { TASK_START, TASK_NEXT, TASK_DONE };
enum { REG_STEP };
enum { COLOUR_BROADCAST = 4 };

static void plan_free(gpointer data) {
  Plan *plan = data;
  g_free(plan->stage[0]);
  g_free(plan->stage[1]);
  g_free(plan);
}

static guint snake_index(const Cs3ProgramRun *run, guint x, guint y) {
  return y * run->params.width + (y % 2 ? run->params.width - 1 - x : x);
}

/* The PE's place in stage @stage, or NULL when it takes no part. */
static const Place *place_of(const Cs3ProgramRun *run, guint stage, guint x, guint y) {
  const Plan *plan = run->data;
  if (plan->snake)
    return stage == 0 ? &plan->stage[0][snake_index(run, x, y)] : NULL;
  if (stage == 0)
    return &plan->stage[0][x];
  return stage < plan->n_stages && x == 0 ? &plan->stage[1][y] : NULL;
}

static guint receive_colour(const Place *place, guint stage) {
  return 2 * stage + place->odd;
}

static guint send_colour(const Place *place, guint stage) {
  return 2 * stage + !place->odd;
}

/* Operation @step of @place, or FALSE when the stage is over. */
static gboolean stage_op(const Place *place, guint stage, guint step, guint words,
                         Cs3VectorOp *op) {
  gboolean streams = place->children && !place->root && !place->store;
  guint stored = place->children - streams;
  *op = (Cs3VectorOp){.code = CS3_OP_ADD,
                      .type = CS3_TYPE_F32,
                      .n = words,
                      .dst = CS3_MEM(0),
                      .a = CS3_MEM(0),
                      .b = CS3_FAB(receive_colour(place, stage)),
                      .done = CS3_DONE_CALL,
                      .done_task = TASK_NEXT};
  if (step < stored)
    return TRUE;
  if (place->root || step > stored)
    return FALSE;
  op->dst = CS3_FAB(send_colour(place, stage));
  if (!streams) {
    op->code = CS3_OP_MOVE;
    op->b = (Cs3Operand){0};
  }
  op->tail = place->tail;
  op->tail_data = CS3_CMD_ADVANCE;
  return TRUE;
}

static guint steps_of(const Place *place) {
  return place->children + (!place->root && (!place->children || place->store));
}

static void launch_broadcast(Cs3Pe *pe, const Cs3ProgramRun *run, gboolean root) {
  Cs3VectorOp op = {.code = CS3_OP_MOVE,
                    .type = CS3_TYPE_F32,
                    .n = run->params.words,
                    .dst = root ? CS3_FAB(COLOUR_BROADCAST) : CS3_MEM(0),
                    .a = root ? CS3_MEM(0) : CS3_FAB(COLOUR_BROADCAST),
                    .done = CS3_DONE_CALL,
                    .done_task = TASK_DONE};
  cs3_pe_launch(pe, 0, &op);
}

static guint next(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramRun *run = cs3_run_of(pe);
  const Plan *plan = run->data;
  guint step = (*cs3_pe_register(pe, REG_STEP))++;
  const Place *place = NULL;
  for (guint stage = 0; stage < plan->n_stages; stage++) {
    place = place_of(run, stage, cs3_pe_x(pe), cs3_pe_y(pe));
    if (!place)
      break;
    Cs3VectorOp op;
    guint steps = steps_of(place);
    if (step < steps && stage_op(place, stage, step, run->params.words, &op)) {
      cs3_pe_launch(pe, 0, &op);
      return 0;
    }
    step -= steps;
  }
  if (plan->broadcast && run->params.width > 1)
    launch_broadcast(pe, run, cs3_pe_x(pe) == 0);
  else
    cs3_pe_finish(pe);
  return 0;
}

static guint start(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramRun *run = cs3_run_of(pe);
  cs3_pe_after(pe, run->timing.launch + ((const Plan *)run->data)->extra, TASK_NEXT);
  return 0;
}

static void add_stage(Cs3Role *role, const Place *place, guint stage) {
  guint in = receive_colour(place, stage), out = send_colour(place, stage);
  guint from = CS3_AT(place->from), toward = CS3_AT(place->toward), ramp = CS3_AT(CS3_RAMP);
  if (!place->root)
    cs3_role_route(role, out, 0, ramp, toward);
  if (place->last)
    return;
  if (place->root) {
    /* The other colour never arrives; its neighbour may be switched to it. */
    cs3_role_route(role, in, 0, from, ramp);
    cs3_role_route(role, out, 0, from, ramp);
    return;
  }
  if (place->passes)
    cs3_role_route(role, out, 1, from, toward);
  cs3_role_route(role, in, 0, from, place->children ? ramp : toward);
  if (place->children && place->tail != CS3_TAIL_NONE)
    cs3_role_route(role, in, 1, from, toward);
}

static void add_broadcast(const Cs3ProgramRun *run, Cs3Role *role, guint x) {
  gboolean end = x + 1 == run->params.width;
  if (run->params.width == 1)
    return;
  if (x == 0)
    cs3_role_route(role, COLOUR_BROADCAST, 0, CS3_AT(CS3_RAMP), CS3_AT(CS3_E));
  else
    cs3_role_route(role, COLOUR_BROADCAST, 0, CS3_AT(CS3_W),
                   CS3_AT(CS3_RAMP) | (end ? 0 : CS3_AT(CS3_E)));
}

static gboolean place_roles(Cs3ProgramRun *run, GError **error) {
  const Plan *plan = run->data;
  for (guint y = 0; y < run->params.height; y++)
    for (guint x = 0; x < run->params.width; x++) {
      Cs3Role role;
      cs3_role_clear(&role);
      role.memory_bytes = run->params.words * 4;
      role.init = cs3_data_init;
      role.registers = 1;
      role.start_task = TASK_START;
      role.task[TASK_START] = start;
      role.task[TASK_NEXT] = next;
      role.task[TASK_DONE] = cs3_task_finish;
      for (guint stage = 0; stage < plan->n_stages; stage++) {
        const Place *place = place_of(run, stage, x, y);
        if (place)
          add_stage(&role, place, stage);
      }
      if (plan->broadcast)
        add_broadcast(run, &role, x);
      if (!cs3_place(run, x, y, &role, error))
        return FALSE;
    }
  return TRUE;
}

/* Fills depth parity and children from parent[]; leaves tails alone. */
static Place *places_from_parents(const guint *parent, guint n) {
  Place *place = g_new0(Place, n);
  for (guint i = 0; i < n; i++) {
    place[i].root = i == 0;
    place[i].last = i + 1 == n;
    place[i].toward = CS3_W;
    place[i].from = CS3_E;
    if (i) {
      place[parent[i]].children++;
      place[i].odd = !place[parent[i]].odd;
    }
  }
  return place;
}

static void note_passing(Place *place, guint n) {
  gboolean any = FALSE;
  for (guint i = 0; i < n; i++)
    any |= place[i].tail != CS3_TAIL_NONE;
  for (guint i = 0; i < n; i++)
    place[i].passes = any;
}

/* The last child of a PE through which others pass later sends a control wavelet; the other PEs
 * step their own router. Nothing passes PEs that hang on the line's end. */
static void general_tails(Place *place, const guint *parent, guint n) {
  g_autofree guint *last_child = g_new0(guint, n), *end = g_new(guint, n);
  for (guint i = n; i-- > 0;) {
    end[i] = MAX(i, last_child[i] ? end[last_child[i]] : i);
    if (i && !last_child[parent[i]])
      last_child[parent[i]] = i;
  }
  for (guint i = 1; i < n; i++) {
    if (end[i] + 1 == n)
      continue; /* nothing is left to pass */
    place[i].tail = CS3_TAIL_STEP;
    if (last_child[parent[i]] == i && parent[i] && end[parent[i]] + 1 < n)
      place[i].tail = CS3_TAIL_CONTROL;
  }
  note_passing(place, n);
}

static Place *chain_places(guint n) {
  g_autofree guint *parent = g_new0(guint, n);
  for (guint i = 1; i < n; i++)
    parent[i] = i - 1;
  return places_from_parents(parent, n);
}

static Place *star_places(guint n) {
  g_autofree guint *parent = g_new0(guint, n);
  Place *place = places_from_parents(parent, n);
  general_tails(place, parent, n);
  return place;
}

/* Binary tree over the line: PE i hangs on i with its lowest set bit cleared. */
static Place *tree_places(guint n) {
  g_autofree guint *parent = g_new0(guint, n);
  for (guint i = 1; i < n; i++)
    parent[i] = i & (i - 1);
  Place *place = places_from_parents(parent, n);
  general_tails(place, parent, n);
  return place;
}

static guint group_size(guint group, guint n) {
  return group ? group : MAX(1, (guint)lrint(sqrt(n)));
}

static Place *two_phase_places(guint n, guint group, guint version) {
  guint S = group_size(group, n);
  if (S >= n)
    return chain_places(n);
  g_autofree guint *parent = g_new0(guint, n);
  for (guint i = 1; i < n; i++)
    parent[i] = i % S ? i - 1 : i - S;
  Place *place = places_from_parents(parent, n);
  for (guint i = 1; i < n; i++)
    place[i].tail = i % S == 0 ? CS3_TAIL_NONE : i % S == 1 ? CS3_TAIL_STEP : CS3_TAIL_CONTROL;
  note_passing(place, n);
  if (version == 1)
    place[(n - 1) / S * S].store = TRUE;
  return place;
}

static void auto_parents(const Cs3TreeTable *table, guint root, guint n, guint depth,
                         guint *parent) {
  while (n > 1) {
    while (depth > 1 && cs3_tree_split(table, n, depth) == n)
      depth--;
    guint keep = cs3_tree_split(table, n, depth);
    parent[root + keep] = root;
    auto_parents(table, root + keep, n - keep, depth - 1, parent);
    n = keep;
  }
}

static Place *auto_places(guint n, guint words, const Cs3EventTiming *timing) {
  g_autofree guint *parent = g_new0(guint, n);
  g_autoptr(Cs3TreeTable) table = cs3_tree_table_new(n, CS3_TREE_MAX_DEPTH);
  auto_parents(table, 0, n, cs3_tree_best_depth(table, words, n, timing->ramp, timing->hop),
               parent);
  Place *place = places_from_parents(parent, n);
  general_tails(place, parent, n);
  return place;
}

/* Hands the plan to the run and places the roles. */
static gboolean build_plan(Cs3ProgramRun *run, Place *x, Place *y, guint extra, gboolean snake,
                           gboolean broadcast, GError **error) {
  Plan *plan = g_new0(Plan, 1);
  *plan = (Plan){.n_stages = y ? 2 : 1,
                 .stage = {x, y},
                 .snake = snake,
                 .broadcast = broadcast,
                 .extra = extra};
  run->data = plan;
  run->data_free = plan_free;
  return place_roles(run, error);
}

#define MAX_WORDS 12288u
static gboolean check_line(const Cs3ProgramParams *params, GError **error) {
  return cs3_check_line(params, 1, MAX_WORDS, error);
}

static gboolean check_mesh(const Cs3ProgramParams *params, GError **error) {
  return cs3_check_words(params, MAX_WORDS, error);
}

static gboolean check_two_phase(const Cs3ProgramParams *params, GError **error) {
  if (params->group > params->width)
    return cs3_program_invalid(error, "--group %u: a group is at most the line, 1 to %u PEs",
                               params->group, params->width);
  return check_line(params, error);
}

static gboolean verify_root(const Cs3ProgramRun *run) {
  g_autofree float *sum = cs3_sum_inputs(run);
  return cs3_verify_sum(run, sum, 0, 0);
}

static gboolean verify_all(const Cs3ProgramRun *run) {
  g_autofree float *sum = cs3_sum_inputs(run);
  for (guint x = 0; x < run->params.width; x++)
    if (!cs3_verify_sum(run, sum, x, 0))
      return FALSE;
  return TRUE;
}

static gboolean build_chain(Cs3ProgramRun *run, GError **error) {
  return build_plan(run, chain_places(run->params.width), NULL, 0, FALSE, FALSE, error);
}
static gboolean build_star(Cs3ProgramRun *run, GError **error) {
  return build_plan(run, star_places(run->params.width), NULL, 0, FALSE, FALSE, error);
}
static gboolean build_tree(Cs3ProgramRun *run, GError **error) {
  return build_plan(run, tree_places(run->params.width), NULL, 0, FALSE, FALSE, error);
}
static gboolean build_auto(Cs3ProgramRun *run, GError **error) {
  return build_plan(run, auto_places(run->params.width, run->params.words, &run->timing), NULL, 0,
                    FALSE, FALSE, error);
}
/* Role selection of the two-phase program takes 3 cycles more than the chain's: 59 against 56. */
#define TWO_PHASE_EXTRA 3
static guint two_phase_extra(const Cs3ProgramRun *run) {
  return group_size(run->params.group, run->params.width) < run->params.width ? TWO_PHASE_EXTRA : 0;
}
static gboolean build_two_phase(Cs3ProgramRun *run, GError **error) {
  return build_plan(run, two_phase_places(run->params.width, run->params.group, 2), NULL,
                    two_phase_extra(run), FALSE, FALSE, error);
}
static gboolean build_two_phase_v1(Cs3ProgramRun *run, GError **error) {
  return build_plan(run, two_phase_places(run->params.width, run->params.group, 1), NULL,
                    two_phase_extra(run), FALSE, FALSE, error);
}
static gboolean build_reduce_broadcast(Cs3ProgramRun *run, GError **error) {
  return build_plan(run, chain_places(run->params.width), NULL, 0, FALSE, TRUE, error);
}

static gboolean build_xy(Cs3ProgramRun *run, GError **error) {
  Place *y = chain_places(run->params.height);
  for (guint i = 0; i < run->params.height; i++) {
    y[i].toward = CS3_N;
    y[i].from = CS3_S;
  }
  return build_plan(run, chain_places(run->params.width), y, 0, FALSE, FALSE, error);
}

static gboolean build_snake(Cs3ProgramRun *run, GError **error) {
  guint width = run->params.width, n = width * run->params.height;
  Place *place = chain_places(n);
  for (guint i = 0; i < n; i++) {
    gboolean back = i / width % 2;
    place[i].toward = i % width == 0 ? CS3_N : back ? CS3_E : CS3_W;
    place[i].from = i % width == width - 1 ? CS3_S : back ? CS3_W : CS3_E;
  }
  return build_plan(run, place, NULL, 0, TRUE, FALSE, error);
}

#define FORM(name, call)                                                                           \
  static gboolean name(const Cs3ProgramRun *run, Cs3ClosedForm *form) {                            \
    const Cs3ProgramParams *p = &run->params;                                                      \
    guint ramp = run->timing.ramp, hop = run->timing.hop;                                          \
    *form = call;                                                                                  \
    return TRUE;                                                                                   \
  }
FORM(model_star, cs3_form_star(p->words, p->width, ramp, hop))
FORM(model_chain, cs3_form_chain(p->words, p->width, ramp, hop))
FORM(model_tree, cs3_form_tree(p->words, p->width, ramp, hop))
FORM(model_auto, cs3_form_auto_gen(p->words, p->width, ramp, hop))
FORM(model_two_phase,
     cs3_form_two_phase(p->words, p->width, group_size(p->group, p->width), ramp, hop))
FORM(model_reduce_broadcast, cs3_form_add(cs3_form_chain(p->words, p->width, ramp, hop),
                                          cs3_form_broadcast(p->words, p->width, ramp, hop)))
FORM(model_xy, cs3_form_add(cs3_form_chain(p->words, p->width, ramp, hop),
                            cs3_form_chain(p->words, p->height, ramp, hop)))
FORM(model_snake, cs3_form_chain(p->words, p->width * p->height, ramp, hop))

const Cs3ProgramOps cs3_program_star = {
    "star",
    "reduce: every PE of a row sends to PE 0, which adds one vector after the other",
    "--pes Px1 --words B",
    check_line,
    build_star,
    verify_root,
    model_star};
const Cs3ProgramOps cs3_program_chain = {
    "chain",
    "reduce along a row to PE 0: each PE adds its words to the passing stream",
    "--pes Px1 --words B",
    check_line,
    build_chain,
    verify_root,
    model_chain};
const Cs3ProgramOps cs3_program_tree = {"tree",
                                        "reduce along a row to PE 0 in a binary tree",
                                        "--pes Px1 --words B",
                                        check_line,
                                        build_tree,
                                        verify_root,
                                        model_tree};
const Cs3ProgramOps cs3_program_two_phase = {
    "two-phase",
    "reduce: chains within groups, then a chain of group heads (last head streams)",
    "--pes Px1 --words B --group S",
    check_two_phase,
    build_two_phase,
    verify_root,
    model_two_phase};
const Cs3ProgramOps cs3_program_two_phase_v1 = {
    "two-phase-v1",
    "two-phase reduce in which the last head stores before it forwards",
    "--pes Px1 --words B --group S",
    check_two_phase,
    build_two_phase_v1,
    verify_root,
    model_two_phase};
const Cs3ProgramOps cs3_program_auto_gen = {
    "auto-gen",
    "reduce in the pre-order tree with the least modelled time",
    "--pes Px1 --words B",
    check_line,
    build_auto,
    verify_root,
    model_auto};
const Cs3ProgramOps cs3_program_reduce_broadcast = {
    "reduce-broadcast",     "all-reduce: chain to PE 0, then broadcast along the row",
    "--pes Px1 --words B",  check_line,
    build_reduce_broadcast, verify_all,
    model_reduce_broadcast};
const Cs3ProgramOps cs3_program_xy = {
    "xy",
    "reduce to PE (0,0): chains along the rows, then a chain along the first column",
    "--pes WxH --words B",
    check_mesh,
    build_xy,
    verify_root,
    model_xy};
const Cs3ProgramOps cs3_program_snake = {
    "snake",
    "reduce to PE (0,0) in one chain that winds through all rows",
    "--pes WxH --words B",
    check_mesh,
    build_snake,
    verify_root,
    model_snake};
