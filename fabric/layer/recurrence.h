/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of the AXPY recurrence and the operations table of the reductions. Internal to
 * fabric/layer/.
 *
 * Times are 32-bit offsets from `base`, so that eight lines fit a vector register; the driver
 * rebases before they can overflow. Per line r and row i (doc/model.md, "Recurrence"):
 *
 *   acc[r]  = max(x[r], y[r](i-J) + 1, arrive) + weights * service + control
 *   P[r]    = first element of the row's partial sum processed at r (what a reduction defines)
 *   y[r]    = last element of it sent on: the accumulator slot is free one cycle later
 *   x[r]    = the datapath is free for the next row */
#pragma once

#include "fabric/layer/costs.h"
#include "fabric/layer/lines.h"

typedef struct {
  const Cs3LayerCosts *costs;
  gint64 lines;
  gint64 rows; /* of the layer */
  gint64 row;  /* step i */
  gint32 *x;
  gint32 *acc;
  gint32 *ready;  /* max(acc, P(i-1) + n): r may take part in row i's reduction */
  gint32 *sent;   /* ring of J rows of y */
  gint32 *passed; /* ring of `depth` rows of P, one value longer than the lines (two-way) */
  gint64 depth;   /* rows of P that are kept: backpressure looks B / n rows back */
  gint32 vector;  /* n, 0 when the reduction is switched off (causes) */
} Cs3Recurrence;

/** cs3_recurrence_sent: y of row @row (J rows are kept). */
static inline gint32 *cs3_recurrence_sent(const Cs3Recurrence *s, gint64 row) {
  return s->sent + (row + s->costs->slots) % s->costs->slots * s->lines;
}

/** cs3_recurrence_passed: P of row @row (`depth` rows are kept). */
static inline gint32 *cs3_recurrence_passed(const Cs3Recurrence *s, gint64 row) {
  return s->passed + (row + s->depth) % s->depth * (s->lines + 1);
}

/* One reduction topology. A *step* is a line's i-th row; a ring gives every line its own order. */
typedef struct {
  Cs3Reduction id;
  const char *name;
  gint64 (*steps)(const Cs3LayerCosts *costs, gint64 rows);
  /* Output row that each line works on at @step; -1: none (ring, last block of rows). */
  void (*row_of)(const Cs3LayerCosts *costs, gint64 rows, gint64 step, gint64 *row);
  gboolean same_row; /* all lines work on row[0], the others are not filled in */
  /* From `ready` of this step: P into cs3_recurrence_passed(), y into cs3_recurrence_sent(). */
  void (*advance)(Cs3Recurrence *state);
  /* Issue cycles that the reduction of @step costs every line's datapath, ... */
  gint32 (*issue)(const Cs3LayerCosts *costs, gint64 step);
  /* ... and what the ends, the root and the row's owner (who stores it) add to or save on @x. */
  void (*adjust)(const Cs3LayerCosts *costs, gint64 step, gint32 *x);
  /* When the last element of the last row has reached the end of its chain. */
  gint32 (*finish)(const Cs3Recurrence *state);
} Cs3ReductionOps;

extern const Cs3ReductionOps cs3_reduction_chain, cs3_reduction_two_way, cs3_reduction_ring;

/** cs3_reduction_ops: (transfer none): the registry's row for @reduction. */
const Cs3ReductionOps *cs3_reduction_ops(Cs3Reduction reduction);

/**
 * cs3_send_times: y[r] = n - 1 + max(P[r] + 1, y_before[r] + 1, P_next[r] - c + back), where P_next
 * is the downstream neighbour's P of the row that holds the element B places before this row's
 * last one, floor(B / n) rows back, and c = B mod n; %NULL: no neighbour. Exact for element-wise
 * flow control because every row passes a PE without gaps (doc/model.md, "Backpressure").
 */
void cs3_send_times(const Cs3Recurrence *state, gint64 n_lines, const gint32 *passed,
                    const gint32 *before, const gint32 *next, gint32 *sent);

/** cs3_store_times: y[r] = P[r] + n - 1: the row ends here, its slot is free once it is added up.
 */
void cs3_store_times(const Cs3Recurrence *state, gint64 n_lines, const gint32 *passed,
                     gint32 *sent);

/**
 * cs3_chain_scan: P along a chain of @n lines: passed[i] = max(ready[i], passed[i-1] + stage).
 * @step: 1, or -1 for a chain that runs towards lower lines; the arrays point at its head.
 * @stage: at least 0; @ready: real times, not CS3_NEVER. Returns: P of the last line, or CS3_NEVER
 * for an empty chain.
 */
gint32 cs3_chain_scan(gint64 n, gint64 step, gint32 stage, const gint32 *ready, gint32 *passed);

/** cs3_chain_scan_plain: the same without vector instructions. */
gint32 cs3_chain_scan_plain(gint64 n, gint64 step, gint32 stage, const gint32 *ready,
                            gint32 *passed);

/** cs3_rotating_row: the row streamed @step-th, so that owners of successive rows differ. */
gint64 cs3_rotating_row(const Cs3LayerCosts *costs, gint64 rows, gint64 step);
