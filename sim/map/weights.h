/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live weights of matrices, drawn and counted when a pass needs them and kept for the next one: a
 * sweep asks for the same masks again and again. */
#pragma once

#include <glib.h>

#include "fabric/layer/layer.h"
#include "workloads/pattern.h"
#include "workloads/weight-match.h"

/* Keeps masks and counts up to a number of bytes, those used last; and the memory of passes.
 * Threads of one process may share it. */
typedef struct Cs3WeightStore Cs3WeightStore;

/**
 * cs3_weight_store_new: an empty store that keeps about @budget_bytes, plus what is in use.
 * @memo: (nullable): borrowed.
 */
Cs3WeightStore *cs3_weight_store_new(Cs3Memo *memo, gsize budget_bytes);
void cs3_weight_store_free(Cs3WeightStore *store);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Cs3WeightStore, cs3_weight_store_free)

/* Names a matrix: equal specifications have equal live weights. */
typedef struct {
  gint64 rows, cols;
  guint64 seed;
  const Cs3WeightMatch *match; /* (nullable) its weights are there; else drawn: */
  guint node;
  gint64 layer, copy, group;
  Cs3Pattern pattern;
  double density; /* < 1 */
  guint64 stream;
} Cs3WeightsSpec;

/* A matrix, or its transpose, lent to the passes over it by one thread. */
typedef struct {
  Cs3LayerWeights layer; /* for fabric/layer/; refers to this struct */
  gint64 nonzeros;
  Cs3WeightStore *store;
  const Cs3WeightsSpec *spec;
  gboolean transposed;
  const Cs3Mask *mask; /* borrowed, instead of store and spec */
  GBytes *held;        /* the counts handed out last */
  GError *error;       /* weights could not be read: what was handed out means nothing */
} Cs3WeightsLoan;

/**
 * cs3_weights_prepare: have the mask of @spec drawn, by @workers threads, unless its passes are
 * known already. Errors: as cs3_pattern_mask().
 */
gboolean cs3_weights_prepare(Cs3WeightStore *store, const Cs3WeightsSpec *spec, guint workers,
                             GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weights_lend: fill @loan; @store and @spec must outlive it. Errors: as cs3_pattern_mask().
 */
gboolean cs3_weights_lend(Cs3WeightStore *store, const Cs3WeightsSpec *spec, gboolean transposed,
                          Cs3WeightsLoan *loan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weights_lend_mask: the same for a mask at hand, as it lies; nothing is remembered. */
void cs3_weights_lend_mask(const Cs3Mask *mask, Cs3WeightsLoan *loan);

/** cs3_weights_check: after passes over @loan: fails when its weights could not be read. */
gboolean cs3_weights_check(Cs3WeightsLoan *loan, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_weights_return: end of the loan; what it handed out is no longer valid. */
void cs3_weights_return(Cs3WeightsLoan *loan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3WeightsLoan, cs3_weights_return)
