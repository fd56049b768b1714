/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dW and backward. The owner of an output row multicasts its dy up and down the token line when
 * every line has a slot for it: lines report their rows to the edge, which tells the owner. An
 * index wavelet triggers a dot product of dy and the input feature (local block: it takes a
 * gradient out of the block, which the first wavelet of the row had computed); the scalars are
 * added along the row from column to column against the weights and leave at the same edge.
 * Backward: the wavelets bring values too, and each weight first adds its share to dX (scatter.c).
 */
#include "config.h"

#include "fabric/layer-event/dot.h"

#include "fabric/event/half.h"
#include "fabric/layer/recurrence.h"

enum {
  TASK_DOT = TASK_PROGRAM,
  TASK_BLOCK,
  TASK_IDLED,
  TASK_COMPLETE,
  TASK_CLEARED,
  TASK_FINISH,
  TASK_ABOVE,
  TASK_BELOW,
  TASK_GO
};
enum { COLOUR_DOWN = COLOUR_PROGRAM, COLOUR_UP };
enum {
  STREAM_ABOVE,
  STREAM_BELOW,
  STREAM_SEND_DOWN,
  STREAM_SEND_UP,
  STREAM_ALLOWED,
  STREAM_GRADIENT,
  N_STREAMS
};

static gboolean backward(const Cs3LayerEvent *m) {
  return m->shape.pass == CS3_PASS_BACKWARD;
}

static void plan_line(const Cs3LayerEvent *m, gint64 line, Cs3LineWork *work) {
  work->visit = g_new0(Cs3Visit, m->shape.rows);
  work->send_of = g_new0(guint32, m->shape.rows);
  work->above = g_array_new(FALSE, FALSE, sizeof(guint32));
  work->below = g_array_new(FALSE, FALSE, sizeof(guint32));
  work->passing = g_array_new(FALSE, FALSE, sizeof(guint8));
  work->n = (guint)m->shape.rows;
  for (guint32 step = 0; step < work->n; step++) {
    gint64 owner, row = cs3_rotating_row(m->lines, m->shape.rows, step, &owner);
    gboolean sends = cs3_layer_weights(m, row, line) > 0;
    work->visit[step] = (Cs3Visit){
        .row = (gint32)row, .step = (gint32)step, .sends = sends, .stores = owner == line};
    if (sends)
      work->send_of[work->n_sends++] = step;
    if (owner <= line)
      g_array_append_val(work->above, step);
    if (owner > line)
      g_array_append_val(work->below, step);
    guint8 own = owner == line;
    if (owner >= line)
      g_array_append_val(work->passing, own);
  }
}

static void plan(Cs3LayerEvent *m) {
  m->steps = m->shape.rows;
  m->work = g_new0(Cs3LineWork, m->lines);
  for (gint64 line = 0; line < m->lines; line++)
    plan_line(m, line, &m->work[line]);
  guint owned = (guint)((m->shape.rows + m->lines - 1) / m->lines);
  guint slots = (guint)MIN(m->costs.pass.slots, m->shape.rows);
  m->slots_at = (guint)m->costs.pass.features * m->vector_words;
  m->output_at = m->slots_at + slots * m->slot_words; /* here: the line's share of dy */
  m->scratch_at = m->output_at + owned * m->vector_words;
  m->memory_words = m->scratch_at + (guint)m->costs.gradients;
  if (backward(m))
    cs3_scatter_plan(m);
  m->gradient = g_new0(float, m->offset[m->shape.rows * m->lines] + 1);
}

static guint slot_word(const Cs3LayerEvent *m, guint32 step) {
  return m->slots_at + step % (guint)m->costs.pass.slots * m->slot_words;
}

static guint own_word(const Cs3LayerEvent *m, guint line, gint64 row) {
  gint64 first = (gint64)line * m->shape.rows / m->lines;
  return m->output_at + (guint)(row - first) * m->vector_words;
}

/* Scalars wait in a ring of words. */
static guint gradient_word(const Cs3LayerEvent *m, guint32 count) {
  return m->scratch_at + count % (guint)m->costs.gradients;
}

/* Two FP16, or an FP32, that spoil every sum. */
#define NOT_CLEARED 0x7fffffff

static guint32 memory(gpointer user, guint x, guint y, guint word) {
  const Cs3LayerEvent *m = user;
  Cs3Seat at = cs3_layer_seat(m, x, y);
  if (word < m->slots_at)
    return cs3_layer_input_word(user, x, y, word);
  if (backward(m) && word >= m->sums_at)
    return NOT_CLEARED;
  if (word < m->output_at || word >= m->scratch_at)
    return 0;
  gint64 first,
      row = (gint64)at.line * m->shape.rows / m->lines + (word - m->output_at) / m->vector_words;
  guint tokens = cs3_layer_tokens(m, at.group, at.column, &first);
  guint t = 2 * ((word - m->output_at) % m->vector_words);
  guint32 low = t < tokens ? cs3_layer_dy(m, row, first + t) : 0;
  guint32 high = t + 1 < tokens ? cs3_layer_dy(m, row, first + t + 1) : 0;
  return low | high << 16;
}

static Cs3PeData *data_of(Cs3Pe *pe, Cs3LayerEvent **m, Cs3Seat *at) {
  *m = cs3_layer_of(pe);
  Cs3PeData *d = cs3_pe_data(pe);
  *at = d->seat;
  return d;
}

static void stop(Cs3Pe *pe) {
  cs3_pe_block(pe, TASK_WEIGHT);
  cs3_pe_block(pe, TASK_CONTROL);
}

static void go(Cs3Pe *pe) {
  cs3_pe_unblock(pe, TASK_WEIGHT);
  cs3_pe_unblock(pe, TASK_CONTROL);
}

/* The next row is sent when it is this line's, the one before has passed and all lines have a slot:
 * the first J rows find them empty. */
static void try_send(const Cs3LayerEvent *m, Cs3Pe *pe, const Cs3Seat *at, Cs3PeData *d) {
  guint32 step = d->landed;
  if (!d->begun || step >= m->steps || d->sent > step || !m->work[at->line].visit[step].stores)
    return;
  if (step >= (guint32)m->costs.pass.slots && d->allowed-- == 0) {
    d->allowed = 0;
    return;
  }
  d->sent = step + 1;
  cs3_pe_grant(pe, STREAM_SEND_DOWN, 1);
  if (at->line > 0)
    cs3_pe_grant(pe, STREAM_SEND_UP, 1);
}

static guint begin(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  data_of(pe, &m, &at);
  const Cs3LineWork *work = &m->work[at.line];
  if (m->lines == 1)
    return 0;
  guint told = 0;
  for (guint v = 0; v < work->n; v++)
    told += work->visit[v].stores && v >= (guint)m->costs.pass.slots;
  cs3_pe_grant(pe, STREAM_ALLOWED, told);
  cs3_pe_grant(pe, STREAM_ABOVE, work->above->len);
  cs3_pe_grant(pe, STREAM_BELOW, work->below->len);
  return 0;
}

/* One multiply-add after the other; the accumulators of a block are rounded as configured. */
static float products(const Cs3LayerEvent *m, const guint32 *x, const guint32 *dy) {
  gboolean half = cs3_layer_in_blocks(m) && !cs3_layer_single(m);
  enum { RUN = 64 };
  float sum = 0;
  for (guint from = 0; from < m->vector_words; from += RUN) {
    guint words = MIN(m->vector_words - from, RUN);
    float product[2 * RUN];
    m->half->multiply(words, x + from, dy + from, product);
    if (half)
      for (guint i = 0; i < 2 * words; i++)
        sum = cs3_half_to_float(cs3_half_of_float(sum + product[i]));
    else
      for (guint i = 0; i < 2 * words; i++)
        sum += product[i];
  }
  return sum;
}

/* The weight whose gradient is being computed, and the row of dy. */
static Cs3Weight weight_of(const Cs3LayerEvent *m, const Cs3PeData *d) {
  if (m->costs.pass.wire == CS3_WIRE_COMMAND)
    return (Cs3Weight){(guint16)(d->next_todo - 1), 0};
  return d->todo[d->next_todo - 1];
}

static guint dy_word(const Cs3LayerEvent *m, const Cs3PeData *d) {
  return m->lines > 1 ? slot_word(m, d->visit)
                      : own_word(m, d->seat.line, m->work[d->seat.line].visit[d->visit].row);
}

static void fetch(const Cs3Pe *pe) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3PeData *d = cs3_pe_data(pe);
  if (d->next_todo == 0)
    return;
  cs3_pe_fetch(pe, weight_of(m, d).feature * m->vector_words);
  cs3_pe_fetch(pe, dy_word(m, d));
  cs3_pe_fetch(pe, gradient_word(m, d->dots));
}

static void work(Cs3Pe *pe, guint cycles, guint then) {
  cs3_pe_hold(pe, cycles);
  cs3_pe_after(pe, cycles, then);
}

/* Starts the next dot product of the wavelet (dense: of the row). %FALSE: there is none. */
static gboolean start_dot(const Cs3LayerEvent *m, Cs3Pe *pe, const Cs3Seat *at, Cs3PeData *d) {
  gint64 features = m->starts[at->line + 1] - m->starts[at->line];
  if (d->next_todo == (m->costs.pass.wire == CS3_WIRE_COMMAND ? features : d->n_todo))
    return FALSE;
  d->next_todo++;
  work(pe, (guint)m->costs.pass.service, TASK_DOT);
  fetch(pe);
  return TRUE;
}

static void end_row(const Cs3LayerEvent *m, Cs3Pe *pe) {
  guint cycles = (guint)(m->costs.pass.control + (m->lines > 1 ? m->costs.pass.receive : 0));
  work(pe, cycles, TASK_COMPLETE);
}

/* What the datapath does next: the row's block, a word of its mask, a weight, the end of the row;
 * else the next wavelet is waited for. */
static void proceed(Cs3LayerEvent *m, Cs3Pe *pe, const Cs3Seat *at, Cs3PeData *d) {
  if (cs3_layer_in_blocks(m) && !d->blocked)
    work(pe, (guint)(m->costs.pass.block - m->costs.masks), TASK_BLOCK);
  else if (d->idle > 0)
    work(pe, d->idle, TASK_IDLED);
  else if (!start_dot(m, pe, at, d) && d->ending)
    end_row(m, pe);
}

static guint block_done(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  d->blocked = TRUE;
  m->macs += (m->starts[at.line + 1] - m->starts[at.line]) * d->tokens;
  proceed(m, pe, &at, d);
  return 0;
}

static guint idled(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  d->idle = 0;
  proceed(m, pe, &at, d);
  return 0;
}

/* A dot product is done: it waits for the sum of the columns before. */
static guint dot_done(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  Cs3Weight weight = weight_of(m, d);
  guint32 *w = cs3_pe_memory(pe);
  const guint32 *dy = w + dy_word(m, d);
  if (backward(m))
    cs3_scatter_add(m, w, &weight, dy);
  float sum = products(m, w + weight.feature * m->vector_words, dy);
  w[gradient_word(m, d->dots++)] = cs3_bits_of_float(sum);
  m->macs += (gint64)d->tokens * (!cs3_layer_in_blocks(m) + backward(m));
  cs3_pe_grant(pe, STREAM_GRADIENT, 1);
  proceed(m, pe, &at, d);
  return 0;
}

static guint take_indices(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  d->n_todo = cs3_wire_take(m, at.line, &d->decoder, wavelet, d->todo);
  d->next_todo = 0;
  d->idle = d->n_todo == 0 ? (guint)m->costs.pass.token : 0;
  proceed(m, pe, &at, d);
  return 0;
}

static guint cleared(Cs3Pe *pe, guint32 wavelet) {
  cs3_scatter_clear(cs3_layer_of(pe), cs3_pe_memory(pe));
  return 0;
}

static guint finish(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m = cs3_layer_of(pe);
  if (backward(m))
    cs3_scatter_finish(m, cs3_pe_memory(pe));
  cs3_pe_finish(pe);
  return 0;
}

/* The first command starts the pass, the others end a row (dense: compute it first). */
static guint command(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  if (!d->begun) {
    d->begun = TRUE;
    if (m->costs.pass.clear > 0)
      work(pe, (guint)m->costs.pass.clear, TASK_CLEARED);
    if (m->lines > 1) {
      d->waits = TRUE;
      stop(pe);
      try_send(m, pe, &at, d);
    }
    return 0;
  }
  d->ending = TRUE;
  if (m->costs.pass.wire == CS3_WIRE_COMMAND)
    d->next_todo = 0;
  proceed(m, pe, &at, d);
  return 0;
}

/* The row is done: its slot is free for the one J rows on. */
static guint complete(Cs3Pe *pe, guint32 wavelet) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  d->ending = d->blocked = FALSE;
  cs3_wire_begin(&d->decoder);
  if (at.column == 0 && !cs3_edge_report(pe))
    return 0;
  if (++d->visit == m->steps) {
    if (m->costs.pass.finish == 0)
      return finish(pe, 0);
    work(pe, (guint)m->costs.pass.finish, TASK_FINISH);
    return 0;
  }
  d->waits = m->lines > 1 && d->landed <= d->visit;
  if (d->waits)
    stop(pe);
  return 0;
}

static guint landed(Cs3Pe *pe, guint32 step) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  if (step != d->landed) {
    cs3_pe_fail(pe, "rows of dy overtook each other");
    return 0;
  }
  d->landed++;
  if (d->waits && d->landed > d->visit) {
    d->waits = FALSE;
    go(pe);
  }
  try_send(m, pe, &at, d);
  return 0;
}

static guint32 step_of(const Cs3Pe *pe, gboolean above, guint32 row) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3Seat at = cs3_layer_seat_of(pe);
  const Cs3LineWork *work = &m->work[at.line];
  return g_array_index(above ? work->above : work->below, guint32, row);
}

static guint landed_above(Cs3Pe *pe, guint32 row) {
  return landed(pe, step_of(pe, TRUE, row));
}

static guint landed_below(Cs3Pe *pe, guint32 row) {
  return landed(pe, step_of(pe, FALSE, row));
}

static guint allowed(Cs3Pe *pe, guint32 row) {
  Cs3LayerEvent *m;
  Cs3Seat at;
  Cs3PeData *d = data_of(pe, &m, &at);
  d->allowed++;
  try_send(m, pe, &at, d);
  return 0;
}

static void above_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  out->n = m->slot_words;
  out->address = 4 * slot_word(m, step_of(pe, TRUE, row));
}

static void below_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  out->n = m->slot_words;
  out->address = 4 * slot_word(m, step_of(pe, FALSE, row));
}

/* Owners hold their rows in the order in which they send them. */
static void own_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  out->n = m->slot_words;
  out->address = 4 * (m->output_at + row * m->vector_words);
}

static void allowed_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  out->n = 1;
}

static void gradient_row(Cs3Pe *pe, guint32 row, Cs3StreamRow *out) {
  out->n = 1;
  out->address = 4 * gradient_word(cs3_layer_of(pe), row);
}

static void drop(Cs3Pe *pe, guint32 row, guint32 element, guint32 wavelet) {}

/* Own rows of dy, on their way up, are not for this PE. */
static gboolean not_own(Cs3Pe *pe, guint32 count) {
  const Cs3LayerEvent *m = cs3_layer_of(pe);
  const Cs3Seat at = cs3_layer_seat_of(pe);
  return !g_array_index(m->work[at.line].passing, guint8, count / m->slot_words);
}

static void bind(const Cs3LayerEvent *m, Cs3Role *role, guint colour, guint queue) {
  role->colour[colour].in_queue = (guint8)queue;
  role->colour[colour].out_queue = (guint8)queue;
  role->colour[colour].lane = cs3_layer_lane(m);
}

static void dy_role(const Cs3LayerEvent *m, guint line, Cs3Role *role) {
  gboolean first = line == 0, last = line + 1 == m->lines;
  cs3_role_route(role, COLOUR_DOWN, 0, AT(CS3_RAMP) | (first ? 0 : AT(CS3_N)),
                 AT(CS3_RAMP) | (last ? 0 : AT(CS3_S)));
  cs3_role_route(role, COLOUR_UP, 0, (first ? 0 : AT(CS3_RAMP)) | (last ? 0 : AT(CS3_S)),
                 (last ? 0 : AT(CS3_RAMP)) | (first ? 0 : AT(CS3_N)));
  bind(m, role, COLOUR_DOWN, 3);
  bind(m, role, COLOUR_UP, 4);
  if (!first && !last)
    role->colour[COLOUR_UP].filter =
        (Cs3Filter){.kind = CS3_FILTER_SPARSE, .keep = not_own, .run = m->slot_words};
  role->stream[STREAM_ABOVE] = (Cs3StreamUse){
      .kind = CS3_STREAM_STORE, .colour = COLOUR_DOWN, .task = TASK_ABOVE, .row = above_row};
  role->stream[STREAM_BELOW] = (Cs3StreamUse){
      .kind = CS3_STREAM_STORE, .colour = COLOUR_UP, .task = TASK_BELOW, .row = below_row};
  role->stream[STREAM_SEND_DOWN] = (Cs3StreamUse){
      .kind = CS3_STREAM_SEND, .colour = COLOUR_DOWN, .task = CS3_EVENT_TASKS, .row = own_row};
  role->stream[STREAM_SEND_UP] = (Cs3StreamUse){
      .kind = CS3_STREAM_SEND, .colour = COLOUR_UP, .task = CS3_EVENT_TASKS, .row = own_row};
}

/* The edge's word to the owner of a row, on all columns. */
static void allowed_role(const Cs3LayerEvent *m, guint column, Cs3Role *role) {
  guint onward = column + 1 < m->columns ? AT(CS3_E) : 0;
  cs3_role_route(role, COLOUR_GO, 0, AT(CS3_W), AT(CS3_RAMP) | onward);
  role->colour[COLOUR_GO].in_queue = 5;
  role->colour[COLOUR_GO].lane = CS3_LANE_OWN;
  role->stream[STREAM_ALLOWED] = (Cs3StreamUse){.kind = CS3_STREAM_SINK,
                                                .colour = COLOUR_GO,
                                                .task = TASK_GO,
                                                .row = allowed_row,
                                                .sink = drop};
}

/* The row chain: scalars from column to column, against the weights, whose links they do not use.
 */
static void gradient_role(const Cs3LayerEvent *m, guint column, Cs3Role *role) {
  guint out = COLOUR_GRADIENT + column % 2, in = COLOUR_GRADIENT + (column + 1) % 2;
  cs3_role_route(role, out, 0, AT(CS3_RAMP), AT(CS3_W));
  role->colour[out].out_queue = 6;
  Cs3StreamUse use = {
      .kind = CS3_STREAM_SEND, .colour = (guint8)out, .task = CS3_EVENT_TASKS, .row = gradient_row};
  if (column + 1 < m->columns) {
    cs3_role_route(role, in, 0, AT(CS3_E), AT(CS3_RAMP));
    role->colour[in].in_queue = 7;
    role->colour[in].lane = cs3_layer_lane(m);
    use.kind = CS3_STREAM_RELAY;
    use.type = CS3_TYPE_F32;
    use.colour = (guint8)in;
    use.to_colour = (guint8)out;
  }
  role->stream[STREAM_GRADIENT] = use;
}

static void make_role(const Cs3LayerEvent *m, guint line, guint column, Cs3Role *role) {
  cs3_role_clear(role);
  cs3_layer_weight_role(m, role, column);
  role->task[TASK_BEGIN] = begin;
  role->task[TASK_WEIGHT] = take_indices;
  role->task[TASK_CONTROL] = command;
  role->task[TASK_DOT] = dot_done;
  role->task[TASK_BLOCK] = block_done;
  role->task[TASK_IDLED] = idled;
  role->task[TASK_CLEARED] = cleared;
  role->task[TASK_FINISH] = finish;
  role->task[TASK_COMPLETE] = complete;
  role->task[TASK_ABOVE] = landed_above;
  role->task[TASK_BELOW] = landed_below;
  role->task[TASK_GO] = allowed;
  role->start_task = TASK_BEGIN;
  role->memory_bytes = 4 * m->memory_words;
  role->init = memory;
  role->fetch = fetch;
  role->n_streams = N_STREAMS;
  gradient_role(m, column, role);
  if (m->lines == 1)
    return;
  dy_role(m, line, role);
  allowed_role(m, column, role);
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

const Cs3LayerProgram cs3_layer_dot = {plan, build, cs3_dot_verify};
