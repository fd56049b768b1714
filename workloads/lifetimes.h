/* SPDX-License-Identifier: GPL-3.0-or-later */
/* When the activations of one segment are alive, operator by operator, forward and backward, and
 * what it takes to make some of them again instead of keeping them. */
#pragma once

#include "base/memo.h"
#include "workloads/graph.h"
#include "workloads/set.h"

/* Operators of a segment, and activations, that lifetimes are worked out for. */
enum { CS3_LIFETIMES_MAX_TENSORS = CS3_SET_MAX };
enum { CS3_LIFETIMES_MAX_CHOICES = 12 };

/* Shares of its bytes that a tensor does without where narrower factors do: 0, or 0.5 in FP8. */
typedef struct {
  double inputs;    /* activations that only linear layers of blocks need (CS3_TENSOR_FACTOR) */
  double gradients; /* gradients that only such a layer reads */
} Cs3Narrow;

/* What is decided for an instance of a segment. */
typedef struct {
  guint64 again;    /* of choice c, bit c: made again in backward; otherwise kept */
  gboolean away;    /* what is kept leaves the wafer and comes back before it is needed */
  gboolean forward; /* forward alone: nothing is kept */
  gint64 tiles;     /* parts in which the rows behind the last attention are worked through; >= 1 */
  double sums; /* bytes of a gradient over bytes of the activation while a linear layer's backward
                  adds it up: 1, or 2 for sums of 32 bits that stay in memory */
  Cs3Narrow narrow;
  const double *around[2]; /* (nullable): by node of the graph: bytes beside its tensors while it
                              runs forward, backward */
} Cs3Keep;

/* Of one instance, in the unit of the bytes given. */
typedef struct {
  double kept;     /* from its forward to its backward */
  double forward;  /* most at once in its forward, what it keeps included */
  double backward; /* and in its backward; in front of a loss, of both in one go */
} Cs3Footprint;

/* One moment of an instance: an operator forward, made again, or backward. */
typedef enum { CS3_MOMENT_FORWARD, CS3_MOMENT_AGAIN, CS3_MOMENT_BACKWARD } Cs3MomentKind;
typedef struct {
  Cs3MomentKind kind;
  guint node;       /* in graph->nodes: the operator, attention by its first node */
  double kept;      /* kept for backward, or waiting for it */
  double values;    /* activations that are at work, and Cs3Keep.around */
  double gradients; /* and gradients, sums included */
} Cs3Moment;

typedef struct Cs3Lifetimes Cs3Lifetimes;

/**
 * cs3_lifetimes_new: of @segment. Scores, softmax and values are one operator: maps are never
 * stored. Activations that one operator writes, or linear layers that read the same one (Q, K, V;
 * gate and up), are one choice; small ones (statistics) follow the operator that writes them. What
 * the segment does not write itself cannot be made again.
 * Returns: (transfer full); @graph is borrowed.
 */
Cs3Lifetimes *cs3_lifetimes_new(const Cs3Graph *graph, guint segment);
void cs3_lifetimes_free(Cs3Lifetimes *l);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3Lifetimes, cs3_lifetimes_free)

/** cs3_lifetimes_key: names all that bytes and moments of the segment depend on, wherever it lies
 * in a graph: segments of one key take the same. */
Cs3MemoKey cs3_lifetimes_key(const Cs3Lifetimes *l);

/** cs3_lifetimes_everything: all of them made again. */
guint64 cs3_lifetimes_everything(const Cs3Lifetimes *l);

/** cs3_lifetimes_text: (transfer full): "kept: hidden, residual_1"; the activations that stay. */
char *cs3_lifetimes_text(const Cs3Lifetimes *l, guint64 again);

/** cs3_lifetimes_nodes: the nodes of the segment that run once more in backward, its first is 0. */
Cs3Set cs3_lifetimes_nodes(const Cs3Lifetimes *l, guint64 again);

/** cs3_lifetimes_tiled: whether @node works on one part of the rows at a time: it comes behind the
 * last attention of the segment. */
gboolean cs3_lifetimes_tiled(const Cs3Lifetimes *l, guint node);

/** cs3_lifetimes_measure: @bytes: (array): by tensor of the graph: of all its rows. */
void cs3_lifetimes_measure(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes,
                           Cs3Footprint *footprint);

/** cs3_lifetimes_hold_input: adds what @footprint lacks if the input must be there until backward
 * is over, since a reversible block before needs it then. */
void cs3_lifetimes_hold_input(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes,
                              Cs3Footprint *footprint);

/** cs3_lifetimes_kept: of @bytes, what stays from forward to backward. @keep: again and narrow are
 * read. */
double cs3_lifetimes_kept(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes);

/** cs3_lifetimes_walk: (transfer full) (element-type Cs3Moment): the same, moment by moment. */
GArray *cs3_lifetimes_walk(const Cs3Lifetimes *l, const Cs3Keep *keep, const double *bytes);

/** cs3_lifetimes_outside: bytes of what another segment wrote and all instances read, with its
 * gradient (encoder states); on the wafer while any of them runs. */
double cs3_lifetimes_outside(const Cs3Lifetimes *l, const double *bytes);
