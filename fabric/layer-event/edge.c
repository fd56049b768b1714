/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The edges of the wafer. Weights come in at a limited rate, row by row; a row is handed to the
 * ports of its lines when its last wavelet is in, and the next one may come in when the first PEs
 * of all lines have reported that they are done with the row D before. dW: gradients are collected
 * row by row at the edge and leave at a limited rate; a row of indices is handed over only when the
 * gradients of the row D before have left. */
#include "config.h"

#include "fabric/layer-event/machine.h"

#include <math.h>

#include "fabric/event/half.h"

enum { FRACTION_BITS = 20 };
enum { TASK_LEFT = TASK_PROGRAM };

static gint64 round_up(gint64 clock) {
  return (clock + (1 << FRACTION_BITS) - 1) >> FRACTION_BITS;
}

static gboolean gradients_leave(const Cs3LayerEvent *m) {
  return cs3_pass_has_gradients(m->shape.pass);
}

void cs3_edge_init(Cs3LayerEvent *m) {
  Cs3Edge *e = &m->edge;
  e->per_wavelet = e->out_per_wavelet = llround(ldexp(m->costs.pass.ingress_cycles, FRACTION_BITS));
  e->out_per_wavelet = llround(ldexp(m->costs.pass.egress_cycles, FRACTION_BITS));
  e->depth = m->costs.pass.edge_rows;
  e->handed = g_new0(gint64, m->steps);
  e->taken = g_new0(gint64, m->steps);
  e->left = g_new0(gint64, m->steps);
  e->pending = g_new0(guint32, m->steps);
  e->out_pending = g_new0(guint32, m->steps);
  e->done = g_new0(guint32, m->height);
  e->clock = gradients_leave(m) ? (gint64)m->costs.pass.token << FRACTION_BITS : 0;
  for (gint64 r = 0; r < m->lines; r++)
    for (guint v = 0; v < m->work[r].n; v++) {
      const Cs3Visit *visit = &m->work[r].visit[v];
      e->pending[visit->step] += (guint32)m->groups;
      if (cs3_layer_weights(m, visit->row, r) > 0)
        e->out_pending[visit->step] += (guint32)m->groups;
    }
}

void cs3_edge_clear(Cs3LayerEvent *m) {
  Cs3Edge *e = &m->edge;
  g_free(e->handed);
  g_free(e->taken);
  g_free(e->left);
  g_free(e->pending);
  g_free(e->out_pending);
  g_free(e->done);
}

static const Cs3Visit *visit_at(const Cs3LayerEvent *m, gint64 line, gint64 step) {
  const Cs3LineWork *work = &m->work[line];
  guint v = (guint)MIN(step, (gint64)work->n - 1);
  while (v > 0 && work->visit[v].step > step)
    v--;
  return work->n > 0 && work->visit[v].step == step ? &work->visit[v] : NULL;
}

/* Grants a row to the ports of all lines that have one. */
static gint64 grant_row(Cs3Pe *pe, Cs3LayerEvent *m, gint64 step) {
  gint64 wavelets = 0;
  for (guint y = 0; y < m->height; y++) {
    guint line = m->line_of[y % (guint)m->lines];
    const Cs3Visit *visit = visit_at(m, line, step);
    if (!visit)
      continue;
    cs3_pe_grant_at(pe, 0, y, STREAM_SOURCE, 1);
    if (y < m->lines)
      wavelets += cs3_wire_length(m, visit->row, line);
  }
  return wavelets;
}

/* Lets in as many rows as there is room for. */
static void let_in(Cs3Pe *pe, Cs3LayerEvent *m) {
  Cs3Edge *e = &m->edge;
  for (; e->next < m->steps; e->next++) {
    gint64 before = e->next - e->depth;
    if (before >= 0 && (e->pending[before] > 0 || (gradients_leave(m) && before >= e->out_next)))
      return;
    gint64 room = before >= 0 ? e->taken[before] : 0;
    gint64 wavelets = grant_row(pe, m, e->next);
    e->wavelets += wavelets;
    e->clock = MAX(e->clock, room << FRACTION_BITS) + wavelets * e->per_wavelet;
    e->handed[e->next] = round_up(e->clock);
    if (before >= 0 && gradients_leave(m))
      e->handed[e->next] = MAX(e->handed[e->next], e->left[before]);
  }
}

/* Gradients of all rows that are complete leave, in order. */
static void let_out(Cs3Pe *pe, Cs3LayerEvent *m) {
  Cs3Edge *e = &m->edge;
  for (; e->out_next < m->steps && e->out_pending[e->out_next] == 0; e->out_next++) {
    gint64 row = m->work[0].visit[e->out_next].row;
    gint64 live = m->offset[(row + 1) * m->lines] - m->offset[row * m->lines];
    gint64 wavelets = (live * m->costs.pass.gradient_bits + 31) / 32;
    e->out_wavelets += wavelets;
    if (wavelets > 0) /* a row that waited for the one before finds the clock later than now */
      e->out_clock = MAX(e->out_clock, (gint64)cs3_pe_now(pe) << FRACTION_BITS) +
                     wavelets * e->out_per_wavelet;
    e->left[e->out_next] = round_up(e->out_clock);
  }
}

static guint begin(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  if (gradients_leave(m)) {
    for (guint y = 0; y < m->height; y++) {
      cs3_pe_grant_at(pe, 0, y, STREAM_SOURCE, 1);
      cs3_pe_grant_at(pe, 0, y, STREAM_SINK, m->work[m->line_of[y % (guint)m->lines]].n_sends);
    }
    let_out(pe, m); /* rows without gradients */
  }
  let_in(pe, m);
  return 0;
}

/* dW: every line has a slot for dy of row @step; its owner may send it. */
static void allow(Cs3Pe *pe, const Cs3LayerEvent *m, gint64 step) {
  for (guint y = 0; y < m->height && m->lines > 1 && step < m->steps; y++)
    if (m->work[m->line_of[y % (guint)m->lines]].visit[step].stores)
      cs3_pe_grant_at(pe, 0, y, STREAM_GO, 1);
}

/* The first PE of this line is done with a row. */
static guint line_done(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  guint y = cs3_pe_y(pe);
  const Cs3LineWork *work = &m->work[m->line_of[y % (guint)m->lines]];
  gint64 step = work->visit[m->edge.done[y]++].step;
  if (--m->edge.pending[step] == 0) {
    m->edge.taken[step] = (gint64)cs3_pe_now(pe);
    if (gradients_leave(m))
      allow(pe, m, step + m->costs.pass.slots);
    let_in(pe, m);
  }
  return 0;
}

/* dW: the pass begins with a command of its own on every line. */
static void source_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  gint64 line = m->line_of[cs3_pe_y(pe) % (guint)m->lines];
  out->n = 1;
  if (gradients_leave(m) && row-- == 0)
    return;
  const Cs3Visit *visit = &m->work[line].visit[row];
  out->n = cs3_wire_length(m, visit->row, line);
  out->not_before = (guint64)m->edge.handed[visit->step];
}

/* In the cycle after the last report, whichever port that came to. */
static void go_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3LineWork *work = &m->work[m->line_of[cs3_pe_y(pe) % (guint)m->lines]];
  gint64 slots = m->costs.pass.slots, step = slots;
  while (!work->visit[step].stores || row-- > 0)
    step++;
  out->n = 1;
  out->not_before = (guint64)m->edge.taken[step - slots] + 1;
}

static guint32 go(Cs3Pe *pe, guint32 row, guint32 element, gboolean *control) {
  return 0;
}

static guint32 source(Cs3Pe *pe, guint32 row, guint32 element, gboolean *control) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  gint64 line = m->line_of[cs3_pe_y(pe) % (guint)m->lines];
  *control = TRUE;
  if (gradients_leave(m) && row-- == 0)
    return 0;
  return cs3_wire_word(m, m->work[line].visit[row].row, line, element, control);
}

static const Cs3Visit *gradient_visit(const Cs3Pe *pe, guint32 row) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3LineWork *work = &m->work[m->line_of[cs3_pe_y(pe) % (guint)m->lines]];
  return &work->visit[work->send_of[row]];
}

static void sink_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  guint line = m->line_of[cs3_pe_y(pe) % (guint)m->lines];
  out->n = cs3_layer_weights(m, gradient_visit(pe, row)->row, line);
}

/* The groups' shares of a gradient meet here. */
static void sink(Cs3Pe *pe, guint32 row, guint32 element, guint32 wavelet) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  guint line = m->line_of[cs3_pe_y(pe) % (guint)m->lines];
  gint64 matrix_row = gradient_visit(pe, row)->row;
  m->gradient[m->offset[matrix_row * m->lines + line] + element] += cs3_float_of_bits(wavelet);
}

static guint row_left(Cs3Pe *pe, guint32 row) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  m->edge.out_pending[gradient_visit(pe, row)->step]--;
  let_out(pe, m);
  let_in(pe, m);
  return 0;
}

void cs3_edge_report_role(Cs3Role *role) {
  cs3_role_route(role, COLOUR_DONE, 0, AT(CS3_RAMP), AT(CS3_W));
  role->colour[COLOUR_DONE].lane = CS3_LANE_OWN;
  role->colour[COLOUR_DONE].out_queue = QUEUE_FIRST;
}

gboolean cs3_edge_report(Cs3Pe *pe) {
  if (cs3_pe_send(pe, COLOUR_DONE, 0, TASK_DONE))
    return TRUE;
  cs3_pe_fail(pe, "no room to tell the edge that a row is done");
  return FALSE;
}

static void source_role(Cs3Role *role) {
  cs3_role_clear(role);
  cs3_role_route(role, COLOUR_WEIGHTS, 0, AT(CS3_RAMP), AT(CS3_E));
  role->colour[COLOUR_WEIGHTS].out_queue = QUEUE_FIRST;
  cs3_role_route(role, COLOUR_DONE, 0, AT(CS3_E), AT(CS3_RAMP));
  Cs3ColourUse *done = &role->colour[COLOUR_DONE];
  done->binding = CS3_BIND_TASK;
  done->task = TASK_DONE;
  done->in_queue = QUEUE_FIRST;
  done->lane = CS3_LANE_OWN;
  role->task[TASK_DONE] = line_done;
  role->task[TASK_BEGIN] = begin;
  role->n_streams = 1;
  role->stream[STREAM_SOURCE] = (Cs3StreamUse){.kind = CS3_STREAM_SOURCE,
                                               .colour = COLOUR_WEIGHTS,
                                               .task = CS3_EVENT_TASKS,
                                               .row = source_row,
                                               .source = source};
}

static void go_role(Cs3Role *role) {
  cs3_role_route(role, COLOUR_GO, 0, AT(CS3_RAMP), AT(CS3_E));
  role->colour[COLOUR_GO].out_queue = QUEUE_SUM;
  role->colour[COLOUR_GO].lane = CS3_LANE_OWN;
  role->n_streams = 3;
  role->stream[STREAM_GO] = (Cs3StreamUse){.kind = CS3_STREAM_SOURCE,
                                           .colour = COLOUR_GO,
                                           .task = CS3_EVENT_TASKS,
                                           .row = go_row,
                                           .source = go};
}

static void sink_role(Cs3Role *role) {
  cs3_role_route(role, COLOUR_GRADIENT, 0, AT(CS3_E), AT(CS3_RAMP));
  role->colour[COLOUR_GRADIENT].in_queue = QUEUE_SUM;
  role->task[TASK_LEFT] = row_left;
  role->n_streams = 2;
  role->stream[STREAM_SINK] = (Cs3StreamUse){.kind = CS3_STREAM_SINK,
                                             .colour = COLOUR_GRADIENT,
                                             .task = TASK_LEFT,
                                             .row = sink_row,
                                             .sink = sink};
}

gboolean cs3_edge_build(Cs3LayerEvent *m, GError **error) {
  Cs3Role role;
  for (guint y = 0; y < m->height; y++) {
    source_role(&role);
    if (gradients_leave(m))
      sink_role(&role);
    if (gradients_leave(m) && m->lines > 1)
      go_role(&role);
    role.start_task = y == 0 ? TASK_BEGIN : -1;
    if (!cs3_layer_place(m, 0, y, &role, error))
      return FALSE;
  }
  return TRUE;
}
