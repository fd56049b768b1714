/* SPDX-License-Identifier: GPL-3.0-or-later */
/* MeshGEMM on P x P PEs (WaferLLM's two-hop ring): FP16 tiles X (Mt x Kt) and W (Kt x Nt) move one
 * place per step along rings that visit the even PEs one way and the odd ones back, so that no
 * message crosses more than two links. X is skewed first, on two rings of its own, one per
 * direction. Cost of PE code: constants below, from the published runs on the WSE-3 simulator
 * (junesookang/WaferLLM). */
#include "config.h"

#include "fabric/programs/common.h"
#include "fabric/programs/registry.h"

enum { TASK_START, TASK_STEP, TASK_ARRIVED, TASK_JOIN };
enum { REG_STEP, REG_PENDING, N_REG };
enum { RING_X = 0, RING_Y = 3, RING_SKEW = 6, RING_SKEW_BACK = 9 };
enum { THREAD_SEND_X = 1, THREAD_RECEIVE_X, THREAD_SEND_W, THREAD_RECEIVE_W };

/* Place of line position @p on the ring, and back. */
static guint ring_of(guint p, guint n) {
  return p % 2 ? n - (p + 1) / 2 : p / 2;
}

/* Colour on which line position @p sends (@sends) or receives on the forward ring. */
static guint ring_colour(guint p, guint n, gboolean sends) {
  if (p == 0)
    return sends ? 1 : 0;
  guint own = p % 3, left = (p + 2) % 3, right = (p + 1) % 3;
  if (p + 1 == n)
    return (p % 2 == 1) == sends ? left : own;
  return (p % 2 == 0) == sends ? right : left;
}

/* Routes of line position @p of @n on the ring of colours @base; @down: port to higher positions. A
 * ring that runs backwards is the same with every arrow turned round. */
static void add_ring(Cs3Role *role, guint p, guint n, guint base, guint down, gboolean back) {
  guint d = CS3_AT(down), u = CS3_AT(down ^ 2u), ramp = CS3_AT(CS3_RAMP);
  guint sends = base + ring_colour(p, n, TRUE), receives = base + ring_colour(p, n, FALSE);
  gboolean even = p % 2 == 0;
  guint from = p == 0               ? d
               : p + 1 == n || even ? u
                                    : d,
        to = p + 1 == n       ? u
             : p == 0 || even ? d
                              : u;
  guint in = even ? d : u, out = even ? u : d;
  cs3_role_route(role, back ? receives : sends, 0, ramp, back ? from : to);
  cs3_role_route(role, back ? sends : receives, 0, back ? to : from, ramp);
  if (p > 0 && p + 1 < n)
    cs3_role_route(role, base + p % 3, 0, back ? out : in, back ? in : out);
}

static double column_words(guint rows) {
  double sum = 0;
  for (guint n = 0; n < 4; n++)
    sum += (n * rows % 4 + rows + 3) / 4;
  return sum / 4;
}

/* Kt Nt mapped vector FMAs of Mt elements: 540..555 cycles for 64 of them up to 8 elements; beyond,
 * by the 64-bit words that a column of the accumulator touches on average (published for Mt up to
 * 16: 648..744). */
static guint product_cycles(const Cs3GemmCode *gemm, const Cs3ProgramParams *p) {
  double map = p->tile_m <= 8 ? gemm->map_short
                              : gemm->map_long + gemm->map_word * (column_words(p->tile_m) - 3);
  return (guint)(p->tile_k * p->tile_n * map + 0.5);
}

typedef struct {
  guint64 *warm, *end; /* per PE: end of the first and of the last repetition */
} Gemm;

static guint x_words(const Cs3ProgramParams *p) {
  return (p->tile_m * p->tile_k + 1) / 2;
}
static guint w_words(const Cs3ProgramParams *p) {
  return (p->tile_k * p->tile_n + 1) / 2;
}
static guint c_words(const Cs3ProgramParams *p) {
  return (p->tile_m * p->tile_n + 1) / 2;
}
/* Memory: X twice, W twice, C. */
static guint c_base(const Cs3ProgramParams *p) {
  return 2 * x_words(p) + 2 * w_words(p);
}

/* Elements of the matrices: X[row][k], W[k][column], 0 to 3. */
static guint x_element(guint row, guint k) {
  return (row * 5 + k * 3 + (row >> 2)) & 3;
}
static guint w_element(guint k, guint column) {
  return (k * 7 + column * 3 + (k >> 3)) & 3;
}

static guint16 x_tile(const Cs3ProgramParams *p, guint block_row, guint block_k, guint i) {
  if (i >= p->tile_m * p->tile_k)
    return 0;
  return cs3_half_of_float(
      (float)x_element(block_row * p->tile_m + i % p->tile_m, block_k * p->tile_k + i / p->tile_m));
}
static guint16 w_tile(const Cs3ProgramParams *p, guint block_k, guint block_column, guint i) {
  if (i >= p->tile_k * p->tile_n)
    return 0;
  return cs3_half_of_float((float)w_element(block_k * p->tile_k + i % p->tile_k,
                                            block_column * p->tile_n + i / p->tile_k));
}

/* PE (x, y) starts with the block of X of its place on the ring; W comes skewed from the host. */
static guint32 gemm_init(gpointer user, guint x, guint y, guint word) {
  const Cs3ProgramParams *p = &((const Cs3ProgramRun *)user)->params;
  guint P = p->width, qx = ring_of(x, P), qy = ring_of(y, P);
  if (word < x_words(p))
    return x_tile(p, y, qx, 2 * word) | (guint32)x_tile(p, y, qx, 2 * word + 1) << 16;
  if (word < 2 * x_words(p) || word >= 2 * x_words(p) + w_words(p))
    return 0;
  word -= 2 * x_words(p);
  guint k = (qx + qy) % P;
  return w_tile(p, k, x, 2 * word) | (guint32)w_tile(p, k, x, 2 * word + 1) << 16;
}

/* Steps: P/2 of skew, then P of the product, per repetition. */
static guint skew_steps(const Cs3ProgramParams *p) {
  return p->width / 2;
}
static guint steps(const Cs3ProgramParams *p) {
  return skew_steps(p) + p->width;
}

/* Buffers of X and W in use: swapped after a step that kept what it received. */
enum { REG_SWAP_X = N_REG, REG_SWAP_W, N_REG_ALL };

static void transfer(Cs3Pe *pe, guint thread, guint colour, guint word, guint n, gboolean sends) {
  Cs3VectorOp op = {.code = CS3_OP_MOVE,
                    .type = CS3_TYPE_F16X2,
                    .n = n,
                    .wide = TRUE,
                    .dst = sends ? CS3_FAB(colour) : CS3_MEM(4 * word),
                    .a = sends ? CS3_MEM(4 * word) : CS3_FAB(colour),
                    .done = CS3_DONE_CALL,
                    .done_task = TASK_ARRIVED};
  cs3_pe_launch(pe, thread, &op);
  ++*cs3_pe_register(pe, REG_PENDING);
}

static void exchange_x(Cs3Pe *pe, const Cs3ProgramParams *p, guint base, gboolean back) {
  guint x = cs3_pe_x(pe), P = p->width, swap = *cs3_pe_register(pe, REG_SWAP_X);
  guint sends = base + ring_colour(x, P, !back), receives = base + ring_colour(x, P, back);
  transfer(pe, THREAD_SEND_X, sends, swap * x_words(p), x_words(p), TRUE);
  transfer(pe, THREAD_RECEIVE_X, receives, !swap * x_words(p), x_words(p), FALSE);
}

static void exchange_w(Cs3Pe *pe, const Cs3ProgramParams *p) {
  guint y = cs3_pe_y(pe), P = p->width, swap = *cs3_pe_register(pe, REG_SWAP_W);
  guint base = 2 * x_words(p);
  transfer(pe, THREAD_SEND_W, RING_Y + ring_colour(y, P, TRUE), base + swap * w_words(p),
           w_words(p), TRUE);
  transfer(pe, THREAD_RECEIVE_W, RING_Y + ring_colour(y, P, FALSE), base + !swap * w_words(p),
           w_words(p), FALSE);
}

static float half_at(const guint32 *memory, guint base, guint i) {
  return cs3_half_to_float((guint16)(memory[base + i / 2] >> i % 2 * 16));
}

/* C += X W with FP16 results, column by column. */
static void multiply(Cs3Pe *pe, const Cs3ProgramParams *p) {
  guint32 *m = cs3_pe_memory(pe);
  guint xb = *cs3_pe_register(pe, REG_SWAP_X) * x_words(p);
  guint wb = 2 * x_words(p) + *cs3_pe_register(pe, REG_SWAP_W) * w_words(p), cb = c_base(p);
  for (guint k = 0; k < p->tile_k; k++)
    for (guint n = 0; n < p->tile_n; n++)
      for (guint i = 0; i < p->tile_m; i++) {
        guint at = n * p->tile_m + i, shift = at % 2 * 16;
        float sum = half_at(m, cb, at) +
                    half_at(m, xb, k * p->tile_m + i) * half_at(m, wb, n * p->tile_k + k);
        guint32 *word = &m[cb + at / 2];
        *word = (*word & ~(0xffffu << shift)) | (guint32)cs3_half_of_float(sum) << shift;
      }
}

static guint step(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  guint at = *cs3_pe_register(pe, REG_STEP), within = at % steps(p);
  gboolean skews = within<skew_steps(p), moves = p->width> 1 && !p->no_communication;
  *cs3_pe_register(pe, REG_PENDING) = 1; /* the main thread itself */
  if (moves && skews) {
    gboolean back = cs3_pe_y(pe) % 2 == 0;
    exchange_x(pe, p, back ? RING_SKEW_BACK : RING_SKEW, back);
  } else if (moves) {
    exchange_x(pe, p, RING_X, FALSE);
    exchange_w(pe, p);
  }
  guint busy = 0;
  if (!skews && p->products) {
    if (at < steps(p) && !p->no_communication)
      multiply(pe, p);
    busy = p->products * product_cycles(&cs3_run_of(pe)->gemm, p);
    cs3_pe_hold(pe, busy);
  }
  cs3_pe_after(pe, busy, TASK_JOIN);
  return 0;
}

/* Scalar code after step @within. One of the skew also costs one pass over the tile, Mt Kt / lanes
 * cycles: the slope of the communication-only runs in Mt asks for it, at 3x3 and 6x6 PEs alike. */
static guint step_cycles(const Cs3ProgramRun *run, guint within) {
  const Cs3GemmCode *gemm = &run->gemm;
  const Cs3ProgramParams *p = &run->params;
  gboolean skews = within < skew_steps(p);
  guint cycles = (guint)(skews ? gemm->skew : gemm->step);
  if (p->no_communication)
    return cycles;
  return cycles + (guint)gemm->transfer + (skews ? p->tile_m * p->tile_k / run->timing.lanes16 : 0);
}

/* All parts of a step are done: swap what was kept, and on to the next. */
static guint finish_step(Cs3Pe *pe, const Cs3ProgramParams *p) {
  Gemm *g = cs3_run_of(pe)->data;
  guint x = cs3_pe_x(pe), y = cs3_pe_y(pe), pe_index = y * p->width + x;
  guint32 *at = cs3_pe_register(pe, REG_STEP);
  const Cs3GemmCode *gemm = &cs3_run_of(pe)->gemm;
  guint within = *at % steps(p), cycles = step_cycles(cs3_run_of(pe), within);
  if (within >= skew_steps(p))
    *cs3_pe_register(pe, REG_SWAP_W) ^= 1;
  if (within >= skew_steps(p) || within < (y + 1) / 2)
    *cs3_pe_register(pe, REG_SWAP_X) ^= 1;
  if (++*at % steps(p) == 0) {
    cycles += (guint)(gemm->repetition + (p->no_communication ? 0 : gemm->ring));
    g->end[pe_index] = cs3_pe_now(pe) + cycles;
    if (*at == steps(p))
      g->warm[pe_index] = g->end[pe_index];
  }
  if (*at == steps(p) * (1 + p->rounds))
    cs3_pe_finish(pe);
  else
    cs3_pe_after(pe, cycles, TASK_STEP);
  return 0;
}

static guint join(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  return --*cs3_pe_register(pe, REG_PENDING) == 0 ? finish_step(pe, p) : 0;
}

static void gemm_free(gpointer data) {
  Gemm *g = data;
  g_free(g->warm);
  g_free(g->end);
  g_free(g);
}

static gboolean build(Cs3ProgramRun *run, GError **error) {
  const Cs3ProgramParams *p = &run->params;
  guint P = p->width;
  Gemm *g = g_new0(Gemm, 1);
  g->warm = g_new0(guint64, P * P);
  g->end = g_new0(guint64, P * P);
  run->data = g;
  run->data_free = gemm_free;
  for (guint y = 0; y < P; y++)
    for (guint x = 0; x < P; x++) {
      Cs3Role role;
      cs3_role_clear(&role);
      role.n_threads = 5;
      role.registers = N_REG_ALL;
      role.memory_bytes = 4 * (c_base(p) + c_words(p));
      role.init = gemm_init;
      role.start_task = TASK_START;
      role.task[TASK_START] = step;
      role.task[TASK_STEP] = step;
      role.task[TASK_ARRIVED] = join;
      role.task[TASK_JOIN] = join;
      if (P > 1) {
        add_ring(&role, x, P, RING_X, CS3_E, FALSE);
        add_ring(&role, y, P, RING_Y, CS3_S, FALSE);
        gboolean back = y % 2 == 0;
        add_ring(&role, x, P, back ? RING_SKEW_BACK : RING_SKEW, CS3_E, back);
      }
      if (!cs3_place(run, x, y, &role, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean check(const Cs3ProgramParams *p, GError **error) {
  if (p->width != p->height || p->width > 64)
    return cs3_program_invalid(error, "--pes %ux%u: mesh-gemm needs a square mesh, 1x1 to 64x64",
                               p->width, p->height);
  if (p->tile_m < 1 || p->tile_k < 1 || p->tile_n < 1 || p->tile_m > 1024 || p->tile_k > 1024 ||
      p->tile_n > 1024)
    return cs3_program_invalid(error, "--tile-m, --tile-k, --tile-n: 1 to 1024");
  if (p->products && p->tile_m > 16)
    return cs3_program_invalid(
        error, "--tile-m %u with --products: costs are published for 1 to 16", p->tile_m);
  if (p->rounds < 1 || p->rounds > 1000)
    return cs3_program_invalid(error, "--rounds %u: 1 to 1000 repetitions after the first",
                               p->rounds);
  return TRUE;
}

static gboolean verify_c(const Cs3ProgramRun *run, guint x, guint y) {
  const Cs3ProgramParams *p = &run->params;
  for (guint i = 0; i < p->tile_m * p->tile_n; i++) {
    guint row = y * p->tile_m + i % p->tile_m, column = x * p->tile_n + i / p->tile_m, sum = 0;
    for (guint k = 0; k < p->width * p->tile_k; k++)
      sum += x_element(row, k) * w_element(k, column);
    guint32 word = cs3_fabric_word(run->fabric, x, y, c_base(p) + i / 2);
    if (sum <= 2048 && (guint16)(word >> i % 2 * 16) != cs3_half_of_float((float)sum))
      return FALSE;
  }
  return TRUE;
}

/* X has moved by the skew of every repetition, and once around. */
static gboolean verify(const Cs3ProgramRun *run) {
  const Cs3ProgramParams *p = &run->params;
  guint P = p->width;
  for (guint y = 0; y < P; y++)
    for (guint x = 0; x < P; x++) {
      if (p->no_communication)
        continue;
      guint skews = 1 + p->rounds, k = (ring_of(x, P) + skews * ring_of(y, P)) % P;
      guint kept = P > 1 ? skews * (P + (y + 1) / 2) % 2 : skews * P % 2;
      if (P > 1)
        for (guint i = 0; i < p->tile_m * p->tile_k; i++) {
          guint32 word = cs3_fabric_word(run->fabric, x, y, kept * x_words(p) + i / 2);
          if ((guint16)(word >> i % 2 * 16) != x_tile(p, y, k, i))
            return FALSE;
        }
      if (p->products && P > 1 && !verify_c(run, x, y))
        return FALSE;
    }
  return TRUE;
}

/* Mean over the PEs of a repetition after the first. */
static double mean_cycles(const Cs3ProgramRun *run) {
  const Gemm *g = run->data;
  guint n = run->params.width * run->params.height;
  double sum = 0;
  for (guint i = 0; i < n; i++)
    sum += (double)(g->end[i] - g->warm[i]) / run->params.rounds;
  return sum / n;
}

const Cs3ProgramOps cs3_program_mesh_gemm = {
    "mesh-gemm",
    "FP16 GEMM on PxP PEs with tiles moving on two-hop rings; mean of a repetition",
    "--pes PxP --tile-m M --tile-k K --tile-n N --products L --rounds R --silent",
    check,
    build,
    verify,
    NULL,
    FALSE,
    mean_cycles};
