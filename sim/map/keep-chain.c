/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The chain of stages: each takes one of its segment's ways; what earlier stages keep is on the
 * wafer while later ones run. Dynamic programming over (bytes kept so far, cycles so far): of two
 * prefixes, one that keeps no more and takes no longer is never worse. */
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

/* Of two fronts, by rising `resident` and falling `cycles`, one. */
static GArray *merge(const GArray *x, const GArray *y) {
  GArray *all = g_array_sized_new(FALSE, FALSE, sizeof(Point), x->len + y->len);
  double best = INFINITY;
  for (guint i = 0, k = 0; i < x->len || k < y->len;) {
    const Point *a = i < x->len ? &g_array_index(x, Point, i) : NULL;
    const Point *b = k < y->len ? &g_array_index(y, Point, k) : NULL;
    gboolean first =
        b == NULL || (a != NULL && (a->resident < b->resident ||
                                    (a->resident == b->resident && a->cycles <= b->cycles)));
    const Point *p = first ? a : b;
    i += first;
    k += !first;
    if (p->cycles < best) {
      best = p->cycles;
      g_array_append_val(all, *p);
    }
  }
  return all;
}

/* The front behind a stage of @segment. */
static GArray *step(const Cs3KeepJob *job, guint segment, const GArray *before) {
  GArray *after = g_array_new(FALSE, FALSE, sizeof(Point));
  for (guint w = 0; w < job->ways[segment]->len; w++) {
    const Cs3KeepWay *way = &g_array_index(job->ways[segment], Cs3KeepWay, w);
    g_autoptr(GArray) moved = g_array_sized_new(FALSE, FALSE, sizeof(Point), before->len);
    for (guint i = 0; i < before->len; i++) {
      const Point *p = &g_array_index(before, Point, i);
      if (p->resident + peak_of(job, segment, way) > job->capacity)
        break;
      Point q = {p->resident + way->option.room.kept, p->cycles + way->cycles, i, w};
      g_array_append_val(moved, q);
    }
    GArray *both = merge(after, moved);
    g_array_unref(after);
    after = both;
  }
  return after;
}

static guint segment_at(const Cs3KeepJob *job, guint stage) {
  return g_array_index(job->search->input.graph->order, Cs3Stage, stage).segment;
}

double cs3_keep_chain(const Cs3KeepJob *job, guint *chosen) {
  guint stages = job->search->input.graph->order->len;
  g_autoptr(GPtrArray) fronts = g_ptr_array_new_with_free_func((GDestroyNotify)g_array_unref);
  GArray *start = g_array_new(FALSE, TRUE, sizeof(Point));
  g_array_set_size(start, 1);
  g_ptr_array_add(fronts, start);
  for (guint k = 0; k < stages; k++)
    g_ptr_array_add(fronts, step(job, segment_at(job, k), fronts->pdata[k]));
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

/* While the last block of a stretch goes backward, the inputs of those between it and the
 * checkpoint are there too. */
double cs3_keep_full(const Cs3KeepJob *job) {
  const Cs3Graph *graph = job->search->input.graph;
  double stride = cs3_recompute_stride(graph), blocks = 0, resident = 0, cycles = 0;
  for (guint k = 0; k < graph->order->len; k++) {
    guint s = segment_at(job, k);
    if (job->ways[s]->len == 0)
      return INFINITY;
    const Cs3KeepWay *way = &g_array_index(job->ways[s], Cs3KeepWay, 0);
    gboolean block = cs3_graph_segment(graph, s)->block;
    gboolean between = block && fmod(blocks++, stride) != 0;
    double more = between ? (stride - 2) * way->option.room.kept : 0;
    if (resident + peak_of(job, s, way) + more > job->capacity)
      return INFINITY;
    resident += between ? 0 : way->option.room.kept;
    cycles += way->cycles;
  }
  return cycles;
}
