/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chain: sums from line 0 to line R-1; neighbours use two colours in turn. */
#include "config.h"

#include "fabric/layer-event/axpy.h"

static void plan(const Cs3LayerEvent *m, gint64 line, Cs3LineWork *work) {
  cs3_layer_plan_rows(m, line, line == 0, work);
}

static void wire(const Cs3LayerEvent *m, gint64 line, Cs3Role *role) {
  Cs3Lane lane = cs3_layer_lane(m);
  if (line > 0)
    cs3_layer_sum_in(role, STREAM_ADD, COLOUR_SUM + (guint)(line - 1) % 2, CS3_N, QUEUE_SUM, lane);
  if (line + 1 < m->lines)
    cs3_layer_sum_out(role, COLOUR_SUM + (guint)line % 2, CS3_S);
  cs3_layer_store(m, line, m->lines - 1, role);
}

static gint64 charge(const Cs3LayerEvent *m, gint64 line, const Cs3Visit *visit) {
  const Cs3PassCosts *c = &m->costs.pass;
  return c->send + (line > 0 ? c->receive : 0) + (visit->stores ? c->store : 0);
}

static gboolean lowers(gint64 lines, gint64 line) {
  return FALSE;
}

const Cs3LayerReduction cs3_layer_chain = {
    .plan = plan, .wire = wire, .charge = charge, .lowers = lowers, .stores = TRUE};
