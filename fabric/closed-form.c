/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Published closed forms of collectives. */
#include "config.h"

#include "fabric/closed-form.h"

#include <math.h>

double cs3_form_reduce_time(const Cs3ClosedForm *form, guint ramp, guint hop) {
  double load = form->links > 0 ? form->energy / form->links : 0;
  return MAX(form->contention, load) + hop * form->distance + (2.0 * ramp + 1) * form->depth;
}

static Cs3ClosedForm finish(Cs3ClosedForm form, guint ramp, guint hop) {
  form.cycles = cs3_form_reduce_time(&form, ramp, hop);
  return form;
}

Cs3ClosedForm cs3_form_message(guint words, guint distance, guint ramp, guint hop) {
  return (Cs3ClosedForm){.energy = (double)words * distance,
                         .contention = words,
                         .distance = distance,
                         .depth = 1,
                         .links = distance,
                         .cycles = (double)words + (double)hop * distance + 2.0 * ramp};
}

Cs3ClosedForm cs3_form_star(guint words, guint pes, guint ramp, guint hop) {
  double B = words, P = pes;
  Cs3ClosedForm form = {.energy = B * P * (P - 1) / 2,
                        .contention = B * (P - 1),
                        .distance = P - 1,
                        .depth = pes > 1,
                        .links = P - 1};
  form.cycles = B * (P - 1) + 2.0 * ramp + 1; /* the wires fill while the root takes words */
  return form;
}

Cs3ClosedForm cs3_form_chain(guint words, guint pes, guint ramp, guint hop) {
  double P = pes;
  return finish((Cs3ClosedForm){.energy = words * (P - 1),
                                .contention = words,
                                .distance = P - 1,
                                .depth = P - 1,
                                .links = P - 1},
                ramp, hop);
}

Cs3ClosedForm cs3_form_tree(guint words, guint pes, guint ramp, guint hop) {
  double B = words, P = pes, levels = pes > 1 ? log2(P) : 0;
  Cs3ClosedForm form = {.energy = B * P * levels / 2,
                        .contention = B * levels,
                        .distance = P - 1,
                        .depth = levels,
                        .links = P - 1};
  /* Published with the distance inside the maximum. */
  double wires = pes > 1 ? form.energy / (P - 1) + hop * (P - 1) : 0;
  form.cycles = MAX(form.contention, wires) + (2.0 * ramp + 1) * levels;
  return form;
}

Cs3ClosedForm cs3_form_two_phase(guint words, guint pes, guint group, guint ramp, guint hop) {
  double B = words, P = pes;
  guint groups = (pes + group - 1) / group;
  return finish((Cs3ClosedForm){.energy = B * (P - groups + (double)(groups - 1) * group),
                                .contention = groups > 1 && group > 1 ? 2 * B : B,
                                .distance = P - 1,
                                .depth = (double)(MIN(group, pes) - 1) + (groups - 1),
                                .links = P - 1},
                ramp, hop);
}

Cs3ClosedForm cs3_form_broadcast(guint words, guint pes, guint ramp, guint hop) {
  double P = pes;
  return (Cs3ClosedForm){.energy = words * (P - 1),
                         .contention = words,
                         .distance = P - 1,
                         .depth = 1,
                         .links = P - 1,
                         .cycles = words + hop * P + 2.0 * ramp};
}

Cs3ClosedForm cs3_form_broadcast_2d(guint words, guint width, guint height, guint ramp, guint hop) {
  double M = width, N = height;
  return (Cs3ClosedForm){.energy = words * (M * N - 1),
                         .contention = words,
                         .distance = M + N - 2,
                         .depth = 1,
                         .links = M * N - 1,
                         .cycles = words + hop * (M + N - 2) + 2.0 * ramp + 1};
}

Cs3ClosedForm cs3_form_ring_all_reduce(guint words, guint pes, guint ramp, guint hop) {
  double B = words, P = pes;
  Cs3ClosedForm form = {.energy = 2 * (P - 1) * B / P * 2 * (P - 1),
                        .contention = 2 * B,
                        .distance = 4 * P - 6,
                        .depth = 2 * (P - 1),
                        .links = 2 * (P - 1)};
  form.cycles = 2 * (P - 1) * B / P + hop * (4 * P - 6) + 2 * (P - 1) * (2.0 * ramp + 1);
  return form;
}

Cs3ClosedForm cs3_form_add(Cs3ClosedForm first, Cs3ClosedForm second) {
  return (Cs3ClosedForm){.energy = first.energy + second.energy,
                         .contention = first.contention + second.contention,
                         .distance = first.distance + second.distance,
                         .depth = first.depth + second.depth,
                         .links = MAX(first.links, second.links),
                         .cycles = first.cycles + second.cycles};
}

Cs3ClosedForm cs3_form_times(Cs3ClosedForm form, guint n) {
  return (Cs3ClosedForm){.energy = n * form.energy,
                         .contention = n * form.contention,
                         .distance = n * form.distance,
                         .depth = n * form.depth,
                         .links = form.links,
                         .cycles = n * form.cycles};
}

struct Cs3TreeTable {
  guint pes, depth;
  guint32 *energy; /* [depth][pes] */
  guint16 *split;
};

static gsize at(const Cs3TreeTable *table, guint pes, guint depth) {
  return (gsize)depth * (table->pes + 1) + pes;
}

#define UNREACHABLE (G_MAXUINT32 / 4)

Cs3TreeTable *cs3_tree_table_new(guint pes, guint max_depth) {
  Cs3TreeTable *t = g_new0(Cs3TreeTable, 1);
  t->pes = pes;
  t->depth = MIN(max_depth, pes);
  t->energy = g_new0(guint32, (gsize)(t->depth + 1) * (pes + 1));
  t->split = g_new0(guint16, (gsize)(t->depth + 1) * (pes + 1));
  for (guint r = 2; r <= pes; r++) {
    t->energy[at(t, r, 0)] = UNREACHABLE;
    t->split[at(t, r, 0)] = (guint16)r;
  }
  for (guint d = 1; d <= t->depth; d++)
    for (guint r = 2; r <= pes; r++) {
      guint32 best = t->energy[at(t, r, d - 1)];
      guint split = r;
      /* s PEs in the last child's tree, r - s with the root, r - s links between the two roots. */
      for (guint s = 1; s < r; s++) {
        guint32 e = t->energy[at(t, s, d - 1)] + t->energy[at(t, r - s, d)] + r - s;
        if (e < best) {
          best = e;
          split = r - s;
        }
      }
      t->energy[at(t, r, d)] = best;
      t->split[at(t, r, d)] = (guint16)split;
    }
  return t;
}

void cs3_tree_table_free(Cs3TreeTable *table) {
  if (!table)
    return;
  g_free(table->energy);
  g_free(table->split);
  g_free(table);
}

guint64 cs3_tree_energy(const Cs3TreeTable *table, guint pes, guint depth) {
  return table->energy[at(table, pes, depth)];
}

guint cs3_tree_split(const Cs3TreeTable *table, guint pes, guint depth) {
  return table->split[at(table, pes, depth)];
}

guint cs3_tree_best_depth(const Cs3TreeTable *table, guint words, guint pes, guint ramp,
                          guint hop) {
  guint best = 0;
  double best_time = INFINITY;
  for (guint d = pes > 1; d <= table->depth; d++) {
    double load = pes > 1 ? (double)words * (double)cs3_tree_energy(table, pes, d) / (pes - 1) : 0;
    double time = load + hop * (pes - 1.0) + (2.0 * ramp + 1) * d;
    if (cs3_tree_energy(table, pes, d) < UNREACHABLE && time < best_time) {
      best_time = time;
      best = d;
    }
  }
  return best;
}

Cs3ClosedForm cs3_form_auto_gen(guint words, guint pes, guint ramp, guint hop) {
  g_autoptr(Cs3TreeTable) table = cs3_tree_table_new(pes, CS3_TREE_MAX_DEPTH);
  guint depth = cs3_tree_best_depth(table, words, pes, ramp, hop);
  double energy = (double)words * (double)cs3_tree_energy(table, pes, depth);
  /* The contention of the tree is not part of the published recurrence: B is its lower bound. */
  return finish((Cs3ClosedForm){.energy = energy,
                                .contention = words,
                                .distance = pes - 1.0,
                                .depth = depth,
                                .links = pes - 1.0},
                ramp, hop);
}

guint64 cs3_form_wse2_reduce(guint version, guint words, guint pes, guint group) {
  gint64 B = words, P = pes, S = MIN(group, pes), G = (P + S - 1) / S;
  if (version == 0 || G == 1)
    return (guint64)(B + 6 * (P - 1) + 56);
  if (version == 1)
    return (guint64)(2 * B + 6 * (S - 1) + (G - 1) * (S + 5) + 77);
  gint64 last = P - (G - 1) * S;
  gint64 stored = 2 * B + 6 * (S - 1) + (G - 2) * (S + 5) + 77;
  gint64 streamed = B + 6 * (last - 1) + (G - 1) * (S + 5) + 59;
  return (guint64)MAX(stored, streamed);
}
