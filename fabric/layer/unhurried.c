/* SPDX-License-Identifier: GPL-3.0-or-later */
/* On faster links every row is there, and room for every gradient, no later. If nobody waited,
 * nobody does: lines take the same time. What differs is, forward and dX, when the first row is
 * there, for which all wait and after which all else comes as much earlier (a row that had come in
 * the very cycle in which it was taken might then be late by the cycle that rounding makes); dW and
 * backward, how long the last row's gradients take to leave, if they found the way free. */
#include "config.h"

#include "fabric/layer/unhurried.h"

#include <string.h>

#include "fabric/layer/stream.h"

/* Of a pass, whatever its links: those that it ran on, and when its lines were done, ... */
typedef struct {
  double ingress_cycles, egress_cycles; /* per wavelet */
  gint64 threads, end;                  /* from when the first row was there */
} Inside;

/* ... and what the edge had to do. */
typedef struct {
  gint64 ingress_wavelets, egress_wavelets, edge_wavelets, last_there;
} AtEdge;

G_STATIC_ASSERT(sizeof(Inside) == CS3_MEMO_VALUES * sizeof(gint64));
G_STATIC_ASSERT(sizeof(AtEdge) == CS3_MEMO_VALUES * sizeof(gint64));

static Cs3MemoKey key_of(const Cs3MemoKey *weights, const Cs3PassCosts *costs, const char *what) {
  Cs3PassCosts any = *costs;
  any.ingress_cycles = any.egress_cycles = 0;
  Cs3MemoKey key = cs3_memo_key(weights, &any, sizeof any);
  cs3_memo_key_text(&key, what);
  return key;
}

/* Of the AtEdge that goes with the Inside of @inside. */
static Cs3MemoKey key_at_edge(const Cs3MemoKey *inside) {
  Cs3MemoKey key = *inside;
  cs3_memo_key_text(&key, "at the edge");
  return key;
}

/* With all links that there are: none is so fast that it counts as no limit. */
static gboolean has_links(const Cs3PassCosts *costs) {
  return cs3_stream_rate(costs->ingress_cycles) > 0 &&
         costs->gradients == (cs3_stream_rate(costs->egress_cycles) > 0);
}

static gboolean nobody_waited(const Cs3PassTimes *times) {
  return !times->waits_in && !times->waits_out;
}

void cs3_unhurried_keep(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs,
                        const Cs3PassTimes *times) {
  if (!has_links(costs) || !nobody_waited(times) || times->edge_wavelets == 0)
    return;
  Inside inside = {costs->ingress_cycles, costs->egress_cycles, times->lines - times->begin,
                   times->end - times->begin};
  AtEdge edge = {times->ingress_wavelets, times->egress_wavelets, times->edge_wavelets,
                 times->last_there};
  Cs3MemoKey key = key_of(weights, costs, "inside"), at_edge = key_at_edge(&key);
  gint64 words[CS3_MEMO_VALUES];
  cs3_memo_keep(memo, &key, memcpy(words, &inside, sizeof inside));
  cs3_memo_keep(memo, &at_edge, memcpy(words, &edge, sizeof edge));
}

static Cs3PassTimes on_links(const Cs3PassCosts *costs, const Inside *inside, const AtEdge *edge) {
  Cs3PassTimes times = {.ingress_wavelets = edge->ingress_wavelets,
                        .egress_wavelets = edge->egress_wavelets};
  if (costs->gradients) {
    gint64 left = cs3_stream_carried(edge->last_there, edge->edge_wavelets, costs->egress_cycles);
    times.lines = inside->threads;
    times.threads = times.end = MAX(inside->threads, left);
  } else {
    times.begin = cs3_stream_carried(0, edge->edge_wavelets, costs->ingress_cycles);
    times.lines = times.threads = times.begin + inside->threads;
    times.end = times.begin + inside->end;
  }
  return times;
}

gboolean cs3_unhurried_find(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs,
                            Cs3PassTimes *times) {
  Inside inside;
  AtEdge edge;
  gint64 words[CS3_MEMO_VALUES];
  if (!has_links(costs))
    return FALSE;
  Cs3MemoKey key = key_of(weights, costs, "inside");
  if (!cs3_memo_find(memo, &key, words))
    return FALSE;
  memcpy(&inside, words, sizeof inside);
  if (costs->ingress_cycles > inside.ingress_cycles || costs->egress_cycles > inside.egress_cycles)
    return FALSE;
  key = key_at_edge(&key);
  if (!cs3_memo_find(memo, &key, words))
    return FALSE;
  memcpy(&edge, words, sizeof edge);
  *times = on_links(costs, &inside, &edge);
  return TRUE;
}

void cs3_unhurried_keep_least(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs,
                              const Cs3PassTimes *times) {
  if (!has_links(costs) || !nobody_waited(times) || times->lines == 0)
    return;
  const gint64 words[CS3_MEMO_VALUES] = {times->lines};
  Cs3MemoKey key = key_of(weights, costs, "lines at least");
  cs3_memo_keep(memo, &key, words);
}

gint64 cs3_unhurried_least(Cs3Memo *memo, const Cs3MemoKey *weights, const Cs3PassCosts *costs) {
  gint64 words[CS3_MEMO_VALUES];
  if (!has_links(costs))
    return 0;
  Cs3MemoKey key = key_of(weights, costs, "lines at least");
  return cs3_memo_find(memo, &key, words) ? words[0] : 0;
}
