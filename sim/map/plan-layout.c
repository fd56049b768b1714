/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layouts of a plan. Variables, forward and backward: linear layers that read one activation; an
 * attention; an element-wise operator of several activations, which must lie alike; what one
 * instance of a segment hands to the next. Terms: the passes in a layout; an activation, a gradient
 * or what forward kept, that goes from one to another. */
#include "config.h"

#include <math.h>

#include "base/minsum.h"
#include "sim/map/plan-attention.h"
#include "sim/map/plan-internal.h"
#include "sim/map/plan-layout.h"

/* Layouts that a variable may take, and entries of a table of the dynamic programme. */
enum { MOST_LAYOUTS = 6 };
#define MOST_ENTRIES 1e5
/* A layout in which a layer takes so many times the least is not looked at. */
#define TOO_SLOW 1.5

typedef struct {
  Cs3WaferLayout layout[MOST_LAYOUTS];
  double cost[MOST_LAYOUTS]; /* cycles of a micro-batch, all instances */
  guint n;
} Domain;

/* An activation on its way from variable to variable. */
typedef struct {
  guint from, to, node; /* node: that waits for it */
  int tensor;
  double times; /* instances */
  gboolean backward;
} Way;

/* What is known of a direction. */
typedef struct {
  guint *var_of;    /* by node */
  guint *holds;     /* by tensor: the variable that it, or its gradient, lies as; NONE: not known */
  guint *reader;    /* by tensor: the variable of linear layers that read it so far */
  guint *attention; /* by attention: its variable */
  Domain common;    /* layouts that most cycles of the segment's layers like best */
} Side;

typedef struct {
  const Cs3PlanInput *input;
  const Cs3Plan *plan;
  Cs3MapWafer wafer;
  GArray *domains; /* of Domain, by variable */
  GArray *ways;    /* of Way */
  Side side[2];    /* forward, backward */
  guint segment;   /* being walked through */
} Search;

enum { NONE = G_MAXUINT };

gint64 cs3_plan_move(const Cs3Hardware *hw, gint64 elements, gint64 rows, Cs3WaferLayout from,
                     Cs3WaferLayout to) {
  if (from.fold == 0 || to.fold == 0 || cs3_layout_equal(from, to))
    return 0;
  const Cs3WaferLayout both[] = {from, to};
  gint64 words = 0;
  for (guint i = 0; i < G_N_ELEMENTS(both); i++) {
    gboolean on_rows = both[i].axis != CS3_AXIS_X;
    gint64 feature_pes = on_rows ? hw->wafer.pe_y : hw->wafer.pe_x;
    gint64 token_pes = (on_rows ? hw->wafer.pe_x : hw->wafer.pe_y) * both[i].fold;
    gint64 lines = MAX(1, feature_pes / both[i].fold);
    gint64 held = (rows + token_pes - 1) / token_pes;
    words = MAX(words, (elements + lines - 1) / lines * ((held + 1) / 2));
  }
  return cs3_move_cycles(hw, hw->wafer.pe_x, words) + cs3_move_cycles(hw, hw->wafer.pe_y, words);
}

Cs3WaferLayout cs3_plan_layout(const Cs3Plan *plan, guint node, gboolean backward) {
  guint index = 2 * node + (backward ? 1 : 0);
  return index < plan->layouts->len ? g_array_index(plan->layouts, Cs3WaferLayout, index)
                                    : (Cs3WaferLayout){0};
}

/* @layout: fold 0: as the user forces it alone. */
static Cs3MapForce forced_to(const Cs3PlanInput *input, Cs3WaferLayout layout) {
  Cs3MapForce force = input->force;
  if (layout.fold > 0) {
    force.axis = layout.axis;
    force.fold = layout.fold;
  }
  return force;
}

Cs3MapForce cs3_plan_layout_force(const Cs3PlanInput *input, const Cs3Plan *plan, guint node,
                                  Cs3Pass pass) {
  return forced_to(input, cs3_plan_layout(plan, node, pass != CS3_PASS_FORWARD));
}

/* --- what a layout costs --------------------------------------------------------------------- */

/* How often forward is run: once, and again in backward. */
static double forward_runs(const Search *s, guint node) {
  const Cs3Segment *segment =
      cs3_node_segment(s->input->graph, cs3_graph_node(s->input->graph, node));
  return 1 +
         cs3_plan_memory_repeats(&s->plan->memory, s->input->graph, node) / (double)segment->repeat;
}

/* Cycles of the passes of @node in a direction in @layout (fold 0: in the best of each, the last of
 * which is left in @best), all instances; INFINITY where it does not fit. */
static double node_cycles(const Search *s, guint index, gboolean backward, Cs3WaferLayout layout,
                          Cs3WaferLayout *best) {
  const Cs3PlanInput *input = s->input;
  const Cs3Node *node = cs3_graph_node(input->graph, index);
  gint64 tiles = cs3_plan_memory_tiles(&s->plan->memory, input->graph, index);
  gint64 rows = cs3_plan_part_rows(node, s->plan->micro_batch, tiles);
  g_autoptr(GArray) groups = cs3_plan_groups(input, index);
  Cs3MapForce force = forced_to(input, layout);
  double sum = 0, runs = backward ? 1 : forward_runs(s, index);
  for (guint g = 0; g < groups->len; g++) {
    const Cs3SparsityGroup *group = &g_array_index(groups, Cs3SparsityGroup, g);
    double times = runs * (double)(group->count * cs3_plan_matrices(node) * tiles);
    for (int pass = 0; pass < CS3_N_PASS_KINDS; pass++) {
      const Cs3PlanTrial trial = {index, *group, pass, rows};
      Cs3MapCandidate c;
      if (!cs3_plan_has_pass(input, node, pass) || (pass != CS3_PASS_FORWARD) != backward)
        continue;
      if (!cs3_plan_try_pass(input, &trial, &force, &c))
        return INFINITY;
      sum += times * (double)c.cycles;
      *best = (Cs3WaferLayout){c.mapping.axis, c.mapping.fold};
    }
  }
  return sum;
}

static double attention_cycles(const Search *s, guint index, gboolean backward,
                               Cs3WaferLayout layout) {
  Cs3PlanAttentionAsk ask = cs3_plan_attention_ask(s->input, index, s->plan, TRUE);
  Cs3PlanAttentionCost cost;
  ask.from[0] = ask.from[1] = layout;
  if (!cs3_plan_attention_cost(s->input, index, &ask, &cost))
    return INFINITY;
  double times = (double)cs3_graph_segment(s->input->graph, s->segment)->repeat;
  return times * (double)cost.cycles[backward];
}

/* --- domains --------------------------------------------------------------------------------- */

static gboolean has_layout(const Domain *d, Cs3WaferLayout layout) {
  for (guint i = 0; i < d->n; i++)
    if (cs3_layout_equal(d->layout[i], layout))
      return TRUE;
  return FALSE;
}

static void add_layout(Domain *d, Cs3WaferLayout layout, double cost) {
  if (d->n == MOST_LAYOUTS || layout.fold == 0 || has_layout(d, layout))
    return;
  d->layout[d->n] = layout;
  d->cost[d->n++] = cost;
}

/* What is no good is left out, unless all is. */
static void drop_slow(Domain *d) {
  double least = INFINITY;
  guint kept = 0;
  for (guint i = 0; i < d->n; i++)
    least = MIN(least, d->cost[i]);
  for (guint i = 0; i < d->n; i++) {
    if (d->cost[i] > TOO_SLOW * least)
      continue;
    d->layout[kept] = d->layout[i];
    d->cost[kept++] = d->cost[i];
  }
  d->n = kept;
}

/* Of a linear layer: its best, and those of the other layers. */
static Domain linear_domain(const Search *s, guint index, gboolean backward) {
  const Domain *common = &s->side[backward].common;
  Cs3WaferLayout best = {0}, unused;
  Domain d = {0};
  node_cycles(s, index, backward, (Cs3WaferLayout){0}, &best);
  add_layout(&d, best, 0);
  for (guint i = 0; i < common->n; i++)
    add_layout(&d, common->layout[i], 0);
  for (guint i = 0; i < d.n; i++)
    d.cost[i] = node_cycles(s, index, backward, d.layout[i], &unused);
  drop_slow(&d);
  return d;
}

/* A layout and the cycles of the passes that like it best. */
typedef struct {
  Cs3WaferLayout layout;
  double cycles;
} Liked;

static void like(GArray *liked, Cs3WaferLayout layout, double cycles) {
  for (guint i = 0; i < liked->len; i++) {
    Liked *l = &g_array_index(liked, Liked, i);
    if (cs3_layout_equal(l->layout, layout)) {
      l->cycles += cycles;
      return;
    }
  }
  Liked l = {layout, cycles};
  if (layout.fold > 0)
    g_array_append_val(liked, l);
}

static gint by_cycles(gconstpointer a, gconstpointer b) {
  const Liked *x = a, *y = b;
  if (x->cycles != y->cycles)
    return x->cycles < y->cycles ? 1 : -1;
  if (x->layout.fold != y->layout.fold)
    return x->layout.fold > y->layout.fold ? 1 : -1;
  return (x->layout.axis > y->layout.axis) - (x->layout.axis < y->layout.axis);
}

/* The layouts that most work of the segment likes best in either direction, and the folds beside
 * the first. */
static void find_common(Search *s, gboolean backward) {
  const Cs3Segment *segment = cs3_graph_segment(s->input->graph, s->segment);
  g_autoptr(GArray) liked = g_array_new(FALSE, FALSE, sizeof(Liked));
  Domain *common = &s->side[backward].common;
  common->n = 0;
  for (guint i = segment->first; i < segment->first + segment->count; i++)
    for (int other = 0; other <= !s->input->forward; other++) {
      Cs3WaferLayout best = {0};
      if (cs3_graph_node(s->input->graph, i)->kind != CS3_NODE_LINEAR)
        continue;
      double cycles = node_cycles(s, i, other, (Cs3WaferLayout){0}, &best);
      like(liked, best, other == backward ? 2 * cycles : cycles);
    }
  g_array_sort(liked, by_cycles);
  for (guint i = 0; i < liked->len && i < MOST_LAYOUTS - 2; i++)
    add_layout(common, g_array_index(liked, Liked, i).layout, 0);
  if (common->n == 0 || s->input->force.fold > 0)
    return;
  Cs3WaferLayout first = common->layout[0];
  add_layout(common, (Cs3WaferLayout){first.axis, first.fold + 1}, 0);
  add_layout(common, (Cs3WaferLayout){first.axis, first.fold - 1}, 0);
}

/* --- the graph as variables ------------------------------------------------------------------ */

static guint add_variable(Search *s, const Domain *domain) {
  g_array_append_val(s->domains, *domain);
  return s->domains->len - 1;
}

/* What costs nothing by itself; NONE where the segment has no linear layer. */
static guint add_meeting(Search *s, gboolean backward) {
  const Domain *common = &s->side[backward].common;
  return common->n > 0 ? add_variable(s, common) : NONE;
}

/* @times: instances. */
static void add_way(Search *s, Way way) {
  if (way.from == NONE || way.to == NONE || way.from == way.to || way.times <= 0)
    return;
  g_array_append_val(s->ways, way);
}

static double instances(const Search *s) {
  return (double)cs3_graph_segment(s->input->graph, s->segment)->repeat;
}

/* An activation that @node reads as @var, or the gradient on its way back. */
static void add_read(Search *s, gboolean backward, int tensor, guint var, guint node) {
  guint held = s->side[backward].holds[tensor];
  add_way(s, (Way){held, var, node, tensor, instances(s), backward});
}

/* Layers that read one activation lie alike: it is brought there once. Returns: %FALSE: no layout
 * fits them all. */
static gboolean join(const Search *s, guint var, guint index, gboolean backward) {
  Domain *shared = &g_array_index(s->domains, Domain, var), both = *shared;
  Cs3WaferLayout unused;
  double least = INFINITY;
  for (guint i = 0; i < both.n; i++) {
    both.cost[i] += node_cycles(s, index, backward, both.layout[i], &unused);
    least = MIN(least, both.cost[i]);
  }
  if (!isfinite(least))
    return FALSE;
  *shared = both;
  return TRUE;
}

static guint linear_variable(Search *s, guint index, gboolean backward) {
  const Cs3Node *node = cs3_graph_node(s->input->graph, index);
  Side *side = &s->side[backward];
  int tensor = node->reads[0];
  guint var = tensor >= 0 ? side->reader[tensor] : NONE;
  if (var != NONE && join(s, var, index, backward))
    return var;
  Domain d = linear_domain(s, index, backward);
  if (d.n == 0)
    return NONE;
  var = add_variable(s, &d);
  if (tensor >= 0) {
    side->reader[tensor] = var;
    add_read(s, backward, tensor, var, index);
  }
  return var;
}

static guint attention_variable(Search *s, guint attention, gboolean backward) {
  guint *var = &s->side[backward].attention[attention];
  if (*var != NONE)
    return *var;
  Domain d = s->side[backward].common;
  for (guint i = 0; cs3_plan_attention_simulated(s->input) && i < d.n; i++)
    d.cost[i] = attention_cycles(s, attention, backward, d.layout[i]);
  *var = d.n > 0 ? add_variable(s, &d) : NONE;
  return *var;
}

/* Of an operator without weights: where what it reads lies, or where that is brought together. */
static guint other_variable(Search *s, const Cs3Node *node, gboolean backward) {
  guint first = NONE;
  gboolean alike = TRUE;
  if (node->attention > 0)
    return attention_variable(s, node->attention - 1, backward);
  for (int r = 0; r < CS3_NODE_MAX_READS && node->reads[r] >= 0; r++) {
    guint held = s->side[backward].holds[node->reads[r]];
    alike &= first == NONE || held == NONE || held == first;
    first = first == NONE ? held : first;
  }
  return first != NONE && alike ? first : add_meeting(s, backward);
}

static void walk_node(Search *s, guint index, gboolean backward) {
  const Cs3Node *node = cs3_graph_node(s->input->graph, index);
  Side *side = &s->side[backward];
  gboolean linear = node->kind == CS3_NODE_LINEAR;
  guint var = linear ? linear_variable(s, index, backward) : other_variable(s, node, backward);
  side->var_of[index] = var;
  for (int r = linear ? 1 : 0; r < CS3_NODE_MAX_READS && node->reads[r] >= 0; r++)
    add_read(s, backward, node->reads[r], var, index);
  for (int w = 0; w < CS3_NODE_MAX_WRITES && node->writes[w] >= 0; w++) {
    side->holds[node->writes[w]] = var;
    side->reader[node->writes[w]] = NONE;
  }
}

static gboolean is_known(const Search *s, const Way *way) {
  for (guint k = 0; k < s->ways->len; k++) {
    const Way *other = &g_array_index(s->ways, Way, k);
    if (other->from == way->from && other->to == way->to && other->tensor == way->tensor)
      return TRUE;
  }
  return FALSE;
}

/* What a node keeps of forward, or computes again as forward had it, and needs backward. */
static void keep(Search *s, guint index) {
  const Cs3Node *node = cs3_graph_node(s->input->graph, index);
  for (int k = 0; k < CS3_NODE_MAX_KEEPS && node->keeps[k] >= 0; k++) {
    Way way = {s->side[0].holds[node->keeps[k]],
               s->side[1].var_of[index],
               index,
               node->keeps[k],
               instances(s),
               TRUE};
    if (!is_known(s, &way))
      add_way(s, way);
  }
}

/* An instance takes its input as the one before left it. */
static guint enter(Search *s, const Cs3Segment *segment, gboolean backward) {
  Side *side = &s->side[backward];
  find_common(s, backward);
  if (segment->input < 0 || segment->count == 0)
    return NONE;
  guint before = side->holds[segment->input], entry = add_meeting(s, backward);
  side->holds[segment->input] = entry;
  side->reader[segment->input] = NONE;
  add_way(s, (Way){before, entry, segment->first, segment->input, 1, backward});
  return entry;
}

static void walk_segment(Search *s, guint index) {
  const Cs3Segment *segment = cs3_graph_segment(s->input->graph, index);
  gboolean both = !s->input->forward;
  guint entry[2];
  s->segment = index;
  for (int backward = 0; backward <= both; backward++)
    entry[backward] = enter(s, segment, backward);
  for (guint i = segment->first; i < segment->first + segment->count; i++) {
    for (int backward = 0; backward <= both; backward++)
      walk_node(s, i, backward);
    if (both)
      keep(s, i);
  }
  for (int backward = 0; backward <= both && segment->output >= 0 && segment->count > 0; backward++)
    add_way(s, (Way){s->side[backward].holds[segment->output], entry[backward], segment->first,
                     segment->output, instances(s) - 1, backward});
}

/* --- the solution ---------------------------------------------------------------------------- */

static gint64 way_cycles(const Search *s, const Way *way, Cs3WaferLayout from, Cs3WaferLayout to) {
  const Cs3Tensor *t = cs3_graph_tensor(s->input->graph, way->tensor);
  gint64 rows = MAX(1, (gint64)llround(t->rows * (double)s->plan->micro_batch));
  return cs3_plan_move(&s->wafer.hw, t->elements, rows, from, to);
}

static Cs3MinSum *as_sum(const Search *s) {
  Cs3MinSum *sum = cs3_minsum_new();
  for (guint v = 0; v < s->domains->len; v++) {
    const Domain *d = &g_array_index(s->domains, Domain, v);
    cs3_minsum_add(sum, d->n, d->cost);
  }
  for (guint k = 0; k < s->ways->len; k++) {
    const Way *way = &g_array_index(s->ways, Way, k);
    const Domain *a = &g_array_index(s->domains, Domain, way->from);
    const Domain *b = &g_array_index(s->domains, Domain, way->to);
    double cost[MOST_LAYOUTS * MOST_LAYOUTS];
    for (guint i = 0; i < a->n * b->n; i++)
      cost[i] = way->times * (double)way_cycles(s, way, a->layout[i / b->n], b->layout[i % b->n]);
    cs3_minsum_pair(sum, way->from, way->to, cost);
  }
  return sum;
}

/* Of one instance of the operator that waits. */
static void take_move(const Search *s, const Way *way, const guint *value, Cs3Plan *plan) {
  const Cs3Node *node = cs3_graph_node(s->input->graph, way->node);
  double share = way->times / (double)cs3_node_segment(s->input->graph, node)->repeat;
  Cs3WaferLayout from = g_array_index(s->domains, Domain, way->from).layout[value[way->from]];
  Cs3WaferLayout to = g_array_index(s->domains, Domain, way->to).layout[value[way->to]];
  gint64 cycles = llround(share * (double)way_cycles(s, way, from, to));
  Cs3PlanOther move = {.node = way->node};
  *(way->backward ? &move.backward : &move.forward) = cycles;
  if (cycles > 0)
    g_array_append_val(plan->moves, move);
}

static void solve(const Search *s, Cs3Plan *plan) {
  g_autoptr(Cs3MinSum) sum = as_sum(s);
  g_autofree guint *value = g_new0(guint, s->domains->len + 1);
  cs3_minsum_solve(sum, MOST_ENTRIES, value, NULL);
  for (guint i = 0; i < s->input->graph->nodes->len; i++)
    for (int backward = 0; backward < 2; backward++) {
      guint var = s->side[backward].var_of[i];
      if (var != NONE)
        g_array_index(plan->layouts, Cs3WaferLayout, 2 * i + (guint)backward) =
            g_array_index(s->domains, Domain, var).layout[value[var]];
    }
  for (guint k = 0; k < s->ways->len; k++)
    take_move(s, &g_array_index(s->ways, Way, k), value, plan);
}

static guint *all_none(guint n) {
  guint *array = g_new(guint, n + 1);
  for (guint i = 0; i <= n; i++)
    array[i] = NONE;
  return array;
}

static void side_init(Side *side, const Cs3Graph *graph) {
  side->var_of = all_none(graph->nodes->len);
  side->holds = all_none(graph->tensors->len);
  side->reader = all_none(graph->tensors->len);
  side->attention = all_none(graph->attentions->len);
}

static void side_clear(Side *side) {
  g_free(side->var_of);
  g_free(side->holds);
  g_free(side->reader);
  g_free(side->attention);
}

void cs3_plan_layouts(const Cs3PlanInput *input, Cs3Plan *plan) {
  const Cs3Graph *graph = input->graph;
  gboolean hidden = input->machine->hw.kernel.layout_overlap == CS3_OVERLAP_MICROTHREAD;
  if (hidden || input->fidelity == CS3_PLAN_BOUND)
    return;
  g_array_set_size(plan->layouts, 2 * graph->nodes->len);
  g_autoptr(GArray) domains = g_array_new(FALSE, FALSE, sizeof(Domain));
  g_autoptr(GArray) ways = g_array_new(FALSE, FALSE, sizeof(Way));
  Search s = {.input = input,
              .plan = plan,
              .wafer = cs3_plan_fed_wafer(input),
              .domains = domains,
              .ways = ways};
  for (int backward = 0; backward < 2; backward++)
    side_init(&s.side[backward], graph);
  for (guint i = 0; i < graph->segments->len; i++)
    walk_segment(&s, i);
  solve(&s, plan);
  for (int backward = 0; backward < 2; backward++)
    side_clear(&s.side[backward]);
}
