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

enum { LAST_STAGES = 2 };
typedef struct Slope Slope;

/* Ways may be mixed in any proportion here (multiple-choice knapsack, Sinha and Zoltners 1979), and
 * the peak of a stage matters for the last stages alone. */
typedef struct {
  Least *least;  /* by segment */
  GArray *edges; /* of Edge: lower convex hulls of the ways, most cycles a byte first */
  guint *coming; /* by stage and segment: stages of it from there on */
  guint segments;
  gboolean **useless; /* by segment and way */
  Slope **slopes;     /* by stage and last stage */
  guint n_slopes;
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

/* Whether another way of the segment is never worse for the chain, which sees less of a way than
 * what is recorded of it. Equals stay: the first is taken. */
static gboolean useless(const Cs3KeepJob *job, guint s, const Cs3KeepWay *way) {
  for (guint w = 0; w < job->ways[s]->len; w++) {
    const Cs3KeepWay *x = &g_array_index(job->ways[s], Cs3KeepWay, w);
    gboolean better = x->cycles < way->cycles || x->option.room.kept < way->option.room.kept;
    if (better && x->cycles <= way->cycles && x->option.room.kept <= way->option.room.kept &&
        peak_of(job, s, x) <= peak_of(job, s, way))
      return TRUE;
  }
  return FALSE;
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
  outlook->useless = g_new(gboolean *, n);
  for (guint s = 0; s < n; s++) {
    outlook->useless[s] = g_new(gboolean, job->ways[s]->len);
    for (guint w = 0; w < job->ways[s]->len; w++)
      outlook->useless[s][w] = useless(job, s, &g_array_index(job->ways[s], Cs3KeepWay, w));
  }
  for (guint k = stages; k-- > 0;) {
    for (guint s = 0; s < n; s++)
      outlook->coming[n * k + s] = outlook->coming[n * (k + 1) + s];
    outlook->coming[n * k + segment_at(job, k)]++;
  }
}

static void outlook_clear(Outlook *outlook) {
  for (guint i = 0; i < outlook->n_slopes; i++)
    g_free(outlook->slopes[i]);
  g_free(outlook->slopes);
  for (guint s = 0; s < outlook->segments; s++)
    g_free(outlook->useless[s]);
  g_free(outlook->useless);
  g_free(outlook->least);
  g_free(outlook->coming);
  g_array_unref(outlook->edges);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Outlook, outlook_clear)

/* What stages on from one need when all before @last keep together what is on the wafer then: the
 * base, and then piece by piece of what else there is room for. */
struct Slope {
  double room; /* of the wafer less the least peak of @last and the least that they keep */
  guint n;     /* at least 1 */
  struct {
    double from;         /* room at which it begins */
    double cycles, rate; /* with that; so many less for each byte more */
  } piece[];
};

static Slope *slope_new(const Outlook *outlook, const Cs3KeepJob *job, guint k, guint last) {
  const guint *from = &outlook->coming[outlook->segments * k];
  const guint *behind = &outlook->coming[outlook->segments * last];
  Slope *slope = g_malloc(sizeof *slope + (outlook->edges->len + 1) * sizeof *slope->piece);
  *slope = (Slope){.room = job->capacity - outlook->least[segment_at(job, last)].peak};
  double bytes = 0, cycles = 0;
  for (guint s = 0; s < outlook->segments; s++) {
    const Least *least = &outlook->least[s];
    slope->room -= (from[s] - behind[s]) * least->kept;
    cycles += (from[s] - behind[s]) * least->cycles;
    cycles += behind[s] > 0 ? behind[s] * least->fastest : 0;
  }
  for (guint e = 0; e < outlook->edges->len; e++) {
    const Edge *edge = &g_array_index(outlook->edges, Edge, e);
    double stages = from[edge->segment] - behind[edge->segment];
    if (stages == 0)
      continue;
    slope->piece[slope->n].from = bytes;
    slope->piece[slope->n].cycles = cycles;
    slope->piece[slope->n++].rate = edge->cycles / edge->bytes;
    bytes += stages * edge->bytes;
    cycles -= stages * edge->cycles;
  }
  slope->piece[slope->n].from = bytes;
  slope->piece[slope->n].cycles = cycles;
  slope->piece[slope->n++].rate = 0;
  return slope;
}

/* Behind prefixes that keep @resident. @piece: (inout): looked at first; they follow one another in
 * the order of what they keep. */
static double slope_at(const Slope *slope, double resident, guint *piece) {
  double room = slope->room - resident;
  if (room < 0)
    return INFINITY;
  guint i = MIN(*piece, slope->n - 1);
  while (i > 0 && room < slope->piece[i].from)
    i--;
  while (i + 1 < slope->n && room >= slope->piece[i + 1].from)
    i++;
  *piece = i;
  return slope->piece[i].cycles - (room - slope->piece[i].from) * slope->piece[i].rate;
}

/* Where slope_at() was. */
typedef struct {
  guint piece[LAST_STAGES];
} Place;

/* Least cycles of the stages behind @k behind prefixes that keep @resident. */
static double to_come(const Outlook *outlook, guint k, double resident, Place *place) {
  double least = 0;
  for (guint i = 0; i < LAST_STAGES; i++)
    if (outlook->slopes[LAST_STAGES * k + i] != NULL)
      least =
          MAX(least, slope_at(outlook->slopes[LAST_STAGES * k + i], resident, &place->piece[i]));
  return least;
}

static void find_slopes(Outlook *outlook, const Cs3KeepJob *job) {
  guint stages = stages_of(job);
  outlook->slopes = g_new0(Slope *, LAST_STAGES * ((gsize)stages + 1));
  outlook->n_slopes = LAST_STAGES * (stages + 1);
  for (guint k = 0; k < stages; k++)
    for (guint i = 0; i < LAST_STAGES; i++)
      if (stages >= i + 1 && stages - i - 1 >= k)
        outlook->slopes[LAST_STAGES * k + i] = slope_new(outlook, job, k, stages - i - 1);
}

/* --- prefixes -------------------------------------------------------------------------------- */

/* What a stage works with. */
typedef struct {
  const Cs3KeepJob *job;
  const Outlook *outlook;
  double limit;
  guint stage;
  GArray *front, *merged; /* of Point: the prefixes behind it so far; room for the next */
  Place place;
} Stage;

static gboolean promising(Stage *stage, const Point *p) {
  if (!isfinite(stage->limit))
    return TRUE;
  double rest = to_come(stage->outlook, stage->stage + 1, p->resident, &stage->place);
  return p->cycles + rest <= stage->limit;
}

/* Adds what comes of the prefixes @before, which rise in `resident` and fall in `cycles`, by way
 * @w: of the front and these, one front. */
static void add_way(Stage *stage, const GArray *before, guint w, const Cs3KeepWay *way,
                    double room) {
  const GArray *front = stage->front;
  const Point *old = (const Point *)(gpointer)front->data, *end = old;
  const Point *p = (const Point *)(gpointer)before->data, *last = p;
  end += front->data != NULL ? front->len : 0; /* an array that was never filled has no data */
  last += before->data != NULL ? before->len : 0;
  double best = INFINITY;
  g_array_set_size(stage->merged, front->len + before->len);
  Point *merged = (Point *)(gpointer)stage->merged->data;
  guint n = 0;
  for (guint i = 0; old < end || p < last;) {
    Point q = {0};
    if (p < last && p->resident > room)
      p = last;
    if (p < last)
      q = (Point){p->resident + way->option.room.kept, p->cycles + way->cycles, i, w};
    gboolean first = old < end && (p == last || old->resident < q.resident ||
                                   (old->resident == q.resident && old->cycles <= q.cycles));
    if (first)
      q = *old++;
    else if (p < last)
      p++, i++;
    else
      break;
    if (q.cycles < best && (first || promising(stage, &q))) {
      best = q.cycles;
      merged[n++] = q;
    }
  }
  g_array_set_size(stage->merged, n);
  GArray *swap = stage->front;
  stage->front = stage->merged;
  stage->merged = swap;
}

/* (transfer full): the front behind stage->stage of prefixes that may end within the limit. */
static GArray *step(Stage *stage, const GArray *before) {
  guint s = segment_at(stage->job, stage->stage);
  g_array_set_size(stage->front, 0);
  for (guint w = 0; w < stage->job->ways[s]->len; w++) {
    const Cs3KeepWay *way = &g_array_index(stage->job->ways[s], Cs3KeepWay, w);
    if (!stage->outlook->useless[s][w])
      add_way(stage, before, w, way, stage->job->capacity - peak_of(stage->job, s, way));
  }
  return g_array_copy(stage->front);
}

/* The shortest chain, if one is within @limit; INFINITY otherwise. */
static double find_chain(const Cs3KeepJob *job, const Outlook *outlook, double limit,
                         guint *chosen) {
  guint stages = stages_of(job);
  g_autoptr(GPtrArray) fronts = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  GArray *start = g_array_new(FALSE, TRUE, sizeof(Point));
  g_array_set_size(start, 1);
  g_ptr_array_add(fronts, start);
  g_autoptr(GArray) front = g_array_new(FALSE, FALSE, sizeof(Point));
  g_autoptr(GArray) merged = g_array_new(FALSE, FALSE, sizeof(Point));
  Stage stage = {job, outlook, limit, 0, front, merged, {{0}}};
  for (; stage.stage < stages; stage.stage++)
    g_ptr_array_add(fronts, step(&stage, fronts->pdata[stage.stage]));
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
/* The best chain is about as far above what no chain can beat as for the number of samples before;
 * a first guess of so many times that is seldom too low. */
#define GAP_GROWS 1.25

static double search_chain(const Cs3KeepJob *job, double enough, guint *chosen) {
  const double guesses[] = {1 + GAP_GROWS * job->search->gap, 1.001, 1.01, 1.1, INFINITY};
  g_auto(Outlook) outlook = {0};
  outlook_init(&outlook, job);
  find_slopes(&outlook, job);
  Place place = {{0}};
  double least = to_come(&outlook, 0, 0, &place), tried = 1;
  if (!isfinite(least) || least > enough * ROUNDING)
    return INFINITY;
  for (guint i = 0; i < G_N_ELEMENTS(guesses); i++) {
    double limit = MIN(least * guesses[i], enough);
    if (guesses[i] <= tried)
      continue;
    tried = guesses[i];
    double cycles = find_chain(job, &outlook, limit * ROUNDING, chosen);
    if (isfinite(cycles))
      job->search->gap = cycles / least - 1;
    if (isfinite(cycles) || limit == enough)
      return cycles;
  }
  return INFINITY;
}

/* Names everything that the shortest chain depends on. */
static Cs3MemoKey chain_key(const Cs3KeepJob *job) {
  g_autoptr(GArray) numbers = g_array_new(FALSE, FALSE, sizeof(double));
  g_array_append_val(numbers, job->capacity);
  for (guint k = 0; k < stages_of(job); k++) {
    double segment = segment_at(job, k);
    g_array_append_val(numbers, segment);
  }
  for (guint s = 0; s < job->search->input.graph->segments->len; s++) {
    double ways = job->ways[s]->len;
    g_array_append_val(numbers, ways);
    for (guint w = 0; w < job->ways[s]->len; w++) {
      const Cs3KeepWay *way = &g_array_index(job->ways[s], Cs3KeepWay, w);
      double of_way[] = {way->option.room.kept, way->cycles, peak_of(job, s, way)};
      g_array_append_vals(numbers, of_way, G_N_ELEMENTS(of_way));
    }
  }
  return cs3_memo_key(NULL, numbers->data, numbers->len * sizeof(double));
}

double cs3_keep_chain(const Cs3KeepJob *job, double enough, guint *chosen) {
  Cs3KeepChains *chains = cs3_keep_store_chains(job->search->store);
  Cs3MemoKey key = chain_key(job);
  double cycles;
  if (cs3_keep_chains_find(chains, &key, enough, stages_of(job), &cycles, chosen))
    return cycles;
  cycles = search_chain(job, enough, chosen);
  cs3_keep_chains_keep(chains, &key, enough, stages_of(job), cycles, chosen);
  return cycles;
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
