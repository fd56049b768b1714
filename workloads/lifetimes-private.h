/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of lifetimes share. */
#pragma once

#include "workloads/lifetimes.h"

typedef struct {
  guint first, count; /* nodes */
  Cs3Set reads, writes, keeps;
  gboolean linear, in_place, loss;
  gboolean frozen; /* no shared backward: dX is a pass of its own */
  gboolean narrow; /* linear, and its factors may be */
} Cs3LifetimesOp;

struct Cs3Lifetimes {
  const Cs3Graph *graph;
  guint segment;
  gboolean fused; /* backward follows forward at once: the last stage of a step with a loss */
  guint n_ops, n_tensors, n_choices;
  Cs3LifetimesOp ops[CS3_LIFETIMES_MAX_TENSORS];
  int tensor[CS3_LIFETIMES_MAX_TENSORS];   /* in graph->tensors */
  int producer[CS3_LIFETIMES_MAX_TENSORS]; /* operator; -1: written elsewhere */
  int buffer[CS3_LIFETIMES_MAX_TENSORS];   /* tensor whose gradient takes the same room */
  Cs3Set saved, outside, gradients;
  Cs3Set choice[CS3_LIFETIMES_MAX_CHOICES];
  Cs3Set small;                     /* saved ones that follow their operator */
  int input, output;                /* local; -1: none */
  guint tiled;                      /* first operator behind the last attention */
  Cs3Set inner;                     /* tensors that only operators from there on see */
  Cs3Set factors, factor_gradients; /* that only linear layers of blocks need */
};

/* What stays, what runs again. */
typedef struct {
  Cs3Set kept, ops;
} Cs3Decision;

/** cs3_lifetimes_decide: what choices @again (Cs3Keep.again) mean. */
Cs3Decision cs3_lifetimes_decide(const Cs3Lifetimes *l, guint64 again);

/** cs3_lifetimes_closure: operators that have to run so that all of @need is there beside @there;
 * @wanted: (inout): and what they read that nobody in the segment writes. */
Cs3Set cs3_lifetimes_closure(const Cs3Lifetimes *l, Cs3Set need, Cs3Set there, Cs3Set *wanted);

/** cs3_lifetimes_width: of @bytes, by tensor of the graph, those of local tensor @t as wide as it
 * is kept. */
double cs3_lifetimes_width(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes, int t);

/** cs3_lifetimes_sum: the same of all of @set. */
double cs3_lifetimes_sum(const Cs3Lifetimes *l, const Cs3Keep *keep, Cs3Set set,
                         const double *bytes);
