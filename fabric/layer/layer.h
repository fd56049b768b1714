/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pass (forward, dX, dW, or the last two at once) of a weight-streamed sparse linear layer on
 * one wafer. doc/model.md describes the machine; this header its interface. All times are cycles.
 *
 * Vocabulary. A *feature line* is the set of PEs that own the same input features and receive the
 * same weights; a *token line* is the set of PEs that own the same tokens and reduce partial sums.
 * All token lines do identical work shifted by the hop delay of the multicast, so the recurrence
 * follows one token line: one value per feature line. */
#pragma once

#include <glib.h>

#include "base/memo.h"
#include "fabric/conv/conv.h"
#include "fabric/hardware.h"

typedef enum {
  CS3_PASS_FORWARD,
  CS3_PASS_DX,
  CS3_PASS_DW,
  CS3_N_PASSES, /* of a step whose backward is separate; shared: one pass instead of dX and dW */
  CS3_PASS_BACKWARD = CS3_N_PASSES,
  CS3_N_PASS_KINDS
} Cs3Pass;

/** cs3_pass_has_gradients: whether the owners multicast dy and weight gradients leave the wafer. */
static inline gboolean cs3_pass_has_gradients(Cs3Pass pass) {
  return pass == CS3_PASS_DW || pass == CS3_PASS_BACKWARD;
}

/** cs3_pass_products: multiply-adds for each live weight and token. */
static inline int cs3_pass_products(Cs3Pass pass) {
  return pass == CS3_PASS_BACKWARD ? 2 : 1;
}

/* What is computed: `rows` output rows streamed one after the other, each with a weight per
 * `features` resident input features, for `tokens` tokens. Forward: rows N, features K. dX: rows
 * K, features N (the transposed stream). dW and backward: rows N (dy is multicast), features K (x
 * resident; backward: and dX, which every line adds up for its own features). */
typedef struct {
  Cs3Pass pass;
  gint64 rows, features, tokens;
  gboolean dense; /* dense weight format: values packed without index; zeros are multiplied too */
  gint64 groups; /* such matrices, each with features and rows of its own (a block-diagonal weight);
                    0: 1. Bands of lines work on as many of them as there are bands at a time */
  Cs3ConvShape conv; /* how weights slide; a sample's tokens stay in one group of lines */
  gboolean wide; /* factors of 16 bits whatever the kernels take elsewhere; so are convolutions */
} Cs3LayerShape;

/** cs3_layer_is_narrow: whether any factor of @shape has 8 bits. */
gboolean cs3_layer_is_narrow(const Cs3Hardware *hw, const Cs3LayerShape *shape);

/** cs3_layer_lanes: the most multiply-adds a PE begins in a cycle in a pass of @shape, were its
 * sums FP16. */
gint64 cs3_layer_lanes(const Cs3Hardware *hw, const Cs3LayerShape *shape);

/* How it is laid on the wafer. */
typedef struct {
  int axis;    /* CS3_AXIS_Y: features on rows; CS3_AXIS_X: on columns */
  gint64 fold; /* g groups of lines that share the features; each takes tokens / g */
  Cs3AccPlacement
      placement; /* of the accumulators (dW by dot products, backward: of dy); never AUTO */
  Cs3Reduction reduction;
  gboolean overlap;     /* reduction in microthreads beside the AXPYs of the next rows */
  Cs3DwAlgorithm dw;    /* never CS3_DW_AUTO */
  Cs3Lowering lowering; /* of a convolution */
} Cs3Mapping;

/* Live weights per (row, line), row-major with `stride`; %NULL counts: every weight is alive. */
typedef struct {
  const guint16 *counts;
  gint64 stride;
  /* (nullable): by row, what every run would add up again: live weights, and the 32-bit words that
   * 16 bits for each take, whole words for every line. */
  const guint32 *row_weights, *row_pairs;
} Cs3LayerCounts;

/**
 * cs3_layer_row_totals: fill the totals of @rows rows.
 * @row_weights, @row_pairs: (out): @rows values each.
 */
void cs3_layer_row_totals(const Cs3LayerCounts *counts, gint64 rows, gint64 lines,
                          guint32 *row_weights, guint32 *row_pairs);

/* Live weights that are counted when a pass has to be run, and what is known of earlier passes. */
typedef struct {
  /* The counts for @lines lines; they stay valid until the next call from the same thread. %NULL:
   * every weight is alive. */
  Cs3LayerCounts (*counts)(gpointer source, gint64 lines);
  gpointer source;
  Cs3Memo *memo;  /* (nullable) */
  Cs3MemoKey key; /* names the live weights: same key, same counts for the same lines */
} Cs3LayerWeights;

/* Where the cycles of a pass went. The entries of a pass add up to its cycles exactly: each is what
 * one more limit adds to the time under the limits before it (order: arithmetic, ingress, egress,
 * mapping, overhead, imbalance, reduction, fill, halo; work hidden behind the stream is not
 * charged). */
typedef enum {
  CS3_CAUSE_ARITHMETIC, /* MACs at the dense peak of the whole wafer */
  CS3_CAUSE_MAPPING,    /* PEs without work, lanes lost to SRAM ports, vectors not a multiple of the
                           lanes; local block: products of masked weights */
  CS3_CAUSE_OVERHEAD,   /* issue cycles per weight and per output row */
  CS3_CAUSE_IMBALANCE,  /* waiting for the line with most non-zeros, slots included */
  CS3_CAUSE_REDUCTION,  /* partial sums (dW, backward: broadcast of dy) */
  CS3_CAUSE_INGRESS,    /* weights arriving from MemoryX */
  CS3_CAUSE_EGRESS,     /* gradients leaving (dW, backward) */
  CS3_CAUSE_FILL,       /* latency of multicast, chain and store, once a pass */
  CS3_CAUSE_HALO,       /* convolutions: positions of other PEs before the pass, sums behind it */
  CS3_N_CAUSES
} Cs3Cause;

/** cs3_cause_name: (transfer none): lower-case name as in result files. */
const char *cs3_cause_name(Cs3Cause cause);
/** cs3_cause_shown: whether @cycles of @cause are worth a row where layers are no convolutions. */
static inline gboolean cs3_cause_shown(int cause, double cycles) {
  return cause != CS3_CAUSE_HALO || cycles != 0;
}
/** cs3_pass_name: (transfer none): "forward", "dx", "dw", "backward". */
const char *cs3_pass_name(Cs3Pass pass);
/** cs3_reduction_name: (transfer none): as people write it. */
const char *cs3_reduction_name(Cs3Reduction reduction);
/** cs3_reduction_overlaps: whether there is none without overlap. */
gboolean cs3_reduction_overlaps(Cs3Reduction reduction);
/** cs3_reduction_row_block: rows that are streamed as a block on @lines lines. */
gint64 cs3_reduction_row_block(Cs3Reduction reduction, gint64 lines);
/** cs3_placement_name: (transfer none): as people write it. */
const char *cs3_placement_name(Cs3AccPlacement placement);
/** cs3_dw_name: (transfer none): as people write it. */
const char *cs3_dw_name(Cs3DwAlgorithm algorithm);

typedef struct {
  gint64 cycles;
  gint64 causes[CS3_N_CAUSES];
  gint64 nonzeros; /* weights multiplied, of all groups, per token: cs3_pass_products() times each
                    */
  gint64 ingress_wavelets, egress_wavelets;
  double imbalance; /* non-zeros of the busiest line / mean line */
} Cs3LayerResult;

/**
 * cs3_mapping_check: whether @mapping can hold @shape on @hw.
 * Errors: CS3_FABRIC_ERROR_INFEASIBLE (more folds than lines, accumulators and activations beyond
 *   a PE's SRAM or cache, a ring without overlap or with one slot, a
 *   row or a pass that takes longer than the recurrences can count).
 */
gboolean cs3_mapping_check(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                           const Cs3Mapping *mapping, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_shape_groups: matrices of @shape. */
static inline gint64 cs3_shape_groups(const Cs3LayerShape *shape) {
  return MAX(shape->groups, 1);
}

/** cs3_mapping_bands: bands of lines side by side, each with a group of a block-diagonal weight at
 * a time: as many as there are groups, or as lines allow, evenly in rounds. 1: one group. */
gint64 cs3_mapping_bands(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping);

/** cs3_mapping_most_folds: lines along the feature axis of a band. */
gint64 cs3_mapping_most_folds(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                              const Cs3Mapping *mapping);

/** cs3_mapping_lines: number R of feature lines one group of @mapping uses. */
gint64 cs3_mapping_lines(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                         const Cs3Mapping *mapping);

/**
 * cs3_mapping_starts: line r owns features [starts[r], starts[r+1]); balanced contiguous blocks.
 * Returns: (transfer full): R + 1 values, free with g_free().
 */
gint64 *cs3_mapping_starts(gint64 features, gint64 lines);

/**
 * cs3_layer_bound: closed-form lower bound of the pass: the largest of ingress, egress, mean line
 * work, reduction link, plus the latency no overlap can hide.
 * @nonzeros: live weights of all groups (groups * rows * features when dense).
 */
gint64 cs3_layer_bound(const Cs3Hardware *hw, const Cs3LayerShape *shape, const Cs3Mapping *mapping,
                       gint64 nonzeros);

/**
 * cs3_layer_bound_result: the pass at its lower bound, cycles as cs3_layer_bound(), with causes
 * that add up to it: what each limit adds to the ones before. No busiest line: imbalance is 1.
 */
void cs3_layer_bound_result(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                            const Cs3Mapping *mapping, gint64 nonzeros, Cs3LayerResult *result);

/**
 * cs3_layer_estimate: expected cycles of the pass for weights alive with probability @density: the
 * bound with the expected busiest line and the latencies. Ranks mappings; not a bound.
 */
double cs3_layer_estimate(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                          const Cs3Mapping *mapping, double density);

/**
 * cs3_layer_rank: cs3_mapping_check(), without words, of a mapping of 1 to as many folds as there
 * are lines; of one that fits, cs3_layer_estimate() and, where it is asked for, cs3_layer_bound()
 * of as many weights. All that a search asks of a mapping: its costs are derived once.
 * @enough: what takes longer is of no interest: its estimate may be anything above, and, but for a
 *   local block, whether it fits is not looked at.
 * @bound: (out) (optional): with @enough INFINITY.
 */
gboolean cs3_layer_rank(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3Mapping *mapping, double density, double enough, double *estimate,
                        gint64 *bound);

/**
 * cs3_layer_around_bytes: of the fullest PE, times the PEs: what a convolution's pass holds of its
 * map beside the positions that are the PE's own, as its lowering has it (shifted channels with the
 * positions around, or a copy for every tap), with the sums over them in a shared backward. 0: no
 * convolution, or one in place.
 */
double cs3_layer_around_bytes(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                              const Cs3Mapping *mapping);

/**
 * cs3_layer_above_bound: the postcondition of every fidelity: @cycles >= cs3_layer_bound().
 * Errors: CS3_FABRIC_ERROR_MISTAKE.
 */
gboolean cs3_layer_above_bound(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                               const Cs3Mapping *mapping, gint64 nonzeros, gint64 cycles,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How much of a pass is to be found out, the cheapest first. */
typedef enum {
  CS3_LAYER_CYCLES, /* cycles and non-zeros, in one run instead of three or four; the rest is 0 */
  CS3_LAYER_TIMES,  /* everything but the causes */
  CS3_LAYER_CAUSES, /* everything */
} Cs3LayerDetail;

typedef struct {
  Cs3LayerDetail detail;
  /* Of CS3_LAYER_CYCLES: a pass that takes as long or longer may be stopped as soon as that is
   * certain, with any number of cycles from here on; below it they are exact. 0: always exact. */
  gint64 give_up;
} Cs3LayerWant;

/**
 * cs3_layer_pass: the pass as exact max-plus recurrences over (row x line).
 * @mapping: must have passed cs3_mapping_check().
 * @weights: (nullable): %NULL: every weight is alive. A pass that weights->memo knows, under
 *   whatever name the machine had then, is not run again; the result is the same.
 * Errors: CS3_FABRIC_ERROR_INFEASIBLE (the lines drift too far apart), MISTAKE (exact cycles below
 *   cs3_layer_bound()).
 */
gboolean cs3_layer_pass(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                        const Cs3Mapping *mapping, const Cs3LayerWeights *weights,
                        Cs3LayerWant want, Cs3LayerResult *result,
                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** cs3_layer_weights_given: @counts (nullable, borrowed) at hand, for the number of lines that the
 * pass will use. */
Cs3LayerWeights cs3_layer_weights_given(const Cs3LayerCounts *counts);
