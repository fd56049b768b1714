/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention in a plan. */
#include "config.h"

#include "sim/map/plan-attention.h"

#include <math.h>
#include <string.h>

#include "sim/map/plan-internal.h"
#include "sim/map/plan-layout.h"

gboolean cs3_plan_attention_simulated(const Cs3PlanInput *input) {
  return input->machine->hw.kernel.attention_efficiency == 0;
}

static Cs3AttentionShape shape_of(const Cs3AttentionSize *size, gint64 sequences,
                                  gboolean backward) {
  gboolean binds = cs3_attention_window_binds(size->causal, size->window, size->keys);
  return (Cs3AttentionShape){.backward = backward,
                             .heads = size->heads,
                             .kv_heads = size->kv_heads,
                             .head_dim = size->head_dim,
                             .value_dim = size->value_dim,
                             .sequences = sequences,
                             .queries = size->queries,
                             .keys = size->keys,
                             .causal = size->causal,
                             .window = binds ? size->window : 0,
                             .document = size->document < size->keys ? size->document : 0,
                             .tile = size->tile};
}

/* How a direction is costed. */
typedef enum { BY_BOUND, BY_ESTIMATE, BY_RUN } Way;

static Way way_of(const Cs3PlanInput *input, gboolean closed) {
  if (input->fidelity == CS3_PLAN_BOUND)
    return BY_BOUND;
  return closed || input->fidelity == CS3_PLAN_RANKED ? BY_ESTIMATE : BY_RUN;
}

/* A mapping of one direction, and what it takes. */
typedef struct {
  Cs3AttentionShape shape;   /* of what: documents may be apart */
  Cs3AttentionChoice choice; /* where nothing is run, of the best mapping alone */
  gint64 cycles, moves;
} Direction;

/* Cycles of attention depend neither on the port nor on the clock: machines that differ in these
 * alone share what was found. */
static Cs3Hardware read_of(const Cs3Hardware *hw) {
  Cs3Hardware read = *hw;
  read.wafer.clock_hz = read.wafer.power_w = read.wafer.power_idle_ratio = 0;
  memset(&read.io, 0, sizeof read.io);
  memset(&read.gemm, 0, sizeof read.gemm);
  return read;
}

static Cs3MemoKey question(const Cs3PlanInput *input, const Cs3AttentionShape *s,
                           const Cs3AttentionForce *f, Way way) {
  const gint64 words[] = {way,          s->backward,       s->heads,   s->kv_heads,  s->head_dim,
                          s->value_dim, s->sequences,      s->queries, s->keys,      s->causal,
                          s->window,    s->document,       s->tile,    f->algorithm, f->axis,
                          f->order,     f->scores,         f->fold,    f->lines,     f->places,
                          f->chunks,    llround(f->around)};
  Cs3Hardware hw = read_of(&input->machine->hw);
  Cs3MemoKey key = cs3_memo_key(NULL, "attention", sizeof "attention");
  key = cs3_memo_key(&key, &hw, sizeof hw);
  return cs3_memo_key(&key, words, sizeof words);
}

/* A mapping with its cycles, as memories keep it. */
static void keep_rival(const Cs3PlanInput *input, const Cs3MemoKey *key,
                       const Cs3AttentionRival *rival) {
  const Cs3AttentionMapping *m = &rival->mapping;
  const gint64 words[CS3_MEMO_VALUES] = {m->chunks << 32 | m->fold << 12 | (gint64)m->order << 8 |
                                             (gint64)m->scores << 6 | (gint64)m->axis << 4 |
                                             (gint64)m->algorithm,
                                         m->lines << 32 | m->places, rival->cycles};
  cs3_memo_keep(input->memo, key, words);
}

static gboolean find_rival(const Cs3PlanInput *input, const Cs3MemoKey *key,
                           Cs3AttentionRival *rival) {
  gint64 words[CS3_MEMO_VALUES], word;
  if (!cs3_memo_find(input->memo, key, words))
    return FALSE;
  word = words[0];
  *rival = (Cs3AttentionRival){{.algorithm = (Cs3AttentionAlgorithm)(word & 15),
                                .axis = (int)(word >> 4 & 3),
                                .scores = (Cs3Scores)(word >> 6 & 3),
                                .order = (Cs3TokenOrder)(word >> 8 & 15),
                                .fold = word >> 12 & 0xfffff,
                                .chunks = word >> 32,
                                .lines = words[1] >> 32,
                                .places = words[1] & G_MAXUINT32},
                               words[2]};
  return TRUE;
}

/* Best and runner-up; cycles 0: it does not fit, or there is none. */
static void find_choice(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                        const Cs3AttentionForce *force, Way way, Cs3AttentionChoice *choice) {
  const Cs3Hardware *hw = &input->machine->hw;
  Cs3AttentionRival *best = &choice->best;
  double estimate;
  *choice = (Cs3AttentionChoice){0};
  if (way == BY_RUN) {
    if (!cs3_attention_choose(hw, shape, force, input->memo, choice, NULL))
      *choice = (Cs3AttentionChoice){0};
  } else if (way == BY_BOUND) {
    if (!cs3_attention_bounded(hw, shape, force, choice, NULL))
      *choice = (Cs3AttentionChoice){0};
  } else if (cs3_attention_ranked(hw, shape, force, input->memo, &best->mapping, &estimate, NULL)) {
    best->cycles = (gint64)ceil(estimate);
  }
}

static gint64 moves_of(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                       const Cs3AttentionMapping *mapping, Cs3WaferLayout from) {
  const Cs3Hardware *hw = &input->machine->hw;
  return hw->kernel.layout_overlap == CS3_OVERLAP_MICROTHREAD
             ? 0
             : cs3_attention_moves(hw, shape, mapping, from);
}

/* The runner-up may be nearer to where activations lie. */
static void weigh_moves(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                        Cs3WaferLayout from, Direction *d) {
  Cs3AttentionRival *best = &d->choice.best, *next = &d->choice.runner_up;
  d->moves = moves_of(input, shape, &best->mapping, from);
  if (next->cycles > 0) {
    gint64 moves = moves_of(input, shape, &next->mapping, from);
    if (next->cycles + moves < best->cycles + d->moves) {
      Cs3AttentionRival other = *best;
      *best = *next;
      *next = other;
      d->moves = moves;
    }
  }
  d->cycles = best->cycles + d->moves;
}

/* Best and runner-up, found once. */
static void known_choice(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                         const Cs3AttentionForce *force, Way way, Cs3AttentionChoice *choice) {
  Cs3MemoKey key = question(input, shape, force, way);
  Cs3MemoKey second = cs3_memo_key(&key, "runner-up", sizeof "runner-up");
  *choice = (Cs3AttentionChoice){0};
  if (find_rival(input, &key, &choice->best) && find_rival(input, &second, &choice->runner_up))
    return;
  find_choice(input, shape, force, way, choice);
  keep_rival(input, &key, &choice->best);
  keep_rival(input, &second, &choice->runner_up);
}

/* Whether it holds no more than @force lets it; none does. */
static gboolean is_lean(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                        const Cs3AttentionForce *force, const Cs3AttentionRival *rival) {
  return rival->cycles == 0 ||
         cs3_attention_around_bytes(&input->machine->hw, shape, &rival->mapping) <= force->around;
}

/* Returns: %FALSE: it does not fit. */
static gboolean map_direction(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                              const Cs3AttentionForce *force, Cs3WaferLayout from, Way way,
                              Direction *d) {
  Cs3AttentionRival *best = &d->choice.best, *next = &d->choice.runner_up;
  Cs3AttentionForce free_of_limit = *force;
  free_of_limit.around = 0;
  known_choice(input, shape, &free_of_limit, way, &d->choice);
  if (force->around > 0 &&
      !(is_lean(input, shape, force, best) && is_lean(input, shape, force, next)))
    known_choice(input, shape, force, way, &d->choice);
  if (best->cycles == 0)
    return FALSE;
  weigh_moves(input, shape, from, d);
  return TRUE;
}

static Cs3WaferLayout layout_of(const Cs3AttentionMapping *m) {
  return (Cs3WaferLayout){m->axis, m->fold};
}

/* In the layout of the projections, or in the best one with the way there: the faster. */
static gboolean best_direction(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                               const Cs3PlanAttentionAsk *ask, Direction *d) {
  Cs3AttentionForce stay = input->force.attention;
  Cs3WaferLayout from = ask->from[shape->backward];
  Way way = way_of(input, ask->closed);
  Direction other;
  stay.around = ask->around[shape->backward];
  gboolean fits = map_direction(input, shape, &stay, from, way, d);
  gboolean forced = stay.axis >= 0 || stay.fold > 0;
  if (from.fold == 0 || forced ||
      (fits && cs3_layout_equal(layout_of(&d->choice.best.mapping), from)))
    return fits;
  stay.axis = from.axis;
  stay.fold = from.fold;
  if (map_direction(input, shape, &stay, from, way, &other) &&
      (!fits || other.cycles < d->cycles)) {
    *d = other;
    fits = TRUE;
  }
  return fits;
}

/* With documents in their sequences or apart; forced to be apart, where they can be. */
static guint shapes_of(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                       Cs3AttentionShape shapes[2]) {
  guint n = cs3_attention_shapes(shape, &input->force.attention, shapes, NULL);
  if (n > 0)
    return n;
  shapes[0] = *shape;
  return 1;
}

/* The faster of these. */
static gboolean best_shape(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                           const Cs3PlanAttentionAsk *ask, Direction *d) {
  Cs3AttentionShape shapes[2];
  guint n = shapes_of(input, shape, shapes);
  gboolean fits = FALSE;
  for (guint i = 0; i < n; i++) {
    Direction one = {0};
    if (!best_direction(input, &shapes[i], ask, &one) || (fits && one.cycles >= d->cycles))
      continue;
    *d = one;
    d->shape = shapes[i];
    fits = TRUE;
  }
  return fits;
}

static gint64 part_of(gint64 sequences, gint64 parts) {
  return (sequences + parts - 1) / parts;
}

/* Both directions of a part. */
static gboolean part_fits(const Cs3PlanInput *input, const Cs3AttentionSize *size, gint64 parts,
                          const Cs3PlanAttentionAsk *ask, Direction d[2]) {
  for (int backward = 0; backward <= !input->forward; backward++) {
    Cs3AttentionShape shape = shape_of(size, part_of(ask->samples, parts), backward);
    if (!best_shape(input, &shape, ask, &d[backward]))
      return FALSE;
  }
  return TRUE;
}

/* As few parts as fit. @d: (out): of one part. Returns: 0: not even a sequence at a time. */
static gint64 in_parts(const Cs3PlanInput *input, const Cs3AttentionSize *size,
                       const Cs3PlanAttentionAsk *ask, Direction d[2]) {
  for (gint64 parts = CLAMP(ask->parts, 1, ask->samples);; parts = MIN(2 * parts, ask->samples)) {
    if (part_fits(input, size, parts, ask, d))
      return parts;
    if (parts == ask->samples)
      return 0;
  }
}

static const Cs3AttentionSize *size_at(const Cs3PlanInput *input, guint index) {
  return &g_array_index(input->graph->attentions, Cs3AttentionSize, index);
}

gboolean cs3_plan_attention_cost(const Cs3PlanInput *input, guint index,
                                 const Cs3PlanAttentionAsk *ask, Cs3PlanAttentionCost *cost) {
  const Cs3AttentionSize *size = size_at(input, index);
  Direction d[2] = {0};
  gint64 parts = in_parts(input, size, ask, d);
  *cost = (Cs3PlanAttentionCost){0};
  for (int backward = 0; parts > 0 && backward <= !input->forward; backward++) {
    cost->cycles[backward] = parts * d[backward].cycles;
    cost->around[backward] = cs3_attention_around_bytes(&input->machine->hw, &d[backward].shape,
                                                        &d[backward].choice.best.mapping);
  }
  return parts > 0;
}

/* The first node of attention @index, which stands for it. */
static guint node_of(const Cs3Graph *graph, guint index) {
  guint i = 0;
  while (cs3_graph_node(graph, i)->attention != index + 1)
    i++;
  return i;
}

Cs3PlanAttentionAsk cs3_plan_attention_ask(const Cs3PlanInput *input, guint index,
                                           const Cs3Plan *plan, gboolean closed) {
  const Cs3PlanMemory *memory = &plan->memory;
  guint node = node_of(input->graph, index);
  Cs3PlanAttentionAsk ask = {
      .samples = plan->micro_batch,
      .parts = memory->attention_parts,
      .from = {cs3_plan_layout(plan, node, FALSE), cs3_plan_layout(plan, node, TRUE)},
      .closed = closed};
  for (int d = 0; d < 2 && memory->room[d] != NULL; d++)
    ask.around[d] = memory->room[d][node];
  return ask;
}

static gboolean is_possible(const Cs3PlanInput *input, const Cs3AttentionShape *shape,
                            GError **error) {
  const Cs3AttentionForce *force = &input->force.attention;
  Cs3AttentionChoice choice;
  Cs3AttentionShape shapes[2];
  guint n = shapes_of(input, shape, shapes);
  g_autoptr(GError) why = NULL;
  for (guint i = 0; i < n; i++)
    if (cs3_attention_bounded(&input->machine->hw, &shapes[i], force, &choice,
                              i == 0 ? &why : NULL))
      return TRUE;
  if (why != NULL)
    g_propagate_error(error, g_steal_pointer(&why));
  return FALSE;
}

gboolean cs3_plan_attention_possible(const Cs3PlanInput *input, GError **error) {
  gint64 forced = input->force.micro_batch, samples = forced > 0 ? forced : input->batch;
  if (!cs3_plan_attention_simulated(input))
    return TRUE;
  for (guint i = 0; i < input->graph->attentions->len; i++)
    for (int backward = 0; backward <= !input->forward; backward++) {
      Cs3AttentionShape one = shape_of(size_at(input, i), 1, backward), all = one;
      all.sequences = samples;
      g_autoptr(GError) of_one = NULL,
                        of_all = NULL; /* where one does not fit, fewer do not help */
      if (is_possible(input, &one, &of_one) || is_possible(input, &all, &of_all))
        continue;
      gboolean folds = input->force.attention.fold > 1; /* which need sequences */
      g_propagate_error(error, folds ? g_steal_pointer(&of_all) : g_steal_pointer(&of_one));
      return FALSE;
    }
  return TRUE;
}

void cs3_plan_attentions(const Cs3PlanInput *input, Cs3Plan *plan) {
  if (!cs3_plan_attention_simulated(input) || way_of(input, FALSE) != BY_RUN)
    return;
  for (guint i = 0; i < input->graph->attentions->len; i++) {
    Cs3PlanAttentionAsk ask = cs3_plan_attention_ask(input, i, plan, FALSE);
    Direction d[2] = {0};
    gint64 parts = in_parts(input, size_at(input, i), &ask, d);
    g_return_if_fail(parts > 0);
    Cs3PlanAttention attention = {.attention = i, .parts = parts};
    for (int backward = 0; backward <= !input->forward; backward++)
      attention.pass[backward] =
          (Cs3PlanAttentionPass){.shape = d[backward].shape,
                                 .sequences = part_of(plan->micro_batch, parts),
                                 .choice = d[backward].choice,
                                 .moves = d[backward].moves};
    g_array_append_val(plan->attentions, attention);
  }
}
