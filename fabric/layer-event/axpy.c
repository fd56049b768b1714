/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Forward and dX. A weight wavelet triggers acc += w x on the current slot; the control wavelet
 * that ends a row hands the slot to the streams of the reduction and takes the next one. */
#include "config.h"

#include "fabric/layer-event/axpy.h"

#include <math.h>

#include "fabric/event/half.h"
#include "fabric/layer/lines.h"
#include "fabric/layer/recurrence.h"

enum { TASK_COMPLETE = TASK_PROGRAM, TASK_END, TASK_ADDED, TASK_LOWERED, TASK_SENT, TASK_STORED };

static const Cs3LayerReduction *reduction_of(const Cs3LayerEvent *m) {
#define REGISTERED(ID, name, text) [CS3_REDUCTION_##ID] = &cs3_layer_##name,
  static const Cs3LayerReduction *const table[CS3_N_REDUCTIONS] = {CS3_REDUCTIONS(REGISTERED)};
  return table[m->config.mapping.reduction];
}

static gboolean overlaps(const Cs3LayerEvent *m) {
  return m->config.mapping.overlap || m->lines == 1;
}

void cs3_layer_plan_sends(Cs3LineWork *work) {
  work->send_of = g_new0(guint32, work->n + 1);
  for (guint v = 0; v < work->n; v++)
    if (work->visit[v].sends)
      work->send_of[work->n_sends++] = v;
}

void cs3_layer_plan_rows(const Cs3LayerEvent *m, gint64 line, gboolean dry, Cs3LineWork *work) {
  work->visit = g_new0(Cs3Visit, m->shape.rows);
  work->n = (guint)m->shape.rows;
  for (gint64 step = 0; step < m->shape.rows; step++) {
    gint64 owner, row = cs3_rotating_row(m->lines, m->shape.rows, step, &owner);
    work->visit[step] = (Cs3Visit){
        .row = (gint32)row,
        .step = (gint32)step,
        .dry = dry,
        .sends = TRUE,
        .stores = owner == line,
    };
  }
  cs3_layer_plan_sends(work);
}

static void plan(Cs3LayerEvent *m) {
  m->steps =
      cs3_reduction_steps(cs3_reduction_ops(m->config.mapping.reduction), m->lines, m->shape.rows);
  m->work = g_new0(Cs3LineWork, m->lines);
  for (gint64 line = 0; line < m->lines; line++)
    reduction_of(m)->plan(m, line, &m->work[line]);
  guint owned = (guint)((m->shape.rows + m->lines - 1) / m->lines);
  guint slots = (guint)MIN(m->costs.pass.slots, m->shape.rows);
  m->slots_at = (guint)m->costs.pass.features * m->vector_words;
  m->scratch_at = m->slots_at + slots * m->slot_words;
  m->output_at = m->scratch_at + (cs3_layer_single(m) ? m->slot_words : 0);
  m->memory_words = m->output_at + owned * m->vector_words;
}

static guint slot_word(const Cs3LayerEvent *m, guint32 visit) {
  return m->slots_at + visit % (guint)m->costs.pass.slots * m->slot_words;
}

/* First word of the output row @row in its owner's memory. */
static guint output_word(const Cs3LayerEvent *m, guint line, gint64 row) {
  gint64 first = (gint64)line * m->shape.rows / m->lines;
  return m->output_at + (guint)(row - first) * m->vector_words;
}

/* Rounds a finished sum at @from to FP16 at @to. */
static void store_sum(const Cs3LayerEvent *m, Cs3Pe *pe, guint from, guint to) {
  guint32 *w = cs3_pe_memory(pe);
  cs3_layer_round(m, m->slot_words, w + from, w + to);
}

/* Takes the slot of the visit that the datapath comes to, or waits for it. */
static void take_slot(Cs3LayerEvent *m, Cs3Pe *pe, Cs3PeData *d) {
  guint8 *busy = &d->busy_slot[d->visit % (guint)m->costs.pass.slots];
  d->waits = *busy != 0;
  if (d->waits) {
    cs3_pe_block(pe, TASK_WEIGHT);
    cs3_pe_block(pe, TASK_CONTROL);
    return;
  }
  *busy = 1;
  guint32 *slot = cs3_pe_memory(pe) + slot_word(m, d->visit);
  for (guint i = 0; i < m->slot_words; i++)
    slot[i] = 0;
  cs3_wire_begin(&d->decoder);
  cs3_pe_unblock(pe, TASK_WEIGHT);
  cs3_pe_unblock(pe, TASK_CONTROL);
}

static void free_slot(Cs3LayerEvent *m, Cs3Pe *pe, Cs3PeData *d, guint32 visit) {
  d->busy_slot[visit % (guint)m->costs.pass.slots] = 0;
  if (d->waits)
    take_slot(m, pe, d);
}

static guint begin(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  Cs3PeData *d = cs3_pe_data(pe);
  const Cs3Seat at = d->seat;
  if (m->work[at.line].n > 0)
    take_slot(m, pe, d);
  gint64 owned = (at.line + 1) * m->shape.rows / m->lines - at.line * m->shape.rows / m->lines;
  if (reduction_of(m)->stores && m->lines > 1)
    cs3_pe_grant(pe, STREAM_STORE, (guint)owned);
  return 0;
}

/* A wavelet of weights: index mode. */
static guint take_weight(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  Cs3PeData *d = cs3_pe_data(pe);
  const Cs3Seat at = d->seat;
  Cs3Weight weights[CS3_WIRE_MOST];
  guint n = cs3_wire_take(m, at.line, &d->decoder, wavelet, weights);
  guint32 *w = cs3_pe_memory(pe);
  for (guint i = 0; i < n; i++)
    cs3_layer_axpy_run(m, m->slot_words, weights[i].value,
                       w + (guint)weights[i].feature * m->vector_words, w + slot_word(m, d->visit));
  m->macs += (gint64)n * d->tokens;
  guint cycles = n > 0 ? n * (guint)m->costs.pass.service : (guint)m->costs.pass.token;
  cs3_pe_hold(pe, cycles);
  return cycles;
}

/* The control wavelet: the mask's words were counted with it. */
static guint end_row(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  guint cycles = (guint)(m->costs.pass.control - m->costs.masks);
  cs3_pe_hold(pe, cycles);
  cs3_pe_after(pe, cycles, TASK_COMPLETE);
  return 0;
}

/* The middle line adds one vector after the other, so its first adder waits for the second. */
static void grant_adder(Cs3LayerEvent *m, Cs3Pe *pe, Cs3PeData *d, guint line) {
  gboolean lowers = reduction_of(m)->lowers(m->lines, line);
  if (lowers && (d->adding == d->complete || d->adding > d->lowered))
    return;
  d->adding++;
  cs3_pe_grant(pe, STREAM_ADD, 1);
}

static guint end_at(Cs3Pe *pe, guint cycles) {
  if (cycles > 0)
    cs3_pe_after(pe, cycles, TASK_END);
  else
    cs3_pe_finish(pe);
  return cycles;
}

static guint end(Cs3Pe *pe, guint32 wavelet) {
  cs3_pe_finish(pe);
  return 0;
}

/* The datapath goes on to the next row, after @cycles that it is charged for. */
static guint go_on(Cs3LayerEvent *m, Cs3Pe *pe, const Cs3Seat *at, guint cycles) {
  Cs3PeData *d = cs3_pe_data(pe);
  cs3_pe_hold(pe, cycles);
  if (++d->visit == m->work[at->line].n)
    return end_at(pe, cycles);
  take_slot(m, pe, d);
  return cycles;
}

/* One line: the sum is complete here. */
static guint complete_alone(Cs3LayerEvent *m, Cs3Pe *pe, const Cs3Seat *at, const Cs3Visit *visit) {
  Cs3PeData *d = cs3_pe_data(pe);
  store_sum(m, pe, slot_word(m, d->visit), output_word(m, at->line, visit->row));
  d->busy_slot[d->visit % (guint)m->costs.pass.slots] = 0;
  return go_on(m, pe, at, (guint)m->costs.pass.store);
}

static guint complete(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  Cs3PeData *d = cs3_pe_data(pe);
  const Cs3Seat at = d->seat;
  const Cs3Visit *visit = &m->work[at.line].visit[d->visit];
  if (at.column == 0 && !cs3_edge_report(pe))
    return 0;
  if (m->lines == 1)
    return complete_alone(m, pe, &at, visit);
  d->complete++;
  grant_adder(m, pe, d, at.line);
  if (visit->sends)
    cs3_pe_grant(pe, STREAM_SEND, 1);
  if (overlaps(m))
    return go_on(m, pe, &at, (guint)reduction_of(m)->charge(m, at.line, visit));
  cs3_pe_block(pe, TASK_WEIGHT);
  cs3_pe_block(pe, TASK_CONTROL);
  return 0;
}

/* All of a vector is added. */
static guint added(Cs3Pe *pe, guint32 row) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  Cs3PeData *d = cs3_pe_data(pe);
  const Cs3Seat at = d->seat;
  const Cs3Visit *visit = &m->work[at.line].visit[row];
  if (reduction_of(m)->lowers(m->lines, at.line))
    cs3_pe_grant(pe, STREAM_ADD_LOWER, 1);
  if (visit->sends)
    return 0;
  store_sum(m, pe, slot_word(m, row), output_word(m, at.line, visit->row));
  free_slot(m, pe, d, row);
  cs3_pe_finish(pe);
  return 0;
}

static guint lowered(Cs3Pe *pe, guint32 row) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  Cs3PeData *d = cs3_pe_data(pe);
  const Cs3Seat at = d->seat;
  d->lowered++;
  grant_adder(m, pe, d, at.line);
  return 0;
}

/* The sum has gone on. Without overlap the datapath stood still for it. */
static guint sent(Cs3Pe *pe, guint32 row) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  Cs3PeData *d = cs3_pe_data(pe);
  const Cs3Seat at = d->seat;
  guint32 visit = m->work[at.line].send_of[row];
  free_slot(m, pe, d, visit);
  if (overlaps(m))
    return 0;
  return go_on(m, pe, &at, m->work[at.line].visit[visit].stores ? (guint)m->costs.pass.store : 0);
}

/* A finished row is in the owner's memory. */
static guint stored(Cs3Pe *pe, guint32 row) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3Seat at = cs3_layer_seat_of(pe);
  if (cs3_layer_single(m)) {
    gint64 first = (gint64)at.line * m->shape.rows / m->lines;
    store_sum(m, pe, m->scratch_at, output_word(m, at.line, first + row));
  }
  cs3_pe_finish(pe);
  return 0;
}

static void add_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3Seat at = cs3_layer_seat_of(pe);
  out->n = m->slot_words;
  out->address = 4 * slot_word(m, row);
  out->dry = m->work[at.line].visit[row].dry;
}

static void add_lower_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  out->n = m->slot_words;
  out->address = 4 * slot_word(m, row);
}

static void send_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3Seat at = cs3_layer_seat_of(pe);
  guint32 visit = m->work[at.line].send_of[row];
  out->n = m->slot_words;
  out->address = 4 * slot_word(m, visit);
  out->after = visit * m->slot_words;
}

static void store_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  out->n = m->slot_words;
  out->address = 4 * (cs3_layer_single(m) ? m->scratch_at : m->output_at + row * m->vector_words);
}

void cs3_layer_sum_in(Cs3Role *role, guint stream, guint colour, guint from, guint queue,
                      Cs3Lane lane) {
  cs3_role_route(role, colour, 0, AT(from), AT(CS3_RAMP));
  role->colour[colour].in_queue = (guint8)queue;
  role->colour[colour].lane = lane;
  role->stream[stream].colour = (guint8)colour;
}

void cs3_layer_sum_out(Cs3Role *role, guint colour, guint to) {
  cs3_role_route(role, colour, 0, AT(CS3_RAMP), AT(to));
  role->colour[colour].out_queue = QUEUE_SUM;
  role->stream[STREAM_SEND].colour = (guint8)colour;
}

/* Of the finished rows that pass, a PE takes those that its line owns. */
static gboolean owns(Cs3Pe *pe, guint32 count) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3Seat at = cs3_layer_seat_of(pe);
  gint64 owner;
  cs3_rotating_row(m->lines, m->shape.rows, count / m->slot_words, &owner);
  return owner == at.line;
}

void cs3_layer_store(const Cs3LayerEvent *m, gint64 line, gint64 root, Cs3Role *role) {
  guint up = line > 0 && line <= root ? AT(CS3_N) : 0;
  guint down = line + 1 < m->lines && line >= root ? AT(CS3_S) : 0;
  guint from = line == root ? CS3_RAMP : line < root ? CS3_S : CS3_N;
  cs3_role_route(role, COLOUR_STORE, 0, AT(from), up | down | AT(CS3_RAMP));
  Cs3ColourUse *use = &role->colour[COLOUR_STORE];
  use->in_queue = QUEUE_STORE;
  use->lane = cs3_layer_lane(m);
  use->filter = (Cs3Filter){.kind = CS3_FILTER_SPARSE, .keep = owns, .run = m->slot_words};
  role->stream[STREAM_STORE].colour = COLOUR_STORE;
  if (line != root)
    return;
  use->out_queue = QUEUE_SUM;
  role->stream[STREAM_SEND].colour = COLOUR_STORE;
}

static void set_tasks(Cs3Role *role) {
  role->task[TASK_BEGIN] = begin;
  role->task[TASK_WEIGHT] = take_weight;
  role->task[TASK_CONTROL] = end_row;
  role->task[TASK_COMPLETE] = complete;
  role->task[TASK_END] = end;
  role->task[TASK_ADDED] = added;
  role->task[TASK_LOWERED] = lowered;
  role->task[TASK_SENT] = sent;
  role->task[TASK_STORED] = stored;
  role->start_task = TASK_BEGIN;
}

static void make_role(const Cs3LayerEvent *m, guint line, guint column, Cs3Role *role) {
  guint8 type = cs3_layer_single(m) ? CS3_TYPE_F32 : CS3_TYPE_F16X2;
  cs3_role_clear(role);
  cs3_layer_weight_role(m, role, column);
  set_tasks(role);
  role->memory_bytes = 4 * m->memory_words;
  role->init = cs3_layer_input_word;
  role->n_streams = m->lines > 1 ? N_STREAMS : 0;
  role->stream[STREAM_ADD] =
      (Cs3StreamUse){.kind = CS3_STREAM_ADD, .type = type, .task = TASK_ADDED, .row = add_row};
  role->stream[STREAM_ADD_LOWER] = (Cs3StreamUse){
      .kind = CS3_STREAM_ADD, .type = type, .task = TASK_LOWERED, .row = add_lower_row};
  guint last_adder = reduction_of(m)->lowers(m->lines, line) ? STREAM_ADD_LOWER : STREAM_ADD;
  role->stream[STREAM_SEND] = (Cs3StreamUse){.kind = CS3_STREAM_SEND,
                                             .follows = (guint8)(1 + last_adder),
                                             .task = TASK_SENT,
                                             .row = send_row};
  role->stream[STREAM_STORE] =
      (Cs3StreamUse){.kind = CS3_STREAM_STORE, .task = TASK_STORED, .row = store_row};
  if (m->lines > 1)
    reduction_of(m)->wire(m, line, role);
}

static gboolean build(Cs3LayerEvent *m, GError **error) {
  Cs3Role role;
  for (guint y = 0; y < m->height; y++)
    for (guint c = 0; c < m->columns; c++) {
      make_role(m, m->line_of[y % (guint)m->lines], c, &role);
      if (!cs3_layer_place(m, c + 1, y, &role, error))
        return FALSE;
    }
  return TRUE;
}

/* What the machine stored of row @row for @token of the PE at @x. */
static double output(const Cs3LayerEvent *m, guint x, guint y, guint line, gint64 row,
                     guint token) {
  guint32 word = cs3_fabric_word(m->fabric, x, y, output_word(m, line, row) + token / 2);
  return cs3_half_to_float((guint16)(word >> token % 2 * 16));
}

static gint64 owner_of(const Cs3LayerEvent *m, gint64 row) {
  gint64 line = row * m->lines / m->shape.rows;
  while ((line + 1) * m->shape.rows / m->lines <= row)
    line++;
  while (line * m->shape.rows / m->lines > row)
    line--;
  return line;
}

/* Plain sums in double precision over the live weights of a row. */
CS3_VECTOR_CLONES static void verify_row(const Cs3LayerEvent *m, gint64 row, const float *x,
                                         double *sum, double *size, guint *terms) {
  gint64 tokens = m->shape.tokens;
  *terms = 0;
  for (gint64 t = 0; t < tokens; t++)
    sum[t] = size[t] = 0;
  for (gint64 k = 0; k < m->shape.features; k++) {
    double w = cs3_half_to_float(cs3_layer_weight(m, row, k));
    if (w == 0)
      continue;
    ++*terms;
    for (gint64 t = 0; t < tokens; t++) {
      sum[t] += w * x[k * tokens + t];
      size[t] += fabs(w * x[k * tokens + t]);
    }
  }
}

static void verify(const Cs3LayerEvent *m, Cs3LayerEventResult *result) {
  gint64 tokens = m->shape.tokens, first;
  g_autofree float *x = g_new(float, m->shape.features *tokens);
  g_autofree double *sum = g_new(double, tokens), *size = g_new(double, tokens);
  for (gint64 k = 0; k < m->shape.features; k++)
    for (gint64 t = 0; t < tokens; t++)
      x[k * tokens + t] = cs3_half_to_float(cs3_layer_input(m, k, t));
  for (gint64 row = 0; row < m->shape.rows; row++) {
    guint terms, line = (guint)owner_of(m, row), place = 0;
    verify_row(m, row, x, sum, size, &terms);
    while (m->line_of[place] != line)
      place++;
    for (guint g = 0; g < m->groups; g++)
      for (guint c = 0; c < m->columns; c++) {
        guint n = cs3_layer_tokens(m, g, c, &first), y = g * (guint)m->lines + place;
        for (guint t = 0; t < n; t++)
          cs3_layer_check(m, cs3_layer_single(m), output(m, c + 1, y, line, row, t), sum[first + t],
                          terms + m->lines, size[first + t], result);
      }
  }
}

const Cs3LayerProgram cs3_layer_axpy = {plan, build, verify};
