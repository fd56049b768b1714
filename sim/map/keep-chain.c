/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of stages: each takes one of its segment's ways; what earlier stages keep is on the
 * wafer while later ones run. Dynamic programming over (bytes kept so far, cycles so far): of two
 * prefixes, one that keeps no more and takes no longer is never worse. A prefix that cannot end
 * below a limit is left out; the first limits are guesses just above what no chain can beat, and a
 * chain below its limit is the shortest of all. */
#include "config.h"

#include <math.h>

#include "sim/map/keep-private.h"

typedef struct {
  double resident, cycles;
  guint parent, way;
} Point;

static double peak_of(const Cs3KeepJob *job, guint s, const Cs3KeepWay *way) {
  return MAX(way->option.room.forward, way->option.room.backward) + job->outside[s];
}

static guint segment_at(const Cs3KeepJob *job, guint stage) {
  return g_array_index(job->search->input.graph->order, Cs3Stage, stage).segment;
}

static guint stages_of(const Cs3KeepJob *job) {
  return job->search->input.graph->order->len;
}

/* --- what stages to come need at least ------------------------------------------------------- */

/* To keep @bytes more in a stage of @segment saves @cycles. */
typedef struct {
  guint segment;
  double bytes, cycles;
} Edge;

/* Of a segment: its leanest ways. */
typedef struct {
  double kept, cycles;  /* the least kept, and the least cycles with that */
  double fastest, peak; /* least cycles, least peak of any way */
} Least;

/* Ways may be mixed in any proportion here (multiple-choice knapsack, Sinha and Zoltners 1979), and
 * the peak of a stage matters for the last two stages alone. */
typedef struct {
  Least *least;  /* by segment */
  GArray *edges; /* of Edge: lower convex hulls of the ways, most cycles a byte first */
  guint *coming; /* by stage and segment: stages of it from there on */
  guint segments;
} Outlook;

static void find_least(const Cs3KeepJob *job, guint s, Least *least) {
  *least = (Least){INFINITY, INFINITY, INFINITY, INFINITY};
  for (guint w = 0; w < job->ways[s]->len; w++) {
    const Cs3KeepWay *way = &g_array_index(job->ways[s], Cs3KeepWay, w);
    double kept = way->option.room.kept;
    if (kept < least->kept || (kept == least->kept && way->cycles < least->cycles)) {
      least->kept = kept;
      least->cycles = way->cycles;
    }
    least->fastest = MIN(least->fastest, way->cycles);
    least->peak = MIN(least->peak, peak_of(job, s, way));
  }
}

/* The next corner of the hull behind (@kept, @cycles): the most cycles a byte. */
static gboolean next_edge(const Cs3KeepJob *job, guint s, double kept, double cycles, Edge *edge) {
  *edge = (Edge){.segment = s};
  for (guint w = 0; w < job->ways[s]->len; w++) {
    const Cs3KeepWay *way = &g_array_index(job->ways[s], Cs3KeepWay, w);
    double more = way->option.room.kept - kept, saved = cycles - way->cycles;
    if (more > 0 && saved > 0 &&
        (edge->bytes == 0 || saved * edge->bytes > edge->cycles * more ||
         (saved * edge->bytes == edge->cycles * more && more > edge->bytes))) {
      edge->bytes = more;
      edge->cycles = saved;
    }
  }
  return edge->bytes > 0;
}

static gint by_worth(gconstpointer a, gconstpointer b) {
  const Edge *x = a, *y = b;
  double p = x->cycles * y->bytes, q = y->cycles * x->bytes;
  return p > q ? -1 : p < q;
}

static void outlook_init(Outlook *outlook, const Cs3KeepJob *job) {
  guint n = job->search->input.graph->segments->len, stages = stages_of(job);
  *outlook = (Outlook){.least = g_new(Least, n),
                       .edges = g_array_new(FALSE, FALSE, sizeof(Edge)),
                       .coming = g_new0(guint, (gsize)n * (stages + 1)),
                       .segments = n};
  for (guint s = 0; s < n; s++) {
    Edge edge;
    find_least(job, s, &outlook->least[s]);
    double kept = outlook->least[s].kept, cycles = outlook->least[s].cycles;
    for (; next_edge(job, s, kept, cycles, &edge); kept += edge.bytes, cycles -= edge.cycles)
      g_array_append_val(outlook->edges, edge);
  }
  g_array_sort(outlook->edges, by_worth);
  for (guint k = stages; k-- > 0;) {
    for (guint s = 0; s < n; s++)
      outlook->coming[n * k + s] = outlook->coming[n * (k + 1) + s];
    outlook->coming[n * k + segment_at(job, k)]++;
  }
}

static void outlook_clear(Outlook *outlook) {
  g_free(outlook->least);
  g_free(outlook->coming);
  g_array_unref(outlook->edges);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outlook, outlook_clear)

/* Least cycles of stages @k on when all before @last may keep @room bytes together. */
static double cycles_within(const Outlook *outlook, guint k, guint last, double room) {
  const guint *from = &outlook->coming[outlook->segments * k];
  const guint *behind = &outlook->coming[outlook->segments * last];
  double cycles = 0;
  for (guint s = 0; s < outlook->segments; s++) {
    room -= (from[s] - behind[s]) * outlook->least[s].kept;
    cycles += (from[s] - behind[s]) * outlook->least[s].cycles;
    cycles += behind[s] > 0 ? behind[s] * outlook->least[s].fastest : 0;
  }
  if (room < 0)
    return INFINITY;
  for (guint e = 0; e < outlook->edges->len && room > 0; e++) {
    const Edge *edge = &g_array_index(outlook->edges, Edge, e);
    double stages = from[edge->segment] - behind[edge->segment];
    double taken = MIN(stages, room / edge->bytes);
    cycles -= taken * edge->cycles;
    room -= taken * edge->bytes;
  }
  return cycles;
}

/* Least cycles of stages @k on behind prefixes that keep @resident. */
static double to_come(const Outlook *outlook, const Cs3KeepJob *job, guint k, double resident) {
  guint stages = stages_of(job);
  double least = 0;
  for (guint last = MAX(k, stages < 2 ? 0 : stages - 2); last < stages; last++) {
    double room = job->capacity - resident - outlook->least[segment_at(job, last)].peak;
    least = MAX(least, cycles_within(outlook, k, last, room));
  }
  return least;
}

/* --- prefixes -------------------------------------------------------------------------------- */

static gint by_room(gconstpointer a, gconstpointer b) {
  const Point *x = a, *y = b;
  if (x->resident != y->resident)
    return x->resident > y->resident ? 1 : -1;
  if (x->cycles != y->cycles)
    return x->cycles > y->cycles ? 1 : -1;
  return x->way != y->way ? (x->way > y->way ? 1 : -1)
                          : (x->parent > y->parent) - (x->parent < y->parent);
}

/* Those that no other beats, by rising `resident` and falling `cycles`. */
static void keep_front(GArray *points) {
  double best = INFINITY;
  guint n = 0;
  g_array_sort(points, by_room);
  for (guint i = 0; i < points->len; i++) {
    Point p = g_array_index(points, Point, i);
    if (p.cycles >= best)
      continue;
    best = p.cycles;
    g_array_index(points, Point, n++) = p;
  }
  g_array_set_size(points, n);
}

/* (transfer full): the front behind stage @k of prefixes that may end within @limit. */
static GArray *step(const Cs3KeepJob *job, const Outlook *outlook, guint k, const GArray *before,
                    double limit) {
  guint s = segment_at(job, k);
  GArray *after = g_array_new(FALSE, FALSE, sizeof(Point));
  for (guint w = 0; w < job->ways[s]->len; w++) {
    const Cs3KeepWay *way = &g_array_index(job->ways[s], Cs3KeepWay, w);
    double room = job->capacity - peak_of(job, s, way);
    for (guint i = 0; i < before->len && g_array_index(before, Point, i).resident <= room; i++) {
      const Point *p = &g_array_index(before, Point, i);
      Point q = {p->resident + way->option.room.kept, p->cycles + way->cycles, i, w};
      if (!isfinite(limit) || q.cycles + to_come(outlook, job, k + 1, q.resident) <= limit)
        g_array_append_val(after, q);
    }
  }
  keep_front(after);
  return after;
}

/* The shortest chain, if one is within @limit; INFINITY otherwise. */
static double find_chain(const Cs3KeepJob *job, const Outlook *outlook, double limit,
                         guint *chosen) {
  guint stages = stages_of(job);
  g_autoptr(GPtrArray) fronts = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  GArray *start = g_array_new(FALSE, TRUE, sizeof(Point));
  g_array_set_size(start, 1);
  g_ptr_array_add(fronts, start);
  for (guint k = 0; k < stages; k++)
    g_ptr_array_add(fronts, step(job, outlook, k, fronts->pdata[k], limit));
  const GArray *last = fronts->pdata[stages];
  if (last->len == 0)
    return INFINITY;
  guint at = last->len - 1; /* the fastest keeps most */
  double cycles = g_array_index(last, Point, at).cycles;
  for (guint k = stages; k > 0; k--) {
    const Point *p = &g_array_index((GArray *)fronts->pdata[k], Point, at);
    chosen[k - 1] = p->way;
    at = p->parent;
  }
  return cycles;
}

/* Sums in another order differ by rounding. */
#define ROUNDING (1 + 1e-9)

double cs3_keep_chain(const Cs3KeepJob *job, double enough, guint *chosen) {
  static const double guesses[] = {1.001, 1.01, 1.1};
  g_auto(Outlook) outlook = {0};
  outlook_init(&outlook, job);
  double least = to_come(&outlook, job, 0, 0);
  if (!isfinite(least) || least > enough * ROUNDING)
    return INFINITY;
  for (guint i = 0; i < G_N_ELEMENTS(guesses); i++) {
    double limit = MIN(least * guesses[i], enough);
    double cycles = find_chain(job, &outlook, limit * ROUNDING, chosen);
    if (isfinite(cycles) || limit == enough)
      return cycles;
  }
  return find_chain(job, &outlook, enough * ROUNDING, chosen);
}

/* While the last block of a stretch goes backward, the inputs of those between it and the
 * checkpoint are there too. */
double cs3_keep_full(const Cs3KeepJob *job) {
  double stride = cs3_recompute_stride(job->search->input.graph), blocks = 0, resident = 0,
         cycles = 0;
  for (guint k = 0; k < stages_of(job); k++) {
    guint s = segment_at(job, k);
    if (job->ways[s]->len == 0)
      return INFINITY;
    const Cs3KeepWay *way = &g_array_index(job->ways[s], Cs3KeepWay, 0);
    gboolean block = cs3_graph_segment(job->search->input.graph, s)->block;
    gboolean between = block && fmod(blocks++, stride) != 0;
    double more = between ? (stride - 2) * way->option.room.kept : 0;
    if (resident + peak_of(job, s, way) + more > job->capacity)
      return INFINITY;
    resident += between ? 0 : way->option.room.kept;
    cycles += way->cycles;
  }
  return cycles;
}
