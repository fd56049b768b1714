/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a segment can do with its activations, and what each way costs. */
#include "config.h"

#include <math.h>

#include "sim/map/keep-private.h"

/* Sums over the nodes of a stage, cycles. */
typedef struct {
  double forward, backward, again, forward_in, backward_in;
} StageCost;

/* (array) (transfer full): of the nodes of @s with the rows behind its last attention in @tiles
 * parts. */
static Cs3NodeCost *node_costs(Cs3KeepJob *job, guint s, gint64 tiles) {
  const Cs3Segment *segment = cs3_graph_segment(job->search->input.graph, s);
  const Cs3Lifetimes *l = job->search->segments[s].lifetimes;
  Cs3NodeCost *costs = g_new(Cs3NodeCost, segment->count);
  for (guint i = 0; i < segment->count; i++) {
    gboolean parts = cs3_lifetimes_tiled(l, segment->first + i);
    costs[i] = job->cost(segment->first + i, parts ? tiles : 1, job->data);
    for (guint d = 0; d < G_N_ELEMENTS(job->around); d++)
      job->around[d][segment->first + i] = costs[i].around[d];
  }
  return costs;
}

static StageCost stage_cost(const Cs3NodeCost *costs, guint count, Cs3Set nodes) {
  StageCost sum = {0};
  for (guint i = 0; i < count; i++) {
    const Cs3NodeCost *c = &costs[i];
    gboolean again = cs3_set_has(nodes, i);
    sum.forward += c->forward;
    sum.backward += c->backward;
    sum.again += again ? c->forward : 0;
    sum.forward_in += c->forward_in;
    sum.backward_in += c->backward_in + (again ? c->forward_in : 0);
  }
  return sum;
}

static double sent_cycles(const Cs3KeepJob *job, double bytes) {
  const Cs3Machine *machine = job->search->input.machine;
  double port = machine->hw.io.rate_bits_per_s * machine->hw.io.factor * machine->hw.io.efficiency;
  double servers =
      (double)machine->system.activations.servers * machine->system.activations.link_bits_per_s;
  return bytes * 8 / MIN(port, servers) * machine->hw.wafer.clock_hz;
}

static Cs3KeepWay way_of(Cs3KeepJob *job, guint s, const Cs3NodeCost *costs, const Cs3Keep *keep,
                         const Cs3KeepRooms *rooms) {
  const Cs3KeepSearch *search = job->search;
  const Cs3KeepRoom *room = cs3_keep_room(rooms, keep->again, keep->away);
  const Cs3KeepRoom *sample = cs3_keep_room(search->segments[s].sample, keep->again, keep->away);
  gboolean twice = search->input.policy == CS3_RECOMPUTE_FULL;
  Cs3KeepWay way = {.option = {.segment = s, .keep = *keep, .runs = twice ? 2 : 1}};
  way.option.nodes = keep->forward ? 0 : room->nodes;
  way.option.room = room->room;
  if (cs3_keep_rebuilds(search, s)) { /* the whole block, and what it was given is there again */
    way.option.nodes = ~(Cs3Set)0;
    way.option.room.kept = 0;
  } else if (search->input.policy == CS3_RECOMPUTE_REVERSIBLE && !keep->forward &&
             cs3_graph_follows_reversible(search->input.graph, s)) {
    cs3_lifetimes_hold_input(search->segments[s].lifetimes, keep, job->bytes, &way.option.room);
  }
  StageCost c =
      stage_cost(costs, cs3_graph_segment(search->input.graph, s)->count, way.option.nodes);
  double sent = 0;
  if (keep->away) {
    way.option.sent_bytes = sample->kept * (double)job->samples;
    sent = sent_cycles(job, way.option.sent_bytes);
  }
  way.cycles = MAX(c.forward, sent);
  way.cycles += CS3_KEEP_SENDING * sent;
  if (search->input.forward)
    way.option.room.backward = way.option.room.kept = 0;
  else
    way.cycles += MAX(c.backward + way.option.runs * c.again, sent > 0 ? c.backward_in + sent : 0);
  return way;
}

static gboolean worse(const Cs3KeepWay *x, const Cs3KeepWay *y) {
  const Cs3Footprint *a = &x->option.room, *b = &y->option.room;
  return x->cycles >= y->cycles && a->kept >= b->kept && a->forward >= b->forward &&
         a->backward >= b->backward;
}

/* Adds @way unless one that is there is as good in every respect; those that it beats go. */
static void add_way(GArray *ways, const Cs3KeepWay *way) {
  for (guint i = 0; i < ways->len; i++)
    if (worse(way, &g_array_index(ways, Cs3KeepWay, i)))
      return;
  for (guint i = ways->len; i-- > 0;)
    if (worse(&g_array_index(ways, Cs3KeepWay, i), way))
      g_array_remove_index(ways, i);
  g_array_append_val(ways, *way);
}

static gboolean fits(const Cs3KeepJob *job, guint s, const Cs3KeepWay *way) {
  const Cs3Footprint *room = &way->option.room;
  return MAX(room->forward, room->backward) + job->outside[s] <= job->capacity;
}

static void try_way(Cs3KeepJob *job, guint s, const Cs3NodeCost *costs, const Cs3Keep *keep,
                    const Cs3KeepRooms *rooms, GArray *ways) {
  Cs3KeepWay way = way_of(job, s, costs, keep, rooms);
  if (keep->away && way.option.sent_bytes == 0 && job->search->input.away < 0)
    return; /* nothing to send */
  if (keep->away)
    way.option.room.kept = 0;
  if (isfinite(way.cycles)) /* else no mapping fits the PEs */
    add_way(ways, &way);
}

/* Every mask, what it keeps on the wafer or sent away; of these the ones that are not beaten in
 * every respect. */
static GArray *best_ways(Cs3KeepJob *job, guint s, gint64 tiles) {
  const Cs3KeepSearch *search = job->search;
  const Cs3KeepInput *input = &search->input;
  GArray *ways = g_array_new(FALSE, FALSE, sizeof(Cs3KeepWay));
  GArray *masks = search->segments[s].masks;
  g_autofree Cs3NodeCost *costs = node_costs(job, s, tiles);
  Cs3KeepSizes sizes = {job->bytes, {job->around[0], job->around[1]}};
  const Cs3KeepRooms *rooms = cs3_keep_rooms_of(job->search, s, job->samples, tiles, &sizes);
  for (guint i = 0; i < masks->len; i++)
    for (int away = 0; away <= !input->forward; away++) {
      Cs3Keep keep = {.again = g_array_index(masks, guint64, i),
                      .away = away,
                      .forward = input->forward,
                      .tiles = tiles,
                      .sums = search->sums,
                      .narrow = search->narrow};
      if (input->away < 0 || input->forward || input->away == away)
        try_way(job, s, costs, &keep, rooms, ways);
    }
  cs3_keep_rooms_return(rooms);
  return ways;
}

/* Later numbers of samples look only at what was not beaten at the first. */
static void thin(Cs3KeepSegment *segment, const GArray *ways) {
  if (segment->thinned || ways->len == 0)
    return;
  segment->thinned = TRUE;
  g_array_set_size(segment->masks, 0);
  for (guint i = 0; i < ways->len; i++) {
    guint64 mask = g_array_index(ways, Cs3KeepWay, i).option.keep.again;
    gboolean known = FALSE;
    for (guint k = 0; k < segment->masks->len && !known; k++)
      known = g_array_index(segment->masks, guint64, k) == mask;
    if (!known)
      g_array_append_val(segment->masks, mask);
  }
}

/* Blocks are cut into parts only when they do not fit otherwise: a smaller micro-batch does the
 * same for less. What goes backward at once (the logits) may be cut at will. */
GArray *cs3_keep_ways(Cs3KeepJob *job, guint s) {
  Cs3KeepSegment *segment = &job->search->segments[s];
  const Cs3Graph *graph = job->search->input.graph;
  gboolean block = cs3_graph_segment(graph, s)->block;
  gint64 most = block && job->samples > 1 ? 1 : CS3_KEEP_MAX_TILES;
  GArray *ways = g_array_new(FALSE, FALSE, sizeof(Cs3KeepWay));
  for (gint64 tiles = 1; tiles <= most; tiles *= 2) {
    g_autoptr(GArray) best = best_ways(job, s, tiles);
    thin(segment, best);
    for (guint i = 0; i < best->len; i++)
      if (fits(job, s, &g_array_index(best, Cs3KeepWay, i)))
        add_way(ways, &g_array_index(best, Cs3KeepWay, i));
    if (block && ways->len > 0)
      break;
  }
  return ways;
}
