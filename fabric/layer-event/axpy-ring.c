/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Ring: sums move one position a step and end at their owner. Positions are interleaved on the
 * line: even PEs pass on southwards, odd ones northwards, over the router between them. Four
 * colours: at every router what it sends, receives and lets through differ. */
#include "config.h"

#include "fabric/layer-event/axpy.h"

#include "fabric/layer/recurrence.h"

static void plan(const Cs3LayerEvent *m, gint64 line, Cs3LineWork *work) {
  gint64 n = m->lines;
  work->visit = g_new0(Cs3Visit, m->steps);
  for (gint64 step = 0; step < m->steps; step++) {
    gint64 owner, row = cs3_ring_row(n, m->shape.rows, step, line, &owner), phase = step % n;
    if (row < 0)
      continue;
    work->visit[work->n++] = (Cs3Visit){
        .row = (gint32)row,
        .step = (gint32)step,
        .dry = phase == 0,
        .sends = phase < n - 1,
        .stores = phase == n - 1,
    };
  }
  cs3_layer_plan_sends(work);
}

/* Place of a ring position on the line, and the colour on which it sends. */
static guint place(gint64 lines, gint64 line) {
  return (guint)cs3_reduction_ring.place(lines, line);
}

static guint colour(guint at) {
  return COLOUR_SUM + at % 2 * 2 + at / 2 % 2;
}

static void wire(const Cs3LayerEvent *m, gint64 line, Cs3Role *role) {
  gint64 n = m->lines;
  guint at = place(n, line), from = place(n, (line + n - 1) % n), to = place(n, (line + 1) % n);
  cs3_layer_sum_in(role, STREAM_ADD, colour(from), from < at ? CS3_N : CS3_S, QUEUE_SUM,
                   cs3_layer_lane(m));
  cs3_layer_sum_out(role, colour(at), to < at ? CS3_N : CS3_S);
  if (at == 0 || at + 1 == n)
    return;
  /* Between two neighbours of the other kind: those pass by. */
  if (at % 2) /* even ones, southwards */
    cs3_role_route(role, colour(at - 1), 0, AT(CS3_N), AT(CS3_S));
  else
    cs3_role_route(role, colour(at + 1), 0, AT(CS3_S), AT(CS3_N));
}

static gint64 charge(const Cs3LayerEvent *m, gint64 line, const Cs3Visit *visit) {
  const Cs3PassCosts *c = &m->costs.pass;
  return (visit->dry ? 0 : c->receive) + (visit->sends ? c->send : c->store);
}

static gboolean lowers(gint64 lines, gint64 line) {
  return FALSE;
}

const Cs3LayerReduction cs3_layer_ring = {
    .plan = plan, .wire = wire, .charge = charge, .lowers = lowers, .stores = FALSE};
