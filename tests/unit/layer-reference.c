/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The machine of doc/model.md, element by element. */
#include "config.h"

#include "tests/unit/layer-reference.h"

#include <math.h>
#include <string.h>

#define NEVER (G_MININT64 / 4)

/* One chain of partial sums: who sends to whom, and the times of every element. */
typedef struct {
  const Cs3LayerShape *shape;
  const Cs3LayerCosts *c;
  const Cs3LayerCounts *counts;
  Cs3Reduction reduction;
  gboolean overlap;
  gint64 steps, n_lines, n;
  gint64 *acc;          /* [step][line] */
  gint64 *taken, *sent; /* [line][element]: elements received and sent, in the line's order */
  gint64 *n_taken, *n_sent;
  gint64 *taken_low; /* two-way root: elements of the lower chain */
  gint64 n_taken_low;
  gint64 *port; /* [line]: receive microthread free */
  gint64 *out;  /* [line]: send microthread free */
  gint64 *x;
  gint64 *free_slot; /* [step][line]: last element of the step sent */
} Machine;

static gint64 rotating(gint64 owners, gint64 rows, gint64 step) {
  /* Owner by owner, first every owner's first row, then the second, ...: listed, not computed. */
  gint64 seen = 0;
  owners = MIN(owners, rows);
  for (gint64 turn = 0;; turn++) {
    gint64 start = 0;
    for (gint64 o = 0; o < owners; o++) {
      gint64 size = rows / owners + (o < rows % owners);
      if (turn < size && seen++ == step)
        return start + turn;
      start += size;
    }
  }
}

static gint64 row_of(const Machine *m, gint64 step, gint64 line) {
  if (m->reduction != CS3_REDUCTION_RING)
    return rotating(m->n_lines, m->shape->rows, step);
  gint64 n = m->n_lines, owner = ((line - 1 - step) % n + n) % n;
  gint64 row = step / n * n + owner;
  return row < m->shape->rows ? row : -1;
}

static gint64 weights_of(const Machine *m, gint64 row, gint64 line) {
  if (row < 0)
    return 0;
  if (m->counts)
    return m->counts->counts[row * m->counts->stride + line];
  return (line + 1) * m->shape->features / m->n_lines - line * m->shape->features / m->n_lines;
}

static gint64 line_wavelets(const Machine *m, gint64 line, gint64 weights) {
  gint64 k = (line + 1) * m->shape->features / m->n_lines - line * m->shape->features / m->n_lines;
  switch (m->c->wire) {
  case CS3_WIRE_NOTHING:
    return 0;
  case CS3_WIRE_DENSE:
    return 1 + (gint64)ceil(weights * m->c->weight_bits / 32.0);
  case CS3_WIRE_INDEX16:
    return 1 + weights;
  case CS3_WIRE_DELTA8:
    return 1 + (gint64)ceil(weights * 24 / 32.0);
  case CS3_WIRE_BITMASK:
    return 1 + (k + 31) / 32 + (weights + 1) / 2;
  case CS3_WIRE_INDICES:
    return 1 + (weights + 1) / 2;
  }
  return 0;
}

/* Cycle at which the element may enter the wires towards a line whose list of received elements is
 * @taken: when the one B places before it has been processed and the credit is back. */
static gint64 credit(const Machine *m, const gint64 *taken, gint64 element) {
  return element < m->c->buffer ? NEVER : taken[element - m->c->buffer] + m->c->back;
}

/* One element through one line: received (from @arrival, NEVER: nothing to add) once the
 * accumulator is ready, sent on under the credit of the list it goes to. */
static gint64 process(Machine *m, gint64 line, gint64 acc, gint64 arrival) {
  gint64 t = MAX(MAX(acc, m->port[line]), arrival);
  m->port[line] = t + 1;
  return t;
}

static gint64 send(Machine *m, gint64 line, gint64 processed, const gint64 *to, gint64 element) {
  gint64 t = MAX(processed + 1, m->out[line]);
  if (to)
    t = MAX(t, credit(m, to, element));
  m->out[line] = t + 1;
  return t;
}

#define LIST(array, line) ((array) + (line)*m->steps * m->n)

/* Line @r takes element by element from @from (-1: head) and sends to @to (-1: end). For the lines
 * of chains: element e is processed at all lines before element e + 1, so every credit is known. */
static void chain_element(Machine *m, gint64 step, gint64 r, gint64 from, gint64 *to_list) {
  gint64 arrival = NEVER;
  if (from >= 0)
    arrival = LIST(m->sent, from)[m->n_sent[from] - 1] + m->c->stage - 1;
  gint64 t = process(m, r, m->acc[step * m->n_lines + r], arrival);
  LIST(m->taken, r)[m->n_taken[r]++] = t;
  LIST(m->sent, r)[m->n_sent[r]] = send(m, r, t, to_list, m->n_sent[r]);
  m->n_sent[r]++;
}

/* One line: nothing to add, nothing to send. */
static void lonely_step(Machine *m, gint64 step) {
  m->out[0] = m->acc[step];
  m->port[0] = m->acc[step] + 1;
}

static void chain_step(Machine *m, gint64 step) {
  for (gint64 e = 0; e < m->n; e++)
    for (gint64 r = 0; r < m->n_lines; r++)
      chain_element(m, step, r, r - 1, r + 1 < m->n_lines ? LIST(m->taken, r + 1) : NULL);
}

/* The root takes the whole upper vector, then the lower; its lists are separate. */
static void two_way_step(Machine *m, gint64 step) {
  gint64 root = m->n_lines / 2, last = m->n_lines - 1;
  gint64 *low = m->taken_low;
  g_autofree gint64 *through = g_new(gint64, m->n);
  for (gint64 e = 0; e < m->n; e++) {
    for (gint64 r = 0; r < root; r++)
      chain_element(m, step, r, r - 1, LIST(m->taken, r + 1));
    gint64 arrival = LIST(m->sent, root - 1)[m->n_sent[root - 1] - 1] + m->c->stage - 1;
    through[e] = process(m, root, m->acc[step * m->n_lines + root], arrival);
    LIST(m->taken, root)[m->n_taken[root]++] = through[e];
  }
  for (gint64 e = 0; e < m->n; e++) {
    for (gint64 r = last; r > root; r--)
      chain_element(m, step, r, r == last ? -1 : r + 1,
                    r - 1 == root ? low : LIST(m->taken, r - 1));
    gint64 t = through[e];
    if (last > root) {
      gint64 arrival = LIST(m->sent, root + 1)[m->n_sent[root + 1] - 1] + m->c->stage - 1;
      t = process(m, root, NEVER, arrival);
      low[m->n_taken_low++] = t;
    }
    LIST(m->sent, root)[m->n_sent[root]] = send(m, root, t, NULL, 0);
    m->n_sent[root]++;
  }
}

static gint64 charge(const Machine *m, gint64 step, gint64 r) {
  const Cs3LayerCosts *c = m->c;
  gint64 n = m->n_lines, phase = step % n;
  if (row_of(m, step, r) < 0)
    return 0;
  if (m->reduction == CS3_REDUCTION_RING)
    return (phase > 0 ? c->receive : 0) + (phase < n - 1 ? c->send : c->store);
  gboolean head = r == 0 || (m->reduction == CS3_REDUCTION_TWO_WAY && r == n - 1);
  gboolean root = m->reduction == CS3_REDUCTION_TWO_WAY && r == n / 2 && n > 2;
  return c->send + (head ? 0 : c->receive) + (root ? c->send : 0) + (phase == r ? c->store : 0);
}

static gint64 work(const Machine *m, gint64 step, gint64 r) {
  gint64 row = row_of(m, step, r);
  return row < 0 ? 0 : weights_of(m, row, r) * m->c->service + m->c->control;
}

/* The off-wafer stream, one row after the other. */
typedef struct {
  gint64 clock, total;
  gint64 *taken;
} Edge;

static gint64 arrive(const Machine *m, Edge *edge, gint64 step) {
  gint64 wavelets = 0;
  for (gint64 r = 0; r < m->n_lines; r++) {
    gint64 row = row_of(m, step, r);
    wavelets += row < 0 ? 0 : line_wavelets(m, r, weights_of(m, row, r));
  }
  gint64 room = step >= m->c->edge_rows ? edge->taken[step - m->c->edge_rows] << 20 : 0;
  edge->clock = MAX(edge->clock, room) + wavelets * llround(ldexp(m->c->ingress_cycles, 20));
  edge->total += wavelets;
  return (edge->clock + (1 << 20) - 1) >> 20;
}

static void accumulate(Machine *m, Edge *edge, gint64 step) {
  gint64 n = m->n_lines, latest = NEVER, open = arrive(m, edge, step);
  for (gint64 r = 0; r < n; r++) {
    gint64 slot = step >= m->c->slots ? m->free_slot[(step - m->c->slots) * n + r] + 1 : NEVER;
    gint64 start = MAX(MAX(m->x[r], slot), open);
    m->acc[step * n + r] = start + work(m, step, r);
    latest = MAX(latest, m->acc[step * n + r]);
  }
  edge->taken[step] = latest;
}

static void end_step(Machine *m, gint64 step) {
  gint64 n = m->n_lines;
  for (gint64 r = 0; r < n; r++) {
    if (m->reduction != CS3_REDUCTION_RING || n == 1)
      m->free_slot[step * n + r] = m->out[r] - 1;
    gint64 store = step % n == r ? m->c->store : 0;
    m->x[r] = m->overlap ? m->acc[step * n + r] + charge(m, step, r) : m->out[r] + store;
  }
}

static void machine_init(Machine *m) {
  gsize all = (gsize)m->steps * m->n_lines;
  m->acc = g_new0(gint64, all);
  m->free_slot = g_new0(gint64, all);
  m->taken = g_new0(gint64, all * m->n);
  m->sent = g_new0(gint64, all * m->n);
  m->taken_low = g_new0(gint64, (gsize)m->steps * m->n);
  m->n_taken = g_new0(gint64, m->n_lines);
  m->n_sent = g_new0(gint64, m->n_lines);
  m->port = g_new(gint64, m->n_lines);
  m->out = g_new(gint64, m->n_lines);
  m->x = g_new0(gint64, m->n_lines);
  for (gint64 r = 0; r < m->n_lines; r++)
    m->port[r] = m->out[r] = NEVER;
}

static void machine_clear(Machine *m) {
  gpointer all[] = {m->acc,     m->free_slot, m->taken, m->sent, m->taken_low,
                    m->n_taken, m->n_sent,    m->port,  m->out,  m->x};
  for (guint i = 0; i < G_N_ELEMENTS(all); i++)
    g_free(all[i]);
}

/* A ring's line sends the elements of a step while its neighbour receives them in the next step; in
 * the last step of a block the add itself stores them. `before` holds the previous step's elements.
 */
static void ring_step(Machine *m, gint64 step, gint64 *before) {
  gint64 n = m->n_lines;
  g_autofree gint64 *now = g_new(gint64, n * m->n);
  for (gint64 e = 0; e < m->n; e++) {
    for (gint64 r = 0; r < n; r++) {
      gint64 up = (r + n - 1) % n, arrival = NEVER;
      if (step > 0 && row_of(m, step - 1, up) >= 0) {
        gint64 element = before[up * m->n + e];
        if (step % n != 0)
          arrival = send(m, up, element, LIST(m->taken, r), m->n_taken[r]) + m->c->stage - 1;
        m->free_slot[(step - 1) * n + up] = step % n == 0 ? element : m->out[up] - 1;
      } else if (step > 0 && e == 0) { /* no row, no slot: free since its last one was */
        m->free_slot[(step - 1) * n + up] = step > 1 ? m->free_slot[(step - 2) * n + up] : NEVER;
      }
      if (row_of(m, step, r) < 0)
        continue;
      now[r * m->n + e] = process(m, r, m->acc[step * n + r], arrival);
      if (step % n != 0)
        LIST(m->taken, r)[m->n_taken[r]++] = now[r * m->n + e];
    }
  }
  memcpy(before, now, sizeof(gint64) * n * m->n);
}

static Cs3PassTimes finish(const Machine *m, const Edge *edge) {
  gint64 threads = NEVER, end = NEVER;
  for (gint64 r = 0; r < m->n_lines; r++) {
    threads = MAX(threads, m->x[r]);
    end = MAX(end, m->port[r] - 1);
  }
  return (Cs3PassTimes){
      .threads = threads, .end = MAX(threads, end), .ingress_wavelets = edge->total};
}

Cs3PassTimes reference_axpy(const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                            const Cs3LayerCosts *costs, const Cs3LayerCounts *counts) {
  gint64 lines = costs->lines;
  Machine m = {.shape = shape,
               .c = costs,
               .counts = counts,
               .reduction = mapping->reduction,
               .overlap = mapping->overlap,
               .n_lines = lines,
               .n = costs->vector};
  gboolean ring = m.reduction == CS3_REDUCTION_RING;
  m.steps = ring ? (shape->rows + lines - 1) / lines * lines : shape->rows;
  machine_init(&m);
  g_autofree gint64 *edge_taken = g_new0(gint64, m.steps);
  g_autofree gint64 *before = g_new0(gint64, lines * m.n);
  Edge edge = {.taken = edge_taken};
  for (gint64 step = 0; step < m.steps; step++) {
    accumulate(&m, &edge, step);
    if (lines == 1)
      lonely_step(&m, step);
    else if (ring)
      ring_step(&m, step, before);
    else if (m.reduction == CS3_REDUCTION_TWO_WAY)
      two_way_step(&m, step);
    else
      chain_step(&m, step);
    end_step(&m, step);
  }
  Cs3PassTimes times = finish(&m, &edge);
  machine_clear(&m);
  return times;
}

/* dW, one row after the other; the owner's vector is known to itself at once. */
Cs3PassTimes reference_dot(const Cs3LayerShape *shape, const Cs3LayerCosts *c,
                           const Cs3LayerCounts *counts) {
  gint64 n = c->lines, rows = shape->rows, sent = NEVER, egress = 0;
  Machine m = {.shape = shape, .c = c, .counts = counts, .n_lines = n, .steps = rows};
  g_autofree gint64 *done = g_new0(gint64, rows * n), *left = g_new0(gint64, rows);
  g_autofree gint64 *taken = g_new0(gint64, rows);
  Edge edge = {.taken = taken};
  Cs3PassTimes times = {0};
  for (gint64 i = 0; i < rows; i++) {
    gint64 owner = i % n, row = row_of(&m, i, 0), start = sent + c->vector, latest = 0, live = 0;
    for (gint64 r = 0; r < n; r++) {
      gint64 slot = i >= c->slots ? done[(i - c->slots) * n + r] : 0;
      start = MAX(start, slot + 1 - ABS(r - owner) * c->hop);
    }
    sent = start;
    gint64 open = arrive(&m, &edge, i);
    open = i >= c->edge_rows ? MAX(open, left[i - c->edge_rows]) : open;
    for (gint64 r = 0; r < n; r++) {
      gint64 begin = MAX(open, i > 0 ? done[(i - 1) * n + r] : 0);
      if (r != owner && n > 1)
        begin = MAX(begin, sent + ABS(r - owner) * c->hop + c->vector + c->stage - c->hop);
      gint64 weights = weights_of(&m, row, r);
      done[i * n + r] = begin + weights * c->service + c->control + (n > 1 ? c->receive : 0);
      latest = MAX(latest, done[i * n + r]);
      live += weights;
    }
    taken[i] = latest;
    gint64 out = (live * c->gradient_bits + 31) / 32;
    egress = MAX(egress, latest << 20) + out * llround(ldexp(c->egress_cycles, 20));
    left[i] = (egress + (1 << 20) - 1) >> 20;
    times.egress_wavelets += out;
    times.threads = MAX(times.threads, MAX(latest, left[i]));
  }
  times.ingress_wavelets = edge.total;
  times.end = times.threads;
  return times;
}
