/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Live weights of matrices, drawn and counted when a pass needs them and kept for the next one: a
 * sweep asks for the same masks again and again. */
#pragma once

#include <glib.h>

#include "fabric/layer/layer.h"
#include "workloads/pattern.h"

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
  Cs3Pattern pattern;
  gint64 rows, cols;
  double density; /* < 1 */
  guint64 seed, stream;
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

void cs3_weights_return(Cs3WeightsLoan *loan);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Cs3WeightsLoan, cs3_weights_return)
