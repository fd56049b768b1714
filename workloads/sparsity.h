/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How sparse every weight tensor of a model is. */
#pragma once

#include <glib.h>

#include "workloads/graph.h"
#include "workloads/pattern.h"
#include "workloads/weight-match.h"

typedef struct {
  const Cs3Graph *graph; /* borrowed */
  guint *first;          /* index in `density` of instance 0 of every node; one more at the end */
  double *density;       /* live share of the weights of every instance; 1: dense */
  double *node_density;  /* mean over a node's instances, for cs3_graph_theoretical_speedup() */
  gboolean measured;     /* densities are those of weights: no two need be equal */
} Cs3Sparsity;

/* Instances of one node that are equally sparse; measured: about equally. */
typedef struct {
  double density; /* cs3_sparsity_class() of theirs */
  gint64 count;
  gint64 first; /* the lowest of them */
} Cs3SparsityGroup;

/**
 * cs3_sparsity_parse: read a share of zeros, "0.7".
 * @what: names the option in messages. Fails (INVALID) outside [0, 1), on NaN and trailing text.
 */
gboolean cs3_sparsity_parse(const char *text, const char *what, double *sparsity,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * cs3_sparsity_new: the density of every tensor of @graph.
 * @sparsity: of the linear weights of the decoder blocks; embedding, LM head, norms and biases
 *   stay dense (the field's convention; Model Zoo recipes, SPDF).
 * @filters: (nullable): NULL-terminated "GLOB=S": linear weights whose Hugging Face name, layer
 *   number included, matches GLOB ('*' and '?', GPatternSpec) get sparsity S; a later one wins.
 * @pattern: (nullable): must be able to give these densities and cover these rows.
 * Returns: (transfer full) (nullable): %NULL with CS3_WORKLOAD_ERROR_INVALID: a sparsity outside
 *   [0, 1), a filter that is malformed or matches nothing (with some names that exist), a pattern
 *   that imposes another density or does not divide a row.
 */
Cs3Sparsity *cs3_sparsity_new(const Cs3Graph *graph, double sparsity, const char *const *filters,
                              const Cs3Pattern *pattern, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_sparsity_measured: (transfer full): the densities of the weights that @match found and
 * counted. */
Cs3Sparsity *cs3_sparsity_measured(const Cs3Graph *graph, const Cs3WeightMatch *match);
void cs3_sparsity_free(Cs3Sparsity *sparsity);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Sparsity, cs3_sparsity_free)

/** cs3_sparsity_density: live share of the weights of @instance of @node. */
static inline double cs3_sparsity_density(const Cs3Sparsity *s, guint node, gint64 instance) {
  return s->density[s->first[node] + instance];
}

/** cs3_sparsity_class: what stands for @density where choices are shared: itself, or, where
 * densities are measured, the nearest of sixteen to an octave (2 % off at most). Its own class. */
double cs3_sparsity_class(const Cs3Sparsity *sparsity, double density);

/** cs3_sparsity_groups: (transfer full): array of Cs3SparsityGroup, by first instance. */
GArray *cs3_sparsity_groups(const Cs3Sparsity *sparsity, guint node);
