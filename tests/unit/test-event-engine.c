/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The event core on random programs: trains against single wavelets, conservation, mirrored meshes,
 * deeper buffers, repetition; and what it refuses. */
#include "config.h"

#include <math.h>

#include "fabric/event/half-run.h"
#include "fabric/event/half.h"
#include "fabric/event/pe.h"
#include "tests/unit/event-fixture.h"

/* A random program: flows on colours of their own along X-Y paths with copies on the way; some PEs
 * add what arrives on one colour to what they send on the next. */
#define MAX_FLOWS 6
typedef struct {
  guint width, height, n_flows, words[MAX_FLOWS], delay[MAX_FLOWS];
  guint path[MAX_FLOWS][32], length[MAX_FLOWS]; /* cells */
  gboolean copy[MAX_FLOWS][32];
  gboolean relayed[MAX_FLOWS]; /* starts where the previous flow ends, and streams on from it */
  gboolean mirrored;
} Flows;

static guint pick(GRand *rand, guint from, guint to) {
  return (guint)g_rand_int_range(rand, (gint)from, (gint)to + 1);
}

static void draw_path(GRand *rand, Flows *f, guint flow, guint from) {
  guint x = from % f->width, y = from / f->width, n = 0;
  guint to = pick(rand, 0, f->width * f->height - 1);
  if (to == from)
    to = (from + 1) % (f->width * f->height);
  f->path[flow][n++] = from;
  while (x != to % f->width || y != to / f->width) {
    if (x != to % f->width)
      x += x < to % f->width ? 1 : -1u;
    else
      y += y < to / f->width ? 1 : -1u;
    f->copy[flow][n] = pick(rand, 0, 3) == 0;
    f->path[flow][n++] = y * f->width + x;
  }
  f->copy[flow][n - 1] = TRUE;
  f->length[flow] = n;
}

static Flows draw_flows(GRand *rand, guint max_flows) {
  Flows f = {.width = pick(rand, 2, 6), .height = pick(rand, 1, 4)};
  f.n_flows = pick(rand, 1, max_flows);
  for (guint i = 0; i < f.n_flows; i++) {
    f.relayed[i] = i > 0 && pick(rand, 0, 2) == 0;
    guint from =
        f.relayed[i] ? f.path[i - 1][f.length[i - 1] - 1] : pick(rand, 0, f.width * f.height - 1);
    draw_path(rand, &f, i, from);
    f.words[i] = f.relayed[i] ? f.words[i - 1] : pick(rand, 1, 300);
    f.delay[i] = pick(rand, 0, 200);
  }
  return f;
}

static guint place(const Flows *f, guint cell) {
  guint x = cell % f->width;
  return cell - x + (f->mirrored ? f->width - 1 - x : x);
}

enum { START, DONE, LAUNCH };

/* Launches what cell takes part in: flow i's end on microthread i + 1. */
static guint launch(Cs3Pe *pe, guint32 wavelet) {
  const Flows *f = cs3_pe_user(pe);
  guint me = cs3_pe_y(pe) * f->width + cs3_pe_x(pe);
  for (guint i = 0; i < f->n_flows; i++) {
    gboolean onward = i + 1 < f->n_flows && f->relayed[i + 1];
    Cs3VectorOp op = {.code = CS3_OP_MOVE,
                      .type = CS3_TYPE_F32,
                      .n = f->words[i],
                      .done = CS3_DONE_ACTIVATE,
                      .done_task = DONE};
    for (guint k = 0; k < f->length[i]; k++) {
      if (place(f, f->path[i][k]) != me)
        continue;
      if (k == 0 && !f->relayed[i]) {
        op.dst = CS3_FAB(i);
        op.a = CS3_MEM(0);
        cs3_pe_launch(pe, 1 + i, &op);
      } else if (k + 1 == f->length[i] && onward) {
        op.code = CS3_OP_ADD;
        op.dst = CS3_FAB(i + 1);
        op.a = CS3_MEM(0);
        op.b = CS3_FAB(i);
        cs3_pe_launch(pe, 1 + i, &op);
      } else if (k > 0 && f->copy[i][k]) {
        op.dst = CS3_MEM(1200 + 1200 * i);
        op.a = CS3_FAB(i);
        cs3_pe_launch(pe, 1 + i, &op);
      }
    }
  }
  return 0;
}

static guint start(Cs3Pe *pe, guint32 wavelet) {
  const Flows *f = cs3_pe_user(pe);
  guint x = cs3_pe_x(pe), delay = f->delay[(f->mirrored ? f->width - 1 - x : x) % f->n_flows];
  cs3_pe_after(pe, delay, LAUNCH);
  return 0;
}

static guint done(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_finish(pe);
  return 2;
}

static guint32 content(gpointer user, guint x, guint y, guint word) {
  const Flows *f = user;
  if (word >= 300)
    return 0;
  return cs3_bits_of_float((float)(((f->mirrored ? f->width - 1 - x : x) + 3 * y + word) % 16));
}

static guint port_between(guint from, guint to, guint width) {
  return to == from + 1 && to / width == from / width   ? CS3_E
         : from == to + 1 && to / width == from / width ? CS3_W
         : to > from                                    ? CS3_S
                                                        : CS3_N;
}

static void route_cell(const Flows *f, guint me, Cs3Role *role) {
  for (guint i = 0; i < f->n_flows; i++)
    for (guint k = 0; k < f->length[i]; k++) {
      if (place(f, f->path[i][k]) != me)
        continue;
      guint rx = CS3_PORT_BIT(CS3_RAMP), tx = 0;
      if (k)
        rx = CS3_PORT_BIT(port_between(me, place(f, f->path[i][k - 1]), f->width));
      if (k + 1 < f->length[i])
        tx = CS3_PORT_BIT(port_between(me, place(f, f->path[i][k + 1]), f->width));
      if (k && f->copy[i][k])
        tx |= CS3_PORT_BIT(CS3_RAMP);
      cs3_role_route(role, i, 0, rx, tx);
    }
}

/* (transfer full): the finished fabric. */
static Cs3Fabric *run_flows(Flows *f, const Cs3EventTiming *timing, gboolean trains) {
  g_autoptr(GError) error = NULL;
  Cs3Fabric *fabric = cs3_fabric_new(f->width, f->height, timing, f, &error);
  g_assert_no_error(error);
  cs3_fabric_set_trains(fabric, trains);
  for (guint cell = 0; cell < f->width * f->height; cell++) {
    Cs3Role role;
    guint id;
    cs3_role_clear(&role);
    role.memory_bytes = 1200 * (MAX_FLOWS + 1);
    role.init = content;
    role.n_threads = MAX_FLOWS + 1;
    role.start_task = START;
    role.task[START] = start;
    role.task[DONE] = done;
    role.task[LAUNCH] = launch;
    route_cell(f, cell, &role);
    ck_assert_msg(cs3_fabric_add_role(fabric, &role, &id, &error), "%s",
                  error ? error->message : "");
    cs3_fabric_set_role(fabric, cell % f->width, cell / f->width, id);
  }
  ck_assert_msg(cs3_fabric_run(fabric, &error), "%s", error ? error->message : "");
  return fabric;
}

static void assert_same(const Flows *f, const Cs3Fabric *a, const Cs3Fabric *b, gboolean mirrored) {
  Cs3FabricStats sa, sb;
  cs3_fabric_stats(a, &sa);
  cs3_fabric_stats(b, &sb);
  ck_assert_uint_eq(sa.cycles, sb.cycles);
  ck_assert_uint_eq(sa.injected, sb.injected);
  ck_assert_uint_eq(sa.datapath_busy, sb.datapath_busy);
  for (guint y = 0; y < f->height; y++)
    for (guint x = 0; x < f->width; x++) {
      guint bx = mirrored ? f->width - 1 - x : x;
      for (guint port = 0; port < CS3_N_PORTS; port++) {
        guint to = mirrored && (port == CS3_E || port == CS3_W) ? port ^ 2u : port;
        ck_assert_uint_eq(cs3_fabric_link_count(a, x, y, port),
                          cs3_fabric_link_count(b, bx, y, to));
      }
      for (guint w = 0; w < 300 * (MAX_FLOWS + 1); w += 7)
        ck_assert_uint_eq(cs3_fabric_word(a, x, y, w), cs3_fabric_word(b, bx, y, w));
    }
}

static Cs3EventTiming draw_timing(GRand *rand) {
  Cs3EventTiming t = fixture_timing(pick(rand, 0, 1) ? "cs2" : "cs3");
  t.hop = pick(rand, 1, 4);
  t.ramp = pick(rand, 1, 3);
  t.router_buffer = pick(rand, 1, 4);
  for (guint q = 0; q < CS3_MAX_QUEUES; q++) {
    t.in_queue[q] = pick(rand, 1, 8);
    t.out_queue[q] = pick(rand, 1, 8);
  }
  return t;
}

/* Sent and received by the routes: what PEs inject is what links and PEs get. */
static void assert_conserved(const Flows *f, const Cs3Fabric *fabric) {
  guint64 injected = 0, links = 0, delivered = 0;
  for (guint i = 0; i < f->n_flows; i++) {
    injected += f->words[i];
    links += (guint64)f->words[i] * (f->length[i] - 1);
    for (guint k = 1; k < f->length[i]; k++)
      delivered += f->copy[i][k] ? f->words[i] : 0;
  }
  Cs3FabricStats stats;
  cs3_fabric_stats(fabric, &stats);
  ck_assert_uint_eq(stats.injected, injected);
  ck_assert_uint_eq(stats.link_hops, links);
  ck_assert_uint_eq(stats.deliveries, delivered);
}

#define RANDOM_RUNS 400
START_TEST(trains_are_exact) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < RANDOM_RUNS; i++) {
    Flows f = draw_flows(rand, MAX_FLOWS);
    Cs3EventTiming timing = draw_timing(rand);
    g_autoptr(Cs3Fabric) trains = run_flows(&f, &timing, TRUE);
    g_autoptr(Cs3Fabric) singles = run_flows(&f, &timing, FALSE);
    assert_same(&f, trains, singles, FALSE);
    assert_conserved(&f, singles);
  }
}
END_TEST

START_TEST(mirror_is_the_same) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < RANDOM_RUNS / 2; i++) {
    Flows f = draw_flows(rand, MAX_FLOWS), m = f;
    m.mirrored = TRUE;
    Cs3EventTiming timing = draw_timing(rand);
    g_autoptr(Cs3Fabric) plain = run_flows(&f, &timing, TRUE);
    g_autoptr(Cs3Fabric) mirrored = run_flows(&m, &timing, TRUE);
    assert_same(&f, plain, mirrored, TRUE);
  }
}
END_TEST

/* With one flow and what hangs on it there is no arbitration, and more room can only help. */
START_TEST(buffers_never_slow) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < RANDOM_RUNS / 2; i++) {
    Flows f = draw_flows(rand, 1);
    Cs3EventTiming timing = draw_timing(rand), more = timing;
    more.router_buffer += pick(rand, 0, 3);
    for (guint q = 0; q < CS3_MAX_QUEUES; q++) {
      more.in_queue[q] += pick(rand, 0, 3);
      more.out_queue[q] += pick(rand, 0, 3);
    }
    g_autoptr(Cs3Fabric) few = run_flows(&f, &timing, TRUE);
    g_autoptr(Cs3Fabric) many = run_flows(&f, &more, TRUE);
    Cs3FabricStats a, b;
    cs3_fabric_stats(few, &a);
    cs3_fabric_stats(many, &b);
    ck_assert_uint_le(b.cycles, a.cycles);
  }
}
END_TEST

/* The same wavelets over every link, no more than one per cycle, which waited as long. */
static void assert_same_links(const Cs3Fabric *a, const Cs3Fabric *b, const Cs3ProgramParams *p,
                              guint64 cycles) {
  Cs3FabricStats stats;
  cs3_fabric_stats(a, &stats);
  ck_assert_uint_le(stats.busiest_link, MAX(stats.cycles, cycles));
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++) {
      ck_assert_uint_eq(cs3_fabric_pe_waited(a, x, y), cs3_fabric_pe_waited(b, x, y));
      for (guint port = 0; port < CS3_N_PORTS; port++)
        ck_assert_uint_eq(cs3_fabric_link_count(a, x, y, port),
                          cs3_fabric_link_count(b, x, y, port));
    }
}

/* Every program on random sizes, down to single PEs, trains against singles, result checked. */
START_TEST(programs_are_right) {
  const Cs3ProgramOps *ops = cs3_program_table()[_i];
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed() + (guint)_i);
  guint done_runs = 0;
  for (guint i = 0; i < 60; i++) {
    Cs3ProgramParams params =
        fixture_params(pick(rand, 1, 12), pick(rand, 0, 2) ? 1 : pick(rand, 1, 6),
                       pick(rand, 0, 2) ? pick(rand, 1, 300) : pick(rand, 1, 8));
    if (strcmp(ops->name, "two-senders") == 0)
      params.width = 3;
    if (strcmp(ops->name, "mesh-gemm") == 0)
      params.width = params.height = pick(rand, 1, 7);
    params.group = pick(rand, 0, params.width);
    params.rounds = pick(rand, 1, 4);
    params.products = pick(rand, 0, 2);
    params.seed = g_rand_int(rand);
    params.load = pick(rand, 1, 20) / 8.0; /* mostly congested */
    params.horizon = 300;
    params.tile_m = pick(rand, 1, 16);
    params.tile_k = pick(rand, 1, 6);
    params.tile_n = pick(rand, 1, 6);
    Cs3EventTiming timing = draw_timing(rand);
    timing.microthreads = 8;
    if (!ops->check(&params, NULL))
      continue;
    g_autoptr(Cs3ProgramRun) a = fixture_done(ops->name, &params, &timing, TRUE);
    g_autoptr(Cs3ProgramRun) b = fixture_done(ops->name, &params, &timing, FALSE);
    ck_assert_uint_eq(cs3_program_cycles(a), cs3_program_cycles(b));
    assert_same_links(a->fabric, b->fabric, &params, cs3_program_cycles(a));
    done_runs++;
  }
  g_printerr("# %s: %u runs\n", ops->name, done_runs);
  ck_assert_uint_gt(done_runs, 10);
}
END_TEST

/* Any number of threads gives what one gives, in every counter of every PE. */
static void assert_stripes(const char *name, const Cs3ProgramParams *params,
                           const Cs3EventTiming *timing) {
  g_autoptr(Cs3ProgramRun) alone = fixture_done(name, params, timing, TRUE);
  Cs3FabricStats a, b;
  cs3_fabric_stats(alone->fabric, &a);
  for (guint jobs = 2; jobs <= 3; jobs++) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Cs3ProgramRun) run = fixture_load(name, params, timing, TRUE);
    cs3_fabric_set_jobs(run->fabric, jobs);
    ck_assert_msg(cs3_fabric_run(run->fabric, &error), "%s", error ? error->message : "");
    cs3_fabric_stats(run->fabric, &b);
    ck_assert_mem_eq(&a, &b, sizeof a);
    assert_same_links(alone->fabric, run->fabric, params, a.cycles);
  }
}

START_TEST(stripes_are_exact) {
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (guint i = 0; i < 60; i++) {
    Cs3ProgramParams params = fixture_params(pick(rand, 1, 12), pick(rand, 2, 9), 1);
    params.seed = g_rand_int(rand);
    params.load = pick(rand, 1, 32) / 8.0;
    params.horizon = pick(rand, 0, 3) ? 200 : 3000; /* now and then long pauses */
    params.load = params.horizon > 200 ? 0.01 : params.load;
    Cs3EventTiming timing = draw_timing(rand);
    assert_stripes(i % 2 ? "uniform" : "neighbour", &params, &timing);
  }
}
END_TEST

static void assert_refused(const char *name, Cs3ProgramParams params, int code, const char *text) {
  g_autoptr(GError) error = NULL;
  Cs3EventTiming timing = fixture_timing("cs2");
  Cs3GemmCode gemm = fixture_gemm();
  g_autoptr(Cs3ProgramRun) run =
      cs3_program_load(cs3_program_find(name, NULL), &params, &timing, &gemm, &error);
  ck_assert_ptr_null(run);
  fixture_error_in(error, CS3_FABRIC_ERROR, code, text);
}

START_TEST(bad_sizes) {
  assert_refused("chain", fixture_params(0, 1, 8), CS3_FABRIC_ERROR_INVALID, "--pes 0x1");
  assert_refused("chain", fixture_params(8, 2, 8), CS3_FABRIC_ERROR_INVALID, "one row");
  assert_refused("xy", fixture_params(4000, 1, 8), CS3_FABRIC_ERROR_INVALID, "1 to 2047");
  assert_refused("chain", fixture_params(8, 1, 0), CS3_FABRIC_ERROR_INVALID, "--words 0");
  assert_refused("chain", fixture_params(8, 1, 12000), CS3_FABRIC_ERROR_INFEASIBLE, "43000");
  Cs3ProgramParams params = fixture_params(8, 1, 8);
  params.group = 9;
  assert_refused("two-phase", params, CS3_FABRIC_ERROR_INVALID, "--group 9");
  g_autoptr(GError) error = NULL;
  ck_assert_ptr_null(cs3_program_find("chian", &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_INVALID, "\"chain\"");
}
END_TEST

/* A mesh of 3 x 1 whose PEs play the three roles; PE 0 and, with @both, PE 2 send one word. */
static gboolean run_three(Cs3Role role[3], GError **error) {
  Cs3EventTiming timing = fixture_timing("cs2");
  g_autoptr(Cs3Fabric) fabric = cs3_fabric_new(3, 1, &timing, NULL, error);
  for (guint x = 0; x < 3; x++) {
    guint id;
    if (!cs3_fabric_add_role(fabric, &role[x], &id, error))
      return FALSE;
    cs3_fabric_set_role(fabric, x, 0, id);
  }
  return cs3_fabric_run(fabric, error);
}

static guint send_one(Cs3Pe *pe, guint32 wavelet) {
  Cs3VectorOp op = {.code = CS3_OP_MOVE, .n = 1, .dst = CS3_FAB(0), .a = CS3_SCALAR(1)};
  cs3_pe_launch(pe, 0, &op);
  return 0;
}

static void three_roles(Cs3Role role[3]) {
  for (guint x = 0; x < 3; x++) {
    cs3_role_clear(&role[x]);
    role[x].task[0] = send_one;
  }
  role[0].start_task = 0;
  cs3_role_route(&role[0], 0, 0, CS3_PORT_BIT(CS3_RAMP), CS3_PORT_BIT(CS3_E));
  cs3_role_route(&role[1], 0, 0, CS3_PORT_BIT(CS3_W), CS3_PORT_BIT(CS3_E));
  cs3_role_route(&role[2], 0, 0, CS3_PORT_BIT(CS3_W), CS3_PORT_BIT(CS3_RAMP));
}

START_TEST(route_leaves_wafer) {
  g_autoptr(GError) error = NULL;
  Cs3Role role[3];
  three_roles(role);
  role[2].colour[0].route[0].tx = CS3_PORT_BIT(CS3_E);
  ck_assert(!run_three(role, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_PROGRAM, "leaves the wafer");
}
END_TEST

START_TEST(route_meets_nobody) {
  g_autoptr(GError) error = NULL;
  Cs3Role role[3];
  three_roles(role);
  role[2].colour[0].n_positions = 0;
  ck_assert(!run_three(role, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_PROGRAM, "PE (1,0), colour 0");
}
END_TEST

START_TEST(route_loops) {
  g_autoptr(GError) error = NULL;
  Cs3Role role[3];
  three_roles(role);
  role[1].colour[0].route[0] = (Cs3Route){CS3_PORT_BIT(CS3_W) | CS3_PORT_BIT(CS3_E),
                                          CS3_PORT_BIT(CS3_W) | CS3_PORT_BIT(CS3_E)};
  role[0].colour[0].route[0].rx |= CS3_PORT_BIT(CS3_E);
  ck_assert(!run_three(role, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_PROGRAM, "loop");
}
END_TEST

/* PE 0 and PE 2 are equally far from PE 1: their words meet in its router. */
START_TEST(two_inputs) {
  g_autoptr(GError) error = NULL;
  Cs3Role role[3];
  three_roles(role);
  role[1].colour[0].route[0] =
      (Cs3Route){CS3_PORT_BIT(CS3_W) | CS3_PORT_BIT(CS3_E), CS3_PORT_BIT(CS3_RAMP)};
  role[2].start_task = 0;
  role[2].colour[0].route[0] = (Cs3Route){CS3_PORT_BIT(CS3_RAMP), CS3_PORT_BIT(CS3_W)};
  ck_assert(!run_three(role, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_PROGRAM,
                   "PE (1,0), cycle 26: two inputs on colour 0");
}
END_TEST

START_TEST(deadlock_is_explained) {
  g_autoptr(GError) error = NULL;
  Cs3Role role[3];
  three_roles(role);
  ck_assert(!run_three(role, &error));
  fixture_error_in(error, CS3_FABRIC_ERROR, CS3_FABRIC_ERROR_DEADLOCK,
                   "PE (2,0) holds 1 wavelet of colour 0 that no operation or task takes");
}
END_TEST

/* Every binary16 survives the way through float, and rounding is to nearest, ties to even. */
START_TEST(halves) {
  for (guint h = 0; h < 65536; h++) {
    float f = cs3_half_to_float((guint16)h);
    if (f == f)
      ck_assert_uint_eq(cs3_half_of_float(f), h);
  }
  ck_assert_uint_eq(cs3_half_of_float(1 + 0x1p-11f), 0x3c00);
  ck_assert_uint_eq(cs3_half_of_float(1 + 3 * 0x1p-11f), 0x3c02);
  ck_assert_uint_eq(cs3_half_of_float(65520), 0x7c00);
  ck_assert_uint_eq(cs3_half_of_float(65519), 0x7bff);
  ck_assert_uint_eq(cs3_half_of_float(0x1p-25f), 0);
  ck_assert_uint_eq(cs3_half_of_float(3 * 0x1p-25f), 2);
}
END_TEST

/* Runs of halves: the processor's conversions give the same bits as the software's, whatever the
 * length and the numbers, infinities and what is no number among them. */
START_TEST(half_runs) {
  enum { MOST = 37 };
  const Cs3HalfRun *fast = cs3_half_run(FALSE), *plain = cs3_half_run(TRUE);
  g_autoptr(GRand) rand = g_rand_new_with_seed(fixture_seed());
  for (int i = 0; i < 2000; i++) {
    guint words = (guint)g_rand_int_range(rand, 0, MOST + 1);
    guint32 a[MOST], sum[2][MOST], acc[2][MOST];
    guint32 b[MOST], single[2][MOST];
    float product[2][2 * MOST], value = (float)g_rand_double_range(rand, -2, 2);
    for (guint w = 0; w < words; w++) {
      a[w] = g_rand_int(rand);
      b[w] = g_rand_int(rand);
      sum[0][w] = sum[1][w] = acc[0][w] = acc[1][w] = single[0][w] = single[1][w] =
          g_rand_int(rand);
    }
    fast->add(words, a, sum[0]);
    plain->add(words, a, sum[1]);
    fast->axpy(words, value, a, acc[0]);
    plain->axpy(words, value, a, acc[1]);
    fast->axpy_single(words, value, b, single[0]);
    plain->axpy_single(words, value, b, single[1]);
    fast->multiply(words, a, b, product[0]);
    plain->multiply(words, a, b, product[1]);
    for (guint w = 0; w < words; w++) {
      ck_assert_uint_eq(sum[0][w], sum[1][w]);
      ck_assert_uint_eq(acc[0][w], acc[1][w]);
      ck_assert_uint_eq(single[0][w], single[1][w]);
    }
    for (guint w = 0; w < 2 * words; w++)
      ck_assert(product[0][w] == product[1][w] || (isnan(product[0][w]) && isnan(product[1][w])));
  }
}
END_TEST

int main(void) {
  Suite *suite = suite_create("event-engine");
  TCase *tests = tcase_create("engine");
  guint programs = 0;
  while (cs3_program_table()[programs])
    programs++;
  tcase_set_timeout(tests, 60);
  tcase_add_test(tests, trains_are_exact);
  tcase_add_test(tests, mirror_is_the_same);
  tcase_add_test(tests, buffers_never_slow);
  tcase_add_loop_test(tests, programs_are_right, 0, (int)programs);
  tcase_add_test(tests, stripes_are_exact);
  tcase_add_test(tests, bad_sizes);
  tcase_add_test(tests, route_leaves_wafer);
  tcase_add_test(tests, route_meets_nobody);
  tcase_add_test(tests, route_loops);
  tcase_add_test(tests, two_inputs);
  tcase_add_test(tests, deadlock_is_explained);
  tcase_add_test(tests, halves);
  tcase_add_test(tests, half_runs);
  suite_add_tcase(suite, tests);
  return fixture_run(suite);
}
