/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When activations are alive. A segment's operators become a list of moments; a value or gradient
 * is alive from the moment that writes it to the last that reads it; what an operator may do in
 * place takes the room of what ends at the same moment. */
#include "config.h"

#include <string.h>

#include "workloads/lifetimes-private.h"

enum { MAX_TENSORS = CS3_LIFETIMES_MAX_TENSORS };

/* A moment and what it touches. */
typedef struct {
  Cs3MomentKind kind;
  int op;
  Cs3Set values; /* read, or written */
  Cs3Set written;
} Event;

enum { MAX_EVENTS = 3 * MAX_TENSORS };
typedef struct {
  const Cs3Lifetimes *l;
  Cs3Decision d;
  Event events[MAX_EVENTS];
  int n;
  /* First and last event of values and of gradients; -1: never. */
  int from[MAX_TENSORS], to[MAX_TENSORS];
  int gradient_from[MAX_TENSORS], gradient_to[MAX_TENSORS];
} Timeline;

static void add_event(Timeline *t, Cs3MomentKind kind, int o) {
  const Cs3LifetimesOp *op = &t->l->ops[o];
  Event *e = &t->events[t->n++];
  *e = (Event){.kind = kind, .op = o, .values = op->reads | op->writes, .written = op->writes};
  if (kind == CS3_MOMENT_BACKWARD) {
    e->values = op->keeps;
    e->written = 0;
  }
}

static void list_forward(Timeline *t) {
  for (guint o = 0; o < t->l->n_ops; o++)
    add_event(t, CS3_MOMENT_FORWARD, (int)o);
}

static void list_backward(Timeline *t, Cs3Set there) {
  const Cs3Lifetimes *l = t->l;
  for (guint o = l->n_ops; o-- > 0;) {
    Cs3Set wanted = 0, ops = cs3_lifetimes_closure(l, l->ops[o].keeps, there, &wanted);
    for (; ops; ops &= ops - 1) {
      int r = cs3_set_first(ops);
      add_event(t, CS3_MOMENT_AGAIN, r);
      there |= l->ops[r].writes;
    }
    there |= wanted;
    add_event(t, CS3_MOMENT_BACKWARD, (int)o);
  }
}

static void extend(int *from, int *to, int first, int last) {
  if (*from < 0 || first < *from)
    *from = first;
  *to = MAX(*to, last);
}

static void span_values(Timeline *t) {
  for (int e = 0; e < t->n; e++)
    for (Cs3Set v = t->events[e].values; v; v &= v - 1) {
      int i = cs3_set_first(v);
      extend(&t->from[i], &t->to[i], e, e);
    }
}

/* A gradient is there from the backward of the activation's last reader to its writer's. */
static void span_gradients(Timeline *t) {
  const Cs3Lifetimes *l = t->l;
  for (int e = 0; e < t->n; e++) {
    const Cs3LifetimesOp *op = &l->ops[t->events[e].op];
    if (t->events[e].kind != CS3_MOMENT_BACKWARD)
      continue;
    for (Cs3Set g = (op->reads | op->writes) & l->gradients; g; g &= g - 1) {
      int i = l->buffer[cs3_set_first(g)];
      extend(&t->gradient_from[i], &t->gradient_to[i], e, e);
    }
  }
}

/* What comes from and goes to other instances. */
static void span_edges(Timeline *t, const Cs3Keep *keep, gboolean backward) {
  const Cs3Lifetimes *l = t->l;
  if (l->input >= 0 && !backward)
    extend(&t->from[l->input], &t->to[l->input], 0, 0);
  if (l->output >= 0 && !backward)
    extend(&t->from[l->output], &t->to[l->output], t->n - 1, t->n - 1);
  if (keep->forward || (!backward && !l->fused))
    return;
  if (l->input >= 0 && (l->gradients & CS3_SET(l->input))) {
    int i = l->buffer[l->input];
    extend(&t->gradient_from[i], &t->gradient_to[i], t->n - 1, t->n - 1);
  }
  if (l->output >= 0 && !l->fused) {
    int i = l->buffer[l->output];
    extend(&t->gradient_from[i], &t->gradient_to[i], 0, 0);
  }
}

/* Kept values wait to the end of forward or from the beginning of backward; those that travel are
 * there for one moment more. */
static void span_kept(Timeline *t, const Cs3Keep *keep, gboolean backward) {
  for (Cs3Set k = t->d.kept; k && !t->l->fused; k &= k - 1) {
    int i = cs3_set_first(k);
    if (t->from[i] < 0)
      continue;
    if (keep->away && !backward)
      t->to[i] = MIN(t->to[i] + 1, t->n - 1);
    else if (keep->away)
      t->from[i] = MAX(t->from[i] - 1, 0);
    else if (!backward)
      t->to[i] = t->n - 1;
    else
      t->from[i] = 0;
  }
}

/* @d: of keep->again; of nothing where backward follows at once. */
static void timeline(const Cs3Lifetimes *l, const Cs3Keep *keep, const Cs3Decision *d,
                     gboolean backward, Timeline *t) {
  t->l = l;
  t->n = 0;
  t->d = *d;
  memset(t->from, 0xff, l->n_tensors * sizeof *t->from);
  memset(t->to, 0xff, l->n_tensors * sizeof *t->to);
  memset(t->gradient_from, 0xff, l->n_tensors * sizeof *t->gradient_from);
  memset(t->gradient_to, 0xff, l->n_tensors * sizeof *t->gradient_to);
  if (!backward || l->fused)
    list_forward(t);
  if (keep->forward)
    t->d.kept = 0;
  else if (backward || l->fused)
    list_backward(t, l->fused ? ~(Cs3Set)0 : t->d.kept | l->outside);
  span_values(t);
  span_gradients(t);
  span_edges(t, keep, backward);
  span_kept(t, keep, backward);
}

typedef struct {
  double kept, values, gradients, starting, ending;
} Level;

static double value_bytes(const Timeline *t, const Cs3Keep *keep, const double *bytes, int i) {
  gboolean part = (t->l->inner & CS3_SET(i)) && (t->l->fused || !(t->d.kept & CS3_SET(i)));
  return cs3_lifetimes_width(t->l, keep, bytes, i) / (part ? (double)keep->tiles : 1);
}

static double gradient_bytes(const Timeline *t, const Cs3Keep *keep, const double *bytes, int i) {
  double share = t->l->factor_gradients & CS3_SET(i) ? 1 - keep->narrow.gradients : 1;
  return share * bytes[t->l->tensor[i]] / ((t->l->inner & CS3_SET(i)) ? (double)keep->tiles : 1);
}

/* What lives at an event. */
typedef struct {
  Cs3Set values, gradients;
} Alive;

/* What begins or ends to live at each event. */
static void list_changes(const Timeline *t, Alive *changes) {
  memset(changes, 0, ((gsize)t->n + 1) * sizeof *changes);
  for (guint i = 0; i < t->l->n_tensors; i++) {
    if (t->l->outside & CS3_SET(i))
      continue;
    if (t->from[i] >= 0) {
      changes[t->from[i]].values ^= CS3_SET(i);
      changes[t->to[i] + 1].values ^= CS3_SET(i);
    }
    if (t->gradient_from[i] >= 0) {
      changes[t->gradient_from[i]].gradients ^= CS3_SET(i);
      changes[t->gradient_to[i] + 1].gradients ^= CS3_SET(i);
    }
  }
}

static void add_values(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                       Cs3Set alive, Level *level) {
  const Event *event = &t->events[e];
  for (Cs3Set v = alive; v; v &= v - 1) {
    guint i = (guint)cs3_set_first(v);
    double size = value_bytes(t, keep, bytes, (int)i);
    if ((t->d.kept & CS3_SET(i)) && !t->l->fused)
      level->kept += size;
    else
      level->values += size;
    if (e == t->to[i] && !(event->written & CS3_SET(i)))
      level->ending += size;
    if (e == t->from[i] && (event->written & CS3_SET(i)))
      level->starting += size;
  }
}

/* A shared backward's sums lie where the input lies; those of dX alone travel. */
static gboolean adds_in_memory(const Timeline *t, int op) {
  return t->l->ops[op].linear && !t->l->ops[op].frozen;
}

static void add_gradients(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                          Cs3Set alive, Level *level) {
  const Cs3LifetimesOp *op = &t->l->ops[t->events[e].op];
  gboolean adds = t->events[e].kind == CS3_MOMENT_BACKWARD && adds_in_memory(t, t->events[e].op);
  for (Cs3Set g = alive; g; g &= g - 1) {
    guint i = (guint)cs3_set_first(g);
    double size = gradient_bytes(t, keep, bytes, (int)i);
    gboolean sum = FALSE;
    for (Cs3Set r = adds ? op->reads : 0; r; r &= r - 1)
      sum |= t->l->buffer[cs3_set_first(r)] == (int)i;
    level->gradients += size * (sum ? keep->sums : 1);
    if (e == t->gradient_from[i])
      level->starting += size;
    else if (e == t->gradient_to[i])
      level->ending += size;
  }
}

/* What operators hold beside their tensors while they run. */
static double around_at(const Timeline *t, const Cs3Keep *keep, int e) {
  const double *around = keep->around[t->events[e].kind == CS3_MOMENT_BACKWARD];
  return around != NULL ? around[t->l->ops[t->events[e].op].first] : 0;
}

static Level level_at(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                      Alive alive) {
  Level level = {0};
  add_values(t, keep, bytes, e, alive.values, &level);
  add_gradients(t, keep, bytes, e, alive.gradients, &level);
  if (t->l->ops[t->events[e].op].in_place)
    level.values -= MIN(MIN(level.starting, level.ending), level.values);
  level.values += around_at(t, keep, e);
  return level;
}

/* Running sums over the events: what lives, and of that the activations at work. */
typedef struct {
  double all[MAX_EVENTS + 1], values[MAX_EVENTS + 1];
  Alive changes[MAX_EVENTS + 2];
} Sums;

/* @size more from one event to another. */
static void add_span(double *change, int from, int to, double size) {
  if (from < 0)
    return;
  change[from] += size;
  change[to + 1] -= size;
}

static void list_sums(const Timeline *t, const Cs3Keep *keep, const double *bytes, Sums *sums) {
  gsize size = ((gsize)t->n + 1) * sizeof *sums->all;
  memset(sums->all, 0, size);
  memset(sums->values, 0, size);
  list_changes(t, sums->changes);
  for (guint i = 0; i < t->l->n_tensors; i++) {
    if (t->l->outside & CS3_SET(i))
      continue;
    double value = value_bytes(t, keep, bytes, (int)i);
    add_span(sums->all, t->from[i], t->to[i], value);
    if (t->l->fused || !(t->d.kept & CS3_SET(i)))
      add_span(sums->values, t->from[i], t->to[i], value);
    add_span(sums->all, t->gradient_from[i], t->gradient_to[i],
             gradient_bytes(t, keep, bytes, (int)i));
  }
}

static double sum_values(const Timeline *t, const Cs3Keep *keep, const double *bytes, Cs3Set set) {
  double sum = 0;
  for (; set; set &= set - 1)
    sum += value_bytes(t, keep, bytes, cs3_set_first(set));
  return sum;
}

static double sum_gradients(const Timeline *t, const Cs3Keep *keep, const double *bytes,
                            Cs3Set set) {
  double sum = 0;
  for (; set; set &= set - 1)
    sum += gradient_bytes(t, keep, bytes, cs3_set_first(set));
  return sum;
}

/* Sums in 32 bits: what they take beside 16. */
static double wide_sums(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                        Cs3Set gradients) {
  const Event *event = &t->events[e];
  if (keep->sums == 1 || event->kind != CS3_MOMENT_BACKWARD || !adds_in_memory(t, event->op))
    return 0;
  Cs3Set buffers = 0;
  for (Cs3Set r = t->l->ops[event->op].reads; r; r &= r - 1)
    buffers |= CS3_SET(t->l->buffer[cs3_set_first(r)]);
  return (keep->sums - 1) * sum_gradients(t, keep, bytes, buffers & gradients);
}

/* Room of what ends at an event that what begins there takes over. */
static double taken_over(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                         const Sums *sums, Alive alive) {
  const Event *event = &t->events[e];
  const Alive *now = &sums->changes[e], *next = &sums->changes[e + 1];
  if (!t->l->ops[event->op].in_place)
    return 0;
  Cs3Set born = now->gradients & alive.gradients;
  double starting = sum_values(t, keep, bytes, now->values & alive.values & event->written) +
                    sum_gradients(t, keep, bytes, born);
  double ending = sum_values(t, keep, bytes, next->values & alive.values & ~event->written) +
                  sum_gradients(t, keep, bytes, next->gradients & alive.gradients & ~born);
  return MIN(starting, ending);
}

/* As level_at() has it, without a look at everything that is alive. */
static double peak_of(const Timeline *t, const Cs3Keep *keep, const double *bytes) {
  Sums sums;
  Alive alive = {0};
  double all = 0, values = 0, peak = 0;
  list_sums(t, keep, bytes, &sums);
  for (int e = 0; e < t->n; e++) {
    alive.values ^= sums.changes[e].values;
    alive.gradients ^= sums.changes[e].gradients;
    all += sums.all[e];
    values += sums.values[e];
    double most = all + wide_sums(t, keep, bytes, e, alive.gradients) + around_at(t, keep, e);
    if (most > peak)
      peak = MAX(peak, most - MIN(taken_over(t, keep, bytes, e, &sums, alive), values));
  }
  return peak;
}

void cs3_lifetimes_measure(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes,
                           Cs3Footprint *footprint) {
  Timeline t;
  Cs3Decision d = cs3_lifetimes_decide(l, l->fused ? 0 : keep->again);
  *footprint = (Cs3Footprint){0};
  if (keep->forward) {
    timeline(l, keep, &d, FALSE, &t);
    footprint->forward = peak_of(&t, keep, bytes);
    return;
  }
  timeline(l, keep, &d, TRUE, &t);
  footprint->backward = peak_of(&t, keep, bytes);
  if (l->fused)
    return;
  footprint->kept = cs3_lifetimes_sum(l, keep, d.kept, bytes);
  timeline(l, keep, &d, FALSE, &t);
  footprint->forward = peak_of(&t, keep, bytes);
}

/* What forward keeps is there until it is needed, a moment before the end. */
void cs3_lifetimes_hold_input(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes,
                              Cs3Footprint *footprint) {
  if (l->input < 0)
    return;
  double size = bytes[l->tensor[l->input]];
  gboolean kept = !l->fused && (cs3_lifetimes_decide(l, keep->again).kept & CS3_SET(l->input));
  footprint->backward += kept ? 0 : size;
  footprint->kept += kept || l->fused ? 0 : size;
  footprint->forward += kept || l->fused ? 0 : size;
}

static void append_moments(const Timeline *t, const Cs3Keep *keep, const double *bytes,
                           GArray *moments) {
  Alive changes[MAX_EVENTS + 1], alive = {0};
  list_changes(t, changes);
  for (int e = 0; e < t->n; e++) {
    alive.values ^= changes[e].values;
    alive.gradients ^= changes[e].gradients;
    Level level = level_at(t, keep, bytes, e, alive);
    Cs3Moment moment = {t->events[e].kind, t->l->ops[t->events[e].op].first, level.kept,
                        level.values, level.gradients};
    g_array_append_val(moments, moment);
  }
}

GArray *cs3_lifetimes_walk(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes) {
  GArray *moments = g_array_new(FALSE, FALSE, sizeof(Cs3Moment));
  Cs3Decision d = cs3_lifetimes_decide(l, l->fused ? 0 : keep->again);
  Timeline t;
  for (int backward = l->fused && !keep->forward; backward <= !keep->forward; backward++) {
    timeline(l, keep, &d, backward, &t);
    append_moments(&t, keep, bytes, moments);
  }
  return moments;
}
