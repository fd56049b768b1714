/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The two machines a pass can run on. Internal to fabric/layer/. */
#pragma once

#include "fabric/layer/costs.h"

/* Limits are switched on one after the other, in this order, so that each one's share of the time
 * is the difference of two runs. */
typedef enum {
  CS3_LIMIT_SLOTS,     /* lines coupled by accumulator slots only */
  CS3_LIMIT_REDUCTION, /* and by the reduction (dW, backward: the broadcast) with its latencies */
  CS3_LIMIT_INGRESS,   /* and by the off-wafer links inwards */
  CS3_LIMIT_EGRESS,    /* and outwards (dW, backward) */
} Cs3PassLimits;

/** cs3_pass_limited: @costs with the limits after @limits switched off, and nothing left that no
 * one reads then. */
Cs3PassCosts cs3_pass_limited(const Cs3PassCosts *costs, Cs3PassLimits limits);

/* The end of a pass whose lines drift further apart than 32-bit times reach: it cannot be told. */
#define CS3_PASS_ADRIFT (-1)

typedef struct {
  gint64 threads; /* the last AXPY or dot thread is free */
  gint64 end;     /* the last element is at the end of its chain, or has left the wafer */
  gint64 ingress_wavelets, egress_wavelets;
  gint64 lines; /* the last line is done, whatever is still on its way out; 0: not told. Given up:
                   no earlier than this */
  gboolean given_up;
  /* Whether lines may have waited for the stream inwards, or outwards: if not, the pass is the same
   * without it, but for the @begin cycles in which all waited for the first row. */
  gboolean waits_in, waits_out;
  gint64 begin;
  /* What the links alone decide of a pass in which nobody waited: wavelets of its first row
   * inwards, dW, backward: of the last row's gradients, which are at the edge at cycle @last_there.
   * 0: rows came in at the cycle in which they were taken, gradients waited for those before them.
   */
  gint64 edge_wavelets, last_there;
} Cs3PassTimes;

/**
 * cs3_pass_next_look: at @row it was looked up before when no line takes a row. Lines only get
 * later. Returns: the row at which to look again: the edge is not far ahead of the first ones.
 */
static inline gint64 cs3_pass_next_look(gint64 row) {
  enum { FIRST_ROWS = 64, LOOK_ROWS = 16 };
  return row < FIRST_ROWS ? row + 1 : row + LOOK_ROWS;
}

/** cs3_cause_climb: one rung of the ladder of causes: what @rung adds to @height is charged to
 * @cause.
 */
static inline void cs3_cause_climb(gint64 *height, gint64 rung, gint64 *cause) {
  gint64 next = MAX(*height, rung);
  *cause += next - *height;
  *height = next;
}

/** cs3_ideal_cycles: MACs of @nonzeros weights with all tokens at the wafer's dense peak. */
static inline gint64 cs3_ideal_cycles(const Cs3Hardware *hw, const Cs3LayerShape *shape,
                                      gint64 nonzeros) {
  double peak_macs = (double)hw->wafer.cores_peak * (double)cs3_layer_lanes(hw, shape);
  double products = (double)nonzeros * cs3_pass_products(shape->pass);
  return (gint64)(products * shape->tokens / peak_macs);
}

/* Rows between two looks at whether a pass can still end in time. */
#define CS3_GIVE_UP_ROWS 64

/* What is left to do after some rows. */
typedef struct {
  gint64 rows, weights;
} Cs3PassRest;

/**
 * cs3_pass_rest_take: @matrix_row has been done. Returns: %FALSE when the row's weights are not
 * known: then nothing can be said about the rest.
 */
static inline gboolean cs3_pass_rest_take(Cs3PassRest *rest, const Cs3PassCosts *costs,
                                          const Cs3LayerCounts *counts, gint64 matrix_row) {
  rest->rows--;
  if (counts != NULL && counts->row_weights == NULL)
    return FALSE;
  rest->weights -= counts != NULL ? counts->row_weights[matrix_row] : costs->row_features;
  return TRUE;
}

/** cs3_pass_rest_skip: @rows of a matrix whose weights are all alive have been done. */
static inline void cs3_pass_rest_skip(Cs3PassRest *rest, const Cs3PassCosts *costs, gint64 rows) {
  rest->rows -= rows;
  rest->weights -= rows * costs->row_features;
}

/** cs3_pass_rest: of a whole pass; weights are the sum of the known row totals. */
Cs3PassRest cs3_pass_rest(const Cs3PassCosts *costs, const Cs3LayerCounts *counts);

/**
 * cs3_axpy_pass, cs3_dot_pass: forward and dX; dW and backward.
 * @counts: (nullable): %NULL: every weight is alive.
 * @give_up: as of a Cs3LayerWant, against `end`.
 */
Cs3PassTimes cs3_axpy_pass(const Cs3PassCosts *costs, const Cs3LayerCounts *counts, gint64 give_up);
Cs3PassTimes cs3_dot_pass(const Cs3PassCosts *costs, const Cs3LayerCounts *counts, gint64 give_up);
