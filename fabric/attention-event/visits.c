/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What places do whatever the algorithm: visits, and where neighbours are. */
#include "config.h"

#include "fabric/attention-event/machine.h"

guint cs3_attention_towards(const Cs3AttentionEvent *m, gint64 position, gint64 other) {
  guint x, y, to_x, to_y;
  cs3_attention_seat(m, position, &x, &y);
  cs3_attention_seat(m, other, &to_x, &to_y);
  if (to_y != y)
    return to_y > y ? CS3_S : CS3_N;
  return to_x > x ? CS3_E : CS3_W;
}

void cs3_attention_visited(Cs3Pe *pe, Cs3AttentionEvent *m, Cs3PlaceData *d) {
  const Cs3AttentionCosts *c = &m->costs;
  gint64 job = d->visited / c->visits, visit = d->visited % c->visits;
  if (visit == 0)
    cs3_attention_begin_job(m, d, job);
  cs3_attention_compute(m, d, job, visit, cs3_pe_memory(pe) + cs3_attention_slot(m, job, visit));
  if (visit == c->visits - 1 && c->parts == 1)
    cs3_attention_end_job(m, d, job);
  d->busy = FALSE;
  if (++d->visited == m->total)
    cs3_pe_finish(pe);
}

gboolean cs3_attention_work(Cs3Pe *pe, const Cs3AttentionEvent *m, Cs3PlaceData *d, gint64 visit,
                            guint task) {
  Cs3AttentionWork w = cs3_attention_visit(&m->costs, d->place, visit);
  guint cycles = (guint)cs3_attention_work_sum(&w);
  d->busy = TRUE;
  if (cycles == 0)
    return FALSE;
  cs3_pe_hold(pe, cycles);
  cs3_pe_after(pe, cycles, task);
  return TRUE;
}
