/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two-way: chains from both ends meet in the middle line, on two pairs of colours. */
#include "config.h"

#include "fabric/layer-event/axpy.h"

static gboolean is_head(gint64 lines, gint64 line) {
  return line == 0 || (line == lines - 1 && lines > 2);
}

static void plan(const Cs3LayerEvent *m, gint64 line, Cs3LineWork *work) {
  cs3_layer_plan_rows(m, line, is_head(m->lines, line), work);
}

static gboolean lowers(gint64 lines, gint64 line) {
  return lines > 2 && line == lines / 2;
}

static void wire(const Cs3LayerEvent *m, gint64 line, Cs3Role *role) {
  gint64 root = m->lines / 2;
  Cs3Lane lane = cs3_layer_lane(m);
  if (line > 0 && line <= root)
    cs3_layer_sum_in(role, STREAM_ADD, COLOUR_SUM + (guint)(line - 1) % 2, CS3_N, QUEUE_SUM, lane);
  if (line < root)
    cs3_layer_sum_out(role, COLOUR_SUM + (guint)line % 2, CS3_S);
  if (line > root)
    cs3_layer_sum_out(role, COLOUR_LOWER + (guint)line % 2, CS3_N);
  if (line >= root && line + 1 < m->lines) {
    gboolean at_root = line == root;
    cs3_layer_sum_in(role, at_root ? STREAM_ADD_LOWER : STREAM_ADD,
                     COLOUR_LOWER + (guint)(line + 1) % 2, CS3_S, at_root ? QUEUE_LOWER : QUEUE_SUM,
                     lane);
  }
  cs3_layer_store(m, line, root, role);
}

static gint64 charge(const Cs3LayerEvent *m, gint64 line, const Cs3Visit *visit) {
  const Cs3PassCosts *c = &m->costs.pass;
  return c->send + (is_head(m->lines, line) ? 0 : c->receive) +
         (lowers(m->lines, line) ? c->send : 0) + (visit->stores ? c->store : 0);
}

const Cs3LayerReduction cs3_layer_two_way = {
    .plan = plan, .wire = wire, .charge = charge, .lowers = lowers, .stores = TRUE};
