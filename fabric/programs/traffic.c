/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Synthetic traffic of single wavelets with dimension-order routing, for comparison with network
 * simulators, and the all-to-all of a transpose. PEs take wavelets as they come (sinks), and a
 * wavelet that finds no room waits at its source without delaying the later ones' time stamps.
 * The wafer has no such router mode: real programs route by colour. */
#include "config.h"

#include "fabric/move.h"
#include "fabric/programs/common.h"
#include "fabric/programs/registry.h"

#include <math.h>
#include <stdlib.h>

#include <Random123/philox.h>

enum { TASK_SEND };
enum { REG_SENT, REG_DUE, N_REG };

/* Four random words of message @k of PE @id. */
static philox4x32_ctr_t draw(const Cs3ProgramRun *run, guint32 id, guint32 k) {
  philox4x32_ctr_t counter = {{id, k, 0, 0}};
  philox4x32_key_t key = {{(guint32)run->params.seed, (guint32)(run->params.seed >> 32)}};
  return philox4x32(counter, key);
}

/* Wavelets per PE and cycle: share of the rate at which the middle links of the longer side
 * saturate (4 / k for uniform traffic on k columns). */
static double rate(const Cs3ProgramParams *p) {
  return MIN(1.0, p->load * 4 / MAX(p->width, p->height));
}

/* Cycles to the next wavelet, geometric; @log_idle: log(1 - rate), 0 for a wavelet every cycle. */
static guint32 gap(double log_idle, guint32 bits) {
  if (log_idle == 0)
    return 1;
  double cycles = 1 + floor(log(((double)bits + 0.5) * 0x1p-32) / log_idle);
  return (guint32)MIN(cycles, 1e9);
}

static guint32 uniform_target(const Cs3ProgramParams *p, guint x, guint y, guint32 bits) {
  guint n = p->width * p->height, self = y * p->width + x;
  guint to = (guint)((guint64)bits * (n - 1) >> 32);
  to += to >= self;
  return cs3_event_address(to % p->width, to / p->width, 0);
}

static guint32 neighbour_target(const Cs3ProgramParams *p, guint x, guint y, guint32 bits) {
  gint dx[4] = {0, 1, 0, -1}, dy[4] = {-1, 0, 1, 0};
  for (guint i = 0; i < 4; i++) {
    guint d = ((bits >> 30) + i) % 4;
    gint tx = (gint)x + dx[d], ty = (gint)y + dy[d];
    if (tx >= 0 && ty >= 0 && tx < (gint)p->width && ty < (gint)p->height)
      return cs3_event_address((guint)tx, (guint)ty, 0);
  }
  return 0;
}

static guint send(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramRun *run = cs3_run_of(pe);
  const Cs3ProgramParams *p = &run->params;
  guint x = cs3_pe_x(pe), y = cs3_pe_y(pe);
  guint32 *reg = cs3_pe_register(pe, 0);
  philox4x32_ctr_t bits = draw(run, y * p->width + x, reg[REG_SENT] + 1);
  guint32 to = run->ops == &cs3_program_uniform ? uniform_target(p, x, y, bits.v[0])
                                                : neighbour_target(p, x, y, bits.v[0]);
  if (!cs3_pe_send(pe, 0, to, TASK_SEND))
    return 0;
  reg[REG_SENT]++;
  reg[REG_DUE] += gap(*(const double *)run->data, bits.v[1]);
  if (reg[REG_DUE] < p->horizon)
    cs3_pe_activate_at(pe, reg[REG_DUE], TASK_SEND);
  return 0;
}

static guint first(Cs3Pe *pe, guint32 wavelet) {
  const Cs3ProgramRun *run = cs3_run_of(pe);
  guint32 *reg = cs3_pe_register(pe, 0);
  guint32 id = cs3_pe_y(pe) * run->params.width + cs3_pe_x(pe);
  reg[REG_DUE] = gap(*(const double *)run->data, draw(run, id, 0).v[1]);
  if (reg[REG_DUE] < run->params.horizon)
    cs3_pe_activate_at(pe, reg[REG_DUE], TASK_SEND);
  return 0;
}

static gboolean place_all(Cs3ProgramRun *run, const Cs3Role *role, GError **error) {
  for (guint y = 0; y < run->params.height; y++)
    for (guint x = 0; x < run->params.width; x++)
      if (!cs3_place(run, x, y, role, error))
        return FALSE;
  return TRUE;
}

static gboolean build(Cs3ProgramRun *run, GError **error) {
  double r = rate(&run->params), log_idle = r < 1 ? log1p(-r) : 0;
  run->data = g_memdup2(&log_idle, sizeof log_idle);
  run->data_free = g_free;
  Cs3Role role;
  cs3_role_clear(&role);
  role.registers = N_REG;
  role.start_task = 1 + TASK_SEND;
  role.task[TASK_SEND] = send;
  role.task[1 + TASK_SEND] = first;
  role.colour[0].by_address = TRUE;
  role.colour[0].binding = CS3_BIND_SINK;
  return place_all(run, &role, error);
}

static gboolean check(const Cs3ProgramParams *p, GError **error) {
  if (p->width * p->height < 2)
    return cs3_program_invalid(error, "--pes %ux%u: traffic needs at least two PEs", p->width,
                               p->height);
  if (!(p->load > 0 && p->load <= 4))
    return cs3_program_invalid(error, "--load %g: above 0, up to 4 (1: bisection limit)", p->load);
  if (p->horizon < 1 || p->horizon > 100000000)
    return cs3_program_invalid(error, "--horizon %" G_GUINT64_FORMAT ": 1 to 100000000 cycles",
                               p->horizon);
  return TRUE;
}

/* Every wavelet that was sent has arrived, and its hops are those of its address. */
static gboolean verify(const Cs3ProgramRun *run) {
  Cs3FabricStats stats;
  cs3_fabric_stats(run->fabric, &stats);
  const Cs3ProgramParams *p = &run->params;
  double log_idle = *(const double *)run->data;
  guint64 sent = 0, hops = 0;
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++) {
      guint32 id = y * p->width + x;
      guint64 due = gap(log_idle, draw(run, id, 0).v[1]);
      for (guint32 k = 1; due < p->horizon; k++, sent++) {
        philox4x32_ctr_t bits = draw(run, id, k);
        guint32 to = run->ops == &cs3_program_uniform ? uniform_target(p, x, y, bits.v[0])
                                                      : neighbour_target(p, x, y, bits.v[0]);
        hops += (guint64)abs((gint)(to & 2047) - (gint)x) +
                (guint64)abs((gint)(to >> 11 & 2047) - (gint)y);
        due += gap(log_idle, bits.v[1]);
      }
    }
  return stats.injected == sent && stats.deliveries == sent && stats.link_hops == hops;
}

/* transpose: PE x sends a word to every other PE of its row, in `words` rounds, eastwards on one
 * colour and westwards on another, by a timetable. In phase d of a round every PE sends to the PE d
 * away; m = min(d, P - d) such flows share a link, and PE x injects in
 *
 *   slot T_d + x mod m,   T_d = m_1 + .. + m_(d-1),
 *
 * hop x cycles later than PE 0 (x counted from the end where the direction begins), so that no two
 * wavelets of a direction meet. Both directions end in one ramp, where two sometimes do: a slot is
 * 9/8 of a link's cycle, so that links catch up, and m has a least value, so that ramps do.
 *
 * Injecting as fast as the queues allow takes nearly twice as long whatever the order of the
 * destinations: PEs near the middle fill the links behind them, which carry almost as much as the
 * middle and cannot make up for the cycles in which they stood. */
enum { COLOUR_EAST, COLOUR_WEST };
enum { REG_PHASE, REG_ROUND, REG_BEGIN, N_TIMETABLE };

/* Cycle of the next word of @direction, G_MAXUINT64 when all are sent. */
static guint64 next_departure(Cs3Pe *pe, guint direction) {
  const Cs3ProgramRun *run = cs3_run_of(pe);
  const guint32 *reg = cs3_pe_register(pe, direction * N_TIMETABLE);
  guint p = run->params.width, x = cs3_pe_x(pe), at = direction == COLOUR_EAST ? x : p - 1 - x;
  guint d = reg[REG_PHASE] + 1;
  if (at + d >= p || reg[REG_ROUND] == run->params.words)
    return G_MAXUINT64;
  guint64 slot = (guint64)reg[REG_BEGIN] + at % cs3_move_period(p, d);
  guint num = run->timing.link_num * (CS3_MOVE_SLACK + 1),
        den = run->timing.link_den * CS3_MOVE_SLACK;
  return (guint64)run->timing.hop * at + (slot * num + den - 1) / den;
}

/* Sends the word that is due; FALSE: the queue is full. */
static gboolean depart(Cs3Pe *pe, guint direction) {
  const Cs3ProgramParams *p = &cs3_run_of(pe)->params;
  guint32 *reg = cs3_pe_register(pe, direction * N_TIMETABLE);
  guint d = reg[REG_PHASE] + 1, x = cs3_pe_x(pe);
  guint to = direction == COLOUR_EAST ? x + d : x - d;
  if (!cs3_pe_send(pe, direction, cs3_event_address(to, cs3_pe_y(pe), reg[REG_ROUND] & 1023), 0))
    return FALSE;
  reg[REG_BEGIN] += cs3_move_period(p->width, d);
  reg[REG_PHASE]++;
  if (d + 1 + (direction == COLOUR_EAST ? x : p->width - 1 - x) >= p->width) {
    reg[REG_PHASE] = 0;
    reg[REG_BEGIN] = ++reg[REG_ROUND] * cs3_move_slots(p->width);
  }
  return TRUE;
}

static guint transpose_send(Cs3Pe *pe, guint32 wavelet) {
  guint64 next = G_MAXUINT64;
  for (guint direction = COLOUR_EAST; direction <= COLOUR_WEST; direction++) {
    guint64 due = next_departure(pe, direction);
    if (due <= cs3_pe_now(pe)) {
      if (!depart(pe, direction))
        return 0; /* called again when there is room */
      due = MAX(next_departure(pe, direction), cs3_pe_now(pe) + 1);
    }
    next = MIN(next, due);
  }
  if (next != G_MAXUINT64)
    cs3_pe_activate_at(pe, next, 0);
  return 0;
}

static gboolean transpose_build(Cs3ProgramRun *run, GError **error) {
  Cs3Role role;
  cs3_role_clear(&role);
  role.start_task = 0;
  role.task[0] = transpose_send;
  role.registers = 2 * N_TIMETABLE;
  role.memory_bytes = (run->params.width - 1) * run->params.words * 4;
  for (guint c = COLOUR_EAST; c <= COLOUR_WEST; c++) {
    role.colour[c].by_address = TRUE;
    role.colour[c].binding = CS3_BIND_SINK;
  }
  return place_all(run, &role, error);
}

static gboolean transpose_check(const Cs3ProgramParams *p, GError **error) {
  if (p->width < 2)
    return cs3_program_invalid(error, "--pes %ux%u: a row has at least two PEs", p->width,
                               p->height);
  return cs3_check_words(p, 1024, error);
}

static gboolean transpose_verify(const Cs3ProgramRun *run) {
  const Cs3ProgramParams *p = &run->params;
  for (guint y = 0; y < p->height; y++)
    for (guint x = 0; x < p->width; x++)
      if (cs3_fabric_link_count(run->fabric, x, y, CS3_RAMP) != (guint64)p->words * (p->width - 1))
        return FALSE;
  return TRUE;
}

/* The middle link of a row carries floor(P/2) ceil(P/2) pairs in each direction. */
static gboolean transpose_model(const Cs3ProgramRun *run, Cs3ClosedForm *form) {
  double p = run->params.width, half = floor(p / 2), pairs = half * (p - half);
  *form = (Cs3ClosedForm){.energy = run->params.words * p * (p * p - 1) / 3,
                          .contention = (double)run->params.words * (run->params.width - 1),
                          .distance = run->params.width - 1,
                          .depth = 1,
                          .links = 2.0 * (run->params.width - 1),
                          .cycles = pairs * run->params.words};
  return TRUE;
}

const Cs3ProgramOps cs3_program_transpose = {
    "transpose",           "all-to-all within every row (dimension-order routing)",
    "--pes WxH --words B", transpose_check,
    transpose_build,       transpose_verify,
    transpose_model,       TRUE};
const Cs3ProgramOps cs3_program_uniform = {
    "uniform",
    "single wavelets to uniformly random PEs (dimension-order routing)",
    "--pes WxH --load SHARE --horizon CYCLES --seed N --jobs N",
    check,
    build,
    verify,
    NULL,
    TRUE};
const Cs3ProgramOps cs3_program_neighbour = {
    "neighbour",
    "single wavelets to a random neighbour (dimension-order routing)",
    "--pes WxH --load SHARE --horizon CYCLES --seed N --jobs N",
    check,
    build,
    verify,
    NULL,
    TRUE};
