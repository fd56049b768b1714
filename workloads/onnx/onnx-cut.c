/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attention and segments in an ONNX graph. */
#include "config.h"

#include "workloads/onnx/onnx-cut.h"

#include <string.h>

#include "workloads/onnx/onnx-op.h"

/* Segments of about so many activations; a node makes up to four, a segment may have 128 (set.h).
 */
enum { ROOM = 40 };

Cs3OnnxValue *cs3_onnx_root(Cs3OnnxValue *value) {
  while (value != NULL && value->same != NULL)
    value = value->same;
  return value;
}

gboolean cs3_onnx_is_activation(const Cs3OnnxValue *value) {
  return value != NULL && !value->constant && value->numbers == NULL &&
         cs3_onnx_value_elements(value) > 0;
}

static const Cs3OnnxWork *work_at(const Cs3OnnxNet *net, guint i) {
  return &g_array_index(net->works, Cs3OnnxWork, i);
}

/* --- attention -------------------------------------------------------------------------------- */

/* The only work that reads activation @root, or -1. */
typedef struct {
  GHashTable *readers; /* root -> 1 + index; 0: several */
} Readers;

static GHashTable *readers_of(const Cs3OnnxNet *net) {
  GHashTable *readers = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < net->works->len; i++) {
    const Cs3OnnxWork *work = work_at(net, i);
    if (work->op->kind == CS3_ONNX_VIEW && work->n_out > 0 && work->out[0] != NULL &&
        work->out[0]->same != NULL)
      continue;
    for (guint k = 0; k < work->n_in; k++) {
      Cs3OnnxValue *root = cs3_onnx_root(work->in[k]);
      gpointer before;
      gboolean known = root != NULL && g_hash_table_lookup_extended(readers, root, NULL, &before);
      gboolean again = known && GPOINTER_TO_UINT(before) == i + 1;
      if (root != NULL)
        g_hash_table_insert(readers, root, GUINT_TO_POINTER(known && !again ? 0 : i + 1));
    }
  }
  for (guint i = 0; i < net->outputs->len; i++)
    g_hash_table_insert(readers, cs3_onnx_root(net->outputs->pdata[i]), NULL);
  return readers;
}

static int reader_of(GHashTable *readers, const Cs3OnnxWork *work) {
  Cs3OnnxValue *root = work->n_out > 0 ? cs3_onnx_root(work->out[0]) : NULL;
  return root != NULL ? (int)GPOINTER_TO_UINT(g_hash_table_lookup(readers, root)) - 1 : -1;
}

/* A product of two activations. */
static gboolean is_product_of_two(const Cs3OnnxWork *work) {
  return work->op->kind == CS3_ONNX_PRODUCT && work->n_products == 1 && !work->attends &&
         work->window.axes == 0 && cs3_onnx_is_activation(work->products[0].weight) &&
         cs3_onnx_is_activation(work->products[0].x);
}

/* From scores @i over scaling, masking and one softmax to values: marks all of it. */
static void find_attention(const Cs3OnnxNet *net, GHashTable *readers, guint i,
                           Cs3OnnxPlace *places) {
  guint chain[16], n = 0;
  gboolean softmax = FALSE;
  Cs3OnnxPlace place = {.part = CS3_ONNX_ATTENDS, .scores = i};
  int at = reader_of(readers, work_at(net, i));
  for (; at >= 0 && n < G_N_ELEMENTS(chain); at = reader_of(readers, work_at(net, (guint)at))) {
    const Cs3OnnxWork *work = work_at(net, (guint)at);
    if (work->op->kind != CS3_ONNX_POINTWISE && work->op->kind != CS3_ONNX_SOFTMAX)
      break;
    softmax |= work->op->kind == CS3_ONNX_SOFTMAX;
    if (work->op->kind == CS3_ONNX_POINTWISE) {
      place.score_elements += work->op->vector;
      place.score_specials += work->op->special;
    }
    chain[n++] = (guint)at;
  }
  if (at < 0 || !softmax || !is_product_of_two(work_at(net, (guint)at)))
    return;
  const Cs3OnnxProduct *scores = &work_at(net, i)->products[0];
  const Cs3OnnxProduct *values = &work_at(net, (guint)at)->products[0];
  if (scores->copies != values->copies || scores->rows != values->rows ||
      scores->out != values->in ||
      cs3_onnx_root(values->x) != cs3_onnx_root(work_at(net, chain[n - 1])->out[0]))
    return;
  places[i].part = CS3_ONNX_ABSORBED;
  for (guint k = 0; k < n; k++)
    places[chain[k]].part = CS3_ONNX_ABSORBED;
  places[at] = place;
}

/* --- segments --------------------------------------------------------------------------------- */

GHashTable *cs3_onnx_last_uses(const Cs3OnnxNet *net) {
  GHashTable *last = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < net->works->len; i++)
    for (guint k = 0; k < work_at(net, i)->n_in; k++) {
      Cs3OnnxValue *root = cs3_onnx_root(work_at(net, i)->in[k]);
      if (cs3_onnx_is_activation(root))
        g_hash_table_insert(last, root, GUINT_TO_POINTER(i + 1));
    }
  for (guint i = 0; i < net->outputs->len; i++) {
    Cs3OnnxValue *root = cs3_onnx_root(net->outputs->pdata[i]);
    if (cs3_onnx_is_activation(root))
      g_hash_table_insert(last, root, GUINT_TO_POINTER(net->works->len + 1));
  }
  return last;
}

/* Activations that are alive behind every work: made before and read later. */
static guint *count_alive(const Cs3OnnxNet *net, GHashTable *last) {
  guint n = net->works->len;
  g_autofree int *change = g_new0(int, n + 2);
  guint *alive = g_new0(guint, n + 1);
  g_autoptr(GHashTable) made = g_hash_table_new(NULL, NULL);
  for (guint i = 0; i < n; i++)
    for (guint k = 0; k < work_at(net, i)->n_out; k++) {
      Cs3OnnxValue *root = cs3_onnx_root(work_at(net, i)->out[k]);
      guint end = root != NULL ? GPOINTER_TO_UINT(g_hash_table_lookup(last, root)) : 0;
      if (end > i + 1 && g_hash_table_add(made, root)) {
        change[i]++;
        change[MIN(end - 1, n)]--;
      }
    }
  int sum = 0;
  for (guint i = 0; i < n; i++)
    alive[i] = (guint)(sum += change[i]);
  return alive;
}

/* Room that work @i takes in a segment. */
static guint room_of(const Cs3OnnxWork *work, const Cs3OnnxPlace *place) {
  if (place->part == CS3_ONNX_ABSORBED || work->op->kind == CS3_ONNX_VIEW)
    return 0;
  guint room =
      2 + 4 * (work->n_products > 1) + work->n_products + (work->n_in > 4 ? work->n_in / 3 : 0);
  return room + (work->attends || place->part == CS3_ONNX_ATTENDS ? 4 : 0);
}

/* Whether a segment may begin behind work @i: not within an attention. */
static void find_closed(const Cs3OnnxNet *net, const Cs3OnnxPlace *places, gboolean *closed) {
  for (guint i = 0; i < net->works->len; i++)
    for (guint k = places[i].scores; places[i].part == CS3_ONNX_ATTENDS && k < i; k++)
      closed[k] = TRUE;
}

static void find_segments(const Cs3OnnxNet *net, Cs3OnnxPlace *places) {
  guint n = net->works->len, first = 0, room = 0, best = 0;
  g_autoptr(GHashTable) last = cs3_onnx_last_uses(net);
  g_autofree guint *alive = count_alive(net, last);
  g_autofree gboolean *closed = g_new0(gboolean, n + 1);
  find_closed(net, places, closed);
  for (guint i = 0; i < n; i++) {
    room += room_of(work_at(net, i), &places[i]);
    if (room > ROOM && best > first) {
      places[best].opens = TRUE;
      first = best;
      room = 0;
      for (guint k = first; k <= i; k++)
        room += room_of(work_at(net, k), &places[k]);
      best = first;
    }
    if (closed[i])
      continue;
    if (best == first || alive[i] <= MAX(1, alive[best - 1]))
      best = i + 1;
  }
}

Cs3OnnxPlace *cs3_onnx_cut(const Cs3OnnxNet *net) {
  Cs3OnnxPlace *places = g_new0(Cs3OnnxPlace, net->works->len + 1);
  g_autoptr(GHashTable) readers = readers_of(net);
  for (guint i = 0; i < net->works->len; i++)
    if (is_product_of_two(work_at(net, i)) && places[i].part == CS3_ONNX_ALONE)
      find_attention(net, readers, i, places);
  find_segments(net, places);
  return places;
}
