/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which matrices of a checkpoint are the weights of a layer graph. */
#pragma once

#include <glib.h>

#include "workloads/graph.h"
#include "workloads/weight-set.h"

/* Output rows @first to @first + @n - 1 of a stored matrix are rows @to and on of the weight. */
typedef struct {
  guint entry;
  gint64 first, n, to;
} Cs3WeightPiece;

/* A weight of the graph: of one copy of one instance of a linear node. */
typedef struct {
  guint node;
  gint64 instance, copy;
  guint piece, n_pieces; /* in the match's pieces; none: not found */
  char *how;             /* (nullable) "rows 0 to 4095 of ..."; %NULL: under its own name */
  char *reason;          /* (nullable) why it was not found, or does not fit */
  gint64 live;           /* once counted */
  guint64 digest;        /* names its live weights, once counted */
} Cs3WeightFound;

typedef struct {
  const Cs3Graph *graph; /* borrowed */
  Cs3WeightSet *set;     /* borrowed */
  GArray *found;         /* of Cs3WeightFound: by node, instance, copy */
  guint *first;          /* index in `found` of every node's first */
  GArray *pieces;        /* of Cs3WeightPiece */
  gboolean *used;        /* by entry of the set */
} Cs3WeightMatch;

/**
 * cs3_weight_match_new: look for every weight of @graph's linear nodes in @set: by name without
 * wrappers, then by the rules of its family and of all, then, for a head that is tied, the
 * embedding table. What was not found has a reason; nothing fails. Returns: (transfer full).
 */
Cs3WeightMatch *cs3_weight_match_new(const Cs3Graph *graph, Cs3WeightSet *set);
void cs3_weight_match_free(Cs3WeightMatch *match);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3WeightMatch, cs3_weight_match_free)

/** cs3_weight_match_name: (transfer full): what the weight of @copy of @instance of @node is
 * called; copies that share a tensor have their number in it (cs3_weight_name_of_expert()). */
char *cs3_weight_match_name(const Cs3Graph *graph, const Cs3Node *node, gint64 instance,
                            gint64 copy);

/** cs3_weight_match_found: (transfer none): the weight of @copy of @instance of linear @node. */
static inline Cs3WeightFound *cs3_weight_match_found(const Cs3WeightMatch *match, guint node,
                                                     gint64 instance, gint64 copy) {
  gint64 copies = cs3_graph_node(match->graph, node)->copies;
  return &g_array_index(match->found, Cs3WeightFound,
                        match->first[node] + (guint)(instance * copies + copy));
}

/**
 * cs3_weight_match_count: count what is used. Fails with CS3_WORKLOAD_ERROR_DATA when a weight is
 * missing, does not fit, cannot be read or is zero throughout; with the errors of reading.
 */
gboolean cs3_weight_match_count(Cs3WeightMatch *match, guint workers,
                                GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weight_match_live: live weights of @found, whose matrices have been counted. */
gint64 cs3_weight_match_live(const Cs3WeightMatch *match, const Cs3WeightFound *found);

/**
 * cs3_weight_match_mask: (transfer full) (nullable): live weights of group @group of @copy of
 * @instance of @node, output x input features. @seed: for statistics. Errors: those of reading.
 */
Cs3Mask *cs3_weight_match_mask(const Cs3WeightMatch *match, guint node, gint64 instance,
                               gint64 copy, gint64 group, guint64 seed,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
