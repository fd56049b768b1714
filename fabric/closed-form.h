/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Published closed forms of collectives, for printing beside simulated cycles.
 * Model (Luczynski et al., Near-optimal wafer-scale reduce, HPDC 2024, arXiv 2404.15888):
 * T = max(C, E / N) + L + (2 T_R + 1) D  with energy E (links crossed), contention C (most
 * wavelets into a PE), distance L, depth D, N links. */
#pragma once

#include <glib.h>

typedef struct {
  double energy, contention, distance, depth, links;
  double cycles; /* of the model, without program start-up */
} Cs3ClosedForm;

/** cs3_form_reduce_time: the additive model above; @hop cycles per unit of distance. */
double cs3_form_reduce_time(const Cs3ClosedForm *form, guint ramp, guint hop);

/** cs3_form_message: @words over @distance links. Here and below: @words B per PE, @pes P, @ramp
 * T_R, @hop cycles; the forms are published for hop 1. */
Cs3ClosedForm cs3_form_message(guint words, guint distance, guint ramp, guint hop);
/** cs3_form_star: reduce: every PE sends to PE 0; C = B (P - 1). */
Cs3ClosedForm cs3_form_star(guint words, guint pes, guint ramp, guint hop);
/** cs3_form_chain: reduce: each PE adds to the passing stream; C = B, D = L = P - 1. */
Cs3ClosedForm cs3_form_chain(guint words, guint pes, guint ramp, guint hop);
/** cs3_form_tree: reduce in a binary tree of ceil(log2 P) rounds. */
Cs3ClosedForm cs3_form_tree(guint words, guint pes, guint ramp, guint hop);
/** cs3_form_two_phase: groups of @group PEs: C = 2B, D = (group - 1) + (groups - 1), L = P - 1. */
Cs3ClosedForm cs3_form_two_phase(guint words, guint pes, guint group, guint ramp, guint hop);
/** cs3_form_broadcast: PE 0 sends to all of a row; the multicast costs one pass. */
Cs3ClosedForm cs3_form_broadcast(guint words, guint pes, guint ramp, guint hop);
/** cs3_form_broadcast_2d: along row 0, then down the columns. */
Cs3ClosedForm cs3_form_broadcast_2d(guint words, guint width, guint height, guint ramp, guint hop);
/** cs3_form_ring_all_reduce: reduce-scatter, then all-gather: 2 (P - 1) steps of B / P words. */
Cs3ClosedForm cs3_form_ring_all_reduce(guint words, guint pes, guint ramp, guint hop);
/** cs3_form_add: one collective after the other. */
Cs3ClosedForm cs3_form_add(Cs3ClosedForm first, Cs3ClosedForm second);

/** cs3_form_times: @n times the same, one after the other, over the same links. */
Cs3ClosedForm cs3_form_times(Cs3ClosedForm form, guint n);

/* Deepest pre-order tree that is searched. */
#define CS3_TREE_MAX_DEPTH 64

/**
 * cs3_form_auto_gen: the best pre-order tree, e[r,d] = min(e[r,d-1], min over s of e[s,d-1] +
 * e[r-s,d] + r - s) with e in links per word, at the depth d that minimises the modelled time.
 */
Cs3ClosedForm cs3_form_auto_gen(guint words, guint pes, guint ramp, guint hop);

/* The pre-order tree behind it. */
typedef struct Cs3TreeTable Cs3TreeTable;
/** cs3_tree_table_new: (transfer full): e[r,d] of up to @pes PEs and depth @max_depth. */
Cs3TreeTable *cs3_tree_table_new(guint pes, guint max_depth);
void cs3_tree_table_free(Cs3TreeTable *table);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3TreeTable, cs3_tree_table_free)
/** cs3_tree_energy: links crossed per word, of the best tree over @pes PEs of depth <= @depth. */
guint64 cs3_tree_energy(const Cs3TreeTable *table, guint pes, guint depth);
/** cs3_tree_split: PEs that stay with the root when its last child is split off; the child's
 * subtree has the others and depth @depth - 1. @pes when the tree of @depth - 1 is as good. */
guint cs3_tree_split(const Cs3TreeTable *table, guint pes, guint depth);
/** cs3_tree_best_depth: depth that minimises max(C, E / N) + L + (2 T_R + 1) d for @words. */
guint cs3_tree_best_depth(const Cs3TreeTable *table, guint words, guint pes, guint ramp, guint hop);

/**
 * cs3_form_wse2_reduce: integer form of the 512-PE WSE-2 runs (facts: pr0f3ss/SpMM_Cerebras log),
 * start-up included. @version 0: chain, 1 and 2: two-phase.
 *   chain: B + 6 (P - 1) + 56;  v1: 2B + 6 (S - 1) + (G - 1)(S + 5) + 77;
 *   v2: max(2B + 6 (S-1) + (G-2)(S+5) + 77, B + 6 (s_last - 1) + (G - 1)(S + 5) + 59).
 */
guint64 cs3_form_wse2_reduce(guint version, guint words, guint pes, guint group);
