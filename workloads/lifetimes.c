/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When activations are alive. A segment's operators become a list of moments; a value or gradient
 * is alive from the moment that writes it to the last that reads it; what an operator may do in
 * place takes the room of what ends at the same moment. */
#include "config.h"

#include "workloads/lifetimes.h"

#include <string.h>

enum { MAX_TENSORS = CS3_LIFETIMES_MAX_TENSORS, SMALL = 16 };

typedef guint64 Set; /* of local tensors, of operators */
#define BIT(i) ((Set)1 << (i))

typedef struct {
  guint first, count; /* nodes */
  Set reads, writes, keeps;
  gboolean linear, in_place, loss;
} Op;

struct Cs3Lifetimes {
  const Cs3Graph *graph;
  guint segment;
  gboolean fused; /* backward follows forward at once: the last stage of a step with a loss */
  guint n_ops, n_tensors, n_choices;
  Op ops[MAX_TENSORS];
  int tensor[MAX_TENSORS];   /* in graph->tensors */
  int producer[MAX_TENSORS]; /* operator; -1: written elsewhere */
  int buffer[MAX_TENSORS];   /* tensor whose gradient takes the same room */
  Set saved, outside, gradients;
  Set choice[CS3_LIFETIMES_MAX_CHOICES];
  Set small;         /* saved ones that follow their operator */
  int input, output; /* local; -1: none */
  guint tiled;       /* first operator behind the last attention */
  Set inner;         /* tensors that only operators from there on see */
};

static int local(Cs3Lifetimes *l, int tensor) {
  for (guint i = 0; i < l->n_tensors; i++)
    if (l->tensor[i] == tensor)
      return (int)i;
  g_return_val_if_fail(l->n_tensors < MAX_TENSORS, 0);
  l->tensor[l->n_tensors] = tensor;
  l->producer[l->n_tensors] = -1;
  return (int)l->n_tensors++;
}

static Set set_of(Cs3Lifetimes *l, const int *list, int room) {
  Set set = 0;
  for (int i = 0; i < room && list[i] >= 0; i++)
    set |= BIT(local(l, list[i]));
  return set;
}

static void add_node(Cs3Lifetimes *l, guint index) {
  const Cs3Node *node = cs3_graph_node(l->graph, index);
  gboolean attention = node->kind == CS3_NODE_SOFTMAX || node->kind == CS3_NODE_VALUES;
  Op *op = attention ? &l->ops[l->n_ops - 1] : &l->ops[l->n_ops++];
  if (!attention)
    op->first = index;
  op->count++;
  op->reads |= set_of(l, node->reads, CS3_NODE_MAX_READS);
  op->writes |= set_of(l, node->writes, CS3_NODE_MAX_WRITES);
  op->keeps |= set_of(l, node->keeps, CS3_NODE_MAX_KEEPS);
  op->linear |= node->kind == CS3_NODE_LINEAR;
  op->in_place |= node->in_place;
  op->loss |= node->kind == CS3_NODE_LOSS;
  op->reads &= ~op->writes;
  if (node->kind == CS3_NODE_VALUES)
    l->tiled = l->n_ops;
}

static void find_ops(Cs3Lifetimes *l) {
  const Cs3Segment *segment = cs3_graph_segment(l->graph, l->segment);
  for (guint i = 0; i < segment->count; i++)
    add_node(l, segment->first + i);
  l->input = segment->input >= 0 ? local(l, segment->input) : -1;
  l->output = segment->output >= 0 ? local(l, segment->output) : -1;
  const Cs3Stage *last = &g_array_index(l->graph->order, Cs3Stage, l->graph->order->len - 1);
  for (guint o = 0; o < l->n_ops; o++) {
    l->saved |= l->ops[o].keeps;
    l->fused |= l->ops[o].loss && last->segment == l->segment;
    for (guint t = 0; t < l->n_tensors; t++)
      if (l->ops[o].writes & BIT(t))
        l->producer[t] = (int)o;
  }
}

static double size_of(const Cs3Lifetimes *l, guint t) {
  const Cs3Tensor *tensor = cs3_graph_tensor(l->graph, l->tensor[t]);
  return (double)tensor->elements * tensor->rows;
}

/* Whether @t is several activations under one name. */
static gboolean is_packed(const Cs3Lifetimes *l, guint t) {
  gboolean packed = FALSE;
  for (guint o = 0; o < l->n_ops; o++) {
    const Op *op = &l->ops[o];
    gboolean view = cs3_graph_node(l->graph, op->first)->kind == CS3_NODE_VIEW;
    packed |= view && ((op->reads | op->writes) & BIT(t));
  }
  return packed;
}

/* What small ones are measured by: the input, or, where that is a pack, what is worked on. */
static double largest_of(const Cs3Lifetimes *l) {
  if (l->input >= 0 && !is_packed(l, (guint)l->input))
    return size_of(l, (guint)l->input);
  double largest = 0;
  for (guint t = 0; t < l->n_tensors; t++)
    if (l->input < 0 || !is_packed(l, t))
      largest = MAX(largest, size_of(l, t));
  return largest;
}

/* Activations that carry a gradient: not ids, labels and statistics. */
static void find_gradients(Cs3Lifetimes *l) {
  double largest = largest_of(l);
  for (guint t = 0; t < l->n_tensors; t++) {
    gboolean labels = FALSE;
    for (guint o = 0; o < l->n_ops; o++)
      labels |=
          l->ops[o].loss && l->producer[t] < 0 && (int)t != l->input && (l->ops[o].reads & BIT(t));
    gboolean small = SMALL * size_of(l, t) < largest;
    if (!labels && !small)
      l->gradients |= BIT(t);
    if (l->producer[t] < 0 && (int)t != l->input && !small && !labels)
      l->outside |= BIT(t);
    if (small && l->producer[t] >= 0)
      l->small |= BIT(t);
  }
  l->small &= l->saved;
}

/* d(x + y) is both dx and dy, where whatever else adds to dx does so after dy has been used. */
static void share_gradients(Cs3Lifetimes *l) {
  for (guint t = 0; t < l->n_tensors; t++)
    l->buffer[t] = (int)t;
  for (guint o = l->n_ops; o-- > 0;) {
    const Op *op = &l->ops[o];
    const Cs3Node *node = cs3_graph_node(l->graph, op->first);
    if (node->kind != CS3_NODE_RESIDUAL || op->keeps || node->reads[1] < 0)
      continue;
    int z = __builtin_ctzll(op->writes), x = local(l, node->reads[0]), y = local(l, node->reads[1]);
    gboolean ordered = TRUE;
    for (guint r = 0; r < l->n_ops; r++)
      ordered &= r == o || !(l->ops[r].reads & BIT(x)) || (int)r < l->producer[y];
    l->buffer[x] = l->buffer[z];
    if (ordered)
      l->buffer[y] = l->buffer[z];
  }
}

static gboolean same_choice(const Cs3Lifetimes *l, guint t, guint u) {
  const Op *x = &l->ops[l->producer[t]], *y = &l->ops[l->producer[u]];
  return x == y || (x->linear && y->linear && x->reads == y->reads);
}

/* Later ones join the last choice when there are too many. */
static void find_choices(Cs3Lifetimes *l) {
  for (guint t = 0; t < l->n_tensors; t++) {
    if (!(l->saved & BIT(t)) || l->producer[t] < 0 || (l->small & BIT(t)))
      continue;
    guint c = 0;
    while (c < l->n_choices && !same_choice(l, t, (guint)__builtin_ctzll(l->choice[c])))
      c++;
    c = MIN(c, CS3_LIFETIMES_MAX_CHOICES - 1);
    l->choice[c] |= BIT(t);
    l->n_choices = MAX(l->n_choices, c + 1);
  }
}

static void find_inner(Cs3Lifetimes *l) {
  for (guint t = 0; t < l->n_tensors; t++) {
    gboolean inner = l->producer[t] >= (int)l->tiled && (int)t != l->output;
    for (guint o = 0; o < l->tiled; o++)
      inner &= !(l->ops[o].reads & BIT(t));
    l->inner |= inner ? BIT(t) : 0;
  }
}

Cs3Lifetimes *cs3_lifetimes_new(const Cs3Graph *graph, guint segment) {
  Cs3Lifetimes *l = g_new0(Cs3Lifetimes, 1);
  l->graph = graph;
  l->segment = segment;
  find_ops(l);
  find_gradients(l);
  share_gradients(l);
  find_choices(l);
  find_inner(l);
  return l;
}

void cs3_lifetimes_free(Cs3Lifetimes *l) {
  g_free(l);
}

guint64 cs3_lifetimes_everything(const Cs3Lifetimes *l) {
  return BIT(l->n_choices) - 1;
}

/* Operators that have to run so that all of @need is there beside @there, and what they read that
 * nobody in the segment writes (@wanted). */
static Set closure(const Cs3Lifetimes *l, Set need, Set there, Set *wanted) {
  Set ops = 0;
  for (Set work = need & ~there; work != 0; work &= ~there) {
    int t = __builtin_ctzll(work);
    there |= BIT(t);
    if (l->producer[t] < 0) {
      *wanted |= BIT(t);
      continue;
    }
    const Op *op = &l->ops[l->producer[t]];
    ops |= BIT(l->producer[t]);
    there |= op->writes;
    work |= op->reads;
  }
  return ops;
}

/* What stays, what runs again. */
typedef struct {
  Set kept, ops;
} Decision;

static Decision decide(const Cs3Lifetimes *l, guint64 again) {
  Set dropped = l->small, wanted = 0;
  for (guint c = 0; c < l->n_choices; c++)
    if (again & BIT(c))
      dropped |= l->choice[c];
  Decision d = {.kept = l->saved & ~dropped & ~l->outside};
  d.ops = closure(l, dropped & ~l->small, d.kept | l->outside, &wanted);
  for (guint t = 0; t < l->n_tensors; t++)
    if ((l->small & BIT(t)) && !(d.ops & BIT(l->producer[t])))
      d.kept |= BIT(t);
  d.kept |= wanted & ~l->outside;
  return d;
}

guint64 cs3_lifetimes_nodes(const Cs3Lifetimes *l, guint64 again) {
  guint first = cs3_graph_segment(l->graph, l->segment)->first;
  guint64 nodes = 0;
  for (Set ops = decide(l, again).ops; ops; ops &= ops - 1) {
    const Op *op = &l->ops[__builtin_ctzll(ops)];
    for (guint i = 0; i < op->count && op->first - first + i < 64; i++)
      nodes |= BIT(op->first - first + i);
  }
  return nodes;
}

gboolean cs3_lifetimes_tiled(const Cs3Lifetimes *l, guint node) {
  return l->tiled < l->n_ops && node >= l->ops[l->tiled].first;
}

char *cs3_lifetimes_text(const Cs3Lifetimes *l, guint64 again) {
  Decision d = decide(l, again);
  GString *text = g_string_new(NULL);
  for (guint t = 0; t < l->n_tensors; t++)
    if ((d.kept & BIT(t)) && !(l->small & BIT(t)))
      g_string_append_printf(text, "%s%s", text->len ? ", " : "",
                             cs3_graph_tensor(l->graph, l->tensor[t])->name);
  return g_string_free(text, FALSE);
}

/* A moment and what it touches. */
typedef struct {
  Cs3MomentKind kind;
  int op;
  Set values; /* read, or written */
  Set written;
} Event;

enum { MAX_EVENTS = 3 * MAX_TENSORS };
typedef struct {
  const Cs3Lifetimes *l;
  Decision d;
  Event events[MAX_EVENTS];
  int n;
  /* First and last event of values and of gradients; -1: never. */
  int from[MAX_TENSORS], to[MAX_TENSORS];
  int gradient_from[MAX_TENSORS], gradient_to[MAX_TENSORS];
} Timeline;

static void add_event(Timeline *t, Cs3MomentKind kind, int o) {
  const Op *op = &t->l->ops[o];
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

static void list_backward(Timeline *t, Set there) {
  const Cs3Lifetimes *l = t->l;
  for (guint o = l->n_ops; o-- > 0;) {
    Set wanted = 0, ops = closure(l, l->ops[o].keeps, there, &wanted);
    for (guint r = 0; r < l->n_ops; r++)
      if (ops & BIT(r)) {
        add_event(t, CS3_MOMENT_AGAIN, (int)r);
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
    for (Set v = t->events[e].values; v; v &= v - 1) {
      int i = __builtin_ctzll(v);
      extend(&t->from[i], &t->to[i], e, e);
    }
}

/* A gradient is there from the backward of the activation's last reader to its writer's. */
static void span_gradients(Timeline *t) {
  const Cs3Lifetimes *l = t->l;
  for (int e = 0; e < t->n; e++) {
    const Op *op = &l->ops[t->events[e].op];
    if (t->events[e].kind != CS3_MOMENT_BACKWARD)
      continue;
    for (Set g = (op->reads | op->writes) & l->gradients; g; g &= g - 1) {
      int i = l->buffer[__builtin_ctzll(g)];
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
  if (l->input >= 0 && (l->gradients & BIT(l->input))) {
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
  for (Set k = t->d.kept; k && !t->l->fused; k &= k - 1) {
    int i = __builtin_ctzll(k);
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

static void timeline(const Cs3Lifetimes *l, const Cs3Keep *keep, gboolean backward, Timeline *t) {
  t->l = l;
  t->n = 0;
  t->d = decide(l, l->fused ? 0 : keep->again);
  memset(t->from, 0xff, sizeof t->from);
  memset(t->to, 0xff, sizeof t->to);
  memset(t->gradient_from, 0xff, sizeof t->gradient_from);
  memset(t->gradient_to, 0xff, sizeof t->gradient_to);
  if (!backward || l->fused)
    list_forward(t);
  if (keep->forward)
    t->d.kept = 0;
  else if (backward || l->fused)
    list_backward(t, l->fused ? ~(Set)0 : t->d.kept | l->outside);
  span_values(t);
  span_gradients(t);
  span_edges(t, keep, backward);
  span_kept(t, keep, backward);
}

typedef struct {
  double kept, values, gradients, starting, ending;
} Level;

static double value_bytes(const Timeline *t, const Cs3Keep *keep, const double *bytes, int i) {
  gboolean part = (t->l->inner & BIT(i)) && (t->l->fused || !(t->d.kept & BIT(i)));
  return bytes[t->l->tensor[i]] / (part ? (double)keep->tiles : 1);
}

static double gradient_bytes(const Timeline *t, const Cs3Keep *keep, const double *bytes, int i) {
  return bytes[t->l->tensor[i]] / ((t->l->inner & BIT(i)) ? (double)keep->tiles : 1);
}

/* What lives at an event. */
typedef struct {
  Set values, gradients;
} Alive;

/* What begins or ends to live at each event. */
static void list_changes(const Timeline *t, Alive *changes) {
  memset(changes, 0, ((gsize)t->n + 1) * sizeof *changes);
  for (guint i = 0; i < t->l->n_tensors; i++) {
    if (t->l->outside & BIT(i))
      continue;
    if (t->from[i] >= 0) {
      changes[t->from[i]].values ^= BIT(i);
      changes[t->to[i] + 1].values ^= BIT(i);
    }
    if (t->gradient_from[i] >= 0) {
      changes[t->gradient_from[i]].gradients ^= BIT(i);
      changes[t->gradient_to[i] + 1].gradients ^= BIT(i);
    }
  }
}

static void add_values(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                       Set alive, Level *level) {
  const Event *event = &t->events[e];
  for (Set v = alive; v; v &= v - 1) {
    guint i = (guint)__builtin_ctzll(v);
    double size = value_bytes(t, keep, bytes, (int)i);
    if ((t->d.kept & BIT(i)) && !t->l->fused)
      level->kept += size;
    else
      level->values += size;
    if (e == t->to[i] && !(event->written & BIT(i)))
      level->ending += size;
    if (e == t->from[i] && (event->written & BIT(i)))
      level->starting += size;
  }
}

static void add_gradients(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                          Set alive, Level *level) {
  const Op *op = &t->l->ops[t->events[e].op];
  gboolean adds = t->events[e].kind == CS3_MOMENT_BACKWARD && op->linear;
  for (Set g = alive; g; g &= g - 1) {
    guint i = (guint)__builtin_ctzll(g);
    double size = gradient_bytes(t, keep, bytes, (int)i);
    gboolean sum = FALSE;
    for (Set r = adds ? op->reads : 0; r; r &= r - 1)
      sum |= t->l->buffer[__builtin_ctzll(r)] == (int)i;
    level->gradients += size * (sum ? keep->sums : 1);
    if (e == t->gradient_from[i])
      level->starting += size;
    else if (e == t->gradient_to[i])
      level->ending += size;
  }
}

static Level level_at(const Timeline *t, const Cs3Keep *keep, const double *bytes, int e,
                      Alive alive) {
  Level level = {0};
  add_values(t, keep, bytes, e, alive.values, &level);
  add_gradients(t, keep, bytes, e, alive.gradients, &level);
  if (t->l->ops[t->events[e].op].in_place)
    level.values -= MIN(MIN(level.starting, level.ending), level.values);
  return level;
}

/* What all that lives takes at each event: @size more from one event to another. */
static void add_span(double *change, int from, int to, double size) {
  if (from < 0)
    return;
  change[from] += size;
  change[to + 1] -= size;
}

/* Sums in 32 bits, and room that is taken over: only operators that have them look closer. */
static gboolean is_plain(const Timeline *t, const Cs3Keep *keep, int e) {
  const Op *op = &t->l->ops[t->events[e].op];
  gboolean adds = op->linear && t->events[e].kind == CS3_MOMENT_BACKWARD && keep->sums != 1;
  return !op->in_place && !adds;
}

static double peak_of(const Timeline *t, const Cs3Keep *keep, const double *bytes) {
  double change[MAX_EVENTS + 1] = {0}, total = 0, peak = 0;
  Alive changes[MAX_EVENTS + 1], alive = {0};
  list_changes(t, changes);
  for (guint i = 0; i < t->l->n_tensors; i++) {
    if (t->l->outside & BIT(i))
      continue;
    add_span(change, t->from[i], t->to[i], value_bytes(t, keep, bytes, (int)i));
    add_span(change, t->gradient_from[i], t->gradient_to[i],
             gradient_bytes(t, keep, bytes, (int)i));
  }
  for (int e = 0; e < t->n; e++) {
    double here = total += change[e];
    alive.values ^= changes[e].values;
    alive.gradients ^= changes[e].gradients;
    if (!is_plain(t, keep, e)) {
      Level level = level_at(t, keep, bytes, e, alive);
      here = level.kept + level.values + level.gradients;
    }
    peak = MAX(peak, here);
  }
  return peak;
}

static double sum_of(const Cs3Lifetimes *l, Set set, const double *bytes) {
  double sum = 0;
  for (; set; set &= set - 1)
    sum += bytes[l->tensor[__builtin_ctzll(set)]];
  return sum;
}

double cs3_lifetimes_kept(const Cs3Lifetimes *l, guint64 again, const double *bytes) {
  return l->fused ? 0 : sum_of(l, decide(l, again).kept, bytes);
}

void cs3_lifetimes_measure(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes,
                           Cs3Footprint *footprint) {
  Timeline t;
  *footprint = (Cs3Footprint){0};
  if (keep->forward) {
    timeline(l, keep, FALSE, &t);
    footprint->forward = peak_of(&t, keep, bytes);
    return;
  }
  timeline(l, keep, TRUE, &t);
  footprint->backward = peak_of(&t, keep, bytes);
  if (l->fused)
    return;
  footprint->kept = sum_of(l, t.d.kept, bytes);
  timeline(l, keep, FALSE, &t);
  footprint->forward = peak_of(&t, keep, bytes);
}

/* What forward keeps is there until it is needed, a moment before the end. */
void cs3_lifetimes_hold_input(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes,
                              Cs3Footprint *footprint) {
  if (l->input < 0)
    return;
  double size = bytes[l->tensor[l->input]];
  gboolean kept = !l->fused && (decide(l, keep->again).kept & BIT(l->input));
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
  Timeline t;
  for (int backward = l->fused && !keep->forward; backward <= !keep->forward; backward++) {
    timeline(l, keep, backward, &t);
    append_moments(&t, keep, bytes, moments);
  }
  return moments;
}

double cs3_lifetimes_outside(const Cs3Lifetimes *l, const double *bytes) {
  return 2 * sum_of(l, l->outside, bytes);
}
